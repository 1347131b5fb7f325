//! Labels: names with a colour that group places, zones and beacons.

use serde::{Deserialize, Serialize};

use crate::resource::Frame;

/// A label.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The frame.
    pub frame: Frame,
    /// What a client sets.
    pub config: LabelConfig,
}

/// What a client sets on a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelConfig {
    /// Name, unique in the account.
    pub name: String,
    /// `#rrggbb`, lower case.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub color: Option<String>,
}
