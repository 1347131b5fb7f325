//! Experiences: a trigger plus an action.

use std::collections::BTreeMap;

use moca_core::{
    campaign::repeat::Repeat,
    experience::{self, Action, Content, ExperienceConfig, Trigger},
    id::{CampaignId, ExperienceId},
    limits::{ACTION_CONTENT_BYTES_MAX, LOCALES_MAX, TEXT_CHARS_MAX},
};
use serde::{
    Deserialize, Serialize, Serializer,
    de::{IntoDeserializer, value::Error as WordError},
};
use serde_json::Value;

use crate::{
    fault::FaultCode,
    problem::Fault,
    read::{self, Fields},
    resource::Resource,
    values::{self, Reading, complain},
};

/// An experience as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Experience {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub experience_id: ExperienceId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What a client sets besides trigger and action.
    pub config: ExperienceConfig,
    /// When it fires.
    pub trigger: Trigger,
    /// What it does.
    #[serde(serialize_with = "serialize_action")]
    pub action: Action,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperienceInput {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What it sets besides trigger and action.
    pub config: ExperienceConfig,
    /// When it fires.
    pub trigger: Trigger,
    /// What it does.
    #[serde(serialize_with = "serialize_action")]
    pub action: Action,
}

impl Resource for Experience {
    const PATH: &'static str = "/v2/experiences";
    type Input = ExperienceInput;
}

impl From<&experience::Experience> for Experience {
    fn from(experience: &experience::Experience) -> Self {
        Self {
            created_at: experience.frame.created_at,
            updated_at: experience.frame.updated_at,
            experience_id: experience.id(),
            campaign_id: experience.campaign_id,
            config: experience.config.clone(),
            trigger: experience.trigger,
            action: experience.action.clone(),
        }
    }
}

/// An action with the documented `contentType`, which follows from its type.
fn serialize_action<S: Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Documented<'a> {
        #[serde(rename = "@type")]
        kind: &'a str,
        content_type: &'a str,
        #[serde(flatten)]
        texts: &'a Content,
    }
    Documented {
        kind: action.type_name(),
        content_type: action.content_type(),
        texts: action.content(),
    }
    .serialize(serializer)
}

/// Reads the body of a POST, or of a PUT on an experience of `campaign`, which cannot change.
pub fn read(value: &Value, campaign: Option<CampaignId>) -> Result<ExperienceInput, Vec<Fault>> {
    read::body(value, &["experienceId"], |fields| {
        let campaign_id = fields.parent("campaignId", campaign);
        let config = fields.object("config", read_config);
        let trigger = fields.object("trigger", read_trigger);
        let action = fields.object("action", read_action);
        Some(ExperienceInput {
            campaign_id: campaign_id?,
            config: config?,
            trigger: trigger?,
            action: action?,
        })
    })
}

fn read_config(fields: &mut Fields<'_, '_>) -> Option<ExperienceConfig> {
    let name = fields.required("name", values::name);
    let description = fields.optional("description", values::description);
    let repeat = fields.required("repeat", values::word(&REPEATS, repeat));
    let enabled = fields.optional("enabled", values::boolean);
    Some(ExperienceConfig {
        name: name?,
        description,
        repeat: repeat?,
        enabled: enabled.unwrap_or(true),
    })
}

/// The documented values of `config.repeat`.
const REPEATS: [&str; 21] = [
    "Immediately",
    "Never",
    "After1Min",
    "After3Min",
    "After5Min",
    "After15Min",
    "After30Min",
    "After1Hour",
    "After2Hours",
    "After4Hours",
    "After8Hours",
    "After12Hours",
    "After24Hours",
    "NextDay",
    "After2Days",
    "After3Days",
    "After5Days",
    "NextWeek",
    "After2Weeks",
    "NextMonth",
    "After2Months",
];

fn repeat(word: &str) -> Option<Repeat> {
    Repeat::deserialize(IntoDeserializer::<WordError>::into_deserializer(word)).ok()
}

#[derive(Clone, Copy)]
enum TriggerType {
    EnterPlace,
    ExitPlace,
    EnterZone,
    ExitZone,
    EnterBeacon,
    ExitBeacon,
}

const TRIGGER_TYPES: [(&str, TriggerType); 6] = [
    ("EnterPlaceTrigger", TriggerType::EnterPlace),
    ("ExitPlaceTrigger", TriggerType::ExitPlace),
    ("EnterZoneTrigger", TriggerType::EnterZone),
    ("ExitZoneTrigger", TriggerType::ExitZone),
    ("EnterBeaconTrigger", TriggerType::EnterBeacon),
    ("ExitBeaconTrigger", TriggerType::ExitBeacon),
];

