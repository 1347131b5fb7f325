//! What refers to an object.

use moca_core::{
    id::{AccountId, Id},
    resource::Kind,
};

use super::{READING, Reference, Tx, objects::table_of, sql::Value, table::Columns};
use crate::StorageError;

/// The kinds whose objects can refer to one of this kind.
pub fn referring_kinds(kind: Kind) -> impl Iterator<Item = Kind> {
    referrers(kind).iter().map(|(referrer, _)| *referrer)
}

impl Tx {
    /// What refers to this object, at most `limit`.
    pub async fn references(
        &mut self,
        account: AccountId,
        kind: Kind,
        id: Id,
        limit: i64,
    ) -> Result<Vec<Reference>, StorageError> {
        let mut found = Vec::new();
        for (referrer, condition) in referrers(kind) {
            let left = limit - found.len() as i64;
            if left <= 0 {
                break;
            }
            let table = table_of(*referrer).name;
            let sql = format!(
                "SELECT name, id FROM {table} WHERE account_id = $1 AND {condition} \
                 ORDER BY created_at, id LIMIT $3"
            );
            let values = vec![Value::id(account), Value::id(id), left.into()];
            let rows = self.session.scan(sql, values).await;
            for row in rows.map_err(|error| error.doing(READING))? {
                let mut columns = Columns::named(table, vec!["name", "id"], row);
                found.push(Reference {
                    name: columns.text()?,
                    kind: *referrer,
                    id: columns.id()?,
                });
            }
        }
        Ok(found)
    }

    /// How many refer to this object.
    pub async fn count_references(
        &mut self,
        account: AccountId,
        kind: Kind,
        id: Id,
    ) -> Result<i64, StorageError> {
        let mut total = 0;
        for (referrer, condition) in referrers(kind) {
            let table = table_of(*referrer).name;
            let sql = format!("SELECT count(*) FROM {table} WHERE account_id = $1 AND {condition}");
            let values = vec![Value::id(account), Value::id(id)];
            let rows = self.session.scan(sql, values).await;
            let row = rows.map_err(|error| error.doing(READING))?.pop();
            total += Columns::named(table, vec!["count"], row.unwrap_or_default()).integer()?;
        }
        Ok(total)
    }
}

macro_rules! labelled {
    ($kind:literal) => {
        concat!(
            "id IN (SELECT object_id FROM labelled WHERE account_id = $1 AND label_id = $2 AND kind = '",
            $kind,
            "')"
        )
    };
}

macro_rules! targets {
    ($kind:literal) => {
        concat!(
            "(target_kind = '",
            $kind,
            "' AND target_id = $2 OR part_targets <> '' AND replace(part_targets, '",
            $kind,
            ":' || $2, '') <> part_targets)"
        )
    };
}

/// An experience of the tag's app whose action changes the tag: it names it, in JSON.
const CHANGES_TAG: &str = "campaign_id IN (SELECT id FROM campaigns WHERE account_id = $1 AND app_id IN \
     (SELECT app_id FROM tags WHERE account_id = $1 AND id = $2)) \
     AND replace(action_json, '\"tagName\":\"' || \
     (SELECT replace(replace(name, '\\', '\\\\'), '\"', '\\\"') FROM tags WHERE account_id = $1 AND id = $2) \
     || '\"', '') <> action_json";

/// The kinds that can refer to a kind, with the condition that one of them refers to `$2`.
fn referrers(kind: Kind) -> &'static [(Kind, &'static str)] {
    match kind {
        // In the order in which they go with it: whoever could make more first, and what is marked
        // before the marks.
        Kind::Account => &[
            (Kind::Member, "account_id = $2"),
            (Kind::Token, "account_id = $2"),
            (Kind::App, "account_id = $2"),
            (Kind::Beacon, "account_id = $2"),
            (Kind::Zone, "account_id = $2"),
            (Kind::Place, "account_id = $2"),
            (Kind::Label, "account_id = $2"),
            (Kind::CampaignGroup, "account_id = $2"),
            (Kind::Tag, "account_id = $2"),
            (Kind::Segment, "account_id = $2"),
            (Kind::Campaign, "account_id = $2"),
            (Kind::Experience, "account_id = $2"),
            (Kind::Notification, "account_id = $2"),
            (Kind::Webhook, "account_id = $2"),
        ],
        Kind::Member => &[(Kind::Token, "member_id = $2")],
        Kind::App => &[
            (Kind::CampaignGroup, "app_id = $2"),
            (Kind::Tag, "app_id = $2"),
            (Kind::Segment, "app_id = $2"),
            (Kind::Campaign, "app_id = $2"),
            (Kind::Webhook, "app_id = $2"),
        ],
        Kind::CampaignGroup => &[(Kind::Campaign, "group_id = $2")],
        Kind::Label => &[
            (Kind::Place, labelled!("place")),
            (Kind::Zone, labelled!("zone")),
            (Kind::Beacon, labelled!("beacon")),
        ],
        Kind::Place => &[
            (Kind::Zone, "place_id = $2"),
            (Kind::Experience, targets!("place")),
        ],
        Kind::Zone => &[
            (Kind::Beacon, "zone_id = $2"),
            (Kind::Experience, targets!("zone")),
        ],
        Kind::Beacon => &[(Kind::Experience, targets!("beacon"))],
        Kind::Segment => &[
            (Kind::Segment, "replace(named_ids, $2, '') <> named_ids"),
            (Kind::Campaign, "segment_id = $2"),
            (Kind::Notification, "segment_id = $2"),
        ],
        Kind::Campaign => &[
            (Kind::Experience, "campaign_id = $2"),
            (Kind::Notification, "campaign_id = $2"),
            (Kind::Webhook, "campaign_id = $2"),
        ],
        Kind::Tag => &[(Kind::Experience, CHANGES_TAG)],
        // Tokens exchanged for a token are part of it: they go with it.
        Kind::Token | Kind::Experience | Kind::Notification | Kind::Webhook => &[],
    }
}
