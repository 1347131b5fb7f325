//! The status life of a campaign: Draft, then Scheduled, Running and Finished by its times; Stopped
//! and Archived by hand.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{CampaignConfig, CampaignType};

/// What start, stop and archive left behind, with the moment they did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// The last of the four.
    pub phase: Phase,
    /// When, ms since 1970.
    pub since_ms: i64,
}

/// The stored part of the status; `Started` becomes Scheduled, Running or Finished by the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Never started.
    Draft,
    /// Started.
    Started,
    /// Stopped by hand.
    Stopped,
    /// Its end passed; kept so that a later extension does not run it again by itself.
    Finished,
    /// Put away.
    Archived,
}

impl Phase {
    /// The word it is stored and searched by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Started => "Started",
            Self::Stopped => "Stopped",
            Self::Finished => "Finished",
            Self::Archived => "Archived",
        }
    }
}

/// The status as the API shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Never started.
    Draft,
    /// Started, before `startAt`.
    Scheduled,
    /// Started, between `startAt` and `endAt`.
    Running,
    /// Started, after `endAt`.
    Finished,
    /// Stopped by hand.
    Stopped,
    /// Put away.
    Archived,
}

impl Status {
    /// All of them, in the order of a campaign's life.
    pub const ALL: [Self; 6] = [
        Self::Draft,
        Self::Scheduled,
        Self::Running,
        Self::Finished,
        Self::Stopped,
        Self::Archived,
    ];

    /// The status with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Scheduled => "Scheduled",
            Self::Running => "Running",
            Self::Finished => "Finished",
            Self::Stopped => "Stopped",
            Self::Archived => "Archived",
        }
    }
}

/// What a campaign has to fire, or to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// Nothing.
    None,
    /// Experiences that are all disabled.
    Disabled,
    /// An experience that is enabled, or a notification.
    Some,
}

/// Why a campaign cannot be started, stopped, archived or made one of another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing could ever fire.
    #[error("the campaign has no experience: add one")]
    NoExperience,
    /// Nothing fires before one is enabled.
    #[error("all experiences of the campaign are disabled: enable one")]
    NoneEnabled,
    /// A `Push` campaign without anything to push.
    #[error("the campaign has nothing to send: add a notification")]
    NothingToSend,
    /// What it has a `Push` campaign cannot have.
    #[error(
        "the campaign has {}, which one of another type cannot have: delete them first", .0.parts()
    )]
    HasParts(CampaignType),
    /// It would address nobody.
    #[error("the query of its segment cannot be evaluated: put a query that can into the segment")]
    SegmentUnfit,
    /// It would be finished at once.
    #[error("`endAt` has passed: move it into the future")]
    EndPassed,
    /// It was started already.
    #[error("the campaign is {} already", .0.as_str())]
    AlreadyStarted(Status),
    /// Only what is scheduled or running can be stopped.
    #[error("the campaign is {}: only a Scheduled or Running one can be stopped", .0.as_str())]
    NotStarted(Status),
    /// What is scheduled or running must be stopped first.
    #[error("the campaign is {}: stop it first", .0.as_str())]
    StillStarted(Status),
    /// It was archived already.
    #[error("the campaign is Archived already")]
    AlreadyArchived,
}

impl Lifecycle {
    /// That of a new campaign.
    pub const fn draft(now_ms: i64) -> Self {
        Self {
            phase: Phase::Draft,
            since_ms: now_ms,
        }
    }

    /// The status at an instant, and since when it is so (ms since 1970).
    pub fn status(&self, config: &CampaignConfig, at_ms: i64) -> (Status, i64) {
        let since_ms = self.since_ms;
        match self.phase {
            Phase::Draft => (Status::Draft, since_ms),
            Phase::Stopped => (Status::Stopped, since_ms),
            Phase::Finished => (Status::Finished, since_ms),
            Phase::Archived => (Status::Archived, since_ms),
            Phase::Started => match config.end_at {
                Some(end_at) if at_ms >= end_at => (Status::Finished, end_at),
                _ if at_ms >= config.start_at => (Status::Running, since_ms.max(config.start_at)),
                _ => (Status::Scheduled, since_ms),
            },
        }
    }

    /// All that the status is in some time (ms since 1970, both ends included) in which nobody changes it.
    pub fn statuses(&self, config: &CampaignConfig, during: RangeInclusive<i64>) -> Vec<Status> {
        let edges = [Some(config.start_at), config.end_at];
        let within = edges.into_iter().flatten().filter(|at| during.contains(at));
        let moments = [*during.start(), *during.end()].into_iter().chain(within);
        let mut statuses = Vec::new();
        for at_ms in moments {
            let (status, _) = self.status(config, at_ms);
            if !statuses.contains(&status) {
                statuses.push(status);
            }
        }
        statuses
    }

