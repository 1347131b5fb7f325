//! A hash map that never stops to grow.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
    mem,
};

/// Keys of a part before it is divided: what fills a table of 2 048 places to seven eighths. To divide
/// it takes some tens of microseconds.
const PART_MAX: usize = 1_792;

/// Parts are not told apart by more bits of a hash than these, so that keys made to collide cost what
/// they do in any hash map. There is room for a hundred million that do not.
const DEPTH_MAX: u32 = 16;

/// A hash map in parts, each of which is divided when it is full. A plain one moves all of its keys in
/// one go when it grows, for seconds if there are millions.
///
/// This is extendible hashing (Fagin, Nievergelt, Pippenger and Strong, 1979): the directory says for
/// some bits of a hash which part its key is in, and is doubled when a part needs one more.
#[derive(Debug, Clone)]
pub(super) struct GrowingMap<K, V, S> {
    hasher: S,
    /// Bits that choose a place of the directory.
    depth: u32,
    directory: Vec<u32>,
    parts: Vec<Part<K, V, S>>,
}

#[derive(Debug, Clone)]
struct Part<K, V, S> {
    /// Bits that all of its keys have in common.
    depth: u32,
    map: HashMap<K, V, S>,
}

impl<K, V, S: Clone + Default> Default for GrowingMap<K, V, S> {
    fn default() -> Self {
        let hasher = S::default();
        Self {
            depth: 0,
            directory: vec![0],
            parts: vec![Part {
                depth: 0,
                map: HashMap::with_hasher(hasher.clone()),
            }],
            hasher,
        }
    }
}

impl<K: Eq + Hash, V, S: BuildHasher + Clone> GrowingMap<K, V, S> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.parts[self.part_of(key)].map.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let part = self.part_of(key);
        self.parts[part].map.get_mut(key)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let part = self.part_of(key);
        self.parts[part].map.remove(key)
    }

    /// The part that has this key or will have it, with room for one more.
    pub(super) fn part_with_room(&mut self, key: &K) -> &mut HashMap<K, V, S> {
        let mut part = self.part_of(key);
        while self.parts[part].map.len() >= PART_MAX && self.parts[part].depth < DEPTH_MAX {
            self.divide(part);
            part = self.part_of(key);
        }
        &mut self.parts[part].map
    }

    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.map.len()).sum()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.parts.iter().flat_map(|part| &part.map)
    }

    fn part_of(&self, key: &K) -> usize {
        self.directory[bits(self.hasher.hash_one(key), self.depth)] as usize
    }

    /// Moves the keys with one more bit set to a part of their own.
    fn divide(&mut self, full: usize) {
        let new = self.parts.len();
        let depth = self.parts[full].depth + 1;
        let bit = 1 << (depth - 1);
        // Both are made anew: one that keys were only taken out of would soon grow beyond its size.
        let [mut stay, mut move_on] =
            [(); 2].map(|()| HashMap::with_capacity_and_hasher(PART_MAX, self.hasher.clone()));
        for (key, value) in mem::replace(
            &mut self.parts[full].map,
            HashMap::with_hasher(self.hasher.clone()),
        ) {
            let moves = bits(self.hasher.hash_one(&key), depth) & bit != 0;
            let part = if moves { &mut move_on } else { &mut stay };
            part.insert(key, value);
        }
        self.parts[full] = Part { depth, map: stay };
        self.parts.push(Part {
            depth,
            map: move_on,
        });
        if depth > self.depth {
            self.directory.extend_from_within(..);
            self.depth = depth;
        }
        for (number, part) in self.directory.iter_mut().enumerate() {
            if *part as usize == full && number & bit != 0 {
                // No more parts than the directory has places, which are few.
                *part = new as u32;
            }
        }
    }
}

/// Bits of a hash that `HashMap` does not choose a place by: it takes the lowest and the highest.
fn bits(hash: u64, depth: u32) -> usize {
    (hash >> 32) as usize & ((1 << depth) - 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::{super::CellBuildHasher, *};

    /// Maps every key to the same few hashes.
    #[derive(Default)]
    struct Colliding(u64);

    impl std::hash::Hasher for Colliding {
        fn finish(&self) -> u64 {
            self.0 % 3
        }

        fn write(&mut self, bytes: &[u8]) {
            self.0 += bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        }
    }

    fn agrees<S: BuildHasher + Clone + Default>(
        steps: &[(u16, bool)],
    ) -> Result<(), TestCaseError> {
        let mut map = GrowingMap::<u64, usize, S>::default();
        let mut model = BTreeMap::new();
        for (number, (key, insert)) in steps.iter().enumerate() {
            let key = u64::from(*key);
            if *insert {
                let before = map.part_with_room(&key).insert(key, number);
                prop_assert_eq!(before, model.insert(key, number));
            } else {
                prop_assert_eq!(map.remove(&key), model.remove(&key));
            }
        }
        for key in 0..=u64::from(u16::MAX) {
            prop_assert_eq!(map.get(&key), model.get(&key));
            prop_assert_eq!(map.get_mut(&key).copied(), model.get(&key).copied());
        }
        let all: BTreeMap<_, _> = map.iter().map(|(key, value)| (*key, *value)).collect();
        prop_assert_eq!(all, model);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn it_holds_what_any_map_holds(
            steps in vec((any::<u16>(), prop::bool::weighted(0.8)), 0..40_000),
        ) {
            agrees::<CellBuildHasher>(&steps)?;
        }
    }

    #[test]
    fn keys_that_collide_stay_in_one_part() {
        let steps: Vec<_> = (0..4_000).map(|key| (key, true)).collect();
        agrees::<std::hash::BuildHasherDefault<Colliding>>(&steps).unwrap();
    }

    #[test]
    fn a_part_is_divided_before_it_is_too_full() {
        let mut map = GrowingMap::<u64, (), CellBuildHasher>::default();
        for key in 0..200_000 {
            map.part_with_room(&key).insert(key, ());
        }
        assert!(map.parts.iter().all(|part| part.map.len() <= PART_MAX));
        assert!(map.parts.len() < 400, "{} parts", map.parts.len());
    }
}
