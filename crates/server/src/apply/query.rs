//! The segments that the query of a segment names: by name in files, by id in the API.

use serde_json::{Deserializer, Value};

/// Where the query stands in the body of a segment.
pub(super) const QUERY: &str = "/config/query";

const OPERATOR: &str = "\"$segment\"";

/// A query, an object or JSON in a text, with each segment it names replaced by what `f` says, if it
/// says anything. The rest of a text stays as it is, to the byte.
pub(super) fn map(query: &Value, f: &mut impl FnMut(&str) -> Option<String>) -> Value {
    match query {
        Value::String(text) => map_text(text, f).into(),
        query => map_object(query, f),
    }
}

/// The segments that a query names.
pub(super) fn names(query: &Value) -> Vec<String> {
    let mut names = Vec::new();
    map(query, &mut |name| {
        names.push(name.to_owned());
        None
    });
    names
}

fn map_object(query: &Value, f: &mut impl FnMut(&str) -> Option<String>) -> Value {
    match query {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| {
                let new = match value {
                    Value::String(name) if key == "$segment" => f(name).map(Value::from),
                    _ => None,
                };
                (key.clone(), new.unwrap_or_else(|| map_object(value, f)))
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(|item| map_object(item, f)).collect(),
        other => other.clone(),
    }
}

/// Within a text of JSON the operator stands nowhere else: there is a backslash before a quotation
/// mark in a text, and no colon behind one that is a value.
fn map_text(text: &str, f: &mut impl FnMut(&str) -> Option<String>) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(OPERATOR) {
        let (before, after) = rest.split_at(at + OPERATOR.len());
        done.push_str(before);
        rest = after;
        let Some(value) = after.trim_start().strip_prefix(':').map(str::trim_start) else {
            continue;
        };
        let mut values = Deserializer::from_str(value).into_iter::<String>();
        let Some(Ok(name)) = values.next() else {
            continue;
        };
        let end = after.len() - value.len() + values.byte_offset();
        match f(&name) {
            Some(new) => {
                done.push_str(&after[..after.len() - value.len()]);
                done.push_str(&Value::from(new).to_string());
            }
            None => done.push_str(&after[..end]),
        }
        rest = &after[end..];
    }
    done + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn segments_are_replaced_where_they_are_named_and_nothing_else_changes() {
        let upper = |query: Value| {
            let mut seen = Vec::new();
            let mapped = map(&query, &mut |name| {
                seen.push(name.to_owned());
                (name != "keep").then(|| name.to_uppercase() + "\"")
            });
            assert_eq!(names(&query), seen);
            mapped
        };
        let text = "{ \"$any\" : [ {\"$segment\" : \"a\\u0062\"},\n{\"$segment\":\"keep\"}, \
                    {\"property.x\":\"\\\"$segment\\\":\\\"c\\\"\"}, {\"lang\":\"$segment\"} ] }";
        let mapped = "{ \"$any\" : [ {\"$segment\" : \"AB\\\"\"},\n{\"$segment\":\"keep\"}, \
                      {\"property.x\":\"\\\"$segment\\\":\\\"c\\\"\"}, {\"lang\":\"$segment\"} ] }";
        assert_eq!(upper(json!(text)), json!(mapped));
        let object = json!({"$all": [{"$segment": "a"}, {"$not": {"$segment": "keep"}}], "lang": "$segment"});
        let mapped = json!({"$all": [{"$segment": "A\""}, {"$not": {"$segment": "keep"}}], "lang": "$segment"});
        assert_eq!(upper(object), mapped);
        for odd in [
            "",
            "\"$segment\"",
            "{\"$segment\":",
            "{\"$segment\": 7}",
            "no JSON",
        ] {
            assert_eq!(upper(json!(odd)), json!(odd));
        }
    }
}
