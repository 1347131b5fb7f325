//! What is an area and what is not, and containment against counting windings in integers.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::geo::LatLon;

fn ring(corners: &[(f64, f64)]) -> Ring {
    let closing = corners.iter().take(1);
    corners
        .iter()
        .chain(closing)
        .map(|(x, y)| [*x, *y])
        .collect()
}

/// A box from its south-west to its north-east corner.
fn square(west: f64, south: f64, east: f64, north: f64) -> Ring {
    ring(&[(west, south), (east, south), (east, north), (west, north)])
}

fn at(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).unwrap()
}

fn holds(area: &Area, points: &[(f64, f64)]) -> Vec<bool> {
    let prepared = Prepared::of(area);
    let inside = |(x, y): &(f64, f64)| prepared.contains(at(*y, *x));
    points.iter().map(inside).collect()
}

/// Ring, position and problem of all faults of a polygon.
fn faults(rings: &[Ring]) -> Vec<(Option<usize>, Option<usize>, AreaProblem)> {
    let faults = Area::polygon(rings.to_vec()).err().unwrap_or_default();
    let seen = faults.iter().map(|f| (f.ring, f.position, f.problem));
    seen.collect()
}

#[test]
fn each_fault_of_a_ring_is_found_where_it_is() {
    use AreaProblem::*;
    let open = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
    let bow = ring(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]);
    let spike = ring(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 0.0)]);
    let foot = ring(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 0.0), (0.0, 4.0)]);
    let spike_out = ring(&[(0.0, 0.0), (4.0, 0.0), (6.0, 0.0), (4.0, 0.0), (4.0, 4.0)]);
    let pinched = ring(&[
        (0.0, 0.0),
        (2.0, 1.0),
        (4.0, 0.0),
        (4.0, 2.0),
        (2.0, 1.0),
        (0.0, 2.0),
    ]);
    let flat = ring(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]);
    let pole = ring(&[(0.0, 80.0), (90.0, 80.0), (180.0, 80.0), (-90.0, 80.0)]);
    for (name, ring, expected) in [
        ("open", open, (Some(3), NotClosed)),
        (
            "few",
            square(0.0, 0.0, 1.0, 1.0)[..3].to_vec(),
            (None, TooFew),
        ),
        ("bow tie", bow, (Some(2), CrossesItself { other: 0 })),
        (
            "foot on an edge",
            foot,
            (Some(3), TouchesItself { other: 0 }),
        ),
        ("along itself", spike, (Some(3), RunsBack { other: 0 })),
        ("spike", spike_out, (Some(3), TouchesItself { other: 1 })),
        ("pinched", pinched, (Some(4), TouchesItself { other: 0 })),
        ("flat", flat, (None, NoInside)),
        ("a point", vec![[1.0, 1.0]; 5], (None, NoInside)),
        ("around a pole", pole, (None, AroundPole)),
        ("north", square(0.0, 0.0, 1.0, 91.0), (Some(2), Latitude)),
        (
            "east",
            ring(&[(0.0, 0.0), (361.0, 0.0), (1.0, 1.0)]),
            (Some(1), Longitude),
        ),
    ] {
        let found = faults(&[ring]);
        assert_eq!(found[0], (Some(0), expected.0, expected.1), "{name}");
    }
    let nan = ring(&[(f64::NAN, 0.0), (1.0, f64::INFINITY), (1.0, 1.0)]);
    assert_eq!(faults(&[nan])[0].2, Longitude);
    let wide: Ring = ring(&[
        (-180.0, 0.0),
        (-60.0, 0.0),
        (60.0, 0.0),
        (180.0, 0.0),
        (200.0, 9.0),
        (60.0, 1.0),
        (-60.0, 1.0),
    ]);
    assert_eq!(faults(&[wide]), [(Some(0), None, TooWide)]);
}

