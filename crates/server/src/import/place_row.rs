//! One row as a place, checked by the rules that the server applies.

use csv::StringRecord;
use moca_wire::{
    places::{self, PlaceInput},
    problem::Fault,
};
use serde_json::{Map, Value, json};

use super::{
    Options, Refusal,
    columns::{Columns, Format, Meaning},
};

/// The place a row describes, or everything that is wrong with it.
pub(super) fn read(
    record: &StringRecord,
    line: u64,
    columns: &Columns,
    options: &Options,
) -> Result<PlaceInput, Vec<Refusal>> {
    let mut config = Map::new();
    let mut geofence = Map::new();
    let mut properties = Map::new();
    let mut address: Vec<&str> = Vec::new();
    let mut refusals = Vec::new();
    for (index, (cell, (name, meaning))) in record.iter().zip(&columns.all).enumerate() {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        match meaning {
            Meaning::Text(field) => {
                config.insert((*field).to_owned(), cell.into());
            }
            Meaning::Geofence(field) => match cell.parse::<f64>() {
                Ok(number) if number.is_finite() => {
                    geofence.insert((*field).to_owned(), number.into());
                }
                _ => refusals.push(Refusal {
                    line,
                    column: Some((index + 1, name.clone())),
                    reason: format!("expected a number such as 40.4154, not {cell:?}"),
                }),
            },
            Meaning::AddressPart => address.push(cell),
            Meaning::Property(property) => {
                properties.insert(property.clone(), cell.into());
            }
            Meaning::Unused => {}
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    if !geofence.is_empty() {
        geofence.insert("type".to_owned(), "Circle".into());
        geofence
            .entry("radius")
            .or_insert_with(|| options.radius_m.into());
        config.insert("geofence".to_owned(), geofence.into());
    }
    if !address.is_empty() {
        config.insert("address".to_owned(), address.join(", ").into());
    }
    if !properties.is_empty() {
        config.insert("properties".to_owned(), properties.into());
    }
    if columns.format == Format::Airports {
        config.insert("category".to_owned(), "airport".into());
    }
    let body: Value = json!({ "config": config });
    places::read(&body)
        .by_itself()
        .map_err(|faults| refused(&faults, line, columns))
}

/// Faults of a body in the words of the file.
pub(super) fn refused(faults: &[Fault], line: u64, columns: &Columns) -> Vec<Refusal> {
    faults
        .iter()
        .map(|fault| {
            let column = columns.find(&fault.pointer);
            let reason = match &column {
                Some(_) => fault.detail.clone(),
                None => format!("{}: {}", fault.pointer, fault.detail),
            };
            Refusal {
                line,
                column,
                reason,
            }
        })
        .collect()
}
