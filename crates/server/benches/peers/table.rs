//! The table that is printed: a row for what was measured, a column for each candidate.

use std::fmt;

use crate::load::{CONNECTIONS, Load, Measured};

const MEBIBYTE: f64 = 1024.0 * 1024.0;

#[derive(Default)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Measured)>,
    notes: Vec<&'static str>,
}

impl Table {
    /// Adds a candidate.
    pub(crate) fn add(&mut self, name: &'static str, measured: Measured) {
        self.columns.push((name, measured));
    }

    /// Adds what a reader should know.
    pub(crate) fn note(&mut self, note: &'static str) {
        self.notes.push(note);
    }

    /// A row with what each candidate has, and how much of the last one the first one has.
    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        decimals: usize,
        value: impl Fn(&Measured) -> f64,
    ) -> fmt::Result {
        write!(f, "{name:<26}")?;
        let values: Vec<f64> = self.columns.iter().map(|column| value(&column.1)).collect();
        for value in &values {
            write!(f, "{value:>20.decimals$}")?;
        }
        match values[..] {
            [first, .., last] => writeln!(f, "{:>15.1}", first / last),
            _ => writeln!(f),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Places, over HTTPS with JSON from the same machine, {CONNECTIONS} kept connections; all airports are there:\n"
        )?;
        write!(f, "{:<26}", "")?;
        for (name, _) in &self.columns {
            write!(f, "{name:>20}")?;
        }
        writeln!(f, "{:>15}", "first / last")?;
        self.row(f, "import, places/s", 0, |measured| measured.imported)?;
        for (index, load) in Load::ALL.into_iter().enumerate() {
            let name = load.name();
            self.row(f, &format!("{name}/s"), 0, |measured| {
                measured.loads[index].rate
            })?;
            self.row(f, &format!("{name}, p99 ms at half"), 1, |measured| {
                measured.loads[index].p99.as_secs_f64() * 1_000.0
            })?;
        }
        self.row(f, "memory at the end, MiB", 0, |measured| {
            measured.memory as f64 / MEBIBYTE
        })?;
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}