#[test]
fn all_faults_of_all_rings_are_found() {
    let mut open = square(0.0, 0.0, 9.0, 9.0);
    open.pop();
    let bow = ring(&[(1.0, 1.0), (2.0, 2.0), (2.0, 1.0), (1.0, 2.0)]);
    let found = faults(&[open, bow, vec![]]);
    assert_eq!(found.len(), 3, "{found:?}");
    let (good, bad) = (square(0.0, 0.0, 1.0, 1.0), square(0.5, 0.5, 2.0, 2.0));
    let unreadable = Area::of_readable(
        AreaKind::MultiPolygon,
        vec![vec![Some(good)], vec![None], vec![Some(bad)]],
    );
    let found = unreadable.unwrap_err();
    assert_eq!((found[0].polygon, found.len()), (2, 1), "{found:?}");
}

#[test]
fn each_fault_between_rings_is_found_where_it_is() {
    use AreaProblem::*;
    let shell = square(0.0, 0.0, 10.0, 10.0);
    let hole = square(2.0, 2.0, 4.0, 4.0);
    for (name, ring, expected) in [
        (
            "outside",
            square(20.0, 0.0, 21.0, 1.0),
            (None, OutsideShell),
        ),
        (
            "around",
            square(-1.0, -1.0, 11.0, 11.0),
            (None, OutsideShell),
        ),
        (
            "in a hole",
            square(2.5, 2.5, 3.0, 3.0),
            (None, HolesOverlap),
        ),
        (
            "around a hole",
            square(1.0, 1.0, 5.0, 5.0),
            (None, HolesOverlap),
        ),
        // Through corners that lie on the shell, so that no two edges cross.
        (
            "out at a corner",
            ring(&[(9.0, 5.0), (10.0, 4.0), (11.0, 5.0), (10.0, 6.0)]),
            (None, OutsideShell),
        ),
    ] {
        let found = faults(&[shell.clone(), hole.clone(), ring]);
        assert_eq!(found, [(Some(2), expected.0, expected.1)], "{name}");
    }
    let crossing = faults(&[shell.clone(), hole.clone(), square(3.0, 3.0, 5.0, 5.0)]);
    assert!(
        matches!(
            crossing[..],
            [(Some(2), Some(_), CrossesRing { ring: 1, .. })]
        ),
        "{crossing:?}"
    );
    let crossing = faults(&[shell.clone(), square(9.0, 9.0, 11.0, 9.5)]);
    assert!(
        matches!(
            crossing[..],
            [(Some(1), Some(_), CrossesRing { ring: 0, .. })]
        ),
        "{crossing:?}"
    );
    let along = faults(&[shell.clone(), square(0.0, 2.0, 1.0, 3.0)]);
    assert!(
        matches!(
            along[..],
            [(Some(1), Some(3), SharesEdge { ring: 0, other: 3 })]
        ),
        "{along:?}"
    );
    let same = faults(&[shell.clone(), hole.clone(), hole]);
    assert!(
        matches!(same[..], [(Some(2), Some(_), SharesEdge { ring: 1, .. })]),
        "{same:?}"
    );

    // Touching at single points is no fault.
    let diamond = ring(&[(0.0, 5.0), (1.0, 4.0), (2.0, 5.0), (1.0, 6.0)]);
    let beside = ring(&[(2.0, 5.0), (3.0, 4.5), (4.0, 5.0), (3.0, 6.0)]);
    assert_eq!(faults(&[shell, diamond, beside]), []);
}

