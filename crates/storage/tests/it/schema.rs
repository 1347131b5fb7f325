//! Opening: migrations, what is refused, and what is left on the disk.

use std::collections::BTreeSet;

use moca_core::place::Place;
use moca_storage::{StorageError, control::Control};

use crate::{
    backend::{connect, execute, on_every_backend, postgres, sqlite, sqlite_url},
    samples::{HOME, everything, insert, place},
};

on_every_backend![by url:
    opening_again_changes_nothing,
    several_can_open_an_empty_store_at_once,
    a_newer_schema_is_refused_by_name,
];

async fn places(store: &Control) -> Vec<Place> {
    let mut tx = store.read().await.unwrap();
    tx.list(HOME, &everything()).await.unwrap().items
}

async fn opening_again_changes_nothing(url: &str) {
    for number in 0..3 {
        let store = Control::open(url).await.unwrap();
        let expected: Vec<Place> = (0..number).map(place).collect();
        assert_eq!(places(&store).await, expected);
        insert(&store, &[place(number)]).await;
    }
}

async fn several_can_open_an_empty_store_at_once(url: &str) {
    let opened = [0; 4].map(|_| {
        let url = url.to_owned();
        tokio::spawn(async move { Control::open(&url).await })
    });
    for (number, store) in (0..).zip(opened) {
        insert(&store.await.unwrap().unwrap(), &[place(number)]).await;
    }
    assert_eq!(places(&Control::open(url).await.unwrap()).await.len(), 4);
}

async fn a_newer_schema_is_refused_by_name(url: &str) {
    drop(Control::open(url).await.unwrap());
    let newer = "INSERT INTO schema_version (version, name) VALUES (9999, '9999_from_the_future')";
    execute(url, newer).await;
    let Err(StorageError::Configuration(sentence)) = Control::open(url).await else {
        panic!("opened");
    };
    assert!(sentence.contains("9999_from_the_future"), "{sentence}");
}

/// Table, column, type, and whether it may be null.
type Column = (String, String, String, bool);

#[tokio::test]
async fn both_backends_have_the_same_tables_columns_and_indexes() {
    let (sqlite, postgres) = (sqlite(), postgres().await);
    drop(Control::open(&sqlite.url).await.unwrap());
    drop(Control::open(&postgres.url).await.unwrap());

    let path = sqlite.url.strip_prefix("sqlite:").unwrap();
    let file = rusqlite::Connection::open(path).unwrap();
    // A primary key is not null in PostgreSQL without saying so, and one that is the key of the rows has a word of its
    // own in SQLite.
    let sql = "SELECT tables.name, columns.name, \
               CASE columns.type WHEN 'INTEGER' THEN 'BIGINT' ELSE columns.type END, columns.\"notnull\" = 0 AND columns.pk = 0 \
               FROM sqlite_schema tables JOIN pragma_table_info(tables.name) columns \
               WHERE tables.type = 'table'";
    let in_sqlite: BTreeSet<Column> = file
        .prepare(sql)
        .unwrap()
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();

    let client = connect(&postgres.url).await;
    let sql = "SELECT table_name::text, column_name::text, \
               CASE data_type WHEN 'bytea' THEN 'BLOB' ELSE upper(data_type) END, is_nullable = 'YES', \
               coalesce(collation_name::text, '') \
               FROM information_schema.columns WHERE table_schema = current_schema()";
    let mut in_postgres = BTreeSet::new();
    for row in client.query(sql, &[]).await.unwrap() {
        let column: Column = (row.get(0), row.get(1), row.get(2), row.get(3));
        let collation: &str = row.get(4);
        assert_eq!(collation == "C", column.2 == "TEXT", "{column:?}");
        in_postgres.insert(column);
    }
    assert_eq!(in_sqlite, in_postgres);
    assert!(in_sqlite.len() > 100);
    // The number of a change is the key of its row.
    let sql = "SELECT count(*) FROM pragma_index_list('changes')";
    let indexes: i64 = file.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(indexes, 0);

    let sql = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";
    let in_sqlite: BTreeSet<String> = file
        .prepare(sql)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let sql = "SELECT indexname::text FROM pg_indexes WHERE schemaname = current_schema() \
               AND indexname NOT LIKE '%\\_pkey'";
    let rows = client.query(sql, &[]).await.unwrap();
    let in_postgres: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(in_sqlite, in_postgres);
}

#[tokio::test]
async fn what_sqlite_committed_is_in_its_files_and_nothing_else() {
    let backend = sqlite();
    let store = Control::open(&backend.url).await.unwrap();
    insert(&store, &[place(1)]).await;
    let mut open = store.write().await.unwrap();
    open.insert(&place(2)).await.unwrap();

    // The files as a crash at this moment would leave them.
    let crashed = tempfile::tempdir().unwrap();
    let path = backend.url.strip_prefix("sqlite:").unwrap();
    for suffix in ["", "-wal"] {
        let copy = crashed.path().join(format!("control.db{suffix}"));
        std::fs::copy(format!("{path}{suffix}"), copy).unwrap();
    }
    drop(open);
    drop(store);

    let store = Control::open(&sqlite_url(crashed.path())).await.unwrap();
    assert_eq!(places(&store).await, [place(1)]);
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.config_version().await.unwrap(), 1);
    drop(tx);
    insert(&store, &[place(2)]).await;
    assert_eq!(places(&store).await.len(), 2);
}

async fn refusal(url: &str) -> StorageError {
    match Control::open(url).await {
        Ok(_) => panic!("opened {url}"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_refused_without_its_password() {
    for url in [
        "",
        "sqlite:",
        "control.db",
        "mysql://root:hunter2@localhost/moca",
        "postgres://root:hunter2@localhost/moca?sslmode=perhaps",
        "postgres://root:hunter2@localhost:port/moca",
    ] {
        let error = refusal(url).await;
        assert!(matches!(error, StorageError::Configuration(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    let missing = tempfile::tempdir().unwrap().path().join("missing");
    let error = refusal(&sqlite_url(&missing)).await;
    assert!(matches!(error, StorageError::Backend { .. }), "{error:?}");
}
