//! The demo's own books: who should be counted where, and who should have been told what.

use std::collections::{BTreeMap, BTreeSet};

use moca_core::experience::Direction;

use super::{
    layout::{Layout, Spot},
    rules::{self, Expected},
    traveller::Traveller,
    whereabouts::{self, Crossing, Spell},
};

/// What is expected of all travellers, by their number.
pub(super) struct Books {
    pages: Vec<BookPage>,
}

/// What is expected of one traveller.
pub(super) struct BookPage {
    /// The times of all events, in order.
    events: Vec<i64>,
    crossings: Vec<Crossing>,
    /// In airports, which may lie within each other's circles.
    in_airports: Vec<Spell>,
    /// What should have become of each trigger that came true.
    pub(super) decisions: Vec<Expected>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Active,
    New,
    Returning,
    Visitors(Option<Spot>),
}

impl Books {
    /// Reckons for all travellers.
    pub(super) fn new(layout: &Layout, travellers: &[Traveller]) -> anyhow::Result<Self> {
        let pages = travellers.iter().map(|traveller| page(layout, traveller));
        Ok(Self {
            pages: pages.collect::<Result<_, _>>()?,
        })
    }

    /// What is expected of each traveller.
    pub(super) fn pages(&self) -> &[BookPage] {
        &self.pages
    }

    /// How many different travellers count in a stretch of time.
    pub(super) fn count(&self, what: Count, from_ms: i64, to_ms: i64) -> u64 {
        let counted = self.pages.iter().filter(|page| {
            let within = |at_ms: i64| from_ms <= at_ms && at_ms < to_ms;
            let active = || page.events.iter().any(|at_ms| within(*at_ms));
            let new = || page.events.first().is_some_and(|at_ms| within(*at_ms));
            match what {
                Count::Active => active(),
                Count::New => new(),
                Count::Returning => active() && !new(),
                Count::Visitors(spot) => page
                    .entered(from_ms, to_ms)
                    .any(|entered| spot.is_none_or(|spot| spot == entered)),
            }
        });
        counted.count() as u64
    }

    /// The visitors of every place, zone and beacon that has any.
    pub(super) fn visitors(&self, from_ms: i64, to_ms: i64) -> BTreeMap<Spot, u64> {
        let mut visitors = BTreeMap::new();
        for page in &self.pages {
            let entered: BTreeSet<Spot> = page.entered(from_ms, to_ms).collect();
            for spot in entered {
                *visitors.entry(spot).or_insert(0) += 1;
            }
        }
        visitors
    }

    /// How many travellers are in an airport at a moment.
    pub(super) fn inside_at(&self, at_ms: i64) -> usize {
        let inside = self.pages.iter().filter(|page| {
            let mut stays = page.in_airports.iter();
            stays.any(|stay| stay.from_ms <= at_ms && at_ms < stay.to_ms)
        });
        inside.count()
    }
}

impl BookPage {
    fn entered(&self, from_ms: i64, to_ms: i64) -> impl Iterator<Item = Spot> {
        let within = move |crossing: &&Crossing| {
            crossing.direction == Direction::Enter && (from_ms..to_ms).contains(&crossing.at_ms)
        };
        self.crossings
            .iter()
            .filter(within)
            .map(|crossing| crossing.spot)
    }
}

fn page(layout: &Layout, traveller: &Traveller) -> anyhow::Result<BookPage> {
    let moments = traveller.batches.iter().flat_map(|batch| &batch.moments);
    let mut events: Vec<i64> = moments.map(|moment| moment.at_ms).collect();
    events.sort_unstable();
    let stays = whereabouts::stays(layout, &traveller.batches);
    let crossings = whereabouts::crossings(&stays);
    let places = stays
        .iter()
        .filter(|(spot, _)| matches!(spot, Spot::Place(_)));
    Ok(BookPage {
        events,
        decisions: rules::decide_all(layout, traveller, &crossings)?,
        in_airports: places
            .flat_map(|(_, spells)| spells.iter().copied())
            .collect(),
        crossings,
    })
}
