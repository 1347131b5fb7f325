//! Readers of single JSON values. Each says what it expected and quotes its limits.

use std::str::FromStr;

use moca_core::{
    beacon::Hex,
    id::IdError,
    limits::{CODE_CHARS_MAX, NAME_CHARS_MAX, TEXT_CHARS_MAX},
    time::Zone,
};
use serde_json::{Map, Number, Value};
use uuid::Uuid;

use crate::{fault::FaultCode, schema::EXACT_MAX};

/// Characters of a language tag; RFC 5646 §4.4.1 asks for room for 35.
pub(crate) const LANGUAGE_TAG_CHARS_MAX: usize = 35;

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The code of the fault.
    pub code: FaultCode,
    /// A sentence that says what was expected.
    pub detail: String,
}

/// A value, or why it is refused.
pub type Reading<T> = Result<T, Complaint>;

/// A complaint as the result of a reader.
pub fn complain<T>(code: FaultCode, detail: impl Into<String>) -> Reading<T> {
    Err(Complaint {
        code,
        detail: detail.into(),
    })
}

/// The text of a value that should be one.
pub(crate) fn string<'v>(value: &'v Value, expected: &str) -> Reading<&'v str> {
    match value {
        Value::String(text) => Ok(text),
        _ => complain(FaultCode::WrongType, format!("expected {expected}")),
    }
}

/// A text of one line: not blank, at most `max` characters, no control characters.
pub fn line(max: usize) -> impl Fn(&Value) -> Reading<String> {
    move |value| {
        let expected = format!("a text of 1 to {max} characters, without control characters");
        let text = string(value, &expected)?;
        if text.trim().is_empty() {
            return complain(
                FaultCode::TooShort,
                format!("expected {expected}, not a blank one"),
            );
        }
        check_text(text, max, char::is_control, &expected)
    }
}

/// A text that may have several lines, and may be empty.
pub fn text(max: usize) -> impl Fn(&Value) -> Reading<String> {
    move |value| {
        let expected = format!(
            "a text of up to {max} characters, without control characters other than tabs and line ends"
        );
        let text = string(value, &expected)?;
        let refused = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        check_text(text, max, refused, &expected)
    }
}

/// Refuses a text that is too long or has characters it must not have.
pub(crate) fn check_text(
    text: &str,
    max: usize,
    refused: impl Fn(char) -> bool,
    expected: &str,
) -> Reading<String> {
    // Bytes first: counting the characters of a long text costs more than refusing it.
    if text.len() > max && text.chars().count() > max {
        return complain(FaultCode::TooLong, format!("expected {expected}"));
    }
    if text.chars().any(refused) {
        return complain(FaultCode::InvalidFormat, format!("expected {expected}"));
    }
    Ok(text.to_owned())
}

/// The name of an object.
pub fn name(value: &Value) -> Reading<String> {
    line(NAME_CHARS_MAX)(value)
}

/// A short code: a category, version, provider or id of somebody else.
pub fn code(value: &Value) -> Reading<String> {
    line(CODE_CHARS_MAX)(value)
}

/// A description or an address.
pub fn description(value: &Value) -> Reading<String> {
    text(TEXT_CHARS_MAX)(value)
}

/// `true` or `false`.
pub fn boolean(value: &Value) -> Reading<bool> {
    match value {
        Value::Bool(value) => Ok(*value),
        _ => complain(FaultCode::WrongType, "expected true or false"),
    }
}

/// The whole number that this is, however it is written: `3`, `3.0` and `3e0` are one. Of those written
/// as a fraction only such as a double holds exactly: what comes out must be what went in.
fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let written = number.as_f64().filter(|_| number.is_f64())?;
        let exact = written.fract() == 0.0 && written.abs() <= EXACT_MAX as f64;
        exact.then_some(written as i64)
    })
}

/// An integer within limits, both included.
pub fn integer(min: i64, max: i64) -> impl Fn(&Value) -> Reading<i64> {
    move |value| {
        let expected = format!("expected an integer from {min} to {max}");
        match value {
            Value::Number(number) => match whole(number) {
                Some(number) if (min..=max).contains(&number) => Ok(number),
                None if number.is_f64() => complain(FaultCode::WrongType, expected),
                _ => complain(FaultCode::OutOfRange, expected),
            },
            _ => complain(FaultCode::WrongType, expected),
        }
    }
}

/// An integer of 16 bits without a sign.
pub fn unsigned_16(value: &Value) -> Reading<u16> {
    let number = integer(0, i64::from(u16::MAX))(value)?;
    // The limits are those of the type.
    Ok(number as u16)
}

/// A number within limits, both included.
pub fn number(min: f64, max: f64) -> impl Fn(&Value) -> Reading<f64> {
    move |value| {
        let expected = format!("expected a number from {min} to {max}");
        match value.as_f64() {
            Some(number) if (min..=max).contains(&number) => Ok(number),
            Some(_) => complain(FaultCode::OutOfRange, expected),
            None => complain(FaultCode::WrongType, expected),
        }
    }
}

/// A moment: milliseconds since 1970.
pub fn moment(value: &Value) -> Reading<i64> {
    match value {
        Value::Number(number) => match whole(number) {
            Some(moment) => Ok(moment),
            None if number.is_u64() => complain(
                FaultCode::OutOfRange,
                "expected milliseconds since 1970, a signed integer of 64 bits",
            ),
            None => complain(
                FaultCode::WrongType,
                "expected milliseconds since 1970, an integer",
            ),
        },
        _ => complain(
            FaultCode::WrongType,
            "expected milliseconds since 1970, an integer",
        ),
    }
}

