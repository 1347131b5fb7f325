//! What can be wrong with a polygon, and where.

use crate::limits::AREA_LONGITUDE_MAX;

/// A fault of a polygon or multipolygon. Indexes count from 0, as in the coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AreaFault {
    /// Which polygon.
    pub polygon: usize,
    /// Which of its rings, if one is to blame; 0 is the shell.
    pub ring: Option<usize>,
    /// Which position of the ring, if one is to blame. An edge is known by the one it starts at.
    pub position: Option<usize>,
    /// What is wrong.
    pub problem: AreaProblem,
}

/// What is wrong with a polygon. The texts say what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts are the documentation")]
pub enum AreaProblem {
    #[error("expected at least one polygon")]
    NoPolygon,
    #[error("expected a polygon: a list of rings, the shell first")]
    NoRing,
    #[error("expected a ring of at least 4 positions, the last one equal to the first")]
    TooFew,
    #[error("the ring is not closed: repeat its first position at its end")]
    NotClosed,
    #[error("expected a longitude from -{AREA_LONGITUDE_MAX} to {AREA_LONGITUDE_MAX} degrees")]
    Longitude,
    #[error("expected a latitude from -90 to 90 degrees, after the longitude")]
    Latitude,
    #[error("the ring has no area: its positions lie on one line")]
    NoInside,
    #[error(
        "the ring goes around a pole: lead it along the meridians ±180 to latitude ±90 and back, as \
         in [[-180,80],[180,80],[180,90],[-180,90],[-180,80]]"
    )]
    AroundPole,
    #[error("the ring is wider than 360 degrees of longitude and would overlap itself")]
    TooWide,
    #[error(
        "the edge from here to the next position crosses the edge that starts at position {other} of \
         the same ring: put the positions in order around the polygon"
    )]
    CrossesItself { other: usize },
    #[error(
        "the edge from here to the next position runs back along the edge that starts at position \
         {other} of the same ring: leave the spike out"
    )]
    RunsBack { other: usize },
    #[error(
        "the ring touches itself: here and at the edge or position {other} of the same ring. Make two \
         polygons, or a polygon and a hole, of it"
    )]
    TouchesItself { other: usize },
    #[error(
        "the edge from here to the next position crosses ring {ring} of the same polygon, at its edge \
         that starts at position {other}: holes lie inside the shell and apart from each other"
    )]
    CrossesRing { ring: usize, other: usize },
    #[error(
        "the edge from here to the next position runs along ring {ring} of the same polygon, at its \
         edge that starts at position {other}: rings of a polygon may touch at single points only"
    )]
    SharesEdge { ring: usize, other: usize },
    #[error("the hole lies outside its shell, which is the first ring of the polygon")]
    OutsideShell,
    #[error("the hole overlaps another hole of the polygon: make one hole of both")]
    HolesOverlap,
    #[error(
        "the edge from here to the next position crosses polygon {polygon}, at its ring {ring} and the \
         edge that starts at position {other}: polygons of a MultiPolygon do not overlap"
    )]
    CrossesPolygon {
        polygon: usize,
        ring: usize,
        other: usize,
    },
    #[error("the polygon overlaps polygon {polygon}: polygons of a MultiPolygon do not overlap")]
    PolygonsOverlap { polygon: usize },
}

impl std::fmt::Display for AreaFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "polygon {}", self.polygon)?;
        if let Some(ring) = self.ring {
            write!(f, ", ring {ring}")?;
        }
        if let Some(position) = self.position {
            write!(f, ", position {position}")?;
        }
        write!(f, ": {}", self.problem)
    }
}
