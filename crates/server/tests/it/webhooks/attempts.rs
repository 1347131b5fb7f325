//! Receivers that do not take what they are told.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, AtomicUsize, Ordering},
};

use moca_core::limits::{WEBHOOK_FAILING_MS_MAX, WEBHOOK_PAUSES_MS, WEBHOOK_WAIT_MS_MAX};
use serde_json::{Value, json};

use super::{Bureau, path, text};
use crate::{
    notifications::provider::{Answer, Provider, taken},
    support::NOON,
};

/// A receiver that answers with the status that the test chooses.
async fn answering(status: u16) -> (Provider, Arc<AtomicU16>) {
    let chosen = Arc::new(AtomicU16::new(status));
    let status = Arc::clone(&chosen);
    let receiver =
        Provider::start(move |_| Answer::Reply(status.load(Ordering::SeqCst), None, json!({})));
    (receiver.await, chosen)
}

fn first(list: &Value) -> &Value {
    &list["items"][0]
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_under_the_same_id_until_it_is_taken() {
    let (receiver, status) = answering(500).await;
    let bureau = Bureau::open(receiver).await;
    let hook = bureau.hook(&["instance.registered"], json!({})).await;
    bureau.phone().await;
    let got = bureau.tell().await;
    assert_eq!(got.len(), 1, "not again before its time");
    let waiting = bureau.deliveries(&hook, "?state=Waiting").await;
    let delivery = first(&waiting);
    assert_eq!(delivery["deliveryId"], got[0].header("webhook-id"));
    assert_eq!(
        (&delivery["attempts"], &delivery["state"]),
        (&json!(1), &json!("Waiting"))
    );
    let last = &delivery["lastAttempt"];
    assert_eq!(
        (&last["statusCode"], &last["error"]),
        (&json!(500), &json!("StatusCode"))
    );
    let next = delivery["nextAttemptAt"].as_i64().unwrap() - NOON;
    let pause = WEBHOOK_PAUSES_MS[0];
    assert!((pause..=pause * 11 / 10).contains(&next), "{next}");
    assert_eq!(bureau.read(&hook).await["health"]["failingSince"], NOON);

    status.store(204, Ordering::SeqCst);
    bureau.team.installation.clock.advance(next);
    let again = bureau.tell().await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].header("webhook-id"), got[0].header("webhook-id"));
    assert_ne!(
        again[0].header("webhook-timestamp"),
        got[0].header("webhook-timestamp")
    );
    assert_eq!(again[0].body, got[0].body);
    let health = &bureau.read(&hook).await["health"];
    assert_eq!(health["deliveredAt"], NOON + next);
    assert!(
        health.get("failingSince").is_none() && health["waiting"] == 0,
        "{health}"
    );
    let delivered = bureau.deliveries(&hook, "?state=Delivered").await;
    assert_eq!(first(&delivered)["attempts"], 2);
}

