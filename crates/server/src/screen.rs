//! What the person at the terminal sees: lines that stay, and bars that move where there is a
//! terminal to move them on.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often a line tells of progress where no bar can.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The terminal, or the file or pipe in its place.
pub(crate) struct Screen {
    bars: Option<MultiProgress>,
    lines: Lines,
}

/// Where lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// To stdout.
    Out,
    /// To stderr: stdout is for a program to read.
    Aside,
}

impl Screen {
    pub(crate) fn new(lines: Lines) -> Self {
        // Bars go to stderr, with lines in between when both are one terminal.
        let terminal = io::stderr().is_terminal() && lines.are_on_a_terminal();
        Self {
            bars: terminal.then(MultiProgress::new),
            lines,
        }
    }

    /// Writes a line that stays.
    pub(crate) fn line(&self, text: &str) {
        // Nobody is left to tell that nobody listens.
        let write = || drop(self.lines.write(text));
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// Starts to tell of a work of `total` steps.
    pub(crate) fn progress(&self, what: &'static str, total: usize) -> Progress<'_> {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(total as u64));
            bar.set_style(style("  {prefix:10} {bar:40} {msg}"));
            bar.set_prefix(what);
            bar
        });
        Progress {
            screen: self,
            bar,
            what,
            total,
            done: 0,
            told: Instant::now(),
        }
    }

    /// Starts a block of lines that change in place; without a terminal, the first of them is
    /// written every second.
    pub(crate) fn live(&self, n_lines: usize) -> Live<'_> {
        let lines = self.bars.iter().flat_map(|bars| {
            (0..n_lines).map(|_| {
                let line = bars.add(ProgressBar::new_spinner());
                line.set_style(style("  {wide_msg}"));
                line
            })
        });
        Live {
            screen: self,
            lines: lines.collect(),
            told: None,
        }
    }
}

impl Lines {
    fn are_on_a_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Aside => io::stderr().is_terminal(),
        }
    }

    fn write(self, text: &str) -> io::Result<()> {
        match self {
            Self::Out => {
                let mut out = io::stdout().lock();
                writeln!(out, "{text}")?;
                out.flush()
            }
            Self::Aside => writeln!(io::stderr().lock(), "{text}"),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A work under way.
pub(crate) struct Progress<'a> {
    screen: &'a Screen,
    bar: Option<ProgressBar>,
    what: &'static str,
    total: usize,
    done: usize,
    told: Instant,
}

impl Progress<'_> {
    /// So many steps more are done.
    pub(crate) fn advance(&mut self, steps: usize) {
        self.done += steps;
        let counted = format!("{} of {}", grouped(self.done), grouped(self.total));
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.done as u64);
                bar.set_message(counted);
            }
            None if self.told.elapsed() >= TELL_EVERY => {
                self.told = Instant::now();
                self.screen.line(&format!("  {}: {counted}", self.what));
            }
            None => {}
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A block of lines that change in place.
pub(crate) struct Live<'a> {
    screen: &'a Screen,
    lines: Vec<ProgressBar>,
    told: Option<Instant>,
}

impl Live<'_> {
    /// Shows these lines now.
    pub(crate) fn show(&mut self, lines: &[String]) {
        if self.screen.bars.is_none() {
            let due = self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
            if due && let Some(first) = lines.first() {
                self.told = Some(Instant::now());
                self.screen.line(&format!("  {first}"));
            }
            return;
        }
        for (index, bar) in self.lines.iter().enumerate() {
            bar.set_message(lines.get(index).cloned().unwrap_or_default());
        }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        for line in &self.lines {
            line.finish_and_clear();
        }
    }
}

/// A number with thin groups of three digits: `28 298`.
pub(crate) fn grouped(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
