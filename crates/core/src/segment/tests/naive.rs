//! A second evaluator, slow and obvious: on the JSON of a query and a map of values, word by word as
//! documented.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Query, Segments, Someone, holds};

fn naive(query: &Value, of: &BTreeMap<String, Value>) -> bool {
    query
        .as_object()
        .unwrap()
        .iter()
        .all(|(key, value)| match key.as_str() {
            "$all" => value.as_array().unwrap().iter().all(|one| naive(one, of)),
            "$any" => value.as_array().unwrap().iter().any(|one| naive(one, of)),
            "$not" => !naive(value, of),
            field => naive_tests(field, of.get(field), value),
        })
}

fn naive_tests(field: &str, found: Option<&Value>, tests: &Value) -> bool {
    let Some(operators) = tests.as_object() else {
        return naive_equal(field, found, tests);
    };
    operators.iter().all(|(operator, value)| {
        let among = || {
            let all = value.as_array().unwrap();
            all.iter().any(|one| naive_equal(field, found, one))
        };
        let text = found.and_then(Value::as_str);
        let wanted = value.as_str().unwrap_or_default();
        match operator.as_str() {
            "$eq" => naive_equal(field, found, value),
            "$ne" => !naive_equal(field, found, value),
            "$in" => among(),
            "$nin" => !among(),
            "$exists" => found.is_some() == value.as_bool().unwrap(),
            "$not" => !naive_tests(field, found, value),
            "$startsWith" => text.is_some_and(|text| text.starts_with(wanted)),
            "$endsWith" => text.is_some_and(|text| text.ends_with(wanted)),
            "$contains" => match found {
                Some(Value::Array(items)) => items.contains(value),
                _ => text.is_some_and(|text| text.contains(wanted)),
            },
            "$like" => text.is_some_and(|text| {
                let (pattern, text): (Vec<char>, Vec<char>) =
                    (wanted.chars().collect(), text.chars().collect());
                naive_like(&pattern, &text)
            }),
            "$lt" => naive_order(field, found, value) == Some(-1),
            "$gt" => naive_order(field, found, value) == Some(1),
            "$lte" => naive_order(field, found, value).is_some_and(|order| order <= 0),
            "$gte" => naive_order(field, found, value).is_some_and(|order| order >= 0),
            other => panic!("{other}"),
        }
    })
}

fn naive_equal(field: &str, found: Option<&Value>, value: &Value) -> bool {
    let Some(found) = found else {
        return false;
    };
    let numbers = found.is_number() && value.is_number();
    (numbers && found.as_f64() == value.as_f64())
        || (!numbers && found == value)
        || (field.ends_with("Version")
            && found.is_string()
            && naive_order(field, Some(found), value) == Some(0))
}

/// Less, equal or greater; nothing where there is no order.
fn naive_order(field: &str, found: Option<&Value>, value: &Value) -> Option<i32> {
    let sign = |ordering: std::cmp::Ordering| ordering as i32;
    let found = found?;
    if let (Some(one), Some(other)) = (found.as_f64(), value.as_f64()) {
        return Some(sign(one.total_cmp(&other)));
    }
    let (one, other) = (found.as_str()?, value.as_str()?);
    if !field.ends_with("Version") {
        return Some(sign(one.chars().cmp(other.chars())));
    }
    let parts = |text: &str| -> Option<Vec<u64>> {
        text.split('.').map(|part| part.parse().ok()).collect()
    };
    let (mut one, mut other) = (parts(one)?, parts(other)?);
    one.resize(9, 0);
    other.resize(9, 0);
    Some(sign(one.cmp(&other)))
}

fn naive_like(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| naive_like(rest, &text[skipped..])),
        ['_', rest @ ..] => !text.is_empty() && naive_like(rest, &text[1..]),
        ['\\', exactly, rest @ ..] | [exactly, rest @ ..] => {
            text.first() == Some(exactly) && naive_like(rest, &text[1..])
        }
    }
}

const TEXTS: [&str; 12] = [
    "", "a", "b", "ab", "aab", "ba", "1", "1.0", "1.10", "2", "es", "%",
];
const FIELDS: [&str; 8] = [
    "lang",
    "appVersion",
    "userId",
    "createdAt",
    "tag.t",
    "property.p",
    "property.q",
    "loggedIn",
];

