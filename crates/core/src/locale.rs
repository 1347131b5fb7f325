//! Which of the translations of a text a device gets.

use std::collections::BTreeMap;

/// The key of the text for everyone whose language is not there.
pub const DEFAULT: &str = "default";

/// The best text for a BCP-47 language tag, with the key it is under: the tag itself, else the tag
/// with its last parts removed one by one (`es-MX` → `es`; RFC 4647 §3.4), else `default`.
/// Upper and lower case, `-` and `_` are the same.
pub fn best<'a>(
    texts: &'a BTreeMap<String, String>,
    lang: Option<&str>,
) -> Option<(&'a str, &'a str)> {
    let mut wanted = lang.unwrap_or_default();
    while !wanted.is_empty() {
        if let Some((key, text)) = texts.iter().find(|(key, _)| same(key, wanted)) {
            return Some((key, text));
        }
        wanted = shortened(wanted);
    }
    texts
        .get_key_value(DEFAULT)
        .map(|(key, text)| (key.as_str(), text.as_str()))
}

fn is_separator(byte: u8) -> bool {
    byte == b'-' || byte == b'_'
}

fn same(left: &str, right: &str) -> bool {
    left.len() == right.len()
        && left
            .bytes()
            .zip(right.bytes())
            .all(|(a, b)| a.eq_ignore_ascii_case(&b) || (is_separator(a) && is_separator(b)))
}

/// Without its last part, and without a part of one letter before that: it only introduces others.
fn shortened(tag: &str) -> &str {
    let Some(end) = tag.bytes().rposition(is_separator) else {
        return "";
    };
    match tag[..end].bytes().rposition(is_separator) {
        Some(before) if end - before == 2 => &tag[..before],
        _ => &tag[..end],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_language_wins() {
        let texts: BTreeMap<String, String> = ["default", "es", "es-MX", "zh-Hant"]
            .into_iter()
            .map(|key| (key.to_owned(), format!("text of {key}")))
            .collect();
        for (lang, expected) in [
            (Some("es-MX"), "es-MX"),
            (Some("ES_mx"), "es-MX"),
            (Some("es-MX-u-nu-latn"), "es-MX"),
            (Some("es-AR"), "es"),
            (Some("zh-Hant-TW"), "zh-Hant"),
            (Some("zh"), "default"),
            (Some("e"), "default"),
            (Some("-"), "default"),
            (Some(""), "default"),
            (None, "default"),
        ] {
            assert_eq!(
                best(&texts, lang).map(|(key, _)| key),
                Some(expected),
                "{lang:?}"
            );
        }
    }

    #[test]
    fn without_a_default_there_may_be_no_text() {
        assert_eq!(best(&BTreeMap::new(), Some("es")), None);
    }
}
