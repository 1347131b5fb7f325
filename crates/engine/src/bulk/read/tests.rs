use std::fs;

use moca_core::limits::IMPORT_NESTING_MAX;
use serde_json::json;

use super::*;

/// Field, with its column, and code of each fault.
type Faults = Vec<(String, String)>;

/// What a file holds: line, record and faults of each row, or why it is not read on.
struct Told {
    rows: Vec<(u64, Option<Value>, Faults)>,
    broken: Option<String>,
}

fn source(path: PathBuf, format: ImportFormat, map: Option<&str>) -> Source {
    Source {
        path,
        kind: BulkKind::Places,
        format,
        map: map.map(|map| Map::read(BulkKind::Places, map).unwrap()),
        radius_m: 77.0,
        bytes_done: 0,
        rows_done: 0,
    }
}

fn read(format: ImportFormat, map: Option<&str>, text: &[u8]) -> Told {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, text).unwrap();
    let mut told = Told {
        rows: Vec::new(),
        broken: None,
    };
    let mut reader = match Reader::open(source(path, format, map)) {
        Ok(reader) => reader,
        Err(broken) => {
            told.broken = Some(words(broken));
            return told;
        }
    };
    let names = reader.names();
    loop {
        match reader.chunk() {
            Ok(chunk) => {
                let is_last = chunk.is_last;
                if is_last {
                    assert!(chunk.bytes_done <= text.len() as u64);
                }
                for mut row in chunk.rows {
                    let faults = std::mem::take(&mut row.faults).into_iter().map(|fault| {
                        let refusal = names.refusal(&row, fault);
                        let column = refusal.column.map_or(String::new(), |it| format!("{it} "));
                        (
                            format!("{column}{}", refusal.field.unwrap_or_default()),
                            refusal.code,
                        )
                    });
                    let faults = faults.collect();
                    told.rows.push((row.line, row.record, faults));
                }
                if is_last {
                    return told;
                }
            }
            Err(broken) => {
                told.broken = Some(words(broken));
                return told;
            }
        }
    }
}

fn words(broken: Broken) -> String {
    match broken {
        Broken::File(words) => words,
        Broken::Disk(error) => panic!("{error}"),
    }
}

fn fault(field: &str, code: &str) -> Faults {
    vec![(field.to_owned(), code.to_owned())]
}

const NONE: Faults = Vec::new();

#[test]
fn rows_of_a_table_keep_their_lines_and_every_text() {
    let text = b"\xef\xbb\xbfname,latitude,longitude,labels,properties,property.size\r\n\
        One,40.4,-3.7,a|b,,big\r\n\
        \"Two\nlines\",1,2,,\"{\"\"n\"\":3}\",\r\n\
        '=1+1,,,,{,\r\n\
        Four,1\r\n\
        \xff,1,2,,,\r\n\
        \r\n \
        Six ,,,,,\r\n";
    let told = read(ImportFormat::Csv, None, text);
    assert_eq!(told.broken, None);
    let circle = |latitude: f64, longitude: f64| json!({"type": "Circle", "latitude": latitude, "longitude": longitude, "radius": 77.0});
    let expected = vec![
        (
            2,
            Some(json!({"labels": ["a", "b"], "config": {"name": "One",
                "geofence": circle(40.4, -3.7), "properties": {"size": "big"}}})),
            NONE,
        ),
        (
            3,
            Some(
                json!({"config": {"name": "Two\nlines", "geofence": circle(1.0, 2.0),
                "properties": {"n": 3}}}),
            ),
            NONE,
        ),
        (
            5,
            Some(json!({"config": {"name": "=1+1"}})),
            fault("5 properties", "malformed"),
        ),
        (6, None, fault("", "malformed")),
        (7, None, fault("1 name", "malformed")),
        (9, Some(json!({"config": {"name": " Six "}})), NONE),
    ];
    assert_eq!(told.rows, expected);
}

#[test]
fn a_map_reads_foreign_columns_and_leaves_the_others_out() {
    let text = b"Station,lat,lon,street,city,extra,category\n\
        North , 1 ,2,Main 1,,x,y\n";
    let map = "name=Station,latitude=lat,longitude=lon,address=street+city,provider='Rail',property.more=extra";
    let told = read(ImportFormat::Csv, Some(map), text);
    let record = json!({"config": {
        "name": "North", "address": "Main 1", "provider": "Rail", "category": "y",
        "geofence": {"type": "Circle", "latitude": 1.0, "longitude": 2.0, "radius": 77.0},
        "properties": {"more": "x"},
    }});
    assert_eq!(told.rows, [(2, Some(record), NONE)]);
}

