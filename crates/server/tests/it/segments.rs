//! Segments: queries that hold for some of an app's instances, and the campaigns for them.

use moca_core::{
    clock::new_id,
    id::AppId,
    resource::Frame,
    segment::{Segment, SegmentConfig, SegmentType},
};
use serde_json::{Value, json};

use crate::support::{
    NOON,
    team::{Team, expected, faults},
};

const HOUR_MS: i64 = 3_600_000;

fn body(app: &str, name: &str, query: impl Into<Value>) -> Value {
    json!({"appId": app, "config": {"name": name, "query": query.into()}})
}

async fn segment(team: &Team, app: &str, name: &str, query: impl Into<Value>) -> String {
    let body = body(app, name, query);
    team.create("/v2/segments", "segmentId", body).await
}

fn path(segment: &str) -> String {
    format!("/v2/segments/{segment}")
}

fn naming(segment: &str) -> Value {
    json!({"$any": [{"$segment": segment}, {"os": "iOS"}]})
}

#[tokio::test]
async fn a_query_is_answered_as_the_text_that_was_sent_or_says_the_same() {
    let team = Team::start().await;
    let app = team.app().await;
    let text = "{ \"$all\": [ { \"lang\" : { \"$eq\" : \"es\" } },\n{ \"os\" : \"Android\" } ] }";
    let sent = segment(&team, &app, "Text", text).await;
    let answered = team.get(&path(&sent)).await.done();
    assert_eq!(answered["config"], json!({"name": "Text", "query": text}));
    let object: Value = serde_json::from_str(text).unwrap();
    let sent = segment(&team, &app, "Object", object.clone()).await;
    let answered = team.get(&path(&sent)).await.done();
    let text = answered["config"]["query"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), object);
    // What was answered can be sent back.
    team.put(&path(&sent), answered).await.done();
}

#[tokio::test]
async fn names_are_unique_in_the_app_and_external_ids_in_the_account() {
    let team = Team::start().await;
    let (app, other) = (team.app().await, team.app().await);
    let query = r#"{"lang":"es"}"#;
    segment(&team, &app, "Spanish", query).await;
    segment(&team, &other, "Spanish", query).await;
    let again = team
        .post("/v2/segments", body(&app, "Spanish", query))
        .await;
    assert_eq!(faults(&again), expected(&[("/config/name", "taken")]));

    let external = "/v2/segments/external/crm%207";
    let made = team.put(external, body(&app, "Readers", query)).await;
    assert_eq!(made.status, 201);
    let made = made.done();
    assert_eq!(made["config"]["externalId"], "crm 7");
    let replaced = team.put(external, body(&app, "Writers", query)).await;
    assert_eq!(replaced.status, 200);
    assert_eq!(replaced.done()["segmentId"], made["segmentId"]);
    let moved = team.put(external, body(&other, "Writers", query)).await;
    assert_eq!(faults(&moved), expected(&[("/appId", "immutable")]));

    for (parameters, total) in [
        (String::new(), 3),
        (format!("?appId={app}"), 2),
        (format!("?appId={app}&q=writ"), 1),
        ("?externalId=crm%207".into(), 1),
        ("?externalId=crm".into(), 0),
    ] {
        let list = team.get(&format!("/v2/segments{parameters}")).await.done();
        assert_eq!(list["total"], total, "{parameters}");
    }
}

