//! Lists: one way to page, sort and filter for all of them.

use moca_storage::control::ListQuery;

use crate::query::Query;

impl Query {
    /// What to list, from `offset`, `limit`, `sort`, `q` and the filters of the route.
    pub fn list(&self) -> ListQuery {
        ListQuery {
            offset: self.offset(),
            limit: self.limit(),
            sort: self.sort(),
            filters: self.filters(),
            q: self.text("q").map(str::to_owned),
            regions: self.regions(),
            status: None,
        }
    }
}
