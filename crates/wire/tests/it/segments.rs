//! Segments. What a query may say is tested in the core.

use moca_core::{id::AppId, segment::SegmentType};
use moca_wire::segments;
use serde_json::{Value, json};

use crate::support::{
    Change::{Remove, Set},
    ID, OTHER_ID, assert_faults, assert_optional, long,
};

fn segment() -> Value {
    json!({"appId": ID, "config": {
        "name": "Spanish", "description": "Two\nlines", "externalId": "crm-7",
        "query": "{ \"$all\": [ { \"lang\" : { \"$eq\" : \"es\" } },\n{ \"os\" : \"Android\" } ] }"
    }})
}

#[test]
fn a_full_segment_is_read_and_written_back() {
    let read = |body: &_| segments::read(body, None).by_itself();
    let input = read(&segment()).unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), segment());
    assert_optional(
        &segment(),
        read,
        &["/config/description", "/config/externalId"],
    );
    let mut as_object = segment();
    as_object["config"]["query"] = json!({"lang": "es"});
    let input = read(&as_object).unwrap();
    assert_eq!(input.config.query.unwrap(), r#"{"lang":"es"}"#);
    // The type that is meant where none is said may be said.
    let mut typed = segment();
    typed["config"]["type"] = json!("Query");
    assert_eq!(read(&typed), read(&segment()));
}

#[test]
fn an_answer_can_be_sent_back_but_not_move_to_another_app() {
    let app: AppId = ID.parse().unwrap();
    let read = |body: &_| segments::read(body, Some((app, SegmentType::Query))).by_itself();
    let mut answer = segment();
    answer["segmentId"] = json!(OTHER_ID);
    assert_eq!(read(&answer), read(&segment()));
    let moved = ("/appId", Set(json!(OTHER_ID)), "/appId", "immutable");
    assert_faults(&answer, read, &[moved]);
    let named =
        segments::read_external(&segment(), Some((app, SegmentType::Query)), "crm-8").by_itself();
    assert_eq!(named.unwrap_err()[0].pointer, "/config/externalId");
}

#[test]
fn the_segments_a_query_names_are_mentioned_where_they_stand_with_their_app() {
    let mut body = segment();
    let query = json!({"$any": [{"lang": "es"}, {"$not": {"$segment": OTHER_ID}}]});
    for query in [query.clone(), query.to_string().into()] {
        body["config"]["query"] = query;
        let read = segments::read(&body, None);
        let mention = read.mentions().last().unwrap();
        assert_eq!(mention.pointer, "/config/query/$any/1/$not/$segment");
        assert_eq!(mention.app_id, Some(ID.parse().unwrap()));
        assert_eq!(mention.id, OTHER_ID.parse().unwrap());
    }
}

#[test]
fn each_fault_of_a_segment_is_found_where_it_is() {
    let (name, query) = ("/config/name", "/config/query");
    assert_faults(
        &segment(),
        |body| segments::read(body, None).by_itself(),
        &[
            ("/appId", Remove, "/appId", "required"),
            (name, Remove, name, "required"),
            (query, Remove, query, "required"),
            (query, Set(Value::Null), query, "required"),
            (query, Set(json!(7)), query, "wrong_type"),
            (query, Set(json!("lang=es")), query, "invalid_format"),
            (query, Set(long(100_001)), query, "too_long"),
            (query, Set(json!({})), query, "too_short"),
            (
                query,
                Set(json!({"$all": [{"lang": "es"}, {"os": {"$lk": 1}}]})),
                "/config/query/$all/1/os/$lk",
                "unknown_field",
            ),
        ],
    );
}

#[test]
fn a_static_segment_has_no_query_and_stays_one() {
    let app: AppId = ID.parse().unwrap();
    let body = json!({"appId": ID, "config": {"name": "Chosen", "type": "Static"}});
    let read = |body: &_| segments::read(body, None).by_itself();
    let input = read(&body).unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), body);
    let (kind, query) = ("/config/type", "/config/query");
    assert_faults(
        &body,
        read,
        &[
            (kind, Remove, query, "required"),
            (kind, Set(json!("static")), kind, "unknown_value"),
            (kind, Set(json!(1)), kind, "wrong_type"),
            (query, Set(json!({"lang": "es"})), query, "unknown_field"),
        ],
    );
    for (body, current) in [
        (&body, SegmentType::Query),
        (&segment(), SegmentType::Static),
    ] {
        let faults = segments::read(body, Some((app, current))).by_itself();
        assert_eq!(faults.unwrap_err()[0].pointer, kind);
    }
}

#[test]
fn members_are_so_many_at_most_each_once() {
    let full = json!({"instanceIds": [ID, OTHER_ID], "userIds": ["ana", "bob"]});
    let read = |body: &_| segments::read_members(body).by_itself();
    let named = read(&full).unwrap();
    let ids = [ID, OTHER_ID].map(|id| id.parse().unwrap());
    assert_eq!(named.instances, [(0, ids[0]), (1, ids[1])]);
    assert_eq!(named.users, [(0, "ana".to_owned()), (1, "bob".to_owned())]);
    assert_optional(&full, read, &["/instanceIds", "/userIds"]);
    let users = |count: usize| json!((0..count).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_faults(
        &full,
        read,
        &[
            (
                "/instanceIds",
                Set(json!([ID, ID])),
                "/instanceIds/1",
                "not_unique",
            ),
            (
                "/instanceIds",
                Set(json!([ID, "x"])),
                "/instanceIds/1",
                "invalid_format",
            ),
            ("/userIds", Set(json!([""])), "/userIds/0", "too_short"),
            (
                "/userIds",
                Set(json!(["bob", "bob"])),
                "/userIds/1",
                "not_unique",
            ),
            ("/userIds", Set(users(1_001)), "/userIds", "too_long"),
        ],
    );
}
