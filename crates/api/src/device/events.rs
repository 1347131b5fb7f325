//! `POST /device/v1/events`: the busiest call.

use moca_core::{event::Event, limits::EVENTS_MAX};
use moca_engine::Appended;
use moca_wire::{
    events::{EventsAnswer, RejectedEvent},
    problem::Code,
};
use serde_json::value::RawValue;

use super::event_line;
use crate::{
    auth::Device,
    call::Call,
    failure::Failure,
    json::{self, malformed},
    reply::Reply,
};

/// What one request holds.
struct Batch {
    events: Vec<Event>,
    rejected: Vec<RejectedEvent>,
}

/// Takes the good events of a batch and says what is wrong with the others. Answers when they are
/// on disk.
pub(crate) async fn post(call: &Call<Device>) -> Result<Reply, Failure> {
    let (bytes, ndjson) = call.text()?;
    let text = json::utf8(bytes)?;
    let batch = if ndjson {
        read_lines(text, call.now_ms())?
    } else {
        read_array(text, call.now_ms())?
    };
    let appended = if batch.events.is_empty() {
        Appended {
            accepted: 0,
            duplicates: 0,
        }
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

fn read_array(text: &str, now_ms: i64) -> Result<Batch, Failure> {
    if !text.trim_start().starts_with('[') {
        return Err(malformed(
            "The body is an array of events, or one event a line with Content-Type: \
             application/x-ndjson."
                .to_owned(),
        ));
    }
    let items: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|error| malformed(format!("The body is not the JSON we read: {error}.")))?;
    check_count(items.len())?;
    Ok(read_all(items.iter().map(|item| item.get()), now_ms))
}

/// A line that is not JSON is refused alone: its neighbours are separate documents.
fn read_lines(text: &str, now_ms: i64) -> Result<Batch, Failure> {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    check_count(lines().count())?;
    Ok(read_all(lines(), now_ms))
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

fn read_all<'a>(lines: impl Iterator<Item = &'a str>, now_ms: i64) -> Batch {
    let mut batch = Batch {
        events: Vec::with_capacity(lines.size_hint().0),
        rejected: Vec::new(),
    };
    for (index, line) in lines.enumerate() {
        match event_line::read(line, now_ms) {
            Ok(event) => batch.events.push(event),
            Err(fault) => batch.rejected.push(RejectedEvent {
                index,
                code: fault.code,
                detail: fault.detail,
            }),
        }
    }
    batch
}
