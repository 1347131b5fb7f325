//! Parameters: segments of the path, the query, headers.

use moca_core::limits::{
    BUNDLE_REGIONS_DEFAULT, CODE_CHARS_MAX, IDEMPOTENCY_KEY_CHARS_MAX, IMPORT_RADIUS_M,
    NAME_CHARS_MAX, PAGE_LIMIT_DEFAULT,
};
use moca_wire::schema::{self, Schema, Usage};
use serde_json::{Value, json};

use crate::{
    query::{Parameter, ParameterKind, SORT_FIELDS},
    route::{Endpoint, Route, Verb},
};

/// All parameters of a route.
pub(super) fn of(route: &Route) -> Vec<Value> {
    let mut parameters: Vec<Value> = path_names(route.path)
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": path(name)}))
        .collect();
    parameters.extend(route.query.iter().map(query));
    parameters.extend(headers(route));
    parameters
}

/// The names of the segments that vary.
pub(crate) fn path_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn path(name: &str) -> Value {
    let schema = match name {
        "userId" => schema::line(CODE_CHARS_MAX).with_example("user-7"),
        "externalId" => schema::line(CODE_CHARS_MAX).with_example("ES-28-0001"),
        "name" => schema::line(NAME_CHARS_MAX).with_example("museum"),
        _ => schema::id(),
    };
    schema.json(Usage::Answer)
}

fn query(parameter: &Parameter) -> Value {
    let mut json = json!({
        "name": parameter.name,
        "in": "query",
        "schema": value(parameter.kind).json(Usage::Answer),
    });
    let note = note(parameter.name);
    if !note.is_empty() {
        json["description"] = note.into();
    }
    if parameter.required {
        json["required"] = true.into();
    }
    match (parameter.name, parameter.kind) {
        ("limit", _) => json["schema"]["default"] = PAGE_LIMIT_DEFAULT.into(),
        ("offset", _) => json["schema"]["default"] = 0.into(),
        ("interval", _) => json["schema"]["default"] = "day".into(),
        ("radius", _) => json["schema"]["default"] = IMPORT_RADIUS_M.into(),
        ("regions", _) => json["schema"]["default"] = BUNDLE_REGIONS_DEFAULT.into(),
        (_, ParameterKind::Flag) if parameter.filter.is_none() => {
            json["schema"]["default"] = false.into()
        }
        _ => {}
    }
    json
}

/// What the values of a query parameter are.
pub(crate) fn value(kind: ParameterKind) -> Schema {
    match kind {
        ParameterKind::Integer(min, max) => schema::integer(min, max),
        ParameterKind::Number(min, max) => schema::number(min, max),
        ParameterKind::Text(max) => schema::short_text(max),
        ParameterKind::Id => schema::id(),
        ParameterKind::Flag => schema::boolean(),
        ParameterKind::Word(words) => schema::words(words),
        ParameterKind::Sort => schema::matching(&sort_pattern()).with_example("name,-updatedAt"),
        ParameterKind::TimeZone => schema::time_zone(),
        ParameterKind::Near => numbers(3, "near").with_example("40.4,-3.7,500"),
        ParameterKind::Box => numbers(4, "bbox").with_example("-3.8,40.3,-3.6,40.5"),
    }
}

/// So many numbers with commas between.
fn numbers(count: usize, format: &'static str) -> Schema {
    let number = r"-?[0-9]+(\.[0-9]+)?";
    let pattern = vec![number; count].join(",");
    schema::matching(&format!("^{pattern}$")).formatted(format)
}

/// One field, or two or three different ones.
fn sort_pattern() -> String {
    let fields = SORT_FIELDS;
    let mut lists = Vec::new();
    for (i, a) in fields.iter().enumerate() {
        lists.push(format!("-?{a}"));
        for (j, b) in fields.iter().enumerate().filter(|(j, _)| *j != i) {
            lists.push(format!("-?{a},-?{b}"));
            let rest = fields
                .iter()
                .enumerate()
                .filter(|(k, _)| *k != i && *k != j);
            lists.extend(rest.map(|(_, c)| format!("-?{a},-?{b},-?{c}")));
        }
    }
    format!("^({})$", lists.join("|"))
}

