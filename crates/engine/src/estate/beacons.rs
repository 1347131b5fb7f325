//! Beacons.

use moca_core::{beacon::Beacon, resource::Frame};
use moca_wire::{
    beacons::{self, BeaconInput},
    mention::Body,
};
use serde_json::Value;

use super::{Author, Managed, Refusal};

impl Managed for Beacon {
    type Input = BeaconInput;

    fn read_body(body: &Value, _: Option<&Self>, external_id: Option<&str>) -> Body<BeaconInput> {
        match external_id {
            Some(external_id) => beacons::read_external(body, external_id),
            None => beacons::read(body),
        }
    }

    fn external_id(&self) -> Option<&str> {
        self.config.external_id.as_deref()
    }

    fn make(
        _: Author<'_>,
        frame: Frame,
        input: BeaconInput,
        _: Option<&Self>,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            frame,
            zone_id: input.config.zone_id,
            config: input.config.beacon,
        })
    }

    fn is_as(&self, _: Author<'_>, input: &BeaconInput) -> bool {
        self.zone_id == input.config.zone_id && self.config == input.config.beacon
    }
}
