//! The event pipeline: ingest → decide → count.

use std::{path::Path, sync::Arc};

use moca_core::{
    campaign::decide::Decision,
    clock::{Clock, Random},
    event::{Change, Event, Profile, Subject},
    experience::{Target, TargetKind},
    id::{AccountId, AppId, CampaignId, ExperienceId, Id, InstanceId, MessageId},
    metric::Metric,
    property::Properties,
    time::Range,
};
use moca_storage::{StorageError, control::Control};

/// The running pipeline. Cheap to clone; dropping it does not stop it, [`Engine::shutdown`] does.
#[derive(Clone)]
pub struct Engine {}

/// What a device needs to talk to us.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Who it is.
    pub subject: Subject,
    /// True if the device key was known already: same instance, new token.
    pub again: bool,
}

/// How many events were new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// On disk now.
    pub accepted: u64,
    /// Known by their id already.
    pub duplicates: u64,
}

/// A fired action in an inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Id.
    pub message_id: MessageId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experience.
    pub experience_id: ExperienceId,
    /// Event time of the trigger, ms since 1970.
    pub at_ms: i64,
    /// `@type` of the action.
    pub action_type: String,
    /// `contentType` of the action.
    pub content_type: String,
    /// The locale chosen (`default` or a tag).
    pub locale: String,
    /// The text in that locale.
    pub content: String,
    /// The background alert in the best locale, if there is one.
    pub bg_alert: Option<String>,
}

/// An instance as the decide stage knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceView {
    /// Who.
    pub subject: Subject,
    /// First registration, ms since 1970.
    pub created_at: i64,
    /// The device.
    pub profile: Profile,
    /// Who is logged in.
    pub user_id: Option<String>,
    /// Properties.
    pub properties: Properties,
    /// Tags by name.
    pub tags: Vec<(String, f64)>,
}

/// A page of something kept by the pipeline.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Items in all.
    pub total: i64,
    /// Items of the page, oldest first.
    pub items: Vec<T>,
}

/// What to count.
#[derive(Debug, Clone)]
pub struct CountQuery {
    /// The app.
    pub app_id: AppId,
    /// The metric.
    pub metric: Metric,
    /// Only this place, zone or beacon; visitors only.
    pub target: Option<Target>,
}

/// Which decisions to list.
#[derive(Debug, Clone, Default)]
pub struct DecisionQuery {
    /// Of this instance.
    pub instance_id: Option<InstanceId>,
    /// Of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// Of this experience.
    pub experience_id: Option<ExperienceId>,
    /// Event times within.
    pub range: Option<Range>,
    /// Index of the first.
    pub offset: i64,
    /// At most so many.
    pub limit: i64,
}

/// A decision with the id it is kept under.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptDecision {
    /// Id.
    pub id: Id,
    /// The decision.
    pub decision: Decision,
}

/// Why the pipeline could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The queue is full, or the readers lag too far behind: repeat later.
    #[error("the pipeline is overloaded")]
    Overloaded,
    /// The pipeline is stopping.
    #[error("the pipeline is stopping")]
    Stopping,
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
}

/// How far the stages have come, in sequence numbers of the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The newest row that is on disk.
    pub last_seq: u64,
    /// The newest row whose inbox, decisions and states are written.
    pub decided_seq: u64,
    /// The newest row whose sets are written.
    pub counted_seq: u64,
}

#[expect(unused_variables, clippy::todo, reason = "skeleton")]
impl Engine {
    /// `Err` with the reason once a stage has failed; the pipeline then takes nothing more.
    pub fn healthy(&self) -> Result<(), String> {
        todo!()
    }
    /// How far the stages have come.
    pub fn progress(&self) -> Progress {
        todo!()
    }
    /// Appends a clock record if a timer of a silent device is due. The engine does this by itself
    /// about once a second; tests, whose clocks stand still, call it.
    pub async fn tick(&self) -> Result<(), EngineError> {
        todo!()
    }
    /// Opens the event log and the device store under `data_dir`, folds what the last run left
    /// unfolded, and starts the stages.
    pub async fn start(
        data_dir: &Path,
        control: Control,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, EngineError> {
        todo!()
    }
    /// Takes nothing new, works off what was acknowledged, closes the stores.
    pub async fn shutdown(&self) -> Result<(), EngineError> {
        todo!()
    }
    /// Registers an instance, or registers it again; durable when it returns.
    pub async fn register(
        &self,
        account_id: AccountId,
        app_id: AppId,
        device_key: Option<&str>,
        token_hash: [u8; 32],
        profile: Profile,
    ) -> Result<Registered, EngineError> {
        todo!()
    }
    /// The instance this token belongs to.
    pub async fn authenticate(
        &self,
        token_hash: &[u8; 32],
    ) -> Result<Option<Subject>, EngineError> {
        todo!()
    }
    /// Appends a change other than an event; durable when it returns.
    pub async fn change(&self, subject: Subject, change: Change) -> Result<(), EngineError> {
        todo!()
    }
    /// Appends the events that are new; durable when it returns.
    pub async fn events(
        &self,
        subject: Subject,
        events: Vec<Event>,
    ) -> Result<Appended, EngineError> {
        todo!()
    }
    /// The instance with all changes acknowledged before this call.
    pub async fn instance(&self, subject: Subject) -> Result<Option<InstanceView>, EngineError> {
        todo!()
    }
    /// The inbox of an instance, with all events acknowledged before this call decided.
    pub async fn messages(
        &self,
        subject: Subject,
        offset: i64,
        limit: i64,
    ) -> Result<Page<Message>, EngineError> {
        todo!()
    }
    /// Decisions of an app, with all events acknowledged before this call decided.
    pub async fn decisions(
        &self,
        app_id: AppId,
        query: &DecisionQuery,
    ) -> Result<Page<KeptDecision>, EngineError> {
        todo!()
    }
    /// Distinct instances in each range, with all events acknowledged before this call counted.
    pub async fn count(
        &self,
        query: &CountQuery,
        ranges: &[Range],
    ) -> Result<Vec<u64>, EngineError> {
        todo!()
    }
    /// Visitors by place, zone or beacon over a range, most visited first.
    pub async fn visitors_by_target(
        &self,
        app_id: AppId,
        kind: TargetKind,
        range: Range,
        limit: usize,
    ) -> Result<Vec<(Target, u64)>, EngineError> {
        todo!()
    }
}
