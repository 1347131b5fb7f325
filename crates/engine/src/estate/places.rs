//! Places.

use moca_core::{place::Place, resource::Frame};
use moca_wire::{
    places::{self, PlaceInput},
    problem::Fault,
};
use serde_json::Value;

use super::{Managed, Mention};

impl Managed for Place {
    type Input = PlaceInput;

    fn read_body(body: &Value, _: Option<&Self>) -> Result<PlaceInput, Vec<Fault>> {
        places::read(body)
    }

    fn mentions(input: &PlaceInput) -> Vec<Mention> {
        Mention::labels(&input.config.label_ids)
    }

    fn external_id(&self) -> Option<&str> {
        self.config.external_id.as_deref()
    }

    fn external_id_in(input: &mut PlaceInput) -> &mut Option<String> {
        &mut input.config.external_id
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
