//! Values that only one object may have.

use moca_core::{
    beacon::BeaconIdentity,
    id::{AppId, Id, LabelId, PlaceId},
};
use moca_storage::{
    StorageError,
    control::{Control, Stored, Tx},
};

use crate::{
    backend::on_every_backend,
    samples::{
        HOME, app, beacon, everything, id, insert, label, member, place, segment, tag, token, zone,
    },
};

on_every_backend![
    an_id_is_used_once,
    an_email_is_used_once_whatever_its_case,
    a_label_name_is_used_once,
    the_name_of_a_segment_or_tag_is_used_once_for_each_app,
    a_secret_is_used_once,
    an_external_id_is_used_once_for_each_kind,
    a_short_id_is_used_once_for_each_place_and_floor,
    a_beacon_identity_is_used_once,
    a_replace_is_refused_like_an_insert,
    a_batch_goes_on_after_a_conflict,
    a_deleted_value_is_free_again,
];

/// The field that stands in the way.
async fn taken<R: Stored>(tx: &mut Tx, object: &R) -> Option<&'static str> {
    match tx.insert(object).await {
        Ok(()) => None,
        Err(StorageError::Conflict { field }) => Some(field),
        Err(other) => panic!("{other:?}"),
    }
}

async fn an_id_is_used_once(store: &Control) {
    insert(store, &[app(1)]).await;
    let mut tx = store.write().await.unwrap();
    assert_eq!(taken(&mut tx, &app(1)).await, Some("id"));
    assert_eq!(taken(&mut tx, &place(1)).await, None, "another kind");
}

async fn an_email_is_used_once_whatever_its_case(store: &Control) {
    insert(store, &[member(1)]).await;
    let mut tx = store.write().await.unwrap();
    let mut other = member(2);
    other.config.email = Some("MEMBER1@Example.com".into());
    assert_eq!(taken(&mut tx, &other).await, Some("config.email"));
    for number in [3, 4] {
        let mut nobody = member(number);
        nobody.config.email = None;
        assert_eq!(taken(&mut tx, &nobody).await, None, "absent is not a value");
    }
}

async fn a_label_name_is_used_once(store: &Control) {
    insert(store, &[label(1)]).await;
    let mut tx = store.write().await.unwrap();
    let mut other = label(2);
    other.config.name = label(1).config.name;
    assert_eq!(taken(&mut tx, &other).await, Some("config.name"));
}

async fn the_name_of_a_segment_or_tag_is_used_once_for_each_app(store: &Control) {
    insert(store, &[segment(1)]).await;
    let mut tx = store.write().await.unwrap();
    let mut other = segment(2);
    other.config.name = segment(1).config.name;
    assert_eq!(taken(&mut tx, &other).await, Some("config.name"));
    other.app_id = AppId(id(999));
    assert_eq!(taken(&mut tx, &other).await, None, "another app");
    tx.insert(&tag(1)).await.unwrap();
    let mut other = tag(2);
    other.config.name = tag(1).config.name;
    assert_eq!(taken(&mut tx, &other).await, Some("config.name"));
    other.app_id = AppId(id(999));
    assert_eq!(taken(&mut tx, &other).await, None, "another app");
    let mut elsewhere = segment(3);
    elsewhere.app_id = AppId(id(999));
    elsewhere.config.external_id = segment(1).config.external_id;
    assert_eq!(taken(&mut tx, &elsewhere).await, Some("config.externalId"));
}

async fn a_secret_is_used_once(store: &Control) {
    insert(store, &[token(1)]).await;
    let mut tx = store.write().await.unwrap();
    let mut other = token(2);
    other.secret_hash = token(1).secret_hash;
    assert_eq!(taken(&mut tx, &other).await, Some("secret"));
}

async fn an_external_id_is_used_once_for_each_kind(store: &Control) {
    let external_id = Some("same".to_owned());
    let mut tx = store.write().await.unwrap();
    for (number, expected) in [(1, None), (2, Some("config.externalId"))] {
        let mut place = place(number);
        place.config.external_id.clone_from(&external_id);
        assert_eq!(taken(&mut tx, &place).await, expected);
        let mut zone = zone(number);
        zone.config.external_id.clone_from(&external_id);
        assert_eq!(taken(&mut tx, &zone).await, expected);
        let mut beacon = beacon(number);
        beacon.config.external_id.clone_from(&external_id);
        assert_eq!(taken(&mut tx, &beacon).await, expected);
    }
    let mut upper_case = place(3);
    upper_case.config.external_id = Some("SAME".into());
    assert_eq!(taken(&mut tx, &upper_case).await, None);
}

async fn a_short_id_is_used_once_for_each_place_and_floor(store: &Control) {
    insert(store, &[zone(1)]).await;
    let mut tx = store.write().await.unwrap();
    let mut other = zone(2);
    other.config.short_id = zone(1).config.short_id;
    assert_eq!(taken(&mut tx, &other).await, Some("config.shortId"));
    other.config.floor_number += 1;
    assert_eq!(taken(&mut tx, &other).await, None, "another floor");
    let mut elsewhere = zone(3);
    elsewhere.config.short_id = zone(1).config.short_id;
    elsewhere.place_id = PlaceId(id(999));
    assert_eq!(taken(&mut tx, &elsewhere).await, None, "another place");
}

async fn a_beacon_identity_is_used_once(store: &Control) {
    let identity = BeaconIdentity::IBeacon {
        proximity_uuid: uuid::Uuid::from_u128(7),
        major: 65_535,
        minor: 0,
    };
    let mut first = beacon(1);
    first.config.identity = identity;
    insert(store, &[first]).await;
    let mut tx = store.write().await.unwrap();
    let mut other = beacon(2);
    other.config.identity = identity;
    let field = "config.type, with its identity fields";
    assert_eq!(taken(&mut tx, &other).await, Some(field));
}

async fn a_replace_is_refused_like_an_insert(store: &Control) {
    insert(store, &[place(1), place(2)]).await;
    let mut tx = store.write().await.unwrap();
    let mut changed = place(2);
    changed.frame.revision = 2;
    tx.replace(&changed).await.unwrap();
    changed.frame.revision = 3;
    changed.config.external_id = place(1).config.external_id;
    let refused = tx.replace(&changed).await;
    assert!(matches!(
        refused,
        Err(StorageError::Conflict {
            field: "config.externalId"
        })
    ));
}

async fn a_batch_goes_on_after_a_conflict(store: &Control) {
    let mut tx = store.write().await.unwrap();
    let mut expected: Vec<Id> = Vec::new();
    for number in 0..30 {
        let mut item = place(number);
        item.config.external_id = Some(format!("shop-{}", number % 20));
        item.config.label_ids = vec![LabelId(id(50 + number))];
        match taken(&mut tx, &item).await {
            None => expected.push(item.frame.id),
            Some(field) => assert_eq!(field, "config.externalId"),
        }
    }
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    let page = tx
        .list::<moca_core::place::Place>(HOME, &everything())
        .await
        .unwrap();
    let ids: Vec<Id> = page.items.iter().map(|place| place.frame.id).collect();
    assert_eq!((page.total, ids), (20, expected));
    assert_eq!(tx.changes_since(0, 100).await.unwrap().len(), 20);
}

async fn a_deleted_value_is_free_again(store: &Control) {
    insert(store, &[place(1)]).await;
    let mut tx = store.write().await.unwrap();
    tx.delete::<moca_core::place::Place>(HOME, id(1))
        .await
        .unwrap();
    assert_eq!(taken(&mut tx, &place(1)).await, None);
}
