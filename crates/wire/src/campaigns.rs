//! Campaigns.

use moca_core::{
    campaign::{self, CampaignConfig, CampaignType, Recurrence, Status},
    id::{AppId, CampaignId},
    limits::{DISPLAY_CAP_MAX, DISPLAY_WAIT_MS_MAX, PRIORITY_MAX, TEXT_CHARS_MAX},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    fault::FaultCode,
    mention::Body,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    values,
};

/// A campaign as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub campaign_id: CampaignId,
    /// The app.
    pub app_id: AppId,
    /// What a client sets.
    pub config: CampaignConfig,
    /// The status at the time of the answer.
    pub status: Status,
    /// Since when it has that status, ms since 1970.
    pub status_at: i64,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CampaignInput {
    /// The app.
    pub app_id: AppId,
    /// What it sets.
    pub config: CampaignConfig,
}

impl Resource for Campaign {
    const PATH: &'static str = "/v2/campaigns";
    type Input = CampaignInput;
}

impl Campaign {
    /// The answer for a campaign that has `status` since `status_at`.
    pub fn new(campaign: &campaign::Campaign, status: Status, status_at: i64) -> Self {
        Self {
            created_at: campaign.frame.created_at,
            updated_at: campaign.frame.updated_at,
            campaign_id: campaign.id(),
            app_id: campaign.app_id,
            config: campaign.config.clone(),
            status,
            status_at,
        }
    }
}

impl Described for Campaign {
    const NAME: &'static str = "Campaign";

    fn schema() -> Schema {
        let more = [
            schema::parent("appId", "The app."),
            schema::owned(
                "status",
                status_schema(),
                "The status at the time of the answer.",
            ),
            schema::owned(
                "statusAt",
                schema::moment(),
                "Since when it has that status.",
            ),
        ];
        schema::resource("campaignId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
            "appId": "AZuN58uAcACAAAAAAAAAEQ",
            "config": {
                "name": "Welcome",
                "description": "Greets those who come to the old town.",
                "type": "Proximity",
                "segmentId": "AZuN58uAcACAAAAAAAAAsQ",
                "startAt": 1_767_600_000_000_i64,
                "endAt": 4_102_444_800_000_i64,
                "groupId": "AZuN58uAcACAAAAAAAAAWQ",
                "displayCap": 5,
                "displayWaitMs": 3_600_000,
                "requireMarketingConsent": true,
                "recurrence": {"hoursOfDay": [9, 10, 11, 12], "daysOfWeek": [1, 7]},
                "priority": 10,
                "holdoutPercent": 5,
            },
            "status": "Draft",
            "statusAt": 1_767_614_400_000_i64,
        })
    }
}

/// The status of a campaign.
pub(crate) fn status_schema() -> Schema {
    schema::words(&[
        "Draft",
        "Scheduled",
        "Running",
        "Finished",
        "Stopped",
        "Archived",
    ])
}

fn config_schema() -> Schema {
    let note = "First moment it no longer may; after `startAt`.";
    let end = schema::required("endAt", schema::moment(), note);
    let note = "First moment it no longer may, after `startAt`; without, it has no end.";
    let end_if_any = schema::optional("endAt", schema::moment(), note);
    let common = [
        schema::required("name", schema::name(), "Name."),
        schema::optional("description", schema::text(TEXT_CHARS_MAX), "Description."),
        schema::optional(
            "segmentId",
            schema::id(),
            "The segment of the app that it is for; everybody when absent.",
        ),
        schema::required("startAt", schema::moment(), "First moment it may fire."),
        schema::optional(
            "groupId",
            schema::id(),
            "The group it belongs to, of the same app.",
        ),
        schema::optional(
            "displayCap",
            schema::integer(1, DISPLAY_CAP_MAX),
            "How many experiences an instance may be shown at most.",
        ),
        schema::optional(
            "displayWaitMs",
            schema::integer(0, DISPLAY_WAIT_MS_MAX),
            "Milliseconds between two experiences for one instance at least.",
        ),
        schema::optional(
            "requireMarketingConsent",
            schema::boolean(),
            "Whether it is only for those who agreed to marketing; as the account's `privacy` has it, if absent.",
        ),
        schema::optional(
            "recurrence",
            recurrence_schema(),
            "Hours and days in which it may fire, in the local time of the device.",
        ),
        schema::optional(
            "holdoutPercent",
            schema::integer(0, 100),
            "How many of a hundred instances get nothing of it: a control group that stays the same.",
        ),
    ];
    let priority = schema::optional(
        "priority",
        priority_schema(),
        "When several campaigns would fire in the same moment for a device, only those of the highest \
         priority do; 0 when absent.",
    );
    let kinds = [
        ("Proximity", vec![end, priority]),
        ("Push", vec![end_if_any]),
    ];
    schema::tagged("type", kinds, &common)
}

