//! Objects as another account can understand them: what refers to something of this account says its
//! name or `externalId` instead of an id.

use std::collections::{BTreeSet, HashMap};

use moca_core::{
    beacon::Beacon,
    bulk::BulkKind,
    id::{AccountId, Id, LabelId},
    label::Label,
    place::Place,
    zone::Zone,
};
use moca_storage::{StorageError, control::Tx};
use serde_json::{Map, Value, json};

use super::Managed;

/// A kind of object that files hold.
pub trait Bulk: Managed {
    /// Which kind.
    const BULK: BulkKind;
    /// The parent's kind.
    type Parent: Managed;
    /// The names of the parent's id and of its `externalId` in a record, if there is a parent.
    const PARENT: Option<(&'static str, &'static str)>;

    /// The id of the parent.
    fn parent_id(&self) -> Option<Id>;
}

impl Bulk for Place {
    const BULK: BulkKind = BulkKind::Places;
    type Parent = Self;
    const PARENT: Option<(&'static str, &'static str)> = None;

    fn parent_id(&self) -> Option<Id> {
        None
    }
}

impl Bulk for Zone {
    const BULK: BulkKind = BulkKind::Zones;
    type Parent = Place;
    const PARENT: Option<(&'static str, &'static str)> = Some(("placeId", "placeExternalId"));

    fn parent_id(&self) -> Option<Id> {
        Some(self.place_id.0)
    }
}

impl Bulk for Beacon {
    const BULK: BulkKind = BulkKind::Beacons;
    type Parent = Zone;
    const PARENT: Option<(&'static str, &'static str)> = Some(("zoneId", "zoneExternalId"));

    fn parent_id(&self) -> Option<Id> {
        self.zone_id.map(|id| id.0)
    }
}

/// Puts the id of the parent where the bodies of a kind have it: of a zone at the top, of a beacon
/// in `config`.
pub(super) fn put_parent_id(kind: BulkKind, name: &str, id: Id, body: &mut Map<String, Value>) {
    if kind == BulkKind::Zones {
        body.insert(name.to_owned(), json!(id));
    } else if let Some(Value::Object(config)) = body.get_mut("config") {
        config.insert(name.to_owned(), json!(id));
    }
}

/// The objects as bodies that another account can take in.
pub(crate) async fn portable<R: Bulk>(
    tx: &mut Tx,
    account: AccountId,
    objects: &[R],
) -> Result<Vec<Value>, StorageError> {
    let label_ids = objects.iter().flat_map(|object| object.label_ids());
    let label_ids: BTreeSet<Id> = label_ids.map(|id| id.0).collect();
    let label_ids: Vec<Id> = label_ids.into_iter().collect();
    let labels: Vec<Label> = tx.get_many(account, &label_ids).await?;
    let labels = labels
        .into_iter()
        .map(|label| (LabelId(label.frame.id), label.config.name));
    let labels: HashMap<LabelId, String> = labels.collect();

    let parent_ids: BTreeSet<Id> = objects.iter().filter_map(R::parent_id).collect();
    let parent_ids: Vec<Id> = parent_ids.into_iter().collect();
    let parents: Vec<R::Parent> = tx.get_many(account, &parent_ids).await?;
    let names = parents.iter().filter_map(|parent| {
        let external_id = parent.external_id()?.to_owned();
        Some((Managed::id(parent), external_id))
    });
    let parents: HashMap<Id, String> = names.collect();

    let body = |object| body_of(object, &labels, &parents);
    Ok(objects.iter().map(body).collect())
}

fn body_of<R: Bulk>(
    object: &R,
    labels: &HashMap<LabelId, String>,
    parents: &HashMap<Id, String>,
) -> Value {
    // The types of configurations have text keys and finite numbers, so this cannot fail.
    let mut config = serde_json::to_value(object.config()).unwrap_or_default();
    if let Value::Object(config) = &mut config {
        config.remove("labelIds");
        // Another account does not get the secret, so it has none to speak of.
        let provider = config.get_mut("locationProvider");
        if let Some(provider) = provider.and_then(Value::as_object_mut) {
            provider.remove("hasSecretKey");
        }
    }
    let mut body = Map::from_iter([("config".to_owned(), config)]);
    let names = object.label_ids().iter().filter_map(|id| labels.get(id));
    let names: Vec<&String> = names.collect();
    if !names.is_empty() {
        body.insert("labels".into(), json!(names));
    }
    if let (Some((id_name, name)), Some(id)) = (R::PARENT, object.parent_id()) {
        match parents.get(&id) {
            Some(external_id) => drop(body.insert(name.into(), json!(external_id))),
            None => put_parent_id(R::BULK, id_name, id, &mut body),
        }
    }
    Value::Object(body)
}
