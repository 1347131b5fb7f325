//! Where devices can be pushed to: who sees it, and what follows from it.

use serde_json::{Value, json};

use crate::{
    people::{Phone, app, id},
    support::team::{Team, expected, faults},
};

const SECRET: &str = "dGhlIGRldmljZSBhbG9uZQ";

/// What a browser tells.
fn subscription() -> Value {
    json!({
        "provider": "WebPush",
        "endpoint": format!("https://push.example.com/{SECRET}"),
        "keys": {"p256dh": format!("B{}", "A".repeat(86)), "auth": SECRET},
    })
}

/// What the device reads of itself.
async fn own(team: &Team, phone: &Phone<'_>) -> Value {
    let ask = team.installation.ask("GET", "/device/v1/instance");
    ask.bearer(&phone.token).send().await.done()
}

/// How many instances of the app can be pushed to.
async fn reachable(team: &Team, app: &Value) -> Value {
    let asked = json!({"appId": id(app), "query": r#"{"pushEnabled": true}"#});
    let answer = team.post("/v2/segments/estimate", asked).await;
    answer.done()["count"].clone()
}

#[tokio::test]
async fn a_push_address_is_answered_to_its_device_alone() {
    let team = Team::start().await;
    let app = app(&team).await;
    let phone = Phone::register(&team, &app, json!({"push": subscription()})).await;
    phone.log_in("ana", json!({})).await;
    let told = own(&team, &phone).await;
    assert_eq!(
        (&told["push"], &told["pushEnabled"]),
        (&subscription(), &json!(true))
    );

    let of_app = format!("appId={}", id(&app));
    let segment =
        json!({"appId": id(&app), "config": {"name": "All", "query": r#"{"pushEnabled": true}"#}});
    let segment = team.post("/v2/segments", segment).await.done();
    for path in [
        format!("/v2/instances/{}", phone.instance_id),
        format!("/v2/instances?{of_app}"),
        format!("/v2/instances/{}/export", phone.instance_id),
        format!("/v2/users/ana/export?{of_app}"),
        format!(
            "/v2/segments/{}/instances",
            segment["segmentId"].as_str().unwrap()
        ),
        "/v2/audit-events".to_owned(),
    ] {
        let shown = team.get(&path).await.done().to_string();
        assert!(!shown.contains(SECRET), "{path}: {shown}");
        let is_audit = path.ends_with("audit-events");
        assert_eq!(
            shown.contains(r#""pushEnabled":true"#),
            !is_audit,
            "{path}: {shown}"
        );
    }
}

#[tokio::test]
async fn an_instance_can_be_pushed_to_while_it_says_where() {
    let team = Team::start().await;
    let app = app(&team).await;
    let token = |token: &str| json!({"provider": "FCM", "token": token});
    let phone = Phone::register(&team, &app, json!({"deviceKey": "k"})).await;
    Phone::register(&team, &app, json!({})).await;
    assert_eq!(own(&team, &phone).await["pushEnabled"], false);
    assert_eq!(reachable(&team, &app).await, 0);

    phone
        .put("", json!({"os": "Android", "push": token("one")}))
        .await;
    assert_eq!(reachable(&team, &app).await, 1);
    // What was answered can be sent back, and says the same.
    let told = own(&team, &phone).await;
    phone.put("", told.clone()).await;
    assert_eq!(own(&team, &phone).await, told);
    // It follows from the address, so it is not set by itself.
    let mut off = told;
    off["pushEnabled"] = json!(false);
    let ask = team.installation.ask("PUT", "/device/v1/instance");
    let refused = ask.bearer(&phone.token).json(&off).send().await;
    assert_eq!(faults(&refused), expected(&[("/pushEnabled", "immutable")]));

    phone.put("", json!({"os": "Android", "push": null})).await;
    assert_eq!(own(&team, &phone).await.get("push"), None);
    assert_eq!(reachable(&team, &app).await, 0);

    // Installed again, the device has another address, or none.
    for (push, count) in [(token("two"), 1), (Value::Null, 0)] {
        let again = json!({"deviceKey": "k", "push": push});
        let again = Phone::register(&team, &app, again).await;
        assert_eq!(again.instance_id, phone.instance_id);
        assert_eq!(reachable(&team, &app).await, count);
    }
}
