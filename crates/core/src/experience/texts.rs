//! The texts of an action, written for somebody.

use super::Action;
use crate::{
    limits::ACTION_CONTENT_BYTES_MAX,
    locale,
    template::{self, Facts, Field, Medium, Template},
};

/// The texts of an action in one language, with its fields filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Texts<'a> {
    /// The locale that was chosen: `default` or a language tag.
    pub locale: &'a str,
    /// The content, if it has one.
    pub content: Option<String>,
    /// The alert for an app in the background, if it has one.
    pub bg_alert: Option<String>,
    /// The fields that these name.
    pub fields: Vec<Field>,
    /// Why the values are not in a text, of each that is sent without its tags.
    pub failures: Vec<String>,
}

impl Action {
    /// Writes the texts for who speaks a language.
    pub fn write(&self, lang: Option<&str>, facts: &Facts<'_>) -> Texts<'_> {
        let mut texts = Texts {
            locale: locale::DEFAULT,
            content: None,
            bg_alert: None,
            fields: Vec::new(),
            failures: Vec::new(),
        };
        let Some(all) = self.content() else {
            return texts;
        };
        let mut write = |text: &str, medium, bytes_max| {
            let written = template::write(text, medium, bytes_max, facts);
            texts.failures.extend(written.failure);
            if Template::is_one(text)
                && let Ok(template) = Template::read(text)
            {
                texts.fields.extend_from_slice(template.fields());
            }
            written.text
        };
        let (medium, bytes_max) = self.medium();
        if let Some((locale, text)) = locale::best(&all.content, lang) {
            texts.content = Some(write(text, medium, bytes_max));
            texts.locale = locale;
        }
        let alert = locale::best(&all.bg_alert, lang);
        texts.bg_alert = alert.map(|(_, text)| write(text, Medium::Text, ACTION_CONTENT_BYTES_MAX));
        texts
    }
}
