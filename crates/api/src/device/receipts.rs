//! `POST /device/v1/messages/{messageId}/receipts`: what became of a message.

use moca_core::{event::Change, id::MessageId, receipt::Receipt};
use moca_wire::{messages::read_receipt, problem::Code};

use super::messages::message;
use crate::{auth::Device, call::Call, failure::Failure, reply::Reply};

/// Takes a receipt, on disk when it is answered, and shows the message with it. One of a kind that the
/// message has is answered alike and changes nothing.
pub(crate) async fn post(call: &Call<Device>) -> Result<Reply, Failure> {
    let receipt = read_receipt(call.json()?, call.now_ms())?;
    let message_id: MessageId = call.id("messageId")?;
    let missing = || Failure::new(Code::NotFound, "The inbox has no message with this id.");
    let (engine, subject) = (&call.state().engine, call.principal.subject);
    let index = engine.message_index(subject, message_id).await?;
    let index = index.ok_or_else(missing)?;
    let page = engine.messages_now(subject, index, 1).await?;
    let known = page.items.into_iter().next().ok_or_else(missing)?;
    if known.receipts.at(receipt.kind).is_some() {
        return Reply::ok(&message(known));
    }
    let change = Change::Receipt(Receipt {
        message_id,
        campaign_id: known.message.campaign_id,
        experience_id: known.message.experience_id,
        kind: receipt.kind,
        at_ms: receipt.at,
    });
    engine.change(subject, change).await?;
    let page = engine.messages(subject, index, 1).await?;
    let told = page.items.into_iter().next().ok_or_else(missing)?;
    Reply::ok(&message(told))
}
