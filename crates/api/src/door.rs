//! Who has knocked with wrong credentials too often from one address has to wait.
//!
//! Many may share an address, so credentials that were good before still get in: only new ones wait,
//! and a guess is new.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use moca_core::{
    limits::CALLERS_REMEMBERED,
    rate::{Rate, Standing},
};
use moca_wire::problem::Code;
use sha2::{Digest, Sha256};

use crate::{
    dispatch::Exchange,
    failure::Failure,
    rates::{self, Counters},
    remembered::Remembered,
    state::ApiState,
};

/// The address a connection comes from, as the listener sees it: a request's extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote(pub IpAddr);

/// What credentials are for: those that open one door are strange at another, and no worse for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// The management API.
    Member,
    /// `/oauth/token`.
    Client,
    /// What an app's secret opens.
    App,
    /// What an instance's token opens.
    Device,
}

/// What credentials are known by here: the first half of the SHA-256 of what they are for and they.
type Print = [u8; 16];

/// Failures by address, and credentials that were good.
pub(crate) struct Door {
    failures: Counters<IpAddr>,
    good: Mutex<Remembered<Print, ()>>,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            failures: Counters::default(),
            good: Mutex::new(Remembered::new(CALLERS_REMEMBERED)),
        }
    }
}

/// Credentials about to be looked at.
struct Knock<'a> {
    state: &'a ApiState,
    rate: Rate,
    address: IpAddr,
    print: Print,
    now_ms: i64,
}

impl<'a> Knock<'a> {
    /// Credentials from an address; none when there are none, or nothing is limited.
    fn new(
        state: &'a ApiState,
        remote: Option<IpAddr>,
        purpose: For,
        credentials: Option<&[u8]>,
        now_ms: i64,
    ) -> Option<Self> {
        Some(Self {
            state,
            rate: Rate::per_minute(state.settings.rates.failed_logins)?,
            address: network(remote?),
            print: print(purpose, credentials?),
            now_ms,
        })
    }

    /// How the address stands, if it is to wait before credentials that are new are looked at.
    fn refusal(&self) -> Option<Standing> {
        let door = &self.state.door;
        let standing = door.failures.ask(self.address, self.rate, self.now_ms);
        (standing.is_refused() && !door.is_good(&self.print)).then_some(standing)
    }

    /// Learns whether the credentials were good.
    fn learn<T>(&self, outcome: &Result<T, Failure>) {
        let door = &self.state.door;
        match outcome {
            Ok(_) => door.lock().put(self.print, ()),
            Err(failure) if failure.code() == Code::NotAuthenticated => {
                door.lock().remove(&self.print);
                door.failures.count(self.address, self.rate, self.now_ms);
            }
            Err(_) => {}
        }
    }
}

/// Looks at credentials with `proof`, unless too many from this address were wrong.
pub(crate) async fn pass<T>(
    state: &ApiState,
    exchange: &mut Exchange,
    purpose: For,
    credentials: Option<&[u8]>,
    proof: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let (remote, now_ms) = (exchange.remote, exchange.now_ms);
    let Some(knock) = Knock::new(state, remote, purpose, credentials, now_ms) else {
        return proof.await;
    };
    if let Some(standing) = knock.refusal() {
        exchange.standing = Some(standing);
        rates::refuse(standing, "wrong credentials from one address")?;
    }
    let outcome = proof.await;
    knock.learn(&outcome);
    outcome
}

impl Door {
    fn is_good(&self, print: &Print) -> bool {
        self.lock().get(print).is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Remembered<Print, ()>> {
        self.good.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is counted as one address: one of IPv4, or the /64 that a subscriber of IPv6 has at least.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let prefix = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        v4 => v4,
    }
}

fn print(purpose: For, credentials: &[u8]) -> Print {
    let hash = Sha256::new_with_prefix([purpose as u8]);
    let hash: [u8; 32] = hash.chain_update(credentials).finalize().into();
    let mut print = Print::default();
    print.copy_from_slice(&hash[..16]);
    print
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_of_ipv6_is_one_address() {
        let net = |text: &str| network(text.parse().unwrap());
        assert_eq!(net("2001:db8:1:2:3::4"), net("2001:db8:1:2:9::"));
        assert_ne!(net("2001:db8:1:2::"), net("2001:db8:1:3::"));
        assert_ne!(net("192.0.2.1"), net("192.0.2.2"));
        assert_eq!(net("::ffff:192.0.2.1"), net("192.0.2.1"));
    }
}
