//! The management API.

use std::fmt::Display;

use moca_core::id::{AppId, BeaconId, CampaignId, TokenId, ZoneId};
use moca_wire::{
    accounts::{AccountInput, NewAccount},
    batch::BatchAnswer,
    campaigns::Campaign,
    oauth::AccessToken,
    page::Page,
    places::{Place, PlaceInput, PlaceKey},
    resource::Resource,
    zones::ZoneBeacons,
};
use reqwest::Method;
use serde::Serialize;

use crate::{
    app::AppClient,
    builder::Builder,
    device::DeviceClient,
    error::ClientError,
    transport::{Credentials, Request, Transport},
};

/// A client of the management API. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    credentials: Credentials,
}

/// Which part of a list to get.
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
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = self.filters.clone();
        let numbers = [("offset", self.offset), ("limit", self.limit)];
        pairs.extend(
            numbers
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?.to_string()))),
        );
        let texts = [("sort", &self.sort), ("q", &self.q)];
        pairs.extend(
            texts
                .into_iter()
                .filter_map(|(key, value)| Some((key, value.clone()?))),
        );
        pairs
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
        Self::new(self.transport.clone(), Credentials::Bearer(token.into()))
    }

    /// A client that registers devices of an app.
    pub fn app(&self, app_id: AppId, app_secret: impl Into<String>) -> AppClient {
        AppClient::new(self.transport.clone(), app_id, app_secret.into())
    }

    /// A client for a device registered before.
    pub fn device(&self, instance_token: impl Into<String>) -> DeviceClient {
        DeviceClient::new(self.transport.clone(), instance_token.into())
    }

    pub(crate) const fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) fn request(&self, method: Method, path: &str, segments: &[&str]) -> Request<'_> {
        self.transport
            .request(method, path, segments, &self.credentials)
    }

    /// One object.
    pub async fn get<R: Resource>(&self, id: impl Display) -> Result<R, ClientError> {
        let id = id.to_string();
        self.transport
            .send(self.request(Method::GET, R::PATH, &[&id]))
            .await
    }

    /// A page of a list.
    pub async fn list<R: Resource>(
        &self,
        parameters: &ListParameters,
    ) -> Result<Page<R>, ClientError> {
        let request = self.request(Method::GET, R::PATH, &[]);
        self.transport
            .send(request.query(&parameters.pairs()))
            .await
    }

    /// Creates an object.
    pub async fn create<R: Resource>(&self, input: &R::Input) -> Result<R, ClientError> {
        let request = self.request(Method::POST, R::PATH, &[]).json(input)?;
        self.transport.send(request).await
    }

    /// Replaces what a client may set of an object.
    pub async fn replace<R: Resource>(
        &self,
        id: impl Display,
        input: &R::Input,
    ) -> Result<R, ClientError> {
        let id = id.to_string();
        let request = self.request(Method::PUT, R::PATH, &[&id]).json(input)?;
        self.transport.send(request).await
    }

    /// Deletes an object; with `cascade`, all that refers to it too. As a repeat cannot be told from
    /// a first try, [`ClientError::NotFound`] may also mean that a broken call had done it.
    pub async fn delete<R: Resource>(
        &self,
        id: impl Display,
        cascade: bool,
    ) -> Result<(), ClientError> {
        let id = id.to_string();
        let mut request = self.request(Method::DELETE, R::PATH, &[&id]);
        if cascade {
            request = request.query(&[("cascade", "true".to_owned())]);
        }
        self.transport.send_only(request).await
    }

    /// Creates an account; for owners of the first account only.
    pub async fn create_account(&self, input: &AccountInput) -> Result<NewAccount, ClientError> {
        let path = moca_wire::accounts::Account::PATH;
        let request = self.request(Method::POST, path, &[]).json(input)?;
        self.transport.send(request).await
    }

    /// Starts a campaign.
    pub async fn start_campaign(&self, id: CampaignId) -> Result<Campaign, ClientError> {
        self.act_on_campaign(id, "start").await
    }

    /// Stops a campaign.
    pub async fn stop_campaign(&self, id: CampaignId) -> Result<Campaign, ClientError> {
        self.act_on_campaign(id, "stop").await
    }

    /// Puts a campaign away.
    pub async fn archive_campaign(&self, id: CampaignId) -> Result<Campaign, ClientError> {
        self.act_on_campaign(id, "archive").await
    }

    async fn act_on_campaign(&self, id: CampaignId, action: &str) -> Result<Campaign, ClientError> {
        let id = id.to_string();
        let request = self.request(Method::PUT, Campaign::PATH, &[&id, action]);
        self.transport.send(request).await
    }

    /// Creates many places at once; with `atomic`, all or none.
    pub async fn create_places(
        &self,
        places: &[PlaceInput],
        atomic: bool,
    ) -> Result<BatchAnswer<PlaceKey>, ClientError> {
        let mut request = self
            .request(Method::POST, Place::PATH, &["batch"])
            .json(&Items { items: places })?;
        if atomic {
            request = request.query(&[("atomic", "true".to_owned())]);
        }
        self.transport.send(request).await
    }

    /// Creates or replaces an object known by the customer's own id: a place, zone or beacon.
    pub async fn put_external<R: Resource>(
        &self,
        external_id: &str,
        input: &R::Input,
    ) -> Result<R, ClientError> {
        let segments = ["external", external_id];
        let request = self.request(Method::PUT, R::PATH, &segments).json(input)?;
        self.transport.send(request).await
    }

    /// Makes these all the beacons of a zone.
    pub async fn set_zone_beacons(
        &self,
        zone_id: ZoneId,
        beacon_ids: Vec<BeaconId>,
    ) -> Result<ZoneBeacons, ClientError> {
        let zone = zone_id.to_string();
        let request = self
            .request(
                Method::PUT,
                moca_wire::zones::Zone::PATH,
                &[&zone, "beacons"],
            )
            .json(&ZoneBeacons { beacon_ids })?;
        self.transport.send(request).await
    }

    /// Exchanges a token for one of limited life, and of a lower role if `scope` says so.
    pub async fn exchange_token(
        &self,
        token_id: TokenId,
        secret: &str,
        scope: Option<&str>,
    ) -> Result<AccessToken, ClientError> {
        let client = Credentials::Basic {
            user: token_id.to_string(),
            password: secret.to_owned(),
        };
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(scope.map(|scope| ("scope", scope)));
        let request = self
            .transport
            .request(Method::POST, "/oauth/token", &[], &client)
            .form(&form);
        self.transport.send(request).await
    }
}

#[derive(Serialize)]
struct Items<'a> {
    items: &'a [PlaceInput],
}
