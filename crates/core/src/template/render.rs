//! From a text and what is known to what a device gets.

use std::{collections::BTreeMap, io};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, filters,
    tests,
};

use super::{Facts, Medium, Template};
use crate::limits::TEMPLATE_FUEL;

/// The filters of texts.
pub(super) const FILTERS: [&str; 16] = [
    "abs",
    "capitalize",
    "d",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "replace",
    "round",
    "title",
    "trim",
    "upper",
];

/// The tests of texts, asked for with `is`.
pub(super) const TESTS: [&str; 6] = [
    "boolean",
    "defined",
    "number",
    "sequence",
    "string",
    "undefined",
];

/// Why a text could not be written for somebody.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Something in it does not go with its value, or takes too long.
    #[error("the text could not be written: {0}")]
    Failed(#[from] Error),
    /// It would be longer than the limit, in bytes.
    #[error("the text would be longer than {0} bytes")]
    TooLong(usize),
}

impl Template<'_> {
    /// The text for somebody, of at most so many bytes. What is not known is written as nothing.
    pub fn render(
        &self,
        medium: Medium,
        bytes_max: usize,
        facts: &Facts<'_>,
    ) -> Result<String, RenderError> {
        let environment = environment(medium);
        let mut written = Limited {
            bytes: Vec::new(),
            left: bytes_max,
        };
        let template = environment.template_from_str(self.source)?;
        let rendered = template.render_captured_to(self.values(facts), &mut written);
        if let Err(error) = rendered {
            return Err(match error.kind() {
                ErrorKind::WriteFailure => RenderError::TooLong(bytes_max),
                _ => error.into(),
            });
        }
        Ok(String::from_utf8_lossy(&written.bytes).into_owned())
    }

    /// The values of its fields, as the tree that their paths make.
    fn values(&self, facts: &Facts<'_>) -> Value {
        let mut tree = Tree::default();
        for field in &self.fields {
            tree.put(&field.path(), field.value(facts));
        }
        tree.into_value()
    }
}

#[derive(Default)]
struct Tree {
    leaf: Option<Value>,
    branches: BTreeMap<String, Tree>,
}

impl Tree {
    fn put(&mut self, path: &[&str], value: Value) {
        match path {
            [] => self.leaf = Some(value),
            [first, rest @ ..] => {
                let branch = self.branches.entry((*first).to_owned()).or_default();
                branch.put(rest, value);
            }
        }
    }

    fn into_value(self) -> Value {
        if let Some(value) = self.leaf {
            return value;
        }
        let branches = self.branches.into_iter();
        let branches = branches.map(|(name, branch)| (name, branch.into_value()));
        Value::from(branches.collect::<BTreeMap<String, Value>>())
    }
}

fn environment<'e>(medium: Medium) -> Environment<'e> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_fuel(Some(TEMPLATE_FUEL));
    match medium {
        Medium::Text => environment.set_auto_escape_callback(|_| AutoEscape::None),
        Medium::Html => environment.set_auto_escape_callback(|_| AutoEscape::Html),
        Medium::Url => environment.set_formatter(percent_encode),
    }
    environment.add_filter("abs", filters::abs);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("d", filters::default);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("float", filters::float);
    environment.add_filter("int", filters::int);
    environment.add_filter("join", filters::join);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("round", filters::round);
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
    environment.add_test("boolean", tests::is_boolean);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("number", tests::is_number);
    environment.add_test("sequence", tests::is_sequence);
    environment.add_test("string", tests::is_string);
    environment.add_test("undefined", tests::is_undefined);
    environment
}

/// Writes a value into a URL: it adds nothing to its structure.
fn percent_encode(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Ok(());
    }
    for byte in value.to_string().bytes() {
        let written = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                write!(out, "{}", char::from(byte))
            }
            other => write!(out, "%{other:02X}"),
        };
        written.map_err(|_| Error::new(ErrorKind::WriteFailure, "no room"))?;
    }
    Ok(())
}

/// Takes so many bytes and no more.
struct Limited {
    bytes: Vec<u8>,
    left: usize,
}

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self
            .left
            .checked_sub(bytes.len())
            .ok_or_else(|| io::Error::other("no room"))?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
