//! The table of error codes: one page with all of them, and one for each, where `type` of a problem
//! leads.

use moca_wire::problem::Code;

use super::{
    html::{Page, escape, links},
    markdown,
    reference::json,
};

/// What each code means, when it happens and what to do; a section each.
const TEXT: &str = include_str!("../../../../docs/errors.md");

/// The page with all codes.
pub(super) fn table_page() -> String {
    Page {
        title: "Error codes",
        path: "/docs/errors",
        side: side("/docs/errors"),
        main: format!(
            "<article class=\"text\">\n{}</article>\n",
            markdown::text(TEXT).html
        ),
        filter: false,
    }
    .write()
}

/// The page of one code.
pub(super) fn code_page(code: Code) -> String {
    let path = code.page();
    let name = escape(code.as_str());
    let main = format!(
        "<article class=\"text\">\n<h1><code>{name}</code></h1>\n{text}\
         <h2>What it looks like</h2>\n<pre><code>{example}</code></pre>\n\
         <p><a href=\"/docs/errors\">All error codes</a></p>\n</article>\n",
        text = markdown::text(section(code)).html,
        example = json::pretty(&code.example()),
    );
    Page {
        title: code.as_str(),
        path: &path,
        side: side(&path),
        main,
        filter: false,
    }
    .write()
}

/// What the table says of a code, without its heading.
fn section(code: Code) -> &'static str {
    let heading = format!("\n## {}\n", code.as_str());
    let rest = TEXT.split_once(&heading).map_or("", |(_, rest)| rest);
    let end = rest.find("\n#").unwrap_or(rest.len());
    &rest[..end]
}

fn side(path: &str) -> String {
    let codes = Code::ALL
        .iter()
        .map(|code| (code.page(), code.as_str(), code.page() == path));
    links("Error codes", codes)
}
