//! What a call that was done answers with.

use std::sync::Mutex;

use axum::body::Body;
use bytes::Bytes;
use moca_storage::control::ListQuery;
use moca_wire::page;
use serde::Serialize;

use crate::{docs::Document, failure::Failure};

/// The answer to a call that was done. What is not here (request id, CORS and so on) is the
/// business of dispatch.
#[derive(Debug)]
pub struct Reply {
    /// 200, 201 or 304.
    pub(crate) status: u16,
    /// Media type of the body.
    pub(crate) content_type: String,
    /// The body.
    pub(crate) body: Bytes,
    /// The body, if it is written while it is sent; `body` is empty then. The lock is never
    /// waited for: it makes that a reply can be shared between threads.
    pub(crate) stream: Option<Mutex<Body>>,
    /// The version of the object in the body, for `ETag`.
    pub(crate) revision: Option<i64>,
    /// The tag of what is not one object with versions, for `ETag`.
    pub(crate) tag: Option<String>,
    /// The signature of the body.
    pub(crate) signature: Option<String>,
    /// The path of what was created.
    pub(crate) location: Option<String>,
    /// The body holds a secret: nothing on the way may keep it.
    pub(crate) no_store: bool,
    /// The body is the same for everybody and may be kept for a while; its version, for `ETag`.
    pub(crate) public: Option<&'static str>,
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    offset: i64,
    limit: i64,
    total: i64,
    items: &'a [T],
}

impl Reply {
    /// 200 with any body.
    pub fn ok<T: Serialize>(body: &T) -> Result<Self, Failure> {
        let body = serde_json::to_vec(body).map_err(unwritable)?;
        Ok(Self::raw("application/json", body.into()))
    }

    /// 200 with one object; `revision` becomes the `ETag`.
    pub fn object<T: Serialize>(revision: i64, body: &T) -> Result<Self, Failure> {
        let mut reply = Self::ok(body)?;
        reply.revision = Some(revision);
        Ok(reply)
    }

    /// 201 with the object made; `location` is its path.
    pub fn created<T: Serialize>(
        location: String,
        revision: i64,
        body: &T,
    ) -> Result<Self, Failure> {
        let mut reply = Self::object(revision, body)?;
        reply.status = 201;
        reply.location = Some(location);
        Ok(reply)
    }

    /// 200 with a page of a list.
    pub fn list<T: Serialize>(query: &ListQuery, total: i64, items: &[T]) -> Result<Self, Failure> {
        Self::page(query.offset, query.limit, total, items)
    }

    /// The same, of objects that `write` writes one by one.
    pub fn list_written<T>(
        query: &ListQuery,
        total: i64,
        items: &[T],
        write: impl Fn(&T, &mut Vec<u8>) -> serde_json::Result<()>,
    ) -> Result<Self, Failure> {
        let (offset, limit) = (query.offset, query.limit);
        let body = page::written(offset, limit, total, items, write).map_err(unwritable)?;
        Ok(Self::raw("application/json", body.into()))
    }

    /// 200 with a page of something that is not in the control store.
    pub fn page<T: Serialize>(
        offset: i64,
        limit: i64,
        total: i64,
        items: &[T],
    ) -> Result<Self, Failure> {
        Self::ok(&Envelope {
            offset,
            limit,
            total,
            items,
        })
    }

    /// 200 when there is nothing to say: the empty object, so that a client may always parse.
    pub fn done() -> Self {
        Self::raw("application/json", Bytes::from_static(b"{}"))
    }

    /// 200 with a body that is written already.
    pub(crate) fn raw(content_type: &str, body: Bytes) -> Self {
        Self {
            status: 200,
            content_type: content_type.to_owned(),
            body,
            stream: None,
            revision: None,
            tag: None,
            signature: None,
            location: None,
            no_store: false,
            public: None,
        }
    }

    /// 200 with a document that is the same for everybody.
    pub(crate) fn public(document: &'static Document) -> Self {
        Self {
            public: Some(&document.tag),
            ..Self::raw(document.content_type, document.body.clone())
        }
    }

    /// 200 with a body that is written while it is sent.
    pub(crate) fn stream(content_type: &str, body: Body) -> Self {
        let mut reply = Self::raw(content_type, Bytes::new());
        reply.stream = Some(Mutex::new(body));
        reply
    }

    /// 304: the client has what it asks for.
    pub fn unchanged(tag: String) -> Self {
        let mut reply = Self::raw("", Bytes::new()).tagged(tag);
        reply.status = 304;
        reply
    }

    /// The same, with this tag.
    #[must_use]
    pub fn tagged(mut self, tag: String) -> Self {
        self.tag = Some(tag);
        self
    }

    /// The same, with the signature of its body.
    #[must_use]
    pub fn signed(mut self, signature: String) -> Self {
        self.signature = Some(signature);
        self
    }

    /// The same, as the answer to something that was made, at this path.
    #[must_use]
    pub fn at(mut self, status: u16, location: String) -> Self {
        self.status = status;
        self.location = Some(location);
        self
    }

    /// The same, not to be kept by anything on the way: it holds a secret.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.no_store = true;
        self
    }
}

fn unwritable(error: serde_json::Error) -> Failure {
    Failure::internal("an answer cannot be written", error)
}
