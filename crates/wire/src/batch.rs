//! Batches: many objects in one request, each answered by its index.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use moca_core::limits::BATCH_ITEMS_MAX;

use crate::{
    fault::FaultCode,
    problem::{Fault, Problem},
    schema::{self, Described, Field, Schema},
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
                "there is no such field; there are items",
            )
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

/// The body of a batch of objects of one kind.
#[derive(Debug)]
pub struct Batch<T>(PhantomData<T>);

impl<T: Described> Described for Batch<T> {
    const NAME: &'static str = "BatchInput";

    fn name() -> String {
        format!("{}BatchInput", T::NAME)
    }

    fn schema() -> Schema {
        let items = || {
            schema::list(schema::reference_input::<T>(), 0, BATCH_ITEMS_MAX)
                .noted("One that cannot be made is refused alone.")
        };
        let named = schema::object([schema::required("items", items(), "The objects.")]);
        schema::one_of([named.titled("Items"), items().titled("The bare list")])
    }

    fn example() -> Value {
        json!({"items": [T::schema().without_owned(&T::example())]})
    }
}

/// The answer to a batch of objects of one kind.
#[derive(Debug)]
pub struct BatchOutcome<T>(PhantomData<T>);

impl<T: Described> BatchOutcome<T> {
    /// The id of an object, as its own schema has it.
    fn own_id() -> Option<Field> {
        let name = format!("{}Id", T::NAME);
        let fields = T::schema().fields().to_vec();
        let id = fields
            .into_iter()
            .find(|field| field.name.eq_ignore_ascii_case(&name))?;
        Some(schema::optional(
            id.name,
            id.schema,
            "Its id, if it was made or replaced.",
        ))
    }
}

impl<T: Described> Described for BatchOutcome<T> {
    const NAME: &'static str = "BatchOutcome";

    fn name() -> String {
        format!("{}BatchOutcome", T::NAME)
    }

    fn schema() -> Schema {
        let item = schema::object([
            schema::required("index", schema::count(), "Its index in the request."),
            schema::required(
                "status",
                schema::integer(200, 503),
                "The status it would have got on its own.",
            ),
            schema::optional(
                "problem",
                schema::reference::<Problem>(),
                "Why it was not made.",
            ),
        ]);
        let item = item.and(Self::own_id()).titled("Batch item");
        schema::object([schema::required(
            "items",
            schema::items(item),
            "What became of each, in the order they were sent.",
        )])
    }

    fn example() -> Value {
        let mut made = json!({"index": 0, "status": 201});
        if let Some(id) = Self::own_id() {
            made[id.name] = T::example()[id.name].clone();
        }
        json!({"items": [
            made,
            {"index": 1, "status": 400, "problem": Problem::example()},
        ]})
    }
}
