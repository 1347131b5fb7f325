//! Batches: many objects in one request, each answered by its index.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use moca_core::limits::BATCH_ITEMS_MAX;

use crate::{
    fault::FaultCode,
    problem::{Fault, Problem},
    values,
};

/// The answer to a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchAnswer<I> {
    /// What became of each item, in the order they were sent.
    pub items: Vec<BatchItem<I>>,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchItem<I> {
    /// Its index in the request.
    pub index: usize,
    /// The HTTP status it would have got on its own.
    pub status: u16,
    /// Its id, if it was made.
    #[serde(flatten)]
    pub id: Option<I>,
    /// Why it was not made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<Problem>,
}

/// The items of a batch: `{"items":[…]}` or the bare list.
pub fn read_items(value: &Value) -> Result<&[Value], Vec<Fault>> {
    let (items, pointer) = match value {
        Value::Array(_) => (value, ""),
        Value::Object(object) => {
            refuse_other_fields(object.keys())?;
            let Some(items) = object.get("items") else {
                return Err(vec![Fault::new(
                    "/items",
                    FaultCode::Required,
                    "expected a list of the objects to create",
                )]);
            };
            (items, "/items")
        }
        _ => {
            return Err(vec![Fault::new(
                "",
                FaultCode::WrongType,
                "expected a list, or an object with a list under `items`",
            )]);
        }
    };
    values::list(items, BATCH_ITEMS_MAX)
        .map_err(|complaint| vec![Fault::new(pointer, complaint.code, complaint.detail)])
}

fn refuse_other_fields<'a>(keys: impl Iterator<Item = &'a String>) -> Result<(), Vec<Fault>> {
    let faults: Vec<Fault> = keys
        .filter(|key| *key != "items")
        .map(|key| {
            Fault::new(
                crate::read::pointer_to("", key),
                FaultCode::UnknownField,
                "there is no such field",
            )
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}
