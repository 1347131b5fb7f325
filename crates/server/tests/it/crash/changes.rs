//! The server is killed while objects change: the audit log tells of every change that lasted and of
//! no other, and is whole.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt;
use moca_wire::labels::Label;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use super::callers::Server;
use crate::{
    audit_check::check,
    support::{
        binary::Binary,
        wire::{self, Wire},
    },
};

const KILLS: usize = 6;
const CALLERS: usize = 4;
const REQUESTS_EACH: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_audit_log_tells_of_every_change_that_lasted_and_of_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let mut binary = Binary::start(directory.path());
    let trust = wire::trust(&binary.ca_path());
    let server = |generation, binary: &Binary| Server {
        generation,
        address: binary.address(),
        trust: trust.clone(),
    };
    let (announce, servers) = watch::channel(server(0, &binary));
    let (acknowledged, mut count) = watch::channel(0_usize);
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let authorization = format!("Bearer {}", binary.token());
        let (servers, acknowledged) = (servers.clone(), acknowledged.clone());
        callers.spawn(change(caller, authorization, servers, acknowledged));
    }
    for killed in 1..=KILLS {
        let moment = killed * CALLERS * REQUESTS_EACH / (2 * KILLS);
        count.wait_for(|count| *count >= moment).await.unwrap();
        binary.kill();
        binary = Binary::start(directory.path());
        announce.send_replace(server(killed, &binary));
    }
    let mut done = BTreeSet::new();
    while let Some(its) = callers.join_next().await {
        done.extend(its.unwrap());
    }

    let client = binary.client();
    let events = client.audit_events().kind("label").oldest_first();
    let events: Vec<_> = events.stream().try_collect().await.unwrap();
    // What the log tells, done again, is what there is.
    let mut told: BTreeMap<String, Value> = BTreeMap::new();
    let mut in_log = BTreeSet::new();
    for event in events {
        let id = event.object_id.unwrap().to_string();
        let before = event.before.map(|before| before["config"].clone());
        assert_eq!(told.remove(&id), before, "{id}");
        if let Some(after) = event.after {
            told.insert(id.clone(), after["config"].clone());
        }
        assert!(in_log.insert((id, event.request_id.unwrap())));
    }
    let labels = client.all::<Label>().query().to_vec().await.unwrap();
    let there: BTreeMap<String, Value> = labels
        .into_iter()
        .map(|label| (label.label_id.to_string(), json!(label.config)))
        .collect();
    assert_eq!(told, there);
    let lost: Vec<_> = done.difference(&in_log).collect();
    assert!(lost.is_empty(), "acknowledged and not in the log: {lost:?}");
    assert!(done.len() > CALLERS * REQUESTS_EACH / 2);
    let checked = check(directory.path(), &[]);
    assert_eq!(checked.code, 0, "{} {}", checked.out, checked.err);
    binary.stop();
}

/// Makes, changes and deletes labels, and gives the object and request of each answer that came. What
/// was not answered may be done or not.
async fn change(
    caller: usize,
    authorization: String,
    mut servers: watch::Receiver<Server>,
    acknowledged: watch::Sender<usize>,
) -> Vec<(String, String)> {
    let mut done = Vec::new();
    let mut wire = None;
    let mut label: Option<String> = None;
    for number in 0..REQUESTS_EACH {
        let server = servers.borrow().clone();
        let body = json!({"config": {"name": format!("label {caller} {number}")}}).to_string();
        let path = label.as_ref().map(|id| format!("/v2/labels/{id}"));
        let (verb, path, body) = match (number % 3, path) {
            (1, Some(path)) => ("PUT", path, body),
            (2, Some(path)) => ("DELETE", path, String::new()),
            _ => ("POST", "/v2/labels".to_owned(), body),
        };
        let reply = async {
            if wire.is_none() {
                wire = Some(Wire::connect(server.address, &server.trust).await?);
            }
            let wire: &mut Wire = wire.as_mut().unwrap();
            wire.call(verb, &path, &authorization, &body).await
        };
        match reply.await {
            Ok(reply) => {
                let answer = reply.json();
                // One that was deleted, and the answer lost, is not found.
                if reply.status < 300 {
                    let id = match answer["labelId"].as_str() {
                        Some(id) => id.to_owned(),
                        None => label.clone().unwrap(),
                    };
                    done.push((id.clone(), request_id(&reply.head)));
                    label = (verb != "DELETE").then_some(id);
                } else {
                    assert_eq!(reply.status, 404, "{answer}");
                    label = None;
                }
            }
            Err(error) => {
                assert!(server.generation < KILLS, "nobody killed it: {error}");
                wire = None;
                let newer = |now: &Server| now.generation > server.generation;
                servers.wait_for(newer).await.unwrap();
            }
        }
        acknowledged.send_modify(|count| *count += 1);
    }
    done
}

fn request_id(head: &str) -> String {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "));
    line.unwrap().to_owned()
}