    /// Starts, or gives every reason why not. `parts` is what the campaign has to fire or send,
    /// `segment_fits` whether its segment, if it has one, can be evaluated.
    pub fn start(
        &self,
        config: &CampaignConfig,
        parts: Parts,
        segment_fits: bool,
        now_ms: i64,
    ) -> Result<Self, Vec<Refusal>> {
        let mut refusals = Vec::new();
        let (status, _) = self.status(config, now_ms);
        if matches!(status, Status::Scheduled | Status::Running) {
            refusals.push(Refusal::AlreadyStarted(status));
        }
        match (parts, config.kind) {
            (Parts::Some, _) => {}
            (Parts::Disabled, _) => refusals.push(Refusal::NoneEnabled),
            (Parts::None, CampaignType::Proximity) => refusals.push(Refusal::NoExperience),
            (Parts::None, CampaignType::Push) => refusals.push(Refusal::NothingToSend),
        }
        if !segment_fits {
            refusals.push(Refusal::SegmentUnfit);
        }
        if config.end_at.is_some_and(|end_at| now_ms >= end_at) {
            refusals.push(Refusal::EndPassed);
        }
        if refusals.is_empty() {
            Ok(Self {
                phase: Phase::Started,
                since_ms: now_ms,
            })
        } else {
            Err(refusals)
        }
    }

    /// Stops, or says why not.
    pub fn stop(&self, config: &CampaignConfig, now_ms: i64) -> Result<Self, Vec<Refusal>> {
        match self.status(config, now_ms).0 {
            Status::Scheduled | Status::Running => Ok(Self {
                phase: Phase::Stopped,
                since_ms: now_ms,
            }),
            status => Err(vec![Refusal::NotStarted(status)]),
        }
    }

    /// Puts away, or says why not.
    pub fn archive(&self, config: &CampaignConfig, now_ms: i64) -> Result<Self, Vec<Refusal>> {
        match self.status(config, now_ms).0 {
            status @ (Status::Scheduled | Status::Running) => {
                Err(vec![Refusal::StillStarted(status)])
            }
            Status::Archived => Err(vec![Refusal::AlreadyArchived]),
            Status::Draft | Status::Finished | Status::Stopped => Ok(Self {
                phase: Phase::Archived,
                since_ms: now_ms,
            }),
        }
    }

    /// Whether a campaign with so many experiences or notifications can become one of another type, or every reason
    /// why not.
    pub fn change_type(
        &self,
        before: &CampaignConfig,
        to: CampaignType,
        n_parts: usize,
        now_ms: i64,
    ) -> Result<(), Vec<Refusal>> {
        if before.kind == to {
            return Ok(());
        }
        let mut refusals = Vec::new();
        let (status, _) = self.status(before, now_ms);
        if matches!(status, Status::Scheduled | Status::Running) {
            refusals.push(Refusal::StillStarted(status));
        }
        if n_parts > 0 {
            refusals.push(Refusal::HasParts(before.kind));
        }
        if refusals.is_empty() {
            Ok(())
        } else {
            Err(refusals)
        }
    }

