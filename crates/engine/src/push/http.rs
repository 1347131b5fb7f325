//! Requests to push services, and what their answers mean for a message.

use std::time::Duration;

use moca_core::{
    limits::{PUSH_ANSWER_BYTES_MAX, PUSH_ANSWER_MS_MAX},
    notification::Failure,
};
use reqwest::{
    Certificate, Client, ClientBuilder, Identity, RequestBuilder, StatusCode, header::RETRY_AFTER,
    redirect,
};
use serde_json::Value;

use super::PushSettings;
use crate::outgoing::PublicOnly;

/// Time to reach a push service.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

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

/// The HTTP clients cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP library cannot be set up for push services")]
pub struct NoClient(#[source] Option<reqwest::Error>);

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
    let base = base(settings)?;
    built(match settings.allow_private {
        true => base,
        false => base.dns_resolver(std::sync::Arc::new(PublicOnly)),
    })
}

fn base(settings: &PushSettings) -> Result<ClientBuilder, NoClient> {
    // An error says that the program chose a provider itself, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut trusted = Vec::new();
    if let Some(pem) = &settings.trusted_pem {
        trusted = Certificate::from_pem_bundle(pem).map_err(|error| NoClient(Some(error)))?;
        if trusted.is_empty() {
            return Err(NoClient(None));
        }
    }
    Ok(Client::builder()
        .user_agent(concat!("moca/", env!("CARGO_PKG_VERSION")))
        .https_only(true)
        .redirect(redirect::Policy::none())
        // The repeats are ours: each message is handed over once unless we know that it did not arrive.
        .retry(reqwest::retry::never())
        // A proxy of the environment would be an address that nobody checked.
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(Duration::from_millis(PUSH_ANSWER_MS_MAX))
        .tcp_nodelay(true)
        .tls_certs_merge(trusted))
}

fn built(builder: ClientBuilder) -> Result<Client, NoClient> {
    builder.build().map_err(|error| NoClient(Some(error)))
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

/// Seconds, or a date of HTTP.
fn retry_after_ms(text: &str, now_ms: i64) -> Option<i64> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    let at = moca_core::time::http_date(text)?;
    Some((at - now_ms).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_in_seconds_or_until_a_date() {
        let now_ms = 1_767_614_400_000;
        for (text, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120_000)),
            ("Mon, 05 Jan 2026 12:00:30 GMT", Some(30_000)),
            ("Mon, 05 Jan 2026 11:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(retry_after_ms(text, now_ms), expected, "{text}");
        }
    }
}
