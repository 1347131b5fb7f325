//! What commands print: a table for people, JSON and CSV for programs.

use std::io::{self, IsTerminal, Write};

use clap::{Arg, ArgAction, ArgMatches, builder::PossibleValuesParser};
use jiff::Timestamp;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// Columns of a terminal that one cell of a table takes at most; ids are shorter.
const CELL_WIDTH_MAX: usize = 40;
/// What stands between two columns.
const GAP: &str = "  ";

/// How objects are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Aligned columns.
    Table,
    /// One JSON object a line.
    Json,
    /// A header and a row an object.
    Csv,
}

/// The arguments of commands that print objects.
pub(crate) fn arguments() -> [Arg; 2] {
    [
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("FORMAT")
            .value_parser(PossibleValuesParser::new(["table", "json", "csv"]))
            .help(
                "table, json (one object a line) or csv [default: table on a terminal, else json]",
            ),
        Arg::new("columns")
            .long("columns")
            .value_name("FIELDS")
            .value_delimiter(',')
            .action(ArgAction::Append)
            .help("Columns of a table or CSV, for example placeId,config.name"),
    ]
}

/// Prints objects as they come.
pub(crate) struct Printer {
    format: Format,
    columns: Vec<String>,
    /// Of the columns, once there is a first page.
    widths: Option<Vec<usize>>,
    header_done: bool,
}

impl Printer {
    pub(crate) fn new(arguments: &ArgMatches, columns: &[&str]) -> Self {
        let format = match arguments.get_one::<String>("output").map(String::as_str) {
            Some("table") => Format::Table,
            Some("csv") => Format::Csv,
            Some(_) => Format::Json,
            None if io::stdout().is_terminal() => Format::Table,
            None => Format::Json,
        };
        let asked = arguments.get_many::<String>("columns");
        let columns = asked.map_or_else(
            || columns.iter().map(|&name| name.to_owned()).collect(),
            |names| names.cloned().collect(),
        );
        Self {
            format,
            columns,
            widths: None,
            header_done: false,
        }
    }

    /// Whether programs read it as it was answered.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints some objects of a list; the widths of a table are those of the first call.
    pub(crate) fn rows(&mut self, objects: &[Value]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => objects.iter().try_for_each(|one| writeln!(out, "{one}"))?,
            Format::Csv => self.csv(objects, &mut out)?,
            Format::Table => self.table(objects, &mut out)?,
        }
        out.flush()
    }

    /// Prints one object: as a table with a row for each of its fields.
    pub(crate) fn object(&mut self, object: &Value) -> io::Result<()> {
        if self.format != Format::Table {
            return self.rows(std::slice::from_ref(object));
        }
        let mut fields = Vec::new();
        flatten("", object, &mut fields);
        let width = fields.iter().map(|(name, _)| name.width()).max();
        let mut out = io::stdout().lock();
        for (name, value) in fields {
            let text = cell(&name, Some(value));
            writeln!(out, "{}{GAP}{text}", padded(&name, width.unwrap_or(0)))?;
        }
        out.flush()
    }

    fn csv(&mut self, objects: &[Value], out: &mut impl Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        if !self.header_done {
            writer.write_record(&self.columns)?;
            self.header_done = true;
        }
        for object in objects {
            let cells = self.columns.iter().map(|name| csv_cell(find(object, name)));
            writer.write_record(cells)?;
        }
        writer.flush()
    }

    fn table(&mut self, objects: &[Value], out: &mut impl Write) -> io::Result<()> {
        let rows: Vec<Vec<String>> = objects
            .iter()
            .map(|object| {
                let cells = self.columns.iter();
                cells
                    .map(|name| shortened(&cell(name, find(object, name))))
                    .collect()
            })
            .collect();
        let header: Vec<String> = self.columns.iter().map(|name| title(name)).collect();
        let widths = self.widths.get_or_insert_with(|| {
            let widest = |column: usize| {
                let cells = rows.iter().chain([&header]).map(|row| row[column].width());
                cells.max().unwrap_or(0)
            };
            (0..header.len()).map(widest).collect()
        });
        if !self.header_done {
            write_row(out, &header, widths)?;
            self.header_done = true;
        }
        rows.iter().try_for_each(|row| write_row(out, row, widths))
    }
}

fn write_row(out: &mut impl Write, cells: &[String], widths: &[usize]) -> io::Result<()> {
    let padded: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| padded(cell, *width))
        .collect();
    writeln!(out, "{}", padded.join(GAP).trim_end())
}

fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

fn shortened(text: &str) -> String {
    if text.width() <= CELL_WIDTH_MAX {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        if short.width() + 2 > CELL_WIDTH_MAX {
            break;
        }
        short.push(character);
    }
    short + "…"
}

/// `config.name` becomes `NAME`.
fn title(column: &str) -> String {
    let last = column.rsplit_once('.').map_or(column, |(_, last)| last);
    last.to_uppercase()
}

/// The value at a dotted path.
fn find<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(object, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => value.get(key),
    })
}

fn flatten<'a>(path: &str, value: &'a Value, fields: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (key, value) in object {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                flatten(&path, value, fields);
            }
        }
        value => fields.push((path.to_owned(), value)),
    }
}

/// A value for people: moments as times, and nothing that a terminal would obey.
fn cell(name: &str, value: Option<&Value>) -> String {
    let last = name.rsplit_once('.').map_or(name, |(_, last)| last);
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text
            .chars()
            .flat_map(|character| {
                let escaped = character.is_control() || is_direction(character);
                let shown = if escaped {
                    character.escape_default().to_string()
                } else {
                    character.to_string()
                };
                shown.chars().collect::<Vec<char>>()
            })
            .collect(),
        Some(Value::Number(number)) if last == "at" || last.ends_with("At") => number
            .as_i64()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .map_or_else(|| number.to_string(), |at| at.to_string()),
        Some(other) => other.to_string(),
    }
}

/// Characters that turn the direction of what follows.
const fn is_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A value for a spreadsheet: text that it would run as a formula gets an apostrophe in front.
fn csv_cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(columns: &[&str], objects: &[Value]) -> String {
        let mut printer = Printer {
            format: Format::Table,
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            widths: None,
            header_done: false,
        };
        let mut out = Vec::new();
        printer.table(objects, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_what_is_seen_of_them() {
        let objects = [
            json!({"id": "a", "config": {"name": "広場"}, "createdAt": 0}),
            json!({"id": "bcd", "config": {}, "createdAt": 1_000}),
        ];
        assert_eq!(
            printed(&["id", "config.name", "createdAt"], &objects),
            "ID   NAME  CREATEDAT\n\
             a    広場  1970-01-01T00:00:00Z\n\
             bcd        1970-01-01T00:00:01Z\n"
        );
    }

    #[test]
    fn a_name_cannot_command_the_terminal() {
        let evil = json!({"name": "\u{1b}[2J\u{202e}x"});
        let table = printed(&["name"], &[evil]);
        assert_eq!(table, "NAME\n\\u{1b}[2J\\u{202e}x\n");
    }

    #[test]
    fn a_spreadsheet_runs_no_cell() {
        for (value, cell) in [
            (json!("=1+1"), "'=1+1"),
            (json!("@a"), "'@a"),
            (json!(-3.5), "-3.5"),
            (json!("Plaza"), "Plaza"),
            (json!(["a"]), "[\"a\"]"),
            (Value::Null, ""),
        ] {
            assert_eq!(csv_cell(Some(&value)), cell);
        }
    }
}
