//! Why an experience fires for an instance or does not, at a moment: by its decisions, and by what it
//! told until then.

use std::{
    cmp::Reverse,
    collections::{HashSet, VecDeque},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use moca_core::{
    campaign::{
        caps::Caps,
        decide::{Decision, Moment, Rival, Verdict},
        scene::{local_zone, setting},
    },
    event::{Change, EventBody, Record, TagChange},
    experience::{TagExpression, Target},
    explain,
    id::InstanceId,
    limits::FIXES_AROUND_MAX,
    presence,
    tally::{Counts, add},
    world::World,
};
use moca_storage::{
    StorageError,
    devices::{DecisionScope, Devices, InstanceState},
    log::LogReader,
};
use moca_wire::decisions::Outcome;

use crate::{
    pipeline::{fire::decision_id, instance},
    query::{ExplainQuery, Explained, KeptDecision, Part, Whereabouts},
};

/// What the rules say; `None` for an instance that is not there, and when nobody waits any more.
pub(crate) fn explain(
    devices: &Devices,
    log_path: &Path,
    query: &ExplainQuery,
    is_given_up: &AtomicBool,
) -> Result<Option<Explained>, StorageError> {
    let Some(now) = devices.state(query.subject.instance_id)? else {
        return Ok(None);
    };
    let world = &query.world;
    let state = match query.is_past {
        false => now,
        true => match then(devices, log_path, now, query.at_ms, world, is_given_up)? {
            Some(then) => then,
            None => return Ok(None),
        },
    };
    let decided = decided(devices, query)?;
    let trigger = &query.experience.trigger;
    let setting = setting(world, trigger.target(), trigger.targets(), &state.presence);
    let zone = local_zone(world, state.profile.time_zone.as_deref(), setting);
    let audience = instance::audience(&state, &query.segments, &query.privacy);
    let (campaign, experience) = (&query.campaign, &query.experience);
    let (checks, facts) = explain::explain(
        campaign,
        experience,
        &audience,
        &decided.caps,
        &Moment {
            at_ms: query.at_ms,
            zone: &zone,
            rival: decided.rival,
            sensitive: query.sensitive,
        },
    );
    let parts = experience.trigger.parts().iter();
    let parts = parts
        .map(|part| {
            let inside = state.presence.inside.iter();
            let mut inside = inside.filter(|(target, _)| Some(*target) == part.target());
            Part {
                entered_at: inside.next().map(|(_, entered_at)| *entered_at),
                holds: presence::holds(&state.presence, world, part, query.at_ms, false),
            }
        })
        .collect();
    Ok(Some(Explained {
        zone,
        parts,
        checks,
        facts,
        outcomes: decided.outcomes,
        last: decided.last,
    }))
}

/// Where an instance may be or, at a past moment, may have been; `None` for one that is not there, and when
/// nobody waits any more.
pub(crate) fn whereabouts(
    devices: &Devices,
    log_path: &Path,
    instance_id: InstanceId,
    past: Option<i64>,
    is_given_up: &AtomicBool,
) -> Result<Option<Whereabouts>, StorageError> {
    let Some(state) = devices.state(instance_id)? else {
        return Ok(None);
    };
    let inside = state.presence.inside.iter();
    let places = inside.filter_map(|(target, _)| match target {
        Target::Place(id) => Some(*id),
        Target::Zone(_) | Target::Beacon(_) => None,
    });
    let mut found = Whereabouts {
        places: places.collect(),
        fixes: Vec::new(),
    };
    let Some(at_ms) = past else {
        return Ok(Some(found));
    };
    let mut fixes = Vec::new();
    let is_whole = for_each_change(devices, log_path, instance_id, is_given_up, |_, change| {
        if let Change::Event(event) = change
            && let EventBody::Location(fix) = &event.body
            && event.at_ms <= at_ms
        {
            fixes.push((event.at_ms, fix.at));
        }
    })?;
    if !is_whole {
        return Ok(None);
    }
    fixes.sort_by_key(|(at_ms, _)| Reverse(*at_ms));
    // Of those within some hundred metres one is enough.
    let mut cells = HashSet::new();
    let cell = |degrees: f64| (degrees * 200.0).floor() as i64;
    fixes.retain(|(_, at)| cells.insert((cell(at.latitude()), cell(at.longitude()))));
    fixes.truncate(FIXES_AROUND_MAX);
    found.fixes = fixes.into_iter().map(|(_, at)| at).collect();
    Ok(Some(found))
}

/// The instance as it was before a moment: all that it told until then, taken in once more. Where it
/// was follows from the places and beacons of `world`.
fn then(
    devices: &Devices,
    log_path: &Path,
    now: InstanceState,
    at_ms: i64,
    world: &World,
    is_given_up: &AtomicBool,
) -> Result<Option<InstanceState>, StorageError> {
    let instance_id = now.subject.instance_id;
    let mut tagged: Vec<(i64, TagExpression)> = devices
        .messages(instance_id, 0, usize::MAX)?
        .into_iter()
        .filter_map(|message| Some((message.at_ms, message.tag?)))
        .collect();
    tagged.sort_by_key(|(at_ms, _)| *at_ms);
    let mut past = Past {
        state: instance::unknown(now.subject, now.created_at),
        pending: Vec::new(),
        tagged: tagged.into(),
        at_ms,
        world,
    };
    let is_whole = for_each_change(
        devices,
        log_path,
        instance_id,
        is_given_up,
        |received_at, change| past.take_in(received_at, change),
    )?;
    Ok(is_whole.then(|| past.end()))
}

/// Calls `each` with all that an instance told and when it was received, in the order of the log; false when
/// nobody waits any more.
fn for_each_change(
    devices: &Devices,
    log_path: &Path,
    instance_id: InstanceId,
    is_given_up: &AtomicBool,
    mut each: impl FnMut(i64, &Change),
) -> Result<bool, StorageError> {
    let log = LogReader::open(log_path)?;
    for seq in devices.people_reader().rows(instance_id)? {
        if is_given_up.load(Ordering::Relaxed) {
            return Ok(false);
        }
        for row in log.read(seq - 1, seq, 1, 1)? {
            for record in &row.records {
                if let Record::Instance {
                    subject,
                    received_at,
                    change,
                } = record
                    && subject.instance_id == instance_id
                {
                    each(*received_at, change);
                }
            }
        }
    }
    Ok(true)
}

/// An instance as it was before a moment. Events have times of their own. What else it told counts if it
/// came before an event of that time, as it did when that was decided (a device that was offline tells
/// late of what happened early), or if the server heard it before the moment.
struct Past<'a> {
    state: InstanceState,
    /// What it told since the last event that counts.
    pending: Vec<(i64, Change)>,
    /// The tags that actions changed and that do not count yet, with the moment, the earliest first.
    tagged: VecDeque<(i64, TagExpression)>,
    at_ms: i64,
    world: &'a World,
}

