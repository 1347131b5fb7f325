//! Places.

use moca_core::{place::Place, resource::Frame};
use moca_wire::{
    mention::Body,
    places::{self, PlaceInput},
};
use serde_json::Value;

use super::Managed;

impl Managed for Place {
    type Input = PlaceInput;

    fn read_body(body: &Value, _: Option<&Self>, external_id: Option<&str>) -> Body<PlaceInput> {
        match external_id {
            Some(external_id) => places::read_external(body, external_id),
            None => places::read(body),
        }
    }

    fn external_id(&self) -> Option<&str> {
        self.config.external_id.as_deref()
    }

    fn make(frame: Frame, input: PlaceInput) -> Self {
        Self {
            frame,
            config: input.config,
        }
    }

    fn is_as(&self, input: &PlaceInput) -> bool {
        self.config == input.config
    }
}
