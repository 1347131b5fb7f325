//! Every limit of the system, with its unit and its reason. Errors quote these values.

/// Bytes of a request body as sent; enough for 1 000 events with properties.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a request body once decompressed; stops a small bomb from filling the memory.
pub const BODY_INFLATED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a request body, as sent and once decompressed, of a call that tells of one thing of few parts,
/// such as a registration or a tag: a hundred properties with texts of 1 000 letters fit.
pub const SMALL_BODY_BYTES_MAX: usize = 256 * 1024;
/// Bytes of memory that one JSON document may take once it is read, by an estimate that errs upwards:
/// `[{},{},…]` takes two hundred times its text. Room for 300 000 vertices of polygons in one body.
pub const JSON_MEMORY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of memory that all large bodies take together from when they are decompressed until they are
/// answered; who comes when it is used up waits. Three of the heaviest.
pub const BODIES_MEMORY_BYTES_MAX: usize = 192 * 1024 * 1024;
/// Bytes of the largest body that is read on the threads that serve requests, and outside of
/// [`BODIES_MEMORY_BYTES_MAX`]: that takes about a millisecond, and others wait no longer.
pub const BODY_INLINE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a body that was refused which are still read and thrown away, so that the refusal gets
/// through to a client that sends all before it listens.
pub const BODY_DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Nesting of arrays and objects in a JSON body; deeper ones only serve to exhaust a parser.
pub const JSON_DEPTH_MAX: usize = 64;
/// Bytes of path and query together; longer ones are not read by common proxies either.
pub const URL_BYTES_MAX: usize = 8 * 1024;
/// Bytes of the fields in the head of a request; browsers and proxies send a few thousand.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Fields in the head of a request; browsers send about twenty.
pub const HEAD_FIELDS_MAX: usize = 100;
/// Milliseconds a request may take to arrive, from its head to the end of its body.
pub const REQUEST_ARRIVAL_MS_MAX: u64 = 30_000;
/// Milliseconds a request may take to be answered once it has arrived.
pub const REQUEST_WORK_MS_MAX: u64 = 30_000;
/// Validation faults listed in one answer; more do not help to repair a body.
pub const FAULTS_MAX: usize = 100;

/// Objects on a page unless the client says otherwise.
pub const PAGE_LIMIT_DEFAULT: i64 = 50;
/// Objects on a page at most: an answer stays within a few megabytes.
pub const PAGE_LIMIT_MAX: i64 = 1_000;
/// Highest index of the first object of a page.
pub const PAGE_OFFSET_MAX: i64 = 10_000_000;
/// Items of one batch request.
pub const BATCH_ITEMS_MAX: usize = 1_000;

/// Milliseconds that a device may ask to wait for a message: proxies cut what is silent for longer.
pub const MESSAGE_WAIT_MS_MAX: u64 = 60_000;
/// Milliseconds without a message after which a stream shows that it is alive, and looks whether its
/// token still counts.
pub const MESSAGE_HEARTBEAT_MS: u64 = 15_000;
/// Milliseconds after which a stream of messages ends, so that connections spread anew over what they
/// were balanced over.
pub const MESSAGE_STREAM_MS: u64 = 900_000;
/// Milliseconds after which the client of a stream that ended should come again.
pub const MESSAGE_RECONNECT_MS: u64 = 1_000;
/// Devices that wait for messages at a time, by long poll or stream: a connection each.
pub const WAITING_MAX: usize = 50_000;

