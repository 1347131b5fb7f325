//! Setting up a client.

use std::{sync::Arc, time::Duration};

use reqwest::{Certificate, redirect};
use url::Url;

use crate::{
    error::ClientError,
    login::{Credentials, Login},
    manage::Client,
    pace::{Pace, SystemPace},
    retry::RetryPolicy,
    transport::{Proof, Transport},
};

/// Time to reach the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The settings of a [`Client`].
pub struct Builder {
    base_url: String,
    credentials: Credentials,
    trusted_pem: Option<Vec<u8>>,
    policy: RetryPolicy,
    pace: Arc<dyn Pace>,
    user_agent: String,
}

impl Builder {
    pub(crate) fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            credentials: Credentials::Fixed(Proof::None),
            trusted_pem: None,
            policy: RetryPolicy::default(),
            pace: Arc::new(SystemPace),
            user_agent: concat!("moca-client/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// The token to send.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.credentials = Credentials::Fixed(Proof::Bearer(token.into()));
        self
    }

    /// Logs in by OAuth 2.0 client credentials instead: a token's `tokenId` and `accessToken` are
    /// exchanged for a token of an hour at the first call, and again before it ends. `scope` may
    /// ask for a lower role.
    #[must_use]
    pub fn client_credentials(
        mut self,
        client_id: impl ToString,
        client_secret: impl Into<String>,
        scope: Option<&str>,
    ) -> Self {
        let scope = scope.map(str::to_owned);
        let login = Login::new(client_id.to_string(), client_secret.into(), scope);
        self.credentials = Credentials::Login(Arc::new(login));
        self
    }

    /// Trusts these certificates, and no others: that of a server which signed its own.
    #[must_use]
    pub fn trust_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.trusted_pem = Some(pem.into());
        self
    }

    /// How long to try, instead of [`RetryPolicy::default`].
    #[must_use]
    pub const fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Time and chance of another kind, for tests.
    #[must_use]
    pub fn pace(mut self, pace: Arc<dyn Pace>) -> Self {
        self.pace = pace;
        self
    }

    /// Names the program that calls, in front of the library's own name.
    #[must_use]
    pub fn user_agent(mut self, program: &str) -> Self {
        self.user_agent = format!("{program} {}", self.user_agent);
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
            .user_agent(self.user_agent)
            .https_only(true)
            .redirect(redirect::Policy::none())
            // The retries are ours, or some calls would be sent more often than they bear.
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT.min(self.policy.attempt_timeout))
            .tcp_nodelay(true);
        if let Some(pem) = &self.trusted_pem {
            let certificates = Certificate::from_pem_bundle(pem).map_err(wrong_certificate)?;
            if certificates.is_empty() {
                return Err(ClientError::Configuration(
                    "the trusted certificate is not in PEM form (-----BEGIN CERTIFICATE-----)"
                        .to_owned(),
                ));
            }
            http = http.tls_certs_only(certificates);
        }
        let http = http.build().map_err(|error| {
            ClientError::Configuration(format!("the HTTP library cannot be set up: {error}"))
        })?;
        let transport = Transport::new(http, base, self.policy, self.pace);
        Ok(Client::new(transport, self.credentials))
    }
}

fn wrong_certificate(error: reqwest::Error) -> ClientError {
    ClientError::Configuration(format!("the trusted certificate cannot be read: {error}"))
}
