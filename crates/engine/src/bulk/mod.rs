//! Places, zones and beacons as files: [`fields`] are the columns, [`formula`] keeps spreadsheets from
//! running a text, [`mod@write`] puts a file together. Nothing here knows the store.

pub(crate) mod fields;
mod formula;
pub(crate) mod write;
