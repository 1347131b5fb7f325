//! What can be asked of the pipeline, and its answers.

use std::collections::{BTreeSet, HashMap};

use moca_core::{
    campaign::{Campaign, decide::Decision},
    consent::Consents,
    event::{Profile, Record, Subject},
    experience::{Experience, Target},
    explain::{Check, Facts},
    geo::LatLon,
    id::{AppId, CampaignId, ExperienceId, Id, InstanceId, NotificationId, PlaceId},
    metric::Metric,
    notification::counts,
    privacy::Privacy,
    property::Properties,
    push::PushAddress,
    receipt::Receipts,
    segment::{Query, Segments},
    tally::Counts,
    time::{Range, Zone},
    user::User,
    world::World,
};
use moca_storage::devices::Message;
use moca_wire::decisions::Outcome;

/// What a device needs to talk to us.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Who it is.
    pub subject: Subject,
    /// True if the device key was known already: same instance, new token.
    pub again: bool,
}

/// How many events were new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Appended {
    /// On disk now.
    pub accepted: u64,
    /// Known by their id already.
    pub duplicates: u64,
}

/// An instance as the decide stage knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceView {
    /// Who.
    pub subject: Subject,
    /// First registration, ms since 1970.
    pub created_at: i64,
    /// When the server last heard of it, ms since 1970.
    pub last_seen_at: i64,
    /// The device.
    pub profile: Profile,
    /// Where it can be pushed to; for the device alone.
    pub push: Option<PushAddress>,
    /// Whether the app may know where the device is, as its system calls that.
    pub location_status: Option<String>,
    /// What the person agreed to, and what not.
    pub consents: Consents,
    /// Who is logged in.
    pub user_id: Option<String>,
    /// Properties.
    pub properties: Properties,
    /// Tags by name.
    pub tags: Vec<(String, f64)>,
    /// What it is inside, with the event time at which it entered.
    pub inside: Vec<(Target, i64)>,
}

/// Which instances to list.
#[derive(Debug, Clone, Default)]
pub struct InstanceQuery {
    /// That this user is or was logged in on.
    pub user_id: Option<String>,
    /// That a user with this text in their id, whatever its case, is or was logged in on.
    pub q: Option<String>,
    /// Index of the first.
    pub offset: i64,
    /// At most so many.
    pub limit: i64,
}

/// Which members of an app's audience to list.
#[derive(Debug, Clone)]
pub struct MemberQuery {
    /// Those for whom this holds.
    pub query: Query,
    /// The segments that it may name.
    pub segments: Segments,
    /// Index of the first.
    pub offset: i64,
    /// At most so many; 0 to have them counted only.
    pub limit: i64,
}

/// Whom a static segment is to hold.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// The instances, each once.
    pub subjects: Vec<Subject>,
    /// The places in the list of instances of those that the app does not have.
    pub unknown_instances: Vec<usize>,
    /// The places in the list of users of those that the app does not have.
    pub unknown_users: Vec<usize>,
}

/// What became of a static segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// Instances that belong to it now.
    pub count: usize,
    /// Those of them that did not before.
    pub added: usize,
    /// Those that do no more.
    pub removed: usize,
}

/// Which tags of an app to list.
#[derive(Debug, Clone, Default)]
pub struct TagQuery {
    /// With this text in their name, whatever its case.
    pub q: Option<String>,
    /// Index of the first.
    pub offset: i64,
    /// At most so many.
    pub limit: i64,
}

/// What is kept of an instance besides its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The users that are or were logged in on it.
    pub user_ids: Vec<String>,
    /// Event time of its first event, ms since 1970.
    pub first_event_at: Option<i64>,
}

/// What one row of the log tells of an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldRow {
    /// The row.
    pub seq: u64,
    /// Its records of the instance, in order.
    pub records: Vec<Record>,
}

/// Which users to list.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// With this text in their id, whatever its case.
    pub q: Option<String>,
    /// Index of the first.
    pub offset: i64,
    /// At most so many.
    pub limit: i64,
}

/// A user of an app.
#[derive(Debug, Clone, PartialEq)]
pub struct UserView {
    /// The app's own id of the user.
    pub user_id: String,
    /// The app.
    pub app_id: AppId,
    /// What is kept of the user.
    pub user: User,
    /// Number of instances that the user is or was logged in on.
    pub instance_count: u64,
    /// The newest of them, the newest first.
    pub instances: Vec<UserInstance>,
}

