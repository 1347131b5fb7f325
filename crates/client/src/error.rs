//! Why a call failed, told apart by what the caller can do about it.

use std::{fmt, io, time::Duration};

use moca_wire::problem::{Fault, Problem};

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The request is wrong: repair what [`Self::faults`] names. (400, 415)
    #[error("the request is wrong: {}", describe(.problem))]
    InvalidRequest {
        /// What the server said.
        problem: Box<Problem>,
    },
    /// The token is missing, wrong, expired or revoked: get another. (403 `not_authenticated`)
    #[error("not authenticated: {}", describe(.problem))]
    Authentication {
        /// What the server said.
        problem: Box<Problem>,
    },
    /// The token is good and may not do this: use one of a higher role, or with more scopes. (403)
    #[error("not permitted: {}", describe(.problem))]
    Permission {
        /// What the server said.
        problem: Box<Problem>,
    },
    /// There is no such thing. (404)
    #[error("not found: {}", describe(.problem))]
    NotFound {
        /// What the server said.
        problem: Box<Problem>,
    },
    /// The state does not allow this, a unique value is taken, or the object has changed since it
    /// was read; `problem.code` says which. (409)
    #[error("in conflict: {}", describe(.problem))]
    Conflict {
        /// What the server said.
        problem: Box<Problem>,
    },
    /// Too many calls: repeat after the wait. (503 with `RateLimit-*`, or 429 of a proxy)
    #[error("too many calls{}", waiting(.retry_after_s))]
    RateLimited {
        /// Seconds to wait, when the server said.
        retry_after_s: Option<u64>,
        /// What the server said, if it did so in its documented form.
        problem: Option<Box<Problem>>,
    },
    /// The server cannot do it at this moment: repeat later. (408, 503)
    #[error("not available: {}{}", describe(.problem), waiting(.retry_after_s))]
    Unavailable {
        /// Seconds to wait, when the server said.
        retry_after_s: Option<u64>,
        /// What the server said.
        problem: Box<Problem>,
    },
    /// The server failed; its log has the cause under the request id. Also for a status that is not
    /// of this API, which a proxy may give.
    #[error("the server answered {status}: {detail}{}", named(.request_id))]
    Server {
        /// The HTTP status.
        status: u16,
        /// The id of the request in the server's log.
        request_id: Option<String>,
        /// What it said, shortened.
        detail: String,
    },
    /// The server could not be reached, or the connection broke.
    #[error("{fault}")]
    Network {
        /// What failed.
        fault: NetworkFault,
        /// What the HTTP library says of it.
        #[source]
        source: reqwest::Error,
    },
    /// The call was done, and its answer is not what it should be: is this a MOCA server, and of
    /// this version?
    #[error("the answer to a call that succeeded cannot be read{}: {body}", named(.request_id))]
    Unreadable {
        /// The id of the request in the server's log.
        request_id: Option<String>,
        /// The start of the answer.
        body: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A bundle is not as the server of this app made it, or the key is that of another app.
    #[error(
        "the bundle is not signed with this key: ask for it again, and compare the app's bundleKey"
    )]
    Forged,
    /// A body could not be written as JSON.
    #[error("the body of a call cannot be written as JSON")]
    Body(#[source] serde_json::Error),
    /// The client was set up wrongly.
    #[error("{0}")]
    Configuration(String),
}

/// What failed between client and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetworkFault {
    /// The host's name is not known.
    Dns,
    /// Nothing listens there, or nothing is let through.
    Connect,
    /// The certificate is not trusted or for another name, or the other side speaks no TLS.
    Tls,
    /// The time for an attempt was over.
    Timeout,
    /// The connection broke under way.
    Interrupted,
}

impl fmt::Display for NetworkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "the name of the server is not known",
            Self::Connect => "the server cannot be reached",
            Self::Tls => "no trusted connection to the server",
            Self::Timeout => "the server did not answer in time",
            Self::Interrupted => "the connection to the server broke",
        })
    }
}

