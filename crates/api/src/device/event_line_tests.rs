//! The fast reader of events against the thorough one, and both against what an event is.

use moca_core::limits::PROPERTY_TEXT_CHARS_MAX;

use super::*;

const NOW: i64 = 1_790_000_000_000;
const ID: &str = "f7826da6-4fa2-4e98-8024-bc5b71e0893e";

const BEACON: &str = r#""type":"IBeacon","proximityUuid":"f7826da6-4fa2-4e98-8024-bc5b71e0893e""#;

/// Events, and whether they are taken.
fn cases() -> Vec<(String, bool)> {
    let event = |rest: &String| match rest.as_str() {
        "" => format!(r#"{{"id":"{ID}","t":{NOW}}}"#),
        rest => format!(r#"{{"id":"{ID}","t":{NOW},{rest}}}"#),
    };
    let (taken, refused) = (taken(), refused());
    let taken = taken.iter().map(|rest| (event(rest), true));
    let refused = refused.iter().map(|rest| (event(rest), false));
    taken.chain(refused).collect()
}

/// What may follow id and time.
fn taken() -> Vec<String> {
    let beacon = BEACON;
    let wide = "\u{e9}".repeat(CODE_CHARS_MAX);
    vec![
        r#""verb":"buy""#.to_owned(),
        r#""verb":"buy","item":"shoe","category":"sport","value":3"#.into(),
        r#""verb":"buy","value":-1.5e3"#.into(),
        r#""verb":"b\u0075y""#.into(),
        r#""verb":"buy","item":null"#.into(),
        r#""verb":"buy","properties":{"a":1,"b":"x","c":["y"],"d":true,"e":null}"#.into(),
        format!(r#""verb":"{wide}""#),
        "\"verb\":\"cafe\u{301}\"".into(),
        r#""location":{"lat":40.4,"lon":-3.7}"#.into(),
        r#""location":{"latitude":40.4,"longitude":-3.7}"#.into(),
        r#""location":{"lat":90,"lon":-180,"accuracy":0,"speed":1.5,"floor":-2}"#.into(),
        format!(r#""sightings":[{{{beacon},"major":0,"minor":65535}}]"#),
        format!(
            r#""sightings":[{{{beacon},"major":1,"minor":2,"rssi":-70,"proximity":"Near","battery":100}}]"#
        ),
        r#""sightings":[{"type":"EddystoneUid","namespace":"00112233445566778899","instance":"AABBCCDDEEFF"}]"#.into(),
    ]
}

/// What may not.
fn refused() -> Vec<String> {
    let beacon = BEACON;
    let long = "x".repeat(CODE_CHARS_MAX + 1);
    let many = vec![format!(r#"{{{beacon},"major":1,"minor":2}}"#); SIGHTINGS_MAX + 1].join(",");
    vec![
        String::new(),
        r#""verb":"""#.into(),
        r#""verb":"  ""#.into(),
        r#""verb":"a\nb""#.into(),
        r#""verb":7"#.into(),
        format!(r#""verb":"{long}""#),
        r#""verb":"buy","colour":"red""#.into(),
        r#""verb":"buy","verb":"sell""#.into(),
        r#""verb":"buy","value":1e999"#.into(),
        r#""verb":"buy","properties":{"a":{"b":1}}"#.into(),
        format!(
            r#""verb":"buy","properties":{{"a":"{}"}}"#,
            "x".repeat(PROPERTY_TEXT_CHARS_MAX + 1)
        ),
        r#""verb":"buy","location":{"lat":1,"lon":2}"#.into(),
        r#""location":{"lat":1,"lon":2},"item":"shoe""#.into(),
        r#""location":{"lat":1,"lon":2},"properties":{}"#.into(),
        r#""location":{"lat":90.1,"lon":2}"#.into(),
        r#""location":{"lat":1,"lon":-180.5}"#.into(),
        r#""location":{"lat":1}"#.into(),
        r#""location":{"lat":1,"latitude":1,"lon":2}"#.into(),
        r#""location":{"lat":"1","lon":2}"#.into(),
        r#""location":{"lat":1,"lon":2,"accuracy":-1}"#.into(),
        r#""location":{"lat":1,"lon":2,"floor":1.5}"#.into(),
        r#""location":{"lat":1,"lon":2,"floor":1001}"#.into(),
        r#""location":{"lat":1,"lon":2,"altitude":7}"#.into(),
        r#""location":[1,2]"#.into(),
        r#""sightings":[]"#.into(),
        format!(r#""sightings":[{many}]"#),
        format!(r#""sightings":[{{{beacon},"major":1}}]"#),
        format!(r#""sightings":[{{{beacon},"major":65536,"minor":1}}]"#),
        format!(r#""sightings":[{{{beacon},"major":-1,"minor":1}}]"#),
        format!(
            r#""sightings":[{{{beacon},"major":1,"minor":1,"namespace":"00112233445566778899"}}]"#
        ),
        format!(r#""sightings":[{{{beacon},"major":1,"minor":1,"rssi":-129}}]"#),
        format!(r#""sightings":[{{{beacon},"major":1,"minor":1,"battery":101}}]"#),
        format!(r#""sightings":[{{{beacon},"major":1,"minor":1,"proximity":"near"}}]"#),
        r#""sightings":[{"type":"AltBeacon"}]"#.into(),
        r#""sightings":[{"type":"EddystoneUid","namespace":"0011","instance":"AABBCCDDEEFF"}]"#
            .into(),
    ]
}

#[test]
fn an_event_is_taken_or_refused_as_documented() {
    for (line, expected) in cases() {
        let read = read(&line, NOW);
        assert_eq!(read.is_ok(), expected, "{line}: {read:?}");
    }
}

#[test]
fn what_the_fast_reader_takes_the_thorough_one_takes_alike() {
    for (line, _) in cases() {
        if let Some((event, _)) = read_plain(&line, NOW) {
            assert_eq!(Ok(event), event_reader::read(&line, NOW), "{line}");
        }
    }
}

#[test]
fn an_event_names_its_instance_where_it_has_to_and_nowhere_else() {
    let instance = "AZuN58uAcACAAAAAAAAAoQ";
    for (line, expected) in cases() {
        let named = line.replacen('{', &format!(r#"{{"instanceId":"{instance}","#), 1);
        assert!(read(&named, NOW).is_err(), "{named}");
        assert!(read_addressed(&line, NOW).is_err(), "{line}");
        let addressed = read_addressed(&named, NOW);
        let thorough = event_reader::read_addressed(&named, NOW);
        assert_eq!(addressed, thorough, "{named}");
        let event = addressed.map(|(id, event)| {
            assert_eq!(id.to_string(), instance);
            event
        });
        assert_eq!(event.is_ok(), expected, "{named}");
        if let Ok(event) = event {
            assert_eq!(Ok(event), read(&line, NOW), "{line}");
        }
    }
    let wrong = format!(r#"{{"instanceId":"x","id":"{ID}","t":{NOW},"verb":"buy"}}"#);
    let fault = read_addressed(&wrong, NOW).unwrap_err();
    assert_eq!(fault.pointer, "/instanceId");
}

#[test]
fn plain_events_do_take_the_fast_way() {
    for rest in [
        r#""verb":"buy","item":"shoe""#,
        r#""location":{"lat":40.4,"lon":-3.7,"accuracy":12.5}"#,
        r#""sightings":[{"type":"IBeacon","proximityUuid":"f7826da6-4fa2-4e98-8024-bc5b71e0893e","major":1,"minor":2}]"#,
    ] {
        let line = format!(r#"{{"id":"{ID}","t":{NOW},{rest}}}"#);
        assert!(read_plain(&line, NOW).is_some(), "{line}");
    }
}

#[test]
fn time_and_id_have_bounds() {
    let line = |id: &str, t: &str| format!(r#"{{"id":"{id}","t":{t},"verb":"buy"}}"#);
    let latest = NOW + EVENT_AHEAD_MS_MAX;
    for (id, t, expected) in [
        (ID, latest.to_string(), true),
        (ID, (latest + 1).to_string(), false),
        (ID, EVENT_AT_MIN.to_string(), true),
        (ID, (EVENT_AT_MIN - 1).to_string(), false),
        (ID, "1.5".into(), false),
        (ID, format!("\"{NOW}\""), false),
        (ID, "9223372036854775808".into(), false),
        (
            "F7826DA6-4FA2-4E98-8024-BC5B71E0893E",
            NOW.to_string(),
            true,
        ),
        ("f7826da64fa24e988024bc5b71e0893e", NOW.to_string(), false),
        (
            "{f7826da6-4fa2-4e98-8024-bc5b71e0893e}",
            NOW.to_string(),
            false,
        ),
        ("", NOW.to_string(), false),
    ] {
        assert_eq!(read(&line(id, &t), NOW).is_ok(), expected, "{id} {t}");
    }
}

#[test]
fn a_refusal_names_the_place_and_what_was_expected() {
    for (rest, code, expected) in [
        (
            r#""location":{"lat":91,"lon":0}"#,
            "out_of_range",
            "/location/lat: ",
        ),
        (r#""verb":"buy","colour":1"#, "unknown_field", "/colour: "),
        (
            r#""sightings":[{"type":"IBeacon"}]"#,
            "required",
            "/sightings/0/proximityUuid: ",
        ),
        (r#""item":"shoe""#, "unknown_field", "/item: "),
    ] {
        let line = format!(r#"{{"id":"{ID}","t":{NOW},{rest}}}"#);
        let fault = read(&line, NOW).unwrap_err();
        assert_eq!(fault.code, code, "{line}");
        assert!(fault.detail.starts_with(expected), "{}", fault.detail);
    }
}

#[test]
fn a_text_is_stored_in_nfc() {
    let line = format!("{{\"id\":\"{ID}\",\"t\":{NOW},\"verb\":\"cafe\u{301}\"}}");
    let EventBody::Custom { verb, .. } = read(&line, NOW).unwrap().body else {
        panic!("a verb");
    };
    assert_eq!(verb, "caf\u{e9}");
}

#[test]
fn what_is_no_json_object_is_refused() {
    for line in ["", "7", "[]", "null", "{", "{\"id\"", "\"\\ud800\""] {
        assert!(read(line, NOW).is_err(), "{line}");
    }
}
