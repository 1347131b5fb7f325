//! The life of a notification.

use serde_json::{Value, json};

use super::{
    Newsroom, apns, fcm,
    provider::{Provider, taken},
    to_all,
};
use crate::{
    people::id,
    support::{
        NOON,
        team::{expected, faults},
    },
};

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn a_draft_is_changed_until_it_is_ready_and_not_after() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    room.phone(apns(1)).await;
    let mut body = to_all(&room.campaign);
    body.as_object_mut().unwrap().remove("options");
    let path = room.notify(body.clone()).await;
    let made = room.team.get(&path).await.done();
    assert_eq!(made["options"], json!({"draft": true, "dryRun": false}));
    assert_eq!(
        made["status"],
        json!({
            "state": "Draft", "at": NOON, "targeted": 0, "heldOut": 0, "sent": 0, "accepted": 0, "failed": {},
        })
    );
    room.start().await;
    room.work().await;
    assert_eq!(room.status(&path).await["state"], "Draft");
    let refused = room.team.act(&format!("{path}/cancel")).await;
    assert_eq!(refused.code(), "state_conflict");

    // What was answered can be sent back.
    let mut ready = room.team.put(&path, made).await.done();
    ready["options"]["draft"] = json!(false);
    let ready = room.team.put(&path, ready).await.done();
    assert_eq!(ready["status"]["state"], "Pending");
    let refused = room.team.put(&path, ready).await;
    assert_eq!(
        faults(&refused),
        expected(&[("/status/state", "wrong_status")])
    );
    room.work().await;
    assert_eq!(room.status(&path).await["state"], "Completed");
    assert_eq!(provider.messages().len(), 1);
    room.work().await;
    assert!(provider.messages().is_empty());
}

#[tokio::test]
async fn it_goes_out_when_it_is_due_and_its_campaign_runs() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    room.phone(apns(1)).await;
    let mut body = to_all(&room.campaign);
    body["trigger"] = json!({"@type": "ScheduledTrigger", "at": NOON + HOUR_MS});
    let path = room.notify(body).await;
    let clock = &room.team.installation.clock;
    clock.advance(HOUR_MS);
    room.work().await;
    assert_eq!(
        room.status(&path).await["state"],
        "Pending",
        "the campaign is a draft"
    );
    room.start().await;
    clock.advance(-1);
    room.work().await;
    assert_eq!(
        room.status(&path).await["state"],
        "Pending",
        "it is too early"
    );
    let stop = format!("/v2/campaigns/{}/stop", room.campaign);
    room.team.act(&stop).await.done();
    clock.advance(1);
    room.work().await;
    assert_eq!(
        room.status(&path).await["state"],
        "Pending",
        "the campaign was stopped"
    );
    room.start().await;
    room.work().await;
    assert_eq!(room.status(&path).await["state"], "Completed");
    assert_eq!(provider.messages().len(), 1);
}

#[tokio::test]
async fn what_was_cancelled_or_deleted_is_not_sent() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    room.phone(apns(1)).await;
    let (cancelled, deleted) = (
        room.notify(to_all(&room.campaign)).await,
        room.notify(to_all(&room.campaign)).await,
    );
    let answer = room.team.act(&format!("{cancelled}/cancel")).await.done();
    assert_eq!(answer["status"]["state"], "Cancelled");
    assert_eq!(
        room.team.act(&format!("{cancelled}/cancel")).await.status,
        409
    );
    room.team.delete(&deleted).await.done();
    let left = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    room.work().await;
    assert_eq!(provider.messages().len(), 1);
    assert_eq!(room.status(&left).await["state"], "Completed");
}

#[tokio::test]
async fn a_dry_run_says_who_would_get_it_and_sends_nothing() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    // Without a credential for Firebase.
    let mut app = room
        .team
        .get(&format!("/v2/apps/{}", id(&room.app)))
        .await
        .done();
    app["targets"]
        .as_array_mut()
        .unwrap()
        .retain(|one| one["@type"] != "FcmTarget");
    room.team
        .put(&format!("/v2/apps/{}", id(&room.app)), app)
        .await
        .done();
    for byte in 1..=3 {
        room.phone(apns(byte)).await;
    }
    room.phone(fcm("a")).await;
    room.phone(Value::Null).await;
    let mut body = to_all(&room.campaign);
    body["options"]["dryRun"] = json!(true);
    let path = room.notify(body.clone()).await;
    // Its campaign need not run.
    room.work().await;
    let status = room.status(&path).await;
    assert_eq!(status["state"], "Completed");
    assert_eq!(
        (&status["targeted"], &status["sent"]),
        (&json!(4), &json!(0)),
        "{status}"
    );
    assert_eq!(status["failed"], json!({"NoCredential": 1}));
    assert!(provider.messages().is_empty());

    // Then it is sent for good.
    body["options"]["dryRun"] = json!(false);
    room.team.put(&path, body).await.done();
    room.start().await;
    room.work().await;
    let status = room.status(&path).await;
    assert_eq!(
        (&status["accepted"], &status["sent"]),
        (&json!(3), &json!(3)),
        "{status}"
    );
    assert_eq!(status["failed"], json!({"NoCredential": 1}));
    assert_eq!(provider.messages().len(), 3);
}

#[tokio::test]
async fn only_a_push_campaign_has_notifications() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    let other = room
        .team
        .campaign(id(&room.app), NOON, NOON + HOUR_MS)
        .await;
    let refused = room.team.post("/v2/notifications", to_all(&other)).await;
    assert_eq!(
        faults(&refused),
        expected(&[("/campaignId", "wrong_campaign_type")])
    );
    let mut body = to_all(&room.campaign);
    body["audience"] = json!({"@type": "UsersAudience", "userIds": ["ana", "ana"]});
    body["action"] =
        json!({"@type": "SendPushAction", "title": {"es": "Hola"}, "data": {"aps": "x"}});
    body["trigger"] = json!({"@type": "ScheduledTrigger"});
    let refused = room.team.post("/v2/notifications", body).await;
    let mut found = faults(&refused);
    found.sort();
    assert_eq!(
        found,
        expected(&[
            ("/action/body", "required"),
            ("/action/data/aps", "invalid_format"),
            ("/action/title/default", "required"),
            ("/audience/userIds/1", "not_unique"),
            ("/trigger/at", "required"),
        ])
    );
}
