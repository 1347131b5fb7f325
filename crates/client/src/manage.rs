//! The management API.

use std::{fmt::Display, time::Duration};

use moca_core::id::{AppId, BeaconId, CampaignId, DeliveryId, Id, TokenId, WebhookId, ZoneId};
use moca_wire::{
    accounts::{Account, AccountInput, NewAccount},
    apps::{App, SecretRotation},
    audit_events::AuditEvent,
    batch::BatchAnswer,
    campaigns::Campaign,
    events::{EventsAnswer, GatewayEvent},
    oauth::AccessToken,
    page::Page,
    places::{Place, PlaceInput, PlaceKey},
    resource::Resource,
    webhooks::{Delivery, DeliveryAttempt, Webhook, WebhookSecretRotation},
    zones::{Zone, ZoneBeacons},
};
use reqwest::{Body, Method, Response};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::{
    answer::Answer,
    app::{self, AppClient},
    builder::Builder,
    call::Call,
    collection::Collection,
    device::DeviceClient,
    error::ClientError,
    login::{self, Credentials},
    query::Query,
    transport::{Proof, Transport},
};

/// The path of the audit log.
const AUDIT_EVENTS: &str = "/v2/audit-events";

/// A client of the management API. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    credentials: Credentials,
}

/// Which part of a list [`Client::list`] gets. [`Collection::query`] has the same with types.
#[derive(Debug, Clone, Default)]
pub struct ListParameters {
    /// Index of the first object.
    pub offset: Option<i64>,
    /// Objects at most.
    pub limit: Option<i64>,
    /// For example `name,-updatedAt`.
    pub sort: Option<String>,
    /// A part of the name.
    pub q: Option<String>,
    /// Filters of the resource, for example `("placeId", id)`.
    pub filters: Vec<(&'static str, String)>,
}

impl ListParameters {
    fn put_on(&self, mut call: Call) -> Call {
        for (name, value) in &self.filters {
            call = call.query(*name, value);
        }
        for (name, number) in [("offset", self.offset), ("limit", self.limit)] {
            if let Some(number) = number {
                call = call.query(name, number);
            }
        }
        for (name, text) in [("sort", &self.sort), ("q", &self.q)] {
            if let Some(text) = text {
                call = call.query(name, text);
            }
        }
        call
    }
}

impl Client {
    /// A client of the server at `base_url`, for example `https://localhost:8443`.
    pub fn builder(base_url: &str) -> Builder {
        Builder::new(base_url)
    }

    pub(crate) const fn new(transport: Transport, credentials: Credentials) -> Self {
        Self {
            transport,
            credentials,
        }
    }

    /// The same connections with another token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        let proof = Proof::Bearer(token.into());
        Self::new(self.transport.clone(), Credentials::Fixed(proof))
    }

    /// A client that registers devices of an app.
    pub fn app(&self, app_id: AppId, app_secret: impl Into<String>) -> AppClient {
        AppClient::new(self.transport.clone(), app_id, app_secret.into())
    }

    /// A client for a device registered before.
    pub fn device(&self, instance_token: impl Into<String>) -> DeviceClient {
        DeviceClient::new(self.transport.clone(), instance_token.into())
    }

    /// Sends events of instances of all apps of the account. A repeat is harmless, for the server knows the
    /// ids.
    pub async fn events(&self, events: &[GatewayEvent]) -> Result<EventsAnswer, ClientError> {
        self.send(&app::gathered(events)?).await?.json()
    }

    /// All objects of one kind: list, get, create, replace, delete, with their versions.
    pub fn all<R: Resource>(&self) -> Collection<R, R::Input> {
        Collection::new(self.clone(), R::PATH)
    }

    /// The same without types, for a kind that is known only when the program runs.
    pub fn collection(&self, path: &'static str) -> Collection<Value, Value> {
        Collection::new(self.clone(), path)
    }

