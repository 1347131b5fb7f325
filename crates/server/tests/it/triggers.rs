//! Triggers that wait for more than a crossing: events, closeness, what an app knows, and composites.

use moca_api::Settings;
use serde_json::{Value, json};

use crate::{
    messages::Welcome,
    people::{Phone, id},
    support::{NOON, team::ibeacon},
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const START: i64 = NOON - HOUR_MS;

impl Welcome {
    /// Another experience of the campaign, whose message is its name and what happened.
    async fn another(&self, name: &str, trigger: Value) -> String {
        let text =
            format!("{name}: {{{{ event.verb }}}} {{{{ event.item }}}} {{{{ place.name }}}}");
        let body = json!({
            "campaignId": self.campaign_id,
            "config": {"name": name, "repeat": "Immediately"},
            "trigger": trigger,
            "action": {"@type": "SendLocalMessageAction", "content": {"default": text}}
        });
        self.team
            .create("/v2/experiences", "experienceId", body)
            .await
    }

    /// The texts of all messages of a phone, without the greeting.
    async fn texts(&self, phone: &Phone<'_>) -> Vec<String> {
        let inbox = self.inbox(phone, "limit=1000").await.done();
        let items = inbox["items"].as_array().unwrap().iter();
        let texts = items.map(|item| item["action"]["content"]["default"].as_str().unwrap());
        texts
            .filter(|text| *text != "Hi")
            .map(str::to_owned)
            .collect()
    }

    async fn told(&self, phone: &Phone<'_>, experience: &str) -> Value {
        let path = format!(
            "/v2/decisions?appId={}&experienceId={experience}",
            id(&self.app)
        );
        let decisions = self.team.get(&path).await.done();
        let explain = format!(
            "/v2/instances/{}/explain?experienceId={experience}",
            phone.instance_id
        );
        let explained = self.team.get(&explain).await.done();
        json!({
            "decided": decisions["items"].as_array().unwrap().iter().map(|one| one["trigger"].clone()).collect::<Vec<_>>(),
            "presence": explained["presence"],
        })
    }

    async fn place_id(&self) -> String {
        let places = self.team.get("/v2/places").await.done();
        places["items"][0]["placeId"].as_str().unwrap().to_owned()
    }
}

fn bought(item: &str, value: f64) -> Value {
    json!({"verb": "purchase", "item": item, "category": "souvenir", "value": value, "properties": {"gift": true}})
}

fn sighting(minor: u16, proximity: &str) -> Value {
    let beacon = ibeacon(minor);
    json!({"sightings": [{
        "type": "IBeacon", "proximityUuid": beacon["proximityUuid"], "major": beacon["major"],
        "minor": minor, "proximity": proximity
    }]})
}

#[tokio::test]
async fn an_event_fires_what_waits_for_it() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    let trigger = |more: Value| {
        let mut trigger = json!({"@type": "EventTrigger", "verb": "purchase"});
        for (name, value) in more.as_object().unwrap() {
            trigger[name] = value.clone();
        }
        trigger
    };
    let query = json!({"$all": [{"value": {"$gte": 20}}, {"property.gift": true}]});
    let dear = welcome
        .another("dear", trigger(json!({"where": query})))
        .await;
    welcome
        .another("map", trigger(json!({"item": "map"})))
        .await;
    welcome
        .another("food", trigger(json!({"category": "food"})))
        .await;
    let custom = json!({"@type": "CustomTrigger", "customArgument": "queue-is-short"});
    welcome.another("queue", custom).await;
    phone.event(START, bought("map", 5.0)).await;
    welcome.enter(&phone, 1).await;
    phone
        .event(START + 2 * MINUTE_MS, bought("hat", 25.0))
        .await;
    let said = json!({"verb": "custom_trigger", "item": "queue-is-short"});
    phone.event(START + 3 * MINUTE_MS, said).await;
    let other = json!({"verb": "custom_trigger", "item": "queue-is-long"});
    phone.event(START + 4 * MINUTE_MS, other).await;
    // Too late to fire anything.
    phone.event(START - HOUR_MS, bought("map", 25.0)).await;
    assert_eq!(
        welcome.texts(&phone).await,
        [
            "map: purchase map ",
            "dear: purchase hat Here",
            "queue: custom_trigger queue-is-short Here"
        ]
    );
    let told = welcome.told(&phone, &dear).await;
    assert_eq!(
        told["decided"],
        json!([trigger(json!({"where": query.to_string()}))])
    );
    let sentence = "It waits for an event with the verb \"purchase\".";
    assert_eq!(
        told["presence"],
        json!({"inside": false, "sentence": sentence})
    );
}

