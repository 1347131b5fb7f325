//! Queries over an event.

use crate::{
    event::EventBody,
    property::{Properties, Property},
    segment::{EventQuery, QueryProblem},
};

fn purchase() -> EventBody {
    EventBody::Custom {
        verb: "purchase".into(),
        item: Some("map".into()),
        category: None,
        value: Some(25.0),
        properties: Properties::from([
            ("gift".into(), Property::Bool(true)),
            ("colours".into(), Property::List(vec!["red".into()])),
        ]),
    }
}

#[test]
fn the_fields_of_an_event_are_asked_like_those_of_an_instance() {
    for (query, holds) in [
        (r#"{"verb": "purchase", "item": {"$like": "m%"}}"#, true),
        (r#"{"value": {"$gte": 20, "$lt": 25}}"#, false),
        (r#"{"value": "25"}"#, false),
        (r#"{"category": {"$exists": false}}"#, true),
        (r#"{"category": {"$ne": "food"}}"#, true),
        (
            r#"{"$any": [{"property.gift": false}, {"property.colours": {"$contains": "red"}}]}"#,
            true,
        ),
        (r#"{"$not": {"property.none": 1}}"#, true),
    ] {
        let read = EventQuery::read(query).unwrap();
        assert_eq!(read.holds(&purchase()), holds, "{query}");
        let nothing = EventBody::Sightings(Vec::new());
        let is_negation = ["$exists", "$ne", "$not"]
            .iter()
            .any(|word| query.contains(word));
        assert_eq!(read.holds(&nothing), is_negation, "{query}");
    }
}

#[test]
fn an_event_has_no_fields_of_an_instance_and_is_in_no_segment() {
    for query in [
        r#"{"lang": "es"}"#,
        r#"{"tag.visits": 1}"#,
        r#"{"$segment": "IXa7Bl9oRo6c7zQ5aQIzlg"}"#,
    ] {
        let faults = EventQuery::read(query).unwrap_err();
        assert_eq!(faults[0].problem, QueryProblem::UnknownField, "{query}");
        let detail = &faults[0].detail;
        assert!(
            detail.ends_with("there are category, item, value, verb, property.<name>"),
            "{detail}"
        );
    }
    assert!(crate::segment::Query::read(r#"{"item": "map"}"#).is_err());
}