#[tokio::test]
async fn all_faults_of_a_query_are_told_with_pointers_into_it() {
    let team = Team::start().await;
    let (app, other) = (team.app().await, team.app().await);
    let abroad = segment(&team, &other, "Abroad", r#"{"lang":"es"}"#).await;
    let query = json!({"$all": [
        {"lang": {"$eq": "es"}},
        {"os": {"$lk": "x"}},
        {"$segment": "IXa7Bl9oRo6c7zQ5aQIzlg"},
        {"shoeSize": true},
    ]});
    // As an object and as a text it is the same query.
    for query in [query.clone(), query.to_string().into()] {
        let mut wrong = body(&app, "", query);
        wrong["appId"] = json!(app);
        let refused = team.post("/v2/segments", wrong).await;
        let all = [
            ("/config/name", "too_short"),
            ("/config/query/$all/1/os/$lk", "unknown_field"),
            ("/config/query/$all/3/shoeSize", "unknown_field"),
        ];
        assert_eq!(faults(&refused), expected(&all));
        let detail = refused.json()["errors"][1]["detail"].clone();
        assert!(detail.as_str().unwrap().contains("$like"), "{detail}");
    }
    for (query, pointer, code) in [
        (json!("lang=es"), "/config/query", "invalid_format"),
        (json!(7), "/config/query", "wrong_type"),
        (json!([]), "/config/query", "wrong_type"),
        (json!("x".repeat(100_001)), "/config/query", "too_long"),
        (
            naming("IXa7Bl9oRo6c7zQ5aQIzlg"),
            "/config/query/$any/0/$segment",
            "not_found",
        ),
        // That of another app is none.
        (
            naming(&abroad),
            "/config/query/$any/0/$segment",
            "not_found",
        ),
    ] {
        let refused = team.post("/v2/segments", body(&app, "S", query)).await;
        assert_eq!(faults(&refused), expected(&[(pointer, code)]));
    }
}

#[tokio::test]
async fn segments_that_name_each_other_stay_without_circles_and_within_limits() {
    let team = Team::start().await;
    let app = team.app().await;
    let first = segment(&team, &app, "First", r#"{"lang":"es"}"#).await;
    let second = segment(&team, &app, "Second", naming(&first)).await;
    let third = segment(&team, &app, "Third", naming(&second)).await;
    for named in [&first, &second, &third] {
        let refused = team
            .put(&path(&first), body(&app, "First", naming(named)))
            .await;
        assert_eq!(faults(&refused), expected(&[("/config/query", "cycle")]));
    }
    // 499 more than the third has by itself and by the second.
    let many = |count: usize| json!({"$any": vec![json!({"lang": "es"}); count]});
    team.put(&path(&first), body(&app, "First", many(498)))
        .await
        .done();
    let refused = team
        .put(&path(&first), body(&app, "First", many(499)))
        .await;
    assert_eq!(faults(&refused), expected(&[("/config/query", "too_long")]));
    let detail = refused.json()["errors"][0]["detail"].clone();
    let detail = detail.as_str().unwrap();
    assert!(
        detail.contains("\"Third\"") && detail.contains("500"),
        "{detail}"
    );
}

#[tokio::test]
async fn what_cannot_be_without_a_segment_goes_with_it() {
    let team = Team::start().await;
    let app = team.app().await;
    let first = segment(&team, &app, "First", r#"{"lang":"es"}"#).await;
    let second = segment(&team, &app, "Second", naming(&first)).await;
    let apart = segment(&team, &app, "Apart", r#"{"os":"iOS"}"#).await;
    let campaign = targeted(&team, &app, &second).await;
    let others = team.campaign(&app, NOON, NOON + HOUR_MS).await;
    let refused = team.delete(&path(&first)).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "in_use"));
    assert!(refused.json().to_string().contains("Second"));
    let refused = team.delete(&path(&second)).await;
    assert!(refused.json().to_string().contains(&campaign));
    team.delete(&format!("{}?cascade=true", path(&first)))
        .await
        .done();
    for gone in [
        path(&first),
        path(&second),
        format!("/v2/campaigns/{campaign}"),
    ] {
        assert_eq!(team.get(&gone).await.status, 404, "{gone}");
    }
    team.get(&path(&apart)).await.done();
    team.get(&format!("/v2/campaigns/{others}")).await.done();
    // An app takes its segments along.
    team.delete(&format!("/v2/apps/{app}?cascade=true"))
        .await
        .done();
    assert_eq!(team.get(&path(&apart)).await.status, 404);
}

/// A campaign for a segment.
async fn targeted(team: &Team, app: &str, segment: &str) -> String {
    let body = json!({"appId": app, "config": {
        "name": "Targeted", "type": "Proximity", "segmentId": segment,
        "startAt": NOON - HOUR_MS, "endAt": NOON + 24 * HOUR_MS
    }});
    team.create("/v2/campaigns", "campaignId", body).await
}

#[tokio::test]
async fn a_campaign_is_for_a_segment_of_its_own_app() {
    let team = Team::start().await;
    let (app, other) = (team.app().await, team.app().await);
    let abroad = segment(&team, &other, "Abroad", r#"{"lang":"es"}"#).await;
    let body = |segment: &str| {
        json!({"appId": app, "config": {
            "name": "C", "type": "Proximity", "segmentId": segment, "startAt": 0, "endAt": 0
        }})
    };
    for segment in [abroad.as_str(), "IXa7Bl9oRo6c7zQ5aQIzlg"] {
        let refused = team.post("/v2/campaigns", body(segment)).await;
        let all = [
            ("/config/endAt", "out_of_range"),
            ("/config/segmentId", "not_found"),
        ];
        assert_eq!(faults(&refused), expected(&all));
    }
}

/// A device of an app.
struct Phone<'a> {
    team: &'a Team,
    token: String,
}

impl<'a> Phone<'a> {
    async fn register(team: &'a Team, app: &str, profile: Value) -> Self {
        let secret = team.get(&format!("/v2/apps/{app}")).await.done()["appSecret"].clone();
        let ask = team.installation.ask("POST", "/device/v1/instances");
        let ask = ask.basic(app, secret.as_str().unwrap()).json(&profile);
        let token = ask.send().await.done()["instanceToken"].clone();
        let token = token.as_str().unwrap().to_owned();
        Self { team, token }
    }

    async fn tell(&self, method: &str, path: &str, body: Value) {
        let path = format!("/device/v1/{path}");
        let ask = self.team.installation.ask(method, &path);
        ask.bearer(&self.token).json(&body).send().await.done();
    }

    /// Enters a place around latitude 40, an hour after the last time.
    async fn enter(&self) {
        for latitude in [50, 40] {
            self.team.installation.clock.advance(HOUR_MS / 2);
            let n = self.team.installation.unique();
            let at = NOON + HOUR_MS * 24;
            let now = self.team.installation.state.clock.now_ms().min(at);
            let event = json!({
                "id": format!("f7826da6-4fa2-4e98-8024-{n:012x}"),
                "t": now,
                "location": {"lat": latitude, "lon": 0}
            });
            self.tell("POST", "events", json!([event])).await;
        }
    }
}

/// Outcome and values of the newest decision.
async fn newest(team: &Team, app: &str) -> (String, Value) {
    let list = team.get(&format!("/v2/decisions?appId={app}")).await.done();
    let newest = list["items"].as_array().unwrap().last().unwrap().clone();
    let outcome = newest["outcome"].as_str().unwrap().to_owned();
    (outcome, newest["compared"].clone())
}

#[tokio::test]
async fn a_targeted_campaign_fires_for_who_is_in_the_segment_at_the_moment() {
    let team = Team::start().await;
    let app = team.app().await;
    let query =
        json!({"lang": {"$startsWith": "es"}, "property.plan": "gold", "tag.museum": {"$gte": 2}});
    let gold = segment(&team, &app, "Gold", query).await;
    let campaign = targeted(&team, &app, &gold).await;
    let circle = json!({"type": "Circle", "latitude": 40, "longitude": 0, "radius": 100});
    let place = team.place(json!({"name": "P", "geofence": circle})).await;
    let mut experience = crate::support::team::experience(
        &campaign,
        json!({"@type": "EnterPlaceTrigger", "placeId": place}),
    );
    experience["config"]["repeat"] = json!("Immediately");
    team.post("/v2/experiences", experience).await.done();
    team.act(&format!("/v2/campaigns/{campaign}/start"))
        .await
        .done();

    let phone = Phone::register(&team, &app, json!({"lang": "es-MX"})).await;
    let kept_out = |values: Value| {
        let compared = json!({"segmentId": gold, "values": values});
        ("NotInSegment".to_owned(), compared)
    };
    let fired = ("Fired".to_owned(), Value::Null);
    phone.enter().await;
    assert_eq!(
        newest(&team, &app).await,
        kept_out(json!({"property.plan": null}))
    );
    phone
        .tell(
            "PUT",
            "instance/properties",
            json!({"properties": {"plan": "gold"}}),
        )
        .await;
    phone
        .tell("PUT", "instance/tags/museum", json!({"value": "1"}))
        .await;
    phone.enter().await;
    assert_eq!(
        newest(&team, &app).await,
        kept_out(json!({"tag.museum": 1}))
    );
    // What was told before the event counts.
    phone
        .tell("PUT", "instance/tags/museum", json!({"value": "+1"}))
        .await;
    phone.enter().await;
    assert_eq!(newest(&team, &app).await, fired);
    // So does what the segment was changed to, and what it names.
    let english = segment(&team, &app, "English", r#"{"lang":"en"}"#).await;
    team.put(
        &path(&gold),
        body(&app, "Gold", json!({"$segment": english})),
    )
    .await
    .done();
    phone.enter().await;
    assert_eq!(
        newest(&team, &app).await,
        kept_out(json!({"lang": "es-MX"}))
    );
    team.put(
        &path(&english),
        body(&app, "English", r#"{"$not":{"lang":"en"}}"#),
    )
    .await
    .done();
    phone.enter().await;
    assert_eq!(newest(&team, &app).await, fired);
    let inbox = team.installation.ask("GET", "/device/v1/messages");
    assert_eq!(inbox.bearer(&phone.token).send().await.done()["total"], 2);
}

#[tokio::test]
async fn a_campaign_whose_segment_cannot_be_evaluated_does_not_start() {
    let team = Team::start().await;
    let app = team.app().await;
    // As one that a newer version of the program has written.
    let state = &team.installation.state;
    let (now_ms, account_id) = (state.clock.now_ms(), team.tenant.account_id);
    let mut tx = state.control.write().await.unwrap();
    let newer = Segment {
        frame: Frame {
            account_id,
            id: new_id(now_ms, state.random.as_ref()),
            created_at: now_ms,
            updated_at: now_ms,
            revision: 1,
        },
        app_id: AppId(app.parse().unwrap()),
        config: SegmentConfig {
            name: "Newer".into(),
            description: None,
            kind: SegmentType::Query,
            query: Some(r#"{"$did":{"verb":"buy"}}"#.into()),
            external_id: None,
        },
    };
    tx.insert(&newer).await.unwrap();
    tx.commit().await.unwrap();
    let campaign = targeted(&team, &app, &newer.id().to_string()).await;
    let refused = team.act(&format!("/v2/campaigns/{campaign}/start")).await;
    let all = [
        ("", "no_experience"),
        ("/config/segmentId", "segment_unfit"),
    ];
    assert_eq!((refused.status, faults(&refused)), (409, expected(&all)));
}

async fn estimate(team: &Team, app: &str, query: Value) -> Value {
    let body = json!({"appId": app, "query": query});
    let answer = team.post("/v2/segments/estimate", body).await;
    answer.done()["count"].clone()
}

#[tokio::test]
async fn who_is_in_a_segment_is_counted_and_listed() {
    let team = Team::start().await;
    let (app, other) = (team.app().await, team.app().await);
    let mut phones = Vec::new();
    for n in 0..7 {
        let lang = if n % 2 == 0 { "es" } else { "en" };
        phones.push(Phone::register(&team, &app, json!({"lang": lang})).await);
    }
    Phone::register(&team, &other, json!({"lang": "es"})).await;
    let spanish = json!({"lang": "es"});
    assert_eq!(estimate(&team, &app, spanish.clone()).await, 4);
    assert_eq!(estimate(&team, &app, json!(spanish.to_string())).await, 4);
    assert_eq!(estimate(&team, &other, json!({"$not": spanish})).await, 0);
    // What was acknowledged before the question counts.
    phones[1]
        .tell("PUT", "instance/tags/vip", json!({"value": "1"}))
        .await;
    phones[4]
        .tell("PUT", "instance/tags/vip", json!({"value": "2"}))
        .await;
    let id = segment(&team, &app, "Spanish", spanish).await;
    let query = json!({"$any": [{"$segment": id}, {"tag.vip": {"$gte": 1}}]});
    assert_eq!(estimate(&team, &app, query.clone()).await, 5);
    let both = segment(&team, &app, "Both", query).await;

    let all = team.get(&format!("/v2/instances?appId={app}")).await.done();
    let all = all["items"].as_array().unwrap();
    // Those that registered in one millisecond are in no order of ours.
    let is_in = |one: &&Value| one["lang"] == "es" || one["tags"].get("vip").is_some();
    let expected: Vec<&Value> = all.iter().filter(is_in).collect();
    for (page, items) in [
        ("", &expected[..]),
        ("?offset=1&limit=2", &expected[1..3]),
        ("?offset=9", &[]),
    ] {
        let found = team
            .get(&format!("{}/instances{page}", path(&both)))
            .await
            .done();
        assert_eq!(
            (&found["total"], &found["items"]),
            (&json!(5), &json!(items)),
            "{page}"
        );
    }
    // Who is erased is in no segment.
    let erased = expected[3]["instanceId"].as_str().unwrap();
    team.delete(&format!("/v2/instances/{erased}")).await.done();
    assert_eq!(estimate(&team, &app, json!({"$segment": both})).await, 4);
}

#[tokio::test]
async fn an_estimate_is_refused_like_a_segment() {
    let team = Team::start().await;
    let app = team.app().await;
    let half = json!({"$any": vec![json!({"lang": "es"}); 251]});
    let half = segment(&team, &app, "Half", half).await;
    for (query, pointer, code) in [
        (json!({"os": {"$lk": 1}}), "/query/os/$lk", "unknown_field"),
        (json!("lang=es"), "/query", "invalid_format"),
        (
            json!({"$segment": "IXa7Bl9oRo6c7zQ5aQIzlg"}),
            "/query/$segment",
            "not_found",
        ),
        (
            json!({"$any": [{"$segment": half}, {"$segment": half}]}),
            "/query",
            "too_long",
        ),
    ] {
        let body = json!({"appId": app, "query": query});
        let refused = team.post("/v2/segments/estimate", body).await;
        assert_eq!(faults(&refused), expected(&[(pointer, code)]));
    }
    // A repeat is answered as the first time; another question needs another key.
    let ask = |query: Value| {
        let ask = team.installation.ask("POST", "/v2/segments/estimate");
        let ask = ask
            .bearer(&team.tenant.token)
            .header("idempotency-key", "k");
        ask.json(&json!({"appId": app, "query": query})).send()
    };
    assert_eq!(ask(json!({"lang": "es"})).await.done()["count"], 0);
    Phone::register(&team, &app, json!({"lang": "es"})).await;
    assert_eq!(ask(json!({"lang": "es"})).await.done()["count"], 0);
    let reused = ask(json!({"lang": "en"})).await;
    assert_eq!(reused.code(), "idempotency_key_reused");
}
