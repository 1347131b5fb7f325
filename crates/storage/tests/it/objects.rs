//! Insert, get, replace and delete, for every kind.

use std::fmt::Debug;

use moca_core::{
    campaign::CampaignType,
    id::{AppId, Id},
    notification::{Audience, State},
    resource::{Frame, Kind},
    webhook::DisabledReason,
};
use moca_storage::{
    StorageError,
    control::{Control, Stored, Tx},
};

use crate::{
    backend::on_every_backend,
    samples::{
        ABROAD, HOME, account, app, beacon, campaign, campaign_group, composite, everything,
        experience, id, insert, label, member, notification, place, segment, tag, token, triggers,
        webhook, zone,
    },
};

on_every_backend![
    every_field_of_every_kind_comes_back,
    absent_fields_come_back_absent,
    a_stale_replace_is_refused,
    what_is_not_there_is_not_there,
    existing_ids_keep_their_order,
    what_exists_in_another_app_does_not_in_this,
];

async fn every_field_of_every_kind_comes_back(store: &Control) {
    let mut changed_account = account(HOME);
    changed_account.operator = false;
    changed_account.config.name = "Other".into();
    round_trip(store, account(HOME), changed_account, |o| &mut o.frame).await;

    let mut other = member(1);
    other.config.email = None;
    round_trip(store, member(1), other, |o| &mut o.frame).await;

    let mut other = token(2);
    other.config.expires_at = None;
    other.config.scopes = None;
    other.last_used_at = None;
    round_trip(store, token(2), other, |o| &mut o.frame).await;

    let mut other = app(3);
    other.sealed_secret = vec![];
    other.targets.truncate(1);
    other.previous_secret = None;
    round_trip(store, app(3), other, |o| &mut o.frame).await;

    let mut other = label(4);
    other.config.name = "\u{e1}rea".into();
    round_trip(store, label(4), other, |o| &mut o.frame).await;

    let mut other = place(5);
    other.config.geofence = None;
    other.sealed_secret_key = None;
    other.config.location_provider = None;
    other.config.label_ids = vec![];
    round_trip(store, place(5), other, |o| &mut o.frame).await;

    let mut other = zone(6);
    other.config.floor_number = 7;
    round_trip(store, zone(6), other, |o| &mut o.frame).await;

    let mut other = beacon(7);
    other.zone_id = None;
    round_trip(store, beacon(7), other, |o| &mut o.frame).await;

    let mut other = campaign_group(20);
    other.config.description = None;
    round_trip(store, campaign_group(20), other, |o| &mut o.frame).await;

    let mut other = tag(8);
    other.config.description = None;
    round_trip(store, tag(8), other, |o| &mut o.frame).await;

    let mut other = segment(8);
    other.config.external_id = None;
    other.config.query = Some(r#"{"lang":"es"}"#.into());
    round_trip(store, segment(8), other, |o| &mut o.frame).await;

    let mut other = campaign(8);
    other.config.segment_id = None;
    other.config.recurrence = None;
    other.config.kind = CampaignType::Push;
    other.config.end_at = None;
    other.config.group_id = None;
    round_trip(store, campaign(8), other, |o| &mut o.frame).await;

    for (number, trigger) in (9..).zip(triggers().into_iter().chain([composite()])) {
        let mut other = experience(number, trigger.clone());
        other.config.enabled = true;
        round_trip(store, experience(number, trigger), other, |o| &mut o.frame).await;
    }

    let mut other = notification(20);
    other.audience = Audience::All {};
    other.status.state = State::Sending;
    round_trip(store, notification(20), other, |o| &mut o.frame).await;

    let mut other = webhook(21).disabled(DisabledReason::Gone, 7);
    other.previous_secret = None;
    other.config.app_id = None;
    other.config.campaign_id = None;
    other.config.description = None;
    round_trip(store, webhook(21), other, |o| &mut o.frame).await;
}

/// Inserts, gets, replaces, gets, lists, deletes and gets again, each in its own transaction.
async fn round_trip<R: Stored + Debug + PartialEq + Clone>(
    store: &Control,
    first: R,
    mut second: R,
    frame: impl Fn(&mut R) -> &mut Frame,
) {
    let id = frame(&mut second).id;
    insert(store, std::slice::from_ref(&first)).await;
    assert_eq!(get(store, id).await, Some(first));

    let changed = frame(&mut second);
    (changed.revision, changed.updated_at) = (2, 1_800_000_000_000);
    let mut tx = store.write().await.unwrap();
    tx.replace(&second).await.unwrap();
    assert_eq!(tx.get::<R>(HOME, id).await.unwrap(), Some(second.clone()));
    tx.commit().await.unwrap();
    assert_eq!(get(store, id).await, Some(second.clone()));

    let mut tx = store.read().await.unwrap();
    let page = tx.list::<R>(HOME, &everything()).await.unwrap();
    assert_eq!(
        (page.total, page.items.last()),
        (page.items.len() as i64, Some(&second))
    );
    assert_eq!(tx.all::<R>(None, 100).await.unwrap().last(), Some(&second));
    drop(tx);

    let mut tx = store.write().await.unwrap();
    assert!(tx.delete::<R>(HOME, id).await.unwrap());
    assert!(!tx.delete::<R>(HOME, id).await.unwrap());
    assert_eq!(tx.list::<R>(HOME, &everything()).await.unwrap().total, 0);
    tx.commit().await.unwrap();
    assert_eq!(get::<R>(store, id).await, None);
}

async fn get<R: Stored>(store: &Control, id: Id) -> Option<R> {
    store.read().await.unwrap().get(HOME, id).await.unwrap()
}

async fn absent_fields_come_back_absent(store: &Control) {
    let mut bare_place = place(1);
    let config = &mut bare_place.config;
    (config.geofence, config.address, config.time_zone) = (None, None, None);
    (config.category, config.external_id, config.provider) = (None, None, None);
    config.label_ids = vec![];
    config.properties.clear();
    let mut bare_beacon = beacon(2);
    let config = &mut bare_beacon.config;
    (config.name, config.provider, config.code, config.location) = (None, None, None, None);
    (config.floor_number, config.tx_power_dbm, config.external_id) = (None, None, None);
    config.label_ids = vec![];
    config.properties.clear();

    insert(store, std::slice::from_ref(&bare_place)).await;
    insert(store, std::slice::from_ref(&bare_beacon)).await;
    assert_eq!(get(store, id(1)).await, Some(bare_place));
    assert_eq!(get(store, id(2)).await, Some(bare_beacon));
}

async fn a_stale_replace_is_refused(store: &Control) {
    insert(store, &[place(1)]).await;
    let mut tx = store.write().await.unwrap();
    for revision in [1, 3] {
        let mut stale = place(1);
        stale.frame.revision = revision;
        assert!(matches!(tx.replace(&stale).await, Err(StorageError::Stale)));
    }
    let mut next = place(1);
    next.frame.revision = 2;
    tx.replace(&next).await.unwrap();
    assert!(matches!(tx.replace(&next).await, Err(StorageError::Stale)));
    let mut absent = place(9);
    absent.frame.revision = 2;
    assert!(matches!(
        tx.replace(&absent).await,
        Err(StorageError::Stale)
    ));
    // The transaction goes on after each refusal.
    tx.commit().await.unwrap();
    assert_eq!(get(store, id(1)).await, Some(next));
}

async fn what_is_not_there_is_not_there(store: &Control) {
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.account(HOME).await.unwrap(), None);
    assert_eq!(tx.app_of_any_account(id(1)).await.unwrap(), None);
    assert_eq!(tx.token_by_hash(&[0; 32]).await.unwrap(), None);
    assert_eq!(tx.kept_answer(HOME, "key").await.unwrap(), None);
    assert_eq!(tx.config_version().await.unwrap(), 0);
    assert_eq!(list_total(&mut tx).await, 0);
    drop(tx);
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.changes_since(0, 10).await.unwrap(), []);
}

