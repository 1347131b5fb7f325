//! The reference of the API, made from its description: what a program reads at `/v2/openapi.json`
//! people read at `/docs/api`.

pub(in crate::docs) mod json;
mod operation;
mod request;
mod schema;

use std::fmt::Write;

use serde_json::Value;

use self::operation::Operation;
use super::{
    html::{Page, escape},
    markdown,
};
use crate::openapi;

/// Verbs in the order in which they are read.
const VERBS: [&str; 4] = ["get", "post", "put", "delete"];

/// The page at `/docs/api`.
pub(super) fn page() -> String {
    let document = openapi::document();
    let mut main = String::from("<div class=\"reference\">\n<h1>API reference</h1>\n");
    let about = document["info"]["description"].as_str().unwrap_or_default();
    main.push_str(&markdown::text(about).html);
    main.push_str(
        "<p>The rules that hold for every call are in <a href=\"/docs/overview\">the API in one \
         page</a>. In the examples <code>$BASE</code> is the address of the server.</p>\n\
         <p class=\"filter\" hidden><label>Filter <input type=\"search\" id=\"filter\" \
         placeholder=\"a path, a field, an error code …\" autocomplete=\"off\"></label>\
         <output for=\"filter\"></output></p>\n",
    );
    main.push_str(&credentials(document));
    let mut side = String::from("<h2>API reference</h2>\n");
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = tag["name"].as_str().unwrap_or_default();
        let all = operations(document, name);
        let id = group_id(name);
        let (name, note) = (
            escape(name),
            tag["description"].as_str().unwrap_or_default(),
        );
        let _ = write!(
            main,
            "<section class=\"group\">\n<h2 id=\"{id}\">{name}<a class=\"anchor\" href=\"#{id}\" \
             aria-label=\"Link to here\"></a></h2>\n<p>{}</p>\n",
            markdown::line(note)
        );
        let _ = write!(side, "<details open>\n<summary>{name}</summary>\n<ul>\n");
        for operation in &all {
            main.push_str(&operation.write());
            let _ = writeln!(
                side,
                "<li><a href=\"#{}\">{}</a></li>",
                escape(operation.id()),
                operation.call()
            );
        }
        main.push_str("</section>\n");
        side.push_str("</ul>\n</details>\n");
    }
    main.push_str(&bodies(document));
    side.push_str("<p><a href=\"#bodies\">Bodies</a></p>\n");
    main.push_str("</div>\n");
    Page {
        title: "API reference",
        path: "/docs/api",
        side,
        main,
        filter: true,
    }
    .write()
}

/// The operations of a group, by path, then by verb.
fn operations<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, verbs)| VERBS.iter().map(move |verb| (path, *verb, &verbs[*verb])))
        .filter(|(_, _, json)| json["tags"][0] == tag)
        .map(|(path, verb, json)| Operation {
            document,
            path,
            verb,
            json,
        })
        .collect()
}

/// The kinds of credentials.
fn credentials(document: &Value) -> String {
    let mut html = String::from(
        "<h2 id=\"credentials\">Credentials<a class=\"anchor\" href=\"#credentials\" \
         aria-label=\"Link to here\"></a></h2>\n<dl class=\"fields\">\n",
    );
    let schemes = document["components"]["securitySchemes"].as_object();
    for (name, scheme) in schemes.into_iter().flatten() {
        let kind = match (scheme["type"].as_str(), scheme["scheme"].as_str()) {
            (_, Some("bearer")) => "HTTP Bearer",
            (_, Some("basic")) => "HTTP Basic",
            _ => "OAuth 2.0 client credentials",
        };
        let about = scheme["description"].as_str().unwrap_or_default();
        let name = escape(name);
        let _ = writeln!(
            html,
            "<div id=\"auth-{name}\"><dt><code>{name}</code> <span class=\"type\">{kind}</span>\
             </dt>\n<dd>{}</dd></div>",
            markdown::line(about)
        );
    }
    html.push_str("</dl>\n");
    html
}

/// All bodies by name.
fn bodies(document: &Value) -> String {
    let mut html = String::from(
        "<section>\n<h2 id=\"bodies\">Bodies<a class=\"anchor\" href=\"#bodies\" \
         aria-label=\"Link to here\"></a></h2>\n",
    );
    let schemas = document["components"]["schemas"].as_object();
    for (name, described) in schemas.into_iter().flatten() {
        let name = escape(name);
        let _ = write!(
            html,
            "<article class=\"schema\" id=\"schema-{name}\">\n<h3>{name}<a class=\"anchor\" \
             href=\"#schema-{name}\" aria-label=\"Link to here\"></a></h3>\n{}</article>\n",
            schema::body(described)
        );
    }
    html.push_str("</section>\n");
    html
}

fn group_id(name: &str) -> String {
    let word = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    format!("group-{}", name.chars().map(word).collect::<String>())
}
