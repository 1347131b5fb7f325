//! Everything that is held on an instance or a user, as one JSON document.
//!
//! It is written while it is sent, a piece at a time when the client has taken the one before, so its
//! length does not matter. A document that breaks off is not JSON, which no client can miss.

use std::{collections::VecDeque, io};

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use moca_core::event::Record;
use moca_engine::{DecisionQuery, InstanceQuery, InstanceView, UserView};
use moca_wire::{decisions::Decision, exports::LogEntry};
use serde::Serialize;

use super::{instances, users};
use crate::{call::Call, device::messages, failure::Failure, reply::Reply, state::ApiState};

/// Items of a piece.
const PIECE_ITEMS: i64 = 1_000;

/// `GET /v2/instances/{instanceId}/export`
pub(crate) async fn instance(call: &Call) -> Result<Reply, Failure> {
    let view = instances::find(call).await?;
    let export = InstanceExport::new(call.state().clone(), view);
    let pieces = stream::try_unfold(export, async |mut export| {
        let piece = export.next().await.map_err(broken_off)?;
        Ok::<_, io::Error>(piece.map(|piece| (Bytes::from(piece), export)))
    });
    Ok(sent(Body::from_stream(pieces)))
}

/// `GET /v2/users/{userId}/export`
pub(crate) async fn user(call: &Call) -> Result<Reply, Failure> {
    let view = users::find(call).await?;
    let export = UserExport::new(call.state().clone(), view);
    let pieces = stream::try_unfold(export, async |mut export| {
        let piece = export.next().await.map_err(broken_off)?;
        Ok::<_, io::Error>(piece.map(|piece| (Bytes::from(piece), export)))
    });
    Ok(sent(Body::from_stream(pieces)))
}

/// An export is for the caller alone: nothing on the way may keep it.
fn sent(body: Body) -> Reply {
    Reply::stream("application/json", body).secret()
}

fn broken_off(failure: Failure) -> io::Error {
    tracing::error!(%failure, "An export broke off");
    io::Error::other("the export broke off")
}

/// What of an instance comes next.
enum Next {
    Head,
    Messages(i64),
    Decisions(i64),
    Records(u64),
    End,
}

struct InstanceExport {
    state: ApiState,
    view: InstanceView,
    next: Next,
    /// Whether the list at hand has an item already.
    has_items: bool,
}

impl InstanceExport {
    fn new(state: ApiState, view: InstanceView) -> Self {
        Self {
            state,
            view,
            next: Next::Head,
            has_items: false,
        }
    }

