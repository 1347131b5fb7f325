//! Beacons.

use moca_wire::beacons;
use serde_json::{Value, json};

use crate::support::{
    Change::{Remove, Set},
    ID, assert_faults, assert_optional,
};

fn ibeacon() -> Value {
    json!({"config": {
        "zoneId": ID, "name": "Door", "type": "IBeacon",
        "proximityUuid": "f7826da6-4fa2-4e98-8024-bc5b71e0893e", "major": 0, "minor": 65535,
        "provider": "Kontakt", "code": "a1", "location": {"latitude": 1.5, "longitude": 2.5},
        "floorNumber": 2, "txPowerDbm": -59, "externalId": "d-1", "labelIds": [ID],
        "properties": {"battery": "CR2477"}
    }})
}

fn eddystone() -> Value {
    json!({"config": {
        "type": "EddystoneUid", "namespace": "00112233445566778899", "instance": "aabbccddeeff"
    }})
}

#[test]
fn full_beacons_are_read_and_written_back() {
    for full in [ibeacon(), eddystone()] {
        let input = beacons::read(&full).by_itself().unwrap();
        assert_eq!(serde_json::to_value(&input).unwrap(), full);
        let config: beacons::BeaconConfig = serde_json::from_value(full["config"].clone()).unwrap();
        assert_eq!(config, input.config);
    }
    assert_optional(
        &ibeacon(),
        |body| beacons::read(body).by_itself(),
        &[
            "/config/zoneId",
            "/config/name",
            "/config/provider",
            "/config/code",
            "/config/location",
            "/config/floorNumber",
            "/config/txPowerDbm",
            "/config/externalId",
            "/config/labelIds",
            "/config/properties",
        ],
    );
}

#[test]
fn hexadecimal_is_read_in_either_case_and_written_in_lower() {
    let mut upper = eddystone();
    upper["config"]["instance"] = json!("AABBCCDDEEFF");
    assert_eq!(
        beacons::read(&upper).by_itself(),
        beacons::read(&eddystone()).by_itself()
    );
}

#[test]
fn each_fault_of_an_ibeacon_is_found_where_it_is() {
    let uuid = "/config/proximityUuid";
    let major = "/config/major";
    assert_faults(
        &ibeacon(),
        |body| beacons::read(body).by_itself(),
        &[
            ("/config/type", Remove, "/config/type", "required"),
            (
                "/config/type",
                Set(json!("AltBeacon")),
                "/config/type",
                "unknown_value",
            ),
            (uuid, Remove, uuid, "required"),
            (
                uuid,
                Set(json!("f7826da64fa24e988024bc5b71e0893e")),
                uuid,
                "invalid_format",
            ),
            (uuid, Set(json!(1)), uuid, "wrong_type"),
            (major, Set(json!(-1)), major, "out_of_range"),
            (major, Set(json!(65_536)), major, "out_of_range"),
            (major, Set(json!("1")), major, "wrong_type"),
            ("/config/minor", Remove, "/config/minor", "required"),
            (
                "/config/txPowerDbm",
                Set(json!(21)),
                "/config/txPowerDbm",
                "out_of_range",
            ),
            (
                "/config/zoneId",
                Set(json!("z")),
                "/config/zoneId",
                "invalid_format",
            ),
            (
                "/config/location",
                Set(json!({"latitude": 1})),
                "/config/location/longitude",
                "required",
            ),
            (
                "/config/namespace",
                Set(json!("00")),
                "/config/namespace",
                "unknown_field",
            ),
        ],
    );
}

#[test]
fn each_fault_of_an_eddystone_beacon_is_found_where_it_is() {
    let namespace = "/config/namespace";
    assert_faults(
        &eddystone(),
        |body| beacons::read(body).by_itself(),
        &[
            (namespace, Remove, namespace, "required"),
            (
                namespace,
                Set(json!("001122334455667788")),
                namespace,
                "invalid_format",
            ),
            (
                namespace,
                Set(json!("0011223344556677889g")),
                namespace,
                "invalid_format",
            ),
            (
                "/config/instance",
                Set(json!(1)),
                "/config/instance",
                "wrong_type",
            ),
            (
                "/config/major",
                Set(json!(1)),
                "/config/major",
                "unknown_field",
            ),
        ],
    );
}
