//! `ETag` and `If-Match`: changes that would overwrite a version the client has not seen are refused.

use moca_wire::problem::Code;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// The tag of a version.
pub(crate) fn of(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// The version of something that counts no versions: a number made of what is answered, the same as
/// long as the answer is.
pub(crate) fn revision_of<T: Serialize>(answer: &T) -> Result<i64, Failure> {
    let text = serde_json::to_vec(answer)
        .map_err(|error| Failure::internal("an answer cannot be written", error))?;
    let hash: [u8; 32] = Sha256::digest(text).into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    Ok(i64::from_be_bytes([a, b, c, d, e, f, g, h]) & i64::MAX)
}

/// A parsed `If-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// `*`: any version, but there must be one.
    Any,
    /// One of these tags. A weak tag never matches (RFC 9110 §13.1.1), so it is not kept.
    Tags(Vec<String>),
}

impl IfMatch {
    /// Reads the value of the header.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        // Elements of a list may be empty (RFC 9110 §5.6.1.2), but not all of them.
        let skip = |text: &'_ str| text.len() - text.trim_start_matches([',', ' ', '\t']).len();
        let mut rest = &text[skip(text)..];
        loop {
            let weak = rest.strip_prefix("W/");
            let tag = weak
                .unwrap_or(rest)
                .strip_prefix('"')
                .ok_or_else(unreadable)?;
            let (tag, after) = tag.split_once('"').ok_or_else(unreadable)?;
            if weak.is_none() {
                tags.push(format!("\"{tag}\""));
            }
            let after = after.trim_start();
            rest = &after[skip(after)..];
            if rest.is_empty() {
                return Ok(Self::Tags(tags));
            }
            if !after.starts_with(',') {
                return Err(unreadable());
            }
        }
    }

    /// Whether the stored version is one the client means; `None` when there is none.
    pub(crate) fn admits(&self, revision: Option<i64>) -> bool {
        match (self, revision) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Tags(tags), Some(revision)) => tags.contains(&of(revision)),
        }
    }
}

fn unreadable() -> Failure {
    Failure::new(
        Code::InvalidHeader,
        "If-Match is * or a list of entity tags in double quotes, as ETag gave them.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_the_star_are_read() {
        assert!(IfMatch::read("*").unwrap().admits(Some(3)));
        assert!(!IfMatch::read("*").unwrap().admits(None));
        assert!(IfMatch::read("\"3\"").unwrap().admits(Some(3)));
        assert!(IfMatch::read("\"1\" , \"3\"").unwrap().admits(Some(3)));
        assert!(!IfMatch::read("\"1\",\"2\"").unwrap().admits(Some(3)));
        assert!(IfMatch::read(", \"1\",, \"3\",").unwrap().admits(Some(3)));
    }

    #[test]
    fn a_weak_tag_never_matches() {
        assert!(!IfMatch::read("W/\"3\"").unwrap().admits(Some(3)));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "3", "\"3", "\"3\" \"4\"", ",", "w/\"3\"", "*, \"3\""] {
            assert!(IfMatch::read(bad).is_err(), "{bad}");
        }
    }
}
