//! Webhooks and their deliveries.

use moca_core::{
    app::PreviousSecret,
    id::{AccountId, DeliveryId, WebhookId},
    limits::{
        SECRET_OVERLAP_MS, SECRET_OVERLAP_MS_MAX, TEXT_CHARS_MAX, WEBHOOK_EVENTS_MAX,
        WEBHOOK_SECRET_BYTES,
    },
    webhook::{
        self, Attempt, DisabledReason, Format, Outcome, Pattern, State, WebhookConfig,
        WebhookState, WebhookStatus,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    fault::FaultCode,
    links,
    mention::Body,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    values::{self, Reading, complain},
};

/// A webhook as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub webhook_id: WebhookId,
    /// The account.
    pub account_id: AccountId,
    /// What it signs with; only in the answers that make one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<String>,
    /// Until when it signs with the secret before too, ms since 1970; only as long as it does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous_secret_until: Option<i64>,
    /// Whether it is sent to, and since when.
    pub status: WebhookStatus,
    /// How it fares; only in what is read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub health: Option<WebhookHealth>,
    /// What a client sets.
    pub config: WebhookConfig,
}

/// How a webhook fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookHealth {
    /// Deliveries that wait.
    pub waiting: i64,
    /// Events that it was not told because too many waited.
    pub dropped: i64,
    /// When there was one last, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dropped_at: Option<i64>,
    /// When a delivery was taken last, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub delivered_at: Option<i64>,
    /// Since when none was taken although some were tried, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failing_since: Option<i64>,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WebhookInput {
    /// What it sets.
    pub config: WebhookConfig,
}

impl From<WebhookConfig> for WebhookInput {
    fn from(config: WebhookConfig) -> Self {
        Self { config }
    }
}

impl Resource for Webhook {
    const PATH: &'static str = "/v2/webhooks";
    type Input = WebhookInput;
}

impl Webhook {
    /// The answer for a webhook at this time; `secret` only when it was made just now.
    pub fn new(webhook: &webhook::Webhook, secret: Option<String>, now_ms: i64) -> Self {
        let until = |previous: &PreviousSecret| previous.until;
        Self {
            created_at: webhook.frame.created_at,
            updated_at: webhook.frame.updated_at,
            webhook_id: webhook.id(),
            account_id: webhook.frame.account_id,
            secret,
            previous_secret_until: webhook.previous_secret_at(now_ms).map(until),
            status: webhook.status,
            health: None,
            config: webhook.config.clone(),
        }
    }
}

/// Reads the body of a POST or PUT.
pub fn read(value: &Value) -> Body<WebhookInput> {
    const OWNED: &[&str] = &[
        "webhookId",
        "secret",
        "previousSecretUntil",
        "status",
        "health",
    ];
    read::managed(value, OWNED, |fields| {
        let config = fields.object("config", read_config);
        Some(WebhookInput { config: config? })
    })
}

fn read_config(fields: &mut Fields<'_, '_>) -> Option<WebhookConfig> {
    let name = fields.required("name", values::name);
    let description = fields.optional("description", values::description);
    let url = fields.required("url", links::https_url);
    let words = Format::ALL.map(Format::as_str);
    let format = fields.optional("format", values::word(&words, Format::named));
    let expected = format!("expected a list of 1 to {WEBHOOK_EVENTS_MAX} types of events");
    fields.require("events", &expected);
    let events = fields.optional_set("events", WEBHOOK_EVENTS_MAX, pattern);
    let app_id = fields.reference("appId");
    let campaign_id = fields.reference_in("campaignId", app_id);
    let enabled = fields.optional("enabled", values::boolean);
    Some(WebhookConfig {
        name: name?,
        description,
        url: url?,
        format: format.unwrap_or_default(),
        events: events?,
        app_id,
        campaign_id,
        enabled: enabled.unwrap_or(true),
    })
}

fn pattern(value: &Value) -> Reading<Pattern> {
    let expected = "* for all events, a family such as place.*, a type such as place.entered, or custom. with a \
                    verb of A-Z a-z 0-9 _ - . :";
    let text = values::string(value, expected)?;
    match Pattern::parse(text) {
        Ok(pattern) => Ok(pattern),
        Err(_) => complain(FaultCode::InvalidFormat, format!("expected {expected}")),
    }
}

