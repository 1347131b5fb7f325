//! Batches.

use moca_core::limits::BATCH_ITEMS_MAX;
use moca_wire::{
    batch::{BatchAnswer, read_items},
    places::PlaceKey,
};
use serde_json::{Value, json};

use crate::support::{ID, found};

#[test]
fn items_stand_in_a_list_or_under_items() {
    assert_eq!(read_items(&json!([1, 2])).unwrap(), [json!(1), json!(2)]);
    assert_eq!(read_items(&json!({"items": [1]})).unwrap(), [json!(1)]);
    let full = Value::Array(vec![json!({}); BATCH_ITEMS_MAX]);
    assert_eq!(read_items(&full).unwrap().len(), BATCH_ITEMS_MAX);
}

#[test]
fn what_is_no_batch_is_refused() {
    let fault = |body: Value| {
        let faults = read_items(&body).unwrap_err();
        let (pointer, code) = found(&faults)[0];
        (pointer.to_owned(), code.to_owned())
    };
    let expect = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(fault(json!("x")), expect("", "wrong_type"));
    assert_eq!(fault(json!({})), expect("/items", "required"));
    assert_eq!(fault(json!({"items": 1})), expect("/items", "wrong_type"));
    assert_eq!(
        fault(json!({"items": [], "x/y": 1})),
        expect("/x~1y", "unknown_field")
    );
    let long = Value::Array(vec![json!({}); BATCH_ITEMS_MAX + 1]);
    assert_eq!(fault(long), expect("", "too_long"));
}

#[test]
fn an_item_of_the_answer_has_an_id_or_a_problem() {
    let answer =
        json!({"items": [{"index": 0, "status": 201, "placeId": ID}, {"index": 1, "status": 400}]});
    let read: BatchAnswer<PlaceKey> = serde_json::from_value(answer.clone()).unwrap();
    assert!(read.items[1].id.is_none());
    assert_eq!(serde_json::to_value(&read).unwrap(), answer);
}
