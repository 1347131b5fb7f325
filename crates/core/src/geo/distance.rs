//! Geodesic distance on WGS-84.

use super::LatLon;

/// Metres between two points along the geodesic.
pub fn distance_m(_from: LatLon, _to: LatLon) -> f64 {
    todo!()
}