#[test]
fn polygons_of_one_area_lie_beside_each_other() {
    use AreaProblem::*;
    let shell = vec![square(0.0, 0.0, 10.0, 10.0), square(2.0, 2.0, 8.0, 8.0)];
    let with = |rings: Rings| {
        let faults = Area::multi_polygon(vec![shell.clone(), rings]).err();
        faults.unwrap_or_default()
    };
    let inside = with(vec![square(0.5, 0.5, 1.0, 1.0)]);
    assert_eq!(inside[0].problem, PolygonsOverlap { polygon: 0 });
    assert_eq!((inside[0].polygon, inside[0].ring), (1, None));
    let around = with(vec![square(-1.0, -1.0, 11.0, 11.0)]);
    assert_eq!(around[0].problem, PolygonsOverlap { polygon: 0 });
    let crossing = with(vec![square(9.0, 9.0, 11.0, 11.0)]);
    assert!(matches!(
        crossing[0].problem,
        CrossesPolygon {
            polygon: 0,
            ring: 0,
            ..
        }
    ));
    let same = with(shell.clone());
    assert_eq!(same[0].problem, PolygonsOverlap { polygon: 0 });
    // A hole of the one in the other, where its own shell is not.
    let strayed = with(vec![
        square(20.0, 0.0, 21.0, 1.0),
        square(0.5, 0.5, 1.0, 1.0),
    ]);
    assert_eq!(strayed[0].problem, OutsideShell);
    // Across the antimeridian, once counted on and once counted anew.
    let across = Area::multi_polygon(vec![
        vec![square(170.0, 0.0, 190.0, 10.0)],
        vec![square(-175.0, 1.0, -174.0, 2.0)],
    ]);
    assert_eq!(
        across.unwrap_err()[0].problem,
        PolygonsOverlap { polygon: 0 }
    );

    // An island in the hole, a neighbour along an edge or at a corner.
    assert_eq!(with(vec![square(3.0, 3.0, 7.0, 7.0)]), []);
    assert_eq!(with(vec![square(2.0, 2.0, 8.0, 8.0)]), []);
    assert_eq!(with(vec![square(10.0, 5.0, 12.0, 20.0)]), []);
    assert_eq!(with(vec![square(10.0, 10.0, 12.0, 20.0)]), []);
}

#[test]
fn a_ring_that_leaves_another_through_its_corner_is_found() {
    // The lower edge of the second one goes through the corner (0, -7) of the first.
    let first = ring(&[(2.0, -3.0), (-6.0, -8.0), (0.0, -7.0)]);
    let second = ring(&[(-1.0, -7.0), (3.0, -7.0), (2.0, -3.0)]);
    assert!(Area::polygon(vec![first.clone(), second.clone()]).is_err());
    assert!(Area::polygon(vec![second.clone(), first.clone()]).is_err());
    assert!(Area::multi_polygon(vec![vec![first], vec![second]]).is_err());
}

#[test]
fn holes_are_out_and_borders_are_in() {
    let area = Area::polygon(vec![
        square(0.0, 0.0, 10.0, 10.0),
        square(2.0, 2.0, 8.0, 8.0),
    ])
    .unwrap();
    let points = [(1.0, 1.0), (5.0, 5.0), (9.0, 9.0), (11.0, 5.0), (5.0, -0.1)];
    assert_eq!(holds(&area, &points), [true, false, true, false, false]);
    let border = [
        (0.0, 0.0),
        (10.0, 10.0),
        (5.0, 0.0),
        (10.0, 5.0),
        (2.0, 5.0),
        (2.0, 2.0),
        (8.0, 3.0),
        (3.0, 8.0),
    ];
    assert_eq!(holds(&area, &border), [true; 8]);
    let next = [
        (2.0_f64.next_up(), 5.0),
        (10.0_f64.next_up(), 5.0),
        (5.0, 0.0_f64.next_down()),
    ];
    assert_eq!(holds(&area, &next), [false; 3]);
}

#[test]
fn edges_are_straight_in_longitude_and_latitude() {
    // Along the parallel of 60 degrees, where the great circle would pass 66 degrees north.
    let strip = Area::polygon(vec![square(0.0, 50.0, 60.0, 60.0)]).unwrap();
    assert_eq!(
        holds(&strip, &[(30.0, 60.0), (30.0, 60.001)]),
        [true, false]
    );
    let slope = Area::polygon(vec![ring(&[(0.0, 0.0), (8.0, 0.0), (8.0, 4.0)])]).unwrap();
    assert_eq!(
        holds(&slope, &[(6.0, 3.0), (6.0, 3.0_f64.next_up())]),
        [true, false]
    );
}

