//! What the columns of a CSV file mean.

use std::borrow::Cow;

use csv::StringRecord;
use moca_core::bulk::BulkKind;
use moca_wire::problem::Fault;
use serde_json::Value;

use crate::bulk::{
    fields::{self, Field, Target},
    formula::rearm,
    map::{BETWEEN, Map, Part},
    record::Builder,
};

/// The columns of a file, in its order, and what is made of them.
pub(crate) struct Columns {
    kind: BulkKind,
    radius_m: f64,
    pub(super) headers: Vec<String>,
    sources: Vec<Source>,
}

/// What a field is made of.
struct Source {
    target: Target,
    parts: Vec<Origin>,
    /// Whether a map says so: the columns of our own files are read to the letter.
    is_mapped: bool,
}

enum Origin {
    Column(usize),
    Text(String),
}

impl Columns {
    /// No columns.
    pub(super) const fn none(kind: BulkKind) -> Self {
        Self {
            kind,
            radius_m: 0.0,
            headers: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Understands the first line of a file; the error says what to do.
    pub(super) fn read(
        kind: BulkKind,
        map: Option<&Map>,
        radius_m: f64,
        header: &StringRecord,
    ) -> Result<Self, String> {
        let headers: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut columns = Self {
            kind,
            radius_m,
            headers,
            sources: Vec::new(),
        };
        columns.take_mapped(map)?;
        columns.take_named(map)?;
        let name = Target::named(kind, "name");
        let needs_name = kind != BulkKind::Beacons;
        if needs_name
            && !columns
                .sources
                .iter()
                .any(|it| Some(&it.target) == name.as_ref())
        {
            return Err(
                "the first line has to name the columns, and one of them has to be name: if the \
                 file has it under another name, say so in the map, as in name=Station"
                    .to_owned(),
            );
        }
        Ok(columns)
    }

    fn take_mapped(&mut self, map: Option<&Map>) -> Result<(), String> {
        for assignment in map.iter().flat_map(|map| &map.0) {
            let mut parts = Vec::new();
            for part in &assignment.parts {
                parts.push(match part {
                    Part::Text(text) => Origin::Text(text.clone()),
                    Part::Column(name) => Origin::Column(self.only(name)?),
                });
            }
            self.sources.push(Source {
                target: assignment.target.clone(),
                parts,
                is_mapped: true,
            });
        }
        Ok(())
    }

    /// The one column with this name.
    fn only(&self, name: &str) -> Result<usize, String> {
        let mut found = (0..self.headers.len()).filter(|at| self.headers[*at] == name);
        match (found.next(), found.next()) {
            (Some(at), None) => Ok(at),
            (Some(_), Some(_)) => Err(format!("the column {name} is there twice")),
            (None, _) => Err(format!(
                "the map names a column {name} that the file does not have; it has {}",
                self.headers.join(", ")
            )),
        }
    }

    /// The columns that have the name of a field. Others are a mistake, unless there is a map: then
    /// it is a foreign file, and they are left out.
    fn take_named(&mut self, map: Option<&Map>) -> Result<(), String> {
        for at in 0..self.headers.len() {
            let name = self.headers[at].clone();
            let Some(target) = Target::named(self.kind, &name) else {
                if map.is_some() {
                    continue;
                }
                return Err(format!(
                    "there is no column {name:?} of {}: there are {}; a map says which other \
                     columns are which of these, as in name=Station",
                    self.kind.as_str(),
                    fields::names(self.kind)
                ));
            };
            if map.is_some_and(|map| map.has(&target) || map.uses(&name)) {
                continue;
            }
            self.only(&name)?;
            self.sources.push(Source {
                target,
                parts: vec![Origin::Column(at)],
                is_mapped: false,
            });
        }
        Ok(())
    }

    /// The record that a row describes, and what is wrong with it so far.
    pub(super) fn record(&self, row: &StringRecord) -> (Value, Vec<Fault>) {
        let mut builder = Builder::new(self.kind);
        for source in &self.sources {
            let text = source.text(row);
            if !text.is_empty() {
                builder.put_text(&source.target, &text);
            }
        }
        builder.finish(self.radius_m)
    }

    /// How the file calls what a pointer into a record is about: its column, from 1, and its name.
    pub(super) fn name(&self, pointer: &str) -> (Option<i64>, String) {
        let sources = self.sources.iter().filter_map(|source| {
            let at = source.target.pointer();
            let rest = inside(pointer, &at)?;
            Some((at.len(), source, rest))
        });
        if let Some((_, source, rest)) = sources.max_by_key(|(len, ..)| *len) {
            let column = source.parts.iter().find_map(|part| match part {
                Origin::Column(at) => Some(*at),
                Origin::Text(_) => None,
            });
            if let Some(at) = column {
                return (Some(at as i64 + 1), format!("{}{rest}", self.headers[at]));
            }
        }
        let known = fields::of(self.kind).iter().filter_map(|field: &Field| {
            let at = Target::Field(field).pointer();
            let rest = inside(pointer, &at)?;
            Some((at.len(), format!("{}{rest}", field.name)))
        });
        let known = known.max_by_key(|(len, _)| *len);
        (
            None,
            known.map_or_else(|| pointer.to_owned(), |(_, name)| name),
        )
    }

    /// The pointer of what a column is for.
    pub(super) fn pointer_of(&self, column: usize) -> String {
        let is_it = |part: &Origin| matches!(part, Origin::Column(at) if *at == column);
        let source = self.sources.iter().find(|it| it.parts.iter().any(is_it));
        source.map_or_else(String::new, |source| source.target.pointer())
    }
}

impl Source {
    fn text<'r>(&'r self, row: &'r StringRecord) -> Cow<'r, str> {
        let part = |origin: &'r Origin| match origin {
            Origin::Column(at) => rearm(row.get(*at).unwrap_or_default()),
            Origin::Text(text) => text,
        };
        match self.parts.as_slice() {
            [one] if self.is_mapped => part(one).trim().into(),
            [one] => part(one).into(),
            several => {
                let texts = several.iter().map(part).map(str::trim);
                let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
                texts.join(BETWEEN).into()
            }
        }
    }
}

/// What of a pointer comes after another one, if it is the same or deeper.
fn inside<'p>(pointer: &'p str, outer: &str) -> Option<&'p str> {
    let rest = pointer.strip_prefix(outer)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}
