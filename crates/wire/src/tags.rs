//! Tags.

use moca_core::{
    id::{AppId, TagId},
    limits::TEXT_CHARS_MAX,
    tag::{self, TagConfig},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    mention::Body,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    values,
};

/// A declared tag as the API answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub tag_id: TagId,
    /// The app.
    pub app_id: AppId,
    /// What a client sets.
    pub config: TagConfig,
    /// How many instances carry it now; in answers to GET.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance_count: Option<u64>,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TagInput {
    /// The app.
    pub app_id: AppId,
    /// What it sets.
    pub config: TagConfig,
}

/// A tag that instances of an app carry, declared or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenTag {
    /// The name.
    pub name: String,
    /// How many instances carry it now.
    pub instance_count: u64,
    /// Whether it is declared.
    pub declared: bool,
}

impl Resource for Tag {
    const PATH: &'static str = "/v2/tags";
    type Input = TagInput;
}

impl From<&tag::Tag> for Tag {
    fn from(tag: &tag::Tag) -> Self {
        Self {
            created_at: tag.frame.created_at,
            updated_at: tag.frame.updated_at,
            tag_id: tag.id(),
            app_id: tag.app_id,
            config: tag.config.clone(),
            instance_count: None,
        }
    }
}

impl Tag {
    /// The same with how many instances carry it.
    #[must_use]
    pub fn with_count(self, instance_count: u64) -> Self {
        Self {
            instance_count: Some(instance_count),
            ..self
        }
    }
}

impl Described for Tag {
    const NAME: &'static str = "DeclaredTag";

    fn schema() -> Schema {
        let more = [
            schema::parent("appId", "The app."),
            schema::owned_optional(
                "instanceCount",
                schema::count(),
                "How many instances carry it now, exactly; in answers to GET.",
            ),
        ];
        schema::resource("tagId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "tagId": "AZuN58uAcACAAAAAAAAAwQ",
            "appId": "AZuN58uAcACAAAAAAAAAEQ",
            "config": {"name": "museum", "description": "Museums that were visited."},
            "instanceCount": 1_234,
        })
    }
}

impl Described for SeenTag {
    const NAME: &'static str = "SeenTag";

    fn schema() -> Schema {
        schema::object([
            schema::required("name", schema::any_text(), "Its name."),
            schema::required(
                "instanceCount",
                schema::count(),
                "How many instances carry it now, exactly.",
            ),
            schema::required("declared", schema::boolean(), "Whether it is declared."),
        ])
    }

    fn example() -> Value {
        json!({"name": "museum", "instanceCount": 1_234, "declared": true})
    }
}

fn config_schema() -> Schema {
    schema::object([
        schema::required(
            "name",
            schema::name(),
            "The name that devices use, unique in the app. Under another name it declares another tag.",
        ),
        schema::optional("description", schema::text(TEXT_CHARS_MAX), "Description."),
    ])
}

/// Reads the body of a POST, or of a PUT on a tag of `app`, which cannot change.
pub fn read(value: &Value, app: Option<AppId>) -> Body<TagInput> {
    read::managed(value, &["tagId", "instanceCount"], |fields| {
        let app_id = fields.parent("appId", app);
        let config = fields.object("config", read_config);
        Some(TagInput {
            app_id: app_id?,
            config: config?,
        })
    })
}

fn read_config(fields: &mut Fields<'_, '_>) -> Option<TagConfig> {
    let name = fields.required("name", values::name);
    let description = fields.optional("description", values::description);
    Some(TagConfig {
        name: name?,
        description,
    })
}
