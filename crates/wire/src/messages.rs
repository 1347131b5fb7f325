//! The inbox of a device.

use std::collections::BTreeMap;

use moca_core::{
    experience::TagExpression,
    id::{CampaignId, ExperienceId, MessageId},
    limits::{EVENT_AHEAD_MS_MAX, EVENT_AT_MIN},
    receipt::{ReceiptKind, Receipts},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    problem::Fault,
    read,
    schema::{self, Described, Schema},
    values,
};

/// A fired action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Id.
    pub message_id: MessageId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experience.
    pub experience_id: ExperienceId,
    /// Event time of the trigger, ms since 1970.
    pub at: i64,
    /// What to do.
    pub action: MessageAction,
    /// What became of it.
    #[serde(default)]
    pub receipts: ReceiptTimes,
}

/// When what was done with a message first, by the device's clock, ms since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReceiptTimes {
    /// It was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown_at: Option<i64>,
    /// It was followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clicked_at: Option<i64>,
    /// It was put away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dismissed_at: Option<i64>,
}

impl From<Receipts> for ReceiptTimes {
    fn from(receipts: Receipts) -> Self {
        Self {
            shown_at: receipts.shown_at,
            clicked_at: receipts.clicked_at,
            dismissed_at: receipts.dismissed_at,
        }
    }
}

/// What a device tells of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReceiptInput {
    /// What was done with it.
    pub kind: ReceiptKind,
    /// When, by the device's clock, ms since 1970.
    pub at: i64,
}

/// Reads the body of `POST /device/v1/messages/{messageId}/receipts`; like an event, it cannot lie far
/// ahead of the server's clock.
pub fn read_receipt(value: &Value, now_ms: i64) -> Result<ReceiptInput, Vec<Fault>> {
    read::part(value, "", |fields| {
        let words = ReceiptKind::ALL.map(ReceiptKind::as_str);
        let kind = fields.required("kind", values::word(&words, ReceiptKind::named));
        let latest = now_ms + EVENT_AHEAD_MS_MAX;
        let at = fields.required("at", values::integer(EVENT_AT_MIN, latest));
        Some(ReceiptInput {
            kind: kind?,
            at: at?,
        })
    })
}

impl Described for ReceiptInput {
    const NAME: &'static str = "ReceiptInput";

    fn schema() -> Schema {
        let words = ReceiptKind::ALL.map(ReceiptKind::as_str);
        let late = format!(
            "At most {} minutes ahead of the server's clock.",
            EVENT_AHEAD_MS_MAX / 60_000
        );
        schema::object([
            schema::required("kind", schema::words(&words), "What was done with it."),
            schema::required(
                "at",
                schema::integer(EVENT_AT_MIN, i64::MAX)
                    .noted(&late)
                    .with_example(1_767_614_400_000_i64),
                "When, by the device's clock, milliseconds since 1970.",
            ),
        ])
    }

    fn example() -> Value {
        json!({"kind": "Shown", "at": 1_767_614_400_000_i64})
    }
}

/// An action with its texts in the language of the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageAction {
    /// The documented type, for example `ShowHtmlAction`.
    #[serde(rename = "@type")]
    pub kind: String,
    /// The documented content type, for example `text/html`.
    pub content_type: String,
    /// The locale that was chosen: `default` or a language tag.
    pub locale: String,
    /// The text, under that locale: the shape that an experience has. Empty if it has none.
    pub content: BTreeMap<String, String>,
    /// The alert for an app in the background, likewise; may be empty.
    pub bg_alert: BTreeMap<String, String>,
    /// The tag that a `TagAction` has changed already.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub tag: Option<TagExpression>,
}

impl Described for Message {
    const NAME: &'static str = "Message";

    fn schema() -> Schema {
        let texts = || schema::map(schema::locale(), schema::any_text(), 1);
        let action = schema::object([
            schema::required("@type", schema::any_text(), "For example `ShowHtmlAction`."),
            schema::required(
                "contentType",
                schema::any_text(),
                "For example `text/html`.",
            ),
            schema::required("locale", schema::locale(), "The locale that was chosen."),
            schema::required(
                "content",
                texts(),
                "The text, under that locale; none of a `TagAction`.",
            ),
            schema::required(
                "bgAlert",
                texts(),
                "The notification while the app is in the background, likewise; may be empty.",
            ),
            schema::optional(
                "tagName",
                schema::name(),
                "The tag of a `TagAction`. The server has changed it already.",
            ),
            schema::optional("tagValue", schema::tag_expression(), "How."),
        ]);
        let receipts = schema::object([
            schema::optional("shownAt", schema::moment(), "It was shown."),
            schema::optional("clickedAt", schema::moment(), "It was followed."),
            schema::optional("dismissedAt", schema::moment(), "It was put away."),
        ]);
        schema::object([
            schema::required("messageId", schema::id(), "Its id."),
            schema::required("campaignId", schema::id(), "The campaign."),
            schema::required("experienceId", schema::id(), "The experience."),
            schema::required("at", schema::moment(), "When its trigger came true."),
            schema::required("action", action.titled("Message action"), "What to do."),
            schema::required(
                "receipts",
                receipts.titled("Receipts"),
                "When what was done with it first, by the device's clock.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "messageId": "AZuN58uAcACAAAAAAAAAsQ",
            "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
            "experienceId": "AZuN58uAcACAAAAAAAAAcQ",
            "at": 1_767_614_400_000_i64,
            "action": {
                "@type": "SendLocalMessageAction",
                "contentType": "text/plain",
                "locale": "es",
                "content": {"es": "¡Bienvenido a la plaza!"},
                "bgAlert": {},
            },
            "receipts": {"shownAt": 1_767_614_401_000_i64},
        })
    }
}
