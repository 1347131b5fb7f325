//! What an account sees of instances and users.

use serde_json::{Value, json};

use crate::support::{
    NOON, Tenant,
    team::{Team, ibeacon},
};

/// A device that talks to the API.
pub(crate) struct Phone<'a> {
    team: &'a Team,
    pub(crate) instance_id: String,
    pub(crate) token: String,
}

impl<'a> Phone<'a> {
    /// Registers with this body.
    pub(crate) async fn register(team: &'a Team, app: &Value, body: Value) -> Self {
        let text = |object: &Value, name: &str| object[name].as_str().unwrap().to_owned();
        let ask = team.installation.ask("POST", "/device/v1/instances");
        let ask = ask.basic(&text(app, "appId"), &text(app, "appSecret"));
        let made = ask.json(&body).send().await.done();
        Self {
            team,
            instance_id: text(&made, "instanceId"),
            token: text(&made, "instanceToken"),
        }
    }

    pub(crate) async fn put(&self, what: &str, body: Value) {
        let path = format!("/device/v1/instance{what}");
        let ask = self.team.installation.ask("PUT", &path).bearer(&self.token);
        ask.json(&body).send().await.done();
    }

    pub(crate) async fn log_in(&self, user_id: &str, properties: Value) {
        let body = json!({"userId": user_id, "properties": properties});
        self.put("/user", body).await;
    }

    pub(crate) async fn log_out(&self) {
        let ask = self
            .team
            .installation
            .ask("DELETE", "/device/v1/instance/user");
        ask.bearer(&self.token).send().await.done();
    }

    /// Sends one event, made unique.
    pub(crate) async fn event(&self, t: i64, what: Value) {
        let n = self.team.installation.unique();
        let mut event = json!({"id": format!("f7826da6-4fa2-4e98-8024-{n:012x}"), "t": t});
        for (key, value) in what.as_object().unwrap() {
            event[key] = value.clone();
        }
        self.send(&[event]).await;
    }

    /// Sends events in one request.
    pub(crate) async fn send(&self, events: &[Value]) {
        let ask = self.team.installation.ask("POST", "/device/v1/events");
        let ask = ask.bearer(&self.token).json(&json!(events));
        assert_eq!(ask.send().await.done()["accepted"], events.len());
    }
}

/// An app with its secret.
pub(crate) async fn app(team: &Team) -> Value {
    let body = json!({"config": {"name": "App"}});
    team.post("/v2/apps", body).await.done()
}

pub(crate) fn id(object: &Value) -> &str {
    object["appId"].as_str().unwrap()
}

fn ids(list: &Value, name: &str) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item[name].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_instance_is_shown_with_all_that_is_known_of_it() {
    let team = Team::start().await;
    let place_id = team
        .place(json!({"name": "Here", "geofence": {
            "type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120
        }}))
        .await;
    let app = app(&team).await;
    let told = json!({
        "deviceKey": "key-1", "deviceModel": "iPhone 11", "os": "iOS", "osVersion": "14.6",
        "lang": "es", "country": "ES", "timeZone": "Europe/Madrid", "carrier": "Lune",
        "appVersion": "2.1", "sdkVersion": "3.0", "locationStatus": "always"
    });
    let phone = Phone::register(&team, &app, told.clone()).await;
    phone.log_in("ana", json!({"vip": true})).await;
    phone.put("/tags/coffee", json!({"value": "+2"})).await;
    team.installation.clock.advance(60_000);
    let here = json!({"location": {"lat": 40.4, "lon": -3.7}});
    phone.event(NOON + 50_000, here).await;

    let path = format!("/v2/instances/{}", phone.instance_id);
    let answer = team.get(&path).await;
    let tag = answer.header("etag").unwrap().to_owned();
    let shown = answer.done();
    let mut expected = told;
    expected.as_object_mut().unwrap().remove("deviceKey");
    for (name, value) in [
        ("createdAt", json!(NOON)),
        ("lastSeenAt", json!(NOON + 60_000)),
        ("instanceId", json!(phone.instance_id)),
        ("appId", app["appId"].clone()),
        ("userId", json!("ana")),
        ("loggedIn", json!(true)),
        ("pushEnabled", json!(false)),
        ("properties", json!({"vip": true})),
        ("tags", json!({"coffee": 2.0})),
        (
            "inside",
            json!([{"placeId": place_id, "enteredAt": NOON + 50_000}]),
        ),
    ] {
        expected[name] = value;
    }
    assert_eq!(shown, expected);
    let list = team
        .get(&format!("/v2/instances?appId={}", id(&app)))
        .await
        .done();
    assert_eq!(list["items"], json!([shown]));

    // The tag is that of the content.
    assert_eq!(team.get(&path).await.header("etag"), Some(tag.as_str()));
    phone.log_out().await;
    let answer = team.get(&path).await;
    assert_ne!(answer.header("etag"), Some(tag.as_str()));
    let shown = answer.done();
    assert_eq!(shown["loggedIn"], false, "{shown}");
    assert!(shown.get("userId").is_none(), "{shown}");
}

