//! parse-server, a widely used back-end on Node.js, on PostgreSQL.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    candidate::{Ask, Candidate, Dialect, Program, Running},
    place::Place,
    process::Process,
    wire,
};

const DIALECT: Dialect = Dialect {
    create: |place| Ask {
        method: "POST",
        target: "/parse/classes/Place".to_owned(),
        body: fields(place).to_string(),
    },
    create_many: |places| {
        let request = |place| json!({"method": "POST", "path": "/parse/classes/Place", "body": fields(place)});
        let requests: Vec<Value> = places.iter().map(request).collect();
        Ask {
            method: "POST",
            target: "/parse/batch".to_owned(),
            body: json!({ "requests": requests }).to_string(),
        }
    },
    // What its clients send at once.
    batch_max: 50,
    ids: |answer| {
        let items = answer.as_array().unwrap();
        let id = |item: &Value| item["success"]["objectId"].as_str().map(str::to_owned);
        items.iter().map(|item| id(item).unwrap()).collect()
    },
    get: |id| Ask {
        method: "GET",
        target: format!("/parse/classes/Place/{id}"),
        body: String::new(),
    },
    // Without an order and without the total, which are both more work and which MOCA gives.
    list: |offset| Ask {
        method: "GET",
        target: format!("/parse/classes/Place?limit=100&skip={offset}"),
        body: String::new(),
    },
};

/// What it is called.
pub(crate) const NAME: &str = "parse-server";

/// Starts what npm installed in this directory on the PostgreSQL on this port of loopback.
pub(crate) fn start(postgres_port: &str, modules: &str) -> Candidate {
    let directory = tempfile::tempdir().unwrap();
    let (cert, key) = (
        directory.path().join("cert.pem"),
        directory.path().join("key.pem"),
    );
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/benches/peers/parse-server.cjs"
    );
    let mut child = Command::new("node")
        .arg(script)
        .env(
            "DATABASE",
            format!("postgres://moca@127.0.0.1:{postgres_port}/peer"),
        )
        .env("CERT", &cert)
        .env("KEY", &key)
        .env("MODULES", modules)
        .env("NODE_ENV", "production")
        .current_dir(directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = printed
        .find_map(|line| line.unwrap().strip_prefix("port ").map(str::to_owned))
        .expect("parse-server ended early")
        .parse()
        .unwrap();
    Candidate {
        name: NAME,
        dialect: DIALECT,
        address: SocketAddr::from(([127, 0, 0, 1], port)),
        trust: wire::trust(&cert),
        authorization: wire::basic("bench", "master"),
        process: Process::new(child.id()),
        running: Running::Other(Program(child)),
        directory,
    }
}

fn fields(place: &Place) -> Value {
    json!({"name": place.name, "timeZone": place.time_zone, "radius": 150, "location": {
        "__type": "GeoPoint", "latitude": place.latitude, "longitude": place.longitude}})
}
