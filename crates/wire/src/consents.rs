//! What people agree to, as devices tell it.

use std::collections::BTreeMap;

use moca_core::{
    consent::{Consent, Consents, Purpose},
    limits::EVENT_AT_MIN,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    problem::Fault,
    read::{self, Fields},
    schema::{self, Described, Field, Schema},
    values,
};

/// The body of `PUT /device/v1/instance/consents`: the purposes that the person answered about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConsentsInput(pub BTreeMap<Purpose, ConsentInput>);

/// An answer of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentInput {
    /// Yes or no.
    pub granted: bool,
    /// Which text they were shown, as the app calls it.
    pub version: String,
    /// When they answered, ms since 1970; when it is told, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
}

/// The answer to it: everything the person answered so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnownConsents(pub Consents);

impl ConsentsInput {
    /// Whether nothing was answered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The answers, told at `now_ms`. A clock that is ahead makes none that lies in the future.
    pub fn told_at(self, now_ms: i64) -> Consents {
        let consent = |input: ConsentInput| Consent {
            granted: input.granted,
            version: input.version,
            at_ms: input.at.unwrap_or(now_ms).min(now_ms),
        };
        let all = self.0.into_iter();
        all.map(|(purpose, input)| (purpose, consent(input)))
            .collect()
    }
}

/// Reads the body of `PUT /device/v1/instance/consents`.
pub fn read(value: &Value) -> Result<ConsentsInput, Vec<Fault>> {
    read::part(value, "", read_fields)
}

/// The purposes in an object.
pub(crate) fn read_fields(fields: &mut Fields<'_, '_>) -> Option<ConsentsInput> {
    let mut consents = BTreeMap::new();
    for purpose in Purpose::ALL {
        let consent = fields.optional_object(purpose.as_str(), |fields| {
            let granted = fields.required("granted", values::boolean);
            let version = fields.required("version", values::code);
            let at = fields.optional("at", values::integer(EVENT_AT_MIN, i64::MAX));
            Some(ConsentInput {
                granted: granted?,
                version: version?,
                at,
            })
        });
        consents.extend(consent.map(|consent| (purpose, consent)));
    }
    Some(ConsentsInput(consents))
}

fn purposes(consent: impl Fn() -> Schema) -> Schema {
    schema::object(Purpose::ALL.map(|purpose| {
        let note = match purpose {
            Purpose::Analytics => "To be counted.",
            Purpose::Location => "To tell where the device is.",
            Purpose::Marketing => "To be told of offers.",
            Purpose::Profiling => "To be put into groups by what is known of them.",
        };
        schema::optional(purpose.as_str(), consent(), note)
    }))
}

fn consent_schema(at: Field) -> Schema {
    schema::object([
        schema::required("granted", schema::boolean(), "Yes or no."),
        schema::required("version", schema::code(), "Which text they were shown."),
        at,
    ])
}

/// The schema of what is sent.
pub(crate) fn input_schema() -> Schema {
    purposes(|| {
        let note = "When they answered; when it is told, if absent or later than that.";
        let at = schema::integer(EVENT_AT_MIN, i64::MAX)
            .noted("Milliseconds since 1970-01-01T00:00:00Z, from 2000 on.")
            .with_example(1_767_614_400_000_i64);
        let at = schema::optional("at", at, note);
        consent_schema(at).titled("Consent input")
    })
}

/// The schema of what is answered.
pub(crate) fn known_schema() -> Schema {
    purposes(known_consent_schema)
}

/// The schema of one answer as it is kept.
pub(crate) fn known_consent_schema() -> Schema {
    let at = schema::required("at", schema::moment(), "When they answered.");
    consent_schema(at).titled("Consent")
}

impl Described for ConsentsInput {
    const NAME: &'static str = "ConsentsInput";

    fn schema() -> Schema {
        input_schema()
    }

    fn example() -> Value {
        json!({"marketing": {"granted": true, "version": "2026-03"}})
    }
}

impl Described for KnownConsents {
    const NAME: &'static str = "Consents";

    fn schema() -> Schema {
        known_schema()
    }

    fn example() -> Value {
        json!({
            "analytics": {"granted": false, "version": "2026-01", "at": 1_767_614_400_000_i64},
            "marketing": {"granted": true, "version": "2026-03", "at": 1_772_323_200_000_i64},
        })
    }
}
