//! An empty control store for each test, in SQLite and in PostgreSQL.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

/// Makes two tests of each named function `async fn(&Control)`: first SQLite, then PostgreSQL.
/// After `by url`, the function is `async fn(&str)` and opens the empty store itself.
macro_rules! on_every_backend {
    ($($test:ident),+ $(,)?) => {
        crate::backend::on_every_backend![
            @ backend, &moca_storage::control::Control::open(&backend.url).await.unwrap(); $($test),+
        ];
    };
    (by url: $($test:ident),+ $(,)?) => {
        crate::backend::on_every_backend![@ backend, &backend.url; $($test),+];
    };
    (@ $backend:ident, $argument:expr; $($test:ident),+) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                let $backend = crate::backend::sqlite();
                super::$test($argument).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                let $backend = crate::backend::postgres().await;
                super::$test($argument).await;
            })+
        }
    };
}
pub(crate) use on_every_backend;

/// Where an empty control store can be opened.
pub(crate) struct Backend {
    pub(crate) url: String,
    /// The file of a SQLite store lives as long as its directory.
    _directory: Option<TempDir>,
}

/// A file that does not exist yet.
pub(crate) fn sqlite() -> Backend {
    let directory = tempfile::tempdir().unwrap();
    Backend {
        url: sqlite_url(directory.path()),
        _directory: Some(directory),
    }
}

/// The URL of the store in a directory.
pub(crate) fn sqlite_url(directory: &Path) -> String {
    format!("sqlite:{}", directory.join("control.db").display())
}

/// An empty schema.
pub(crate) async fn postgres() -> Backend {
    static SCHEMAS: AtomicU32 = AtomicU32::new(0);
    let url = std::env::var("MOCA_TEST_POSTGRES_URL").expect(
        "MOCA_TEST_POSTGRES_URL names no PostgreSQL to test on; \
         run the tests as `scripts/with-postgres.sh cargo nextest run`",
    );
    let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
    let schema = format!("test_{}_{number}", std::process::id());
    // A schema of that name can only be left over from an earlier run.
    let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
    execute(&url, &sql).await;
    let separator = if url.contains('?') { '&' } else { '?' };
    Backend {
        url: format!("{url}{separator}options=-csearch_path%3D{schema}"),
        _directory: None,
    }
}

/// Runs statements past the store.
pub(crate) async fn execute(url: &str, sql: &str) {
    match url.strip_prefix("sqlite:") {
        Some(path) => rusqlite::Connection::open(path)
            .unwrap()
            .execute_batch(sql)
            .unwrap(),
        None => connect(url).await.batch_execute(sql).await.unwrap(),
    }
}

/// A connection to PostgreSQL past the store.
pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

/// The number that a query past the store gives.
pub(crate) async fn number(url: &str, sql: &str) -> i64 {
    match url.strip_prefix("sqlite:") {
        Some(path) => {
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.query_row(sql, [], |row| row.get(0)).unwrap()
        }
        None => connect(url).await.query_one(sql, &[]).await.unwrap().get(0),
    }
}
