//! The pages at `/docs`, as a browser gets them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use moca_api::{openapi, routes::routes};
use moca_wire::problem::Code;
use serde_json::Value;

use crate::support::{Installation, request::Answer};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn get(installation: &Installation, path: &str) -> Answer {
    let ask = installation.ask("GET", path).header("accept", BROWSER);
    ask.send().await
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// The values of an attribute, wherever it stands in a tag.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    let tags = html.split('<').filter_map(|tag| tag.split('>').next());
    tags.flat_map(|tag| tag.split(start.as_str()).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// All pages that can be reached from the first one, with their texts.
async fn crawl(installation: &Installation) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut waiting = vec!["/docs".to_owned()];
    while let Some(path) = waiting.pop() {
        if pages.contains_key(&path) {
            continue;
        }
        let answer = get(installation, &path).await;
        assert_eq!(answer.status, 200, "{path}");
        let kind = answer.header("content-type").unwrap();
        let html = match kind.starts_with("text/html") {
            true => text(&answer),
            false => String::new(),
        };
        for link in [values(&html, "href"), values(&html, "src")].concat() {
            let (target, _) = link.split_once('#').unwrap_or((link, ""));
            if target.starts_with('/') {
                waiting.push(target.to_owned());
            }
        }
        pages.insert(path, html);
    }
    pages
}

#[tokio::test]
async fn every_link_of_every_page_leads_somewhere() {
    let installation = Installation::start().await;
    let pages = crawl(&installation).await;
    let ids: BTreeMap<&String, BTreeSet<&str>> = pages
        .iter()
        .map(|(path, html)| (path, values(html, "id").into_iter().collect()))
        .collect();
    let mut anchors = 0;
    for (path, html) in &pages {
        let all = values(html, "id");
        assert_eq!(all.len(), ids[path].len(), "{path}: an id comes twice");
        for link in values(html, "href") {
            let (target, fragment) = link.split_once('#').unwrap_or((link, ""));
            let outside = target.starts_with("https://");
            assert!(
                outside || target.is_empty() || target.starts_with('/'),
                "{path}: {link} is neither a page nor an anchor"
            );
            if outside || fragment.is_empty() {
                continue;
            }
            let page = if target.is_empty() {
                path.as_str()
            } else {
                target
            };
            let known = &ids[&page.to_owned()];
            assert!(known.contains(fragment), "{path}: {link} leads nowhere");
            anchors += 1;
        }
    }
    assert!(anchors > 300, "{anchors} anchors");
    // Whatever is a page can be found without knowing its address.
    for route in routes().iter().filter(|route| route.is_page()) {
        let (start, _) = route.path.split_once('{').unwrap_or((route.path, ""));
        let found = pages.keys().any(|path| match route.path.contains('{') {
            true => path.starts_with(start),
            false => path == route.path,
        });
        assert!(found, "no page links to {}", route.path);
    }
}

#[tokio::test]
async fn every_file_of_the_documentation_is_a_page() {
    let installation = Installation::start().await;
    let pages = crawl(&installation).await;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for entry in fs::read_dir(docs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "md") {
            continue;
        }
        let markdown = fs::read_to_string(&path).unwrap();
        let title = markdown.lines().next().unwrap().trim_start_matches("# ");
        let heading = format!(">{title}<");
        assert!(
            pages.values().any(|html| html.contains(&heading)),
            "{} is not served: add it to crates/api/src/docs/guides.rs",
            path.display()
        );
    }
}

#[tokio::test]
async fn a_page_asks_for_nothing_elsewhere_and_runs_nothing_of_its_own() {
    let installation = Installation::start().await;
    for (path, html) in crawl(&installation).await {
        let answer = get(&installation, &path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        for source in values(&html, "src") {
            assert!(source.starts_with("/docs/"), "{path}: {source}");
        }
        // The policy would rule these out, and the page would be broken.
        assert_eq!(values(&html, "style"), [""; 0], "{path}");
        assert!(!html.contains("<style"), "{path}");
        assert!(!html.contains("<script>"), "{path}");
        for event in ["onclick", "onload", "oninput", "onerror"] {
            assert_eq!(values(&html, event), [""; 0], "{path}");
        }
    }
}

#[tokio::test]
async fn the_page_of_every_code_says_when_it_happens_and_what_to_do() {
    let installation = Installation::start().await;
    for code in Code::ALL {
        let answer = get(&installation, &code.page()).await;
        assert_eq!(answer.status, 200, "{}", code.page());
        let html = text(&answer);
        let heading = format!("<h1><code>{}</code></h1>", code.as_str());
        assert!(html.contains(&heading), "{}", code.page());
        for part in ["When:", "What to do:"] {
            assert_eq!(html.matches(part).count(), 1, "{}: {part}", code.page());
        }
        assert!(html.contains(&format!("{}: ", code.status())));
    }
    for path in ["/docs/errors/nothing", "/docs/nothing", "/docs/errors/"] {
        let answer = get(&installation, path).await;
        assert_eq!(answer.code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn the_reference_has_everything_that_the_description_has() {
    let installation = Installation::start().await;
    let html = text(&get(&installation, "/docs/api").await);
    let document = openapi::document();
    let mut operations = 0;
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let start = format!("<article class=\"operation\" id=\"{id}\">");
            let (_, article) = html
                .split_once(&start)
                .unwrap_or_else(|| panic!("{verb} {path} is missing"));
            let (article, _) = article.split_once("</article>").unwrap();
            let must = |text: &str| assert!(article.contains(text), "{verb} {path}: {text}");
            must(&format!("<code>{path}</code>"));
            must(&format!(">{}</span>", verb.to_uppercase()));
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                must(&format!(
                    "<code>{}</code>",
                    parameter["name"].as_str().unwrap()
                ));
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                must(&format!(">{status}</dt>"));
                let response = match response["$ref"].as_str() {
                    Some(target) => document.pointer(&target[1..]).unwrap(),
                    None => response,
                };
                for code in response["x-codes"].as_array().into_iter().flatten() {
                    must(&format!("href=\"/docs/errors/{}\"", code.as_str().unwrap()));
                }
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            if let Some(target) = body["$ref"].as_str() {
                let schema = document.pointer(&target[1..]).unwrap();
                for name in schema["properties"].as_object().into_iter().flatten() {
                    must(&format!("<code>{}</code>", name.0));
                }
            }
            operations += 1;
        }
    }
    assert_eq!(html.matches("class=\"operation\"").count(), operations);
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let id = format!("id=\"schema-{name}\"");
        assert!(html.contains(&id), "{id} is missing");
    }
    assert!(document["tags"].as_array().is_some_and(|tags| {
        let told = |tag: &Value| html.contains(&format!(">{}<", tag["name"].as_str().unwrap()));
        tags.iter().all(told)
    }));
}
