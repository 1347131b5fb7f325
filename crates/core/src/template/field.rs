//! The fields that a text can name.

use minijinja::Value;

use crate::{
    event::Profile,
    id::{BeaconId, PlaceId, ZoneId},
    property::{Properties, Property},
    segment::Traits,
};

/// A field that a text can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The app's own id of who is logged in.
    UserId,
    /// A property, while somebody is logged in.
    User(String),
    /// A property of the instance, or one that came with a login.
    Property(String),
    /// The number of a tag.
    Tag(String),
    /// What the instance told of its device.
    Device(&'static str),
    /// The place that the trigger is about, or that the device is in.
    Place(&'static str),
    /// Likewise the zone.
    Zone(&'static str),
    /// Likewise the beacon.
    Beacon(&'static str),
    /// What happened.
    Event(&'static str),
    /// A property of the event.
    EventProperty(String),
}

const DEVICE: [&str; 8] = [
    "appVersion",
    "carrier",
    "country",
    "lang",
    "model",
    "os",
    "osVersion",
    "type",
];
const ABOUT: [&str; 2] = ["id", "name"];
const EVENT: [&str; 4] = ["category", "item", "value", "verb"];

/// The names of all fields, as a sentence lists them.
pub fn field_names() -> String {
    let list = |root: &str, names: &[&str]| {
        let names = names.iter().map(|name| format!("{root}.{name}"));
        names.collect::<Vec<_>>().join(", ")
    };
    format!(
        "user.id, user.<property>, property.<name>, tag.<name>, {}, {}, {}, {}, {}, event.property.<name>",
        list("device", &DEVICE),
        list("place", &ABOUT),
        list("zone", &ABOUT),
        list("beacon", &ABOUT),
        list("event", &EVENT),
    )
}

impl Field {
    /// The field with this path.
    pub fn at(path: &[&str]) -> Option<Self> {
        let known = |names: &[&'static str], name: &str| {
            let found = names.iter().find(|known| **known == name);
            found.copied()
        };
        Some(match path {
            ["user", "id"] => Self::UserId,
            ["user", name] => Self::User((*name).to_owned()),
            ["property", name] => Self::Property((*name).to_owned()),
            ["tag", name] => Self::Tag((*name).to_owned()),
            ["device", name] => Self::Device(known(&DEVICE, name)?),
            ["place", name] => Self::Place(known(&ABOUT, name)?),
            ["zone", name] => Self::Zone(known(&ABOUT, name)?),
            ["beacon", name] => Self::Beacon(known(&ABOUT, name)?),
            ["event", "property", name] => Self::EventProperty((*name).to_owned()),
            ["event", name] => Self::Event(known(&EVENT, name)?),
            _ => return None,
        })
    }

    /// Its path.
    pub(super) fn path(&self) -> Vec<&str> {
        match self {
            Self::UserId => vec!["user", "id"],
            Self::User(name) => vec!["user", name],
            Self::Property(name) => vec!["property", name],
            Self::Tag(name) => vec!["tag", name],
            Self::Device(name) => vec!["device", name],
            Self::Place(name) => vec!["place", name],
            Self::Zone(name) => vec!["zone", name],
            Self::Beacon(name) => vec!["beacon", name],
            Self::Event(name) => vec!["event", name],
            Self::EventProperty(name) => vec!["event", "property", name],
        }
    }

    /// Its value; undefined for what is not known, which is written as nothing.
    pub(super) fn value(&self, facts: &Facts<'_>) -> Value {
        let person = facts.person;
        match self {
            Self::UserId => text(person.user_id),
            // Who logged out is not greeted by name.
            Self::User(_) if person.user_id.is_none() => Value::UNDEFINED,
            Self::User(name) | Self::Property(name) => property(person.properties, name),
            Self::Tag(name) => person
                .tags
                .get(name)
                .map_or(Value::UNDEFINED, |n| number(*n)),
            Self::Device(name) => text(of_device(person.profile, name)),
            Self::Place(name) => about(facts.place.map(|(id, it)| (id.to_string(), it)), name),
            Self::Zone(name) => about(facts.zone.map(|(id, it)| (id.to_string(), it)), name),
            Self::Beacon(name) => about(facts.beacon.map(|(id, it)| (id.to_string(), it)), name),
            Self::Event("verb") => Value::from(facts.verb),
            Self::Event("item") => text(facts.item),
            Self::Event("category") => text(facts.category),
            Self::Event(_) => facts.value.map_or(Value::UNDEFINED, number),
            Self::EventProperty(name) => {
                let properties = facts.event_properties;
                properties.map_or(Value::UNDEFINED, |properties| property(properties, name))
            }
        }
    }
}

/// What the fields of a text can say.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Whom it is for.
    pub person: Traits<'a>,
    /// The place, with its name.
    pub place: Option<(PlaceId, &'a str)>,
    /// The zone, with its name.
    pub zone: Option<(ZoneId, &'a str)>,
    /// The beacon, with its name if it has one.
    pub beacon: Option<(BeaconId, &'a str)>,
    /// What happened, for example `enter_place`.
    pub verb: &'a str,
    /// On what, if an app reported it.
    pub item: Option<&'a str>,
    /// The category of that.
    pub category: Option<&'a str>,
    /// A number.
    pub value: Option<f64>,
    /// The properties of the event.
    pub event_properties: Option<&'a Properties>,
}

fn text(text: Option<&str>) -> Value {
    text.map_or(Value::UNDEFINED, Value::from)
}

/// 3 is written as 3, not as 3.0.
fn number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        return Value::from(number as i64);
    }
    Value::from(number)
}

fn property(properties: &Properties, name: &str) -> Value {
    match properties.get(name) {
        None => Value::UNDEFINED,
        Some(Property::Bool(it)) => Value::from(*it),
        Some(Property::Number(it)) => number(*it),
        Some(Property::Text(it)) => Value::from(it.as_str()),
        Some(Property::List(items)) => items.iter().map(String::as_str).collect(),
    }
}

fn about(it: Option<(String, &str)>, name: &str) -> Value {
    match (it, name) {
        (Some((id, _)), "id") => Value::from(id),
        (Some((_, called)), _) if !called.is_empty() => Value::from(called),
        _ => Value::UNDEFINED,
    }
}

fn of_device<'a>(profile: &'a Profile, name: &str) -> Option<&'a str> {
    let field = match name {
        "appVersion" => &profile.app_version,
        "carrier" => &profile.carrier,
        "country" => &profile.country,
        "lang" => &profile.lang,
        "model" => &profile.device_model,
        "os" => &profile.os,
        "osVersion" => &profile.os_version,
        _ => &profile.device_type,
    };
    field.as_deref()
}
