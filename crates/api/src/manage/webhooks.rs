//! Webhooks.

use moca_core::{
    app::PreviousSecret,
    id::{DeliveryId, WebhookId},
    limits::SECRET_OVERLAP_MS,
    resource::{Frame, Kind},
    webhook::{State, Webhook, WebhookStatus},
};
use moca_engine::webhooks::NewSecret;
use moca_storage::{control::Tx, devices::HookHealth};
use moca_wire::{apps, problem::Code, webhooks};

use super::{
    common::{self, accept, created},
    deletion,
};
use crate::{audit, call::Call, failure::Failure, reply::Reply};

/// `GET /v2/webhooks`
pub(crate) async fn list(call: &Call) -> Result<Reply, Failure> {
    let query = call.query().list();
    let mut tx = call.state().control.read().await?;
    let account_id = call.principal.account_id;
    let page = tx.list::<Webhook>(account_id, &query).await?;
    drop(tx);
    let items = with_health(call, &page.items).await?;
    Reply::list(&query, page.total, &items)
}

/// `POST /v2/webhooks`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = accept(call, tx, webhooks::read(call.json()?)).await?;
    let frame = call.new_frame();
    let secret = new_secret(call, &frame)?;
    let webhook = Webhook {
        sealed_secret: secret.sealed,
        previous_secret: None,
        status: WebhookStatus::saved(input.config.enabled, None, call.now_ms()),
        config: input.config,
        frame,
    };
    tx.insert(&webhook).await?;
    let answer = webhooks::Webhook::new(&webhook, Some(secret.shown), call.now_ms());
    Ok(created(&webhook.frame, &answer)?.secret())
}

/// `GET /v2/webhooks/{webhookId}`
pub(crate) async fn get(call: &Call) -> Result<Reply, Failure> {
    let webhook = look_up(call).await?;
    let revision = webhook.frame.revision;
    let shown = with_health(call, &[webhook]).await?;
    Reply::object(revision, &shown[0])
}

/// `PUT /v2/webhooks/{webhookId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut webhook = find(call, tx).await?;
    call.check_match(Some(webhook.frame.revision))?;
    let secret = call.state().sender.secret(&webhook);
    let secret =
        secret.map_err(|error| Failure::internal("a webhook secret cannot be opened", error))?;
    let how = "follows from enabled and from what the receiver answers: leave it out or send it as it was answered";
    let body = webhooks::read(call.json()?)
        .of(Kind::Webhook, &webhook.frame)
        .unchanged("status", &webhook.status, how)
        .unchanged(
            "secret",
            &secret,
            "changes by PUT of the webhook's /secret only: leave it out",
        );
    let input = accept(call, tx, body).await?;
    let enabled = input.config.enabled;
    webhook.status = WebhookStatus::saved(enabled, Some(webhook.status), call.now_ms());
    webhook.config = input.config;
    webhook.frame = call.next_frame(&webhook.frame);
    tx.replace(&webhook).await?;
    answer(call, &webhook, None)
}

/// `PUT /v2/webhooks/{webhookId}/secret`
pub(crate) async fn rotate_secret(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut webhook = find(call, tx).await?;
    call.check_match(Some(webhook.frame.revision))?;
    let sent = call.json_if_any()?.map(apps::read_rotation).transpose()?;
    let overlap_ms = sent.and_then(|rotation| rotation.overlap_ms);
    let until = call.now_ms() + overlap_ms.unwrap_or(SECRET_OVERLAP_MS);
    let secret = new_secret(call, &webhook.frame)?;
    let sealed = std::mem::replace(&mut webhook.sealed_secret, secret.sealed);
    let previous = PreviousSecret { sealed, until };
    // One that ends at once need not be kept.
    webhook.previous_secret = Some(previous).filter(|previous| call.now_ms() < previous.until);
    webhook.frame = call.next_frame(&webhook.frame);
    tx.replace(&webhook).await?;
    answer(call, &webhook, Some(secret.shown))
}

