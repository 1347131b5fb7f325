//! Apple's push service.

use std::sync::Mutex;

use moca_core::{
    id::{InstanceId, NotificationId},
    limits::PUSH_KEPT_MS,
    notification::Failure,
    target::{Credential, Environment, TargetSecrets},
};
use reqwest::Client;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    PushSettings,
    http::{self, Outcome},
    senders::{Broken, pem},
    token::Signer,
};

/// Milliseconds a token is used: Apple refuses to get new ones more often than every 20 minutes, and
/// those that are older than an hour.
const TOKEN_MS: i64 = 40 * 60_000;

/// One credential for one of Apple's services.
pub(crate) struct Apns {
    http: Client,
    base: String,
    topic: String,
    /// Nothing where a certificate says who we are.
    key: Option<Key>,
}

struct Key {
    signer: Signer,
    key_id: String,
    team_id: String,
    /// The token in use, and when it was made.
    token: Mutex<Option<(i64, String)>>,
}

impl Apns {
    /// The sender for a credential.
    pub(crate) fn new(
        settings: &PushSettings,
        shared: &Client,
        credential: &Credential,
        secrets: &TargetSecrets,
    ) -> Result<Self, Broken> {
        match credential {
            Credential::ApnsKey {
                key_id,
                team_id,
                topic,
                environment,
                ..
            } => Ok(Self {
                http: shared.clone(),
                base: settings.apns(*environment).to_owned(),
                topic: topic.clone(),
                key: Some(Key {
                    signer: Signer::p256(secrets)?,
                    key_id: key_id.clone(),
                    team_id: team_id.clone(),
                    token: Mutex::default(),
                }),
            }),
            Credential::ApnsCertificate {
                topic, environment, ..
            } => Ok(Self {
                http: http::client_with(settings, &pem(secrets))?,
                base: settings.apns(*environment).to_owned(),
                topic: topic.clone(),
                key: None,
            }),
            Credential::Fcm { .. } | Credential::WebPush { .. } => Err(Broken),
        }
    }

    /// Sends a message to a device.
    pub(crate) async fn send(
        &self,
        device: &str,
        repeat: Repeat,
        body: Vec<u8>,
        now_ms: i64,
    ) -> Outcome {
        let mut request = self
            .http
            .post(format!("{}/3/device/{device}", self.base))
            .header("apns-topic", &self.topic)
            .header("apns-push-type", "alert")
            .header("apns-priority", "10")
            .header("apns-expiration", (now_ms + PUSH_KEPT_MS) / 1_000)
            .header("apns-id", repeat.uuid())
            .header("apns-collapse-id", repeat.notification_id.to_string())
            .body(body);
        if let Some(key) = &self.key {
            match key.token(now_ms) {
                Ok(token) => request = request.header("authorization", format!("bearer {token}")),
                Err(Broken) => return Outcome::NotSent(Failure::CredentialRefused),
            }
        }
        let answer = match http::send(request, now_ms).await {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        match (answer.status.as_u16(), answer.body["reason"].as_str()) {
            (410, _) | (400, Some("BadDeviceToken")) => Outcome::Failed(Failure::Unregistered),
            (400, Some("DeviceTokenNotForTopic" | "BadTopic" | "TopicDisallowed")) => {
                Outcome::Failed(Failure::CredentialRefused)
            }
            (403, Some("ExpiredProviderToken")) => {
                self.renew(now_ms);
                Outcome::Again(Failure::CredentialRefused, None)
            }
            _ => answer.in_general(),
        }
    }

    /// Makes a new token the next time, unless the one in use is too young for that.
    fn renew(&self, now_ms: i64) {
        if let Some(key) = &self.key {
            let mut token = lock(&key.token);
            if token
                .as_ref()
                .is_some_and(|(at, _)| now_ms - at >= TOKEN_MS / 2)
            {
                *token = None;
            }
        }
    }
}

impl Key {
    fn token(&self, now_ms: i64) -> Result<String, Broken> {
        let mut kept = lock(&self.token);
        if let Some((at, token)) = &*kept
            && (0..TOKEN_MS).contains(&(now_ms - at))
        {
            return Ok(token.clone());
        }
        let claims = json!({"iss": self.team_id, "iat": now_ms / 1_000});
        let token = self.signer.sign(Some(&self.key_id), &claims)?;
        *kept = Some((now_ms, token.clone()));
        Ok(token)
    }
}

/// What a repeat is known by: the notification and the instance it is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeat {
    pub(crate) notification_id: NotificationId,
    pub(crate) instance_id: InstanceId,
}

impl Repeat {
    /// A UUID that is the same for a repeat, and for nothing else.
    fn uuid(self) -> String {
        let both = [self.notification_id.0.0, self.instance_id.0.0].concat();
        let hash = Sha256::digest(both);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        // RFC 9562 §5.8: a UUID of our own making.
        bytes[6] = (bytes[6] & 0x0f) | 0x80;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let part = |from, to| &hex[from..to];
        [
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32),
        ]
        .join("-")
    }
}

/// The lock, poisoned or not: what it guards is only ever replaced as a whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl PushSettings {
    /// Where one of Apple's services is.
    fn apns(&self, environment: Environment) -> &str {
        match environment {
            Environment::Production => &self.apns_url,
            Environment::Sandbox => &self.apns_sandbox_url,
        }
    }
}
