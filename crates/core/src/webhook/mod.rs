//! Webhooks: addresses of somebody else's that are told what happens.

pub mod delivery;
pub mod event;

use serde::{Deserialize, Serialize};

pub use delivery::{Attempt, Delivery, Failure, Outcome, State};
pub use event::{HookEvent, Occasion, Pattern};

use crate::{
    app::PreviousSecret,
    id::{AppId, CampaignId, WebhookId},
    resource::Frame,
};

/// A webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// The frame.
    pub frame: Frame,
    /// What it signs with, sealed with the server's key.
    pub sealed_secret: Vec<u8>,
    /// The secret before, as long as it signs with both.
    pub previous_secret: Option<PreviousSecret>,
    /// Whether it is sent to, and since when.
    pub status: WebhookStatus,
    /// What a client sets.
    pub config: WebhookConfig,
}

impl Webhook {
    /// The id.
    pub fn id(&self) -> WebhookId {
        WebhookId(self.frame.id)
    }

    /// The secret before, if it signs with that too at this time.
    pub fn previous_secret_at(&self, now_ms: i64) -> Option<&PreviousSecret> {
        let previous = self.previous_secret.as_ref();
        previous.filter(|previous| now_ms < previous.until)
    }

    /// Whether an event that the server took at `event.received_at` is for it.
    pub fn wants(&self, event: &HookEvent) -> bool {
        let config = &self.config;
        // What was there before it was made, or while it was off, is not told afterwards.
        self.status.state == WebhookState::Active
            && event.received_at >= self.status.at
            && config.app_id.is_none_or(|app_id| app_id == event.app_id)
            && (config
                .campaign_id
                .is_none_or(|id| event.occasion.campaign_id() == Some(id)))
            && (config.format == Format::Standard || event.occasion.is_in_cloud_hook())
            && config
                .events
                .iter()
                .any(|pattern| pattern.matches(&event.occasion))
    }

    /// The webhook with another status at this time, as the server puts it.
    #[must_use]
    pub fn disabled(mut self, reason: DisabledReason, now_ms: i64) -> Self {
        self.config.enabled = false;
        self.status = WebhookStatus {
            state: WebhookState::Disabled,
            at: now_ms,
            reason: Some(reason),
        };
        self
    }
}

/// What a client sets on a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookConfig {
    /// Name.
    pub name: String,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// Where to send to; `https` only.
    pub url: String,
    /// What the body looks like.
    #[serde(default)]
    pub format: Format,
    /// Which events it is told of.
    pub events: Vec<Pattern>,
    /// Only those of this app.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub app_id: Option<AppId>,
    /// Only those of this campaign.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub campaign_id: Option<CampaignId>,
    /// Whether it is sent to.
    pub enabled: bool,
}

/// What the body of a delivery looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// `type`, `timestamp` and `data`, as Standard Webhooks recommends.
    #[default]
    Standard,
    /// The array of events of MOCA's Cloud-Hook.
    CloudHook,
}

impl Format {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Standard, Self::CloudHook];

    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::CloudHook => "CloudHook",
        }
    }

    /// The format with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// Whether a webhook is sent to, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookStatus {
    /// Whether it is.
    pub state: WebhookState,
    /// Since when, ms since 1970.
    pub at: i64,
    /// Why the server disabled it; nothing if a client did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<DisabledReason>,
}

impl WebhookStatus {
    /// The status of a webhook that a client saved so at this time, with the one it had before.
    pub fn saved(enabled: bool, before: Option<Self>, now_ms: i64) -> Self {
        let state = match enabled {
            true => WebhookState::Active,
            false => WebhookState::Disabled,
        };
        match before {
            Some(before) if before.state == state => before,
            _ => Self {
                state,
                at: now_ms,
                reason: None,
            },
        }
    }
}

/// Whether a webhook is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WebhookState {
    /// It is.
    Active,
    /// It is not.
    Disabled,
}

impl WebhookState {
    /// The words of both.
    pub const WORDS: [&'static str; 2] = ["Active", "Disabled"];
}

/// Why the server disabled a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DisabledReason {
    /// The receiver answered 410: it wants nothing more.
    Gone,
    /// No delivery succeeded for days.
    Failing,
}

impl DisabledReason {
    /// The words of both.
    pub const WORDS: [&'static str; 2] = ["Gone", "Failing"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        experience::{Direction, Target},
        id::{AccountId, Id, InstanceId, PlaceId},
    };

    fn hook() -> Webhook {
        let frame = Frame {
            account_id: AccountId(Id([1; 16])),
            id: Id([2; 16]),
            created_at: 0,
            updated_at: 0,
            revision: 1,
        };
        Webhook {
            frame,
            sealed_secret: Vec::new(),
            previous_secret: None,
            status: WebhookStatus::saved(true, None, 1_000),
            config: WebhookConfig {
                name: "Shop".into(),
                description: None,
                url: "https://example.com/".into(),
                format: Format::Standard,
                events: vec![Pattern::parse("place.*").unwrap()],
                app_id: None,
                campaign_id: None,
                enabled: true,
            },
        }
    }

    fn entered() -> HookEvent {
        HookEvent {
            app_id: AppId(Id([3; 16])),
            instance_id: InstanceId(Id([4; 16])),
            user_id: None,
            at_ms: 5,
            received_at: 1_000,
            position: None,
            occasion: Occasion::Crossed {
                direction: Direction::Enter,
                target: Target::Place(PlaceId(Id([5; 16]))),
                dwell_ms: None,
            },
        }
    }

    #[test]
    fn it_wants_what_its_filters_let_through_since_it_is_on() {
        let event = entered();
        assert!(hook().wants(&event));
        let narrowed: [fn(&mut Webhook); 5] = [
            |it| it.config.events = vec![Pattern::parse("zone.*").unwrap()],
            |it| it.config.app_id = Some(AppId(Id([9; 16]))),
            |it| it.config.campaign_id = Some(CampaignId(Id([9; 16]))),
            |it| it.status.at = 1_001,
            |it| *it = it.clone().disabled(DisabledReason::Gone, 900),
        ];
        for narrow in narrowed {
            let mut hook = hook();
            narrow(&mut hook);
            assert!(!hook.wants(&event), "{hook:?}");
        }
        let mut own = hook();
        own.config.app_id = Some(event.app_id);
        assert!(own.wants(&event));
    }

    #[test]
    fn a_cloud_hook_gets_what_its_body_can_say() {
        let mut hook = hook();
        hook.config.events = vec![Pattern::parse("*").unwrap()];
        hook.config.format = Format::CloudHook;
        assert!(hook.wants(&entered()));
        let logged_out = HookEvent {
            occasion: Occasion::LoggedOut,
            ..entered()
        };
        assert!(!hook.wants(&logged_out));
        hook.config.format = Format::Standard;
        assert!(hook.wants(&logged_out));
    }

    #[test]
    fn a_status_keeps_its_moment_and_reason_until_it_is_another() {
        let first = WebhookStatus::saved(true, None, 1);
        assert_eq!(WebhookStatus::saved(true, Some(first), 2), first);
        let off = hook().disabled(DisabledReason::Failing, 3).status;
        assert_eq!(WebhookStatus::saved(false, Some(off), 4), off);
        let on = WebhookStatus::saved(true, Some(off), 5);
        assert_eq!(
            (on.state, on.at, on.reason),
            (WebhookState::Active, 5, None)
        );
    }
}
