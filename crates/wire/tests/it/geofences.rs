//! Polygons and multipolygons.

use moca_core::limits::AREA_VERTICES_MAX;
use moca_wire::{geofence, places, zones};
use serde_json::{Value, json};

use crate::support::{ID, found};

/// Pointers and codes of the faults of a geofence that stands at `/fence`.
fn faults(geofence: Value) -> Vec<(String, String)> {
    let faults = geofence::read(&geofence, "/fence")
        .err()
        .unwrap_or_default();
    let own = |(pointer, code): (&str, &str)| (pointer.to_owned(), code.to_owned());
    found(&faults).into_iter().map(own).collect()
}

fn polygon(rings: Value) -> Value {
    json!({"type": "Polygon", "coordinates": rings})
}

fn multi(polygons: Value) -> Value {
    json!({"type": "MultiPolygon", "coordinates": polygons})
}

fn square(west: f64, south: f64, size: f64) -> Value {
    let (east, north) = (west + size, south + size);
    json!([
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south]
    ])
}

#[test]
fn shapes_are_read_and_written_back_as_they_were_sent() {
    let clockwise = json!([[0.1, 0.0], [0.0, 1.5], [1.0, 1.0], [1.0, 1.0], [0.1, 0.0]]);
    for shape in [
        polygon(json!([square(0.0, 0.0, 10.0), square(2.0, 2.0, 1.0)])),
        polygon(json!([clockwise])),
        polygon(json!([[
            [179.5, 0.0],
            [-179.5, 0.0],
            [-179.5, 1.0],
            [179.5, 0.0]
        ]])),
        polygon(json!([square(179.5, 0.0, 1.0)])),
        multi(json!([
            [square(179.0, 0.0, 1.0)],
            [square(-180.0, 0.0, 1.0)]
        ])),
        json!({"type": "Circle", "latitude": 1.0, "longitude": 2.0, "radius": 3.0}),
    ] {
        let read = geofence::read(&shape, "").unwrap();
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(written, shape);
        let stored: moca_core::geo::Geofence = serde_json::from_value(written).unwrap();
        assert_eq!(stored, read);
        let place = json!({"config": {"name": "P", "geofence": shape}});
        let place = places::read(&place).by_itself().unwrap();
        assert_eq!(place.config.geofence.as_ref(), Some(&read));
        let zone = json!({"placeId": ID, "config": {"name": "Z", "geofence": shape}});
        let zone = zones::read(&zone, None).by_itself().unwrap();
        assert_eq!(zone.config.geofence, Some(read));
    }
    // A height is read, and not kept.
    let high = json!([
        [0.0, 0.0, 7.5],
        [1.0, 0.0, 7],
        [0.0, 1.0, -1.0],
        [0.0, 0.0, 7.5]
    ]);
    let read = geofence::read(&polygon(json!([high])), "").unwrap();
    let flat = json!([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]);
    assert_eq!(serde_json::to_value(&read).unwrap(), polygon(json!([flat])));
}