impl Past<'_> {
    /// Lets the tags count that actions changed before a moment.
    fn tag(&mut self, before: i64) {
        while let Some((_, tag)) = self.tagged.pop_front_if(|(at_ms, _)| *at_ms < before) {
            if let Some(change) = TagChange::parse(&tag.tag_value) {
                instance::tag(&mut self.state, &tag.tag_name, change);
            }
        }
    }

    fn take_in(&mut self, received_at: i64, change: &Change) {
        let Change::Event(event) = change else {
            self.pending.push((received_at, change.clone()));
            return;
        };
        if event.at_ms > self.at_ms {
            return;
        }
        self.tag(event.at_ms);
        for (received_at, change) in std::mem::take(&mut self.pending) {
            self.apply(received_at, &change);
        }
        if event.at_ms < self.at_ms {
            let presence = &mut self.state.presence;
            presence::observe(presence, self.world, event, &mut Vec::new());
            self.apply(received_at, change);
        }
    }

    fn apply(&mut self, received_at: i64, change: &Change) {
        instance::apply(&mut self.state, change);
        self.state.heard_at = self.state.heard_at.max(received_at);
    }

    fn end(mut self) -> InstanceState {
        self.tag(self.at_ms);
        for (received_at, change) in std::mem::take(&mut self.pending) {
            if received_at < self.at_ms {
                self.apply(received_at, &change);
            }
        }
        let presence = &mut self.state.presence;
        presence::tick(presence, self.world, self.at_ms, &mut Vec::new());
        self.state
    }
}

