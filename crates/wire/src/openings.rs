//! A notification that was opened, as its device tells it.

use moca_core::{
    id::NotificationId,
    limits::{EVENT_AHEAD_MS_MAX, EVENT_AT_MIN},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    problem::Fault,
    read,
    schema::{self, Described, Schema},
    values,
};

/// What a device tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OpenedInput {
    /// When, by the device's clock, ms since 1970.
    pub at: i64,
}

/// Reads the body of `PUT /device/v1/notifications/{notificationId}/opened`; like an event, it cannot lie
/// far ahead of the server's clock.
pub fn read_opened(value: &Value, now_ms: i64) -> Result<OpenedInput, Vec<Fault>> {
    read::part(value, "", |fields| {
        let latest = now_ms + EVENT_AHEAD_MS_MAX;
        let at = fields.required("at", values::integer(EVENT_AT_MIN, latest));
        Some(OpenedInput { at: at? })
    })
}

impl Described for OpenedInput {
    const NAME: &'static str = "OpenedInput";

    fn schema() -> Schema {
        let late = format!(
            "At most {} minutes ahead of the server's clock.",
            EVENT_AHEAD_MS_MAX / 60_000
        );
        schema::object([schema::required(
            "at",
            schema::integer(EVENT_AT_MIN, i64::MAX)
                .noted(&late)
                .with_example(1_767_614_400_000_i64),
            "When, by the device's clock, milliseconds since 1970.",
        )])
    }

    fn example() -> Value {
        json!({"at": 1_767_614_400_000_i64})
    }
}

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    /// The notification.
    pub notification_id: NotificationId,
    /// When the device told first that it was opened, ms since 1970.
    pub opened_at: i64,
}

impl Described for Opened {
    const NAME: &'static str = "Opened";

    fn schema() -> Schema {
        schema::object([
            schema::required("notificationId", schema::id(), "The notification."),
            schema::required(
                "openedAt",
                schema::moment(),
                "When it was opened, as the device told first.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "notificationId": "AZuN58uAcACAAAAAAAAAgQ",
            "openedAt": 1_767_614_400_000_i64,
        })
    }
}
