//! Many objects at once are as many objects one after the other.

use moca_core::{
    beacon::BeaconIdentity,
    id::{Id, LabelId, PlaceId},
};
use moca_storage::{
    StorageError,
    control::{Control, Filter, ListQuery, Stored, Tx},
};

use crate::{
    backend::on_every_backend,
    samples::{HOME, beacon, id, insert, place, zone},
};

on_every_backend![
    many_are_taken_or_refused_as_one_by_one,
    many_are_found_by_what_names_them,
];

/// Numbers that look random and are the same in every run.
fn dice(seed: &mut u32, below: u32) -> u32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*seed >> 8) % below
}

/// What inserting them one by one answers.
async fn one_by_one<R: Stored>(tx: &mut Tx, objects: &[R]) -> Vec<Option<&'static str>> {
    let mut taken = Vec::new();
    for object in objects {
        taken.push(match tx.insert(object).await {
            Ok(()) => None,
            Err(StorageError::Conflict { field }) => Some(field),
            Err(other) => panic!("{other:?}"),
        });
    }
    taken
}

/// What a list, the totals and the label index tell of a kind.
async fn seen<R: Stored>(tx: &mut Tx, label: LabelId) -> (i64, Vec<Id>, i64) {
    let all = ListQuery {
        offset: 0,
        limit: 1_000,
        sort: vec![],
        filters: vec![],
        q: None,
        regions: vec![],
        status: None,
    };
    let labelled = ListQuery {
        filters: vec![(Filter::LabelId, label.0.to_string())],
        ..all.clone()
    };
    let page = tx.list::<R>(HOME, &all).await.unwrap();
    let ids = page.items.iter().map(|object| object.frame().id).collect();
    let with_label = tx.list::<R>(HOME, &labelled).await.unwrap();
    (page.total, ids, with_label.total)
}

async fn compare<R: Stored>(store: &Control, objects: &[R], label: LabelId) {
    let mut tx = store.write().await.unwrap();
    let expected = one_by_one(&mut tx, objects).await;
    let expected = (expected, seen::<R>(&mut tx, label).await);
    drop(tx);
    let mut tx = store.write().await.unwrap();
    let added = tx.insert_many(HOME, objects).await.unwrap();
    let field = |outcome| match outcome {
        Ok(()) => None,
        Err(StorageError::Conflict { field }) => Some(field),
        Err(other) => panic!("{other:?}"),
    };
    let taken: Vec<_> = added.into_iter().map(field).collect();
    assert_eq!((taken, seen::<R>(&mut tx, label).await), expected);
    assert!(expected.0.iter().any(Option::is_some));
    assert!(expected.0.iter().any(Option::is_none));
}

async fn many_are_taken_or_refused_as_one_by_one(store: &Control) {
    let label = LabelId(id(9_000));
    let mut seed = 7;
    let mut stored = place(1);
    stored.config.external_id = Some("1".into());
    insert(store, &[stored]).await;
    let mut stored = zone(2);
    stored.config.external_id = Some("1".into());
    insert(store, &[stored]).await;
    let mut stored = beacon(3);
    stored.config.external_id = Some("1".into());
    insert(store, &[stored]).await;

    let mut places = Vec::new();
    let mut zones = Vec::new();
    let mut beacons = Vec::new();
    for number in 100..400 {
        let external_id = (dice(&mut seed, 3) > 0).then(|| dice(&mut seed, 150).to_string());
        let label_ids = vec![label; dice(&mut seed, 2) as usize];
        let mut object = place(number);
        object.config.external_id.clone_from(&external_id);
        object.config.label_ids.clone_from(&label_ids);
        places.push(object);
        let mut object = zone(number);
        object.place_id = PlaceId(id(dice(&mut seed, 4)));
        object.config.floor_number = i64::from(dice(&mut seed, 4));
        object.config.short_id = (dice(&mut seed, 4) > 0).then(|| dice(&mut seed, 9).to_string());
        object.config.external_id.clone_from(&external_id);
        object.config.label_ids.clone_from(&label_ids);
        zones.push(object);
        let mut object = beacon(number);
        object.config.identity = BeaconIdentity::IBeacon {
            proximity_uuid: uuid::Uuid::nil(),
            major: 1,
            minor: dice(&mut seed, 200) as u16,
        };
        object.config.external_id = external_id;
        object.config.label_ids = label_ids;
        beacons.push(object);
    }
    compare(store, &places, label).await;
    compare(store, &zones, label).await;
    compare(store, &beacons, label).await;
}

async fn many_are_found_by_what_names_them(store: &Control) {
    let mut places = Vec::new();
    for number in 0..300 {
        let mut object = place(number);
        object.config.external_id = Some(format!("x{number}"));
        places.push(object);
    }
    insert(store, &places).await;
    let mut tx = store.read().await.unwrap();
    let wanted: Vec<Id> = (0..400).step_by(3).map(id).collect();
    let found = tx.get_many(HOME, &wanted).await.unwrap();
    let mut found: Vec<Id> = found
        .iter()
        .map(|p: &moca_core::place::Place| p.frame.id)
        .collect();
    found.sort_unstable();
    assert_eq!(found, (0..300).step_by(3).map(id).collect::<Vec<Id>>());
    let names = ["x7", "x299", "x300", "\0", "X7"];
    let found = tx.get_many_by_external_id(HOME, &names).await.unwrap();
    let mut found: Vec<Id> = found
        .iter()
        .map(|p: &moca_core::place::Place| p.frame.id)
        .collect();
    found.sort_unstable();
    assert_eq!(found, [id(7), id(299)]);
}