/// An id.
pub fn id<T: FromStr<Err = IdError>>(value: &Value) -> Reading<T> {
    let text = string(
        value,
        "an id: 22 characters of unpadded base64url (A-Z a-z 0-9 - _)",
    )?;
    text.parse()
        .or_else(|error: IdError| complain(FaultCode::InvalidFormat, format!("{error}")))
}

/// One of the words a parser knows.
pub fn word<T>(words: &[&str], parse: impl Fn(&str) -> Option<T>) -> impl Fn(&Value) -> Reading<T> {
    let expected = format!("one of {}", words.join(", "));
    move |value| match parse(string(value, &expected)?) {
        Some(value) => Ok(value),
        None => complain(FaultCode::UnknownValue, format!("expected {expected}")),
    }
}

/// A colour, answered in lower case.
pub fn color(value: &Value) -> Reading<String> {
    let expected = "expected a colour such as #1e90ff: # and six hexadecimal digits";
    let text = string(value, "a colour such as #1e90ff")?;
    match text.strip_prefix('#') {
        Some(digits) if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok(text.to_ascii_lowercase())
        }
        _ => complain(FaultCode::InvalidFormat, expected),
    }
}

/// The name of an IANA time zone.
pub fn time_zone(value: &Value) -> Reading<String> {
    let text = string(value, "an IANA time zone such as Europe/Madrid")?;
    match Zone::named(text) {
        Some(_) => Ok(text.to_owned()),
        None => complain(
            FaultCode::UnknownValue,
            "expected an IANA time zone such as Europe/Madrid",
        ),
    }
}

/// A language tag (BCP 47), such as `es` or `es-MX`.
pub fn language_tag(value: &Value) -> Reading<String> {
    let text = string(value, "a language tag such as es or es-MX")?;
    if is_language_tag(text) {
        return Ok(text.to_owned());
    }
    complain(
        FaultCode::InvalidFormat,
        format!(
            "expected a language tag such as es or es-MX of at most {LANGUAGE_TAG_CHARS_MAX} characters"
        ),
    )
}

/// Whether a text has the form of a language tag (BCP 47).
pub fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    text.len() <= LANGUAGE_TAG_CHARS_MAX
        && (2..=8).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// A country code (ISO 3166-1, two letters), answered in upper case.
pub fn country(value: &Value) -> Reading<String> {
    let text = string(value, "a country code of two letters such as ES")?;
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    complain(
        FaultCode::InvalidFormat,
        "expected a country code of two letters such as ES",
    )
}

/// A UUID in its form with hyphens.
pub fn uuid(value: &Value) -> Reading<Uuid> {
    let expected = "a UUID such as f7826da6-4fa2-4e98-8024-bc5b71e0893e";
    let text = string(value, expected)?;
    // The parser also reads braces, URNs and bare digits; one form is enough.
    match Uuid::parse_str(text) {
        Ok(uuid) if text.len() == 36 => Ok(uuid),
        _ => complain(FaultCode::InvalidFormat, format!("expected {expected}")),
    }
}

/// `N` bytes in hexadecimal.
pub fn hex<const N: usize>(value: &Value) -> Reading<Hex<N>> {
    let expected = format!("{} hexadecimal digits ({N} bytes)", 2 * N);
    match Hex::parse(string(value, &expected)?) {
        Some(bytes) => Ok(bytes),
        None => complain(FaultCode::InvalidFormat, format!("expected {expected}")),
    }
}

/// The items of a list of at most `max`.
pub fn list(value: &Value, max: usize) -> Reading<&[Value]> {
    let expected = format!("expected a list of at most {max} items");
    match value {
        Value::Array(items) if items.len() <= max => Ok(items),
        Value::Array(_) => complain(FaultCode::TooLong, expected),
        _ => complain(FaultCode::WrongType, expected),
    }
}

/// The entries of an object of at most `max`.
pub fn map(value: &Value, max: usize) -> Reading<&Map<String, Value>> {
    let expected = format!("expected an object of at most {max} entries");
    match value {
        Value::Object(entries) if entries.len() <= max => Ok(entries),
        Value::Object(_) => complain(FaultCode::TooLong, expected),
        _ => complain(FaultCode::WrongType, expected),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Reading<i64> {
        moment(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for (text, number) in [
            ("60505160878.0", 60_505_160_878),
            ("6e3", 6_000),
            ("-0.0", 0),
            ("9007199254740992.0", EXACT_MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(read(text), Ok(number), "{text}");
        }
        assert_eq!(integer(0, 10)(&json!(10.0)), Ok(10));
        for (text, code) in [
            ("1.5", FaultCode::WrongType),
            ("9007199254740994.0", FaultCode::WrongType),
            ("1e300", FaultCode::WrongType),
            ("18446744073709551615", FaultCode::OutOfRange),
        ] {
            assert_eq!(read(text).unwrap_err().code, code, "{text}");
        }
        assert_eq!(
            integer(0, 10)(&json!(11.0)).unwrap_err().code,
            FaultCode::OutOfRange
        );
    }
}
