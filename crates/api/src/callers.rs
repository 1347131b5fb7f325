//! Who was proven to call, used again while nothing about any caller has changed.
//!
//! Whether that is so is asked of the control store for every request, in the snapshot that the request sees. So
//! what is taken away is gone for the first request that begins after the commit, whichever server took it away.

use std::{
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use moca_core::{
    account::AccountLimits,
    id::{AccountId, AppId},
    limits::PROOFS_REMEMBERED,
};

use crate::{
    auth::{AppClient, Principal},
    remembered::Remembered,
};

/// What was found out with credentials.
#[derive(Debug, Clone)]
pub(crate) struct Proven<P> {
    /// Who calls.
    pub(crate) who: P,
    /// From when on the credentials are worth nothing, ms since 1970, if they end by themselves.
    pub(crate) ends_at: Option<i64>,
}

impl<P> Proven<P> {
    /// Who calls, if the credentials still count.
    pub(crate) fn at(self, now_ms: i64) -> Option<P> {
        let is_live = self.ends_at.is_none_or(|end| now_ms < end);
        is_live.then_some(self.who)
    }
}

/// Values of a bounded number of keys, each as of a version of the callers.
pub(crate) struct Known<K, V>(Mutex<Remembered<K, (i64, V)>>);

impl<K: Hash + Eq, V: Clone> Known<K, V> {
    fn new() -> Self {
        Self(Mutex::new(Remembered::new(PROOFS_REMEMBERED)))
    }

    /// What was learned of a key at this very version.
    pub(crate) fn at(&self, version: i64, key: &K) -> Option<V> {
        let (learned_at, value) = self.lock().get(key)?;
        (learned_at == version).then_some(value)
    }

    /// Keeps what was read at a version, in the snapshot that has the version.
    pub(crate) fn learn(&self, version: i64, key: K, value: V) {
        self.lock().put(key, (version, value));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Remembered<K, (i64, V)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that is kept of callers. Nobody is known by what was refused.
pub(crate) struct Callers {
    /// By the hash of the token.
    pub(crate) members: Known<[u8; 32], Proven<Principal>>,
    /// By the hash of id and secret.
    pub(crate) apps: Known<[u8; 32], Proven<AppClient>>,
    /// Limits of the account of an app that is there, for its instances.
    pub(crate) limits: Known<(AccountId, AppId), AccountLimits>,
}

impl Default for Callers {
    fn default() -> Self {
        Self {
            members: Known::new(),
            apps: Known::new(),
            limits: Known::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_counts_at_its_version_only() {
        let known = Known::new();
        known.learn(7, "a", 1);
        assert_eq!(known.at(7, &"a"), Some(1));
        for version in [6, 8] {
            assert_eq!(known.at(version, &"a"), None);
        }
        assert_eq!(known.at(7, &"b"), None);
        known.learn(8, "a", 2);
        assert_eq!(known.at(8, &"a"), Some(2));
        assert_eq!(known.at(7, &"a"), None);
    }

    #[test]
    fn who_keeps_calling_is_known_however_many_others_call() {
        let known = Known::new();
        known.learn(1, 0, 0);
        for other in 1..=3 * PROOFS_REMEMBERED {
            known.learn(1, other, other);
            assert_eq!(known.at(1, &0), Some(0));
        }
        assert!(known.lock().len() <= PROOFS_REMEMBERED);
        assert_eq!(known.at(1, &1), None);
    }

    #[test]
    fn a_proof_is_worth_nothing_from_its_end_on() {
        let proven = |ends_at| Proven { who: (), ends_at };
        assert!(proven(Some(8)).at(7).is_some());
        assert!(proven(Some(8)).at(8).is_none());
        assert!(proven(None).at(i64::MAX).is_some());
    }
}