fn read_trigger(fields: &mut Fields<'_, '_>) -> Option<Trigger> {
    let kind = fields.required("@type", type_of(&TRIGGER_TYPES));
    let Some(kind) = kind else {
        // Without the type nobody can say which of these belong there.
        for key in ["placeId", "zoneId", "beaconId"] {
            fields.take(key);
        }
        return None;
    };
    Some(match kind {
        TriggerType::EnterPlace => Trigger::EnterPlace {
            place_id: fields.required("placeId", values::id)?,
        },
        TriggerType::ExitPlace => Trigger::ExitPlace {
            place_id: fields.required("placeId", values::id)?,
        },
        TriggerType::EnterZone => Trigger::EnterZone {
            zone_id: fields.required("zoneId", values::id)?,
        },
        TriggerType::ExitZone => Trigger::ExitZone {
            zone_id: fields.required("zoneId", values::id)?,
        },
        TriggerType::EnterBeacon => Trigger::EnterBeacon {
            beacon_id: fields.required("beaconId", values::id)?,
        },
        TriggerType::ExitBeacon => Trigger::ExitBeacon {
            beacon_id: fields.required("beaconId", values::id)?,
        },
    })
}

type MakeAction = fn(Content) -> Action;

const ACTION_TYPES: [(&str, MakeAction); 3] = [
    ("SendLocalMessageAction", Action::SendLocalMessage),
    ("ShowHtmlAction", Action::ShowHtml),
    ("OpenUrlAction", Action::OpenUrl),
];

fn read_action(fields: &mut Fields<'_, '_>) -> Option<Action> {
    let make = fields.required("@type", type_of(&ACTION_TYPES));
    let is_link = make.is_some_and(|make| is_open_url(&make(Content::default())));
    let content = read_texts(fields, "content", |value| {
        if is_link {
            values::any_url(value)
        } else {
            content_text(value)
        }
    });
    let bg_alert = read_texts(fields, "bgAlert", values::text(TEXT_CHARS_MAX));
    let content_type = fields.take("contentType");
    match fields.take("content").map(Value::as_object) {
        None => fields.require("content", "expected an object with a text under `default`"),
        Some(Some(texts)) if !texts.contains_key("default") => fields.fault_inside(
            "content",
            "default",
            values::Complaint {
                code: FaultCode::Required,
                detail: "expected the text for all languages without one of their own".to_owned(),
            },
        ),
        Some(_) => {}
    }
    let action = make?(Content {
        content: content?,
        bg_alert: bg_alert.unwrap_or_default(),
    });
    if let Some(sent) = content_type
        && sent != action.content_type()
    {
        let detail = format!(
            "the contentType of {} is {}; it may be left out",
            action.type_name(),
            action.content_type()
        );
        fields.fault("contentType", FaultCode::UnknownValue, detail);
    }
    Some(action)
}

fn is_open_url(action: &Action) -> bool {
    matches!(action, Action::OpenUrl(_))
}

fn type_of<T: Copy>(types: &[(&str, T)]) -> impl Fn(&Value) -> Reading<T> {
    move |value| {
        let words: Vec<&str> = types.iter().map(|(word, _)| *word).collect();
        values::word(&words, |word| {
            types
                .iter()
                .find(|(known, _)| *known == word)
                .map(|(_, kind)| *kind)
        })(value)
    }
}

/// A map of locale to text.
fn read_texts(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    read: impl Fn(&Value) -> Reading<String>,
) -> Option<BTreeMap<String, String>> {
    let entries = fields.map(key, LOCALES_MAX)?;
    let mut texts = BTreeMap::new();
    let mut seen = Vec::with_capacity(entries.len());
    for (locale, value) in entries {
        match locale_text(locale, value, &seen, &read) {
            Ok(text) => {
                seen.push(locale.to_ascii_lowercase());
                texts.insert(locale.clone(), text);
            }
            Err(complaint) => fields.fault_inside(key, locale, complaint),
        }
    }
    Some(texts)
}

fn locale_text(
    locale: &str,
    value: &Value,
    seen: &[String],
    read: impl Fn(&Value) -> Reading<String>,
) -> Reading<String> {
    if locale != "default" && !values::is_language_tag(locale) {
        return complain(
            FaultCode::InvalidFormat,
            "expected `default` or a language tag such as es or es-MX as the key",
        );
    }
    // Devices look locales up whatever their case.
    if seen.contains(&locale.to_ascii_lowercase()) {
        return complain(
            FaultCode::NotUnique,
            "the same language stands there in another case",
        );
    }
    read(value)
}

fn content_text(value: &Value) -> Reading<String> {
    let expected = format!("expected a text of 1 to {ACTION_CONTENT_BYTES_MAX} bytes of UTF-8");
    match value {
        Value::String(text) if text.len() > ACTION_CONTENT_BYTES_MAX => {
            complain(FaultCode::TooLong, expected)
        }
        Value::String(text) if text.trim().is_empty() => complain(FaultCode::TooShort, expected),
        value => values::text(ACTION_CONTENT_BYTES_MAX)(value),
    }
}

#[cfg(test)]
mod tests {
    use super::{REPEATS, repeat};

    #[test]
    fn every_documented_repeat_is_read_and_written_the_same() {
        for word in REPEATS {
            assert_eq!(
                serde_json::to_value(repeat(word)).unwrap(),
                serde_json::json!(word)
            );
        }
    }
}
