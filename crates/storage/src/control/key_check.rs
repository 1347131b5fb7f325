//! What the key that seals secrets is known by.

use super::{READING, Tx, WRITING, table::Columns};
use crate::StorageError;

impl Tx {
    /// The sealed value that tells the right key, if one was kept.
    pub async fn key_check(&mut self) -> Result<Option<Vec<u8>>, StorageError> {
        let sql = "SELECT only_row, sealed FROM key_check";
        let rows = self.session.query(sql, vec![]).await;
        let row = rows.map_err(|error| error.doing(READING))?.pop();
        row.map(|row| {
            let mut columns = Columns::named("key_check", vec!["only_row", "sealed"], row);
            columns.skip();
            columns.bytes()
        })
        .transpose()
    }

    /// Keeps the sealed value that tells the right key; there must be none yet.
    pub async fn keep_key_check(&mut self, sealed: &[u8]) -> Result<(), StorageError> {
        let sql = "INSERT INTO key_check (only_row, sealed) VALUES (1, $1)";
        let done = self.session.execute(sql, vec![sealed.into()]).await;
        done.map(|_| ()).map_err(|error| error.doing(WRITING))
    }
}
