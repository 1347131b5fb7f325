//! Markdown as HTML. The same files are read on the server and in the repository, so a link between
//! two of them, or to a heading, has to lead to the same thing in both.

use std::collections::BTreeSet;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

use super::{guides, html::escape};

/// A text made of Markdown.
pub(super) struct Text {
    pub(super) html: String,
    /// Headings of the second level with their ids.
    pub(super) headings: Vec<(String, String)>,
}

/// A whole file.
pub(super) fn text(markdown: &str) -> Text {
    let mut events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES)
        // Comments are for tests and authors.
        .filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)))
        .collect();
    let mut headings = Vec::new();
    let mut ids = BTreeSet::new();
    for start in 0..events.len() {
        let Event::Start(Tag::Heading { level, .. }) = events[start] else {
            continue;
        };
        let words = heading(&events[start + 1..]);
        let slug = slug(&words);
        let mut unique = slug.clone();
        let mut count = 0;
        while !ids.insert(unique.clone()) {
            count += 1;
            unique = format!("{slug}-{count}");
        }
        if level as usize == 2 {
            headings.push((unique.clone(), words));
        }
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
            *id = Some(unique.into());
        }
    }
    let mut html = String::new();
    push_html(&mut html, dressed(events).into_iter());
    Text { html, headings }
}

/// A sentence or two, without a paragraph around them.
pub(super) fn line(markdown: &str) -> String {
    let html = text(markdown).html;
    let inner = html.trim().strip_prefix("<p>");
    match inner.and_then(|html| html.strip_suffix("</p>")) {
        Some(inner) if !inner.contains("<p>") => inner.to_owned(),
        _ => html,
    }
}

/// The words of the heading that these events begin in.
fn heading(events: &[Event<'_>]) -> String {
    let mut words = String::new();
    for event in events {
        match event {
            Event::Text(text) | Event::Code(text) => words.push_str(text),
            Event::End(TagEnd::Heading(_)) => break,
            _ => {}
        }
    }
    words
}

/// The id of a heading, as GitHub makes it.
fn slug(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// The events with links that lead to pages, a link at every heading, and tables that can be moved
/// sideways where they are too wide.
fn dressed(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut dressed = Vec::with_capacity(events.len());
    let mut anchor: Option<String> = None;
    for event in events {
        match event {
            Event::Start(Tag::Heading {
                level,
                id,
                classes,
                attrs,
            }) => {
                anchor = id.as_ref().map(ToString::to_string);
                dressed.push(Event::Start(Tag::Heading {
                    level,
                    id,
                    classes,
                    attrs,
                }));
            }
            Event::End(TagEnd::Heading(level)) => {
                if let Some(id) = anchor.take() {
                    let id = escape(&id);
                    let link = format!(
                        "<a class=\"anchor\" href=\"#{id}\" aria-label=\"Link to here\"></a>"
                    );
                    dressed.push(Event::InlineHtml(link.into()));
                }
                dressed.push(Event::End(TagEnd::Heading(level)));
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => dressed.push(Event::Start(Tag::Link {
                link_type,
                dest_url: CowStr::from(guides::address(&dest_url)),
                title,
                id,
            })),
            Event::Start(Tag::Table(columns)) => {
                dressed.push(Event::Html("<div class=\"table\">\n".into()));
                dressed.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                dressed.push(Event::End(TagEnd::Table));
                dressed.push(Event::Html("</div>\n".into()));
            }
            other => dressed.push(other),
        }
    }
    dressed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_get_the_ids_that_github_gives_them() {
        for (heading, id) in [
            ("Rates and quotas", "rates-and-quotas"),
            ("OAuth 2.0", "oauth-20"),
            (
                "2026-11-24, before and after",
                "2026-11-24-before-and-after",
            ),
            ("malformed_body", "malformed_body"),
            ("Who may read it?", "who-may-read-it"),
        ] {
            assert_eq!(slug(heading), id);
        }
    }

    #[test]
    fn a_heading_that_comes_twice_gets_a_number() {
        let text = text("## One\n\n## One\n\n### `One`\n");
        for id in ["id=\"one\"", "id=\"one-1\"", "id=\"one-2\""] {
            assert!(text.html.contains(id), "{}", text.html);
        }
        assert_eq!(text.headings.len(), 2);
    }

    #[test]
    fn links_between_files_lead_to_pages() {
        let html = text("[a](bulk.md#files-out) [b](#here) [c](https://example.com)").html;
        assert!(html.contains("href=\"/docs/bulk#files-out\""), "{html}");
        assert!(html.contains("href=\"#here\""), "{html}");
        assert!(html.contains("href=\"https://example.com\""), "{html}");
    }

    #[test]
    fn what_is_html_in_a_file_is_left_out() {
        let html = text("<!-- a note -->\n\ntext <script>x</script>\n").html;
        assert!(
            !html.contains("<!--") && !html.contains("<script"),
            "{html}"
        );
    }
}