#[test]
fn the_antimeridian_is_crossed_in_three_ways() {
    let jumps = Area::polygon(vec![ring(&[
        (179.0, -1.0),
        (-179.0, -1.0),
        (-179.0, 1.0),
        (179.0, 1.0),
    ])]);
    let counts_on = Area::polygon(vec![square(179.0, -1.0, 181.0, 1.0)]);
    let from_the_west = Area::polygon(vec![square(-181.0, -1.0, -179.0, 1.0)]);
    let split = Area::multi_polygon(vec![
        vec![square(179.0, -1.0, 180.0, 1.0)],
        vec![square(-180.0, -1.0, -179.0, 1.0)],
    ]);
    let points = [
        (180.0, 0.0),
        (-180.0, 0.0),
        (179.0, 0.0),
        (-179.0, 1.0),
        (179.5, 0.5),
        (-179.5, -0.5),
        (178.9, 0.0),
        (-178.9, 0.0),
        (0.0, 0.0),
    ];
    let expected = [true, true, true, true, true, true, false, false, false];
    for area in [jumps, counts_on, from_the_west, split] {
        assert_eq!(holds(&area.unwrap(), &points), expected);
    }
    // With a hole that is told the other way than its shell.
    let holed = Area::polygon(vec![
        square(170.0, -10.0, 190.0, 10.0),
        square(-179.0, -1.0, -178.0, 1.0),
    ])
    .unwrap();
    assert_eq!(
        holds(
            &holed,
            &[(-178.5, 0.0), (-177.5, 0.0), (-179.0, 0.0), (179.0, 0.0)]
        ),
        [false, true, true, true]
    );
}

#[test]
fn a_pole_is_one_point_and_a_parallel_may_be_whole() {
    let cap = Area::polygon(vec![square(-180.0, 80.0, 180.0, 90.0)]).unwrap();
    assert_eq!(
        holds(
            &cap,
            &[
                (0.0, 85.0),
                (180.0, 80.0),
                (-180.0, 90.0),
                (77.0, 90.0),
                (0.0, 79.9)
            ]
        ),
        [true, true, true, true, false]
    );
    // Antarctica as it is usually drawn: along the coast, then over the pole.
    let coast = [
        (-180.0, -90.0),
        (180.0, -90.0),
        (180.0, -78.0),
        (90.0, -66.0),
        (0.0, -70.0),
        (-90.0, -72.0),
        (-180.0, -78.0),
    ];
    let antarctica = Area::polygon(vec![ring(&coast)]).unwrap();
    assert_eq!(
        holds(
            &antarctica,
            &[(10.0, -89.0), (33.0, -90.0), (0.0, -69.0), (180.0, -80.0)]
        ),
        [true, true, false, true]
    );
    // A wedge that only its tip takes to the pole.
    let wedge = Area::polygon(vec![ring(&[(0.0, 60.0), (20.0, 60.0), (10.0, 90.0)])]).unwrap();
    assert_eq!(
        holds(&wedge, &[(-100.0, 90.0), (10.0, 89.0), (-100.0, 89.999)]),
        [true, true, false]
    );
    let band = Area::polygon(vec![square(-180.0, -5.0, 180.0, 5.0)]).unwrap();
    assert_eq!(
        holds(&band, &[(0.0, 0.0), (180.0, 5.0), (-180.0, 6.0)]),
        [true, true, false]
    );
}

#[test]
fn either_winding_and_repeated_positions_are_one_shape() {
    let mut turned = square(0.0, 0.0, 2.0, 2.0);
    turned.reverse();
    turned.insert(2, turned[2]);
    turned.push(turned[0]);
    let area = Area::polygon(vec![turned.clone()]).unwrap();
    assert_eq!(area.polygons(), [vec![turned]], "kept as it was sent");
    assert_eq!(
        holds(&area, &[(1.0, 1.0), (0.0, 0.0), (3.0, 1.0)]),
        [true, true, false]
    );
}

