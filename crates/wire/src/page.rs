//! The envelope of lists.

use moca_core::limits::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, PAGE_OFFSET_MAX};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schema::{self, Described, Schema};

/// What a page ends with: its objects come last.
const END: &[u8] = b"]}";

/// Room for an object of a page, more or less.
const ITEM_BYTES: usize = 512;

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

/// A [`Page`] as JSON, of objects that `write` writes one by one.
pub fn written<T>(
    offset: i64,
    limit: i64,
    total: i64,
    items: &[T],
    write: impl Fn(&T, &mut Vec<u8>) -> serde_json::Result<()>,
) -> serde_json::Result<Vec<u8>> {
    let empty = Page::<()> {
        offset,
        limit,
        total,
        items: Vec::new(),
    };
    let mut json = serde_json::to_vec(&empty)?;
    json.truncate(json.len() - END.len());
    json.reserve(items.len() * ITEM_BYTES);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        write(item, &mut json)?;
    }
    json.extend_from_slice(END);
    Ok(json)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_objects_written_one_by_one_is_the_page_of_them() {
        for n in 0..3 {
            let page = Page {
                offset: 2,
                limit: 7,
                total: 2 + n,
                items: (0..n).map(|i| vec![i]).collect(),
            };
            let json = written(2, 7, 2 + n, &page.items, |item, json| {
                serde_json::to_writer(json, item)
            });
            assert_eq!(json.unwrap(), serde_json::to_vec(&page).unwrap());
        }
    }
}
