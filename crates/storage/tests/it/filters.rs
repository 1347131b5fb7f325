//! Filters by what an object's own columns do not say as it is: the status of campaigns, and what is
//! further off.

use moca_core::{
    beacon::{Beacon, BeaconIdentity},
    campaign::{Campaign, Status, status::Phase},
    experience::Experience,
    id::{AppId, CampaignId, Id, PlaceId, ZoneId},
};
use moca_storage::control::{Control, Filter, ListQuery};

use crate::{
    backend::{execute, on_every_backend},
    lists::filtered,
    samples::{HOME, beacon, campaign, everything, experience, id, insert, triggers, zone},
};

on_every_backend![
    a_status_is_listed_as_the_lifecycle_tells_it,
    experiences_and_beacons_are_found_by_what_is_further_off,
];
mod by_url {
    use super::objects_older_than_the_columns_are_found;
    crate::backend::on_every_backend![by url: objects_older_than_the_columns_are_found];
}

/// Campaigns in every phase, at all distances from a few moments.
fn campaigns_in_every_phase() -> Vec<Campaign> {
    let phases = [
        Phase::Draft,
        Phase::Started,
        Phase::Stopped,
        Phase::Finished,
        Phase::Archived,
    ];
    let mut campaigns = Vec::new();
    for phase in phases {
        for start_at in [10, 20, 30] {
            for end_at in [None, Some(15), Some(25), Some(35)] {
                if end_at.is_some_and(|end_at| end_at <= start_at) {
                    continue;
                }
                let mut one = campaign(campaigns.len() as u32);
                one.lifecycle.phase = phase;
                one.config.start_at = start_at;
                one.config.end_at = end_at;
                campaigns.push(one);
            }
        }
    }
    campaigns
}

async fn a_status_is_listed_as_the_lifecycle_tells_it(store: &Control) {
    let mut campaigns = campaigns_in_every_phase();
    insert(store, &campaigns).await;
    // What was changed is found as it is now.
    let mut ended = campaigns[0].clone();
    ended.lifecycle.phase = Phase::Started;
    ended.config.end_at = Some(12);
    ended.frame.revision = 2;
    let mut tx = store.write().await.unwrap();
    tx.replace(&ended).await.unwrap();
    tx.commit().await.unwrap();
    campaigns[0] = ended;
    statuses_agree(store, &campaigns).await;
}

/// Each status lists the campaigns that have it by their lifecycles, at any moment.
async fn statuses_agree(store: &Control, campaigns: &[Campaign]) {
    let mut tx = store.read().await.unwrap();
    for at in [5, 10, 12, 14, 15, 20, 24, 25, 30, 35, 99] {
        let mut listed = 0;
        for status in Status::ALL {
            let query = ListQuery {
                status: Some((status, at)),
                ..everything()
            };
            let page = tx.list::<Campaign>(HOME, &query).await.unwrap();
            let has = |one: &&Campaign| one.lifecycle.status(&one.config, at).0 == status;
            let expected: Vec<Id> = campaigns
                .iter()
                .filter(has)
                .map(|one| one.frame.id)
                .collect();
            assert_eq!(page.total, expected.len() as i64, "{status:?} at {at}");
            let found: Vec<Id> = page.items.iter().map(|one| one.frame.id).collect();
            assert_eq!(found, expected, "{status:?} at {at}");
            listed += page.items.len();
        }
        assert_eq!(listed, campaigns.len());
    }
}

