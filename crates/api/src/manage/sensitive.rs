//! Which places, zones and beacons are sensitive: what is told of people leaves them out.

use std::collections::HashSet;

use moca_core::{
    beacon::Beacon,
    experience::{Experience, Target},
    id::{AccountId, AppId, ExperienceId, Id, PlaceId, ZoneId},
    place::Place,
    zone::Zone,
};
use moca_engine::InstanceView;
use moca_storage::control::Tx;
use moca_wire::problem::Code;

use crate::{call::Call, failure::Failure};

/// What there is of some targets.
struct Look {
    /// All that there are.
    there: HashSet<Target>,
    /// Those that are sensitive places, or zones or beacons in one.
    sensitive: HashSet<Target>,
}

/// Those of some targets that are sensitive places, or zones or beacons in one.
pub(super) async fn among(
    tx: &mut Tx,
    account_id: AccountId,
    targets: &[Target],
) -> Result<HashSet<Target>, Failure> {
    Ok(look(tx, account_id, targets).await?.sensitive)
}

async fn look(tx: &mut Tx, account_id: AccountId, targets: &[Target]) -> Result<Look, Failure> {
    let mut beacons = Vec::new();
    let mut zones = Vec::new();
    let mut places = Vec::new();
    for target in targets {
        match target {
            Target::Beacon(id) => beacons.push(id.0),
            Target::Zone(id) => zones.push(id.0),
            Target::Place(id) => places.push(id.0),
        }
    }
    let beacons: Vec<Beacon> = tx.get_many(account_id, &distinct(beacons)).await?;
    zones.extend(beacons.iter().filter_map(|it| it.zone_id).map(|id| id.0));
    let zones: Vec<Zone> = tx.get_many(account_id, &distinct(zones)).await?;
    places.extend(zones.iter().map(|zone| zone.place_id.0));
    let places: Vec<Place> = tx.get_many(account_id, &distinct(places)).await?;

    let mut there: HashSet<Target> = HashSet::new();
    there.extend(beacons.iter().map(|it| Target::Beacon(it.id())));
    there.extend(zones.iter().map(|it| Target::Zone(it.id())));
    there.extend(places.iter().map(|it| Target::Place(it.id())));

    let account = tx.account(account_id).await?;
    let privacy = account.map(|account| account.config.privacy);
    let privacy = privacy.unwrap_or_default();

    let places: HashSet<PlaceId> = places
        .iter()
        .filter(|place| privacy.is_sensitive(&place.config))
        .map(Place::id)
        .collect();
    let zones: HashSet<ZoneId> = zones
        .iter()
        .filter(|zone| places.contains(&zone.place_id))
        .map(Zone::id)
        .collect();
    let beacons = beacons
        .iter()
        .filter(|beacon| beacon.zone_id.is_some_and(|id| zones.contains(&id)))
        .map(|beacon| Target::Beacon(beacon.id()));
    let mut sensitive: HashSet<Target> = beacons.collect();
    sensitive.extend(zones.into_iter().map(Target::Zone));
    sensitive.extend(places.into_iter().map(Target::Place));
    Ok(Look { there, sensitive })
}

fn distinct(mut ids: Vec<Id>) -> Vec<Id> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Refuses to tell how many people an experience reached, if it is about a sensitive place, or was when
/// something was decided about it.
pub(super) async fn refuse_experience(
    call: &Call,
    app_id: AppId,
    id: ExperienceId,
) -> Result<(), Failure> {
    let account_id = call.principal.account_id;
    let mut about = call.state().engine.experience_about(app_id, id).await?;
    let mut tx = call.state().control.read().await?;
    if let Some(experience) = tx.get::<Experience>(account_id, id.0).await? {
        about.extend(experience.trigger.targets());
    }
    let about: Vec<Target> = about.into_iter().collect();
    match among(&mut tx, account_id, &about).await?.is_empty() {
        true => Ok(()),
        false => Err(refusal("experienceId")),
    }
}

/// Takes sensitive places, their zones and beacons off what instances are inside, and what was deleted
/// since, which may have been sensitive.
pub(super) async fn hide(call: &Call, views: &mut [InstanceView]) -> Result<(), Failure> {
    let inside = views.iter().flat_map(|view| &view.inside);
    let targets: Vec<Target> = inside.map(|(target, _)| *target).collect();
    if targets.is_empty() {
        return Ok(());
    }
    let mut tx = call.state().control.read().await?;
    let Look { there, sensitive } = look(&mut tx, call.principal.account_id, &targets).await?;
    for view in views {
        view.inside
            .retain(|(target, _)| there.contains(target) && !sensitive.contains(target));
    }
    Ok(())
}

/// The answer to who asks for counts of a sensitive place.
pub(super) fn refusal(parameter: &str) -> Failure {
    Failure::new(
        Code::SensitivePlace,
        format!(
            "{parameter} is a sensitive place, is in one, or is or was about one: how many people were there is \
             not told. Ask about another place, make a new experience for another place, or take \
             `sensitive` off the place if it was set by mistake."
        ),
    )
}
