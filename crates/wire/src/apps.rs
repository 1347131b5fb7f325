//! Apps.

use moca_core::{
    app::{self, AppConfig},
    id::{AccountId, AppId},
    limits::{SECRET_OVERLAP_MS, SECRET_OVERLAP_MS_MAX, TEXT_CHARS_MAX},
    target::Target,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    links,
    mention::Body,
    problem::Fault,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    targets::{self, Against, TargetInput},
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
    /// Until when devices may still come with the secret before, ms since 1970; only as long as they may.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous_secret_until: Option<i64>,
    /// The Ed25519 key that the bundles of its devices are signed with, the public half in base64url.
    pub bundle_key: String,
    /// The account.
    pub account_id: AccountId,
    /// Its push credentials, without their secrets.
    pub targets: Vec<Target>,
    /// What a client sets.
    pub config: AppConfig,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AppInput {
    /// What it sets.
    pub config: AppConfig,
    /// Its push credentials; without, they stay as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<TargetInput>>,
}

impl From<AppConfig> for AppInput {
    fn from(config: AppConfig) -> Self {
        Self {
            config,
            targets: None,
        }
    }
}

impl Resource for App {
    const PATH: &'static str = "/v2/apps";
    type Input = AppInput;
}

impl App {
    /// The answer for an app at this time, with the public key of its bundles, and with its opened secret
    /// for those who may see it.
    pub fn new(
        app: &app::App,
        app_secret: Option<String>,
        bundle_key: String,
        now_ms: i64,
    ) -> Self {
        let previous = app.previous_secret_at(now_ms);
        Self {
            created_at: app.frame.created_at,
            updated_at: app.frame.updated_at,
            app_id: app.id(),
            app_secret,
            previous_secret_until: previous.map(|previous| previous.until),
            bundle_key,
            account_id: app.frame.account_id,
            targets: app.targets.iter().map(|kept| kept.target.clone()).collect(),
            config: app.config.clone(),
        }
    }
}

impl Described for App {
    const NAME: &'static str = "App";

    fn schema() -> Schema {
        let more = [
            schema::owned_optional(
                "appSecret",
                schema::matching("^[A-Za-z0-9+/]{27}=$"),
                "The password of devices; only for editors and above.",
            ),
            schema::owned_optional(
                "previousSecretUntil",
                schema::moment(),
                "Until when devices may still come with the secret before.",
            ),
            schema::owned(
                "bundleKey",
                schema::matching("^[A-Za-z0-9_-]{43}$"),
                "The public half of the Ed25519 key that the bundles of its devices are signed with, in base64url.",
            ),
            schema::account_id(),
            schema::optional(
                "targets",
                targets::schema(),
                "Push credentials, in every answer. Left out, they stay as they are; an empty list takes them \
                 away.",
            ),
        ];
        schema::resource("appId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "appId": "AZuN58uAcACAAAAAAAAAEQ",
            "appSecret": "nScdqRdnLVj/kLhgHFt8bDDOSV0=",
            "bundleKey": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "targets": [],
            "config": {
                "name": "City guide",
                "description": "Walks, museums and offers of the old town.",
                "appUrl": "https://example.com/city-guide",
                "version": "3.1",
                "category": "Travel",
                "iconUrl": "https://example.com/city-guide/icon.png",
                "approxAppSize": "<2500",
                "production": true,
            },
        })
    }
}

fn config_schema() -> Schema {
    schema::object([
        schema::required("name", schema::name(), "Short name."),
        schema::optional("description", schema::text(TEXT_CHARS_MAX), "Description."),
        schema::optional("appUrl", schema::web_url(), "Web site."),
        schema::optional("version", schema::code(), "Version."),
        schema::optional(
            "category",
            schema::code(),
            "Category, for example `Utilities`.",
        ),
        schema::optional("iconUrl", schema::web_url(), "Icon."),
        schema::optional(
            "approxAppSize",
            schema::code(),
            "Estimated number of users, for example `<2500`.",
        ),
        schema::defaulted(
            "production",
            schema::boolean(),
            false,
            "Production (true) or test (false).",
        ),
    ])
}

/// Reads the body of a POST or PUT; push credentials are checked against what there is.
pub fn read(value: &Value, against: Against<'_>) -> Body<AppInput> {
    read::managed(
        value,
        &["appId", "appSecret", "previousSecretUntil", "bundleKey"],
        |fields| {
            let config = fields.object("config", read_config);
            let targets = targets::read(fields, against);
            Some(AppInput {
                config: config?,
                targets,
            })
        },
    )
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

/// What is asked of a new secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretRotation {
    /// Milliseconds that the old one is taken; [`SECRET_OVERLAP_MS`] if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub overlap_ms: Option<i64>,
}

impl Described for SecretRotation {
    const NAME: &'static str = "SecretRotationInput";

    fn schema() -> Schema {
        schema::object([schema::defaulted(
            "overlapMs",
            schema::integer(0, SECRET_OVERLAP_MS_MAX),
            SECRET_OVERLAP_MS,
            "Milliseconds that devices may still come with the old one; 0 ends it at once.",
        )])
    }

    fn example() -> Value {
        json!({"overlapMs": 604_800_000})
    }
}

/// Reads the body of a rotation.
pub fn read_rotation(value: &Value) -> Result<SecretRotation, Vec<Fault>> {
    let overlap = values::integer(0, SECRET_OVERLAP_MS_MAX);
    read::body(value, &[], |fields| {
        Some(SecretRotation {
            overlap_ms: fields.optional("overlapMs", overlap),
        })
    })
}
