//! Segments that name each other: whether a query fits among them.

use std::collections::HashMap;

use moca_core::{
    id::{AccountId, AppId, SegmentId},
    limits::PAGE_LIMIT_MAX,
    resource::Kind,
    segment::{Query, Segment, SegmentConfig, Segments, Unfit},
};
use moca_storage::{
    StorageError,
    control::{Filter, ListQuery, Tx},
};
use moca_wire::{fault::FaultCode, problem::Fault};

use super::Refusal;

/// Where the query stands in the body of a segment.
const QUERY: &str = "/config/query";

/// A query that was read from this place of a body, with the segments of the app if it names some;
/// refused if it does not fit among them.
pub async fn question(
    tx: &mut Tx,
    account: AccountId,
    app: AppId,
    text: &str,
    pointer: &str,
) -> Result<(Query, Segments), Refusal> {
    let query = Query::read(text).map_err(|_| Refusal::Invalid(Vec::new()))?;
    let mut segments = Segments::default();
    if !query.mentions().is_empty() {
        segments = segments_of(tx, account, app).await?;
    }
    match segments.check(None, &query) {
        Ok(()) => Ok((query, segments)),
        Err(unfit) => {
            let fault = Fault::new(pointer, code_of(unfit), unfit.to_string());
            Err(Refusal::Invalid(vec![fault]))
        }
    }
}

/// The queries of an app's segments.
pub async fn segments_of(
    tx: &mut Tx,
    account: AccountId,
    app: AppId,
) -> Result<Segments, StorageError> {
    Ok(named_segments_of(tx, account, app).await?.0)
}

/// Refuses a query that does not fit among the app's segments, or with which another segment, that
/// names this one, no longer would. `own_id` is that of the segment it is to be put into, if there is
/// one already.
pub async fn check_segment(
    tx: &mut Tx,
    account: AccountId,
    app: AppId,
    own_id: Option<SegmentId>,
    config: &SegmentConfig,
) -> Result<(), Refusal> {
    let Some(text) = &config.query else {
        // A static segment names none.
        return Ok(());
    };
    let Ok(query) = Query::read(text) else {
        // Who reads the body says so.
        return Ok(());
    };
    if query.mentions().is_empty() && !is_named(tx, account, own_id).await? {
        return Ok(());
    }
    let (mut segments, names) = named_segments_of(tx, account, app).await?;
    let mut faults = Vec::new();
    if let Err(unfit) = segments.check(own_id, &query) {
        faults.push(Fault::new(QUERY, code_of(unfit), unfit.to_string()));
    } else if let Some(own_id) = own_id {
        segments.put(own_id, query);
        if let Some((other, unfit)) = segments.unfit_with(own_id) {
            let name = names.get(&other).map_or("", String::as_str);
            let detail = format!("the segment \"{name}\" ({other}) names this one: {unfit}");
            faults.push(Fault::new(QUERY, code_of(unfit), detail));
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Refusal::Invalid(faults)),
    }
}

/// Whether a segment is there and can be evaluated.
pub async fn segment_fits(
    tx: &mut Tx,
    account: AccountId,
    id: SegmentId,
) -> Result<bool, StorageError> {
    let Some(segment) = tx.get::<Segment>(account, id.0).await? else {
        return Ok(false);
    };
    let Ok(query) = segment.query() else {
        return Ok(false);
    };
    if query.mentions().is_empty() {
        return Ok(true);
    }
    let segments = segments_of(tx, account, segment.app_id).await?;
    Ok(segments.check(Some(id), &query).is_ok())
}

async fn is_named(
    tx: &mut Tx,
    account: AccountId,
    id: Option<SegmentId>,
) -> Result<bool, StorageError> {
    let Some(id) = id else {
        return Ok(false);
    };
    // Segments come before campaigns.
    let users = tx.references(account, Kind::Segment, id.0, 1).await?;
    Ok(users.iter().any(|user| user.kind == Kind::Segment))
}

/// The same with the names of the segments. One whose query cannot be read is left out.
async fn named_segments_of(
    tx: &mut Tx,
    account: AccountId,
    app: AppId,
) -> Result<(Segments, HashMap<SegmentId, String>), StorageError> {
    let of_app = ListQuery {
        offset: 0,
        limit: PAGE_LIMIT_MAX,
        sort: Vec::new(),
        filters: vec![(Filter::AppId, app.to_string())],
        q: None,
        regions: Vec::new(),
        status: None,
    };
    let (mut segments, mut names) = (Segments::default(), HashMap::new());
    let mut after = None;
    loop {
        let page: Vec<Segment> = tx.scan(account, &of_app, after, PAGE_LIMIT_MAX).await?;
        let Some(last) = page.last() else {
            return Ok((segments, names));
        };
        after = Some((last.frame.created_at, last.frame.id));
        for segment in page {
            let id = segment.id();
            if let Ok(query) = segment.query() {
                segments.put(id, query);
            }
            names.insert(id, segment.config.name);
        }
    }
}

const fn code_of(unfit: Unfit) -> FaultCode {
    match unfit {
        Unfit::Cycle => FaultCode::Cycle,
        Unfit::Missing(_) => FaultCode::NotFound,
        Unfit::Depth | Unfit::Leaves | Unfit::Patterns => FaultCode::TooLong,
    }
}
