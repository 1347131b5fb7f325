//! Wakes those who wait for something new in an inbox.
//!
//! A listener costs an entry in a map and nothing while it waits: nobody asks again and again, and
//! the decide stage looks at the map once a step.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use moca_core::id::InstanceId;
use tokio::sync::watch;

use crate::EngineError;

/// Who listens, by instance.
#[derive(Default)]
pub(crate) struct Bell(Mutex<Listeners>);

#[derive(Default)]
struct Listeners {
    by_instance: HashMap<InstanceId, watch::Sender<()>>,
    is_closed: bool,
}

/// Hears when something happens to an instance that those who wait should look at: a message came in,
/// it registered again, it was erased.
pub struct Ear {
    instance: InstanceId,
    bell: Arc<Bell>,
    /// `None` from the start when nothing is decided any more.
    rung: Option<watch::Receiver<()>>,
}

impl Bell {
    /// Listens from now on: what happens before the first wait is heard too.
    pub(crate) fn listen(self: &Arc<Self>, instance: InstanceId) -> Ear {
        let mut listeners = self.lock();
        let rung = (!listeners.is_closed).then(|| {
            let sender = listeners.by_instance.entry(instance);
            sender.or_insert_with(|| watch::channel(()).0).subscribe()
        });
        Ear {
            instance,
            bell: Arc::clone(self),
            rung,
        }
    }

    /// Wakes those who listen for one of these.
    pub(crate) fn ring(&self, instances: &[InstanceId]) {
        if instances.is_empty() {
            return;
        }
        let listeners = self.lock();
        if listeners.by_instance.is_empty() {
            return;
        }
        for instance in instances {
            if let Some(sender) = listeners.by_instance.get(instance) {
                sender.send_replace(());
            }
        }
    }

    /// Wakes everybody for good: nothing is decided any more.
    pub(crate) fn close(&self) {
        let mut listeners = self.lock();
        listeners.is_closed = true;
        listeners.by_instance.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Listeners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ear {
    /// Ends when it rang since the last time.
    pub async fn rung(&mut self) -> Result<(), EngineError> {
        let rung = self.rung.as_mut().ok_or(EngineError::Stopping)?;
        rung.changed().await.map_err(|_| EngineError::Stopping)
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let mut listeners = self.bell.lock();
        drop(self.rung.take());
        if let Entry::Occupied(entry) = listeners.by_instance.entry(self.instance)
            && entry.get().receiver_count() == 0
        {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;

    /// Whether a future is done when it is looked at once.
    fn is_ready<F: Future>(future: F) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(future).poll(&mut context).is_ready()
    }

    fn instance(n: u8) -> InstanceId {
        InstanceId(moca_core::id::Id([n; 16]))
    }

    #[test]
    fn it_wakes_those_it_is_rung_for_and_forgets_those_who_left() {
        let bell = Arc::new(Bell::default());
        let (mut one, mut other) = (bell.listen(instance(1)), bell.listen(instance(2)));
        let second = bell.listen(instance(1));
        assert!(!is_ready(one.rung()));
        bell.ring(&[instance(1), instance(3)]);
        assert!(is_ready(one.rung()), "rung before it waited");
        assert!(!is_ready(one.rung()), "once");
        assert!(!is_ready(other.rung()));
        drop(one);
        assert_eq!(bell.lock().by_instance.len(), 2, "somebody listens still");
        drop((second, other));
        assert!(bell.lock().by_instance.is_empty());
    }

    #[test]
    fn a_closed_one_keeps_nobody_waiting() {
        let bell = Arc::new(Bell::default());
        let mut before = bell.listen(instance(1));
        bell.close();
        let mut after = bell.listen(instance(1));
        assert!(is_ready(before.rung()) && is_ready(after.rung()));
        drop((before, after));
        bell.ring(&[instance(1)]);
    }
}
