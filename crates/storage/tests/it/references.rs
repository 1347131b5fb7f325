//! What stands in the way of a deletion.

use moca_core::{
    experience::{Action, TagExpression, Trigger},
    id::{AppId, CampaignId, Id},
    resource::Kind,
};
use moca_storage::control::{Control, Reference};

use crate::{
    backend::on_every_backend,
    samples::{
        HOME, app, beacon, campaign, campaign_group, experience, id, insert, label, member,
        notification, place, segment, tag, token, triggers, webhook, zone,
    },
};

on_every_backend![each_kind_names_its_users, labels_follow_their_objects];

async fn fill(store: &Control) {
    insert(store, &[member(1)]).await;
    insert(store, &[token(11)]).await;
    insert(store, &[app(4)]).await;
    insert(store, &[label(5), label(6)]).await;
    insert(store, &[place(2)]).await;
    insert(store, &[zone(3)]).await;
    insert(store, &[beacon(8)]).await;
    insert(store, &[campaign_group(10)]).await;
    insert(store, &[tag(13)]).await;
    insert(store, &[segment(9), segment(10)]).await;
    insert(store, &[campaign(7)]).await;
    let experiences: Vec<_> = (20..)
        .zip(triggers())
        .map(|(number, trigger)| experience(number, trigger))
        .collect();
    insert(store, &experiences).await;
    // Two that change tags, one of them by a name that JSON writes otherwise; one in another app.
    let mut nasty = tag(14);
    nasty.config.name = r#"a "b" \ c%_ ñ"#.into();
    insert(store, &[nasty.clone()]).await;
    let mut abroad = campaign(70);
    abroad.app_id = AppId(id(40));
    abroad.config.segment_id = None;
    abroad.config.group_id = None;
    insert(store, &[abroad]).await;
    let changing = |number, name: &str, of: u32| {
        let mut one = experience(
            number,
            Trigger::Event {
                verb: "buy".to_owned(),
                item: None,
                category: None,
                query: None,
            },
        );
        one.campaign_id = CampaignId(id(of));
        one.action = Action::Tag(TagExpression {
            tag_name: name.to_owned(),
            tag_value: "+1".to_owned(),
        });
        one
    };
    let changing = [
        changing(50, &tag(13).config.name, 7),
        changing(51, &nasty.config.name, 7),
        changing(52, "Tag 1", 7),
        changing(53, &tag(13).config.name, 70),
    ];
    insert(store, &changing).await;
    insert(store, &[notification(30)]).await;
    insert(store, &[webhook(31)]).await;
}

async fn users(store: &Control, kind: Kind, number: u32, limit: i64) -> Vec<(Kind, Id, String)> {
    let mut tx = store.read().await.unwrap();
    let found = tx.references(HOME, kind, id(number), limit).await.unwrap();
    let parts = |reference: Reference| (reference.kind, reference.id, reference.name);
    found.into_iter().map(parts).collect()
}

async fn each_kind_names_its_users(store: &Control) {
    fill(store).await;
    let user = |kind: Kind, number: u32| {
        let noun = kind.noun();
        let name = format!("{}{} {number}", noun[..1].to_uppercase(), &noun[1..]);
        (kind, id(number), name)
    };
    let experience = |number| user(Kind::Experience, number);
    let expected = [
        (Kind::Member, 1, vec![user(Kind::Token, 11)]),
        (
            Kind::App,
            4,
            vec![
                user(Kind::CampaignGroup, 10),
                user(Kind::Tag, 13),
                (Kind::Tag, id(14), r#"a "b" \ c%_ ñ"#.into()),
                user(Kind::Segment, 9),
                user(Kind::Segment, 10),
                user(Kind::Campaign, 7),
                user(Kind::Webhook, 31),
            ],
        ),
        (
            Kind::Segment,
            9,
            vec![
                user(Kind::Segment, 10),
                user(Kind::Campaign, 7),
                user(Kind::Notification, 30),
            ],
        ),
        (Kind::Segment, 10, vec![]),
        (Kind::Tag, 13, vec![experience(50)]),
        (Kind::Tag, 14, vec![experience(51)]),
        (Kind::CampaignGroup, 10, vec![user(Kind::Campaign, 7)]),
        (
            Kind::Label,
            5,
            vec![user(Kind::Place, 2), user(Kind::Zone, 3)],
        ),
        (
            Kind::Label,
            6,
            vec![user(Kind::Place, 2), user(Kind::Beacon, 8)],
        ),
        (
            Kind::Place,
            2,
            vec![user(Kind::Zone, 3), experience(20), experience(21)],
        ),
        (
            Kind::Zone,
            3,
            vec![user(Kind::Beacon, 8), experience(22), experience(23)],
        ),
        (Kind::Beacon, 8, vec![experience(24), experience(25)]),
        (
            Kind::Campaign,
            7,
            (20..26)
                .chain(50..53)
                .map(experience)
                .chain([user(Kind::Notification, 30), user(Kind::Webhook, 31)])
                .collect(),
        ),
        (Kind::Token, 11, vec![]),
        (Kind::Experience, 20, vec![]),
        // The id of one kind is no reference to another kind with the same id.
        (Kind::Place, 3, vec![]),
        (Kind::Zone, 2, vec![]),
    ];
    for (kind, number, users_expected) in expected {
        assert_eq!(
            users(store, kind, number, 100).await,
            users_expected,
            "{kind:?}"
        );
        let mut tx = store.read().await.unwrap();
        let total = tx.count_references(HOME, kind, id(number)).await.unwrap();
        assert_eq!(total, users_expected.len() as i64, "{kind:?}");
        let first: Vec<_> = users_expected.into_iter().take(2).collect();
        assert_eq!(users(store, kind, number, 2).await, first, "{kind:?}");
    }
    let mut tx = store.read().await.unwrap();
    let of_account = tx.references(HOME, Kind::Account, HOME.0, 100).await;
    let mut kinds: Vec<Kind> = of_account.unwrap().iter().map(|user| user.kind).collect();
    kinds.dedup();
    // Who could make more goes first.
    assert_eq!(kinds[..2], [Kind::Member, Kind::Token]);
    kinds.sort_unstable();
    let mut all = Kind::ALL[1..].to_vec();
    all.sort_unstable();
    assert_eq!(kinds, all);
}

async fn labels_follow_their_objects(store: &Control) {
    fill(store).await;
    let mut tx = store.write().await.unwrap();
    let mut bare = place(2);
    bare.frame.revision = 2;
    bare.config.label_ids = vec![];
    tx.replace(&bare).await.unwrap();
    tx.delete::<moca_core::zone::Zone>(HOME, id(3))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(users(store, Kind::Label, 5, 100).await, []);
    assert_eq!(users(store, Kind::Label, 6, 100).await.len(), 1);
}
