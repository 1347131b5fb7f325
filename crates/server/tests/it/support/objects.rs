//! One object of every kind, made through the API, and a valid body for every route that takes one.

use std::collections::BTreeMap;

use moca_engine::push::PushSettings;
use serde_json::{Value, json};

use super::{Installation, NOON, Tenant};

/// The ids of one object of every kind, by the name they have in paths, and two credentials.
#[derive(Clone)]
pub(crate) struct Objects {
    pub(crate) tenant: Tenant,
    pub(crate) ids: BTreeMap<&'static str, String>,
    pub(crate) app_secret: String,
    pub(crate) instance_token: String,
    /// The secret of `tokenId`.
    pub(crate) access_token: String,
}

const HOUR_MS: i64 = 3_600_000;

impl Installation {
    /// Makes one object of every kind in the account.
    pub(crate) async fn objects(&self, tenant: &Tenant) -> Objects {
        let mut objects = Objects {
            tenant: tenant.clone(),
            ids: BTreeMap::new(),
            app_secret: String::new(),
            instance_token: String::new(),
            access_token: String::new(),
        };
        let more = [
            ("accountId", tenant.account_id.to_string()),
            ("externalId", format!("external-{}", self.unique())),
            ("name", "vip".into()),
            ("page", "overview".into()),
            ("code", "not_found".into()),
        ];
        objects.ids.extend(more);
        for (collection, id) in [
            ("/v2/members", "memberId"),
            ("/v2/tokens", "tokenId"),
            ("/v2/apps", "appId"),
            ("/v2/labels", "labelId"),
            ("/v2/places", "placeId"),
            ("/v2/zones", "zoneId"),
            ("/v2/beacons", "beaconId"),
            ("/v2/campaign-groups", "campaignGroupId"),
            ("/v2/tags", "tagId"),
            ("/v2/segments", "segmentId"),
            ("/v2/campaigns", "campaignId"),
            ("/v2/experiences", "experienceId"),
            ("/v2/notifications", "notificationId"),
            ("/v2/webhooks", "webhookId"),
        ] {
            let body = self.body("POST", collection, &objects).unwrap();
            let request = self.ask("POST", collection).bearer(&tenant.token);
            let made = request.json(&body).send().await.done();
            objects.ids.insert(id, text(&made, id));
            match id {
                "appId" => objects.app_secret = text(&made, "appSecret"),
                "campaignId" => self.push_campaign(&mut objects).await,
                "segmentId" => self.static_segment(&mut objects).await,
                "campaignGroupId" => drop(objects.ids.insert("groupId", text(&made, id))),
                "tokenId" => objects.access_token = text(&made, "accessToken"),
                _ => {}
            }
        }
        self.tell_webhook_of(&objects, "*").await;
        let registered = self
            .ask("POST", "/device/v1/instances")
            .basic(&objects.ids["appId"], &objects.app_secret)
            .json(&json!({}))
            .send()
            .await
            .done();
        objects
            .ids
            .insert("instanceId", text(&registered, "instanceId"));
        objects.instance_token = text(&registered, "instanceToken");
        self.find_delivery(&mut objects).await;
        // One that nobody got; see `receive_message`.
        objects
            .ids
            .insert("messageId", objects.ids["instanceId"].clone());
        self.log_in(&mut objects).await;
        self.send_file(&mut objects).await;
        self.ask_for_replay(&mut objects).await;
        let events = self.ask("GET", "/v2/audit-events").bearer(&tenant.token);
        let newest = events.send().await.done()["items"][0].clone();
        let id = text(&newest, "auditEventId");
        objects.ids.insert("auditEventId", id);
        objects
    }

    /// A campaign that takes notifications.
    async fn push_campaign(&self, objects: &mut Objects) {
        let body = json!({"appId": objects.ids["appId"], "config": {
            "name": "News", "type": "Push", "startAt": NOON,
        }});
        let ask = self
            .ask("POST", "/v2/campaigns")
            .bearer(&objects.tenant.token);
        let made = ask.json(&body).send().await.done();
        objects
            .ids
            .insert("pushCampaignId", text(&made, "campaignId"));
    }

