//! What devices tell, with nothing that binds one event to the one before.

use std::{fmt::Write as _, sync::Arc};

use jiff::Timestamp;

use super::{Ask, Maker};
use crate::{dice::Dice, site::Site};

/// Events of one request.
pub(crate) const BATCH: usize = 100;

/// A device that sends events, with its own time: a millisecond an event, so that none comes before
/// the one before and all come later than those of an earlier run.
pub(super) struct Phone {
    pub(super) authorization: Arc<str>,
    pub(super) at: i64,
}

/// These devices, at this moment.
pub(super) fn phones(devices: Vec<Arc<str>>) -> Vec<Phone> {
    let at = Timestamp::now().as_millisecond();
    let phone = |authorization| Phone { authorization, at };
    devices.into_iter().map(phone).collect()
}

/// A request with a batch of events of one device, each written by `write` for its time.
pub(super) fn batch(phone: &mut Phone, mut write: impl FnMut(&mut String, i64)) -> Ask {
    let mut body = String::with_capacity(BATCH * 160);
    body.push('[');
    for index in 0..BATCH {
        if index > 0 {
            body.push(',');
        }
        phone.at += 1;
        write(&mut body, phone.at);
    }
    body.push(']');
    Ask {
        method: "POST",
        target: "/device/v1/events".to_owned(),
        authorization: phone.authorization.clone(),
        body,
        units: BATCH as u64,
    }
}

/// Actions in the app.
pub(super) fn custom(devices: Vec<Arc<str>>, mut dice: Dice) -> Maker {
    let mut phones = phones(devices);
    Box::new(move || {
        let phone = dice.below(phones.len());
        batch(&mut phones[phone], |body, at| {
            let _ = write!(
                body,
                "{{\"id\":\"{}\",\"t\":{at},\"verb\":\"view\",\"item\":\"sku-{}\",\
                 \"category\":\"shoes\",\"value\":{}}}",
                dice.uuid(),
                dice.below(10_000),
                dice.below(100),
            );
        })
    })
}

/// Devices that are now here, now there: near some place every time.
pub(super) fn points(site: Arc<Site>, devices: Vec<Arc<str>>, mut dice: Dice) -> Maker {
    let mut phones = phones(devices);
    Box::new(move || {
        let phone = dice.below(phones.len());
        batch(&mut phones[phone], |body, at| {
            let (lat, lon) = site.ground.point(&mut dice);
            location(body, &mut dice, at, lat, lon);
        })
    })
}

/// Writes a location event.
pub(super) fn location(body: &mut String, dice: &mut Dice, at: i64, lat: f64, lon: f64) {
    let id = dice.uuid();
    let _ = write!(
        body,
        "{{\"id\":\"{id}\",\"t\":{at},\"location\":{{\"lat\":{lat:.6},\"lon\":{lon:.6},\
         \"accuracy\":8}}}}"
    );
}
