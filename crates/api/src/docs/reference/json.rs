//! JSON as people read it, with its parts marked.

use serde_json::Value;

use crate::docs::html::escape;

/// Fewer characters than this stand on one line.
const LINE_CHARS: usize = 64;

/// The value as HTML for inside `<pre>`.
pub(in crate::docs) fn pretty(value: &Value) -> String {
    let mut html = String::new();
    write(&mut html, value, 0);
    html
}

fn write(html: &mut String, value: &Value, depth: usize) {
    let is_short = depth > 0 && value.to_string().len() < LINE_CHARS;
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            let parts = entries.iter().map(|(name, inner)| (Some(name), inner));
            list(html, parts, ('{', '}'), depth, is_short);
        }
        Value::Array(items) if !items.is_empty() => {
            let parts = items.iter().map(|inner| (None, inner));
            list(html, parts, ('[', ']'), depth, is_short);
        }
        Value::String(_) => mark(html, "s", &value.to_string()),
        Value::Object(_) | Value::Array(_) => html.push_str(&value.to_string()),
        other => mark(html, "n", &other.to_string()),
    }
}

fn list<'a>(
    html: &mut String,
    parts: impl Iterator<Item = (Option<&'a String>, &'a Value)>,
    (open, close): (char, char),
    depth: usize,
    is_short: bool,
) {
    let new_line = |html: &mut String, depth: usize| {
        if !is_short {
            html.push('\n');
            html.push_str(&"  ".repeat(depth));
        }
    };
    html.push(open);
    for (index, (name, inner)) in parts.enumerate() {
        if index > 0 {
            html.push_str(if is_short { ", " } else { "," });
        }
        new_line(html, depth + 1);
        if let Some(name) = name {
            mark(html, "k", &Value::String(name.clone()).to_string());
            html.push_str(": ");
        }
        write(html, inner, depth + 1);
    }
    new_line(html, depth);
    html.push(close);
}

fn mark(html: &mut String, class: &str, text: &str) {
    html.push_str(&format!("<span class=\"{class}\">{}</span>", escape(text)));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn without_its_marks_it_is_the_value() {
        let value = json!({
            "a": [1, 2, {"b": "x \"y\" <z> & 'w'"}],
            "long": "a text that is longer than a line, so that what it stands in is cut into lines",
            "none": null, "empty": {}, "list": [],
        });
        let mut text = String::new();
        let mut is_tag = false;
        for character in pretty(&value).chars() {
            match character {
                '<' => is_tag = true,
                '>' => is_tag = false,
                other if !is_tag => text.push(other),
                _ => {}
            }
        }
        for (entity, character) in [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#39;", "'"),
            ("&amp;", "&"),
        ] {
            text = text.replace(entity, character);
        }
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
        assert!(text.lines().count() > 3, "{text}");
    }
}