    /// Has the notification, which is ready, go to the instance: as far as that it is in its audience.
    pub(crate) async fn take_audience(&self, objects: &Objects) {
        let push = json!({"push": {"provider": "FCM", "token": "walk"}});
        let profile = self.ask("PUT", "/device/v1/instance");
        let profile = profile.bearer(&objects.instance_token).json(&push);
        profile.send().await.done();
        let path = format!("/v2/campaigns/{}/start", objects.ids["pushCampaignId"]);
        let start = self.ask("PUT", &path).bearer(&objects.tenant.token);
        start.send().await.done();
        let mut pusher = self.pusher(PushSettings::default());
        pusher.round().await.unwrap();
    }

    /// A segment that takes members.
    async fn static_segment(&self, objects: &mut Objects) {
        let name = format!("Static {}", self.unique());
        let body =
            json!({"appId": objects.ids["appId"], "config": {"name": name, "type": "Static"}});
        let ask = self
            .ask("POST", "/v2/segments")
            .bearer(&objects.tenant.token);
        let made = ask.json(&body).send().await.done();
        objects
            .ids
            .insert("staticSegmentId", text(&made, "segmentId"));
    }

    /// Has the webhook told of these types of events from now on, whatever it was made for.
    async fn tell_webhook_of(&self, objects: &Objects, types: &str) {
        let body = json!({"config": {
            "name": "All", "url": "https://127.0.0.1:9/all", "events": [types],
        }});
        let path = format!("/v2/webhooks/{}", objects.ids["webhookId"]);
        let ask = self.ask("PUT", &path).bearer(&objects.tenant.token);
        ask.json(&body).send().await.done();
    }

    /// What the webhook is told first. After that it is told of nothing that happens: a walk makes one
    /// for each route, and all of them together would be told of all that follows.
    async fn find_delivery(&self, objects: &mut Objects) {
        let path = format!("/v2/webhooks/{}/deliveries", objects.ids["webhookId"]);
        let ask = self.ask("GET", &path).bearer(&objects.tenant.token);
        let id = text(&ask.send().await.done()["items"][0], "deliveryId");
        objects.ids.insert("deliveryId", id);
        self.tell_webhook_of(objects, "custom.nothing").await;
    }

    /// Lets a user log in on the instance.
    async fn log_in(&self, objects: &mut Objects) {
        let user_id = format!("user-{}", self.unique());
        self.ask("PUT", "/device/v1/instance/user")
            .bearer(&objects.instance_token)
            .json(&json!({"userId": user_id}))
            .send()
            .await
            .done();
        objects.ids.insert("userId", user_id);
    }

    /// Has the instance get a message, from a campaign that is gone again afterwards.
    pub(crate) async fn receive_message(&self, objects: &mut Objects) {
        let token = objects.tenant.token.clone();
        let make = async |path: &str, id: &str, body: Value| {
            let ask = self.ask("POST", path).bearer(&token).json(&body);
            text(&ask.send().await.done(), id)
        };
        let far = json!({"type": "Circle", "latitude": -30.0, "longitude": -140.0, "radius": 50});
        let place = json!({"config": {"name": "Far", "geofence": far}});
        let place_id = make("/v2/places", "placeId", place).await;
        let campaign = json!({"appId": objects.ids["appId"], "config": {
            "name": "Far", "type": "Proximity", "startAt": 0, "endAt": NOON + 100_000 * HOUR_MS,
        }});
        let campaign_id = make("/v2/campaigns", "campaignId", campaign).await;
        let experience = json!({
            "campaignId": campaign_id,
            "config": {"name": "Far", "repeat": "Immediately"},
            "trigger": {"@type": "EnterPlaceTrigger", "placeId": place_id},
            "action": {"@type": "SendLocalMessageAction", "content": {"default": "Hello"}},
        });
        make("/v2/experiences", "experienceId", experience).await;
        let manage = async |method: &str, path: String| {
            let ask = self.ask(method, &path).bearer(&token);
            ask.send().await.done();
        };
        manage("PUT", format!("/v2/campaigns/{campaign_id}/start")).await;
        let event = json!([{
            "id": format!("a7826da6-4fa2-4e98-8024-{:012x}", self.unique()),
            "t": NOON - HOUR_MS,
            "location": {"lat": -30.0, "lon": -140.0},
        }]);
        let ask = self.ask("POST", "/device/v1/events");
        let ask = ask.bearer(&objects.instance_token).json(&event);
        ask.send().await.done();
        let inbox = self.ask("GET", "/device/v1/messages");
        let inbox = inbox.bearer(&objects.instance_token).send().await.done();
        let message_id = text(&inbox["items"][0], "messageId");
        objects.ids.insert("messageId", message_id);
        manage(
            "DELETE",
            format!("/v2/campaigns/{campaign_id}?cascade=true"),
        )
        .await;
        manage("DELETE", format!("/v2/places/{place_id}")).await;
    }