/// What a query parameter means.
pub(crate) fn note(name: &str) -> &'static str {
    match name {
        "offset" => "Index of the first item of the page.",
        "limit" => "Items on the page at most.",
        "sort" => "Fields to sort by, each with a `-` before it for descending order.",
        "q" => "A part of the name.",
        "cascade" => "Whether what cannot be without the object is deleted too.",
        "atomic" => "Whether all are made or none.",
        "upsert" => "Whether one with a known `externalId` replaces what has it.",
        "from" => "First moment, milliseconds since 1970.",
        "to" => "First moment after the range, milliseconds since 1970.",
        "interval" => "The length of a bucket.",
        "timeZone" => "Where the buckets are cut; the account's zone if absent.",
        "groupBy" => "Counts each of these over the whole range too.",
        "near" => "Only those that come near a point: `latitude,longitude,radius`, in metres.",
        "bbox" => "Only those in a box: `minLon,minLat,maxLon,maxLat`, in degrees.",
        "externalId" => "Only the one with your own id.",
        "userId" => "Only those of this user.",
        "status" => "Only those that have this status now.",
        "enabled" => "Only those that may fire, or only those that may not.",
        "type" => "Only those that send this.",
        "segmentId" => "Only those for this segment.",
        "labelId" => "Only those with this label.",
        "kind" => "The kind of object: that a file holds, or that events are about.",
        "name" => "A name for the import, such as that of the file.",
        "dryRun" => "Whether everything is only tried, and nothing made.",
        "map" => {
            "Which column of the file is which field: `name=Station,latitude=lat,address=street+city,category='shop'`."
        }
        "radius" => "Metres around a point that has no radius of its own.",
        "objectId" => "Only those on the object, instance or user with this id.",
        "after" => "Only those after this message.",
        "waitMs" => "Milliseconds to wait until there is one, if there is none.",
        "outcome" => "Only those with this outcome.",
        "at" => "The moment, milliseconds since 1970; now if absent.",
        "action" => "Only those in which this was done.",
        "lat" => "Degrees north at which the device is; with `lon`.",
        "lon" => "Degrees east at which the device is; with `lat`.",
        "regions" => "How many regions the device can watch.",
        _ => "",
    }
}

fn headers(route: &Route) -> Vec<Value> {
    if route.events {
        return vec![json!({
            "name": "Last-Event-ID",
            "in": "header",
            "description": "Of a stream that ended: the last message that came. It counts before `after`.",
            "schema": schema::id().json(Usage::Answer),
        })];
    }
    if route.conditional {
        return vec![json!({
            "name": "If-None-Match",
            "in": "header",
            "description": "The `ETag` of what the client has: if it is still so, the answer is 304.",
            "schema": {
                "type": "string",
                "pattern": "^(\\*|(W/)?\"[!#-~]*\"(, *(W/)?\"[!#-~]*\")*)$",
                "examples": ["W/\"1DNHtlHHHvmpGzSOTn9lbw\""],
            },
        })];
    }
    match (route.verb, &route.endpoint) {
        (_, Endpoint::Public(_) | Endpoint::Operations(_)) | (Verb::Get, _) => Vec::new(),
        (Verb::Post, _) => vec![json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same request with the same key within 24 hours gets the first answer again.",
            "schema": {
                "type": "string",
                "minLength": 1,
                "maxLength": IDEMPOTENCY_KEY_CHARS_MAX,
                "pattern": "^[!-~]([\t -~]*[!-~])?$",
            },
        })],
        (Verb::Put | Verb::Delete, Endpoint::Manage(..) | Endpoint::Ask(..)) => vec![json!({
            "name": "If-Match",
            "in": "header",
            "description": "The `ETag` of the version to change; another one is 409.",
            "schema": {
                "type": "string",
                "pattern": "^(\\*|\"[!#-~]*\"(, *\"[!#-~]*\")*)$",
                "examples": ["\"1\""],
            },
        })],
        (Verb::Put | Verb::Delete, _) => Vec::new(),
    }
}