/// Regions of a bundle if nothing else is asked for: what iOS watches for an app.
pub const BUNDLE_REGIONS_DEFAULT: i64 = 20;
/// Fewest regions: one, and the circle whose exit asks for others.
pub const BUNDLE_REGIONS_MIN: i64 = 2;
/// Most regions: what Android watches for an app.
pub const BUNDLE_REGIONS_MAX: i64 = 100;
/// Milliseconds from the beginning of its slot after which a bundle no longer decides: campaigns and
/// segments change, and a device comes to a network within a day.
pub const BUNDLE_MS: i64 = 24 * 3_600_000;
/// Milliseconds of a slot, in which all bundles expire at one time: as long, one is the same again.
pub const BUNDLE_SLOT_MS: i64 = 6 * 3_600_000;
/// Experiences, places, zones, beacons and corners of geofences in one bundle: some megabytes.
pub const BUNDLE_PARTS_MAX: usize = 20_000;
/// Bytes of texts in one bundle: those beyond are left to the inbox.
pub const BUNDLE_TEXT_BYTES_MAX: usize = 1_000_000;
/// Lines a degree of the grid that positions are rounded to for a bundle: 111 metres.
pub const POSITION_LINES_PER_DEGREE: f64 = 1_000.0;
/// Least metres of the circle whose exit asks for other regions: systems notice no shorter way.
pub const REFRESH_M_MIN: f64 = 200.0;
/// Metres at which a beacon may be heard, in the open.
pub const BEACON_RANGE_M: f64 = 100.0;
/// Apps whose offers are kept: each may have megabytes.
pub const OFFERS_KEPT_MAX: usize = 1_000;

/// Exports at a time: each holds one of the [`CONTROL_READERS`].
pub const EXPORTS_AT_ONCE: usize = 2;
/// Milliseconds an export waits for a client that takes nothing.
pub const EXPORT_STALL_MS_MAX: u64 = 30_000;

/// Bytes of a file that is imported, decompressed; some ten million places. A larger one is cut up.
pub const IMPORT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes of one row of such a file: as many as a body that makes the object may have.
pub const IMPORT_ROW_BYTES_MAX: usize = BODY_BYTES_MAX;
/// Elements of a KML file that may be in one another, such as folders.
pub const IMPORT_NESTING_MAX: usize = 100;
/// Rows of an import that are done in one transaction: others have to write meanwhile.
pub const IMPORT_CHUNK_ROWS_MAX: usize = 4_000;
/// Bytes of the file after which a chunk takes in no further row: bounds its memory when rows are
/// large.
pub const IMPORT_CHUNK_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a file that have to arrive in the time that any other body has as a whole: so slow a
/// line takes a day for 200 megabytes, and a slower one holds a place for nothing.
pub const UPLOAD_PROGRESS_BYTES_MIN: usize = 64 * 1024;
/// Files that arrive at a time.
pub const UPLOADS_AT_ONCE: usize = 8;
/// Characters of the map of an import.
pub const IMPORT_MAP_CHARS_MAX: usize = 4_000;
/// Metres around an imported point that has no radius of its own, unless another is asked for.
pub const IMPORT_RADIUS_M: f64 = 100.0;
/// Imports of an account that wait or are under way: their files lie on the server's disk.
pub const IMPORTS_UNFINISHED_MAX: i64 = 10;
/// Imports of an account that are remembered; the oldest that are done are forgotten.
pub const IMPORTS_KEPT_MAX: i64 = 1_000;
/// Milliseconds for which an import that is done is remembered: 30 days.
pub const IMPORTS_KEPT_MS: i64 = 30 * 86_400_000;
/// Accounts whose imports take turns; those of others wait until one is done.
pub const IMPORTS_AT_ONCE: usize = 16;
/// Refusals kept of an import: who has more repairs the file and imports it again. All are counted.
pub const REFUSALS_KEPT_MAX: i64 = 10_000;
/// Characters of a field's name in a refusal: it comes from the file.
pub const REFUSAL_FIELD_CHARS_MAX: usize = 200;
/// Attempts at a chunk that the store does not take, about a second apart.
pub const IMPORT_ATTEMPTS_MAX: u32 = 60;

