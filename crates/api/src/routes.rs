//! Every path of the API on one page.

use moca_core::{
    account::Role::{Admin, Analyst, Editor, Owner, Viewer},
    audit::{Action, Subject},
    bulk::{
        BulkKind::{Beacons, Places, Zones},
        FileFormat::{Csv, Geojson, Ndjson},
    },
    limits::{
        BUNDLE_REGIONS_MAX, BUNDLE_REGIONS_MIN, CODE_CHARS_MAX, IMPORT_MAP_CHARS_MAX,
        MESSAGE_WAIT_MS_MAX, MOMENT_MS_MAX, NAME_CHARS_MAX, RADIUS_M_MAX, RADIUS_M_MIN,
    },
    metric::Metric::{ActiveUsers, NewUsers, ReturningUsers, Visitors},
    scope::Family,
    webhook::State,
};

use moca_wire::decisions::Outcome;

use crate::{
    device::{self, bundle, events, gateway, messages, openings, profile, receipts},
    docs::{self, HTML},
    manage::{
        account_deletion, account_limits, accounts, analytics, app_devices, apps, audit_events,
        batch, beacons, campaign_groups, campaigns, decisions, experience_analytics, experiences,
        explain, exports, imports, instances, labels, members, notification_analytics,
        notifications, person_export, places, replays, segments, tags, tokens, users, webhooks,
        zones,
    },
    oauth,
    ops::{health, metrics},
    query::{
        APP_ID, BBOX, BEACON_ID, BEACON_TYPE, CAMPAIGN_ID, CASCADE, ENABLED, EXTERNAL_ID, GROUP_ID,
        IMPORT_KIND, JOB_STATUS, LABEL_ID, LIMIT, LIST, MEMBER_ID, NEAR, NOTIFICATION_STATUS,
        OFFSET, PAGE, PLACE_ID, Parameter, ParameterKind, Q, SEGMENT_ID, SORT, STATUS,
        WEBHOOK_STATUS, ZONE_ID, optional, required,
    },
    route::{
        BodyKind::{File, Form, JsonOrNdjson},
        Endpoint::{App, Ask, Device, Gateway, Manage, OAuthClient, Operations, Public},
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

const EXPERIENCE_ANALYTICS: &[Parameter] = &[
    required("appId", ParameterKind::Id),
    required("from", MOMENT),
    required("to", MOMENT),
    optional("interval", ParameterKind::Word(analytics::INTERVALS)),
    optional("timeZone", ParameterKind::TimeZone),
    optional("campaignId", ParameterKind::Id),
    optional("experienceId", ParameterKind::Id),
    optional("groupBy", ParameterKind::Word(experience_analytics::GROUPS)),
];

const NOTIFICATION_ANALYTICS: &[Parameter] = &[
    required("appId", ParameterKind::Id),
    required("from", MOMENT),
    required("to", MOMENT),
    optional("interval", ParameterKind::Word(analytics::INTERVALS)),
    optional("timeZone", ParameterKind::TimeZone),
    optional("campaignId", ParameterKind::Id),
    optional("notificationId", ParameterKind::Id),
    optional(
        "groupBy",
        ParameterKind::Word(notification_analytics::GROUPS),
    ),
];

const DECISIONS: &[Parameter] = &[
    optional("appId", ParameterKind::Id),
    optional("instanceId", ParameterKind::Id),
    optional("campaignId", ParameterKind::Id),
    optional("experienceId", ParameterKind::Id),
    optional("outcome", ParameterKind::Word(&Outcome::WORDS)),
    optional("from", MOMENT),
    optional("to", MOMENT),
    OFFSET,
    LIMIT,
];

const DECISION_SUMMARY: &[Parameter] = &[
    optional("appId", ParameterKind::Id),
    optional("instanceId", ParameterKind::Id),
    optional("campaignId", ParameterKind::Id),
    optional("experienceId", ParameterKind::Id),
    optional("from", MOMENT),
    optional("to", MOMENT),
];

const REPLAYED: &[Parameter] = &[
    optional("experienceId", ParameterKind::Id),
    optional("outcome", ParameterKind::Word(&Outcome::WORDS)),
    OFFSET,
    LIMIT,
];

/// What to explain.
const EXPLAIN: &[Parameter] = &[
    required("experienceId", ParameterKind::Id),
    optional("at", MOMENT),
];

const AUDIT_EVENTS: &[Parameter] = &[
    optional("from", MOMENT),
    optional("to", MOMENT),
    optional("kind", ParameterKind::Word(&Subject::WORDS)),
    optional("objectId", ParameterKind::Text(CODE_CHARS_MAX)),
    optional("memberId", ParameterKind::Id),
    optional("action", ParameterKind::Word(&Action::WORDS)),
    optional("sort", ParameterKind::Word(audit_events::ORDERS)),
    OFFSET,
    LIMIT,
];

const TOKENS: &[Parameter] = &[OFFSET, LIMIT, SORT, Q, MEMBER_ID];
const PLACES: &[Parameter] = &[OFFSET, LIMIT, SORT, Q, EXTERNAL_ID, LABEL_ID, NEAR, BBOX];
const ZONES: &[Parameter] = &[OFFSET, LIMIT, SORT, Q, PLACE_ID, EXTERNAL_ID, LABEL_ID];
const BEACONS: &[Parameter] = &[
    OFFSET,
    LIMIT,
    SORT,
    Q,
    PLACE_ID,
    ZONE_ID,
    BEACON_TYPE,
    EXTERNAL_ID,
    LABEL_ID,
];
const CAMPAIGN_GROUPS: &[Parameter] = &[OFFSET, LIMIT, SORT, Q, APP_ID];
const TAGS: &[Parameter] = &[OFFSET, LIMIT, SORT, Q, APP_ID];
const SEEN_TAGS: &[Parameter] = &[required("appId", ParameterKind::Id), OFFSET, LIMIT, Q];
const SEGMENTS: &[Parameter] = &[OFFSET, LIMIT, SORT, Q, APP_ID, EXTERNAL_ID];
const CAMPAIGNS: &[Parameter] = &[OFFSET, LIMIT, SORT, Q, APP_ID, GROUP_ID, SEGMENT_ID, STATUS];
const EXPERIENCES: &[Parameter] = &[
    OFFSET,
    LIMIT,
    SORT,
    Q,
    APP_ID,
    CAMPAIGN_ID,
    PLACE_ID,
    ZONE_ID,
    BEACON_ID,
    ENABLED,
];

const NOTIFICATIONS: &[Parameter] = &[
    OFFSET,
    LIMIT,
    SORT,
    Q,
    APP_ID,
    CAMPAIGN_ID,
    SEGMENT_ID,
    NOTIFICATION_STATUS,
];

const WEBHOOKS: &[Parameter] = &[OFFSET, LIMIT, SORT, Q, APP_ID, CAMPAIGN_ID, WEBHOOK_STATUS];
/// Both lists of jobs are in the order in which these were asked for.
const IMPORTS: &[Parameter] = &[OFFSET, LIMIT, Q, IMPORT_KIND, MEMBER_ID, JOB_STATUS];
const REPLAYS: &[Parameter] = &[OFFSET, LIMIT, APP_ID, CAMPAIGN_ID, JOB_STATUS];
const DELIVERIES: &[Parameter] = &[
    optional("state", ParameterKind::Word(&State::WORDS)),
    OFFSET,
    LIMIT,
];

const INSTANCES: &[Parameter] = &[
    required("appId", ParameterKind::Id),
    optional("userId", ParameterKind::Text(CODE_CHARS_MAX)),
    OFFSET,
    LIMIT,
    Q,
];
const USERS: &[Parameter] = &[required("appId", ParameterKind::Id), OFFSET, LIMIT, Q];
/// Which messages, and how long to wait until there is one.
const MESSAGES: &[Parameter] = &[
    optional("after", ParameterKind::Id),
    optional(
        "waitMs",
        ParameterKind::Integer(0, MESSAGE_WAIT_MS_MAX as i64),
    ),
    OFFSET,
    LIMIT,
];
/// Where the device is, and how much it can watch.
const BUNDLE: &[Parameter] = &[
    optional("lat", ParameterKind::Number(-90.0, 90.0)),
    optional("lon", ParameterKind::Number(-180.0, 180.0)),
    optional(
        "regions",
        ParameterKind::Integer(BUNDLE_REGIONS_MIN, BUNDLE_REGIONS_MAX),
    ),
];
/// Of which app an id is that is the app's own.
const OF_APP: &[Parameter] = &[required("appId", ParameterKind::Id)];

/// Which objects go into a file: those of the list, all of them, in the order they were made.
const PLACES_FILE: &[Parameter] = &[Q, EXTERNAL_ID, LABEL_ID, NEAR, BBOX];
const ZONES_FILE: &[Parameter] = &[Q, PLACE_ID, EXTERNAL_ID, LABEL_ID];
const BEACONS_FILE: &[Parameter] = &[Q, PLACE_ID, ZONE_ID, BEACON_TYPE, EXTERNAL_ID, LABEL_ID];

/// Whether a batch is done as a whole or not at all, and whether an item may replace the object that
/// has its `externalId`.
const BATCH: &[Parameter] = &[
    optional("atomic", ParameterKind::Flag),
    optional("upsert", ParameterKind::Flag),
];

/// What a file holds and what is done with it.
const IMPORT: &[Parameter] = &[
    required("kind", ParameterKind::Word(&["places", "zones", "beacons"])),
    optional("name", ParameterKind::Text(NAME_CHARS_MAX)),
    optional("dryRun", ParameterKind::Flag),
    optional("upsert", ParameterKind::Flag),
    optional("map", ParameterKind::Text(IMPORT_MAP_CHARS_MAX)),
    optional("radius", ParameterKind::Number(RADIUS_M_MIN, RADIUS_M_MAX)),
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
    route(Post,   "/oauth/token", OAuthClient(manage!(oauth::token))).body(Form).small(),

    route(Get,    "/v2/accounts",             Manage(Viewer, manage!(accounts::list))).query(LIST),
    route(Post,   "/v2/accounts",             Manage(Owner, manage!(accounts::create))).json().created(),
    route(Get,    "/v2/accounts/{accountId}", Manage(Viewer, manage!(accounts::get))),
    route(Put,    "/v2/accounts/{accountId}", Manage(Owner, manage!(accounts::put))).json(),
    route(Delete, "/v2/accounts/{accountId}", Manage(Owner, manage!(account_deletion::delete))).query(&[CASCADE]).around(call!(account_deletion::before_deletion), call!(account_deletion::after_deletion)),
    route(Get,    "/v2/accounts/{accountId}/limits", Manage(Viewer, manage!(account_limits::get))),
    route(Put,    "/v2/accounts/{accountId}/limits", Manage(Owner, manage!(account_limits::put))).json().small(),

    route(Get,    "/v2/members",            Manage(Viewer, manage!(members::list))).query(LIST),
    route(Post,   "/v2/members",            Manage(Admin, manage!(members::create))).json().small().created(),
    route(Get,    "/v2/members/{memberId}", Manage(Viewer, manage!(members::get))),
    route(Put,    "/v2/members/{memberId}", Manage(Admin, manage!(members::put))).json().small(),
    route(Delete, "/v2/members/{memberId}", Manage(Admin, manage!(members::delete))).query(&[CASCADE]),

    route(Get,    "/v2/tokens",           Manage(Viewer, manage!(tokens::list))).query(TOKENS),
    route(Post,   "/v2/tokens",           Manage(Admin, manage!(tokens::create))).json().small().created(),
    route(Get,    "/v2/tokens/{tokenId}", Manage(Viewer, manage!(tokens::get))),
    route(Put,    "/v2/tokens/{tokenId}", Manage(Admin, manage!(tokens::put))).json().small(),
    route(Delete, "/v2/tokens/{tokenId}", Manage(Admin, manage!(tokens::delete))).query(&[CASCADE]),

    route(Get,    "/v2/apps",         Manage(Viewer, manage!(apps::list))).query(LIST),
    route(Post,   "/v2/apps",         Manage(Admin, manage!(apps::create))).json().created(),
    route(Get,    "/v2/apps/{appId}", Manage(Viewer, manage!(apps::get))),
    route(Put,    "/v2/apps/{appId}", Manage(Admin, manage!(apps::put))).json(),
    route(Put,    "/v2/apps/{appId}/secret", Manage(Admin, manage!(apps::rotate_secret))).json_if_any().small(),
    route(Delete, "/v2/apps/{appId}", Manage(Admin, manage!(apps::delete))).query(&[CASCADE]).around(call!(app_devices::before_deletion), call!(app_devices::after_deletion)),

    route(Get,    "/v2/labels",           Manage(Viewer, manage!(labels::list))).query(LIST),
    route(Post,   "/v2/labels",           Manage(Editor, manage!(labels::create))).json().small().created(),
    route(Get,    "/v2/labels/{labelId}", Manage(Viewer, manage!(labels::get))),
    route(Put,    "/v2/labels/{labelId}", Manage(Editor, manage!(labels::put))).json().small(),
    route(Delete, "/v2/labels/{labelId}", Manage(Editor, manage!(labels::delete))).query(&[CASCADE]),

    route(Get,    "/v2/places",           Manage(Viewer, manage!(places::list))).query(PLACES),
    route(Post,   "/v2/places",           Manage(Editor, manage!(places::create))).json().created(),
    route(Post,   "/v2/places/batch",     Manage(Editor, manage!(batch::places))).query(BATCH).json(),
    route(Put,    "/v2/places/external/{externalId}", Manage(Editor, manage!(places::put_external))).json().ok_or_created(),
    route(Get,    "/v2/places/{placeId}", Manage(Viewer, manage!(places::get))),
    route(Put,    "/v2/places/{placeId}", Manage(Editor, manage!(places::put))).json(),
    route(Delete, "/v2/places/{placeId}", Manage(Editor, manage!(places::delete))).query(&[CASCADE]),

    route(Get,    "/v2/zones",          Manage(Viewer, manage!(zones::list))).query(ZONES),
    route(Post,   "/v2/zones",          Manage(Editor, manage!(zones::create))).json().created(),
    route(Post,   "/v2/zones/batch",    Manage(Editor, manage!(batch::zones))).query(BATCH).json(),
    route(Put,    "/v2/zones/external/{externalId}", Manage(Editor, manage!(zones::put_external))).json().ok_or_created(),
    route(Get,    "/v2/zones/{zoneId}", Manage(Viewer, manage!(zones::get))),
    route(Put,    "/v2/zones/{zoneId}", Manage(Editor, manage!(zones::put))).json(),
    route(Delete, "/v2/zones/{zoneId}", Manage(Editor, manage!(zones::delete))).query(&[CASCADE]),
    route(Get,    "/v2/zones/{zoneId}/beacons", Manage(Viewer, manage!(zones::get_beacons))).also(&[Family::Beacons]),
    route(Put,    "/v2/zones/{zoneId}/beacons", Manage(Editor, manage!(zones::put_beacons))).json().also(&[Family::Beacons]),

    route(Get,    "/v2/beacons",            Ask(Viewer, call!(beacons::list))).query(BEACONS),
    route(Post,   "/v2/beacons",            Manage(Editor, manage!(beacons::create))).json().created(),
    route(Post,   "/v2/beacons/batch",      Manage(Editor, manage!(batch::beacons))).query(BATCH).json(),
    route(Put,    "/v2/beacons/external/{externalId}", Manage(Editor, manage!(beacons::put_external))).json().ok_or_created(),
    route(Get,    "/v2/beacons/{beaconId}", Ask(Viewer, call!(beacons::get))),
    route(Put,    "/v2/beacons/{beaconId}", Manage(Editor, manage!(beacons::put))).json(),
    route(Delete, "/v2/beacons/{beaconId}", Manage(Editor, manage!(beacons::delete))).query(&[CASCADE]),

    route(Get,    "/v2/exports/places.csv",      Ask(Viewer, call!(exports::file, Places, Csv))).query(PLACES_FILE).answers("text/csv"),
    route(Get,    "/v2/exports/places.ndjson",   Ask(Viewer, call!(exports::file, Places, Ndjson))).query(PLACES_FILE).answers("application/x-ndjson"),
    route(Get,    "/v2/exports/places.geojson",  Ask(Viewer, call!(exports::file, Places, Geojson))).query(PLACES_FILE).answers("application/geo+json"),
    route(Get,    "/v2/exports/zones.csv",       Ask(Viewer, call!(exports::file, Zones, Csv))).query(ZONES_FILE).answers("text/csv"),
    route(Get,    "/v2/exports/zones.ndjson",    Ask(Viewer, call!(exports::file, Zones, Ndjson))).query(ZONES_FILE).answers("application/x-ndjson"),
    route(Get,    "/v2/exports/zones.geojson",   Ask(Viewer, call!(exports::file, Zones, Geojson))).query(ZONES_FILE).answers("application/geo+json"),
    route(Get,    "/v2/exports/beacons.csv",     Ask(Viewer, call!(exports::file, Beacons, Csv))).query(BEACONS_FILE).answers("text/csv"),
    route(Get,    "/v2/exports/beacons.ndjson",  Ask(Viewer, call!(exports::file, Beacons, Ndjson))).query(BEACONS_FILE).answers("application/x-ndjson"),
    route(Get,    "/v2/exports/beacons.geojson", Ask(Viewer, call!(exports::file, Beacons, Geojson))).query(BEACONS_FILE).answers("application/geo+json"),

    route(Get,    "/v2/campaign-groups",                   Manage(Viewer, manage!(campaign_groups::list))).query(CAMPAIGN_GROUPS),
    route(Post,   "/v2/campaign-groups",                   Manage(Editor, manage!(campaign_groups::create))).json().small().created(),
    route(Get,    "/v2/campaign-groups/{campaignGroupId}", Manage(Viewer, manage!(campaign_groups::get))),
    route(Put,    "/v2/campaign-groups/{campaignGroupId}", Manage(Editor, manage!(campaign_groups::put))).json().small(),
    route(Delete, "/v2/campaign-groups/{campaignGroupId}", Manage(Editor, manage!(campaign_groups::delete))).query(&[CASCADE]),

    route(Get,    "/v2/tags",         Ask(Viewer, call!(tags::list))).query(TAGS),
    route(Get,    "/v2/tags/seen",    Ask(Analyst, call!(tags::seen))).query(SEEN_TAGS),
    route(Post,   "/v2/tags",         Manage(Editor, manage!(tags::create))).json().small().created(),
    route(Get,    "/v2/tags/{tagId}", Ask(Viewer, call!(tags::get))),
    route(Put,    "/v2/tags/{tagId}", Manage(Editor, manage!(tags::put))).json().small(),
    route(Delete, "/v2/tags/{tagId}", Manage(Editor, manage!(tags::delete))).query(&[CASCADE]),

    route(Get,    "/v2/segments",             Manage(Viewer, manage!(segments::list))).query(SEGMENTS),
    route(Post,   "/v2/segments",             Manage(Editor, manage!(segments::create))).json().created(),
    route(Post,   "/v2/segments/estimate",    Ask(Analyst, call!(segments::estimate))).json().also(&[Family::Instances]),
    route(Put,    "/v2/segments/external/{externalId}", Manage(Editor, manage!(segments::put_external))).json().ok_or_created(),
    route(Get,    "/v2/segments/{segmentId}", Manage(Viewer, manage!(segments::get))),
    route(Put,    "/v2/segments/{segmentId}", Manage(Editor, manage!(segments::put))).json(),
    route(Delete, "/v2/segments/{segmentId}", Manage(Editor, manage!(segments::delete))).query(&[CASCADE]),
    route(Put,    "/v2/segments/{segmentId}/members", Ask(Editor, call!(segments::put_members))).json().personal().also(&[Family::Instances]),
    route(Get,    "/v2/segments/{segmentId}/instances", Ask(Analyst, call!(segments::instances))).query(PAGE).personal().also(&[Family::Instances]),

    route(Get,    "/v2/imports",            Manage(Viewer, manage!(imports::list))).query(IMPORTS),
    route(Post,   "/v2/imports",            Manage(Editor, manage!(imports::create))).query(IMPORT).body(File).created().also(&[Family::Labels]),
    route(Get,    "/v2/imports/{importId}", Manage(Viewer, manage!(imports::get))),
    route(Delete, "/v2/imports/{importId}", Manage(Editor, manage!(imports::delete))),
    route(Put,    "/v2/imports/{importId}/cancel",      Manage(Editor, manage!(imports::cancel))),
    route(Get,    "/v2/imports/{importId}/refused",     Manage(Viewer, manage!(imports::refused))).query(PAGE),
    route(Get,    "/v2/imports/{importId}/refused.csv", Manage(Viewer, manage!(imports::refused_csv))).answers("text/csv"),

    route(Get,    "/v2/campaigns",              Manage(Viewer, manage!(campaigns::list))).query(CAMPAIGNS),
    route(Post,   "/v2/campaigns",              Manage(Editor, manage!(campaigns::create))).json().created(),
    route(Get,    "/v2/campaigns/{campaignId}", Manage(Viewer, manage!(campaigns::get))),
    route(Put,    "/v2/campaigns/{campaignId}", Manage(Editor, manage!(campaigns::put))).json(),
    route(Delete, "/v2/campaigns/{campaignId}", Manage(Editor, manage!(campaigns::delete))).query(&[CASCADE]),
    route(Put,    "/v2/campaigns/{campaignId}/start", Manage(Editor, manage!(campaigns::start))),
    route(Put,    "/v2/campaigns/{campaignId}/stop", Manage(Editor, manage!(campaigns::stop))),
    route(Put,    "/v2/campaigns/{campaignId}/archive", Manage(Editor, manage!(campaigns::archive))),
    route(Post,   "/v2/campaigns/{campaignId}/replay", Manage(Analyst, manage!(replays::create))).json().small().created().also(&[Family::Replays]),

    route(Get,    "/v2/replays",                      Manage(Analyst, manage!(replays::list))).query(REPLAYS),
    route(Get,    "/v2/replays/{replayId}",           Manage(Analyst, manage!(replays::get))),
    route(Delete, "/v2/replays/{replayId}",           Manage(Analyst, manage!(replays::delete))),
    route(Put,    "/v2/replays/{replayId}/cancel",    Manage(Analyst, manage!(replays::cancel))),
    route(Get,    "/v2/replays/{replayId}/decisions", Ask(Analyst, call!(replays::decisions))).query(REPLAYED).personal().also(&[Family::Decisions]),

    route(Get,    "/v2/experiences",                Manage(Viewer, manage!(experiences::list))).query(EXPERIENCES),
    route(Post,   "/v2/experiences",                Manage(Editor, manage!(experiences::create))).json().created(),
    route(Get,    "/v2/experiences/{experienceId}", Manage(Viewer, manage!(experiences::get))),
    route(Put,    "/v2/experiences/{experienceId}", Manage(Editor, manage!(experiences::put))).json(),
    route(Delete, "/v2/experiences/{experienceId}", Manage(Editor, manage!(experiences::delete))).query(&[CASCADE]),

    route(Get,    "/v2/notifications",                  Manage(Viewer, manage!(notifications::list))).query(NOTIFICATIONS),
    route(Post,   "/v2/notifications",                  Manage(Editor, manage!(notifications::create))).json().created(),
    route(Get,    "/v2/notifications/{notificationId}", Manage(Viewer, manage!(notifications::get))),
    route(Put,    "/v2/notifications/{notificationId}", Manage(Editor, manage!(notifications::put))).json(),
    route(Put,    "/v2/notifications/{notificationId}/cancel", Manage(Editor, manage!(notifications::cancel))),
    route(Delete, "/v2/notifications/{notificationId}", Manage(Editor, manage!(notifications::delete))).query(&[CASCADE]),

    route(Get,    "/v2/webhooks",             Ask(Editor, call!(webhooks::list))).query(WEBHOOKS),
    route(Post,   "/v2/webhooks",             Manage(Admin, manage!(webhooks::create))).json().created(),
    route(Get,    "/v2/webhooks/{webhookId}", Ask(Editor, call!(webhooks::get))),
    route(Put,    "/v2/webhooks/{webhookId}", Manage(Admin, manage!(webhooks::put))).json(),
    route(Delete, "/v2/webhooks/{webhookId}", Manage(Admin, manage!(webhooks::delete))).query(&[CASCADE]),
    route(Put,    "/v2/webhooks/{webhookId}/secret", Manage(Admin, manage!(webhooks::rotate_secret))).json_if_any().small(),
    route(Put,    "/v2/webhooks/{webhookId}/test",   Ask(Admin, call!(webhooks::test))),
    route(Get,    "/v2/webhooks/{webhookId}/deliveries", Ask(Editor, call!(webhooks::deliveries))).query(DELIVERIES),
    route(Put,    "/v2/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver", Ask(Admin, call!(webhooks::redeliver))),

    route(Get,    "/v2/instances",              Ask(Analyst, call!(instances::list))).query(INSTANCES).personal(),
    route(Get,    "/v2/instances/{instanceId}", Ask(Analyst, call!(instances::get))).personal(),
    route(Get,    "/v2/instances/{instanceId}/explain", Ask(Analyst, call!(explain::explain))).query(EXPLAIN).personal().also(&[Family::Decisions]),
    route(Get,    "/v2/instances/{instanceId}/export", Ask(Analyst, call!(person_export::instance))).personal().also(&[Family::Decisions]),
    route(Delete, "/v2/instances/{instanceId}", Ask(Admin, call!(instances::delete))).personal(),

    route(Get,    "/v2/users",          Ask(Analyst, call!(users::list))).query(USERS).personal(),
    route(Get,    "/v2/users/{userId}", Ask(Analyst, call!(users::get))).query(OF_APP).personal(),
    route(Get,    "/v2/users/{userId}/export", Ask(Analyst, call!(person_export::user))).query(OF_APP).personal().also(&[Family::Instances, Family::Decisions]),
    route(Delete, "/v2/users/{userId}", Ask(Admin, call!(users::delete))).query(OF_APP).personal().also(&[Family::Instances]),

    route(Get,    "/v2/decisions", Ask(Analyst, call!(decisions::list))).query(DECISIONS).personal(),
    route(Get,    "/v2/decisions/summary", Ask(Analyst, call!(decisions::summary))).query(DECISION_SUMMARY).personal(),
    route(Get,    "/v2/analytics/active-users",    Ask(Analyst, call!(analytics::count, ActiveUsers))).query(ANALYTICS),
    route(Get,    "/v2/analytics/new-users",       Ask(Analyst, call!(analytics::count, NewUsers))).query(ANALYTICS),
    route(Get,    "/v2/analytics/returning-users", Ask(Analyst, call!(analytics::count, ReturningUsers))).query(ANALYTICS),
    route(Get,    "/v2/analytics/visitors",        Ask(Analyst, call!(analytics::count, Visitors))).query(VISITORS),
    route(Get,    "/v2/analytics/experiences",     Ask(Analyst, call!(experience_analytics::count))).query(EXPERIENCE_ANALYTICS),
    route(Get,    "/v2/analytics/notifications",   Ask(Analyst, call!(notification_analytics::count))).query(NOTIFICATION_ANALYTICS),

    route(Get,    "/v2/audit-events", Manage(Admin, manage!(audit_events::list))).query(AUDIT_EVENTS),
    route(Get,    "/v2/audit-events/{auditEventId}", Manage(Admin, manage!(audit_events::get))),

    route(Post,   "/device/v1/instances",            App(call!(device::instances::register))).json().small().ok_or_created(),
    route(Get,    "/device/v1/instance",             Device(call!(profile::get))),
    route(Put,    "/device/v1/instance",             Device(call!(profile::put))).json(),
    route(Delete, "/device/v1/instance",             Device(call!(profile::delete))),
    route(Put,    "/device/v1/instance/user",        Device(call!(profile::log_in))).json().small(),
    route(Delete, "/device/v1/instance/user",        Device(call!(profile::log_out))),
    route(Put,    "/device/v1/instance/consents",    Device(call!(profile::set_consents))).json().small(),
    route(Put,    "/device/v1/instance/properties",  Device(call!(profile::set_properties))).json().small(),
    route(Put,    "/device/v1/instance/tags/{name}", Device(call!(profile::tag))).json().small(),
    route(Post,   "/device/v1/events",               Device(call!(events::post))).body(JsonOrNdjson),
    route(Post,   "/device/v1/events/batch",         Gateway(Editor, call!(gateway::post))).body(JsonOrNdjson).also(&[Family::Instances]),
    route(Get,    "/device/v1/messages",             Device(call!(messages::list))).query(MESSAGES).events(),
    route(Get,    "/device/v1/bundle",               Device(call!(bundle::get))).query(BUNDLE).conditional(),
    route(Post,   "/device/v1/messages/{messageId}/receipts", Device(call!(receipts::post))).json().small(),
    route(Put,    "/device/v1/notifications/{notificationId}/opened", Device(call!(openings::put))).json().small(),

    route(Get,    "/v2/openapi.json", Public(call!(docs::openapi))),

    route(Get,    "/docs",               Public(call!(docs::start))).answers(HTML),
    route(Get,    "/docs/api",           Public(call!(docs::reference))).answers(HTML),
    route(Get,    "/docs/errors",        Public(call!(docs::errors))).answers(HTML),
    route(Get,    "/docs/errors/{code}", Public(call!(docs::error))).answers(HTML),
    route(Get,    "/docs/{page}",        Public(call!(docs::guide))).answers(HTML),
    route(Get,    "/docs/style.css",     Public(call!(docs::style))).answers("text/css"),
    route(Get,    "/docs/filter.js",     Public(call!(docs::script))).answers("text/javascript"),
    route(Get,    "/docs/icon.svg",      Public(call!(docs::icon))).answers("image/svg+xml"),
];

#[rustfmt::skip] // one line a route
static OPERATIONS: &[Route] = &[
    route(Get, "/health",       Operations(call!(health::summary))),
    route(Get, "/health/live",  Operations(call!(health::live))),
    route(Get, "/health/ready", Operations(call!(health::ready))),
    route(Get, "/metrics",      Operations(call!(metrics::text))),
];
