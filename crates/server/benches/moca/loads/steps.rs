//! Devices that walk about airports.

use std::{f64::consts::TAU, sync::Arc};

use super::{
    Maker,
    events::{Phone, batch, location, phones},
};
use crate::{
    dice::Dice,
    ground::{fraction, moved},
    site::Site,
};

/// Metres between two events.
const STEP_M: f64 = 50.0;
/// Steps in one direction: 5 km.
const LEG: u32 = 100;

struct Walker {
    phone: Phone,
    position: (f64, f64),
    heading: f64,
    left: u32,
}

/// Every device walks on where its last batch ended.
pub(super) fn steps(site: Arc<Site>, devices: Vec<Arc<str>>, mut dice: Dice) -> Maker {
    let mut walkers: Vec<Walker> = phones(devices)
        .into_iter()
        .map(|phone| Walker {
            phone,
            position: site.ground.point(&mut dice),
            heading: 0.0,
            left: 0,
        })
        .collect();
    Box::new(move || {
        let walker = dice.below(walkers.len());
        let Walker {
            phone,
            position,
            heading,
            left,
        } = &mut walkers[walker];
        batch(phone, |body, at| {
            if *left == 0 {
                *heading = TAU * fraction(&mut dice);
                *left = LEG;
            }
            *left -= 1;
            *position = moved(*position, STEP_M, *heading);
            location(body, &mut dice, at, position.0, position.1);
        })
    })
}
