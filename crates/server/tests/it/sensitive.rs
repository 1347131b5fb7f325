//! Sensitive places: nothing is triggered there, and nobody learns who was there, how often or how many.

use serde_json::{Value, json};

use crate::{
    people::{Phone, app},
    support::{
        NOON,
        request::Answer,
        team::{Team, ibeacon},
    },
};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// When the first one comes.
const BEGIN: i64 = NOON - HOUR_MS;
const NOBODY: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// A clinic with a zone and a beacon in it, and a shop; an experience on each.
struct Town {
    team: Team,
    app: Value,
    clinic: String,
    zone: String,
    beacon: String,
    shop: String,
    campaign: String,
    /// Of the clinic, its zone, its beacon and the shop.
    experiences: [String; 4],
}

impl Town {
    async fn new() -> Self {
        let team = Team::start().await;
        let app = app(&team).await;
        let circle = |latitude: f64| json!({"type": "Circle", "latitude": latitude, "longitude": -3.7, "radius": 120});
        let clinic = json!({"name": "Clinic", "category": "clinic", "geofence": circle(40.4)});
        let clinic = team.place(clinic).await;
        let zone = team.zone(&clinic, json!({"name": "Ward"})).await;
        let mut of_zone = ibeacon(7);
        of_zone["zoneId"] = zone.clone().into();
        let body = json!({ "config": of_zone });
        let beacon = team.create("/v2/beacons", "beaconId", body).await;
        let shop = team
            .place(json!({"name": "Shop", "geofence": circle(40.6)}))
            .await;
        let app_id = app["appId"].as_str().unwrap();
        let until = NOON + 1_000 * HOUR_MS;
        let campaign = team.campaign(app_id, BEGIN, until).await;
        let mut experiences = Vec::new();
        for trigger in [
            json!({"@type": "EnterPlaceTrigger", "placeId": clinic}),
            json!({"@type": "EnterZoneTrigger", "zoneId": zone}),
            json!({"@type": "EnterBeaconTrigger", "beaconId": beacon}),
            json!({"@type": "EnterPlaceTrigger", "placeId": shop}),
        ] {
            experiences.push(team.experience(&campaign, trigger).await);
        }
        let start = format!("/v2/campaigns/{campaign}/start");
        team.act(&start).await.done();
        Self {
            team,
            app,
            clinic,
            zone,
            beacon,
            shop,
            campaign,
            experiences: experiences.try_into().unwrap(),
        }
    }

    /// Somebody new who goes to the clinic and then, in the minute after, to the shop.
    async fn visitor(&self, key: &str, minute: i64) -> Phone<'_> {
        let phone = self.phone(key).await;
        self.go(&phone, minute, 40.4).await;
        self.go(&phone, minute + 1, 40.6).await;
        phone
    }

    async fn phone(&self, key: &str) -> Phone<'_> {
        Phone::register(&self.team, &self.app, json!({ "deviceKey": key })).await
    }

    async fn go(&self, phone: &Phone<'_>, minute: i64, latitude: f64) {
        let at = BEGIN + minute * MINUTE_MS;
        if latitude < 40.5 {
            phone.event(at, json!({"sightings": [ibeacon(7)]})).await;
        }
        let there = json!({"location": {"lat": latitude, "lon": -3.7}});
        phone.event(at + 1_000, there).await;
    }

    async fn mark(&self, sensitive: bool) {
        let path = format!("/v2/places/{}", self.clinic);
        let mut place = self.team.get(&path).await.done();
        place["config"]["sensitive"] = sensitive.into();
        let marked = self.team.put(&path, place).await.done();
        assert_eq!(marked["config"]["sensitive"] == true, sensitive);
    }

    async fn analytics(&self, query: &str) -> Answer {
        let app_id = self.app["appId"].as_str().unwrap();
        let (from, to) = (BEGIN, NOON + HOUR_MS);
        let range = format!("appId={app_id}&from={from}&to={to}&interval=none");
        self.team
            .get(&format!("/v2/analytics/{query}&{range}"))
            .await
    }

    /// Visitors of each place, zone or beacon.
    async fn visitors_by(&self, kind: &str) -> Vec<(String, u64)> {
        let found = self
            .analytics(&format!("visitors?groupBy={kind}"))
            .await
            .done();
        let groups = found["groups"].as_array().unwrap().iter();
        let text = |group: &Value| group[format!("{kind}Id")].as_str().unwrap().to_owned();
        groups
            .map(|group| (text(group), group["value"].as_u64().unwrap()))
            .collect()
    }

    /// What became of all triggers, by outcome.
    async fn outcomes(&self, phone: &Phone<'_>) -> Value {
        let app_id = self.app["appId"].as_str().unwrap();
        let of = format!("appId={app_id}&instanceId={}", phone.instance_id);
        let path = format!("/v2/decisions/summary?{of}");
        self.team.get(&path).await.done()["outcomes"].clone()
    }

    async fn inside(&self, phone: &Phone<'_>) -> Value {
        let path = format!("/v2/instances/{}", phone.instance_id);
        self.team.get(&path).await.done()["inside"].clone()
    }
}

