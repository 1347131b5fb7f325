//! The table of keys: name, default, help and reader of each.

use std::{net::SocketAddr, path::PathBuf};

use moca_core::{
    limits::{QUOTA_MAX, RATE_MAX},
    quota::{Quotas, built_in},
    resource::Kind,
};
use moca_wire::links;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

use super::{Config, LogFormat};

/// A key. In the file it is `data_dir`, in the environment `MOCA_DATA_DIR`, as a flag `--data-dir`.
pub struct Key {
    /// The name in the file.
    pub name: &'static str,
    /// What stands for the value in the help of the flag.
    pub value_name: &'static str,
    /// The value unless it is set; empty for none.
    pub default: &'static str,
    /// How the default stands in a TOML file.
    pub notation: Notation,
    /// What it is for.
    pub help: &'static str,
    /// Reads a value, or says what was expected.
    pub set: fn(&mut Config, &str) -> Result<(), String>,
}

/// How a value is written in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// `"text"`
    Text,
    /// `17`
    Number,
    /// `["a", "b"]`; elsewhere `a,b`.
    List,
}

impl Key {
    /// The name of the environment variable.
    pub fn variable(&self) -> String {
        format!("MOCA_{}", self.name.to_ascii_uppercase())
    }

    /// The name of the flag, without the dashes.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// The key with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }
}

/// Milliseconds of the longest wait for requests under way.
const SHUTDOWN_MS_MAX: u64 = 600_000;
/// Requests worked on at a time, at most: each may hold a body in memory.
const IN_FLIGHT_MAX: usize = 1_000_000;

