//! What a device gets to decide offline: what is in it, whose it is, and when it is sent again.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moca_api::Settings;
use moca_core::{
    bundle::{Bundle, Device},
    event::{Event, EventBody, Fix},
    geo::LatLon,
};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::{
    messages::Welcome,
    people::Phone,
    support::{NOON, request::Answer},
};

const HOUR_MS: i64 = 3_600_000;
const HERE: &str = "lat=40.4003&lon=-3.7004";

impl Welcome {
    async fn bundle(&self, phone: &Phone<'_>, query: &str, known: Option<&str>) -> Answer {
        let target = format!("/device/v1/bundle?{query}");
        let mut ask = self.team.installation.ask("GET", &target);
        if let Some(tag) = known {
            ask = ask.header("if-none-match", tag);
        }
        ask.bearer(&phone.token).send().await
    }

    /// The tag of what a phone would get, and whether it is another than this.
    async fn is_news(&self, phone: &Phone<'_>, tag: &mut String) -> bool {
        let answer = self.bundle(phone, HERE, Some(tag)).await;
        let new = answer.header("etag").unwrap().to_owned();
        assert_eq!(answer.status == 304, new == *tag);
        std::mem::replace(tag, new.clone()) != new
    }

    async fn offer(&self, name: &str, trigger: Value, text: &str) -> String {
        let body = json!({
            "campaignId": self.campaign_id,
            "config": {"name": name, "repeat": "Immediately"},
            "trigger": trigger,
            "action": {"@type": "SendLocalMessageAction", "content": {"default": text}}
        });
        let path = "/v2/experiences";
        self.team.create(path, "experienceId", body).await
    }
}

fn circle(latitude: f64) -> Value {
    json!({"type": "Circle", "latitude": latitude, "longitude": -3.7, "radius": 120})
}

