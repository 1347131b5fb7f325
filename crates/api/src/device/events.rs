//! `POST /device/v1/events`: the busiest call.

use std::{fmt, str};

use moca_core::limits::{BODY_INLINE_BYTES_MAX, EVENT_BYTES_MAX, EVENTS_MAX};
use moca_engine::Appended;
use moca_wire::{
    events::{EventsAnswer, RejectedEvent},
    fault::FaultCode,
    problem::{Code, Fault},
};
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tokio::task::spawn_blocking;

use super::event_line;
use crate::{
    auth::Device,
    call::Call,
    failure::Failure,
    json::{self, malformed},
    reply::Reply,
};

/// What one request holds.
pub(super) struct Batch<E> {
    pub(super) events: Vec<E>,
    pub(super) rejected: Vec<RejectedEvent>,
}

/// Takes the good events of a batch and says what is wrong with the others. Answers when they are
/// on disk.
pub(crate) async fn post(call: &Call<Device>) -> Result<Reply, Failure> {
    let now_ms = call.now_ms();
    let batch = read_body(call, move |_, text| event_line::read(text, now_ms)).await?;
    let appended = if batch.events.is_empty() {
        Appended::default()
    } else {
        let subject = call.principal.subject;
        call.state().engine.events(subject, batch.events).await?
    };
    Reply::ok(&EventsAnswer {
        accepted: appended.accepted,
        duplicates: appended.duplicates,
        rejected: batch.rejected,
    })
}

/// The events in the body of a call, each read by itself, with its index.
pub(super) async fn read_body<P, E: Send + 'static>(
    call: &Call<P>,
    read: impl Fn(usize, &str) -> Result<E, Fault> + Send + 'static,
) -> Result<Batch<E>, Failure> {
    let (bytes, ndjson) = call.text()?;
    if bytes.len() <= BODY_INLINE_BYTES_MAX {
        return read_bytes(bytes, ndjson, read);
    }
    let bytes = bytes.clone();
    spawn_blocking(move || read_bytes(&bytes, ndjson, read))
        .await
        .map_err(|error| Failure::internal("reading events stopped", error))?
}

fn read_bytes<E>(
    bytes: &[u8],
    ndjson: bool,
    read: impl Fn(usize, &str) -> Result<E, Fault>,
) -> Result<Batch<E>, Failure> {
    match ndjson {
        true => read_lines(bytes, read),
        false => read_array(json::utf8(bytes)?, read),
    }
}

fn read_array<E>(
    text: &str,
    read: impl Fn(usize, &str) -> Result<E, Fault>,
) -> Result<Batch<E>, Failure> {
    if !text.trim_start().starts_with('[') {
        return Err(malformed(
            "The body is an array of events, or one event a line with Content-Type: \
             application/x-ndjson."
                .to_owned(),
        ));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let (items, count) = reader
        .deserialize_seq(Items)
        .and_then(|items| reader.end().map(|()| items))
        .map_err(|error| malformed(format!("The body is not the JSON we read: {error}.")))?;
    check_count(count)?;
    let items = items.into_iter().map(|item| Ok(item.get()));
    Ok(read_all(items, read))
}

/// Finds the texts of the items of an array and how many there are, without keeping more than a
/// request may carry.
struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = (Vec<&'de RawValue>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < EVENTS_MAX {
            match items.next_element()? {
                Some(item) => kept.push(item),
                None => break,
            }
        }
        let mut count = kept.len();
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok((kept, count))
    }
}

/// A line that cannot be read is refused alone: its neighbours are separate documents.
fn read_lines<E>(
    bytes: &[u8],
    read: impl Fn(usize, &str) -> Result<E, Fault>,
) -> Result<Batch<E>, Failure> {
    let lines = || {
        let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        lines.filter(|line| !line.is_empty())
    };
    check_count(lines().count())?;
    Ok(read_all(lines().map(utf8), read))
}

fn utf8(line: &[u8]) -> Result<&str, Fault> {
    str::from_utf8(line).map_err(|error| {
        let at = error.valid_up_to();
        let detail = format!("the event is not UTF-8: see the byte at index {at} of its line");
        Fault::new("", FaultCode::InvalidFormat, detail)
    })
}

fn check_count(count: usize) -> Result<(), Failure> {
    if (1..=EVENTS_MAX).contains(&count) {
        return Ok(());
    }
    Err(Failure::new(
        Code::ValidationFailed,
        format!("A request carries 1 to {EVENTS_MAX} events; this one has {count}."),
    ))
}

fn read_all<'a, E>(
    texts: impl Iterator<Item = Result<&'a str, Fault>>,
    read: impl Fn(usize, &str) -> Result<E, Fault>,
) -> Batch<E> {
    let mut batch = Batch {
        events: Vec::with_capacity(texts.size_hint().0),
        rejected: Vec::new(),
    };
    for (index, text) in texts.enumerate() {
        let event = text.and_then(|text| {
            check_length(text)?;
            read(index, text)
        });
        match event {
            Ok(event) => batch.events.push(event),
            Err(fault) => batch.rejected.push(rejected(index, fault)),
        }
    }
    batch
}

fn check_length(text: &str) -> Result<(), Fault> {
    if text.len() <= EVENT_BYTES_MAX {
        return Ok(());
    }
    let bytes = text.len();
    let detail = format!("an event has at most {EVENT_BYTES_MAX} bytes; this one has {bytes}");
    Err(Fault::new("", FaultCode::TooLong, detail))
}

/// An event with this fault.
pub(super) fn rejected(index: usize, fault: Fault) -> RejectedEvent {
    RejectedEvent {
        index,
        code: fault.code,
        detail: fault.detail,
    }
}
