//! Gateways and back ends tell what many devices did.

use serde_json::{Value, json};

use crate::{
    people::{Phone, app},
    support::{NOON, request::Answer, team::Team},
};

const BATCH: &str = "/device/v1/events/batch";

/// A place, and two apps with a campaign for it each.
pub(crate) struct Site {
    pub(crate) team: Team,
    pub(crate) app: Value,
    pub(crate) other: Value,
    /// The campaign and the experience of each app.
    pub(crate) campaigns: [(String, String); 2],
}

impl Site {
    pub(crate) async fn new() -> Self {
        let team = Team::start().await;
        let (app, other) = (app(&team).await, app(&team).await);
        let place = team
            .place(json!({"name": "Here", "geofence": {
                "type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120
            }}))
            .await;
        let mut campaigns = Vec::new();
        for app in [&app, &other] {
            let app_id = app["appId"].as_str().unwrap();
            let campaign = team.campaign(app_id, NOON - 1, NOON + 1_000_000).await;
            let enter = json!({"@type": "EnterPlaceTrigger", "placeId": place});
            let experience = team.experience(&campaign, enter).await;
            let start = format!("/v2/campaigns/{campaign}/start");
            team.act(&start).await.done();
            campaigns.push((campaign, experience));
        }
        Self {
            team,
            app,
            other,
            campaigns: campaigns.try_into().unwrap(),
        }
    }

    pub(crate) async fn phone(&self, app: &Value) -> Phone<'_> {
        Phone::register(&self.team, app, json!({})).await
    }

    fn event(&self, phone: &str, t: i64, what: Value) -> Value {
        let n = self.team.installation.unique();
        let mut event = json!({
            "instanceId": phone, "id": format!("f7826da6-4fa2-4e98-8024-{n:012x}"), "t": t
        });
        let fields = what.as_object().unwrap().clone();
        event.as_object_mut().unwrap().extend(fields);
        event
    }

    /// With the secret of an app.
    async fn app_sends(&self, app: &Value, events: &Value) -> Answer {
        let ask = self.team.installation.ask("POST", BATCH);
        let text = |name: &str| app[name].as_str().unwrap().to_owned();
        let ask = ask.basic(&text("appId"), &text("appSecret"));
        ask.json(events).send().await
    }

    async fn inbox(&self, phone: &Phone<'_>) -> i64 {
        let ask = self.team.installation.ask("GET", "/device/v1/messages");
        let inbox = ask.bearer(&phone.token).send().await.done();
        inbox["total"].as_i64().unwrap()
    }
}

#[tokio::test]
async fn events_of_many_instances_come_to_what_they_come_to_one_by_one() {
    let site = Site::new().await;
    let (ana, bob) = (site.phone(&site.app).await, site.phone(&site.app).await);
    let at = |latitude: f64| json!({"location": {"lat": latitude, "lon": -3.7}});
    // Not in the order of time: that of each instance counts.
    let events = json!([
        site.event(&ana.instance_id, NOON + 2_000, at(40.4)),
        site.event(&bob.instance_id, NOON + 1_000, at(40.4)),
        site.event(&ana.instance_id, NOON, at(41.0)),
        site.event(&bob.instance_id, NOON + 3_000, json!({"verb": "buy"})),
    ]);
    let taken = site.app_sends(&site.app, &events).await.done();
    assert_eq!(
        taken,
        json!({"accepted": 4, "duplicates": 0, "rejected": []})
    );
    for phone in [&ana, &bob] {
        assert_eq!(site.inbox(phone).await, 1);
    }
    let again = site.app_sends(&site.app, &events).await.done();
    assert_eq!(
        again,
        json!({"accepted": 0, "duplicates": 4, "rejected": []})
    );
    // A device may have sent the same itself.
    let mut own = events[3].clone();
    own.as_object_mut().unwrap().remove("instanceId");
    let ask = site.team.installation.ask("POST", "/device/v1/events");
    let known = ask.bearer(&bob.token).json(&json!([own])).send().await;
    assert_eq!(known.done()["duplicates"], 1);
}

