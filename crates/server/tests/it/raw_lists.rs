//! Lists of what is answered as it is stored, against the answers for each object.

use serde_json::{Value, json};

use crate::{
    postgres::empty_store,
    support::{
        Installation,
        team::{Team, ibeacon},
    },
};

/// What JSON has to escape, and what it has not.
const NAME: &str = "\"Café\" \\ / 東京 🏬 </script>";

#[tokio::test]
async fn a_list_is_the_answers_for_its_objects_one_after_the_other() {
    lists_are_what_their_objects_are(Team::start().await).await;
}

#[tokio::test]
async fn a_list_is_the_answers_for_its_objects_on_postgresql_too() {
    let installation = Installation::on(&empty_store(), 7).await;
    lists_are_what_their_objects_are(Team::at(installation).await).await;
}

async fn lists_are_what_their_objects_are(team: Team) {
    let member = json!({"name": NAME, "email": "n@example.com", "role": "viewer"});
    make(
        &team,
        "/v2/members",
        "memberId",
        &[json!({"config": member})],
    )
    .await;
    let labels = [
        json!({"config": {"name": NAME}}),
        json!({"config": {"name": "With a colour", "color": "#A0B1C2"}}),
    ];
    let labels = make(&team, "/v2/labels", "labelId", &labels).await;
    let places: Vec<Value> = place_configs(&labels)
        .into_iter()
        .map(|config| json!({ "config": config }))
        .collect();
    let places = make(&team, "/v2/places", "placeId", &places).await;
    let square = json!([[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]);
    let zones = [
        json!({"placeId": places[0], "config": {"name": NAME}}),
        json!({"placeId": places[1], "config": {
            "name": "Whole", "shortId": "Z", "floorNumber": -2, "category": "C", "provider": "P",
            "externalId": "E", "labelIds": labels,
            "geofence": {"type": "Polygon", "coordinates": square},
        }}),
    ];
    let zones = make(&team, "/v2/zones", "zoneId", &zones).await;
    let mut in_zone = ibeacon(1);
    in_zone["zoneId"] = json!(zones[0]);
    in_zone["name"] = json!(NAME);
    in_zone["location"] = json!({"latitude": 0.1, "longitude": -1e-7});
    in_zone["properties"] = properties();
    let beacons = [
        json!({ "config": in_zone }),
        json!({ "config": ibeacon(2) }),
        json!({"config": {
            "type": "EddystoneUid", "namespace": "00112233445566778899", "instance": "0000000000FF",
        }}),
    ];
    make(&team, "/v2/beacons", "beaconId", &beacons).await;
    let app = team.app().await;
    let groups = [
        json!({"appId": app, "config": {"name": NAME}}),
        json!({"appId": app, "config": {"name": "G", "description": NAME}}),
    ];
    make(&team, "/v2/campaign-groups", "campaignGroupId", &groups).await;
    let segments = [
        json!({"appId": app, "config": {"name": NAME, "query": "{\"lang\": \"é\"}"}}),
        json!({"appId": app, "config": {"name": "S", "type": "Static", "externalId": "É 1"}}),
    ];
    make(&team, "/v2/segments", "segmentId", &segments).await;
    // Places in a region are found in another way.
    let near = "/v2/places?near=0.5,0.5,100000&sort=-createdAt";
    let found = is_what_its_objects_are(&team, near, "placeId").await;
    assert!(found > 1, "{found}");
}

/// Makes objects, changes the first one, and compares the list of them all; answers their ids.
async fn make(team: &Team, path: &str, id_name: &str, bodies: &[Value]) -> Vec<String> {
    let mut ids = Vec::new();
    for body in bodies {
        team.installation.clock.advance(1_000);
        ids.push(team.create(path, id_name, body.clone()).await);
    }
    let first = format!("{path}/{}", ids[0]);
    team.put(&first, bodies[0].clone()).await.done();
    let found = is_what_its_objects_are(team, path, id_name).await;
    assert!(found >= bodies.len(), "{path}");
    ids
}

/// Compares a list with its objects, byte by byte; answers how many there are.
async fn is_what_its_objects_are(team: &Team, list: &str, id_name: &str) -> usize {
    let collection = list.split('?').next().unwrap();
    let page = team.get(list).await;
    let page_body = String::from_utf8(page.body.to_vec()).unwrap();
    let page = page.done();
    let mut answers = Vec::new();
    for item in page["items"].as_array().unwrap() {
        let id = item[id_name].as_str().unwrap();
        let answer = team.get(&format!("{collection}/{id}")).await;
        assert_eq!(answer.status, 200, "{collection}");
        answers.push(String::from_utf8(answer.body.to_vec()).unwrap());
    }
    let expected = format!(
        "{{\"offset\":0,\"limit\":{},\"total\":{},\"items\":[{}]}}",
        page["limit"],
        answers.len(),
        answers.join(",")
    );
    assert_eq!(page_body, expected, "{list}");
    answers.len()
}

fn place_configs(labels: &[String]) -> Vec<Value> {
    let square = json!([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]);
    let hole = json!([[0.4, 0.4], [0.4, 0.6], [0.6, 0.6], [0.4, 0.4]]);
    let other = json!([[[5.1, 5.2], [6.3, 5.2], [6.3, 6.4], [5.1, 5.2]]]);
    vec![
        json!({"name": NAME}),
        json!({
            "name": "Circle", "address": NAME, "timeZone": "Europe/Madrid", "category": "C",
            "externalId": "É 1", "provider": "P", "labelIds": labels, "sensitive": true,
            "geofence": {"type": "Circle", "latitude": 0.1, "longitude": 0.30000000000000004, "radius": 150},
            "locationProvider": {"enabled": true, "siteId": "S", "secretKey": "kept apart"},
            "floorPlanProvider": {"mapID": "7", "width": 1e-7, "numFloors": 3},
            "presence": {"exitMarginM": 50, "beaconExitMs": 60_000},
            "properties": properties(),
        }),
        json!({"name": "Hole", "geofence": {"type": "Polygon", "coordinates": [square, hole]}}),
        json!({"name": "Two", "geofence": {"type": "MultiPolygon", "coordinates": [[square], other]}}),
    ]
}

fn properties() -> Value {
    json!({
        "b": true, "a": NAME, "int": 3, "float": 3.0, "small": -1e-300, "great": 9_007_199_254_740_992_i64, "zero": -0.0,
        "list": [NAME, ""], NAME: "key",
    })
}
