//! The one way to talk to both databases: a statement with `$1..$n`, values in, rows out.
//!
//! A statement is written once, in the subset that SQLite and PostgreSQL share.

mod group;
mod lane;
mod postgres;
mod sqlite;
mod tls;

use moca_core::id::Id;

use super::ledger::{Ledger, Posting};
use crate::StorageError;

/// A value of a column or parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// BIGINT
    Integer(i64),
    /// DOUBLE PRECISION
    Real(f64),
    /// TEXT
    Text(String),
    /// BLOB or BYTEA
    Bytes(Vec<u8>),
}

impl Value {
    pub(crate) fn id(id: impl Into<Id>) -> Self {
        Self::Text(id.into().to_string())
    }

    pub(crate) fn optional_id(id: Option<impl Into<Id>>) -> Self {
        id.map_or(Self::Null, Self::id)
    }

    pub(crate) fn optional_bytes(bytes: Option<&[u8]>) -> Self {
        bytes.map_or(Self::Null, Self::from)
    }

    pub(crate) fn optional_text(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<f64> for Value {
    fn from(real: f64) -> Self {
        Self::Real(real)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

/// The values of one row, in the order the statement names them.
pub(crate) type Row = Vec<Value>;

/// A statement of which only matters that it succeeds.
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

/// The cause of a failure, as the driver tells it.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A statement that failed.
#[derive(Debug)]
pub(crate) enum SqlError {
    /// A unique index refused the row; the text names the index or its columns.
    Unique(String),
    /// Anything else.
    Failed(Cause),
    /// The database was closed meanwhile.
    Closed,
}

impl SqlError {
    /// The error for callers of the store who do not expect a taken value.
    pub(crate) fn doing(self, doing: &'static str) -> StorageError {
        let source = match self {
            Self::Closed => return StorageError::Closed,
            Self::Unique(what) => format!("{what} is not unique").into(),
            Self::Failed(source) => source,
        };
        StorageError::Backend { doing, source }
    }
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Only reads, on the snapshot its first statement sees.
    Read,
    /// May write; one at a time in the whole database.
    Write,
    /// Changes the schema; one at a time in the whole database, needs no table.
    Migrate,
}

/// How much a statement has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// It finds or changes rows by their keys.
    Short,
    /// It may look at many rows.
    Long,
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(sqlite::Pool),
    Postgres(postgres::Pool),
}

impl Database {
    /// Opens `sqlite:PATH` or `postgres://…`.
    pub(crate) async fn open(url: &str) -> Result<Self, StorageError> {
        if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            return sqlite::Pool::open(path.into())
                .await
                .map(Self::Sqlite)
                .map_err(|error| error.doing("opening the SQLite file of the control store"));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres::Pool::open(url).map(Self::Postgres);
        }
        // The text is not repeated: it may hold a password.
        Err(StorageError::Configuration(
            "the control store is named by sqlite:PATH or postgres://USER@HOST/DATABASE".into(),
        ))
    }

    /// Starts a transaction; waits for its turn.
    pub(crate) async fn begin(&self, mode: Mode) -> Result<Session, SqlError> {
        let connection = match self {
            Self::Sqlite(pool) => Connection::Sqlite(pool.begin(mode).await?),
            Self::Postgres(pool) => Connection::Postgres(Box::new(pool.begin(mode).await?)),
        };
        Ok(Session {
            connection,
            broken: false,
        })
    }

    /// Waits until what can be read is on disk. PostgreSQL shows nothing that is not.
    pub(crate) async fn settle(&self) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(pool) => pool.settle().await,
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Fails when nothing can be written any more.
    pub(crate) fn require_whole(&self) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(pool) => pool.require_whole(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Gets the bytes of what was deleted out of the files. Of PostgreSQL that is the server's own affair.
    pub(crate) async fn forget_deleted(&self) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(pool) => pool.forget_deleted().await,
            Self::Postgres(_) => Ok(()),
        }
    }

    /// The words of its migrations.
    pub(crate) const fn column_types(&self) -> &'static Types {
        match self {
            Self::Sqlite(_) => &SQLITE_TYPES,
            Self::Postgres(_) => &POSTGRES_TYPES,
        }
    }
}

/// What stands for `{text}`, `{bytes}` and `{key}` (of whole numbers) in migrations.
pub(crate) type Types = [(&'static str, &'static str); 3];

