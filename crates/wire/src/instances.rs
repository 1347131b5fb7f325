//! Instances, as devices register and describe themselves.

use std::collections::BTreeMap;

use moca_core::{
    event::{Profile, TagChange},
    experience::Target,
    id::{AppId, BeaconId, InstanceId, PlaceId, ZoneId},
    limits::CODE_CHARS_MAX,
    property::{Properties, Property},
};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{
    fault::FaultCode,
    problem::Fault,
    properties,
    read::{self, Fields},
    values::{self, Reading, complain},
};

/// The body of `POST /device/v1/instances`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// What the app knows the device by: the same key is the same instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_key: Option<String>,
    /// The device.
    #[serde(flatten, serialize_with = "serialize_known")]
    pub profile: Profile,
}

/// The answer to a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// Id.
    pub instance_id: InstanceId,
    /// The app.
    pub app_id: AppId,
    /// The credential of everything after; shown this once.
    pub instance_token: String,
}

/// An instance as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// First registration, ms since 1970.
    pub created_at: i64,
    /// Id.
    pub instance_id: InstanceId,
    /// The app.
    pub app_id: AppId,
    /// Who is logged in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_id: Option<String>,
    /// Properties.
    pub properties: Properties,
    /// Tags with their numbers.
    pub tags: BTreeMap<String, f64>,
    /// The device.
    #[serde(flatten, serialize_with = "serialize_known")]
    pub profile: Profile,
}

/// An instance as the account that holds it sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownInstance {
    /// When the server last heard of it, ms since 1970.
    pub last_seen_at: i64,
    /// Whether a user is logged in: the one in `userId`.
    pub logged_in: bool,
    /// What it is inside now.
    pub inside: Vec<Inside>,
    /// What it sees itself.
    #[serde(flatten)]
    pub instance: Instance,
}

/// A place, zone or beacon that an instance is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inside {
    /// Which one.
    #[serde(flatten)]
    pub target: TargetKey,
    /// Event time at which it entered, ms since 1970.
    pub entered_at: i64,
}

/// `{"placeId":…}`, `{"zoneId":…}` or `{"beaconId":…}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TargetKey {
    /// A place.
    PlaceId(PlaceId),
    /// A zone.
    ZoneId(ZoneId),
    /// A beacon.
    BeaconId(BeaconId),
}

impl From<Target> for TargetKey {
    fn from(target: Target) -> Self {
        match target {
            Target::Place(id) => Self::PlaceId(id),
            Target::Zone(id) => Self::ZoneId(id),
            Target::Beacon(id) => Self::BeaconId(id),
        }
    }
}

/// The body of `PUT /device/v1/instance/user`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    /// The app's own id of the user.
    pub user_id: String,
    /// Properties of the user to set; `None` removes.
    pub properties: BTreeMap<String, Option<Property>>,
}

/// The body of `PUT /device/v1/instance/properties`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PropertyChanges {
    /// Properties to set; `None` removes.
    pub properties: BTreeMap<String, Option<Property>>,
}

/// The body of `PUT /device/v1/instance/tags/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TagInput {
    /// `+1`, `-2`, `3` or `=3`.
    pub value: String,
}

/// Only what the device told: the absent parts are left out rather than answered as null.
fn serialize_known<S: Serializer>(profile: &Profile, serializer: S) -> Result<S::Ok, S::Error> {
    let value = serde_json::to_value(profile).map_err(serde::ser::Error::custom)?;
    let known = value.as_object().into_iter().flatten();
    serializer.collect_map(known.filter(|(_, value)| !value.is_null()))
}

/// Reads the body of a registration.
pub fn read_registration(value: &Value) -> Result<Registration, Vec<Fault>> {
    read::body(value, &[], |fields| {
        let device_key = fields.optional("deviceKey", values::code);
        let profile = read_profile_fields(fields);
        Some(Registration {
            device_key,
            profile,
        })
    })
}

/// Reads the body of `PUT /device/v1/instance`; an answer can be sent back as it is.
pub fn read_profile(value: &Value) -> Result<Profile, Vec<Fault>> {
    let server_owned = ["instanceId", "appId", "userId", "properties", "tags"];
    read::body(value, &server_owned, |fields| {
        Some(read_profile_fields(fields))
    })
}

fn read_profile_fields(fields: &mut Fields<'_, '_>) -> Profile {
    Profile {
        device_model: fields.optional("deviceModel", values::code),
        device_type: fields.optional("deviceType", values::code),
        os: fields.optional("os", values::code),
        os_version: fields.optional("osVersion", values::code),
        lang: fields.optional("lang", values::language_tag),
        country: fields.optional("country", values::country),
        time_zone: fields.optional("timeZone", values::time_zone),
        carrier: fields.optional("carrier", values::code),
        app_version: fields.optional("appVersion", values::code),
        sdk_version: fields.optional("sdkVersion", values::code),
    }
}

/// Reads the body of `PUT /device/v1/instance/user`.
pub fn read_login(value: &Value) -> Result<Login, Vec<Fault>> {
    read::body(value, &[], |fields| {
        let user_id = fields.required("userId", values::line(CODE_CHARS_MAX));
        let properties = properties::read_changes(fields, "properties");
        Some(Login {
            user_id: user_id?,
            properties: properties.into_iter().collect(),
        })
    })
}

/// Reads the body of `PUT /device/v1/instance/properties`.
pub fn read_properties(value: &Value) -> Result<PropertyChanges, Vec<Fault>> {
    read::body(value, &[], |fields| {
        fields.require("properties", "expected an object of properties to set");
        let properties = properties::read_changes(fields, "properties");
        Some(PropertyChanges {
            properties: properties.into_iter().collect(),
        })
    })
}

/// Reads the body of `PUT /device/v1/instance/tags/{name}`.
pub fn read_tag(value: &Value) -> Result<TagChange, Vec<Fault>> {
    read::body(value, &[], |fields| fields.required("value", tag_change))
}

fn tag_change(value: &Value) -> Reading<TagChange> {
    let expected =
        "expected a tag expression: +1 adds, -2 subtracts, 3 or =3 assigns; or a number to assign";
    match value {
        Value::String(text) => match TagChange::parse(text) {
            Some(change) => Ok(change),
            None => complain(FaultCode::InvalidFormat, expected),
        },
        // A bare negative number cannot be told from a subtraction by the reader of the code.
        Value::Number(number) => match number.as_f64() {
            Some(number) if number >= 0.0 => Ok(TagChange::Set(number)),
            _ => complain(FaultCode::OutOfRange, expected),
        },
        _ => complain(FaultCode::WrongType, expected),
    }
}
