//! Notifications: trigger, audience and action of what a campaign of type `Push` sends.

use std::collections::BTreeMap;

use moca_core::{
    id::{AppId, CampaignId, InstanceId, NotificationId},
    limits::{
        AUDIENCE_LIST_MAX, CODE_CHARS_MAX, MOMENT_MS_MAX, PROPERTY_NAME_CHARS_MAX,
        PROPERTY_TEXT_CHARS_MAX, PUSH_BADGE_MAX, PUSH_BODY_CHARS_MAX, PUSH_DATA_MAX,
        PUSH_TITLE_CHARS_MAX, TEXT_CHARS_MAX,
    },
    notification::{
        self, Audience, Failure, NotificationConfig, NotificationStatus, Options, PushAction,
        State, Trigger,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    actions::{TEXTS, read_texts, require_default, texts_schema},
    experiences::type_of,
    fault::FaultCode,
    links,
    mention::Body,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    values::{self, Reading, complain},
};

/// A notification as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub notification_id: NotificationId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What a client sets besides the parts below.
    pub config: NotificationConfig,
    /// When it is sent.
    pub trigger: Trigger,
    /// To whom.
    pub audience: Audience,
    /// What is sent.
    pub action: PushAction,
    /// How.
    pub options: Options,
    /// Where it stands.
    pub status: NotificationStatus,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationInput {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What it sets besides the parts below.
    pub config: NotificationConfig,
    /// When it is sent.
    pub trigger: Trigger,
    /// To whom.
    pub audience: Audience,
    /// What is sent.
    pub action: PushAction,
    /// How.
    pub options: Options,
}

impl Resource for Notification {
    const PATH: &'static str = "/v2/notifications";
    type Input = NotificationInput;
}

impl From<&notification::Notification> for Notification {
    fn from(notification: &notification::Notification) -> Self {
        Self {
            created_at: notification.frame.created_at,
            updated_at: notification.frame.updated_at,
            notification_id: notification.id(),
            campaign_id: notification.campaign_id,
            config: notification.config.clone(),
            trigger: notification.trigger,
            audience: notification.audience.clone(),
            action: notification.action.clone(),
            options: notification.options,
            status: notification.status.clone(),
        }
    }
}

/// Reads the body of a POST, or of a PUT on a notification of `campaign`, which cannot change.
/// `app` is that of the campaign, if it is known.
pub fn read(
    value: &Value,
    campaign: Option<CampaignId>,
    app: Option<AppId>,
) -> Body<NotificationInput> {
    read::managed(value, &["notificationId", "status"], |fields| {
        let campaign_id = fields.parent("campaignId", campaign);
        let config = fields.object("config", |fields| {
            let name = fields.required("name", values::name);
            let description = fields.optional("description", values::description);
            Some(NotificationConfig {
                name: name?,
                description,
            })
        });
        let trigger = fields.object("trigger", read_trigger);
        let audience = fields.object("audience", |fields| read_audience(fields, app));
        let action = fields.object("action", read_action);
        let options = fields.optional_object("options", |fields| {
            let draft = fields.optional("draft", values::boolean);
            let dry_run = fields.optional("dryRun", values::boolean);
            let default = Options::default();
            Some(Options {
                draft: draft.unwrap_or(default.draft),
                dry_run: dry_run.unwrap_or(default.dry_run),
            })
        });
        Some(NotificationInput {
            campaign_id: campaign_id?,
            config: config?,
            trigger: trigger?,
            audience: audience?,
            action: action?,
            options: options.unwrap_or_default(),
        })
    })
}

#[derive(Clone, Copy)]
enum TriggerType {
    Immediate,
    Scheduled,
}

const TRIGGER_TYPES: [(&str, TriggerType); 2] = [
    ("ImmediateTrigger", TriggerType::Immediate),
    ("ScheduledTrigger", TriggerType::Scheduled),
];

fn read_trigger(fields: &mut Fields<'_, '_>) -> Option<Trigger> {
    let Some(kind) = fields.required("@type", type_of(&TRIGGER_TYPES)) else {
        fields.take("at");
        return None;
    };
    Some(match kind {
        TriggerType::Immediate => Trigger::Immediate {},
        TriggerType::Scheduled => Trigger::Scheduled {
            at: fields.required("at", values::integer(0, MOMENT_MS_MAX))?,
        },
    })
}

#[derive(Clone, Copy)]
enum AudienceType {
    All,
    Segment,
    Instances,
    Users,
}

const AUDIENCE_TYPES: [(&str, AudienceType); 4] = [
    ("AllAudience", AudienceType::All),
    ("SegmentAudience", AudienceType::Segment),
    ("InstancesAudience", AudienceType::Instances),
    ("UsersAudience", AudienceType::Users),
];

fn read_audience(fields: &mut Fields<'_, '_>, app: Option<AppId>) -> Option<Audience> {
    let Some(kind) = fields.required("@type", type_of(&AUDIENCE_TYPES)) else {
        // Without the type nobody can say which of these belong there.
        for key in ["segmentId", "instanceIds", "userIds"] {
            fields.take(key);
        }
        return None;
    };
    Some(match kind {
        AudienceType::All => Audience::All {},
        AudienceType::Segment => {
            fields.require("segmentId", "expected the id of a segment");
            Audience::Segment {
                segment_id: fields.reference_in("segmentId", app)?,
            }
        }
        AudienceType::Instances => Audience::Instances {
            instance_ids: listed::<InstanceId>(fields, "instanceIds", values::id),
        },
        AudienceType::Users => Audience::Users {
            user_ids: listed(fields, "userIds", values::line(CODE_CHARS_MAX)),
        },
    })
}

/// A list of different values. It may be empty, and is when all whom it named were erased.
fn listed<T: PartialEq>(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    read: impl Fn(&Value) -> Reading<T>,
) -> Vec<T> {
    let expected = format!("expected a list of at most {AUDIENCE_LIST_MAX} items");
    fields.require(key, &expected);
    fields.set(key, AUDIENCE_LIST_MAX, read)
}

/// There is one kind of action today; others may come.
const ACTION_TYPES: [(&str, ()); 1] = [("SendPushAction", ())];

fn read_action(fields: &mut Fields<'_, '_>) -> Option<PushAction> {
    let kind = fields.required("@type", type_of(&ACTION_TYPES));
    let title = read_texts(fields, "title", values::line(PUSH_TITLE_CHARS_MAX));
    let body = read_texts(fields, "body", body_text);
    fields.require("body", "expected an object with a text under `default`");
    require_default(fields, "title");
    require_default(fields, "body");
    let link = fields.optional("link", links::any_url);
    let image = fields.optional("image", links::web_url);
    let sound = fields.optional("sound", values::code);
    let badge = fields.optional("badge", values::integer(0, PUSH_BADGE_MAX));
    let data = read_data(fields);
    kind?;
    Some(PushAction {
        title: title.unwrap_or_default(),
        body: body?,
        link,
        image,
        sound,
        badge,
        data,
    })
}

fn body_text(value: &Value) -> Reading<String> {
    let text = values::text(PUSH_BODY_CHARS_MAX)(value)?;
    if text.trim().is_empty() {
        let detail = format!("expected a text of 1 to {PUSH_BODY_CHARS_MAX} characters");
        return complain(FaultCode::TooShort, detail);
    }
    Ok(text)
}

fn read_data(fields: &mut Fields<'_, '_>) -> BTreeMap<String, String> {
    let mut data = BTreeMap::new();
    for (name, value) in fields.map("data", PUSH_DATA_MAX).into_iter().flatten() {
        let read = data_name(name).and_then(|()| values::text(PROPERTY_TEXT_CHARS_MAX)(value));
        match read {
            Ok(text) => drop(data.insert(name.clone(), text)),
            Err(complaint) => fields.fault_inside("data", name, complaint),
        }
    }
    data
}

/// Words that push services keep for themselves are refused by them (Firebase: `from`, `google…`,
/// `gcm…`), and `moca` is ours.
fn data_name(name: &str) -> Reading<()> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_kept = ["from", "message_type", "collapse_key", "moca", "aps"].contains(&name)
        || name.starts_with("google")
        || name.starts_with("gcm");
    let fits =
        !name.is_empty() && name.len() <= PROPERTY_NAME_CHARS_MAX && name.chars().all(is_word);
    if fits && !is_kept {
        return Ok(());
    }
    let detail = format!(
        "expected a name of 1 to {PROPERTY_NAME_CHARS_MAX} of A-Z a-z 0-9 _ - . which is not one of aps, \
         collapse_key, from, message_type and moca and does not begin with gcm or google"
    );
    complain(FaultCode::InvalidFormat, detail)
}

