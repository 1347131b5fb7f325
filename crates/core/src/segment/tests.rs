//! The language by hand and by its page; beside it, against a second evaluator.

mod events;
mod naive;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::{
    event::Profile,
    limits::{
        SEGMENT_COMPARED_MAX, SEGMENT_DEPTH_MAX, SEGMENT_LEAVES_MAX, SEGMENT_LIST_MAX,
        SEGMENT_PATTERNS_MAX,
    },
    property::{Properties, Property},
    samples::id,
};

/// What is known of an instance.
#[derive(Debug, Clone, Default)]
struct Someone {
    profile: Profile,
    user_id: Option<String>,
    properties: Properties,
    tags: BTreeMap<String, f64>,
    push_enabled: bool,
    location_status: Option<String>,
    listed: BTreeSet<SegmentId>,
    refuses_profiling: bool,
    created_at: i64,
    last_seen_at: i64,
}

impl Someone {
    fn traits(&self) -> Traits<'_> {
        Traits {
            profile: &self.profile,
            user_id: self.user_id.as_deref(),
            properties: &self.properties,
            tags: &self.tags,
            push_enabled: self.push_enabled,
            location_status: self.location_status.as_deref(),
            listed: &self.listed,
            refuses_profiling: self.refuses_profiling,
            created_at: self.created_at,
            last_seen_at: self.last_seen_at,
        }
    }

    /// The instance with these values, by field.
    fn with(values: &Value) -> Self {
        let mut one = Self::default();
        for (field, value) in values.as_object().unwrap() {
            let text = || Some(value.as_str().unwrap().to_owned());
            if let Some(name) = field.strip_prefix("property.") {
                let property: Property = serde_json::from_value(value.clone()).unwrap();
                one.properties.insert(name.to_owned(), property);
            } else if let Some(name) = field.strip_prefix("tag.") {
                one.tags.insert(name.to_owned(), value.as_f64().unwrap());
            } else {
                match field.as_str() {
                    "lang" => one.profile.lang = text(),
                    "country" => one.profile.country = text(),
                    "os" => one.profile.os = text(),
                    "osVersion" => one.profile.os_version = text(),
                    "deviceType" => one.profile.device_type = text(),
                    "deviceModel" => one.profile.device_model = text(),
                    "carrier" => one.profile.carrier = text(),
                    "timeZone" => one.profile.time_zone = text(),
                    "appVersion" => one.profile.app_version = text(),
                    "sdkVersion" => one.profile.sdk_version = text(),
                    "userId" => one.user_id = text(),
                    "locationStatus" => one.location_status = text(),
                    "createdAt" => one.created_at = value.as_i64().unwrap(),
                    "lastSeenAt" => one.last_seen_at = value.as_i64().unwrap(),
                    other => panic!("no field {other}"),
                }
            }
        }
        one
    }
}

fn query(text: &str) -> Query {
    Query::read(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

fn holds(text: &str, of: &Someone) -> bool {
    Segments::default().holds(&query(text), &of.traits())
}

fn faults(text: &str) -> Vec<(String, QueryProblem)> {
    let faults = Query::read(text).err().unwrap_or_default();
    faults
        .into_iter()
        .map(|fault| (fault.pointer, fault.problem))
        .collect()
}

#[test]
fn every_example_of_the_page_holds_for_whom_it_says() {
    let page = include_str!("../../../../docs/segments.md");
    let (_, rest) = page.split_once("```json\n").unwrap();
    let (people, _) = rest.split_once("```").unwrap();
    let people: Value = serde_json::from_str(people).unwrap();
    let mut examples = 0;
    for line in page.lines().filter(|line| line.ends_with(" |")) {
        let cells: Vec<&str> = line
            .trim()
            .trim_matches('|')
            .split(" | ")
            .map(str::trim)
            .collect();
        let [.., text, expected] = cells.as_slice() else {
            continue;
        };
        let Some(text) = text
            .strip_prefix("`{")
            .and_then(|text| text.strip_suffix('`'))
        else {
            continue;
        };
        let text = format!("{{{text}");
        let found: Vec<&str> = people
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, values)| holds(&text, &Someone::with(values)))
            .map(|(name, _)| name.as_str())
            .collect();
        let found = match found.as_slice() {
            [] => "nobody".to_owned(),
            found => found.join(", "),
        };
        assert_eq!(found, *expected, "{text}");
        examples += 1;
    }
    assert!(examples > 30, "{examples} examples");
}