#[tokio::test]
async fn nothing_is_triggered_in_a_sensitive_place() {
    let town = Town::new().await;
    town.mark(true).await;
    let phone = town.visitor("a", 0).await;
    let expected = json!({"Fired": 1, "SensitivePlace": 3});
    assert_eq!(town.outcomes(&phone).await, expected);
    let app_id = town.app["appId"].as_str().unwrap();
    let path = format!("/v2/decisions?appId={app_id}&outcome=SensitivePlace");
    let decisions = town.team.get(&path).await.done();
    for decision in decisions["items"].as_array().unwrap() {
        assert_eq!(decision["compared"], json!({"placeId": town.clinic}));
    }
    let ask = town.team.installation.ask("GET", "/device/v1/messages");
    let inbox = ask.bearer(&phone.token).send().await.done();
    let items = inbox["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{inbox}");
    assert_eq!(items[0]["experienceId"], town.experiences[3]);

    // Whatever else would have stopped it: nothing of that is looked at.
    let stop = format!("/v2/campaigns/{}/stop", town.campaign);
    town.team.act(&stop).await.done();
    let other = town.visitor("b", 10).await;
    let expected = json!({"NotRunning": 1, "SensitivePlace": 3});
    assert_eq!(town.outcomes(&other).await, expected);

    let start = format!("/v2/campaigns/{}/start", town.campaign);
    town.team.act(&start).await.done();
    town.mark(false).await;
    let third = town.visitor("c", 20).await;
    assert_eq!(town.outcomes(&third).await, json!({"Fired": 4}));
}

#[tokio::test]
async fn who_asks_why_is_not_told_whether_somebody_was_there() {
    let town = Town::new().await;
    town.mark(true).await;
    let phone = town.phone("a").await;
    town.go(&phone, 0, 40.4).await;
    for experience in &town.experiences[..3] {
        let of = format!("/v2/instances/{}/explain", phone.instance_id);
        let path = format!("{of}?experienceId={experience}");
        let told = town.team.get(&path).await.done();
        assert_eq!(told["outcome"], "SensitivePlace", "{told}");
        let sentence = "It does not fire. The trigger is about a sensitive place: it never triggers \
                        anything.";
        assert_eq!(told["sentence"], sentence);
        let check = &told["checks"][0];
        assert_eq!(check["compared"], json!({"placeId": town.clinic}));
        assert_eq!(check["stops"], true);
        assert_eq!(told.get("presence"), None, "{told}");
    }
    assert_eq!(town.inside(&phone).await, json!([]));
    let app_id = town.app["appId"].as_str().unwrap();
    let listed = town
        .team
        .get(&format!("/v2/instances?appId={app_id}"))
        .await;
    assert_eq!(listed.done()["items"][0]["inside"], json!([]));
    // The one it is about may have all of it.
    let path = format!("/v2/instances/{}/export", phone.instance_id);
    let export = town.team.get(&path).await.done();
    assert_eq!(export["instance"]["inside"].as_array().unwrap().len(), 3);
    // Where it is in other places is told as ever.
    town.go(&phone, 30, 40.6).await;
    let inside = json!([{"placeId": town.shop, "enteredAt": BEGIN + 30 * MINUTE_MS + 1_000}]);
    assert_eq!(town.inside(&phone).await, inside);
}

#[tokio::test]
async fn what_is_deleted_is_not_told_to_have_somebody_in_it() {
    let town = Town::new().await;
    town.mark(true).await;
    let phone = town.phone("a").await;
    town.go(&phone, 0, 40.4).await;
    assert_eq!(town.inside(&phone).await, json!([]));
    let path = format!("/v2/places/{}?cascade=true", town.clinic);
    town.team.delete(&path).await.done();
    let inside = town.inside(&phone).await;
    // The beacon is in the fleet still, and in no place any more.
    let inside = inside.as_array().unwrap().iter();
    let others: Vec<&Value> = inside.filter(|it| it.get("beaconId").is_none()).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test]