/// `PUT /v2/webhooks/{webhookId}/test`
pub(crate) async fn test(call: &Call) -> Result<Reply, Failure> {
    let webhook = look_up(call).await?;
    call.check_match(Some(webhook.frame.revision))?;
    let attempt = call.state().sender.test(&webhook).await;
    Reply::ok(&webhooks::DeliveryAttempt::from(attempt))
}

/// `DELETE /v2/webhooks/{webhookId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let webhook = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Webhook, &webhook.frame).await
}

/// `GET /v2/webhooks/{webhookId}/deliveries`
pub(crate) async fn deliveries(call: &Call) -> Result<Reply, Failure> {
    let webhook = look_up(call).await?;
    let query = call.query();
    let (offset, limit) = (query.offset(), query.limit());
    let state = query.text("state").and_then(state_named);
    let engine = &call.state().engine;
    let page = engine
        .deliveries(webhook.id(), state, offset, limit)
        .await?;
    let items: Vec<webhooks::Delivery> = page
        .items
        .iter()
        .map(|(id, delivery)| webhooks::Delivery::new(*id, delivery))
        .collect();
    Reply::page(offset, limit, page.total, &items)
}

/// `PUT /v2/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver`
pub(crate) async fn redeliver(call: &Call) -> Result<Reply, Failure> {
    let webhook = look_up(call).await?;
    let id: DeliveryId = call.id("deliveryId")?;
    let engine = &call.state().engine;
    // A delivery has no version: whatever became of it meanwhile, it begins anew.
    call.check_match(Some(webhook.frame.revision))?;
    audit::record_redelivery(call, webhook.id(), id).await?;
    let Some(delivery) = engine.redeliver(webhook.id(), id).await? else {
        let detail =
            "There is no delivery with this id to this webhook, or it is not kept any more.";
        return Err(Failure::new(Code::NotFound, detail));
    };
    Reply::ok(&webhooks::Delivery::new(id, &delivery))
}

/// Any state with this word.
fn state_named(word: &str) -> Option<State> {
    let all = [State::Again { due_ms: 0 }, State::Delivered, State::GivenUp];
    all.into_iter().find(|state| state.as_str() == word)
}

fn new_secret(call: &Call, frame: &Frame) -> Result<NewSecret, Failure> {
    let made = call.state().sender.new_secret(frame);
    made.map_err(|error| Failure::internal("a webhook secret cannot be sealed", error))
}

/// Webhooks as they are answered, with how they fare. Asked without a transaction: the pipeline, which
/// may have to catch up first, needs one itself.
async fn with_health(call: &Call, stored: &[Webhook]) -> Result<Vec<webhooks::Webhook>, Failure> {
    let ids: Vec<WebhookId> = stored.iter().map(Webhook::id).collect();
    let healths = call.state().engine.hook_healths(ids).await?;
    let shown = |(webhook, health): (&Webhook, HookHealth)| {
        let mut shown = webhooks::Webhook::new(webhook, None, call.now_ms());
        shown.health = Some(webhooks::WebhookHealth {
            waiting: health.waiting,
            dropped: health.queued.dropped,
            dropped_at: health.queued.dropped_at,
            delivered_at: health.tally.delivered_at,
            failing_since: health.tally.failing_since,
        });
        shown
    };
    Ok(stored.iter().zip(healths).map(shown).collect())
}

/// The webhook of the path, where there is no transaction.
async fn look_up(call: &Call) -> Result<Webhook, Failure> {
    let mut tx = call.state().control.read().await?;
    find(call, &mut tx).await
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Webhook, Failure> {
    common::find(call, tx, "webhookId").await
}

fn answer(call: &Call, webhook: &Webhook, secret: Option<String>) -> Result<Reply, Failure> {
    let answer = webhooks::Webhook::new(webhook, secret, call.now_ms());
    Ok(Reply::object(webhook.frame.revision, &answer)?.secret())
}
