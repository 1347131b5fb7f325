//! Text that a spreadsheet would run.
//!
//! A cell that begins with one of these characters is a formula to common spreadsheets, which can
//! reach the network. Such a text is written with an apostrophe before it. So that every text comes
//! back as it was, one more apostrophe goes before a text that has some already.

use std::borrow::Cow;

const APOSTROPHE: char = '\'';

/// What makes a spreadsheet read a cell as a formula, the wide forms included.
const fn starts_formula(character: char) -> bool {
    matches!(
        character,
        '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'
    )
}

fn is_formula_after_apostrophes(text: &str) -> bool {
    let rest = text.trim_start_matches(APOSTROPHE);
    rest.chars().next().is_some_and(starts_formula)
}

/// The text as it is written into a cell.
pub(crate) fn disarm(text: &str) -> Cow<'_, str> {
    if is_formula_after_apostrophes(text) {
        return Cow::Owned(format!("{APOSTROPHE}{text}"));
    }
    Cow::Borrowed(text)
}

/// The text that a cell holds.
pub(crate) fn rearm(cell: &str) -> &str {
    match cell.strip_prefix(APOSTROPHE) {
        Some(rest) if is_formula_after_apostrophes(rest) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_a_formula_and_every_text_comes_back() {
        let pieces = [
            "'", "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠", "a", "",
        ];
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    let text = format!("{first}{second}{third}cmd|' /C calc'!A0");
                    let cell = disarm(&text);
                    let start = cell.chars().next().unwrap();
                    assert!(!starts_formula(start), "{cell:?}");
                    assert_eq!(rearm(&cell), text);
                }
            }
        }
        assert_eq!(disarm("O'Hara's"), "O'Hara's");
        assert_eq!(disarm("'quoted'"), "'quoted'");
        assert_eq!(disarm("=1+1"), "'=1+1");
    }
}
