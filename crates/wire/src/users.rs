//! Users: people that an app has identified.

use std::collections::BTreeMap;

use moca_core::{
    id::{AppId, InstanceId},
    property::Properties,
};
use serde::{Deserialize, Serialize};

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
