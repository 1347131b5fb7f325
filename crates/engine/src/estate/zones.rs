//! Zones.

use moca_core::{resource::Frame, zone::Zone};
use moca_wire::{
    mention::Body,
    zones::{self, ZoneInput},
};
use serde_json::Value;

use super::{Author, Managed, Refusal};

impl Managed for Zone {
    type Input = ZoneInput;

    fn read_body(
        body: &Value,
        current: Option<&Self>,
        external_id: Option<&str>,
    ) -> Body<ZoneInput> {
        let place_id = current.map(|zone| zone.place_id);
        match external_id {
            Some(external_id) => zones::read_external(body, place_id, external_id),
            None => zones::read(body, place_id),
        }
    }

    fn external_id(&self) -> Option<&str> {
        self.config.external_id.as_deref()
    }

    fn make(
        _: Author<'_>,
        frame: Frame,
        input: ZoneInput,
        _: Option<&Self>,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            frame,
            place_id: input.place_id,
            config: input.config,
        })
    }

    fn is_as(&self, _: Author<'_>, input: &ZoneInput) -> bool {
        self.place_id == input.place_id && self.config == input.config
    }
}
