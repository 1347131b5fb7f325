//! Decisions of whatever is asked about, with its app named or not.

use serde_json::{Value, json};

use crate::{gateways::Site, support::NOON};

#[tokio::test]
async fn what_is_asked_about_says_of_which_app_the_decisions_are() {
    let site = Site::new().await;
    let there = json!({"location": {"lat": 40.4, "lon": -3.7}});
    let (ana, eve) = (site.phone(&site.app).await, site.phone(&site.other).await);
    // Eve is first, and her app the second.
    eve.event(NOON, there.clone()).await;
    ana.event(NOON + 1_000, there).await;
    let whose = async |query: &str| -> Vec<String> {
        let list = site.team.get(&format!("/v2/decisions{query}")).await.done();
        let summary = format!("/v2/decisions/summary{query}");
        let summary = site.team.get(&summary).await.done();
        assert_eq!(summary["total"], list["total"], "{query}");
        let items = list["items"].as_array().unwrap().iter();
        let of = |item: &Value| item["instanceId"].as_str().unwrap().to_owned();
        items.map(of).collect()
    };
    let both = [ana.instance_id.clone(), eve.instance_id.clone()];
    // Of which app those come first is not said: they were made in one moment.
    let mut all = whose("").await;
    all.sort_by_key(|id| *id != both[0]);
    assert_eq!(all, both);
    let apps = [&site.app, &site.other];
    for ((phone, app), (campaign, experience)) in both.iter().zip(apps).zip(&site.campaigns) {
        let app_id = app["appId"].as_str().unwrap();
        for query in [
            format!("?appId={app_id}"),
            format!("?instanceId={phone}"),
            format!("?campaignId={campaign}"),
            format!("?experienceId={experience}"),
        ] {
            assert_eq!(whose(&query).await, std::slice::from_ref(phone), "{query}");
        }
    }
    let (campaign, experience) = &site.campaigns[1];
    let none = format!("?instanceId={}&campaignId={campaign}", both[0]);
    assert_eq!(whose(&none).await, [""; 0]);
    // What is gone is found as long as what was decided on it is.
    let path = format!("/v2/campaigns/{campaign}?cascade=true");
    site.team.delete(&path).await.done();
    for query in [
        format!("?campaignId={campaign}"),
        format!("?experienceId={experience}"),
    ] {
        assert_eq!(whose(&query).await, [both[1].clone()], "{query}");
    }

    let stranger = site.team.installation.tenant(false).await;
    let app_id = site.app["appId"].as_str().unwrap();
    for query in [
        String::new(),
        format!("?instanceId={}", both[0]),
        format!("?campaignId={campaign}"),
        format!("?appId={app_id}"),
    ] {
        let path = format!("/v2/decisions{query}");
        let ask = site.team.installation.ask("GET", &path);
        let none = ask.bearer(&stranger.token).send().await.done();
        assert_eq!(none["total"], 0, "{query}");
    }
}
