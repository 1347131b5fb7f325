//! Experiences: a trigger plus an action.

use moca_core::{
    campaign::repeat::Repeat,
    experience::{self, Action, ExperienceConfig, Trigger},
    id::{CampaignId, ExperienceId},
    limits::TEXT_CHARS_MAX,
};
use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer, value::Error as WordError},
};
use serde_json::{Value, json};

use crate::{
    actions,
    mention::Body,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    triggers,
    values::{self, Reading},
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
    #[serde(serialize_with = "actions::serialize")]
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
    #[serde(serialize_with = "actions::serialize")]
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
            trigger: experience.trigger.clone(),
            action: experience.action.clone(),
        }
    }
}

impl Described for Experience {
    const NAME: &'static str = "Experience";

    fn schema() -> Schema {
        let more = [
            schema::parent("campaignId", "The campaign."),
            schema::required("trigger", triggers::schema(), "When it fires."),
            schema::required("action", actions::schema(), "What it does."),
        ];
        schema::resource("experienceId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "experienceId": "AZuN58uAcACAAAAAAAAAcQ",
            "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
            "config": {
                "name": "Hello",
                "description": "A greeting at the square.",
                "repeat": "NextDay",
                "enabled": true,
            },
            "trigger": {"@type": "EnterPlaceTrigger", "placeId": "AZuN58uAcACAAAAAAAAAMQ"},
            "action": {
                "@type": "SendLocalMessageAction",
                "contentType": "text/plain",
                "content": {"default": "Welcome to the square!", "es": "¡Bienvenido a la plaza!"},
                "bgAlert": {"default": "Welcome!"},
            },
        })
    }
}

/// How soon an experience may fire again.
pub(crate) fn repeat_schema() -> Schema {
    schema::words(&REPEATS)
}

fn config_schema() -> Schema {
    schema::object([
        schema::required("name", schema::name(), "Name."),
        schema::optional("description", schema::text(TEXT_CHARS_MAX), "Description."),
        schema::required(
            "repeat",
            repeat_schema(),
            "How soon it may fire again for one instance.",
        ),
        schema::defaulted(
            "enabled",
            schema::boolean(),
            true,
            "Whether it may fire at all.",
        ),
    ])
}

/// Reads the body of a POST, or of a PUT on an experience of `campaign`, which cannot change.
pub fn read(value: &Value, campaign: Option<CampaignId>) -> Body<ExperienceInput> {
    read::managed(value, &["experienceId"], |fields| {
        let campaign_id = fields.parent("campaignId", campaign);
        let config = fields.object("config", read_config);
        let trigger = fields.object("trigger", triggers::read);
        let action = fields.object("action", actions::read);
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

/// A reader of `@type`.
pub(crate) fn type_of<T: Copy>(types: &[(&str, T)]) -> impl Fn(&Value) -> Reading<T> {
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
