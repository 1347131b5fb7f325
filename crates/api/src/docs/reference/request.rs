//! An example of a request, to be pasted into a shell.

use serde_json::Value;

use super::{json, operation::Operation};
use crate::docs::html::escape;

/// The command as HTML for inside `<pre>`.
pub(super) fn curl(operation: &Operation<'_>) -> String {
    let mut parts = vec!["curl".to_owned()];
    if operation.verb != "get" && !(operation.verb == "post" && operation.body().is_some()) {
        parts[0].push_str(&format!(" -X {}", operation.verb.to_ascii_uppercase()));
    }
    parts[0].push_str(&format!(" \"$BASE{}\"", escape(&target(operation))));
    if let Some(flag) = credentials(operation) {
        parts.push(escape(flag));
    }
    match operation.body() {
        Some(("application/x-www-form-urlencoded", content)) => {
            let fields = content["example"].as_object().into_iter().flatten();
            let fields: Vec<String> = fields
                .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
                .collect();
            parts.push(escape(&format!("-d '{}'", fields.join("&"))));
        }
        Some((media, content)) => {
            parts.push(escape(&format!("-H 'Content-Type: {media}'")));
            let body = match &content["example"] {
                Value::String(text) => escape(text.trim_end()),
                other => json::pretty(other),
            };
            // An apostrophe ends a text in quotes: it is put between two such texts.
            let body = body.replace("&#39;", "&#39;\\&#39;&#39;");
            parts.push(format!("--data-binary &#39;{body}&#39;"));
        }
        None if operation.verb == "put" => parts.push("-H &#39;Content-Length: 0&#39;".into()),
        None => {}
    }
    parts.join(" \\\n  ")
}

/// The path with the parameters that are required.
fn target(operation: &Operation<'_>) -> String {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    for parameter in operation.parameters() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let example = match &parameter["schema"]["examples"][0] {
            Value::String(text) => text.clone(),
            Value::Null => format!("{{{name}}}"),
            other => other.to_string(),
        };
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &example),
            Some("query") if parameter["required"] == true => {
                query.push(format!("{name}={example}"));
            }
            _ => {}
        }
    }
    if query.is_empty() {
        return path;
    }
    format!("{path}?{}", query.join("&"))
}

fn credentials(operation: &Operation<'_>) -> Option<&'static str> {
    match operation.scheme() {
        Some("memberToken") => Some("-H \"Authorization: Bearer $TOKEN\""),
        Some("instanceToken") => Some("-H \"Authorization: Bearer $INSTANCE_TOKEN\""),
        Some("app") => Some("-u \"$APP_ID:$APP_SECRET\""),
        Some("oauthClient") => Some("-u \"$TOKEN_ID:$TOKEN\""),
        _ => None,
    }
}
