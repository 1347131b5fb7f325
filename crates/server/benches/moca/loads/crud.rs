//! What a management client asks.

use std::sync::Arc;

use super::{Ask, Maker};
use crate::{dice::Dice, site::Site};

/// Objects on a page.
const PAGE: usize = 100;

/// Makes a place.
pub(super) fn create(site: &Site, mut dice: Dice) -> Maker {
    let authorization = site.owner.clone();
    Box::new(move || Ask {
        method: "POST",
        target: "/v2/places".to_owned(),
        authorization: authorization.clone(),
        body: format!(
            "{{\"config\":{{\"name\":\"Place {}\",\"timeZone\":\"Europe/Madrid\",\"geofence\":\
             {{\"type\":\"Circle\",\"latitude\":{:.5},\"longitude\":{:.5},\"radius\":150}}}}}}",
            dice.uuid(),
            dice.below(120) as f64 - 60.0,
            dice.below(360) as f64 - 180.0,
        ),
        units: 1,
    })
}

/// Reads a place.
pub(super) fn get(site: Arc<Site>, mut dice: Dice) -> Maker {
    Box::new(move || Ask {
        method: "GET",
        target: format!("/v2/places/{}", site.places[dice.below(site.places.len())]),
        authorization: site.owner.clone(),
        body: String::new(),
        units: 1,
    })
}

/// Reads a page of places.
pub(super) fn list(site: Arc<Site>, mut dice: Dice) -> Maker {
    Box::new(move || Ask {
        method: "GET",
        target: format!(
            "/v2/places?limit={PAGE}&offset={}",
            PAGE * dice.below(site.places.len() / PAGE)
        ),
        authorization: site.owner.clone(),
        body: String::new(),
        units: 1,
    })
}
