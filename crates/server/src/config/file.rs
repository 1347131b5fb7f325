//! The TOML file.

use toml::{Table, Value};

use super::{
    Key,
    keys::Notation,
    resolve::{Fault, Setting},
};

/// The settings in a file's text. `origin` names the file in faults.
pub(super) fn read(origin: &str, text: &str, faults: &mut Vec<Fault>) -> Vec<Setting> {
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            faults.push(Fault(format!("{origin} is not TOML: {error}")));
            return Vec::new();
        }
    };
    let mut settings = Vec::new();
    for (name, value) in table {
        let Some(key) = Key::named(&name) else {
            faults.push(Fault(format!("{origin}: there is no key {name}")));
            continue;
        };
        let named = format!("{origin}: {name}");
        match value_text(key.notation, &value) {
            Some(text) => settings.push(Setting { key, named, text }),
            None => faults.push(Fault(format!(
                "{named}: expected {}",
                match key.notation {
                    Notation::Text => "a text in quotes",
                    Notation::Number => "a whole number",
                    Notation::List => "a list of texts",
                }
            ))),
        }
    }
    settings
}

fn value_text(notation: Notation, value: &Value) -> Option<String> {
    match (notation, value) {
        (Notation::Text, Value::String(text)) => Some(text.clone()),
        (Notation::Number, Value::Integer(number)) => Some(number.to_string()),
        (Notation::List, Value::Array(items)) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            Some(texts?.join(","))
        }
        _ => None,
    }
}