async fn analytics_do_not_know_a_sensitive_place_from_when_it_is_one() {
    let town = Town::new().await;
    let before = town.visitor("a", 0).await;
    assert_eq!(town.outcomes(&before).await, json!({"Fired": 4}));
    assert_eq!(town.visitors_by("zone").await, [(town.zone.clone(), 1)]);
    assert_eq!(town.visitors_by("place").await.len(), 2);

    town.mark(true).await;
    for key in ["b", "c"] {
        town.visitor(key, 30).await;
    }
    // What was counted before is hidden too, at once.
    let shop = [(town.shop.clone(), 3)];
    assert_eq!(town.visitors_by("place").await, shop);
    for kind in ["zone", "beacon"] {
        assert_eq!(town.visitors_by(kind).await, [], "{kind}");
    }
    for (name, id) in [
        ("placeId", &town.clinic),
        ("zoneId", &town.zone),
        ("beaconId", &town.beacon),
    ] {
        let answer = town.analytics(&format!("visitors?{name}={id}")).await;
        assert_eq!(answer.code(), "sensitive_place");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(&format!("{name} is")), "{detail}");
    }
    for other in [&town.shop, NOBODY] {
        let answer = town.analytics(&format!("visitors?placeId={other}")).await;
        answer.done();
    }
    for experience in &town.experiences[..3] {
        let asked = format!("experiences?experienceId={experience}");
        assert_eq!(town.analytics(&asked).await.code(), "sensitive_place");
    }
    let told = json!({"triggers": 3, "fired": 3, "notFired": {}, "shown": 0, "clicked": 0, "dismissed": 0});
    for asked in ["groupBy=experience", "groupBy=campaign"] {
        let found = town.analytics(&format!("experiences?{asked}")).await.done();
        assert_eq!(found["total"], told, "{found}");
        let groups = found["groups"].as_array().unwrap();
        assert_eq!(groups.len(), 1, "{found}");
        assert_eq!(groups[0]["value"], told);
    }

    // What happened while it was sensitive was counted nowhere, so nothing of it appears later.
    town.mark(false).await;
    let by_place = town.visitors_by("place").await;
    let expected = [(town.shop.clone(), 3), (town.clinic.clone(), 1)];
    assert_eq!(by_place, expected);
    let found = town
        .analytics("experiences?groupBy=experience")
        .await
        .done();
    assert_eq!(found["total"]["triggers"], 6, "{found}");
    assert_eq!(found["total"]["notFired"], json!({}));
}

#[tokio::test]
async fn a_zone_or_beacon_is_as_sensitive_as_the_place_it_is_in() {
    let town = Town::new().await;
    town.mark(true).await;
    // A beacon that is moved to the shop may be counted there.
    let zone = town.team.zone(&town.shop, json!({"name": "Till"})).await;
    let path = format!("/v2/zones/{zone}/beacons");
    let moved = json!({"beaconIds": [town.beacon]});
    town.team.put(&path, moved).await.done();
    let phone = town.phone("a").await;
    let sighting = json!({"sightings": [ibeacon(7)]});
    phone.event(NOON, sighting).await;
    assert_eq!(town.visitors_by("beacon").await, [(town.beacon.clone(), 1)]);
    assert_eq!(town.visitors_by("zone").await, [(zone, 1)]);
    assert_eq!(town.outcomes(&phone).await["Fired"], 2);
}

