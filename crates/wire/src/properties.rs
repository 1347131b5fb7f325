//! Free properties.

use moca_core::{
    limits::{PROPERTIES_MAX, PROPERTY_LIST_MAX, PROPERTY_NAME_CHARS_MAX, PROPERTY_TEXT_CHARS_MAX},
    property::{Properties, Property},
};
use serde_json::{Number, Value};

use crate::{
    fault::FaultCode,
    read::Fields,
    values::{self, Reading, complain},
};

/// Whole numbers beyond this are not exact in a double.
const EXACT_MAX: u64 = 1 << 53;

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
            Err(complaint) => fields.fault_inside(key, name, complaint),
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

/// The value of one property.
pub fn property(value: &Value) -> Reading<Property> {
    match value {
        Value::Bool(value) => Ok(Property::Bool(*value)),
        Value::Number(number) => match number.as_f64() {
            Some(value) if number.is_f64() || is_exact(number) => Ok(Property::Number(value)),
            _ => complain(
                FaultCode::OutOfRange,
                "expected a number that a double holds exactly: integers up to 2^53",
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

fn is_exact(number: &Number) -> bool {
    let magnitude = match number.as_i64() {
        Some(number) => Some(number.unsigned_abs()),
        None => number.as_u64(),
    };
    magnitude.is_some_and(|magnitude| magnitude <= EXACT_MAX)
}