pub(crate) const SQLITE_TYPES: Types = [
    ("{text}", "TEXT"),
    ("{bytes}", "BLOB"),
    // In this word alone it is the key of the rows themselves.
    ("{key}", "INTEGER"),
];

const POSTGRES_TYPES: Types = [
    // Bytewise order whatever the locale of the database, as in SQLite.
    ("{text}", "TEXT COLLATE \"C\""),
    ("{bytes}", "BYTEA"),
    ("{key}", "BIGINT"),
];

enum Connection {
    Sqlite(sqlite::Session),
    // Boxed: it is several times larger than the other.
    Postgres(Box<postgres::Session>),
}

/// A transaction on a connection of its own; dropped without commit, it is rolled back.
pub(crate) struct Session {
    connection: Connection,
    /// A statement failed (but see [`Session::insert`]) or its answer was not waited for. PostgreSQL
    /// would answer a commit then with a silent rollback, SQLite with half of the changes, so nothing more is
    /// accepted.
    broken: bool,
}

impl Session {
    /// Runs a statement that finds rows by their keys, and collects them.
    pub(crate) async fn query(
        &mut self,
        sql: impl Into<String>,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, SqlError> {
        self.collect(sql.into(), values, Work::Short).await
    }

    /// Runs a statement that may look at many rows, and collects those it finds.
    pub(crate) async fn scan(
        &mut self,
        sql: impl Into<String>,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, SqlError> {
        self.collect(sql.into(), values, Work::Long).await
    }

    async fn collect(
        &mut self,
        sql: String,
        values: Vec<Value>,
        work: Work,
    ) -> Result<Vec<Row>, SqlError> {
        self.enter()?;
        let rows = match &mut self.connection {
            Connection::Sqlite(session) => session.run(sql, values, work).await?.rows,
            Connection::Postgres(session) => session.query(&sql, &values).await?,
        };
        self.broken = false;
        Ok(rows)
    }

    /// Runs a statement and counts the rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<String>,
        values: Vec<Value>,
    ) -> Result<u64, SqlError> {
        let sql = sql.into();
        self.enter()?;
        let changed = match &mut self.connection {
            Connection::Sqlite(session) => session.run(sql, values, Work::Short).await?.changed,
            Connection::Postgres(session) => session.execute(&sql, &values).await?,
        };
        self.broken = false;
        Ok(changed)
    }

    /// Adds a row; where [`Session::survives_conflicts`], the transaction goes on if a value of it is taken.
    pub(crate) async fn insert(&mut self, sql: String, row: Vec<Value>) -> Result<(), SqlError> {
        let done = self.execute(sql, row).await;
        if matches!(done, Err(SqlError::Unique(_))) {
            self.broken = !self.survives_conflicts();
        }
        done.map(|_| ())
    }

    /// Whether a statement that adds a row with a value that is taken fails alone, and not the transaction with it.
    pub(crate) const fn survives_conflicts(&self) -> bool {
        matches!(self.connection, Connection::Sqlite(_))
    }

    /// Runs several statements that have no parameters.
    pub(crate) async fn batch(&mut self, sql: String) -> Result<(), SqlError> {
        self.enter()?;
        match &mut self.connection {
            Connection::Sqlite(session) => session.batch(sql).await?,
            Connection::Postgres(session) => session.batch(&sql).await?,
        }
        self.broken = false;
        Ok(())
    }

    /// What the transactions before this one in its group have in common; none if it only reads.
    pub(crate) fn ledger(&mut self) -> Option<&Ledger> {
        match &mut self.connection {
            Connection::Sqlite(session) => session.ledger(),
            Connection::Postgres(session) => session.ledger(),
        }
    }

    /// Makes the changes last, with what is to be posted to the ledger if this one writes.
    pub(crate) async fn commit(mut self, posting: Posting) -> Result<(), SqlError> {
        self.enter()?;
        match self.connection {
            Connection::Sqlite(session) => session.commit(posting).await,
            Connection::Postgres(session) => session.commit(posting).await,
        }
    }

    // Broken until the answer is there: the future may be dropped half way.
    fn enter(&mut self) -> Result<(), SqlError> {
        if self.broken {
            let sentence = "an earlier statement of this transaction failed or was abandoned";
            return Err(SqlError::Failed(sentence.into()));
        }
        self.broken = true;
        Ok(())
    }
}
