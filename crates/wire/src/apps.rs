//! Apps.

use moca_core::{
    app::{self, AppConfig},
    id::{AccountId, AppId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    links,
    mention::Body,
    read::{self, Fields},
    resource::Resource,
    values,
};

/// An app as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id; the user name of devices.
    pub app_id: AppId,
    /// The password of devices; only for those who may change things.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub app_secret: Option<String>,
    /// The account.
    pub account_id: AccountId,
    /// What a client sets.
    pub config: AppConfig,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AppInput {
    /// What it sets.
    pub config: AppConfig,
}

impl Resource for App {
    const PATH: &'static str = "/v2/apps";
    type Input = AppInput;
}

impl App {
    /// The answer for an app, with its opened secret for those who may see it.
    pub fn new(app: &app::App, app_secret: Option<String>) -> Self {
        Self {
            created_at: app.frame.created_at,
            updated_at: app.frame.updated_at,
            app_id: app.id(),
            app_secret,
            account_id: app.frame.account_id,
            config: app.config.clone(),
        }
    }
}

/// Reads the body of a POST or PUT.
pub fn read(value: &Value) -> Body<AppInput> {
    read::managed(value, &["appId", "appSecret"], |fields| {
        let config = fields.object("config", read_config);
        Some(AppInput { config: config? })
    })
}

fn read_config(fields: &mut Fields<'_, '_>) -> Option<AppConfig> {
    let name = fields.required("name", values::name);
    let description = fields.optional("description", values::description);
    let app_url = fields.optional("appUrl", links::web_url);
    let version = fields.optional("version", values::code);
    let category = fields.optional("category", values::code);
    let icon_url = fields.optional("iconUrl", links::web_url);
    let approx_app_size = fields.optional("approxAppSize", values::code);
    let production = fields.optional("production", values::boolean);
    Some(AppConfig {
        name: name?,
        description,
        app_url,
        version,
        category,
        icon_url,
        approx_app_size,
        production: production.unwrap_or(false),
    })
}
