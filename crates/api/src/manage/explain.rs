//! `GET /v2/instances/{instanceId}/explain`: "why did I not get it?", for one person.

use std::collections::HashMap;

use moca_core::{
    beacon::Beacon,
    campaign::Campaign,
    experience::{Experience, Target},
    geo::{Circle, Region},
    id::{AccountId, ExperienceId, Id, PlaceId},
    limits::{PAGE_LIMIT_MAX, PLACES_AROUND_M},
    place::Place,
    privacy::Privacy,
    resource::Kind,
    world::World,
    zone::Zone,
};
use moca_engine::{ExplainQuery, Whereabouts, estate};
use moca_storage::control::{Filter, ListQuery, Stored, Tx};
use moca_wire::{
    decisions::{Decision, Outcome},
    explain::{Explanation, Part, RuleCheck, Telling, summary},
    problem::Code,
};

use super::instances;
use crate::{call::Call, failure::Failure, reply::Reply};

/// What every rule says of an experience for the instance, now or at an earlier moment.
pub(crate) async fn explain(call: &Call) -> Result<Reply, Failure> {
    let subject = instances::find(call).await?.subject;
    let at = call.query().integer("at").unwrap_or(call.now_ms());
    let mut tx = call.state().control.read().await?;
    let (campaign, experience) = find(call, &mut tx, subject.app_id).await?;
    // What is known now holds for now and for what is to come, and nothing fired yet then.
    let is_past = at < call.now_ms();
    // Hours and days are those of the place that it was in, if the trigger is about none.
    let mut around = None;
    if experience.trigger.target().is_none() {
        // Nothing is held open while the pipeline is waited for.
        drop(tx);
        let past = is_past.then_some(at);
        let engine = &call.state().engine;
        around = engine.whereabouts(subject.instance_id, past).await?;
        tx = call.state().control.read().await?;
    }
    let around = around.unwrap_or_default();
    let account_id = call.principal.account_id;
    let account = tx.account(account_id).await?;
    let account = account.ok_or_else(|| Failure::not_found(Kind::Account))?;
    let mut world = World::default();
    world.put_account(&account);
    let mut about = Vec::new();
    for part in experience.trigger.parts() {
        let part = About::read(call, &mut tx, part.target()).await?;
        part.fill(&mut world, account_id, &mut tx).await?;
        about.push(part);
    }
    world.put_campaign(campaign.clone());
    world.put_experience(experience.clone());
    for place in places_around(&mut tx, account_id, &around).await? {
        let place = About {
            place: Some(place),
            ..About::default()
        };
        place.fill(&mut world, account_id, &mut tx).await?;
    }
    let mut priorities = HashMap::new();
    if is_past {
        let of_app = vec![(Filter::AppId, subject.app_id.to_string())];
        let campaigns = all::<Campaign>(&mut tx, account_id, of_app).await?;
        let priority = |one: Campaign| Some((one.id(), one.config.priority?));
        priorities.extend(campaigns.into_iter().filter_map(priority));
    }
    let segments = estate::segments_of(&mut tx, account_id, subject.app_id).await?;
    drop(tx);
    let privacy = account.config.privacy;
    let asked = ExplainQuery {
        subject,
        campaign,
        experience,
        segments,
        priorities,
        at_ms: at,
        sensitive: about.iter().find_map(|part| part.sensitive(&privacy)),
        privacy,
        world,
        is_past,
    };
    let explained = call.state().engine.explain(asked.clone()).await?;
    let explained = explained.ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            "There is no instance with this id in this account.",
        )
    })?;
    let telling = Telling {
        campaign: &asked.campaign,
        experience: &asked.experience,
        requires_consent: asked
            .privacy
            .requires_marketing_consent(&asked.campaign.config),
        facts: &explained.facts,
        zone: &explained.zone,
    };
    let checks: Vec<RuleCheck> = explained
        .checks
        .iter()
        .map(|check| telling.check(check))
        .collect();
    let names: Vec<String> = about.iter().map(About::name).collect();
    let parts: Vec<Part<'_>> = names
        .iter()
        .zip(&explained.parts)
        .map(|(target, part)| Part {
            target,
            entered_at: part.entered_at,
            holds: part.holds,
        })
        .collect();
    let stopped = explained.checks.iter().find(|check| check.stops());
    let last = explained.last.as_ref();
    Reply::ok(&Explanation {
        instance_id: subject.instance_id,
        campaign_id: asked.campaign.id(),
        experience_id: asked.experience.id(),
        at,
        outcome: stopped.map_or(Outcome::Fired, |check| Outcome::of(&check.verdict)),
        sentence: summary(&checks),
        presence: match asked.sensitive {
            Some(_) => None,
            None => Some(telling.presence(&parts)),
        },
        checks,
        decided: explained.outcomes,
        last: last.map(|kept| Decision::new(kept.id, &kept.decision)),
        time_zone: explained.zone.name().to_owned(),
    })
}

