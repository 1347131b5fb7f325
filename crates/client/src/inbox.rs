//! The inbox of a device as it fills: waiting for a page, and a stream.

use std::{collections::VecDeque, time::Duration};

use futures::{Stream, StreamExt, stream};
use moca_core::{
    id::{MessageId, NotificationId},
    receipt::ReceiptKind,
};
use moca_wire::{
    messages::{Message, ReceiptInput},
    openings::{Opened, OpenedInput},
    page::Page,
};
use reqwest::{Method, Response};
use tokio::time::timeout;

use crate::{
    call::{Call, Repeat},
    device::DeviceClient,
    error::ClientError,
    pace,
};

/// Time without a byte after which a stream is taken for dead: the server sends some every 15 seconds.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Time until a stream that ended is opened again, unless the server says another one.
const REOPEN: Duration = Duration::from_secs(1);

impl DeviceClient {
    /// A page of the messages after this one, or of all, the oldest first. If there is none, the server
    /// waits that long (a minute at most) until there is; then the page is empty.
    pub async fn wait_for_messages(
        &self,
        after: Option<MessageId>,
        wait: Duration,
        limit: i64,
    ) -> Result<Page<Message>, ClientError> {
        let call = inbox(after)
            .query("limit", limit)
            .query("waitMs", wait.as_millis())
            .patient(wait);
        self.send(call).await?.json()
    }

    /// Tells what became of a message, and when. Doing it twice is as good as once.
    pub async fn receipt(
        &self,
        message_id: MessageId,
        kind: ReceiptKind,
        at: i64,
    ) -> Result<Message, ClientError> {
        let call = Call::new(Method::POST, "/device/v1/messages")
            .segment(message_id)
            .segment("receipts")
            .json(&ReceiptInput { kind, at })?
            .repeat(Repeat::Freely);
        self.send(call).await?.json()
    }

    /// Tells that a notification was opened, and when. Doing it twice is as good as once.
    pub async fn opened(
        &self,
        notification_id: NotificationId,
        at: i64,
    ) -> Result<Opened, ClientError> {
        let call = Call::new(Method::PUT, "/device/v1/notifications")
            .segment(notification_id)
            .segment("opened")
            .json(&OpenedInput { at })?;
        self.send(call).await?.json()
    }

    /// The messages after this one, or all, and then those that come, for as long as it is read. When
    /// the connection breaks it is opened again where it was, as often as the retry policy allows without
    /// a message in between; a refusal (an erased instance, another token) is the last item.
    pub fn message_stream(
        &self,
        after: Option<MessageId>,
    ) -> impl Stream<Item = Result<Message, ClientError>> + Send + 'static {
        let start = Listening {
            device: self.clone(),
            after,
            response: None,
            events: Events::default(),
            failures: 0,
        };
        let messages = stream::try_unfold(start, |mut listening| async move {
            let message = listening.next().await?;
            Ok(Some((message, listening)))
        });
        // Once it has failed, it stays so.
        messages.fuse()
    }
}

fn inbox(after: Option<MessageId>) -> Call {
    let call = Call::new(Method::GET, "/device/v1/messages");
    match after {
        Some(after) => call.query("after", after),
        None => call,
    }
}

struct Listening {
    device: DeviceClient,
    after: Option<MessageId>,
    response: Option<Response>,
    events: Events,
    /// Attempts that brought nothing, one after another.
    failures: u32,
}

impl Listening {
    async fn next(&mut self) -> Result<Message, ClientError> {
        loop {
            if let Some(data) = self.events.pop() {
                let message: Message =
                    serde_json::from_str(&data).map_err(|source| ClientError::Unreadable {
                        request_id: None,
                        body: data.chars().take(300).collect(),
                        source,
                    })?;
                self.after = Some(message.message_id);
                self.failures = 0;
                return Ok(message);
            }
            if let Err(error) = self.read().await {
                self.response = None;
                self.failures += 1;
                let pace = self.device.transport.pace.as_ref();
                let chance = pace::fraction(pace)?;
                let policy = self.device.transport.policy;
                let Some(wait) = policy.wait(&error, self.failures, chance) else {
                    return Err(error);
                };
                pace.wait(wait).await;
            }
        }
    }

    /// Takes in what comes next, over a new connection if there is none.
    async fn read(&mut self) -> Result<(), ClientError> {
        let response = match &mut self.response {
            Some(response) => response,
            None => {
                let call = inbox(self.after).accept("text/event-stream");
                let device = &self.device;
                let opened = device.transport.open(&call, &device.proof).await?;
                self.events = Events::default();
                self.response.insert(opened)
            }
        };
        match timeout(SILENCE_MAX, response.chunk()).await {
            Ok(Ok(Some(bytes))) => self.events.push(&bytes),
            Ok(Err(error)) => return Err(ClientError::network(error)),
            // It ended in order, or went silent.
            Ok(Ok(None)) | Err(_) => {
                self.response = None;
                let wait = self.events.retry.unwrap_or(REOPEN);
                self.device.transport.pace.wait(wait).await;
            }
        }
        Ok(())
    }
}

/// Server-sent events, taken apart as they come (the rules of the HTML standard, 9.2.6).
#[derive(Debug, Default)]
struct Events {
    /// The line that is not complete yet.
    line: Vec<u8>,
    after_return: bool,
    data: Option<String>,
    /// The data of events that are complete.
    complete: VecDeque<String>,
    retry: Option<Duration>,
}

impl Events {
    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let is_second_half = std::mem::take(&mut self.after_return) && *byte == b'\n';
            match byte {
                _ if is_second_half => {}
                b'\r' | b'\n' => {
                    self.after_return = *byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.take_line(&String::from_utf8_lossy(&line));
                }
                byte => self.line.push(*byte),
            }
        }
    }

    fn take_line(&mut self, line: &str) {
        if line.is_empty() {
            self.complete.extend(self.data.take());
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (field, &mut self.data) {
            ("data", Some(data)) => {
                data.push('\n');
                data.push_str(value);
            }
            ("data", none) => *none = Some(value.to_owned()),
            ("retry", _) => self.retry = value.parse().ok().map(Duration::from_millis),
            // Comments, ids (the message has its own) and types, of which there is one.
            _ => {}
        }
    }

    fn pop(&mut self) -> Option<String> {
        self.complete.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_however_they_are_cut() {
        let text = ":\n\nretry: 250\r\n\r\nid: 1\nevent: message\ndata: {\"a\":1}\n\n:\n\n\
                    data:one\rdata: two\r\rdata: é\n\ndata: cut off";
        for size in 1..=text.len() {
            let mut events = Events::default();
            for piece in text.as_bytes().chunks(size) {
                events.push(piece);
            }
            let found: Vec<String> = std::iter::from_fn(|| events.pop()).collect();
            assert_eq!(found, ["{\"a\":1}", "one\ntwo", "é"], "in pieces of {size}");
            assert_eq!(events.retry, Some(Duration::from_millis(250)));
        }
    }
}
