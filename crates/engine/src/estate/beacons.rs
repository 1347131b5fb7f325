//! Beacons.

use moca_core::{
    beacon::Beacon,
    resource::{Frame, Kind},
};
use moca_wire::{
    beacons::{self, BeaconInput},
    problem::Fault,
};
use serde_json::Value;

use super::{Managed, Mention};

impl Managed for Beacon {
    type Input = BeaconInput;

    fn read_body(body: &Value, _: Option<&Self>) -> Result<BeaconInput, Vec<Fault>> {
        beacons::read(body)
    }

    fn mentions(input: &BeaconInput) -> Vec<Mention> {
        let mut mentions = Mention::labels(&input.config.beacon.label_ids);
        let zone = input.config.zone_id;
        mentions.extend(zone.map(|id| Mention::new(Kind::Zone, id, "/config/zoneId")));
        mentions
    }

    fn external_id(&self) -> Option<&str> {
        self.config.external_id.as_deref()
    }

    fn external_id_in(input: &mut BeaconInput) -> &mut Option<String> {
        &mut input.config.beacon.external_id
    }

    fn make(frame: Frame, input: BeaconInput) -> Self {
        Self {
            frame,
            zone_id: input.config.zone_id,
            config: input.config.beacon,
        }
    }

    fn is_as(&self, input: &BeaconInput) -> bool {
        self.zone_id == input.config.zone_id && self.config == input.config.beacon
    }
}
