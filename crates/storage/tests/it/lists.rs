//! Lists against a naive model: a vector that is filtered, sorted and cut.

use std::cmp::Ordering;

use moca_core::{
    account::Account,
    app::App,
    beacon::Beacon,
    campaign::Campaign,
    experience::Experience,
    id::{
        AccountId, AppId, BeaconId, CampaignGroupId, CampaignId, LabelId, MemberId, PlaceId,
        SegmentId, ZoneId,
    },
    notification::{Audience, Notification, State},
    place::Place,
    segment::Segment,
    webhook::{DisabledReason, Webhook},
    zone::Zone,
};
use moca_storage::control::{Control, Filter, ListQuery, SortField, Stored};

use crate::{
    backend::on_every_backend,
    raw::agrees,
    samples::{
        HOME, account, beacon, campaign, everything, experience, id, insert, notification, place,
        segment, token, triggers, webhook, zone,
    },
};

on_every_backend![
    lists_agree_with_a_naive_model,
    names_are_searched_as_plain_text_whatever_their_case,
    each_filter_finds_its_objects,
    a_filter_that_a_kind_does_not_have_is_an_error,
    operators_list_all_accounts,
    ids_are_walked_through_in_pages,
];

/// Names that differ in case, accents and wildcards; times that are shared by several.
fn assorted() -> Vec<Place> {
    let names = [
        "gate",
        "Gate",
        "GATE 100%",
        "a_b",
        "axb",
        "\u{c9}cija",
        "\u{e9}cija",
        "\\",
        "~",
    ];
    (0..60)
        .map(|number| {
            let mut place = place(number * 7_919 % 60);
            place.config.name = names[number as usize % names.len()].into();
            place.config.label_ids = vec![LabelId(id(number % 3))];
            place.frame.created_at = 1_000 + i64::from(number / 5);
            place.frame.updated_at = 5_000 - i64::from(number % 4);
            place
        })
        .collect()
}

fn compare(a: &Place, b: &Place, sort: &[(SortField, bool)]) -> Ordering {
    let by = |field: SortField| match field {
        SortField::CreatedAt => a.frame.created_at.cmp(&b.frame.created_at),
        SortField::UpdatedAt => a.frame.updated_at.cmp(&b.frame.updated_at),
        SortField::Name => {
            let (a, b) = (a.config.name.to_lowercase(), b.config.name.to_lowercase());
            a.as_bytes().cmp(b.as_bytes())
        }
    };
    let directed = |order: Ordering, descending| if descending { order.reverse() } else { order };
    let mut order = Ordering::Equal;
    for (field, descending) in sort {
        order = order.then(directed(by(*field), *descending));
    }
    let last_resort = by(SortField::CreatedAt).then_with(|| {
        let (a, b) = (a.frame.id.to_string(), b.frame.id.to_string());
        a.cmp(&b)
    });
    let descending = sort.last().is_some_and(|(_, descending)| *descending);
    order.then(directed(last_resort, descending))
}

async fn lists_agree_with_a_naive_model(store: &Control) {
    use SortField::{CreatedAt, Name, UpdatedAt};
    let places = assorted();
    insert(store, &places).await;
    let sorts = [
        vec![],
        vec![(CreatedAt, false)],
        vec![(CreatedAt, true)],
        vec![(UpdatedAt, false)],
        vec![(UpdatedAt, true)],
        vec![(Name, false)],
        vec![(Name, true)],
        vec![(Name, false), (UpdatedAt, true)],
        vec![(UpdatedAt, true), (Name, true), (CreatedAt, false)],
    ];
    let mut tx = store.read().await.unwrap();
    for sort in &sorts {
        for label in [None, Some(1)] {
            for q in [None, Some("gat")] {
                let mut model: Vec<&Place> = places
                    .iter()
                    .filter(|place| {
                        label.is_none_or(|label| place.config.label_ids[0].0 == id(label))
                    })
                    .filter(|place| q.is_none_or(|q| place.config.name.to_lowercase().contains(q)))
                    .collect();
                model.sort_by(|a, b| compare(a, b, sort));
                for (offset, limit) in [
                    (0, 1_000),
                    (0, 7),
                    (7, 7),
                    (14, 7),
                    (59, 5),
                    (60, 5),
                    (9_999, 1),
                ] {
                    let query = ListQuery {
                        offset,
                        limit,
                        sort: sort.clone(),
                        filters: label
                            .map(|label| (Filter::LabelId, id(label).to_string()))
                            .into_iter()
                            .collect(),
                        q: q.map(str::to_owned),
                        regions: vec![],
                        status: None,
                    };
                    let page = tx.list::<Place>(HOME, &query).await.unwrap();
                    let expected = model.iter().skip(offset as usize).take(limit as usize);
                    assert!(page.items.iter().eq(expected.copied()), "{query:?}");
                    assert_eq!(page.total, model.len() as i64, "{query:?}");
                    agrees(&mut tx, &query, &page, |_| None).await;
                }
            }
        }
    }
}

