//! Audit events: who did what to what.

use moca_core::{
    audit::{self, Action, Event, Subject},
    id::{AccountId, Id, MemberId, TokenId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schema::{self, Described, Schema};

/// Fields of an object in an event, besides those inside `config`, at most.
const FIELDS_MAX: usize = 100;

/// An event as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Id.
    pub audit_event_id: Id,
    /// The account whose log it is in.
    pub account_id: AccountId,
    /// Its number there: 1, 2, 3 and so on.
    pub sequence: i64,
    /// When, by the server's clock, ms since 1970.
    pub at: i64,
    /// What was done, one of [`Action::WORDS`].
    pub action: String,
    /// To what kind of thing, one of [`Subject::WORDS`].
    pub kind: String,
    /// To which object.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object_id: Option<Id>,
    /// To which instance or user: a keyed hash of its id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub person_hash: Option<String>,
    /// Who did it.
    pub actor: Actor,
    /// The request it was done by.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
    /// Verb and path of the request, without ids.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub route: Option<String>,
    /// The address it came from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<String>,
    /// What was asked for, if people were read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parameters: Option<Value>,
    /// The object before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Value>,
    /// The object after.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Value>,
    /// The hash of this event and all before it, in hexadecimal.
    pub hash: String,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// `member`, `operator`, `device` or `system`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The member.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member_id: Option<MemberId>,
    /// The token that was used.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token_id: Option<TokenId>,
}

impl AuditEvent {
    /// The answer for an event; fails if what is stored of it cannot be read.
    pub fn new(event: &Event) -> Result<Self, serde_json::Error> {
        let json = |text: &Option<String>| text.as_deref().map(serde_json::from_str).transpose();
        let is_personal = event.subject.is_personal();
        let object_id = event.object_id.as_deref();
        Ok(Self {
            audit_event_id: event.id(),
            account_id: event.account_id,
            sequence: event.sequence,
            at: event.at,
            action: event.action.as_str().to_owned(),
            kind: event.subject.word().to_owned(),
            object_id: object_id
                .filter(|_| !is_personal)
                .and_then(|id| id.parse().ok()),
            person_hash: object_id.filter(|_| is_personal).map(str::to_owned),
            actor: Actor::new(event.actor),
            request_id: event.request_id.clone(),
            route: event.route.clone(),
            address: event.address.clone(),
            parameters: json(&event.parameters)?,
            before: json(&event.before)?,
            after: json(&event.after)?,
            hash: event
                .hash
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        })
    }
}

impl Actor {
    fn new(actor: audit::Actor) -> Self {
        let (member_id, token_id) = match actor {
            audit::Actor::Member {
                member_id,
                token_id,
                ..
            } => (Some(member_id), Some(token_id)),
            _ => (None, None),
        };
        Self {
            kind: actor.as_str().to_owned(),
            member_id,
            token_id,
        }
    }
}

impl Described for AuditEvent {
    const NAME: &'static str = "AuditEvent";

    fn schema() -> Schema {
        let actor = schema::object([
            schema::required(
                "type",
                schema::words(&audit::Actor::WORDS),
                "`operator` is a member of the account that operates the server, `device` an instance \
                 that erased itself, `system` the server by itself.",
            ),
            schema::optional("memberId", schema::id(), "The member."),
            schema::optional("tokenId", schema::id(), "The token that was used."),
        ]);
        let object = || schema::map(schema::code(), schema::any(), FIELDS_MAX);
        schema::object([
            schema::required("auditEventId", schema::id(), "Its id."),
            schema::required("accountId", schema::id(), "The account whose log it is in."),
            schema::required(
                "sequence",
                schema::count(),
                "Its number there: 1, 2, 3 and so on, without gaps.",
            ),
            schema::required("at", schema::moment(), "When, by the server's clock."),
            schema::required(
                "action",
                schema::words(&Action::WORDS),
                "What was done. An erasure is recorded before it is done.",
            ),
            schema::required(
                "kind",
                schema::words(&Subject::WORDS),
                "To what kind of thing.",
            ),
            schema::optional("objectId", schema::id(), "To which object."),
            schema::optional(
                "personHash",
                schema::any_text(),
                "To which instance or user: a keyed hash of its id, which is not kept. The filter \
                 `objectId` finds it by the id.",
            ),
            schema::required("actor", actor.titled("Audit actor"), "Who did it."),
            schema::optional("requestId", schema::any_text(), "The request."),
            schema::optional(
                "route",
                schema::any_text(),
                "Verb and path of the request, without ids.",
            ),
            schema::optional(
                "address",
                schema::any_text(),
                "The address the request came from.",
            ),
            schema::optional(
                "parameters",
                object(),
                "What was asked for, if people were read.",
            ),
            schema::optional(
                "before",
                object(),
                "The object before, as it was stored; never a secret.",
            ),
            schema::optional(
                "after",
                object(),
                "The object after, as it was stored; never a secret.",
            ),
            schema::required(
                "hash",
                schema::hex(32),
                "The hash of this event and all before it (docs/audit.md).",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "auditEventId": "AZuN58uAcACAAAAAAAAACQ",
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "sequence": 9,
            "at": 1_767_614_400_000_i64,
            "action": "update",
            "kind": "label",
            "objectId": "AZuN58uAcACAAAAAAAAAIQ",
            "actor": {
                "type": "member",
                "memberId": "AZuN58uAcACAAAAAAAAAAg",
                "tokenId": "AZuN58uAcACAAAAAAAAAAw",
            },
            "requestId": "AZuN58uAcACAAAAAAAAAAQ",
            "route": "PUT /v2/labels/{labelId}",
            "address": "192.0.2.7",
            "before": {"config": {"name": "Museum"}},
            "after": {"config": {"name": "Museums"}},
            "hash": "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
        })
    }
}
