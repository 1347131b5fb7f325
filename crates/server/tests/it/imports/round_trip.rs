//! Export, import, export: the two files are the same, byte by byte.

use serde_json::{Map, Value, json};

use crate::support::{Tenant, dice::Dice, request::Answer, team::Team};

const TEXTS: [&str; 14] = [
    "=HYPERLINK(\"http://evil.example\")",
    "+1",
    "-1",
    "@SUM(A1)",
    "'=1",
    "''@x",
    "quote \" and , comma",
    "O'Hara's",
    "bar|back\\slash",
    " spaces ",
    "caf\u{e9} \u{1f6eb}",
    "1e5",
    "true",
    "{\"a\":1}",
];
const FORMATS: [(&str, &str); 3] = [
    ("csv", "text/csv"),
    ("ndjson", "application/x-ndjson"),
    ("geojson", "application/geo+json"),
];
const SEEDS: u64 = 3;
const EACH: usize = 40;

fn text(dice: &mut Dice) -> String {
    let pick = TEXTS[dice.below(TEXTS.len())];
    match dice.below(3) {
        0 => format!("{pick}{}", dice.below(100)),
        1 => format!("{}{pick}", TEXTS[dice.below(TEXTS.len())]),
        _ => pick.to_owned(),
    }
}

/// A number between bounds with all its digits.
fn number(dice: &mut Dice, low: f64, high: f64) -> f64 {
    low + (high - low) * (dice.roll() >> 11) as f64 / (1_u64 << 53) as f64
}

fn geofence(dice: &mut Dice) -> Value {
    let (x, y) = (number(dice, -170.0, 170.0), number(dice, -80.0, 80.0));
    let triangle = |x: f64, y: f64| json!([[x, y], [x + 0.5, y], [x, y + 0.25], [x, y]]);
    match dice.below(4) {
        0 => json!({"type": "Polygon", "coordinates": [triangle(x, y)]}),
        1 => json!({"type": "MultiPolygon",
            "coordinates": [[triangle(x, y)], [triangle(x + 1.0, y)]]}),
        2 => json!({"type": "Circle", "latitude": -0.000001, "longitude": 12, "radius": 120}),
        _ => json!({"type": "Circle", "latitude": y, "longitude": x,
            "radius": number(dice, 1.0, 5_000.0)}),
    }
}

fn properties(dice: &mut Dice) -> Value {
    let mut properties = Map::new();
    for _ in 0..dice.below(4) {
        let value = match dice.below(5) {
            0 => json!(dice.below(1_000)),
            1 => json!(number(dice, -1e6, 1e6)),
            2 => json!(dice.below(2) == 0),
            3 => json!([text(dice), ""]),
            _ => json!(format!("\t{}\r\nmore", text(dice))),
        };
        properties.insert(text(dice), value);
    }
    properties.into()
}

struct Source<'t> {
    team: &'t Team,
    labels: Vec<String>,
}