    /// Asks for a replay, which waits; those before it are cancelled, as an account has few at a time, and
    /// each would read all that was told so far.
    async fn ask_for_replay(&self, objects: &mut Objects) {
        let token = &objects.tenant.token;
        let list = self.ask("GET", "/v2/replays?limit=1000").bearer(token);
        let list = list.send().await.done();
        for replay in list["items"].as_array().unwrap() {
            if replay["status"] == "Pending" {
                let path = format!("/v2/replays/{}/cancel", text(replay, "replayId"));
                self.ask("PUT", &path).bearer(token).send().await.done();
            }
        }
        let path = format!("/v2/campaigns/{}/replay", objects.ids["campaignId"]);
        let ask = self.ask("POST", &path).bearer(&objects.tenant.token);
        let asked = ask.json(&json!({"from": NOON - HOUR_MS, "to": NOON}));
        let made = asked.send().await.done();
        objects.ids.insert("replayId", text(&made, "replayId"));
    }

    /// Sends a file, which waits; those before it do so no longer, as an account has few at a time.
    async fn send_file(&self, objects: &mut Objects) {
        self.import_all().await;
        let made = self
            .ask("POST", "/v2/imports?kind=places")
            .bearer(&objects.tenant.token)
            .header("content-type", "text/csv")
            .body(self.file())
            .send()
            .await
            .done();
        objects.ids.insert("importId", text(&made, "importId"));
    }

    /// A file with a place.
    pub(crate) fn file(&self) -> String {
        format!("name\nPlace {}\n", self.unique())
    }

