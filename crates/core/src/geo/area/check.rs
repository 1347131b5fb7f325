//! Whether rings make an area: each ring on its own, then all of them together.

use robust::{Coord, orient2d};

use super::{
    AreaFault, AreaProblem, Position, Ring,
    planar::{self, Corners, Polygon, Unfit},
    sweep::{self, Clash, Meeting, SweepRing},
};
use crate::limits::AREA_LONGITUDE_MAX;

/// All faults. A ring that is `None` could not be read: it was somebody else's to complain of.
pub(super) fn all(polygons: &[Vec<Option<Ring>>]) -> Vec<AreaFault> {
    if polygons.is_empty() {
        return vec![fault(0, None, None, AreaProblem::NoPolygon)];
    }
    let mut faults = Vec::new();
    // What is right in itself is compared with the rest.
    let mut sound = Vec::new();
    for (polygon, rings) in polygons.iter().enumerate() {
        if rings.is_empty() {
            faults.push(fault(polygon, None, None, AreaProblem::NoRing));
        }
        let found = faults.len();
        for (ring, positions) in rings.iter().enumerate() {
            if let Some(positions) = positions {
                let of_ring = ring_faults(positions);
                faults.extend(
                    of_ring
                        .into_iter()
                        .map(|(position, problem)| fault(polygon, Some(ring), position, problem)),
                );
            }
        }
        let readable: Option<Vec<&[Position]>> = rings.iter().map(|ring| ring.as_deref()).collect();
        if let Some(readable) = readable.filter(|rings| found == faults.len() && !rings.is_empty())
        {
            sound.push((polygon, Polygon::of_rings(readable.into_iter())));
        }
    }
    faults.extend(faults_together(&sound));
    faults
}

/// The first fault that could make later steps go wrong: cheap, and blind to rings that cross.
pub(super) fn first_of_rings(polygons: &[Vec<Ring>]) -> Option<AreaFault> {
    if polygons.is_empty() {
        return Some(fault(0, None, None, AreaProblem::NoPolygon));
    }
    for (polygon, rings) in polygons.iter().enumerate() {
        if rings.is_empty() {
            return Some(fault(polygon, None, None, AreaProblem::NoRing));
        }
        for (ring, positions) in rings.iter().enumerate() {
            if let Some((position, problem)) = form_faults(positions).into_iter().next() {
                return Some(fault(polygon, Some(ring), position, problem));
            }
        }
    }
    None
}

fn fault(
    polygon: usize,
    ring: Option<usize>,
    position: Option<usize>,
    problem: AreaProblem,
) -> AreaFault {
    AreaFault {
        polygon,
        ring,
        position,
        problem,
    }
}

type RingFault = (Option<usize>, AreaProblem);

fn ring_faults(ring: &[Position]) -> Vec<RingFault> {
    let faults = form_faults(ring);
    if !faults.is_empty() {
        return faults;
    }
    let corners = planar::corners(ring);
    if !has_inside(&corners.at) {
        return vec![(None, AreaProblem::NoInside)];
    }
    let alone = SweepRing {
        polygon: 0,
        is_hole: false,
        corners: &corners.at,
    };
    let Some(clash) = sweep::first_clash(&[alone]) else {
        return Vec::new();
    };
    vec![self_fault(&corners, clash)]
}

/// Faults of the form: numbers, closing, the way around.
fn form_faults(ring: &[Position]) -> Vec<RingFault> {
    let mut faults = Vec::new();
    for (index, [longitude, latitude]) in ring.iter().enumerate() {
        if !(-AREA_LONGITUDE_MAX..=AREA_LONGITUDE_MAX).contains(longitude) {
            faults.push((Some(index), AreaProblem::Longitude));
        }
        if !(-90.0..=90.0).contains(latitude) {
            faults.push((Some(index), AreaProblem::Latitude));
        }
    }
    if ring.len() < 4 {
        faults.push((None, AreaProblem::TooFew));
    } else if ring.first() != ring.last() {
        faults.push((Some(ring.len() - 1), AreaProblem::NotClosed));
    }
    if faults.is_empty() {
        match planar::fit(ring) {
            Ok(()) => {}
            Err(Unfit::AroundPole) => faults.push((None, AreaProblem::AroundPole)),
            Err(Unfit::TooWide) => faults.push((None, AreaProblem::TooWide)),
        }
    }
    faults
}

fn has_inside(corners: &[Position]) -> bool {
    let [first, second, rest @ ..] = corners else {
        return false;
    };
    rest.iter()
        .any(|third| turn(*first, *second, *third) != 0.0)
}

