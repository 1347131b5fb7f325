//! The inbox of a device.

use std::collections::BTreeMap;

use moca_core::id::{CampaignId, ExperienceId, MessageId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schema::{self, Described, Schema};

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
    /// The text, under that locale: the shape that an experience has.
    pub content: BTreeMap<String, String>,
    /// The alert for an app in the background, likewise; may be empty.
    pub bg_alert: BTreeMap<String, String>,
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
            schema::required("content", texts(), "The text, under that locale."),
            schema::required(
                "bgAlert",
                texts(),
                "The notification while the app is in the background, likewise; may be empty.",
            ),
        ]);
        schema::object([
            schema::required("messageId", schema::id(), "Its id."),
            schema::required("campaignId", schema::id(), "The campaign."),
            schema::required("experienceId", schema::id(), "The experience."),
            schema::required("at", schema::moment(), "When its trigger came true."),
            schema::required("action", action.titled("Message action"), "What to do."),
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
        })
    }
}