/// All keys, in the order of the help and of the example file.
pub const KEYS: &[Key] = &[
    Key {
        name: "data_dir",
        value_name: "DIR",
        default: "moca-data",
        notation: Notation::Text,
        help: "Directory for everything the server keeps; made if it is missing",
        set: |config, text| set_path(&mut config.data_dir, text),
    },
    Key {
        name: "listen",
        value_name: "ADDR:PORT",
        default: "127.0.0.1:8443",
        notation: Notation::Text,
        help: "Address and port of the API (HTTPS); port 0 takes a free one, which is printed",
        set: |config, text| {
            config.listen = address(text)?;
            Ok(())
        },
    },
    Key {
        name: "ops_listen",
        value_name: "ADDR:PORT",
        default: "127.0.0.1:9464",
        notation: Notation::Text,
        help: "Address and port of /health and /metrics (plain HTTP), or off",
        set: |config, text| {
            config.ops_listen = match text {
                "off" => None,
                _ => Some(address(text).map_err(|expected| format!("{expected}, or off"))?),
            };
            Ok(())
        },
    },
    Key {
        name: "control_url",
        value_name: "URL",
        default: "",
        notation: Notation::Text,
        help: "Store of accounts, places, campaigns and so on: sqlite:PATH or \
               postgres://USER:PASSWORD@HOST/DB; empty for control.db in the data directory",
        set: |config, text| {
            let known = ["sqlite:", "postgres://", "postgresql://"];
            if !text.is_empty() && !known.iter().any(|scheme| text.starts_with(scheme)) {
                // The text itself may hold a password, so it is not repeated.
                return Err("a URL that starts with sqlite: or postgres://".to_owned());
            }
            config.control_url = (!text.is_empty()).then(|| text.to_owned());
            Ok(())
        },
    },
    Key {
        name: "tls_cert",
        value_name: "FILE",
        default: "",
        notation: Notation::Text,
        help: "Certificate chain (PEM), read again when it changes; empty for a self-signed one \
               in the data directory",
        set: |config, text| set_optional_path(&mut config.tls_cert, text),
    },
    Key {
        name: "tls_key",
        value_name: "FILE",
        default: "",
        notation: Notation::Text,
        help: "Private key of the certificate (PEM), read again when it changes",
        set: |config, text| set_optional_path(&mut config.tls_key, text),
    },
    Key {
        name: "public_names",
        value_name: "NAMES",
        default: "",
        notation: Notation::List,
        help: "More host names and addresses for the self-signed certificate",
        set: |config, text| {
            config.public_names = list(text, |name| {
                is_host(name).then(|| name.to_owned()).ok_or_else(|| {
                    format!("host names and IP addresses with commas between, and {name} is none")
                })
            })?;
            Ok(())
        },
    },
    Key {
        name: "secret_key_file",
        value_name: "FILE",
        default: "",
        notation: Notation::Text,
        help: "Key that seals secrets in the stores; empty for secret.key in the data directory. \
               Without it app secrets cannot be read: keep a copy",
        set: |config, text| set_optional_path(&mut config.secret_key_file, text),
    },
    Key {
        name: "log_level",
        value_name: "FILTER",
        default: "info",
        notation: Notation::Text,
        help: "What is logged: error, warn, info, debug, trace, or by part, such as \
               info,moca_engine=debug",
        set: |config, text| {
            if !is_log_filter(text) || EnvFilter::try_new(text).is_err() {
                return Err("error, warn, info, debug, trace or off, or PART=LEVEL,…".to_owned());
            }
            config.log_level = text.to_owned();
            Ok(())
        },
    },
    Key {
        name: "log_format",
        value_name: "FORMAT",
        default: "text",
        notation: Notation::Text,
        help: "How the log is written to stderr: text or json",
        set: |config, text| {
            config.log_format = match text {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err("text or json".to_owned()),
            };
            Ok(())
        },
    },
    Key {
        name: "console_origins",
        value_name: "ORIGINS",
        default: "",
        notation: Notation::List,
        help: "Origins (https://HOST) whose pages may call the API of every account; accounts \
               add their own with corsOrigins",
        set: |config, text| {
            config.console_origins = list(text, |origin| {
                links::origin(&Value::from(origin)).map_err(|_| {
                    format!(
                        "origins such as https://HOST with commas between, and {origin} is none"
                    )
                })
            })?;
            Ok(())
        },
    },
    Key {
        name: "in_flight_max",
        value_name: "COUNT",
        default: "4096",
        notation: Notation::Number,
        help: "Requests worked on at a time; more are answered 503",
        set: |config, text| {
            config.in_flight_max = text
                .parse()
                .ok()
                .filter(|count| (1..=IN_FLIGHT_MAX).contains(count))
                .ok_or_else(|| format!("a number from 1 to {IN_FLIGHT_MAX}"))?;
            Ok(())
        },
    },
    Key {
        name: "token_requests_per_minute",
        value_name: "COUNT",
        default: "1200000",
        notation: Notation::Number,
        help: "Requests a minute of each member's token, those from /oauth/token counted with it; \
               more are answered 503 until there is room again; 0 for no limit. An account may have \
               its own",
        set: |config, text| set_rate(&mut config.rates.token, text),
    },
    Key {
        name: "app_requests_per_minute",
        value_name: "COUNT",
        default: "1200000",
        notation: Notation::Number,
        help: "The same for each app's secret, with which devices register",
        set: |config, text| set_rate(&mut config.rates.app, text),
    },
    Key {
        name: "device_requests_per_minute",
        value_name: "COUNT",
        default: "60000",
        notation: Notation::Number,
        help: "The same for each instance token",
        set: |config, text| set_rate(&mut config.rates.device, text),
    },
    Key {
        name: "failed_logins_per_minute",
        value_name: "COUNT",
        default: "600",
        notation: Notation::Number,
        help: "Wrong credentials a minute from one address (of IPv6, one /64); beyond, new \
               credentials from there are answered 503; 0 for no limit, as behind a proxy that \
               hides addresses",
        set: |config, text| set_rate(&mut config.rates.failed_logins, text),
    },
    Key {
        name: "quotas",
        value_name: "KIND=COUNT,…",
        default: "",
        notation: Notation::List,
        help: "Objects of a kind that an account may have, such as place=1000; more are answered \
               409. Unless said otherwise, 100 of webhook, 1000 of app and segment, 10000 of member and tag, 100000 of \
               token, label, campaign, campaignGroup and notification, 1000000 of experience, 2000000 of \
               place, 5000000 of zone and beacon. An account may have its own",
        set: |config, text| {
            config.quotas = quotas(text)?;
            Ok(())
        },
    },
    Key {
        name: "push_apns_url",
        value_name: "URL",
        default: "https://api.push.apple.com",
        notation: Notation::Text,
        help: "Apple's push service for apps from the store, or a gateway to it",
        set: |config, text| set_service(&mut config.push.apns_url, text),
    },
    Key {
        name: "push_apns_sandbox_url",
        value_name: "URL",
        default: "https://api.sandbox.push.apple.com",
        notation: Notation::Text,
        help: "The same for apps under development",
        set: |config, text| set_service(&mut config.push.apns_sandbox_url, text),
    },
    Key {
        name: "push_fcm_url",
        value_name: "URL",
        default: "https://fcm.googleapis.com",
        notation: Notation::Text,
        help: "Firebase Cloud Messaging, or a gateway to it",
        set: |config, text| set_service(&mut config.push.fcm_url, text),
    },
    Key {
        name: "push_fcm_token_url",
        value_name: "URL",
        default: "https://oauth2.googleapis.com/token",
        notation: Notation::Text,
        help: "Where Google gives out tokens for service accounts",
        set: |config, text| set_service(&mut config.push.fcm_token_url, text),
    },
    Key {
        name: "push_trust",
        value_name: "FILE",
        default: "",
        notation: Notation::Text,
        help: "Certificates (PEM) to be trusted of push services besides those of the system",
        set: |config, text| set_optional_path(&mut config.push_trust, text),
    },
    Key {
        name: "push_allow_private",
        value_name: "yes|no",
        default: "no",
        notation: Notation::Text,
        help: "Whether browsers may name push services in private networks: whoever registers as a \
               device could then make the server call machines there",
        set: |config, text| set_flag(&mut config.push.allow_private, text),
    },
    Key {
        name: "webhook_trust",
        value_name: "FILE",
        default: "",
        notation: Notation::Text,
        help: "Certificates (PEM) to be trusted of the receivers of webhooks besides those of the system",
        set: |config, text| set_optional_path(&mut config.webhook_trust, text),
    },
    Key {
        name: "webhook_allow_private",
        value_name: "yes|no",
        default: "no",
        notation: Notation::Text,
        help: "Whether webhooks may be sent to private networks: whoever is an admin of an account could \
               then make the server call machines there",
        set: |config, text| set_flag(&mut config.webhooks.allow_private, text),
    },
    Key {
        name: "shutdown_ms",
        value_name: "MS",
        default: "10000",
        notation: Notation::Number,
        help: "Milliseconds that requests under way get to finish when the server stops",
        set: |config, text| {
            config.shutdown_ms = text
                .parse()
                .ok()
                .filter(|ms| *ms <= SHUTDOWN_MS_MAX)
                .ok_or_else(|| format!("a number of milliseconds from 0 to {SHUTDOWN_MS_MAX}"))?;
            Ok(())
        },
    },
];

