//! The JSON in bodies.

use moca_core::limits::JSON_DEPTH_MAX;
use moca_wire::{json, problem::Code};
use serde_json::Value;

use crate::failure::Failure;

/// The document in a body.
pub(crate) fn read(body: &[u8]) -> Result<Value, Failure> {
    json::read(utf8(body)?)
        .map_err(|error| malformed(format!("The body is not the JSON we read: {error}.")))
}

/// The text of a body.
pub(crate) fn utf8(body: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(body).map_err(|error| {
        malformed(format!(
            "The body is not UTF-8: see the byte at index {}.",
            error.valid_up_to()
        ))
    })
}

/// Refuses a text that is nested deeper than the limit, without reading it as JSON: for bodies whose
/// parser is the handler's.
pub(crate) fn check_depth(text: &str) -> Result<(), Failure> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            return Err(malformed(format!(
                "The body is nested deeper than {JSON_DEPTH_MAX} levels."
            )));
        }
    }
    Ok(())
}

/// A body that cannot be read.
pub(crate) fn malformed(detail: String) -> Failure {
    Failure::new(Code::MalformedBody, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_seen_without_reading_too() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(check_depth(&nested(JSON_DEPTH_MAX)).is_ok());
        assert!(check_depth(&nested(JSON_DEPTH_MAX + 1)).is_err());
        let brackets_in_text = format!("\"\\\"{}\"", "[".repeat(100));
        assert!(check_depth(&brackets_in_text).is_ok());
    }

    #[test]
    fn broken_documents_are_refused() {
        let bad: &[&[u8]] = &[
            b"",
            b"{",
            b"{} {}",
            b"nul",
            b"\"\xff\"",
            b"\xef\xbb\xbf{}",
            br#""\ud800""#,
            br#""\u0000""#,
            b"1e999",
            b"NaN",
            b"{'a':1}",
            b"[1,]",
        ];
        for body in bad {
            let failure = read(body).unwrap_err();
            assert_eq!(failure.code(), Code::MalformedBody, "{body:?}");
        }
    }
}
