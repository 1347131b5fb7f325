//! Mobile apps.

use serde::{Deserialize, Serialize};

use crate::{id::AppId, resource::Frame, target::KeptTarget};

/// A mobile app.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// The frame.
    pub frame: Frame,
    /// `appSecret` sealed with the server's key; only the API opens it.
    pub sealed_secret: Vec<u8>,
    /// The secret before, as long as devices may still come with it.
    pub previous_secret: Option<PreviousSecret>,
    /// Its push credentials.
    pub targets: Vec<KeptTarget>,
    /// What a client sets.
    pub config: AppConfig,
}

/// The secret of an app before its present one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousSecret {
    /// Sealed as the present one.
    pub sealed: Vec<u8>,
    /// First moment it is no longer taken, ms since 1970.
    pub until: i64,
}

impl App {
    /// The id of the app.
    pub fn id(&self) -> AppId {
        AppId(self.frame.id)
    }

    /// The secret before, if it is taken at this time.
    pub fn previous_secret_at(&self, now_ms: i64) -> Option<&PreviousSecret> {
        let previous = self.previous_secret.as_ref();
        previous.filter(|previous| now_ms < previous.until)
    }
}

/// What a client sets on an app (the documented fields).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppConfig {
    /// Short name.
    pub name: String,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// Web site.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub app_url: Option<String>,
    /// Version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// Category, for example `Utilities`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub category: Option<String>,
    /// Icon.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub icon_url: Option<String>,
    /// Estimated number of users, for example `<2500`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approx_app_size: Option<String>,
    /// Production (true) or test (false).
    pub production: bool,
}
