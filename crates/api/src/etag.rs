//! `ETag`, `If-Match` and `If-None-Match`: changes that would overwrite a version the client has not seen
//! are refused, and what a client has is not sent again.

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
        let tags = entity_tags(text).ok_or_else(|| unreadable("If-Match"))?;
        let strong = tags.into_iter().filter(|(_, is_weak)| !is_weak);
        Ok(Self::Tags(strong.map(|(tag, _)| tag).collect()))
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

/// A parsed `If-None-Match`: what the client has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfNoneMatch {
    /// `*`: some version, whichever.
    Any,
    /// One of these, whether it said that they are weak or not (RFC 9110 §13.1.2).
    Tags(Vec<String>),
}

impl IfNoneMatch {
    /// Reads the value of the header.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let tags = entity_tags(text).ok_or_else(|| unreadable("If-None-Match"))?;
        Ok(Self::Tags(tags.into_iter().map(|(tag, _)| tag).collect()))
    }

    /// Whether the client has the version with this tag, which may be a weak one.
    pub(crate) fn has(&self, tag: &str) -> bool {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|one| one == tag),
        }
    }
}

/// The tags of a list with their quotation marks, each with whether it is a weak one.
fn entity_tags(text: &str) -> Option<Vec<(String, bool)>> {
    let mut tags = Vec::new();
    // Elements of a list may be empty (RFC 9110 §5.6.1.2), but not all of them.
    let skip = |text: &'_ str| text.len() - text.trim_start_matches([',', ' ', '\t']).len();
    let mut rest = &text[skip(text)..];
    loop {
        let weak = rest.strip_prefix("W/");
        let tag = weak.unwrap_or(rest).strip_prefix('"')?;
        let (tag, after) = tag.split_once('"')?;
        tags.push((format!("\"{tag}\""), weak.is_some()));
        let after = after.trim_start();
        rest = &after[skip(after)..];
        if rest.is_empty() {
            return Some(tags);
        }
        if !after.starts_with(',') {
            return None;
        }
    }
}

fn unreadable(header: &str) -> Failure {
    Failure::new(
        Code::InvalidHeader,
        format!("{header} is * or a list of entity tags in double quotes, as ETag gave them."),
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
            assert!(IfNoneMatch::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_client_has_may_be_weak() {
        let has = |header: &str, tag: &str| IfNoneMatch::read(header).unwrap().has(tag);
        for header in ["*", "W/\"a\"", "\"a\"", "\"b\", W/\"a\""] {
            assert!(has(header, "W/\"a\"") && has(header, "\"a\""), "{header}");
        }
        assert!(!has("W/\"b\"", "W/\"a\""));
    }
}
