//! What is told, and to whom.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Bureau, path, text};
use crate::{
    notifications::provider::{Got, Provider, taken},
    people::id,
    support::{NOON, team::ibeacon},
};

const HERE: &str = "location";

fn at(lat: f64, lon: f64) -> Value {
    json!({HERE: {"lat": lat, "lon": lon, "accuracy": 5.0}})
}

fn of_type<'a>(got: &'a [Got], name: &str) -> Vec<&'a Got> {
    let alike = got.iter().filter(|got| got.json()["type"] == name);
    alike.collect()
}

#[tokio::test]
async fn a_visit_with_all_that_comes_of_it_is_told() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let team = &bureau.team;
    let geofence = json!({"type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120});
    let place = json!({"name": "Shop", "externalId": "shop-7", "geofence": geofence});
    let place = team.place(place).await;
    let campaign = team
        .campaign(id(&bureau.app), NOON - 1_000, NOON + 1_000_000_000)
        .await;
    let trigger = json!({"@type": "EnterPlaceTrigger", "placeId": place});
    let experience = team.experience(&campaign, trigger).await;
    let start = format!("/v2/campaigns/{campaign}/start");
    team.act(&start).await.done();
    bureau.hook(&["*"], json!({})).await;
    let of_campaign = json!({"campaignId": campaign, "name": "Campaign"});
    let narrow = bureau.hook(&["*"], of_campaign).await;

    let phone = bureau.phone().await;
    phone.log_in("u-7", json!({"tier": "gold"})).await;
    phone.event(NOON, at(40.4, -3.7)).await;
    phone.event(NOON + 60_000, at(41.0, -3.7)).await;
    let bought =
        json!({"verb": "purchase", "item": "sku-1", "value": 9.5, "properties": {"a": true}});
    phone.event(NOON + 61_000, bought).await;
    let inbox = team.installation.ask("GET", "/device/v1/messages");
    let inbox = inbox.bearer(&phone.token).send().await.done();
    let message = text(&inbox["items"][0], "messageId");
    let receipts = format!("/device/v1/messages/{message}/receipts");
    for kind in ["Shown", "Clicked", "Clicked"] {
        let ask = team
            .installation
            .ask("POST", &receipts)
            .bearer(&phone.token);
        let receipt = json!({"kind": kind, "at": NOON + 5_000});
        ask.json(&receipt).send().await.done();
    }
    phone.log_out().await;

    let got = bureau.tell().await;
    let one = |name: &str| {
        let alike = of_type(&got, name);
        assert!(!alike.is_empty(), "{name}");
        alike[0].json()
    };
    let common = |body: &Value, user: Option<&str>, at: i64| {
        let data = &body["data"];
        assert_eq!(data["instanceId"], json!(phone.instance_id), "{body}");
        assert_eq!(data["appId"], json!(id(&bureau.app)), "{body}");
        assert_eq!(data.get("userId").and_then(Value::as_str), user, "{body}");
        assert_eq!(
            (&data["at"], &data["receivedAt"]),
            (&json!(at), &json!(NOON)),
            "{body}"
        );
    };
    let entered = one("place.entered");
    common(&entered, Some("u-7"), NOON);
    assert_eq!(entered["timestamp"], "2026-01-05T12:00:00.000Z");
    let expected = json!({"placeId": place, "name": "Shop", "externalId": "shop-7"});
    assert_eq!(entered["data"]["place"], expected);
    assert!(entered["data"].get("dwellMs").is_none());
    let exited = one("place.exited");
    assert_eq!(exited["data"]["dwellMs"], 60_000);
    common(&exited, Some("u-7"), NOON + 60_000);
    let fired = one("experience.fired");
    assert_eq!(fired["data"]["experienceId"], json!(experience));
    assert_eq!(fired["data"]["messageId"], json!(message));
    let bought = one("custom.purchase");
    let data = &bought["data"];
    assert_eq!(
        (&data["item"], &data["value"]),
        (&json!("sku-1"), &json!(9.5))
    );
    assert_eq!(data["properties"], json!({"a": true}));
    common(&bought, Some("u-7"), NOON + 61_000);
    common(&one("message.shown"), Some("u-7"), NOON + 5_000);
    common(&one("user.logged_in"), Some("u-7"), NOON);
    common(&one("user.logged_out"), Some("u-7"), NOON);
    let registered = one("instance.registered");
    common(&registered, None, NOON);
    assert_eq!(registered["data"]["createdAt"], NOON);

    // What is not of the campaign is told once, to one; the rest to both, under the same id.
    for (name, count) in [
        ("instance.registered", 1),
        ("user.logged_in", 1),
        ("place.entered", 1),
        ("experience.fired", 2),
        ("place.exited", 1),
        ("custom.purchase", 1),
        ("message.shown", 2),
        ("message.clicked", 2),
        ("user.logged_out", 1),
    ] {
        let alike = of_type(&got, name);
        assert_eq!(alike.len(), count, "{name}");
        let ids: Vec<&str> = alike.iter().map(|got| got.header("webhook-id")).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{name}");
    }
    assert_eq!(got.len(), 12);
    let list = bureau.deliveries(&narrow, "?state=Delivered").await;
    assert_eq!(list["total"], 3);
    assert_eq!(bureau.tell().await.len(), 0, "each once");
}

#[tokio::test]
async fn zones_and_beacons_are_told_too() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let team = &bureau.team;
    let place = team.place(json!({"name": "Mall"})).await;
    let zone = team.zone(&place, json!({"name": "Gate"})).await;
    let mut config = ibeacon(7);
    config["zoneId"] = json!(zone);
    config["name"] = json!("Gate 7");
    let body = json!({ "config": config });
    let beacon = team.create("/v2/beacons", "beaconId", body).await;
    bureau.hook(&["zone.entered", "beacon.*"], json!({})).await;
    let phone = bureau.phone().await;
    let mut sighting = ibeacon(7);
    sighting["rssi"] = json!(-60);
    phone.event(NOON, json!({"sightings": [sighting]})).await;
    team.installation.clock.advance(120_000);
    team.installation.state.engine.tick().await.unwrap();
    let got = bureau.tell().await;
    let zone_told = of_type(&got, "zone.entered")[0].json();
    let expected = json!({"zoneId": zone, "placeId": place, "name": "Gate"});
    assert_eq!(zone_told["data"]["zone"], expected);
    let beacon_told = of_type(&got, "beacon.exited")[0].json();
    let expected = json!({"beaconId": beacon, "zoneId": zone, "name": "Gate 7"});
    assert_eq!(beacon_told["data"]["beacon"], expected);
    assert_eq!(beacon_told["data"]["dwellMs"], 30_000);
    assert_eq!(got.len(), 3);
}

