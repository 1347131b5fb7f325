//! What the handlers of all resources have in common.

use moca_core::{account::Role, resource::Frame};
use moca_engine::estate::{self, Managed};
use moca_storage::control::{self, ListQuery, Raw, Stored, Tx};
use moca_wire::{
    mention::Body,
    problem::Code,
    raw::{Plain, RawObject},
    resource::Resource,
};
use serde::Serialize;

use crate::{call::Call, failure::Failure, reply::Reply};

/// The object whose id stands in this segment of the path.
pub(crate) async fn find<R: Stored>(call: &Call, tx: &mut Tx, segment: &str) -> Result<R, Failure> {
    tx.get(call.principal.account_id, call.id(segment)?)
        .await?
        .ok_or_else(|| Failure::not_found(R::KIND))
}

/// The page of a list that the query asks for.
pub(crate) async fn list<R: Stored, A: Serialize>(
    call: &Call,
    tx: &mut Tx,
    answer: impl Fn(&R) -> A + Send,
) -> Result<Reply, Failure> {
    list_of(call, tx, &call.query().list(), answer).await
}

/// The same of a kind that is answered with its `config` as it is stored.
pub(crate) async fn list_raw<R: Raw, A: Plain + for<'a> From<&'a R>>(
    call: &Call,
    tx: &mut Tx,
) -> Result<Reply, Failure> {
    let query = call.query().list();
    let account_id = call.principal.account_id;
    let page = tx.list_raw::<R>(account_id, &query).await?;
    let account_id = account_id.to_string();
    Reply::list_written(&query, page.total, &page.items, |object, json| {
        let owner_id = object.parent_id.as_deref().unwrap_or(&account_id);
        raw(object, owner_id).write::<A>(json)
    })
}

/// An object of the store as it is written.
pub(crate) fn raw<'a>(object: &'a control::RawObject, owner_id: &'a str) -> RawObject<'a> {
    RawObject {
        created_at: object.created_at,
        updated_at: object.updated_at,
        id: &object.id,
        owner_id,
        config: &object.config,
    }
}

/// The page of a list that this asks for.
pub(crate) async fn list_of<R: Stored, A: Serialize>(
    call: &Call,
    tx: &mut Tx,
    query: &ListQuery,
    answer: impl Fn(&R) -> A + Send,
) -> Result<Reply, Failure> {
    let page = tx.list::<R>(call.principal.account_id, query).await?;
    let items: Vec<A> = page.items.iter().map(answer).collect();
    Reply::list(query, page.total, &items)
}

/// The text in a query parameter.
pub(crate) fn text_of(call: &Call, name: &str) -> Option<String> {
    call.query().text(name).map(str::to_owned)
}

/// 201 with an object and where it is.
pub(crate) fn created<A: Resource>(frame: &Frame, answer: &A) -> Result<Reply, Failure> {
    let location = format!("{}/{}", A::PATH, frame.id);
    Reply::created(location, frame.revision, answer)
}

/// What a body says, if nothing is wrong with it; else all of it: the faults of its form and the
/// objects it mentions that the account does not have.
pub(crate) async fn accept<T>(call: &Call, tx: &mut Tx, body: Body<T>) -> Result<T, Failure> {
    Ok(estate::accept(tx, call.principal.account_id, body).await?)
}

/// Makes or replaces the object with the `externalId` of the path.
pub(crate) async fn put_external<R: Managed, A: Resource>(
    call: &Call,
    tx: &mut Tx,
    answer: impl Fn(&R) -> A + Send,
) -> Result<Reply, Failure> {
    let external_id = call.path_text("externalId")?;
    let current: Option<R> = tx
        .get_by_external_id(call.principal.account_id, external_id)
        .await?;
    call.check_match(current.as_ref().map(|object| object.frame().revision))?;
    let body = R::read_body(call.json()?, current.as_ref(), Some(external_id));
    if let Some(current) = current {
        let object = estate::replace(tx, call.author(), &current, body).await?;
        return Reply::object(object.frame().revision, &answer(&object));
    }
    let object: R = estate::insert(tx, call.author(), body).await?;
    created(object.frame(), &answer(&object))
}

/// Refuses to hand out, change or take away what is above the caller's own role.
pub(crate) fn require_role_at_most(call: &Call, role: Role) -> Result<(), Failure> {
    if role <= call.principal.role {
        return Ok(());
    }
    Err(Failure::new(
        Code::RoleTooLow,
        format!(
            "This concerns the role {}, which is above yours ({}).",
            role.as_str(),
            call.principal.role.as_str()
        ),
    ))
}
