//! Instances, as devices register and describe themselves.

mod described;

use std::collections::BTreeMap;

use moca_core::{
    consent::Consents,
    event::{Profile, TagChange},
    experience::TargetKey,
    id::{AppId, InstanceId},
    limits::CODE_CHARS_MAX,
    property::{Properties, Property},
};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{
    consents::{self, ConsentsInput},
    fault::FaultCode,
    mention::Body,
    problem::Fault,
    properties,
    push::{self, Push},
    read::{self, Fields},
    values::{self, Reading, complain},
};

pub(crate) use described::told_profile_schema;

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
    /// Whether the app may know where the device is, as its system calls that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_status: Option<String>,
    /// Where it can be pushed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push: Option<Push>,
    /// What the person agrees to, and what not.
    #[serde(skip_serializing_if = "ConsentsInput::is_empty")]
    pub consents: ConsentsInput,
}

/// What a device tells of itself with `PUT /device/v1/instance`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldDevice {
    /// The device.
    pub profile: Profile,
    /// Whether the app may know where the device is, as its system calls that.
    pub location_status: Option<String>,
    /// Where it can be pushed to.
    pub push: Option<Push>,
    /// What the person agrees to, and what not.
    pub consents: ConsentsInput,
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
    /// What the person agreed to, and what not.
    #[serde(skip_serializing_if = "Consents::is_empty", default)]
    pub consents: Consents,
    /// Whether it can be pushed to.
    pub push_enabled: bool,
    /// Where; answered to the device alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub push: Option<Push>,
    /// Whether the app may know where the device is, as its system calls that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location_status: Option<String>,
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
    read::part(value, "", |fields| {
        let device_key = fields.optional("deviceKey", values::code);
        let profile = read_profile_fields(fields);
        let location_status = Told(fields).read("locationStatus", values::code);
        let push = fields.optional_object("push", push::read);
        let consents = read_consents(fields);
        Some(Registration {
            device_key,
            profile,
            location_status,
            push,
            consents,
        })
    })
}

/// Reads the body of `PUT /device/v1/instance`; an answer can be sent back as it is.
pub fn read_profile(value: &Value) -> Body<ToldDevice> {
    let server_owned = [
        "createdAt",
        "instanceId",
        "appId",
        "userId",
        "properties",
        "tags",
        "pushEnabled",
    ];
    read::sent_back(value, &server_owned, |fields| {
        Some(ToldDevice {
            profile: read_profile_fields(fields),
            location_status: Told(fields).read("locationStatus", values::code),
            push: fields.optional_object("push", push::read),
            consents: read_consents(fields),
        })
    })
}

fn read_consents(fields: &mut Fields<'_, '_>) -> ConsentsInput {
    let consents = fields.optional_object("consents", consents::read_fields);
    consents.unwrap_or_default()
}

fn read_profile_fields(fields: &mut Fields<'_, '_>) -> Profile {
    let told = &mut Told(fields);
    Profile {
        device_model: told.read("deviceModel", values::code),
        device_type: told.read("deviceType", values::code),
        os: told.read("os", values::code),
        os_version: told.read("osVersion", values::code),
        lang: told.read("lang", language),
        country: told.read("country", values::country),
        time_zone: told.read("timeZone", clock),
        carrier: told.read("carrier", values::code),
        app_version: told.read("appVersion", values::code),
        sdk_version: told.read("sdkVersion", values::code),
    }
}

/// What a device tells, as its system words it: an empty text where that knows nothing, as of the
/// network without a SIM.
struct Told<'r, 'v, 'f>(&'r mut Fields<'v, 'f>);

impl Told<'_, '_, '_> {
    fn read(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Reading<String>,
    ) -> Option<String> {
        let told = self.0.optional(key, |value| match value.as_str() {
            Some("") => Ok(None),
            _ => read(value).map(Some),
        });
        told.flatten()
    }
}

/// A language tag, or a locale of POSIX or Java, which has underscores.
fn language(value: &Value) -> Reading<String> {
    match value.as_str() {
        Some(text) if text.contains('_') => values::language_tag(&text.replace('_', "-").into()),
        _ => values::language_tag(value),
    }
}

/// A time zone, or an offset of whole hours: a device without a zone of its own says that.
fn clock(value: &Value) -> Reading<String> {
    match value.as_str().and_then(zone_of_offset) {
        Some(zone) => Ok(zone),
        None => values::time_zone(value).or_else(|complaint| {
            let detail = format!(
                "{}, or an offset of whole hours such as GMT+02:00",
                complaint.detail
            );
            complain(complaint.code, detail)
        }),
    }
}

/// The zone that is always at such an offset, `GMT+2`, `GMT+02:00` and `GMT+0200` being one. IANA's has the
/// sign of POSIX: west is positive.
fn zone_of_offset(text: &str) -> Option<String> {
    let offset = text
        .strip_prefix("GMT")
        .or_else(|| text.strip_prefix("UTC"))?;
    let (sign, digits, most) = match offset.split_at_checked(1)? {
        ("+", digits) => ('-', digits, 14),
        ("-", digits) => ('+', digits, 12),
        _ => return None,
    };
    let hours = match digits.len() {
        4 => digits.strip_suffix("00")?,
        5 => digits.strip_suffix(":00")?,
        _ => digits,
    };
    let is_number = (1..=2).contains(&hours.len()) && hours.bytes().all(|b| b.is_ascii_digit());
    match is_number.then(|| hours.parse())?.ok()? {
        0 => Some("Etc/GMT".to_owned()),
        hours if hours <= most => Some(format!("Etc/GMT{sign}{hours}")),
        _ => None,
    }
}

/// Reads the body of `PUT /device/v1/instance/user`.
pub fn read_login(value: &Value) -> Result<Login, Vec<Fault>> {
    read::part(value, "", |fields| {
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
    read::part(value, "", |fields| {
        fields.require("properties", "expected an object of properties to set");
        let properties = properties::read_changes(fields, "properties");
        Some(PropertyChanges {
            properties: properties.into_iter().collect(),
        })
    })
}

/// Reads the body of `PUT /device/v1/instance/tags/{name}`.
pub fn read_tag(value: &Value) -> Result<TagChange, Vec<Fault>> {
    read::part(value, "", |fields| fields.required("value", tag_change))
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
