//! Lists: filters, order, pages and streams.

use std::{collections::VecDeque, marker::PhantomData};

use futures::{Stream, StreamExt, TryStreamExt, stream};
use moca_core::{
    id::{
        AppId, BeaconId, CampaignGroupId, CampaignId, LabelId, MemberId, PlaceId, SegmentId, ZoneId,
    },
    limits::PAGE_LIMIT_MAX,
};
use moca_wire::{
    audit_events::AuditEvent, beacons::Beacon, campaign_groups::CampaignGroup, campaigns::Campaign,
    experiences::Experience, imports::Import, notifications::Notification, page::Page,
    places::Place, replays::Replay, segments::Segment, tags::Tag, tokens::Token, webhooks::Webhook,
    zones::Zone,
};
use reqwest::Method;
use serde::de::DeserializeOwned;

use crate::{call::Call, error::ClientError, manage::Client};

/// Objects on a page of a stream unless another size is asked for.
const STREAM_PAGE: i64 = 200;

/// What lists are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By name.
    Name,
    /// By the time of creation.
    CreatedAt,
    /// By the time of the last change.
    UpdatedAt,
}

impl Order {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::CreatedAt => "createdAt",
            Self::UpdatedAt => "updatedAt",
        }
    }
}

/// A question for some objects of one kind. Filters are methods of the kinds that have them, so one
/// that the server does not know does not compile.
#[derive(Clone)]
pub struct Query<T> {
    client: Client,
    path: &'static str,
    /// What of the path comes after that.
    below: Vec<String>,
    filters: Vec<(&'static str, String)>,
    order: Vec<String>,
    offset: i64,
    page_size: Option<i64>,
    kind: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Query<T> {
    pub(crate) fn new(client: Client, path: &'static str) -> Self {
        Self {
            client,
            path,
            below: Vec::new(),
            filters: Vec::new(),
            order: Vec::new(),
            offset: 0,
            page_size: None,
            kind: PhantomData,
        }
    }

    /// The list that is one segment of the path further down: that of an id, for example, or `seen`
    /// below the tags.
    #[must_use]
    pub fn below(mut self, segment: impl ToString) -> Self {
        self.below.push(segment.to_string());
        self
    }

    /// The same with any other parameter of the list.
    #[must_use]
    pub fn filter(mut self, name: &'static str, value: impl ToString) -> Self {
        self.filters.push((name, value.to_string()));
        self
    }

    /// Only those with this text in their name, in either case.
    #[must_use]
    pub fn named_like(self, text: &str) -> Self {
        self.filter("q", text)
    }

    /// Ordered by this, after what was said before.
    #[must_use]
    pub fn order_by(mut self, order: Order) -> Self {
        self.order.push(order.as_str().to_owned());
        self
    }

    /// Ordered by this from the last to the first, after what was said before.
    #[must_use]
    pub fn order_by_descending(mut self, order: Order) -> Self {
        self.order.push(format!("-{}", order.as_str()));
        self
    }

    /// Starting with the object of this index.
    #[must_use]
    pub const fn offset(mut self, offset: i64) -> Self {
        self.offset = offset;
        self
    }

    /// Objects on a page, from 1 to 1 000: what one answer brings, and what a stream keeps in
    /// memory.
    #[must_use]
    pub fn page_size(mut self, size: i64) -> Self {
        self.page_size = Some(size.clamp(1, PAGE_LIMIT_MAX));
        self
    }

    fn call(&self, offset: i64, limit: Option<i64>) -> Call {
        let mut call = Call::new(Method::GET, self.path);
        for segment in &self.below {
            call = call.segment(segment);
        }
        for (name, value) in &self.filters {
            call = call.query(*name, value);
        }
        if !self.order.is_empty() {
            call = call.query("sort", self.order.join(","));
        }
        if offset != 0 {
            call = call.query("offset", offset);
        }
        match limit {
            Some(limit) => call.query("limit", limit),
            None => call,
        }
    }

    /// The call for the first page.
    pub fn to_call(&self) -> Call {
        self.call(self.offset, self.page_size)
    }

    /// One page.
    pub async fn page(&self) -> Result<Page<T>, ClientError> {
        self.client.send(&self.to_call()).await?.json()
    }

    /// All objects, a page at a time as they are asked for; the next page is got when the last
    /// object of the one before was taken. The first error is the last item.
    ///
    /// Pages go by index. In the order of creation, which is the default, an object that is made
    /// meanwhile comes at the end. One that is deleted meanwhile moves those after it forward, so
    /// one of them may be left out; in any other order an object that changes may come twice or not
    /// at all. For an exact copy of an account that is being changed, read until two readings agree.
    pub fn stream(self) -> impl Stream<Item = Result<T, ClientError>> + Send + 'static
    where
        T: Send + 'static,
    {
        let size = self.page_size.unwrap_or(STREAM_PAGE);
        let start = Reading {
            offset: self.offset,
            items: VecDeque::new(),
            more: true,
            query: self,
        };
        stream::try_unfold(start, move |mut reading| async move {
            if reading.items.is_empty() && reading.more {
                reading.next_page(size).await?;
            }
            let next = reading.items.pop_front();
            Ok(next.map(|item| (item, reading)))
        })
        // Once it has failed or ended, it stays so.
        .fuse()
    }

    /// All objects at once, as [`Self::stream`] gives them.
    pub async fn to_vec(self) -> Result<Vec<T>, ClientError>
    where
        T: Send + 'static,
    {
        self.stream().try_collect().await
    }
}

struct Reading<T> {
    query: Query<T>,
    offset: i64,
    items: VecDeque<T>,
    more: bool,
}

impl<T: DeserializeOwned> Reading<T> {
    async fn next_page(&mut self, size: i64) -> Result<(), ClientError> {
        let call = self.query.call(self.offset, Some(size));
        let page: Page<T> = self.query.client.send(&call).await?.json()?;
        let count = i64::try_from(page.items.len()).unwrap_or(i64::MAX);
        self.offset = self.offset.saturating_add(count);
        // The total may have grown since; an empty page ends it too.
        self.more = count > 0 && self.offset < page.total;
        self.items = page.items.into();
        Ok(())
    }
}

impl Query<AuditEvent> {
    /// The oldest first. In this order nothing comes in between while pages are read.
    #[must_use]
    pub fn oldest_first(self) -> Self {
        self.filter("sort", "at")
    }
}

/// The filters that each kind has.
macro_rules! filters {
    ($($kind:ident { $($(#[$doc:meta])* $method:ident($value:ty) = $name:literal;)* })*) => {
        $(impl Query<$kind> {
            $($(#[$doc])*
            #[must_use]
            pub fn $method(self, value: $value) -> Self {
                self.filter($name, value)
            })*
        })*
    };
}

filters! {
    Place {
        /// Only those with this label.
        label(LabelId) = "labelId";
        /// Only the one with this id of yours.
        external_id(&str) = "externalId";
        /// Only those that come within metres of a point: `latitude,longitude,metres`.
        near(&str) = "near";
        /// Only those in a box of degrees: `minLon,minLat,maxLon,maxLat`.
        bbox(&str) = "bbox";
    }
    Zone {
        /// Only those of this place.
        place(PlaceId) = "placeId";
        /// Only those with this label.
        label(LabelId) = "labelId";
        /// Only the one with this id of yours.
        external_id(&str) = "externalId";
    }
    Beacon {
        /// Only those in zones of this place.
        place(PlaceId) = "placeId";
        /// Only those of this zone.
        zone(ZoneId) = "zoneId";
        /// Only those that send this: `IBeacon` or `EddystoneUid`.
        sending(&str) = "type";
        /// Only those with this label.
        label(LabelId) = "labelId";
        /// Only the one with this id of yours.
        external_id(&str) = "externalId";
    }
    CampaignGroup {
        /// Only those of this app.
        app(AppId) = "appId";
    }
    Tag {
        /// Only those of this app.
        app(AppId) = "appId";
    }
    Segment {
        /// Only those of this app.
        app(AppId) = "appId";
        /// Only the one with this id of yours.
        external_id(&str) = "externalId";
    }
    Campaign {
        /// Only those of this app.
        app(AppId) = "appId";
        /// Only those of this group.
        group(CampaignGroupId) = "groupId";
        /// Only those for this segment.
        segment(SegmentId) = "segmentId";
        /// Only those that have this status now.
        status(&str) = "status";
    }
    Experience {
        /// Only those of campaigns of this app.
        app(AppId) = "appId";
        /// Only those of this campaign.
        campaign(CampaignId) = "campaignId";
        /// Only those that wait at this place.
        place(PlaceId) = "placeId";
        /// Only those that wait at this zone.
        zone(ZoneId) = "zoneId";
        /// Only those that wait at this beacon.
        beacon(BeaconId) = "beaconId";
        /// Only those that may fire, or only those that may not.
        enabled(bool) = "enabled";
    }
    Notification {
        /// Only those of campaigns of this app.
        app(AppId) = "appId";
        /// Only those of this campaign.
        campaign(CampaignId) = "campaignId";
        /// Only those for this segment.
        segment(SegmentId) = "segmentId";
        /// Only those that stand there, for example `Sending`.
        status(&str) = "status";
    }
    Webhook {
        /// Only those for this app alone.
        app(AppId) = "appId";
        /// Only those for this campaign alone.
        campaign(CampaignId) = "campaignId";
        /// Only those that are sent to, `Active`, or those that are not, `Disabled`.
        status(&str) = "status";
    }
    Import {
        /// Only those of files that hold this: `places`, `zones` or `beacons`.
        kind(&str) = "kind";
        /// Only those that this member sent.
        member(MemberId) = "memberId";
        /// Only those that stand there, for example `Running`.
        status(&str) = "status";
    }
    Replay {
        /// Only those of campaigns of this app.
        app(AppId) = "appId";
        /// Only those of this campaign.
        campaign(CampaignId) = "campaignId";
        /// Only those that stand there, for example `Running`.
        status(&str) = "status";
    }
    Token {
        /// Only those of this member.
        member(MemberId) = "memberId";
    }
    AuditEvent {
        /// Only those from this time on, ms since 1970.
        from(i64) = "from";
        /// Only those before this time, ms since 1970.
        to(i64) = "to";
        /// Only those on things of this kind, for example `place` or `user`.
        kind(&str) = "kind";
        /// Only those on the object, instance or user with this id.
        object(&str) = "objectId";
        /// Only what this member did.
        member(MemberId) = "memberId";
        /// Only those in which this was done, for example `delete`.
        action(&str) = "action";
    }
}
