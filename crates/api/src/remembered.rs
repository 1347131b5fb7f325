//! A map of bounded size that forgets what was not asked for longest.

use std::{collections::HashMap, hash::Hash};

/// Two generations of at most so many entries each. When the young one is full it becomes the old
/// one, and what was in that and not asked for since is forgotten: no list of ages is kept.
pub(crate) struct Remembered<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation_max: usize,
}

impl<K: Hash + Eq, V: Clone> Remembered<K, V> {
    /// An empty one for at most `max` entries.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            generation_max: (max / 2).max(1),
        }
    }

    /// The value of a key, which is remembered as one of the youngest from now on.
    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    /// Remembers a value, as the youngest.
    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation_max && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    /// Forgets a value.
    pub(crate) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_than_it_may_and_keeps_what_is_used() {
        let mut remembered = Remembered::new(100);
        remembered.put(0, 7);
        for key in 1..10_000_u32 {
            remembered.put(key, key);
            assert_eq!(remembered.get(&0), Some(7), "{key}");
            assert!(remembered.get(&key).is_some());
            assert!(remembered.len() <= 100, "{}", remembered.len());
        }
        assert_eq!(remembered.get(&1), None);
        remembered.remove(&9_999);
        assert_eq!(remembered.get(&9_999), None);
    }
}
