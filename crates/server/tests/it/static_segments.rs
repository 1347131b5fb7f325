//! Static segments: their members are chosen, not asked for.

use moca_core::{account::Role, limits::SEGMENT_MEMBER_USERS_MAX};
use serde_json::{Value, json};

use crate::{
    people::{Phone, app, id},
    support::{
        NOON,
        request::Answer,
        team::{Team, expected, experience, faults},
    },
};

const HOUR_MS: i64 = 3_600_000;

async fn chosen(team: &Team, app: &Value) -> String {
    let body = json!({"appId": id(app), "config": {"name": "Chosen", "type": "Static"}});
    team.create("/v2/segments", "segmentId", body).await
}

async fn choose(team: &Team, segment: &str, body: Value) -> Answer {
    team.put(&format!("/v2/segments/{segment}/members"), body)
        .await
}

/// The instances of a segment, in the order they registered.
async fn members(team: &Team, segment: &str) -> Vec<String> {
    let list = team.get(&format!("/v2/segments/{segment}/instances")).await;
    let list = list.done();
    let items = list["items"].as_array().unwrap().iter();
    let ids: Vec<String> = items
        .map(|item| item["instanceId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(list["total"], ids.len());
    ids
}

async fn estimate(team: &Team, app: &Value, query: Value) -> Value {
    let body = json!({"appId": id(app), "query": query});
    team.post("/v2/segments/estimate", body).await.done()["count"].clone()
}

#[tokio::test]
async fn the_list_is_replaced_counted_paged_and_named() {
    let team = Team::start().await;
    let app = app(&team).await;
    let segment = chosen(&team, &app).await;
    let mut phones = Vec::new();
    for user in ["ana", "ana", "bob", "eva"] {
        team.installation.clock.advance(1);
        let phone = Phone::register(&team, &app, json!({"lang": user})).await;
        phone.log_in(user, json!({})).await;
        phones.push(phone);
    }
    phones[1].log_out().await;
    let named = |which: &[usize]| -> Vec<String> {
        let ids = which.iter().map(|n| phones[*n].instance_id.clone());
        ids.collect()
    };
    assert_eq!(members(&team, &segment).await, named(&[]));

    // Ana stands for the one that she is logged in on, which is named besides.
    let body = json!({"instanceIds": named(&[0, 3]), "userIds": ["ana"]});
    let first = choose(&team, &segment, body).await.done();
    assert_eq!(first, json!({"count": 2, "added": 2, "removed": 0}));
    assert_eq!(members(&team, &segment).await, named(&[0, 3]));
    let body = json!({"instanceIds": named(&[1]), "userIds": ["bob", "ana"]});
    let second = choose(&team, &segment, body.clone()).await.done();
    assert_eq!(second, json!({"count": 3, "added": 2, "removed": 1}));
    let again = choose(&team, &segment, body).await.done();
    assert_eq!(again, json!({"count": 3, "added": 0, "removed": 0}));
    assert_eq!(members(&team, &segment).await, named(&[0, 1, 2]));

    let page = format!("/v2/segments/{segment}/instances?offset=1&limit=1");
    let page = team.get(&page).await.done();
    assert_eq!(
        (&page["total"], &page["items"][0]["instanceId"]),
        (&json!(3), &json!(named(&[1])[0]))
    );
    let not_in_it = json!({"$all": [{"$not": {"$segment": segment}}, {"lang": {"$ne": "tlh"}}]});
    assert_eq!(estimate(&team, &app, not_in_it).await, 1);
    assert_eq!(
        estimate(&team, &app, json!({"$segment": segment, "lang": "bob"})).await,
        1
    );

    // Who was put into it is not heard of for that, and it stands in what is given out.
    let path = format!("/v2/instances/{}", phones[3].instance_id);
    let shown = team.get(&path).await.done();
    assert_eq!(shown["lastSeenAt"], shown["createdAt"]);
    let export = team.get(&format!("{path}/export")).await.done().to_string();
    for is_member in [true, false] {
        let told = json!({"kind": "list", "segmentId": segment, "isMember": is_member});
        for (key, value) in told.as_object().unwrap() {
            assert!(export.contains(&format!("\"{key}\":{value}")), "{export}");
        }
    }

    // Who is erased is in it no more; what is empty holds nobody.
    team.delete(&format!("/v2/instances/{}", phones[1].instance_id))
        .await
        .done();
    assert_eq!(members(&team, &segment).await, named(&[0, 2]));
    let emptied = choose(&team, &segment, json!({})).await.done();
    assert_eq!(emptied, json!({"count": 0, "added": 0, "removed": 2}));
    assert_eq!(members(&team, &segment).await, named(&[]));
}

#[tokio::test]
async fn what_cannot_be_a_member_is_refused_with_where_it_stands() {
    let team = Team::start().await;
    let (own, other) = (app(&team).await, app(&team).await);
    let segment = chosen(&team, &own).await;
    let phone = Phone::register(&team, &own, json!({})).await;
    let abroad = Phone::register(&team, &other, json!({})).await;
    abroad.log_in("ana", json!({})).await;
    let body = json!({
        "instanceIds": [phone.instance_id, abroad.instance_id],
        "userIds": ["ana"]
    });
    let refused = choose(&team, &segment, body).await;
    let all = [("/instanceIds/1", "not_found"), ("/userIds/0", "not_found")];
    assert_eq!(faults(&refused), expected(&all));
    assert!(members(&team, &segment).await.is_empty());

    let users: Vec<String> = (0..=SEGMENT_MEMBER_USERS_MAX)
        .map(|n| n.to_string())
        .collect();
    let refused = choose(&team, &segment, json!({ "userIds": users })).await;
    assert_eq!(faults(&refused), expected(&[("/userIds", "too_long")]));
    let detail = refused.json()["errors"][0]["detail"].to_string();
    assert!(
        detail.contains(&SEGMENT_MEMBER_USERS_MAX.to_string()),
        "{detail}"
    );

    let path = format!("/v2/segments/{segment}");
    let asks = json!({"appId": id(&own), "config": {"name": "Asks", "query": {"lang": "es"}}});
    let refused = team.put(&path, asks.clone()).await;
    assert_eq!(faults(&refused), expected(&[("/config/type", "immutable")]));
    let asking = team.create("/v2/segments", "segmentId", asks).await;
    let refused = choose(&team, &asking, json!({})).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "state_conflict")
    );
    let stale = team
        .installation
        .ask("PUT", &format!("{path}/members"))
        .bearer(&team.tenant.token)
        .header("if-match", "\"7\"");
    assert_eq!(stale.json(&json!({})).send().await.code(), "stale_version");
    let (_, analyst) = team.member(Role::Analyst).await;
    let path = format!("{path}/members");
    let refused = team.send_as(&analyst, "PUT", &path, &json!({})).await;
    assert_eq!(refused.code(), "role_too_low");
}