fn text() -> impl Strategy<Value = Value> {
    prop::sample::select(&TEXTS[..]).prop_map(Value::from)
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-2i64..4).prop_map(Value::from),
        Just(json!(0.5)),
        Just(json!(1e10))
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![3 => text(), 2 => number(), 1 => any::<bool>().prop_map(Value::from)]
}

fn like() -> impl Strategy<Value = Value> {
    prop::collection::vec(
        prop::sample::select(&["%", "_", "a", "b", "1", r"\%", "."][..]),
        0..5,
    )
    .prop_map(|pieces| Value::from(pieces.concat()))
}

fn operators(field: &'static str) -> impl Strategy<Value = Value> {
    let comparable = match field {
        "appVersion" => prop::sample::select(&["1", "1.0", "1.10", "2"][..])
            .prop_map(Value::from)
            .boxed(),
        _ => prop_oneof![text(), number()].boxed(),
    };
    let one = prop_oneof![
        3 => (prop::sample::select(&["$eq", "$ne"][..]), scalar()),
        3 => (prop::sample::select(&["$lt", "$lte", "$gt", "$gte"][..]), comparable),
        2 => (
            prop::sample::select(&["$in", "$nin"][..]),
            prop::collection::vec(scalar(), 0..4).prop_map(Value::from)
        ),
        2 => (prop::sample::select(&["$startsWith", "$endsWith", "$contains"][..]), text()),
        1 => (Just("$like"), like()),
        1 => (Just("$exists"), any::<bool>().prop_map(Value::from)),
    ];
    let some = prop::collection::vec(one, 1..3).prop_map(|all| {
        Value::Object(
            all.into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    });
    prop_oneof![
        1 => scalar(),
        4 => some.clone(),
        1 => some.prop_map(|inner| json!({ "$not": inner })),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    prop::sample::select(&FIELDS[..])
        .prop_flat_map(|field| operators(field).prop_map(move |tests| json!({ field: tests })))
}

fn queries() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 40, 4, |inner| {
        let some = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some().prop_map(|all| json!({ "$all": all })),
            some().prop_map(|any| json!({ "$any": any })),
            inner.clone().prop_map(|one| json!({ "$not": one })),
            // Several keys of one object.
            (some(), inner).prop_map(|(any, one)| json!({"$any": any, "$not": one})),
        ]
    })
}

fn people() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let property = prop_oneof![
        4 => scalar(),
        1 => prop::collection::vec(text(), 0..3).prop_map(Value::from),
    ];
    let maybe = |value: BoxedStrategy<Value>| prop::option::of(value);
    (
        maybe(text().boxed()),
        maybe(text().boxed()),
        maybe(text().boxed()),
        -2i64..4,
        maybe(number().boxed()),
        maybe(property.clone().boxed()),
        maybe(property.boxed()),
    )
        .prop_map(|(lang, version, user, created, tag, p, q)| {
            let logged_in = user.is_some();
            let named = [
                ("lang", lang),
                ("appVersion", version),
                ("userId", user),
                ("createdAt", Some(json!(created))),
                ("tag.t", tag),
                ("property.p", p),
                ("property.q", q),
                ("loggedIn", Some(json!(logged_in))),
            ];
            named
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_query_holds_for_whom_the_naive_evaluator_says(query in queries(), values in people()) {
        let mut known = values.clone();
        known.remove("loggedIn");
        let one = Someone::with(&json!(known));
        let text = query.to_string();
        prop_assert_eq!(holds(&text, &one), naive(&query, &values), "{} {:?}", text, values);
        // Why it holds, or not, is told by at least one field.
        let read = Query::read(&text).unwrap();
        prop_assert!(!Segments::default().compared(&read, &one.traits()).is_empty());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = Query::read(&text);
    }

    #[test]
    fn a_spoiled_query_is_read_or_refused_with_a_pointer_into_it(
        query in queries(),
        at in any::<prop::sample::Index>(),
        with in prop::sample::select(&["{", "}", "[", "]", "\"", ":", ",", "$", "\\", "null", "-", "0", "é", "$not"][..]),
    ) {
        let mut text = query.to_string();
        let mut place = at.index(text.len() + 1);
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        text.insert_str(place, with);
        if let Err(faults) = Query::read(&text) {
            prop_assert!(!faults.is_empty());
            if let Ok(json) = serde_json::from_str::<Value>(&text) {
                for fault in faults {
                    prop_assert!(json.pointer(&fault.pointer).is_some(), "{:?} {}", fault, text);
                }
            }
        }
    }
}
