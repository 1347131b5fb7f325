//! The kinds that files can describe, parents before their children, and what refers to what.

use moca_wire::{
    apps, beacons, campaign_groups, campaigns, experiences, fault::FaultCode, labels,
    mention::Body, places, problem::Fault, segments, tags, targets::Against, webhooks, zones,
};
use serde::Serialize;
use serde_json::Value;

/// A kind as files describe it.
pub(super) struct Described {
    /// What `kind` says.
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    /// The field with the id.
    pub(super) id: &'static str,
    pub(super) identity: Identity,
    /// What it is part of.
    pub(super) parent: Option<Reference>,
    /// What it refers to besides.
    pub(super) references: &'static [Reference],
    /// Whether it can be started and stopped.
    pub(super) runs: bool,
    /// The parts of the body besides the parent's id.
    pub(super) parts: &'static [&'static str],
    /// Pointers to what the server owns inside those.
    pub(super) owned: &'static [&'static str],
    /// Pointers to secrets, which are sent but cannot be compared: no answer has them.
    pub(super) secrets: &'static [&'static str],
    /// Reads a body as the server does, and writes it as the server would answer it.
    pub(super) normalise: fn(&Value) -> Result<Value, Vec<Fault>>,
}

/// What makes an object the same one in the files and in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// Its name, within its parent.
    Name,
    /// Its `externalId`, or its name within its parent among those without one.
    ExternalIdOrName,
    /// Its `externalId`, or what it sends over the air.
    ExternalIdOrRadio,
}

/// A field that names another object in files and holds its id in the API.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference {
    /// Where both fields stand.
    pub(super) at: &'static str,
    /// The field in files, for example `place`.
    pub(super) field: &'static str,
    /// The field in the API, for example `placeId`.
    pub(super) id: &'static str,
    /// The kind it points at.
    pub(super) to: &'static str,
    /// Whether it is a list.
    pub(super) many: bool,
}

const fn to(
    at: &'static str,
    field: &'static str,
    id: &'static str,
    to: &'static str,
) -> Reference {
    Reference {
        at,
        field,
        id,
        to,
        many: false,
    }
}

const LABELS: Reference = Reference {
    many: true,
    ..to("/config", "labels", "labelIds", "Label")
};

macro_rules! in_triggers {
    ($($at:literal),*) => {
        &[$(
            to($at, "place", "placeId", "Place"),
            to($at, "zone", "zoneId", "Zone"),
            to($at, "beacon", "beaconId", "Beacon"),
        )*]
    };
}

/// What a trigger is about, or the parts of a composite.
const IN_TRIGGER: &[Reference] = in_triggers![
    "/trigger",
    "/trigger/list/0",
    "/trigger/list/1",
    "/trigger/list/2",
    "/trigger/list/3",
    "/trigger/list/4",
    "/trigger/list/5",
    "/trigger/list/6",
    "/trigger/list/7",
    "/trigger/list/8",
    "/trigger/list/9"
];

/// Whether the objects that it mentions exist is for the server to say.
fn written<T: Serialize>(read: Body<T>) -> Result<Value, Vec<Fault>> {
    let input = read.by_itself()?;
    Ok(serde_json::to_value(input).unwrap_or_default())
}