async fn names_are_searched_as_plain_text_whatever_their_case(store: &Control) {
    let places = assorted();
    insert(store, &places).await;
    let mut tx = store.read().await.unwrap();
    for q in [
        "",
        "gate",
        "GATE",
        "100%",
        "%",
        "_",
        "a_b",
        "\\",
        "\u{c9}",
        "\u{e9}CIJA",
        "~",
        "%gate",
        "'",
        "zzz",
        "ga\0te",
    ] {
        let query = ListQuery {
            q: Some(q.into()),
            ..everything()
        };
        let page = tx.list::<Place>(HOME, &query).await.unwrap();
        let folded = q.to_lowercase();
        let matching = places
            .iter()
            .filter(|place| place.config.name.to_lowercase().contains(&folded));
        assert_eq!(page.total, matching.count() as i64, "{q:?}");
        assert_eq!(page.items.len() as i64, page.total);
    }
}

/// The numbers of the objects that a filter finds.
/// How many objects a filter finds.
pub(crate) async fn filtered<R: Stored>(store: &Control, filter: Filter, text: String) -> i64 {
    let query = ListQuery {
        filters: vec![(filter, text)],
        ..everything()
    };
    let mut tx = store.read().await.unwrap();
    let page = tx.list::<R>(HOME, &query).await.unwrap();
    assert_eq!(page.total, page.items.len() as i64);
    page.total
}

