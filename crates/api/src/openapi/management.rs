//! What the routes of the management API are for, and their bodies.

use moca_wire::{
    account_limits::Limits,
    accounts::{Account, NewAccount},
    analytics::AnalyticsAnswer,
    apps::{App, SecretRotation},
    audit_events::AuditEvent,
    beacons::Beacon,
    campaign_groups::CampaignGroup,
    campaigns::Campaign,
    decisions::{Decision, DecisionSummary},
    experience_analytics::ExperiencesAnswer,
    experiences::Experience,
    explain::Explanation,
    exports::{InstanceExport, LogEntry, UserExport},
    imports::{Import, Refusal},
    instances::KnownInstance,
    labels::Label,
    members::Member,
    messages::Message,
    notification_analytics::NotificationsAnswer,
    notifications::Notification,
    oauth::{AccessToken, OAuthProblem, TokenRequest},
    places::Place,
    replays::{Replay, ReplayInput},
    segments::{Estimate, EstimateInput, Members, MembersInput, Segment},
    tags::{SeenTag, Tag},
    tokens::Token,
    users::User,
    webhooks::{Delivery, DeliveryAttempt, Webhook, WebhookSecretRotation},
    zones::{Zone, ZoneBeacons},
};

use super::group::{Group, Operation};
use crate::route::Verb::{Delete, Get, Post, Put};

pub(crate) fn groups() -> Vec<Group> {
    vec![
        oauth(),
        accounts(),
        members(),
        tokens(),
        apps(),
        labels(),
        places(),
        zones(),
        beacons(),
        exports(),
        campaign_groups(),
        tags(),
        segments(),
        imports(),
        campaigns(),
        replays(),
        experiences(),
        notifications(),
        webhooks(),
        decisions(),
        instances(),
        users(),
        analytics(),
        audit_events(),
    ]
}

fn oauth() -> Group {
    let note = "Exchanges a token's id and secret for a short-lived token of the same member.";
    let summary = "Exchanges a token (RFC 6749 §4.4)";
    Group::new("OAuth 2.0", note).with(Post, "/oauth/token", summary, |operation| {
        operation
            .noted("The client names itself by HTTP Basic or in the form.")
            .takes::<TokenRequest>()
            .answers::<AccessToken>()
            .with_answer_part::<OAuthProblem>()
    })
}

fn accounts() -> Group {
    const LIMITS: &str = "/v2/accounts/{accountId}/limits";
    let note = "Tenants: everything else belongs to one account.";
    Group::new("Accounts", note)
        .resource::<Account>("account")
        .except(Post, "/v2/accounts", |operation| {
            operation
                .noted("For owners of the server's first account. The token is shown this once.")
                .answers_version_of::<NewAccount>()
        })
        .except(Delete, "/v2/accounts/{accountId}", |operation| {
            operation.noted(
                "For owners of the server's first account, which stays itself. With `cascade` all that is \
                 in the account is deleted, and its people are erased.",
            )
        })
        .with(Get, LIMITS, "Reads the limits of an account", |operation| {
            operation.answers_version_of::<Limits>()
        })
        .with(Put, LIMITS, "Sets the limits of an account", |operation| {
            operation
                .noted("For owners of the server's first account.")
                .replaces::<Limits>()
                .answers_version_of::<Limits>()
        })
}

fn members() -> Group {
    Group::new("Members", "The people who operate an account.").resource::<Member>("member")
}

fn tokens() -> Group {
    let note = "Credentials of members. A secret is shown once, in the answer that makes it.";
    Group::new("Tokens", note).resource::<Token>("token")
}

fn apps() -> Group {
    let note = "Mobile apps. Their id and secret let devices register.";
    Group::new("Apps", note).resource::<App>("app").with(
        Put,
        "/v2/apps/{appId}/secret",
        "Makes a new secret of an app",
        |operation| {
            operation
                .noted("Devices that register with the old one get in for a while.")
                .takes::<SecretRotation>()
                .answers_version_of::<App>()
        },
    )
}

fn labels() -> Group {
    let note = "Names with a colour that group places, zones and beacons.";
    Group::new("Labels", note).resource::<Label>("label")
}

fn places() -> Group {
    let note = "Physical locations, with a geofence, zones with beacons, or both.";
    Group::new("Places", note)
        .resource::<Place>("place")
        .with(
            Put,
            "/v2/places/external/{externalId}",
            EXTERNAL,
            |operation| operation.takes::<Place>().answers_version_of::<Place>(),
        )
        .batch::<Place>()
}