/// All of them.
pub(super) static DESCRIBED: &[Described] = &[
    Described {
        name: "App",
        path: "/v2/apps",
        id: "appId",
        identity: Identity::Name,
        parent: None,
        references: &[],
        runs: false,
        parts: &["config"],
        owned: &[],
        secrets: &[],
        normalise: |body| match body.get("targets") {
            None => written(apps::read(body, Against::default())),
            Some(_) => {
                let detail = "files hold no push credentials: set them with PUT /v2/apps/{appId}";
                Err(vec![Fault::new("/targets", FaultCode::NotAllowed, detail)])
            }
        },
    },
    Described {
        name: "Label",
        path: "/v2/labels",
        id: "labelId",
        identity: Identity::Name,
        parent: None,
        references: &[],
        runs: false,
        parts: &["config"],
        owned: &[],
        secrets: &[],
        normalise: |body| written(labels::read(body)),
    },
    Described {
        name: "Place",
        path: "/v2/places",
        id: "placeId",
        identity: Identity::ExternalIdOrName,
        parent: None,
        references: &[LABELS],
        runs: false,
        parts: &["config"],
        owned: &["/config/locationProvider/hasSecretKey"],
        secrets: &["/config/locationProvider/secretKey"],
        normalise: |body| written(places::read(body)),
    },
    Described {
        name: "Zone",
        path: "/v2/zones",
        id: "zoneId",
        identity: Identity::ExternalIdOrName,
        parent: Some(to("", "place", "placeId", "Place")),
        references: &[LABELS],
        runs: false,
        parts: &["config"],
        owned: &[],
        secrets: &[],
        normalise: |body| written(zones::read(body, None)),
    },
    Described {
        name: "Beacon",
        path: "/v2/beacons",
        id: "beaconId",
        identity: Identity::ExternalIdOrRadio,
        parent: None,
        references: &[to("/config", "zone", "zoneId", "Zone"), LABELS],
        runs: false,
        parts: &["config"],
        owned: &[],
        secrets: &[],
        normalise: |body| written(beacons::read(body)),
    },
    Described {
        name: "CampaignGroup",
        path: "/v2/campaign-groups",
        id: "campaignGroupId",
        identity: Identity::Name,
        parent: Some(to("", "app", "appId", "App")),
        references: &[],
        runs: false,
        parts: &["config"],
        owned: &[],
        secrets: &[],
        normalise: |body| written(campaign_groups::read(body, None)),
    },
    Described {
        name: "Tag",
        path: "/v2/tags",
        id: "tagId",
        identity: Identity::Name,
        parent: Some(to("", "app", "appId", "App")),
        references: &[],
        runs: false,
        parts: &["config"],
        owned: &[],
        secrets: &[],
        normalise: |body| written(tags::read(body, None)),
    },
    Described {
        name: "Segment",
        path: "/v2/segments",
        id: "segmentId",
        identity: Identity::ExternalIdOrName,
        parent: Some(to("", "app", "appId", "App")),
        references: &[],
        runs: false,
        parts: &["config"],
        owned: &[],
        secrets: &[],
        normalise: |body| written(segments::read(body, None)),
    },
    Described {
        name: "Campaign",
        path: "/v2/campaigns",
        id: "campaignId",
        identity: Identity::Name,
        parent: Some(to("", "app", "appId", "App")),
        references: &[
            to("/config", "group", "groupId", "CampaignGroup"),
            to("/config", "segment", "segmentId", "Segment"),
        ],
        runs: true,
        parts: &["config"],
        owned: &[],
        secrets: &[],
        normalise: |body| written(campaigns::read(body, None)),
    },
    Described {
        name: "Experience",
        path: "/v2/experiences",
        id: "experienceId",
        identity: Identity::Name,
        parent: Some(to("", "campaign", "campaignId", "Campaign")),
        references: IN_TRIGGER,
        runs: false,
        parts: &["config", "trigger", "action"],
        owned: &[],
        secrets: &[],
        normalise: |body| written(experiences::read(body, None)),
    },
    Described {
        name: "Webhook",
        path: "/v2/webhooks",
        id: "webhookId",
        identity: Identity::Name,
        parent: None,
        references: &[
            to("/config", "app", "appId", "App"),
            to("/config", "campaign", "campaignId", "Campaign"),
        ],
        runs: false,
        parts: &["config"],
        owned: &[],
        secrets: &[],
        normalise: |body| written(webhooks::read(body)),
    },
];

/// A body without what stands at these pointers.
pub(super) fn without(mut body: Value, pointers: &[&str]) -> Value {
    for pointer in pointers {
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(parent) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
            parent.remove(name);
        }
    }
    body
}

impl Described {
    /// The place of a kind in the order of dependency.
    pub(super) fn rank(name: &str) -> Option<usize> {
        DESCRIBED.iter().position(|kind| kind.name == name)
    }

    /// The kind with this name, and those that a text may have meant.
    pub(super) fn names() -> String {
        let names: Vec<&str> = DESCRIBED.iter().map(|kind| kind.name).collect();
        names.join(", ")
    }

    /// Parent and references.
    pub(super) fn all_references(&self) -> impl Iterator<Item = &Reference> {
        self.parent.iter().chain(self.references)
    }
}

/// These kinds and all that they refer to, in the order of dependency.
pub(super) fn with_references(ranks: &[usize]) -> Vec<usize> {
    let mut needed = vec![false; DESCRIBED.len()];
    for &rank in ranks {
        mark(rank, &mut needed);
    }
    (0..DESCRIBED.len()).filter(|rank| needed[*rank]).collect()
}

fn mark(rank: usize, needed: &mut [bool]) {
    needed[rank] = true;
    for reference in DESCRIBED[rank].all_references() {
        if let Some(to) = Described::rank(reference.to) {
            mark(to, needed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_trigger_can_name_what_it_is_about() {
        let parts = IN_TRIGGER.len() / 3 - 1;
        assert_eq!(parts, moca_core::limits::COMPOSITE_PARTS_MAX);
        let last = IN_TRIGGER.last().unwrap().at;
        assert_eq!(last, format!("/trigger/list/{}", parts - 1));
    }

    #[test]
    fn references_point_to_earlier_kinds() {
        for (rank, kind) in DESCRIBED.iter().enumerate() {
            for reference in kind.all_references() {
                assert!(
                    Described::rank(reference.to).unwrap() < rank,
                    "{}",
                    kind.name
                );
            }
        }
        let experience = Described::rank("Experience").unwrap();
        let reached = with_references(&[experience]);
        let left = DESCRIBED.iter().enumerate();
        let left = left.filter(|(rank, _)| !reached.contains(rank));
        let left: Vec<&str> = left.map(|(_, kind)| kind.name).collect();
        // Nothing refers to these.
        assert_eq!(left, ["Tag", "Webhook"]);
        assert_eq!(with_references(&[0]), [0]);
    }
}
