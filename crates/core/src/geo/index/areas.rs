//! Point → all polygons and multipolygons that contain it.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hash},
    sync::Arc,
};

use super::CellHasher;
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
    slots: HashMap<K, u32>,
    entries: Vec<Option<Entry<K>>>,
    free_slots: Vec<u32>,
    pub(super) cells: HashMap<CellId, Vec<u32>, BuildHasherDefault<CellHasher>>,
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
            slots: HashMap::new(),
            entries: Vec::new(),
            free_slots: Vec::new(),
            cells: HashMap::default(),
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
        let slot = self.free_slots.pop().unwrap_or_else(|| {
            self.entries.push(None);
            // There are enough numbers: the memory for 2^32 areas would come first.
            (self.entries.len() - 1) as u32
        });
        for cell in &cells {
            self.cells.entry(*cell).or_default().push(slot);
        }
        self.level_areas[level] += 1;
        self.slots.insert(key, slot);
        self.entries[slot as usize] = Some(Entry {
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
        self.free_slots.push(slot);
        if let Some(entry) = self.entries[slot as usize].take() {
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
        self.entries[slot as usize]
            .as_ref()
            .map(|entry| &*entry.area)
    }

    /// Calls `found` once for every area that contains the point, borders included.
    pub(super) fn containing(&self, at: LatLon, mut found: impl FnMut(K)) {
        for level in (0..LEVELS).filter(|level| self.level_areas[*level] > 0) {
            let Some(listed) = self.cells.get(&grid::cell_at(level, at)) else {
                continue;
            };
            for slot in listed {
                if let Some(entry) = &self.entries[*slot as usize]
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
                    if let Some(entry) = &self.entries[*slot as usize] {
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
