//! What lists are narrowed by besides columns that equal a text.

use moca_core::{
    beacon::BeaconIdentity,
    campaign::{
        CampaignConfig,
        status::{Lifecycle, Status},
    },
    experience::ExperienceConfig,
    resource::Kind,
};

use super::{
    Filter,
    sql::{Session, SqlError, Value},
    table::Columns,
};
use crate::StorageError;

/// Rows read at a time.
const PAGE_ROWS: i64 = 1_000;

/// The condition of a filter by something that is not a column of the kind; `{}` stands for the text
/// and `$1` for the account.
pub(super) fn condition(kind: Kind, filter: Filter) -> Option<&'static str> {
    Some(match (kind, filter) {
        (Kind::Beacon, Filter::PlaceId) => {
            "zone_id IN (SELECT id FROM zones WHERE account_id = $1 AND place_id = {})"
        }
        (Kind::Experience | Kind::Notification, Filter::AppId) => {
            "campaign_id IN (SELECT id FROM campaigns WHERE account_id = $1 AND app_id = {})"
        }
        (Kind::Experience, Filter::PlaceId) => {
            "(target_kind = 'place' AND target_id = {} OR part_targets <> '' \
             AND replace(part_targets, 'place:' || {}, '') <> part_targets)"
        }
        (Kind::Experience, Filter::ZoneId) => {
            "(target_kind = 'zone' AND target_id = {} OR part_targets <> '' \
             AND replace(part_targets, 'zone:' || {}, '') <> part_targets)"
        }
        (Kind::Experience, Filter::BeaconId) => {
            "(target_kind = 'beacon' AND target_id = {} OR part_targets <> '' \
             AND replace(part_targets, 'beacon:' || {}, '') <> part_targets)"
        }
        // Its other text is a reason, one of a few words.
        (Kind::Webhook, Filter::Status) => "status_json LIKE '%\"state\":\"' || {} || '\"%'",
        _ => return None,
    })
}

/// The range of keys of beacons of a type: the first one, and the first one after them.
pub(super) fn keys_of_type(kind: &str) -> Option<(String, String)> {
    let prefix = BeaconIdentity::key_prefix(kind)?;
    // After the colon comes the semicolon.
    let end = prefix.replace(':', ";");
    Some((prefix.to_owned(), end))
}

/// The condition that a campaign has a status at a moment, for which `{}` stands. It says what
/// [`Lifecycle::status`] says.
pub(super) const fn has_status(status: Status) -> &'static str {
    match status {
        Status::Draft => "phase = 'Draft'",
        Status::Stopped => "phase = 'Stopped'",
        Status::Archived => "phase = 'Archived'",
        Status::Scheduled => {
            "phase = 'Started' AND start_at > {} AND (end_at IS NULL OR end_at > {})"
        }
        Status::Running => {
            "phase = 'Started' AND start_at <= {} AND (end_at IS NULL OR end_at > {})"
        }
        Status::Finished => "(phase = 'Finished' OR (phase = 'Started' AND end_at <= {}))",
    }
}

/// The columns `phase`, `start_at` and `end_at` of a campaign.
pub(super) fn campaign_values(lifecycle: &Lifecycle, config: &CampaignConfig) -> [Value; 3] {
    [
        lifecycle.phase.as_str().into(),
        config.start_at.into(),
        config.end_at.map_or(Value::Null, Value::Integer),
    ]
}

/// The column `enabled` of an experience.
pub(super) fn enabled(config: &ExperienceConfig) -> Value {
    config.enabled.to_string().into()
}

/// Fills in the columns of objects that are older than these.
pub(super) async fn fill(session: &mut Session) -> Result<(), StorageError> {
    let read = "SELECT account_id, id, config, lifecycle FROM campaigns \
                WHERE id > $1 ORDER BY id LIMIT $2";
    let write = "UPDATE campaigns SET phase = $2, start_at = $3, end_at = $4 WHERE id = $1";
    fill_table(session, "campaigns", read, write, |columns| {
        let config: CampaignConfig = columns.json()?;
        Ok(campaign_values(&columns.json()?, &config).to_vec())
    })
    .await?;
    let read = "SELECT account_id, id, config FROM experiences WHERE id > $1 ORDER BY id LIMIT $2";
    let write = "UPDATE experiences SET enabled = $2 WHERE id = $1";
    fill_table(session, "experiences", read, write, |columns| {
        Ok(vec![enabled(&columns.json()?)])
    })
    .await
}

async fn fill_table(
    session: &mut Session,
    table: &'static str,
    read: &str,
    write: &str,
    values: impl Fn(&mut Columns) -> Result<Vec<Value>, StorageError>,
) -> Result<(), StorageError> {
    let failed = |error: SqlError| error.doing("copying what objects are listed by");
    let mut after = String::new();
    loop {
        let page = vec![after.as_str().into(), PAGE_ROWS.into()];
        let rows = session.query(read, page).await.map_err(failed)?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let names = vec!["account_id", "id", "config", "lifecycle"];
            let mut columns = Columns::named(table, names, row);
            columns.skip();
            after = columns.text()?;
            let mut row = vec![Value::from(after.as_str())];
            row.extend(values(&mut columns)?);
            session.execute(write, row).await.map_err(failed)?;
        }
    }
}