impl Described for Webhook {
    const NAME: &'static str = "Webhook";

    fn schema() -> Schema {
        let more = [
            schema::account_id(),
            schema::owned_optional(
                "secret",
                schema::matching(&secret_pattern()),
                "What it signs with; only in the answers that make one.",
            ),
            schema::owned_optional(
                "previousSecretUntil",
                schema::moment(),
                "Until when it signs with the secret before too.",
            ),
            schema::owned("status", status_schema(), "Whether it is sent to."),
            schema::owned_optional(
                "health",
                health_schema(),
                "How it fares; only in what is read.",
            ),
        ];
        schema::resource("webhookId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "webhookId": "AZuN58uAcACAAAAAAAAA0Q",
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "status": {"state": "Active", "at": 1_767_614_400_000_i64},
            "health": {"waiting": 0, "dropped": 0, "deliveredAt": 1_767_614_400_000_i64},
            "config": {
                "name": "Loyalty",
                "description": "Visits and clicks for the loyalty programme.",
                "url": "https://loyalty.example.com/moca",
                "format": "Standard",
                "events": ["place.*", "message.clicked", "custom.purchase"],
                "appId": "AZuN58uAcACAAAAAAAAAEQ",
                "enabled": true,
            },
        })
    }
}

fn secret_pattern() -> String {
    let digits = WEBHOOK_SECRET_BYTES * 4 / 3 + 1;
    format!("^whsec_[A-Za-z0-9+/]{{{digits}}}=$")
}

fn config_schema() -> Schema {
    let pattern = schema::matching(&Pattern::expression()).with_example("place.*");
    schema::object([
        schema::required("name", schema::name(), "Name."),
        schema::optional("description", schema::text(TEXT_CHARS_MAX), "Description."),
        schema::required(
            "url",
            schema::https_url().with_example("https://loyalty.example.com/moca"),
            "Where to send to, by POST.",
        ),
        schema::defaulted(
            "format",
            schema::words(&Format::ALL.map(Format::as_str)),
            Format::Standard.as_str(),
            "What the body looks like. Of all events, those that a Cloud-Hook has a body for are \
             place.entered, place.exited and beacon.entered.",
        ),
        schema::required(
            "events",
            schema::filled_set(pattern, WEBHOOK_EVENTS_MAX),
            "Which events: `*` for all, families such as `place.*`, types such as `place.entered`, and \
             `custom.` with a verb of your own.",
        ),
        schema::optional("appId", schema::id(), "Only what happens in this app."),
        schema::optional(
            "campaignId",
            schema::id(),
            "Only what is about this campaign, which is one of the app.",
        ),
        schema::defaulted(
            "enabled",
            schema::boolean(),
            true,
            "Whether it is sent to. What happens meanwhile is not told afterwards.",
        ),
    ])
}

fn status_schema() -> Schema {
    schema::object([
        schema::required(
            "state",
            schema::words(&WebhookState::WORDS),
            "Whether it is sent to.",
        ),
        schema::required("at", schema::moment(), "Since when."),
        schema::optional(
            "reason",
            schema::words(&DisabledReason::WORDS),
            "Why the server disabled it: the receiver answered 410, or took nothing for five days.",
        ),
    ])
}

fn health_schema() -> Schema {
    schema::object([
        schema::required("waiting", schema::count(), "Deliveries that wait."),
        schema::required(
            "dropped",
            schema::count(),
            "Events that it was not told because too many waited.",
        ),
        schema::optional("droppedAt", schema::moment(), "When there was one last."),
        schema::optional(
            "deliveredAt",
            schema::moment(),
            "When a delivery was taken last.",
        ),
        schema::optional(
            "failingSince",
            schema::moment(),
            "Since when none was taken although some were tried.",
        ),
    ])
}

/// What is asked of a new secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSecretRotation {
    /// Milliseconds that the old one is signed with too; [`SECRET_OVERLAP_MS`] if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub overlap_ms: Option<i64>,
}

impl Described for WebhookSecretRotation {
    const NAME: &'static str = "WebhookSecretRotationInput";

