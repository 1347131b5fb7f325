//! Segments. What a query may say is tested in the core.

use moca_core::id::AppId;
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
    assert_eq!(input.config.query, r#"{"lang":"es"}"#);
}

#[test]
fn an_answer_can_be_sent_back_but_not_move_to_another_app() {
    let app: AppId = ID.parse().unwrap();
    let read = |body: &_| segments::read(body, Some(app)).by_itself();
    let mut answer = segment();
    answer["segmentId"] = json!(OTHER_ID);
    assert_eq!(read(&answer), read(&segment()));
    let moved = ("/appId", Set(json!(OTHER_ID)), "/appId", "immutable");
    assert_faults(&answer, read, &[moved]);
    let named = segments::read_external(&segment(), Some(app), "crm-8").by_itself();
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
