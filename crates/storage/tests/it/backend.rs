//! An empty control store for each test, in SQLite and in PostgreSQL.

use std::sync::atomic::{AtomicU32, Ordering};

use moca_storage::control::Control;
use tempfile::TempDir;

/// Makes two tests of each named function `async fn(&Control)`: first SQLite, then PostgreSQL.
macro_rules! on_every_backend {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                let (store, _directory) = crate::backend::sqlite().await;
                super::$test(&store).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                let store = crate::backend::postgres().await;
                super::$test(&store).await;
            })+
        }
    };
}
pub(crate) use on_every_backend;

/// A store in a file that lives as long as the directory.
pub(crate) async fn sqlite() -> (Control, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = Control::open(&sqlite_url(&directory)).await.unwrap();
    (store, directory)
}

pub(crate) fn sqlite_url(directory: &TempDir) -> String {
    format!("sqlite:{}", directory.path().join("control.db").display())
}

/// A store in a schema of its own.
pub(crate) async fn postgres() -> Control {
    Control::open(&postgres_url().await).await.unwrap()
}

/// The URL of an empty schema.
pub(crate) async fn postgres_url() -> String {
    static SCHEMAS: AtomicU32 = AtomicU32::new(0);
    let url = std::env::var("MOCA_TEST_POSTGRES_URL").expect(
        "MOCA_TEST_POSTGRES_URL names no PostgreSQL to test on; \
         run the tests as `scripts/with-postgres.sh cargo nextest run`",
    );
    let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
    let schema = format!("test_{}_{number}", std::process::id());
    // A schema of that name can only be left over from an earlier run.
    execute(
        &url,
        &format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"),
    )
    .await;
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options=-csearch_path%3D{schema}")
}

/// Runs statements on a connection of their own.
pub(crate) async fn execute(url: &str, sql: &str) {
    connect(url).await.batch_execute(sql).await.unwrap();
}

/// A connection past the store.
pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}
