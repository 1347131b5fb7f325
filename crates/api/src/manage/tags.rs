//! Tags: those that a team has declared, and those that devices carry.

use std::collections::HashSet;

use moca_core::{id::AppId, resource::Kind, tag::Tag};
use moca_engine::TagQuery;
use moca_storage::control::{Filter, ListQuery, Tx};
use moca_wire::tags::{self, SeenTag};

use super::{
    common::{self, accept, created, text_of},
    decisions::require_app,
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// Tags looked up at a time.
const PAGE_ROWS: i64 = 1_000;

/// `GET /v2/tags`
pub(crate) async fn list(call: &Call) -> Result<Reply, Failure> {
    let query = call.query().list();
    let mut tx = call.state().control.read().await?;
    let account_id = call.principal.account_id;
    let page = tx.list::<Tag>(account_id, &query).await?;
    drop(tx);
    let items = with_counts(call, &page.items).await?;
    Reply::list(&query, page.total, &items)
}

/// `GET /v2/tags/seen`
pub(crate) async fn seen(call: &Call) -> Result<Reply, Failure> {
    let app_id = require_app(call).await?;
    let asked = TagQuery {
        q: text_of(call, "q"),
        offset: call.query().offset(),
        limit: call.query().limit(),
    };
    let page = call.state().engine.tags(app_id, &asked).await?;
    let declared = declared_names(call, app_id).await?;
    let items: Vec<SeenTag> = page
        .items
        .into_iter()
        .map(|(name, instance_count)| SeenTag {
            declared: declared.contains(&name),
            name,
            instance_count,
        })
        .collect();
    Reply::page(asked.offset, asked.limit, page.total, &items)
}

/// `POST /v2/tags`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = accept(call, tx, tags::read(call.json()?, None)).await?;
    let tag = Tag {
        frame: call.new_frame(),
        app_id: input.app_id,
        config: input.config,
    };
    tx.insert(&tag).await?;
    created(&tag.frame, &tags::Tag::from(&tag))
}

/// `GET /v2/tags/{tagId}`
pub(crate) async fn get(call: &Call) -> Result<Reply, Failure> {
    let mut tx = call.state().control.read().await?;
    let tag = find(call, &mut tx).await?;
    drop(tx);
    let revision = tag.frame.revision;
    let shown = with_counts(call, &[tag]).await?;
    Reply::object(revision, &shown[0])
}

/// `PUT /v2/tags/{tagId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut tag = find(call, tx).await?;
    call.check_match(Some(tag.frame.revision))?;
    let body = tags::read(call.json()?, Some(tag.app_id)).of(Kind::Tag, &tag.frame);
    tag.config = accept(call, tx, body).await?.config;
    tag.frame = call.next_frame(&tag.frame);
    tx.replace(&tag).await?;
    Reply::object(tag.frame.revision, &tags::Tag::from(&tag))
}

/// `DELETE /v2/tags/{tagId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let tag = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Tag, &tag.frame).await
}

/// Tags as they are answered, with how many instances carry each. Asked without a transaction: the
/// pipeline, which may have to catch up first, needs one itself.
async fn with_counts(call: &Call, stored: &[Tag]) -> Result<Vec<tags::Tag>, Failure> {
    let names = stored.iter();
    let names = names.map(|tag| (tag.app_id, tag.config.name.clone()));
    let counts = call.state().engine.tagged(names.collect()).await?;
    let both = stored.iter().zip(counts);
    Ok(both
        .map(|(tag, count)| tags::Tag::from(tag).with_count(count))
        .collect())
}

/// The names of an app's declared tags.
async fn declared_names(call: &Call, app_id: AppId) -> Result<HashSet<String>, Failure> {
    let of_app = ListQuery {
        offset: 0,
        limit: PAGE_ROWS,
        sort: Vec::new(),
        filters: vec![(Filter::AppId, app_id.to_string())],
        q: None,
        regions: Vec::new(),
        status: None,
    };
    let account_id = call.principal.account_id;
    let mut tx = call.state().control.read().await?;
    let (mut names, mut after) = (HashSet::new(), None);
    loop {
        let page: Vec<Tag> = tx.scan(account_id, &of_app, after, PAGE_ROWS).await?;
        let Some(last) = page.last() else {
            return Ok(names);
        };
        after = Some((last.frame.created_at, last.frame.id));
        names.extend(page.into_iter().map(|tag| tag.config.name));
    }
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Tag, Failure> {
    common::find(call, tx, "tagId").await
}
