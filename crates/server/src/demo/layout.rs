//! What the demo sets up: places, zones, beacons, campaigns and experiences, by index. The books
//! reckon with these; the world gives them ids.

use anyhow::Context;
use moca_core::{
    beacon::{BeaconIdentity, Hex},
    campaign::{CampaignConfig, CampaignType, Recurrence, repeat::Repeat},
    experience::{Action, Direction},
    geo::{Circle, LatLon, distance_m},
};
use uuid::Uuid;

use super::{
    airports::{self, Airport, RADIUS_M},
    texts,
};
use crate::dice::position;

/// Airports with zones and beacons, by their three letters, far from each other.
const HUBS: [&str; 12] = [
    "JFK", "LAX", "GRU", "LHR", "MAD", "CDG", "FRA", "JNB", "DXB", "SIN", "HND", "SYD",
];
/// Gates with a beacon at each of them.
pub(super) const GATES: usize = 4;
/// Beacons of a hub: those of the gates, then that of the lounge.
pub(super) const HUB_BEACONS: usize = GATES + 1;
/// Metres around the middle of the airport that are its terminal.
pub(super) const TERMINAL_M: f64 = 1_500.0;
/// Metres around the lounge that belong to it.
const LOUNGE_M: f64 = 200.0;
/// Degrees that the lounge lies north of the middle.
const LOUNGE_NORTH: f64 = 0.006;
/// Metres from a border within which a phone that is exact to 12 metres could be on either side: more
/// than the usual exit margin and the 12.
const BORDER_M: f64 = 40.0;
/// Degrees from there to the next point that is tried.
const ASIDE: f64 = 0.0015;
/// What all gates send.
const GATES_UUID: Uuid = Uuid::from_u128(0x6d6f_6361_0000_4000_8000_6761_7465_7321);
/// What all lounges send.
const LOUNGES_NAMESPACE: Hex<10> = Hex(*b"mocalounge");
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// Something to be in: a place, a zone or the range of a beacon, by index. In the order in which
/// crossings of one moment come true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Spot {
    /// An airport.
    Place(usize),
    /// A zone.
    Zone(usize),
    /// A beacon.
    Beacon(usize),
}

/// A zone of an airport.
pub(super) struct ZonePlan {
    pub(super) airport: usize,
    pub(super) name: &'static str,
    pub(super) fence: Option<Circle>,
}

/// A beacon of a zone.
pub(super) struct BeaconPlan {
    pub(super) zone: usize,
    pub(super) name: String,
    pub(super) identity: BeaconIdentity,
}

/// An experience.
pub(super) struct Offer {
    /// The campaign, by index.
    pub(super) campaign: usize,
    pub(super) name: String,
    pub(super) direction: Direction,
    pub(super) spot: Spot,
    pub(super) repeat: Repeat,
    pub(super) enabled: bool,
    pub(super) action: Action,
}

/// An airport with zones and beacons.
pub(super) struct Hub {
    pub(super) airport: usize,
    /// Its beacons by index: the gates, then the lounge.
    pub(super) beacons: Vec<usize>,
    /// Where its lounge is.
    pub(super) lounge: LatLon,
}

/// All of it.
pub(super) struct Layout {
    pub(super) airports: Vec<Airport>,
    pub(super) hubs: Vec<Hub>,
    pub(super) zones: Vec<ZonePlan>,
    pub(super) beacons: Vec<BeaconPlan>,
    pub(super) campaigns: Vec<CampaignConfig>,
    pub(super) offers: Vec<Offer>,
}

impl Layout {
    /// The layout for a day that starts at `from_ms`.
    pub(super) fn new(airports: Vec<Airport>, from_ms: i64) -> anyhow::Result<Self> {
        let mut layout = Self {
            airports,
            hubs: Vec::new(),
            zones: Vec::new(),
            beacons: Vec::new(),
            campaigns: campaigns(from_ms),
            offers: Vec::new(),
        };
        for (number, iata) in HUBS.iter().enumerate() {
            let found = layout.airports.iter().position(|one| one.iata == *iata);
            let airport = found.with_context(|| format!("the airport {iata} is missing"))?;
            layout.add_hub(number, airport)?;
        }
        Ok(layout)
    }

    /// The hub at an airport.
    pub(super) fn hub_at(&self, airport: usize) -> Option<&Hub> {
        self.hubs.iter().find(|hub| hub.airport == airport)
    }

    /// A point, or one a little north of it, that no border is so close to that a phone could not tell
    /// on which side it is: the books know only the one side and the other.
    pub(super) fn off_borders(&self, at: LatLon) -> LatLon {
        let mut off = at;
        while self.is_on_border(off) {
            off = position(off.latitude() + ASIDE, off.longitude(), off);
        }
        off
    }

    fn is_on_border(&self, at: LatLon) -> bool {
        let near = airports::within(&self.airports, at, RADIUS_M + BORDER_M);
        let surely_in = airports::within(&self.airports, at, RADIUS_M - BORDER_M);
        let mut fences = self.zones.iter().filter_map(|zone| zone.fence.as_ref());
        near != surely_in
            || fences.any(|fence| {
                let gap = distance_m(fence.center(), at) - fence.radius_m();
                gap.abs() < BORDER_M
            })
    }

    /// The airport that a zone is part of.
    pub(super) fn airport_of_beacon(&self, beacon: usize) -> usize {
        self.zones[self.beacons[beacon].zone].airport
    }