#[test]
fn a_mark_that_opens_nothing_is_a_mark() {
    for last in [
        "5\" disk",
        "\"5\"\" disk\"",
        "\"two\nlines\"",
        "\"\"\"\"",
        "\"a\"\n\n",
    ] {
        let text = format!("name,address\nA,x\nB,{last}");
        let told = read(ImportFormat::Csv, None, text.as_bytes());
        assert_eq!(told.broken, None, "{last}");
        assert_eq!(told.rows.len(), 2, "{last}");
    }
}

#[test]
fn a_file_that_cannot_be_meant_is_told_as_a_whole() {
    let open_quote = [b"name,address\nP,\"".as_slice(), &[b'x'; 5 * 1024 * 1024]].concat();
    let long = [
        b"<kml>\n<Placemark>\n<description>".as_slice(),
        &[b'x'; 5 * 1024 * 1024],
    ]
    .concat();
    let deep = [
        b"<kml>".as_slice(),
        "\n<Folder>".repeat(IMPORT_NESTING_MAX).as_bytes(),
    ]
    .concat();
    let cases: [(ImportFormat, Option<&str>, &[u8], &str); 21] = [
        (ImportFormat::Csv, None, b"name,altitude\n", "altitude"),
        (ImportFormat::Csv, None, b"latitude\n", "name=Station"),
        (
            ImportFormat::Csv,
            None,
            b"name,radius,radius\n",
            "radius is there twice",
        ),
        (
            ImportFormat::Csv,
            Some("name=Station"),
            b"Stop\n",
            "Station",
        ),
        (ImportFormat::Csv, None, &open_quote, "line 2"),
        (
            ImportFormat::Csv,
            None,
            b"name,address\nok,x\nbad,\"open\nlost,x\nlost,y\n",
            "line 3 is not closed: the file was cut off",
        ),
        (
            ImportFormat::Csv,
            None,
            b"name\n\"abc",
            "line 2 is not closed",
        ),
        (ImportFormat::Geojson, None, b"[]", "FeatureCollection"),
        (
            ImportFormat::Geojson,
            None,
            b"{\"type\":\"Feature\"}",
            "FeatureCollection",
        ),
        (ImportFormat::Geojson, None, b"{\"features\":[1]}", "line 1"),
        (
            ImportFormat::Geojson,
            None,
            b"{\"features\":[\n{\"type\":",
            "cut off",
        ),
        (ImportFormat::Geojson, None, b"{\"features\":[\n", "cut off"),
        (
            ImportFormat::Kml,
            None,
            b"PK\x03\x04\xff<\xfe>",
            "unpack it",
        ),
        (
            ImportFormat::Kml,
            None,
            b"<gpx/>",
            "outermost element is kml",
        ),
        (ImportFormat::Kml, None, b"", "outermost element is kml"),
        (ImportFormat::Kml, None, b"<kml>\n<Folder>\n", "cut off"),
        (
            ImportFormat::Kml,
            None,
            b"<kml>\n<Placemark>\n",
            "begins on line 2",
        ),
        (
            ImportFormat::Kml,
            None,
            b"<kml>\n<Placemark>\n<name>x</Point>",
            "line 3: expected </name>",
        ),
        (
            ImportFormat::Kml,
            None,
            b"<kml>\n\n  <Placemark><name>\xff</name></Placemark></kml>",
            "line 3",
        ),
        (ImportFormat::Kml, None, &long, "line 3"),
        (ImportFormat::Kml, None, &deep, "line 101"),
    ];
    for (format, map, text, named) in cases {
        let broken = read(format, map, text).broken.unwrap();
        assert!(broken.contains(named), "{named}: {broken}");
    }
}

#[test]
fn a_file_without_a_byte_has_no_rows() {
    for format in [ImportFormat::Csv, ImportFormat::Ndjson] {
        let told = read(format, None, b"");
        assert!(told.rows.is_empty() && told.broken.is_none());
    }
}

#[test]
fn lines_of_json_are_rows_and_bad_ones_are_told_apart() {
    let long = format!(
        "{{\"config\":{{\"name\":\"{}\"}}}}",
        "x".repeat(IMPORT_ROW_BYTES_MAX)
    );
    let text = format!(
        "\u{feff}{{\"config\":{{\"name\":\"One\"}}}}\r\n\n  \n[]\n{{\"a\":1,\"a\":2}}\n{long}\n{{\"config\":{{}}}}"
    );
    let told = read(ImportFormat::Ndjson, None, text.as_bytes());
    assert_eq!(told.broken, None);
    let expected = [
        (1, Some(json!({"config": {"name": "One"}})), NONE),
        (4, None, fault("", "malformed")),
        (5, None, fault("", "malformed")),
        (6, None, fault("", "too_long")),
        (7, Some(json!({"config": {}})), NONE),
    ];
    assert_eq!(told.rows, expected);
}