    /// What is left when `before` is replaced by another config: a campaign that had finished stays
    /// finished, so that extending its end needs a new start (as documented).
    pub fn after_edit(&self, before: &CampaignConfig, now_ms: i64) -> Self {
        match self.status(before, now_ms) {
            (Status::Finished, since_ms) => Self {
                phase: Phase::Finished,
                since_ms,
            },
            _ => *self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(start_at: i64, end_at: i64) -> CampaignConfig {
        CampaignConfig {
            name: "Welcome".into(),
            description: None,
            kind: CampaignType::Proximity,
            segment_id: None,
            start_at,
            end_at: Some(end_at),
            group_id: None,
            display_cap: None,
            display_wait_ms: None,
            require_marketing_consent: None,
            recurrence: None,
            priority: None,
            holdout_percent: None,
        }
    }

    #[test]
    fn a_started_campaign_goes_by_its_times() {
        let config = config(100, 200);
        let started = Lifecycle::draft(10)
            .start(&config, Parts::Some, true, 50)
            .unwrap();
        for (at, expected) in [
            (50, (Status::Scheduled, 50)),
            (99, (Status::Scheduled, 50)),
            (100, (Status::Running, 100)),
            (199, (Status::Running, 100)),
            (200, (Status::Finished, 200)),
        ] {
            assert_eq!(started.status(&config, at), expected, "at {at}");
        }
        assert_eq!(
            Lifecycle::draft(10).status(&config, 150),
            (Status::Draft, 10)
        );
    }

    #[test]
    fn without_an_end_it_runs_on() {
        let endless = CampaignConfig {
            end_at: None,
            ..config(100, 0)
        };
        let started = Lifecycle {
            phase: Phase::Started,
            since_ms: 50,
        };
        assert_eq!(started.status(&endless, 99), (Status::Scheduled, 50));
        assert_eq!(started.status(&endless, i64::MAX), (Status::Running, 100));
        // An end that comes later holds, and what had finished does not run on without one.
        assert_eq!(started.status(&config(100, 200), 200).0, Status::Finished);
        let finished = started.after_edit(&config(100, 200), 300);
        assert_eq!(finished.status(&endless, 300), (Status::Finished, 200));
    }

    #[test]
    fn a_push_campaign_has_something_to_send_and_keeps_its_type() {
        let push = CampaignConfig {
            kind: CampaignType::Push,
            ..config(100, 200)
        };
        let draft = Lifecycle::draft(10);
        assert_eq!(
            draft.start(&push, Parts::None, true, 300),
            Err(vec![Refusal::NothingToSend, Refusal::EndPassed])
        );
        let endless = CampaignConfig {
            end_at: None,
            ..push
        };
        assert_eq!(
            draft.start(&endless, Parts::None, true, 300),
            Err(vec![Refusal::NothingToSend])
        );
        let proximity = config(100, 200);
        let running = draft.start(&proximity, Parts::Some, true, 150).unwrap();
        assert_eq!(
            running.change_type(&proximity, CampaignType::Push, 1, 150),
            Err(vec![
                Refusal::StillStarted(Status::Running),
                Refusal::HasParts(CampaignType::Proximity)
            ])
        );
        let change = |to, count| draft.change_type(&proximity, to, count, 150);
        assert_eq!(change(CampaignType::Push, 0), Ok(()));
        assert_eq!(change(CampaignType::Proximity, 1), Ok(()));
        let to_proximity = |count| draft.change_type(&endless, CampaignType::Proximity, count, 150);
        assert_eq!(to_proximity(0), Ok(()));
        let kept = vec![Refusal::HasParts(CampaignType::Push)];
        assert_eq!(to_proximity(1), Err(kept));
        assert!(draft.start(&endless, Parts::Some, true, 300).is_ok());
    }

    #[test]
    fn starting_names_every_reason_against_it() {
        let late = Lifecycle::draft(10).start(&config(100, 200), Parts::None, false, 300);
        let all = vec![
            Refusal::NoExperience,
            Refusal::SegmentUnfit,
            Refusal::EndPassed,
        ];
        assert_eq!(late, Err(all));
        let running = Lifecycle {
            phase: Phase::Started,
            since_ms: 0,
        };
        assert_eq!(
            running.start(&config(0, 200), Parts::Some, true, 100),
            Err(vec![Refusal::AlreadyStarted(Status::Running)])
        );
    }

    #[test]
    fn what_is_disabled_is_nothing_to_start() {
        let start = |parts| Lifecycle::draft(0).start(&config(0, 200), parts, true, 10);
        assert_eq!(start(Parts::Disabled), Err(vec![Refusal::NoneEnabled]));
        assert!(start(Parts::Some).is_ok());
    }

    #[test]
    fn an_extended_end_needs_a_new_start() {
        let (short, long) = (config(0, 200), config(0, 900));
        let started = Lifecycle::draft(0)
            .start(&short, Parts::Some, true, 10)
            .unwrap();
        assert_eq!(started.after_edit(&short, 100), started);
        let edited = started.after_edit(&short, 300);
        assert_eq!(edited.status(&long, 300), (Status::Finished, 200));
        let again = edited.start(&long, Parts::Some, true, 310).unwrap();
        assert_eq!(again.status(&long, 310), (Status::Running, 310));
    }

    #[test]
    fn stop_and_archive_ask_for_their_states() {
        let config = config(0, 200);
        let draft = Lifecycle::draft(0);
        assert_eq!(
            draft.stop(&config, 10),
            Err(vec![Refusal::NotStarted(Status::Draft)])
        );
        let running = draft.start(&config, Parts::Some, true, 10).unwrap();
        assert_eq!(
            running.archive(&config, 20),
            Err(vec![Refusal::StillStarted(Status::Running)])
        );
        let stopped = running.stop(&config, 20).unwrap();
        assert_eq!(stopped.status(&config, 300), (Status::Stopped, 20));
        let archived = stopped.archive(&config, 30).unwrap();
        assert_eq!(
            archived.archive(&config, 40),
            Err(vec![Refusal::AlreadyArchived])
        );
        assert_eq!(
            archived
                .start(&config, Parts::Some, true, 40)
                .unwrap()
                .status(&config, 40)
                .0,
            Status::Running
        );
    }
}