const EXTERNAL: &str = "Makes or replaces the one with your own id";

fn zones() -> Group {
    const BEACONS: &str = "/v2/zones/{zoneId}/beacons";
    Group::new("Zones", "Parts of a place, and groups of beacons.")
        .resource::<Zone>("zone")
        .batch::<Zone>()
        .with(
            Put,
            "/v2/zones/external/{externalId}",
            EXTERNAL,
            |operation| operation.takes::<Zone>().answers_version_of::<Zone>(),
        )
        .with(Get, BEACONS, "Reads the beacons of a zone", |operation| {
            operation.answers::<ZoneBeacons>()
        })
        .with(
            Put,
            BEACONS,
            "Replaces the beacons of a zone",
            |operation| operation.takes::<ZoneBeacons>().answers::<ZoneBeacons>(),
        )
}

fn beacons() -> Group {
    Group::new("Beacons", "The fleet: iBeacon and Eddystone-UID.")
        .resource::<Beacon>("beacon")
        .batch::<Beacon>()
        .with(
            Put,
            "/v2/beacons/external/{externalId}",
            EXTERNAL,
            |operation| operation.takes::<Beacon>().answers_version_of::<Beacon>(),
        )
}

fn exports() -> Group {
    let note = "All objects of a kind in one file, in the order they were made.";
    let mut group = Group::new("Exports", note);
    for kind in ["places", "zones", "beacons"] {
        for format in ["csv", "ndjson", "geojson"] {
            let path = format!("/v2/exports/{kind}.{format}");
            let summary = format!("All {kind} as {}", format.to_uppercase());
            group = group.with(Get, &path, &summary, |operation| operation);
        }
    }
    group
}

fn campaign_groups() -> Group {
    let note =
        "Campaigns of an app that belong together. A group changes nothing about when they fire.";
    Group::new("Campaign groups", note).resource::<CampaignGroup>("campaign group")
}

fn tags() -> Group {
    let note = "Names with a description for the numbers that apps keep on their devices. Devices may \
                set other tags too.";
    Group::new("Tags", note).resource::<Tag>("tag").with(
        Get,
        "/v2/tags/seen",
        "Lists the tags that instances carry",
        |operation| {
            operation
                .noted("By name, those that nobody declared among them.")
                .lists::<SeenTag>()
        },
    )
}

fn segments() -> Group {
    let note = "Parts of an app's audience, by a query.";
    Group::new("Segments", note)
        .resource::<Segment>("segment")
        .with(
            Put,
            "/v2/segments/external/{externalId}",
            EXTERNAL,
            |operation| operation.takes::<Segment>().answers_version_of::<Segment>(),
        )
        .with(
            Post,
            "/v2/segments/estimate",
            "Counts for whom a query holds",
            |operation| {
                operation
                    .noted("Exactly, and with all that was acknowledged before the question.")
                    .takes::<EstimateInput>()
                    .answers::<Estimate>()
            },
        )
        .with(
            Get,
            "/v2/segments/{segmentId}/instances",
            "Lists the instances in a segment",
            |operation| operation.lists::<KnownInstance>(),
        )
        .with(
            Put,
            "/v2/segments/{segmentId}/members",
            "Replaces the members of a static segment",
            |operation| {
                operation
                    .noted(
                        "They belong to it until the next such call, or until they are erased. A user \
                         stands for the instances that it is logged in on at the moment of the call.",
                    )
                    .takes::<MembersInput>()
                    .answers::<Members>()
            },
        )
}

fn imports() -> Group {
    const ALL: &str = "/v2/imports";
    const ONE: &str = "/v2/imports/{importId}";
    let note = "Files of places, zones or beacons that are taken in beside requests.";
    Group::new("Imports", note)
        .with(Post, ALL, "Imports a file", |operation| {
            operation
                .noted(
                    "It may take as long to arrive as it keeps coming. Good rows go in, and bad ones \
                     are told by line and column. Labels that are not there yet are made. A token with \
                     scopes also needs the one to write `kind`.",
                )
                .answers_version_of::<Import>()
        })
        .with(Get, ALL, "Lists imports", |operation| {
            operation.lists::<Import>()
        })
        .with(Get, ONE, "Reads an import", |operation| {
            operation.answers_version_of::<Import>()
        })
        .with(Delete, ONE, "Forgets an import", |operation| {
            operation.noted("One that is under way ends; what it has taken in stays.")
        })
        .with(
            Put,
            "/v2/imports/{importId}/cancel",
            "Stops an import",
            |operation| {
                operation
                    .noted("What it has taken in stays.")
                    .answers_version_of::<Import>()
            },
        )
        .with(
            Get,
            "/v2/imports/{importId}/refused",
            "Lists what was refused",
            |operation| operation.lists::<Refusal>(),
        )
        .with(
            Get,
            "/v2/imports/{importId}/refused.csv",
            "The same as a table",
            |operation| operation,
        )
}

