//! The envelope of lists.

use moca_core::limits::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, PAGE_OFFSET_MAX};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schema::{self, Described, Schema};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// Index of the first object of the page.
    pub offset: i64,
    /// Objects on the page at most.
    pub limit: i64,
    /// Objects in the whole list.
    pub total: i64,
    /// The objects.
    pub items: Vec<T>,
}

impl<T: Described> Page<T> {
    /// What a page of these holds.
    pub fn schema() -> Schema {
        schema::object([
            schema::required(
                "offset",
                schema::integer(0, PAGE_OFFSET_MAX),
                "Index of the first object of the page.",
            ),
            schema::required(
                "limit",
                schema::integer(1, PAGE_LIMIT_MAX),
                "Objects on the page at most.",
            ),
            schema::required("total", schema::count(), "Objects in the whole list."),
            schema::required(
                "items",
                schema::list(schema::reference::<T>(), 0, PAGE_LIMIT_MAX as usize),
                "The objects.",
            ),
        ])
    }

    /// A page with one of them.
    pub fn example() -> Value {
        json!({"offset": 0, "limit": PAGE_LIMIT_DEFAULT, "total": 1, "items": [T::example()]})
    }
}
