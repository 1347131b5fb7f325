//! Notifications.

use moca_core::{
    campaign::{Campaign, CampaignType},
    id::CampaignId,
    notification::{Notification, NotificationStatus},
    resource::Kind,
};
use moca_storage::control::Tx;
use moca_wire::{fault::FaultCode, notifications, problem::Fault};

use super::{
    common::{self, accept, created},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/notifications`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let answer = |notification: &Notification| notifications::Notification::from(notification);
    common::list(call, tx, answer).await
}

/// `POST /v2/notifications`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let body = call.json()?;
    let named = body["campaignId"].as_str().and_then(|id| id.parse().ok());
    let campaign = campaign_of(call, tx, named).await?;
    let app_id = campaign.as_ref().map(|campaign| campaign.app_id);
    let input = accept(call, tx, notifications::read(body, None, app_id)).await?;
    if campaign.is_none_or(|campaign| campaign.config.kind != CampaignType::Push) {
        return Err(not_push());
    }
    let notification = Notification {
        frame: call.new_frame(),
        campaign_id: input.campaign_id,
        config: input.config,
        trigger: input.trigger,
        audience: input.audience,
        action: input.action,
        options: input.options,
        status: NotificationStatus::saved(input.options, call.now_ms()),
    };
    tx.insert(&notification).await?;
    call.state().engine.pushes().ring();
    created(
        &notification.frame,
        &notifications::Notification::from(&notification),
    )
}

/// `GET /v2/notifications/{notificationId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/notifications/{notificationId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let current = find(call, tx).await?;
    call.check_match(Some(current.frame.revision))?;
    let campaign = campaign_of(call, tx, Some(current.campaign_id)).await?;
    let app_id = campaign.map(|campaign| campaign.app_id);
    let how =
        "follows from options and from what was sent: leave it out or send it as it was answered";
    let body = notifications::read(call.json()?, Some(current.campaign_id), app_id)
        .of(Kind::Notification, &current.frame)
        .unchanged("status", &current.status, how);
    let input = accept(call, tx, body).await?;
    if !current.is_editable() {
        let state = current.status.state.as_str();
        let detail = format!(
            "the notification is {state}: only a Draft, or one that was only tried (dryRun), can be changed; make another one"
        );
        return Err(wrong_state("changed", detail));
    }
    let mut status = NotificationStatus::saved(input.options, call.now_ms());
    if status.state == current.status.state {
        // It is in this state since then, not since now.
        status.at = current.status.at;
    }
    let notification = Notification {
        frame: call.next_frame(&current.frame),
        campaign_id: current.campaign_id,
        config: input.config,
        trigger: input.trigger,
        audience: input.audience,
        action: input.action,
        options: input.options,
        status,
    };
    replace(call, tx, &notification).await
}

/// `PUT /v2/notifications/{notificationId}/cancel`
pub(crate) async fn cancel(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut notification = find(call, tx).await?;
    call.check_match(Some(notification.frame.revision))?;
    let Some(status) = notification.status.cancelled(call.now_ms()) else {
        let state = notification.status.state.as_str();
        let detail = format!(
            "the notification is {state}: only one that is Pending, Enqueued or Sending can be cancelled"
        );
        return Err(wrong_state("cancelled", detail));
    };
    notification.status = status;
    notification.frame = call.next_frame(&notification.frame);
    replace(call, tx, &notification).await
}

/// `DELETE /v2/notifications/{notificationId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let notification = find(call, tx).await?;
    let deleted = deletion::delete(call, tx, Kind::Notification, &notification.frame).await;
    call.state().engine.pushes().ring();
    deleted
}

async fn replace(call: &Call, tx: &mut Tx, notification: &Notification) -> Result<Reply, Failure> {
    tx.replace(notification).await?;
    call.state().engine.pushes().ring();
    answer(notification)
}

/// The campaign with this id, if the account has it.
async fn campaign_of(
    call: &Call,
    tx: &mut Tx,
    id: Option<CampaignId>,
) -> Result<Option<Campaign>, Failure> {
    match id {
        Some(id) => Ok(tx.get(call.principal.account_id, id.0).await?),
        None => Ok(None),
    }
}

fn not_push() -> Failure {
    let detail =
        "the campaign is of type Proximity, which takes no notifications: choose one of type Push";
    let fault = Fault::new("/campaignId", FaultCode::WrongCampaignType, detail);
    Failure::conflict("The notification does not go with its campaign: see errors.")
        .with_errors(vec![fault])
}

fn wrong_state(done: &str, detail: String) -> Failure {
    let fault = Fault::new("/status/state", FaultCode::WrongStatus, detail);
    Failure::conflict(format!("The notification cannot be {done}: see errors."))
        .with_errors(vec![fault])
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Notification, Failure> {
    common::find(call, tx, "notificationId").await
}

fn answer(notification: &Notification) -> Result<Reply, Failure> {
    Reply::object(
        notification.frame.revision,
        &notifications::Notification::from(notification),
    )
}
