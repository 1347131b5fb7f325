//! Requests to push services, and what their answers mean for a message.

use std::time::Duration;

use moca_core::{
    limits::{PUSH_ANSWER_BYTES_MAX, PUSH_ANSWER_MS_MAX},
    notification::Failure,
};
use reqwest::{Client, ClientBuilder, Identity, RequestBuilder, StatusCode, header::RETRY_AFTER};
use serde_json::Value;

use super::PushSettings;
use crate::outgoing::{self, NoClient, built, retry_after_ms};

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The service took it.
    Accepted,
    /// The service does not take it.
    Failed(Failure),
    /// The service is not even asked.
    NotSent(Failure),
    /// It may go the next time; this is the reason if it never does. The service may ask for a pause.
    Again(Failure, Option<i64>),
}

/// An answer of a push service.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Milliseconds until it may be asked again, if it says so.
    pub(crate) retry_after_ms: Option<i64>,
    pub(crate) body: Value,
}

/// A client for services that the operator chose.
pub(crate) fn client(settings: &PushSettings) -> Result<Client, NoClient> {
    built(base(settings)?)
}

/// The same that shows a certificate.
pub(crate) fn client_with(settings: &PushSettings, pem: &[u8]) -> Result<Client, NoClient> {
    let identity = Identity::from_pem(pem).map_err(|error| NoClient(Some(error)))?;
    built(base(settings)?.identity(identity))
}

/// A client for services that devices name.
pub(crate) fn client_for_strangers(settings: &PushSettings) -> Result<Client, NoClient> {
    built(outgoing::to_strangers(
        base(settings)?,
        settings.allow_private,
    ))
}

fn base(settings: &PushSettings) -> Result<ClientBuilder, NoClient> {
    let answer = Duration::from_millis(PUSH_ANSWER_MS_MAX);
    outgoing::client(settings.trusted_pem.as_deref(), answer)
}

/// Sends a request; no answer is one more reason to try again.
pub(crate) async fn send(request: RequestBuilder, now_ms: i64) -> Result<Answer, Outcome> {
    let unreachable = |error: reqwest::Error| {
        // Its text would name the address.
        let error = error.without_url();
        tracing::debug!(%error, "A push service did not answer");
        Outcome::Again(Failure::Unreachable, None)
    };
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after_ms = retry_after
        .and_then(|value| value.to_str().ok())
        .and_then(|text| retry_after_ms(text, now_ms));
    let mut body = Vec::new();
    // A message that was taken is taken, whatever the rest of the answer is.
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() > PUSH_ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok(Answer {
        status,
        retry_after_ms,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

impl Answer {
    /// What an answer means that says nothing about this message alone.
    pub(crate) fn in_general(&self) -> Outcome {
        match self.status.as_u16() {
            200..=299 => Outcome::Accepted,
            429 | 500..=599 => Outcome::Again(Failure::Overloaded, self.retry_after_ms),
            401 | 403 => Outcome::Failed(Failure::CredentialRefused),
            413 => Outcome::Failed(Failure::TooLarge),
            _ => Outcome::Failed(Failure::Refused),
        }
    }
}
