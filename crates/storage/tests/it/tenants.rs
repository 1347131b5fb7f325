//! No method shows or changes what another account has.

use moca_core::{
    account::{Account, Member, Token},
    app::App,
    beacon::Beacon,
    campaign::{Campaign, group::CampaignGroup},
    experience::Experience,
    id::{AccountId, Id, ZoneId},
    label::Label,
    notification::Notification,
    place::Place,
    resource::{Frame, Kind},
    segment::Segment,
    tag::Tag,
    webhook::Webhook,
    zone::Zone,
};
use moca_storage::{
    StorageError,
    control::{Control, Filter, KeptAnswer, ListQuery, Stored},
};

use crate::{
    backend::on_every_backend,
    samples::{
        ABROAD, HOME, account, app, beacon, campaign, campaign_group, everything, experience, id,
        insert, label, member, notification, place, segment, tag, token, triggers, webhook, zone,
    },
};

on_every_backend![
    objects_are_seen_and_changed_at_home_only,
    the_same_values_may_be_used_in_two_accounts,
    other_methods_stay_at_home,
];

async fn objects_are_seen_and_changed_at_home_only(store: &Control) {
    only_at_home(store, account(HOME), |o: &mut Account| &mut o.frame).await;
    only_at_home(store, member(1), |o: &mut Member| &mut o.frame).await;
    only_at_home(store, token(1), |o: &mut Token| &mut o.frame).await;
    only_at_home(store, app(1), |o: &mut App| &mut o.frame).await;
    only_at_home(store, label(1), |o: &mut Label| &mut o.frame).await;
    only_at_home(store, place(1), |o: &mut Place| &mut o.frame).await;
    only_at_home(store, zone(1), |o: &mut Zone| &mut o.frame).await;
    only_at_home(store, beacon(1), |o: &mut Beacon| &mut o.frame).await;
    let sample = campaign_group(1);
    only_at_home(store, sample, |o: &mut CampaignGroup| &mut o.frame).await;
    only_at_home(store, tag(1), |o: &mut Tag| &mut o.frame).await;
    only_at_home(store, segment(1), |o: &mut Segment| &mut o.frame).await;
    only_at_home(store, campaign(1), |o: &mut Campaign| &mut o.frame).await;
    let sample = experience(1, triggers()[0].clone());
    only_at_home(store, sample, |o: &mut Experience| &mut o.frame).await;
    let sample = notification(1);
    only_at_home(store, sample, |o: &mut Notification| &mut o.frame).await;
    only_at_home(store, webhook(1), |o: &mut Webhook| &mut o.frame).await;
}

async fn only_at_home<R: Stored + Clone + PartialEq + std::fmt::Debug>(
    store: &Control,
    object: R,
    frame: impl Fn(&mut R) -> &mut Frame,
) {
    let mut foreign = object.clone();
    frame(&mut foreign).account_id = ABROAD;
    frame(&mut foreign).revision = 2;
    let id = frame(&mut foreign).id;
    insert(store, std::slice::from_ref(&object)).await;

    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.get::<R>(ABROAD, id).await.unwrap(), None);
    let page = tx.list::<R>(ABROAD, &everything()).await.unwrap();
    assert_eq!((page.total, page.items), (0, vec![]));
    assert_eq!(tx.existing(ABROAD, R::KIND, &[id]).await.unwrap(), []);
    let stale = tx.replace(&foreign).await;
    assert!(matches!(stale, Err(StorageError::Stale)), "{stale:?}");
    assert!(!tx.delete::<R>(ABROAD, id).await.unwrap());
    let taken = tx.insert(&foreign).await;
    assert!(matches!(taken, Err(StorageError::Conflict { field: "id" })));
    assert_eq!(tx.get(HOME, id).await.unwrap(), Some(object));
}

async fn the_same_values_may_be_used_in_two_accounts(store: &Control) {
    insert(store, &[member(1)]).await;
    insert(store, &[label(1)]).await;
    insert(store, &[place(1)]).await;
    insert(store, &[zone(1)]).await;
    insert(store, &[beacon(1)]).await;
    let abroad = Frame {
        account_id: ABROAD,
        id: id(2),
        ..member(1).frame
    };
    let mut copies = (member(1), label(1), place(1), zone(1), beacon(1));
    copies.0.frame = abroad.clone();
    copies.1.frame = abroad.clone();
    copies.2.frame = abroad.clone();
    copies.3.frame = abroad.clone();
    copies.4.frame = abroad;
    insert(store, &[copies.0]).await;
    insert(store, &[copies.1]).await;
    insert(store, std::slice::from_ref(&copies.2)).await;
    insert(store, std::slice::from_ref(&copies.3)).await;
    insert(store, std::slice::from_ref(&copies.4)).await;

    let mut tx = store.read().await.unwrap();
    let found = tx.get_by_external_id::<Place>(ABROAD, "place-1").await;
    assert_eq!(found.unwrap(), Some(copies.2));
    let found = tx.get_by_external_id::<Zone>(ABROAD, "zone-1").await;
    assert_eq!(found.unwrap(), Some(copies.3));
    let found = tx.get_by_external_id::<Beacon>(ABROAD, "beacon-1").await;
    assert_eq!(found.unwrap(), Some(copies.4));
    let found = tx.get_by_external_id::<Place>(HOME, "place-1\0").await;
    assert_eq!(found.unwrap(), None);
    let found = tx.get_by_external_id::<Place>(HOME, "place-1").await;
    assert_eq!(found.unwrap(), Some(place(1)));
}

async fn other_methods_stay_at_home(store: &Control) {
    insert(store, &[zone(3)]).await;
    insert(store, &[beacon(1), beacon(2)]).await;
    insert(store, &[segment(9), segment(10)]).await;
    let mut tx = store.write().await.unwrap();
    let answer = KeptAnswer {
        request_hash: [1; 32],
        sealed_answer: vec![1],
        created_at: 1,
    };
    tx.keep_answer(HOME, "key", &answer, 0).await.unwrap();

    let found = tx.get_by_external_id::<Zone>(ABROAD, "zone-3").await;
    assert_eq!(found.unwrap(), None);
    for (kind, id) in [
        (Kind::Zone, id(3)),
        (Kind::Label, id(5)),
        (Kind::Place, id(2)),
        (Kind::Segment, id(9)),
    ] {
        assert_ne!(tx.references(HOME, kind, id, 9).await.unwrap(), []);
        assert_eq!(tx.references(ABROAD, kind, id, 9).await.unwrap(), []);
    }
    assert_eq!(labelled(&mut tx, HOME, id(6)).await, 2);
    assert_eq!(labelled(&mut tx, ABROAD, id(6)).await, 0);
    assert_eq!(tx.kept_answer(ABROAD, "key").await.unwrap(), None);
    tx.keep_answer(ABROAD, "key", &answer, 0).await.unwrap();

    let zone = ZoneId(id(3));
    assert_eq!(tx.beacons_of_zone(ABROAD, zone).await.unwrap(), []);
    tx.set_zone_beacons(ABROAD, zone, &[beacon(1).id()], 9)
        .await
        .unwrap();
    tx.set_zone_beacons(ABROAD, zone, &[], 9).await.unwrap();
    let expected = [beacon(1).id(), beacon(2).id()];
    assert_eq!(tx.beacons_of_zone(HOME, zone).await.unwrap(), expected);
}

async fn labelled(tx: &mut moca_storage::control::Tx, account: AccountId, label: Id) -> i64 {
    let query = ListQuery {
        filters: vec![(Filter::LabelId, label.to_string())],
        ..everything()
    };
    tx.list::<Beacon>(account, &query).await.unwrap().total
}
