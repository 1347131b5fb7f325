//! What receivers get.
//!
//! Bodies are written when they are sent: names are those that things have by then, and what was erased or
//! deleted meanwhile has none.

use std::collections::HashMap;

use moca_core::{
    beacon::Beacon,
    experience::{Direction, Target},
    id::{BeaconId, DeliveryId, Id, PlaceId, ZoneId},
    place::Place,
    time::rfc3339,
    webhook::{Format, HookEvent, Occasion, Webhook},
    zone::Zone,
};
use moca_storage::{
    StorageError,
    control::Tx,
    devices::{Identified, InstanceState},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The type of what is sent to try a webhook out.
const TEST: &str = "webhook.test";

/// The places, zones and beacons that bodies name.
#[derive(Default)]
pub(super) struct Names {
    places: HashMap<PlaceId, Place>,
    zones: HashMap<ZoneId, Zone>,
    beacons: HashMap<BeaconId, Beacon>,
}

impl Names {
    /// Those of these deliveries of a webhook.
    pub(super) async fn of(
        tx: &mut Tx,
        webhook: &Webhook,
        deliveries: &[Identified],
    ) -> Result<Self, StorageError> {
        let (mut places, mut zones, mut beacons) = (Vec::new(), Vec::new(), Vec::new());
        for (_, delivery) in deliveries {
            let Occasion::Crossed { target, .. } = delivery.event.occasion else {
                continue;
            };
            match target {
                Target::Place(id) => places.push(id.0),
                Target::Zone(id) => zones.push(id.0),
                Target::Beacon(id) => beacons.push(id.0),
            }
        }
        let account = webhook.frame.account_id;
        let mut names = Self::default();
        let found = tx.get_many::<Place>(account, &places).await?;
        names.places = found.into_iter().map(|it| (it.id(), it)).collect();
        let found = tx.get_many::<Zone>(account, &zones).await?;
        names.zones = found.into_iter().map(|it| (it.id(), it)).collect();
        let found = tx.get_many::<Beacon>(account, &beacons).await?;
        names.beacons = found.into_iter().map(|it| (it.id(), it)).collect();
        Ok(names)
    }

    /// A target as bodies tell of it.
    fn target(&self, target: Target) -> Value {
        match target {
            Target::Place(id) => {
                let config = self.places.get(&id).map(|place| &place.config);
                sparse(json!({
                    "placeId": id,
                    "externalId": config.map(|config| &config.external_id),
                    "name": config.map(|config| &config.name),
                }))
            }
            Target::Zone(id) => {
                let zone = self.zones.get(&id);
                let config = zone.map(|zone| &zone.config);
                sparse(json!({
                    "zoneId": id,
                    "placeId": zone.map(|zone| zone.place_id),
                    "externalId": config.map(|config| &config.external_id),
                    "name": config.map(|config| &config.name),
                }))
            }
            Target::Beacon(id) => {
                let beacon = self.beacons.get(&id);
                let config = beacon.map(|beacon| &beacon.config);
                sparse(json!({
                    "beaconId": id,
                    "zoneId": beacon.map(|beacon| beacon.zone_id),
                    "externalId": config.map(|config| &config.external_id),
                    "name": config.map(|config| &config.name),
                }))
            }
        }
    }

    fn name(&self, target: Target) -> Option<&str> {
        match target {
            Target::Place(id) => Some(&self.places.get(&id)?.config.name),
            Target::Zone(id) => Some(&self.zones.get(&id)?.config.name),
            Target::Beacon(id) => self.beacons.get(&id)?.config.name.as_deref(),
        }
    }
}

/// The body of a delivery. `state` is what is known of the instance now, which a Cloud-Hook tells too.
pub(super) fn write(
    webhook: &Webhook,
    id: DeliveryId,
    event: &HookEvent,
    names: &Names,
    state: Option<&InstanceState>,
) -> Vec<u8> {
    let body = match webhook.config.format {
        Format::Standard => json!({
            "type": event.occasion.type_name(),
            "timestamp": rfc3339(event.at_ms),
            "data": data(webhook, event, names),
        }),
        Format::CloudHook => json!([cloud_hook(id, event, names, state)]),
    };
    body.to_string().into_bytes()
}

/// The body of what is sent to try a webhook out.
pub(super) fn write_test(webhook: &Webhook, id: DeliveryId, now_ms: i64) -> Vec<u8> {
    let body = match webhook.config.format {
        Format::Standard => json!({
            "type": TEST,
            "timestamp": rfc3339(now_ms),
            "data": {
                "accountId": webhook.frame.account_id,
                "webhookId": webhook.id(),
                "at": now_ms,
            },
        }),
        Format::CloudHook => json!([{
            "event_id": uuid_of(id.0),
            "event_name": "test",
            "t": now_ms,
            "st": now_ms,
        }]),
    };
    body.to_string().into_bytes()
}

fn data(webhook: &Webhook, event: &HookEvent, names: &Names) -> Value {
    let mut data = json!({
        "accountId": webhook.frame.account_id,
        "appId": event.app_id,
        "instanceId": event.instance_id,
        "userId": event.user_id,
        "at": event.at_ms,
        "receivedAt": event.received_at,
    });
    let more = match &event.occasion {
        Occasion::Crossed {
            target, dwell_ms, ..
        } => {
            let kind = match target {
                Target::Place(_) => "place",
                Target::Zone(_) => "zone",
                Target::Beacon(_) => "beacon",
            };
            let mut more = json!({"dwellMs": dwell_ms});
            more[kind] = names.target(*target);
            more
        }
        Occasion::Fired {
            campaign_id,
            experience_id,
            message_id,
        }
        | Occasion::Receipt {
            campaign_id,
            experience_id,
            message_id,
            ..
        } => json!({
            "campaignId": campaign_id,
            "experienceId": experience_id,
            "messageId": message_id,
        }),
        Occasion::Registered { first_at } => json!({"createdAt": first_at}),
        Occasion::Custom {
            event_id,
            verb,
            item,
            category,
            value,
            properties,
        } => json!({
            "eventId": Uuid::from_bytes(*event_id),
            "verb": verb,
            "item": item,
            "category": category,
            "value": value,
            "properties": properties,
        }),
        Occasion::LoggedIn | Occasion::LoggedOut | Occasion::Erased => json!({}),
    };
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    sparse(data)
}

/// An event of a Cloud-Hook with all its documented fields; what nobody knows is null, but for
/// `user_id`, which is left out then.
fn cloud_hook(
    id: DeliveryId,
    event: &HookEvent,
    names: &Names,
    state: Option<&InstanceState>,
) -> Value {
    let mut body = Map::new();
    if let Some(user_id) = &event.user_id {
        body.insert("user_id".to_owned(), json!(user_id));
    }
    let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    put("event_id", json!(uuid_of(id.0)));
    put("t", json!(event.at_ms));
    put("st", json!(event.received_at));
    put("user_pseudo_id", json!(event.instance_id));
    if let Occasion::Crossed {
        direction,
        target,
        dwell_ms,
    } = event.occasion
    {
        let (category, item_id) = match target {
            Target::Place(id) => ("geofence", id.0),
            Target::Zone(id) => ("zone", id.0),
            Target::Beacon(id) => ("beacon", id.0),
        };
        let verb = match direction {
            Direction::Enter => "enter",
            Direction::Exit => "exit",
        };
        put("event_name", json!(format!("{verb}_{category}")));
        put("geo_category", json!(category));
        put("geo_item", json!(names.name(target)));
        put("geo_item_id", json!(item_id));
        put("dwell_time", json!(dwell_ms));
    }
    let position = event.position;
    put("geo_latitude", json!(position.map(|it| it.latitude)));
    put("geo_longitude", json!(position.map(|it| it.longitude)));
    put("geo_accuracy", json!(position.and_then(|it| it.accuracy_m)));
    let profile = state.map(|state| &state.profile);
    put("device_type", json!(profile.map(|it| &it.device_type)));
    put("device_model", json!(profile.map(|it| &it.device_model)));
    put("os", json!(profile.map(|it| &it.os)));
    put("os_version", json!(profile.map(|it| &it.os_version)));
    put("lang", json!(profile.map(|it| &it.lang)));
    let status = state.and_then(|it| it.location_status.as_deref());
    put("location_status", json!(status));
    put("app_version", json!(profile.map(|it| &it.app_version)));
    put("moca_version", json!(profile.map(|it| &it.sdk_version)));
    put("user_properties", json!(state.map(|it| &it.properties)));
    Value::Object(body)
}

/// An id as a UUID is written, which it is.
fn uuid_of(id: Id) -> Uuid {
    Uuid::from_bytes(id.0)
}

/// An object without its nulls.
fn sparse(mut object: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.retain(|_, value| !value.is_null());
    }
    object
}
