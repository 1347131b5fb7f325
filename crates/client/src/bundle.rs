//! Bundles of devices, with the proof of where they come from.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use moca_core::bundle::Bundle;
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::{answer::Answer, error::ClientError};

/// A bundle as it came: what a device keeps on its disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBundle {
    /// The bundle as JSON, byte for byte as it was signed.
    pub json: Bytes,
    /// The signature of these bytes, in base64url.
    pub signature: String,
    /// What is offered in it, by which [`DeviceClient::newer_bundle`](crate::DeviceClient::newer_bundle)
    /// asks for another.
    pub etag: String,
}

impl SignedBundle {
    pub(crate) fn of(answer: Answer) -> Self {
        Self {
            json: answer.body,
            signature: answer.signature.unwrap_or_default(),
            etag: answer.etag.unwrap_or_default(),
        }
    }

    /// The bundle, if it was signed with the key of this app: `bundleKey`, which an app is built with.
    pub fn open(&self, bundle_key: &str) -> Result<Bundle, ClientError> {
        let key = URL_SAFE_NO_PAD.decode(bundle_key).map_err(|_| {
            ClientError::Configuration(format!(
                "\"{bundle_key}\" is no bundleKey: it is 32 bytes in base64url, as the app shows it"
            ))
        })?;
        let signature = URL_SAFE_NO_PAD.decode(&self.signature);
        let signature = signature.map_err(|_| ClientError::Forged)?;
        UnparsedPublicKey::new(&ED25519, key)
            .verify(&self.json, &signature)
            .map_err(|_| ClientError::Forged)?;
        Answer::json_of(&self.json, None)
    }
}
