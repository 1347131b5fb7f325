//! Zones.

use moca_core::{
    resource::{Frame, Kind},
    zone::Zone,
};
use moca_wire::{
    problem::Fault,
    zones::{self, ZoneInput},
};
use serde_json::Value;

use super::{Managed, Mention};

impl Managed for Zone {
    type Input = ZoneInput;

    fn read_body(body: &Value, current: Option<&Self>) -> Result<ZoneInput, Vec<Fault>> {
        zones::read(body, current.map(|zone| zone.place_id))
    }

    fn mentions(input: &ZoneInput) -> Vec<Mention> {
        let mut mentions = Mention::labels(&input.config.label_ids);
        mentions.push(Mention::new(Kind::Place, input.place_id, "/placeId"));
        mentions
    }

    fn external_id(&self) -> Option<&str> {
        self.config.external_id.as_deref()
    }

    fn external_id_in(input: &mut ZoneInput) -> &mut Option<String> {
        &mut input.config.external_id
    }

    fn make(frame: Frame, input: ZoneInput) -> Self {
        Self {
            frame,
            place_id: input.place_id,
            config: input.config,
        }
    }

    fn is_as(&self, input: &ZoneInput) -> bool {
        self.place_id == input.place_id && self.config == input.config
    }
}
