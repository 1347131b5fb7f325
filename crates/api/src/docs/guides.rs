//! The files of `docs/` as pages.

use std::fmt::Write;

use super::{
    html::{Page, escape, guide_links, links},
    markdown,
};

/// A file of the repository that is a page of the server.
pub(super) struct Guide {
    /// The last segment of its path.
    pub(super) slug: &'static str,
    /// The file, as a file in `docs/` links to it.
    file: &'static str,
    /// What it is called among the links.
    pub(super) title: &'static str,
    /// What a reader finds there.
    pub(super) about: &'static str,
    text: &'static str,
}

impl Guide {
    /// Where it is served.
    pub(super) fn path(&self) -> String {
        format!("/docs/{}", self.slug)
    }
}

macro_rules! guide {
    ($slug:literal, $file:literal, $title:literal, $about:literal) => {
        Guide {
            slug: $slug,
            file: $file,
            title: $title,
            about: $about,
            text: include_str!(concat!("../../../../docs/", $file)),
        }
    };
}

/// All of them, in the order of a first reading.
#[rustfmt::skip] // one line a guide
pub(super) const GUIDES: &[Guide] = &[
    guide!("first-app", "first-app.md", "A first app", "From an empty account to a message on a device, in six steps."),
    guide!("overview", "api.md", "The API in one page", "Rules for every call, roles, geofences, batches, what fires and what is counted."),
    guide!("campaigns", "campaigns.md", "What happens, and when", "Every trigger and action, and texts with fields of the person, the place and the event in them."),
    guide!("bundle", "bundle.md", "Deciding on the device", "What a device needs to decide offline what fires: regions, rules, signature."),
    guide!("segments", "segments.md", "Segments", "The language of queries for a part of an app's audience, with examples."),
    guide!("push", "push.md", "Push notifications", "Through Apple, Google and browsers: what is needed, what is sent, what is counted."),
    guide!("webhooks", "webhooks.md", "Webhooks", "What happens, told to addresses of yours: events, signatures, attempts, deliveries."),
    guide!("beacons", "beacons.md", "A fleet of beacons", "Into MOCA, into zones, and what is learned of them afterwards."),
    guide!("presence", "presence.md", "Where a device is", "How positions and beacons become enter and exit, without flapping, and what a place can set."),
    guide!("bulk", "bulk.md", "Places, zones and beacons in bulk", "Many objects in one call, and as CSV, NDJSON, GeoJSON and KML files."),
    guide!("tokens", "tokens.md", "Tokens and roles", "Who may do what, and no more than a system needs."),
    guide!("cli", "cli.md", "The command line", "Every kind of object from a shell; an account kept as files in git."),
    guide!("operations", "operations.md", "Running a server", "Configuration, certificates, health, metrics, limits, backup."),
    guide!("configuration", "../config.example.toml", "Configuration keys", "Every key of the configuration file with its default."),
    guide!("privacy", "privacy.md", "What is held on people", "What is kept, who may read it, how it is given out and erased."),
    guide!("audit", "audit.md", "The audit log", "Who did what to what, and how to be sure that nothing was changed since."),
    guide!("performance", "performance.md", "What was measured", "Rates and memory on a small machine, and how to measure them again."),
];

/// The page of a guide.
pub(super) fn page(guide: &Guide) -> String {
    let path = guide.path();
    let mut side = guide_links(&path);
    let main = if guide.file.ends_with(".md") {
        let text = markdown::text(guide.text);
        let headings = text
            .headings
            .iter()
            .map(|(id, words)| (format!("#{id}"), words.as_str(), false));
        side.push_str(&links("On this page", headings));
        text.html
    } else {
        plain(guide)
    };
    Page {
        title: guide.title,
        path: &path,
        side,
        main: format!("<article class=\"text\">\n{main}</article>\n"),
        filter: false,
    }
    .write()
}

/// A file that is not Markdown, as it stands.
fn plain(guide: &Guide) -> String {
    let mut html = String::new();
    let _ = writeln!(html, "<h1>{}</h1>\n<p>{}</p>", guide.title, guide.about);
    let _ = writeln!(html, "<pre><code>{}</code></pre>", escape(guide.text));
    html
}

/// Where a link of a file in `docs/` leads on the server.
pub(super) fn address(link: &str) -> String {
    let (file, fragment) = match link.split_once('#') {
        Some((file, fragment)) => (file, Some(fragment)),
        None => (link, None),
    };
    let path = match file {
        "errors.md" => "/docs/errors".to_owned(),
        "openapi.json" => "/v2/openapi.json".to_owned(),
        other => match GUIDES.iter().find(|guide| guide.file == other) {
            Some(guide) => guide.path(),
            None => other.to_owned(),
        },
    };
    match fragment {
        Some(fragment) => format!("{path}#{fragment}"),
        None => path,
    }
}
