//! What is counted of notifications, and when.

use serde_json::{Value, json};

use super::{
    Newsroom, apns, fcm,
    provider::{Answer, Provider, taken},
    to_all,
};
use crate::{
    people::{Phone, app, id},
    support::NOON,
};

const HOUR_MS: i64 = 3_600_000;

/// Something that was counted, as a test knows it: when, of which notification, what, and how often.
struct Expected {
    at: i64,
    notification: String,
    what: Value,
}

fn expected(at: i64, path: &str, what: Value) -> Expected {
    Expected {
        at,
        notification: id_in(path).to_owned(),
        what,
    }
}

fn id_in(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// All of these together.
fn sum<'a>(all: impl IntoIterator<Item = &'a Expected>) -> Value {
    let mut sum = json!({"targeted": 0, "sent": 0, "accepted": 0, "failed": {}, "opened": 0});
    for one in all {
        for (name, count) in one.what.as_object().unwrap() {
            let failed = matches!(name.as_str(), "Unregistered" | "Gone" | "NoCredential");
            let place = match failed {
                true => &mut sum["failed"][name],
                false => &mut sum[name],
            };
            let count = place.as_i64().unwrap_or(0) + count.as_i64().unwrap();
            *place = json!(count);
        }
    }
    sum
}

impl Newsroom {
    /// What was counted until now.
    pub(super) async fn counted(&self) -> Value {
        let to = NOON + 1_000 * HOUR_MS;
        self.counts(NOON - 1, to, "").await["total"].clone()
    }

    async fn counts(&self, from: i64, to: i64, more: &str) -> Value {
        let app = id(&self.app);
        let path = format!(
            "/v2/analytics/notifications?appId={app}&from={from}&to={to}&timeZone=UTC{more}"
        );
        self.team.get(&path).await.done()
    }

    /// Says on a device that a notification was opened; the code of the answer, and when it was first.
    async fn open_on(&self, phone: &Phone<'_>, notification: &str, at: i64) -> (String, Value) {
        let path = format!("/device/v1/notifications/{notification}/opened");
        let ask = self.team.installation.ask("PUT", &path);
        let answer = ask.bearer(&phone.token).json(&json!({"at": at})).send();
        let answer = answer.await;
        (answer.code(), answer.json()["openedAt"].clone())
    }
}

#[tokio::test]
async fn counts_are_exact_for_every_range_and_filter() {
    let provider = Provider::start(|got| match got.device().as_str() {
        "gone" => Answer::Reply(
            404,
            None,
            json!({"error": {"details": [{
                "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
                "errorCode": "UNREGISTERED",
            }]}}),
        ),
        _ => taken(),
    })
    .await;
    let room = Newsroom::open(provider.settings()).await;
    let clock = &room.team.installation.clock;
    let ana = room.phone(fcm("ana")).await;
    let bob = room.phone(apns(2)).await;
    room.phone(fcm("gone")).await;
    let first = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    room.work().await;
    let mut all = vec![
        expected(NOON, &first, json!({"targeted": 3})),
        expected(
            NOON,
            &first,
            json!({"sent": 3, "accepted": 2, "Unregistered": 1}),
        ),
    ];

    clock.advance(2 * HOUR_MS);
    let other = json!({"appId": id(&room.app), "config": {
        "name": "Other", "type": "Push", "startAt": NOON,
    }});
    let other = room.team.create("/v2/campaigns", "campaignId", other).await;
    let second = room.notify(to_all(&other)).await;
    let start = format!("/v2/campaigns/{other}/start");
    room.team.act(&start).await.done();
    room.work().await;
    let at = NOON + 2 * HOUR_MS;
    all.push(expected(at, &second, json!({"targeted": 2})));
    all.push(expected(at, &second, json!({"sent": 2, "accepted": 2})));
    // What is only tried is not counted.
    let mut tried = to_all(&other);
    tried["options"] = json!({"draft": false, "dryRun": true});
    let tried = room.notify(tried).await;
    room.work().await;
    assert_eq!(room.status(&tried).await["targeted"], 2);

    for (phone, path, minutes) in [(&ana, &first, 1), (&bob, &first, 61), (&ana, &second, 130)] {
        let at = NOON + minutes * 60_000;
        let told = room.open_on(phone, id_in(path), at).await;
        assert_eq!(told, (String::new(), json!(at)));
        // The first time counts.
        let again = room.open_on(phone, id_in(path), at - 7).await;
        assert_eq!(again, (String::new(), json!(at)));
        all.push(expected(at, path, json!({"opened": 1})));
    }

    // Every range that begins or ends where something was counted, or just beside it.
    let mut borders: Vec<i64> = all.iter().flat_map(|one| [one.at, one.at + 1]).collect();
    borders.extend([NOON - HOUR_MS, NOON + 9 * HOUR_MS]);
    borders.sort_unstable();
    borders.dedup();
    for (index, from) in borders.iter().enumerate() {
        for to in &borders[index + 1..] {
            let in_range = |one: &&Expected| (*from..*to).contains(&one.at);
            let told = room.counts(*from, *to, "&interval=none").await;
            assert_eq!(
                told["total"],
                sum(all.iter().filter(in_range)),
                "{from} {to}"
            );
            let told = room
                .counts(*from, *to, "&interval=hour&groupBy=notification")
                .await;
            assert_eq!(
                told["total"],
                sum(all.iter().filter(in_range)),
                "{from} {to}"
            );
            for bucket in told["buckets"].as_array().unwrap() {
                let start = bucket["start"].as_i64().unwrap();
                let in_hour = |one: &&Expected| (start..start + HOUR_MS).contains(&one.at);
                let expected = sum(all.iter().filter(in_range).filter(in_hour));
                assert_eq!(bucket["value"], expected, "{from} {to} {start}");
            }
            for group in told["groups"].as_array().unwrap() {
                let of = |one: &&Expected| group["notificationId"] == one.notification;
                assert_eq!(group["value"], sum(all.iter().filter(in_range).filter(of)));
            }
        }
    }
    let (from, to) = (NOON - HOUR_MS, NOON + 9 * HOUR_MS);
    for (filter, path) in [
        (format!("&notificationId={}", id_in(&first)), &first),
        (format!("&campaignId={}", room.campaign), &first),
        (format!("&campaignId={other}"), &second),
    ] {
        let told = room.counts(from, to, &filter).await;
        let of = |one: &&Expected| one.notification == id_in(path);
        assert_eq!(told["total"], sum(all.iter().filter(of)), "{filter}");
    }
    let by_campaign = room.counts(from, to, "&groupBy=campaign").await["groups"].clone();
    let ids: Vec<_> = by_campaign.as_array().unwrap().iter().collect();
    // The largest audience first.
    assert_eq!(ids[0]["campaignId"], room.campaign);
    assert_eq!((&ids[1]["campaignId"], ids.len()), (&json!(other), 2));
    assert_eq!(ids[0]["notificationId"], Value::Null);

    // Neither an erasure nor that a notification is deleted changes anything of it.
    let before = room.counts(from, to, "").await;
    let path = format!("/v2/instances/{}", ana.instance_id);
    room.team.delete(&path).await.done();
    assert_eq!(room.counts(from, to, "").await, before);
    room.team.delete(&first).await.done();
    assert_eq!(room.counts(from, to, "").await, before);
}

