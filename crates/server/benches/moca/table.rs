//! The table that is printed.

use std::{fmt, time::Duration};

use crate::load::{CONNECTIONS, Outcome};

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Rows, each with its cells.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 6]>);

impl Table {
    /// A row about the runs of a load.
    pub(crate) fn load(&mut self, name: &str, outcomes: &[Outcome]) {
        let sorted = |value: fn(&Outcome) -> f64| {
            let mut values: Vec<f64> = outcomes.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let rates = sorted(|outcome| outcome.rate);
        let middle = rates.len() / 2;
        let cpus = sorted(|outcome| outcome.server_cpus)[middle];
        let p50 = sorted(|outcome| milliseconds(outcome, 0.50))[middle];
        let p99 = sorted(|outcome| milliseconds(outcome, 0.99))[middle];
        let refused: u64 = outcomes.iter().map(|outcome| outcome.refused).sum();
        let name = match refused {
            0 => name.to_owned(),
            _ => format!("{name} ({refused} requests refused with 503)"),
        };
        self.push([
            name,
            grouped(rates[middle]),
            format!(
                "{} .. {}",
                grouped(rates[0]),
                grouped(rates[rates.len() - 1])
            ),
            format!("{p50:.1}"),
            format!("{p99:.1}"),
            format!("{cpus:.2}"),
        ]);
    }

    /// A row about requests that took these times, in order.
    pub(crate) fn latencies(&mut self, name: &str, latencies: &[Duration]) {
        let none = String::new;
        let [p50, p99] = [0.50, 0.99].map(|part| format!("{:.2}", within(latencies, part)));
        self.push([name.to_owned(), none(), none(), p50, p99, none()]);
    }

    /// A row about rates of runs, of which nothing else is known.
    pub(crate) fn rates(&mut self, name: &str, mut rates: Vec<f64>) {
        rates.sort_by(f64::total_cmp);
        let [low, middle, high] =
            [0, rates.len() / 2, rates.len() - 1].map(|at| grouped(rates[at]));
        let none = String::new;
        let range = format!("{low} .. {high}");
        self.push([name.to_owned(), middle, range, none(), none(), none()]);
    }

    /// A row about something else that was counted.
    pub(crate) fn said(&mut self, name: &str, value: String) {
        self.single(name.to_owned(), value);
    }

    /// A row about memory.
    pub(crate) fn memory(&mut self, name: &str, bytes: u64) {
        let mebibytes = format!("{:.0} MiB", bytes as f64 / MEBIBYTE);
        self.single(name.to_owned(), mebibytes);
    }

    /// A row about an import.
    pub(crate) fn import(&mut self, rows: usize, what: &str, time: Duration) {
        let name = format!("import of {} {what}", grouped(rows as f64));
        self.single(name, format!("{:.2} s", time.as_secs_f64()));
    }

    /// Shows the row at once too: the table comes when everything was measured, some of which takes
    /// minutes.
    fn push(&mut self, row: [String; 6]) {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        eprintln!("  {}", cells.join("  "));
        self.0.push(row);
    }

    fn single(&mut self, name: String, value: String) {
        let none = String::new;
        self.push([name, value, none(), none(), none(), none()]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = [
            "",
            "median",
            "min .. max",
            "p50 ms",
            "p99 ms",
            "server CPUs",
        ];
        writeln!(
            f,
            "HTTPS with JSON from the same machine, {CONNECTIONS} kept connections, events in batches \
             of 100,\nall airports as circles of 5 km unless said, SQLite:\n"
        )?;
        let head = head.map(str::to_owned);
        let rows = || std::iter::once(&head).chain(&self.0);
        let width = |column: usize| rows().map(|row| row[column].len()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        for row in rows() {
            write!(f, "{:<1$}", row[0], widths[0])?;
            for column in 1..row.len() {
                write!(f, "  {:>1$}", row[column], widths[column])?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The time within which this part of all requests was answered.
fn milliseconds(outcome: &Outcome, part: f64) -> f64 {
    within(&outcome.latencies, part)
}

/// The same of times that are in order.
fn within(latencies: &[Duration], part: f64) -> f64 {
    let last = latencies.len().saturating_sub(1);
    let index = (last as f64 * part).round() as usize;
    let latency = latencies.get(index).copied().unwrap_or_default();
    latency.as_secs_f64() * 1_000.0
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
