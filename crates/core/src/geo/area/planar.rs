//! Rings laid out in the plane of longitude and latitude, where nothing jumps at ±180.

use super::{Position, Ring};

/// A full turn, degrees.
pub(super) const TURN: f64 = 360.0;

/// The corners of a ring in order: no corner twice in a row, and the closing one left out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Corners {
    /// Longitude, running on beyond ±180, and latitude.
    pub(crate) at: Vec<Position>,
    /// The index among the positions as sent, for each corner.
    pub(super) sent: Vec<usize>,
}

/// A ring whose longitudes are counted on.
struct Unrolled<'r> {
    ring: &'r [Position],
    /// Full turns to be added to each longitude.
    turns: Vec<i32>,
}

impl<'r> Unrolled<'r> {
    fn of(ring: &'r [Position]) -> Self {
        let mut turns = Vec::with_capacity(ring.len());
        let (mut turn, mut before) = (0, None);
        for [longitude, _] in ring {
            if let Some(before) = before {
                let step: f64 = longitude - before;
                // The short way round, but for the whole parallel.
                if step.abs() > 180.0 && step.abs() != TURN {
                    turn -= (step / TURN).round() as i32;
                }
            }
            before = Some(*longitude);
            turns.push(turn);
        }
        Self { ring, turns }
    }

    fn longitudes(&self) -> impl Iterator<Item = f64> {
        let pairs = self.ring.iter().zip(&self.turns);
        pairs.map(|([longitude, _], turn)| longitude + TURN * f64::from(*turn))
    }

    /// From west to east.
    fn span(&self) -> (f64, f64) {
        let wider = |(west, east): (f64, f64), x: f64| (west.min(x), east.max(x));
        self.longitudes()
            .fold((f64::INFINITY, f64::NEG_INFINITY), wider)
    }

    /// The ring moved by so many full turns.
    fn corners(&self, turns: i32) -> Corners {
        let (mut at, mut sent) = (Vec::with_capacity(self.ring.len()), Vec::new());
        for (index, ([longitude, latitude], turn)) in self.ring.iter().zip(&self.turns).enumerate()
        {
            // One sum, so that it is rounded once. What is added to zero makes 0.0 of -0.0.
            let corner = [
                longitude + TURN * f64::from(turn + turns) + 0.0,
                latitude + 0.0,
            ];
            if at.last() != Some(&corner) {
                at.push(corner);
                sent.push(index);
            }
        }
        while at.len() > 1 && at.first() == at.last() {
            at.pop();
            sent.pop();
        }
        Corners { at, sent }
    }
}

/// Why a ring cannot be laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    AroundPole,
    TooWide,
}

/// Whether a closed ring can be laid out in the plane.
pub(super) fn fit(ring: &[Position]) -> Result<(), Unfit> {
    let unrolled = Unrolled::of(ring);
    if unrolled.turns.last() != unrolled.turns.first() {
        return Err(Unfit::AroundPole);
    }
    let (west, east) = unrolled.span();
    if east - west > TURN {
        return Err(Unfit::TooWide);
    }
    Ok(())
}

/// A ring on its own in the plane.
pub(super) fn corners(ring: &[Position]) -> Corners {
    Unrolled::of(ring).corners(0)
}

/// A polygon in the plane: its west end lies in -180..180, its east end at most 360 degrees on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Polygon {
    /// The shell, then the holes.
    pub(crate) rings: Vec<Corners>,
    pub(crate) west: f64,
    pub(crate) east: f64,
    pub(crate) south: f64,
    pub(crate) north: f64,
}

impl Polygon {
    /// The polygon of these rings, each of which fits into the plane on its own.
    pub(crate) fn of(rings: &[Ring]) -> Self {
        Self::of_rings(rings.iter().map(Vec::as_slice))
    }

    pub(super) fn of_rings<'r>(rings: impl Iterator<Item = &'r [Position]>) -> Self {
        let (mut laid_out, mut shell_span) = (Vec::new(), None);
        for ring in rings {
            let unrolled = Unrolled::of(ring);
            let span = unrolled.span();
            let turns = match shell_span {
                None => -((span.0 + 180.0) / TURN).floor() as i32,
                Some(shell) => turns_into(span, shell),
            };
            let by = TURN * f64::from(turns);
            shell_span.get_or_insert((span.0 + by, span.1 + by));
            laid_out.push(unrolled.corners(turns));
        }
        let (west, east) = shell_span.unwrap_or_default();
        let latitudes = laid_out.iter().take(1).flat_map(|ring| &ring.at);
        let (south, north) = latitudes.fold((90.0_f64, -90.0_f64), |(south, north), [_, y]| {
            (south.min(*y), north.max(*y))
        });
        Self {
            rings: laid_out,
            west,
            east,
            south,
            north,
        }
    }

    /// The polygon once around.
    pub(super) fn moved_by_a_turn(&self) -> Self {
        let mut moved = self.clone();
        for [x, _] in moved.rings.iter_mut().flat_map(|ring| &mut ring.at) {
            *x += TURN;
        }
        (moved.west, moved.east) = (self.west + TURN, self.east + TURN);
        moved
    }
}

/// How many turns bring a hole to where its shell is.
fn turns_into((west, east): (f64, f64), shell: (f64, f64)) -> i32 {
    let moved = |turns: &i32| {
        let by = TURN * f64::from(*turns);
        (west + by, east + by)
    };
    let fits = |turns: &i32| {
        let (west, east) = moved(turns);
        west >= shell.0 && east <= shell.1
    };
    let meets = |turns: &i32| {
        let (west, east) = moved(turns);
        west <= shell.1 && east >= shell.0
    };
    const TURNS: [i32; 7] = [0, 1, -1, 2, -2, 3, -3];
    let found = TURNS.into_iter().find(fits);
    found.or_else(|| TURNS.into_iter().find(meets)).unwrap_or(0)
}