    /// A body the route takes; `None` for those that can send back what GET answers, and for those
    /// that take none. Made of fresh values where something must be unique; it mentions all other
    /// objects that it can.
    pub(crate) fn body(&self, method: &str, path: &str, objects: &Objects) -> Option<Value> {
        let n = self.unique();
        let id = |name: &str| objects.ids.get(name).cloned().unwrap_or_default();
        let place = json!({"config": {
            "name": format!("Place {n}"),
            "geofence": {"type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120},
            "labelIds": [id("labelId")],
        }});
        let zone = json!({
            "placeId": id("placeId"),
            "config": {"name": format!("Zone {n}"), "labelIds": [id("labelId")]},
        });
        let beacon = json!({"config": {
            "type": "EddystoneUid",
            "namespace": "00112233445566778899",
            "instance": format!("{n:012x}"),
            "zoneId": id("zoneId"),
            "labelIds": [id("labelId")],
        }});
        // It holds for everybody. The first one has none to name.
        let query = match objects.ids.get("segmentId") {
            None => json!({"lang": {"$ne": "tlh"}}),
            Some(id) => json!({"$any": [{"lang": "es"}, {"$segment": id}]}),
        };
        let segment = json!({
            "appId": id("appId"),
            "config": {"name": format!("Segment {n}"), "query": query.to_string()},
        });
        Some(match (method, path) {
            ("POST", "/v2/accounts") => json!({"config": {"name": format!("Account {n}")}}),
            ("POST", "/v2/members") => {
                json!({"config": {"name": format!("Member {n}"), "role": "viewer"}})
            }
            ("POST", "/v2/tokens") => {
                let member = objects.tenant.member_id.to_string();
                json!({"memberId": member, "config": {"name": format!("Token {n}")}})
            }
            ("POST", "/v2/apps") => json!({"config": {"name": format!("App {n}")}}),
            ("PUT", "/v2/apps/{appId}/secret") => json!({"overlapMs": 24 * HOUR_MS}),
            ("POST", "/v2/labels") => json!({"config": {"name": format!("Label {n}")}}),
            ("POST", "/v2/places") | ("PUT", "/v2/places/external/{externalId}") => place,
            ("POST", "/v2/places/batch") => json!({"items": [place]}),
            ("POST", "/v2/zones") | ("PUT", "/v2/zones/external/{externalId}") => zone,
            ("POST", "/v2/zones/batch") => json!({"items": [zone]}),
            ("PUT", "/v2/zones/{zoneId}/beacons") => json!({"beaconIds": [id("beaconId")]}),
            ("POST", "/v2/beacons") | ("PUT", "/v2/beacons/external/{externalId}") => beacon,
            ("POST", "/v2/beacons/batch") => json!({"items": [beacon]}),
            ("POST", "/v2/campaign-groups") => {
                json!({"appId": id("appId"), "config": {"name": format!("Group {n}")}})
            }
            ("POST", "/v2/tags") => {
                json!({"appId": id("appId"), "config": {"name": format!("Tag {n}")}})
            }
            ("POST", "/v2/segments/estimate") => {
                json!({"appId": id("appId"), "query": {"os": {"$ne": format!("OS {n}")}}})
            }
            ("PUT", "/v2/segments/{segmentId}/members") => {
                json!({"instanceIds": [id("instanceId")], "userIds": [id("userId")]})
            }
            ("POST", "/v2/segments") | ("PUT", "/v2/segments/external/{externalId}") => segment,
            ("POST", "/v2/campaigns") => json!({"appId": id("appId"), "config": {
                "name": format!("Campaign {n}"),
                "type": "Proximity",
                "segmentId": id("segmentId"),
                "startAt": NOON - HOUR_MS,
                "endAt": NOON + 1_000 * HOUR_MS,
                "groupId": id("campaignGroupId"),
            }}),
            ("POST", "/v2/campaigns/{campaignId}/replay") => {
                json!({"from": NOON - HOUR_MS, "to": NOON})
            }
            ("POST", "/v2/experiences") => json!({
                "campaignId": id("campaignId"),
                "config": {"name": format!("Experience {n}"), "repeat": "Immediately"},
                "trigger": {"@type": "EnterPlaceTrigger", "placeId": id("placeId")},
                "action": {"@type": "SendLocalMessageAction", "content": {"default": "Hello"}},
            }),
            ("POST", "/v2/notifications") => json!({
                "campaignId": id("pushCampaignId"),
                "config": {"name": format!("Notification {n}")},
                "trigger": {"@type": "ImmediateTrigger"},
                "audience": {"@type": "SegmentAudience", "segmentId": id("segmentId")},
                "action": {"@type": "SendPushAction", "body": {"default": "Hello"}},
            }),
            ("POST", "/v2/webhooks") => json!({"config": {
                "name": format!("Webhook {n}"),
                "url": "https://127.0.0.1:9/hook",
                "events": ["place.*", "instance.registered"],
                "appId": id("appId"),
                "campaignId": id("campaignId"),
            }}),
            ("PUT", "/v2/webhooks/{webhookId}/secret") => json!({"overlapMs": HOUR_MS}),
            ("POST", "/device/v1/instances") => json!({"deviceModel": "iPhone 11"}),
            ("PUT", "/device/v1/instance/user") => json!({"userId": "user-1"}),
            ("PUT", "/device/v1/instance/consents") => {
                json!({"marketing": {"granted": true, "version": "1"}})
            }
            ("PUT", "/device/v1/instance/properties") => json!({"properties": {"a": 1}}),
            ("PUT", "/device/v1/instance/tags/{name}") => json!({"value": "+1"}),
            ("POST", "/device/v1/messages/{messageId}/receipts") => {
                json!({"kind": "Shown", "at": NOON + n as i64})
            }
            ("PUT", "/device/v1/notifications/{notificationId}/opened") => json!({"at": NOON}),
            ("POST", "/device/v1/events") => json!([{
                "id": format!("f7826da6-4fa2-4e98-8024-{n:012x}"),
                "t": NOON,
                "verb": "buy",
            }]),
            ("POST", "/device/v1/events/batch") => json!([{
                "instanceId": id("instanceId"),
                "id": format!("f7826da6-4fa2-4e98-8024-{n:012x}"),
                "t": NOON,
                "verb": "buy",
            }]),
            _ => return None,
        })
    }
}

fn text(object: &Value, field: &str) -> String {
    let value = object[field].as_str();
    value
        .unwrap_or_else(|| panic!("{field}: {object}"))
        .to_owned()
}

impl Objects {
    /// The path with its segments filled in.
    pub(crate) fn fill(&self, path: &str) -> String {
        let mut filled = Vec::new();
        for segment in path.split('/') {
            let name = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
            filled.push(match name {
                None => segment,
                Some("segmentId") if path.ends_with("/members") => &self.ids["staticSegmentId"],
                Some(name) => self
                    .ids
                    .get(name)
                    .unwrap_or_else(|| panic!("say in objects.rs what to put for {segment}")),
            });
        }
        filled.join("/")
    }
}
