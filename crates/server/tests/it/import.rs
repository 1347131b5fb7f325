//! `moca import` and `moca export`, as commands against a real server.

use std::fs;

use crate::{
    cli::{Desk, Done},
    support::binary::Binary,
};

const FILE: &str = "name,latitude,longitude,radius,externalId,labels\n\
    One,40.4,-3.7,150,a,VIP\n\
    Two,40.5,-3.7,150,b,\n\
    Again,40.6,-3.7,150,a,\n\
    North,ninety,-3.7,150,c,\n\
    Three,40.7,-3.7,,d,\n";

#[test]
fn good_rows_go_in_and_bad_ones_are_named_by_line_and_column() {
    let desk = Desk::new();
    desk.write("stores.csv", FILE);
    let arguments = ["import", "places", "stores.csv", "--refused", "refused.csv"];
    let dry = desk.run(&[&arguments[..], &["--dry-run"]].concat());
    assert!(
        dry.out
            .starts_with("3 places would be in, 2 rows were refused"),
        "{}",
        dry.out
    );
    let done = desk.run(&arguments);
    assert_eq!(done.code, 3, "{}", done.err);
    for told in [
        "stores.csv: line 4: column 5 (externalId): ",
        "stores.csv: line 5: column 2 (latitude): expected a number",
    ] {
        assert!(done.err.contains(told), "{}", done.err);
    }
    assert!(
        done.out.starts_with("3 places are in, 2 rows were refused"),
        "{}",
        done.out
    );
    let refused = fs::read_to_string(desk.home().join("refused.csv")).unwrap();
    assert!(
        refused.starts_with("row,line,column,field,code,detail\n3,4,5,externalId,taken,"),
        "{refused}"
    );
    let radii: Vec<f64> = desk
        .objects(&["places", "list"])
        .iter()
        .map(|place| place["config"]["geofence"]["radius"].as_f64().unwrap())
        .collect();
    assert_eq!(radii, [150.0, 150.0, 100.0]);

    let again = [
        "import",
        "places",
        "stores.csv",
        "--upsert",
        "--radius",
        "100",
    ];
    let done = desk.run(&again);
    let expected = "4 places are in (0 new, 1 changed, 3 as they were), 1 rows were refused";
    assert!(done.out.starts_with(expected), "{}", done.out);
    let imports = desk.objects(&["imports", "list"]);
    assert_eq!(imports.len(), 3);
    assert_eq!(imports[0]["config"]["name"], "stores.csv");
}

#[test]
fn the_exit_code_says_how_it_ended() {
    let desk = Desk::new();
    let import = |name: &str, file: &str, more: &[&str]| -> Done {
        desk.write(name, file);
        desk.run(&[&["import", "places", name], more].concat())
    };
    let good = import("good.csv", "name\nFour\n", &[]);
    assert_eq!((good.code, good.err.as_str()), (0, ""));
    let foreign = import("foreign.csv", "Station\nFive\n", &[]);
    assert_eq!(foreign.code, 1);
    assert!(foreign.err.contains("Station"), "{}", foreign.err);
    let mapped = import("foreign.csv", "Station\nFive\n", &["--map", "name=Station"]);
    assert_eq!(mapped.code, 0, "{}", mapped.err);
    let wrong = import(
        "foreign.csv",
        "Station\nFive\n",
        &["--map", "title=Station"],
    );
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    let lost = desk.run(&["import", "places", "lost.csv"]);
    assert_eq!(lost.code, 1);
    assert!(lost.err.contains("lost.csv"), "{}", lost.err);
    let piped = desk.run_with(
        &["import", "places", "-", "--format", "ndjson"],
        "{\"config\":{\"name\":\"Six\"}}\n",
    );
    assert_eq!(piped.code, 0, "{}", piped.err);
    assert_eq!(desk.objects(&["places", "list"]).len(), 3);
}