async fn each_filter_finds_its_objects(store: &Control) {
    let other = id(99);
    let (mut token2, mut campaign2, mut zone2, mut beacon2) =
        (token(2), campaign(2), zone(2), beacon(2));
    token2.member_id = MemberId(other);
    campaign2.app_id = AppId(other);
    let mut segment2 = segment(2);
    segment2.app_id = AppId(other);
    campaign2.config.group_id = Some(CampaignGroupId(other));
    zone2.place_id = PlaceId(other);
    beacon2.zone_id = Some(ZoneId(other));
    let mut experience2 = experience(2, triggers()[1].clone());
    experience2.campaign_id = CampaignId(other);
    zone2.config.label_ids = vec![LabelId(other)];
    beacon2.config.label_ids = vec![LabelId(other)];
    campaign2.config.segment_id = Some(SegmentId(other));
    let (mut notification2, mut webhook2) = (notification(2), webhook(2));
    notification2.campaign_id = CampaignId(other);
    notification2.audience = Audience::Segment {
        segment_id: SegmentId(other),
    };
    notification2.status.state = State::Cancelled;
    webhook2.config.campaign_id = Some(CampaignId(other));
    webhook2 = webhook2.disabled(DisabledReason::Gone, 5);
    insert(store, &[notification(1), notification2]).await;
    insert(store, &[webhook(1), webhook2]).await;
    insert(store, &[token(1), token2]).await;
    insert(store, &[campaign(1), campaign2]).await;
    insert(store, &[segment(1), segment2]).await;
    insert(store, &[place(1), place(2)]).await;
    insert(store, &[zone(1), zone2]).await;
    insert(store, &[beacon(1), beacon2, beacon(3)]).await;
    insert(store, &[experience(1, triggers()[0].clone()), experience2]).await;

    let text = other.to_string();
    for (other, nobody) in [(text, false), (BeaconId(id(77)).to_string(), true)] {
        let expected = if nobody { 0 } else { 1 };
        let found = [
            filtered::<moca_core::account::Token>(store, Filter::MemberId, other.clone()).await,
            filtered::<Segment>(store, Filter::AppId, other.clone()).await,
            filtered::<Campaign>(store, Filter::AppId, other.clone()).await,
            filtered::<Campaign>(store, Filter::GroupId, other.clone()).await,
            filtered::<Zone>(store, Filter::PlaceId, other.clone()).await,
            filtered::<Beacon>(store, Filter::ZoneId, other.clone()).await,
            filtered::<Experience>(store, Filter::CampaignId, other.clone()).await,
            filtered::<Zone>(store, Filter::LabelId, other.clone()).await,
            filtered::<Beacon>(store, Filter::LabelId, other.clone()).await,
            filtered::<Campaign>(store, Filter::SegmentId, other.clone()).await,
            filtered::<Notification>(store, Filter::SegmentId, other.clone()).await,
            filtered::<Notification>(store, Filter::CampaignId, other.clone()).await,
            filtered::<Webhook>(store, Filter::CampaignId, other.clone()).await,
        ];
        assert_eq!(found, [expected; 13]);
    }
    assert_eq!(
        filtered::<Place>(store, Filter::LabelId, id(5).to_string()).await,
        2
    );
    let state = notification(1).status.state.as_str().to_owned();
    for (text, expected) in [(state.as_str(), 1), ("Cancelled", 1), ("Sending", 0)] {
        let found = filtered::<Notification>(store, Filter::Status, text.to_owned()).await;
        assert_eq!(found, expected, "{text}");
    }
    for text in ["Active", "Disabled"] {
        let found = filtered::<Webhook>(store, Filter::Status, text.to_owned()).await;
        assert_eq!(found, 1, "{text}");
    }
    assert_eq!(
        filtered::<Place>(store, Filter::ExternalId, "place-2".into()).await,
        1
    );
    assert_eq!(
        filtered::<Zone>(store, Filter::ExternalId, "zone-2".into()).await,
        1
    );
    assert_eq!(
        filtered::<Beacon>(store, Filter::ExternalId, "beacon-2".into()).await,
        1
    );
    assert_eq!(
        filtered::<Segment>(store, Filter::ExternalId, "segment-2".into()).await,
        1
    );
    assert_eq!(
        filtered::<Beacon>(store, Filter::ExternalId, "place-2".into()).await,
        0
    );
}

async fn a_filter_that_a_kind_does_not_have_is_an_error(store: &Control) {
    let mut tx = store.read().await.unwrap();
    let query = ListQuery {
        filters: vec![(Filter::LabelId, id(1).to_string())],
        ..everything()
    };
    assert!(tx.list::<App>(HOME, &query).await.is_err());
    assert!(tx.get_by_external_id::<App>(HOME, "x").await.is_err());
}

async fn operators_list_all_accounts(store: &Control) {
    let accounts: Vec<Account> = (1..=5)
        .map(|number| {
            let mut account = account(AccountId(id(number)));
            account.frame.created_at = 1_000 - i64::from(number);
            account.config.name = format!("Account {}", number % 2);
            account
        })
        .collect();
    insert(store, &accounts).await;
    let mut tx = store.read().await.unwrap();
    let page = tx.list_accounts(&everything()).await.unwrap();
    let newest_last: Vec<&Account> = accounts.iter().rev().collect();
    assert_eq!((page.total, page.items.iter().collect()), (5, newest_last));
    let query = ListQuery {
        offset: 1,
        limit: 1,
        q: Some("account 1".into()),
        ..everything()
    };
    let page = tx.list_accounts(&query).await.unwrap();
    assert_eq!((page.total, page.items), (3, vec![accounts[2].clone()]));
    for account in &accounts {
        let id = account.frame.account_id;
        assert_eq!(tx.account(id).await.unwrap().as_ref(), Some(account));
    }
}

async fn ids_are_walked_through_in_pages(store: &Control) {
    let places = assorted();
    insert(store, &places).await;
    let mut tx = store.read().await.unwrap();
    let (mut walked, mut after) = (Vec::new(), None);
    loop {
        let page = tx.all::<Place>(after, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.frame.id);
        walked.extend(page);
    }
    let mut expected = places;
    expected.sort_by_key(|place| place.frame.id.to_string());
    assert_eq!(walked, expected);
}
