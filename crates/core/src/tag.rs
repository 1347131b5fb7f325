//! Tags: names with a description for the numbers that apps keep on their devices. A device may set
//! any tag, declared or not.

use serde::{Deserialize, Serialize};

use crate::{
    id::{AppId, TagId},
    resource::Frame,
};

/// A declared tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    /// The frame.
    pub frame: Frame,
    /// The app.
    pub app_id: AppId,
    /// What a client sets.
    pub config: TagConfig,
}

impl Tag {
    /// The id of the tag.
    pub fn id(&self) -> TagId {
        TagId(self.frame.id)
    }
}

/// What a client sets on a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagConfig {
    /// The name that devices use, unique in the app. Under another name it declares another tag; what
    /// devices carry stays as it is.
    pub name: String,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
}