#[tokio::test]
async fn it_has_what_may_fire_nearby_written_for_the_device_and_signed() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    let app = welcome.app.clone();
    let told = json!({"lang": "es", "timeZone": "Europe/Madrid"});
    let phone = Phone::register(team, &app, told).await;
    let mut far = Vec::new();
    for number in 1..4_i32 {
        let latitude = 40.4 + f64::from(number) / 10.0;
        let place = json!({"name": format!("Far {number}"), "geofence": circle(latitude)});
        let place = team.place(place).await;
        let trigger = json!({"@type": "EnterPlaceTrigger", "placeId": place});
        far.push(welcome.offer("far", trigger, "{{ place.name }}").await);
    }
    let event = json!({"@type": "EventTrigger", "verb": "purchase"});
    let thanks = welcome.offer("thanks", event, "{{ event.item }}").await;
    let answer = welcome
        .bundle(&phone, &format!("{HERE}&regions=3"), None)
        .await;
    assert_eq!(answer.status, 200);
    let bundle = answer.json();
    let regions = bundle["regions"].as_array().unwrap();
    let kinds: Vec<&str> = regions
        .iter()
        .map(|one| one["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["Circle", "Circle", "Refresh"]);
    // Twenty kilometres to the place after the next.
    let radius = regions[2]["radius"].as_f64().unwrap();
    assert!((radius - 22_087.0).abs() < 100.0, "{radius}");
    // The next one begins where the circle ends.
    let experiences = bundle["experiences"].as_array().unwrap();
    let ids: BTreeSet<&str> = experiences
        .iter()
        .map(|one| one["experienceId"].as_str().unwrap())
        .collect();
    let near = [&welcome.experience_id, &far[0], &far[1], &thanks];
    assert_eq!(ids, near.map(String::as_str).into());
    let action = |id: &str| {
        let one = experiences.iter().find(|one| one["experienceId"] == id);
        &one.unwrap()["action"]
    };
    assert_eq!(action(&far[0])["content"], json!({"default": "Far 1"}));
    assert_eq!(action(&thanks)["isWritten"], false);
    assert_eq!(action(&thanks)["content"], json!({}));
    assert_eq!(bundle["deviceTimeZone"], "Europe/Madrid");

    let key = URL_SAFE_NO_PAD
        .decode(app["bundleKey"].as_str().unwrap())
        .unwrap();
    let signature = answer.header("x-bundle-signature").unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let verify = |bytes: &[u8]| UnparsedPublicKey::new(&ED25519, &key).verify(bytes, &signature);
    assert!(verify(&answer.body).is_ok());
    assert!(verify(&answer.body[1..]).is_err());

    // Without a position there are no circles, and what waits for events is there.
    let bundle = welcome.bundle(&phone, "", None).await.done();
    assert_eq!(bundle["regions"], json!([]));
    assert_eq!(bundle["experiences"][0]["experienceId"], json!(thanks));
    assert_eq!(bundle["experiences"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_device_that_decides_by_it_comes_to_what_the_server_decides() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    let bundle = welcome.bundle(&phone, HERE, None).await.done();
    let bundle: Bundle = serde_json::from_value(bundle).unwrap();
    let mut device = Device::new(&bundle).unwrap();
    let mut decided = Vec::new();
    for minute in [0, 5, 9] {
        welcome.enter(&phone, minute).await;
        let at_ms = NOON - HOUR_MS + minute * 60_000;
        for (at_ms, latitude) in [(at_ms, 41.0), (at_ms + 30_000, 40.4)] {
            let fix = Fix {
                at: LatLon::new(latitude, -3.7).unwrap(),
                accuracy_m: None,
                speed_m_s: None,
                floor: None,
            };
            let id = [0; 16];
            let body = EventBody::Location(fix);
            decided.extend(device.take(&Event { id, at_ms, body }));
        }
    }
    let inbox = welcome.inbox(&phone, "").await.done();
    let fired: Vec<(String, i64)> = decided
        .iter()
        .map(|one| (one.experience_id.to_string(), one.at_ms))
        .collect();
    let messages: Vec<(String, i64)> = inbox["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let id = one["experienceId"].as_str().unwrap();
            (id.to_owned(), one["at"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(fired.len(), 3);
    assert_eq!(fired, messages);
}

#[tokio::test]
async fn it_is_sent_again_when_something_in_it_changed() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    let phone = welcome.phone("a").await;
    let mut tag = String::from("\"none\"");
    assert!(welcome.is_news(&phone, &mut tag).await);
    assert!(!welcome.is_news(&phone, &mut tag).await);
    let any = welcome.bundle(&phone, HERE, Some("*")).await;
    assert_eq!((any.status, any.body.len()), (304, 0));
    // What the device tells it knows itself.
    welcome.enter(&phone, 0).await;
    assert!(!welcome.is_news(&phone, &mut tag).await);
    // A place that nothing is about, and zones and beacons that are.
    let other = team
        .place(json!({"name": "Other", "geofence": circle(40.4)}))
        .await;
    let zone = json!({"name": "Hall", "floorNumber": 0});
    team.zone(&other, zone.clone()).await;
    assert!(!welcome.is_news(&phone, &mut tag).await);
    let places = team.get("/v2/places?q=Here").await.done();
    let here = places["items"][0]["placeId"].as_str().unwrap().to_owned();
    let hall = team.zone(&here, zone).await;
    assert!(welcome.is_news(&phone, &mut tag).await);
    let beacon = team.beacon(7).await;
    assert!(!welcome.is_news(&phone, &mut tag).await);
    let beacons = format!("/v2/zones/{hall}/beacons");
    team.put(&beacons, json!({"beaconIds": [beacon]}))
        .await
        .done();
    assert!(welcome.is_news(&phone, &mut tag).await);
    // Campaigns and experiences.
    let trigger = json!({"@type": "ExitPlaceTrigger", "placeId": here});
    let bye = welcome.offer("bye", trigger, "Bye").await;
    assert!(welcome.is_news(&phone, &mut tag).await);
    team.delete(&format!("/v2/experiences/{bye}")).await.done();
    assert!(welcome.is_news(&phone, &mut tag).await);
    let stop = format!("/v2/campaigns/{}/stop", welcome.campaign_id);
    team.act(&stop).await.done();
    assert!(welcome.is_news(&phone, &mut tag).await);
    let bundle = welcome.bundle(&phone, HERE, None).await.done();
    assert_eq!(
        (&bundle["experiences"], &bundle["places"]),
        (&json!([]), &json!([]))
    );
    // And with time alone.
    assert!(!welcome.is_news(&phone, &mut tag).await);
    team.installation.clock.advance(6 * HOUR_MS);
    assert!(welcome.is_news(&phone, &mut tag).await);
}

#[tokio::test]
async fn what_cannot_fire_for_the_instance_is_not_in_it() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    let told = |lang: &str| json!({"lang": lang, "deviceKey": lang});
    let spanish = Phone::register(team, &welcome.app, told("es")).await;
    let english = Phone::register(team, &welcome.app, told("en")).await;
    let app_id = welcome.app["appId"].as_str().unwrap();
    let segment = json!({"appId": app_id, "config": {"name": "Spanish", "query": {"lang": "es"}}});
    let segment = team.create("/v2/segments", "segmentId", segment).await;
    let path = format!("/v2/campaigns/{}", welcome.campaign_id);
    let mut campaign = team.get(&path).await.done();
    campaign["config"]["segmentId"] = json!(segment);
    team.put(&path, campaign.clone()).await.done();
    let experiences = |bundle: Value| bundle["experiences"].as_array().unwrap().len();
    let count =
        async |phone: &Phone<'_>| experiences(welcome.bundle(phone, HERE, None).await.done());
    assert_eq!((count(&spanish).await, count(&english).await), (1, 0));
    campaign["config"]["segmentId"] = Value::Null;
    campaign["config"]["displayCap"] = json!(1);
    team.put(&path, campaign.clone()).await.done();
    assert_eq!((count(&spanish).await, count(&english).await), (1, 1));
    welcome.enter(&spanish, 0).await;
    assert_eq!((count(&spanish).await, count(&english).await), (0, 1));
    campaign["config"]["holdoutPercent"] = json!(99);
    campaign["config"]["displayCap"] = Value::Null;
    team.put(&path, campaign.clone()).await.done();
    assert!(count(&spanish).await + count(&english).await < 2);
    campaign["config"]["holdoutPercent"] = Value::Null;
    team.put(&path, campaign).await.done();
    assert_eq!(count(&english).await, 1);
    // Who refuses to tell where they are has nothing decided by it.
    for (granted, at, expected) in [(false, NOON - 2, 0), (true, NOON - 1, 1)] {
        let answer = json!({"granted": granted, "version": "1", "at": at});
        english.put("/consents", json!({"location": answer})).await;
        assert_eq!(count(&english).await, expected);
    }
    let places = team.get("/v2/places").await.done();
    let mut place = places["items"][0].clone();
    place["config"]["sensitive"] = json!(true);
    let path = format!("/v2/places/{}", place["placeId"].as_str().unwrap());
    team.put(&path, place).await.done();
    assert_eq!(count(&english).await, 0);
}

#[tokio::test]
async fn a_position_is_two_numbers() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    for (query, word) in [
        ("lat=40.4", "lon is missing"),
        ("lon=40.4", "lat is missing"),
        ("lat=91&lon=0", "lat"),
        ("lat=0&lon=0&regions=1", "regions"),
        ("lat=0&lon=0&regions=101", "regions"),
    ] {
        let answer = welcome.bundle(&phone, query, None).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "invalid_parameter".to_owned())
        );
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(word), "{detail}");
    }
    let bad = welcome.bundle(&phone, HERE, Some("none")).await;
    assert_eq!((bad.status, bad.code()), (400, "invalid_header".to_owned()));
}