impl ClientError {
    /// What the server said, if it did so in its documented form.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::InvalidRequest { problem }
            | Self::Authentication { problem }
            | Self::Permission { problem }
            | Self::NotFound { problem }
            | Self::Conflict { problem }
            | Self::Unavailable { problem, .. } => Some(problem),
            Self::RateLimited { problem, .. } => problem.as_deref(),
            Self::Server { .. }
            | Self::Network { .. }
            | Self::Unreadable { .. }
            | Self::Forged
            | Self::Body(_)
            | Self::Configuration(_) => None,
        }
    }

    /// The stable code of the server's error table, for example `stale_version`.
    pub fn code(&self) -> Option<&str> {
        self.problem().map(|problem| problem.code.as_str())
    }

    /// All that is wrong with the body, or all that stands in the way.
    pub fn faults(&self) -> &[Fault] {
        self.problem().map_or(&[], |problem| &problem.errors)
    }

    /// The id of the request in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Server { request_id, .. } | Self::Unreadable { request_id, .. } => {
                request_id.as_deref()
            }
            other => other.problem().map(|problem| problem.request_id.as_str()),
        }
    }

    /// How long the server asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after_s, .. } | Self::Unavailable { retry_after_s, .. } => {
                retry_after_s.map(Duration::from_secs)
            }
            _ => None,
        }
    }

    pub(crate) fn network(source: reqwest::Error) -> Self {
        Self::Network {
            fault: classify(&source),
            source,
        }
    }
}

fn classify(error: &reqwest::Error) -> NetworkFault {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if is_tls(one) {
            return NetworkFault::Tls;
        }
        // The type of this one is private to the HTTP library.
        if one.to_string().contains("dns error") {
            return NetworkFault::Dns;
        }
        cause = one.source();
    }
    if error.is_timeout() {
        NetworkFault::Timeout
    } else if error.is_connect() {
        NetworkFault::Connect
    } else {
        NetworkFault::Interrupted
    }
}

fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    match error.downcast_ref::<io::Error>() {
        // Its `source` is that of what it wraps, not what it wraps itself.
        Some(error) => error.get_ref().is_some_and(|inner| is_tls(inner)),
        None => error.is::<rustls::Error>(),
    }
}

fn describe(problem: &Problem) -> String {
    let mut text = format!("{} ({})", problem.detail, problem.code);
    for fault in &problem.errors {
        text.push_str(&format!("; {} {}", fault.pointer, fault.detail));
    }
    let named = problem.errors.len() as i64;
    let more = problem.users_total.map_or(0, |total| total - named);
    match more {
        ..=0 => {}
        more if named == 0 => text.push_str(&format!("; {more} that are not named")),
        more => text.push_str(&format!("; and {more} more")),
    }
    text
}

fn waiting(retry_after_s: &Option<u64>) -> String {
    retry_after_s.map_or_else(String::new, |seconds| format!("; repeat after {seconds} s"))
}

fn named(request_id: &Option<String>) -> String {
    request_id
        .as_ref()
        .map_or_else(String::new, |id| format!(" (request {id})"))
}

#[cfg(test)]
mod tests {
    use moca_wire::problem::Code;

    use super::*;

    #[test]
    fn users_that_are_not_named_are_counted() {
        let mut problem = Problem::new(Code::InUse, "Delete those first.".to_owned(), "r");
        let fault = |n: i64| Fault {
            pointer: String::new(),
            code: "in_use".to_owned(),
            detail: format!("zone {n}"),
            object: None,
        };
        let told = |problem: &Problem| {
            let text = describe(problem);
            text.strip_prefix("Delete those first. (in_use)")
                .unwrap()
                .to_owned()
        };
        assert_eq!(told(&problem), "");
        problem.users_total = Some(3);
        assert_eq!(told(&problem), "; 3 that are not named");
        problem.errors = (1..=2).map(fault).collect();
        assert_eq!(told(&problem), ";  zone 1;  zone 2; and 1 more");
        problem.errors.push(fault(3));
        assert_eq!(told(&problem), ";  zone 1;  zone 2;  zone 3");
    }
}
