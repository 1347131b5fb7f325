//! One operation of the reference.

use std::fmt::Write;

use serde_json::Value;

use super::{json, request, schema};
use crate::docs::{html::escape, markdown};

/// An operation of the description.
pub(super) struct Operation<'a> {
    pub(super) document: &'a Value,
    pub(super) path: &'a str,
    /// In small letters, as the description has it.
    pub(super) verb: &'a str,
    pub(super) json: &'a Value,
}

impl<'a> Operation<'a> {
    /// Its id in the page and the description.
    pub(super) fn id(&self) -> &'a str {
        self.json["operationId"].as_str().unwrap_or_default()
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &'a Value> {
        let all = self.json["parameters"].as_array().into_iter().flatten();
        all.map(|parameter| self.resolve(parameter))
    }

    /// The media type and content of its body.
    pub(super) fn body(&self) -> Option<(&'a str, &'a Value)> {
        let all = self.json["requestBody"]["content"].as_object()?;
        let (media, content) = all.iter().next()?;
        Some((media, content))
    }

    /// The first kind of credentials it takes.
    pub(super) fn scheme(&self) -> Option<&'a str> {
        let first = self.json["security"].get(0)?.as_object()?;
        first.keys().next().map(String::as_str)
    }

    fn resolve(&self, value: &'a Value) -> &'a Value {
        let target = value["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
        let found = target.and_then(|pointer| self.document.pointer(pointer));
        found.unwrap_or(value)
    }

    /// Verb and path, marked.
    pub(super) fn call(&self) -> String {
        let verb = self.verb;
        format!(
            "<span class=\"verb {verb}\">{}</span> <code>{}</code>",
            verb.to_ascii_uppercase(),
            escape(self.path)
        )
    }

    /// The whole of it.
    pub(super) fn write(&self) -> String {
        let id = escape(self.id());
        let mut html = format!(
            "<article class=\"operation\" id=\"{id}\">\n<h3>{}<a class=\"anchor\" href=\"#{id}\" \
             aria-label=\"Link to here\"></a></h3>\n<div class=\"said\">\n",
            self.call()
        );
        let summary = self.json["summary"].as_str().unwrap_or_default();
        let _ = writeln!(html, "<p class=\"summary\">{}</p>", markdown::line(summary));
        if let Some(about) = self.json["description"].as_str() {
            let _ = writeln!(html, "<p>{}</p>", markdown::line(about));
        }
        html.push_str(&self.credentials());
        for (place, title) in [
            ("path", "Path"),
            ("query", "Parameters"),
            ("header", "Headers"),
        ] {
            html.push_str(&self.parameters_in(place, title));
        }
        html.push_str(&self.takes());
        html.push_str(&self.answers());
        html.push_str("</div>\n<div class=\"shown\">\n");
        let _ = writeln!(
            html,
            "<h4>Request</h4>\n<pre><code>{}</code></pre>",
            request::curl(self)
        );
        html.push_str(&self.example());
        html.push_str("</div>\n</article>\n");
        html
    }

    fn credentials(&self) -> String {
        let named: Vec<String> = self.json["security"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one.as_object()?.keys().next().cloned())
            .map(|name| format!("<a href=\"#auth-{name}\">{name}</a>"))
            .collect();
        if named.is_empty() {
            return "<p class=\"note\">Needs no credentials.</p>\n".into();
        }
        format!(
            "<p class=\"note\">Credentials: {}</p>\n",
            named.join(" or ")
        )
    }

    fn parameters_in(&self, place: &str, title: &str) -> String {
        let mut html = String::new();
        for parameter in self.parameters().filter(|one| one["in"] == place) {
            let name = parameter["name"].as_str().unwrap_or_default();
            let mut described = parameter["schema"].clone();
            if let Some(about) = parameter.get("description") {
                described["description"] = about.clone();
            }
            html.push_str(&schema::one(
                name,
                &described,
                parameter["required"] == true,
            ));
        }
        match html.is_empty() {
            true => html,
            false => format!("<h4>{title}</h4>\n<dl class=\"fields\">\n{html}</dl>\n"),
        }
    }

    fn takes(&self) -> String {
        let Some((_, content)) = self.body() else {
            return String::new();
        };
        let all = self.json["requestBody"]["content"].as_object();
        let medias: Vec<String> = all
            .into_iter()
            .flatten()
            .map(|(media, _)| schema::code(media))
            .collect();
        let described = &content["schema"];
        format!(
            "<h4>Body</h4>\n<p class=\"note\">{} · {}</p>\n{}",
            schema::kind(described),
            medias.join(" or "),
            schema::body(self.component(described)),
        )
    }

    /// What a schema refers to.
    fn component(&self, described: &'a Value) -> &'a Value {
        match schema::component(described) {
            Some(name) => &self.document["components"]["schemas"][name],
            None => described,
        }
    }

    fn answers(&self) -> String {
        let mut html = String::from("<h4>Answers</h4>\n<dl class=\"answers\">\n");
        for (status, response) in self.json["responses"].as_object().into_iter().flatten() {
            let response = self.resolve(response);
            let about = response["description"].as_str().unwrap_or_default();
            let _ = write!(
                html,
                "<div><dt class=\"status s{}\">{status}</dt><dd>{}",
                &status[..1],
                markdown::line(about)
            );
            let content = response["content"].as_object().into_iter().flatten();
            for (media, content) in content.filter(|_| status.starts_with('2')) {
                let kind = schema::kind(&content["schema"]);
                let _ = write!(html, " {kind} · {}", schema::code(media));
            }
            let codes = response["x-codes"].as_array().into_iter().flatten();
            let codes: Vec<String> = codes
                .filter_map(Value::as_str)
                .map(|code| format!("<a href=\"/docs/errors/{code}\">{code}</a>"))
                .collect();
            if !codes.is_empty() {
                let _ = write!(html, " <span class=\"codes\">{}</span>", codes.join(" "));
            }
            html.push_str("</dd></div>\n");
        }
        html.push_str("</dl>\n");
        html
    }

    /// The answer to the request.
    fn example(&self) -> String {
        let responses = self.json["responses"].as_object().into_iter().flatten();
        for (status, response) in responses.filter(|(status, _)| status.starts_with('2')) {
            let content = response["content"].as_object().into_iter().flatten();
            for (_, content) in content {
                let Some(example) = content.get("example") else {
                    continue;
                };
                return format!(
                    "<h4>Answer <span class=\"status s2\">{status}</span></h4>\n\
                     <pre><code>{}</code></pre>\n",
                    json::pretty(example)
                );
            }
        }
        String::new()
    }
}
