//! The inbox of an instance: pages of it, at once or when there is something in it.

use std::{collections::BTreeMap, time::Duration};

use moca_core::id::MessageId;
use moca_engine::{Ear, InboxMessage};
use moca_wire::{
    messages::{Message, MessageAction},
    problem::Code,
};
use tokio::{select, time::sleep};

use super::stream;
use crate::{
    auth::{self, Device},
    call::Call,
    failure::Failure,
    reply::Reply,
};

/// `GET /device/v1/messages`
pub(crate) async fn list(call: &Call<Device>) -> Result<Reply, Failure> {
    // Before anything is read, or what comes in between would be missed.
    let mut ear = call
        .state()
        .engine
        .listen(call.principal.subject.instance_id);
    if call.wants_events() {
        return stream::open(call, ear).await;
    }
    let start = start(call, call.query().id("after")).await?;
    let (offset, limit) = (call.query().offset(), call.query().limit());
    let (engine, subject) = (&call.state().engine, call.principal.subject);
    let mut page = engine.messages(subject, start + offset, limit).await?;
    if page.total <= start + offset && call.wait_ms() > 0 {
        wait(call, &mut ear, start + offset).await?;
        page = engine.messages_now(subject, start + offset, limit).await?;
    }
    let items: Vec<Message> = page.items.into_iter().map(message).collect();
    Reply::page(offset, limit, (page.total - start).max(0), &items)
}

/// The index of the first message after this one; that of the oldest if there is none.
pub(super) async fn start(call: &Call<Device>, after: Option<MessageId>) -> Result<i64, Failure> {
    let Some(after) = after else {
        return Ok(0);
    };
    let subject = call.principal.subject;
    let index = call.state().engine.message_index(subject, after).await?;
    let index = index.ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            format!(
                "The inbox has no message {after}: leave the cursor out to begin with the oldest."
            ),
        )
    })?;
    Ok(index + 1)
}

/// Waits until the inbox has a message with this index, the time that was asked for has passed, or the
/// server stops.
async fn wait(call: &Call<Device>, ear: &mut Ear, index: i64) -> Result<(), Failure> {
    let state = call.state();
    let _place = state.waiting_place()?;
    let subject = call.principal.subject;
    let arrived = async {
        loop {
            ear.rung().await?;
            // What rang may be that its token does not count any more.
            auth::confirm(state, &call.principal).await?;
            if state.engine.messages_now(subject, index, 1).await?.total > index {
                return Ok(());
            }
        }
    };
    let waited_for = call.turn().aside(async {
        select! {
            arrived = arrived => arrived,
            () = sleep(Duration::from_millis(call.wait_ms())) => Ok(()),
            () = state.stopped() => Ok(()),
        }
    });
    waited_for.await?
}

/// A message as it is answered.
pub(crate) fn message(item: InboxMessage) -> Message {
    let InboxMessage { message, receipts } = item;
    let texts = |text: String| BTreeMap::from([(message.locale.clone(), text)]);
    Message {
        message_id: message.message_id,
        campaign_id: message.campaign_id,
        experience_id: message.experience_id,
        at: message.at_ms,
        action: MessageAction {
            kind: message.action_type,
            content_type: message.content_type,
            content: match message.tag {
                Some(_) => BTreeMap::new(),
                None => texts(message.content),
            },
            bg_alert: message.bg_alert.map(texts).unwrap_or_default(),
            locale: message.locale.clone(),
            tag: message.tag,
        },
        receipts: receipts.into(),
    }
}
