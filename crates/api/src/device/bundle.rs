//! `GET /device/v1/bundle`: what a device needs to decide offline.

use std::mem;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moca_core::{bundle::Bundle, geo::LatLon, limits::BUNDLE_REGIONS_DEFAULT};
use moca_wire::problem::Code;
use sha2::{Digest, Sha256};

use crate::{
    auth::{self, Device},
    call::Call,
    failure::Failure,
    reply::Reply,
    secret,
};

/// `GET /device/v1/bundle`
pub(crate) async fn get(call: &Call<Device>) -> Result<Reply, Failure> {
    let query = call.query();
    let at = match (query.number("lat"), query.number("lon")) {
        (None, None) => None,
        (Some(latitude), Some(longitude)) => LatLon::new(latitude, longitude).ok(),
        (latitude, _) => {
            let missing = if latitude.is_none() { "lat" } else { "lon" };
            let detail = format!(
                "{missing} is missing: a position is lat and lon. Leave both out for a bundle of what is \
                 known by beacons and what waits for events."
            );
            return Err(Failure::new(Code::InvalidParameter, detail));
        }
    };
    let regions_max = query.integer("regions").unwrap_or(BUNDLE_REGIONS_DEFAULT);
    let subject = call.principal.subject;
    let engine = &call.state().engine;
    let bundle = engine
        .bundle(subject, at, regions_max as usize, call.now_ms())
        .await?;
    // It was erased meanwhile.
    let mut bundle = bundle.ok_or_else(auth::rejected)?;
    let tag = tag_of(&mut bundle)?;
    if call.has(&tag) {
        return Ok(Reply::unchanged(tag));
    }
    let reply = Reply::ok(&bundle)?;
    let key = secret::bundle_key(&call.state().sealer, subject.app_id)?;
    let signature = key.sign(&reply.body);
    Ok(reply.tagged(tag).signed(signature))
}

/// The version of what a device is offered. Where it stands and what it was shown does not count: it
/// knows that itself, and it changes with everything that it tells. So that is taken out for a moment.
fn tag_of(bundle: &mut Bundle) -> Result<String, Failure> {
    let state = mem::take(&mut bundle.state);
    let campaigns = bundle.campaigns.iter_mut();
    let shown: Vec<(i64, Option<i64>)> = campaigns
        .map(|one| (mem::take(&mut one.shown), one.last_shown_at.take()))
        .collect();
    let experiences = bundle.experiences.iter_mut();
    let fired: Vec<Option<i64>> = experiences.map(|one| one.last_fired_at.take()).collect();
    let offered = serde_json::to_vec(&*bundle);
    bundle.state = state;
    for (one, (shown, last_shown_at)) in bundle.campaigns.iter_mut().zip(shown) {
        (one.shown, one.last_shown_at) = (shown, last_shown_at);
    }
    for (one, last_fired_at) in bundle.experiences.iter_mut().zip(fired) {
        one.last_fired_at = last_fired_at;
    }
    let offered =
        offered.map_err(|error| Failure::internal("an answer cannot be written", error))?;
    let hash = Sha256::digest(offered);
    Ok(format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..16])))
}