    /// Does any call.
    pub async fn send(&self, call: &Call) -> Result<Answer, ClientError> {
        self.credentials.send(&self.transport, call).await
    }

    /// Does a call with a body that is read while it is sent, anew for each attempt.
    pub(crate) async fn upload(
        &self,
        call: &Call,
        bodies: impl FnMut() -> Option<Body> + Send,
    ) -> Result<Answer, ClientError> {
        let proof = self.credentials.proof(&self.transport).await?;
        self.transport.upload(call, &proof, bodies).await
    }

    /// Does a call with an answer that is taken while it comes.
    pub(crate) async fn open(&self, call: &Call) -> Result<Response, ClientError> {
        let proof = self.credentials.proof(&self.transport).await?;
        self.transport.open(call, &proof).await
    }

    /// Waits.
    pub(crate) async fn pause(&self, time: Duration) {
        self.transport.pace.wait(time).await;
    }

    /// Where a call would go.
    pub fn url(&self, call: &Call) -> Url {
        self.transport.url(call)
    }

    /// Who did what: the account's audit log, the newest events first.
    pub fn audit_events(&self) -> Query<AuditEvent> {
        Query::new(self.clone(), AUDIT_EVENTS)
    }

    /// One event of the audit log.
    pub async fn audit_event(&self, id: Id) -> Result<AuditEvent, ClientError> {
        let call = Call::new(Method::GET, AUDIT_EVENTS).segment(id);
        self.send(&call).await?.json()
    }

    /// One object.
    pub async fn get<R: Resource>(&self, id: impl Display) -> Result<R, ClientError> {
        Ok(self.all::<R>().get(id).await?.object)
    }

    /// A page of a list.
    pub async fn list<R: Resource>(
        &self,
        parameters: &ListParameters,
    ) -> Result<Page<R>, ClientError> {
        let call = parameters.put_on(Call::new(Method::GET, R::PATH));
        self.send(&call).await?.json()
    }

    /// Creates an object.
    pub async fn create<R: Resource>(&self, input: &R::Input) -> Result<R, ClientError> {
        Ok(self.all::<R>().create(input).await?.object)
    }

    /// Replaces what a client may set of an object.
    pub async fn replace<R: Resource>(
        &self,
        id: impl Display,
        input: &R::Input,
    ) -> Result<R, ClientError> {
        Ok(self.all::<R>().replace(id, input).await?.object)
    }

    /// Deletes an object; with `cascade`, all that refers to it too.
    pub async fn delete<R: Resource>(
        &self,
        id: impl Display,
        cascade: bool,
    ) -> Result<(), ClientError> {
        self.all::<R>().delete(id, cascade).await
    }

    /// Creates or replaces an object known by the customer's own id: a place, zone or beacon.
    pub async fn put_external<R: Resource>(
        &self,
        external_id: &str,
        input: &R::Input,
    ) -> Result<R, ClientError> {
        let put = self.all::<R>().put_external(external_id, input).await?;
        Ok(put.object)
    }

    /// Creates an account; for owners of the first account only.
    pub async fn create_account(&self, input: &AccountInput) -> Result<NewAccount, ClientError> {
        let call = Call::new(Method::POST, Account::PATH).json(input)?;
        self.send(&call).await?.json()
    }

    /// Makes a new secret of an app; the old one is taken for so many milliseconds more, a day if nothing
    /// is said.
    pub async fn rotate_app_secret(
        &self,
        id: AppId,
        overlap_ms: Option<i64>,
    ) -> Result<App, ClientError> {
        let call = Call::new(Method::PUT, App::PATH)
            .segment(id)
            .segment("secret")
            .json(&SecretRotation { overlap_ms })?;
        self.send(&call).await?.json()
    }

    /// Makes a new secret of a webhook, which is in the answer; it signs with the old one too for so many
    /// milliseconds more, a day if nothing is said.
    pub async fn rotate_webhook_secret(
        &self,
        id: WebhookId,
        overlap_ms: Option<i64>,
    ) -> Result<Webhook, ClientError> {
        let call = Call::new(Method::PUT, Webhook::PATH)
            .segment(id)
            .segment("secret")
            .json(&WebhookSecretRotation { overlap_ms })?;
        self.send(&call).await?.json()
    }

