//! What webhooks are told of, and how they say which of it they want.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    experience::{Direction, Target},
    id::{AppId, CampaignId, ExperienceId, InstanceId, MessageId},
    limits::CODE_CHARS_MAX,
    property::Properties,
    receipt::ReceiptKind,
};

/// Something that happened to an instance, as it waits to be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HookEvent {
    /// The app.
    pub app_id: AppId,
    /// Whose doing it is.
    pub instance_id: InstanceId,
    /// Who was logged in.
    pub user_id: Option<String>,
    /// When it happened, ms since 1970.
    pub at_ms: i64,
    /// When the server took it, ms since 1970.
    pub received_at: i64,
    /// Where, for the formats that tell it.
    pub position: Option<Position>,
    /// What happened.
    pub occasion: Occasion,
}

/// Where a device was, by its own account.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Degrees.
    pub latitude: f64,
    /// Degrees.
    pub longitude: f64,
    /// Radius of the error circle in metres, when known.
    pub accuracy_m: Option<f32>,
}

/// What happened. Values are stored: others are added at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Occasion {
    /// A border was crossed.
    Crossed {
        /// In or out.
        direction: Direction,
        /// Of what.
        target: Target,
        /// Milliseconds inside, of an exit.
        dwell_ms: Option<i64>,
    },
    /// An experience fired.
    Fired {
        /// The campaign.
        campaign_id: CampaignId,
        /// The experience.
        experience_id: ExperienceId,
        /// What it put into the inbox.
        message_id: MessageId,
    },
    /// A device told what became of a message.
    Receipt {
        /// What became of it.
        kind: ReceiptKind,
        /// The campaign.
        campaign_id: CampaignId,
        /// The experience.
        experience_id: ExperienceId,
        /// The message.
        message_id: MessageId,
    },
    /// The instance registered, or registered again.
    Registered {
        /// When it did first, ms since 1970.
        first_at: i64,
    },
    /// A user logged in.
    LoggedIn,
    /// The user logged out.
    LoggedOut,
    /// The app reported something.
    Custom {
        /// Chosen by the device.
        event_id: [u8; 16],
        /// The action.
        verb: String,
        /// On what.
        item: Option<String>,
        /// Category of the item.
        category: Option<String>,
        /// A number.
        value: Option<f64>,
        /// Free properties.
        properties: Properties,
    },
    /// All that was held on the instance is being erased.
    Erased,
}

/// Before the verb of what apps report.
const CUSTOM: &str = "custom.";

impl Occasion {
    /// The types there are besides those of verbs.
    pub const TYPES: [&'static str; 14] = [
        "place.entered",
        "place.exited",
        "zone.entered",
        "zone.exited",
        "beacon.entered",
        "beacon.exited",
        "experience.fired",
        "message.shown",
        "message.clicked",
        "message.dismissed",
        "instance.registered",
        "instance.erased",
        "user.logged_in",
        "user.logged_out",
    ];

    /// The families of types: what stands before the first full stop.
    pub const FAMILIES: [&'static str; 8] = [
        "place",
        "zone",
        "beacon",
        "experience",
        "message",
        "instance",
        "user",
        "custom",
    ];

    /// The type, by which receivers tell events apart.
    pub fn type_name(&self) -> String {
        let index = match self {
            Self::Crossed {
                direction, target, ..
            } => {
                let exit = usize::from(*direction == Direction::Exit);
                exit + match target {
                    Target::Place(_) => 0,
                    Target::Zone(_) => 2,
                    Target::Beacon(_) => 4,
                }
            }
            Self::Fired { .. } => 6,
            Self::Receipt { kind, .. } => match kind {
                ReceiptKind::Shown => 7,
                ReceiptKind::Clicked => 8,
                ReceiptKind::Dismissed => 9,
            },
            Self::Registered { .. } => 10,
            Self::Erased => 11,
            Self::LoggedIn => 12,
            Self::LoggedOut => 13,
            Self::Custom { verb, .. } => return format!("{CUSTOM}{verb}"),
        };
        Self::TYPES[index].to_owned()
    }

    /// The campaign it is about.
    pub const fn campaign_id(&self) -> Option<CampaignId> {
        match self {
            Self::Fired { campaign_id, .. } | Self::Receipt { campaign_id, .. } => {
                Some(*campaign_id)
            }
            _ => None,
        }
    }

    /// Whether it is one of the three events of a Cloud-Hook.
    pub const fn is_in_cloud_hook(&self) -> bool {
        match self {
            Self::Crossed {
                direction, target, ..
            } => match target {
                Target::Place(_) => true,
                Target::Beacon(_) => matches!(direction, Direction::Enter),
                Target::Zone(_) => false,
            },
            _ => false,
        }
    }
}

/// Which events a webhook wants: all (`*`), a family (`place.*`), or one type (`place.entered`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(String);

/// A text that is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no type of event")]
pub struct NoPattern;

