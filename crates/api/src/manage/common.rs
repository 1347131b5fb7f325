//! What the handlers of all resources have in common.

use moca_core::{
    account::Role,
    id::{Id, LabelId},
    resource::{Frame, Kind},
};
use moca_storage::control::{Stored, Tx};
use moca_wire::{
    fault::{FaultCode, Faults},
    problem::{Code, Fault},
    resource::Resource,
    values,
};
use serde::Serialize;
use serde_json::Value;

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
    let query = call.query().list();
    let page = tx.list::<R>(call.principal.account_id, &query).await?;
    let items: Vec<A> = page.items.iter().map(answer).collect();
    Reply::list(&query, page.total, &items)
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

/// An id in a body: what kind of object it must name, and where it stands.
pub(crate) struct Mention {
    pub(crate) kind: Kind,
    pub(crate) id: Id,
    pub(crate) pointer: String,
}

impl Mention {
    pub(crate) fn new(kind: Kind, id: impl Into<Id>, pointer: &str) -> Self {
        Self {
            kind,
            id: id.into(),
            pointer: pointer.to_owned(),
        }
    }

    /// The labels in `config.labelIds`.
    pub(crate) fn labels(label_ids: &[LabelId]) -> Vec<Self> {
        let mention = |(index, id): (usize, &LabelId)| {
            Self::new(Kind::Label, *id, &format!("/config/labelIds/{index}"))
        };
        label_ids.iter().enumerate().map(mention).collect()
    }
}

/// Refuses a body that mentions objects the account does not have, naming all of them.
pub(crate) async fn require_existing(
    call: &Call,
    tx: &mut Tx,
    mentions: &[Mention],
) -> Result<(), Failure> {
    let mut faults = Faults::new();
    for kind in Kind::ALL {
        let of_kind = mentions.iter().filter(|mention| mention.kind == kind);
        let ids: Vec<Id> = of_kind.clone().map(|mention| mention.id).collect();
        if ids.is_empty() {
            continue;
        }
        let existing = tx.existing(call.principal.account_id, kind, &ids).await?;
        for mention in of_kind.filter(|mention| !existing.contains(&mention.id)) {
            let detail = format!("there is no {} with this id in this account", kind.noun());
            faults.push(&mention.pointer, FaultCode::NotFound, detail);
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::invalid(faults.into_vec()))
}

/// Gives an object the `externalId` of the path; one in the body must be the same.
pub(crate) fn adopt_external_id(
    external_id: &mut Option<String>,
    from_path: &str,
) -> Result<(), Failure> {
    let pointer = "/config/externalId";
    let from_path = values::code(&Value::String(from_path.to_owned()))
        .map_err(|complaint| vec![Fault::new(pointer, complaint.code, complaint.detail)])?;
    match external_id {
        Some(sent) if *sent != from_path => {
            let detail = "leave it out or send the one that stands in the path";
            Err(vec![Fault::new(pointer, FaultCode::Immutable, detail)].into())
        }
        _ => {
            *external_id = Some(from_path);
            Ok(())
        }
    }
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
