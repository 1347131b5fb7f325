//! Secrets that a client sends and never gets back.

use std::fmt;

use moca_core::limits::SECRET_CHARS_MAX;
use serde_json::Value;

use crate::values::{self, Reading};

/// A secret. It does not show itself when it is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// This text as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for who seals or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a body says of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SecretInput {
    /// Nothing: it stays as it is.
    #[default]
    Keep,
    /// `null`: it is taken away.
    Remove,
    /// It becomes this one.
    Set(Secret),
}

/// A secret of one line.
pub(crate) fn line(value: &Value) -> Reading<String> {
    values::line(SECRET_CHARS_MAX)(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = SecretInput::Set(Secret::new("hunter2"));
        assert_eq!(format!("{secret:?}"), "Set(Secret)");
    }
}