#[test]
fn each_fault_of_a_shape_is_found_where_it_is() {
    let c = "/fence/coordinates";
    let bow = json!([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]);
    let shell = square(0.0, 0.0, 10.0);
    let open = json!([[0, 0], [1, 0], [1, 1], [0, 1]]);
    for (shape, pointer, code) in [
        (json!({"type": "Polygon"}), c, "required"),
        (
            json!({"type": "Polygon", "coordinates": null}),
            c,
            "required",
        ),
        (polygon(json!("x")), c, "wrong_type"),
        (polygon(json!([])), c, "too_short"),
        (polygon(json!([7])), &format!("{c}/0"), "wrong_type"),
        (polygon(json!([[]])), &format!("{c}/0"), "too_short"),
        (
            polygon(json!([[[0, 0], [1, 1], [0, 0]]])),
            &format!("{c}/0"),
            "too_short",
        ),
        (
            polygon(json!([[[0, 0], [1, 0], [1, 1], [0, "1"], [0, 0]]])),
            &format!("{c}/0/3/1"),
            "wrong_type",
        ),
        (
            polygon(json!([[[0, 0], [1], [1, 1], [0, 0]]])),
            &format!("{c}/0/1"),
            "wrong_type",
        ),
        (
            polygon(json!([[[0, 0], [1, 0, 0, 0], [1, 1], [0, 0]]])),
            &format!("{c}/0/1"),
            "wrong_type",
        ),
        (
            polygon(json!([[[0, 0], [1, 0], [1, 91], [0, 0]]])),
            &format!("{c}/0/2/1"),
            "out_of_range",
        ),
        (
            polygon(json!([[[0, 0], [361, 0], [1, 1], [0, 0]]])),
            &format!("{c}/0/1/0"),
            "out_of_range",
        ),
        (
            polygon(json!([[[0, 0], [1e300, 0], [1, 1], [0, 0]]])),
            &format!("{c}/0/1/0"),
            "out_of_range",
        ),
        (polygon(json!([open])), &format!("{c}/0/3"), "invalid_shape"),
        (polygon(json!([bow])), &format!("{c}/0/2"), "invalid_shape"),
        (
            polygon(json!([[[0, 0], [1, 1], [2, 2], [0, 0]]])),
            &format!("{c}/0"),
            "invalid_shape",
        ),
        (
            polygon(json!([shell, square(20.0, 0.0, 1.0)])),
            &format!("{c}/1"),
            "invalid_shape",
        ),
        (
            polygon(json!([shell, square(9.0, 1.0, 2.0)])),
            &format!("{c}/1/0"),
            "invalid_shape",
        ),
        (
            polygon(json!([shell, square(1.0, 1.0, 2.0), square(2.0, 2.0, 2.0)])),
            &format!("{c}/2/3"),
            "invalid_shape",
        ),
        (multi(json!([])), c, "too_short"),
        (multi(json!([[]])), &format!("{c}/0"), "too_short"),
        (multi(json!([shell])), &format!("{c}/0/0/0"), "wrong_type"),
        (
            multi(json!([[shell], [square(1.0, 1.0, 2.0)]])),
            &format!("{c}/1"),
            "invalid_shape",
        ),
        (
            multi(json!([[shell], [square(20.0, 1.0, 2.0), bow]])),
            &format!("{c}/1/1/2"),
            "invalid_shape",
        ),
        (
            json!({"type": "Polygon", "coordinates": [shell], "radius": 1}),
            "/fence/radius",
            "unknown_field",
        ),
        (
            json!({"type": "LineString", "coordinates": [shell]}),
            "/fence/type",
            "unknown_value",
        ),
    ] {
        let found = faults(shape.clone());
        assert_eq!(
            found.first(),
            Some(&(pointer.to_owned(), code.to_owned())),
            "{shape}: {found:?}"
        );
    }
}

#[test]
fn all_faults_are_found_at_once() {
    let bow = json!([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]);
    let bad = json!([[0, 0], ["x", 0], [1, 100], [0, 0, "y"], [0, 0]]);
    let found = faults(multi(json!([
        [square(0.0, 0.0, 1.0), bad],
        [bow],
        [square(0.5, 0.5, 1.0)]
    ])));
    let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/fence/coordinates/0/1/1/0",
            "/fence/coordinates/0/1/2/1",
            "/fence/coordinates/0/1/3/2",
            "/fence/coordinates/1/0/2",
        ]
    );
}

#[test]
fn vertices_are_limited_in_all_rings_together() {
    let star = |corners: usize, center: f64| -> Value {
        let corner = |i: usize| {
            let angle = std::f64::consts::TAU * i as f64 / corners as f64;
            json!([center + angle.cos(), angle.sin()])
        };
        (0..corners).chain([0]).map(corner).collect()
    };
    assert_eq!(faults(polygon(json!([star(AREA_VERTICES_MAX, 0.0)]))), []);
    let too_many = [("/fence/coordinates".to_owned(), "too_long".to_owned())];
    assert_eq!(
        faults(polygon(json!([star(AREA_VERTICES_MAX + 1, 0.0)]))),
        too_many
    );
    let halves = |more: usize| {
        let half = AREA_VERTICES_MAX / 2;
        faults(multi(json!([[star(half, 0.0)], [star(half + more, 9.0)]])))
    };
    assert_eq!((halves(0), halves(1)), (vec![], too_many.to_vec()));
}

#[test]
fn the_bounds_of_geojson_are_read_and_not_kept() {
    let shell = json!([[0, 0], [1, 0], [1, 1], [0, 0]]);
    for bare in [polygon(json!([shell])), multi(json!([[shell]]))] {
        let read = |bbox: Value| {
            let mut shape = bare.clone();
            shape["bbox"] = bbox;
            geofence::read(&shape, "/fence")
        };
        let plain = geofence::read(&bare, "").unwrap();
        for bbox in [
            json!([0, 0, 1, 1]),
            json!([0, 0, -5, 1.5, 1, 7]),
            json!(null),
        ] {
            assert_eq!(read(bbox).unwrap(), plain);
        }
        for (bbox, pointer) in [
            (json!([0, 0, 1]), "/fence/bbox"),
            (json!([]), "/fence/bbox"),
            (json!({}), "/fence/bbox"),
            (json!([0, 0, 1, "1"]), "/fence/bbox/3"),
        ] {
            let faults = read(bbox).unwrap_err();
            assert_eq!((faults.len(), &*faults[0].pointer), (1, pointer));
        }
    }
    let circle =
        json!({"type": "Circle", "latitude": 0, "longitude": 0, "radius": 5, "bbox": [0, 0, 1, 1]});
    assert_eq!(
        faults(circle),
        [("/fence/bbox".into(), "unknown_field".into())]
    );
}
