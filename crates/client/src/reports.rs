//! Analytics, decisions and estimates.

use moca_core::id::{
    AppId, CampaignId, ExperienceId, InstanceId, NotificationId, ReplayId, SegmentId,
};
use moca_wire::{
    analytics::{AnalyticsAnswer, Group},
    decisions::{Decision, DecisionSummary, Outcome},
    experience_analytics::ExperiencesAnswer,
    explain::Explanation,
    instances::KnownInstance,
    notification_analytics::NotificationsAnswer,
    page::Page,
    replays::{Replay, ReplayInput},
    segments::{Estimate, EstimateInput, Members, MembersInput},
    tags::SeenTag,
};
use reqwest::Method;

use crate::{call::Call, error::ClientError, manage::Client, query::Query};

/// What all questions of analytics say.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The app.
    pub app_id: AppId,
    /// First moment of the range, ms since 1970.
    pub from: i64,
    /// First moment after the range, ms since 1970.
    pub to: i64,
    /// `hour`, `day`, `week`, `month` or `none`.
    pub interval: &'static str,
    /// The IANA zone of the buckets.
    pub time_zone: Option<String>,
    /// What is counted on its own, in one of the words that the question has for it.
    pub group_by: Option<&'static str>,
}

impl Asked {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("appId", self.app_id.to_string()),
            ("from", self.from.to_string()),
            ("to", self.to.to_string()),
            ("interval", self.interval.to_owned()),
        ];
        pairs.extend(self.time_zone.clone().map(|zone| ("timeZone", zone)));
        pairs.extend(self.group_by.map(|kind| ("groupBy", kind.to_owned())));
        pairs
    }
}

/// A question about one metric.
#[derive(Debug, Clone)]
pub struct AnalyticsQuery {
    /// `active-users`, `new-users`, `returning-users` or `visitors`.
    pub metric: &'static str,
    /// What all questions say. Groups, for `visitors`: `place`, `zone` or `beacon`.
    pub asked: Asked,
    /// Only this place, zone or beacon; for `visitors`.
    pub target: Option<Group>,
}

impl AnalyticsQuery {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = self.asked.pairs();
        pairs.extend(self.target.map(|target| match target {
            Group::Place(id) => ("placeId", id.to_string()),
            Group::Zone(id) => ("zoneId", id.to_string()),
            Group::Beacon(id) => ("beaconId", id.to_string()),
        }));
        pairs
    }
}

/// A question about what became of triggers and messages.
#[derive(Debug, Clone)]
pub struct ExperiencesQuery {
    /// What all questions say. Groups: `experience` or `campaign`.
    pub asked: Asked,
    /// Only this campaign.
    pub campaign_id: Option<CampaignId>,
    /// Only this experience.
    pub experience_id: Option<ExperienceId>,
}

impl ExperiencesQuery {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = self.asked.pairs();
        pairs.extend(self.campaign_id.map(|id| ("campaignId", id.to_string())));
        let experience_id = self.experience_id.map(|id| id.to_string());
        pairs.extend(experience_id.map(|id| ("experienceId", id)));
        pairs
    }
}

/// A question about what became of notifications.
#[derive(Debug, Clone)]
pub struct NotificationsQuery {
    /// What all questions say. Groups: `notification` or `campaign`.
    pub asked: Asked,
    /// Only this campaign.
    pub campaign_id: Option<CampaignId>,
    /// Only this notification.
    pub notification_id: Option<NotificationId>,
}

impl NotificationsQuery {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = self.asked.pairs();
        pairs.extend(self.campaign_id.map(|id| ("campaignId", id.to_string())));
        let notification_id = self.notification_id.map(|id| id.to_string());
        pairs.extend(notification_id.map(|id| ("notificationId", id)));
        pairs
    }
}

/// Which decisions to list.
#[derive(Debug, Clone)]
pub struct DecisionQuery {
    /// The app.
    pub app_id: AppId,
    /// Of this instance.
    pub instance_id: Option<InstanceId>,
    /// Of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// Of this experience.
    pub experience_id: Option<ExperienceId>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Event times from here, ms since 1970.
    pub from: Option<i64>,
    /// Event times before this, ms since 1970.
    pub to: Option<i64>,
    /// Index of the first.
    pub offset: i64,
    /// At most so many.
    pub limit: i64,
}

