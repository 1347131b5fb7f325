//! Notifications: what may be done with them when, and how they go out.

mod audience;
mod counts;
mod killed;
pub(crate) mod provider;
mod sending;
mod states;

use moca_engine::push::{PushSettings, Pusher};
use serde_json::{Value, json};

use crate::{
    people::{Phone, id},
    support::{
        NOON,
        keys::{p256, service_account},
        team::Team,
    },
};

/// A team with an app that has credentials for every push service, and a campaign of type Push.
pub(crate) struct Newsroom {
    pub(crate) team: Team,
    pub(crate) app: Value,
    pub(crate) campaign: String,
    pusher: tokio::sync::Mutex<Pusher>,
}

/// The credentials of an app.
pub(crate) fn targets() -> Value {
    let apns = |environment: &str| {
        json!({
            "@type": "ApnsKeyTarget", "keyId": "ABC123DEFG", "teamId": "DEF123GHIJ",
            "topic": "com.example.guide", "environment": environment,
            "privateKey": p256().serialize_pem(),
        })
    };
    json!([
        apns("Production"),
        apns("Sandbox"),
        {"@type": "FcmTarget", "serviceAccount": service_account()},
        {"@type": "WebPushTarget", "subject": "mailto:push@example.com"},
    ])
}

/// The body of a notification to everybody, ready to be sent.
pub(crate) fn to_all(campaign: &str) -> Value {
    json!({
        "campaignId": campaign,
        "config": {"name": "Tonight"},
        "trigger": {"@type": "ImmediateTrigger"},
        "audience": {"@type": "AllAudience"},
        "action": {"@type": "SendPushAction", "body": {"default": "Open until ten"}},
        "options": {"draft": false},
    })
}

/// An address at Firebase.
pub(crate) fn fcm(token: &str) -> Value {
    json!({"provider": "FCM", "token": token})
}

/// An address at Apple, whose token is this byte.
pub(crate) fn apns(byte: u8) -> Value {
    json!({"provider": "APNs", "token": format!("{byte:02x}").repeat(32)})
}

impl Newsroom {
    pub(crate) async fn open(settings: PushSettings) -> Self {
        Self::open_with(settings, targets()).await
    }

    /// The same with these credentials.
    pub(crate) async fn open_with(settings: PushSettings, targets: Value) -> Self {
        let team = Team::start().await;
        let body = json!({"config": {"name": "Guide"}, "targets": targets});
        let app = team.post("/v2/apps", body).await.done();
        let campaign = json!({"appId": id(&app), "config": {
            "name": "News", "type": "Push", "startAt": NOON,
        }});
        let campaign = team.create("/v2/campaigns", "campaignId", campaign).await;
        let pusher = team.installation.pusher(settings);
        Self {
            team,
            app,
            campaign,
            pusher: tokio::sync::Mutex::new(pusher),
        }
    }

    /// A device with this address.
    pub(crate) async fn phone(&self, push: Value) -> Phone<'_> {
        Phone::register(&self.team, &self.app, json!({"push": push})).await
    }

    /// Makes a notification; its path.
    pub(crate) async fn notify(&self, body: Value) -> String {
        let made = self
            .team
            .create("/v2/notifications", "notificationId", body)
            .await;
        format!("/v2/notifications/{made}")
    }

    /// Starts the campaign.
    pub(crate) async fn start(&self) {
        let path = format!("/v2/campaigns/{}/start", self.campaign);
        self.team.act(&path).await.done();
    }

    /// Does all that can be done now.
    pub(crate) async fn work(&self) {
        self.pusher.lock().await.work_off().await.unwrap();
    }

    /// Does one step of what can be done.
    pub(crate) async fn step(&self) {
        self.pusher.lock().await.round().await.unwrap();
    }

    pub(crate) async fn status(&self, path: &str) -> Value {
        self.team.get(path).await.done()["status"].clone()
    }

    /// Sends a notification to everybody, and answers what became of it.
    pub(crate) async fn send_to_all(&self) -> Value {
        let path = self.notify(to_all(&self.campaign)).await;
        self.start().await;
        self.work().await;
        self.status(&path).await
    }

    /// Whether a device can be pushed to.
    pub(crate) async fn is_reachable(&self, phone: &Phone<'_>) -> bool {
        let path = format!("/v2/instances/{}", phone.instance_id);
        self.team.get(&path).await.done()["pushEnabled"] == true
    }
}