/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 200;
/// Characters of a description or an address.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// Characters of short codes: categories, versions, providers, external ids.
pub const CODE_CHARS_MAX: usize = 255;
/// Milliseconds after which another use of a token is noted: who asks whether one is in use does not
/// need to know the second.
pub const TOKEN_USE_MS: i64 = 60_000;
/// Milliseconds between two times at which uses of tokens are written down.
pub const TOKEN_USE_FLUSH_MS: u64 = 30_000;
/// Tokens whose use waits to be written down; of more, the next use is noted.
pub const TOKEN_USES_WAITING_MAX: usize = 100_000;
/// Characters of a URL.
pub const LINK_CHARS_MAX: usize = 2_048;
/// Characters of a secret of somebody else's service.
pub const SECRET_CHARS_MAX: usize = 1_000;
/// Push credentials of one app.
pub const TARGETS_MAX: usize = 20;
/// Characters of a registration token of a push service: Google gives some 160 and promises no limit.
pub const PUSH_TOKEN_CHARS_MAX: usize = 4_096;
/// Characters of a key or certificate in PEM: one with the chain of its issuers, generously.
pub const PEM_CHARS_MAX: usize = 20_000;
/// Milliseconds that the old secret of an app is taken after a new one was made, unless said otherwise:
/// whoever ships a new version of an app in a day needs say nothing.
pub const SECRET_OVERLAP_MS: i64 = 24 * 3_600_000;
/// Milliseconds that it is taken at most: people update their apps within a year, or never.
pub const SECRET_OVERLAP_MS_MAX: i64 = 366 * 86_400_000;
/// Length of a side of a floor plan, in pixels or whatever its vendor counts in.
pub const PLAN_SIDE_MAX: f64 = 1_000_000.0;
/// Floors of a place: more than any building has.
pub const FLOORS_MAX: i64 = 1_000;
/// Square metres of a place: a hundred square kilometres.
pub const AREA_M2_MAX: f64 = 100_000_000.0;
/// Properties on one object, event or profile.
pub const PROPERTIES_MAX: usize = 100;
/// Characters of a property's name.
pub const PROPERTY_NAME_CHARS_MAX: usize = 100;
/// Characters of a property's text value.
pub const PROPERTY_TEXT_CHARS_MAX: usize = 1_000;
/// Items of a property that is a list.
pub const PROPERTY_LIST_MAX: usize = 100;
/// Labels on one object.
pub const LABELS_MAX: usize = 50;
/// Beacons of one zone.
pub const ZONE_BEACONS_MAX: usize = 10_000;
/// Allowed CORS origins of an account.
pub const CORS_ORIGINS_MAX: usize = 50;
/// Characters of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Milliseconds an `Idempotency-Key` is remembered.
pub const IDEMPOTENCY_KEPT_MS: i64 = 24 * 3_600_000;

/// Smallest radius of a circle in metres: below it no phone can tell inside from outside.
pub const RADIUS_M_MIN: f64 = 1.0;
/// Largest radius of a circle in metres.
pub const RADIUS_M_MAX: f64 = 100_000.0;
/// Vertices of one polygon or multipolygon, in all its rings, closing positions not counted: enough
/// for the border of a country to a few hundred metres, and a test of validity stays within 50 ms.
pub const AREA_VERTICES_MAX: usize = 10_000;
/// Degrees a longitude of a ring may be away from Greenwich: rings that step over ±180 may go on
/// counting, once around at most.
pub const AREA_LONGITUDE_MAX: f64 = 360.0;
/// Places that a list with `near` measures at most: a page must not take seconds.
pub const NEAR_CANDIDATES_MAX: i64 = 50_000;
/// Places in a `bbox` that are sorted for a page; of more, the first are found by walking in order.
pub const REGION_SORTED_MAX: i64 = 50_000;
/// Lowest and highest floor number.
pub const FLOOR_MIN: i64 = -1_000;
/// See [`FLOOR_MIN`].
pub const FLOOR_MAX: i64 = 1_000;

/// Weakest calibrated power of a beacon at one metre, dBm (Eddystone-UID's range).
pub const TX_POWER_DBM_MIN: i64 = -100;
/// Strongest calibrated power of a beacon at one metre, dBm.
pub const TX_POWER_DBM_MAX: i64 = 20;

