//! The answer of `POST /oauth/token` (RFC 6749 §5.1).

use serde::{Deserialize, Serialize};

/// A token of limited life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// The secret to send as `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds it lives.
    pub expires_in: i64,
    /// The role it acts with.
    pub scope: String,
}
