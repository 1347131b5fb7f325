//! Beacons in the control store, and which zone they hang in.

use std::collections::BTreeSet;

use moca_core::{
    beacon::{Beacon, BeaconConfig},
    id::{AccountId, BeaconId, Id, LabelId, ZoneId},
    resource::{Frame, Kind},
};

use super::{
    Filter, READING, Tx, WRITING,
    audit::{self, Change, Shown},
    changes::{chunk_len, placeholders},
    raw::Raw,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, Unique, object_of},
};
use crate::StorageError;

/// Beacons moved by one statement at most.
const MOVED_AT_ONCE: usize = 256;

impl Stored for Beacon {
    const KIND: Kind = Kind::Beacon;
}

impl Raw for Beacon {
    const PARENT: Option<&'static str> = Some("zone_id");
}

impl Mapped for Beacon {
    type Config = BeaconConfig;

    const TABLE: &'static Table = &Table {
        name: "beacons",
        columns: &["zone_id", "external_id", "identity"],
        n_read: 1,
        unique: &[
            Unique {
                columns: &["account_id", "external_id"],
                field: "config.externalId",
            },
            Unique {
                columns: &["account_id", "identity"],
                field: "config.type, with its identity fields",
            },
        ],
        filters: &[
            (Filter::ZoneId, "zone_id"),
            (Filter::ExternalId, "external_id"),
        ],
        labelled: true,
    };

    const SHOWN: &'static [(&'static str, &'static str, Shown)] =
        &[("zone_id", "zoneId", Shown::Text)];

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        self.config.name.as_deref().unwrap_or_default()
    }

    fn config(&self) -> &BeaconConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        Ok(vec![
            Value::optional_id(self.zone_id),
            Value::optional_text(self.config.external_id.as_deref()),
            self.config.identity.key().into(),
        ])
    }

    fn label_ids(&self) -> &[LabelId] {
        &self.config.label_ids
    }

    fn read(
        frame: Frame,
        config: BeaconConfig,
        columns: &mut Columns,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            frame,
            zone_id: columns.optional_id()?.map(ZoneId),
            config,
        })
    }
}

impl Tx {
    /// The beacons of a zone, in the order of their ids' text.
    pub async fn beacons_of_zone(
        &mut self,
        account: AccountId,
        zone: ZoneId,
    ) -> Result<Vec<BeaconId>, StorageError> {
        let sql = "SELECT account_id, id FROM beacons WHERE account_id = $1 AND zone_id = $2 \
                   ORDER BY id";
        let values = vec![Value::id(account), Value::id(zone)];
        let rows = self.session.scan(sql, values).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::named("beacons", vec!["account_id", "id"], row);
                columns.skip();
                columns.id().map(BeaconId)
            })
            .collect()
    }

    /// Makes these, and no others, the beacons of a zone. Beacons whose zone changes by it get a
    /// new revision and a line in the change feed; ids the account does not have are passed over.
    pub async fn set_zone_beacons(
        &mut self,
        account: AccountId,
        zone: ZoneId,
        beacons: &[BeaconId],
        now_ms: i64,
    ) -> Result<(), StorageError> {
        let before = self.beacons_of_zone(account, zone).await?;
        let before = BTreeSet::from_iter(before);
        let after: BTreeSet<BeaconId> = beacons.iter().copied().collect();
        let out: Vec<BeaconId> = before.difference(&after).copied().collect();
        let into: Vec<BeaconId> = after.difference(&before).copied().collect();
        self.move_beacons(account, None, &out, now_ms).await?;
        self.move_beacons(account, Some(zone), &into, now_ms).await
    }

    async fn move_beacons(
        &mut self,
        account: AccountId,
        zone: Option<ZoneId>,
        beacons: &[BeaconId],
        now_ms: i64,
    ) -> Result<(), StorageError> {
        let mut left = beacons;
        while !left.is_empty() {
            let (some, rest) = left.split_at(chunk_len(left.len(), MOVED_AT_ONCE));
            let ids: Vec<Id> = some.iter().map(|id| id.0).collect();
            // They are seen with it.
            self.get_many::<Beacon>(account, &ids).await?;
            let sql = format!(
                "UPDATE beacons SET zone_id = $2, updated_at = $3, revision = revision + 1 \
                 WHERE account_id = $1 AND id IN ({}) RETURNING {}",
                placeholders(4, some.len()),
                Beacon::TABLE.read_columns()
            );
            let mut values = vec![
                Value::id(account),
                Value::optional_id(zone),
                Value::Integer(now_ms),
            ];
            values.extend(some.iter().map(|id| Value::id(*id)));
            let rows = self.session.query(sql, values).await;
            for row in rows.map_err(|error| error.doing(WRITING))? {
                let after = audit::of_row::<Beacon>(&row);
                let beacon: Beacon = object_of(row)?;
                let before = self.before(&beacon).await?;
                let change = Change::Updated { before, after };
                self.note(&beacon.frame, Kind::Beacon, change);
            }
            left = rest;
        }
        Ok(())
    }
}
