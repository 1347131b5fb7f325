//! Percent-decoding that refuses what it cannot read.

use moca_wire::problem::Code;
use unicode_normalization::UnicodeNormalization;

use crate::failure::Failure;

/// Decodes a segment of a path; the result is in NFC.
pub(crate) fn decode_segment(raw: &str) -> Result<String, Failure> {
    decode(raw, false)
}

/// Decodes a name or value of a query or a form, where `+` stands for a space; the result is in NFC.
pub(crate) fn decode_form(raw: &str) -> Result<String, Failure> {
    decode(raw, true)
}

fn decode(raw: &str, plus_is_space: bool) -> Result<String, Failure> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let high = rest.next().and_then(|&digit| hex(digit));
                let low = rest.next().and_then(|&digit| hex(digit));
                match (high, low) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => return Err(broken("a % is not followed by two hexadecimal digits")),
                }
            }
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| broken("what it encodes is not UTF-8"))?;
    // Not storable in every database, and never meant.
    if text.contains('\0') {
        return Err(broken("it encodes the character U+0000"));
    }
    Ok(if text.is_ascii() {
        text
    } else {
        text.nfc().collect()
    })
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn broken(why: &str) -> Failure {
    Failure::new(
        Code::MalformedRequest,
        format!("The URL or form is not percent-encoded UTF-8: {why}."),
    )
}
