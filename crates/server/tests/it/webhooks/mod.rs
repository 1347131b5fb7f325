//! Webhooks: what they are told, how it is signed, and what is done when nobody takes it.

mod attempts;
mod events;
mod example;
mod killed;
mod secrets;

use moca_api::Settings;
use moca_engine::webhooks::Teller;
use serde_json::{Value, json};

use crate::{
    notifications::provider::{Got, Provider},
    people::{Phone, app},
    support::{Installation, team::Team},
};

/// A team with an app, and a receiver of webhooks.
pub(crate) struct Bureau {
    pub(crate) team: Team,
    pub(crate) app: Value,
    pub(crate) receiver: Provider,
    teller: tokio::sync::Mutex<Teller>,
}

impl Bureau {
    pub(crate) async fn open(receiver: Provider) -> Self {
        let settings = receiver.webhooks();
        let installation = Installation::with_webhooks(Settings::default(), &settings).await;
        let tenant = installation.tenant(true).await;
        let team = Team {
            installation,
            tenant,
        };
        let teller = team.installation.teller(&settings);
        Self {
            app: app(&team).await,
            team,
            receiver,
            teller: tokio::sync::Mutex::new(teller),
        }
    }

    /// A webhook for these events; what its creation answered.
    pub(crate) async fn hook(&self, events: &[&str], more: Value) -> Value {
        let mut config = json!({
            "name": "Hook", "url": format!("{}/hook", self.receiver.url), "events": events,
        });
        for (name, value) in more.as_object().unwrap() {
            config[name] = value.clone();
        }
        let body = json!({ "config": config });
        self.team.post("/v2/webhooks", body).await.done()
    }

    pub(crate) async fn phone(&self) -> Phone<'_> {
        let body =
            json!({"os": "iOS", "osVersion": "14.6", "lang": "es", "deviceModel": "iPhone 11"});
        Phone::register(&self.team, &self.app, body).await
    }

    /// Tells all that can be told now; what the receiver got.
    pub(crate) async fn tell(&self) -> Vec<Got> {
        self.teller.lock().await.work_off().await.unwrap();
        self.receiver.messages()
    }

    /// The same, by type.
    pub(crate) async fn types(&self) -> Vec<String> {
        let got = self.tell().await;
        got.iter().map(|got| text(&got.json(), "type")).collect()
    }

    pub(crate) async fn read(&self, hook: &Value) -> Value {
        self.team.get(&path(hook)).await.done()
    }

    pub(crate) async fn deliveries(&self, hook: &Value, query: &str) -> Value {
        let path = format!("{}/deliveries{query}", path(hook));
        self.team.get(&path).await.done()
    }
}

pub(crate) fn path(hook: &Value) -> String {
    format!("/v2/webhooks/{}", text(hook, "webhookId"))
}

pub(crate) fn text(object: &Value, name: &str) -> String {
    let value = object[name].as_str();
    value
        .unwrap_or_else(|| panic!("{name} of {object}"))
        .to_owned()
}