#[tokio::test]
async fn a_category_of_the_account_is_as_good_as_a_mark() {
    let town = Town::new().await;
    let before = town.visitor("a", 0).await;
    assert_eq!(town.outcomes(&before).await, json!({"Fired": 4}));
    let path = format!("/v2/accounts/{}", town.team.tenant.account_id);
    let mut account = town.team.get(&path).await.done();
    let privacy = json!({"sensitiveCategories": ["church", "CLINIC"]});
    account["config"]["privacy"] = privacy.clone();
    let put = town.team.put(&path, account.clone()).await.done();
    assert_eq!(put["config"]["privacy"], privacy);

    let second = town.visitor("b", 20).await;
    let expected = json!({"Fired": 1, "SensitivePlace": 3});
    assert_eq!(town.outcomes(&second).await, expected);
    assert_eq!(town.visitors_by("place").await, [(town.shop.clone(), 2)]);
    let asked = format!("visitors?placeId={}", town.clinic);
    assert_eq!(town.analytics(&asked).await.code(), "sensitive_place");
    let of = format!("/v2/instances/{}/explain", second.instance_id);
    let asked = format!("{of}?experienceId={}", town.experiences[0]);
    let told = town.team.get(&asked).await.done();
    assert_eq!(told["outcome"], "SensitivePlace");

    account["config"].as_object_mut().unwrap().remove("privacy");
    town.team.put(&path, account).await.done();
    let third = town.visitor("c", 40).await;
    assert_eq!(town.outcomes(&third).await, json!({"Fired": 4}));
    let changes = town
        .team
        .get("/v2/audit-events?kind=account&sort=at")
        .await
        .done();
    let items = changes["items"].as_array().unwrap();
    let told: Vec<&Value> = items
        .iter()
        .filter(|item| item["action"] == "update")
        .map(|item| &item["after"]["config"]["privacy"])
        .collect();
    assert_eq!(told, [&privacy, &Value::Null]);
}

#[tokio::test]
async fn an_experience_that_was_about_a_sensitive_place_stays_hidden() {
    let town = Town::new().await;
    let [moved, ..] = &town.experiences;
    town.visitor("a", 0).await;
    // It is about the shop from now on, and the shop is nobody's secret.
    let path = format!("/v2/experiences/{moved}");
    let mut experience = town.team.get(&path).await.done();
    experience["trigger"]["placeId"] = town.shop.clone().into();
    town.team.put(&path, experience).await.done();
    town.visitor("b", 10).await;
    let by_experience = async || {
        let query = "experiences?groupBy=experience";
        let found = town.analytics(query).await.done();
        let groups = found["groups"].as_array().unwrap().clone();
        let of = |group: &Value| group["experienceId"].as_str().unwrap().to_owned();
        let total = found["total"]["triggers"].as_u64().unwrap();
        (total, groups.iter().map(of).collect::<Vec<_>>())
    };
    let asked = format!("experiences?experienceId={moved}");
    let (total, groups) = by_experience().await;
    assert_eq!((total, groups.len()), (8, 4));
    let found = town.analytics(&asked).await.done();
    assert_eq!(found["total"]["triggers"], 2, "{found}");

    town.mark(true).await;
    let shop = town.experiences[3].clone();
    assert_eq!(by_experience().await, (2, vec![shop.clone()]));
    assert_eq!(town.analytics(&asked).await.code(), "sensitive_place");

    // What is gone is not told either.
    town.team.delete(&path).await.done();
    assert_eq!(by_experience().await, (2, vec![shop]));
    assert_eq!(town.analytics(&asked).await.code(), "sensitive_place");
    town.mark(false).await;
    assert_eq!(by_experience().await.0, 8);
}

#[tokio::test]
async fn a_summary_of_decisions_does_not_tell_how_many_were_in_a_sensitive_place() {
    let town = Town::new().await;
    town.mark(true).await;
    town.visitor("a", 0).await;
    let app_id = town.app["appId"].as_str().unwrap();
    let path = format!("/v2/decisions/summary?appId={app_id}");
    let of = async |experience: &str| {
        let asked = format!("{path}&experienceId={experience}");
        town.team.get(&asked).await
    };
    for experience in &town.experiences[..3] {
        assert_eq!(of(experience).await.code(), "sensitive_place");
    }
    let told = of(&town.experiences[3]).await.done();
    assert_eq!(told["outcomes"], json!({"Fired": 1}));
    assert_eq!(of(NOBODY).await.done()["total"], 0);

    // Nothing of it was counted, but it was decided on.
    let moved = &town.experiences[0];
    let experience = format!("/v2/experiences/{moved}");
    let mut body = town.team.get(&experience).await.done();
    body["trigger"]["placeId"] = town.shop.clone().into();
    town.team.put(&experience, body).await.done();
    assert_eq!(of(moved).await.code(), "sensitive_place");
    let all = town.team.get(&path).await.done();
    assert_eq!(all["outcomes"], json!({"Fired": 1, "SensitivePlace": 3}));
    town.mark(false).await;
    let told = of(moved).await.done();
    assert_eq!(told["outcomes"], json!({"SensitivePlace": 1}));
}
