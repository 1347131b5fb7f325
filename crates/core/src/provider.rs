//! Vendors whose services a place uses: indoor positioning and floor plans.

use serde::{Deserialize, Serialize};

/// The vendor that finds positions inside a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationProvider {
    /// Whether it is used.
    pub enabled: bool,
    /// The vendor's way of finding positions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location_type: Option<String>,
    /// The place in the vendor's system.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub site_id: Option<String>,
    /// Who asks the vendor: an identifier, no secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub access_key: Option<String>,
    /// Whether a secret key is kept. The key itself is not part of a configuration.
    pub has_secret_key: bool,
}

/// The vendor that draws the floor plans of a place, and what it draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FloorPlanProvider {
    /// The vendor.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider_name: Option<String>,
    /// Who asks the vendor: an identifier, no secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub access_key: Option<String>,
    /// The plan in the vendor's system.
    #[serde(rename = "mapID", skip_serializing_if = "Option::is_none", default)]
    pub map_id: Option<String>,
    /// What it shows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    /// Height of the plan.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub height: Option<f64>,
    /// Width of the plan, in the unit of its height.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub width: Option<f64>,
    /// Floors that there are plans of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub num_floors: Option<i64>,
    /// Square metres.
    #[serde(rename = "areaM2", skip_serializing_if = "Option::is_none", default)]
    pub area_m2: Option<f64>,
}