/// Position of a star-shaped ring of so many corners around a centre.
fn star(center: (f64, f64), reaches: &[f64]) -> Ring {
    let corner = |(index, reach): (usize, &f64)| {
        let angle = std::f64::consts::TAU * index as f64 / reaches.len() as f64;
        (
            center.0 + reach * angle.cos(),
            center.1 + reach * angle.sin(),
        )
    };
    let corners: Vec<(f64, f64)> = reaches.iter().enumerate().map(corner).collect();
    ring(&corners)
}

#[test]
fn the_check_of_ten_thousand_vertices_takes_n_log_n_steps() {
    let count = 9_998;
    let gear: Vec<f64> = (0..count)
        .map(|i| if i % 2 == 0 { 10.0 } else { 9.0 })
        .collect();
    // Long slanted teeth: the bounds of any two edges overlap.
    let tooth = |i: usize| {
        let x = i as f64 * 1e-3;
        if i.is_multiple_of(2) {
            (x, 0.0)
        } else {
            (x + 50.0, 50.0)
        }
    };
    let comb: Vec<(f64, f64)> = (0..count)
        .map(tooth)
        .chain([(60.0, -1.0), (0.0, -1.0)])
        .collect();
    for shape in [star((0.0, 0.0), &gear), ring(&comb)] {
        let before = check::TURNS.get();
        assert!(Area::polygon(vec![shape]).is_ok());
        // Two for each of log2(n) comparisons, a few times an edge; all pairs would be 200 million.
        let signs = check::TURNS.get() - before;
        assert!(signs < 150 * count as u64, "{signs}");
    }
}

/// Corners on a grid of whole numbers, on which all signs are exact in integers too.
fn any_corners() -> impl Strategy<Value = Vec<(i64, i64)>> {
    vec((-8..=8_i64, -8..=8_i64), 3..9)
}

fn any_simple() -> impl Strategy<Value = Vec<(i64, i64)>> {
    any_corners().prop_filter("edges meet", |corners| is_simple(corners))
}

