//! Deleting what others refer to, for every pair of kinds that may.

use moca_core::resource::Kind;
use moca_storage::control::referring_kinds;
use serde_json::{Value, json};

use crate::support::{objects::Objects, team::Team};

/// Kinds whose objects stay when the other one is deleted with cascade; they only lose the mark of it.
const SURVIVORS: [(Kind, Kind); 6] = [
    (Kind::Label, Kind::Place),
    (Kind::Label, Kind::Zone),
    (Kind::Label, Kind::Beacon),
    (Kind::Zone, Kind::Beacon),
    (Kind::CampaignGroup, Kind::Campaign),
    // It names the tag, which devices may carry without that it is declared.
    (Kind::Tag, Kind::Experience),
];

fn collection(kind: Kind) -> String {
    format!("/v2/{}s", kind.noun().replace(' ', "-"))
}

fn id_name(kind: Kind) -> String {
    format!("{}Id", kind.word())
}

impl Team {
    async fn make(&self, kind: Kind, body: Value) -> String {
        self.create(&collection(kind), &id_name(kind), body).await
    }
}

/// The body of an object of one kind that refers to one of another, which has this id.
async fn referring(team: &Team, objects: &Objects, kind: Kind, to: Kind, id: &str) -> Value {
    let mut objects = objects.clone();
    for (name, value) in &mut objects.ids {
        if *name == id_name(to) {
            *value = id.to_owned();
        }
    }
    if to == Kind::App {
        // The segment there is belongs to another app.
        objects.ids.remove("segmentId");
    }
    let path = collection(kind);
    let mut body = team.installation.body("POST", &path, &objects).unwrap();
    match (kind, to) {
        (Kind::Token, Kind::Member) => body["memberId"] = json!(id),
        (Kind::Experience, Kind::Zone) => {
            body["trigger"] = json!({"@type": "EnterZoneTrigger", "zoneId": id});
        }
        (Kind::Experience, Kind::Beacon) => {
            body["trigger"] = json!({"@type": "EnterBeaconTrigger", "beaconId": id});
        }
        (Kind::Experience, Kind::Tag) => {
            let tag = team.get(&format!("/v2/tags/{id}")).await.done();
            let name = &tag["config"]["name"];
            body["action"] = json!({"@type": "TagAction", "tagName": name, "tagValue": "+1"});
            return body;
        }
        (Kind::Notification, Kind::Campaign) => body["campaignId"] = json!(id),
        // So does the campaign.
        (Kind::Webhook, Kind::App) => {
            body["config"].as_object_mut().unwrap().remove("campaignId");
        }
        // So does the group.
        (Kind::Campaign, Kind::App) => {
            let config = body["config"].as_object_mut().unwrap();
            config.remove("groupId");
            config.remove("segmentId");
        }
        _ => {}
    }
    assert!(body.to_string().contains(id), "{kind:?} of {to:?}: {body}");
    body
}

#[tokio::test]
async fn every_user_is_told_and_goes_or_loses_the_mark() {
    let team = Team::start().await;
    let objects = team.installation.objects(&team.tenant).await;
    let mut pairs = 0;
    for to in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Account) {
        for kind in referring_kinds(to) {
            let path = collection(to);
            let mut body = team.installation.body("POST", &path, &objects).unwrap();
            if (kind, to) == (Kind::Notification, Kind::Campaign) {
                body["config"]["type"] = json!("Push");
            }
            let id = team.make(to, body).await;
            let body = referring(&team, &objects, kind, to, &id).await;
            let user = team.make(kind, body).await;

            let one = format!("{path}/{id}");
            let refused = team.delete(&one).await;
            let pair = format!("{kind:?} of {to:?}");
            assert_eq!(
                (refused.status, refused.code().as_str()),
                (409, "in_use"),
                "{pair}"
            );
            let problem = refused.json();
            assert_eq!(problem["usersTotal"], 1, "{pair}: {problem}");
            let named = &problem["errors"][0]["object"];
            assert_eq!(
                (&named["kind"], &named["id"]),
                (&json!(kind.word()), &json!(user)),
                "{pair}"
            );
            assert!(named["name"].is_string(), "{pair}: {named}");

            let of_user = format!("{}/{user}", collection(kind));
            team.get(&of_user).await.done();
            team.delete(&format!("{one}?cascade=true")).await.done();
            assert_eq!(team.get(&one).await.status, 404, "{pair}");
            let left = team.get(&of_user).await;
            if SURVIVORS.contains(&(to, kind)) {
                let left = left.done().to_string();
                assert!(!left.contains(&id), "{pair}: {left}");
            } else {
                assert_eq!(left.status, 404, "{pair}");
            }
            pairs += 1;
        }
    }
    assert!(pairs >= 18, "{pairs} pairs");
}

#[tokio::test]
async fn of_many_users_the_first_are_named_and_all_are_counted() {
    let team = Team::start().await;
    let label = team.label("VIP").await;
    let places: Vec<Value> = (0..130)
        .map(|n| json!({"config": {"name": format!("P{n}"), "labelIds": [label]}}))
        .collect();
    team.post("/v2/places/batch", json!({"items": places}))
        .await
        .done();
    let refused = team.delete(&format!("/v2/labels/{label}")).await.json();
    assert_eq!(refused["errors"].as_array().unwrap().len(), 100);
    assert_eq!(refused["usersTotal"], 130);
}
