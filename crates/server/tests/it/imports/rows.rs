//! What becomes of rows.

use serde_json::json;

use super::counts;
use crate::support::team::Team;

const STORES: &str = "name,latitude,longitude,radius,externalId,labels,timeZone\n\
    One,40.4,-3.7,150,a,VIP|late,\n\
    Two,40.5,-3.7,,b,,Mars/Olympus\n\
    Again,40.6,-3.7,150,a,never,\n\
    North,ninety,-370,150,c,made,\n\
    Five,1\n\
    Three,40.7,-3.7,,d,VIP,Europe/Madrid\n";

type Fault = (i64, Option<i64>, &'static str, &'static str);

fn owned(faults: &[Fault]) -> Vec<(i64, Option<i64>, String, String)> {
    let owned = |(line, column, field, code): &Fault| {
        (*line, *column, (*field).to_owned(), (*code).to_owned())
    };
    faults.iter().map(owned).collect()
}

#[tokio::test]
async fn good_rows_go_in_and_bad_ones_are_told_by_line_and_column() {
    let team = Team::start().await;
    let done = team
        .import_csv("kind=places&radius=77&name=stores.csv", STORES)
        .await;
    assert_eq!(done["status"], "Completed", "{done}");
    assert_eq!(
        (done["rows"].clone(), counts(&done)),
        (json!(6), [2, 0, 0, 4])
    );
    assert_eq!(done["bytesDone"], STORES.len());
    let expected = owned(&[
        (3, Some(7), "timeZone", "unknown_value"),
        (4, Some(5), "externalId", "taken"),
        (5, Some(2), "latitude", "wrong_type"),
        (5, Some(3), "longitude", "out_of_range"),
        (6, None, "", "malformed"),
    ]);
    assert_eq!(team.refused(&done).await, expected);
    let id = done["importId"].as_str().unwrap();
    let table = team.get(&format!("/v2/imports/{id}/refused.csv")).await;
    let table = String::from_utf8(table.body.to_vec()).unwrap();
    let second = table.lines().nth(3).unwrap();
    assert!(second.starts_with("4,5,2,latitude,wrong_type,"), "{table}");

    let places = team.get("/v2/places").await.done();
    let places = places["items"].as_array().unwrap();
    let names: Vec<_> = places
        .iter()
        .map(|it| it["config"]["name"].clone())
        .collect();
    assert_eq!(names, ["One", "Three"], "in the order of the file");
    assert_eq!(places[1]["config"]["geofence"]["radius"], 77.0);
    // Labels are made for rows that can be read, once.
    let labels = team.get("/v2/labels?sort=name").await.done();
    let labels = labels["items"].as_array().unwrap();
    let labels: Vec<_> = labels
        .iter()
        .map(|it| it["config"]["name"].clone())
        .collect();
    assert_eq!(labels, ["late", "never", "VIP"]);
    let vip = places[0]["config"]["labelIds"][0].clone();
    assert_eq!(places[1]["config"]["labelIds"], json!([vip]));
}

