//! Polygons and multipolygons as they are sent: rings of positions.
//!
//! An edge is the straight line between two positions in the plane of longitude and latitude, as
//! RFC 7946 §3.1.1 has it: along a parallel it stays on the parallel. It goes the short way round:
//! if the longitudes of its ends differ by more than 180 degrees, it crosses the antimeridian. A
//! difference of exactly 360 degrees is the whole parallel. Which way a ring turns does not matter.

mod check;
mod fault;
mod planar;
mod prepared;
mod sweep;

use std::sync::Arc;

pub use fault::{AreaFault, AreaProblem};
pub(super) use planar::Polygon as PlanarPolygon;
pub use prepared::Prepared;

/// Longitude and latitude in degrees, in the order of GeoJSON.
pub type Position = [f64; 2];
/// A closed ring: at least four positions, the last one equal to the first.
pub type Ring = Vec<Position>;
/// The rings of a polygon: its shell, then its holes.
pub type Rings = Vec<Ring>;

/// Which GeoJSON type an area is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AreaKind {
    /// One polygon.
    Polygon,
    /// Any number of polygons that do not overlap.
    MultiPolygon,
}

impl AreaKind {
    /// The name of the type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Polygon => "Polygon",
            Self::MultiPolygon => "MultiPolygon",
        }
    }
}

/// A polygon or multipolygon; its border belongs to it. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Area(Arc<Shape>);

#[derive(Debug, PartialEq)]
struct Shape {
    kind: AreaKind,
    polygons: Vec<Rings>,
}

impl Area {
    /// A polygon: its shell, then its holes. All faults if it is none.
    pub fn polygon(rings: Rings) -> Result<Self, Vec<AreaFault>> {
        Self::multi_polygon(vec![rings]).map(|area| area.written_as(AreaKind::Polygon))
    }

    /// A multipolygon. All faults if it is none.
    pub fn multi_polygon(polygons: Vec<Rings>) -> Result<Self, Vec<AreaFault>> {
        let readable = |rings: Rings| rings.into_iter().map(Some).collect();
        Self::of_readable(
            AreaKind::MultiPolygon,
            polygons.into_iter().map(readable).collect(),
        )
    }

    /// An area of rings of which some could not be read. These are no fault again, but there is no
    /// area then; the others are checked as far as they can be without them.
    pub fn of_readable(
        kind: AreaKind,
        polygons: Vec<Vec<Option<Ring>>>,
    ) -> Result<Self, Vec<AreaFault>> {
        let faults = check::all(&polygons);
        if !faults.is_empty() {
            return Err(faults);
        }
        let polygons: Option<Vec<Rings>> = polygons
            .into_iter()
            .map(|rings| rings.into_iter().collect())
            .collect();
        match polygons {
            Some(polygons) => Ok(Self(Arc::new(Shape { kind, polygons }))),
            None => Err(Vec::new()),
        }
    }

    /// An area that was checked when it came in: only what reading it relies on is checked again.
    pub(super) fn trusted(kind: AreaKind, polygons: Vec<Rings>) -> Result<Self, AreaFault> {
        match check::first_of_rings(&polygons) {
            Some(fault) => Err(fault),
            None => Ok(Self(Arc::new(Shape { kind, polygons }))),
        }
    }

    fn written_as(self, kind: AreaKind) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(shape) => Self(Arc::new(Shape { kind, ..shape })),
            Err(shared) => Self(shared),
        }
    }

    /// The GeoJSON type.
    pub fn kind(&self) -> AreaKind {
        self.0.kind
    }

    /// The polygons, as they were sent; one if it is a polygon.
    pub fn polygons(&self) -> &[Rings] {
        &self.0.polygons
    }

    /// The polygons in the plane.
    pub(super) fn planar(&self) -> Vec<PlanarPolygon> {
        let planar = |rings: &Rings| PlanarPolygon::of(rings);
        self.0.polygons.iter().map(planar).collect()
    }
}

#[cfg(test)]
mod tests;