fn replays() -> Group {
    const ALL: &str = "/v2/replays";
    const ONE: &str = "/v2/replays/{replayId}";
    let note = "Campaigns over recorded history, beside requests. Nothing is sent.";
    Group::new("Replays", note)
        .with(
            Post,
            "/v2/campaigns/{campaignId}/replay",
            "Replays a campaign",
            |operation| {
                operation
                    .noted(
                        "A campaign that was started once is decided on as it was then. A draft is as it is \
                         now, and runs from `from` to `to`.",
                    )
                    .takes::<ReplayInput>()
                    .answers_version_of::<Replay>()
            },
        )
        .with(Get, ALL, "Lists replays", |operation| {
            operation.lists::<Replay>()
        })
        .with(Get, ONE, "Reads a replay", |operation| {
            operation.answers_version_of::<Replay>()
        })
        .with(Delete, ONE, "Forgets a replay", |operation| {
            operation.noted("One that is under way ends.")
        })
        .with(
            Put,
            "/v2/replays/{replayId}/cancel",
            "Stops a replay",
            |operation| operation.answers_version_of::<Replay>(),
        )
        .with(
            Get,
            "/v2/replays/{replayId}/decisions",
            "Lists what would have been decided",
            |operation| {
                operation
                    .noted("By time. `messageId` is that of the message that was really sent, if one was.")
                    .lists::<Decision>()
            },
        )
}

fn campaigns() -> Group {
    let action = |operation: Operation| operation.answers_version_of::<Campaign>();
    Group::new("Campaigns", "When the experiences of an app may fire.")
        .resource::<Campaign>("campaign")
        .with(
            Put,
            "/v2/campaigns/{campaignId}/start",
            "Starts a campaign",
            |operation| {
                action(operation).noted("One that cannot run is refused with every reason.")
            },
        )
        .with(
            Put,
            "/v2/campaigns/{campaignId}/stop",
            "Stops a campaign",
            action,
        )
        .with(
            Put,
            "/v2/campaigns/{campaignId}/archive",
            "Archives a campaign",
            action,
        )
}

fn experiences() -> Group {
    Group::new("Experiences", "A trigger plus an action.").resource::<Experience>("experience")
}

fn notifications() -> Group {
    Group::new(
        "Notifications",
        "What a campaign of type `Push` sends to devices by itself.",
    )
    .resource::<Notification>("notification")
    .with(
        Put,
        "/v2/notifications/{notificationId}/cancel",
        "Cancels a notification",
        |operation| {
            operation
                .answers_version_of::<Notification>()
                .noted("What went out is not called back.")
        },
    )
}

fn webhooks() -> Group {
    const DELIVERIES: &str = "/v2/webhooks/{webhookId}/deliveries";
    let note = "Addresses of yours that are told what happens.";
    Group::new("Webhooks", note)
        .resource::<Webhook>("webhook")
        .with(
            Put,
            "/v2/webhooks/{webhookId}/secret",
            "Makes a new secret",
            |operation| {
                operation
                    .noted("It signs with the old one too for `overlapMs`, a day if nothing is said.")
                    .takes::<WebhookSecretRotation>()
                    .answers_version_of::<Webhook>()
            },
        )
        .with(
            Put,
            "/v2/webhooks/{webhookId}/test",
            "Sends a test and tells what came of it",
            |operation| {
                operation
                    .noted("Whether the webhook is enabled or not. It is tried once.")
                    .answers::<DeliveryAttempt>()
            },
        )
        .with(Get, DELIVERIES, "Lists deliveries", |operation| {
            operation
                .noted(
                    "The newest first: those that wait, and of those that are done the last 100 000 of each \
                     kind, for 30 days.",
                )
                .lists::<Delivery>()
        })
        .with(
            Put,
            "/v2/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver",
            "Delivers an event once more",
            |operation| {
                operation
                    .noted("At once if the webhook is enabled, under the same `webhook-id`, with all its attempts.")
                    .answers::<Delivery>()
            },
        )
}

