//! What a line of the route table says.

use std::{future::Future, pin::Pin};

use moca_core::{
    account::Role,
    scope::{Access, Family},
};
use moca_storage::control::Tx;

use crate::{
    auth::{Anyone, AppClient, Device, Gateway},
    call::Call,
    failure::Failure,
    query::Parameter,
    reply::Reply,
    state::ApiState,
};

/// The verbs of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Reads.
    Get,
    /// Creates.
    Post,
    /// Replaces, or does an action.
    Put,
    /// Deletes.
    Delete,
}

impl Verb {
    /// The method as it stands in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// What a handler becomes when it is called.
pub type Pending<'a> = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send + 'a>>;

/// A handler of the management API. The transaction only reads for GET; otherwise it is committed
/// when the handler answers `Ok` and rolled back when not.
pub type ManageHandler = for<'a> fn(&'a Call, &'a mut Tx) -> Pending<'a>;

/// A handler of the management API that asks the pipeline. It is given no transaction: the answer
/// may have to wait for the pipeline, which may have to wait for one.
pub type AskHandler = for<'a> fn(&'a Call) -> Pending<'a>;

/// What a route does beside its transaction, as it asks the pipeline.
pub type Step =
    for<'a> fn(&'a Call) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// The steps on both sides of the transaction of a change.
#[derive(Clone, Copy)]
pub struct Around {
    /// Before it begins: what this refuses is not done.
    pub before: Step,
    /// When it is committed.
    pub after: Step,
}

/// A handler of the device API, for one instance.
pub type DeviceHandler = for<'a> fn(&'a Call<Device>) -> Pending<'a>;

/// A handler of the device API, for a whole app.
pub type AppHandler = for<'a> fn(&'a Call<AppClient>) -> Pending<'a>;

/// A handler of the device API, for many instances.
pub type GatewayHandler = for<'a> fn(&'a Call<Gateway>) -> Pending<'a>;

/// A handler of what anybody may read.
pub type PublicHandler = for<'a> fn(&'a Call<Anyone>) -> Pending<'a>;

/// A handler of the operations port.
pub type OperationsHandler = for<'a> fn(&'a ApiState) -> Pending<'a>;

/// Who may call a route, and the handler: it cannot be had without the proof it asks for.
#[derive(Clone, Copy)]
pub enum Endpoint {
    /// A member's token with at least this role.
    Manage(Role, ManageHandler),
    /// The same, for what the pipeline knows.
    Ask(Role, AskHandler),
    /// An instance token.
    Device(DeviceHandler),
    /// `appId:appSecret` by HTTP Basic.
    App(AppHandler),
    /// The same, or a member's token with at least this role.
    Gateway(Role, GatewayHandler),
    /// A token's id and secret as an OAuth 2.0 client, by HTTP Basic or in the form.
    OAuthClient(ManageHandler),
    /// Anybody: the documentation.
    Public(PublicHandler),
    /// Anybody who can reach the operations port; answers in the media type it has.
    Operations(OperationsHandler),
}

/// The body a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// None at all.
    None,
    /// A JSON document, read before the handler.
    Json,
    /// JSON or newline-delimited JSON; the handler reads it.
    JsonOrNdjson,
    /// An HTML form.
    Form,
    /// A file of any size, in one of the formats of [`moca_core::bulk::FileFormat`].
    File,
}

/// The statuses of success a route can answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Success {
    /// 200
    Ok,
    /// 201
    Created,
    /// 201 when something was made, 200 when it was there.
    OkOrCreated,
}

