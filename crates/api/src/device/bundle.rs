//! `GET /device/v1/bundle`: what a device needs to decide offline.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moca_core::{
    bundle::{Bundle, State},
    geo::LatLon,
    limits::BUNDLE_REGIONS_DEFAULT,
};
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
    let bundle = bundle.ok_or_else(auth::rejected)?;
    let tag = tag_of(&bundle)?;
    if call.has(&tag) {
        return Ok(Reply::unchanged(tag));
    }
    let reply = Reply::ok(&bundle)?;
    let key = secret::bundle_key(&call.state().sealer, subject.app_id)?;
    let signature = key.sign(&reply.body);
    Ok(reply.tagged(tag).signed(signature))
}

/// The version of what a device is offered. Where it stands and what it was shown does not count: it
/// knows that itself, and it changes with everything that it tells.
fn tag_of(bundle: &Bundle) -> Result<String, Failure> {
    let mut offered = bundle.clone();
    offered.state = State::default();
    for campaign in &mut offered.campaigns {
        (campaign.shown, campaign.last_shown_at) = (0, None);
    }
    for experience in &mut offered.experiences {
        experience.last_fired_at = None;
    }
    let text = serde_json::to_vec(&offered)
        .map_err(|error| Failure::internal("an answer cannot be written", error))?;
    let hash = Sha256::digest(text);
    Ok(format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..16])))
}
