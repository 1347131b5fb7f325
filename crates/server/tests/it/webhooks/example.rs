//! The receiver in the documentation: it takes what is sent, and nothing else.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::{Bureau, text};
use crate::notifications::provider::{Provider, taken};

const GUIDE: &str = include_str!("../../../../../docs/webhooks.md");

/// Asks the receiver of the guide about requests, one a line on stdin; its answers.
const ASK: &str = "
import json, sys, receiver
for line in sys.stdin:
    ask = json.loads(line)
    body = ask['body'].encode()
    event = receiver.verify(ask['secret'], ask['headers'], body, now=ask['now'])
    print(json.dumps(event))
";

#[tokio::test]
async fn the_receiver_of_the_guide_takes_what_is_signed_and_nothing_else() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let hook = bureau.hook(&["instance.registered"], json!({})).await;
    bureau.phone().await;
    let got = bureau.tell().await.remove(0);
    let headers: Value = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .iter()
        .map(|name| ((*name).to_owned(), json!(got.header(name))))
        .collect();
    let now: i64 = got.header("webhook-timestamp").parse().unwrap();
    let body = String::from_utf8(got.body.to_vec()).unwrap();
    let right = json!({
        "secret": text(&hook, "secret"), "headers": headers, "body": body, "now": now,
    });
    let changed = |pointer: &str, value: Value| {
        let mut ask = right.clone();
        *ask.pointer_mut(pointer).unwrap() = value;
        ask
    };
    let both = format!("v1,AAAA {}", got.header("webhook-signature"));
    let asks = [
        right.clone(),
        changed("/headers/webhook-signature", json!(both)),
        changed("/body", json!(body.replace("registered", "erased"))),
        changed("/headers/webhook-id", json!("another")),
        changed("/headers/webhook-timestamp", json!((now + 1).to_string())),
        changed("/now", json!(now + 301)),
        changed("/secret", json!(format!("whsec_{}=", "A".repeat(43)))),
    ];
    let answers = ask(&asks);
    assert_eq!(answers[0]["type"], "instance.registered");
    assert_eq!(answers[1], answers[0], "one signature of several is enough");
    assert!(answers[2..].iter().all(Value::is_null), "{answers:?}");
    assert_eq!(answers.len(), asks.len());
}

fn ask(asks: &[Value]) -> Vec<Value> {
    let (_, code) = GUIDE.split_once("```python\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("receiver.py"), code).unwrap();
    let mut python = Command::new("python3")
        .args(["-c", ASK])
        .current_dir(directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    for ask in asks {
        writeln!(stdin, "{ask}").unwrap();
    }
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
