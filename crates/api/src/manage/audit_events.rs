//! The audit log, to be read. Nothing here writes it: the store does, in the transaction of a change.

use moca_core::audit::{Action, Event, Subject};
use moca_storage::control::{AuditQuery, Tx};
use moca_wire::{audit_events::AuditEvent, problem::Code};

use crate::{call::Call, failure::Failure, reply::Reply};

/// The words of `sort`, the default first.
pub(crate) const ORDERS: &[&str] = &["-at", "at"];

/// `GET /v2/audit-events`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let query = call.query();
    let asked = AuditQuery {
        from: query.integer("from"),
        to: query.integer("to"),
        action: query.text("action").and_then(Action::named),
        subject: query.text("kind").and_then(Subject::named),
        object_id: query.text("objectId").map(str::to_owned),
        member_id: query.id("memberId"),
        oldest_first: query.text("sort") == Some("at"),
        offset: query.offset(),
        limit: query.limit(),
    };
    if let (Some(from), Some(to)) = (asked.from, asked.to)
        && from >= to
    {
        let detail = "from must be before to.";
        return Err(Failure::new(Code::InvalidParameter, detail));
    }
    let page = tx.audit_events(call.principal.account_id, &asked).await?;
    let items: Result<Vec<AuditEvent>, Failure> = page.items.iter().map(shown).collect();
    Reply::page(asked.offset, asked.limit, page.total, &items?)
}

/// `GET /v2/audit-events/{auditEventId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let id = call.id("auditEventId")?;
    let event = tx.audit_event(call.principal.account_id, id).await?;
    let event = event.ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            "There is no audit event with this id in this account.",
        )
    })?;
    // An event never changes.
    Reply::object(1, &shown(&event)?)
}

fn shown(event: &Event) -> Result<AuditEvent, Failure> {
    AuditEvent::new(event)
        .map_err(|error| Failure::internal("an audit event cannot be read", error))
}
