//! How often each caller may call.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
};

use moca_core::{
    account::AccountLimits,
    id::{AppId, InstanceId, TokenId},
    limits::{
        APP_REQUESTS_A_MINUTE, CALLERS_REMEMBERED, DEVICE_REQUESTS_A_MINUTE,
        FAILED_LOGINS_A_MINUTE, TOKEN_REQUESTS_A_MINUTE,
    },
    rate::{Bucket, Rate, Standing},
};
use moca_wire::problem::Code;

use crate::{failure::Failure, remembered::Remembered};

/// Requests a minute unless an account has others; 0 for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Of a member's token, those exchanged for it included.
    pub token: i64,
    /// With an app's secret.
    pub app: i64,
    /// Of an instance.
    pub device: i64,
    /// Wrong credentials from one address.
    pub failed_logins: i64,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            token: TOKEN_REQUESTS_A_MINUTE,
            app: APP_REQUESTS_A_MINUTE,
            device: DEVICE_REQUESTS_A_MINUTE,
            failed_logins: FAILED_LOGINS_A_MINUTE,
        }
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// A member's token and what was exchanged for it.
    Token(TokenId),
    /// All who have an app's secret.
    App(AppId),
    /// An installation.
    Device(InstanceId),
}

impl Caller {
    /// The rate of this caller in an account with these limits.
    fn rate(self, account: &AccountLimits, server: &Rates) -> Option<Rate> {
        let (own, otherwise) = match self {
            Self::Token(_) => (account.token_requests_per_minute, server.token),
            Self::App(_) => (account.app_requests_per_minute, server.app),
            Self::Device(_) => (account.device_requests_per_minute, server.device),
        };
        Rate::per_minute(own.unwrap_or(otherwise))
    }
}

/// Parts of [`Counters`] with a lock each, so that callers do not wait for one another.
const SHARDS: usize = 16;

/// What each of many has used up.
pub(crate) struct Counters<K> {
    shards: [Mutex<Remembered<K, Bucket>>; SHARDS],
    hasher: RandomState,
}

impl<K> Default for Counters<K>
where
    K: Hash + Eq,
{
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| {
                Mutex::new(Remembered::new(CALLERS_REMEMBERED / SHARDS))
            }),
            hasher: RandomState::new(),
        }
    }
}

impl<K: Hash + Eq + Copy> Counters<K> {
    /// Counts something done by `key`, unless it is too much.
    pub(crate) fn count(&self, key: K, rate: Rate, now_ms: i64) -> Standing {
        self.with(key, |shard| {
            let mut bucket = shard.get(&key).unwrap_or_default();
            let standing = rate.request(&mut bucket, now_ms);
            shard.put(key, bucket);
            standing
        })
    }

    /// What [`Counters::count`] would tell, without counting.
    pub(crate) fn ask(&self, key: K, rate: Rate, now_ms: i64) -> Standing {
        let mut bucket = self.with(key, |shard| shard.get(&key)).unwrap_or_default();
        rate.request(&mut bucket, now_ms)
    }

    fn with<T>(&self, key: K, work: impl FnOnce(&mut Remembered<K, Bucket>) -> T) -> T {
        let shard = self.hasher.hash_one(key) as usize % SHARDS;
        let mut shard = self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        work(&mut shard)
    }
}

impl Counters<Caller> {
    /// Counts a request of a caller; none when it has no limit.
    pub(crate) fn request(
        &self,
        caller: Caller,
        account: &AccountLimits,
        server: &Rates,
        now_ms: i64,
    ) -> Option<Standing> {
        let rate = caller.rate(account, server)?;
        Some(self.count(caller, rate, now_ms))
    }
}

/// The refusal of a caller who stands so.
pub(crate) fn refuse(standing: Standing, what: &str) -> Result<(), Failure> {
    if !standing.is_refused() {
        return Ok(());
    }
    Err(Failure::new(
        Code::RateLimited,
        format!(
            "At most {} {what} a minute: repeat after Retry-After seconds ({}).",
            standing.limit, standing.retry_s
        ),
    ))
}
