//! What a device gets of each action, with its texts written for it.

use moca_api::Settings;
use serde_json::{Value, json};

use crate::{
    messages::Welcome,
    people::{Phone, id},
    support::NOON,
};

const HOUR_MS: i64 = 3_600_000;

impl Welcome {
    /// Makes this what happens on entering the place.
    async fn act(&self, action: Value) {
        let path = format!("/v2/experiences/{}", self.experience_id);
        let mut experience = self.team.get(&path).await.done();
        experience["action"] = action;
        self.team.put(&path, experience).await.done();
    }

    /// What the newest message of a phone says to do.
    async fn newest(&self, phone: &Phone<'_>) -> Value {
        let inbox = self.inbox(phone, "limit=1000").await.done();
        inbox["items"].as_array().unwrap().last().unwrap()["action"].clone()
    }
}

#[tokio::test]
async fn texts_are_written_for_the_device_in_its_language() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    phone
        .put("", json!({"lang": "es-MX", "osVersion": "14.6"}))
        .await;
    let properties = json!({"name": "Ana <i>", "tier": "gold/1", "teams": ["red", "blue"]});
    phone.log_in("u 7", properties).await;
    phone.put("/tags/visits", json!({"value": "3"})).await;
    for (minute, kind, content, alert, expected) in [
        (
            0,
            "SendLocalMessageAction",
            "Hola {{ user.name }}, {{ place.name }}, visita {{ tag.visits + 1 }}",
            "{{ event.verb }} {{ user.none | default('-') }}",
            ("Hola Ana <i>, Here, visita 4", "enter_place -"),
        ),
        (
            2,
            "ShowHtmlAction",
            "<b>{{ user.name }}</b>{% for team in property.teams %}<p>{{ team }}</p>{% endfor %}",
            "{{ user.name }}",
            ("<b>Ana &lt;i&gt;</b><p>red</p><p>blue</p>", "Ana <i>"),
        ),
        (
            4,
            "OpenUrlAction",
            "myapp://{{ property.tier }}?u={{ user.id }}&v={{ device.osVersion }}",
            "",
            ("myapp://gold%2F1?u=u%207&v=14.6", ""),
        ),
        (
            6,
            "PlaySoundAction",
            "chime-{{ device.lang }}.wav",
            "",
            ("chime-es-MX.wav", ""),
        ),
        // A value that the text did not reckon with does not lose the message.
        (
            8,
            "CustomAction",
            "locker {{ user.name * 2.5 }}!",
            "",
            ("locker !", ""),
        ),
    ] {
        let texts = |es: &str| json!({"default": "https://e.com/", "es": es});
        let action = json!({"@type": kind, "content": texts(content), "bgAlert": texts(alert)});
        welcome.act(action).await;
        welcome.enter(&phone, minute).await;
        let action = welcome.newest(&phone).await;
        assert_eq!(action["@type"], kind);
        assert_eq!(action["content"], json!({"es": expected.0}));
        assert_eq!(action["bgAlert"], json!({"es": expected.1}));
    }
    let metrics = welcome.team.installation.ask("GET", "/metrics");
    let metrics = metrics.operations().send().await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(
        metrics.contains("moca_pipeline_texts_failed_total 1\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_tag_action_tags_the_instance_and_its_user_once() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    let app_id = id(&welcome.app);
    let query = json!({"tag.visits": {"$gte": 2}}).to_string();
    let body = json!({"appId": app_id, "config": {"name": "Regulars", "query": query}});
    let segment = team.create("/v2/segments", "segmentId", body).await;
    let phone = welcome.phone("a").await;
    phone.log_in("ana", json!({})).await;
    welcome
        .act(json!({"@type": "TagAction", "tagName": "visits"}))
        .await;

    let tags = async || {
        let instance = team
            .get(&format!("/v2/instances/{}", phone.instance_id))
            .await
            .done();
        let user = team
            .get(&format!("/v2/users/ana?appId={app_id}"))
            .await
            .done();
        let members = team
            .get(&format!("/v2/segments/{segment}/instances"))
            .await
            .done();
        let seen = team
            .get(&format!("/v2/tags/seen?appId={app_id}"))
            .await
            .done();
        (
            instance["tags"]["visits"].clone(),
            user["tags"]["visits"].clone(),
            members["total"].clone(),
            seen["items"].clone(),
        )
    };
    welcome.enter(&phone, 0).await;
    let carried = |seen: &Value| {
        let named = |item: &&Value| item["name"] == "visits";
        seen.as_array()
            .unwrap()
            .iter()
            .find(named)
            .map(|item| item["instanceCount"].clone())
    };
    let (instance, user, members, seen) = tags().await;
    assert_eq!(
        (instance, user, members),
        (json!(1.0), json!(1.0), json!(0))
    );
    assert_eq!(carried(&seen), Some(json!(1)), "{seen}");
    let action = welcome.newest(&phone).await;
    let told = json!({
        "@type": "TagAction", "contentType": "text/x-tag", "locale": "default", "content": {}, "bgAlert": {},
        "tagName": "visits", "tagValue": "+1"
    });
    assert_eq!(action, told);

    welcome.enter(&phone, 2).await;
    let (instance, user, members, seen) = tags().await;
    assert_eq!(
        (instance, user, members),
        (json!(2.0), json!(2.0), json!(1))
    );
    assert_eq!(carried(&seen), Some(json!(1)), "{seen}");

    welcome
        .act(json!({"@type": "TagAction", "tagName": "visits", "tagValue": "=7.5"}))
        .await;
    welcome.enter(&phone, 4).await;
    let (instance, user, ..) = tags().await;
    assert_eq!((instance, user), (json!(7.5), json!(7.5)));

    // Who asks about then hears what was known then.
    team.installation.clock.advance(HOUR_MS);
    let at = |minute: i64| NOON - HOUR_MS + minute * 60_000 + 30_001;
    let campaign = format!("/v2/campaigns/{}", welcome.campaign_id);
    let mut body = team.get(&campaign).await.done();
    body["config"]["segmentId"] = json!(segment);
    team.put(&campaign, body).await.done();
    for (minute, outcome) in [(0, "NotInSegment"), (2, "Fired")] {
        let path = format!(
            "/v2/instances/{}/explain?experienceId={}&at={}",
            phone.instance_id,
            welcome.experience_id,
            at(minute)
        );
        let explained = team.get(&path).await.done();
        assert_eq!(explained["outcome"], outcome, "{explained}");
    }
}
