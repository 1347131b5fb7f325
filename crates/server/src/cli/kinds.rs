//! The kinds of object that the command line knows: one row each. A new resource is a new row.

use Form::{Flag, Integer, Moment, Number, Pairs, Text, Texts};

/// A kind of object.
pub(crate) struct Kind {
    /// The command, for example `places`; also the end of its path.
    pub(crate) plural: &'static str,
    /// One of them.
    pub(crate) singular: &'static str,
    /// The path of its collection.
    pub(crate) path: &'static str,
    /// What they are.
    pub(crate) about: &'static str,
    /// What can be done with them, besides list and get.
    pub(crate) verbs: Verbs,
    /// Filters of the list: flags and the parameters they stand for.
    pub(crate) filters: &'static [Field],
    /// Parameters without which there is no getting one.
    pub(crate) of: &'static [Field],
    /// What can be set by flags: flags and pointers into the body.
    pub(crate) fields: &'static [Field],
    /// What is set with certain fields, unless it is there: `(flag, pointer, value)`.
    pub(crate) implied: &'static [(&'static str, &'static str, &'static str)],
    /// The columns of a table unless others are asked for.
    pub(crate) columns: &'static [&'static str],
    /// Body-less PUTs below an object, with what they do.
    pub(crate) actions: &'static [(&'static str, &'static str)],
    /// A command line that creates one.
    pub(crate) example: &'static str,
}

/// What can be done with a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbs {
    /// Get, create, update, delete.
    All,
    /// Get, and delete, which erases all that is held on it: what nobody sets.
    Erase,
    /// Get.
    ReadOnly,
    /// Nothing but the list.
    ListOnly,
}

/// A flag and what it stands for.
pub(crate) struct Field {
    /// The flag, without dashes.
    pub(crate) flag: &'static str,
    /// A pointer into the body, or the name of a parameter.
    pub(crate) at: &'static str,
    /// How its value is read.
    pub(crate) form: Form,
    /// What it is.
    pub(crate) help: &'static str,
    /// Whether the list makes no sense without it.
    pub(crate) required: bool,
}

/// How the value of a flag is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// Milliseconds since 1970, or a time such as 2026-12-01T09:00:00Z.
    Moment,
    /// Given as often as there are values; they make a list.
    Texts,
    /// `name=value`, given as often as there are; the value may be JSON.
    Pairs,
    /// JSON.
    Json,
}

/// A flag that may be left out.
pub(crate) const fn field(
    flag: &'static str,
    at: &'static str,
    form: Form,
    help: &'static str,
) -> Field {
    Field {
        flag,
        at,
        form,
        help,
        required: false,
    }
}

/// One that must be there.
pub(crate) const fn needed(
    flag: &'static str,
    at: &'static str,
    form: Form,
    help: &'static str,
) -> Field {
    Field {
        required: true,
        ..field(flag, at, form, help)
    }
}

const NAME: Field = field("name", "/config/name", Text, "Name");
const DESCRIPTION: Field = field("description", "/config/description", Text, "Description");
const CATEGORY: Field = field("category", "/config/category", Text, "Category");
const PROVIDER: Field = field("provider", "/config/provider", Text, "Provider");
const EXTERNAL_ID: Field = field("external-id", "/config/externalId", Text, "Your own id");
const LABELS: Field = field(
    "label",
    "/config/labelIds",
    Texts,
    "Id of a label; repeat it for more",
);
const PROPERTIES: Field = field(
    "property",
    "/config/properties",
    Pairs,
    "name=value of a free property; repeat it for more",
);
const LATITUDE: Field = field(
    "latitude",
    "/config/geofence/latitude",
    Number,
    "Degrees north",
);
const LONGITUDE: Field = field(
    "longitude",
    "/config/geofence/longitude",
    Number,
    "Degrees east",
);
const RADIUS: Field = field(
    "radius",
    "/config/geofence/radius",
    Number,
    "Metres around it",
);
const CIRCLE: &[(&str, &str, &str)] = &[
    ("latitude", "/config/geofence/type", "Circle"),
    ("longitude", "/config/geofence/type", "Circle"),
    ("radius", "/config/geofence/type", "Circle"),
];
const BY_LABEL: Field = field(
    "label",
    "labelId",
    Text,
    "Only those with the label of this id",
);
const BY_EXTERNAL_ID: Field = field(
    "external-id",
    "externalId",
    Text,
    "Only the one with your id",
);

