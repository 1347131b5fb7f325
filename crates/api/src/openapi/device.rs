//! What the routes of the device API and those without credentials are for, and their bodies.

use moca_core::bundle::Bundle;
use moca_wire::{
    consents::{ConsentsInput, KnownConsents},
    events::{EventInput, Events, EventsAnswer, GatewayEvent, GatewayEvents},
    instances::{Instance, Login, PropertyChanges, Registered, Registration, TagInput},
    messages::{Message, ReceiptInput},
    openings::{Opened, OpenedInput},
};

use super::group::Group;
use crate::route::Verb::{Delete, Get, Post, Put};

pub(crate) fn groups() -> Vec<Group> {
    vec![instance(), events(), documentation()]
}

fn instance() -> Group {
    const INSTANCE: &str = "/device/v1/instance";
    const USER: &str = "/device/v1/instance/user";
    Group::new(
        "Devices: instance",
        "One installation of an app tells of itself.",
    )
    .with(
        Post,
        "/device/v1/instances",
        "Registers an instance",
        |operation| {
            operation
                .noted("The same `deviceKey` is the same instance, with a new token.")
                .takes::<Registration>()
                .answers::<Registered>()
        },
    )
    .with(Get, INSTANCE, "Reads the instance", |operation| {
        operation.answers::<Instance>()
    })
    .with(
        Put,
        INSTANCE,
        "Replaces what it told of the device",
        |operation| operation.replaces::<Instance>().answers::<Instance>(),
    )
    .with(Delete, INSTANCE, "Erases the instance", |operation| {
        operation.noted("And all that is held on it. Its token ends with it.")
    })
    .with(Put, USER, "Logs a user in", |operation| {
        operation.takes::<Login>()
    })
    .with(Delete, USER, "Logs the user out", |operation| operation)
    .with(
        Put,
        "/device/v1/instance/consents",
        "Tells what the person agrees to",
        |operation| {
            operation
                .noted("What is not named stays as it was answered. Each answer is kept with its history.")
                .takes::<ConsentsInput>()
                .answers::<KnownConsents>()
        },
    )
    .with(
        Put,
        "/device/v1/instance/properties",
        "Sets properties",
        |operation| operation.takes::<PropertyChanges>(),
    )
    .with(
        Put,
        "/device/v1/instance/tags/{name}",
        "Changes a tag",
        |operation| operation.takes::<TagInput>(),
    )
}

fn events() -> Group {
    const RECEIPTS: &str = "/device/v1/messages/{messageId}/receipts";
    const OPENED: &str = "/device/v1/notifications/{notificationId}/opened";
    let note = "What a device sees, and what it is told to do.";
    Group::new("Devices: events and messages", note)
        .with(Post, "/device/v1/events", "Sends events", |operation| {
            operation
                .noted(
                    "Answered when the accepted ones are on disk. A bad event does not hold up its \
                     neighbours: it is listed under `rejected`.",
                )
                .takes::<Events>()
                .with_part::<EventInput>()
                .answers::<EventsAnswer>()
        })
        .with(Post, "/device/v1/events/batch", "Sends events of many instances", |operation| {
            operation
                .noted(
                    "From a gateway or a back end: each event names its instance, of the app whose secret it \
                     comes with, or of any app of the member's account. The rules are those of events that \
                     devices send themselves.",
                )
                .takes::<GatewayEvents>()
                .with_part::<GatewayEvent>()
                .answers::<EventsAnswer>()
        })
        .with(Get, "/device/v1/messages", "Lists the inbox", |operation| {
            operation
                .noted(
                    "The oldest first. With `waitMs` and nothing to list, the answer waits until there \
                     is a message, or is an empty page after that time. With `Accept: text/event-stream` \
                     the answer is a stream of what is there and then of what comes; it ends after 15 \
                     minutes, when the server stops and when the token is refused, and goes on with \
                     `Last-Event-ID`.",
                )
                .lists::<Message>()
        })
        .with(Get, "/device/v1/bundle", "What a device needs to decide offline", |operation| {
            operation
                .noted(
                    "What may fire for the instance at this position, and where it stands: see the page on \
                     deciding on the device. Without a position it is all that is known by beacons and \
                     all that waits for events.",
                )
                .answers::<Bundle>()
        })
        .with(Post, RECEIPTS, "Tells what became of a message", |operation| {
            operation
                .noted(
                    "Answered when it is on disk, with the message. Only the first of each kind counts; \
                     one that is known is answered alike.",
                )
                .takes::<ReceiptInput>()
                .answers::<Message>()
        })
        .with(Put, OPENED, "Tells that a notification was opened", |operation| {
            operation
                .noted(
                    "Answered when it is on disk. The first time counts; one that is known is answered \
                     alike. Only of a notification that was sent to this device.",
                )
                .takes::<OpenedInput>()
                .answers::<Opened>()
        })
}

fn documentation() -> Group {
    let note = "The API described by itself; no credentials are needed.";
    Group::new("Documentation", note).with(
        Get,
        "/v2/openapi.json",
        "This description",
        |operation| operation,
    )
}
