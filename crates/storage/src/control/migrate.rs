//! Brings the schema of the control store up to date.

use super::{
    audit, blocks, filters,
    ledger::Posting,
    place_bounds,
    sql::{Database, Mode, SqlError, Types, Value},
    table::Columns,
};
use crate::StorageError;

/// All migrations, in order: the first has version 1. One that was released never changes.
pub(super) const MIGRATIONS: &[(&str, &str)] = &[
    (
        "0001_control",
        include_str!("../../migrations/0001_control.sql"),
    ),
    (
        "0002_limits",
        include_str!("../../migrations/0002_limits.sql"),
    ),
    (
        PLACE_BOUNDS,
        include_str!("../../migrations/0003_place_bounds.sql"),
    ),
    (
        "0004_campaign_groups",
        include_str!("../../migrations/0004_campaign_groups.sql"),
    ),
    (
        "0005_segments",
        include_str!("../../migrations/0005_segments.sql"),
    ),
    (
        "0006_imports",
        include_str!("../../migrations/0006_imports.sql"),
    ),
    (
        "0007_audit",
        include_str!("../../migrations/0007_audit.sql"),
    ),
    (
        "0008_place_secrets",
        include_str!("../../migrations/0008_place_secrets.sql"),
    ),
    (
        "0009_app_targets",
        include_str!("../../migrations/0009_app_targets.sql"),
    ),
    ("0010_tags", include_str!("../../migrations/0010_tags.sql")),
    (
        "0011_previous_secret",
        include_str!("../../migrations/0011_previous_secret.sql"),
    ),
    (
        "0012_key_check",
        include_str!("../../migrations/0012_key_check.sql"),
    ),
    (FILTERS, include_str!("../../migrations/0013_filters.sql")),
    (
        "0014_token_use",
        include_str!("../../migrations/0014_token_use.sql"),
    ),
    (BLOCKS, include_str!("../../migrations/0015_blocks.sql")),
    (
        "0016_notifications",
        include_str!("../../migrations/0016_notifications.sql"),
    ),
    (
        "0017_webhooks",
        include_str!("../../migrations/0017_webhooks.sql"),
    ),
    (
        "0018_replays",
        include_str!("../../migrations/0018_replays.sql"),
    ),
    (
        "0019_composite_triggers",
        include_str!("../../migrations/0019_composite_triggers.sql"),
    ),
    (
        "0020_callers",
        include_str!("../../migrations/0020_callers.sql"),
    ),
    (
        "0021_given_external_ids",
        include_str!("../../migrations/0021_given_external_ids.sql"),
    ),
    (
        AUDIT_COUNTS,
        include_str!("../../migrations/0022_audit_counts.sql"),
    ),
];

/// The migration after which the bounds of all places are computed.
const PLACE_BOUNDS: &str = "0003_place_bounds";

/// The migration after which what objects are listed by is copied from their configurations.
const FILTERS: &str = "0013_filters";

/// The migration after which the objects of lists are counted in blocks.
const BLOCKS: &str = "0015_blocks";

/// The migration after which the events of audit logs are counted in blocks.
const AUDIT_COUNTS: &str = "0022_audit_counts";

/// Applies the migrations that the database does not have yet, all or none.
pub(super) async fn migrate(database: &Database) -> Result<(), StorageError> {
    let failed = |error: SqlError| error.doing("migrating the control store");
    let mut session = database.begin(Mode::Migrate).await.map_err(failed)?;
    let types = database.column_types();
    let in_dialect = |sql: &str| in_dialect(sql, types);
    let table = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, name {text} NOT NULL)";
    session.batch(in_dialect(table)).await.map_err(failed)?;
    let applied = "SELECT version, name FROM schema_version ORDER BY version";
    let applied = session.query(applied, vec![]).await.map_err(failed)?;
    for (i, row) in applied.iter().enumerate() {
        let mut columns = Columns::named("schema_version", vec!["version", "name"], row.clone());
        let (version, name) = (columns.integer()?, columns.text()?);
        refuse_unknown(i, version, &name)?;
    }
    for (i, (name, sql)) in MIGRATIONS.iter().enumerate().skip(applied.len()) {
        session.batch(in_dialect(sql)).await.map_err(failed)?;
        if *name == PLACE_BOUNDS {
            place_bounds::fill(&mut session).await?;
        }
        if *name == FILTERS {
            filters::fill(&mut session).await?;
        }
        if *name == BLOCKS {
            blocks::fill(&mut session).await?;
        }
        if *name == AUDIT_COUNTS {
            audit::fill_counts(&mut session).await?;
        }
        let line = "INSERT INTO schema_version (version, name) VALUES ($1, $2)";
        let values = vec![Value::Integer(i as i64 + 1), Value::from(*name)];
        session.execute(line, values).await.map_err(failed)?;
        tracing::info!(migration = name, "the control store was migrated");
    }
    session.commit(Posting::default()).await.map_err(failed)
}

/// A migration in the words of a database.
pub(super) fn in_dialect(sql: &str, types: &Types) -> String {
    let mut sql = sql.to_owned();
    for (placeholder, word) in types {
        sql = sql.replace(placeholder, word);
    }
    sql
}

/// Refuses a database that this program would have to migrate first.
pub(super) async fn require_newest(database: &Database) -> Result<(), StorageError> {
    let failed = |error: SqlError| error.doing("reading the schema of the control store");
    let mut session = database.begin(Mode::Read).await.map_err(failed)?;
    let applied = "SELECT version, name FROM schema_version ORDER BY version";
    let applied = session.query(applied, vec![]).await.map_err(failed)?;
    for (i, row) in applied.iter().enumerate() {
        let mut columns = Columns::named("schema_version", vec!["version", "name"], row.clone());
        let (version, name) = (columns.integer()?, columns.text()?);
        refuse_unknown(i, version, &name)?;
    }
    if applied.len() == MIGRATIONS.len() {
        return Ok(());
    }
    Err(StorageError::Configuration(
        "the control store was made by an older version of moca: start the server of this version \
         on it first"
            .into(),
    ))
}

fn refuse_unknown(i: usize, version: i64, name: &str) -> Result<(), StorageError> {
    if version == i as i64 + 1 && MIGRATIONS.get(i).is_some_and(|known| known.0 == name) {
        return Ok(());
    }
    let newest = MIGRATIONS.last().map_or("none", |last| last.0);
    Err(StorageError::Configuration(format!(
        "the control store has schema version {version} ({name}), which this program does not know: \
         its newest is {newest}. Use the version of moca that made it, or a newer one"
    )))
}
