//! Free properties.

use moca_core::{
    limits::{PROPERTIES_MAX, PROPERTY_LIST_MAX, PROPERTY_NAME_CHARS_MAX, PROPERTY_TEXT_CHARS_MAX},
    property::{Properties, Property},
};
use serde_json::{Number, Value};

use crate::{
    fault::FaultCode,
    read::Fields,
    schema::{self, EXACT_MAX, Schema},
    values::{self, Reading, complain},
};

/// Free properties; a `null` removes one, or is left out where there is nothing to remove.
pub fn schema() -> Schema {
    let value = schema::one_of([
        schema::text(PROPERTY_TEXT_CHARS_MAX),
        schema::number(-(EXACT_MAX as f64), EXACT_MAX as f64),
        schema::boolean(),
        schema::list(schema::text(PROPERTY_TEXT_CHARS_MAX), 0, PROPERTY_LIST_MAX),
        schema::null(),
    ]);
    let names = schema::line(PROPERTY_NAME_CHARS_MAX);
    schema::map(names, value, PROPERTIES_MAX)
}

/// The properties in field `key`; those that are null are left out.
pub fn read(fields: &mut Fields<'_, '_>, key: &'static str) -> Properties {
    read_changes(fields, key)
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// The changes to properties in field `key`: `None` removes one.
pub fn read_changes(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
) -> Vec<(String, Option<Property>)> {
    let Some(entries) = fields.map(key, PROPERTIES_MAX) else {
        return Vec::new();
    };
    let mut changes = Vec::with_capacity(entries.len());
    for (name, value) in entries {
        match entry(name, value) {
            Ok(value) => changes.push((name.clone(), value)),
            Err(complaint) => match wrong_item(value) {
                Some(index) => fields.fault_deep(key, &[name, &index.to_string()], complaint),
                None => fields.fault_inside(key, name, complaint),
            },
        }
    }
    changes
}

fn entry(name: &str, value: &Value) -> Reading<Option<Property>> {
    // A name obeys the same rule as any other text of one line.
    values::line(PROPERTY_NAME_CHARS_MAX)(&Value::String(name.to_owned())).or_else(
        |complaint| {
            complain(
                complaint.code,
                format!("as the name of a property {}", complaint.detail),
            )
        },
    )?;
    match value {
        Value::Null => Ok(None),
        value => property(value).map(Some),
    }
}

/// The first item of a list that no list may have, when it is this that is wrong with it.
fn wrong_item(value: &Value) -> Option<usize> {
    let items = value
        .as_array()
        .filter(|items| items.len() <= PROPERTY_LIST_MAX)?;
    let read = values::text(PROPERTY_TEXT_CHARS_MAX);
    items.iter().position(|item| read(item).is_err())
}

/// The value of one property.
pub fn property(value: &Value) -> Reading<Property> {
    match value {
        Value::Bool(value) => Ok(Property::Bool(*value)),
        Value::Number(number) => match number.as_f64() {
            Some(value) if is_exact(number, value) => Ok(Property::Number(value)),
            _ => complain(
                FaultCode::OutOfRange,
                format!("expected a number from -{EXACT_MAX} to {EXACT_MAX} (2^53)"),
            ),
        },
        Value::String(_) => values::text(PROPERTY_TEXT_CHARS_MAX)(value).map(Property::Text),
        Value::Array(_) => values::list(value, PROPERTY_LIST_MAX)?
            .iter()
            .map(values::text(PROPERTY_TEXT_CHARS_MAX))
            .collect::<Reading<Vec<String>>>()
            .map(Property::List),
        Value::Null | Value::Object(_) => complain(
            FaultCode::WrongType,
            "expected a text, a number, true, false or a list of texts; null removes the property",
        ),
    }
}

/// Beyond these bounds a double does not hold every whole number, and what comes out may not be what
/// went in.
fn is_exact(number: &Number, value: f64) -> bool {
    match number.as_i64() {
        Some(whole) => (-EXACT_MAX..=EXACT_MAX).contains(&whole),
        None => number.is_f64() && value.abs() <= EXACT_MAX as f64,
    }
}
