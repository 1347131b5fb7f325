//! Places and zones.

use moca_core::id::PlaceId;
use moca_wire::{
    places,
    secret::{Secret, SecretInput},
    zones,
};
use serde_json::{Value, json};

use crate::support::{
    Change::{Remove, Set},
    ID, OTHER_ID, assert_faults, assert_optional, long,
};

fn place() -> Value {
    json!({"config": {
        "name": "Plaza Mayor",
        "geofence": {"type": "Circle", "latitude": 40.4154, "longitude": -3.7074, "radius": 150.0},
        "address": "Plaza Mayor\n28012 Madrid", "timeZone": "Europe/Madrid", "category": "square",
        "externalId": "ES/28-7", "provider": "MOCA", "labelIds": [ID, OTHER_ID],
        "sensitive": true,
        "locationProvider": {
            "enabled": false, "locationType": "WIFI", "siteId": "s", "accessKey": "a", "secretKey": "k"
        },
        "floorPlanProvider": {
            "providerName": "V", "accessKey": "a", "mapID": "7", "title": "T", "url": "https://v.example/7",
            "height": 10.5, "width": 20.0, "numFloors": 3, "areaM2": 1_000.0
        },
        "presence": {"exitMarginM": 0.0, "confirmMs": 3_600_000, "accuracyMaxM": 1.0, "beaconExitMs": 1_000, "pathCrossingMs": 300_000},
        "properties": {"open": true, "floors": 3, "area": 1.5, "architect": "Juan", "tags": ["a", "b"]}
    }})
}

#[test]
fn a_full_place_is_read_and_written_back() {
    let input = places::read(&place()).by_itself().unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), place());
}

#[test]
fn a_place_needs_only_a_name() {
    assert!(
        places::read(&json!({"config": {"name": "P"}}))
            .by_itself()
            .is_ok()
    );
    assert_optional(
        &place(),
        |body| places::read(body).by_itself(),
        &[
            "/config/geofence",
            "/config/address",
            "/config/timeZone",
            "/config/category",
            "/config/externalId",
            "/config/provider",
            "/config/labelIds",
            "/config/sensitive",
            "/config/locationProvider",
            "/config/locationProvider/enabled",
            "/config/locationProvider/siteId",
            "/config/floorPlanProvider",
            "/config/floorPlanProvider/mapID",
            "/config/floorPlanProvider/areaM2",
            "/config/presence",
            "/config/presence/exitMarginM",
            "/config/presence/confirmMs",
            "/config/presence/accuracyMaxM",
            "/config/presence/beaconExitMs",
            "/config/presence/pathCrossingMs",
            "/config/properties",
            "/config/properties/open",
        ],
    );
}

#[test]
fn each_fault_of_a_geofence_is_found_where_it_is() {
    let at = "/config/geofence";
    let (latitude, longitude, radius) = (
        "/config/geofence/latitude",
        "/config/geofence/longitude",
        "/config/geofence/radius",
    );
    assert_faults(
        &place(),
        |body| places::read(body).by_itself(),
        &[
            (at, Set(json!([1, 2])), at, "wrong_type"),
            (
                "/config/geofence/type",
                Remove,
                "/config/geofence/type",
                "required",
            ),
            (
                "/config/geofence/type",
                Set(json!("Square")),
                "/config/geofence/type",
                "unknown_value",
            ),
            (latitude, Remove, latitude, "required"),
            (latitude, Set(json!(90.000001)), latitude, "out_of_range"),
            (latitude, Set(json!("40")), latitude, "wrong_type"),
            (longitude, Set(json!(-180.1)), longitude, "out_of_range"),
            (radius, Set(json!(0.99)), radius, "out_of_range"),
            (radius, Set(json!(100_001)), radius, "out_of_range"),
            (radius, Set(json!(null)), radius, "required"),
            (
                "/config/geofence/unit",
                Set(json!("m")),
                "/config/geofence/unit",
                "unknown_field",
            ),
        ],
    );
}

