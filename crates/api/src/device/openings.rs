//! `PUT /device/v1/notifications/{notificationId}/opened`: a person opened a notification.

use moca_core::{
    campaign::Campaign,
    event::Change,
    id::NotificationId,
    notification::{Notification, State, counts::Opening},
};
use moca_wire::{
    openings::{Opened, read_opened},
    problem::Code,
};

use crate::{auth::Device, call::Call, failure::Failure, reply::Reply};

/// Notes it, on disk when it is answered. To tell it again changes nothing: the first time counts.
pub(crate) async fn put(call: &Call<Device>) -> Result<Reply, Failure> {
    let at_ms = read_opened(call.json()?, call.now_ms())?.at;
    let id: NotificationId = call.id("notificationId")?;
    let notification = sent(call, id).await?;
    let (engine, subject) = (&call.state().engine, call.principal.subject);
    let before = engine.opened_at(subject, id).await?;
    if before.is_none() && !engine.is_addressed(subject, id).await? {
        return Err(not_sent());
    }
    if before.is_none() {
        let opening = Opening {
            notification_id: id,
            campaign_id: notification.campaign_id,
            at_ms,
        };
        engine.change(subject, Change::Opened(opening)).await?;
    }
    let opened_at = engine.opened_at(subject, id).await?;
    Reply::ok(&Opened {
        notification_id: id,
        opened_at: opened_at.unwrap_or(at_ms),
    })
}

/// The notification, if it was sent to devices of this app.
async fn sent(call: &Call<Device>, id: NotificationId) -> Result<Notification, Failure> {
    let subject = call.principal.subject;
    let mut tx = call.state().control.read().await?;
    let found = tx.get::<Notification>(subject.account_id, id.0).await?;
    let is_sent = |one: &Notification| {
        !one.options.dry_run && !matches!(one.status.state, State::Draft | State::Pending)
    };
    if let Some(notification) = found.filter(is_sent) {
        let campaign_id = notification.campaign_id.0;
        let campaign = tx.get::<Campaign>(subject.account_id, campaign_id).await?;
        if campaign.is_some_and(|campaign| campaign.app_id == subject.app_id) {
            return Ok(notification);
        }
    }
    Err(not_sent())
}

fn not_sent() -> Failure {
    Failure::new(
        Code::NotFound,
        "No notification with this id was sent to this device.",
    )
}
