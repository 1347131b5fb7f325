//! What an operator can set, and the four places it can be set in.
//!
//! [`keys`] is the only list of keys. The flags of `moca serve`, the names of environment variables,
//! the reader of the file and `config.example.toml` all come from it.

mod environment;
mod example;
mod file;
mod keys;
mod resolve;

use std::{net::SocketAddr, path::PathBuf};

use moca_api::Rates;
use moca_core::quota::Quotas;
use moca_engine::{push::PushSettings, webhooks::WebhookSettings};

pub use example::example_file;
pub use keys::{KEYS, Key};
pub use resolve::{Fault, Sources, resolve};

/// The variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "MOCA_CONFIG";

/// What an operator can set; one field a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Address and port of the API.
    pub listen: SocketAddr,
    /// Address and port of health and metrics; none if switched off.
    pub ops_listen: Option<SocketAddr>,
    /// The control store; SQLite in the data directory if absent.
    pub control_url: Option<String>,
    /// The certificate chain; self-signed if absent.
    pub tls_cert: Option<PathBuf>,
    /// Its private key.
    pub tls_key: Option<PathBuf>,
    /// More names and addresses for the self-signed certificate.
    pub public_names: Vec<String>,
    /// The key that seals stored secrets; in the data directory if absent.
    pub secret_key_file: Option<PathBuf>,
    /// Which events are logged.
    pub log_level: String,
    /// How a line of the log looks.
    pub log_format: LogFormat,
    /// Origins of pages that may call the API of every account.
    pub console_origins: Vec<String>,
    /// Requests worked on at a time.
    pub in_flight_max: usize,
    /// How often each caller may call.
    pub rates: Rates,
    /// Objects of a kind that an account may have.
    pub quotas: Quotas,
    /// Push services, without the certificates of `push_trust`.
    pub push: PushSettings,
    /// Certificates to be trusted of push services.
    pub push_trust: Option<PathBuf>,
    /// Webhooks, without the certificates of `webhook_trust`.
    pub webhooks: WebhookSettings,
    /// Certificates to be trusted of receivers of webhooks.
    pub webhook_trust: Option<PathBuf>,
    /// Milliseconds for the requests under way when the server stops.
    pub shutdown_ms: u64,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// The address of the control store.
    pub fn control_url(&self) -> String {
        self.control_url
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", self.data_dir.join("control.db").display()))
    }

    /// The file with the key that seals stored secrets.
    pub fn secret_key_file(&self) -> PathBuf {
        self.secret_key_file
            .clone()
            .unwrap_or_else(|| self.data_dir.join("secret.key"))
    }
}

impl Default for Config {
    fn default() -> Self {
        let mut config = Self {
            data_dir: PathBuf::new(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ops_listen: None,
            control_url: None,
            tls_cert: None,
            tls_key: None,
            public_names: Vec::new(),
            secret_key_file: None,
            log_level: String::new(),
            log_format: LogFormat::Text,
            console_origins: Vec::new(),
            in_flight_max: 0,
            rates: Rates::default(),
            quotas: Quotas::default(),
            push: PushSettings::default(),
            push_trust: None,
            webhooks: WebhookSettings::default(),
            webhook_trust: None,
            shutdown_ms: 0,
        };
        for key in KEYS {
            // A test holds that every default can be read; a broken one would leave the value above.
            let _ = (key.set)(&mut config, key.default);
        }
        config
    }
}

#[cfg(test)]
mod tests;