#[test]
fn the_end_of_a_name_or_a_word_says_that_it_is_kml() {
    let desk = Desk::new();
    let file = "<kml><Placemark id=\"k\"><name>K</name><Point><coordinates>-3.7,40.4</coordinates></Point>\
        </Placemark>\n<Placemark><LineString/></Placemark></kml>";
    desk.write("stores.KML", file);
    let done = desk.run(&["import", "places", "stores.KML", "--radius", "250"]);
    assert_eq!(done.code, 3, "{}", done.err);
    let told = "stores.KML: line 2: geometry: expected a Point, a Polygon or a MultiGeometry";
    assert!(done.err.contains(told), "{}", done.err);
    let arguments = [
        "import", "places", "-", "--format", "kml", "--upsert", "--radius", "300",
    ];
    let done = desk.run_with(&arguments, file);
    assert_eq!(done.code, 3, "{}", done.err);
    let place = desk.object(&["places", "list", "--external-id", "k"]);
    assert_eq!(place["config"]["geofence"]["radius"], 300.0);
    let none = desk.run(&["export", "places", "--format", "kml"]);
    assert_eq!(none.code, 2, "{}", none.err);
    let none = desk.run(&["export", "places", "-o", "out.kml"]);
    assert_eq!(none.code, 2, "{}", none.err);
    let told = "there are no exports as kml: name the file by one of csv, ndjson, geojson";
    assert!(none.err.contains(told), "{}", none.err);
    assert!(!desk.home().join("out.kml").exists());
    let said = desk.run(&["export", "places", "-o", "out.txt", "--format", "csv"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn what_is_exported_goes_into_another_server_as_it_is() {
    let (desk, other) = (Desk::new(), Desk::new());
    desk.write("stores.csv", FILE);
    desk.run(&["import", "places", "stores.csv"]);
    for format in ["csv", "ndjson", "geojson"] {
        let file = desk.home().join(format!("out.{format}"));
        let file = file.to_str().unwrap();
        let written = desk.run(&["export", "places", "-o", file]);
        assert_eq!(written.code, 0, "{}", written.err);
        let done = other.run(&["import", "places", file, "--upsert"]);
        assert_eq!(done.code, 0, "{}", done.err);
        let back = other.run(&["export", "places", "--format", format]);
        assert_eq!(back.out, fs::read_to_string(file).unwrap());
    }
    let some = desk.run(&["export", "places", "--search", "thr"]);
    assert_eq!(some.out.lines().count(), 2);
    let nowhere = desk.run(&["export", "places", "-o", "no/such/folder.csv"]);
    assert_eq!(nowhere.code, 1);
    assert_eq!(other.objects(&["places", "list"]).len(), 3);
}

#[test]
fn all_airports_go_in() {
    let desk = Desk::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/airports.csv");
    let done = desk.run(&["import", "places", path, "--format", "airports"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(
        done.out
            .starts_with("28,298 places are in, 0 rows were refused"),
        "{}",
        done.out
    );
    let madrid = desk.object(&["places", "list", "--external-id", "LEMD"]);
    let config = &madrid["config"];
    assert_eq!(config["timeZone"], "Europe/Madrid");
    assert_eq!(config["category"], "airport");
    assert_eq!(config["properties"]["iata"], "MAD");
    assert_eq!(config["geofence"]["radius"], 5_000.0);
    assert_eq!(config["address"], "Madrid, Comunidad de Madrid, ES");
}

#[test]
fn a_token_file_is_enough() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::start(directory.path());
    let file = directory.path().join("places.csv");
    fs::write(&file, "name\nP\n").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_moca"))
        .args(["import", "places", file.to_str().unwrap()])
        .args(["--server", &server.base_url()])
        .arg("--token-file")
        .arg(directory.path().join("first-token"))
        .env_remove("MOCA_TOKEN")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn every_command_with_a_sample_does_what_the_guide_says() {
    let desk = Desk::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let guide = fs::read_to_string(format!("{root}/docs/bulk.md")).unwrap();
    let commands = guide
        .lines()
        .filter(|line| line.starts_with("moca import") && line.contains("docs/samples/"));
    let mut ran = 0;
    for command in commands {
        let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
        let done = desk.command().current_dir(root).args(&arguments).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{command}: {done:?}");
        ran += 1;
    }
    let samples = fs::read_dir(format!("{root}/docs/samples")).unwrap();
    assert_eq!(ran, samples.count());
    let places = desk.objects(&["places", "list"]);
    let names: Vec<&str> = places
        .iter()
        .map(|place| place["config"]["name"].as_str().unwrap())
        .collect();
    let expected = [
        "Plaza Mayor",
        "Retiro",
        "Sol",
        "Car park",
        "Atocha",
        "Chamart\u{ed}n",
        "Pr\u{ed}ncipe P\u{ed}o",
    ];
    assert_eq!(names, expected);
    assert_eq!(places[2]["config"]["geofence"]["radius"], 200.0);
    assert_eq!(places[3]["config"]["geofence"]["type"], "Polygon");
}
