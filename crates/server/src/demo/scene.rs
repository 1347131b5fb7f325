//! Everything a run of the demo knows: what there is, who travels, and what should come of it.

use moca_client::{Client, DecisionQuery};
use moca_core::{clock::Clock, limits::PAGE_LIMIT_MAX};
use moca_wire::decisions::Decision;

use super::{
    Access, Options, airports,
    books::Books,
    clock_text,
    drive::{self, Phone},
    layout::Layout,
    traveller::{Day, Traveller},
    world::World,
};
use crate::screen::{Screen, grouped};
use crate::system::SystemClock;

const HOUR_MS: i64 = 3_600_000;
/// The day ends this long ago, so that nothing of it waits for the clock.
const SETTLED_MS: i64 = 60_000;
/// Connections that the phones share.
const LANES: usize = 16;

/// All of it; by index and number throughout.
pub(super) struct Scene {
    pub(super) client: Client,
    pub(super) day: Day,
    pub(super) layout: Layout,
    pub(super) world: World,
    pub(super) travellers: Vec<Traveller>,
    pub(super) phones: Vec<Phone>,
    pub(super) books: Books,
}

impl Scene {
    /// Plans the day, and sets up on the server what it needs.
    pub(super) async fn set(
        access: &Access,
        options: Options,
        screen: &Screen,
    ) -> anyhow::Result<Self> {
        let day = day_before(SystemClock.now_ms());
        let layout = Layout::new(airports::read()?, day.from_ms)?;
        let numbers = 0..options.travellers;
        let travellers: Vec<Traveller> = numbers
            .map(|number| Traveller::new(&layout, day, options.seed, number))
            .collect();
        let books = Books::new(&layout, &travellers)?;
        let client = access.client()?;
        let world = World::make(&client, &layout, screen).await?;
        screen.line(&format!(
            "Set up: {} airports, {} beacons in {} zones, {} experiences in {} campaigns.",
            grouped(world.places.len()),
            world.beacons.len(),
            world.zones.len(),
            world.experiences.len(),
            layout.campaigns.len(),
        ));
        let lanes: Vec<Client> = (0..LANES)
            .map(|_| access.client())
            .collect::<Result<_, _>>()?;
        let phones = drive::register(&lanes, &world, &travellers, screen).await?;
        screen.line(&format!(
            "{} travellers, seed {}, live through the day that ends at {} UTC:",
            grouped(travellers.len()),
            options.seed,
            clock_text(day.last_ms),
        ));
        Ok(Self {
            client,
            day,
            layout,
            world,
            travellers,
            phones,
            books,
        })
    }

    /// Every decision there is; hour by hour, for short lists.
    pub(super) async fn all_decisions(&self) -> anyhow::Result<Vec<Decision>> {
        let mut decisions = self.decisions(0, self.day.from_ms).await?;
        let mut from_ms = self.day.from_ms;
        while from_ms < self.day.to_ms {
            let to_ms = from_ms + HOUR_MS;
            decisions.extend(self.decisions(from_ms, to_ms).await?);
            from_ms = to_ms;
        }
        Ok(decisions)
    }

    /// The decisions of a stretch of time.
    pub(super) async fn decisions(
        &self,
        from_ms: i64,
        to_ms: i64,
    ) -> anyhow::Result<Vec<Decision>> {
        let mut decisions = Vec::new();
        loop {
            let query = DecisionQuery {
                app_id: self.world.app_id,
                instance_id: None,
                campaign_id: None,
                experience_id: None,
                outcome: None,
                from: Some(from_ms),
                to: Some(to_ms),
                offset: i64::try_from(decisions.len())?,
                limit: PAGE_LIMIT_MAX,
            };
            let page = self.client.decisions(&query).await?;
            let is_last = page.items.is_empty();
            decisions.extend(page.items);
            if is_last || decisions.len() as i64 >= page.total {
                return Ok(decisions);
            }
        }
    }
}

/// The 24 hours that end with the hour which is under way.
fn day_before(now_ms: i64) -> Day {
    let to_ms = (now_ms.div_euclid(HOUR_MS) + 1) * HOUR_MS;
    Day {
        from_ms: to_ms - 24 * HOUR_MS,
        last_ms: now_ms - SETTLED_MS,
        to_ms,
    }
}
