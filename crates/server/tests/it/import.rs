//! `moca import` into a real server.

use std::{
    fs,
    process::{Command, Output},
};

use moca_client::ListParameters;
use moca_server::import::{Format, News, Options, Summary, import_places};
use moca_wire::places::Place;

use crate::support::server::TestServer;

const FILE: &[u8] = b"name,latitude,longitude,radius,externalId\n\
    One,40.4,-3.7,150,a\n\
    Two,40.5,-3.7,150,b\n\
    Again,40.6,-3.7,150,a\n\
    North,ninety,-3.7,150,c\n\
    Three,40.7,-3.7,,d\n";

const OPTIONS: Options = Options {
    format: Format::Moca,
    radius_m: 77.0,
};

#[tokio::test]
async fn good_rows_go_in_and_bad_ones_are_named_by_line_and_column() {
    let server = TestServer::start().await;
    let mut refusals = Vec::new();
    let summary = import_places(&server.client, FILE, OPTIONS, |news| {
        if let News::Refused(refusal) = news {
            refusals.push((refusal.line, refusal.column));
        }
    })
    .await
    .unwrap();
    assert_eq!(
        summary,
        Summary {
            imported: 3,
            refused: 2
        }
    );
    refusals.sort_by_key(|(line, _)| *line);
    assert_eq!(
        refusals,
        [
            (4, Some((5, "externalId".to_owned()))),
            (5, Some((2, "latitude".to_owned()))),
        ]
    );
    let by_name = ListParameters {
        sort: Some("name".to_owned()),
        ..ListParameters::default()
    };
    let places = server.client.list::<Place>(&by_name).await.unwrap();
    let radii: Vec<(String, f64)> = places
        .items
        .into_iter()
        .map(|place| {
            let geofence = place.config.geofence.unwrap();
            (place.config.name, geofence.as_circle().unwrap().radius_m())
        })
        .collect();
    let expected = [("One", 150.0), ("Three", 77.0), ("Two", 150.0)];
    assert_eq!(
        radii,
        expected.map(|(name, radius)| (name.to_owned(), radius))
    );
}

fn import(server: &TestServer, file: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_moca"))
        .args(["import", "places", file])
        .args(["--server", &server.running.base_url()])
        .arg("--token-file")
        .arg(server.data_dir().join("first-token"))
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_what_it_did_and_ends_with_a_code_for_it() {
    let server = TestServer::start().await;
    let path = server.data_dir().join("places.csv");
    fs::write(&path, FILE).unwrap();
    let file = path.to_str().unwrap();
    let output = import(&server, file);
    let (told, result) = (
        String::from_utf8(output.stderr).unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    );
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(
        told.contains(&format!("{file}: line 5: column 2 (latitude): ")),
        "{told}"
    );
    assert!(
        result.starts_with("3 places are in, 2 rows were refused"),
        "{result}"
    );

    fs::write(&path, "name,latitude,longitude\nFour,1,2\n").unwrap();
    assert_eq!(import(&server, file).status.code(), Some(0));
    fs::write(&path, "title\nFive\n").unwrap();
    let output = import(&server, file);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("title"));
}