#[tokio::test]
async fn instances_are_listed_as_they_registered_and_found_by_their_users() {
    let team = Team::start().await;
    let (app, other) = (app(&team).await, app(&team).await);
    let mut all = Vec::new();
    let mut phones = Vec::new();
    for _ in 0..5 {
        team.installation.clock.advance(1);
        let phone = Phone::register(&team, &app, json!({})).await;
        all.push(phone.instance_id.clone());
        phones.push(phone);
    }
    Phone::register(&team, &other, json!({}))
        .await
        .log_in("Ana", json!({}))
        .await;
    phones[3].log_in("Ana", json!({})).await;
    phones[1].log_in("Ana", json!({})).await;
    phones[1].log_out().await;
    phones[2].log_in("bob", json!({})).await;
    // Registering again makes no second one.
    phones[2].log_in("bob", json!({})).await;

    let list = async |query: &str| {
        let path = format!("/v2/instances?appId={}{query}", id(&app));
        team.get(&path).await.done()
    };
    for (query, total, expected) in [
        ("", 5, &all[..]),
        ("&offset=1&limit=2", 5, &all[1..3]),
        ("&offset=5", 5, &[]),
        ("&userId=Ana", 2, &[all[1].clone(), all[3].clone()]),
        ("&userId=Ana&offset=1", 2, &[all[3].clone()]),
        ("&userId=ana", 0, &[]),
        ("&q=NA", 2, &[all[1].clone(), all[3].clone()]),
        ("&q=b&userId=bob", 1, &[all[2].clone()]),
        ("&q=b&userId=Ana", 0, &[]),
    ] {
        let list = list(query).await;
        assert_eq!(list["total"], total, "{query}: {list}");
        assert_eq!(ids(&list, "instanceId"), expected, "{query}");
    }
}

#[tokio::test]
async fn a_user_is_made_by_logging_in_and_keeps_what_was_set_meanwhile() {
    let team = Team::start().await;
    let app = app(&team).await;
    let phone = Phone::register(&team, &app, json!({})).await;
    phone
        .put("/properties", json!({"properties": {"before": 1}}))
        .await;
    phone.put("/tags/early", json!({"value": "1"})).await;
    phone.log_in("ana", json!({"plan": "free", "old": 1})).await;
    phone
        .put(
            "/properties",
            json!({"properties": {"plan": "gold", "old": null}}),
        )
        .await;
    phone.put("/tags/coffee", json!({"value": "+2"})).await;
    phone.log_out().await;
    phone
        .put("/properties", json!({"properties": {"after": 1}}))
        .await;
    team.installation.clock.advance(1_000);
    let tablet = Phone::register(&team, &app, json!({})).await;
    tablet.log_in("ana", json!({"shoe": 39})).await;
    tablet.put("/tags/coffee", json!({"value": "+0.5"})).await;
    tablet.log_in("bob", json!({})).await;
    phone.log_in("ana", json!({})).await;

    let of_app = format!("appId={}", id(&app));
    let shown = team.get(&format!("/v2/users/ana?{of_app}")).await.done();
    let expected = json!({
        "createdAt": NOON,
        "updatedAt": NOON + 1_000,
        "userId": "ana",
        "appId": id(&app),
        "properties": {"plan": "gold", "shoe": 39},
        "tags": {"coffee": 2.5},
        "instanceCount": 2,
        "instances": [
            {"instanceId": tablet.instance_id, "loggedIn": false},
            {"instanceId": phone.instance_id, "loggedIn": true},
        ],
    });
    assert_eq!(shown, expected);
    let list = team.get(&format!("/v2/users?{of_app}")).await.done();
    assert_eq!(ids(&list, "userId"), ["ana", "bob"]);
    assert_eq!((&list["total"], &list["items"][0]), (&json!(2), &shown));
    let list = team.get(&format!("/v2/users?{of_app}&q=OB")).await.done();
    assert_eq!(
        (&list["total"], ids(&list, "userId")),
        (&json!(1), vec!["bob".to_owned()])
    );
    let missing = team.get(&format!("/v2/users/Ana?{of_app}")).await;
    assert_eq!(missing.code(), "not_found");
}

