//! The first page.

use std::fmt::Write;

use super::{
    guides::GUIDES,
    html::{Page, escape, guide_links},
};

/// The page at `/docs`.
pub(super) fn page() -> String {
    let mut main = String::from(
        "<article class=\"start\">\n<h1>MOCA</h1>\n\
         <p class=\"claim\">Who is where, and what should happen now.</p>\n\
         <p>Register apps, beacons, places and zones; run campaigns whose experiences fire when \
         somebody enters or leaves; ask who is new, who returns and who visits.</p>\n\
         <div class=\"cards\">\n",
    );
    card(
        &mut main,
        "/docs/api",
        "API reference",
        "Every call with its parameters, bodies, answers and errors.",
    );
    card(
        &mut main,
        "/docs/errors",
        "Error codes",
        "What each code means, when it happens and what to do.",
    );
    card(
        &mut main,
        "/v2/openapi.json",
        "OpenAPI document",
        "The same description for programs, OpenAPI 3.1.",
    );
    main.push_str("</div>\n<h2>Guides</h2>\n<div class=\"cards\">\n");
    for guide in GUIDES {
        card(&mut main, &guide.path(), guide.title, guide.about);
    }
    main.push_str("</div>\n");
    main.push_str(
        "<h2>A first call</h2>\n\
         <p>The first start of a server leaves the owner's token and a certificate in its data \
         directory:</p>\n\
         <pre><code>curl --cacert moca-data/tls/cert.pem \\\n     \
         -H \"Authorization: Bearer $(cat moca-data/first-token)\" \\\n     \
         https://localhost:8443/v2/places</code></pre>\n</article>\n",
    );
    Page {
        title: "Documentation",
        path: "/docs",
        side: guide_links("/docs"),
        main,
        filter: false,
    }
    .write()
}

fn card(html: &mut String, href: &str, title: &str, about: &str) {
    let (title, about) = (escape(title), escape(about));
    let _ = writeln!(
        html,
        "<a class=\"card\" href=\"{href}\"><strong>{title}</strong><span>{about}</span></a>"
    );
}
