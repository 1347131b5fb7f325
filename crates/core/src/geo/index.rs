//! Point → all fences that contain it.

mod areas;
mod circles;
mod growing;
mod slots;

use std::hash::{BuildHasherDefault, Hash, Hasher};

use self::{areas::AreaIndex, circles::CircleIndex};
use super::{Geofence, LatLon, Path};

pub use super::near::Fence;

/// An index of geofences by a key; takes changes at any time.
///
/// Circles and areas are kept apart: most fences are circles, and what they need fits into fewer
/// bytes and is tested faster than anything that could also be a polygon.
#[derive(Debug, Clone)]
pub struct FenceIndex<K> {
    circles: CircleIndex<K>,
    areas: AreaIndex<K>,
}

impl<K> Default for FenceIndex<K> {
    fn default() -> Self {
        Self {
            circles: CircleIndex::default(),
            areas: AreaIndex::default(),
        }
    }
}

impl<K: Copy + Eq + Hash> FenceIndex<K> {
    /// Fences in the index.
    pub fn len(&self) -> usize {
        self.circles.len() + self.areas.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a fence or replaces the one with this key.
    pub fn insert(&mut self, key: K, geofence: &Geofence) {
        match geofence {
            Geofence::Circle(circle) => {
                self.areas.remove(key);
                self.circles.insert(key, *circle);
            }
            Geofence::Area(area) => {
                self.circles.remove(key);
                self.areas.insert(key, area);
            }
        }
    }

    /// Removes the fence with this key; false if there was none.
    pub fn remove(&mut self, key: K) -> bool {
        self.circles.remove(key) || self.areas.remove(key)
    }

    /// The fence with this key, ready for questions.
    pub fn get(&self, key: K) -> Option<Fence<'_>> {
        let circle = self.circles.get(key).map(Fence::Circle);
        circle.or_else(|| self.areas.get(key).map(Fence::Area))
    }

    /// Calls `found` once for every fence that contains the point, borders included.
    pub fn containing(&self, at: LatLon, mut found: impl FnMut(K)) {
        self.circles.containing(at, &mut found);
        self.areas.containing(at, found);
    }

    /// Calls `found` for every fence that the path meets, for others near it too, and for some several
    /// times.
    pub fn near_path(&self, path: &Path, mut found: impl FnMut(K)) {
        self.circles.near_path(path, &mut found);
        self.areas.near_path(path, found);
    }
}

/// Mixes the bits of a cell number; the standard hasher would take longer than the rest of a lookup.
/// Cells made to collide on purpose would slow down nobody but the account whose fences they are.
#[derive(Debug, Default, Clone)]
struct CellHasher(u64);

type CellBuildHasher = BuildHasherDefault<CellHasher>;

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
        // The finaliser of MurmurHash3: rows and columns differ in few bits.
        let mut mixed = self.0 ^ number;
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        self.0 = mixed ^ (mixed >> 33);
    }
}

#[cfg(test)]
mod tests;
