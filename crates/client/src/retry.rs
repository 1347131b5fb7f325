//! When a call that failed is tried again, and after which wait.

use std::time::Duration;

use moca_wire::problem::Code;

use crate::error::{ClientError, NetworkFault};

/// How long a client tries. The waits grow twofold from [`Self::first_wait`] to
/// [`Self::longest_wait`], and each is an even random part of that (full jitter), so that many
/// clients that failed together do not come back together. What a server asks for in `Retry-After`
/// is waited in full, with the jitter on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts at one call; 1 for no repeats.
    pub attempts_max: u32,
    /// The upper end of the first wait.
    pub first_wait: Duration,
    /// The upper end of any wait that the server did not ask for.
    pub longest_wait: Duration,
    /// Time for one attempt, from the connection to the last byte of the answer.
    pub attempt_timeout: Duration,
    /// Time for the call with all its attempts and waits.
    pub deadline: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 5,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(20),
            // Longer than the server gives itself to take a request in and to answer it.
            attempt_timeout: Duration::from_secs(70),
            deadline: Duration::from_secs(180),
        }
    }
}

impl RetryPolicy {
    /// How long to wait after the `attempt`-th attempt (from 1) failed with this error; `None` if
    /// trying again would not help. `chance` is from 0 to 1.
    pub(crate) fn wait(&self, error: &ClientError, attempt: u32, chance: f64) -> Option<Duration> {
        if attempt >= self.attempts_max || !may_pass(error) {
            return None;
        }
        let doubled = 1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX);
        let ceiling = self.first_wait.saturating_mul(doubled);
        let jitter = ceiling.min(self.longest_wait).mul_f64(chance);
        Some(error.retry_after().unwrap_or_default() + jitter)
    }
}

/// Whether the same call may succeed a moment later.
fn may_pass(error: &ClientError) -> bool {
    match error {
        ClientError::RateLimited { .. } | ClientError::Unavailable { .. } => true,
        ClientError::Server { status, .. } => *status >= 500,
        // A name that is not known or a certificate that is not trusted will not be in a moment.
        ClientError::Network { fault, .. } => {
            !matches!(fault, NetworkFault::Dns | NetworkFault::Tls)
        }
        // The first request with the key is still being worked on: its answer comes.
        ClientError::Conflict { problem } => problem.code == Code::IdempotencyKeyBusy.as_str(),
        _ => false,
    }
}

/// Whether the server may have done what was asked for, although the answer did not come.
pub(crate) fn may_be_done(error: &ClientError) -> bool {
    match error {
        ClientError::Server { status, .. } => *status >= 500,
        ClientError::Network { fault, .. } => {
            matches!(fault, NetworkFault::Timeout | NetworkFault::Interrupted)
        }
        ClientError::Unreadable { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts_max: 20,
        first_wait: Duration::from_millis(100),
        longest_wait: Duration::from_secs(5),
        attempt_timeout: Duration::from_secs(1),
        deadline: Duration::from_secs(60),
    };

    fn server(status: u16) -> ClientError {
        ClientError::Server {
            status,
            request_id: None,
            detail: String::new(),
        }
    }

    #[test]
    fn waits_double_up_to_a_bound_and_chance_takes_any_part() {
        let wait = |attempt, chance| POLICY.wait(&server(502), attempt, chance).unwrap();
        assert_eq!(wait(1, 1.0), Duration::from_millis(100));
        assert_eq!(wait(3, 1.0), Duration::from_millis(400));
        assert_eq!(wait(3, 0.25), Duration::from_millis(100));
        assert_eq!(wait(3, 0.0), Duration::ZERO);
        assert_eq!(wait(12, 1.0), Duration::from_secs(5));
        assert_eq!(POLICY.wait(&server(502), 20, 0.5), None);
    }

    #[test]
    fn what_the_server_asks_for_is_waited_in_full_and_more() {
        let limited = ClientError::RateLimited {
            retry_after_s: Some(30),
            problem: None,
        };
        let wait = |chance| POLICY.wait(&limited, 1, chance).unwrap();
        assert_eq!(wait(0.0), Duration::from_secs(30));
        assert_eq!(wait(1.0), Duration::from_millis(30_100));
    }

    #[test]
    fn an_answer_that_would_be_the_same_again_is_not_waited_for() {
        for status in [300, 400, 404] {
            assert_eq!(POLICY.wait(&server(status), 1, 0.5), None, "{status}");
        }
    }
}