fn decisions() -> Group {
    let note = "What became of every trigger that came true, and why. Without `appId` those of the app of what \
                is named, or of all apps, one after the other.";
    Group::new("Decisions", note)
        .with(Get, "/v2/decisions", "Lists decisions", |operation| {
            operation.lists::<Decision>()
        })
        .with(
            Get,
            "/v2/decisions/summary",
            "Counts decisions by outcome",
            |operation| operation.answers::<DecisionSummary>(),
        )
}

fn instances() -> Group {
    const ONE: &str = "/v2/instances/{instanceId}";
    const EXPORT: &str = "/v2/instances/{instanceId}/export";
    let note = "Installations of apps on devices, with all that is known of each.";
    Group::new("Instances", note)
        .with(Get, "/v2/instances", "Lists instances", |operation| {
            operation.lists::<KnownInstance>()
        })
        .with(Get, ONE, "Reads an instance", |operation| {
            operation.answers_version_of::<KnownInstance>()
        })
        .with(Delete, ONE, "Erases an instance", |operation| {
            operation.noted("And all that is held on it.")
        })
        .with(
            Get,
            "/v2/instances/{instanceId}/explain",
            "Tells why it gets an experience or does not",
            |operation| {
                operation
                    .noted(
                        "What every rule says, now or at the moment `at`, and in which place, zone or range \
                         of a beacon the instance was. Asked of an earlier moment, the instance is looked \
                         at as it was then, by the places and the campaign as they are now.",
                    )
                    .answers::<Explanation>()
                    .with_answer_part::<Decision>()
            },
        )
        .with(
            Get,
            EXPORT,
            "Gives out all that is held on an instance",
            |operation| {
                operation
                    .answers::<InstanceExport>()
                    .with_answer_part::<LogEntry>()
                    .with_answer_part::<Message>()
            },
        )
}

fn users() -> Group {
    const ONE: &str = "/v2/users/{userId}";
    const EXPORT: &str = "/v2/users/{userId}/export";
    Group::new("Users", "People that an app has identified.")
        .with(Get, "/v2/users", "Lists users", |operation| {
            operation.lists::<User>()
        })
        .with(Get, ONE, "Reads a user", |operation| {
            operation.answers_version_of::<User>()
        })
        .with(Delete, ONE, "Erases a user", |operation| {
            operation.noted("And all that is held on them.")
        })
        .with(
            Get,
            EXPORT,
            "Gives out all that is held on a user",
            |operation| operation.answers::<UserExport>(),
        )
}

fn audit_events() -> Group {
    const ONE: &str = "/v2/audit-events/{auditEventId}";
    let note = "Who did what to what: every change, and every access to what is held on people.";
    Group::new("Audit events", note)
        .with(Get, "/v2/audit-events", "Lists audit events", |operation| {
            operation
                .noted("The newest first, unless `sort=at` asks for the oldest first.")
                .lists::<AuditEvent>()
        })
        .with(Get, ONE, "Reads an audit event", |operation| {
            operation.answers_version_of::<AuditEvent>()
        })
}

fn analytics() -> Group {
    let note = "Exact distinct counts for any range, interval and time zone. \
                An answer holds everything acknowledged before the question.";
    let count = |operation: Operation| operation.answers::<AnalyticsAnswer>();
    Group::new("Analytics", note)
        .with(
            Get,
            "/v2/analytics/active-users",
            "Counts who sent an event",
            count,
        )
        .with(
            Get,
            "/v2/analytics/new-users",
            "Counts who sent their first event ever",
            count,
        )
        .with(
            Get,
            "/v2/analytics/returning-users",
            "Counts who was active and not new",
            count,
        )
        .with(
            Get,
            "/v2/analytics/visitors",
            "Counts who entered",
            |operation| {
                count(operation).noted(
                    "Anywhere, or in one place, zone or beacon, or in each with `groupBy`: \
                 `placeId`, `zoneId`, `beaconId` and `groupBy` exclude each other.",
                )
            },
        )
        .with(
            Get,
            "/v2/analytics/experiences",
            "Counts what became of triggers and messages",
            |operation| {
                operation
                    .noted(
                        "By the event times of triggers and receipts. These are counts of what happened, \
                         so the total is the sum of the buckets.",
                    )
                    .answers::<ExperiencesAnswer>()
            },
        )
        .with(
            Get,
            "/v2/analytics/notifications",
            "Counts to how many notifications went",
            |operation| {
                operation
                    .noted(
                        "By when an audience was taken, a message was handed over, and a device says that it \
                         was opened. The total is the sum of the buckets.",
                    )
                    .answers::<NotificationsAnswer>()
            },
        )
}
