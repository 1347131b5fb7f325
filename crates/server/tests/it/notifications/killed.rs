//! However the server ends, the rest of a notification is sent by the next one, and nothing twice but
//! what was under way.

use std::collections::BTreeMap;

use moca_core::limits::PUSH_CHUNK_MAX;

use super::{
    Newsroom, apns, fcm,
    provider::{Answer, Provider, taken},
    to_all,
};

#[tokio::test]
async fn what_was_cut_short_is_finished_by_the_next() {
    // The last device of the second chunk gets no answer the first time.
    let hangs = std::sync::Mutex::new(true);
    let device = "ff".repeat(32);
    let provider = Provider::start(move |got| {
        let mut hangs = hangs.lock().unwrap();
        match got.device() == device && *hangs {
            true => {
                *hangs = false;
                Answer::Hang
            }
            false => taken(),
        }
    })
    .await;
    let room = Newsroom::open(provider.settings()).await;
    for number in 0..PUSH_CHUNK_MAX {
        room.phone(fcm(&format!("device-{number}"))).await;
    }
    // Later, so that it is listed after the others.
    room.team.installation.clock.advance(1);
    room.phone(apns(0xff)).await;
    room.phone(apns(0xfe)).await;
    let path = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    tokio::select! {
        () = room.work() => panic!("it hangs"),
        () = provider.hung.notified() => {}
    }
    let status = room.status(&path).await;
    assert_eq!(status["state"], "Sending", "{status}");
    assert_eq!(status["accepted"], PUSH_CHUNK_MAX, "{status}");

    let mut next = room.team.installation.pusher(provider.settings());
    next.work_off().await.unwrap();
    let status = room.status(&path).await;
    assert_eq!(status["state"], "Completed", "{status}");
    assert_eq!(status["accepted"], PUSH_CHUNK_MAX + 2, "{status}");
    let counted = room.counted().await;
    for word in ["targeted", "sent", "accepted"] {
        assert_eq!(counted[word], PUSH_CHUNK_MAX + 2, "{counted}");
    }
    let mut by_device: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for got in provider.messages() {
        let id = got.header("apns-id").to_owned();
        by_device.entry(got.device()).or_default().push(id);
    }
    assert_eq!(by_device.len(), PUSH_CHUNK_MAX + 2);
    for (device, mut ids) in by_device {
        if device.starts_with("device-") {
            assert_eq!(ids.len(), 1, "{device}");
        } else {
            ids.dedup();
            assert_eq!(ids.len(), 1, "a repeat has the id of the first");
        }
    }
}