#[test]
fn features_become_places_whatever_stands_around_them() {
    let ring = json!([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]);
    let text = format!(
        "{{\"crs\": {{\"features\": [\"}}\\\"\"]}}, \"n\" : 1.5, \"features\": [\n\
         {{\"type\":\"Feature\",\"id\":17,\"geometry\":{{\"type\":\"Point\",\"coordinates\":[-3.7,40.4,650]}},\
          \"properties\":{{\"title\":\"One\",\"Name\":\"Uno\",\"radius\":5,\"latitude\":\"north\",\"size\":{{\"m\":1}},\"gone\":null,\"tags\":[\"a\"]}}}}\n,\n\
         {{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":{ring}}},\"properties\":{{\"name\":\"Two\",\"radius\":9,\"labels\":[\"x\"]}}}},\
         {{\"type\":\"Feature\",\"geometry\":{{\"type\":\"LineString\",\"coordinates\":[]}},\"properties\":null}}, {{}} ], \"more\": 1}}"
    );
    let told = read(ImportFormat::Geojson, None, text.as_bytes());
    assert_eq!(told.broken, None);
    let one = json!({"config": {
        "name": "One", "externalId": "17",
        "geofence": {"type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 5},
        "properties": {"Name": "Uno", "latitude": "north", "size": "{\"m\":1}", "tags": ["a"]},
    }});
    let two = json!({"labels": ["x"], "config": {
        "name": "Two", "geofence": {"type": "Polygon", "coordinates": ring},
        "properties": {"radius": 9},
    }});
    let expected = [
        (2, Some(one), NONE),
        (4, Some(two), NONE),
        (
            4,
            Some(json!({"config": {}})),
            fault("/geometry", "unknown_value"),
        ),
        (4, None, fault("", "malformed")),
    ];
    assert_eq!(told.rows, expected);
}

#[test]
fn placemarks_become_places_in_whatever_folders_they_are() {
    let text = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
        <!DOCTYPE kml [<!ENTITY evil \"resolved\">]>\r\n\
        <kml:kml xmlns:kml=\"http://www.opengis.net/kml/2.2\"><Document><name>Not a place</name>\r\n\
        <Style id=\"s\"><IconStyle/></Style>\r\n\
        \r\n\
        <Folder>  <Placemark id=\"p&#45;1\"><name>A &amp; B&#x21;</name><visibility>1</visibility>\r\n\
        <description><![CDATA[<b>Big</b>]]></description><ExtendedData>\r\n\
        <Data name=\"size\"><displayName>Size</displayName><value> XL </value></Data><Data name=\"none\"/>\r\n\
        <SchemaData><SimpleData name=\"name\">Other</SimpleData><SimpleData name=\"timeZone\">Europe/Madrid</SimpleData>\
        </SchemaData></ExtendedData><LookAt><longitude>1</longitude></LookAt>\r\n\
        <Point><coordinates> -3.7,40.4,650 </coordinates></Point></Placemark></Folder>\r\n\
        <Placemark><name>Holes</name><MultiGeometry><Point><coordinates>0,0</coordinates></Point><Polygon>\
        <innerBoundaryIs><LinearRing><coordinates>1,1 2,1 2,2 1,1</coordinates></LinearRing></innerBoundaryIs>\
        <outerBoundaryIs><LinearRing><coordinates>\n0,0\n9,0\n9,9\n0,0</coordinates></LinearRing></outerBoundaryIs>\
        </Polygon></MultiGeometry></Placemark>\n\
        <Placemark><MultiGeometry>\
        <Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing></outerBoundaryIs></Polygon>\
        <Polygon><outerBoundaryIs><LinearRing><coordinates>5,5 6,5 6,6 5,5</coordinates></LinearRing></outerBoundaryIs></Polygon>\
        </MultiGeometry></Placemark>\n\
        <Placemark><name>Way</name><LineString><coordinates>0,0 1,1</coordinates></LineString></Placemark>\n\
        <Placemark><name>Two</name><MultiGeometry><Point><coordinates>0,0</coordinates></Point>\
        <Point><coordinates>1,1</coordinates></Point></MultiGeometry></Placemark>\n\
        <Placemark><Polygon/></Placemark>\n\
        <Placemark><name>&evil;</name></Placemark>\n\
        <Placemark id=\"&evil;\"><name>N</name></Placemark>\n\
        <Placemark/>\n\
        </Document></kml:kml>\n";
    let told = read(ImportFormat::Kml, None, text.as_bytes());
    assert_eq!(told.broken, None);
    let one = json!({"config": {
        "name": "A & B!", "externalId": "p-1", "timeZone": "Europe/Madrid",
        "geofence": {"type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 77.0},
        "properties": {"description": "<b>Big</b>", "size": "XL"},
    }});
    let holes = json!([
        [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 0.0]],
        [[1.0, 1.0], [2.0, 1.0], [2.0, 2.0], [1.0, 1.0]],
    ]);
    let parts = json!([
        [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]],
        [[[5.0, 5.0], [6.0, 5.0], [6.0, 6.0], [5.0, 5.0]]],
    ]);
    let area = |kind: &str, coordinates| json!({"type": kind, "coordinates": coordinates});
    let no_place = || fault("geometry", "unknown_value");
    let expected = [
        (6, Some(one), NONE),
        (
            11,
            Some(json!({"config": {"name": "Holes", "geofence": area("Polygon", holes)}})),
            NONE,
        ),
        (
            16,
            Some(json!({"config": {"geofence": area("MultiPolygon", parts)}})),
            NONE,
        ),
        (17, Some(json!({"config": {"name": "Way"}})), no_place()),
        (18, Some(json!({"config": {"name": "Two"}})), no_place()),
        (
            19,
            Some(json!({"config": {}})),
            fault("geometry", "malformed"),
        ),
        (20, None, fault("", "malformed")),
        (21, None, fault("", "malformed")),
        (22, Some(json!({"config": {}})), NONE),
    ];
    assert_eq!(told.rows, expected);
    let mapped = read(
        ImportFormat::Kml,
        Some("name=size,category=description"),
        text.as_bytes(),
    );
    let config = &mapped.rows[0].1.as_ref().unwrap()["config"];
    assert_eq!(
        (&config["name"], &config["category"]),
        (&json!("XL"), &json!("<b>Big</b>"))
    );
}