#[test]
fn each_field_is_found_under_its_name() {
    let values = json!({
        "lang": "a", "country": "b", "os": "c", "osVersion": "d", "deviceType": "e", "deviceModel": "f",
        "carrier": "g", "timeZone": "h", "appVersion": "i", "sdkVersion": "j", "userId": "k",
        "locationStatus": "always",
        "createdAt": 7, "lastSeenAt": 8, "tag.t.u": 2.5, "property.p": "l"
    });
    let (one, nobody) = (Someone::with(&values), Someone::default());
    for (field, value) in values.as_object().unwrap() {
        let text = json!({ field: value }).to_string();
        assert!(holds(&text, &one) && !holds(&text, &nobody), "{text}");
        let text = json!({ field: {"$exists": false} }).to_string();
        let is_always_there = field.ends_with("At");
        assert_eq!(holds(&text, &nobody), !is_always_there, "{text}");
    }
    assert!(holds(r#"{"loggedIn":true}"#, &one) && holds(r#"{"loggedIn":false}"#, &nobody));
    let reachable = Someone {
        push_enabled: true,
        refuses_profiling: false,
        ..Someone::default()
    };
    for (enabled, someone) in [(true, &reachable), (false, &nobody)] {
        assert!(holds(&format!(r#"{{"pushEnabled":{enabled}}}"#), someone));
        assert!(!holds(
            &format!(r#"{{"pushEnabled":{}}}"#, !enabled),
            someone
        ));
    }
}

#[test]
fn likes_versions_and_spellings() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("", "a", false),
        ("%", "", true),
        ("%%", "anything", true),
        ("a%", "ab", true),
        ("a%", "ba", false),
        ("%a", "a", true),
        ("%a%", "bab", true),
        ("%ab%ab", "ababab", true),
        ("%ab%ab", "abab_", false),
        ("%abc", "ababc", true),
        ("a%b%c", "aXbYbZc", true),
        ("_", "ñ", true),
        ("_", "", false),
        ("__", "ñ", false),
        ("%_", "", false),
        (r"\%", "%", true),
        (r"\%", "a", false),
        (r"\\", r"\", true),
        ("%", "two\nlines", true),
        ("[a]", "a", false),
    ] {
        let like = super::pattern::Like::read(pattern).unwrap();
        assert_eq!(like.is_match(text), expected, "{pattern} {text}");
    }
    for (left, right, expected) in [
        ("10.2", "9.9", Some(std::cmp::Ordering::Greater)),
        ("10", "10.0.0", Some(std::cmp::Ordering::Equal)),
        ("1.09", "1.9", Some(std::cmp::Ordering::Equal)),
        ("1.2", "1.2.1", Some(std::cmp::Ordering::Less)),
        (
            "99999999999999999999999",
            "100000000000000000000000",
            Some(std::cmp::Ordering::Less),
        ),
        ("1.2-beta", "1.1", None),
        ("1..2", "1", None),
        ("", "1", None),
        (".1", "1", None),
    ] {
        assert_eq!(
            super::version::compare(left, right),
            expected,
            "{left} {right}"
        );
    }
    let beta = Someone::with(&json!({"appVersion": "2-beta"}));
    assert!(holds(r#"{"appVersion":"2-beta"}"#, &beta));
    assert!(!holds(r#"{"appVersion":{"$gte":"1"}}"#, &beta));
    // A letter and an accent, written as one character or as two.
    let leon = Someone::with(&json!({"property.city": "Le\u{f3}n"}));
    for text in [
        r#"{"property.city":"Leo\u0301n"}"#,
        r#"{"property.city":{"$like":"Le_n"}}"#,
        r#"{"property.city":{"$matches":"^Leo\u0301n$"}}"#,
    ] {
        assert!(holds(text, &leon), "{text}");
    }
}

#[test]
fn a_query_is_refused_with_all_that_is_wrong_with_it() {
    use QueryProblem::{
        InvalidFormat, NotUnique, OutOfRange, TooLong, TooShort, UnknownField, WrongType,
    };
    let long = json!({"lang": "x".repeat(1_001)}).to_string();
    let many = json!({"lang": {"$in": vec!["x"; SEGMENT_LIST_MAX + 1]}}).to_string();
    for (text, pointer, problem) in [
        ("", "", InvalidFormat),
        ("lang=es", "", InvalidFormat),
        ("{\"lang\":\"es\"} x", "", InvalidFormat),
        ("{\"createdAt\":1e999}", "", InvalidFormat),
        ("[]", "", WrongType),
        ("\"es\"", "", WrongType),
        ("{}", "", TooShort),
        (r#"{"$all":{"lang":"es"}}"#, "/$all", WrongType),
        (r#"{"$any":[]}"#, "/$any", TooShort),
        (r#"{"$all":[{"lang":"es"},{}]}"#, "/$all/1", TooShort),
        (r#"{"$not":[{"lang":"es"}]}"#, "/$not", WrongType),
        (r#"{"language":"es"}"#, "/language", UnknownField),
        (r#"{"shoeSize":true}"#, "/shoeSize", UnknownField),
        (r#"{"$did":{"verb":"buy"}}"#, "/$did", UnknownField),
        (r#"{"$inside":{"placeId":"x"}}"#, "/$inside", UnknownField),
        (r#"{"property.":1}"#, "/property.", InvalidFormat),
        (r#"{"tag.":1}"#, "/tag.", InvalidFormat),
        (r#"{"lang":null}"#, "/lang", WrongType),
        (r#"{"lang":["es"]}"#, "/lang", WrongType),
        (r#"{"lang":{}}"#, "/lang", TooShort),
        (r#"{"os":{"$lk":"x"}}"#, "/os/$lk", UnknownField),
        (r#"{"os":{"eq":"x"}}"#, "/os/eq", UnknownField),
        (r#"{"os":{"$eq":null}}"#, "/os/$eq", WrongType),
        (r#"{"os":{"$in":"iOS"}}"#, "/os/$in", WrongType),
        (r#"{"os":{"$nin":["iOS",null]}}"#, "/os/$nin/1", WrongType),
        (r#"{"os":{"$lt":true}}"#, "/os/$lt", WrongType),
        (r#"{"os":{"$exists":1}}"#, "/os/$exists", WrongType),
        (r#"{"os":{"$startsWith":1}}"#, "/os/$startsWith", WrongType),
        (r#"{"os":{"$contains":true}}"#, "/os/$contains", WrongType),
        (r#"{"os":{"$not":{"$lk":1}}}"#, "/os/$not/$lk", UnknownField),
        (r#"{"os":{"$like":"50\\x"}}"#, "/os/$like", InvalidFormat),
        (r#"{"os":{"$like":"50\\"}}"#, "/os/$like", InvalidFormat),
        (r#"{"os":{"$matches":"("}}"#, "/os/$matches", InvalidFormat),
        (
            r#"{"os":{"$matches":"(a)\\1"}}"#,
            "/os/$matches",
            InvalidFormat,
        ),
        (
            r#"{"os":{"$matches":"(\\w{99}){99}"}}"#,
            "/os/$matches",
            InvalidFormat,
        ),
        (
            r#"{"osVersion":{"$gte":10.2}}"#,
            "/osVersion/$gte",
            WrongType,
        ),
        (
            r#"{"osVersion":{"$gte":"ten"}}"#,
            "/osVersion/$gte",
            InvalidFormat,
        ),
        (
            r#"{"tag.a~b/c":{"$lt":9007199254740993000}}"#,
            "/tag.a~0b~1c/$lt",
            OutOfRange,
        ),
        (r#"{"$segment":7}"#, "/$segment", WrongType),
        (r#"{"$segment":"abc"}"#, "/$segment", InvalidFormat),
        (r#"{"lang":"es","lang":"en"}"#, "/lang", NotUnique),
        (r#"{"tag.t":{"$gt":1,"$gt":2}}"#, "/tag.t/$gt", NotUnique),
        (&long, "/lang", TooLong),
        (&many, "/lang/$in", TooLong),
    ] {
        assert_eq!(faults(text), [(pointer.to_owned(), problem)], "{text}");
    }
    let text = r#"{"$all":[{"lng":"es"},{"os":{"$lk":"x","$eq":null}}],"$any":3,"x":{"$like":1}}"#;
    let expected = [
        ("/$all/0/lng", UnknownField),
        ("/$all/1/os/$lk", UnknownField),
        ("/$all/1/os/$eq", WrongType),
        ("/$any", WrongType),
        ("/x", UnknownField),
        ("/x/$like", WrongType),
    ];
    assert_eq!(
        faults(text),
        expected.map(|(at, what)| (at.to_owned(), what))
    );
}

/// `$not` around `$not`, so many times.
fn nested(levels: usize, inner: &str) -> String {
    format!(
        "{}{inner}{}",
        "{\"$not\":".repeat(levels),
        "}".repeat(levels)
    )
}

#[test]
fn a_query_may_be_as_large_as_its_limits_and_no_larger() {
    use QueryProblem::TooLong;
    let leaf = r#"{"lang":"es"}"#;
    assert_eq!(
        query(&nested(SEGMENT_DEPTH_MAX, leaf)).size().depth,
        SEGMENT_DEPTH_MAX
    );
    let pointer = "/$not".repeat(SEGMENT_DEPTH_MAX + 1);
    let too_deep = nested(SEGMENT_DEPTH_MAX + 1, leaf);
    assert_eq!(faults(&too_deep), [(pointer, TooLong)]);
    let operators = r#"{"lang":{"$not":{"$not":"es"}}}"#;
    assert_eq!(faults(&nested(SEGMENT_DEPTH_MAX - 2, operators)), []);
    assert_eq!(
        faults(&nested(SEGMENT_DEPTH_MAX - 1, operators))[0].1,
        TooLong
    );

    let leaves = |count: usize| json!({"$any": vec![json!({"lang": "es"}); count]}).to_string();
    assert_eq!(
        query(&leaves(SEGMENT_LEAVES_MAX)).size().leaves,
        SEGMENT_LEAVES_MAX
    );
    assert_eq!(
        faults(&leaves(SEGMENT_LEAVES_MAX + 1)),
        [(String::new(), TooLong)]
    );

    let pattern = json!({"lang": {"$matches": "^e"}});
    let patterns = |count: usize| json!({"$any": vec![pattern.clone(); count]}).to_string();
    assert_eq!(faults(&patterns(SEGMENT_PATTERNS_MAX)), []);
    assert_eq!(
        faults(&patterns(SEGMENT_PATTERNS_MAX + 1)),
        [(String::new(), TooLong)]
    );
    // A parser gives up on this before it exhausts the stack.
    assert_eq!(
        faults(&"[".repeat(100_000))[0].1,
        QueryProblem::InvalidFormat
    );
}

#[test]
fn a_decision_keeps_the_values_that_made_it() {
    let one = Someone::with(&json!({"lang": "en", "os": "iOS", "tag.vip": 1}));
    let compared = |text: &str| {
        let found = Segments::default().compared(&query(text), &one.traits());
        let names = found.into_iter().map(|(name, _)| name);
        names.collect::<Vec<_>>().join(" ")
    };
    for (text, expected) in [
        // The first that does not hold is enough to say no.
        (r#"{"os":"iOS","lang":"es","tag.vip":2}"#, "lang"),
        // All of them were in vain.
        (
            r#"{"$any":[{"lang":"es"},{"tag.vip":2},{"lang":"fr"}]}"#,
            "lang tag.vip",
        ),
        // What holds inside $not keeps out.
        (r#"{"$not":{"$any":[{"lang":"fr"},{"os":"iOS"}]}}"#, "os"),
        (r#"{"$not":{"os":"iOS","lang":"en"}}"#, "os lang"),
        (r#"{"os":{"$ne":"iOS"}}"#, "os"),
    ] {
        assert_eq!(compared(text), expected, "{text}");
    }
    let many: Vec<Value> = (0..30).map(|n| json!({format!("tag.t{n}"): 1})).collect();
    let text = json!({ "$any": many }).to_string();
    assert_eq!(compared(&text).split(' ').count(), SEGMENT_COMPARED_MAX);
    let long = Someone::with(&json!({"property.p": "é".repeat(1_000)}));
    let found = Segments::default().compared(&query(r#"{"property.p":"x"}"#), &long.traits());
    assert_eq!(
        found,
        [("property.p".into(), Some(Property::Text("é".repeat(200))))]
    );
}

fn segment(number: u8) -> String {
    format!(r#"{{"$segment":"{}"}}"#, id::<SegmentId>(number))
}

#[test]
fn segments_may_name_each_other_but_not_in_a_circle() {
    let mut segments = Segments::default();
    segments.put(id(1), query(r#"{"lang":"es"}"#));
    segments.put(
        id(2),
        query(&format!(r#"{{"$all":[{{"os":"iOS"}},{}]}}"#, segment(1))),
    );
    segments.put(id(3), query(&format!(r#"{{"$not":{}}}"#, segment(2))));
    let of = |lang, os| Someone::with(&json!({"lang": lang, "os": os}));
    for (lang, os, expected) in [("es", "iOS", false), ("en", "iOS", true), ("es", "x", true)] {
        let one = of(lang, os);
        let kept_out = segments.kept_out(id(3), &one.traits());
        assert_eq!(kept_out.is_none(), expected, "{lang} {os}");
    }
    let english = of("en", "iOS");
    let lang = ("lang".to_owned(), Some(Property::Text("en".into())));
    assert_eq!(
        segments.kept_out(id(2), &english.traits()),
        Some(vec![lang])
    );

    let check = |own: Option<u8>, text: &str| segments.check(own.map(id), &query(text));
    assert_eq!(check(None, &segment(3)), Ok(()));
    assert_eq!(check(Some(1), &segment(3)), Err(Unfit::Cycle));
    assert_eq!(check(Some(1), &segment(1)), Err(Unfit::Cycle));
    assert_eq!(check(Some(2), &segment(1)), Ok(()));
    assert_eq!(check(None, &segment(9)), Err(Unfit::Missing(id(9))));
    // One that names a segment twice names it in no circle.
    assert_eq!(
        check(None, &format!(r#"{{"$any":[{0},{0}]}}"#, segment(3))),
        Ok(())
    );
}

#[test]
fn limits_hold_for_a_query_with_its_segments_written_out() {
    let leaves = |count: usize| json!({"$any": vec![json!({"lang": "es"}); count]}).to_string();
    let mut segments = Segments::default();
    segments.put(id(1), query(&leaves(250)));
    segments.put(
        id(2),
        query(&format!(r#"{{"$any":[{0},{0}]}}"#, segment(1))),
    );
    assert_eq!(
        segments.check(Some(id(2)), segments.get(id(2)).unwrap()),
        Ok(())
    );
    let more = query(&format!(r#"{{"$any":[{0},{0},{{"os":"x"}}]}}"#, segment(1)));
    assert_eq!(segments.check(None, &more), Err(Unfit::Leaves));
    // Who names a segment must still fit when that one grows.
    assert_eq!(segments.unfit_with(id(1)), None);
    segments.put(id(1), query(&leaves(251)));
    assert_eq!(segments.unfit_with(id(1)), Some((id(2), Unfit::Leaves)));
    assert_eq!(segments.unfit_with(id(2)), None);

    // $any, $segment and the 13 inside make 15 levels; around them is room for one more.
    segments.put(id(1), query(&nested(13, r#"{"lang":"es"}"#)));
    assert_eq!(
        segments.check(None, &query(&format!(r#"{{"$not":{}}}"#, segment(2)))),
        Err(Unfit::Depth)
    );
    assert_eq!(segments.check(None, &query(&segment(2))), Ok(()));

    // A ladder on which each rung is named twice would be walked for ever.
    segments.put(id(20), query(&leaves(1)));
    for rung in 21..28 {
        let below = segment(rung - 1);
        segments.put(id(rung), query(&format!(r#"{{"$any":[{below},{below}]}}"#)));
    }
    assert_eq!(segments.check(None, &query(&segment(26))), Ok(()));
    assert_eq!(segments.check(None, &query(&segment(27))), Ok(()));
    let wide = format!(r#"{{"$any":[{0},{0},{0},{0}]}}"#, segment(27));
    assert_eq!(segments.check(None, &query(&wide)), Err(Unfit::Depth));
}

#[test]
fn a_static_segment_holds_whom_it_was_given_and_no_one_else() {
    let mut segments = Segments::default();
    segments.put(id(2), Query::of_static(id(2)));
    segments.put(id(3), query(&segment(2)));
    let chosen = Someone {
        listed: BTreeSet::from([id(2), id(4)]),
        ..Someone::default()
    };
    let other = Someone {
        listed: BTreeSet::from([id(3)]),
        ..Someone::default()
    };
    for segment in [2, 3] {
        assert_eq!(segments.kept_out(id(segment), &chosen.traits()), None);
        let why = vec![(
            format!("segment.{}", id::<SegmentId>(2)),
            Some(Property::Bool(false)),
        )];
        assert_eq!(segments.kept_out(id(segment), &other.traits()), Some(why));
    }
    // Only by `$segment` can a query say this.
    assert!(Query::read(&format!(r#"{{"segment.{}":true}}"#, id::<SegmentId>(2))).is_err());
}