#[test]
fn each_fault_of_a_place_is_found_where_it_is() {
    let labels = "/config/labelIds";
    let properties = "/config/properties";
    let many: Vec<Value> = (0..51).map(|_| json!(ID)).collect();
    assert_faults(
        &place(),
        |body| places::read(body).by_itself(),
        &[
            ("/config/name", Remove, "/config/name", "required"),
            (
                "/config/address",
                Set(long(2_001)),
                "/config/address",
                "too_long",
            ),
            (
                "/config/timeZone",
                Set(json!("CET+1")),
                "/config/timeZone",
                "unknown_value",
            ),
            (
                "/config/timeZone",
                Set(json!(1)),
                "/config/timeZone",
                "wrong_type",
            ),
            (
                "/config/externalId",
                Set(json!("")),
                "/config/externalId",
                "too_short",
            ),
            (labels, Set(json!(ID)), labels, "wrong_type"),
            (labels, Set(Value::Array(many)), labels, "too_long"),
            (
                labels,
                Set(json!([ID, "x"])),
                "/config/labelIds/1",
                "invalid_format",
            ),
            (
                labels,
                Set(json!([ID, ID])),
                "/config/labelIds/1",
                "not_unique",
            ),
            (
                labels,
                Set(json!([null])),
                "/config/labelIds/0",
                "wrong_type",
            ),
            (properties, Set(json!([])), properties, "wrong_type"),
            (
                properties,
                Set(json!({"a/b": {}})),
                "/config/properties/a~1b",
                "wrong_type",
            ),
            (
                properties,
                Set(json!({"p": [1]})),
                "/config/properties/p/0",
                "wrong_type",
            ),
            (
                properties,
                Set(json!({"p": long(1_001)})),
                "/config/properties/p",
                "too_long",
            ),
            (
                properties,
                Set(json!({"p": 9_007_199_254_740_993_u64})),
                "/config/properties/p",
                "out_of_range",
            ),
            (
                properties,
                Set(json!({"": 1})),
                "/config/properties/",
                "too_short",
            ),
        ],
    );
}

#[test]
fn each_fault_of_presence_is_found_where_it_is() {
    let presence = "/config/presence";
    let [margin, confirm] = ["/config/presence/exitMarginM", "/config/presence/confirmMs"];
    let [accuracy, beacon] = [
        "/config/presence/accuracyMaxM",
        "/config/presence/beaconExitMs",
    ];
    let path = "/config/presence/pathCrossingMs";
    assert_faults(
        &place(),
        |body| places::read(body).by_itself(),
        &[
            (presence, Set(json!(5)), presence, "wrong_type"),
            (
                "/config/sensitive",
                Set(json!("yes")),
                "/config/sensitive",
                "wrong_type",
            ),
            (margin, Set(json!(-0.1)), margin, "out_of_range"),
            (margin, Set(json!(10_000.1)), margin, "out_of_range"),
            (confirm, Set(json!(3_600_001)), confirm, "out_of_range"),
            (confirm, Set(json!(0.5)), confirm, "wrong_type"),
            (accuracy, Set(json!(0.9)), accuracy, "out_of_range"),
            (accuracy, Set(json!("200")), accuracy, "wrong_type"),
            (beacon, Set(json!(999)), beacon, "out_of_range"),
            (beacon, Set(json!(86_400_001)), beacon, "out_of_range"),
            (path, Set(json!(-1)), path, "out_of_range"),
            (path, Set(json!(300_001)), path, "out_of_range"),
            (path, Set(json!(true)), path, "wrong_type"),
            (
                "/config/presence/dwellMs",
                Set(json!(1)),
                "/config/presence/dwellMs",
                "unknown_field",
            ),
        ],
    );
}

