//! Every path of the API on one page.

use moca_core::account::Role::{Editor, Viewer};

use crate::{
    manage::labels,
    oauth,
    query::LIST,
    route::{
        BodyKind::Form,
        Endpoint::{Manage, OAuthClient},
        Route,
        Verb::{Delete, Get, Post, Put},
        route,
    },
};

/// Boxes the future of a handler, so that handlers of all routes have one type.
macro_rules! call {
    ($handler:path) => {
        |call, tx| Box::pin($handler(call, tx))
    };
}

/// All routes of the public port.
pub const fn routes() -> &'static [Route] {
    ROUTES
}

#[rustfmt::skip] // one line a route
static ROUTES: &[Route] = &[
    route(Post,   "/oauth/token",         OAuthClient(call!(oauth::token))).body(Form),
    route(Get,    "/v2/labels",           Manage(Viewer, call!(labels::list))).query(LIST),
    route(Post,   "/v2/labels",           Manage(Editor, call!(labels::create))).json().created(),
    route(Get,    "/v2/labels/{labelId}", Manage(Viewer, call!(labels::get))),
    route(Put,    "/v2/labels/{labelId}", Manage(Editor, call!(labels::put))).json(),
    route(Delete, "/v2/labels/{labelId}", Manage(Editor, call!(labels::delete))),
];
