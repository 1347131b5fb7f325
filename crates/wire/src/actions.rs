//! The actions of experiences.

use std::collections::BTreeMap;

use moca_core::{
    event::TagChange,
    experience::{Action, Content, TagExpression},
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
    templates,
    values::{self, Reading, complain},
};

/// An action with its `contentType`, which follows from its type.
pub(crate) fn serialize<S: Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Documented<'a> {
        #[serde(rename = "@type")]
        kind: &'a str,
        content_type: &'a str,
        #[serde(flatten)]
        texts: Option<&'a Content>,
        #[serde(flatten)]
        tag: Option<&'a TagExpression>,
    }
    Documented {
        kind: action.type_name(),
        content_type: action.content_type(),
        texts: action.content(),
        tag: action.tag(),
    }
    .serialize(serializer)
}

/// What an experience does.
pub(crate) fn schema() -> Schema {
    let kinds = ACTION_TYPES.map(|(word, kind)| {
        let content_type = kind.content_type();
        let mut fields = vec![schema::defaulted(
            "contentType",
            schema::words(&[content_type]),
            content_type,
            "Follows from the kind.",
        )];
        match kind {
            ActionType::Texts(make) => {
                let alert = schema::text(TEXT_CHARS_MAX)
                    .formatted("template-text")
                    .with_example("Welcome, {{ user.name }}!");
                fields.extend([
                    schema::required(
                        "content",
                        texts_schema(content_schema(make)).with_names(&["default"]),
                        TEXTS,
                    ),
                    schema::defaulted(
                        "bgAlert",
                        schema::one_of([
                            texts_schema(alert.clone()).with_names(&["default"]),
                            // In answers too no other than the empty one: objects without fields are open there.
                            schema::map(schema::locale(), alert, 0).noted("None."),
                        ]),
                        serde_json::json!({}),
                        "The notification while the app is in the background, likewise.",
                    ),
                ]);
            }
            ActionType::Tag => fields.extend([
                schema::required("tagName", schema::name(), "The tag."),
                schema::defaulted(
                    "tagValue",
                    schema::tag_expression(),
                    TAG_VALUE,
                    "How its number changes: `+1` adds, `-2` subtracts, `3` or `=3` assigns.",
                ),
            ]),
        }
        (word, fields)
    });
    schema::tagged("@type", kinds, &[])
}

fn content_schema(make: MakeAction) -> Schema {
    match make(Content::default()) {
        Action::OpenUrl(_) => schema::absolute_url().formatted("template-url"),
        Action::PlayVideo(_) | Action::ShowImage(_) | Action::AddPass(_) => {
            schema::web_url().formatted("template-web-url")
        }
        Action::PlaySound(_) => schema::code()
            .formatted("template-line")
            .noted("The name of a sound in the app, or `default`.")
            .with_example("default"),
        Action::Custom(_) => schema::content()
            .formatted("template-text")
            .with_example("open-locker-7"),
        Action::SendLocalMessage(_) | Action::ShowHtml(_) | Action::Tag(_) => {
            schema::content().formatted("template-text")
        }
    }
}

pub(crate) const TEXTS: &str =
    "Texts by language tag, and under `default` the one for all other languages.";

pub(crate) fn texts_schema(text: Schema) -> Schema {
    schema::map(schema::locale(), text, LOCALES_MAX)
}

/// What a `TagAction` does unless it says otherwise.
const TAG_VALUE: &str = "+1";

type MakeAction = fn(Content) -> Action;

#[derive(Clone, Copy)]
enum ActionType {
    Texts(MakeAction),
    Tag,
}

impl ActionType {
    fn content_type(self) -> &'static str {
        match self {
            Self::Texts(make) => make(Content::default()).content_type(),
            Self::Tag => Action::Tag(TagExpression {
                tag_name: String::new(),
                tag_value: String::new(),
            })
            .content_type(),
        }
    }
}

