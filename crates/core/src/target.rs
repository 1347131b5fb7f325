//! Push credentials of an app: with what it is known to Apple, Google and the makers of browsers.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::id::TargetId;

/// A push credential as it is shown: all but its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Id.
    pub target_id: TargetId,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// What it is.
    #[serde(flatten)]
    pub credential: Credential,
}

/// The kinds of credential. Fingerprints are SHA-256 in hexadecimal: of a key, that of its public half
/// (SubjectPublicKeyInfo); of a certificate, that of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "@type", rename_all_fields = "camelCase")]
pub enum Credential {
    /// A key for tokens of Apple's push service.
    #[serde(rename = "ApnsKeyTarget")]
    ApnsKey {
        /// Apple's id of the key.
        key_id: String,
        /// Apple's id of the team.
        team_id: String,
        /// The app's bundle id.
        topic: String,
        /// Which of Apple's services.
        environment: Environment,
        /// Which key.
        key_fingerprint: String,
    },
    /// A certificate of Apple's push service.
    #[serde(rename = "ApnsCertificateTarget")]
    ApnsCertificate {
        /// The app's bundle id, as the certificate has it.
        topic: String,
        /// Which of Apple's services.
        environment: Environment,
        /// Which certificate.
        certificate_fingerprint: String,
        /// First moment it is no longer taken, ms since 1970.
        expires_at: i64,
    },
    /// A service account of Firebase Cloud Messaging.
    #[serde(rename = "FcmTarget")]
    Fcm {
        /// Google's id of the project.
        project_id: String,
        /// The service account.
        client_email: String,
        /// Google's id of the key.
        private_key_id: String,
        /// Which key.
        key_fingerprint: String,
    },
    /// A key pair of Web Push (RFC 8292).
    #[serde(rename = "WebPushTarget")]
    WebPush {
        /// Whom a push service can turn to: a `mailto:` or `https:` URL.
        subject: String,
        /// The public key, 65 bytes in base64url: what browsers subscribe with.
        public_key: String,
    },
}

/// Which of Apple's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Environment {
    /// For apps from the store.
    Production,
    /// For apps under development.
    Sandbox,
}

impl Environment {
    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "Production",
            Self::Sandbox => "Sandbox",
        }
    }
}

/// A push credential as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTarget {
    /// What is shown.
    #[serde(flatten)]
    pub target: Target,
    /// [`TargetSecrets`], sealed with the server's key.
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub sealed: Vec<u8>,
}

/// What is secret of a credential, or goes with it to the service.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetSecrets {
    /// The private key: PKCS#8 or PKCS#1 in DER, for Web Push the 32 bytes of the number.
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub private_key: Vec<u8>,
    /// The certificate in DER, empty if there is none.
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub certificate: Vec<u8>,
}

impl fmt::Debug for TargetSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TargetSecrets")
    }
}

fn write_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn read_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(de::Error::custom)
}
