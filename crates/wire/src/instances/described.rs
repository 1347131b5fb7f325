//! What the bodies of devices look like.

use moca_core::limits::TAGS_MAX;
use serde_json::{Value, json};

use super::{Instance, KnownInstance, Login, PropertyChanges, Registered, Registration, TagInput};
use crate::{
    consents::{self, ConsentsInput, KnownConsents},
    properties, push,
    schema::{self, Described, Field, Schema},
};

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
