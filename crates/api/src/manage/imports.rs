//! Files that are imported.

use moca_core::{
    bulk::{BulkKind, FileFormat, ImportFormat},
    id::ImportId,
    import::{Import, ImportConfig, ImportProgress},
    job::{Job as _, JobStatus},
    limits::{
        IMPORT_RADIUS_M, IMPORTS_KEPT_MAX, IMPORTS_KEPT_MS, IMPORTS_UNFINISHED_MAX,
        REFUSALS_KEPT_MAX,
    },
    resource::Frame,
    scope::{Access, Family},
};
use moca_engine::workers::imports::{check_map, refusals_csv};
use moca_storage::control::Tx;
use moca_wire::{
    fault::FaultCode,
    imports::{self, Refusal},
    problem::{Code, Fault},
};

use super::{
    common::{created, text_of},
    exports::media_type,
};
use crate::{auth, call::Call, failure::Failure, reply::Reply};

/// `GET /v2/imports`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let query = call.query().list();
    let page = tx.jobs::<Import>(call.principal.account_id, &query).await?;
    let items: Vec<imports::Import> = page.items.iter().map(imports::Import::from).collect();
    Reply::list(&query, page.total, &items)
}

/// `POST /v2/imports`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let account_id = call.principal.account_id;
    let file = call.file()?;
    let config = config_of(call, file.format)?;
    let family = match config.kind {
        BulkKind::Places => Family::Places,
        BulkKind::Zones => Family::Zones,
        BulkKind::Beacons => Family::Beacons,
    };
    auth::require_scope(&call.principal, family, Access::Write)?;
    let now_ms = call.now_ms();
    tx.forget_jobs::<Import>(account_id, now_ms - IMPORTS_KEPT_MS, IMPORTS_KEPT_MAX)
        .await?;
    let unfinished = tx.count_unfinished_jobs::<Import>(account_id).await?;
    if unfinished >= IMPORTS_UNFINISHED_MAX {
        return Err(Failure::conflict(format!(
            "{unfinished} imports of this account wait or are under way, and there are at most \
             {IMPORTS_UNFINISHED_MAX}: repeat this when one is done, or cancel one."
        )));
    }
    let import = Import {
        frame: Frame {
            account_id,
            id: file.spooled.id.0,
            created_at: now_ms,
            updated_at: now_ms,
            revision: 1,
        },
        member_id: call.principal.member_id,
        config,
        status: JobStatus::Pending,
        progress: ImportProgress {
            bytes_total: file.spooled.bytes as i64,
            ..ImportProgress::default()
        },
    };
    tx.insert_import(&import).await?;
    let kept = file.spooled.keep();
    kept.map_err(|error| Failure::internal("a file cannot be kept", error))?;
    call.state().engine.imports().ring();
    created(&import.frame, &imports::Import::from(&import))
}

/// What is asked for by the parameters.
fn config_of(call: &Call, format: ImportFormat) -> Result<ImportConfig, Failure> {
    let query = call.query();
    let kind = query.text("kind").and_then(BulkKind::named);
    let kind = kind.ok_or_else(|| Failure::internal("the route has no kind", "route table"))?;
    let map = text_of(call, "map");
    if let Some(map) = &map {
        let wrong =
            |reason: String| Failure::new(Code::InvalidParameter, format!("map: {reason}."));
        if format == ImportFormat::Ndjson {
            return Err(wrong(format!(
                "{} has the fields of the API, so there is nothing to map",
                format.media_type()
            )));
        }
        check_map(kind, map).map_err(wrong)?;
    }
    Ok(ImportConfig {
        name: text_of(call, "name"),
        kind,
        format,
        dry_run: query.flag("dryRun"),
        upsert: query.flag("upsert"),
        map,
        radius: query.number("radius").unwrap_or(IMPORT_RADIUS_M),
    })
}

/// `GET /v2/imports/{importId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/imports/{importId}/cancel`
pub(crate) async fn cancel(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let import = find(call, tx).await?;
    call.check_match(Some(import.frame.revision))?;
    if import.status.is_final() {
        let status = import.status.as_str();
        let fault = Fault::new(
            "/status",
            FaultCode::WrongStatus,
            format!("the import is {status} already"),
        );
        return Err(
            Failure::conflict("The import cannot be cancelled: it has ended.")
                .with_errors(vec![fault]),
        );
    }
    let now_ms = call.now_ms();
    let import = import.ended(JobStatus::Cancelled, now_ms).changed(now_ms);
    tx.save_job(&import).await?;
    call.state().engine.imports().ring();
    answer(&import)
}

/// `DELETE /v2/imports/{importId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let import = find(call, tx).await?;
    call.check_match(Some(import.frame.revision))?;
    tx.delete_job(&import).await?;
    call.state().engine.imports().ring();
    Ok(Reply::done())
}

/// `GET /v2/imports/{importId}/refused`
pub(crate) async fn refused(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let import = find(call, tx).await?;
    let (offset, limit) = (call.query().offset(), call.query().limit());
    let page = tx
        .refusals(import.frame.account_id, import.id(), offset, limit)
        .await?;
    let items: Vec<Refusal> = page.items.into_iter().map(Refusal::from).collect();
    Reply::page(offset, limit, page.total, &items)
}

/// `GET /v2/imports/{importId}/refused.csv`
pub(crate) async fn refused_csv(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let import = find(call, tx).await?;
    let page = tx
        .refusals(import.frame.account_id, import.id(), 0, REFUSALS_KEPT_MAX)
        .await?;
    let table = refusals_csv(&page.items);
    Ok(Reply::raw(media_type(FileFormat::Csv), table.into()))
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Import, Failure> {
    let id: ImportId = call.id("importId")?;
    let import = tx.job(call.principal.account_id, id.0).await?;
    import.ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            "There is no import with this id in this account: one that is done is forgotten in time.",
        )
    })
}

fn answer(import: &Import) -> Result<Reply, Failure> {
    Reply::object(import.frame.revision, &imports::Import::from(import))
}
