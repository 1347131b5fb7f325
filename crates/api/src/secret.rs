//! The secrets of tokens and apps: how they are made, kept and compared.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use moca_core::{clock::Random, id::AppId};
use moca_engine::sign::BundleKey;
use sha2::{Digest, Sha256};

use crate::{
    failure::Failure,
    seal::{SealError, Sealer},
};

/// Random bytes of an `appSecret`.
const APP_SECRET_BYTES: usize = 20;

/// A new token secret: the text of a random UUID (version 4).
pub fn new_token(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .hyphenated()
        .to_string()
}

/// What is kept of a token's secret. It is random and long, so one round of a fast hash is enough.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The key of an app's bundles.
pub fn bundle_key(sealer: &Sealer, app_id: AppId) -> Result<BundleKey, Failure> {
    let key = sealer.bundle_key(app_id);
    key.map_err(|error| Failure::internal("the key of bundles cannot be made", error.to_string()))
}

/// A new `appSecret`.
pub fn new_app_secret(random: &dyn Random) -> String {
    let mut bytes = [0; APP_SECRET_BYTES];
    random.fill(&mut bytes);
    STANDARD.encode(bytes)
}

/// An `appSecret` as it is stored; it opens for this app only.
pub fn seal_app_secret(
    sealer: &Sealer,
    random: &dyn Random,
    app_id: AppId,
    secret: &str,
) -> Result<Vec<u8>, Failure> {
    sealer
        .seal(random, &app_id.0.0, secret.as_bytes())
        .map_err(|error| Failure::internal("an app secret cannot be sealed", error))
}

/// The `appSecret` of an app, to be shown or compared.
pub fn open_app_secret(sealer: &Sealer, app_id: AppId, sealed: &[u8]) -> Result<String, Failure> {
    sealer
        .open(&app_id.0.0, sealed)
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| SealError::DoesNotOpen))
        .map_err(|error| Failure::internal("an app secret cannot be opened", error))
}