/// An instance of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserInstance {
    /// Which one.
    pub instance_id: InstanceId,
    /// Whether the user is logged in on it now.
    pub logged_in: bool,
}

/// A page of something kept by the pipeline.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Items in all.
    pub total: i64,
    /// Items of the page.
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

/// Which experiences to count what happened to.
#[derive(Debug, Clone)]
pub struct ExperiencesQuery {
    /// The app.
    pub app_id: AppId,
    /// Those of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// This one.
    pub experience_id: Option<ExperienceId>,
}

/// An experience to which something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedExperience {
    /// Which one.
    pub experience_id: ExperienceId,
    /// All that it was about whenever something was decided about it.
    pub about: BTreeSet<Target>,
}

/// How often what happened, by the words of outcomes and kinds of receipts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExperienceCounts {
    /// In each of the ranges.
    pub ranges: Vec<Counts>,
    /// To each experience over all of them, by id.
    pub experiences: Vec<(ExperienceId, CampaignId, Counts)>,
}

/// Which notifications to count what happened to.
#[derive(Debug, Clone)]
pub struct NotificationsQuery {
    /// The app.
    pub app_id: AppId,
    /// Those of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// This one.
    pub notification_id: Option<NotificationId>,
}

/// How often what happened to notifications.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationCounts {
    /// In each of the ranges.
    pub ranges: Vec<counts::Counts>,
    /// To each notification over all of them, by id.
    pub notifications: Vec<(NotificationId, CampaignId, counts::Counts)>,
}

/// A message with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxMessage {
    /// The message.
    pub message: Message,
    /// What became of it.
    pub receipts: Receipts,
}

/// Decisions and instances by outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionCounts {
    /// Decisions.
    pub outcomes: Counts,
    /// Different instances.
    pub instances: Counts,
}

/// Why an experience fires for an instance, or does not.
#[derive(Debug, Clone)]
pub struct ExplainQuery {
    /// The instance.
    pub subject: Subject,
    /// The campaign.
    pub campaign: Campaign,
    /// The experience.
    pub experience: Experience,
    /// The segments that the campaign may be for.
    pub segments: Segments,
    /// The priorities of the app's campaigns that have one; not needed for a moment that is to come.
    pub priorities: HashMap<CampaignId, i64>,
    /// The moment, ms since 1970.
    pub at_ms: i64,
    /// The sensitive place that the trigger is about, or in which its zone or beacon is.
    pub sensitive: Option<PlaceId>,
    /// The privacy defaults of the account.
    pub privacy: Privacy,
    /// All that can hold it in what the trigger is about, or in any place if that is about none, and the
    /// experience.
    pub world: World,
    /// Whether the instance is to be looked at as it was then, and not as it is.
    pub is_past: bool,
}

/// Where an instance may have been at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Whereabouts {
    /// The places that it is in now.
    pub places: Vec<PlaceId>,
    /// Where it was until then, the newest first, if that is past; none close to another.
    pub fixes: Vec<LatLon>,
}

/// What the rules say.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The zone of hours and days.
    pub zone: Zone,
    /// Of each part of the trigger, which is its only part unless it is a composite.
    pub parts: Vec<Part>,
    /// Every rule, in the order in which they are asked.
    pub checks: Vec<Check>,
    /// The values that they compare.
    pub facts: Facts,
    /// What was decided until the moment, by outcome.
    pub outcomes: Counts,
    /// The newest of these decisions.
    pub last: Option<KeptDecision>,
}

/// How a part of a trigger stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// When the instance entered what it is about, if it was in it, ms since 1970.
    pub entered_at: Option<i64>,
    /// Whether it holds. What waits for an event never does but in the moment of one.
    pub holds: bool,
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
    /// With this outcome.
    pub outcome: Option<Outcome>,
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

/// How far the stages have come, in sequence numbers of the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The newest row that is on disk.
    pub last_seq: u64,
    /// The newest row whose inbox, decisions and states are written.
    pub decided_seq: u64,
    /// The newest row whose sets are written.
    pub counted_seq: u64,
    /// The newest row whose instances, users and tags are listed.
    pub listed_seq: u64,
}
