//! The device API, as one registered device.

use moca_core::event::Profile;
use moca_wire::{
    events::{EventInput, EventsAnswer},
    instances::{Instance, Login, PropertyChanges, Registration, TagInput},
    messages::Message,
    page::Page,
};
use reqwest::Method;

use crate::{
    error::ClientError,
    transport::{Credentials, Request, Transport},
};

/// One registered device. Cheap to clone.
#[derive(Clone)]
pub struct DeviceClient {
    transport: Transport,
    credentials: Credentials,
}

impl DeviceClient {
    pub(crate) const fn new(transport: Transport, instance_token: String) -> Self {
        Self {
            transport,
            credentials: Credentials::Bearer(instance_token),
        }
    }

    fn request(&self, method: Method, segments: &[&str]) -> Request<'_> {
        self.transport
            .request(method, "/device/v1", segments, &self.credentials)
    }

    /// Sends events. A repeat is harmless, for the server knows the ids.
    pub async fn events(&self, events: &[EventInput]) -> Result<EventsAnswer, ClientError> {
        let request = self
            .request(Method::POST, &["events"])
            .json(events)?
            .repeatable(true);
        self.transport.send(request).await
    }

    /// What the server knows of this device.
    pub async fn instance(&self) -> Result<Instance, ClientError> {
        self.transport
            .send(self.request(Method::GET, &["instance"]))
            .await
    }

    /// Tells the device's profile anew.
    pub async fn set_profile(&self, profile: Profile) -> Result<(), ClientError> {
        let body = Registration {
            device_key: None,
            profile,
        };
        let request = self.request(Method::PUT, &["instance"]).json(&body)?;
        self.transport.send_only(request).await
    }

    /// Logs a user in.
    pub async fn log_in(&self, login: &Login) -> Result<(), ClientError> {
        let request = self
            .request(Method::PUT, &["instance", "user"])
            .json(login)?;
        self.transport.send_only(request).await
    }

    /// Logs the user out.
    pub async fn log_out(&self) -> Result<(), ClientError> {
        self.transport
            .send_only(self.request(Method::DELETE, &["instance", "user"]))
            .await
    }

    /// Sets and removes properties.
    pub async fn set_properties(&self, changes: &PropertyChanges) -> Result<(), ClientError> {
        let request = self
            .request(Method::PUT, &["instance", "properties"])
            .json(changes)?;
        self.transport.send_only(request).await
    }

    /// Changes a tag by an expression: `+1`, `-2`, `3` or `=3`.
    pub async fn tag(&self, name: &str, expression: &str) -> Result<(), ClientError> {
        let body = TagInput {
            value: expression.to_owned(),
        };
        // Adding twice is not adding once.
        let assigns = !expression.starts_with(['+', '-']);
        let request = self
            .request(Method::PUT, &["instance", "tags", name])
            .json(&body)?
            .repeatable(assigns);
        self.transport.send_only(request).await
    }

    /// A page of the inbox, oldest first.
    pub async fn messages(&self, offset: i64, limit: i64) -> Result<Page<Message>, ClientError> {
        let request = self
            .request(Method::GET, &["messages"])
            .query(&[("offset", offset.to_string()), ("limit", limit.to_string())]);
        self.transport.send(request).await
    }
}
