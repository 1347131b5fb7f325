//! Point → all circles that contain it.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hash},
};

use super::CellHasher;
use crate::geo::{
    Circle, LatLon, Path,
    distance::{self, UnitVector},
    grid::{self, CellId, LEVELS},
};

/// An index of circles by a key; takes changes at any time.
///
/// Each fence is listed in the few cells it touches of the level of the grid that suits its size, so
/// a point asks one cell of each level in use, and a fence of 100 km fills no more cells than one of
/// 100 m. The lists hold rough outlines side by side, so that most fences of a cell are ruled out
/// without a look at them. With keys of 17 bytes a fence takes
/// 180 (in a crowd) to 410 bytes (alone), the spare room of growing tables included.
#[derive(Debug, Clone)]
pub(super) struct CircleIndex<K> {
    slots: HashMap<K, u32>,
    fences: Vec<(K, Circle)>,
    free_slots: Vec<u32>,
    pub(super) cells: HashMap<CellId, Cell, BuildHasherDefault<CellHasher>>,
    /// How many fences each level holds: lookups skip the empty ones.
    pub(super) level_fences: [usize; LEVELS],
}

/// The outlines of the fences that may hold a point of the cell.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    One(Outline),
    #[expect(
        clippy::box_collection,
        reason = "most cells have one fence; a bare Vec would make all of them larger"
    )]
    Many(Box<Vec<Outline>>),
}

/// A fence in 20 bytes: rough, but enough to decide most points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outline {
    center: [f32; 3],
    /// The chord beyond which a point is surely outside.
    chord_max: f32,
    slot: u32,
}

/// How an outline lies to a point.
enum Rough {
    Outside,
    Unsure,
    Inside,
}

impl Outline {
    /// The difference of two vectors rounded to `f32` is off by less than this, and by less than two
    /// millionths for the arithmetic.
    const ROUNDING: f64 = 1.5e-7;
    /// How far inside of `chord_max` a point is surely inside: `METRES_PER_CHORD_MIN` to `_MAX` of
    /// the radius, and the rounding of both.
    const INSIDE_SHARE: f32 = 0.9899;

    fn of(circle: &Circle, slot: u32) -> Self {
        let chord_max = circle.radius_m() / distance::METRES_PER_CHORD_MIN;
        Self {
            center: UnitVector::of(circle.center()).rounded(),
            chord_max: (chord_max * 1.000_002 + Self::ROUNDING) as f32,
            slot,
        }
    }

    fn compare(&self, at: [f32; 3]) -> Rough {
        let [x, y, z] = self.center;
        let (dx, dy, dz) = (x - at[0], y - at[1], z - at[2]);
        let chord_squared = dx * dx + dy * dy + dz * dz;
        if chord_squared > self.chord_max * self.chord_max {
            return Rough::Outside;
        }
        let inside = self.chord_max * Self::INSIDE_SHARE - 2.0 * Self::ROUNDING as f32;
        if inside > 0.0 && chord_squared <= inside * inside {
            return Rough::Inside;
        }
        Rough::Unsure
    }
}

impl Cell {
    fn outlines(&self) -> &[Outline] {
        match self {
            Self::One(outline) => std::slice::from_ref(outline),
            Self::Many(outlines) => outlines,
        }
    }

    fn push(&mut self, outline: Outline) {
        match self {
            Self::One(first) => *self = Self::Many(Box::new(vec![*first, outline])),
            Self::Many(outlines) => outlines.push(outline),
        }
    }

    /// Takes a fence out; true if none is left.
    fn remove(&mut self, slot: u32) -> bool {
        match self {
            Self::One(outline) => outline.slot == slot,
            Self::Many(outlines) => {
                outlines.retain(|outline| outline.slot != slot);
                if let [last] = outlines[..] {
                    *self = Self::One(last);
                }
                false
            }
        }
    }
}

impl<K> Default for CircleIndex<K> {
    fn default() -> Self {
        Self {
            slots: HashMap::new(),
            fences: Vec::new(),
            free_slots: Vec::new(),
            cells: HashMap::default(),
            level_fences: [0; LEVELS],
        }
    }
}

impl<K: Copy + Eq + Hash> CircleIndex<K> {
    /// Fences in the index.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds a fence or replaces the one with this key.
    pub(super) fn insert(&mut self, key: K, circle: Circle) {
        let slot = match self.slots.get(&key) {
            Some(&slot) if self.fences[slot as usize].1 == circle => return,
            Some(&slot) => {
                self.unlist(slot);
                self.fences[slot as usize].1 = circle;
                slot
            }
            None => {
                let slot = self.take_slot(key, circle);
                self.slots.insert(key, slot);
                slot
            }
        };
        let level = grid::level_of(&circle);
        let outline = Outline::of(&circle, slot);
        self.level_fences[level] += 1;
        grid::for_each_cell(level, &circle, |id| match self.cells.entry(id) {
            Entry::Occupied(mut cell) => cell.get_mut().push(outline),
            Entry::Vacant(cell) => {
                cell.insert(Cell::One(outline));
            }
        });
    }

    /// Removes the fence with this key; false if there was none.
    pub(super) fn remove(&mut self, key: K) -> bool {
        let Some(slot) = self.slots.remove(&key) else {
            return false;
        };
        self.unlist(slot);
        self.free_slots.push(slot);
        true
    }

    /// The circle with this key.
    pub(super) fn get(&self, key: K) -> Option<&Circle> {
        let slot = *self.slots.get(&key)?;
        Some(&self.fences[slot as usize].1)
    }

    /// Calls `found` once for every fence that contains the point, borders included.
    pub(super) fn containing(&self, at: LatLon, mut found: impl FnMut(K)) {
        let vector = UnitVector::of(at);
        let rounded = vector.rounded();
        for level in (0..LEVELS).filter(|&level| self.level_fences[level] > 0) {
            let Some(cell) = self.cells.get(&grid::cell_at(level, at)) else {
                continue;
            };
            for outline in cell.outlines() {
                let rough = outline.compare(rounded);
                if matches!(rough, Rough::Outside) {
                    continue;
                }
                let (key, circle) = &self.fences[outline.slot as usize];
                if matches!(rough, Rough::Inside) || distance::contains(circle, at, vector) {
                    found(*key);
                }
            }
        }
    }

    /// Calls `found` for every fence in the cells that the path goes through, maybe several times.
    pub(super) fn near_path(&self, path: &Path, mut found: impl FnMut(K)) {
        for level in (0..LEVELS).filter(|&level| self.level_fences[level] > 0) {
            grid::for_each_cell_along(level, path, |id| {
                let outlines = self.cells.get(&id).map_or(&[][..], Cell::outlines);
                for outline in outlines {
                    found(self.fences[outline.slot as usize].0);
                }
            });
        }
    }

    /// A slot for a fence. There are enough numbers: the memory for 2^32 fences would come first.
    fn take_slot(&mut self, key: K, circle: Circle) -> u32 {
        if let Some(slot) = self.free_slots.pop() {
            self.fences[slot as usize] = (key, circle);
            return slot;
        }
        self.fences.push((key, circle));
        (self.fences.len() - 1) as u32
    }

    /// Takes a fence out of its cells.
    fn unlist(&mut self, slot: u32) {
        let circle = self.fences[slot as usize].1;
        let level = grid::level_of(&circle);
        self.level_fences[level] -= 1;
        grid::for_each_cell(level, &circle, |id| {
            if self
                .cells
                .get_mut(&id)
                .is_some_and(|cell| cell.remove(slot))
            {
                self.cells.remove(&id);
            }
        });
    }
}