/// All kinds, parents before their children.
#[rustfmt::skip] // one line a field
pub(crate) static KINDS: &[Kind] = &[
    Kind {
        plural: "accounts", singular: "account", path: "/v2/accounts",
        about: "Accounts: yours, and all of them for owners of the first",
        verbs: Verbs::All,
        filters: &[],
        of: &[],
        fields: &[
            NAME,
            field("time-zone", "/config/timeZone", Text, "IANA time zone"),
            field("require-marketing-consent", "/config/privacy/requireMarketingConsent", Flag, "true if campaigns that do not say are for those who agreed to marketing only"),
            field("sensitive-category", "/config/privacy/sensitiveCategories", Texts, "Category of places that are sensitive; repeat it for more"),
            field("cors-origin", "/config/corsOrigins", Texts, "Origin of pages that may call the API; repeat it for more"),
        ],
        implied: &[],
        columns: &["accountId", "config.name", "config.timeZone"],
        actions: &[],
        example: "moca accounts create --name 'City of Madrid' --time-zone Europe/Madrid",
    },
    Kind {
        plural: "members", singular: "member", path: "/v2/members",
        about: "Members: the people who operate the account",
        verbs: Verbs::All,
        filters: &[],
        of: &[],
        fields: &[
            NAME,
            field("email", "/config/email", Text, "E-mail address"),
            field("role", "/config/role", Text, "owner, admin, editor, analyst or viewer"),
        ],
        implied: &[],
        columns: &["memberId", "config.name", "config.email", "config.role"],
        actions: &[],
        example: "moca members create --name Ana --email ana@example.com --role editor",
    },
    Kind {
        plural: "tokens", singular: "token", path: "/v2/tokens",
        about: "Tokens of members; the secret is printed once, when one is created",
        verbs: Verbs::All,
        filters: &[field("member", "memberId", Text, "Only those of the member of this id")],
        of: &[],
        fields: &[
            field("member", "/memberId", Text, "Id of the member it stands for [default: you]"),
            NAME,
            field("expires-at", "/config/expiresAt", Moment, "When it ends"),
            field("role", "/config/role", Text, "A role below the member's"),
            field("scope", "/config/scopes", Texts, "What it may do within its role, for example places:read or '*:read'; repeat it for more [default: all]"),
        ],
        implied: &[],
        columns: &["tokenId", "memberId", "config.name", "config.role", "config.scopes", "config.expiresAt", "lastUsedAt"],
        actions: &[],
        example: "moca tokens create --name 'Night import' --role editor --expires-at 2027-01-01T00:00:00Z",
    },
    Kind {
        plural: "apps", singular: "app", path: "/v2/apps",
        about: "Apps whose devices are followed",
        verbs: Verbs::All,
        filters: &[],
        of: &[],
        fields: &[
            NAME,
            DESCRIPTION,
            field("app-url", "/config/appUrl", Text, "Where it is"),
            field("version", "/config/version", Text, "Version"),
            CATEGORY,
            field("icon-url", "/config/iconUrl", Text, "Where its icon is"),
            field("approx-app-size", "/config/approxAppSize", Text, "Size, roughly"),
            field("production", "/config/production", Flag, "Whether it is in production"),
        ],
        implied: &[],
        columns: &["appId", "config.name", "config.production"],
        actions: &[("secret", "Make a new secret; devices may come with the old one for a day")],
        example: "moca apps create --name 'City guide' --production true",
    },
    Kind {
        plural: "labels", singular: "label", path: "/v2/labels",
        about: "Labels on places, zones and beacons",
        verbs: Verbs::All,
        filters: &[],
        of: &[],
        fields: &[NAME, field("color", "/config/color", Text, "Colour, for example #2a9d8f")],
        implied: &[],
        columns: &["labelId", "config.name", "config.color"],
        actions: &[],
        example: "moca labels create --name VIP --color '#2a9d8f'",
    },
    Kind {
        plural: "places", singular: "place", path: "/v2/places",
        about: "Places with their geofences",
        verbs: Verbs::All,
        filters: &[
            BY_LABEL, BY_EXTERNAL_ID,
            field("near", "near", Text, "Only those that come within metres of a point: LATITUDE,LONGITUDE,METRES"),
            field("bbox", "bbox", Text, "Only those in a box of degrees: WEST,SOUTH,EAST,NORTH"),
        ],
        of: &[],
        fields: &[
            NAME, LATITUDE, LONGITUDE, RADIUS,
            field("address", "/config/address", Text, "Address"),
            field("time-zone", "/config/timeZone", Text, "IANA time zone"),
            CATEGORY, EXTERNAL_ID, PROVIDER, LABELS, PROPERTIES,
            field("location-provider", "/config/locationProvider", Form::Json, "Who finds positions inside, as JSON"),
            field("floor-plan-provider", "/config/floorPlanProvider", Form::Json, "Who draws the floor plans, as JSON"),
            field("presence", "/config/presence", Form::Json, "How it is entered and left, as JSON"),
            field("sensitive", "/config/sensitive", Flag, "true if it is never to trigger anything or be counted"),
        ],
        implied: CIRCLE,
        columns: &["placeId", "config.name", "config.externalId", "config.category"],
        actions: &[],
        example: "moca places create --name 'Plaza Mayor' --latitude 40.4154 --longitude -3.7074 --radius 150",
    },
    Kind {
        plural: "zones", singular: "zone", path: "/v2/zones",
        about: "Zones: parts of a place, groups of beacons",
        verbs: Verbs::All,
        filters: &[field("place", "placeId", Text, "Only those of the place of this id"), BY_LABEL, BY_EXTERNAL_ID],
        of: &[],
        fields: &[
            field("place", "/placeId", Text, "Id of the place it is part of"),
            NAME,
            field("short-id", "/config/shortId", Text, "Short code, unique in place and floor"),
            field("floor", "/config/floorNumber", Integer, "Floor"),
            CATEGORY, PROVIDER, EXTERNAL_ID, LATITUDE, LONGITUDE, RADIUS, LABELS,
        ],
        implied: CIRCLE,
        columns: &["zoneId", "placeId", "config.name", "config.floorNumber", "config.externalId"],
        actions: &[],
        example: "moca zones create --place PLACE_ID --name Gate --floor 0",
    },
    Kind {
        plural: "beacons", singular: "beacon", path: "/v2/beacons",
        about: "Beacons: the fleet",
        verbs: Verbs::All,
        filters: &[
            field("place", "placeId", Text, "Only those in zones of the place of this id"),
            field("zone", "zoneId", Text, "Only those of the zone of this id"),
            field("type", "type", Text, "Only those that send this: IBeacon or EddystoneUid"),
            BY_LABEL, BY_EXTERNAL_ID,
        ],
        of: &[],
        fields: &[
            NAME,
            field("proximity-uuid", "/config/proximityUuid", Text, "UUID of an iBeacon"),
            field("major", "/config/major", Integer, "Major of an iBeacon"),
            field("minor", "/config/minor", Integer, "Minor of an iBeacon"),
            field("namespace", "/config/namespace", Text, "Namespace of an Eddystone-UID, 20 hexadecimal digits"),
            field("instance", "/config/instance", Text, "Instance of an Eddystone-UID, 12 hexadecimal digits"),
            field("zone", "/config/zoneId", Text, "Id of the zone it hangs in"),
            PROVIDER,
            field("code", "/config/code", Text, "Code handed to apps"),
            field("latitude", "/config/location/latitude", Number, "Degrees north"),
            field("longitude", "/config/location/longitude", Number, "Degrees east"),
            field("floor", "/config/floorNumber", Integer, "Floor"),
            field("tx-power", "/config/txPowerDbm", Integer, "Power at one metre, dBm"),
            EXTERNAL_ID, LABELS, PROPERTIES,
        ],
        implied: &[
            ("proximity-uuid", "/config/type", "IBeacon"),
            ("namespace", "/config/type", "EddystoneUid"),
        ],
        columns: &["beaconId", "config.name", "config.type", "config.zoneId", "config.externalId"],
        actions: &[],
        example: "moca beacons create --proximity-uuid f7826da6-4fa2-4e98-8024-bc5b71e0893e --major 1 --minor 2",
    },
    Kind {
        plural: "campaign-groups", singular: "campaign group", path: "/v2/campaign-groups",
        about: "Campaign groups: campaigns of an app that belong together",
        verbs: Verbs::All,
        filters: &[field("app", "appId", Text, "Only those of the app of this id")],
        of: &[],
        fields: &[field("app", "/appId", Text, "Id of the app"), NAME, DESCRIPTION],
        implied: &[],
        columns: &["campaignGroupId", "appId", "config.name"],
        actions: &[],
        example: "moca campaign-groups create --app APP_ID --name Summer",
    },
    Kind {
        plural: "tags", singular: "tag", path: "/v2/tags",
        about: "Tags: numbers that apps keep on their devices",
        verbs: Verbs::All,
        filters: &[field("app", "appId", Text, "Only those of the app of this id")],
        of: &[],
        fields: &[field("app", "/appId", Text, "Id of the app"), NAME, DESCRIPTION],
        implied: &[],
        columns: &["tagId", "appId", "config.name", "instanceCount"],
        actions: &[],
        example: "moca tags create --app APP_ID --name museum --description 'Museums that were visited'",
    },
    Kind {
        plural: "segments", singular: "segment", path: "/v2/segments",
        about: "Segments: parts of an app's audience, by a query",
        verbs: Verbs::All,
        filters: &[field("app", "appId", Text, "Only those of the app of this id"), BY_EXTERNAL_ID],
        of: &[],
        fields: &[
            field("app", "/appId", Text, "Id of the app"),
            NAME, DESCRIPTION,
            field("type", "/config/type", Text, "Query, or Static for one whose members are chosen [default: Query]"),
            field("query", "/config/query", Text, "Whom it holds, for example '{\"lang\":\"es\"}'"),
            EXTERNAL_ID,
        ],
        implied: &[],
        columns: &["segmentId", "appId", "config.name", "config.query"],
        actions: &[],
        example: "moca segments create --app APP_ID --name Spanish --query '{\"lang\":{\"$startsWith\":\"es\"}}'",
    },
    Kind {
        plural: "imports", singular: "import", path: "/v2/imports",
        about: "Imports: files that are taken in, the oldest first",
        verbs: Verbs::Erase,
        filters: &[
            field("kind", "kind", Text, "Only those of places, zones or beacons"),
            field("member", "memberId", Text, "Only those that the member of this id sent"),
            field("status", "status", Text, "Only those that are Pending, Running, Completed, Failed or Cancelled"),
            field("search", "q", Text, "Only those with this text in their name"),
        ],
        of: &[],
        fields: &[],
        implied: &[],
        columns: &["importId", "config.name", "config.kind", "status", "rows", "created", "updated", "refused"],
        actions: &[("cancel", "Stop it; what it has taken in stays")],
        example: "moca imports list",
    },
    Kind {
        plural: "campaigns", singular: "campaign", path: "/v2/campaigns",
        about: "Campaigns of apps",
        verbs: Verbs::All,
        filters: &[
            field("app", "appId", Text, "Only those of the app of this id"),
            field("group", "groupId", Text, "Only those of the campaign group of this id"),
            field("segment", "segmentId", Text, "Only those for the segment of this id"),
            field("status", "status", Text, "Only those that are Draft, Scheduled, Running, Finished, Stopped or Archived now"),
        ],
        of: &[],
        fields: &[
            field("app", "/appId", Text, "Id of the app"),
            NAME, DESCRIPTION,
            field("type", "/config/type", Text, "Proximity or Push [default: Proximity]"),
            field("segment", "/config/segmentId", Text, "Id of the segment it is for [default: everybody]"),
            field("start-at", "/config/startAt", Moment, "First moment"),
            field("end-at", "/config/endAt", Moment, "First moment after; a Push campaign may have none"),
            field("group", "/config/groupId", Text, "Id of the campaign group it belongs to"),
            field("require-marketing-consent", "/config/requireMarketingConsent", Flag, "true for those who agreed to marketing only"),
            field("display-cap", "/config/displayCap", Integer, "Messages at most, for one instance"),
            field("display-wait-ms", "/config/displayWaitMs", Integer, "Milliseconds between two of its messages"),
            field("recurrence", "/config/recurrence", Form::Json, "Hours and days, as {\"hoursOfDay\":[9],\"daysOfWeek\":[2]}"),
            field("priority", "/config/priority", Integer, "Which of several that would fire in the same moment does [default: 0]"),
            field("holdout-percent", "/config/holdoutPercent", Integer, "How many of a hundred instances get nothing of it"),
        ],
        implied: &[("name", "/config/type", "Proximity")],
        columns: &["campaignId", "appId", "config.name", "status", "config.startAt", "config.endAt"],
        actions: &[
            ("start", "Start it: it runs from its first moment to its last"),
            ("stop", "Stop it until it is started again"),
            ("archive", "Put it away"),
        ],
        example: "moca campaigns create --app APP_ID --name Welcome --start-at 2026-12-01T00:00:00Z --end-at 2027-01-01T00:00:00Z",
    },
    Kind {
        plural: "replays", singular: "replay", path: "/v2/replays",
        about: "Replays: campaigns over recorded history, the oldest first",
        verbs: Verbs::Erase,
        filters: &[
            field("app", "appId", Text, "Only those of campaigns of the app of this id"),
            field("campaign", "campaignId", Text, "Only those of the campaign of this id"),
            field("status", "status", Text, "Only those that are Pending, Running, Completed, Failed or Cancelled"),
        ],
        of: &[],
        fields: &[],
        implied: &[],
        columns: &["replayId", "campaignId", "draft", "status", "rowsDone", "rowsTotal", "triggers"],
        actions: &[("cancel", "Stop it")],
        example: "moca replays get REPLAY_ID --output json",
    },
    Kind {
        plural: "experiences", singular: "experience", path: "/v2/experiences",
        about: "Experiences of campaigns: a trigger and an action",
        verbs: Verbs::All,
        filters: &[
            field("app", "appId", Text, "Only those of campaigns of the app of this id"),
            field("campaign", "campaignId", Text, "Only those of the campaign of this id"),
            field("place", "placeId", Text, "Only those that wait at the place of this id"),
            field("zone", "zoneId", Text, "Only those that wait at the zone of this id"),
            field("beacon", "beaconId", Text, "Only those that wait at the beacon of this id"),
            field("enabled", "enabled", Flag, "Only those that may fire, or only those that may not"),
        ],
        of: &[],
        fields: &[
            field("campaign", "/campaignId", Text, "Id of the campaign"),
            NAME, DESCRIPTION,
            field("repeat", "/config/repeat", Text, "When it may fire again, for example NextDay"),
            field("enabled", "/config/enabled", Flag, "Whether it fires"),
            field("trigger", "/trigger", Form::Json, "When it fires, as JSON"),
            field("action", "/action", Form::Json, "What it does, as JSON"),
        ],
        implied: &[],
        columns: &["experienceId", "campaignId", "config.name", "trigger.@type", "config.repeat", "config.enabled"],
        actions: &[],
        example: "moca experiences create --campaign CAMPAIGN_ID -f hello.yaml",
    },
    Kind {
        plural: "notifications", singular: "notification", path: "/v2/notifications",
        about: "Notifications of Push campaigns: a trigger, an audience and an action",
        verbs: Verbs::All,
        filters: &[
            field("app", "appId", Text, "Only those of campaigns of the app of this id"),
            field("campaign", "campaignId", Text, "Only those of the campaign of this id"),
            field("segment", "segmentId", Text, "Only those for the segment of this id"),
            field("status", "status", Text, "Only those that are Draft, Pending, Enqueued, Sending, Completed or Cancelled"),
        ],
        of: &[],
        fields: &[
            field("campaign", "/campaignId", Text, "Id of the campaign"),
            NAME, DESCRIPTION,
            field("trigger", "/trigger", Form::Json, "When it is sent, as JSON"),
            field("audience", "/audience", Form::Json, "To whom, as JSON"),
            field("action", "/action", Form::Json, "What is sent, as JSON"),
            field("draft", "/options/draft", Flag, "Whether it is not ready to be sent yet"),
            field("dry-run-only", "/options/dryRun", Flag, "Whether it is only found out who would get it"),
        ],
        implied: &[],
        columns: &["notificationId", "campaignId", "config.name", "status.state", "status.targeted", "status.accepted"],
        actions: &[("cancel", "Stop it; what went out is not called back")],
        example: "moca notifications create --campaign CAMPAIGN_ID -f tonight.yaml",
    },
    Kind {
        plural: "webhooks", singular: "webhook", path: "/v2/webhooks",
        about: "Webhooks: addresses of yours that are told what happens",
        verbs: Verbs::All,
        filters: &[
            field("app", "appId", Text, "Only those for the app of this id alone"),
            field("campaign", "campaignId", Text, "Only those for the campaign of this id alone"),
            field("status", "status", Text, "Only those that are Active, or Disabled"),
        ],
        of: &[],
        fields: &[
            NAME, DESCRIPTION,
            field("url", "/config/url", Text, "Where to send to; https only"),
            field("event", "/config/events", Texts, "Which events, for example place.*; may be given several times"),
            field("format", "/config/format", Text, "Standard or CloudHook [default: Standard]"),
            field("app", "/config/appId", Text, "Only what happens in the app of this id"),
            field("campaign", "/config/campaignId", Text, "Only what is about the campaign of this id"),
            field("enabled", "/config/enabled", Flag, "Whether it is sent to"),
        ],
        implied: &[],
        columns: &["webhookId", "config.name", "config.url", "status.state", "status.reason", "health.waiting"],
        actions: &[
            ("secret", "Make a new secret and show it; the old one is signed with too for a day"),
            ("test", "Send a test and show what came of it"),
        ],
        example: "moca webhooks create --name Loyalty --url https://loyalty.example.com/moca --event 'place.*'",
    },
    Kind {
        plural: "instances", singular: "instance", path: "/v2/instances",
        about: "Instances: apps on devices, as they were last heard of",
        verbs: Verbs::Erase,
        filters: &[
            needed("app", "appId", Text, "Those of the app of this id"),
            field("user", "userId", Text, "Only those of the user with this id of the app's own"),
            field("search", "q", Text, "Only those of users with this text in their id"),
        ],
        of: &[],
        fields: &[],
        implied: &[],
        columns: &["instanceId", "userId", "deviceModel", "os", "lastSeenAt"],
        actions: &[],
        example: "moca instances list --app APP_ID",
    },
    Kind {
        plural: "users", singular: "user", path: "/v2/users",
        about: "Users: people whom an app has identified",
        verbs: Verbs::Erase,
        filters: &[
            needed("app", "appId", Text, "Those of the app of this id"),
            field("search", "q", Text, "Only those with this text in their id"),
        ],
        of: &[needed("app", "appId", Text, "The app, whose own ids these are")],
        fields: &[],
        implied: &[],
        columns: &["userId", "instanceCount", "createdAt", "updatedAt"],
        actions: &[],
        example: "moca users get --app APP_ID u-7",
    },
    Kind {
        plural: "decisions", singular: "decision", path: "/v2/decisions",
        about: "Decisions: what became of every trigger that came true",
        verbs: Verbs::ListOnly,
        filters: &[
            needed("app", "appId", Text, "Those of the app of this id"),
            field("instance", "instanceId", Text, "Only those of this instance"),
            field("campaign", "campaignId", Text, "Only those of this campaign"),
            field("experience", "experienceId", Text, "Only those of this experience"),
            field("outcome", "outcome", Text, "Only those with this outcome, for example Fired or RepeatInterval"),
            field("from", "from", Moment, "Event times from here"),
            field("to", "to", Moment, "Event times before this"),
        ],
        of: &[],
        fields: &[],
        implied: &[],
        columns: &["at", "instanceId", "experienceId", "outcome", "messageId"],
        actions: &[],
        example: "moca decisions list --app APP_ID --from 2026-12-01T00:00:00Z",
    },
    Kind {
        plural: "audit-events", singular: "audit event", path: "/v2/audit-events",
        about: "Audit events: who did what to what; `moca check audit` looks whether all are there",
        verbs: Verbs::ReadOnly,
        filters: &[
            field("from", "from", Moment, "Those from here"),
            field("to", "to", Moment, "Those before this"),
            field("kind", "kind", Text, "Only those on things of this kind, for example place or user"),
            field("object", "objectId", Text, "Only those on the object, instance or user with this id"),
            field("member", "memberId", Text, "Only what the member of this id did"),
            field("action", "action", Text, "create, update, delete, read, export or erase"),
            field("sort", "sort", Text, "at for the oldest first [default: -at]"),
        ],
        of: &[],
        fields: &[],
        implied: &[],
        columns: &["at", "action", "kind", "objectId", "personHash", "actor.type", "actor.memberId", "route", "auditEventId"],
        actions: &[],
        example: "moca audit-events list --kind place --action delete --from 2026-12-01T00:00:00Z",
    },
];

impl Kind {
    /// The row of a command.
    pub(crate) fn named(plural: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.plural == plural)
    }

    /// Whether people make and change these; such lists can be searched and sorted.
    pub(crate) fn is_managed(&self) -> bool {
        matches!(self.verbs, Verbs::All)
    }
}