/// A line of the route table.
pub struct Route {
    /// The verb.
    pub verb: Verb,
    /// The path, with `{name}` for a segment that varies.
    pub path: &'static str,
    /// Who may call it and what answers.
    pub endpoint: Endpoint,
    /// The query parameters it knows.
    pub query: &'static [Parameter],
    /// The body it takes.
    pub body: BodyKind,
    /// Whether it may be called without the body.
    pub body_optional: bool,
    /// Whether its body tells of one thing of few parts, and is so short.
    pub is_small: bool,
    /// The statuses of success.
    pub success: Success,
    /// The media type of a success.
    pub answers: &'static str,
    /// Whether it also answers with a stream of server-sent events, if asked for one.
    pub events: bool,
    /// Whether it answers with a tag and a signature, and 304 to who has it.
    pub conditional: bool,
    /// Whether it answers with, or changes, what is held on people or their devices.
    pub personal: bool,
    /// Families besides that of its path which it reads or changes.
    pub also: &'static [Family],
    /// What it does beside its transaction.
    pub around: Option<Around>,
}

/// The media type of most answers.
pub const JSON: &str = "application/json";
/// The media type of server-sent events.
pub const EVENT_STREAM: &str = "text/event-stream";

/// A route without body and parameters.
pub const fn route(verb: Verb, path: &'static str, endpoint: Endpoint) -> Route {
    Route {
        verb,
        path,
        endpoint,
        query: &[],
        body: BodyKind::None,
        body_optional: false,
        is_small: false,
        success: Success::Ok,
        answers: JSON,
        events: false,
        conditional: false,
        personal: false,
        also: &[],
        around: None,
    }
}

impl Route {
    /// Whether it is a page for people, or a part of one. The description leaves these out: programs
    /// have nothing to do there.
    pub fn is_page(&self) -> bool {
        self.path == "/docs" || self.path.starts_with("/docs/")
    }

    /// With these query parameters.
    pub const fn query(mut self, query: &'static [Parameter]) -> Self {
        self.query = query;
        self
    }

    /// With a body.
    pub const fn body(mut self, body: BodyKind) -> Self {
        self.body = body;
        self
    }

    /// Answers in this media type.
    pub const fn answers(mut self, media: &'static str) -> Self {
        self.answers = media;
        self
    }

    /// Also answers with a stream of server-sent events.
    pub const fn events(mut self) -> Self {
        self.events = true;
        self
    }

    /// Answers with a tag and a signature, and 304 to who has it.
    pub const fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }

    /// With a JSON body.
    pub const fn json(self) -> Self {
        self.body(BodyKind::Json)
    }

    /// With a body of at most [`moca_core::limits::SMALL_BODY_BYTES_MAX`] bytes.
    pub const fn small(mut self) -> Self {
        self.is_small = true;
        self
    }

    /// With a JSON body, or none.
    pub const fn json_if_any(mut self) -> Self {
        self.body_optional = true;
        self.json()
    }

    /// Answers with, or changes, what is held on people or their devices.
    pub const fn personal(mut self) -> Self {
        self.personal = true;
        self
    }

    /// Reads or changes these families too, as it does the one of its path.
    pub const fn also(mut self, families: &'static [Family]) -> Self {
        self.also = families;
        self
    }

    /// Does this before its transaction and after.
    pub const fn around(mut self, before: Step, after: Step) -> Self {
        self.around = Some(Around { before, after });
        self
    }

    /// The family of the management API that it belongs to, by its path. A file of an export is one of
    /// what it lists.
    pub fn family(&self) -> Option<Family> {
        let mut segments = self.path.strip_prefix("/v2/")?.split('/');
        let word = match segments.next()? {
            "exports" => segments.next()?.split('.').next()?,
            word => word,
        };
        Family::named(word)
    }

    /// What a token with scopes must be allowed, each. A question that has a body still only reads.
    pub fn access(&self) -> Access {
        match (self.verb, &self.endpoint) {
            (Verb::Get, _) | (Verb::Post, Endpoint::Ask(..)) => Access::Read,
            _ => Access::Write,
        }
    }

    /// The families that it reads or changes.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        self.family().into_iter().chain(self.also.iter().copied())
    }

    /// Answers 201.
    pub const fn created(mut self) -> Self {
        self.success = Success::Created;
        self
    }

    /// Answers 200 or 201.
    pub const fn ok_or_created(mut self) -> Self {
        self.success = Success::OkOrCreated;
        self
    }
}