#[tokio::test]
async fn a_campaign_fires_for_who_was_chosen() {
    let team = Team::start().await;
    let app = app(&team).await;
    let segment = chosen(&team, &app).await;
    let body = json!({"appId": id(&app), "config": {
        "name": "Invited", "type": "Proximity", "segmentId": segment,
        "startAt": NOON - HOUR_MS, "endAt": NOON + HOUR_MS,
    }});
    let campaign = team.create("/v2/campaigns", "campaignId", body).await;
    let circle = json!({"type": "Circle", "latitude": 40, "longitude": 0, "radius": 100});
    let place = team.place(json!({"name": "P", "geofence": circle})).await;
    let trigger = json!({"@type": "EnterPlaceTrigger", "placeId": place});
    let body = experience(&campaign, trigger);
    team.post("/v2/experiences", body).await.done();
    team.act(&format!("/v2/campaigns/{campaign}/start"))
        .await
        .done();
    let invited = Phone::register(&team, &app, json!({})).await;
    let other = Phone::register(&team, &app, json!({})).await;
    let body = json!({"instanceIds": [invited.instance_id]});
    choose(&team, &segment, body).await.done();
    for phone in [&invited, &other] {
        let here = json!({"location": {"lat": 40, "lon": 0}});
        phone.event(NOON, here).await;
    }
    let list = team.get(&format!("/v2/decisions?appId={}", id(&app))).await;
    let list = list.done();
    let outcome = |phone: &Phone<'_>| {
        let mut all = list["items"].as_array().unwrap().iter();
        let own = all.find(|one| one["instanceId"] == phone.instance_id.as_str());
        (
            own.unwrap()["outcome"].clone(),
            own.unwrap()["compared"].clone(),
        )
    };
    assert_eq!(outcome(&invited), (json!("Fired"), Value::Null));
    let values = json!({format!("segment.{segment}"): false});
    let why = json!({"segmentId": segment, "values": values});
    assert_eq!(outcome(&other), (json!("NotInSegment"), why));
}