    /// Sends a webhook a test; what came of it.
    pub async fn test_webhook(&self, id: WebhookId) -> Result<DeliveryAttempt, ClientError> {
        let call = Call::new(Method::PUT, Webhook::PATH)
            .segment(id)
            .segment("test");
        self.send(&call).await?.json()
    }

    /// Deliveries of a webhook, the newest first; only those in `state` (`Waiting`, `Delivered`, `GivenUp`)
    /// if one is given.
    pub async fn deliveries(
        &self,
        id: WebhookId,
        state: Option<&str>,
        offset: i64,
        limit: i64,
    ) -> Result<Page<Delivery>, ClientError> {
        let mut call = Call::new(Method::GET, Webhook::PATH)
            .segment(id)
            .segment("deliveries")
            .query("offset", offset)
            .query("limit", limit);
        if let Some(state) = state {
            call = call.query("state", state);
        }
        self.send(&call).await?.json()
    }

    /// Delivers an event to a webhook once more.
    pub async fn redeliver(
        &self,
        id: WebhookId,
        delivery: DeliveryId,
    ) -> Result<Delivery, ClientError> {
        let call = Call::new(Method::PUT, Webhook::PATH)
            .segment(id)
            .segment("deliveries")
            .segment(delivery)
            .segment("redeliver");
        self.send(&call).await?.json()
    }

    /// Starts a campaign.
    pub async fn start_campaign(&self, id: CampaignId) -> Result<Campaign, ClientError> {
        self.all::<Campaign>().act(id, "start").await
    }

    /// Stops a campaign.
    pub async fn stop_campaign(&self, id: CampaignId) -> Result<Campaign, ClientError> {
        self.all::<Campaign>().act(id, "stop").await
    }

    /// Puts a campaign away.
    pub async fn archive_campaign(&self, id: CampaignId) -> Result<Campaign, ClientError> {
        self.all::<Campaign>().act(id, "archive").await
    }

    /// Creates many places at once; with `atomic`, all or none.
    pub async fn create_places(
        &self,
        places: &[PlaceInput],
        atomic: bool,
    ) -> Result<BatchAnswer<PlaceKey>, ClientError> {
        let mut call = Call::new(Method::POST, Place::PATH)
            .segment("batch")
            .json(&Items { items: places })?;
        if atomic {
            call = call.query("atomic", true);
        }
        self.send(&call).await?.json()
    }

    /// The beacons of a zone.
    pub async fn zone_beacons(&self, zone_id: ZoneId) -> Result<ZoneBeacons, ClientError> {
        let call = Call::new(Method::GET, Zone::PATH)
            .segment(zone_id)
            .segment("beacons");
        self.send(&call).await?.json()
    }

    /// Makes these all the beacons of a zone.
    pub async fn set_zone_beacons(
        &self,
        zone_id: ZoneId,
        beacon_ids: Vec<BeaconId>,
    ) -> Result<ZoneBeacons, ClientError> {
        let call = Call::new(Method::PUT, Zone::PATH)
            .segment(zone_id)
            .segment("beacons")
            .json(&ZoneBeacons { beacon_ids })?;
        self.send(&call).await?.json()
    }

    /// Exchanges a token for one of limited life, and of a lower role if `scope` says so.
    /// [`Builder::client_credentials`] does it by itself, and again before the end.
    pub async fn exchange_token(
        &self,
        token_id: TokenId,
        secret: &str,
        scope: Option<&str>,
    ) -> Result<AccessToken, ClientError> {
        login::exchange(&self.transport, &token_id.to_string(), secret, scope).await
    }
}

#[derive(Serialize)]
struct Items<'a> {
    items: &'a [PlaceInput],
}