#[tokio::test]
async fn another_account_sees_no_instance_and_no_user() {
    let team = Team::start().await;
    let app = app(&team).await;
    let phone = Phone::register(&team, &app, json!({})).await;
    phone.log_in("ana", json!({})).await;
    let other: Tenant = team.installation.tenant(false).await;
    for path in [
        format!("/v2/instances/{}", phone.instance_id),
        format!("/v2/instances?appId={}", id(&app)),
        format!("/v2/users?appId={}", id(&app)),
        format!("/v2/users/ana?appId={}", id(&app)),
    ] {
        assert_eq!(team.get(&path).await.status, 200, "{path}");
        let answer = team.get_as(&other.token, &path).await;
        assert_eq!(answer.code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn an_instance_is_inside_what_its_beacons_say() {
    let team = Team::start().await;
    let app = app(&team).await;
    let place_id = team.place(json!({"name": "Here"})).await;
    let zone_id = team.zone(&place_id, json!({"name": "Door"})).await;
    let beacon_id = team.beacon(7).await;
    let path = format!("/v2/zones/{zone_id}/beacons");
    team.put(&path, json!({"beaconIds": [beacon_id]}))
        .await
        .done();
    let phone = Phone::register(&team, &app, json!({})).await;
    let sighting = json!({"sightings": [ibeacon(7)]});
    phone.event(NOON, sighting).await;
    let path = format!("/v2/instances/{}", phone.instance_id);
    let shown = team.get(&path).await.done();
    let expected = json!([
        {"placeId": place_id, "enteredAt": NOON},
        {"zoneId": zone_id, "enteredAt": NOON},
        {"beaconId": beacon_id, "enteredAt": NOON},
    ]);
    assert_eq!(shown["inside"], expected);
}

#[tokio::test]
async fn an_export_holds_everything_that_is_held() {
    let team = Team::start().await;
    let app = app(&team).await;
    let place_id = team
        .place(json!({"name": "Here", "geofence": {
            "type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120
        }}))
        .await;
    let campaign = team.campaign(id(&app), NOON - 1, NOON + 86_400_000).await;
    let trigger = json!({"@type": "EnterPlaceTrigger", "placeId": place_id});
    team.experience(&campaign, trigger).await;
    team.act(&format!("/v2/campaigns/{campaign}/start"))
        .await
        .done();
    let phone = Phone::register(&team, &app, json!({"os": "iOS"})).await;
    phone.log_in("ana", json!({"vip": true})).await;
    phone
        .put(
            "/properties",
            json!({"properties": {"shoe": 39, "vip": null}}),
        )
        .await;
    phone.put("/tags/coffee", json!({"value": "-2"})).await;
    phone.put("/tags/tea", json!({"value": "=3"})).await;
    let push = json!({"provider": "FCM", "token": "for-the-device-alone"});
    phone.put("", json!({"os": "iPadOS", "push": push})).await;
    let here = json!({"location": {"lat": 40.4, "lon": -3.7, "floor": 2}});
    phone.event(NOON, here.clone()).await;
    let seen = json!({"sightings": [ibeacon(7)]});
    phone.event(NOON + 1, seen.clone()).await;
    let bought = json!({"verb": "buy", "item": "shoe", "value": 3.5, "properties": {"red": true}});
    phone.event(NOON + 2, bought.clone()).await;
    phone.log_out().await;
    // Somebody else in the same rows of nobody's business.
    Phone::register(&team, &app, json!({"os": "other"})).await;

    let path = format!("/v2/instances/{}", phone.instance_id);
    let answer = team.get(&format!("{path}/export")).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let export = answer.done();
    assert!(!export.to_string().contains("for-the-device-alone"));
    assert_eq!(export["instance"], team.get(&path).await.done());
    assert_eq!(export["userIds"], json!(["ana"]));
    assert_eq!(
        export["counted"],
        json!({"number": 0, "firstEventAt": NOON})
    );
    assert_eq!(export["messages"].as_array().unwrap().len(), 1, "{export}");
    let asked = format!(
        "/v2/decisions?appId={}&instanceId={}",
        id(&app),
        phone.instance_id
    );
    assert_eq!(export["decisions"], team.get(&asked).await.done()["items"]);
    assert_eq!(export["decisions"].as_array().unwrap().len(), 1);

    let told = export["log"].as_array().unwrap();
    let kinds: Vec<&str> = told
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect();
    let expected = [
        "registered",
        "login",
        "properties",
        "tag",
        "tag",
        "profile",
        "push",
        "event",
        "event",
        "event",
        "logout",
    ];
    assert_eq!(kinds, expected, "{export}");
    assert!(told.iter().all(|entry| entry["receivedAt"] == NOON));
    assert_eq!(told[1]["userId"], "ana");
    assert_eq!(told[6]["provider"], "FCM");
    assert_eq!(told[2]["properties"], json!({"shoe": 39, "vip": null}));
    assert_eq!(
        (&told[3]["value"], &told[4]["value"]),
        (&json!("-2"), &json!("=3"))
    );
    for (index, sent) in [(7, here), (8, seen), (9, bought)] {
        let mut event = told[index]["event"].clone();
        let fields = event.as_object_mut().unwrap();
        fields.remove("id");
        assert_eq!(fields.remove("t"), Some(json!(NOON + index as i64 - 7)));
        assert_eq!(event, sent);
    }

    let of_user = team
        .get(&format!("/v2/users/ana/export?appId={}", id(&app)))
        .await
        .done();
    let user = team
        .get(&format!("/v2/users/ana?appId={}", id(&app)))
        .await
        .done();
    assert_eq!(of_user, json!({"user": user, "instances": [export]}));
    // Later, so that it is listed after the other.
    team.installation.clock.advance(1);
    let tablet = Phone::register(&team, &app, json!({})).await;
    tablet.log_in("ana", json!({})).await;
    let of_user = team
        .get(&format!("/v2/users/ana/export?appId={}", id(&app)))
        .await
        .done();
    let instances = of_user["instances"].as_array().unwrap();
    assert_eq!((instances.len(), &instances[0]), (2, &export));
    assert_eq!(instances[1]["instance"]["instanceId"], tablet.instance_id);
}