async fn list_total(tx: &mut Tx) -> i64 {
    let page = tx.list_accounts(&everything()).await.unwrap();
    assert_eq!(page.total, page.items.len() as i64);
    page.total
}

async fn existing_ids_keep_their_order(store: &Control) {
    let places: Vec<_> = (0..700).map(place).collect();
    insert(store, &places).await;
    let mut tx = store.read().await.unwrap();
    let asked: Vec<Id> = (0..1_400).rev().map(id).collect();
    let kind = Kind::Place;
    let found = tx.existing(HOME, kind, &asked).await.unwrap();
    assert_eq!(found, (0..700).rev().map(id).collect::<Vec<_>>());
    assert_eq!(tx.existing(HOME, kind, &[]).await.unwrap(), []);
    assert_eq!(tx.existing(ABROAD, kind, &asked).await.unwrap(), []);
}

async fn what_exists_in_another_app_does_not_in_this(store: &Control) {
    let mut other = campaign_group(2);
    other.app_id = AppId(id(5));
    insert(store, &[campaign_group(1), other]).await;
    let mut tx = store.read().await.unwrap();
    let asked = [id(2), id(1), id(3)];
    for (app, expected) in [(4, vec![id(1)]), (5, vec![id(2)]), (6, vec![])] {
        let kind = Kind::CampaignGroup;
        let found = tx.existing_in_app(HOME, AppId(id(app)), kind, &asked).await;
        assert_eq!(found.unwrap(), expected, "{app}");
        let abroad = tx.existing_in_app(ABROAD, AppId(id(app)), kind, &asked);
        assert_eq!(abroad.await.unwrap(), []);
    }
    // A kind that is part of no app.
    let place = tx.existing_in_app(HOME, AppId(id(4)), Kind::Place, &asked);
    assert!(matches!(place.await, Err(StorageError::Backend { .. })));
}
