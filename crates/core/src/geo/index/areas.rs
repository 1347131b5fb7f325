//! Point → all polygons and multipolygons that contain it.

use std::{
    collections::{HashSet, hash_map::RandomState},
    hash::Hash,
    sync::Arc,
};

use super::{CellBuildHasher, growing::GrowingMap, slots::Slots};
use crate::geo::{
    LatLon, Path,
    area::{Area, PlanarPolygon, Prepared},
    grid::{self, CellId, LEVELS},
};

/// Cells that one area is listed in, unless it is one of many polygons or too large for the coarsest
/// level.
const CELLS_MAX: usize = 32;

/// An index of areas by a key.
///
/// An area is listed in every cell that the bounds of one of its polygons touch, on the finest level
/// of the grid where these are few; a point asks one cell of each level in use, and the areas
/// listed there.
#[derive(Debug, Clone)]
pub(super) struct AreaIndex<K> {
    slots: GrowingMap<K, u32, RandomState>,
    entries: Slots<Option<Entry<K>>>,
    pub(super) cells: GrowingMap<CellId, Vec<u32>, CellBuildHasher>,
    /// How many areas each level holds.
    pub(super) level_areas: [usize; LEVELS],
}

#[derive(Debug, Clone)]
struct Entry<K> {
    key: K,
    level: usize,
    cells: Box<[CellId]>,
    area: Arc<Prepared>,
}

impl<K> Default for AreaIndex<K> {
    fn default() -> Self {
        Self {
            slots: GrowingMap::default(),
            entries: Slots::default(),
            cells: GrowingMap::default(),
            level_areas: [0; LEVELS],
        }
    }
}

impl<K: Copy + Eq + Hash> AreaIndex<K> {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds an area or replaces the one with this key.
    pub(super) fn insert(&mut self, key: K, area: &Area) {
        self.remove(key);
        let polygons = area.planar();
        let (level, cells) = cells_of(&polygons);
        let slot = self.entries.put(None);
        for cell in &cells {
            let part = self.cells.part_with_room(cell);
            part.entry(*cell).or_default().push(slot);
        }
        self.level_areas[level] += 1;
        self.slots.part_with_room(&key).insert(key, slot);
        *self.entries.get_mut(slot) = Some(Entry {
            key,
            level,
            cells,
            area: Arc::new(Prepared::of_polygons(&polygons)),
        });
    }

    /// Removes the area with this key; false if there was none.
    pub(super) fn remove(&mut self, key: K) -> bool {
        let Some(slot) = self.slots.remove(&key) else {
            return false;
        };
        self.entries.release(slot);
        if let Some(entry) = self.entries.get_mut(slot).take() {
            self.level_areas[entry.level] -= 1;
            for cell in entry.cells {
                let Some(listed) = self.cells.get_mut(&cell) else {
                    continue;
                };
                listed.retain(|other| *other != slot);
                if listed.is_empty() {
                    self.cells.remove(&cell);
                }
            }
        }
        true
    }

    /// The area with this key.
    pub(super) fn get(&self, key: K) -> Option<&Prepared> {
        let slot = *self.slots.get(&key)?;
        let entry = self.entries.get(slot).as_ref();
        entry.map(|entry| &*entry.area)
    }

    /// Calls `found` once for every area that contains the point, borders included.
    pub(super) fn containing(&self, at: LatLon, mut found: impl FnMut(K)) {
        for level in (0..LEVELS).filter(|level| self.level_areas[*level] > 0) {
            let Some(listed) = self.cells.get(&grid::cell_at(level, at)) else {
                continue;
            };
            for slot in listed {
                if let Some(entry) = self.entries.get(*slot)
                    && entry.area.contains(at)
                {
                    found(entry.key);
                }
            }
        }
    }

    /// Calls `found` for every area in the cells that the path goes through, maybe several times.
    pub(super) fn near_path(&self, path: &Path, mut found: impl FnMut(K)) {
        for level in (0..LEVELS).filter(|level| self.level_areas[*level] > 0) {
            grid::for_each_cell_along(level, path, |id| {
                for slot in self.cells.get(&id).into_iter().flatten() {
                    if let Some(entry) = self.entries.get(*slot) {
                        found(entry.key);
                    }
                }
            });
        }
    }
}

/// The level for an area, and its cells there, each once.
fn cells_of(polygons: &[PlanarPolygon]) -> (usize, Box<[CellId]>) {
    let enough = CELLS_MAX.max(4 * polygons.len());
    for level in (1..LEVELS).rev() {
        if let Some(cells) = cells_on(level, polygons, enough) {
            return (level, cells);
        }
    }
    let all = cells_on(0, polygons, usize::MAX);
    (0, all.unwrap_or_default())
}

/// The cells on a level, unless there are more than `enough`.
fn cells_on(level: usize, polygons: &[PlanarPolygon], enough: usize) -> Option<Box<[CellId]>> {
    let mut cells = HashSet::new();
    for polygon in polygons {
        let fits = grid::for_each_cell_between(
            level,
            [polygon.south, polygon.north],
            [polygon.west, polygon.east],
            |cell| {
                cells.insert(cell);
                cells.len() <= enough
            },
        );
        if !fits {
            return None;
        }
    }
    Some(cells.into_iter().collect())
}
