//! Clients that pour in events and, when an answer is lost, send the same events again.

use std::{io, net::SocketAddr};

use serde_json::Value;
use tokio::sync::watch;

use super::{KILLS, books::Device};
use crate::support::{
    dice::Dice,
    wire::{Reply, Trust, Wire},
};

/// The server of the moment.
#[derive(Clone)]
pub(super) struct Server {
    /// How many were killed before it.
    pub(super) generation: usize,
    pub(super) address: SocketAddr,
    pub(super) trust: Trust,
}

/// A request that was answered in the end.
pub(super) struct Sent {
    pub(super) authorization: String,
    pub(super) body: String,
    pub(super) events: u64,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    /// How often it was sent until an answer came.
    pub(super) tries: u32,
}

/// One client with some devices.
pub(super) struct Caller {
    server: watch::Receiver<Server>,
    acknowledged: watch::Sender<usize>,
    wire: Option<Wire>,
    sent: Vec<Sent>,
}

impl Caller {
    pub(super) fn new(server: watch::Receiver<Server>, acknowledged: watch::Sender<usize>) -> Self {
        Self {
            server,
            acknowledged,
            wire: None,
            sent: Vec::new(),
        }
    }

    /// Sends so many requests, each for one of the devices, and waits for the answer of each.
    pub(super) async fn pour(
        mut self,
        mut devices: Vec<Device>,
        requests: usize,
        mut dice: Dice,
    ) -> (Vec<Device>, Vec<Sent>) {
        for _ in 0..requests {
            let chosen = dice.below(devices.len());
            let batch = devices[chosen].next_batch();
            let authorization = format!("Bearer {}", devices[chosen].token);
            let (answer, tries) = self.deliver(&authorization, &batch.body).await;
            self.sent.push(Sent {
                authorization,
                body: batch.body,
                events: batch.events,
                accepted: answer["accepted"].as_u64().unwrap(),
                duplicates: answer["duplicates"].as_u64().unwrap(),
                tries,
            });
            self.acknowledged.send_modify(|count| *count += 1);
        }
        (devices, self.sent)
    }

    async fn deliver(&mut self, authorization: &str, body: &str) -> (Value, u32) {
        let mut tries = 0;
        loop {
            tries += 1;
            let server = self.server.borrow().clone();
            match self.attempt(&server, authorization, body).await {
                Ok(reply) => {
                    let answer = reply.json();
                    assert_eq!(reply.status, 200, "{answer}");
                    return (answer, tries);
                }
                Err(error) => {
                    let killed = server.generation < KILLS;
                    assert!(killed, "nobody killed this server: {error}");
                    self.wire = None;
                    let newer = |now: &Server| now.generation > server.generation;
                    self.server.wait_for(newer).await.unwrap();
                }
            }
        }
    }

    async fn attempt(
        &mut self,
        server: &Server,
        authorization: &str,
        body: &str,
    ) -> io::Result<Reply> {
        let wire = match &mut self.wire {
            Some(wire) => wire,
            none => none.insert(Wire::connect(server.address, &server.trust).await?),
        };
        wire.call("POST", "/device/v1/events", authorization, body)
            .await
    }
}