#[tokio::test]
async fn a_cloud_hook_gets_the_documented_body() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let team = &bureau.team;
    let geofence = json!({"type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120});
    let place = team
        .place(json!({"name": "Shop", "geofence": geofence}))
        .await;
    let hook = bureau.hook(&["*"], json!({"format": "CloudHook"})).await;
    let phone = bureau.phone().await;
    phone.log_in("u-7", json!({"tier": "gold"})).await;
    phone.event(NOON, at(40.4, -3.7)).await;
    let mut got = bureau.tell().await;
    phone.put("", json!({"locationStatus": "always"})).await;
    phone.event(NOON + 60_000, at(41.0, -3.7)).await;
    got.extend(bureau.tell().await);
    assert_eq!(got.len(), 2);
    let bodies = [got[0].json(), got[1].json()];
    let enter = bodies
        .iter()
        .find(|it| it[0]["event_name"] == "enter_geofence");
    let enter = enter.unwrap()[0].clone();
    let event_id: Uuid = text(&enter, "event_id").parse().unwrap();
    let expected = json!({
        "user_id": "u-7", "event_id": event_id, "t": NOON, "st": NOON,
        "user_pseudo_id": phone.instance_id, "event_name": "enter_geofence",
        "geo_category": "geofence", "geo_item": "Shop", "geo_item_id": place,
        "geo_latitude": 40.4, "geo_longitude": -3.7, "geo_accuracy": 5.0,
        "device_type": null, "device_model": "iPhone 11", "os": "iOS", "os_version": "14.6",
        "lang": "es", "app_version": null, "moca_version": null, "location_status": null,
        "dwell_time": null, "user_properties": {"tier": "gold"},
    });
    assert_eq!(enter, expected);
    let exit = bodies
        .iter()
        .find(|it| it[0]["event_name"] == "exit_geofence");
    assert_eq!(exit.unwrap()[0]["dwell_time"], 60_000);
    assert_eq!(exit.unwrap()[0]["location_status"], "always");
    assert_eq!(got[0].header("x-app-key"), id(&bureau.app));
    let tried = team.act(&format!("{}/test", path(&hook))).await.done();
    assert_eq!(tried["delivered"], true, "{tried}");
    assert_eq!(
        bureau.receiver.messages()[0].json()[0]["event_name"],
        "test"
    );
}

#[tokio::test]
async fn nobody_is_told_who_was_in_a_sensitive_place() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let team = &bureau.team;
    for is_sensitive in [true, false] {
        let geofence =
            json!({"type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120});
        let config = json!({"name": "Clinic", "geofence": geofence, "sensitive": is_sensitive});
        team.place(config).await;
    }
    bureau.hook(&["place.*"], json!({})).await;
    bureau.hook(&["*"], json!({"format": "CloudHook"})).await;
    let phone = bureau.phone().await;
    phone.event(NOON, at(40.4, -3.7)).await;
    phone.event(NOON + 60_000, at(41.0, -3.7)).await;
    // Of two places at one spot the one is told to both, once in and once out.
    assert_eq!(bureau.tell().await.len(), 4);
}

#[tokio::test]
async fn nothing_is_told_of_the_time_before_or_while_it_is_off() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let team = &bureau.team;
    bureau.phone().await;
    team.installation.clock.advance(1_000);
    let hook = bureau.hook(&["instance.registered"], json!({})).await;
    let mut config = hook["config"].clone();
    bureau.phone().await;
    assert_eq!(bureau.types().await.len(), 1);
    config["enabled"] = json!(false);
    let off = json!({ "config": config });
    let off = team.put(&path(&hook), off).await.done();
    assert_eq!(off["status"]["state"], "Disabled");
    bureau.phone().await;
    team.installation.clock.advance(1_000);
    config["enabled"] = json!(true);
    let on = json!({ "config": config });
    team.put(&path(&hook), on).await.done();
    assert_eq!(bureau.types().await.len(), 0);
    bureau.phone().await;
    assert_eq!(bureau.types().await.len(), 1);
}

#[tokio::test]
async fn who_is_erased_is_told_of_no_more_but_that() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let team = &bureau.team;
    let hook = bureau.hook(&["*"], json!({})).await;
    let phone = bureau.phone().await;
    phone.log_in("u-7", json!({})).await;
    assert_eq!(bureau.tell().await.len(), 2);
    phone.event(NOON, json!({"verb": "purchase"})).await;
    let other = bureau.phone().await;
    let path = format!("/v2/instances/{}", phone.instance_id);
    team.delete(&path).await.done();
    let got = bureau.tell().await;
    let told: Vec<Value> = got.iter().map(Got::json).collect();
    let of = |name: &str| {
        let body = told.iter().find(|body| body["type"] == name);
        text(&body.unwrap()["data"], "instanceId")
    };
    assert_eq!(of("instance.erased"), phone.instance_id);
    assert_eq!(of("instance.registered"), other.instance_id);
    assert_eq!(told.len(), 2, "{told:?}");
    // What was told of it is not kept either.
    let kept = bureau.deliveries(&hook, "").await;
    assert_eq!(
        (&kept["total"], &kept["items"].as_array().unwrap().len()),
        (&json!(1), &1)
    );
    let health = &bureau.read(&hook).await["health"];
    assert_eq!(health["waiting"], 0, "{health}");
}

#[tokio::test]
async fn another_account_is_told_nothing() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let other = bureau.team.installation.tenant(false).await;
    let body = json!({"config": {
        "name": "Theirs", "url": format!("{}/theirs", bureau.receiver.url), "events": ["*"],
    }});
    let team = &bureau.team;
    team.send_as(&other.token, "POST", "/v2/webhooks", &body)
        .await
        .done();
    bureau.hook(&["*"], json!({})).await;
    bureau.phone().await;
    let got = bureau.tell().await;
    let paths: Vec<&str> = got.iter().map(|got| got.path.as_str()).collect();
    assert_eq!(paths, ["/hook"]);
}
