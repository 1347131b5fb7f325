//! The patterns of `$like` and `$matches`.

use regex::{Regex, RegexBuilder};

use crate::limits::SEGMENT_PATTERN_BYTES_MAX;

/// A pattern of `$like`: `%` is any run of characters, `_` one, and `\` takes their meaning away.
#[derive(Debug, Clone)]
pub(super) struct Like(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Run,
    One,
    Exactly(char),
}

impl Like {
    /// Reads a pattern; none if a `\` stands before something else than `%`, `_` or `\`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let piece = match character {
                '%' => Piece::Run,
                '_' => Piece::One,
                '\\' => match characters.next()? {
                    escaped @ ('%' | '_' | '\\') => Piece::Exactly(escaped),
                    _ => return None,
                },
                other => Piece::Exactly(other),
            };
            // Two runs are one.
            if piece != Piece::Run || pieces.last() != Some(&Piece::Run) {
                pieces.push(piece);
            }
        }
        Some(Self(pieces))
    }

    /// Whether all of a text is like the pattern. A run takes as little as it can and one character
    /// more whenever the rest does not fit; only the last run has to be tried again, because a rest
    /// that fits after an earlier one fits there too.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let pieces = &self.0;
        let mut rest = text.chars();
        let mut next = 0;
        let mut last_run = None;
        loop {
            let mut ahead = rest.clone();
            match (pieces.get(next), ahead.next()) {
                (Some(Piece::Run), _) => {
                    next += 1;
                    last_run = Some((next, rest.clone()));
                    continue;
                }
                (None, None) => return true,
                (Some(Piece::One), Some(_)) => {
                    (next, rest) = (next + 1, ahead);
                    continue;
                }
                (Some(Piece::Exactly(wanted)), Some(found)) if *wanted == found => {
                    (next, rest) = (next + 1, ahead);
                    continue;
                }
                _ => {}
            }
            let Some((after_run, from)) = &mut last_run else {
                return false;
            };
            if from.next().is_none() {
                return false;
            }
            (next, rest) = (*after_run, from.clone());
        }
    }
}

/// A pattern of `$matches`, found anywhere in a text. The time of a search grows with the text and
/// with the pattern, never with what they make of each other.
#[derive(Debug, Clone)]
pub(super) struct Matches(Regex);

impl Matches {
    /// Reads a pattern, or says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(text)
            .size_limit(SEGMENT_PATTERN_BYTES_MAX)
            .dfa_size_limit(SEGMENT_PATTERN_BYTES_MAX)
            .build();
        match built {
            Ok(regex) => Ok(Self(regex)),
            Err(regex::Error::CompiledTooBig(_)) => Err(format!(
                "expected a simpler regular expression: this one takes more than \
                 {SEGMENT_PATTERN_BYTES_MAX} bytes; repeat less, or say \\x20-\\x7e instead of classes \
                 of all scripts"
            )),
            Err(error) => {
                // The last line says what, the others draw where.
                let said = error.to_string();
                let what = said.lines().last().unwrap_or_default();
                let what = what.trim_start_matches("error: ");
                Err(format!(
                    "expected a regular expression in the syntax of RE2: {what}"
                ))
            }
        }
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}
