//! What a place says of how it is entered and left.

use serde::{Deserialize, Serialize};

use crate::limits::{BEACON_EXIT_MS, CONFIRM_MS, EXIT_MARGIN_M, FIX_ACCURACY_M};

/// What a client sets on a place; it holds for the zones and beacons of the place too. What is absent
/// is as usual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PresenceConfig {
    /// Metres outside the geofence at which nobody has left it yet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exit_margin_m: Option<f64>,
    /// Milliseconds for which fixes too vague to be sure have to agree.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confirm_ms: Option<i64>,
    /// Metres of error beyond which a fix says nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accuracy_max_m: Option<f64>,
    /// Milliseconds after which an unseen beacon counts as left.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub beacon_exit_ms: Option<i64>,
    /// Milliseconds between two fixes up to which the path between them counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path_crossing_ms: Option<i64>,
}

/// The same with nothing absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Metres outside the geofence at which nobody has left it yet.
    pub exit_margin_m: f64,
    /// Milliseconds for which fixes too vague to be sure have to agree.
    pub confirm_ms: i64,
    /// Metres of error beyond which a fix says nothing.
    pub accuracy_max_m: f64,
    /// Milliseconds after which an unseen beacon counts as left.
    pub beacon_exit_ms: i64,
    /// Milliseconds between two fixes up to which the path between them counts; 0: it never does.
    pub path_crossing_ms: i64,
}

impl From<Rules> for PresenceConfig {
    fn from(rules: Rules) -> Self {
        Self {
            exit_margin_m: Some(rules.exit_margin_m),
            confirm_ms: Some(rules.confirm_ms),
            accuracy_max_m: Some(rules.accuracy_max_m),
            beacon_exit_ms: Some(rules.beacon_exit_ms),
            path_crossing_ms: Some(rules.path_crossing_ms),
        }
    }
}

impl PresenceConfig {
    /// The rules that follow.
    pub fn rules(&self) -> Rules {
        Rules {
            exit_margin_m: self.exit_margin_m.unwrap_or(EXIT_MARGIN_M),
            confirm_ms: self.confirm_ms.unwrap_or(CONFIRM_MS),
            accuracy_max_m: self.accuracy_max_m.unwrap_or(FIX_ACCURACY_M),
            beacon_exit_ms: self.beacon_exit_ms.unwrap_or(BEACON_EXIT_MS),
            path_crossing_ms: self.path_crossing_ms.unwrap_or(0),
        }
    }
}
