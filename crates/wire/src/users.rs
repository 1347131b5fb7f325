//! Users: people that an app has identified.

use std::collections::BTreeMap;

use moca_core::{
    id::{AppId, InstanceId},
    limits::TAGS_MAX,
    property::Properties,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    properties,
    schema::{self, Described, Schema},
};

/// A user as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// First login, ms since 1970.
    pub created_at: i64,
    /// Last login, or last change of properties or tags, ms since 1970.
    pub updated_at: i64,
    /// The app's own id of the user.
    pub user_id: String,
    /// The app.
    pub app_id: AppId,
    /// What was set at logins, or while the user was logged in.
    pub properties: Properties,
    /// Tags that were set while the user was logged in, with their numbers.
    pub tags: BTreeMap<String, f64>,
    /// Number of instances that the user is or was logged in on.
    pub instance_count: u64,
    /// The newest of them, the newest first.
    pub instances: Vec<UserInstance>,
}

/// An instance of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserInstance {
    /// Which one.
    pub instance_id: InstanceId,
    /// Whether the user is logged in on it now.
    pub logged_in: bool,
}

impl Described for User {
    const NAME: &'static str = "User";

    fn schema() -> Schema {
        let tag = schema::number(f64::MIN, f64::MAX);
        let instance = schema::object([
            schema::required("instanceId", schema::id(), "Which one."),
            schema::required(
                "loggedIn",
                schema::boolean(),
                "Whether the user is logged in on it now.",
            ),
        ]);
        schema::object([
            schema::required("createdAt", schema::moment(), "First login."),
            schema::required("updatedAt", schema::moment(), "Last login or change."),
            schema::required("userId", schema::code(), "The app's own id of the user."),
            schema::required("appId", schema::id(), "The app."),
            schema::required(
                "properties",
                properties::schema(),
                "What was set at logins, or while the user was logged in.",
            ),
            schema::required(
                "tags",
                schema::map(schema::name(), tag, TAGS_MAX),
                "Tags set while the user was logged in, with their numbers.",
            ),
            schema::required(
                "instanceCount",
                schema::count(),
                "Number of instances that the user is or was logged in on.",
            ),
            schema::required(
                "instances",
                schema::items(instance.titled("User instance")),
                "The newest of them, the newest first.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "userId": "user-7",
            "appId": "AZuN58uAcACAAAAAAAAAEQ",
            "properties": {"plan": "gold"},
            "tags": {"museum": 3.0},
            "instanceCount": 1,
            "instances": [{"instanceId": "AZuN58uAcACAAAAAAAAAoQ", "loggedIn": true}],
        })
    }
}