#[tokio::test]
async fn only_those_to_whom_it_was_sent_can_open_it() {
    let provider = Provider::start(|got| match got.device().as_str() {
        "gone" => Answer::Reply(404, None, json!({})),
        // Whoever says that they opened it may be faster than the answer of the push service.
        "slow" => Answer::Reply(429, Some("60"), json!({})),
        _ => taken(),
    })
    .await;
    let room = Newsroom::open(provider.settings()).await;
    let [ana, gone, slow] = ["ana", "gone", "slow"].map(fcm);
    let ana = room.phone(ana).await;
    let gone = room.phone(gone).await;
    let slow = room.phone(slow).await;
    let mute = Phone::register(&room.team, &room.app, json!({})).await;
    let all = room.notify(to_all(&room.campaign)).await;
    let mut one = to_all(&room.campaign);
    one["audience"] = json!({"@type": "InstancesAudience", "instanceIds": [ana.instance_id]});
    let one = room.notify(one).await;
    room.start().await;
    room.work().await;
    assert_eq!(room.status(&all).await["state"], "Sending");
    let late = room.phone(fcm("late")).await;
    let refused = ("not_found".to_owned(), Value::Null);
    let opened = (String::new(), json!(NOON));
    for (phone, of_all, of_one) in [
        (&ana, &opened, &opened),
        (&slow, &opened, &refused),
        (&gone, &refused, &refused),
        (&mute, &refused, &refused),
        (&late, &refused, &refused),
    ] {
        assert_eq!(room.open_on(phone, id_in(&all), NOON).await, *of_all);
        assert_eq!(room.open_on(phone, id_in(&one), NOON).await, *of_one);
    }
    assert_eq!(room.counted().await["opened"], 3);
}

#[tokio::test]
async fn who_was_not_asked_before_it_was_cancelled_cannot_open_it() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    let ana = room.phone(fcm("ana")).await;
    let path = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    // The audience is taken; nobody was sent to yet.
    room.step().await;
    assert_eq!(room.status(&path).await["state"], "Enqueued");
    room.team.act(&format!("{path}/cancel")).await.done();
    room.work().await;
    assert!(provider.messages().is_empty());
    let (code, _) = room.open_on(&ana, id_in(&path), NOON).await;
    assert_eq!(code, "not_found");
}

#[tokio::test]
async fn only_what_was_sent_to_devices_of_the_app_can_be_opened() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    let ana = room.phone(fcm("ana")).await;
    let mut draft = to_all(&room.campaign);
    draft["options"] = json!({"draft": true});
    let draft = room.notify(draft).await;
    let sent = room.notify(to_all(&room.campaign)).await;
    let refused = ("not_found".to_owned(), Value::Null);
    for path in [&draft, &sent] {
        assert_eq!(room.open_on(&ana, id_in(path), NOON).await, refused);
    }
    room.start().await;
    room.work().await;
    assert_eq!(room.open_on(&ana, id_in(&draft), NOON).await, refused);
    let other_app = app(&room.team).await;
    let stranger = Phone::register(&room.team, &other_app, json!({})).await;
    assert_eq!(room.open_on(&stranger, id_in(&sent), NOON).await, refused);
    let (code, _) = room.open_on(&ana, id_in(&sent), NOON + HOUR_MS).await;
    assert_eq!(code, "validation_failed", "far ahead of the clock");
    let (code, at) = room.open_on(&ana, id_in(&sent), NOON - 1).await;
    assert_eq!((code.as_str(), at), ("", json!(NOON - 1)));
    // It stands in what is given out of the person, as the device told it.
    let path = format!("/v2/instances/{}/export", ana.instance_id);
    let export = room.team.get(&path).await.done().to_string();
    assert!(
        export.contains(r#""opened""#) && export.contains(id_in(&sent)),
        "{export}"
    );
}
