//! Places, zones and beacons as files: [`fields`] are the columns, [`formula`] keeps spreadsheets from
//! running a text, [`mod@write`] puts a file together, [`read`] takes one apart, and [`map`] says which
//! column of a foreign one is which field. Nothing here knows the store.

pub(crate) mod fields;
pub(crate) mod formula;
pub(crate) mod map;
pub(crate) mod read;
mod record;
pub(crate) mod write;
