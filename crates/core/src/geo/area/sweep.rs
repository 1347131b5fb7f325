//! The first place where rings cross, touch wrongly or cover the same ground twice.
//!
//! A line sweeps over the plane and keeps the edges it cuts in order from bottom to top (Shamos and
//! Hoey, "Geometric intersection problems", 1976): edges that meet are neighbours in this order
//! before they do, so each edge is compared with few others, and n edges take n log n steps. Rings
//! may touch each other at single points, so every edge also notes which polygon covers the ground
//! above it; that must change from none to its own or back. All signs are exact.

use std::{cmp::Ordering, collections::BTreeSet};

use super::{Position, check::turn};

/// A ring to be swept.
#[derive(Debug, Clone, Copy)]
pub(super) struct SweepRing<'c> {
    /// Rings with the same number are one polygon.
    pub(super) polygon: usize,
    pub(super) is_hole: bool,
    /// At least three corners, not all on one line.
    pub(super) corners: &'c [Position],
}

/// A ring and one of its corners, or the edge that starts there.
pub(super) type Spot = (usize, usize);

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clash {
    /// Two edges that meet where they must not.
    Edges { a: Spot, b: Spot, meeting: Meeting },
    /// No edges cross, but the ring of `b` lies where it must not: inside that of `a`, or, for the hole
    /// of a shell, outside.
    Inside { a: Spot, b: Spot },
}

/// How two edges meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meeting {
    /// At one point inside of both.
    Cross,
    /// At more than a point.
    Overlap,
    /// At an end of one of them.
    Touch,
}

/// An edge, its left end first; of ends with one longitude the lower one counts as the left.
#[derive(Debug, Clone, Copy)]
struct Edge {
    left: Position,
    right: Position,
    ring: usize,
    corner: usize,
    /// Whether the ground above it is its polygon's.
    covers: bool,
    number: usize,
}

