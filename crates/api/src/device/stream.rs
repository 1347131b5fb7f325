//! The inbox as server-sent events: what is there, then what comes, as it comes.
//!
//! The stream is written while it is sent, so one that waits is a listener and a timer and no more. It
//! ends by itself when the server stops, when its token does not count any more, and after a while, so
//! that no connection lives for ever; the client comes again with the id of the last message.

use std::{convert::Infallible, pin::Pin, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use moca_core::{
    id::{Id, MessageId},
    limits::{MESSAGE_RECONNECT_MS, PAGE_LIMIT_DEFAULT},
};
use moca_engine::{Ear, InboxMessage};
use moca_wire::problem::Code;
use tokio::{
    select,
    time::{Sleep, sleep},
};

use super::messages::{self, message};
use crate::{
    auth::{self, Device},
    call::Call,
    failure::Failure,
    reply::Reply,
    route::EVENT_STREAM,
    state::{ApiState, WaitingPlace},
};

/// Parameters of a page, which a stream has no use for.
const OF_A_PAGE: [&str; 3] = ["offset", "limit", "waitMs"];

/// A stream that is being sent.
struct Live {
    state: ApiState,
    device: Device,
    /// Index of the next message.
    next: i64,
    ear: Ear,
    end: Pin<Box<Sleep>>,
    is_begun: bool,
    _place: WaitingPlace,
}

/// Answers with a stream of the messages after the one that the client had last.
pub(super) async fn open(call: &Call<Device>, ear: Ear) -> Result<Reply, Failure> {
    for name in OF_A_PAGE {
        if call.query().integer(name).is_some() {
            return Err(Failure::new(
                Code::InvalidParameter,
                format!("{name} is for pages: leave it out, or ask for application/json."),
            ));
        }
    }
    // A client that comes again does so by the same URL: the header is the newer one.
    let after = match call.last_event_id() {
        Some(text) => Some(MessageId(read_id(text)?)),
        None => call.query().id("after"),
    };
    let state = call.state();
    let live = Live {
        next: messages::start(call, after).await?,
        device: call.principal.clone(),
        ear,
        end: Box::pin(sleep(Duration::from_millis(state.settings.stream_ms))),
        is_begun: false,
        _place: state.waiting_place()?,
        state: state.clone(),
    };
    let pieces = stream::unfold(live, |mut live| async {
        let piece = live.piece().await?;
        Some((Ok::<Bytes, Infallible>(piece.into()), live))
    });
    Ok(Reply::stream(EVENT_STREAM, Body::from_stream(pieces)).secret())
}

fn read_id(text: &str) -> Result<Id, Failure> {
    text.parse().map_err(|_| {
        Failure::new(
            Code::InvalidHeader,
            "Last-Event-ID is the id of a message: leave it out to begin with the oldest.",
        )
    })
}

impl Live {
    /// What is sent next; `None` when the stream ends.
    async fn piece(&mut self) -> Option<String> {
        if !self.is_begun {
            self.is_begun = true;
            return Some(format!("retry: {MESSAGE_RECONNECT_MS}\n\n"));
        }
        let heartbeat = Duration::from_millis(self.state.settings.heartbeat_ms);
        loop {
            // Nothing is sent to one whose token does not count any more.
            auth::confirm(&self.state, &self.device).await.ok()?;
            let subject = self.device.subject;
            let page = self
                .state
                .engine
                .messages_now(subject, self.next, PAGE_LIMIT_DEFAULT);
            let page = page.await.ok()?;
            if !page.items.is_empty() {
                self.next += page.items.len() as i64;
                return page.items.into_iter().map(event).collect();
            }
            select! {
                biased;
                () = self.state.stopped() => return None,
                () = &mut self.end => return None,
                rung = self.ear.rung() => rung.ok()?,
                () = sleep(heartbeat) => return Some(":\n\n".to_owned()),
            }
        }
    }
}

/// A message as an event.
fn event(stored: InboxMessage) -> Option<String> {
    let message = message(stored);
    let json = serde_json::to_string(&message).ok()?;
    Some(format!(
        "id: {}\nevent: message\ndata: {json}\n\n",
        message.message_id
    ))
}
