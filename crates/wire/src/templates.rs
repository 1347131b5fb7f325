//! Texts with fields of the person, place and event in them.

use moca_core::{
    limits::LINK_CHARS_MAX,
    template::{Template, TemplateFault},
};
use serde_json::Value;

use crate::{
    fault::FaultCode,
    values::{Reading, check_text, complain, string},
};

/// The text, if it is one that can be written for a device.
pub(crate) fn checked(text: String) -> Reading<String> {
    if Template::is_one(&text) {
        read(&text)?;
    }
    Ok(text)
}

/// A URL, which `read` takes when it has no tags. Where it leads is not left to the values: its scheme
/// stands before the first tag, and they are percent-encoded.
pub(crate) fn url(value: &Value, read_url: fn(&Value) -> Reading<String>) -> Reading<String> {
    let expected = format!(
        "a URL of at most {LINK_CHARS_MAX} characters whose scheme stands before its first tag"
    );
    let text = string(value, &expected)?;
    if !Template::is_one(text) {
        return read_url(value);
    }
    let checked = check_text(text, LINK_CHARS_MAX, char::is_control, &expected)?;
    let template = read(text)?;
    let start = text.split('{').next().unwrap_or_default();
    let is_spaced = template
        .all_words()
        .any(|words| words.contains(char::is_whitespace));
    if !start.contains(':') || is_spaced {
        return complain(FaultCode::InvalidFormat, format!("expected {expected}"));
    }
    // As an example of what it will be.
    let example = template.with_each_tag_as("0");
    read_url(&Value::from(example))?;
    Ok(checked)
}

fn read(text: &str) -> Reading<Template<'_>> {
    Template::read(text).or_else(|fault: TemplateFault| {
        let code = if fault.is_unknown_name {
            FaultCode::UnknownValue
        } else {
            FaultCode::InvalidFormat
        };
        complain(code, fault.detail)
    })
}
