//! An account at work: short ways to call the management API with its owner's token.

use moca_core::account::Role;
use serde_json::{Value, json};

use super::{Installation, Tenant, request::Answer};

/// An installation with one account.
pub(crate) struct Team {
    pub(crate) installation: Installation,
    pub(crate) tenant: Tenant,
}

impl Team {
    /// The operator's account in a new installation.
    pub(crate) async fn start() -> Self {
        Self::at(Installation::start().await).await
    }

    /// The operator's account in this one.
    pub(crate) async fn at(installation: Installation) -> Self {
        let tenant = installation.tenant(true).await;
        Self {
            installation,
            tenant,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(&self.tenant.token, path).await
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.installation
            .ask("GET", path)
            .bearer(token)
            .send()
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send_as(&self.tenant.token, "POST", path, &body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send_as(&self.tenant.token, "PUT", path, &body).await
    }

    pub(crate) async fn send_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Answer {
        let ask = self.installation.ask(method, path);
        ask.bearer(token).json(body).send().await
    }

    /// A PUT without a body.
    pub(crate) async fn act(&self, path: &str) -> Answer {
        let ask = self.installation.ask("PUT", path);
        ask.bearer(&self.tenant.token).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.delete_as(&self.tenant.token, path).await
    }

    pub(crate) async fn delete_as(&self, token: &str, path: &str) -> Answer {
        let ask = self.installation.ask("DELETE", path);
        ask.bearer(token).send().await
    }

    /// Creates an object and answers its id, which is named `id_name`.
    pub(crate) async fn create(&self, path: &str, id_name: &str, body: Value) -> String {
        let made = self.post(path, body).await.done();
        made[id_name].as_str().unwrap().to_owned()
    }

    pub(crate) async fn place(&self, config: Value) -> String {
        let body = json!({ "config": config });
        self.create("/v2/places", "placeId", body).await
    }

    pub(crate) async fn zone(&self, place_id: &str, config: Value) -> String {
        let body = json!({"placeId": place_id, "config": config});
        self.create("/v2/zones", "zoneId", body).await
    }

    /// A beacon that sends the minor value `minor`.
    pub(crate) async fn beacon(&self, minor: u16) -> String {
        let body = json!({ "config": ibeacon(minor) });
        self.create("/v2/beacons", "beaconId", body).await
    }

    pub(crate) async fn label(&self, name: &str) -> String {
        let body = json!({"config": {"name": name}});
        self.create("/v2/labels", "labelId", body).await
    }

    pub(crate) async fn app(&self) -> String {
        let body = json!({"config": {"name": "App"}});
        self.create("/v2/apps", "appId", body).await
    }

    /// A campaign between two times.
    pub(crate) async fn campaign(&self, app_id: &str, start_at: i64, end_at: i64) -> String {
        let body = json!({"appId": app_id, "config": {
            "name": "Campaign", "type": "Proximity", "startAt": start_at, "endAt": end_at
        }});
        self.create("/v2/campaigns", "campaignId", body).await
    }

    /// An experience with this trigger.
    pub(crate) async fn experience(&self, campaign_id: &str, trigger: Value) -> String {
        let body = experience(campaign_id, trigger);
        self.create("/v2/experiences", "experienceId", body).await
    }

    /// A new member with this role, and a token of theirs.
    pub(crate) async fn member(&self, role: Role) -> (String, String) {
        let n = self.installation.unique();
        let body = json!({"config": {"name": format!("Member {n}"), "role": role.as_str()}});
        let member_id = self.create("/v2/members", "memberId", body).await;
        let body = json!({"memberId": member_id, "config": {"name": "theirs"}});
        let token = self.create("/v2/tokens", "accessToken", body).await;
        (member_id, token)
    }
}

/// The configuration of an iBeacon with this minor value.
pub(crate) fn ibeacon(minor: u16) -> Value {
    json!({
        "type": "IBeacon", "proximityUuid": "f7826da6-4fa2-4e98-8024-bc5b71e0893e",
        "major": 1, "minor": minor
    })
}

/// The body of an experience.
pub(crate) fn experience(campaign_id: &str, trigger: Value) -> Value {
    json!({
        "campaignId": campaign_id,
        "config": {"name": "Hello", "repeat": "NextDay"},
        "trigger": trigger,
        "action": {"@type": "SendLocalMessageAction", "content": {"default": "Hi"}}
    })
}

/// Pointers and codes in a problem.
pub(crate) fn faults(answer: &Answer) -> Vec<(String, String)> {
    let text = |fault: &Value, key: &str| fault[key].as_str().unwrap().to_owned();
    let problem = answer.json();
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors
        .iter()
        .map(|fault| (text(fault, "pointer"), text(fault, "code")))
        .collect()
}

/// The same to compare with.
pub(crate) fn expected(faults: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(pointer, code): &(&str, &str)| ((*pointer).to_owned(), (*code).to_owned());
    faults.iter().map(own).collect()
}
