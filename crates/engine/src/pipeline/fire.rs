//! From an occurrence to decisions and messages.

use moca_core::{
    campaign::{
        decide::{Decision, Verdict},
        moment::{Candidate, decide_moment},
        scene::{Actor, Scene},
    },
    event::{Event, TagChange},
    experience::{Experience, Target},
    id::{AppId, ExperienceId, Id, MessageId},
    presence::Occurrence,
    tally::Happening,
    webhook::Occasion,
    world::World,
};
use moca_storage::{
    StorageError,
    devices::{Batch, DecisionKey, InstanceState, InstanceTag, Message},
};
use moca_wire::decisions::Outcome;

use super::{
    instance::{self, audience, traits},
    person::Deciding,
};
use crate::metrics::Metrics;

/// What tells the ids of a row's decisions and messages apart.
const DECISION: u8 = 1;
const MESSAGE: u8 = 2;

/// The decisions of one row of the log: numbers them.
pub(crate) struct RowDecisions {
    seq: u64,
    next_index: u32,
    /// The record they follow from: its index in the row, and when the server took it.
    record: (u32, i64),
    /// What is to be counted of them.
    pub(crate) happened: Vec<(AppId, Happening)>,
    /// What their experiences were about.
    pub(crate) about: Vec<((AppId, ExperienceId), Target)>,
    /// The tags that they change.
    pub(crate) tagged: Vec<InstanceTag>,
    /// What fired and was not told webhooks yet, with its event time, ms since 1970.
    pub(crate) fired: Vec<(i64, Occasion)>,
}

impl RowDecisions {
    pub(crate) fn new(seq: u64) -> Self {
        Self {
            seq,
            next_index: 0,
            record: (0, 0),
            happened: Vec::new(),
            about: Vec::new(),
            tagged: Vec::new(),
            fired: Vec::new(),
        }
    }

    /// What is decided from now on follows from this record of the row.
    pub(crate) fn begin_record(&mut self, index: usize, received_at: i64) {
        self.record = (index as u32, received_at);
    }

    /// Lets the tags that decisions changed since there were so many of them take effect.
    pub(crate) fn tag(&mut self, state: &mut InstanceState, since: usize) {
        let fits = |one: &InstanceTag| instance::tag(state, &one.name, one.change);
        let new = self.tagged.split_off(since);
        self.tagged.extend(new.into_iter().filter(fits));
    }

    fn next(&mut self) -> DecisionKey {
        let index = self.next_index;
        self.next_index += 1;
        DecisionKey {
            seq: self.seq,
            index,
        }
    }
}

/// What became of an experience that waited for what happened to an instance.
pub(crate) struct Decided<'a> {
    pub(crate) experience: &'a Experience,
    /// What made its trigger true.
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) decision: Decision,
}

/// Decides on every experience of the instance's app that waits for what happened to it in one moment,
/// and notes in its state what fired. `event` is what made it happen, if an event did. The messages have
/// no ids yet.
pub(crate) fn decide(
    world: &World,
    state: &mut InstanceState,
    (moment, event): (&[Occurrence], Option<&Event>),
    deciding: &mut impl Deciding,
) -> Result<(), StorageError> {
    let Some(at_ms) = moment.first().map(Occurrence::at_ms) else {
        return Ok(());
    };
    let app_id = state.subject.app_id;
    let actor = Actor {
        app_id,
        time_zone: state.profile.time_zone.as_deref(),
        presence: &state.presence,
    };
    let scenes: Vec<Scene<'_>> = moment
        .iter()
        .filter_map(|occurrence| Scene::of(world, actor, occurrence, event))
        .collect();
    if scenes.is_empty() {
        return Ok(());
    }
    let candidates = Candidate::all(&scenes);
    let mut caps = std::mem::take(&mut state.caps);
    let audience = audience(state, world.segments(), world.privacy());
    let decided = decide_moment(&candidates, &audience, &mut caps, at_ms);
    state.caps = caps;
    let instance_id = state.subject.instance_id;
    for (index, verdict) in decided {
        let Candidate {
            campaign,
            experience,
            scene,
        } = candidates[index];
        let is_fired = verdict == Verdict::Fired;
        let decision = Decision {
            instance_id,
            campaign_id: campaign.id(),
            experience_id: experience.id(),
            trigger: experience.trigger.clone(),
            at_ms,
            verdict,
            message_id: None,
        };
        let decided = Decided {
            experience,
            scene,
            decision,
        };
        deciding.note(state, decided)?;
        state.message_count += u64::from(is_fired);
    }
    Ok(())
}

/// Decides as it happens: decisions are kept, and what fired goes into the inbox.
pub(crate) struct Firing<'a, 'b> {
    row: &'a mut RowDecisions,
    batch: &'a mut Batch<'b>,
    metrics: &'a Metrics,
    /// The tags that were changed before.
    tagged: usize,
}

impl<'a, 'b> Firing<'a, 'b> {
    /// For an event or a tick of the row at hand.
    pub(crate) fn new(
        row: &'a mut RowDecisions,
        batch: &'a mut Batch<'b>,
        metrics: &'a Metrics,
    ) -> Self {
        let tagged = row.tagged.len();
        Self {
            row,
            batch,
            metrics,
            tagged,
        }
    }
}

