//! When tokens were last used: remembered by requests, written down beside them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use moca_core::{
    id::{AccountId, TokenId},
    limits::{TOKEN_USE_FLUSH_MS, TOKEN_USE_MS, TOKEN_USES_WAITING_MAX},
};
use moca_storage::{StorageError, control::Control};
use tokio::time::{MissedTickBehavior, interval};

/// Tokens in one transaction: others have to write meanwhile.
const WRITTEN_AT_ONCE: usize = 500;

/// When a token was last used, as far as this server knows: what is stored, and later what is noted. Clones
/// share it, so that a token that is looked up once is noted as often as one that is for every request.
#[derive(Debug, Clone)]
pub struct LastUse(Arc<AtomicI64>);

impl LastUse {
    /// Of a token whose last use that is stored is this one.
    pub fn new(stored: Option<i64>) -> Self {
        Self(Arc::new(AtomicI64::new(stored.unwrap_or(i64::MIN))))
    }
}

/// Uses of tokens that the control store does not know of yet. So a request that only reads costs no
/// write; what a crash takes along is half a minute of it.
pub struct LastUsed {
    control: Control,
    waiting: Mutex<HashMap<(AccountId, TokenId), i64>>,
}

impl LastUsed {
    pub(crate) fn new(control: Control) -> Arc<Self> {
        Arc::new(Self {
            control,
            waiting: Mutex::default(),
        })
    }

    /// Notes a use at `now_ms` of a token that was last used then, if a minute has passed since.
    pub fn note(&self, account: AccountId, token: TokenId, last: &LastUse, now_ms: i64) {
        let is_fresh = |at: i64| now_ms < at.saturating_add(TOKEN_USE_MS);
        if is_fresh(last.0.load(Relaxed)) {
            return;
        }
        let mut waiting = self.waiting();
        let key = (account, token);
        match waiting.get(&key) {
            Some(at) if is_fresh(*at) => last.0.store(*at, Relaxed),
            // The next use is noted.
            None if waiting.len() >= TOKEN_USES_WAITING_MAX => {}
            _ => {
                waiting.insert(key, now_ms);
                last.0.store(now_ms, Relaxed);
            }
        }
    }

    /// The last use of a token whose last use that is stored is this one.
    pub fn of(&self, account: AccountId, token: TokenId, stored: Option<i64>) -> Option<i64> {
        stored.max(self.waiting().get(&(account, token)).copied())
    }

    /// Writes down what waits.
    pub async fn flush(&self) -> Result<(), StorageError> {
        let used: Vec<(AccountId, TokenId, i64)> = self
            .waiting()
            .iter()
            .map(|((account, token), at)| (*account, *token, *at))
            .collect();
        for some in used.chunks(WRITTEN_AT_ONCE) {
            let mut tx = self.control.write().await?;
            tx.set_tokens_used(some).await?;
            tx.commit().await?;
            let mut waiting = self.waiting();
            for (account, token, at) in some {
                let key = (*account, *token);
                if waiting.get(&key) == Some(at) {
                    waiting.remove(&key);
                }
            }
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(AccountId, TokenId), i64>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down from time to time.
pub(crate) async fn run(used: Arc<LastUsed>) {
    let mut pause = interval(Duration::from_millis(TOKEN_USE_FLUSH_MS));
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Nothing was used yet.
    pause.tick().await;
    loop {
        pause.tick().await;
        if let Err(error) = used.flush().await {
            tracing::warn!(%error, "when tokens were used is not written down; the next look tries again");
        }
    }
}
