//! The commented example file.

use super::{KEYS, keys::Notation};

/// Columns of a comment.
const COLUMNS: usize = 98;

/// The text of `config.example.toml`: every key with its help and its default.
pub fn example_file() -> String {
    let mut text = String::from(
        "# Configuration of MOCA. Every key is here with its default.\n\
         #\n\
         # Use it with `moca serve --config FILE` or MOCA_CONFIG=FILE. A key may also be set in the\n\
         # environment (MOCA_ and the key in capitals), which wins over this file, and as a flag\n\
         # (--data-dir for data_dir), which wins over both.\n",
    );
    for key in KEYS {
        text.push('\n');
        wrap(key.help, &mut text);
        let value = match key.notation {
            Notation::Text => format!("\"{}\"", key.default),
            Notation::Number => key.default.to_owned(),
            Notation::List => "[]".to_owned(),
        };
        text.push_str(&format!("# {} = {value}\n", key.name));
    }
    text
}

fn wrap(sentence: &str, text: &mut String) {
    let mut column = 0;
    for word in sentence.split_whitespace() {
        if column > 0 && column + word.len() + 1 > COLUMNS {
            text.push('\n');
            column = 0;
        }
        text.push_str(if column == 0 { "# " } else { " " });
        column += word.chars().count() + if column == 0 { 2 } else { 1 };
        text.push_str(word);
    }
    text.push_str(".\n");
}
