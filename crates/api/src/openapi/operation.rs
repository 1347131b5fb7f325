//! One operation of the description.

use serde_json::{Map, Value, json};

use super::{
    group::{Body, Group, Operation},
    parameters, refusals, security,
};
use crate::{
    etag,
    route::{BodyKind, EVENT_STREAM, JSON, Route, Success, Verb},
};

/// The operation as OpenAPI writes it.
pub(super) fn describe(group: &Group, operation: &Operation) -> Value {
    let route = operation.route;
    let mut json = json!({
        "operationId": id(operation),
        "tags": [group.title],
        "summary": operation.summary,
        "security": security::of(route),
        "responses": responses(operation),
    });
    let mut notes: Vec<String> = operation.note.map(str::to_owned).into_iter().collect();
    if route.personal {
        json["x-personal"] = true.into();
    }
    if let Some(role) = security::role(&route.endpoint) {
        json["x-role"] = role.as_str().into();
        let scopes = security::scopes(route);
        notes.push(format!(
            "Needs the role `{}` or a higher one; of a token with scopes, `{}`.",
            role.as_str(),
            scopes.join("` and `")
        ));
        json["x-scopes"] = scopes.into();
    }
    if !notes.is_empty() {
        json["description"] = notes.join(" ").into();
    }
    let parameters = parameters::of(route);
    if !parameters.is_empty() {
        json["parameters"] = parameters.into();
    }
    if route.body == BodyKind::File {
        json["requestBody"] = json!({"required": !route.body_optional, "content": files()});
    } else if let Some(body) = &operation.takes {
        json["requestBody"] = json!({"required": true, "content": request(route.body, body)});
    }
    json
}

/// A name that a program can use: the verb and the fixed parts of the path.
pub(crate) fn id(operation: &Operation) -> String {
    let route = operation.route;
    let mut id = route.verb.as_str().to_ascii_lowercase();
    for segment in route.path.split('/').filter(|segment| *segment != "v2") {
        let (by, name) = match segment.strip_prefix('{') {
            Some(name) => ("By", name.trim_end_matches('}')),
            None => ("", segment),
        };
        id.push_str(by);
        for word in name.split(['-', '.']) {
            let mut letters = word.chars();
            id.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
            id.push_str(letters.as_str());
        }
    }
    id
}

fn request(kind: BodyKind, body: &Body) -> Value {
    let json = content(body);
    match kind {
        BodyKind::Form => json!({"application/x-www-form-urlencoded": json}),
        BodyKind::JsonOrNdjson => json!({
            "application/json": json,
            "application/x-ndjson": {
                "schema": {"type": "string", "minLength": 1, "description": "The items, one a line."},
                "example": lines(&body.example),
            },
        }),
        BodyKind::None | BodyKind::Json | BodyKind::File => json!({"application/json": json}),
    }
}

/// A file in each format.
fn files() -> Value {
    let file = |description: &str, example: &str| json!({"schema": {"type": "string", "minLength": 1, "description": description}, "example": example});
    json!({
        "text/csv": file(
            "A table whose first line names the columns.",
            "name,latitude,longitude,radius,externalId\nPlaza Mayor,40.4154,-3.7074,150,ES-28-0001\n",
        ),
        "application/x-ndjson": file(
            "The body of a POST a line, with `labels` and the parent's `externalId` beside `config`.",
            "{\"config\":{\"name\":\"Plaza Mayor\"},\"labels\":[\"Old town\"]}\n",
        ),
        "application/geo+json": file(
            "A FeatureCollection.",
            "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[-3.7074,40.4154]},\"properties\":{\"name\":\"Plaza Mayor\",\"radius\":150}}]}\n",
        ),
        "application/vnd.google-earth.kml+xml": file(
            "A KML document; each Placemark with a Point, a Polygon or a MultiGeometry of Polygons is one.",
            "<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Placemark><name>Plaza Mayor</name><Point><coordinates>-3.7074,40.4154</coordinates></Point></Placemark></kml>\n",
        ),
    })
}

fn lines(example: &Value) -> String {
    let items = example.as_array().into_iter().flatten();
    items.map(|item| format!("{item}\n")).collect()
}

fn content(body: &Body) -> Value {
    let schema = match body.is_component {
        true => json!({"$ref": format!("#/components/schemas/{}", body.name)}),
        false => body.schema.json(body.usage),
    };
    json!({"schema": schema, "example": body.example})
}

