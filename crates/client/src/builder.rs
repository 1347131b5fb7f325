//! Setting up a client.

use std::time::Duration;

use reqwest::{Certificate, redirect};
use url::Url;

use crate::{
    error::ClientError,
    manage::Client,
    transport::{Credentials, Transport},
};

/// Time to reach the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for one whole call: longer than the server gives itself.
const CALL_TIMEOUT: Duration = Duration::from_secs(70);

/// The settings of a [`Client`].
#[derive(Debug, Clone)]
pub struct Builder {
    base_url: String,
    token: Option<String>,
    trusted_pem: Option<Vec<u8>>,
    timeout: Duration,
}

impl Builder {
    pub(crate) fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            token: None,
            trusted_pem: None,
            timeout: CALL_TIMEOUT,
        }
    }

    /// The token to send.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Trusts these certificates, and no others: that of a server which signed its own.
    #[must_use]
    pub fn trust_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.trusted_pem = Some(pem.into());
        self
    }

    /// Time for one whole call.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The client.
    pub fn build(self) -> Result<Client, ClientError> {
        let base = Url::parse(&self.base_url)
            .ok()
            .filter(|url| url.scheme() == "https" && url.has_host())
            .ok_or_else(|| {
                ClientError::Configuration(format!(
                    "{} is not an https URL such as https://localhost:8443",
                    self.base_url
                ))
            })?;
        // An error says that the program chose a provider itself, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("moca-client/", env!("CARGO_PKG_VERSION")))
            .https_only(true)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(self.timeout)
            .tcp_nodelay(true);
        if let Some(pem) = &self.trusted_pem {
            let certificates = Certificate::from_pem_bundle(pem).map_err(wrong_certificate)?;
            http = http.tls_certs_only(certificates);
        }
        let transport = Transport::new(http.build().map_err(ClientError::Network)?, base);
        let credentials = match self.token {
            Some(token) => Credentials::Bearer(token),
            None => Credentials::None,
        };
        Ok(Client::new(transport, credentials))
    }
}

fn wrong_certificate(error: reqwest::Error) -> ClientError {
    ClientError::Configuration(format!("the trusted certificate cannot be read: {error}"))
}
