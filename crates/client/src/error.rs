//! Why a call failed, told apart by what the caller can do about it.

use moca_wire::problem::Problem;

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The request is wrong: repair it. (400, 415)
    #[error("the request is wrong: {}", describe(.problem))]
    InvalidRequest {
        /// What the server said.
        problem: Box<Problem>,
    },
    /// The credentials do not admit this. (403)
    #[error("not admitted: {}", describe(.problem))]
    Authentication {
        /// What the server said.
        problem: Box<Problem>,
    },
    /// There is no such thing. (404)
    #[error("not found: {}", describe(.problem))]
    NotFound {
        /// What the server said.
        problem: Box<Problem>,
    },
    /// The state does not allow this, or a unique value is taken. (409)
    #[error("in conflict: {}", describe(.problem))]
    Conflict {
        /// What the server said.
        problem: Box<Problem>,
    },
    /// The server cannot do it at this moment: repeat later. (408, 503)
    #[error("not available: {}", describe(.problem))]
    Unavailable {
        /// Seconds to wait, when the server said.
        retry_after_s: Option<u64>,
        /// What the server said.
        problem: Box<Problem>,
    },
    /// The server failed, or answered something that is not its API.
    #[error("the server answered {status}: {detail}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// What it said, shortened.
        detail: String,
    },
    /// The server could not be reached, or the connection broke.
    #[error("the server could not be reached")]
    Network(#[source] reqwest::Error),
    /// A body could not be written or read.
    #[error("a body of the API could not be written or read")]
    Body(#[source] serde_json::Error),
    /// The client was set up wrongly.
    #[error("{0}")]
    Configuration(String),
}

impl ClientError {
    /// What the server said, if it did so in its documented form.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::InvalidRequest { problem }
            | Self::Authentication { problem }
            | Self::NotFound { problem }
            | Self::Conflict { problem }
            | Self::Unavailable { problem, .. } => Some(problem),
            Self::Server { .. } | Self::Network(_) | Self::Body(_) | Self::Configuration(_) => None,
        }
    }
}

fn describe(problem: &Problem) -> String {
    let mut text = format!("{} ({})", problem.detail, problem.code);
    for fault in &problem.errors {
        text.push_str(&format!("; {} {}", fault.pointer, fault.detail));
    }
    text
}
