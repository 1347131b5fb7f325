//! The life that every resource has: made, read, listed, sent back unchanged, deleted.

use serde_json::{Value, json};

use crate::support::team::Team;

const RESOURCES: [(&str, &str); 14] = [
    ("/v2/members", "memberId"),
    ("/v2/tokens", "tokenId"),
    ("/v2/apps", "appId"),
    ("/v2/labels", "labelId"),
    ("/v2/places", "placeId"),
    ("/v2/zones", "zoneId"),
    ("/v2/beacons", "beaconId"),
    ("/v2/campaign-groups", "campaignGroupId"),
    ("/v2/tags", "tagId"),
    ("/v2/segments", "segmentId"),
    ("/v2/campaigns", "campaignId"),
    ("/v2/experiences", "experienceId"),
    ("/v2/notifications", "notificationId"),
    ("/v2/webhooks", "webhookId"),
];

#[tokio::test]
async fn what_is_made_is_found_at_its_location_and_in_its_list() {
    let team = Team::start().await;
    let objects = team.installation.objects(&team.tenant).await;
    for (collection, id_name) in RESOURCES {
        let body = team
            .installation
            .body("POST", collection, &objects)
            .unwrap();
        let answer = team.post(collection, body).await;
        assert_eq!(answer.status, 201, "{collection}: {}", answer.json());
        let location = answer.header("location").unwrap().to_owned();
        let mut made = answer.done();
        let id = made[id_name].as_str().unwrap().to_owned();
        assert_eq!(location, format!("{collection}/{id}"));
        // The secret of a token or webhook is shown when it is made only.
        made.as_object_mut().unwrap().remove("accessToken");
        made.as_object_mut().unwrap().remove("secret");
        assert_eq!(configured(team.get(&location).await.done()), made);
        let list = team.get(collection).await.done();
        let mut items = list["items"].as_array().unwrap().iter().cloned();
        assert!(items.any(|item| configured(item) == made), "{list}");
        assert_eq!(list["total"], list["items"].as_array().unwrap().len());
    }
}

#[tokio::test]
async fn an_answer_sent_back_changes_nothing_but_the_time_of_change() {
    let team = Team::start().await;
    let objects = team.installation.objects(&team.tenant).await;
    team.installation.clock.advance(1_000);
    for (collection, id_name) in RESOURCES {
        let path = format!("{collection}/{}", objects.ids[id_name]);
        let read = team.get(&path).await;
        let etag = read.header("etag").unwrap().to_owned();
        let read = read.done();
        let written = team.put(&path, read.clone()).await;
        let mut before = configured(read);
        assert_ne!(written.header("etag"), Some(etag.as_str()), "{path}");
        let after = written.done();
        assert!(after["updatedAt"].as_i64() > before["updatedAt"].as_i64());
        before["updatedAt"] = after["updatedAt"].clone();
        assert_eq!(after, before, "{path}");
        assert_eq!(configured(team.get(&path).await.done()), before, "{path}");
    }
}

#[tokio::test]
async fn what_the_server_owns_cannot_be_sent_back_changed() {
    let team = Team::start().await;
    let objects = team.installation.objects(&team.tenant).await;
    for (collection, id_name) in RESOURCES {
        let path = format!("{collection}/{}", objects.ids[id_name]);
        let before = team.get(&path).await.done();
        let mut body = before.clone();
        for (field, other) in [
            (id_name, json!("AZuN58uAcACAAAAAAAAAaQ")),
            ("createdAt", json!(1)),
            ("accountId", json!("AZuN58uAcACAAAAAAAAAaQ")),
        ] {
            body[field] = other;
        }
        let refused = team.put(&path, body).await;
        assert_eq!(refused.status, 400, "{path}");
        let problem = refused.json();
        let faults = problem["errors"].as_array().unwrap();
        let faults = faults.iter().map(|it| (&it["pointer"], &it["code"]));
        let mut faults: Vec<_> = faults
            .map(|(pointer, code)| (pointer.as_str().unwrap(), code.as_str().unwrap()))
            .collect();
        faults.sort_unstable();
        let own = format!("/{id_name}");
        let mut expected = [
            ("/accountId", "immutable"),
            ("/createdAt", "immutable"),
            (&own, "immutable"),
        ];
        expected.sort_unstable();
        assert_eq!(faults, expected, "{path}");
        assert_eq!(
            configured(team.get(&path).await.done()),
            configured(before),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_changes_elsewhere_does_not_change_by_a_put() {
    let team = Team::start().await;
    let objects = team.installation.objects(&team.tenant).await;
    let account = format!("/v2/accounts/{}", team.tenant.account_id);
    for (path, field, other) in [
        (
            format!("/v2/campaigns/{}", objects.ids["campaignId"]),
            "status",
            json!("Finished"),
        ),
        (
            format!("/v2/apps/{}", objects.ids["appId"]),
            "appSecret",
            json!("0".repeat(36)),
        ),
        (
            account,
            "rateLimits",
            json!({"tokenRequestsPerMinute": 1_000_000}),
        ),
    ] {
        let mut body = team.get(&path).await.done();
        team.put(&path, body.clone()).await.done();
        body[field] = other;
        let refused = team.put(&path, body).await;
        assert_eq!(refused.status, 400, "{path}");
        let fault = &refused.json()["errors"][0];
        assert_eq!(fault["pointer"], format!("/{field}"));
        assert_eq!(fault["code"], "immutable");
    }
}

#[tokio::test]
async fn nothing_is_made_in_another_account() {
    let team = Team::start().await;
    let objects = team.installation.objects(&team.tenant).await;
    for (collection, _) in RESOURCES {
        let body = team.installation.body("POST", collection, &objects);
        let mut body = body.unwrap();
        body["accountId"] = json!("AZuN58uAcACAAAAAAAAAaQ");
        let refused = team.post(collection, body).await;
        assert_eq!(refused.status, 400, "{collection}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/accountId");
    }
}

/// An object without what devices have seen of it meanwhile, which only reads answer.
fn configured(mut object: Value) -> Value {
    let fields = object.as_object_mut().unwrap();
    fields.remove("health");
    fields.remove("instanceCount");
    object
}

#[tokio::test]
async fn what_is_deleted_is_gone() {
    let team = Team::start().await;
    let objects = team.installation.objects(&team.tenant).await;
    let notification = format!("/v2/notifications/{}", objects.ids["notificationId"]);
    let notification = team.get(&notification).await.done();
    let push = format!(
        "/v2/campaigns/{}",
        notification["campaignId"].as_str().unwrap()
    );
    team.delete(&format!("{push}?cascade=true")).await.done();
    // Users before what they use.
    let others = RESOURCES.iter().filter(|(_, id)| *id != "notificationId");
    for (collection, id_name) in others.rev() {
        let path = format!("{collection}/{}", objects.ids[id_name]);
        // A device has registered with the app.
        let cascade = if *id_name == "appId" {
            "?cascade=true"
        } else {
            ""
        };
        team.delete(&format!("{path}{cascade}")).await.done();
        assert_eq!(team.get(&path).await.status, 404, "{path}");
        assert_eq!(team.delete(&path).await.status, 404, "{path}");
    }
}
