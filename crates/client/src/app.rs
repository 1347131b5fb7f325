//! The part of the device API that an app's secret opens.

use moca_core::id::AppId;
use moca_wire::{
    events::{EventsAnswer, GatewayEvent},
    instances::{Registered, Registration},
};
use reqwest::Method;

use crate::{
    call::{Call, Repeat},
    device::DeviceClient,
    error::ClientError,
    transport::{Proof, Transport},
};

/// Registers devices of one app. Cheap to clone.
#[derive(Clone)]
pub struct AppClient {
    transport: Transport,
    proof: Proof,
}

impl AppClient {
    pub(crate) fn new(transport: Transport, app_id: AppId, app_secret: String) -> Self {
        let proof = Proof::Basic {
            user: app_id.to_string(),
            password: app_secret,
        };
        Self { transport, proof }
    }

    /// Registers a device.
    pub async fn register(
        &self,
        registration: &Registration,
    ) -> Result<(Registered, DeviceClient), ClientError> {
        let call = Call::new(Method::POST, "/device/v1/instances").json(registration)?;
        let registered: Registered = self.transport.send(&call, &self.proof).await?.json()?;
        let token = registered.instance_token.clone();
        Ok((registered, DeviceClient::new(self.transport.clone(), token)))
    }

    /// Sends events of instances of the app. A repeat is harmless, for the server knows the ids.
    pub async fn events(&self, events: &[GatewayEvent]) -> Result<EventsAnswer, ClientError> {
        let call = gathered(events)?;
        self.transport.send(&call, &self.proof).await?.json()
    }
}

/// What a gateway sends.
pub(crate) fn gathered(events: &[GatewayEvent]) -> Result<Call, ClientError> {
    let call = Call::new(Method::POST, "/device/v1/events/batch").json(events)?;
    Ok(call.repeat(Repeat::Freely))
}
