//! Instances, as devices register and describe themselves.

use std::collections::BTreeMap;

use moca_core::{
    consent::Consents,
    event::{Profile, TagChange},
    experience::TargetKey,
    id::{AppId, InstanceId},
    limits::{CODE_CHARS_MAX, TAGS_MAX},
    property::{Properties, Property},
};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use crate::{
    consents::{self, ConsentsInput, KnownConsents},
    fault::FaultCode,
    mention::Body,
    problem::Fault,
    properties,
    push::{self, Push},
    read::{self, Fields},
    schema::{self, Described, Field, Schema},
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

impl Described for Registration {
    const NAME: &'static str = "RegistrationInput";

    fn schema() -> Schema {
        let device_key = schema::optional(
            "deviceKey",
            schema::code(),
            "What the app knows the device by: the same key is the same instance.",
        );
        schema::object([device_key]).and(profile_fields()).and([
            location_status_field(),
            push_field(),
            consents_field(consents::input_schema()),
        ])
    }

    fn example() -> Value {
        let mut example = profile_example();
        example["deviceKey"] = json!("b7e1c2d3");
        example["locationStatus"] = json!("always");
        example["consents"] = ConsentsInput::example();
        example["push"] = push::example();
        example
    }
}

impl Described for Registered {
    const NAME: &'static str = "Registered";

    fn schema() -> Schema {
        schema::object([
            schema::required("instanceId", schema::id(), "Its id."),
            schema::required("appId", schema::id(), "The app."),
            schema::required(
                "instanceToken",
                schema::uuid(),
                "The credential of everything after; shown this once.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "instanceId": "AZuN58uAcACAAAAAAAAAoQ",
            "appId": "AZuN58uAcACAAAAAAAAAEQ",
            "instanceToken": "1d4f7c2a-93b5-4e8d-a6f0-27c9b1e3d580",
        })
    }
}

impl Described for Instance {
    const NAME: &'static str = "Instance";

    fn schema() -> Schema {
        instance_schema().and([push_field()])
    }

    fn example() -> Value {
        let mut example = instance_example();
        example["push"] = push::example();
        example
    }
}

fn location_status_field() -> Field {
    let note = "Whether the app may know where the device is, as its system calls that: for example `always`, \
                `whenInUse` or `denied`.";
    schema::optional(
        "locationStatus",
        schema::code_or_empty().with_example("always"),
        note,
    )
}

fn push_field() -> Field {
    let note = "Where it can be pushed to; answered to the device alone.";
    schema::optional("push", push::schema(), note)
}

fn consents_field(schema: Schema) -> Field {
    let note =
        "What the person agrees to, and what not. What is not named stays as it was answered.";
    schema::optional("consents", schema, note)
}

/// What both device and account see of an instance.
fn instance_schema() -> Schema {
    let value = schema::number(f64::MIN, f64::MAX);
    schema::object([
        schema::owned("createdAt", schema::moment(), "First registration."),
        schema::owned("instanceId", schema::id(), "Its id."),
        schema::owned("appId", schema::id(), "The app."),
        schema::owned_optional("userId", schema::any_text(), "Who is logged in."),
        schema::owned("properties", properties::schema(), "Properties."),
        schema::owned(
            "tags",
            schema::map(schema::name(), value, TAGS_MAX),
            "Tags with their numbers.",
        ),
        consents_field(consents::input_schema()),
        schema::owned(
            "pushEnabled",
            schema::boolean(),
            "Whether it can be pushed to.",
        ),
    ])
    .and(profile_fields())
    .and([location_status_field()])
}

fn instance_example() -> Value {
    let mut example = profile_example();
    for (name, value) in [
        ("createdAt", json!(1_767_614_400_000_i64)),
        ("instanceId", json!("AZuN58uAcACAAAAAAAAAoQ")),
        ("appId", json!("AZuN58uAcACAAAAAAAAAEQ")),
        ("userId", json!("user-7")),
        ("properties", json!({"plan": "gold"})),
        ("tags", json!({"museum": 3.0})),
        ("consents", KnownConsents::example()),
        ("pushEnabled", json!(true)),
        ("locationStatus", json!("always")),
    ] {
        example[name] = value;
    }
    example
}

impl Described for KnownInstance {
    const NAME: &'static str = "KnownInstance";

    fn schema() -> Schema {
        let inside = |name, note| {
            schema::object([
                schema::required(name, schema::id(), note),
                schema::required("enteredAt", schema::moment(), "When it entered."),
            ])
        };
        let inside = schema::one_of([
            inside("placeId", "The place."),
            inside("zoneId", "The zone."),
            inside("beaconId", "The beacon."),
        ]);
        instance_schema().and([
            schema::owned(
                "lastSeenAt",
                schema::moment(),
                "When the server last heard of it.",
            ),
            schema::owned(
                "loggedIn",
                schema::boolean(),
                "Whether the user in `userId` is logged in.",
            ),
            schema::owned("inside", schema::items(inside), "What it is inside now."),
        ])
    }

    fn example() -> Value {
        let mut example = instance_example();
        example["lastSeenAt"] = json!(1_767_614_400_000_i64);
        example["loggedIn"] = json!(true);
        example["inside"] = json!([{
            "placeId": "AZuN58uAcACAAAAAAAAAMQ",
            "enteredAt": 1_767_614_100_000_i64,
        }]);
        example
    }
}

impl Described for Login {
    const NAME: &'static str = "LoginInput";

    fn schema() -> Schema {
        schema::object([
            schema::required("userId", schema::code(), "The app's own id of the user."),
            schema::optional(
                "properties",
                properties::schema(),
                "Properties of the user to set; `null` removes.",
            ),
        ])
    }

    fn example() -> Value {
        json!({"userId": "user-7", "properties": {"plan": "gold"}})
    }
}

impl Described for PropertyChanges {
    const NAME: &'static str = "PropertiesInput";

    fn schema() -> Schema {
        let note = "Properties to set; `null` removes.";
        schema::object([schema::required("properties", properties::schema(), note)])
    }

    fn example() -> Value {
        json!({"properties": {"plan": "gold", "trial": null}})
    }
}

impl Described for TagInput {
    const NAME: &'static str = "TagInput";

    fn schema() -> Schema {
        let value = schema::one_of([schema::tag_expression(), schema::number(0.0, f64::MAX)]);
        let note = "`+1` adds, `-2` subtracts, `3` or `=3` assigns; a number assigns.";
        schema::object([schema::required("value", value, note)])
    }

    fn example() -> Value {
        json!({"value": "+1"})
    }
}

fn profile_fields() -> [Field; 10] {
    let code = |name, note: &str| {
        let note = format!(
            "{note} An empty text is as good as none, as in all that a device tells of itself."
        );
        schema::optional(name, schema::code_or_empty(), &note)
    };
    let zone = "Where its clock stands. An offset of whole hours, such as `GMT+02:00`, is answered as \
                the zone that it is, `Etc/GMT-2`.";
    [
        code("deviceModel", "For example `iPhone 11`."),
        code("deviceType", "For example `iPhone`."),
        code("os", "For example `iOS`."),
        code("osVersion", "For example `14.6`."),
        schema::optional(
            "lang",
            schema::language_tag(),
            "Language tag (BCP 47); underscores are answered as hyphens.",
        ),
        schema::optional(
            "country",
            schema::country(),
            "Country (ISO 3166), answered in upper case.",
        ),
        schema::optional("timeZone", schema::told_time_zone(), zone),
        code("carrier", "Mobile network."),
        code("appVersion", "Version of the app."),
        code("sdkVersion", "Version of the SDK."),
    ]
}

/// A profile as it was told, what was not told being null.
pub(crate) fn told_profile_schema() -> Schema {
    let told = profile_fields().map(|field| {
        let value = schema::maybe(field.schema);
        schema::required(field.name, value, &field.note)
    });
    schema::object(told).titled("Profile")
}

fn profile_example() -> Value {
    json!({
        "deviceModel": "Pixel 9",
        "deviceType": "Phone",
        "os": "Android",
        "osVersion": "16",
        "lang": "es-MX",
        "country": "MX",
        "timeZone": "America/Mexico_City",
        "carrier": "Example Mobile",
        "appVersion": "3.1",
        "sdkVersion": "1.0",
    })
}
