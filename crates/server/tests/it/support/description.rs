//! Every answer of the tests against the description of the API.

use moca_api::openapi::document;
use serde_json::Value;

use super::{
    request::Answer,
    schema::{Others, Schemas},
};

/// The operation that a request is for; `None` when the description has no such path or verb.
pub(crate) fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = document()["paths"].as_object().unwrap();
    let mut fitting: Vec<&String> = paths.keys().filter(|known| fits(known, path)).collect();
    // What is spelled out is meant before what varies.
    fitting.sort_by_key(|known| known.matches('{').count());
    paths[*fitting.first()?].get(method.to_ascii_lowercase())
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) =
        (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template
            .iter()
            .zip(&path)
            .all(|(known, given)| known == given || (known.starts_with('{') && !given.is_empty()))
}

/// Fails when an answer is not one that its operation describes.
pub(crate) fn check(method: &str, target: &str, answer: &Answer) {
    let asked = format!("{method} {target}");
    let (path, _) = target.split_once('?').unwrap_or((target, ""));
    let Some(operation) = operation(method, path) else {
        return;
    };
    let responses = &operation["responses"];
    let schemas = Schemas {
        document: document(),
        others: Others::Never,
    };
    let response = schemas.resolve(&responses[answer.status.to_string()]);
    assert!(
        response.is_object(),
        "{asked}: the description has no {}: {}",
        answer.status,
        answer.json()
    );
    for (name, header) in response["headers"].as_object().unwrap() {
        let required = schemas.resolve(header)["required"] == true;
        let given = answer.headers.contains_key(name.as_str());
        assert!(given || !required, "{asked}: {name} is missing");
    }
    if response.get("content").is_none() {
        assert!(
            answer.body.is_empty(),
            "{asked}: {} has no body",
            answer.status
        );
        return;
    }
    let media = answer.header("content-type").unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default();
    let content = &response["content"][media];
    assert!(content.is_object(), "{asked}: {media} is not described");
    if answer.headers.contains_key("content-encoding") || answer.body.is_empty() {
        return;
    }
    if answer.status >= 400 {
        let codes = response["x-codes"].as_array().unwrap();
        let code = &answer.json()["code"];
        assert!(
            codes.contains(code),
            "{asked}: the description does not say that it may answer {code}"
        );
    }
    if (media == "application/json" || media.ends_with("+json")) && path != "/v2/openapi.json" {
        let faults = schemas.faults(&content["schema"], &answer.json(), "");
        assert!(faults.is_empty(), "{asked}: {faults:#?}");
    }
}