/// Bytes of the content of an action in one language (documented for `ShowHtmlAction`).
pub const ACTION_CONTENT_BYTES_MAX: usize = 50_000;
/// Tags of a template, such as `{{ user.name }}`, in one text: bounds how deep they are in each other.
pub const TEMPLATE_TAGS_MAX: usize = 100;
/// What writing one text may cost, in steps of the template engine (a step also pays for some hundred
/// bytes): a text with [`TEMPLATE_TAGS_MAX`] tags and a loop over a full list needs a tenth of it.
pub const TEMPLATE_FUEL: u64 = 20_000;
/// Languages of a localised text.
pub const LOCALES_MAX: usize = 100;
/// Characters of the title of a notification in one language: no system shows more.
pub const PUSH_TITLE_CHARS_MAX: usize = 200;
/// Characters of the text of a notification in one language; push services take 4 KB in all.
pub const PUSH_BODY_CHARS_MAX: usize = 2_000;
/// Entries of the data that a notification carries for the app.
pub const PUSH_DATA_MAX: usize = 20;
/// Largest number on the icon of an app.
pub const PUSH_BADGE_MAX: i64 = 99_999;
/// Instances, or users, that the audience of a notification lists; a segment has more.
pub const AUDIENCE_LIST_MAX: usize = 1_000;
/// Bytes of a message to APNs and FCM.
pub const PUSH_BYTES_MAX: usize = 4_096;
/// Bytes of a message to a browser before encryption: RFC 8291 leaves so many of 4 096.
pub const WEB_PUSH_BYTES_MAX: usize = 3_993;
/// Messages of a notification that are sent before its progress is written down: so many may be sent
/// twice after a crash.
pub const PUSH_CHUNK_MAX: usize = 500;
/// Messages that wait for the answer of a push service at a time.
pub const PUSH_AT_ONCE: usize = 100;
/// Attempts at a message whose push service is busy or away.
pub const PUSH_ATTEMPTS_MAX: u8 = 8;
/// Milliseconds until the second attempt; each further one waits twice as long.
pub const PUSH_PAUSE_MS: i64 = 1_000;
/// Milliseconds between two attempts at most, whatever a push service asks for.
pub const PUSH_PAUSE_MS_MAX: i64 = 300_000;
/// Milliseconds a push service may take to answer.
pub const PUSH_ANSWER_MS_MAX: u64 = 10_000;
/// Bytes of an answer of a push service that are read: its reason stands in the first hundred.
pub const PUSH_ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Milliseconds a push service keeps a message for a device that is off: four weeks, as long as any does.
pub const PUSH_KEPT_MS: i64 = 28 * 86_400_000;
/// Milliseconds between two looks whether a notification is due.
pub const PUSH_LOOK_MS: u64 = 1_000;
/// Notifications that are sent at a time, a chunk each in turn.
pub const NOTIFICATIONS_AT_ONCE: usize = 8;
/// Milliseconds from one look for notifications that were deleted to the next: whom they went to is forgotten.
pub const ADDRESSED_LOOK_MS: i64 = 3_600_000;
/// Types and families of events that one webhook lists.
pub const WEBHOOK_EVENTS_MAX: usize = 50;
/// Random bytes of the secret of a webhook: Standard Webhooks asks for 24 to 64.
pub const WEBHOOK_SECRET_BYTES: usize = 32;
/// Milliseconds that a receiver may take to answer: Standard Webhooks advises 15 to 30 seconds.
pub const WEBHOOK_ANSWER_MS_MAX: u64 = 15_000;
/// Milliseconds from each attempt at a delivery to the next: ten attempts in 75 hours and a half, as
/// Standard Webhooks advises. After the last one it is given up.
pub const WEBHOOK_PAUSES_MS: [i64; 9] = [
    5_000,
    5 * 60_000,
    30 * 60_000,
    2 * 3_600_000,
    5 * 3_600_000,
    10 * 3_600_000,
    14 * 3_600_000,
    20 * 3_600_000,
    24 * 3_600_000,
];
/// Percent by which such a pause is longer at most, so that what failed together does not come together.
pub const WEBHOOK_JITTER_PERCENT: i64 = 10;
/// Milliseconds that a delivery waits for its turn at most, as when the receiver is away: as long as its
/// attempts would take.
pub const WEBHOOK_WAIT_MS_MAX: i64 = 76 * 3_600_000;
/// Milliseconds without a success after which a webhook that is tried is disabled: five days, longer than
/// any delivery waits.
pub const WEBHOOK_FAILING_MS_MAX: i64 = 5 * 86_400_000;
/// Deliveries of one webhook that wait at a time; what happens beyond is counted, and not told. Some 400
/// bytes on disk each.
pub const WEBHOOK_WAITING_MAX: i64 = 1_000_000;
/// Deliveries of one webhook that were taken, and as many that were given up, which can still be looked at
/// and repeated; the oldest go first.
pub const WEBHOOK_DONE_KEPT_MAX: i64 = 100_000;
/// Milliseconds for which they can: 30 days.
pub const WEBHOOK_DONE_KEPT_MS: i64 = 30 * 86_400_000;
/// Requests to one receiver under way at a time. One that fails gets a single one.
pub const WEBHOOK_AT_ONCE: usize = 16;
/// Failures in a row after which a receiver is given a pause as a whole.
pub const WEBHOOK_FAILURES_MAX: u32 = 5;
/// Milliseconds of the first such pause; each further one is twice as long.
pub const WEBHOOK_PAUSE_MS: i64 = 1_000;
/// Milliseconds of such a pause at most: a receiver that is back waits no longer.
pub const WEBHOOK_PAUSE_MS_MAX: i64 = 5 * 60_000;
/// Milliseconds that a receiver may ask for by `Retry-After`.
pub const WEBHOOK_RETRY_AFTER_MS_MAX: i64 = 3_600_000;
/// Milliseconds between two looks whether a delivery is due, or a webhook is another.
pub const WEBHOOK_LOOK_MS: u64 = 1_000;
/// Replays of an account that wait or are under way: each reads the whole event log.
pub const REPLAYS_UNFINISHED_MAX: i64 = 5;
/// Replays of an account that are remembered; the oldest that are done are forgotten.
pub const REPLAYS_KEPT_MAX: i64 = 50;
/// Decisions of a replay that are kept. One that makes more fails, and should ask for less time.
pub const REPLAY_DECISIONS_MAX: u64 = 10_000_000;
/// Instances that a replay has in memory, some kilobytes each: it reads the log again for so many more.
pub const REPLAY_INSTANCES_AT_ONCE: u64 = 50_000;
/// Rows of the event log between two looks whether a replay was cancelled, and how far it has come.
pub const REPLAY_ROWS_AT_ONCE: u64 = 2_000;
/// Milliseconds that replays rest after a piece at most; they rest as long as it took by the clock, which may
/// be set meanwhile.
pub const REPLAY_REST_MS_MAX: i64 = 10_000;
/// Largest `displayCap`.
pub const DISPLAY_CAP_MAX: i64 = 1_000_000;
/// Largest `priority` of a campaign, and with a minus the smallest: enough to number all by hand.
pub const PRIORITY_MAX: i64 = 1_000;
/// Largest `displayWaitMs`: a year.
pub const DISPLAY_WAIT_MS_MAX: i64 = 366 * 86_400_000;