fn cross((ax, ay): (i64, i64), (bx, by): (i64, i64), (cx, cy): (i64, i64)) -> i64 {
    (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
}

fn on_edge(a: (i64, i64), b: (i64, i64), p: (i64, i64)) -> bool {
    let between = |a: i64, b: i64, p: i64| a.min(b) <= p && p <= a.max(b);
    cross(a, b, p) == 0 && between(a.0, b.0, p.0) && between(a.1, b.1, p.1)
}

/// How often a ring goes around a point; `None` on its border.
fn winding(corners: &[(i64, i64)], p: (i64, i64)) -> Option<i64> {
    let next = corners.iter().cycle().skip(1);
    let mut winds = 0;
    for (&a, &b) in corners.iter().zip(next) {
        if on_edge(a, b, p) {
            return None;
        }
        if a.1 <= p.1 && b.1 > p.1 && cross(a, b, p) > 0 {
            winds += 1;
        } else if a.1 > p.1 && b.1 <= p.1 && cross(a, b, p) < 0 {
            winds -= 1;
        }
    }
    Some(winds)
}

/// Whether no two edges share a point but the corner between them, by comparing all pairs.
fn is_simple(corners: &[(i64, i64)]) -> bool {
    let count = corners.len();
    let edge = |i: usize| (corners[i % count], corners[(i + 1) % count]);
    let apart = |i: usize, j: usize| {
        let ((a, b), (c, d)) = (edge(i), edge(j));
        let crossing = cross(a, b, c).signum() * cross(a, b, d).signum() < 0
            && cross(c, d, a).signum() * cross(c, d, b).signum() < 0;
        let touching = [
            on_edge(a, b, c),
            on_edge(a, b, d),
            on_edge(c, d, a),
            on_edge(c, d, b),
        ];
        let touches = touching.iter().filter(|touches| **touches).count();
        if (i + 1) % count == j || (j + 1) % count == i {
            // The corner between them is an end of both; nothing else may be common.
            return touches == 2;
        }
        !crossing && touches == 0
    };
    let distinct = (0..count).all(|i| edge(i).0 != edge(i).1);
    distinct && (0..count).all(|i| (i + 1..count).all(|j| apart(i, j)))
}

fn as_ring(corners: &[(i64, i64)]) -> Ring {
    let corners: Vec<(f64, f64)> = corners
        .iter()
        .map(|(x, y)| (*x as f64, *y as f64))
        .collect();
    ring(&corners)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_ring_is_refused_if_any_two_edges_meet(corners in any_corners()) {
        let mut distinct = corners.clone();
        distinct.dedup();
        while distinct.len() > 1 && distinct.first() == distinct.last() {
            distinct.pop();
        }
        let simple = distinct.len() >= 3 && is_simple(&distinct);
        prop_assert_eq!(Area::polygon(vec![as_ring(&corners)]).is_ok(), simple);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn containment_is_the_winding_number(
        corners in any_simple(),
        turns in -1..=1_i64,
    ) {
        // Half of the time the grid lies across the antimeridian.
        let moved: Vec<(i64, i64)> = corners.iter().map(|(x, y)| (x + 180 * turns, *y)).collect();
        let area = Area::polygon(vec![as_ring(&moved)]).unwrap();
        let prepared = Prepared::of(&area);
        for x in -9..=9 {
            for y in -9..=9 {
                let longitude = (x + 180 * turns + 180).rem_euclid(360) - 180;
                let expected = winding(&corners, (x, y)).is_none_or(|winds| winds != 0);
                prop_assert_eq!(prepared.contains(at(y as f64, longitude as f64)), expected, "{} {}", x, y);
                if longitude == -180 {
                    prop_assert_eq!(prepared.contains(at(y as f64, 180.0)), expected);
                }
            }
        }
    }

    #[test]
    fn two_rings_are_shell_and_hole_or_neighbours_or_wrong(
        first in any_simple(),
        second in any_simple(),
    ) {
        // Ground sampled between the points of the grid and on it, eight times as fine.
        let fine = |corners: &[(i64, i64)]| -> Vec<(i64, i64)> {
            corners.iter().map(|(x, y)| (x * 8, y * 8)).collect()
        };
        let (a, b) = (fine(&first), fine(&second));
        let (mut only_b, mut both) = (false, false);
        for x in (-65..=65).step_by(3) {
            for y in (-65..=65).step_by(3) {
                let in_a = winding(&a, (x, y)).map(|winds| winds != 0);
                let in_b = winding(&b, (x, y)).map(|winds| winds != 0);
                both |= in_a == Some(true) && in_b == Some(true);
                only_b |= in_a == Some(false) && in_b == Some(true);
            }
        }
        let rings = [as_ring(&first), as_ring(&second)];
        let beside = Area::multi_polygon(rings.iter().map(|ring| vec![ring.clone()]).collect());
        if both {
            prop_assert!(beside.is_err(), "two polygons that overlap");
        }
        let holed = Area::polygon(rings.to_vec());
        if only_b {
            prop_assert!(holed.is_err(), "a hole that is not in its shell");
        }
        // What is accepted covers each ground once.
        if let Ok(area) = &beside {
            let prepared = Prepared::of(area);
            for x in -64..=64 {
                let y = (x * 7) % 64;
                let inside = [&a, &b].iter().any(|ring| winding(ring, (x, y)).is_none_or(|winds| winds != 0));
                prop_assert_eq!(prepared.contains(at(y as f64 / 8.0, x as f64 / 8.0)), inside);
            }
        }
        if let Ok(area) = &holed {
            let prepared = Prepared::of(area);
            for x in -64..=64 {
                let y = (x * 7) % 64;
                let inside = winding(&a, (x, y)).is_none_or(|winds| winds != 0)
                    && winding(&b, (x, y)).is_none_or(|winds| winds == 0);
                prop_assert_eq!(prepared.contains(at(y as f64 / 8.0, x as f64 / 8.0)), inside);
            }
        }
    }
}
