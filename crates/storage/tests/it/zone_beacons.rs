//! The set of beacons of a zone.

use moca_core::{
    beacon::Beacon,
    id::{BeaconId, ZoneId},
    resource::Kind,
};
use moca_storage::control::{Control, Filter, ListQuery};

use crate::{
    backend::on_every_backend,
    samples::{HOME, beacon, everything, id, insert},
};

on_every_backend![
    the_set_is_replaced_and_only_moved_beacons_change,
    a_large_set_is_replaced,
];

const ZONE: ZoneId = ZoneId(id(3));
const OTHER: ZoneId = ZoneId(id(4));

/// In the order of the store, which is that of the text.
fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<BeaconId> {
    let mut ids: Vec<_> = numbers
        .into_iter()
        .map(|number| BeaconId(id(number)))
        .collect();
    ids.sort_by_key(ToString::to_string);
    ids
}

async fn the_set_is_replaced_and_only_moved_beacons_change(store: &Control) {
    let mut beacons: Vec<Beacon> = (1..=5).map(beacon).collect();
    beacons[3].zone_id = Some(OTHER);
    beacons[4].zone_id = None;
    insert(store, &beacons).await;

    // 1 leaves, 2 and 3 stay, 4 comes from another zone, 5 from none, 9 is unknown; 2 is said twice.
    let mut tx = store.write().await.unwrap();
    let set = ids([2, 3, 4, 5, 9, 2]);
    tx.set_zone_beacons(HOME, ZONE, &set, 1_900_000_000_000)
        .await
        .unwrap();
    assert_eq!(tx.beacons_of_zone(HOME, ZONE).await.unwrap(), ids(2..=5));
    assert_eq!(tx.beacons_of_zone(HOME, OTHER).await.unwrap(), []);
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    let mut changed: Vec<_> = tx.changes_since(5, 100).await.unwrap();
    changed.sort_by_key(|change| change.id);
    let changed: Vec<_> = changed
        .iter()
        .map(|change| (change.kind, change.id))
        .collect();
    assert_eq!(changed, [1, 4, 5].map(|number| (Kind::Beacon, id(number))));
    for (before, zone) in beacons
        .iter()
        .zip([None, Some(ZONE), Some(ZONE), Some(ZONE), Some(ZONE)])
    {
        let mut expected = before.clone();
        if before.zone_id != zone {
            expected.zone_id = zone;
            expected.frame.revision = 2;
            expected.frame.updated_at = 1_900_000_000_000;
        }
        let now: Option<Beacon> = tx.get(HOME, before.frame.id).await.unwrap();
        assert_eq!(now, Some(expected));
    }
    let query = ListQuery {
        filters: vec![(Filter::ZoneId, ZONE.to_string())],
        ..everything()
    };
    assert_eq!(tx.list::<Beacon>(HOME, &query).await.unwrap().total, 4);
}

async fn a_large_set_is_replaced(store: &Control) {
    let mut beacons: Vec<Beacon> = (0..1_500).map(beacon).collect();
    for beacon in &mut beacons {
        beacon.zone_id = None;
        beacon.config.label_ids.clear();
    }
    insert(store, &beacons).await;
    let mut tx = store.write().await.unwrap();
    for set in [ids(0..1_001), ids(700..1_500), ids([])] {
        tx.set_zone_beacons(HOME, ZONE, &set, 1).await.unwrap();
        assert_eq!(tx.beacons_of_zone(HOME, ZONE).await.unwrap(), set);
    }
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    let expected = 1_500 + 1_001 + (700 + 499) + 800;
    assert_eq!(tx.config_version().await.unwrap(), expected);
}
