//! The server is killed while it takes in a file. Every row must be in once.

use serde_json::Value;

use crate::support::{
    binary::Binary,
    wire::{self, Trust, Wire},
};

const ROWS: i64 = 32_000;
/// After how many rows it is killed.
const KILLS: [i64; 3] = [1_000, 9_000, 21_000];

#[tokio::test]
async fn an_import_goes_on_after_a_kill_and_does_no_row_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut binary = Binary::start(directory.path());
    let trust = wire::trust(&binary.ca_path());
    // Every eleventh name is too long.
    let rows = (0..ROWS).map(|n| match n % 11 {
        0 => format!("{}\n", "x".repeat(201)),
        _ => format!("P{n}\n"),
    });
    let file = format!("name\n{}", rows.collect::<String>());
    let path = send(&binary, &trust, &file).await;
    for rows in KILLS {
        wait_for(&binary, &trust, &path, |import| {
            import["rows"].as_i64() >= Some(rows)
        })
        .await;
        binary.kill();
        binary = Binary::start(directory.path());
    }
    let done = wait_for(&binary, &trust, &path, |import| {
        import["finishedAt"].is_i64()
    })
    .await;
    let refused = (ROWS + 10) / 11;
    assert_eq!(done["status"], "Completed", "{done}");
    assert_eq!(done["rows"], ROWS);
    assert_eq!(done["created"], ROWS - refused);
    assert_eq!(done["refused"], refused);
    let told = get(&binary, &trust, &format!("{path}/refused?limit=1")).await;
    assert_eq!(told["total"], refused);
    let mut names = Vec::new();
    for offset in (0..ROWS).step_by(1_000) {
        let page = get(
            &binary,
            &trust,
            &format!("/v2/places?limit=1000&offset={offset}"),
        )
        .await;
        let items = page["items"].as_array().unwrap().iter();
        names.extend(items.map(|it| it["config"]["name"].as_str().unwrap().to_owned()));
    }
    let expected = (0..ROWS).filter(|n| n % 11 != 0).map(|n| format!("P{n}"));
    assert!(
        names.into_iter().eq(expected),
        "not each row once and in order"
    );
}

fn bearer(binary: &Binary) -> String {
    format!("Bearer {}", binary.token())
}

/// Sends a file, and answers the path of its import.
async fn send(binary: &Binary, trust: &Trust, file: &str) -> String {
    let mut wire = Wire::connect(binary.address(), trust).await.unwrap();
    let head = format!(
        "POST /v2/imports?kind=places HTTP/1.1\r\nhost: localhost\r\nauthorization: {}\r\n\
         content-type: text/csv\r\ncontent-length: {}\r\n\r\n{file}",
        bearer(binary),
        file.len()
    );
    wire.send(head.as_bytes()).await.unwrap();
    let reply = wire.reply().await.unwrap();
    assert_eq!(reply.status, 201);
    format!("/v2/imports/{}", reply.json()["importId"].as_str().unwrap())
}

async fn get(binary: &Binary, trust: &Trust, path: &str) -> Value {
    let mut wire = Wire::connect(binary.address(), trust).await.unwrap();
    let reply = wire.call("GET", path, &bearer(binary), "").await.unwrap();
    assert_eq!(reply.status, 200);
    reply.json()
}

/// Asks again and again until an import is as wanted.
async fn wait_for(
    binary: &Binary,
    trust: &Trust,
    path: &str,
    is_there: impl Fn(&Value) -> bool,
) -> Value {
    loop {
        let import = get(binary, trust, path).await;
        if is_there(&import) {
            return import;
        }
    }
}