    /// The next piece; nothing at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut piece = Vec::new();
        match self.next {
            Next::Head => self.head(&mut piece).await?,
            Next::Messages(offset) => self.messages(offset, &mut piece).await?,
            Next::Decisions(offset) => self.decisions(offset, &mut piece).await?,
            Next::Records(after) => self.records(after, &mut piece).await?,
            Next::End => return Ok(None),
        }
        Ok(Some(piece))
    }

    async fn head(&mut self, piece: &mut Vec<u8>) -> Result<(), Failure> {
        let subject = self.view.subject;
        let about = self.state.engine.about(subject).await?;
        piece.extend_from_slice(b"{\"instance\":");
        write(piece, &instances::known(self.view.clone()))?;
        piece.extend_from_slice(b",\"userIds\":");
        write(piece, &about.user_ids)?;
        piece.extend_from_slice(b",\"counted\":");
        let counted = serde_json::json!({
            "number": subject.number,
            "firstEventAt": about.first_event_at,
        });
        write(piece, &counted)?;
        piece.extend_from_slice(b",\"messages\":[");
        self.next = Next::Messages(0);
        Ok(())
    }

    async fn messages(&mut self, offset: i64, piece: &mut Vec<u8>) -> Result<(), Failure> {
        let engine = &self.state.engine;
        let subject = self.view.subject;
        let page = engine.messages(subject, offset, PIECE_ITEMS).await?;
        let count = page.items.len() as i64;
        for message in page.items {
            self.item(piece, &messages::message(message))?;
        }
        self.next = Next::Messages(offset + count);
        if count < PIECE_ITEMS {
            self.end_list(piece, b"],\"decisions\":[", Next::Decisions(0));
        }
        Ok(())
    }

    async fn decisions(&mut self, offset: i64, piece: &mut Vec<u8>) -> Result<(), Failure> {
        let subject = self.view.subject;
        let query = DecisionQuery {
            instance_id: Some(subject.instance_id),
            offset,
            limit: PIECE_ITEMS,
            ..DecisionQuery::default()
        };
        let engine = &self.state.engine;
        let page = engine.decisions(subject.app_id, &query).await?;
        for kept in &page.items {
            self.item(piece, &Decision::new(kept.id, &kept.decision))?;
        }
        let count = page.items.len() as i64;
        self.next = Next::Decisions(offset + count);
        if count < PIECE_ITEMS {
            self.end_list(piece, b"],\"log\":[", Next::Records(0));
        }
        Ok(())
    }

    async fn records(&mut self, after: u64, piece: &mut Vec<u8>) -> Result<(), Failure> {
        let instance_id = self.view.subject.instance_id;
        let Some(told) = self.state.engine.told(instance_id, after).await? else {
            self.end_list(piece, b"]}", Next::End);
            return Ok(());
        };
        self.next = Next::Records(told.seq);
        for record in told.records {
            if let Record::Instance {
                received_at,
                change,
                ..
            } = record
            {
                self.item(piece, &LogEntry::new(received_at, change))?;
            }
        }
        Ok(())
    }

    fn item<T: Serialize>(&mut self, piece: &mut Vec<u8>, item: &T) -> Result<(), Failure> {
        if self.has_items {
            piece.push(b',');
        }
        self.has_items = true;
        write(piece, item)
    }

    fn end_list(&mut self, piece: &mut Vec<u8>, text: &[u8], next: Next) {
        piece.extend_from_slice(text);
        self.has_items = false;
        self.next = next;
    }
}

struct UserExport {
    state: ApiState,
    view: UserView,
    /// Whether the head is written.
    is_open: bool,
    /// Instances asked for so far.
    offset: i64,
    waiting: VecDeque<InstanceView>,
    current: Option<InstanceExport>,
    is_done: bool,
}

impl UserExport {
    fn new(state: ApiState, view: UserView) -> Self {
        Self {
            state,
            view,
            is_open: false,
            offset: 0,
            waiting: VecDeque::new(),
            current: None,
            is_done: false,
        }
    }

    /// The next piece; nothing at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut piece = Vec::new();
        if self.is_done {
            return Ok(None);
        }
        if !self.is_open {
            self.is_open = true;
            piece.extend_from_slice(b"{\"user\":");
            write(&mut piece, &users::shown(self.view.clone()))?;
            piece.extend_from_slice(b",\"instances\":[");
            return Ok(Some(piece));
        }
        if let Some(current) = &mut self.current
            && let Some(piece) = current.next().await?
        {
            return Ok(Some(piece));
        }
        if self.waiting.is_empty() {
            self.refill().await?;
        }
        let is_first = self.current.is_none();
        self.current = self
            .waiting
            .pop_front()
            .map(|view| InstanceExport::new(self.state.clone(), view));
        match &self.current {
            Some(_) if is_first => {}
            Some(_) => piece.push(b','),
            None => {
                self.is_done = true;
                piece.extend_from_slice(b"]}");
            }
        }
        Ok(Some(piece))
    }

    async fn refill(&mut self) -> Result<(), Failure> {
        let query = InstanceQuery {
            user_id: Some(self.view.user_id.clone()),
            offset: self.offset,
            limit: PIECE_ITEMS,
            ..InstanceQuery::default()
        };
        let engine = &self.state.engine;
        let page = engine.instances(self.view.app_id, &query).await?;
        self.offset += page.items.len() as i64;
        self.waiting = page.items.into();
        Ok(())
    }
}

fn write<T: Serialize>(piece: &mut Vec<u8>, value: &T) -> Result<(), Failure> {
    serde_json::to_writer(piece, value)
        .map_err(|error| Failure::internal("an export cannot be written", error))
}
