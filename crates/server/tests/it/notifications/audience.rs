//! To whom notifications go.

use std::collections::BTreeSet;

use moca_core::{campaign::holdout, id::InstanceId};
use serde_json::{Value, json};

use super::{
    Newsroom, fcm,
    provider::{Provider, taken},
    to_all,
};
use crate::people::id;

#[tokio::test]
async fn each_audience_is_who_it_says_within_the_campaign_s_segment() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    let mut ids = Vec::new();
    for (token, lang, user) in [
        ("ana", "es", "ana"),
        ("ana-tablet", "en", "ana"),
        ("bob", "es", "bob"),
        ("nobody", "en", ""),
    ] {
        let phone = room.phone(fcm(token)).await;
        let told = json!({"lang": lang, "push": fcm(token)});
        phone.put("", told).await;
        if !user.is_empty() {
            phone.log_in(user, json!({})).await;
        }
        ids.push(phone.instance_id.clone());
    }
    let query = |query: Value| json!({"appId": id(&room.app), "config": {"name": query.to_string(), "query": query}});
    let team = &room.team;
    let spanish = team
        .create("/v2/segments", "segmentId", query(json!({"lang": "es"})))
        .await;
    let known = team
        .create(
            "/v2/segments",
            "segmentId",
            query(json!({"loggedIn": true})),
        )
        .await;
    let all = json!({"@type": "AllAudience"});
    let segment = json!({"@type": "SegmentAudience", "segmentId": spanish});
    // One that is not of the app is passed over.
    let stranger = "IXa7Bl9oRo6c7zQ5aQIzlg";
    let instances =
        json!({"@type": "InstancesAudience", "instanceIds": [ids[3], ids[0], stranger]});
    let users = json!({"@type": "UsersAudience", "userIds": ["ana", "carl"]});
    for (of_campaign, audience, tokens) in [
        (None, &all, vec!["ana", "ana-tablet", "bob", "nobody"]),
        (None, &segment, vec!["ana", "bob"]),
        (None, &instances, vec!["ana", "nobody"]),
        (None, &users, vec!["ana", "ana-tablet"]),
        (Some(&known), &all, vec!["ana", "ana-tablet", "bob"]),
        (Some(&known), &instances, vec!["ana"]),
        (Some(&spanish), &users, vec!["ana"]),
    ] {
        let path = format!("/v2/campaigns/{}", room.campaign);
        let mut campaign = team.get(&path).await.done();
        campaign["config"]["segmentId"] = json!(of_campaign);
        team.put(&path, campaign).await.done();
        let mut body = to_all(&room.campaign);
        body["audience"] = audience.clone();
        // The first one starts the campaign.
        let path = room.notify(body).await;
        let _ = team
            .act(&format!("/v2/campaigns/{}/start", room.campaign))
            .await;
        room.work().await;
        let status = room.status(&path).await;
        let got = provider.messages();
        let reached: BTreeSet<String> = got.iter().map(|one| one.device()).collect();
        let wanted: BTreeSet<String> = tokens.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(reached, wanted, "{audience} {of_campaign:?}");
        assert_eq!(got.len(), tokens.len(), "each once");
        assert_eq!(status["targeted"], tokens.len(), "{status}");
    }
}

#[tokio::test]
async fn who_is_erased_before_the_turn_comes_is_not_sent_to() {
    let provider = Provider::start(|got| match got.device().as_str() {
        "ana" => super::provider::Answer::Reply(429, Some("60"), json!({})),
        _ => taken(),
    })
    .await;
    let room = Newsroom::open(provider.settings()).await;
    let ana = room.phone(fcm("ana")).await;
    room.phone(fcm("bob")).await;
    let path = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    room.work().await;
    assert_eq!(room.status(&path).await["state"], "Sending");
    assert_eq!(provider.messages().len(), 2);
    let erased = room
        .team
        .delete(&format!("/v2/instances/{}", ana.instance_id))
        .await;
    erased.done();
    room.team.installation.clock.advance(60_000);
    room.work().await;
    assert!(provider.messages().is_empty());
    let status = room.status(&path).await;
    assert_eq!(status["state"], "Completed");
    assert_eq!(
        (&status["targeted"], &status["accepted"]),
        (&json!(2), &json!(1)),
        "{status}"
    );
    assert_eq!(status["failed"], json!({"Gone": 1}), "{status}");
    let expected = json!({
        "targeted": 2, "sent": 1, "accepted": 1, "failed": {"Gone": 1}, "opened": 0,
    });
    assert_eq!(room.counted().await, expected);
}

