//! The inbox of an instance.

use std::collections::BTreeMap;

use moca_wire::messages::{Message, MessageAction};

use crate::{auth::Device, call::Call, failure::Failure, reply::Reply};

/// `GET /device/v1/messages`
pub(crate) async fn list(call: &Call<Device>) -> Result<Reply, Failure> {
    let (offset, limit) = (call.query().offset(), call.query().limit());
    let page = call
        .state()
        .engine
        .messages(call.principal.subject, offset, limit)
        .await?;
    let items: Vec<Message> = page.items.into_iter().map(message).collect();
    Reply::page(offset, limit, page.total, &items)
}

/// A message as it is answered.
pub(crate) fn message(message: moca_engine::Message) -> Message {
    let texts = |text: String| BTreeMap::from([(message.locale.clone(), text)]);
    Message {
        message_id: message.message_id,
        campaign_id: message.campaign_id,
        experience_id: message.experience_id,
        at: message.at_ms,
        action: MessageAction {
            kind: message.action_type,
            content_type: message.content_type,
            content: texts(message.content),
            bg_alert: message.bg_alert.map(texts).unwrap_or_default(),
            locale: message.locale.clone(),
        },
    }
}