#[tokio::test]
async fn after_ten_attempts_it_is_given_up_and_can_be_begun_anew() {
    let (receiver, status) = answering(404).await;
    let bureau = Bureau::open(receiver).await;
    let hook = bureau.hook(&["instance.registered"], json!({})).await;
    bureau.phone().await;
    let mut ids = Vec::new();
    for attempt in 1..=10 {
        let got = bureau.tell().await;
        assert_eq!(got.len(), 1, "attempt {attempt}");
        ids.push(got[0].header("webhook-id").to_owned());
        let pause = WEBHOOK_PAUSES_MS.get(attempt - 1).unwrap_or(&86_400_000);
        bureau.team.installation.clock.advance(pause * 12 / 10);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(bureau.tell().await.len(), 0);
    let given_up = bureau.deliveries(&hook, "?state=GivenUp").await;
    assert_eq!(
        (&given_up["total"], &first(&given_up)["attempts"]),
        (&json!(1), &json!(10))
    );

    status.store(200, Ordering::SeqCst);
    let redeliver = format!("{}/deliveries/{}/redeliver", path(&hook), ids[0]);
    let anew = bureau.team.act(&redeliver).await.done();
    assert_eq!(
        (&anew["state"], &anew["attempts"]),
        (&json!("Waiting"), &json!(0))
    );
    assert_eq!(bureau.read(&hook).await["health"]["waiting"], 1);
    let got = bureau.tell().await;
    assert_eq!(got[0].header("webhook-id"), ids[0]);
    let all = bureau.deliveries(&hook, "").await;
    assert_eq!(
        (&all["total"], &first(&all)["state"]),
        (&json!(1), &json!("Delivered"))
    );
    // And what was taken, too.
    bureau.team.act(&redeliver).await.done();
    assert_eq!(bureau.tell().await.len(), 1);
    let none = format!(
        "{}/deliveries/IXa7Bl9oRo6c7zQ5aQIzlg/redeliver",
        path(&hook)
    );
    assert_eq!(bureau.team.act(&none).await.status, 404);
}

#[tokio::test]
async fn one_that_is_gone_is_disabled_until_somebody_enables_it() {
    let (receiver, status) = answering(410).await;
    let bureau = Bureau::open(receiver).await;
    let hook = bureau.hook(&["instance.registered"], json!({})).await;
    bureau.phone().await;
    assert_eq!(bureau.tell().await.len(), 1);
    let read = bureau.read(&hook).await;
    let expected = json!({"state": "Disabled", "at": NOON, "reason": "Gone"});
    assert_eq!(
        (&read["status"], &read["config"]["enabled"]),
        (&expected, &json!(false))
    );
    bureau.phone().await;
    bureau.team.installation.clock.advance(3_600_000);
    assert_eq!(bureau.tell().await.len(), 0);
    let events = bureau
        .team
        .get("/v2/audit-events?kind=webhook&action=update")
        .await
        .done();
    assert_eq!(events["items"][0]["actor"]["type"], "system", "{events}");

    status.store(200, Ordering::SeqCst);
    let mut body = read.clone();
    body["config"]["enabled"] = json!(true);
    let on = bureau.team.put(&path(&hook), body).await.done();
    assert_eq!(
        on["status"],
        json!({"state": "Active", "at": NOON + 3_600_000})
    );
    // What waited goes out; what happened meanwhile does not.
    assert_eq!(bureau.tell().await.len(), 1);
}

#[tokio::test]
async fn one_that_takes_nothing_for_days_is_disabled() {
    let (receiver, _) = answering(500).await;
    let bureau = Bureau::open(receiver).await;
    let hook = bureau.hook(&["instance.registered"], json!({})).await;
    bureau.phone().await;
    bureau.tell().await;
    let half = WEBHOOK_FAILING_MS_MAX / 2 + 1;
    bureau.team.installation.clock.advance(half);
    bureau.phone().await;
    bureau.tell().await;
    assert_eq!(bureau.read(&hook).await["status"]["state"], "Active");
    bureau.team.installation.clock.advance(half);
    bureau.phone().await;
    bureau.tell().await;
    assert_eq!(bureau.read(&hook).await["status"]["reason"], "Failing");
}

#[tokio::test]
async fn a_receiver_that_fails_gets_one_request_a_pause_and_the_rest_waits() {
    let (receiver, status) = answering(503).await;
    let bureau = Bureau::open(receiver).await;
    let hook = bureau.hook(&["custom.*"], json!({})).await;
    let phone = bureau.phone().await;
    for n in 0..100 {
        phone.event(NOON + n, json!({"verb": "v"})).await;
    }
    let tried = bureau.tell().await.len();
    assert!((5..=20).contains(&tried), "{tried} before the pause");
    assert_eq!(bureau.tell().await.len(), 0);
    let clock = &bureau.team.installation.clock;
    clock.advance(2_000);
    assert_eq!(
        bureau.tell().await.len(),
        1,
        "one to see whether it is back"
    );
    // The pause is longer each time, up to five minutes.
    clock.advance(1_000);
    assert_eq!(bureau.tell().await.len(), 0);
    status.store(200, Ordering::SeqCst);
    clock.advance(400_000);
    let rest = bureau.tell().await.len();
    let list = bureau.deliveries(&hook, "?state=Delivered&limit=1").await;
    assert_eq!(list["total"], rest);
    clock.advance(400_000);
    bureau.tell().await;
    let health = &bureau.read(&hook).await["health"];
    assert_eq!(health["waiting"], 0, "{health}");
    let list = bureau.deliveries(&hook, "?state=Delivered&offset=95").await;
    assert_eq!(
        (&list["total"], list["items"].as_array().unwrap().len()),
        (&json!(100), 5)
    );
}

#[tokio::test]
async fn what_waited_for_days_without_its_turn_is_given_up() {
    let (receiver, _) = answering(503).await;
    let bureau = Bureau::open(receiver).await;
    let hook = bureau.hook(&["custom.*"], json!({})).await;
    let phone = bureau.phone().await;
    for n in 0..40 {
        phone.event(NOON + n, json!({"verb": "v"})).await;
    }
    bureau.tell().await;
    bureau
        .team
        .installation
        .clock
        .advance(WEBHOOK_WAIT_MS_MAX + 1);
    bureau.tell().await;
    let given_up = bureau.deliveries(&hook, "?state=GivenUp").await;
    assert!(given_up["total"].as_i64().unwrap() >= 20, "{given_up}");
    assert_eq!(first(&given_up)["lastAttempt"]["error"], "Waited");
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept() {
    let receiver = Provider::start(|_| Answer::Reply(429, Some("600"), json!({}))).await;
    let bureau = Bureau::open(receiver).await;
    let hook = bureau.hook(&["instance.registered"], json!({})).await;
    bureau.phone().await;
    bureau.tell().await;
    let list = bureau.deliveries(&hook, "").await;
    assert_eq!(first(&list)["nextAttemptAt"], NOON + 600_000);
    bureau.team.installation.clock.advance(599_999);
    bureau.phone().await;
    assert_eq!(bureau.tell().await.len(), 0, "nor anything else");
    bureau.team.installation.clock.advance(1);
    assert_eq!(bureau.tell().await.len(), 1);
}

#[tokio::test]
async fn one_that_never_answers_holds_up_nobody_else() {
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    let receiver = Provider::start(move |got| match got.path.as_str() {
        "/slow" => Answer::Hang,
        _ => {
            count.fetch_add(1, Ordering::SeqCst);
            taken()
        }
    })
    .await;
    let bureau = Bureau::open(receiver).await;
    let slow = format!("{}/slow", bureau.receiver.url);
    bureau.hook(&["custom.*"], json!({"url": slow})).await;
    let quick = bureau.hook(&["custom.*"], json!({})).await;
    let phone = bureau.phone().await;
    for n in 0..50 {
        phone.event(NOON + n, json!({"verb": "v"})).await;
    }
    let told = async {
        loop {
            if served.load(Ordering::SeqCst) == 50 {
                let list = bureau.deliveries(&quick, "?state=Delivered").await;
                if list["total"] == 50 {
                    break;
                }
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = bureau.tell() => panic!("the slow one has not answered"),
        () = told => {}
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_private_networks_are_not_reached() {
    let got = Arc::new(Mutex::new(Vec::new()));
    let paths = Arc::clone(&got);
    let receiver = Provider::start(move |request| {
        paths.lock().unwrap().push(request.path.clone());
        Answer::Reply(302, None, json!({}))
    })
    .await;
    let settings = moca_engine::webhooks::WebhookSettings {
        allow_private: false,
        ..receiver.webhooks()
    };
    let bureau = Bureau::open(receiver).await;
    let hook = bureau.hook(&["instance.registered"], json!({})).await;
    bureau.phone().await;
    assert_eq!(bureau.tell().await.len(), 1);
    assert_eq!(*got.lock().unwrap(), ["/hook"]);
    let list = bureau.deliveries(&hook, "").await;
    assert_eq!(first(&list)["lastAttempt"]["statusCode"], 302);

    let port = bureau.receiver.url.rsplit(':').next().unwrap().to_owned();
    let mut guarded = bureau.team.installation.teller(&settings);
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let url = format!("https://{host}:{port}/inner");
        let hook = bureau
            .hook(&["instance.registered"], json!({"url": url}))
            .await;
        bureau.phone().await;
        guarded.work_off().await.unwrap();
        let list = bureau.deliveries(&hook, "").await;
        assert_eq!(
            first(&list)["lastAttempt"]["error"],
            "PrivateAddress",
            "{host}"
        );
        bureau.team.delete(&path(&hook)).await.done();
    }
    let all = got.lock().unwrap().clone();
    assert!(!all.iter().any(|path| path == "/inner"), "{all:?}");
    assert_eq!(text(&bureau.read(&hook).await["status"], "state"), "Active");
}
