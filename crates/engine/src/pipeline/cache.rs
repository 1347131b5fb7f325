//! Values of the store that a stage works on: loaded once, changed in memory, written back together.

use std::{
    collections::{HashMap, hash_map},
    hash::Hash,
};

/// A bounded cache that knows which values the step at hand has changed.
pub(crate) struct Cache<K, V> {
    entries: HashMap<K, Entry<V>>,
    changed: Vec<K>,
    step: u64,
    entries_max: usize,
}

struct Entry<V> {
    value: V,
    is_changed: bool,
    used_in: u64,
}

impl<K: Copy + Eq + Hash, V> Cache<K, V> {
    /// An empty cache that keeps so many values from one step to the next.
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            changed: Vec::new(),
            step: 0,
            entries_max,
        }
    }

    /// The value of a key.
    pub(crate) fn get<E>(&mut self, key: K, load: impl FnOnce() -> Result<V, E>) -> Result<&V, E> {
        self.entry(key, load).map(|entry| &entry.value)
    }

    /// The value of a key, to be changed: it will be among [`Cache::changed`].
    pub(crate) fn get_mut<E>(
        &mut self,
        key: K,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<&mut V, E> {
        let step = self.step;
        let entry = Self::find(&mut self.entries, step, key, load)?;
        if !entry.is_changed {
            entry.is_changed = true;
            self.changed.push(key);
        }
        Ok(&mut entry.value)
    }

    /// Forgets a value, with what was changed of it.
    pub(crate) fn forget(&mut self, key: K) {
        self.entries.remove(&key);
        self.changed.retain(|changed| *changed != key);
    }

    /// What was changed since the last [`Cache::written`], in the order of the first change.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (K, &V)> {
        self.changed
            .iter()
            .filter_map(|key| self.entries.get(key).map(|entry| (*key, &entry.value)))
    }

    /// Notes that all changes are in the store. When there are too many values, those the last step
    /// did not use are dropped, and all if that is not enough.
    pub(crate) fn written(&mut self) {
        for key in self.changed.drain(..) {
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.is_changed = false;
            }
        }
        if self.entries.len() > self.entries_max {
            let step = self.step;
            self.entries.retain(|_, entry| entry.used_in == step);
        }
        if self.entries.len() > self.entries_max {
            self.entries.clear();
        }
        self.step += 1;
    }

    fn entry<E>(
        &mut self,
        key: K,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<&mut Entry<V>, E> {
        Self::find(&mut self.entries, self.step, key, load)
    }

    fn find<E>(
        entries: &mut HashMap<K, Entry<V>>,
        step: u64,
        key: K,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<&mut Entry<V>, E> {
        let entry = match entries.entry(key) {
            hash_map::Entry::Occupied(found) => found.into_mut(),
            hash_map::Entry::Vacant(vacant) => vacant.insert(Entry {
                value: load()?,
                is_changed: false,
                used_in: step,
            }),
        };
        entry.used_in = step;
        Ok(entry)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::HashMap};

    use super::Cache;

    #[test]
    fn a_full_cache_forgets_but_never_before_a_change_was_written() {
        let store = RefCell::new(HashMap::new());
        let load = |key: u32| Ok::<u32, ()>(store.borrow().get(&key).copied().unwrap_or(0));
        let mut cache = Cache::new(3);
        let mut expected: HashMap<u32, u32> = HashMap::new();
        for step in 0..50_u32 {
            // Some steps use more keys than the cache holds, some fewer.
            for key in 0..(step * 7) % 6 {
                let key = (key * 5 + step) % 11;
                *cache.get_mut(key, || load(key)).unwrap() += step;
                *expected.entry(key).or_insert(0) += step;
            }
            for key in 0..11 {
                let found = cache.get(key, || load(key)).copied();
                assert_eq!(found, Ok(expected.get(&key).copied().unwrap_or(0)));
            }
            let mut written = Vec::new();
            for (key, value) in cache.changed() {
                assert!(!written.contains(&key), "written once a step");
                written.push(key);
                store.borrow_mut().insert(key, *value);
            }
            cache.written();
            assert!(cache.entries.len() <= 3);
            assert_eq!(cache.changed().count(), 0);
        }
    }
}
