//! The part of the device API that an app's secret opens.

use moca_core::id::AppId;
use moca_wire::instances::{Registered, Registration};
use reqwest::Method;

use crate::{
    device::DeviceClient,
    error::ClientError,
    transport::{Credentials, Transport},
};

/// Registers devices of one app. Cheap to clone.
#[derive(Clone)]
pub struct AppClient {
    transport: Transport,
    credentials: Credentials,
}

impl AppClient {
    pub(crate) fn new(transport: Transport, app_id: AppId, app_secret: String) -> Self {
        let credentials = Credentials::Basic {
            user: app_id.to_string(),
            password: app_secret,
        };
        Self {
            transport,
            credentials,
        }
    }

    /// Registers a device. It may be repeated when the device has a key of its own, for then it
    /// stays the same instance.
    pub async fn register(
        &self,
        registration: &Registration,
    ) -> Result<(Registered, DeviceClient), ClientError> {
        let request = self
            .transport
            .request(Method::POST, "/device/v1/instances", &[], &self.credentials)
            .json(registration)?
            .repeatable(registration.device_key.is_some());
        let registered: Registered = self.transport.send(request).await?;
        let token = registered.instance_token.clone();
        Ok((registered, DeviceClient::new(self.transport.clone(), token)))
    }
}