#[tokio::test]
async fn who_is_erased_is_on_no_audience_any_more() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    let (team, app) = (&room.team, id(&room.app));
    let mut phones = Vec::new();
    for user in ["ana", "ana", "bob", "carl"] {
        let phone = room.phone(fcm(user)).await;
        phone.log_in(user, json!({})).await;
        phones.push(phone);
    }
    let ids: Vec<&str> = phones.iter().map(|one| one.instance_id.as_str()).collect();
    let mut paths = Vec::new();
    for audience in [
        json!({"@type": "UsersAudience", "userIds": ["ana", "bob", "carl"]}),
        json!({"@type": "InstancesAudience", "instanceIds": ids}),
        json!({"@type": "UsersAudience", "userIds": ["ana"]}),
        json!({"@type": "AllAudience"}),
    ] {
        let mut body = to_all(&room.campaign);
        body["audience"] = audience;
        body["options"] = json!({"draft": true});
        paths.push(room.notify(body).await);
    }
    let audiences = async || {
        let mut found = Vec::new();
        for path in &paths {
            let audience = team.get(path).await.done()["audience"].clone();
            let named = [&audience["userIds"], &audience["instanceIds"]];
            found.push(named.into_iter().find(|one| one.is_array()).cloned());
        }
        found
    };
    let before = team.get(&paths[3]).await.done();
    // One of two phones of Ana: she stays. The only one of Bob, by himself.
    team.delete(&format!("/v2/instances/{}", ids[0]))
        .await
        .done();
    let own = team.installation.ask("DELETE", "/device/v1/instance");
    own.bearer(&phones[2].token).send().await.done();
    let left = [
        Some(json!(["ana", "carl"])),
        Some(json!([ids[1], ids[3]])),
        Some(json!(["ana"])),
        None,
    ];
    assert_eq!(audiences().await, left);
    team.delete(&format!("/v2/users/ana?appId={app}"))
        .await
        .done();
    let left = [
        Some(json!(["carl"])),
        Some(json!([ids[3]])),
        Some(json!([])),
        None,
    ];
    assert_eq!(audiences().await, left);
    assert_eq!(team.get(&paths[3]).await.done(), before);

    // What is left is what it goes to: nobody, where nobody is left.
    room.start().await;
    for (path, targeted) in [(&paths[0], 1), (&paths[2], 0)] {
        let mut ready = team.get(path).await.done();
        ready["options"]["draft"] = json!(false);
        team.put(path, ready).await.done();
        room.work().await;
        let status = room.status(path).await;
        assert_eq!(
            (&status["state"], &status["targeted"]),
            (&json!("Completed"), &json!(targeted))
        );
    }
}

#[tokio::test]
async fn the_control_group_of_the_campaign_is_left_out_and_counted() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    let path = format!("/v2/campaigns/{}", room.campaign);
    let mut campaign = room.team.get(&path).await.done();
    campaign["config"]["holdoutPercent"] = json!(50);
    room.team.put(&path, campaign).await.done();
    let campaign = room.campaign.parse().unwrap();
    let mut sent = BTreeSet::new();
    for number in 0..12 {
        let token = format!("phone-{number}");
        let phone = room.phone(fcm(&token)).await;
        let instance: InstanceId = phone.instance_id.parse().unwrap();
        if holdout::bucket(campaign, instance) >= 50 {
            sent.insert(token);
        }
    }
    let n_sent = sent.len();
    let held_out = 12 - n_sent;
    assert!((1..12).contains(&held_out), "{held_out}");
    let mut dry = to_all(&room.campaign);
    dry["options"]["dryRun"] = json!(true);
    let dry = room.notify(dry).await;
    let path = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    room.work().await;
    for path in [dry, path] {
        let status = room.status(&path).await;
        assert_eq!(status["targeted"], n_sent, "{status}");
        assert_eq!(status["heldOut"], held_out, "{status}");
    }
    let got = provider.messages();
    assert_eq!(
        got.iter().map(|got| got.device()).collect::<BTreeSet<_>>(),
        sent
    );
}