impl Described for Notification {
    const NAME: &'static str = "Notification";

    fn schema() -> Schema {
        let more = [
            schema::parent("campaignId", "The campaign, of type `Push`."),
            schema::required("trigger", trigger_schema(), "When it is sent."),
            schema::required("audience", audience_schema(), "To whom."),
            schema::required("action", action_schema(), "What is sent."),
            schema::defaulted(
                "options",
                options_schema(),
                json!({"draft": true, "dryRun": false}),
                "How.",
            ),
            schema::owned("status", status_schema(), "Where it stands."),
        ];
        let config = schema::object([
            schema::required("name", schema::name(), "Name."),
            schema::optional("description", schema::text(TEXT_CHARS_MAX), "Description."),
        ]);
        schema::resource("notificationId", more, config)
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "notificationId": "AZuN58uAcACAAAAAAAAAgQ",
            "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
            "config": {"name": "Late opening", "description": "The museum is open until ten."},
            "trigger": {"@type": "ScheduledTrigger", "at": 1_767_632_400_000_i64},
            "audience": {"@type": "SegmentAudience", "segmentId": "AZuN58uAcACAAAAAAAAAsQ"},
            "action": {
                "@type": "SendPushAction",
                "title": {"default": "Open tonight", "es": "Abierto esta noche"},
                "body": {
                    "default": "The museum is open until ten.",
                    "es": "El museo abre hasta las diez.",
                },
                "link": "https://example.com/tonight",
                "image": "https://example.com/tonight.jpg",
                "sound": "default",
                "badge": 1,
                "data": {"exhibition": "7"},
            },
            "options": {"draft": true, "dryRun": false},
            "status": {
                "state": "Draft",
                "at": 1_767_614_400_000_i64,
                "targeted": 0,
                "heldOut": 0,
                "sent": 0,
                "accepted": 0,
                "failed": {},
            },
        })
    }
}

