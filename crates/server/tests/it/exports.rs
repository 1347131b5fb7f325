//! All places, zones or beacons as one file.

use serde_json::{Value, json};

use crate::support::{
    request::Answer,
    team::{Team, ibeacon},
};

const NASTY: [&str; 10] = [
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
];

fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// The cells of a file, row by row.
fn rows(answer: &Answer) -> Vec<Vec<String>> {
    let text = text(answer);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows = reader.records().map(|row| row.unwrap());
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

/// What the rule of the documentation makes of a cell.
fn plain(cell: &str) -> String {
    let apostrophes = cell.len() - cell.trim_start_matches('\'').len();
    let is_guarded =
        apostrophes > 0 && cell[apostrophes..].starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    cell[usize::from(is_guarded)..].to_owned()
}

#[tokio::test]
async fn a_table_holds_every_text_and_no_formula() {
    let team = Team::start().await;
    for (number, name) in NASTY.iter().enumerate() {
        let address = format!("\t{name}\r\nsecond line");
        team.place(json!({
            "name": name, "address": address, "externalId": format!("{number}"),
            "geofence": {"type": "Circle", "latitude": -0.000001, "longitude": -3.7, "radius": 120},
        }))
        .await;
        team.installation.clock.advance(1);
    }
    let answer = team.get("/v2/exports/places.csv").await;
    let media = answer.header("content-type").unwrap();
    assert!(media.starts_with("text/csv"), "{media}");
    let rows = rows(&answer);
    let column = |name: &str| rows[0].iter().position(|cell| cell == name).unwrap();
    let names: Vec<String> = rows[1..]
        .iter()
        .map(|row| plain(&row[column("name")]))
        .collect();
    assert_eq!(names, NASTY, "in the order they were made");
    for (row, name) in rows[1..].iter().zip(NASTY) {
        for cell in ["name", "address"].map(|name| &row[column(name)]) {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{cell:?}"
            );
        }
        let address = format!("\t{name}\r\nsecond line");
        assert_eq!(plain(&row[column("address")]), address);
        assert_eq!(row[column("latitude")], "-0.000001");
        assert_eq!(row[column("radius")], "120");
    }
}

#[tokio::test]
async fn lines_say_what_another_account_understands() {
    let team = Team::start().await;
    let label = team.label("Open|late").await;
    let place = team
        .place(json!({"name": "P", "externalId": "p", "labelIds": [label]}))
        .await;
    team.installation.clock.advance(1);
    let nameless = team.place(json!({"name": "Q"})).await;
    let zone = json!({"name": "Z", "externalId": "z", "floorNumber": 2});
    let zone_id = team.zone(&place, zone.clone()).await;
    team.installation.clock.advance(1);
    let other = team.zone(&nameless, json!({"name": "Y"})).await;
    let mut hung = ibeacon(1);
    hung["zoneId"] = json!(zone_id);
    team.create("/v2/beacons", "beaconId", json!({"config": hung}))
        .await;
    team.installation.clock.advance(1);
    let mut hung = ibeacon(2);
    hung["zoneId"] = json!(other);
    team.create("/v2/beacons", "beaconId", json!({"config": hung.clone()}))
        .await;

    let lines = |answer: &Answer| -> Vec<Value> {
        let text = text(answer);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let places = team.get("/v2/exports/places.ndjson").await;
    assert_eq!(
        lines(&places),
        [
            json!({"labels": ["Open|late"], "config": {"name": "P", "externalId": "p"}}),
            json!({"config": {"name": "Q"}}),
        ]
    );
    let zones = team.get("/v2/exports/zones.ndjson").await;
    assert_eq!(
        lines(&zones),
        [
            json!({"placeExternalId": "p", "config": zone}),
            json!({"placeId": nameless, "config": {"name": "Y", "floorNumber": 0}}),
        ]
    );
    let beacons = team.get("/v2/exports/beacons.ndjson").await;
    assert_eq!(
        lines(&beacons),
        [
            json!({"zoneExternalId": "z", "config": ibeacon(1)}),
            json!({"config": hung}),
        ]
    );
    let table = rows(&team.get("/v2/exports/places.csv").await);
    let labels = table[0].iter().position(|cell| cell == "labels").unwrap();
    assert_eq!(table[1][labels], "Open\\|late");
}

#[tokio::test]
async fn a_collection_holds_points_with_a_radius() {
    let team = Team::start().await;
    let empty = team.get("/v2/exports/places.geojson").await.json();
    assert_eq!(empty, json!({"type": "FeatureCollection", "features": []}));
    team.place(json!({
        "name": "P", "properties": {"name": "inner"},
        "geofence": {"type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120},
    }))
    .await;
    team.installation.clock.advance(1);
    team.place(json!({"name": "Q"})).await;
    let collection = team.get("/v2/exports/places.geojson").await.json();
    let features = json!([
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-3.7, 40.4]},
         "properties": {"name": "P", "radius": 120.0, "properties": {"name": "inner"}}},
        {"type": "Feature", "geometry": null, "properties": {"name": "Q"}},
    ]);
    assert_eq!(collection["features"], features);
}

#[tokio::test]
async fn a_file_holds_what_the_list_would_on_all_its_pages() {
    let team = Team::start().await;
    let label = team.label("VIP").await;
    for batch in 0..2 {
        let items: Vec<Value> = (0..700)
            .map(|n| match n % 2 {
                0 => json!({"config": {"name": format!("{batch} {n}"), "labelIds": [label]}}),
                _ => json!({"config": {"name": format!("odd {batch} {n}")}}),
            })
            .collect();
        team.post("/v2/places/batch", json!(items)).await.done();
        team.installation.clock.advance(1);
    }
    for query in [
        "",
        &format!("?labelId={label}"),
        "?q=odd%201",
        "?externalId=none",
    ] {
        let mut listed = Vec::new();
        for offset in [0, 1_000] {
            let between = if query.is_empty() { "?" } else { "&" };
            let page = format!("/v2/places{query}{between}limit=1000&offset={offset}");
            let page = team.get(&page).await.done();
            let items = page["items"].as_array().unwrap().clone();
            listed.extend(
                items
                    .iter()
                    .map(|item| item["config"]["name"].as_str().unwrap().to_owned()),
            );
        }
        let file = team.get(&format!("/v2/exports/places.csv{query}")).await;
        let names: Vec<String> = rows(&file)[1..].iter().map(|row| row[0].clone()).collect();
        assert_eq!(names, listed, "{query}");
    }
}
