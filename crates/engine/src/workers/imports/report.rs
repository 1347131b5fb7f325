//! What was refused, as a table.

use moca_core::import::ImportRefusal;

use crate::bulk::formula::disarm;

/// The columns of the report.
const COLUMNS: [&str; 6] = ["row", "line", "column", "field", "code", "detail"];

/// What was refused as CSV. No cell of it runs in a spreadsheet: what it tells comes from a file.
pub fn refusals_csv(refusals: &[ImportRefusal]) -> Vec<u8> {
    let mut table = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = table.write_record(COLUMNS);
    for refusal in refusals {
        let column = refusal.column.map(|column| column.to_string());
        let field = refusal.field.as_deref().unwrap_or_default();
        let _ = table.write_record([
            refusal.row.to_string(),
            refusal.line.to_string(),
            column.unwrap_or_default(),
            disarm(field).into_owned(),
            refusal.code.clone(),
            disarm(&refusal.detail).into_owned(),
        ]);
    }
    table.into_inner().unwrap_or_default()
}