#[tokio::test]
async fn good_events_are_taken_whatever_is_wrong_with_their_neighbours() {
    let site = Site::new().await;
    let (ana, eve) = (site.phone(&site.app).await, site.phone(&site.other).await);
    let erased = site.phone(&site.app).await;
    let path = format!("/v2/instances/{}", erased.instance_id);
    site.team.delete(&path).await.done();
    let buy = || json!({"verb": "buy"});
    let nobody = "AAAAAAAAAAAAAAAAAAAAAA";
    let mut unnamed = site.event(nobody, NOON, buy());
    unnamed.as_object_mut().unwrap().remove("instanceId");
    let events = json!([
        site.event(nobody, NOON, buy()),
        site.event(&ana.instance_id, NOON, buy()),
        site.event(&ana.instance_id, NOON, json!({"verb": ""})),
        site.event(&erased.instance_id, NOON, buy()),
        site.event(&eve.instance_id, NOON, buy()),
        unnamed,
    ]);
    let codes = |answer: &Value| -> Vec<(u64, String)> {
        let rejected = answer["rejected"].as_array().unwrap().iter();
        let code = |one: &Value| one["code"].as_str().unwrap().to_owned();
        rejected
            .map(|one| (one["index"].as_u64().unwrap(), code(one)))
            .collect()
    };
    let expected = |others: bool| {
        let all = [
            (0, "not_found"),
            (2, "too_short"),
            (3, "not_found"),
            (4, "not_found"),
            (5, "required"),
        ];
        let all = all.into_iter().filter(|(index, _)| *index != 4 || !others);
        all.map(|(index, code)| (index, code.to_owned()))
            .collect::<Vec<(u64, String)>>()
    };
    // An app tells of its own instances, a member of those of all apps.
    let taken = site.app_sends(&site.app, &events).await.done();
    assert_eq!(taken["accepted"], 1, "{taken}");
    assert_eq!(codes(&taken), expected(false));
    let taken = site.team.post(BATCH, events.clone()).await.done();
    assert_eq!(
        (&taken["accepted"], &taken["duplicates"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(codes(&taken), expected(true));

    // A member of another account of none.
    let stranger = site.team.installation.tenant(false).await;
    let ask = site.team.installation.ask("POST", BATCH);
    let ask = ask.bearer(&stranger.token).json(&events);
    let none = ask.send().await.done();
    assert_eq!(
        (&none["accepted"], &none["duplicates"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(codes(&none).len(), 6);
    let detail = none["rejected"][1]["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("/instanceId: there is no instance"),
        "{detail}"
    );
}

#[tokio::test]
async fn lines_and_keys_are_taken_as_from_a_device() {
    let site = Site::new().await;
    let ana = site.phone(&site.app).await;
    let lines = format!(
        "{}\nno JSON\n{}\n",
        site.event(&ana.instance_id, NOON, json!({"verb": "buy"})),
        site.event(&ana.instance_id, NOON, json!({"verb": "view"})),
    );
    let send = || {
        let ask = site.team.installation.ask("POST", BATCH);
        ask.bearer(&site.team.tenant.token)
            .header("content-type", "application/x-ndjson")
            .header("idempotency-key", "batch-1")
            .body(lines.clone())
    };
    let taken = send().send().await.done();
    assert_eq!(
        (&taken["accepted"], &taken["rejected"][0]["index"]),
        (&json!(2), &json!(1))
    );
    // The first answer, and not one about repeats.
    assert_eq!(send().send().await.done(), taken);
    let none = site.app_sends(&site.app, &json!([])).await;
    assert_eq!(none.code(), "validation_failed");
    let object = site.app_sends(&site.app, &json!({})).await;
    assert_eq!(object.code(), "malformed_body");
}