#[cfg(test)]
thread_local! {
    /// Signs computed so far, so that a test can tell how the work grows.
    pub(super) static TURNS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Positive if the way from `a` over `b` to `c` turns left; the sign is exact.
pub(super) fn turn(a: Position, b: Position, c: Position) -> f64 {
    #[cfg(test)]
    TURNS.set(TURNS.get() + 1);
    let coord = |[x, y]: Position| Coord { x, y };
    orient2d(coord(a), coord(b), coord(c))
}

/// A clash of a ring with itself, known by the later of the two edges.
fn self_fault(corners: &Corners, clash: Clash) -> RingFault {
    let (Clash::Edges { a, b, .. } | Clash::Inside { a, b }) = clash;
    let (first, second) = (corners.sent[a.1], corners.sent[b.1]);
    let (other, position) = (first.min(second), first.max(second));
    let problem = match clash {
        Clash::Edges { meeting, .. } => match meeting {
            Meeting::Cross => AreaProblem::CrossesItself { other },
            Meeting::Overlap => AreaProblem::RunsBack { other },
            Meeting::Touch => AreaProblem::TouchesItself { other },
        },
        Clash::Inside { .. } => AreaProblem::TouchesItself { other },
    };
    (Some(position), problem)
}

/// The first fault of polygons that are right each on its own. A polygon beyond 180 degrees is seen
/// from either side: all are laid out a second time, a turn further east.
fn faults_together(polygons: &[(usize, Polygon)]) -> Option<AreaFault> {
    let east = polygons
        .iter()
        .fold(f64::NEG_INFINITY, |east, (_, polygon)| {
            east.max(polygon.east)
        });
    let again: Vec<(usize, Polygon)> = polygons
        .iter()
        .filter(|(_, polygon)| polygon.west + planar::TURN <= east)
        .map(|(index, polygon)| (*index, polygon.moved_by_a_turn()))
        .collect();
    let laid_out: Vec<&(usize, Polygon)> = polygons.iter().chain(&again).collect();
    let (mut rings, mut origins) = (Vec::new(), Vec::new());
    for (copy, (polygon, laid_out)) in laid_out.iter().enumerate() {
        for (ring, corners) in laid_out.rings.iter().enumerate() {
            rings.push(SweepRing {
                polygon: copy,
                is_hole: ring > 0,
                corners: &corners.at,
            });
            origins.push((*polygon, ring, corners));
        }
    }
    if rings.len() == 1 {
        return None;
    }
    let clash = sweep::first_clash(&rings)?;
    Some(fault_between(&rings, &origins, clash))
}

fn fault_between(
    rings: &[SweepRing<'_>],
    origins: &[(usize, usize, &Corners)],
    clash: Clash,
) -> AreaFault {
    let (Clash::Edges { a, b, .. } | Clash::Inside { a, b }) = clash;
    // The later ring is to blame.
    let (a, b) = if (origins[a.0].0, origins[a.0].1) > (origins[b.0].0, origins[b.0].1) {
        (b, a)
    } else {
        (a, b)
    };
    let ((before, other_ring, other_corners), (polygon, ring, corners)) =
        (origins[a.0], origins[b.0]);
    let (position, other) = (corners.sent[b.1], other_corners.sent[a.1]);
    let same_polygon = rings[a.0].polygon == rings[b.0].polygon;
    match clash {
        Clash::Edges { meeting, .. } if same_polygon => {
            let problem = match meeting {
                Meeting::Cross => AreaProblem::CrossesRing {
                    ring: other_ring,
                    other,
                },
                Meeting::Overlap | Meeting::Touch => AreaProblem::SharesEdge {
                    ring: other_ring,
                    other,
                },
            };
            fault(polygon, Some(ring), Some(position), problem)
        }
        Clash::Edges { .. } => {
            let problem = AreaProblem::CrossesPolygon {
                polygon: before,
                ring: other_ring,
                other,
            };
            fault(polygon, Some(ring), Some(position), problem)
        }
        Clash::Inside { .. } if !same_polygon => {
            let problem = AreaProblem::PolygonsOverlap { polygon: before };
            fault(polygon, None, None, problem)
        }
        Clash::Inside { .. } if other_ring == 0 => {
            fault(polygon, Some(ring), None, AreaProblem::OutsideShell)
        }
        Clash::Inside { .. } => fault(polygon, Some(ring), None, AreaProblem::HolesOverlap),
    }
}