/// What was decided for the instance.
struct Decided {
    /// What had been shown to it.
    caps: Caps,
    /// What became of the experience until the moment.
    outcomes: Counts,
    /// The newest of these.
    last: Option<KeptDecision>,
    /// What fired at the moment, the one of the highest priority.
    rival: Option<Rival>,
    /// Whether that was decided then, and does not follow from priorities of today.
    rival_is_known: bool,
}

impl Decided {
    /// Takes in what was decided at the moment itself. If that says whether the experience asked about
    /// was outranked, nothing else can.
    fn take_in_rival(&mut self, query: &ExplainQuery, decision: &Decision) {
        if self.rival_is_known {
            return;
        }
        if decision.experience_id == query.experience.id() {
            match &decision.verdict {
                Verdict::Outranked { by, .. } => self.rival = Some(*by),
                Verdict::Fired => self.rival = None,
                _ => return,
            }
            self.rival_is_known = true;
        } else if decision.verdict == Verdict::Fired {
            let priority = query.priorities.get(&decision.campaign_id);
            let rival = Rival {
                campaign_id: decision.campaign_id,
                experience_id: decision.experience_id,
                priority: priority.copied().unwrap_or(0),
            };
            let highest = self.rival.filter(|one| one.priority >= rival.priority);
            self.rival = highest.or(Some(rival));
        }
    }
}

fn decided(devices: &Devices, query: &ExplainQuery) -> Result<Decided, StorageError> {
    let scope = DecisionScope {
        app_id: query.subject.app_id,
        instance_id: Some(query.subject.instance_id),
        range: None,
    };
    let mut decided = Decided {
        caps: Caps::default(),
        outcomes: Counts::new(),
        last: None,
        rival: None,
        rival_is_known: false,
    };
    let mut fired = Vec::new();
    let mut asked_about = None;
    devices.for_each_decision(&scope, |key, decision| {
        if decision.verdict == Verdict::Fired {
            let (campaign, experience) = (decision.campaign_id, decision.experience_id);
            fired.push((key, decision.at_ms, campaign, experience));
        }
        if decision.at_ms > query.at_ms {
            return true;
        }
        if decision.at_ms == query.at_ms {
            decided.take_in_rival(query, &decision);
        }
        if decision.experience_id == query.experience.id() {
            if decision.at_ms == query.at_ms {
                asked_about = Some(key);
            }
            let outcome = Outcome::of(&decision.verdict);
            add(&mut decided.outcomes, outcome.as_str(), 1);
            decided.last = Some(KeptDecision {
                id: decision_id(decision.at_ms, key),
                decision,
            });
        }
        true
    })?;
    // What was decided then was held against all that had fired, at whatever time: a late event comes after
    // what is newer than it. If nothing was decided, it is asked what would have been then.
    fired.retain(|(key, at_ms, ..)| match asked_about {
        Some(asked_about) => *key < asked_about,
        None => *at_ms < query.at_ms,
    });
    fired.sort_by_key(|(key, ..)| *key);
    for (_, at_ms, campaign, experience) in fired {
        decided.caps.record(campaign, experience, at_ms);
    }
    Ok(decided)
}
