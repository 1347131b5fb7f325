//! The columns of a place that say where its geofence is.

use moca_core::geo::{Geofence, quad};
use serde::Deserialize;

use super::{
    sql::{Session, SqlError, Value},
    table::Columns,
};
use crate::StorageError;

/// Rows filled in at a time.
const PAGE_ROWS: i64 = 500;

/// The part of a place's `config` that says where it is.
#[derive(Deserialize)]
pub(super) struct Located {
    pub(super) geofence: Option<Geofence>,
}

/// What stands in the columns `cell`, `south`, `west`, `north` and `east`.
pub(super) fn values(geofence: Option<&Geofence>) -> [Value; 5] {
    let Some(geofence) = geofence else {
        return [const { Value::Null }; 5];
    };
    let bounds = geofence.bounds();
    [
        quad::cell_of(&bounds).into(),
        bounds.south().into(),
        bounds.west().into(),
        bounds.north().into(),
        bounds.east().into(),
    ]
}

/// Fills in the columns of places that are older than these.
pub(super) async fn fill(session: &mut Session) -> Result<(), StorageError> {
    let failed = |error: SqlError| error.doing("computing the bounds of places");
    let mut after = String::new();
    loop {
        let sql = "SELECT account_id, id, config FROM places WHERE id > $1 ORDER BY id LIMIT $2";
        let values = vec![after.as_str().into(), PAGE_ROWS.into()];
        let rows = session.query(sql, values).await.map_err(failed)?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let names = vec!["account_id", "id", "config"];
            let mut columns = Columns::named("places", names, row);
            columns.skip();
            after = columns.text()?;
            let located: Located = columns.json()?;
            let mut values = vec![Value::from(after.as_str())];
            values.extend(self::values(located.geofence.as_ref()));
            let sql = "UPDATE places SET cell = $2, south = $3, west = $4, north = $5, east = $6 \
                       WHERE id = $1";
            session.execute(sql, values).await.map_err(failed)?;
        }
    }
}
