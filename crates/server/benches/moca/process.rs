//! What the kernel says of the server's process.

use std::{fs, time::Duration};

/// Ticks of `/proc/PID/stat` in a second, on every Linux of today.
const TICKS_A_SECOND: f64 = 100.0;

/// A process.
pub(crate) struct Process(u32);

impl Process {
    pub(crate) const fn new(id: u32) -> Self {
        Self(id)
    }

    /// Its memory that is in RAM.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.status_bytes("VmRSS:")
    }

    /// The most that it ever was.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.status_bytes("VmHWM:")
    }

    fn status_bytes(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find(|line| line.starts_with(field));
        let kilobytes: u64 = line
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        kilobytes * 1024
    }

    /// Time that processors worked for it.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap();
        // The name, in parentheses, may hold anything; fields are counted after it.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks: f64 = [11, 12]
            .map(|i: usize| fields[i].parse::<f64>().unwrap())
            .iter()
            .sum();
        Duration::from_secs_f64(ticks / TICKS_A_SECOND)
    }
}
