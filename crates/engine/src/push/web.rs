//! The push services of browsers (RFC 8030), to which an app says who it is by RFC 8292.

use std::{collections::HashMap, sync::Mutex};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moca_core::{
    id::NotificationId,
    limits::PUSH_KEPT_MS,
    notification::Failure,
    target::{Credential, TargetSecrets},
};
use reqwest::{Client, Url};
use serde_json::json;

use super::{
    PushSettings,
    apns::lock,
    encrypt,
    http::{self, Outcome},
    senders::Broken,
    token::Signer,
};
use crate::outgoing::is_public_host;

/// Milliseconds a token is good for: push services take none that are for longer than a day.
const TOKEN_MS: i64 = 12 * 3_600_000;
/// Milliseconds before its end that a token is no longer used.
const SPARE_MS: i64 = 3_600_000;
/// Services of which tokens are kept: browsers have few, but devices may name any.
const TOKENS_MAX: usize = 1_000;

/// The key pair of an app.
pub(crate) struct WebPush {
    http: Client,
    signer: Signer,
    public_key: String,
    subject: String,
    allows_private: bool,
    /// By service: when the token ends, and the token.
    tokens: Mutex<HashMap<String, (i64, String)>>,
}

/// Where a browser is reached.
pub(crate) struct Subscription<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) p256dh: &'a str,
    pub(crate) auth: &'a str,
}

impl WebPush {
    /// The sender for a credential.
    pub(crate) fn new(
        settings: &PushSettings,
        strangers: &Client,
        credential: &Credential,
        secrets: &TargetSecrets,
    ) -> Result<Self, Broken> {
        let Credential::WebPush {
            subject,
            public_key,
        } = credential
        else {
            return Err(Broken);
        };
        let point = URL_SAFE_NO_PAD.decode(public_key).map_err(|_| Broken)?;
        Ok(Self {
            http: strangers.clone(),
            signer: Signer::vapid(secrets, &point)?,
            public_key: public_key.clone(),
            subject: subject.clone(),
            allows_private: settings.allow_private,
            tokens: Mutex::default(),
        })
    }

    /// Sends a message to a browser.
    pub(crate) async fn send(
        &self,
        to: Subscription<'_>,
        notification_id: NotificationId,
        salt: [u8; 16],
        plain: &[u8],
        now_ms: i64,
    ) -> Outcome {
        let refused = Outcome::NotSent(Failure::Refused);
        let Ok(url) = Url::parse(to.endpoint) else {
            return refused;
        };
        if !self.allows_private && !is_public_host(&url) {
            return refused;
        }
        let Ok(body) = encrypt::encrypt(to.p256dh, to.auth, salt, plain) else {
            return Outcome::NotSent(Failure::Unregistered);
        };
        let Ok(token) = self.token(&url, now_ms) else {
            return Outcome::NotSent(Failure::CredentialRefused);
        };
        let request = self
            .http
            .post(url)
            .header(
                "authorization",
                format!("vapid t={token}, k={}", self.public_key),
            )
            .header("ttl", PUSH_KEPT_MS / 1_000)
            .header("urgency", "high")
            // A repeat takes the place of what it repeats, as long as that was not delivered.
            .header("topic", notification_id.to_string())
            .header("content-type", "application/octet-stream")
            .header("content-encoding", "aes128gcm")
            .body(body);
        match http::send(request, now_ms).await {
            Err(outcome) => outcome,
            Ok(answer) => match answer.status.as_u16() {
                404 | 410 => Outcome::Failed(Failure::Unregistered),
                _ => answer.in_general(),
            },
        }
    }

    /// A token for the service of this URL.
    fn token(&self, url: &Url, now_ms: i64) -> Result<String, Broken> {
        let service = url.origin().ascii_serialization();
        let mut tokens = lock(&self.tokens);
        if let Some((until, token)) = tokens.get(&service)
            && now_ms < until - SPARE_MS
        {
            return Ok(token.clone());
        }
        let until = now_ms + TOKEN_MS;
        let claims = json!({"aud": service, "exp": until / 1_000, "sub": self.subject});
        let token = self.signer.sign(None, &claims)?;
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(service, (until, token.clone()));
        Ok(token)
    }
}