impl Source<'_> {
    /// Some of these fields, and labels.
    fn fill(&self, dice: &mut Dice, config: &mut Value, fields: &[(&str, Value)]) {
        for (name, value) in fields {
            if dice.below(2) == 0 {
                config[*name] = value.clone();
            }
        }
        let first = dice.below(self.labels.len());
        let some = &self.labels[first..(first + dice.below(3)).min(self.labels.len())];
        if !some.is_empty() {
            config["labelIds"] = json!(some);
        }
    }

    async fn make(&self, kind: &str, bodies: Vec<Value>) -> Vec<String> {
        let path = format!("/v2/{kind}/batch?atomic=true");
        let made = self.team.post(&path, json!(bodies)).await.done();
        self.team.installation.clock.advance(1);
        let id = format!("{}Id", kind.trim_end_matches('s'));
        let items = made["items"].as_array().unwrap().iter();
        items
            .map(|item| item[&id].as_str().unwrap().to_owned())
            .collect()
    }

    /// Objects of all kinds with whatever they may have.
    async fn fill_account(&self, dice: &mut Dice) {
        let mut places = Vec::new();
        for n in 0..EACH {
            let mut config =
                json!({"name": text(dice), "externalId": format!("{} {n}", text(dice))});
            let address = ["", "\tone\r\ntwo", "Main 1"][dice.below(3)];
            let fields = [
                ("geofence", geofence(dice)),
                ("address", json!(address)),
                ("timeZone", json!("Europe/Madrid")),
                ("category", json!(text(dice))),
                ("provider", json!(text(dice))),
                ("sensitive", json!(true)),
                ("properties", properties(dice)),
            ];
            self.fill(dice, &mut config, &fields);
            places.push(json!({"config": config}));
        }
        let places = self.make("places", places).await;
        let mut zones = Vec::new();
        for n in 0..EACH {
            let mut config =
                json!({"name": text(dice), "externalId": format!("{} {n}", text(dice))});
            let fields = [
                ("geofence", geofence(dice)),
                ("shortId", json!(format!("{n}"))),
                ("floorNumber", json!(dice.below(20) as i64 - 10)),
                ("category", json!(text(dice))),
                ("provider", json!(text(dice))),
            ];
            self.fill(dice, &mut config, &fields);
            zones.push(json!({"placeId": places[dice.below(EACH)], "config": config}));
        }
        let zones = self.make("zones", zones).await;
        let mut beacons = Vec::new();
        for n in 0..EACH {
            let mut config = match n % 2 {
                0 => {
                    json!({"type": "IBeacon", "proximityUuid": dice.uuid(), "major": 7, "minor": n})
                }
                _ => json!({"type": "EddystoneUid", "namespace": "00112233445566778899",
                    "instance": format!("{n:012x}")}),
            };
            let location = json!({"latitude": number(dice, -90.0, 90.0), "longitude": 5});
            let fields = [
                ("name", json!(text(dice))),
                ("externalId", json!(format!("b{n}"))),
                ("zoneId", json!(zones[dice.below(EACH)])),
                ("location", location),
                ("provider", json!(text(dice))),
                ("code", json!(text(dice))),
                ("floorNumber", json!(-3)),
                ("txPowerDbm", json!(-59)),
                ("properties", properties(dice)),
            ];
            self.fill(dice, &mut config, &fields);
            beacons.push(json!({"config": config}));
        }
        self.make("beacons", beacons).await;
    }
}

fn body(answer: &Answer) -> String {
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// Moves a kind from one account to another by a file, and compares what both give out.
async fn moves(team: &Team, to: &Tenant, kind: &str, format: (&str, &str)) {
    let (end, media) = format;
    let path = format!("/v2/exports/{kind}.{end}");
    let before = body(&team.get(&path).await);
    let parameters = format!("kind={kind}");
    let sent = team.send_file(&to.token, &parameters, media, before.clone());
    let sent = sent.await.done();
    team.installation.import_all().await;
    let path_of = format!("/v2/imports/{}", sent["importId"].as_str().unwrap());
    let done = team.get_as(&to.token, &path_of).await.done();
    let refused = team.get_as(&to.token, &format!("{path_of}/refused")).await;
    assert_eq!(done["status"], "Completed", "{done}");
    assert_eq!(done["refused"], 0, "{kind}.{end}: {}", refused.json());
    let after = body(&team.get_as(&to.token, &path).await);
    let differs = before.lines().zip(after.lines()).find(|(a, b)| a != b);
    assert!(before == after, "{kind}.{end}: {differs:?}");
}

#[tokio::test]
async fn what_is_exported_and_imported_is_exported_alike() {
    for seed in 0..SEEDS {
        let team = Team::start().await;
        let mut dice = Dice::new(seed);
        let mut labels = Vec::new();
        for name in ["Open|late", "b\\", "=x", "'+y", "VIP", "a, \"b\""] {
            labels.push(team.label(name).await);
        }
        let source = Source {
            team: &team,
            labels,
        };
        source.fill_account(&mut dice).await;
        for format in FORMATS {
            let to = team.installation.tenant(false).await;
            for kind in ["places", "zones", "beacons"] {
                moves(&team, &to, kind, format).await;
            }
        }
    }
}

#[tokio::test]
async fn the_order_of_many_chunks_is_kept() {
    let team = Team::start().await;
    for part in 0..3 {
        let bodies: Vec<Value> = (0..900)
            .map(|n| json!({"config": {"name": format!("P {part} {n}")}}))
            .collect();
        team.post("/v2/places/batch", json!(bodies)).await.done();
        team.installation.clock.advance(1);
    }
    for format in FORMATS {
        let to = team.installation.tenant(false).await;
        moves(&team, &to, "places", format).await;
    }
}