/// However a file is cut into chunks and opened anew, its rows are the same.
#[test]
fn a_file_is_read_on_where_a_chunk_ended() {
    let many = IMPORT_CHUNK_ROWS_MAX * 2 + 300;
    let mut csv = String::from("name,address\r\n");
    let mut ndjson = String::new();
    let mut features = Vec::new();
    for number in 0..many {
        csv.push_str(&format!("P{number},\"two\nlines\"\r\n"));
        ndjson.push_str(&format!("{{\"config\":{{\"name\":\"P{number}\"}}}}\n\n"));
        features.push(format!(
            "{{\"type\":\"Feature\",\n\"properties\":{{\"name\":\"P{number}\"}}}}"
        ));
    }
    let geojson = format!("{{\"features\":[{}]}}", features.join(" ,"));
    let placemarks = (0..many).map(|number| {
        let folder = ["<Folder>", "", "</Folder>\r\n\r\n"][number % 3];
        format!("{folder}  <Placemark>\r\n<name>P{number}</name></Placemark>\n")
    });
    let kml = format!("\u{feff}<kml>\n{}</kml>", placemarks.collect::<String>());
    for (format, text) in [
        (ImportFormat::Csv, csv),
        (ImportFormat::Ndjson, ndjson),
        (ImportFormat::Geojson, geojson),
        (ImportFormat::Kml, kml),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, &text).unwrap();
        let whole: Vec<(u64, u64)> = {
            let mut reader = Reader::open(source(path.clone(), format, None)).unwrap();
            let mut rows = Vec::new();
            loop {
                let chunk = reader.chunk().unwrap();
                rows.extend(chunk.rows.iter().map(|row| (row.number, row.line)));
                if chunk.is_last {
                    break rows;
                }
            }
        };
        assert_eq!(whole.len(), many);
        let (mut bytes_done, mut seen) = (0, Vec::new());
        loop {
            let mut source = source(path.clone(), format, None);
            (source.bytes_done, source.rows_done) = (bytes_done, seen.len() as u64);
            let chunk = Reader::open(source).unwrap().chunk().unwrap();
            for row in &chunk.rows {
                let name = row.record.as_ref().unwrap()["config"]["name"].clone();
                assert_eq!(name, format!("P{}", seen.len()));
                seen.push((row.number, row.line));
            }
            bytes_done = chunk.bytes_done;
            if chunk.is_last {
                break;
            }
        }
        assert_eq!(seen, whole, "{format:?}");
    }
}
