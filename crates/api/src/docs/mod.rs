//! The documentation, as the program itself serves it: the description of the API as a document, and
//! pages for people at `/docs`. Everything is in the binary and made once, when it is first asked for.

mod errors;
mod guides;
mod html;
mod markdown;
mod reference;
mod start;

use std::{collections::BTreeMap, sync::LazyLock};

use bytes::Bytes;
use moca_wire::problem::Code;
use sha2::{Digest, Sha256};

use crate::{auth::Anyone, call::Call, failure::Failure, openapi, reply::Reply};

/// The media type of a page.
pub(crate) const HTML: &str = "text/html";

/// A document that is the same for everybody.
pub(crate) struct Document {
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
    /// Its version, for `ETag`.
    pub(crate) tag: String,
}

impl Document {
    fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        // Half the digest tells versions apart.
        let digest = Sha256::digest(&body);
        let tag = digest[..16].iter().map(|byte| format!("{byte:02x}"));
        Self {
            content_type,
            tag: tag.collect(),
            body,
        }
    }

    fn page(html: String) -> Self {
        Self::new("text/html; charset=utf-8", html)
    }
}

static OPENAPI: LazyLock<Document> =
    LazyLock::new(|| Document::new("application/json", openapi::text()));
static START: LazyLock<Document> = LazyLock::new(|| Document::page(start::page()));
static REFERENCE: LazyLock<Document> = LazyLock::new(|| Document::page(reference::page()));
static ERRORS: LazyLock<Document> = LazyLock::new(|| Document::page(errors::table_page()));
static ERROR: LazyLock<BTreeMap<&str, Document>> = LazyLock::new(|| {
    let pages = Code::ALL
        .iter()
        .map(|code| (code.as_str(), Document::page(errors::code_page(*code))));
    pages.collect()
});
static GUIDES: LazyLock<BTreeMap<&str, Document>> = LazyLock::new(|| {
    let pages = guides::GUIDES
        .iter()
        .map(|guide| (guide.slug, Document::page(guides::page(guide))));
    pages.collect()
});
static STYLE: LazyLock<Document> = LazyLock::new(|| {
    let text = include_str!("assets/style.css");
    Document::new("text/css; charset=utf-8", text)
});
static SCRIPT: LazyLock<Document> = LazyLock::new(|| {
    let text = include_str!("assets/filter.js");
    Document::new("text/javascript; charset=utf-8", text)
});
static ICON: LazyLock<Document> =
    LazyLock::new(|| Document::new("image/svg+xml", include_str!("assets/icon.svg")));

/// `GET /v2/openapi.json`
pub(crate) async fn openapi(_: &Call<Anyone>) -> Result<Reply, Failure> {
    Ok(Reply::public(&OPENAPI))
}

/// `GET /docs`
pub(crate) async fn start(_: &Call<Anyone>) -> Result<Reply, Failure> {
    Ok(Reply::public(&START))
}

/// `GET /docs/api`
pub(crate) async fn reference(_: &Call<Anyone>) -> Result<Reply, Failure> {
    Ok(Reply::public(&REFERENCE))
}

/// `GET /docs/errors`
pub(crate) async fn errors(_: &Call<Anyone>) -> Result<Reply, Failure> {
    Ok(Reply::public(&ERRORS))
}

/// `GET /docs/errors/{code}`
pub(crate) async fn error(call: &Call<Anyone>) -> Result<Reply, Failure> {
    let page = ERROR.get(call.path_text("code")?);
    page.map(Reply::public).ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            "There is no such error code: /docs/errors lists all of them.",
        )
    })
}

/// `GET /docs/{page}`
pub(crate) async fn guide(call: &Call<Anyone>) -> Result<Reply, Failure> {
    let page = GUIDES.get(call.path_text("page")?);
    page.map(Reply::public).ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            "There is no such page: /docs lists those there are.",
        )
    })
}

/// `GET /docs/style.css`
pub(crate) async fn style(_: &Call<Anyone>) -> Result<Reply, Failure> {
    Ok(Reply::public(&STYLE))
}

/// `GET /docs/filter.js`
pub(crate) async fn script(_: &Call<Anyone>) -> Result<Reply, Failure> {
    Ok(Reply::public(&SCRIPT))
}

/// `GET /docs/icon.svg`
pub(crate) async fn icon(_: &Call<Anyone>) -> Result<Reply, Failure> {
    Ok(Reply::public(&ICON))
}
