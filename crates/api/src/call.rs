//! A request that has passed every rule of the table, with the proof of who makes it.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use moca_core::{clock::new_id, id::Id, resource::Frame};
use moca_engine::estate::Author;
use moca_wire::problem::Code;

use crate::{
    auth::Principal,
    etag::{IfMatch, IfNoneMatch},
    failure::Failure,
    query::Query,
    room::Share,
    route::Route,
    state::ApiState,
    turn::Turn,
    upload::ArrivedFile,
};

/// A call as its handler sees it. `P` is the proof: [`Principal`] for a member,
/// [`crate::auth::Device`] for an instance, [`crate::auth::AppClient`] for an app.
pub struct Call<P = Principal> {
    /// Who calls, and what they may do.
    pub principal: P,
    /// What they ask for.
    pub(crate) request: Request,
}

/// The request itself.
pub(crate) struct Request {
    pub(crate) state: ApiState,
    pub(crate) request_id: String,
    pub(crate) now_ms: i64,
    pub(crate) path: Vec<(&'static str, String)>,
    pub(crate) query: Query,
    pub(crate) body: Body,
    /// The memory that the body takes, if it is large.
    pub(crate) _share: Option<Share>,
    pub(crate) if_match: Option<IfMatch>,
    pub(crate) if_none_match: Option<IfNoneMatch>,
    /// Set by [`Call::check_match`]; a change that forgot to is not committed.
    pub(crate) if_match_checked: AtomicBool,
    /// The line of the table.
    pub(crate) route: &'static Route,
    /// Where it comes from, as far as the listener knows.
    pub(crate) remote: Option<IpAddr>,
    /// Whether a stream of events is to be answered.
    pub(crate) wants_events: bool,
    /// The id of the last event that the client has of such a stream.
    pub(crate) last_event_id: Option<String>,
    /// That it is worked on.
    pub(crate) turn: Arc<Turn>,
    /// Set when the access is in the audit log; no answer leaves without.
    pub(crate) recorded: AtomicBool,
}

/// A body, as far as dispatch reads it.
#[derive(Debug)]
pub(crate) enum Body {
    /// None.
    None,
    /// JSON: UTF-8, in NFC, no deeper than the limit, no key twice in an object.
    Json(serde_json::Value),
    /// UTF-8 that the handler reads itself.
    Text { bytes: Bytes, ndjson: bool },
    /// A form, in order.
    Form(Vec<(String, String)>),
    /// A file that lies on the disk.
    File(ArrivedFile),
}

impl Call {
    /// Who makes what this call changes, and when.
    pub fn author(&self) -> Author<'_> {
        Author {
            account_id: self.principal.account_id,
            now_ms: self.now_ms(),
            random: self.request.state.random.as_ref(),
            sealer: Some(&self.request.state.sealer),
        }
    }

    /// The frame of an object made by this call.
    pub fn new_frame(&self) -> Frame {
        self.author().new_frame()
    }

    /// The frame of an object changed by this call.
    pub fn next_frame(&self, frame: &Frame) -> Frame {
        self.author().next_frame(frame)
    }
}

impl<P> Call<P> {
    /// The stores and the engine.
    pub const fn state(&self) -> &ApiState {
        &self.request.state
    }

    /// When the request arrived, ms since 1970.
    pub const fn now_ms(&self) -> i64 {
        self.request.now_ms
    }

    /// A new id for something made now.
    pub fn new_id(&self) -> Id {
        new_id(self.request.now_ms, self.request.state.random.as_ref())
    }

    /// Whether the client says that it has the version with this tag.
    pub(crate) fn has(&self, tag: &str) -> bool {
        let known = self.request.if_none_match.as_ref();
        known.is_some_and(|known| known.has(tag))
    }

    /// The body of a route that reads it itself, and whether its lines are separate documents.
    pub(crate) fn text(&self) -> Result<(&Bytes, bool), Failure> {
        match &self.request.body {
            Body::Text { bytes, ndjson } => Ok((bytes, *ndjson)),
            _ => Err(Failure::internal(
                "the route has no text body",
                "route table",
            )),
        }
    }

    /// The file that was sent.
    pub(crate) fn file(&self) -> Result<&ArrivedFile, Failure> {
        match &self.request.body {
            Body::File(file) => Ok(file),
            _ => Err(Failure::internal("the route has no file", "route table")),
        }
    }

    /// The id of the request, for what is logged or answered on it.
    pub fn request_id(&self) -> &str {
        &self.request.request_id
    }

    /// Whether the client asked for a stream of events, which the route has.
    pub(crate) const fn wants_events(&self) -> bool {
        self.request.wants_events
    }

    /// The id of the last event that the client has of such a stream.
    pub(crate) fn last_event_id(&self) -> Option<&str> {
        self.request.last_event_id.as_deref()
    }

    /// Milliseconds that the client asked to wait until there is something to answer.
    pub(crate) fn wait_ms(&self) -> u64 {
        let asked = self.query().integer("waitMs").unwrap_or(0);
        u64::try_from(asked).unwrap_or(0)
    }

    /// The turn in which it is worked on.
    pub(crate) fn turn(&self) -> &Turn {
        &self.request.turn
    }

    /// The query parameters.
    pub const fn query(&self) -> &Query {
        &self.request.query
    }

    /// The id in this segment of the path; one that cannot be read belongs to nothing: 404.
    pub fn id<T: From<Id>>(&self, name: &str) -> Result<T, Failure> {
        Ok(self.path_text(name)?.parse::<Id>()?.into())
    }

    /// The text in this segment of the path, decoded.
    pub fn path_text(&self, name: &str) -> Result<&str, Failure> {
        self.path_segment(name)
            .ok_or_else(|| Failure::internal("the route has no such segment", name))
    }

    /// The same, if the path has such a segment.
    pub(crate) fn path_segment(&self, name: &str) -> Option<&str> {
        let mut segments = self.request.path.iter();
        let (_, value) = segments.find(|(known, _)| *known == name)?;
        Some(value)
    }

    /// The body as dispatch read it.
    pub(crate) const fn body(&self) -> &Body {
        &self.request.body
    }

    /// The JSON body.
    pub fn json(&self) -> Result<&serde_json::Value, Failure> {
        match &self.request.body {
            Body::Json(value) => Ok(value),
            _ => Err(Failure::internal(
                "the route has no JSON body",
                "route table",
            )),
        }
    }

    /// The JSON body of a route that may be called without one.
    pub fn json_if_any(&self) -> Result<Option<&serde_json::Value>, Failure> {
        match &self.request.body {
            Body::None => Ok(None),
            _ => self.json().map(Some),
        }
    }

    /// A change that was asked for under a condition nobody looked at must not last.
    pub(crate) fn require_match_checked(&self) -> Result<(), Failure> {
        if self.request.if_match.is_none() || self.request.if_match_checked.load(Ordering::Relaxed)
        {
            return Ok(());
        }
        Err(Failure::internal(
            "a handler did not look at If-Match",
            "call check_match",
        ))
    }

    /// Refuses the change when `If-Match` names other versions than the stored one (`None` when
    /// nothing is stored). Every PUT and DELETE calls it before it changes anything.
    pub fn check_match(&self, revision: Option<i64>) -> Result<(), Failure> {
        self.request.if_match_checked.store(true, Ordering::Relaxed);
        match &self.request.if_match {
            Some(condition) if !condition.admits(revision) => Err(Failure::new(
                Code::StaleVersion,
                "If-Match does not name the current version: read the object again and repeat.",
            )),
            _ => Ok(()),
        }
    }
}
