//! The JSON in bodies.

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

/// A body that cannot be read.
pub(crate) fn malformed(detail: String) -> Failure {
    Failure::new(Code::MalformedBody, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

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
