//! A CSV file that is made while it is read.

use std::io::{self, Read};

use crate::dice::Dice;

/// What its rows are.
enum Kind {
    Places {
        centers: Vec<(f64, f64)>,
        radius_m: f64,
    },
    Beacons(u64),
}

/// The file.
pub(crate) struct Rows {
    kind: Kind,
    row: u64,
    dice: Dice,
    line: Vec<u8>,
    at: usize,
}

impl Rows {
    /// Places of one radius, by latitude and longitude.
    pub(crate) fn places(centers: Vec<(f64, f64)>, radius_m: f64) -> Self {
        let head = "name,latitude,longitude,radius,externalId,category,address\n";
        Self::of(Kind::Places { centers, radius_m }, head)
    }

    /// So many beacons.
    pub(crate) fn beacons(count: u64) -> Self {
        let head = "name,type,proximityUuid,major,minor,externalId\n";
        Self::of(Kind::Beacons(count), head)
    }

    fn of(kind: Kind, head: &str) -> Self {
        Self {
            kind,
            row: 0,
            dice: Dice::new(1),
            line: head.as_bytes().to_vec(),
            at: 0,
        }
    }

    fn next_line(&mut self) {
        self.line.clear();
        self.at = 0;
        let row = self.row;
        let number = self.dice.below(1_000);
        let line = match &self.kind {
            Kind::Places { centers, radius_m } => {
                let Some((latitude, longitude)) = centers.get(row as usize) else {
                    return;
                };
                format!(
                    "Store {number} of {row},{latitude:.6},{longitude:.6},{radius_m},store-{row},Store,\
                     \"{number} Main Street, Springfield\"\n"
                )
            }
            Kind::Beacons(count) if row == *count => return,
            Kind::Beacons(_) => {
                let (major, minor) = (row >> 16, row & 0xffff);
                format!(
                    "Gate {number} of {row},IBeacon,f7826da6-4fa2-4e98-8024-bc5b71e0893e,{major},{minor},gate-{row}\n"
                )
            }
        };
        self.row += 1;
        self.line.extend_from_slice(line.as_bytes());
    }
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() {
            if self.at == self.line.len() {
                self.next_line();
                if self.line.is_empty() {
                    break;
                }
            }
            let some = (buffer.len() - count).min(self.line.len() - self.at);
            buffer[count..count + some].copy_from_slice(&self.line[self.at..self.at + some]);
            self.at += some;
            count += some;
        }
        Ok(count)
    }
}
