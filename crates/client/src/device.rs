//! The device API, as one registered device.

use moca_core::{consent::Consents, event::Profile, geo::LatLon};
use moca_wire::{
    consents::{ConsentsInput, KnownConsents},
    events::{EventInput, EventsAnswer},
    instances::{Instance, Login, PropertyChanges, Registration, TagInput},
    messages::Message,
    page::Page,
    push::Push,
};
use reqwest::Method;

use crate::{
    answer::Answer,
    bundle::SignedBundle,
    call::{Call, Repeat},
    error::ClientError,
    transport::{Proof, Transport},
};

/// One registered device. Cheap to clone.
#[derive(Clone)]
pub struct DeviceClient {
    pub(crate) transport: Transport,
    pub(crate) proof: Proof,
}

impl DeviceClient {
    pub(crate) const fn new(transport: Transport, instance_token: String) -> Self {
        Self {
            transport,
            proof: Proof::Bearer(instance_token),
        }
    }

    pub(crate) async fn send(&self, call: Call) -> Result<Answer, ClientError> {
        self.transport.send(&call, &self.proof).await
    }

    /// Sends events. A repeat is harmless, for the server knows the ids.
    pub async fn events(&self, events: &[EventInput]) -> Result<EventsAnswer, ClientError> {
        let call = Call::new(Method::POST, "/device/v1/events")
            .json(events)?
            .repeat(Repeat::Freely);
        self.send(call).await?.json()
    }

    /// What the server knows of this device.
    pub async fn instance(&self) -> Result<Instance, ClientError> {
        let call = Call::new(Method::GET, "/device/v1/instance");
        self.send(call).await?.json()
    }

    /// Tells the device's profile anew, whether the app may know where the device is (as its system calls
    /// that), and where it can be pushed to.
    pub async fn set_profile(
        &self,
        profile: Profile,
        location_status: Option<String>,
        push: Option<Push>,
    ) -> Result<(), ClientError> {
        let body = Registration {
            device_key: None,
            profile,
            location_status,
            push,
            consents: ConsentsInput::default(),
        };
        let call = Call::new(Method::PUT, "/device/v1/instance").json(&body)?;
        self.send(call).await.map(|_| ())
    }

    /// Logs a user in.
    pub async fn log_in(&self, login: &Login) -> Result<(), ClientError> {
        let call = Call::new(Method::PUT, "/device/v1/instance/user").json(login)?;
        self.send(call).await.map(|_| ())
    }

    /// Logs the user out.
    pub async fn log_out(&self) -> Result<(), ClientError> {
        let call = Call::new(Method::DELETE, "/device/v1/instance/user");
        self.send(call).await.map(|_| ())
    }

    /// Tells what the person agrees to, and what not; answered with all that is known of that.
    pub async fn set_consents(&self, consents: &ConsentsInput) -> Result<Consents, ClientError> {
        let call = Call::new(Method::PUT, "/device/v1/instance/consents").json(consents)?;
        let known: KnownConsents = self.send(call).await?.json()?;
        Ok(known.0)
    }

    /// Sets and removes properties.
    pub async fn set_properties(&self, changes: &PropertyChanges) -> Result<(), ClientError> {
        let call = Call::new(Method::PUT, "/device/v1/instance/properties").json(changes)?;
        self.send(call).await.map(|_| ())
    }

    /// Changes a tag by an expression: `+1`, `-2`, `3` or `=3`. One that adds is not repeated when
    /// its answer is lost.
    pub async fn tag(&self, name: &str, expression: &str) -> Result<(), ClientError> {
        let body = TagInput {
            value: expression.to_owned(),
        };
        let mut call = Call::new(Method::PUT, "/device/v1/instance/tags")
            .segment(name)
            .json(&body)?;
        if expression.starts_with(['+', '-']) {
            // Adding twice is not adding once.
            call = call.repeat(Repeat::Never);
        }
        self.send(call).await.map(|_| ())
    }

    /// What the device needs to decide offline at this position, with so many regions to watch.
    pub async fn bundle(
        &self,
        at: Option<LatLon>,
        regions: i64,
    ) -> Result<SignedBundle, ClientError> {
        let answer = self.send(ask_for_bundle(at, regions)).await?;
        Ok(SignedBundle::of(answer))
    }

    /// The same, if the device is offered something else than in the bundle with this `etag`.
    pub async fn newer_bundle(
        &self,
        at: Option<LatLon>,
        regions: i64,
        etag: &str,
    ) -> Result<Option<SignedBundle>, ClientError> {
        let call = ask_for_bundle(at, regions).if_none_match(etag);
        let answer = self.send(call).await?;
        Ok((answer.status != 304).then(|| SignedBundle::of(answer)))
    }

    /// A page of the inbox, oldest first.
    pub async fn messages(&self, offset: i64, limit: i64) -> Result<Page<Message>, ClientError> {
        let call = Call::new(Method::GET, "/device/v1/messages")
            .query("offset", offset)
            .query("limit", limit);
        self.send(call).await?.json()
    }
}

fn ask_for_bundle(at: Option<LatLon>, regions: i64) -> Call {
    let call = Call::new(Method::GET, "/device/v1/bundle").query("regions", regions);
    match at {
        Some(at) => call
            .query("lat", at.latitude())
            .query("lon", at.longitude()),
        None => call,
    }
}