fn trigger_schema() -> Schema {
    let kinds = TRIGGER_TYPES.map(|(word, kind)| {
        let fields = match kind {
            TriggerType::Immediate => vec![],
            TriggerType::Scheduled => vec![schema::required(
                "at",
                schema::integer(0, MOMENT_MS_MAX).with_example(1_767_632_400_000_i64),
                "The first moment, milliseconds since 1970.",
            )],
        };
        (word, fields)
    });
    schema::tagged("@type", kinds, &[])
}

fn audience_schema() -> Schema {
    let kinds = AUDIENCE_TYPES.map(|(word, kind)| {
        let fields = match kind {
            AudienceType::All => vec![],
            AudienceType::Segment => {
                vec![schema::required(
                    "segmentId",
                    schema::id(),
                    "A segment of the app.",
                )]
            }
            AudienceType::Instances => vec![schema::required(
                "instanceIds",
                schema::set(schema::id(), AUDIENCE_LIST_MAX),
                "Instances of the app, each once; others are passed over. Who is erased is taken off.",
            )],
            AudienceType::Users => vec![schema::required(
                "userIds",
                schema::set(schema::code(), AUDIENCE_LIST_MAX),
                "Users of the app, each once: the instances that they are logged in on. Who is erased is taken off.",
            )],
        };
        (word, fields)
    });
    schema::tagged("@type", kinds, &[])
}

fn action_schema() -> Schema {
    let title = texts_schema(schema::line(PUSH_TITLE_CHARS_MAX)).with_names(&["default"]);
    let body =
        schema::filled_text(PUSH_BODY_CHARS_MAX).with_example("The museum is open until ten.");
    let fields = vec![
        schema::optional("title", title, "The first line, likewise."),
        schema::required("body", texts_schema(body).with_names(&["default"]), TEXTS),
        schema::optional("link", schema::absolute_url(), "What a tap opens."),
        schema::optional("image", schema::web_url(), "A picture."),
        schema::optional(
            "sound",
            schema::code(),
            "The name of a sound in the app, or `default`.",
        ),
        schema::optional(
            "badge",
            schema::integer(0, PUSH_BADGE_MAX),
            "The number on the icon of the app.",
        ),
        schema::defaulted(
            "data",
            schema::map(
                schema::matching("^[A-Za-z0-9_.-]+$").with_example("exhibition"),
                schema::text(PROPERTY_TEXT_CHARS_MAX),
                PUSH_DATA_MAX,
            ),
            json!({}),
            "For the app.",
        ),
    ];
    schema::tagged(
        "@type",
        ACTION_TYPES.map(|(word, ())| (word, fields.clone())),
        &[],
    )
}

fn options_schema() -> Schema {
    schema::object([
        schema::defaulted(
            "draft",
            schema::boolean(),
            true,
            "Whether it is not ready to be sent yet.",
        ),
        schema::defaulted(
            "dryRun",
            schema::boolean(),
            false,
            "Whether it is only found out who would get it.",
        ),
    ])
}

fn status_schema() -> Schema {
    let states: Vec<&str> = State::ALL.map(State::as_str).to_vec();
    let failures: Vec<&str> = Failure::ALL.map(Failure::as_str).to_vec();
    schema::object([
        schema::required("state", schema::words(&states), "The state."),
        schema::required("at", schema::moment(), "Since when."),
        schema::required("targeted", schema::count(), "Instances it is for."),
        schema::required(
            "heldOut",
            schema::count(),
            "Instances that are left out: the control group of its campaign.",
        ),
        schema::required(
            "sent",
            schema::count(),
            "Instances whose push service was asked to send it.",
        ),
        schema::required(
            "accepted",
            schema::count(),
            "Those of them for which the service took it.",
        ),
        schema::required(
            "failed",
            schema::map(
                schema::words(&failures),
                schema::count(),
                Failure::ALL.len(),
            ),
            "Instances that do not get it, by reason.",
        ),
    ])
}
