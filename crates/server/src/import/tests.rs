use moca_core::limits::BATCH_ITEMS_MAX;

use super::{
    Format, Options, Refusal,
    reader::{Batch, Part, read},
};

const OPTIONS: Options = Options {
    format: Format::Moca,
    radius_m: 100.0,
};

fn read_all(text: &[u8], options: Options) -> anyhow::Result<(Vec<Batch>, Vec<Refusal>)> {
    let (mut batches, mut refusals) = (Vec::new(), Vec::new());
    read(text, options, |part| {
        match part {
            Part::Batch(batch) => batches.push(batch),
            Part::Refused(faults) => refusals.extend(faults),
        }
        true
    })?;
    Ok((batches, refusals))
}

#[test]
fn bad_rows_are_named_and_the_others_go_on() {
    let text = b"\xef\xbb\xbfname,latitude,longitude,radius,timeZone,property.size\r\n\
        One,40.4,-3.7,150,Europe/Madrid,big\r\n\
        \"Two\nlines\",1,2,,,\r\n\
        Three,north,2,,,\r\n\
        Four,91,2,0.5,Mars/Olympus,\r\n\
        Five,1\r\n\
        \xff,1,2,,,\r\n\
        \r\n\
        ,1,2,,,\r\n\
        Six,,,,,\r\n";
    let (batches, refusals) = read_all(text, OPTIONS).unwrap();
    let names: Vec<&str> = batches[0]
        .places
        .iter()
        .map(|place| place.config.name.as_str())
        .collect();
    assert_eq!(names, ["One", "Six"]);
    assert_eq!(batches[0].lines, [2, 11]);
    // The last line feed is not looked at.
    assert_eq!(batches[0].bytes, text.len() as u64 - 1);
    let one = &batches[0].places[0].config;
    assert_eq!(
        one.geofence
            .clone()
            .unwrap()
            .as_circle()
            .unwrap()
            .radius_m(),
        150.0
    );
    assert_eq!(one.properties.len(), 1);
    let told: Vec<(u64, Option<usize>)> = refusals
        .iter()
        .map(|refusal| {
            (
                refusal.line,
                refusal.column.as_ref().map(|(number, _)| *number),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (3, Some(1)),
            (5, Some(2)),
            (6, Some(2)),
            (6, Some(4)),
            (6, Some(5)),
            (7, None),
            (8, Some(1)),
            (10, Some(1)),
        ]
    );
    let latitude = refusals[1].to_string();
    assert_eq!(
        latitude,
        "line 5: column 2 (latitude): expected a number such as 40.4154, not \"north\""
    );
}

#[test]
fn a_place_without_a_radius_gets_the_one_of_the_options() {
    let (batches, _) = read_all(b"name,latitude,longitude\nOne,1,2\n", OPTIONS).unwrap();
    let geofence = batches[0].places[0].config.geofence.clone().unwrap();
    assert_eq!(geofence.as_circle().unwrap().radius_m(), OPTIONS.radius_m);
}

#[test]
fn columns_that_are_unknown_missing_or_there_twice_are_named() {
    for (header, named) in [
        ("name,altitude", "altitude"),
        ("latitude,longitude", "name"),
        ("name,radius,radius", "radius"),
        ("", "name"),
    ] {
        let error = read_all(header.as_bytes(), OPTIONS).err().unwrap();
        assert!(error.to_string().contains(named), "{header}: {error}");
    }
}

#[test]
fn all_airports_are_good_rows_in_full_batches() {
    let text = include_bytes!("../../../../data/airports.csv");
    let options = Options {
        format: Format::Airports,
        radius_m: 5_000.0,
    };
    let (batches, refusals) = read_all(text, options).unwrap();
    assert_eq!(refusals, []);
    let (last, full) = batches.split_last().unwrap();
    assert!(
        full.iter()
            .all(|batch| batch.places.len() == BATCH_ITEMS_MAX)
    );
    assert_eq!(last.bytes, text.len() as u64);
    let madrid = batches
        .iter()
        .flat_map(|batch| &batch.places)
        .find(|place| place.config.external_id.as_deref() == Some("LEMD"))
        .unwrap();
    assert_eq!(madrid.config.time_zone.as_deref(), Some("Europe/Madrid"));
    assert_eq!(madrid.config.category.as_deref(), Some("airport"));
}
