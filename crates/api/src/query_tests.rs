//! Tests of the reading of query parameters.

use super::*;

const KNOWN: &[Parameter] = &[
    OFFSET,
    LIMIT,
    SORT,
    Q,
    PLACE_ID,
    CASCADE,
    required("interval", ParameterKind::Word(&["hour", "day"])),
];

fn detail(raw: &str) -> String {
    Query::read(raw, KNOWN).unwrap_err().to_string()
}

#[test]
fn values_are_decoded_and_typed() {
    let raw = "offset=10&sort=name,-updatedAt&q=caf%C3%A9+central&interval=day&cascade=true";
    let query = Query::read(raw, KNOWN).unwrap();
    assert_eq!(query.offset(), 10);
    assert_eq!(query.limit(), PAGE_LIMIT_DEFAULT);
    assert_eq!(query.text("q"), Some("caf\u{e9} central"));
    assert!(query.flag("cascade"));
    assert_eq!(
        query.sort(),
        [(SortField::Name, false), (SortField::UpdatedAt, true)]
    );
}

#[test]
fn each_fault_names_the_parameter() {
    for (raw, expected) in [
        ("interval=day&colour=red", "colour is unknown"),
        (
            "interval=day&offset=1&offset=2",
            "offset is given more than once",
        ),
        (
            "interval=day&limit=0",
            "limit is a whole number from 1 to 1000",
        ),
        ("interval=day&limit=1001", "limit is a whole number"),
        ("interval=day&limit=ten", "limit is a whole number"),
        ("interval=day&offset=", "offset is a whole number"),
        ("interval=day&placeId=x", "placeId: an id is 22 characters"),
        ("interval=day&sort=colour", "sort is a list"),
        (
            "interval=day&sort=name,-name",
            "sort names name more than once",
        ),
        ("interval=day&cascade=yes", "cascade is true or false"),
        ("interval=year", "interval is one of hour, day"),
        ("offset=1", "interval is required"),
        ("interval=day&q", "q is text of 1 to"),
    ] {
        let detail = detail(raw);
        assert!(detail.contains(expected), "{raw}: {detail}");
    }
}

#[test]
fn broken_encodings_are_refused() {
    for raw in ["q=%", "q=%4", "q=%zz", "q=%ff", "%ff=1", "q=%00"] {
        assert!(Query::read(raw, KNOWN).is_err(), "{raw}");
    }
}