impl DecisionQuery {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("appId", self.app_id.to_string()),
            ("offset", self.offset.to_string()),
            ("limit", self.limit.to_string()),
        ];
        let optional = [
            ("instanceId", self.instance_id.map(|id| id.to_string())),
            ("campaignId", self.campaign_id.map(|id| id.to_string())),
            ("experienceId", self.experience_id.map(|id| id.to_string())),
            ("outcome", self.outcome.map(|it| it.as_str().to_owned())),
            ("from", self.from.map(|at| at.to_string())),
            ("to", self.to.map(|at| at.to_string())),
        ];
        pairs.extend(
            optional
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?))),
        );
        pairs
    }
}

impl Client {
    /// Counts.
    pub async fn analytics(&self, query: &AnalyticsQuery) -> Result<AnalyticsAnswer, ClientError> {
        let call = Call::new(Method::GET, "/v2/analytics").segment(query.metric);
        self.send(&with(call, query.pairs())).await?.json()
    }

    /// Counts what became of triggers and messages.
    pub async fn experience_analytics(
        &self,
        query: &ExperiencesQuery,
    ) -> Result<ExperiencesAnswer, ClientError> {
        let call = Call::new(Method::GET, "/v2/analytics/experiences");
        self.send(&with(call, query.pairs())).await?.json()
    }

    /// Counts to how many notifications went, and what became of them.
    pub async fn notification_analytics(
        &self,
        query: &NotificationsQuery,
    ) -> Result<NotificationsAnswer, ClientError> {
        let call = Call::new(Method::GET, "/v2/analytics/notifications");
        self.send(&with(call, query.pairs())).await?.json()
    }

    /// Counts the instances for which a query holds.
    pub async fn estimate(&self, input: &EstimateInput) -> Result<Estimate, ClientError> {
        let call = Call::new(Method::POST, "/v2/segments/estimate").json(input)?;
        self.send(&call).await?.json()
    }

    /// The instances that are in a segment now.
    pub fn segment_instances(&self, segment: SegmentId) -> Query<KnownInstance> {
        let all = Query::new(self.clone(), "/v2/segments");
        all.below(segment).below("instances")
    }

    /// Lets a static segment hold these instances and users, and no others.
    pub async fn replace_segment_members(
        &self,
        segment: SegmentId,
        members: &MembersInput,
    ) -> Result<Members, ClientError> {
        let call = Call::new(Method::PUT, "/v2/segments")
            .segment(segment)
            .segment("members")
            .json(members)?;
        self.send(&call).await?.json()
    }

    /// The tags that instances of an app carry, declared or not, by name.
    pub fn seen_tags(&self, app: AppId) -> Query<SeenTag> {
        let all = Query::new(self.clone(), "/v2/tags");
        all.below("seen").filter("appId", app)
    }

    /// Runs a campaign over recorded history, beside other requests: what came of it is told by
    /// `GET /v2/replays/{replayId}`.
    pub async fn replay(
        &self,
        campaign: CampaignId,
        input: &ReplayInput,
    ) -> Result<Replay, ClientError> {
        let call = Call::new(Method::POST, "/v2/campaigns")
            .segment(campaign)
            .segment("replay")
            .json(input)?;
        self.send(&call).await?.json()
    }

    /// What a replay has decided so far, by time.
    pub fn replayed(&self, replay: ReplayId) -> Query<Decision> {
        let all = Query::new(self.clone(), "/v2/replays");
        all.below(replay).below("decisions")
    }

    /// How many decisions have which outcome; the page and outcome of the query do not matter.
    pub async fn decision_summary(
        &self,
        query: &DecisionQuery,
    ) -> Result<DecisionSummary, ClientError> {
        let call = Call::new(Method::GET, "/v2/decisions/summary");
        let mut pairs = query.pairs();
        pairs.retain(|(name, _)| !matches!(*name, "offset" | "limit" | "outcome"));
        self.send(&with(call, pairs)).await?.json()
    }

    /// Why an instance gets an experience or does not, now or at a moment (ms since 1970).
    pub async fn explain(
        &self,
        instance_id: InstanceId,
        experience_id: ExperienceId,
        at: Option<i64>,
    ) -> Result<Explanation, ClientError> {
        let mut call = Call::new(Method::GET, "/v2/instances")
            .segment(instance_id)
            .segment("explain")
            .query("experienceId", experience_id);
        if let Some(at) = at {
            call = call.query("at", at);
        }
        self.send(&call).await?.json()
    }

    /// A page of decisions, oldest first.
    pub async fn decisions(&self, query: &DecisionQuery) -> Result<Page<Decision>, ClientError> {
        let call = Call::new(Method::GET, "/v2/decisions");
        self.send(&with(call, query.pairs())).await?.json()
    }
}

fn with(call: Call, pairs: Vec<(&'static str, String)>) -> Call {
    pairs
        .into_iter()
        .fold(call, |call, (name, value)| call.query(name, value))
}
