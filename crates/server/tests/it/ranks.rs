//! Priorities: campaigns that want the same moment, and control groups.

use std::collections::BTreeSet;

use moca_api::Settings;
use moca_core::{campaign::holdout, id::InstanceId};
use serde_json::{Value, json};

use crate::{
    messages::Welcome,
    support::{NOON, request::Answer},
};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

impl Welcome {
    /// Another campaign that greets whoever enters the place, and its experience.
    async fn rival(&self, config: Value) -> (String, String) {
        let team = &self.team;
        // The older one is decided first.
        team.installation.clock.advance(1);
        let app_id = self.app["appId"].as_str().unwrap();
        let end = NOON + 1_000 * HOUR_MS;
        let campaign = team.campaign(app_id, NOON - HOUR_MS, end).await;
        let path = format!("/v2/experiences/{}", self.experience_id);
        let mut experience = team.get(&path).await.done();
        experience["campaignId"] = json!(campaign);
        experience.as_object_mut().unwrap().remove("experienceId");
        let experience = team
            .create("/v2/experiences", "experienceId", experience)
            .await;
        let path = format!("/v2/campaigns/{campaign}");
        self.configure(&path, config).await;
        team.act(&format!("{path}/start")).await.done();
        (campaign, experience)
    }
}

/// Outcomes of decisions by experience, in the order in which they were decided.
fn outcomes(decisions: &Value) -> Vec<(&str, &str)> {
    let items = decisions["items"].as_array().unwrap().iter();
    items
        .map(|one| {
            let word = |name: &str| one[name].as_str().unwrap();
            (word("experienceId"), word("outcome"))
        })
        .collect()
}

#[tokio::test]
async fn the_highest_priority_fires_and_says_what_it_outranked() {
    let welcome = Welcome::start(Settings::default()).await;
    let (high, first) = welcome.rival(json!({"priority": 7})).await;
    let (_, second) = welcome.rival(json!({"priority": 7})).await;
    let (_, below) = welcome.rival(json!({"priority": -1})).await;
    let usual = welcome.experience_id.as_str();
    let phone = welcome.phone("a").await;
    welcome.enter(&phone, 0).await;
    let decisions = welcome.decisions("").await;
    // Those of the same priority all fire; 0 is that of a campaign that says none.
    let expected = [
        (first.as_str(), "Fired"),
        (second.as_str(), "Fired"),
        (usual, "Outranked"),
        (below.as_str(), "Outranked"),
    ];
    assert_eq!(outcomes(&decisions), expected, "{decisions}");
    let winner = json!({"campaignId": high, "experienceId": first, "priority": 7});
    let compared = json!({"priority": 0, "outrankedBy": winner});
    assert_eq!(decisions["items"][2]["compared"], compared);

    // What does not fire outranks nothing.
    let never = json!({"repeat": "Never"});
    for experience in [&first, &second] {
        let path = format!("/v2/experiences/{experience}");
        welcome.configure(&path, never.clone()).await;
    }
    welcome.enter(&phone, 10).await;
    let later = welcome
        .decisions(&format!("?from={}", NOON - 50 * MINUTE_MS))
        .await;
    let expected = [
        (first.as_str(), "RepeatInterval"),
        (second.as_str(), "RepeatInterval"),
        (usual, "Fired"),
        (below.as_str(), "Outranked"),
    ];
    assert_eq!(outcomes(&later), expected, "{later}");

    // It is explained as it was decided, and to come nothing is known to be in the way.
    welcome.team.installation.clock.advance(HOUR_MS);
    for (minute, outcome) in [(0, "Outranked"), (10, "Fired"), (11, "Fired")] {
        let at = NOON - HOUR_MS + minute * MINUTE_MS + 30_000;
        let explanation = welcome.explain(&phone, Some(at)).await;
        assert_eq!(explanation["outcome"], outcome, "{explanation}");
        let checks = explanation["checks"].as_array().unwrap();
        let check = checks.iter().find(|one| one["reason"] == "Outranked");
        let by = check.unwrap()["compared"].get("outrankedBy");
        assert_eq!(by, (minute == 0).then_some(&winner), "{explanation}");
    }
    let app_id = welcome.app["appId"].as_str().unwrap();
    let (from, to) = (NOON - HOUR_MS, NOON);
    let path = format!(
        "/v2/analytics/experiences?appId={app_id}&from={from}&to={to}&experienceId={usual}"
    );
    let counted = welcome.team.get(&path).await.done();
    assert_eq!(counted["total"]["fired"], 1, "{counted}");
    assert_eq!(counted["total"]["notFired"], json!({"Outranked": 1}));
}

#[tokio::test]
async fn a_control_group_gets_nothing_and_is_counted() {
    let welcome = Welcome::start(Settings::default()).await;
    let half = json!({"holdoutPercent": 50});
    welcome.configure(&welcome.campaign_path(), half).await;
    let campaign = welcome.campaign_id.parse().unwrap();
    let mut held_out = BTreeSet::new();
    for number in 0..12 {
        let phone = welcome.phone(&number.to_string()).await;
        for minute in 0..2 {
            welcome.enter(&phone, minute).await;
        }
        let instance: InstanceId = phone.instance_id.parse().unwrap();
        let bucket = holdout::bucket(campaign, instance);
        let is_held_out = bucket < 50;
        let inbox: Answer = welcome.inbox(&phone, "limit=10").await;
        let messages = if is_held_out { 0 } else { 2 };
        assert_eq!(inbox.done()["total"], messages);
        let explanation = welcome.explain(&phone, None).await;
        let outcome = if is_held_out { "HeldOut" } else { "Fired" };
        assert_eq!(explanation["outcome"], outcome, "{explanation}");
        let checks = explanation["checks"].as_array().unwrap();
        let check = checks.iter().find(|one| one["reason"] == "HeldOut");
        assert_eq!(
            check.unwrap()["compared"],
            json!({"holdoutPercent": 50, "holdoutNumber": bucket})
        );
        if is_held_out {
            held_out.insert(phone.instance_id.clone());
        }
    }
    let n = held_out.len();
    assert!((1..12).contains(&n), "all the dice fell alike: {n}");
    let listed = welcome.decisions("?outcome=HeldOut&limit=100").await;
    let listed = listed["items"].as_array().unwrap().iter();
    let listed: BTreeSet<String> = listed
        .map(|one| one["instanceId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, held_out);
    let summary = welcome.decisions("/summary").await;
    let expected = json!({
        "total": 24,
        "outcomes": {"Fired": 2 * (12 - n), "HeldOut": 2 * n},
        "instances": {"Fired": 12 - n, "HeldOut": n},
    });
    assert_eq!(summary, expected);

    // What is held back is in nobody's way: it shows what happens without the campaign.
    let all = json!({"holdoutPercent": 100, "priority": 5});
    welcome.configure(&welcome.campaign_path(), all).await;
    let (_, rival) = welcome.rival(json!({})).await;
    let phone = welcome.phone("late").await;
    welcome.enter(&phone, 20).await;
    let decisions = format!("?instanceId={}", phone.instance_id);
    let decisions = welcome.decisions(&decisions).await;
    let expected = [
        (welcome.experience_id.as_str(), "HeldOut"),
        (rival.as_str(), "Fired"),
    ];
    assert_eq!(outcomes(&decisions), expected);
}
