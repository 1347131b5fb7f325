//! The envelope of lists.

use serde::{Deserialize, Serialize};

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
