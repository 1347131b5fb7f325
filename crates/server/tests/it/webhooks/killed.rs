//! The server is killed while it tells: what was acknowledged is told all the same, under one id.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use moca_client::{Client, ClientError};
use moca_core::{id::AppId, webhook::Pattern};
use moca_wire::{
    apps::App,
    events::EventInput,
    instances::Registration,
    webhooks::{Webhook, WebhookInput},
};
use serde_json::json;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    notifications::provider::{Answer, Provider, taken},
    support::binary::Binary,
};

const EVENTS: usize = 400;
/// Requests after which the receiver answers nothing until the server was killed.
const HANGS_AT: [usize; 3] = [40, 150, 290];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_told_however_often_the_server_is_killed() {
    let count = Arc::new(AtomicUsize::new(0));
    let told = Arc::new(Mutex::new(BTreeMap::<String, BTreeSet<String>>::new()));
    let (hung, all) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let receiver = {
        let (told, hung, all) = (Arc::clone(&told), Arc::clone(&hung), Arc::clone(&all));
        Provider::start(move |got| {
            let number = count.fetch_add(1, Ordering::SeqCst);
            if HANGS_AT.contains(&number) {
                hung.notify_one();
                return Answer::Hang;
            }
            let mut told = told.lock().unwrap();
            let item = got.json()["data"]["item"].as_str().unwrap().to_owned();
            let ids = told.entry(item).or_default();
            ids.insert(got.header("webhook-id").to_owned());
            if told.len() == EVENTS {
                all.notify_one();
            }
            taken()
        })
        .await
    };
    let directory = tempfile::tempdir().unwrap();
    let trust = directory.path().join("trust.pem");
    std::fs::write(&trust, receiver.pem()).unwrap();
    let data = directory.path().join("data");
    let flags = [
        "--webhook-trust",
        trust.to_str().unwrap(),
        "--webhook-allow-private",
        "yes",
    ];
    let start = || Binary::start_with(&data, &flags);
    let mut binary = start();
    let token = prepare(&binary.client(), &receiver.url).await.unwrap();
    let mut device = binary.client().device(token.clone());

    let mut kills = 0;
    for number in 0..EVENTS {
        let event = EventInput {
            id: Uuid::from_u128(number as u128),
            t: 1_767_614_400_000,
            verb: Some("buy".into()),
            item: Some(format!("item-{number}")),
            ..EventInput::default()
        };
        let answer = device.events(&[event]).await.unwrap();
        assert_eq!(answer.accepted, 1);
        let is_stuck = hung.notified();
        // Poll once: has it hung?
        if futures::FutureExt::now_or_never(is_stuck).is_some() {
            binary.kill();
            binary = start();
            device = binary.client().device(token.clone());
            kills += 1;
        }
    }
    // Those that are left come now, with another kill for each time that it hangs.
    loop {
        tokio::select! {
            biased;
            () = all.notified() => break,
            () = hung.notified() => {
                binary.kill();
                binary = start();
                kills += 1;
            }
        }
    }
    assert_eq!(kills, HANGS_AT.len());
    let told = told.lock().unwrap();
    assert_eq!(told.len(), EVENTS);
    for (item, ids) in told.iter() {
        assert_eq!(ids.len(), 1, "{item} was told under several ids");
    }
    let all: BTreeSet<_> = told.values().flatten().collect();
    assert_eq!(all.len(), EVENTS, "each has an id of its own");
    binary.stop();
}

/// An app with a device and a webhook for what it reports; the token of the device.
async fn prepare(client: &Client, url: &str) -> Result<String, ClientError> {
    let config = json!({"name": "App", "production": false});
    let config: moca_core::app::AppConfig = serde_json::from_value(config).unwrap();
    let app: App = client.create(&config.into()).await?;
    let config = json!({"name": "Hook", "url": format!("{url}/hook"), "events": ["custom.buy"], "enabled": true});
    let config: moca_core::webhook::WebhookConfig = serde_json::from_value(config).unwrap();
    assert_eq!(config.events, [Pattern::parse("custom.buy").unwrap()]);
    let webhook: Webhook = client.create(&WebhookInput { config }).await?;
    assert!(webhook.secret.is_some());
    let id: AppId = app.app_id;
    let secret = app.app_secret.unwrap();
    let (registered, _) = client
        .app(id, secret)
        .register(&Registration::default())
        .await?;
    Ok(registered.instance_token)
}
