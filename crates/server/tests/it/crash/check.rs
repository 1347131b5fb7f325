//! Compares what the server says with the books.

use std::collections::{BTreeMap, BTreeSet};

use moca_client::{AnalyticsQuery, Asked, Client, DecisionQuery};
use moca_core::id::{Id, PlaceId};
use moca_wire::{analytics::Group, page::Page};

use super::{
    books::Device,
    callers::Sent,
    site::{END_AT, FIRST_AT, PLACES, Site},
};
use crate::support::{
    binary::Binary,
    wire::{Trust, Wire},
};

/// Nothing was lost and nothing taken twice: each event is either taken by the answer that came, or
/// known from a request whose answer was lost.
pub(super) fn answer(request: &Sent) {
    assert_eq!(
        request.accepted + request.duplicates,
        request.events,
        "{}",
        request.body
    );
    if request.tries == 1 {
        assert_eq!(request.duplicates, 0, "{}", request.body);
    }
}

/// Everything acknowledged is known, even after all the kills.
pub(super) async fn repeats_are_duplicates(binary: &Binary, trust: &Trust, sent: &[Sent]) {
    let mut wire = Wire::connect(binary.address(), trust).await.unwrap();
    for request in sent {
        let call = wire.call(
            "POST",
            "/device/v1/events",
            &request.authorization,
            &request.body,
        );
        let answer = call.await.unwrap().json();
        assert_eq!(answer["duplicates"], request.events, "{answer}");
        assert_eq!(answer["accepted"], 0, "{answer}");
    }
}

/// Counts, inboxes and decisions are those of the books.
pub(super) async fn figures(binary: &Binary, site: &Site, devices: &[Device]) {
    let client = binary.client();
    active_users(&client, site, devices).await;
    for place in 0..PLACES.len() {
        visitors(&client, site, devices, place).await;
    }
    for device in devices {
        inbox(&client, site, device).await;
    }
    let query = DecisionQuery {
        app_id: site.app_id,
        instance_id: None,
        campaign_id: None,
        experience_id: None,
        outcome: None,
        from: None,
        to: None,
        offset: 0,
        limit: 1,
    };
    let page = client.decisions(&query).await.unwrap();
    let decisions: u64 = devices.iter().map(|device| device.decisions).sum();
    assert_eq!(total(&page), decisions, "decisions");
}

async fn active_users(client: &Client, site: &Site, devices: &[Device]) {
    let hours = devices.iter().map(|device| device.active.clone());
    compare(client, site, "active-users", None, hours).await;
}

async fn visitors(client: &Client, site: &Site, devices: &[Device], place: usize) {
    let hours = devices.iter().map(|device| {
        let entered = device.entered.iter().filter(|(index, _)| *index == place);
        entered.map(|(_, hour)| *hour).collect()
    });
    let target = Some(Group::Place(PlaceId(site.places[place])));
    compare(client, site, "visitors", target, hours).await;
}

/// Compares a metric with the hours in which each device counts.
async fn compare(
    client: &Client,
    site: &Site,
    metric: &'static str,
    target: Option<Group>,
    hours: impl Iterator<Item = BTreeSet<i64>>,
) {
    let mut total = 0;
    let mut expected: BTreeMap<i64, u64> = BTreeMap::new();
    for hours in hours {
        total += u64::from(!hours.is_empty());
        for hour in hours {
            *expected.entry(hour).or_default() += 1;
        }
    }
    let query = AnalyticsQuery {
        metric,
        asked: Asked {
            app_id: site.app_id,
            from: FIRST_AT,
            to: END_AT,
            interval: "hour",
            time_zone: None,
            group_by: None,
        },
        target,
    };
    let answer = client.analytics(&query).await.unwrap();
    let counted = answer.buckets.iter().filter(|bucket| bucket.value > 0);
    let counted: BTreeMap<i64, u64> = counted.map(|bucket| (bucket.start, bucket.value)).collect();
    assert_eq!(counted, expected, "{metric} of {target:?} by the hour");
    assert_eq!(answer.total, total, "{metric} of {target:?}");
}

async fn inbox(client: &Client, site: &Site, device: &Device) {
    let page = client.device(&device.token).messages(0, 1_000).await;
    let page = page.unwrap();
    let ids: BTreeSet<_> = page
        .items
        .iter()
        .map(|message| message.message_id)
        .collect();
    assert_eq!(ids.len(), page.items.len(), "a message exists twice");
    let mut messages: Vec<(Id, i64)> = page
        .items
        .iter()
        .map(|message| (message.experience_id.0, message.at))
        .collect();
    let mut expected: Vec<(Id, i64)> = device
        .messages
        .iter()
        .map(|(rule, at)| (site.experiences[*rule], *at))
        .collect();
    messages.sort_unstable();
    expected.sort_unstable();
    assert_eq!(messages, expected, "an inbox");
}

fn total<T>(page: &Page<T>) -> u64 {
    u64::try_from(page.total).unwrap()
}