/// Characters of the query of a segment: room for all its conditions and long lists.
pub const SEGMENT_QUERY_CHARS_MAX: usize = 100_000;
/// How many `$all`, `$any`, `$not` and `$segment` may stand inside each other.
pub const SEGMENT_DEPTH_MAX: usize = 16;
/// Conditions of a query, those of the segments it names included: they are looked at for each
/// event that wakes a campaign.
pub const SEGMENT_LEAVES_MAX: usize = 500;
/// Values in a list of `$in` or `$nin`.
pub const SEGMENT_LIST_MAX: usize = 1_000;
/// Regular expressions of a query, those of the segments it names included.
pub const SEGMENT_PATTERNS_MAX: usize = 20;
/// Bytes of a regular expression once compiled: enough for a few classes of all scripts, and a search
/// of the longest text stays within milliseconds.
pub const SEGMENT_PATTERN_BYTES_MAX: usize = 64 * 1024;
/// Looks at all instances of an app at a time, each for one question: they take a core each.
pub const SEGMENT_SCANS_AT_ONCE: usize = 2;
/// Values kept with a decision that a segment stopped, and items of a value that is a list.
pub const SEGMENT_COMPARED_MAX: usize = 10;
/// Characters of such a value.
pub const SEGMENT_COMPARED_TEXT_CHARS_MAX: usize = 200;

