//! Point → all fences that contain it.

use super::{Circle, LatLon};

/// An index of circles by a key; takes changes at any time.
pub struct FenceIndex<K> {
    _key: std::marker::PhantomData<K>,
}

impl<K: Copy + Eq + std::hash::Hash> FenceIndex<K> {
    /// An empty index.
    pub fn new() -> Self {
        todo!()
    }

    /// Adds a fence or replaces the one with this key.
    pub fn insert(&mut self, _key: K, _circle: Circle) {
        todo!()
    }

    /// Removes the fence with this key; false if there was none.
    pub fn remove(&mut self, _key: K) -> bool {
        todo!()
    }

    /// Calls `found` once for every fence that contains the point, borders included.
    pub fn containing(&self, _at: LatLon, _found: impl FnMut(K)) {
        todo!()
    }
}