fn responses(operation: &Operation) -> Value {
    let route = operation.route;
    let statuses: &[(u16, &str)] = match route.success {
        Success::Ok => &[(200, "Done.")],
        Success::Created => &[(201, "Made.")],
        Success::OkOrCreated => &[(200, "It was there."), (201, "Made.")],
    };
    let mut all: Map<String, Value> = Map::new();
    for (status, description) in statuses {
        let mut headers = common_headers();
        if operation.versioned {
            headers["ETag"] = json!({"$ref": "#/components/headers/ETag"});
        }
        if route.conditional {
            headers["ETag"] = json!({"$ref": "#/components/headers/WeakETag"});
            let signature = json!({"$ref": "#/components/headers/X-Bundle-Signature"});
            headers["X-Bundle-Signature"] = signature;
        }
        if *status == 201 {
            headers["Location"] = json!({"$ref": "#/components/headers/Location"});
        }
        let mut content = json!({route.answers: success(operation)});
        if route.events {
            content[EVENT_STREAM] = events(operation);
        }
        let json = json!({
            "description": description,
            "headers": headers,
            "content": content,
        });
        all.insert(status.to_string(), json);
    }
    if route.conditional {
        let mut headers = common_headers();
        headers["ETag"] = json!({"$ref": "#/components/headers/WeakETag"});
        let description = "It is as the client has it; there is no body.";
        let json = json!({"description": description, "headers": headers});
        all.insert("304".to_owned(), json);
    }
    all.extend(refusals::of(route));
    all.into()
}

fn success(operation: &Operation) -> Value {
    match &operation.answers {
        Some(body) => content(body),
        None if operation.route.answers == "application/geo+json" => {
            json!({"schema": {"type": "object"}, "example": features_example()})
        }
        None if operation.route.answers != JSON => {
            json!({"schema": {"type": "string"}, "example": file_example(operation.route)})
        }
        None if operation.route.verb == Verb::Get => json!({
            "schema": {"type": "object"},
            "example": {"openapi": "3.1.0", "info": {"title": "MOCA", "version": "2"}, "paths": {}},
        }),
        None => json!({"schema": {"type": "object", "maxProperties": 0}, "example": {}}),
    }
}

fn features_example() -> Value {
    json!({
        "type": "FeatureCollection",
        "features": [{
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [-3.7074, 40.4154]},
            "properties": {"name": "Plaza Mayor", "radius": 150},
        }],
    })
}

/// The beginning of a file of this route.
fn file_example(route: &Route) -> &'static str {
    match route.answers {
        "application/x-ndjson" => "{\"config\":{\"name\":\"Plaza Mayor\"}}\n",
        "text/csv" if route.path.ends_with("/refused.csv") => {
            "row,line,column,field,code,detail\n3,4,5,externalId,taken,another place has this externalId\n"
        }
        _ => "name,externalId\nPlaza Mayor,ES-28-0001\n",
    }
}

/// The items of a list as server-sent events.
fn events(operation: &Operation) -> Value {
    let items = operation
        .answers
        .as_ref()
        .map(|body| &body.example["items"]);
    let item = items.map_or(&Value::Null, |items| &items[0]);
    let id = item.get("messageId").and_then(Value::as_str);
    json!({
        "schema": {
            "type": "string",
            "description": "Server-sent events: one of the items in the `data` of each, its id as the event's.",
        },
        "example": format!("id: {}\nevent: message\ndata: {item}\n\n", id.unwrap_or_default()),
    })
}

/// The headers of every answer.
pub(super) fn common_headers() -> Value {
    let mut headers = json!({});
    let always = ["X-Server-Timestamp", "X-Api-Version", "X-Request-Id"];
    for name in always.into_iter().chain(rate_headers()) {
        headers[name] = json!({"$ref": format!("#/components/headers/{name}")});
    }
    headers
}

/// How a caller stands to its rate; only where one is set.
fn rate_headers() -> [&'static str; 3] {
    ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
}

/// All headers there are.
pub(super) fn headers() -> Value {
    json!({
        "X-Server-Timestamp": {
            "description": "When the server answered, milliseconds since 1970.",
            "required": true,
            "schema": {"type": "integer", "format": "int64"},
        },
        "X-Api-Version": {
            "description": "The version of the API.",
            "required": true,
            "schema": {"type": "string", "enum": ["2"]},
        },
        "X-Request-Id": {
            "description": "The id of the request in the server's log.",
            "required": true,
            "schema": {"type": "string"},
        },
        "RateLimit-Limit": {
            "description": "Requests a minute that this caller may make; absent when nothing is limited.",
            "schema": {"type": "integer", "minimum": 0},
        },
        "RateLimit-Remaining": {
            "description": "Requests it may make now.",
            "schema": {"type": "integer", "minimum": 0},
        },
        "RateLimit-Reset": {
            "description": "Seconds until it may make all of them.",
            "schema": {"type": "integer", "minimum": 0},
        },
        "ETag": {
            "description": "The version of the object, for `If-Match`.",
            "required": true,
            "schema": {"type": "string", "examples": [etag::of(1)]},
        },
        "WeakETag": {
            "description": "The version, for `If-None-Match`.",
            "required": true,
            "schema": {"type": "string", "pattern": "^W/\"[A-Za-z0-9_-]{22}\"$"},
        },
        "X-Bundle-Signature": {
            "description": "The Ed25519 signature of the body's bytes, by the `bundleKey` of the app; base64url.",
            "required": true,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{86}$"},
        },
        "Location": {
            "description": "The path of what was made.",
            "required": true,
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "Retry-After": {
            "description": "Seconds to wait.",
            "required": true,
            "schema": {"type": "integer", "minimum": 1},
        },
    })
}