async fn experiences_and_beacons_are_found_by_what_is_further_off(store: &Control) {
    let mut elsewhere = campaign(8);
    elsewhere.app_id = AppId(id(99));
    insert(store, &[campaign(7), elsewhere]).await;
    let mut experiences: Vec<_> = (20..)
        .zip(triggers())
        .map(|(number, trigger)| experience(number, trigger))
        .collect();
    experiences[5].campaign_id = CampaignId(id(8));
    experiences[5].config.enabled = true;
    insert(store, &experiences).await;
    let mut zone2 = zone(4);
    zone2.place_id = PlaceId(id(99));
    insert(store, &[zone(3), zone2]).await;
    let mut ibeacon = beacon(2);
    ibeacon.zone_id = Some(ZoneId(id(4)));
    ibeacon.config.identity = BeaconIdentity::IBeacon {
        proximity_uuid: uuid::Uuid::nil(),
        major: 1,
        minor: 2,
    };
    let mut loose = beacon(3);
    loose.zone_id = None;
    insert(store, &[beacon(1), ibeacon, loose]).await;
    for (filter, value, expected) in [
        (Filter::AppId, id(4).to_string(), 5),
        (Filter::AppId, id(99).to_string(), 1),
        (Filter::PlaceId, id(2).to_string(), 2),
        (Filter::ZoneId, id(3).to_string(), 2),
        (Filter::BeaconId, id(8).to_string(), 2),
        // The id of one kind is none of another.
        (Filter::BeaconId, id(2).to_string(), 0),
        (Filter::Enabled, "true".into(), 1),
        (Filter::Enabled, "false".into(), 5),
    ] {
        let found = filtered::<Experience>(store, filter, value.clone()).await;
        assert_eq!(found, expected, "{filter:?} {value}");
    }
    for (filter, value, expected) in [
        (Filter::PlaceId, id(2).to_string(), 1),
        (Filter::PlaceId, id(99).to_string(), 1),
        (Filter::PlaceId, id(98).to_string(), 0),
        (Filter::BeaconType, "IBeacon".into(), 1),
        (Filter::BeaconType, "EddystoneUid".into(), 2),
        (Filter::BeaconType, "Lighthouse".into(), 0),
    ] {
        let found = filtered::<Beacon>(store, filter, value.clone()).await;
        assert_eq!(found, expected, "{filter:?} {value}");
    }
}

/// The schema before these columns, with these objects in it.
async fn as_before_the_columns(url: &str, campaigns: &[Campaign], experiences: &[Experience]) {
    let (text, bytes) = match url.starts_with("sqlite:") {
        true => ("TEXT", "BLOB"),
        false => ("TEXT COLLATE \"C\"", "BYTEA"),
    };
    let mut sql = String::from(
        "CREATE TABLE schema_version (version BIGINT PRIMARY KEY, name {text} NOT NULL);",
    );
    sql.push_str(include_str!("../../migrations/0001_control.sql"));
    let mut sql = sql.replace("{text}", text).replace("{bytes}", bytes);
    sql.push_str("INSERT INTO schema_version VALUES (1, '0001_control');");
    let json = |value: serde_json::Value| value.to_string().replace('\'', "''");
    for one in campaigns {
        let (id, created_at) = (one.frame.id, one.frame.created_at);
        let config = json(serde_json::to_value(&one.config).unwrap());
        let lifecycle = json(serde_json::to_value(one.lifecycle).unwrap());
        sql.push_str(&format!(
            "INSERT INTO campaigns VALUES ('{HOME}', '{id}', {created_at}, 1, 1, 'C', 'c', \
             '{config}', '{}', '{lifecycle}');",
            one.app_id
        ));
    }
    for one in experiences {
        let (id, created_at) = (one.frame.id, one.frame.created_at);
        let config = json(serde_json::to_value(&one.config).unwrap());
        let trigger = json(serde_json::to_value(&one.trigger).unwrap());
        let action = json(serde_json::to_value(&one.action).unwrap());
        sql.push_str(&format!(
            "INSERT INTO experiences VALUES ('{HOME}', '{id}', {created_at}, 1, 1, 'E', 'e', \
             '{config}', '{}', 'place', '{PLACE}', '{trigger}', '{action}');",
            one.campaign_id,
            PLACE = self::id(2),
        ));
    }
    execute(url, &sql).await;
}

async fn objects_older_than_the_columns_are_found(url: &str) {
    let campaigns = campaigns_in_every_phase();
    // More than are filled in at a time.
    let experiences: Vec<Experience> = (0..1_100)
        .map(|number| {
            let mut one = experience(number, triggers()[0].clone());
            one.config.enabled = number % 4 == 0;
            one
        })
        .collect();
    as_before_the_columns(url, &campaigns, &experiences).await;
    let store = &Control::open(url).await.unwrap();
    statuses_agree(store, &campaigns).await;
    for (enabled, expected) in [("true", 275), ("false", 825)] {
        let query = ListQuery {
            limit: 2_000,
            filters: vec![(Filter::Enabled, enabled.into())],
            ..everything()
        };
        let mut tx = store.read().await.unwrap();
        let page = tx.list::<Experience>(HOME, &query).await.unwrap();
        assert_eq!(
            (page.total, page.items.len()),
            (expected, expected as usize)
        );
    }
}
