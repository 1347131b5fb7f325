//! Point → all circles that contain it.

use std::{
    cell::LazyCell,
    collections::hash_map::{Entry, RandomState},
    hash::Hash,
};

use super::{CellBuildHasher, growing::GrowingMap, slots::Slots};
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
/// without a look at them.
#[derive(Debug, Clone)]
pub(super) struct CircleIndex<K> {
    slots: GrowingMap<K, u32, RandomState>,
    fences: Slots<(K, Circle)>,
    pub(super) cells: GrowingMap<CellId, Cell, CellBuildHasher>,
    /// How many fences each level holds: lookups skip the empty ones.
    pub(super) level_fences: [usize; LEVELS],
}

/// The outlines of the fences that may hold a point of the cell: a few within the cell, which is in 64
/// bytes then, so that a lookup waits for no more memory than it must.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    One([Outline; 1]),
    Two([Outline; 2]),
    Three([Outline; 3]),
    Many(Vec<Outline>),
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
            Self::One(outlines) => outlines,
            Self::Two(outlines) => outlines,
            Self::Three(outlines) => outlines,
            Self::Many(outlines) => outlines,
        }
    }

    fn push(&mut self, outline: Outline) {
        match *self {
            Self::One([a]) => *self = Self::Two([a, outline]),
            Self::Two([a, b]) => *self = Self::Three([a, b, outline]),
            Self::Three([a, b, c]) => *self = Self::Many(vec![a, b, c, outline]),
            Self::Many(ref mut outlines) => outlines.push(outline),
        }
    }

    /// Takes a fence out; true if none is left.
    fn remove(&mut self, slot: u32) -> bool {
        let stays = |outline: &Outline| outline.slot != slot;
        if let Self::Many(outlines) = self {
            outlines.retain(stays);
        } else {
            *self = Self::Many(self.outlines().iter().copied().filter(stays).collect());
        }
        match *self.outlines() {
            [] => return true,
            [a] => *self = Self::One([a]),
            [a, b] => *self = Self::Two([a, b]),
            [a, b, c] => *self = Self::Three([a, b, c]),
            _ => {}
        }
        false
    }
}

impl<K> Default for CircleIndex<K> {
    fn default() -> Self {
        Self {
            slots: GrowingMap::default(),
            fences: Slots::default(),
            cells: GrowingMap::default(),
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
            Some(&slot) if self.fences.get(slot).1 == circle => return,
            Some(&slot) => {
                self.unlist(slot);
                self.fences.get_mut(slot).1 = circle;
                slot
            }
            None => {
                let slot = self.fences.put((key, circle));
                self.slots.part_with_room(&key).insert(key, slot);
                slot
            }
        };
        let level = grid::level_of(&circle);
        let outline = Outline::of(&circle, slot);
        self.level_fences[level] += 1;
        grid::for_each_cell(level, &circle, |id| {
            match self.cells.part_with_room(&id).entry(id) {
                Entry::Occupied(mut cell) => cell.get_mut().push(outline),
                Entry::Vacant(cell) => {
                    cell.insert(Cell::One([outline]));
                }
            }
        });
    }

    /// Removes the fence with this key; false if there was none.
    pub(super) fn remove(&mut self, key: K) -> bool {
        let Some(slot) = self.slots.remove(&key) else {
            return false;
        };
        self.unlist(slot);
        self.fences.release(slot);
        true
    }

    /// The circle with this key.
    pub(super) fn get(&self, key: K) -> Option<&Circle> {
        let slot = *self.slots.get(&key)?;
        Some(&self.fences.get(slot).1)
    }

    /// Calls `found` once for every fence that contains the point, borders included.
    pub(super) fn containing(&self, at: LatLon, mut found: impl FnMut(K)) {
        let levels = (0..LEVELS).filter(|&level| self.level_fences[level] > 0);
        let cells = levels.map(|level| self.cells.get(&grid::cell_at(level, at)));
        // Computed once there is a cell, which the processor fetches meanwhile.
        let vector = LazyCell::new(|| UnitVector::of(at));
        for cell in cells.flatten() {
            let rounded = vector.rounded();
            for outline in cell.outlines() {
                let rough = outline.compare(rounded);
                if matches!(rough, Rough::Outside) {
                    continue;
                }
                let (key, circle) = self.fences.get(outline.slot);
                if matches!(rough, Rough::Inside) || distance::contains(circle, at, *vector) {
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
                    found(self.fences.get(outline.slot).0);
                }
            });
        }
    }

    /// Takes a fence out of its cells.
    fn unlist(&mut self, slot: u32) {
        let circle = self.fences.get(slot).1;
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