const ACTION_TYPES: [(&str, ActionType); 9] = [
    (
        "SendLocalMessageAction",
        ActionType::Texts(Action::SendLocalMessage),
    ),
    ("ShowHtmlAction", ActionType::Texts(Action::ShowHtml)),
    ("OpenUrlAction", ActionType::Texts(Action::OpenUrl)),
    ("PlayVideoAction", ActionType::Texts(Action::PlayVideo)),
    ("ShowImageAction", ActionType::Texts(Action::ShowImage)),
    ("AddPassAction", ActionType::Texts(Action::AddPass)),
    ("PlaySoundAction", ActionType::Texts(Action::PlaySound)),
    ("CustomAction", ActionType::Texts(Action::Custom)),
    ("TagAction", ActionType::Tag),
];

/// Reads an action.
pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Action> {
    let Some(kind) = fields.required("@type", type_of(&ACTION_TYPES)) else {
        // Without the type nobody can say which of these belong there.
        for key in ["contentType", "content", "bgAlert", "tagName", "tagValue"] {
            fields.take(key);
        }
        return None;
    };
    let action = match kind {
        ActionType::Texts(make) => read_content(fields, make).map(make),
        ActionType::Tag => {
            let name = fields.required("tagName", values::name);
            let value = fields.optional("tagValue", tag_value);
            name.map(|tag_name| {
                Action::Tag(TagExpression {
                    tag_name,
                    tag_value: value.unwrap_or_else(|| TAG_VALUE.to_owned()),
                })
            })
        }
    };
    let content_type = kind.content_type();
    if fields
        .take("contentType")
        .is_some_and(|sent| sent != content_type)
    {
        let detail = format!("expected {content_type}, as follows from @type; it may be left out");
        fields.fault("contentType", FaultCode::UnknownValue, detail);
    }
    action
}

fn read_content(fields: &mut Fields<'_, '_>, make: MakeAction) -> Option<Content> {
    let read: fn(&Value) -> Reading<String> = match make(Content::default()) {
        Action::OpenUrl(_) => |value| templates::url(value, links::any_url),
        Action::PlayVideo(_) | Action::ShowImage(_) | Action::AddPass(_) => {
            |value| templates::url(value, links::web_url)
        }
        Action::PlaySound(_) => |value| templates::checked(values::code(value)?),
        Action::SendLocalMessage(_) | Action::ShowHtml(_) | Action::Custom(_) | Action::Tag(_) => {
            |value| templates::checked(content_text(value)?)
        }
    };
    let content = read_texts(fields, "content", read);
    let bg_alert = read_texts(fields, "bgAlert", |value| {
        templates::checked(values::text(TEXT_CHARS_MAX)(value)?)
    });
    fields.require("content", "expected an object with a text under `default`");
    require_default(fields, "content");
    // An empty one is as good as none.
    if fields.take("bgAlert") != Some(&serde_json::json!({})) {
        require_default(fields, "bgAlert");
    }
    Some(Content {
        content: content?,
        bg_alert: bg_alert.unwrap_or_default(),
    })
}

fn tag_value(value: &Value) -> Reading<String> {
    let expected = "a tag expression such as +1, -2, 3 or =3";
    let text = values::string(value, expected)?;
    match TagChange::parse(text) {
        Some(_) => Ok(text.to_owned()),
        None => complain(FaultCode::InvalidFormat, format!("expected {expected}")),
    }
}

/// Refuses texts, if there are any, without the one that is for whom none of the others is.
pub(crate) fn require_default(fields: &mut Fields<'_, '_>, key: &'static str) {
    let texts = fields.take(key).and_then(Value::as_object);
    if texts.is_some_and(|texts| !texts.contains_key("default")) {
        let complaint = values::Complaint {
            code: FaultCode::Required,
            detail: "expected the text for all languages without one of their own".to_owned(),
        };
        fields.fault_inside(key, "default", complaint);
    }
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
