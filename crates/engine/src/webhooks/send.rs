//! One request to a receiver, and what its answer means.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moca_core::{
    app::PreviousSecret,
    clock::{Clock, Random, new_id},
    id::{AppId, DeliveryId},
    limits::{WEBHOOK_ANSWER_MS_MAX, WEBHOOK_RETRY_AFTER_MS_MAX},
    resource::Frame,
    webhook::{Attempt, Failure, Outcome, Webhook},
};
use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, RETRY_AFTER},
};

use super::{body, sign};
use crate::{
    outgoing::{self, NoClient},
    seal::{self, SealError, Sealer},
};

/// What an operator can set about webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Certificates (PEM) to be trusted besides those of the system.
    pub trusted_pem: Option<Vec<u8>>,
    /// Whether receivers may stand in inner networks.
    pub allow_private: bool,
}

/// Makes secrets and sends to receivers.
pub struct Sender {
    http: Client,
    allow_private: bool,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// A secret that was made just now.
pub struct NewSecret {
    /// As people get it, once.
    pub shown: String,
    /// As it is stored.
    pub sealed: Vec<u8>,
}

/// What came of a request.
pub(super) struct Sent {
    pub(super) attempt: Attempt,
    /// Before when the receiver wants no other, ms since 1970.
    pub(super) not_before: Option<i64>,
}

impl Sender {
    /// One with these settings.
    pub fn new(
        settings: &WebhookSettings,
        sealer: Sealer,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, NoClient> {
        let answer = Duration::from_millis(WEBHOOK_ANSWER_MS_MAX);
        let client = outgoing::client(settings.trusted_pem.as_deref(), answer)?;
        let client = outgoing::to_strangers(client, settings.allow_private);
        Ok(Self {
            http: outgoing::built(client)?,
            allow_private: settings.allow_private,
            sealer,
            clock,
            random,
        })
    }

    /// A new secret for the webhook with this frame.
    pub fn new_secret(&self, frame: &Frame) -> Result<NewSecret, SealError> {
        let random = self.random.as_ref();
        let secret = sign::new_secret(random);
        Ok(NewSecret {
            shown: sign::written(&secret),
            sealed: self.sealer.seal(random, &context(frame), &secret)?,
        })
    }

    /// The secret of a webhook, to be compared with one that was sent.
    pub fn secret(&self, webhook: &Webhook) -> Result<String, SealError> {
        let secret = self
            .sealer
            .open(&context(&webhook.frame), &webhook.sealed_secret)?;
        Ok(sign::written(&secret))
    }

    /// Sends a webhook an event of no meaning, whether it is enabled or not, and says what came of it.
    pub async fn test(&self, webhook: &Webhook) -> Attempt {
        let now_ms = self.clock.now_ms();
        let id = DeliveryId(new_id(now_ms, self.random.as_ref()));
        let body = body::write_test(webhook, id, now_ms);
        self.send(webhook, id, None, body).await.attempt
    }

    /// Sends a body; `app` is what it is about.
    pub(super) async fn send(
        &self,
        webhook: &Webhook,
        id: DeliveryId,
        app: Option<AppId>,
        body: Vec<u8>,
    ) -> Sent {
        let at_ms = self.clock.now_ms();
        let (outcome, not_before, took) = match self.how(webhook, at_ms) {
            Err(failure) => (Outcome::Failed(failure), None, Duration::ZERO),
            Ok((url, secrets)) => {
                let (id, timestamp_s) = (id.to_string(), at_ms.div_euclid(1_000));
                let signature = sign::signatures(&secrets, &id, timestamp_s, &body);
                let mut request = self
                    .http
                    .post(url)
                    .header(CONTENT_TYPE, "application/json")
                    .header("webhook-id", id)
                    .header("webhook-timestamp", timestamp_s)
                    .header("webhook-signature", signature);
                if let Some(app) = app {
                    request = request.header("x-app-key", app.to_string());
                }
                // How long it takes is for people to read; nothing is decided by it.
                let start = Instant::now();
                let answer = request.body(body).send().await;
                let took = start.elapsed();
                let (outcome, not_before) = meaning(answer, self.clock.now_ms());
                (outcome, not_before, took)
            }
        };
        Sent {
            attempt: Attempt {
                at_ms,
                took_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
                outcome,
            },
            not_before,
        }
    }

    /// Where to, and what it is signed with.
    fn how(&self, webhook: &Webhook, now_ms: i64) -> Result<(Url, Vec<Vec<u8>>), Failure> {
        let url = webhook.config.url.parse();
        let url: Url = url.map_err(|_| Failure::Unreachable)?;
        if !self.allow_private && !outgoing::is_public_host(&url) {
            return Err(Failure::PrivateAddress);
        }
        let secrets = self.secrets(webhook, now_ms).map_err(|error| {
            tracing::error!(webhook = %webhook.id(), %error, "the secret of a webhook cannot be read");
            Failure::SecretUnreadable
        })?;
        Ok((url, secrets))
    }

    /// The secrets that are signed with, the present one first.
    fn secrets(&self, webhook: &Webhook, now_ms: i64) -> Result<Vec<Vec<u8>>, SealError> {
        let context = context(&webhook.frame);
        let previous = webhook.previous_secret_at(now_ms);
        let sealed = |previous: &PreviousSecret| previous.sealed.clone();
        [Some(webhook.sealed_secret.clone()), previous.map(sealed)]
            .into_iter()
            .flatten()
            .map(|sealed| self.sealer.open(&context, &sealed))
            .collect()
    }
}

fn context(frame: &Frame) -> Vec<u8> {
    seal::context(frame.account_id, frame.id, "webhookSecret")
}

/// What came of a request, and before when the receiver wants no other.
fn meaning(
    answer: Result<reqwest::Response, reqwest::Error>,
    now_ms: i64,
) -> (Outcome, Option<i64>) {
    match answer {
        Ok(answer) => {
            let pause_ms = answer
                .headers()
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok())
                .and_then(|text| outgoing::retry_after_ms(text, now_ms));
            let not_before = pause_ms.map(|ms| now_ms + ms.min(WEBHOOK_RETRY_AFTER_MS_MAX));
            (Outcome::Answered(answer.status().as_u16()), not_before)
        }
        Err(error) => {
            let failure = match () {
                () if outgoing::is_private(&error) => Failure::PrivateAddress,
                () if error.is_timeout() => Failure::Timeout,
                () => Failure::Unreachable,
            };
            // Its text would name the address, which may be as good as a password.
            let error = error.without_url();
            tracing::debug!(%error, "A receiver of a webhook did not answer");
            (Outcome::Failed(failure), None)
        }
    }
}
