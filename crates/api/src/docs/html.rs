//! What all pages have in common.

use std::fmt::Write;

use super::guides::GUIDES;

/// A page before it is written.
pub(super) struct Page<'a> {
    /// What it is about.
    pub(super) title: &'a str,
    /// Its path, to mark it among the links.
    pub(super) path: &'a str,
    /// What stands beside the text, or below it on a small screen.
    pub(super) side: String,
    /// The text.
    pub(super) main: String,
    /// Whether it can be searched.
    pub(super) filter: bool,
}

impl Page<'_> {
    /// The page as HTML.
    pub(super) fn write(&self) -> String {
        let title = escape(self.title);
        let top = [
            ("/docs", "Guides"),
            ("/docs/api", "API reference"),
            ("/docs/errors", "Errors"),
        ];
        let mut links = String::new();
        for (path, name) in top {
            links.push_str(&link(path, name, self.is_at(path)));
        }
        let script = match self.filter {
            true => "<script src=\"/docs/filter.js\" defer></script>",
            false => "",
        };
        format!(
            "<!doctype html>\n\
             <html lang=\"en\">\n\
             <head>\n\
             <meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title} · MOCA</title>\n\
             <link rel=\"icon\" href=\"/docs/icon.svg\" type=\"image/svg+xml\">\n\
             <link rel=\"stylesheet\" href=\"/docs/style.css\">\n\
             {script}\n\
             </head>\n\
             <body>\n\
             <a class=\"skip\" href=\"#main\">To the text</a>\n\
             <header class=\"top\"><a class=\"brand\" href=\"/docs\">\
             <img src=\"/docs/icon.svg\" alt=\"\" width=\"26\" height=\"26\">MOCA</a>\n\
             <nav aria-label=\"Parts\">{links}</nav>\n\
             <a class=\"to-contents\" href=\"#contents\">Contents</a></header>\n\
             <div class=\"columns\">\n\
             <main id=\"main\">\n{main}</main>\n\
             <nav class=\"side\" id=\"contents\" aria-label=\"Contents\">\n{side}</nav>\n\
             </div>\n\
             <footer>MOCA {version} · <a href=\"/v2/openapi.json\">OpenAPI document</a></footer>\n\
             </body>\n\
             </html>\n",
            main = self.main,
            side = self.side,
            version = env!("CARGO_PKG_VERSION"),
        )
    }

    /// Whether this page belongs to the part of the documentation at `path`.
    fn is_at(&self, path: &str) -> bool {
        match path {
            "/docs" => !self.is_at("/docs/api") && !self.is_at("/docs/errors"),
            part => {
                let rest = self.path.strip_prefix(part);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }
}

/// A link, marked when it leads to the page it stands on.
pub(super) fn link(href: &str, text: &str, current: bool) -> String {
    let mark = if current {
        " aria-current=\"page\""
    } else {
        ""
    };
    let (href, text) = (escape(href), escape(text));
    format!("<a href=\"{href}\"{mark}>{text}</a>")
}

/// A list of links under a heading.
pub(super) fn links<'a>(
    heading: &str,
    links: impl Iterator<Item = (String, &'a str, bool)>,
) -> String {
    let mut html = format!("<h2>{}</h2>\n<ul>\n", escape(heading));
    for (href, text, current) in links {
        let _ = writeln!(html, "<li>{}</li>", link(&href, text, current));
    }
    html.push_str("</ul>\n");
    html
}

/// Links to all guides.
pub(super) fn guide_links(path: &str) -> String {
    let all = GUIDES
        .iter()
        .map(|guide| (guide.path(), guide.title, guide.path() == path));
    links("Guides", all)
}

/// Text as it may stand between tags and in quotes.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_in_a_text_becomes_a_tag() {
        assert_eq!(
            escape("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"
        );
    }
}
