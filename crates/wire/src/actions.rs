//! The actions of experiences.

use std::collections::BTreeMap;

use moca_core::{
    experience::{Action, Content},
    limits::{ACTION_CONTENT_BYTES_MAX, LOCALES_MAX, TEXT_CHARS_MAX},
};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    experiences::type_of,
    fault::FaultCode,
    links,
    read::Fields,
    schema::{self, Schema},
    values::{self, Reading, complain},
};

/// An action with the documented `contentType`, which follows from its type.
pub(crate) fn serialize<S: Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
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

/// What an experience does.
pub(crate) fn schema() -> Schema {
    let kinds = ACTION_TYPES.map(|(word, make)| {
        let action = make(Content::default());
        let text = if is_open_url(&action) {
            schema::absolute_url()
        } else {
            schema::content()
        };
        let content_type = schema::words(&[action.content_type()]);
        let fields = vec![
            schema::defaulted(
                "contentType",
                content_type,
                action.content_type(),
                "Follows from the kind.",
            ),
            schema::required(
                "content",
                texts_schema(text).with_names(&["default"]),
                TEXTS,
            ),
            schema::defaulted(
                "bgAlert",
                texts_schema(schema::text(TEXT_CHARS_MAX)),
                serde_json::json!({}),
                "The notification while the app is in the background, likewise.",
            ),
        ];
        (word, fields)
    });
    schema::tagged("@type", kinds, &[])
}

pub(crate) const TEXTS: &str =
    "Texts by language tag, and under `default` the one for all other languages.";

pub(crate) fn texts_schema(text: Schema) -> Schema {
    schema::map(schema::locale(), text, LOCALES_MAX)
}

type MakeAction = fn(Content) -> Action;

const ACTION_TYPES: [(&str, MakeAction); 3] = [
    ("SendLocalMessageAction", Action::SendLocalMessage),
    ("ShowHtmlAction", Action::ShowHtml),
    ("OpenUrlAction", Action::OpenUrl),
];

/// Reads an action.
pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Action> {
    let make = fields.required("@type", type_of(&ACTION_TYPES));
    let is_link = make.is_some_and(|make| is_open_url(&make(Content::default())));
    let content = read_texts(fields, "content", |value| {
        if is_link {
            links::any_url(value)
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

/// A map of locale to text.
pub(crate) fn read_texts(
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