    fn schema() -> Schema {
        schema::object([schema::defaulted(
            "overlapMs",
            schema::integer(0, SECRET_OVERLAP_MS_MAX),
            SECRET_OVERLAP_MS,
            "Milliseconds that it signs with the old one too; 0 ends that at once.",
        )])
    }

    fn example() -> Value {
        json!({"overlapMs": 604_800_000})
    }
}

/// An event on its way to a webhook, or told, as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Id of the event, which is sent as `webhook-id`.
    pub delivery_id: DeliveryId,
    /// The type of the event.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When the server took what it is about, ms since 1970.
    pub received_at: i64,
    /// Where it stands.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next at the earliest, ms since 1970, if it waits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_attempt_at: Option<i64>,
    /// The last attempt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_attempt: Option<DeliveryAttempt>,
}

/// An attempt at a delivery, or at sending a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryAttempt {
    /// When it was made, ms since 1970.
    pub at: i64,
    /// Milliseconds until the answer.
    pub took_ms: u32,
    /// Whether the receiver took it.
    pub delivered: bool,
    /// The status that it answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status_code: Option<u16>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

impl Delivery {
    /// The answer for a delivery.
    pub fn new(id: DeliveryId, delivery: &webhook::Delivery) -> Self {
        Self {
            delivery_id: id,
            event_type: delivery.event.occasion.type_name(),
            received_at: delivery.event.received_at,
            state: delivery.state.as_str().to_owned(),
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_at(),
            last_attempt: delivery.last.map(DeliveryAttempt::from),
        }
    }
}

impl From<Attempt> for DeliveryAttempt {
    fn from(attempt: Attempt) -> Self {
        Self {
            at: attempt.at_ms,
            took_ms: attempt.took_ms,
            delivered: attempt.outcome.is_success(),
            status_code: attempt.outcome.status_code(),
            error: attempt.outcome.error().map(str::to_owned),
        }
    }
}

impl Described for Delivery {
    const NAME: &'static str = "Delivery";

    fn schema() -> Schema {
        schema::object([
            schema::required(
                "deliveryId",
                schema::id(),
                "Id of the event, which is sent as `webhook-id`.",
            ),
            schema::required("type", schema::any_text(), "The type of the event."),
            schema::required(
                "receivedAt",
                schema::moment(),
                "When the server took what it is about.",
            ),
            schema::required("state", schema::words(&State::WORDS), "Where it stands."),
            schema::required("attempts", schema::count(), "Attempts so far."),
            schema::optional(
                "nextAttemptAt",
                schema::moment(),
                "When it is tried next at the earliest, if it waits.",
            ),
            schema::optional("lastAttempt", attempt_schema(), "The last attempt."),
        ])
    }

    fn example() -> Value {
        json!({
            "deliveryId": "AZuN58uAcACAAAAAAAAA1Q",
            "type": "place.entered",
            "receivedAt": 1_767_614_400_000_i64,
            "state": "Waiting",
            "attempts": 1,
            "nextAttemptAt": 1_767_614_405_000_i64,
            "lastAttempt": DeliveryAttempt::example(),
        })
    }
}

impl Described for DeliveryAttempt {
    const NAME: &'static str = "DeliveryAttempt";

    fn schema() -> Schema {
        attempt_schema()
    }

    fn example() -> Value {
        json!({
            "at": 1_767_614_400_010_i64,
            "tookMs": 27,
            "delivered": false,
            "statusCode": 503,
            "error": "StatusCode",
        })
    }
}

fn attempt_schema() -> Schema {
    schema::object([
        schema::required("at", schema::moment(), "When it was made."),
        schema::required("tookMs", schema::count(), "Milliseconds until the answer."),
        schema::required(
            "delivered",
            schema::boolean(),
            "Whether the receiver took it: it answered 200 to 299.",
        ),
        schema::optional(
            "statusCode",
            schema::integer(100, 999),
            "The status that it answered.",
        ),
        schema::optional(
            "error",
            schema::words(&Outcome::ERRORS),
            "What went wrong: another status, no answer within 15 seconds, no connection, an address of a private \
             network, a wait of 76 hours without an attempt, or a secret that the server cannot read any more.",
        ),
    ])
}