/// Instances that one call names as the members of a static segment: all of them are one row of the
/// event log. Who has more marks them with a property or a tag, and asks for that by a query.
pub const SEGMENT_MEMBERS_MAX: usize = 10_000;
/// Users that it names besides: their ids may be long, and the body has to hold them.
pub const SEGMENT_MEMBER_USERS_MAX: usize = 1_000;

/// Events in one request of a device.
pub const EVENTS_MAX: usize = 1_000;
/// Bytes of one of them: [`SIGHTINGS_MAX`] sightings take 40 000, and as much is over for properties.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
/// Beacons in one sighting event.
pub const SIGHTINGS_MAX: usize = 200;
/// Milliseconds an event id is remembered at least, so that a repeat is ignored.
pub const EVENT_ID_KEPT_MS: i64 = 7 * 86_400_000;
/// Categories of places that an account may declare sensitive.
pub const SENSITIVE_CATEGORIES_MAX: usize = 100;
/// Milliseconds an event may lie in the future: device clocks drift.
pub const EVENT_AHEAD_MS_MAX: i64 = 10 * 60_000;
/// Oldest time of an event, a receipt or a consent that is accepted: 2000-01-01, before any app of this kind.
pub const EVENT_AT_MIN: i64 = 946_684_800_000;
/// Milliseconds by which an event may be older than the newest of its instance and still fire, and by
/// which a position or sighting may be older than the newest of these and still say something of presence.
pub const EVENT_LATE_MS_MAX: i64 = 10 * 60_000;
/// Parts of a composite trigger: more than a person can keep in mind.
pub const COMPOSITE_PARTS_MAX: usize = 10;
/// Largest `delayMs`: a week, beyond which nobody stays in one visit.
pub const DELAY_MS_MAX: i64 = 7 * 86_400_000;
/// Milliseconds after which an unseen beacon counts as left, unless its place says otherwise: phones in
/// a pocket miss a beacon for ten seconds and more.
pub const BEACON_EXIT_MS: i64 = 30_000;
/// The shortest such time: beacons send about once a second.
pub const BEACON_EXIT_MS_MIN: i64 = 1_000;
/// The longest such time: a day, beyond which nobody stays in one visit without being seen.
pub const BEACON_EXIT_MS_MAX: i64 = 86_400_000;
/// Milliseconds that the server must not have heard of a device until its own clock runs the device's
/// timers: one that was offline tells of the past for a while.
pub const SILENCE_MS: i64 = 30_000;
/// Metres of error beyond which a position is not accepted.
pub const ACCURACY_M_MAX: f64 = 100_000.0;
/// Exits of an instance that are kept, so that a late event does not tell of a visit that is known: as many
/// places and beacons as somebody passes in [`EVENT_LATE_MS_MAX`]. Of older ones late events say nothing.
pub const EXITS_KEPT_MAX: usize = 16;
/// Moments before the last at which an experience or campaign fired for an instance that are kept, so that
/// a late event keeps its distance from them too: more than any `repeat` with a pause lets fire in
/// [`EVENT_LATE_MS_MAX`]. Of older ones late events know nothing.
pub const FIRINGS_KEPT_MAX: usize = 16;
/// Positions of a device around which it is looked for places that it may have been in, when it is asked why
/// something did not fire at a past moment that is about no place.
pub const FIXES_AROUND_MAX: usize = 16;
/// How far around each of them, in metres: what is farther holds nobody in doubt.
pub const PLACES_AROUND_M: f64 = 1_000.0;
/// Metres outside a geofence at which nobody has left it yet, unless its place says otherwise. The
/// figures behind this and the confirmation are in `docs/presence.md`.
pub const EXIT_MARGIN_M: f64 = 20.0;
/// The widest such margin: more would be another place.
pub const EXIT_MARGIN_M_MAX: f64 = 10_000.0;
/// Milliseconds for which fixes too vague to be sure have to agree, unless the place says otherwise.
pub const CONFIRM_MS: i64 = 10_000;
/// The longest such time: an hour.
pub const CONFIRM_MS_MAX: i64 = 3_600_000;
/// The longest time in milliseconds between two positions for which a place can ask to look at the path
/// between them: after five minutes nobody knows which way somebody took.
pub const PATH_CROSSING_MS_MAX: i64 = 300_000;
/// Metres a second beyond which a path between two positions is not believed: trains are slower;
/// who is faster flies above all places, or one of the positions is wrong.
pub const PATH_SPEED_M_S_MAX: f64 = 100.0;
/// Metres of error beyond which a fix says nothing of a place, unless the place says otherwise: the
/// satellites and Wi-Fi do better, a cell of a mobile network does not.
pub const FIX_ACCURACY_M: f64 = 200.0;
/// The lowest such limit: no phone does better.
pub const FIX_ACCURACY_M_MIN: f64 = 1.0;

