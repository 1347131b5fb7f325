//! Point → all fences that contain it.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hash, Hasher},
};

use super::{
    Circle, LatLon,
    grid::{self, CELL_DEGREES, Cell},
};

/// The fences that may hold a point of the cell, by cell.
type Cells<K> = HashMap<Cell, Vec<(K, Circle)>, BuildHasherDefault<CellHasher>>;

/// An index of circles by a key; takes changes at any time.
///
/// A quantised latitude/longitude grid at a few levels: a fence is listed, with its shape, in each
/// cell of its level that it may touch, and a lookup tests the fences of one cell a level exactly.
/// A fence of some hundred metres costs about 200 bytes.
#[derive(Debug, Clone)]
pub struct FenceIndex<K> {
    levels: [Cells<K>; CELL_DEGREES.len()],
    fences: HashMap<K, Circle>,
}

impl<K> Default for FenceIndex<K> {
    fn default() -> Self {
        Self {
            levels: Default::default(),
            fences: HashMap::new(),
        }
    }
}

impl<K: Copy + Eq + Hash> FenceIndex<K> {
    /// Fences in the index.
    pub fn len(&self) -> usize {
        self.fences.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fences.is_empty()
    }

    /// Adds a fence or replaces the one with this key.
    pub fn insert(&mut self, key: K, circle: Circle) {
        if self.fences.get(&key) == Some(&circle) {
            return;
        }
        self.remove(key);
        let (level, cells) = grid::cells_of(&circle);
        for cell in cells {
            self.levels[level]
                .entry(cell)
                .or_default()
                .push((key, circle));
        }
        self.fences.insert(key, circle);
    }

    /// Removes the fence with this key; false if there was none.
    pub fn remove(&mut self, key: K) -> bool {
        let Some(circle) = self.fences.remove(&key) else {
            return false;
        };
        let (level, cells) = grid::cells_of(&circle);
        for cell in cells {
            let Some(listed) = self.levels[level].get_mut(&cell) else {
                continue;
            };
            listed.retain(|(other, _)| *other != key);
            if listed.is_empty() {
                self.levels[level].remove(&cell);
            }
        }
        true
    }

    /// Calls `found` once for every fence that contains the point, borders included.
    pub fn containing(&self, at: LatLon, mut found: impl FnMut(K)) {
        for (level, cells) in self.levels.iter().enumerate() {
            if cells.is_empty() {
                continue;
            }
            let Some(listed) = cells.get(&grid::cell_at(level, at)) else {
                continue;
            };
            for (key, circle) in listed {
                if circle.contains(at) {
                    found(*key);
                }
            }
        }
    }
}

/// Cell numbers are no secret and well spread by one multiplication (Knuth, TAOCP 3, §6.4).
#[derive(Debug, Default, Clone)]
struct CellHasher(u64);

impl Hasher for CellHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

#[cfg(test)]
mod tests;
