//! MOCA, on SQLite or on PostgreSQL.

use serde_json::{Value, json};

use crate::{
    binary::Binary,
    candidate::{Ask, Candidate, Dialect, Running},
    place::Place,
    process::Process,
    wire,
};

const DIALECT: Dialect = Dialect {
    create: |place| Ask {
        method: "POST",
        target: "/v2/places".to_owned(),
        body: config(place).to_string(),
    },
    create_many: |places| {
        let items: Vec<Value> = places.iter().map(config).collect();
        Ask {
            method: "POST",
            target: "/v2/places/batch".to_owned(),
            body: json!({ "items": items }).to_string(),
        }
    },
    batch_max: 1_000,
    ids: |answer| {
        let items = answer["items"].as_array().unwrap();
        let id = |item: &Value| item["placeId"].as_str().map(str::to_owned);
        items.iter().map(|item| id(item).unwrap()).collect()
    },
    get: |id| Ask {
        method: "GET",
        target: format!("/v2/places/{id}"),
        body: String::new(),
    },
    list: |offset| Ask {
        method: "GET",
        target: format!("/v2/places?limit=100&offset={offset}"),
        body: String::new(),
    },
};

/// What it is called.
pub(crate) const ON_SQLITE: &str = "MOCA on SQLite";
/// The same on PostgreSQL.
pub(crate) const ON_POSTGRES: &str = "MOCA on PostgreSQL";

/// Starts it on an empty directory, or on the PostgreSQL on this port of loopback.
pub(crate) fn start(postgres_port: Option<&String>) -> Candidate {
    let directory = tempfile::tempdir().unwrap();
    let url = postgres_port.map(|port| format!("postgres://moca@127.0.0.1:{port}/postgres"));
    let flags = url.iter().flat_map(|url| ["--control-url", url]);
    let flags: Vec<&str> = flags.collect();
    let binary = Binary::start_with(directory.path(), &flags);
    Candidate {
        name: match postgres_port {
            None => ON_SQLITE,
            Some(_) => ON_POSTGRES,
        },
        dialect: DIALECT,
        address: binary.address(),
        trust: wire::trust(&binary.ca_path()),
        authorization: format!("Bearer {}", binary.token()),
        process: Process::new(binary.id()),
        running: Running::Moca(binary),
        directory,
    }
}

fn config(place: &Place) -> Value {
    json!({"config": {"name": place.name, "timeZone": place.time_zone, "geofence": {"type": "Circle",
        "latitude": place.latitude, "longitude": place.longitude, "radius": 150}}})
}