/// Metres a second beyond which a speed is not accepted: faster than any satellite.
pub const SPEED_M_S_MAX: f64 = 100_000.0;
/// Instances shown with a user, the newest; a filter of the list of instances pages through all.
pub const USER_INSTANCES_SHOWN: usize = 100;
/// Tags of one instance.
pub const TAGS_MAX: usize = 1_000;

/// Last moment a query can name, ms since 1970: 9999-01-01, near the end of known calendars.
pub const MOMENT_MS_MAX: i64 = 253_370_764_800_000;
/// Buckets in one analytics answer.
pub const BUCKETS_MAX: usize = 10_000;
/// Milliseconds of the longest analytics range: ten years.
pub const RANGE_MS_MAX: i64 = 3_660 * 86_400_000;
/// Groups in one analytics answer.
pub const GROUPS_MAX: usize = 1_000;
/// Milliseconds that the requests of a caller are counted over.
pub const RATE_WINDOW_MS: i64 = 60_000;
/// Highest number of requests a minute that can be set as a limit.
pub const RATE_MAX: i64 = 1_000_000_000;
/// Requests a minute of a member's token unless set otherwise: 20 000 a second, more than a client on
/// a few connections can send. It stops a runaway client, not a busy one.
pub const TOKEN_REQUESTS_A_MINUTE: i64 = 1_200_000;
/// Requests a minute with an app's secret: every installation registers with the same one.
pub const APP_REQUESTS_A_MINUTE: i64 = 1_200_000;
/// Requests a minute of one instance: a thousand a second, for gateways that speak for a site.
pub const DEVICE_REQUESTS_A_MINUTE: i64 = 60_000;
/// Wrong credentials a minute from one address: guessing is hopeless, many behind one address are
/// wrong at times.
pub const FAILED_LOGINS_A_MINUTE: i64 = 600;
/// Callers whose requests are counted at a time, and credentials remembered as good; some 50 bytes
/// each. When there are more, those heard of longest ago are forgotten.
pub const CALLERS_REMEMBERED: usize = 200_000;
/// Tokens whose members are remembered, secrets whose apps are, and apps whose limits are; some 400 bytes
/// each. Of more, those heard of longest ago are looked up again.
pub const PROOFS_REMEMBERED: usize = 20_000;

/// Members of an account unless set otherwise, like all quotas below: more is not a team.
pub const MEMBERS_QUOTA: i64 = 10_000;
/// Tokens, those from `/oauth/token` that have not expired included.
pub const TOKENS_QUOTA: i64 = 100_000;
/// Apps.
pub const APPS_QUOTA: i64 = 1_000;
/// Labels.
pub const LABELS_QUOTA: i64 = 100_000;
/// Places: the fence index of an account stays within a gigabyte.
pub const PLACES_QUOTA: i64 = 2_000_000;
/// Zones.
pub const ZONES_QUOTA: i64 = 5_000_000;
/// Beacons.
pub const BEACONS_QUOTA: i64 = 5_000_000;
/// Declared tags of apps; devices may set others.
pub const TAGS_QUOTA: i64 = 10_000;
/// Segments: a change of one looks at all of its app.
pub const SEGMENTS_QUOTA: i64 = 1_000;
/// Campaign groups.
pub const CAMPAIGN_GROUPS_QUOTA: i64 = 100_000;
/// Campaigns.
pub const CAMPAIGNS_QUOTA: i64 = 100_000;
/// Experiences: all of them are looked at when a campaign's places are entered.
pub const EXPERIENCES_QUOTA: i64 = 1_000_000;
/// Notifications.
pub const NOTIFICATIONS_QUOTA: i64 = 100_000;
/// Webhooks: each costs a look at every event of the account.
pub const WEBHOOKS_QUOTA: i64 = 100;
/// Highest quota that can be set.
pub const QUOTA_MAX: i64 = 1_000_000_000;