impl Deciding for Firing<'_, '_> {
    fn note(&mut self, state: &InstanceState, decided: Decided<'_>) -> Result<(), StorageError> {
        let Decided {
            experience,
            scene,
            mut decision,
        } = decided;
        self.metrics.decided(&decision.verdict);
        let app_id = state.subject.app_id;
        let at_ms = decision.at_ms;
        let key = self.row.next();
        if decision.verdict == Verdict::Fired {
            let message_id = MessageId(row_id(at_ms, MESSAGE, key));
            let message = message(message_id, experience, at_ms, state, scene, self.metrics);
            let (instance, index) = (state.subject.instance_id, state.message_count);
            self.batch.put_message(instance, index, &message)?;
            self.metrics.messages.inc();
            let tagged = tagged(experience, state, self.row.record);
            self.row.tagged.extend(tagged);
            decision.message_id = Some(message_id);
            if scene.world.has_webhooks() {
                let occasion = Occasion::Fired {
                    campaign_id: decision.campaign_id,
                    experience_id: decision.experience_id,
                    message_id,
                };
                self.row.fired.push((at_ms, occasion));
            }
        }
        self.batch.put_decision(app_id, key, &decision)?;
        let happened = happening(&decision).map(|happening| (app_id, happening));
        self.row.happened.extend(happened);
        let of = (app_id, decision.experience_id);
        let targets = decision.trigger.targets();
        self.row.about.extend(targets.map(|target| (of, target)));
        Ok(())
    }

    fn end(&mut self, state: &mut InstanceState) {
        self.row.tag(state, self.tagged);
    }
}

/// What is counted of a decision: nothing of one about a sensitive place, since how often its trigger
/// came true is how often people were there.
pub(crate) fn happening(decision: &Decision) -> Option<Happening> {
    let is_sensitive = matches!(decision.verdict, Verdict::SensitivePlace { .. });
    (!is_sensitive).then(|| Happening {
        campaign_id: decision.campaign_id,
        experience_id: decision.experience_id,
        word: Outcome::of(&decision.verdict).as_str().to_owned(),
        at_ms: decision.at_ms,
    })
}

/// The id of a decision: the same whenever its row is decided again.
pub(crate) fn decision_id(at_ms: i64, key: DecisionKey) -> Id {
    row_id(at_ms, DECISION, key)
}

/// A UUID of version 7 whose random part is the row (40 bits: 1 000 rows a second for 34 years), the
/// index within it (24 bits) and what it is the id of.
fn row_id(at_ms: i64, what: u8, key: DecisionKey) -> Id {
    let seq = key.seq.to_be_bytes();
    let index = key.index.to_be_bytes();
    let mut parts = [0; 10];
    // Bytes 0 and 2 keep only their low bits, the others are version and variant.
    parts[0] = what;
    parts[1] = index[1];
    parts[3..8].copy_from_slice(&seq[3..]);
    parts[8..].copy_from_slice(&index[2..]);
    Id::from_parts(at_ms, parts)
}

/// What [`row_id`] made an id of.
pub(crate) fn key_of(id: Id) -> DecisionKey {
    let mut seq = [0; 8];
    seq[3..].copy_from_slice(&id.0[9..14]);
    DecisionKey {
        seq: u64::from_be_bytes(seq),
        index: u32::from_be_bytes([0, id.0[7], id.0[14], id.0[15]]),
    }
}

fn message(
    message_id: MessageId,
    experience: &Experience,
    at_ms: i64,
    state: &InstanceState,
    scene: &Scene<'_>,
    metrics: &Metrics,
) -> Message {
    let action = &experience.action;
    let lang = state.profile.lang.as_deref();
    let texts = action.write(lang, &scene.facts(traits(state)));
    for failure in &texts.failures {
        metrics.texts_failed.inc();
        let experience_id = experience.id();
        tracing::debug!(%experience_id, %failure, "A text is sent without its tags");
    }
    Message {
        message_id,
        campaign_id: experience.campaign_id,
        experience_id: experience.id(),
        at_ms,
        action_type: action.type_name().to_owned(),
        content_type: action.content_type().to_owned(),
        locale: texts.locale.to_owned(),
        content: texts.content.unwrap_or_default(),
        bg_alert: texts.bg_alert,
        tag: action.tag().cloned(),
    }
}

/// The tag that an action changes.
pub(crate) fn tagged(
    experience: &Experience,
    state: &InstanceState,
    (record, received_at): (u32, i64),
) -> Option<InstanceTag> {
    let expression = experience.action.tag()?;
    Some(InstanceTag {
        subject: state.subject,
        record,
        received_at,
        name: expression.tag_name.clone(),
        change: TagChange::parse(&expression.tag_value)?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{DECISION, DecisionKey, MESSAGE, key_of, row_id};

    #[test]
    fn ids_differ_in_every_part_and_are_uuids_of_version_7() {
        let mut ids = BTreeSet::new();
        let mut made = 0;
        for seq in [1, 2, 0x100, 0xff_ffff_ffff] {
            for index in [0, 1, 0xff, 0x100, 0xffff, 0x1_0000, 0xff_ffff] {
                for what in [DECISION, MESSAGE] {
                    let id = row_id(1_772_323_200_000, what, DecisionKey { seq, index });
                    assert_eq!((id.0[6] >> 4, id.0[8] >> 6), (7, 2));
                    assert_eq!(key_of(id), DecisionKey { seq, index });
                    ids.insert(id);
                    made += 1;
                }
            }
        }
        assert_eq!(ids.len(), made);
    }
}