/// The experience that is asked about, with its campaign, if it is one of the instance's app.
async fn find(
    call: &Call,
    tx: &mut Tx,
    app_id: moca_core::id::AppId,
) -> Result<(Campaign, Experience), Failure> {
    let missing = || Failure::not_found(Kind::Experience);
    let account_id = call.principal.account_id;
    let id: ExperienceId = call.query().id("experienceId").ok_or_else(missing)?;
    let experience: Experience = tx.get(account_id, id.0).await?.ok_or_else(missing)?;
    let campaign: Option<Campaign> = tx.get(account_id, experience.campaign_id.0).await?;
    let campaign = campaign.filter(|campaign| campaign.app_id == app_id);
    Ok((campaign.ok_or_else(missing)?, experience))
}

/// What a part of a trigger is about, and what that is part of.
#[derive(Default)]
struct About {
    place: Option<Place>,
    zone: Option<Zone>,
    beacon: Option<Beacon>,
}

impl About {
    async fn read(call: &Call, tx: &mut Tx, target: Option<Target>) -> Result<Self, Failure> {
        let account_id = call.principal.account_id;
        let mut about = Self::default();
        let (mut zone_id, mut place_id) = (None, None);
        match target {
            Some(Target::Beacon(id)) => {
                about.beacon = tx.get(account_id, id.0).await?;
                zone_id = about.beacon.as_ref().and_then(|beacon| beacon.zone_id);
            }
            Some(Target::Zone(id)) => zone_id = Some(id),
            Some(Target::Place(id)) => place_id = Some(id),
            None => {}
        }
        if let Some(id) = zone_id {
            about.zone = tx.get(account_id, id.0).await?;
            place_id = about.zone.as_ref().map(|zone| zone.place_id);
        }
        if let Some(id) = place_id {
            about.place = tx.get(account_id, id.0).await?;
        }
        Ok(about)
    }

    /// The place, if it is a sensitive one.
    fn sensitive(&self, privacy: &Privacy) -> Option<PlaceId> {
        let place = self.place.as_ref();
        let sensitive = place.filter(|place| privacy.is_sensitive(&place.config));
        sensitive.map(Place::id)
    }

    /// What the trigger is about, as a person would say it.
    fn name(&self) -> String {
        match (&self.beacon, &self.zone, &self.place) {
            (Some(beacon), ..) => match &beacon.config.name {
                Some(name) => format!("range of the beacon \"{name}\""),
                None => format!("range of the beacon {}", beacon.id()),
            },
            (None, Some(zone), _) => format!("the zone \"{}\"", zone.config.name),
            (None, None, Some(place)) => format!("the place \"{}\"", place.config.name),
            (None, None, None) => "what the trigger is about".to_owned(),
        }
    }

    /// Adds all that can hold an instance in it.
    async fn fill(
        &self,
        world: &mut World,
        account_id: AccountId,
        tx: &mut Tx,
    ) -> Result<(), Failure> {
        if let Some(place) = &self.place {
            world.put_place(place.clone());
            let id: PlaceId = place.id();
            let of_place = || vec![(Filter::PlaceId, id.to_string())];
            for zone in all::<Zone>(tx, account_id, of_place()).await? {
                world.put_zone(zone);
            }
            for beacon in all::<Beacon>(tx, account_id, of_place()).await? {
                world.put_beacon(beacon);
            }
        }
        if let Some(beacon) = &self.beacon {
            world.put_beacon(beacon.clone());
        }
        Ok(())
    }
}

/// The places that an instance may be in.
async fn places_around(
    tx: &mut Tx,
    account_id: AccountId,
    around: &Whereabouts,
) -> Result<Vec<Place>, Failure> {
    let ids: Vec<Id> = around.places.iter().map(|id| id.0).collect();
    let mut found = tx.get_many::<Place>(account_id, &ids).await?;
    for at in &around.fixes {
        let Ok(circle) = Circle::new(*at, PLACES_AROUND_M) else {
            continue;
        };
        let query = ListQuery {
            offset: 0,
            limit: PAGE_LIMIT_MAX,
            sort: Vec::new(),
            filters: Vec::new(),
            q: None,
            regions: vec![Region::Box(Region::Near(circle).bounds())],
            status: None,
        };
        found.extend(tx.list::<Place>(account_id, &query).await?.items);
    }
    found.sort_by_key(Place::id);
    found.dedup_by_key(|place| place.id());
    Ok(found)
}

/// All objects of a list.
pub(super) async fn all<R: Stored>(
    tx: &mut Tx,
    account_id: AccountId,
    filters: Vec<(Filter, String)>,
) -> Result<Vec<R>, Failure> {
    let mut found = Vec::new();
    loop {
        let query = ListQuery {
            offset: found.len() as i64,
            limit: PAGE_LIMIT_MAX,
            sort: Vec::new(),
            filters: filters.clone(),
            q: None,
            regions: Vec::new(),
            status: None,
        };
        let page = tx.list::<R>(account_id, &query).await?;
        let is_last = (page.items.len() as i64) < PAGE_LIMIT_MAX;
        found.extend(page.items);
        if is_last {
            return Ok(found);
        }
    }
}