fn set_rate(rate: &mut i64, text: &str) -> Result<(), String> {
    *rate = text
        .parse()
        .ok()
        .filter(|count| (0..=RATE_MAX).contains(count))
        .ok_or_else(|| format!("a number from 0 to {RATE_MAX}"))?;
    Ok(())
}

fn quotas(text: &str) -> Result<Quotas, String> {
    let mut quotas = Quotas::default();
    for item in list(text, |item| Ok(item.to_owned()))? {
        let (word, count) = item.split_once('=').unwrap_or((&item, ""));
        let kind = Kind::named(word).filter(|kind| built_in(*kind).is_some());
        let count = count.parse().ok();
        let count = count.filter(|count| (0..=QUOTA_MAX).contains(count));
        match (kind, count) {
            (Some(kind), Some(count)) => quotas.0.insert(kind, count),
            _ => {
                return Err(format!(
                    "kinds with numbers from 0 to {QUOTA_MAX}, such as place=1000,beacon=5000, \
                     and {item} is none"
                ));
            }
        };
    }
    Ok(quotas)
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an IP address and a port, such as 0.0.0.0:8443 or [::]:8443".to_owned())
}

fn set_service(url: &mut String, text: &str) -> Result<(), String> {
    let is_https = text.starts_with("https://") && links::web_url(&Value::from(text)).is_ok();
    if !is_https {
        return Err("an https URL".to_owned());
    }
    *url = text.trim_end_matches('/').to_owned();
    Ok(())
}

fn set_flag(flag: &mut bool, text: &str) -> Result<(), String> {
    *flag = match text {
        "yes" => true,
        "no" => false,
        _ => return Err("yes or no".to_owned()),
    };
    Ok(())
}

fn set_path(path: &mut PathBuf, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("a path".to_owned());
    }
    *path = PathBuf::from(text);
    Ok(())
}

fn set_optional_path(path: &mut Option<PathBuf>, text: &str) -> Result<(), String> {
    *path = (!text.is_empty()).then(|| PathBuf::from(text));
    Ok(())
}

fn list(text: &str, read: impl Fn(&str) -> Result<String, String>) -> Result<Vec<String>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(read)
        .collect()
}

/// Whether a certificate may be for this name: a host, all hosts of a domain, or an address.
fn is_host(name: &str) -> bool {
    let host = name.strip_prefix("*.").unwrap_or(name);
    ServerName::try_from(host).is_ok()
}

/// Whether every part is a level, or a part of the program with one. To the library a misspelt level is
/// the name of a part, and all else is silent then.
fn is_log_filter(text: &str) -> bool {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    text.split(',').all(|directive| {
        let (part, level) = directive.split_once('=').unwrap_or(("moca", directive));
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        !part.is_empty()
            && part.chars().all(is_part)
            && LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level))
    })
}