#[tokio::test]
async fn a_composite_fires_when_its_last_part_holds_and_keeps_what_it_is_about() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    let (place, phone) = (welcome.place_id().await, welcome.phone("a").await);
    let zone = team
        .zone(
            &place,
            json!({"name": "Hall", "shortId": "H", "floorNumber": 0}),
        )
        .await;
    let mut config = ibeacon(7);
    config["zoneId"] = json!(zone);
    team.create("/v2/beacons", "beaconId", json!({"config": config}))
        .await;
    let enter = json!({"@type": "EnterPlaceTrigger", "placeId": place});
    let close = json!({"@type": "ZoneProximityTrigger", "zoneId": zone, "proximity": "Near"});
    let buys = json!({"@type": "EventTrigger", "verb": "purchase"});
    let both = json!({"@type": "CompositeTrigger", "list": [enter, close]});
    let all = json!({"@type": "CompositeTrigger", "list": [enter, close, buys]});
    let both = welcome.another("both", both).await;
    welcome.another("all", all.clone()).await;
    welcome.another("near", close).await;

    phone.event(START, bought("map", 1.0)).await;
    welcome.enter(&phone, 1).await;
    phone.event(START + 2 * MINUTE_MS, sighting(7, "Far")).await;
    let told = welcome.told(&phone, &both).await;
    let since = "2026-"; // The moment is told too.
    let sentence = told["presence"]["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("1 of 2 parts held, and it waits for all of them at once. The device was in the place \"Here\" since "), "{sentence}");
    assert!(
        sentence.contains(since)
            && sentence.ends_with("The device did not count as Near to the zone \"Hall\"."),
        "{sentence}"
    );
    phone
        .event(START + 2 * MINUTE_MS + 5_000, sighting(7, "Immediate"))
        .await;
    phone
        .event(START + 2 * MINUTE_MS + 10_000, bought("hat", 1.0))
        .await;
    // Half a minute later nothing says any more that it is near.
    phone.event(START + 3 * MINUTE_MS, bought("cup", 1.0)).await;
    assert_eq!(
        welcome.texts(&phone).await,
        [
            "near: come_close  Here",
            "both: composite  Here",
            "all: purchase hat Here"
        ]
    );
    assert_eq!(
        welcome.told(&phone, &both).await["decided"],
        json!([{"@type": "CompositeTrigger", "list": [enter, {"@type": "ZoneProximityTrigger", "zoneId": zone, "proximity": "Near"}]}])
    );

    // What it was then, asked an hour later.
    team.installation.clock.advance(2 * HOUR_MS);
    for (seconds, held) in [(120, "1 of 2"), (126, "2 of 2"), (160, "1 of 2")] {
        let at = START + seconds * 1_000;
        let path = format!(
            "/v2/instances/{}/explain?experienceId={both}&at={at}",
            phone.instance_id
        );
        let explained = team.get(&path).await.done();
        let sentence = explained["presence"]["sentence"].as_str().unwrap();
        assert!(sentence.starts_with(held), "{seconds}: {sentence}");
    }

    // It is listed by each part, and none of them goes away under it.
    for (filter, total) in [
        (format!("placeId={place}"), 3),
        (format!("zoneId={zone}"), 3),
        (format!("zoneId={place}"), 0),
    ] {
        let list = team.get(&format!("/v2/experiences?{filter}")).await.done();
        assert_eq!(list["total"], total, "{filter}: {list}");
    }
    let refused = team.delete(&format!("/v2/zones/{zone}")).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "in_use"));
    // A beacon and three experiences.
    assert_eq!(refused.json()["usersTotal"], 4);

    let missing = "IXa7Bl9oRo6c7zQ5aQIzlg";
    let mut wrong = all;
    wrong["list"][1]["zoneId"] = json!(missing);
    let body = json!({
        "campaignId": welcome.campaign_id, "config": {"name": "W", "repeat": "Never"}, "trigger": wrong,
        "action": {"@type": "CustomAction", "content": {"default": "a"}}
    });
    let refused = team.post("/v2/experiences", body).await;
    let faults = crate::support::team::faults(&refused);
    let expected = crate::support::team::expected(&[("/trigger/list/1/zoneId", "not_found")]);
    assert_eq!(faults, expected);
}

#[tokio::test]
async fn a_stay_and_an_exit_are_parts_too() {
    let welcome = Welcome::start(Settings::default()).await;
    let (place, phone) = (welcome.place_id().await, welcome.phone("a").await);
    let team = &welcome.team;
    let body = json!({ "config": ibeacon(7) });
    let beacon = team.create("/v2/beacons", "beaconId", body).await;
    let stay = json!({"@type": "EnterBeaconTrigger", "beaconId": beacon, "delayMs": 10_000});
    let left = json!({"@type": "ExitPlaceTrigger", "placeId": place});
    let both = json!({"@type": "CompositeTrigger", "list": [stay, left]});
    welcome.another("both", both).await;
    // Nobody has left what they never entered.
    let away = json!({"location": {"lat": 41.0, "lon": -3.7}});
    phone.event(START, away.clone()).await;
    for second in [5, 15, 25] {
        phone
            .event(START + second * 1_000, sighting(7, "Far"))
            .await;
    }
    assert_eq!(welcome.texts(&phone).await, Vec::<String>::new());
    welcome.enter(&phone, 1).await;
    phone.event(START + 2 * MINUTE_MS, away).await;
    for second in [125, 130] {
        phone
            .event(START + second * 1_000, sighting(7, "Far"))
            .await;
    }
    assert_eq!(welcome.texts(&phone).await, Vec::<String>::new());
    phone.event(START + 136_000, sighting(7, "Far")).await;
    assert_eq!(welcome.texts(&phone).await, ["both: composite  Here"]);
}
