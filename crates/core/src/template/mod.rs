//! Texts with fields of the person, the place and the event in them: `Hello {{ user.name }}`.
//!
//! The language is that of Jinja, without what would let a text be another program: no inclusion,
//! macros, assignments or functions, and a budget for each text. A text is read when it is saved
//! ([`Template::read`]), so that whoever writes it hears what is wrong with it, and is written for each
//! device ([`Template::render`]).

mod field;
mod read;
mod render;
#[cfg(test)]
mod tests;

use minijinja::machinery::ast::Stmt;

pub use field::{Facts, Field, field_names};
pub use render::RenderError;

/// What the values of fields are put into, which decides how they are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Medium {
    /// Plain text: as they are.
    Text,
    /// HTML: `<`, `>`, `&` and quotation marks are escaped.
    Html,
    /// A URL: all but letters, digits and `-._~` is percent-encoded.
    Url,
}

/// A text that was read and found right.
pub struct Template<'t> {
    source: &'t str,
    /// The fields it names, each once.
    fields: Vec<Field>,
    /// Its own words between its tags, and whether they are there whatever the values are.
    words: Vec<(&'t str, bool)>,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// Whether it names something that is not there; else its form is wrong.
    pub is_unknown_name: bool,
    /// What is wrong, where, and what is there instead.
    pub detail: String,
}

impl<'t> Template<'t> {
    /// Whether a text has tags at all; one without is taken as it is.
    pub fn is_one(text: &str) -> bool {
        ["{{", "{%", "{#"].iter().any(|start| text.contains(start))
    }

    /// Reads a text.
    pub fn read(source: &'t str) -> Result<Self, TemplateFault> {
        let tree = read::parse(source)?;
        let mut walk = read::Walk::default();
        if let Stmt::Template(root) = &tree {
            walk.statements(&root.children)?;
        }
        Ok(Self {
            source,
            fields: walk.fields,
            words: walk.words,
        })
    }

    /// The fields it names, each once.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Its own words, those in branches and loops included.
    pub fn all_words(&self) -> impl Iterator<Item = &'t str> {
        self.words.iter().map(|(words, _)| *words)
    }

    /// The text with this in the place of each of its tags; a branch or a loop is one.
    pub fn with_each_tag_as(&self, filler: &str) -> String {
        let always = self.words.iter().filter(|(_, is_always)| *is_always);
        let words: Vec<&str> = always.map(|(words, _)| *words).collect();
        let mut text = words.join(filler);
        if words.last().is_none_or(|last| !self.source.ends_with(last)) {
            text.push_str(filler);
        }
        text
    }
}

/// A text as somebody gets it.
///
/// A message is not lost because of a value that its text did not reckon with: a text that cannot be
/// written is sent without its tags, and one that is no template (kept since a time when it need not be
/// one) as it is.
pub fn write(text: &str, medium: Medium, bytes_max: usize, facts: &Facts<'_>) -> Written {
    let as_it_is = |failure| Written {
        text: text.to_owned(),
        failure,
    };
    if !Template::is_one(text) {
        return as_it_is(None);
    }
    let template = match Template::read(text) {
        Ok(template) => template,
        Err(fault) => return as_it_is(Some(fault.detail)),
    };
    match template.render(medium, bytes_max, facts) {
        Ok(text) => Written {
            text,
            failure: None,
        },
        Err(error) => Written {
            text: template.with_each_tag_as(""),
            failure: Some(error.to_string()),
        },
    }
}

/// What [`write()`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Why the values are not in it, if they are not. It holds none of them.
    pub failure: Option<String>,
}