fn zone() -> Value {
    json!({"placeId": ID, "config": {
        "name": "Gate 7", "shortId": "G7", "floorNumber": -1, "category": "gate", "provider": "MOCA",
        "externalId": "gate-7",
        "geofence": {"type": "Circle", "latitude": 0.0, "longitude": 180.0, "radius": 1.0},
        "labelIds": [ID]
    }})
}

#[test]
fn a_full_zone_is_read_and_written_back() {
    let read = |body: &_| zones::read(body, None).by_itself();
    let input = read(&zone()).unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), zone());
    let smallest = read(&json!({"placeId": ID, "config": {"name": "Z"}})).unwrap();
    assert_eq!(smallest.config.floor_number, 0);
    let floor = "/config/floorNumber";
    assert_faults(
        &zone(),
        read,
        &[
            ("/placeId", Remove, "/placeId", "required"),
            ("/placeId", Set(json!("")), "/placeId", "invalid_format"),
            ("/config/name", Remove, "/config/name", "required"),
            (floor, Set(json!(1_001)), floor, "out_of_range"),
            (floor, Set(json!(1.5)), floor, "wrong_type"),
            (floor, Set(json!("1")), floor, "wrong_type"),
            (
                "/config/geofence/radius",
                Set(json!(0)),
                "/config/geofence/radius",
                "out_of_range",
            ),
        ],
    );
}

#[test]
fn a_zone_keeps_its_place() {
    let place: PlaceId = ID.parse().unwrap();
    let read = |body: &_| zones::read(body, Some(place)).by_itself();
    assert_optional(&zone(), read, &["/placeId"]);
    assert_faults(
        &zone(),
        read,
        &[("/placeId", Set(json!(OTHER_ID)), "/placeId", "immutable")],
    );
}

#[test]
fn the_beacons_of_a_zone_are_a_list_of_different_ids() {
    let full = json!({"beaconIds": [ID, OTHER_ID]});
    let input = zones::read_beacons(&full).by_itself().unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), full);
    assert!(
        zones::read_beacons(&json!({"beaconIds": []}))
            .by_itself()
            .is_ok()
    );
    assert_faults(
        &full,
        |body| zones::read_beacons(body).by_itself(),
        &[
            ("/beaconIds", Remove, "/beaconIds", "required"),
            ("/beaconIds", Set(json!({})), "/beaconIds", "wrong_type"),
            (
                "/beaconIds",
                Set(json!([ID, ID])),
                "/beaconIds/1",
                "not_unique",
            ),
        ],
    );
}

#[test]
fn a_secret_is_kept_removed_or_set() {
    let read = |body: &Value| places::read(body).by_itself().unwrap().secret_key;
    let at = "/config/locationProvider";
    let mut body = place();
    assert_eq!(read(&body), SecretInput::Set(Secret::new("k")));
    body.pointer_mut(at).unwrap()["secretKey"] = Value::Null;
    assert_eq!(read(&body), SecretInput::Remove);
    let input = places::read(&body).by_itself().unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), body);
    // What was answered can be sent back.
    let provider = body.pointer_mut(at).unwrap().as_object_mut().unwrap();
    provider.remove("secretKey");
    provider.insert("hasSecretKey".into(), json!(true));
    assert_eq!(read(&body), SecretInput::Keep);
    assert_faults(
        &place(),
        |body| places::read(body).by_itself(),
        &[
            (
                "/config/locationProvider/secretKey",
                Set(json!(long(1_001))),
                "/config/locationProvider/secretKey",
                "too_long",
            ),
            (
                "/config/locationProvider/password",
                Set(json!("p")),
                "/config/locationProvider/password",
                "unknown_field",
            ),
            (
                "/config/floorPlanProvider/url",
                Set(json!("file:///etc/passwd")),
                "/config/floorPlanProvider/url",
                "invalid_format",
            ),
            (
                "/config/floorPlanProvider/width",
                Set(json!(-1)),
                "/config/floorPlanProvider/width",
                "out_of_range",
            ),
        ],
    );
}
