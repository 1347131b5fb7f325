//! Every path of the API on one page.

use moca_core::{
    account::Role::{Analyst, Editor, Viewer},
    limits::MOMENT_MS_MAX,
    metric::Metric::{ActiveUsers, NewUsers, ReturningUsers, Visitors},
};

use crate::{
    device::{events, instances, messages, profile},
    manage::{analytics, decisions, labels},
    oauth,
    ops::{health, metrics},
    query::{LIMIT, LIST, OFFSET, PAGE, Parameter, ParameterKind, optional, required},
    route::{
        BodyKind::{Form, JsonOrNdjson},
        Endpoint::{App, Ask, Device, Manage, OAuthClient, Operations},
        Route,
        Verb::{Delete, Get, Post, Put},
        route,
    },
};

/// Boxes the future of a handler, so that handlers of all routes have one type.
macro_rules! manage {
    ($handler:path) => {
        |call, tx| Box::pin($handler(call, tx))
    };
}

/// The same for handlers that are given no transaction.
macro_rules! call {
    ($handler:path $(, $more:expr)*) => {
        |call| Box::pin($handler(call $(, $more)*))
    };
}

const MOMENT: ParameterKind = ParameterKind::Integer(0, MOMENT_MS_MAX);

const ANALYTICS: &[Parameter] = &[
    required("appId", ParameterKind::Id),
    required("from", MOMENT),
    required("to", MOMENT),
    optional("interval", ParameterKind::Word(analytics::INTERVALS)),
    optional("timeZone", ParameterKind::TimeZone),
];

const VISITORS: &[Parameter] = &[
    required("appId", ParameterKind::Id),
    required("from", MOMENT),
    required("to", MOMENT),
    optional("interval", ParameterKind::Word(analytics::INTERVALS)),
    optional("timeZone", ParameterKind::TimeZone),
    optional("placeId", ParameterKind::Id),
    optional("zoneId", ParameterKind::Id),
    optional("beaconId", ParameterKind::Id),
    optional("groupBy", ParameterKind::Word(analytics::GROUPS)),
];

const DECISIONS: &[Parameter] = &[
    required("appId", ParameterKind::Id),
    optional("instanceId", ParameterKind::Id),
    optional("campaignId", ParameterKind::Id),
    optional("experienceId", ParameterKind::Id),
    optional("from", MOMENT),
    optional("to", MOMENT),
    OFFSET,
    LIMIT,
];

/// All routes of the public port.
pub const fn routes() -> &'static [Route] {
    ROUTES
}

/// All routes of the operations port.
pub(crate) const fn operations() -> &'static [Route] {
    OPERATIONS
}

#[rustfmt::skip] // one line a route
static ROUTES: &[Route] = &[
    route(Post,   "/oauth/token", OAuthClient(manage!(oauth::token))).body(Form),

    route(Get,    "/v2/labels",           Manage(Viewer, manage!(labels::list))).query(LIST),
    route(Post,   "/v2/labels",           Manage(Editor, manage!(labels::create))).json().created(),
    route(Get,    "/v2/labels/{labelId}", Manage(Viewer, manage!(labels::get))),
    route(Put,    "/v2/labels/{labelId}", Manage(Editor, manage!(labels::put))).json(),
    route(Delete, "/v2/labels/{labelId}", Manage(Editor, manage!(labels::delete))),

    route(Get,    "/v2/decisions", Ask(Analyst, call!(decisions::list))).query(DECISIONS),
    route(Get,    "/v2/analytics/active-users",    Ask(Analyst, call!(analytics::count, ActiveUsers))).query(ANALYTICS),
    route(Get,    "/v2/analytics/new-users",       Ask(Analyst, call!(analytics::count, NewUsers))).query(ANALYTICS),
    route(Get,    "/v2/analytics/returning-users", Ask(Analyst, call!(analytics::count, ReturningUsers))).query(ANALYTICS),
    route(Get,    "/v2/analytics/visitors",        Ask(Analyst, call!(analytics::count, Visitors))).query(VISITORS),

    route(Post,   "/device/v1/instances",            App(call!(instances::register))).json().ok_or_created(),
    route(Get,    "/device/v1/instance",             Device(call!(profile::get))),
    route(Put,    "/device/v1/instance",             Device(call!(profile::put))).json(),
    route(Put,    "/device/v1/instance/user",        Device(call!(profile::log_in))).json(),
    route(Delete, "/device/v1/instance/user",        Device(call!(profile::log_out))),
    route(Put,    "/device/v1/instance/properties",  Device(call!(profile::set_properties))).json(),
    route(Put,    "/device/v1/instance/tags/{name}", Device(call!(profile::tag))).json(),
    route(Post,   "/device/v1/events",               Device(call!(events::post))).body(JsonOrNdjson),
    route(Get,    "/device/v1/messages",             Device(call!(messages::list))).query(PAGE),
];

#[rustfmt::skip] // one line a route
static OPERATIONS: &[Route] = &[
    route(Get, "/health",       Operations(call!(health::summary))),
    route(Get, "/health/live",  Operations(call!(health::live))),
    route(Get, "/health/ready", Operations(call!(health::ready))),
    route(Get, "/metrics",      Operations(call!(metrics::text))),
];
