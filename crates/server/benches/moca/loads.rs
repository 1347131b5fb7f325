//! The loads: what a connection asks, time after time.

mod crud;
mod events;
mod steps;

pub(crate) use events::BATCH;

use std::sync::Arc;

use crate::{dice::Dice, site::Site};

/// A kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    Events,
    Points,
    Steps,
    Create,
    Get,
    List,
}

/// One request.
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) authorization: Arc<str>,
    pub(crate) body: String,
    /// What its answer counts for.
    pub(crate) units: u64,
}

/// Makes the requests of one connection.
pub(crate) type Maker = Box<dyn FnMut() -> Ask + Send>;

impl Load {
    pub(crate) const ALL: [Self; 6] = [
        Self::Events,
        Self::Points,
        Self::Steps,
        Self::Create,
        Self::Get,
        Self::List,
    ];

    /// Its line in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Events => "events acknowledged/s",
            Self::Points => "locations decided/s, random points",
            Self::Steps => "locations decided/s, steps of 50 m",
            Self::Create => "create place/s",
            Self::Get => "get place/s",
            Self::List => "list 100 places/s",
        }
    }

    /// Whether a run ends only when the decide stage has caught up.
    pub(crate) const fn is_decided(self) -> bool {
        matches!(self, Self::Points | Self::Steps)
    }

    /// The requests of one of so many connections; `seed` differs from connection to connection and
    /// from run to run.
    pub(crate) fn maker(self, site: &Arc<Site>, connection: usize, of: usize, seed: u64) -> Maker {
        let dice = Dice::new(seed);
        let devices = site.devices.iter().skip(connection).step_by(of).cloned();
        let devices: Vec<Arc<str>> = devices.collect();
        match self {
            Self::Events => events::custom(devices, dice),
            Self::Points => events::points(site.clone(), devices, dice),
            Self::Steps => steps::steps(site.clone(), devices, dice),
            Self::Create => crud::create(site, dice),
            Self::Get => crud::get(site.clone(), dice),
            Self::List => crud::list(site.clone(), dice),
        }
    }
}
