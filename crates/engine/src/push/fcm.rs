//! Firebase Cloud Messaging, with a token of Google's that the service account is exchanged for.

use moca_core::{
    notification::Failure,
    target::{Credential, TargetSecrets},
};
use reqwest::Client;
use serde_json::json;
use tokio::sync::Mutex;

use super::{
    PushSettings,
    http::{self, Outcome},
    senders::Broken,
    token::Signer,
};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// Who the assertion is for, wherever a gateway takes it in.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Milliseconds an assertion is good for.
const ASSERTION_MS: i64 = 3_600_000;
/// Milliseconds before its end that a token is no longer used.
const SPARE_MS: i64 = 5 * 60_000;

/// One service account.
pub(crate) struct Fcm {
    http: Client,
    url: String,
    token_url: String,
    signer: Signer,
    client_email: String,
    key_id: String,
    /// The token in use, and when it is no longer used. Who finds none gets one, and the others wait.
    token: Mutex<Option<(i64, String)>>,
}

impl Fcm {
    /// The sender for a credential.
    pub(crate) fn new(
        settings: &PushSettings,
        shared: &Client,
        credential: &Credential,
        secrets: &TargetSecrets,
    ) -> Result<Self, Broken> {
        let Credential::Fcm {
            project_id,
            client_email,
            private_key_id,
            ..
        } = credential
        else {
            return Err(Broken);
        };
        let mut url = reqwest::Url::parse(&settings.fcm_url).map_err(|_| Broken)?;
        url.path_segments_mut()
            .map_err(|()| Broken)?
            .pop_if_empty()
            .extend(["v1", "projects", project_id, "messages:send"]);
        Ok(Self {
            http: shared.clone(),
            url: url.to_string(),
            token_url: settings.fcm_token_url.clone(),
            signer: Signer::rsa(secrets)?,
            client_email: client_email.clone(),
            key_id: private_key_id.clone(),
            token: Mutex::default(),
        })
    }

    /// Sends a message, whose body names the device.
    pub(crate) async fn send(&self, body: Vec<u8>, now_ms: i64) -> Outcome {
        let token = match self.token(now_ms).await {
            Ok(token) => token,
            Err(outcome) => return outcome,
        };
        let request = self
            .http
            .post(&self.url)
            .bearer_auth(&token)
            .header("content-type", "application/json")
            .body(body);
        let answer = match http::send(request, now_ms).await {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        let details = answer.body["error"]["details"].as_array();
        let code = details
            .into_iter()
            .flatten()
            .find_map(|detail| detail["errorCode"].as_str());
        match (answer.status.as_u16(), code) {
            (_, Some("UNREGISTERED")) => Outcome::Failed(Failure::Unregistered),
            (401, _) => {
                self.forget(&token).await;
                Outcome::Again(Failure::CredentialRefused, None)
            }
            _ => answer.in_general(),
        }
    }

    /// A token that is good now.
    pub(crate) async fn token(&self, now_ms: i64) -> Result<String, Outcome> {
        let mut kept = self.token.lock().await;
        if let Some((until, token)) = &*kept
            && now_ms < *until
        {
            return Ok(token.clone());
        }
        let claims = json!({
            "iss": self.client_email,
            "scope": SCOPE,
            "aud": AUDIENCE,
            "iat": now_ms / 1_000,
            "exp": (now_ms + ASSERTION_MS) / 1_000,
        });
        let refused = Outcome::NotSent(Failure::CredentialRefused);
        let assertion = self.signer.sign(Some(&self.key_id), &claims);
        let assertion = assertion.map_err(|_| refused)?;
        // None of these characters has to be escaped in a form, but the colons.
        let form = format!(
            "grant_type={}&assertion={assertion}",
            GRANT.replace(':', "%3A")
        );
        let request = self
            .http
            .post(&self.token_url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = http::send(request, now_ms).await?;
        match answer.in_general() {
            Outcome::Accepted => {}
            again @ Outcome::Again(..) => return Err(again),
            Outcome::Failed(_) | Outcome::NotSent(_) => return Err(refused),
        }
        let token = answer.body["access_token"].as_str().ok_or(refused)?;
        let lives_ms = answer.body["expires_in"]
            .as_i64()
            .unwrap_or(0)
            .saturating_mul(1_000);
        let until = now_ms.saturating_add(lives_ms).saturating_sub(SPARE_MS);
        *kept = Some((until, token.to_owned()));
        Ok(token.to_owned())
    }

    /// Does not use a token again.
    async fn forget(&self, token: &str) {
        let mut kept = self.token.lock().await;
        if kept.as_ref().is_some_and(|(_, one)| one == token) {
            *kept = None;
        }
    }
}
