//! Places.

use moca_core::{place::Place, resource::Frame};
use moca_wire::{
    mention::Body,
    places::{self, PlaceInput},
    secret::SecretInput,
};
use serde_json::Value;

use super::{Author, Managed, Refusal};

/// Where the secret stands in a body; it is sealed for this field.
const SECRET_KEY: &str = "/config/locationProvider/secretKey";

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

    fn make(
        author: Author<'_>,
        frame: Frame,
        input: PlaceInput,
        current: Option<&Self>,
    ) -> Result<Self, Refusal> {
        let mut config = input.config;
        let mut sealed_secret_key = None;
        if let Some(provider) = &mut config.location_provider {
            sealed_secret_key = match &input.secret_key {
                SecretInput::Keep => current.and_then(|place| place.sealed_secret_key.clone()),
                SecretInput::Remove => None,
                SecretInput::Set(secret) => Some(author.seal(&frame, SECRET_KEY, secret)?),
            };
            provider.has_secret_key = sealed_secret_key.is_some();
        }
        Ok(Self {
            frame,
            config,
            sealed_secret_key,
        })
    }

    fn is_as(&self, author: Author<'_>, input: &PlaceInput) -> bool {
        if input.config.location_provider.is_none() {
            return self.config == input.config;
        }
        let sealed = self.sealed_secret_key.as_deref();
        let is_same_secret = match &input.secret_key {
            SecretInput::Keep => true,
            SecretInput::Remove => sealed.is_none(),
            SecretInput::Set(secret) => sealed
                .is_some_and(|sealed| author.is_sealed(&self.frame, SECRET_KEY, sealed, secret)),
        };
        let mut wanted = input.config.clone();
        if let Some(provider) = &mut wanted.location_provider {
            provider.has_secret_key = sealed.is_some();
        }
        is_same_secret && self.config == wanted
    }
}