#[tokio::test]
async fn a_row_with_a_known_external_id_replaces_only_when_that_is_asked_for() {
    let team = Team::start().await;
    let first = "name,externalId\nA,a\nB,b\n";
    assert_eq!(
        counts(&team.import_csv("kind=places", first).await),
        [2, 0, 0, 0]
    );
    assert_eq!(
        counts(&team.import_csv("kind=places", first).await),
        [0, 0, 0, 2]
    );
    let second = "name,externalId\nA,a\nBee,b\nC,c\nSea,c\n";
    let done = team.import_csv("kind=places&upsert=true", second).await;
    assert_eq!(counts(&done), [1, 2, 1, 0]);
    assert_eq!(team.total("places").await, 3);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_and_makes_nothing() {
    let team = Team::start().await;
    team.import_csv("kind=places", "name,externalId\nOld,old\n")
        .await;
    // The same id again in another chunk, and one that is there.
    let mut file = String::from("name,externalId,labels\nA,same,new\nB,old,\n");
    for number in 0..1_200 {
        file.push_str(&format!("P{number},p{number},\n"));
    }
    file.push_str("Z,same,\n,q,\n");
    for upsert in ["false", "true"] {
        let dry = format!("kind=places&dryRun=true&upsert={upsert}");
        let told = team.import_csv(&dry, &file).await;
        assert_eq!(team.total("places").await, 1);
        assert_eq!(team.total("labels").await, 0);
        let expected = match upsert {
            "true" => [1_201, 2, 0, 1],
            _ => [1_201, 0, 0, 3],
        };
        assert_eq!(counts(&told), expected);
        if upsert == "false" {
            let refused = owned(&[
                (3, Some(2), "externalId", "taken"),
                (1_204, Some(2), "externalId", "taken"),
                (1_205, Some(1), "name", "required"),
            ]);
            assert_eq!(team.refused(&told).await, refused);
        }
    }
    let done = team.import_csv("kind=places", &file).await;
    assert_eq!(counts(&done), [1_201, 0, 0, 3]);
}

#[tokio::test]
async fn placemarks_go_in_and_bad_ones_are_told_by_line() {
    let team = Team::start().await;
    let file = "<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>\n\
        <Placemark id=\"a\"><name>Point</name><Point><coordinates>-3.7,40.4,0</coordinates></Point></Placemark>\n\
        <Placemark id=\"b\"><name>Area</name><Polygon><outerBoundaryIs><LinearRing>\
        <coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>\n\
        <Placemark><name>Comma</name><Point><coordinates>1, 2</coordinates></Point></Placemark>\n\
        <Placemark><Point><coordinates>200,2</coordinates></Point></Placemark>\n\
        <Placemark><name>Open</name><Polygon><outerBoundaryIs><LinearRing>\
        <coordinates>0,0 1,0 x,1 0,0</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>\n\
        <Placemark id=\"a\"><name>Again</name></Placemark>\n\
        </Document></kml>\n";
    let media = "application/vnd.google-earth.kml+xml";
    let sent = team.send_file(&team.tenant.token, "kind=places&radius=77", media, file);
    let sent = sent.await.done();
    assert_eq!(sent["config"]["format"], "kml");
    team.installation.import_all().await;
    let done = team.import(&sent).await;
    assert_eq!(
        (counts(&done), &done["bytesDone"]),
        ([2, 0, 0, 4], &json!(file.len()))
    );
    let refused = team.refused(&done).await;
    let expected = owned(&[
        (4, None, "geometry", "malformed"),
        (5, None, "name", "required"),
        (5, None, "coordinates", "out_of_range"),
        (6, None, "coordinates", "wrong_type"),
        (7, None, "externalId", "taken"),
    ]);
    assert_eq!(refused, expected);
    let places = team.get("/v2/places").await.done();
    let config = |at: usize| places["items"][at]["config"].clone();
    assert_eq!(config(0)["geofence"]["radius"], 77.0);
    assert_eq!(config(0)["externalId"], "a");
    assert_eq!(config(1)["geofence"]["type"], "Polygon");
    let zip = team.send_file(
        &team.tenant.token,
        "kind=places",
        "application/vnd.google-earth.kmz",
        file,
    );
    assert_eq!(zip.await.code(), "unsupported_media_type");
}

#[tokio::test]
async fn quotas_hold_in_earnest_and_on_trial() {
    let team = Team::start().await;
    let path = format!("/v2/accounts/{}/limits", team.tenant.account_id);
    let limits = json!({"config": {"quotas": {"place": 1_001, "label": 1}}});
    team.put(&path, limits).await.done();
    let mut file = String::from("name,labels\nA,one\nB,two\n");
    for number in 0..1_100 {
        file.push_str(&format!("P{number},\n"));
    }
    for parameters in ["kind=places&dryRun=true", "kind=places"] {
        let done = team.import_csv(parameters, &file).await;
        assert_eq!(counts(&done), [1_001, 0, 0, 101], "{parameters}");
        let refused = team.refused(&done).await;
        assert_eq!(refused[0].2, "labels");
        assert!(
            refused.iter().all(|(.., code)| code == "quota_exceeded"),
            "{refused:?}"
        );
    }
    assert_eq!(team.total("places").await, 1_001);
}

#[tokio::test]
async fn zones_and_beacons_find_their_parents_by_name() {
    let team = Team::start().await;
    team.import_csv("kind=places", "name,externalId\nP,p\n")
        .await;
    let zones = "name,placeExternalId,externalId\nZ,p,z\nY,nowhere,y\n,nowhere,\nX,,x\n";
    let done = team.import_csv("kind=zones", zones).await;
    assert_eq!(counts(&done), [1, 0, 0, 3]);
    let expected = owned(&[
        (3, Some(2), "placeExternalId", "not_found"),
        (4, Some(2), "placeExternalId", "not_found"),
        (4, Some(1), "name", "required"),
        (5, Some(2), "placeExternalId", "required"),
    ]);
    assert_eq!(team.refused(&done).await, expected);
    let beacons = "proximityUuid,major,minor,zoneExternalId\n\
        f7826da6-4fa2-4e98-8024-bc5b71e0893e,1,1,z\n\
        f7826da6-4fa2-4e98-8024-bc5b71e0893e,1,1,\n\
        f7826da6-4fa2-4e98-8024-bc5b71e0893e,1,x,q\n";
    let done = team.import_csv("kind=beacons", beacons).await;
    assert_eq!(counts(&done), [1, 0, 0, 2]);
    let faults = team.refused(&done).await;
    let codes: Vec<_> = faults
        .iter()
        .map(|(line, .., code)| (*line, code.as_str()))
        .collect();
    assert_eq!(codes, [(3, "taken"), (4, "not_found"), (4, "wrong_type")]);
    let zone = team.get("/v2/zones").await.done()["items"][0]["zoneId"].clone();
    let path = format!("/v2/beacons?zoneId={}", zone.as_str().unwrap());
    assert_eq!(team.get(&path).await.done()["total"], 1);
}