/// The priority of a campaign.
pub(crate) fn priority_schema() -> Schema {
    schema::integer(-PRIORITY_MAX, PRIORITY_MAX)
}

pub(crate) fn recurrence_schema() -> Schema {
    schema::object([
        schema::optional(
            "hoursOfDay",
            schema::set(schema::integer(0, 23), 24),
            "`[1, 2]` means 01:00 to 02:59; empty does not restrict.",
        ),
        schema::optional(
            "daysOfWeek",
            schema::set(schema::integer(1, 7), 7),
            "Sunday 1 to Saturday 7; empty does not restrict.",
        ),
    ])
    .titled("Recurrence")
}

/// Reads the body of a POST, or of a PUT on a campaign of `app`, which cannot change.
pub fn read(value: &Value, app: Option<AppId>) -> Body<CampaignInput> {
    read::managed(value, &["campaignId", "status", "statusAt"], |fields| {
        let app_id = fields.parent("appId", app);
        let config = fields.object("config", |fields| read_config(fields, app_id));
        Some(CampaignInput {
            app_id: app_id?,
            config: config?,
        })
    })
}

fn read_config(fields: &mut Fields<'_, '_>, app_id: Option<AppId>) -> Option<CampaignConfig> {
    let name = fields.required("name", values::name);
    let description = fields.optional("description", values::description);
    let kind = fields.required("type", values::word(&["Proximity", "Push"], campaign_type));
    let segment_id = fields.reference_in("segmentId", app_id);
    let start_at = fields.required("startAt", values::moment);
    let end_at = match kind {
        Some(CampaignType::Proximity) => fields.required("endAt", values::moment),
        Some(CampaignType::Push) | None => fields.optional("endAt", values::moment),
    };
    if let (Some(start_at), Some(end_at)) = (start_at, end_at)
        && end_at <= start_at
    {
        fields.fault(
            "endAt",
            FaultCode::OutOfRange,
            format!("expected a moment after startAt ({start_at})"),
        );
    }
    let group_id = fields.reference_in("groupId", app_id);
    let display_cap = fields.optional("displayCap", values::integer(1, DISPLAY_CAP_MAX));
    let display_wait_ms = fields.optional("displayWaitMs", values::integer(0, DISPLAY_WAIT_MS_MAX));
    let require_marketing_consent = fields.optional("requireMarketingConsent", values::boolean);
    let recurrence = fields.optional_object("recurrence", read_recurrence);
    let holdout_percent = fields.optional("holdoutPercent", values::integer(0, 100));
    let priority = match kind {
        Some(CampaignType::Push) => None,
        Some(CampaignType::Proximity) | None => {
            fields.optional("priority", values::integer(-PRIORITY_MAX, PRIORITY_MAX))
        }
    };
    if kind == Some(CampaignType::Proximity) {
        end_at?;
    }
    Some(CampaignConfig {
        name: name?,
        description,
        kind: kind?,
        segment_id,
        start_at: start_at?,
        end_at,
        group_id,
        display_cap,
        display_wait_ms,
        require_marketing_consent,
        recurrence,
        priority,
        holdout_percent,
    })
}

fn campaign_type(word: &str) -> Option<CampaignType> {
    let types = [CampaignType::Proximity, CampaignType::Push];
    types.into_iter().find(|kind| kind.as_str() == word)
}

fn read_recurrence(fields: &mut Fields<'_, '_>) -> Option<Recurrence> {
    let mut hours_of_day = fields.set("hoursOfDay", 24, values::integer(0, 23));
    let mut days_of_week = fields.set("daysOfWeek", 7, values::integer(1, 7));
    hours_of_day.sort_unstable();
    days_of_week.sort_unstable();
    Some(Recurrence {
        hours_of_day,
        days_of_week,
    })
}