impl Pattern {
    /// The pattern with this text. Verbs of apps can be any text; a pattern names those of letters,
    /// digits, `_`, `-`, `.` and `:`.
    pub fn parse(text: &str) -> Result<Self, NoPattern> {
        let is_family = |text: &str| {
            let family = text.strip_suffix(".*");
            family.is_some_and(|family| Occasion::FAMILIES.contains(&family))
        };
        let is_verb = |text: &str| {
            let verb = text.strip_prefix(CUSTOM).unwrap_or_default();
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
            (1..=CODE_CHARS_MAX).contains(&verb.len()) && verb.chars().all(plain)
        };
        let is_known = text == "*" || Occasion::TYPES.contains(&text);
        match is_known || is_family(text) || is_verb(text) {
            true => Ok(Self(text.to_owned())),
            false => Err(NoPattern),
        }
    }

    /// A regular expression of all patterns.
    pub fn expression() -> String {
        let types = Occasion::TYPES.join("|").replace('.', "\\.");
        let families = Occasion::FAMILIES.join("|");
        format!("^(\\*|({families})\\.\\*|{types}|custom\\.[A-Za-z0-9_.:-]{{1,{CODE_CHARS_MAX}}})$")
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it means what happened.
    pub fn matches(&self, occasion: &Occasion) -> bool {
        let name = occasion.type_name();
        match self.0.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == self.0,
        }
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| de::Error::custom(format!("{text} is no type of event")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use regex::Regex;

    use super::*;
    use crate::id::{BeaconId, Id, PlaceId, ZoneId};

    fn samples() -> Vec<Occasion> {
        let id = Id([1; 16]);
        let targets = [
            Target::Place(PlaceId(id)),
            Target::Zone(ZoneId(id)),
            Target::Beacon(BeaconId(id)),
        ];
        let mut all = vec![
            Occasion::Fired {
                campaign_id: CampaignId(id),
                experience_id: ExperienceId(id),
                message_id: MessageId(id),
            },
            Occasion::Registered { first_at: 0 },
            Occasion::LoggedIn,
            Occasion::LoggedOut,
            Occasion::Erased,
        ];
        for target in targets {
            for direction in [Direction::Enter, Direction::Exit] {
                all.push(Occasion::Crossed {
                    direction,
                    target,
                    dwell_ms: None,
                });
            }
        }
        for kind in ReceiptKind::ALL {
            all.push(Occasion::Receipt {
                kind,
                campaign_id: CampaignId(id),
                experience_id: ExperienceId(id),
                message_id: MessageId(id),
            });
        }
        all
    }

    fn custom(verb: &str) -> Occasion {
        Occasion::Custom {
            event_id: [0; 16],
            verb: verb.to_owned(),
            item: None,
            category: None,
            value: None,
            properties: Properties::new(),
        }
    }

    #[test]
    fn every_type_is_that_of_an_occasion_in_a_family() {
        let names: BTreeSet<String> = samples().iter().map(Occasion::type_name).collect();
        let types = Occasion::TYPES.map(str::to_owned);
        assert_eq!(names, BTreeSet::from(types));
        for name in names {
            let (family, _) = name.split_once('.').unwrap();
            assert!(Occasion::FAMILIES.contains(&family), "{name}");
        }
        let families: BTreeSet<String> = samples()
            .iter()
            .chain([&custom("buy")])
            .map(|it| it.type_name().split_once('.').unwrap().0.to_owned())
            .collect();
        assert_eq!(
            families,
            BTreeSet::from(Occasion::FAMILIES.map(str::to_owned))
        );
    }

    #[test]
    fn patterns_are_all_families_and_types() {
        let expression = Regex::new(&Pattern::expression()).unwrap();
        let long = format!("custom.{}", "v".repeat(CODE_CHARS_MAX));
        let too_long = format!("{long}v");
        for text in [
            "*",
            "place.*",
            "custom.*",
            "user.logged_in",
            "custom.a.b:c-1",
            &long,
        ] {
            assert!(Pattern::parse(text).is_ok(), "{text}");
            assert!(expression.is_match(text), "{text}");
        }
        for text in [
            "",
            "place",
            "place.",
            "place.left",
            "**",
            "*.*",
            "places.*",
            "custom.",
            "custom.a b",
            "Place.*",
            "place.entered ",
            "webhook.test",
            &too_long,
        ] {
            assert_eq!(Pattern::parse(text), Err(NoPattern), "{text}");
            assert!(!expression.is_match(text), "{text}");
        }
    }

    #[test]
    fn a_pattern_means_its_own() {
        let matches =
            |pattern: &str, occasion: &Occasion| Pattern::parse(pattern).unwrap().matches(occasion);
        for occasion in samples() {
            let name = occasion.type_name();
            let (family, _) = name.split_once('.').unwrap();
            assert!(matches("*", &occasion) && matches(&name, &occasion));
            for other in Occasion::FAMILIES {
                let pattern = format!("{other}.*");
                assert_eq!(
                    matches(&pattern, &occasion),
                    other == family,
                    "{name} {pattern}"
                );
            }
            let alike = Occasion::TYPES.iter().filter(|it| matches(it, &occasion));
            assert_eq!(alike.count(), 1);
        }
        assert!(matches("custom.buy", &custom("buy")) && matches("custom.*", &custom("a b")));
        assert!(!matches("custom.buy", &custom("buy2")));
        assert!(!matches("place.*", &custom("place.entered")));
    }
}
