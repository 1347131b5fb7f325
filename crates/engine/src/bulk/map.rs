//! Which column of a foreign file is which field, as a text:
//! `name=Station,latitude=lat,address=street+city,category='station'`.
//!
//! A field is a column, several whose texts are joined by a comma, or a text between apostrophes. A
//! backslash takes the meaning off the character after it.

use moca_core::bulk::BulkKind;

use super::fields::{self, Target};

/// What joins the texts of several columns.
pub(crate) const BETWEEN: &str = ", ";

/// The fields that were given columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Map(pub(crate) Vec<Assignment>);

/// One field and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) target: Target,
    pub(crate) parts: Vec<Part>,
}

/// What a field is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// The text of a column.
    Column(String),
    /// Always this.
    Text(String),
}

impl Map {
    /// Reads a map; the error says what to write.
    pub(crate) fn read(kind: BulkKind, text: &str) -> Result<Self, String> {
        let mut assignments: Vec<Assignment> = Vec::new();
        for piece in split(text, ',')? {
            let (name, rest) = piece.split_once('=').ok_or_else(|| {
                format!("expected field=Column with commas between, and found {piece:?}")
            })?;
            let name = name.trim();
            let target = Target::named(kind, name).ok_or_else(|| {
                let names = fields::names(kind);
                format!(
                    "there is no field {name:?} of {}; there are {names}",
                    kind.as_str()
                )
            })?;
            if assignments.iter().any(|other| other.target == target) {
                return Err(format!("the field {name} stands there twice"));
            }
            let parts = split(rest, '+')?
                .into_iter()
                .map(|part| part_of(name, part));
            let parts = parts.collect::<Result<_, _>>()?;
            assignments.push(Assignment { target, parts });
        }
        Ok(Self(assignments))
    }

    /// Whether a field has a column.
    pub(crate) fn has(&self, target: &Target) -> bool {
        self.0.iter().any(|assignment| assignment.target == *target)
    }

    /// Whether a field is made of this column.
    pub(crate) fn uses(&self, column: &str) -> bool {
        let mut parts = self.0.iter().flat_map(|assignment| &assignment.parts);
        parts.any(|part| matches!(part, Part::Column(name) if name == column))
    }
}

/// The pieces of a text between separators that are neither escaped nor in apostrophes, still with
/// their backslashes.
fn split(text: &str, separator: char) -> Result<Vec<&str>, String> {
    let mut pieces = Vec::new();
    let (mut start, mut escaped, mut quoted, mut fresh) = (0, false, false, true);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if quoted => quoted = false,
            // A text begins a part; elsewhere an apostrophe is one.
            '\'' if fresh => quoted = true,
            _ if quoted => {}
            _ if character == separator => {
                pieces.push(&text[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
        fresh = matches!(character, '=' | '+' | ',') || (fresh && character == ' ');
    }
    if quoted {
        return Err(format!(
            "the text that begins in {:?} does not end: close its apostrophe",
            &text[start..]
        ));
    }
    pieces.push(&text[start..]);
    Ok(pieces)
}

fn part_of(field: &str, text: &str) -> Result<Part, String> {
    let text = text.trim();
    let constant = text
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    let name = plain(constant.unwrap_or(text));
    if name.is_empty() {
        return Err(format!("say which column is {field}, as in {field}=Column"));
    }
    Ok(match constant {
        Some(_) => Part::Text(name),
        None => Part::Column(name),
    })
}

/// The text without its backslashes.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Part {
        Part::Column(name.to_owned())
    }

    fn read(text: &str) -> Result<Vec<(String, Vec<Part>)>, String> {
        let map = Map::read(BulkKind::Places, text)?;
        let pairs = map.0.into_iter();
        Ok(pairs.map(|one| (one.target.pointer(), one.parts)).collect())
    }

    #[test]
    fn columns_are_named_joined_and_given_as_texts() {
        let text = r"name=Station, latitude=lat,address=street + city,category='rail, or + tram',property.size/m2=Size\, in\+out,provider=O'Neill";
        let expected = [
            ("/config/name", vec![column("Station")]),
            ("/config/geofence/latitude", vec![column("lat")]),
            ("/config/address", vec![column("street"), column("city")]),
            (
                "/config/category",
                vec![Part::Text("rail, or + tram".into())],
            ),
            ("/config/properties/size~1m2", vec![column("Size, in+out")]),
            ("/config/provider", vec![column("O'Neill")]),
        ];
        let expected = expected.map(|(pointer, parts)| (pointer.to_owned(), parts));
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (text, named) in [
            ("", "field=Column"),
            ("name", "field=Column"),
            ("title=Station", "title"),
            ("name=", "name=Column"),
            ("name=a,name=b", "twice"),
            ("name=a+", "name=Column"),
            ("property.=a", "property."),
            ("category='open", "apostrophe"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
