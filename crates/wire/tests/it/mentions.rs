//! Faults of the form and mentions of what does not exist are told together.

use moca_core::resource::Kind;
use moca_wire::{beacons, mention::Mention, zones};
use serde_json::json;

use crate::support::{ID, OTHER_ID, found};

#[test]
fn a_body_tells_its_mentions_whatever_else_is_wrong_with_it() {
    let body = json!({"placeId": ID, "config": {"labelIds": [7, OTHER_ID, OTHER_ID, ID]}});
    let read = zones::read(&body, None);
    let seen: Vec<(Kind, String, &str)> = read
        .mentions()
        .iter()
        .map(|mention| (mention.kind, mention.id.to_string(), &*mention.pointer))
        .collect();
    let expected = [
        (Kind::Place, ID.into(), "/placeId"),
        (Kind::Label, OTHER_ID.into(), "/config/labelIds/1"),
        (Kind::Label, ID.into(), "/config/labelIds/3"),
    ];
    assert_eq!(seen, expected);
    let exists = |mention: &Mention| mention.id.to_string() == ID;
    assert_eq!(
        found(&read.settle(exists).unwrap_err()),
        [
            ("/config/name", "required"),
            ("/config/labelIds/0", "wrong_type"),
            ("/config/labelIds/2", "not_unique"),
            ("/config/labelIds/1", "not_found"),
        ]
    );
}

#[test]
fn the_external_id_of_the_path_is_compared_with_all_the_rest() {
    let body = json!({"config": {"externalId": "a", "zoneId": ID}});
    let faults = beacons::read_external(&body, "b").settle(|_| false);
    assert_eq!(
        found(&faults.unwrap_err()),
        [
            ("/config/type", "required"),
            ("/config/externalId", "immutable"),
            ("/config/zoneId", "not_found"),
        ]
    );
}