    fn add_hub(&mut self, number: usize, airport: usize) -> anyhow::Result<()> {
        let center = self.airports[airport].at;
        let lounge = position(center.latitude() + LOUNGE_NORTH, center.longitude(), center);
        let first_zone = self.zones.len();
        for (name, fence) in [
            ("Terminal", Some(Circle::new(center, TERMINAL_M)?)),
            ("Gates", None),
            ("Lounge", Some(Circle::new(lounge, LOUNGE_M)?)),
        ] {
            self.zones.push(ZonePlan {
                airport,
                name,
                fence,
            });
        }
        let first_beacon = self.beacons.len();
        let number = u16::try_from(number)? + 1;
        for gate in 1..=u16::try_from(GATES)? {
            self.beacons.push(BeaconPlan {
                zone: first_zone + 1,
                name: format!("{} gate {gate}", self.airports[airport].iata),
                identity: BeaconIdentity::IBeacon {
                    proximity_uuid: GATES_UUID,
                    major: number,
                    minor: gate,
                },
            });
        }
        let [high, low] = number.to_be_bytes();
        self.beacons.push(BeaconPlan {
            zone: first_zone + 2,
            name: format!("{} lounge", self.airports[airport].iata),
            identity: BeaconIdentity::EddystoneUid {
                namespace: LOUNGES_NAMESPACE,
                instance: Hex([0, 0, 0, 0, high, low]),
            },
        });
        self.hubs.push(Hub {
            airport,
            beacons: (first_beacon..first_beacon + HUB_BEACONS).collect(),
            lounge,
        });
        self.add_offers(airport, first_zone, first_beacon);
        Ok(())
    }

    fn add_offers(&mut self, airport: usize, first_zone: usize, first_beacon: usize) {
        use Direction::{Enter, Exit};
        let (name, iata) = {
            let airport = &self.airports[airport];
            (airport.name.as_str(), airport.iata.as_str())
        };
        let (place, terminal) = (Spot::Place(airport), Spot::Zone(first_zone));
        let (gates, lounge) = (Spot::Zone(first_zone + 1), Spot::Zone(first_zone + 2));
        let (gate_1, gate_2) = (Spot::Beacon(first_beacon), Spot::Beacon(first_beacon + 1));
        // Campaign, title, trigger, repeat, whether it is on, action.
        #[rustfmt::skip]
        let offers = [
            (WELCOME, "Welcome", Enter, place, Repeat::After4Hours, true, texts::welcome(name)),
            (WELCOME, "Goodbye", Exit, place, Repeat::NextDay, true, texts::goodbye(name)),
            (GATE, "Boarding at gate 1", Enter, gate_1, Repeat::After30Min, true, texts::boarding(iata)),
            (GATE, "How was gate 1?", Exit, gate_1, Repeat::Never, true, texts::survey(iata)),
            (GATE, "Upgrade at gate 2", Enter, gate_2, Repeat::Immediately, true, texts::upgrade(iata)),
            (GATE, "To the gates", Enter, gates, Repeat::After1Hour, true, texts::to_the_gates()),
            (GATE, "Left the gates", Exit, gates, Repeat::Immediately, false, texts::left_the_gates()),
            (GATE, "Lounge", Enter, lounge, Repeat::NextDay, true, texts::lounge(name)),
            (BREAKFAST, "Breakfast", Enter, terminal, Repeat::NextDay, true, texts::breakfast(iata)),
        ];
        for (campaign, title, direction, spot, repeat, enabled, action) in offers {
            self.offers.push(Offer {
                campaign,
                name: format!("{iata}: {title}"),
                direction,
                spot,
                repeat,
                enabled,
                action,
            });
        }
    }

    /// The airport of any spot.
    pub(super) fn airport_of(&self, spot: Spot) -> usize {
        match spot {
            Spot::Place(airport) => airport,
            Spot::Zone(zone) => self.zones[zone].airport,
            Spot::Beacon(beacon) => self.airport_of_beacon(beacon),
        }
    }

    /// All places and zones whose geofence holds a point.
    pub(super) fn fences_at(&self, at: LatLon) -> Vec<Spot> {
        let airports = airports::around(&self.airports, at);
        let mut spots: Vec<Spot> = airports.into_iter().map(Spot::Place).collect();
        for (index, zone) in self.zones.iter().enumerate() {
            let holds = |fence: &Circle| distance_m(fence.center(), at) <= fence.radius_m();
            // Only zones of the airports around can be meant; the others are far away.
            let near = spots.contains(&Spot::Place(zone.airport));
            if near && zone.fence.as_ref().is_some_and(holds) {
                spots.push(Spot::Zone(index));
            }
        }
        spots
    }
}

const WELCOME: usize = 0;
const GATE: usize = 1;
const BREAKFAST: usize = 2;

fn campaigns(from_ms: i64) -> Vec<CampaignConfig> {
    let campaign = |name: &str| CampaignConfig {
        name: name.to_owned(),
        description: None,
        kind: CampaignType::Proximity,
        segment_id: None,
        start_at: from_ms - 24 * HOUR_MS,
        end_at: Some(from_ms + 7 * 24 * HOUR_MS),
        group_id: None,
        display_cap: None,
        display_wait_ms: None,
        require_marketing_consent: None,
        recurrence: None,
        priority: None,
        holdout_percent: None,
    };
    vec![
        CampaignConfig {
            display_cap: Some(4),
            display_wait_ms: Some(20 * MINUTE_MS),
            ..campaign("Airport welcome")
        },
        campaign("At the gate"),
        CampaignConfig {
            start_at: from_ms + 6 * HOUR_MS,
            recurrence: Some(Recurrence {
                hours_of_day: (5..=10).collect(),
                days_of_week: Vec::new(),
            }),
            ..campaign("Breakfast")
        },
    ]
}
