//! TLS: certificates, and what a connection goes through before HTTP.

mod acceptor;
mod certificate;
mod cleartext;
mod guard;
mod http2;
mod refusal;
mod self_signed;
mod watch;

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use moca_core::clock::Clock;
use rustls::{ServerConfig, crypto::ring};

pub(crate) use acceptor::TlsAcceptor;
pub(crate) use certificate::Certificate;
pub(crate) use watch::watch;

use crate::config::Config;

/// Where the certificate is, and the pair that is in force.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    /// The certificate that clients are shown, kept current by [`watch()`].
    pub(crate) certificate: Arc<Certificate>,
    /// What a client has to trust, if the certificate was signed by nobody else.
    pub(crate) trust: Option<PathBuf>,
}

/// Chooses the one provider of cryptography of this process.
pub(crate) fn install_provider() {
    // An error says that it was installed before.
    let _ = ring::default_provider().install_default();
}

/// Loads the certificate files, or makes a self-signed certificate.
pub(crate) fn open(config: &Config, clock: &dyn Clock) -> anyhow::Result<Tls> {
    install_provider();
    let (cert, key, trust) = match (&config.tls_cert, &config.tls_key) {
        (Some(cert), Some(key)) => (cert.clone(), key.clone(), None),
        _ => {
            let files = self_signed::ensure(config, clock.now_ms())
                .context("the self-signed certificate cannot be made")?;
            (files.cert.clone(), files.key, Some(files.cert))
        }
    };
    let certificate = Certificate::load(cert, key)?;
    Ok(Tls {
        certificate: Arc::new(certificate),
        trust,
    })
}

/// How the server speaks TLS: 1.2 and 1.3, HTTP/2 before HTTP/1.1.
pub(crate) fn server_config(certificate: Arc<Certificate>) -> ServerConfig {
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

#[cfg(test)]
mod tests;