fn along(a: &Position, b: &Position) -> Ordering {
    // No coordinate is NaN.
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

impl Edge {
    /// On which side of this edge another one starts whose left end does not come before.
    fn side_of(&self, later: &Self) -> Ordering {
        for end in [later.left, later.right] {
            match turn(self.left, self.right, end) {
                up if up > 0.0 => return Ordering::Greater,
                up if up < 0.0 => return Ordering::Less,
                _ => {}
            }
        }
        // Two polygons along one border: the lower one ends before the upper one begins.
        (later.covers, later.number).cmp(&(self.covers, self.number))
    }

    fn meets(&self, other: &Self) -> Option<Meeting> {
        let ends = [
            turn(self.left, self.right, other.left),
            turn(self.left, self.right, other.right),
            turn(other.left, other.right, self.left),
            turn(other.left, other.right, self.right),
        ];
        if ends[0] == 0.0 && ends[1] == 0.0 {
            let last_left = latest(self.left, other.left, Ordering::Greater);
            let first_right = latest(self.right, other.right, Ordering::Less);
            return match along(&last_left, &first_right) {
                Ordering::Less => Some(Meeting::Overlap),
                Ordering::Equal => Some(Meeting::Touch),
                Ordering::Greater => None,
            };
        }
        let apart = |a: f64, b: f64| (a > 0.0 && b < 0.0) || (a < 0.0 && b > 0.0);
        if apart(ends[0], ends[1]) && apart(ends[2], ends[3]) {
            return Some(Meeting::Cross);
        }
        let touches = (ends[0] == 0.0 && self.spans(&other.left))
            || (ends[1] == 0.0 && self.spans(&other.right))
            || (ends[2] == 0.0 && other.spans(&self.left))
            || (ends[3] == 0.0 && other.spans(&self.right));
        touches.then_some(Meeting::Touch)
    }

    fn spans(&self, point: &Position) -> bool {
        along(&self.left, point).is_le() && along(point, &self.right).is_le()
    }
}

fn latest(a: Position, b: Position, wanted: Ordering) -> Position {
    if along(&a, &b) == wanted { a } else { b }
}

impl PartialEq for Edge {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Edge {}

impl PartialOrd for Edge {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// From bottom to top, for edges that one sweep line cuts and that do not cross. It is the same
/// wherever the line is, so it needs not know.
impl Ord for Edge {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.number == other.number {
            return Ordering::Equal;
        }
        if along(&self.left, &other.left).is_gt() {
            other.side_of(self)
        } else {
            self.side_of(other).reverse()
        }
    }
}

/// An end of an edge as the sweep line comes to it.
struct Event {
    at: Position,
    starts: bool,
    number: usize,
}

/// The first clash from the west, if there is one.
pub(super) fn first_clash(rings: &[SweepRing<'_>]) -> Option<Clash> {
    let edges = edges_of(rings);
    let mut events = Vec::with_capacity(edges.len() * 2);
    for edge in &edges {
        for (at, starts) in [(edge.left, true), (edge.right, false)] {
            let number = edge.number;
            events.push(Event { at, starts, number });
        }
    }
    // At one point edges end before others start.
    events.sort_unstable_by(|a, b| {
        let order = along(&a.at, &b.at).then(a.starts.cmp(&b.starts));
        order.then(a.number.cmp(&b.number))
    });
    let mut sweep = Sweep {
        rings,
        edges: &edges,
        cut: BTreeSet::new(),
        above: vec![None; edges.len()],
    };
    events
        .chunk_by(|a, b| a.at == b.at)
        .find_map(|here| sweep.take(here))
}

fn edges_of(rings: &[SweepRing<'_>]) -> Vec<Edge> {
    let mut edges = Vec::with_capacity(rings.iter().map(|ring| ring.corners.len()).sum());
    for (number, ring) in rings.iter().enumerate() {
        let inside_is_left = turns_left(ring.corners);
        let count = ring.corners.len();
        for corner in 0..count {
            let (from, to) = (ring.corners[corner], ring.corners[(corner + 1) % count]);
            let forward = along(&from, &to).is_lt();
            let (left, right) = if forward { (from, to) } else { (to, from) };
            edges.push(Edge {
                left,
                right,
                ring: number,
                corner,
                covers: (forward == inside_is_left) != ring.is_hole,
                number: edges.len(),
            });
        }
    }
    edges
}

/// Whether the inside of a ring that does not cross itself is on the left of its edges. At its
/// leftmost corner the ring turns the way it turns as a whole.
fn turns_left(corners: &[Position]) -> bool {
    let count = corners.len();
    let leftmost = (0..count).min_by(|a, b| along(&corners[*a], &corners[*b]));
    let leftmost = leftmost.unwrap_or(0);
    let before = corners[(leftmost + count - 1) % count];
    turn(before, corners[leftmost], corners[(leftmost + 1) % count]) > 0.0
}

struct Sweep<'s> {
    rings: &'s [SweepRing<'s>],
    edges: &'s [Edge],
    /// The edges that the sweep line cuts, from bottom to top.
    cut: BTreeSet<Edge>,
    /// Which polygon covers the ground above each of them.
    above: Vec<Option<usize>>,
}

impl Sweep<'_> {
    /// Takes in all that happens at one point.
    fn take(&mut self, here: &[Event]) -> Option<Clash> {
        if let Some(clash) = self.visited_twice(here) {
            return Some(clash);
        }
        let (ending, starting) = here.split_at(here.partition_point(|event| !event.starts));
        // The edges above what ends or starts here: what is below them may change.
        let mut over: Vec<Edge> = Vec::with_capacity(here.len());
        for event in ending {
            let edge = self.edges[event.number];
            self.cut.remove(&edge);
            if self.rings.len() > 1 {
                over.extend(self.above(&edge));
            }
            if let (Some(below), Some(above)) = (self.below(&edge), self.above(&edge))
                && let Some(clash) = self.compare(&below, &above)
            {
                return Some(clash);
            }
        }
        let mut started: Vec<Edge> = Vec::with_capacity(starting.len());
        for event in starting {
            let edge = self.edges[event.number];
            for neighbour in [self.below(&edge), self.above(&edge)].into_iter().flatten() {
                if let Some(clash) = self.compare(&edge, &neighbour) {
                    return Some(clash);
                }
            }
            self.cut.insert(edge);
            started.push(edge);
        }
        started.sort_unstable();
        if let Some(clash) = started.iter().find_map(|edge| self.cover(edge)) {
            return Some(clash);
        }
        if self.rings.len() == 1 {
            return None;
        }
        over.extend(started.iter().filter_map(|edge| self.above(edge)));
        over.retain(|edge| self.cut.contains(edge));
        over.iter().find_map(|edge| self.misfit(edge))
    }

    fn below(&self, edge: &Edge) -> Option<Edge> {
        self.cut.range(..edge).next_back().copied()
    }

    fn above(&self, edge: &Edge) -> Option<Edge> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.cut.range((Excluded(edge), Unbounded)).next().copied()
    }

    /// A ring that comes by one point twice touches itself there.
    fn visited_twice(&self, here: &[Event]) -> Option<Clash> {
        if here.len() <= 2 {
            return None;
        }
        let mut visits: Vec<Spot> = here
            .iter()
            .map(|event| {
                let edge = &self.edges[event.number];
                let corners = self.rings[edge.ring].corners;
                let is_start = corners[edge.corner] == event.at;
                let corner = edge.corner + usize::from(!is_start);
                (edge.ring, corner % corners.len())
            })
            .collect();
        visits.sort_unstable();
        visits.dedup();
        let twice = visits.windows(2).find(|pair| pair[0].0 == pair[1].0)?;
        Some(Clash::Edges {
            a: twice[0],
            b: twice[1],
            meeting: Meeting::Touch,
        })
    }

    fn compare(&self, a: &Edge, b: &Edge) -> Option<Clash> {
        let meeting = a.meets(b)?;
        let same_polygon = self.rings[a.ring].polygon == self.rings[b.ring].polygon;
        let allowed = match meeting {
            Meeting::Cross => false,
            Meeting::Overlap => !same_polygon,
            Meeting::Touch => a.ring != b.ring || self.follow_each_other(a, b),
        };
        (!allowed).then_some(Clash::Edges {
            a: (a.ring, a.corner),
            b: (b.ring, b.corner),
            meeting,
        })
    }

    fn follow_each_other(&self, a: &Edge, b: &Edge) -> bool {
        let last = self.rings[a.ring].corners.len() - 1;
        let apart = a.corner.abs_diff(b.corner);
        apart == 1 || apart == last
    }

    /// Notes what lies above an edge that has just been inserted.
    fn cover(&mut self, edge: &Edge) -> Option<Clash> {
        let own = self.rings[edge.ring].polygon;
        self.above[edge.number] = edge.covers.then_some(own);
        self.misfit(edge)
    }

    /// Whether what lies below an edge is other than what it divides from what lies above: then it
    /// came through a corner of another ring to the wrong side, or starts there.
    fn misfit(&self, edge: &Edge) -> Option<Clash> {
        let own = self.rings[edge.ring].polygon;
        let below = self.below(edge).and_then(|below| self.above[below.number]);
        let expected = (!edge.covers).then_some(own);
        if below == expected {
            return None;
        }
        Some(Clash::Inside {
            a: (self.to_blame(edge, below), 0),
            b: (edge.ring, edge.corner),
        })
    }

    /// The ring that an edge is on the wrong side of.
    fn to_blame(&self, edge: &Edge, covering: Option<usize>) -> usize {
        let own = &self.rings[edge.ring];
        let of_polygon = |polygon: usize| {
            let rings = self.rings.iter().enumerate();
            rings.filter(move |(_, ring)| ring.polygon == polygon)
        };
        if own.is_hole {
            let point = middle(edge);
            let mut holes = of_polygon(own.polygon)
                .filter(|(number, ring)| ring.is_hole && *number != edge.ring);
            let around = holes.find(|(_, hole)| encloses(hole.corners, point));
            let shell = of_polygon(own.polygon).find(|(_, ring)| !ring.is_hole);
            return around.or(shell).map_or(edge.ring, |(number, _)| number);
        }
        let other = covering.filter(|polygon| *polygon != own.polygon);
        let other = other.and_then(|polygon| of_polygon(polygon).next());
        other.map_or(edge.ring, |(number, _)| number)
    }
}

fn middle(edge: &Edge) -> Position {
    let ([x, y], [to_x, to_y]) = (edge.left, edge.right);
    [f64::midpoint(x, to_x), f64::midpoint(y, to_y)]
}

/// Whether a ring encloses a point: its edges east of the point are an odd number. For wording only:
/// points next to the ring may be taken for either side.
fn encloses(corners: &[Position], [x, y]: Position) -> bool {
    let next = corners.iter().cycle().skip(1);
    let crossed = corners.iter().zip(next).filter(|(a, b)| {
        (a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]
    });
    crossed.count() % 2 == 1
}
