//! How commands end: the exit code, and what a person is told.

use std::{io, process::ExitCode};

use moca_client::{ClientError, NetworkFault};

use crate::apply::Faults;

/// Anything that has no code of its own, faults of the server included.
pub(crate) const FAILED: u8 = 1;
/// The command line or the configuration cannot be understood.
pub(crate) const MISUSED: u8 = 2;
/// There is no such object.
pub(crate) const NOT_FOUND: u8 = 3;
/// A value is taken, the object is in use, has changed, or is in the wrong state.
pub(crate) const CONFLICT: u8 = 4;
/// The server refused the content.
pub(crate) const REFUSED: u8 = 5;
/// The token is missing, wrong, or may not do this.
pub(crate) const NOT_ADMITTED: u8 = 6;
/// The server cannot be reached, or cannot do it at this moment.
pub(crate) const UNAVAILABLE: u8 = 7;
/// The account differs from the files.
pub(crate) const DIFFERS: u8 = 8;

/// What every help about the API ends with.
pub(crate) const CODES: &str = "Exit codes: 0 done, 1 failed, 2 the command is wrong, \
    3 not found, 4 in conflict, 5 the content was refused, 6 not admitted, 7 the server cannot be \
    reached or is busy";

/// A fault of the command itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(pub(crate) String);

/// Ends a command that failed: tells why, and gives the code.
pub(crate) fn end(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        // Whoever reads has enough, as with `| head`.
        return ExitCode::SUCCESS;
    }
    eprintln!("moca: {error:#}");
    let client_error = error.downcast_ref::<ClientError>();
    for line in client_error.map_or_else(Vec::new, advice) {
        eprintln!("  {line}");
    }
    ExitCode::from(code(error))
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

fn code(error: &anyhow::Error) -> u8 {
    if error.is::<Misuse>() || error.is::<Faults>() {
        return MISUSED;
    }
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::NotFound { .. }) => NOT_FOUND,
        Some(ClientError::Conflict { .. }) => CONFLICT,
        Some(ClientError::InvalidRequest { .. }) => REFUSED,
        Some(ClientError::Authentication { .. } | ClientError::Permission { .. }) => NOT_ADMITTED,
        Some(
            ClientError::RateLimited { .. }
            | ClientError::Unavailable { .. }
            | ClientError::Network { .. },
        ) => UNAVAILABLE,
        Some(ClientError::Configuration(_)) => MISUSED,
        Some(
            ClientError::Server { .. }
            | ClientError::Unreadable { .. }
            | ClientError::Forged
            | ClientError::Body(_),
        )
        | None => FAILED,
    }
}

/// What to do about it.
fn advice(error: &ClientError) -> Vec<String> {
    let one = |text: &str| vec![text.to_owned()];
    match error {
        ClientError::Authentication { .. } => one(
            "Which token is used: --token-file, else MOCA_TOKEN, else the profile \
             (`moca profile list`).",
        ),
        ClientError::Permission { problem } => match problem.code.as_str() {
            "insufficient_scope" => one("Use a token with that scope."),
            _ => one("Use a token of a higher role."),
        },
        ClientError::Conflict { problem } => match problem.code.as_str() {
            "stale_version" => one("Somebody changed it: look at it again, then repeat."),
            "in_use" => one("Delete those first, or with it: --cascade."),
            _ => Vec::new(),
        },
        ClientError::Network { fault, .. } => match fault {
            NetworkFault::Dns | NetworkFault::Connect => {
                one("Is the address right (--server, MOCA_URL), and does the server run?")
            }
            NetworkFault::Tls => one(
                "If the server signed its own certificate, trust it: --ca FILE or MOCA_CA_CERT.",
            ),
            NetworkFault::Timeout | NetworkFault::Interrupted => {
                one("It was tried several times; repeat it later.")
            }
        },
        _ => Vec::new(),
    }
}
