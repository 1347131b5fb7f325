//! Just enough of Rust's lexical structure to tell code from comments and texts.

/// A file split into what runs and what is only said.
pub(super) struct Source {
    /// The file with comments and texts blanked out, line by line as it was.
    pub(super) code: String,
    /// Every text in quotes, with the number of the line it begins on.
    pub(super) texts: Vec<(usize, String)>,
}

impl Source {
    /// Splits a file that compiles.
    pub(super) fn parse(file: &str) -> Self {
        let mut source = Self {
            code: String::with_capacity(file.len()),
            texts: Vec::new(),
        };
        let mut rest = file;
        while !rest.is_empty() {
            rest = &rest[source.take(rest)..];
        }
        source
    }

    /// Takes in what the file goes on with and gives its length.
    fn take(&mut self, rest: &str) -> usize {
        if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            return self.blank(&rest[..end]);
        }
        if rest.starts_with("/*") {
            let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
            return self.blank(&rest[..end]);
        }
        if let Some((body, length)) = text_at(rest) {
            let line = 1 + self.code.matches('\n').count();
            self.texts.push((line, body.to_owned()));
            return self.blank(&rest[..length]);
        }
        // The quotes as characters, which begin no text.
        for quote in ["'\"'", "'\\\"'", "'\\''"] {
            if rest.starts_with(quote) {
                return self.blank(quote);
            }
        }
        // A name goes in as a whole, or the r at its end would seem to begin a raw text.
        let is_name = |character: char| character.is_alphanumeric() || character == '_';
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len()).max(first);
        self.code.push_str(&rest[..length]);
        length
    }

    fn blank(&mut self, skipped: &str) -> usize {
        let lines = skipped.matches('\n').count();
        self.code.push(' ');
        self.code.push_str(&"\n".repeat(lines));
        skipped.len()
    }
}

/// The text that `rest` begins with, if it does, and its length with all quotes.
fn text_at(rest: &str) -> Option<(&str, usize)> {
    let unprefixed = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - unprefixed.len();
    if prefix <= 1
        && let Some(raw) = unprefixed.strip_prefix('r')
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let end = body.find(&format!("\"{}", "#".repeat(hashes)))?;
        return Some((&body[..end], prefix + 1 + hashes + 1 + end + 1 + hashes));
    }
    let body = unprefixed.strip_prefix('"').filter(|_| prefix <= 1)?;
    let mut escaped = false;
    for (end, character) in body.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some((&body[..end], prefix + 1 + end + 1)),
            _ => {}
        }
    }
    None
}

#[test]
fn texts_and_comments_are_no_code() {
    let file = r##"
        call("one \" two"); // "not a text"
        let quote = '"'; /* nor
        "this" */ let raw = br#"three "four""#;
        for_bar("five");
    "##;
    let source = Source::parse(file);
    let texts: Vec<(usize, &str)> = source
        .texts
        .iter()
        .map(|(line, text)| (*line, text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [(2, r#"one \" two"#), (4, r#"three "four""#), (5, "five")]
    );
    assert!(source.code.contains("call( );"));
    assert!(source.code.contains("for_bar( );"));
    assert!(!source.code.contains("not a text") && !source.code.contains("this"));
}