/// Milliseconds that a token from `/oauth/token` lives.
pub const OAUTH_TOKEN_MS: i64 = 3_600_000;

/// Requests that may wait for the next group commit; more would only wait longer.
pub const INGEST_QUEUE_MAX: usize = 1_024;
/// Records of one group commit: bounds the memory of a row of the event log in every stage.
pub const GROUP_RECORDS_MAX: usize = 20_000;
/// Bytes of the records of one group commit before compression, the last request excepted: events
/// may be large and compress well, and a row beyond [`LOG_ROW_BYTES_MAX`] could not be read again.
pub const GROUP_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Records a stage takes in before it writes: enough to share the cost of a write among many.
pub const STEP_RECORDS_MAX: usize = 10_000;
/// Bytes of records before compression after which a stage takes in no further row in one step:
/// bounds its memory when events are large.
pub const STEP_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Records that may be on disk but not yet decided and counted; beyond, no more are taken until the
/// stages have caught up, or their readers would wait ever longer.
pub const BACKLOG_RECORDS_MAX: u64 = 500_000;
/// Milliseconds a reader waits at most until what was acknowledged before it is folded.
pub const READ_WAIT_MS_MAX: u64 = 10_000;
/// Milliseconds until the decide stage asks a control store again that did not answer.
pub const CONTROL_RETRY_MS: u64 = 1_000;
/// Milliseconds without an event after which the decide stage takes in what was configured meanwhile.
pub const CONFIGURATION_REFRESH_MS: u64 = 1_000;
/// Milliseconds between two looks at the timers of silent devices.
pub const TICK_MS: u64 = 1_000;
/// Milliseconds between two looks whether something was erased whose bytes are still in files.
pub const SWEEP_LOOK_MS: u64 = 60_000;
/// Milliseconds from one sweep of the files to the next: each writes the device store anew.
pub const SWEEP_PAUSE_MS: i64 = 24 * 3_600_000;
/// Instances erased by one record of the queue; a user may have more.
pub const ERASED_AT_ONCE: usize = 1_000;
/// Bytes (before compression) of the newest rows of the event log that stay in memory until all stages
/// have taken them in; in memory they take some four times as much.
pub const LOG_TAIL_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of one row of the event log before compression; a length beyond it is a damaged row.
pub const LOG_ROW_BYTES_MAX: usize = 1 << 30;

/// Milliseconds a transaction of the control store waits for a lock or a connection; beyond it the
/// request fails rather than pile up.
pub const CONTROL_WAIT_MS_MAX: u64 = 10_000;
/// Milliseconds that writers of the control store wait at most for readers when its write-ahead log is
/// emptied. It is tried again a minute later.
pub const CONTROL_LOG_WAIT_MS_MAX: u64 = 200;
/// Lines of the change feed that are kept though everybody has taken them in: who keeps something in
/// memory and has not looked for longer than that makes it anew.
pub const CHANGES_KEPT: i64 = 100_000;
/// Lines of the change feed removed by one transaction.
pub const CHANGES_AT_ONCE: i64 = 10_000;
/// Connections that read the SQLite control store: a read takes microseconds, so a few suffice.
pub const CONTROL_READERS: usize = 4;
/// Connections to the PostgreSQL control store; a server has 100 by default for all programs.
pub const CONTROL_CONNECTIONS: usize = 16;
