//! Pages are read along an index: their time does not grow with the collection.

use moca_core::{beacon::Beacon, campaign::Campaign, id::Id, place::Place, zone::Zone};

use super::*;
use crate::control::plans;

/// What SQLite says it will do for a page.
fn plan<R: Stored>(connection: &rusqlite::Connection, query: &ListQuery) -> String {
    let mut conditions = Conditions::default();
    conditions.push("account_id = {}", Value::id(Id([1; 16])));
    conditions.narrow(R::KIND, R::TABLE, query).unwrap();
    let columns = R::TABLE.read_columns();
    plans::plan(
        connection,
        page_statement(R::TABLE, &columns, query, conditions, 0),
    )
}

fn query(sort: Vec<(SortField, bool)>, filters: Vec<(Filter, String)>) -> ListQuery {
    ListQuery {
        offset: 10_000,
        limit: 50,
        sort,
        filters,
        q: None,
        regions: vec![],
        status: None,
    }
}

#[test]
fn every_order_is_read_from_an_index() {
    let connection = plans::schema();
    for field in [SortField::CreatedAt, SortField::UpdatedAt, SortField::Name] {
        for descending in [false, true] {
            let plan = plan::<Place>(&connection, &query(vec![(field, descending)], vec![]));
            assert!(plan.contains("USING INDEX places_by_"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}

#[test]
fn objects_of_a_parent_are_read_from_an_index() {
    let connection = plans::schema();
    let of = |filter| query(vec![], vec![(filter, "x".into())]);
    for plan in [
        plan::<Zone>(&connection, &of(Filter::PlaceId)),
        plan::<Beacon>(&connection, &of(Filter::ZoneId)),
        plan::<Campaign>(&connection, &of(Filter::AppId)),
    ] {
        assert!(plan.contains("USING INDEX"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}
