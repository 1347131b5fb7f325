//! A server that is asked to stop finishes what it has begun.

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::site::{FIRST_AT, Site};
use crate::support::{
    binary::Binary,
    dice::Dice,
    wire::{self, Wire},
};

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_server_stops() {
    let directory = tempfile::tempdir().unwrap();
    let binary = Binary::start(directory.path());
    let trust = wire::trust(&binary.ca_path());
    let site = Site::make(&binary, &trust).await;
    let mut wire = Wire::connect(binary.address(), &trust).await.unwrap();
    let authorization = format!("Bearer {}", site.register(&mut wire).await);
    let event = json!([{"id": Dice::new(1).uuid(), "t": FIRST_AT, "verb": "buy"}]).to_string();
    let head = format!(
        "POST /device/v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: {authorization}\r\n\
         content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        event.len()
    );
    wire.send(head.as_bytes()).await.unwrap();
    // The request is under way once the server wants its body.
    assert_eq!(wire.reply().await.unwrap().status, 100);

    let address = binary.address();
    binary.terminate();
    // The server has begun to stop once it takes no more connections.
    while TcpStream::connect(address).await.is_ok() {}
    wire.send(event.as_bytes()).await.unwrap();
    let reply = wire.reply().await.unwrap();
    assert_eq!(reply.json()["accepted"], 1, "{:?}", reply.json());
    drop(wire);
    let status = binary.wait();
    assert_eq!(status.code(), Some(0));

    let binary = Binary::start(directory.path());
    let mut wire = Wire::connect(binary.address(), &trust).await.unwrap();
    let again = wire.call("POST", "/device/v1/events", &authorization, &event);
    let answer: Value = again.await.unwrap().json();
    assert_eq!(answer["duplicates"], 1, "{answer}");
    binary.stop();
}
