//! What SQLite will do for a statement, for tests that it reads along an index.

use super::{
    migrate::{MIGRATIONS, in_dialect},
    sql::{SQLITE_TYPES, Value},
};

/// An empty store of the newest schema.
pub(super) fn schema() -> rusqlite::Connection {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    for (_, sql) in MIGRATIONS {
        let sql = in_dialect(sql, &SQLITE_TYPES);
        connection.execute_batch(&sql).unwrap();
    }
    connection
}

/// The plan of a statement with these values, a step a line.
pub(super) fn plan(
    connection: &rusqlite::Connection,
    (sql, values): (String, Vec<Value>),
) -> String {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {}", sql.replace('$', "?")))
        .unwrap();
    let lines = statement.query_map(rusqlite::params_from_iter(values), |row| {
        row.get::<_, String>(3)
    });
    let lines: Result<Vec<String>, _> = lines.unwrap().collect();
    lines.unwrap().join("\n")
}
