//! Imports as objects: their life, who sees them, and who comes first.

use moca_core::limits::IMPORT_CHUNK_ROWS_MAX as CHUNK;
use serde_json::json;

use super::counts;
use crate::support::team::Team;

fn table(rows: usize) -> String {
    let rows = (0..rows).map(|number| format!("P{number}\n"));
    format!("name\n{}", rows.collect::<String>())
}

fn files(team: &Team) -> usize {
    let directory = team.installation.data_dir().join("imports");
    std::fs::read_dir(directory).unwrap().count()
}

#[tokio::test]
async fn a_file_without_a_row_is_an_import_of_none() {
    let team = Team::start().await;
    for (media, file, done) in [
        ("application/x-ndjson", "", true),
        ("application/x-ndjson", "\n\n", true),
        ("text/csv", "", true),
        ("text/csv", "name\n", true),
        ("application/geo+json", "", false),
        ("application/vnd.google-earth.kml+xml", "", false),
    ] {
        let sent = team.send_file(&team.tenant.token, "kind=places", media, file);
        let sent = sent.await;
        if !done {
            assert_eq!(sent.code(), "malformed_body", "{media}");
            continue;
        }
        let sent = sent.done();
        team.installation.import_all().await;
        let import = team.import(&sent).await;
        assert_eq!(import["status"], "Completed", "{import}");
        assert_eq!((counts(&import), &import["rows"]), ([0; 4], &json!(0)));
    }
}

#[tokio::test]
async fn an_import_goes_on_when_the_token_that_sent_it_is_revoked() {
    let team = Team::start().await;
    let body = json!({"config": {"name": "Nightly"}});
    let token = team.post("/v2/tokens", body).await.done();
    let secret = token["accessToken"].as_str().unwrap();
    let sent = team.send_file(secret, "kind=places", "text/csv", table(2_500));
    let sent = sent.await.done();
    let mut importer = team.installation.importer();
    assert!(importer.round().await.unwrap());
    let path = format!("/v2/tokens/{}", token["tokenId"].as_str().unwrap());
    team.delete(&path).await.done();
    team.installation.import_all().await;
    let import = team.import(&sent).await;
    assert_eq!(
        (&import["status"], counts(&import)),
        (&json!("Completed"), [2_500, 0, 0, 0])
    );
}

#[tokio::test]
async fn an_import_goes_on_chunk_by_chunk_and_accounts_take_turns() {
    let team = Team::start().await;
    let other = team.installation.tenant(false).await;
    let send = |token: String, file| {
        let team = &team;
        async move {
            let sent = team.send_file(&token, "kind=places", "text/csv", file);
            let sent = sent.await.done();
            team.installation.clock.advance(1);
            sent
        }
    };
    let first = send(team.tenant.token.clone(), table(2 * CHUNK + CHUNK / 2)).await;
    let second = send(team.tenant.token.clone(), table(10)).await;
    let third = send(other.token.clone(), table(CHUNK + CHUNK / 2)).await;
    assert_eq!(first["status"], "Pending");
    assert_eq!(files(&team), 3);
    let theirs = format!("/v2/imports/{}", third["importId"].as_str().unwrap());
    assert_eq!(team.get(&theirs).await.code(), "not_found");

    let mut importer = team.installation.importer();
    let mut seen = Vec::new();
    for _ in 0..4 {
        assert!(importer.round().await.unwrap());
        let theirs = team.get_as(&other.token, &theirs).await.done();
        let mut rows = Vec::new();
        for import in [
            team.import(&first).await,
            team.import(&second).await,
            theirs,
        ] {
            let status = import["status"].as_str().unwrap().to_owned();
            rows.push((status, import["rows"].as_i64().unwrap()));
        }
        seen.push(rows);
    }
    let chunk = CHUNK as i64;
    let run = |rows| ("Running".to_owned(), rows);
    let wait = || ("Pending".to_owned(), 0);
    let end = |rows| ("Completed".to_owned(), rows);
    let (one_and_half, two_and_half) = (chunk + chunk / 2, 2 * chunk + chunk / 2);
    let expected = [
        [run(chunk), wait(), run(chunk)],
        [run(2 * chunk), wait(), end(one_and_half)],
        [end(two_and_half), wait(), end(one_and_half)],
        [end(two_and_half), end(10), end(one_and_half)],
    ];
    assert_eq!(seen, expected);
    assert!(!importer.round().await.unwrap());
    assert_eq!(files(&team), 0);
    // The oldest first.
    let list = team.get("/v2/imports").await.done();
    assert_eq!(
        (list["total"].clone(), &list["items"][0]["importId"]),
        (json!(2), &first["importId"])
    );
}

#[tokio::test]
async fn an_import_that_is_cancelled_or_deleted_stops_and_keeps_what_it_has() {
    let team = Team::start().await;
    for verb in ["cancel", "delete", "cancel first"] {
        let before = team.total("places").await;
        let token = &team.tenant.token;
        let sent = team.send_file(token, "kind=places", "text/csv", table(2 * CHUNK));
        let sent = sent.await.done();
        let path = format!("/v2/imports/{}", sent["importId"].as_str().unwrap());
        let mut importer = team.installation.importer();
        if verb != "cancel first" {
            importer.round().await.unwrap();
        }
        match verb {
            "delete" => drop(team.delete(&path).await.done()),
            _ => {
                let told = team.act(&format!("{path}/cancel")).await.done();
                assert_eq!(told["status"], "Cancelled");
                let again = team.act(&format!("{path}/cancel")).await;
                assert_eq!(again.code(), "state_conflict");
            }
        }
        importer.work_off().await.unwrap();
        let expected = if verb == "cancel first" {
            0
        } else {
            CHUNK as i64
        };
        assert_eq!(team.total("places").await - before, expected, "{verb}");
        assert_eq!(files(&team), 0, "{verb}");
        let left = team.get(&path).await;
        let expected = if verb == "delete" { "not_found" } else { "" };
        assert_eq!(left.code(), expected);
    }
}

#[tokio::test]
async fn a_file_that_is_none_fails_and_says_why() {
    let team = Team::start().await;
    let token = &team.tenant.token;
    for (media, file, named) in [
        ("text/csv", "altitude\n1\n", "altitude"),
        ("application/geo+json", "{}", "FeatureCollection"),
        ("application/geo+json", "{\"features\":[{}", "cut off"),
    ] {
        let sent = team
            .send_file(token, "kind=places", media, file)
            .await
            .done();
        team.installation.import_all().await;
        let done = team.import(&sent).await;
        assert_eq!(done["status"], "Failed");
        let failure = done["failure"].as_str().unwrap();
        assert!(failure.contains(named), "{failure}");
        assert_eq!(files(&team), 0);
    }
    // What was read before the fault is in, wherever in a chunk it is.
    for count in [2, CHUNK, CHUNK + 3] {
        let rows: String = (0..count)
            .map(|n| format!("{{\"type\":\"Feature\",\"properties\":{{\"name\":\"P{n}\"}}}},"))
            .collect();
        let csv: String = (0..count).map(|n| format!("Q{n},\n")).collect();
        for (media, file) in [
            ("application/geo+json", format!("{{\"features\":[{rows}")),
            ("text/csv", format!("name,address\n{csv}R,\"no end\n")),
        ] {
            let sent = team.send_file(token, "kind=places", media, file);
            let sent = sent.await.done();
            team.installation.import_all().await;
            let done = team.import(&sent).await;
            assert_eq!(
                (done["status"].as_str().unwrap(), counts(&done)),
                ("Failed", [count as i64, 0, 0, 0]),
                "{done}"
            );
        }
    }
    // Its file is lost with the disk of the server.
    let sent = team
        .send_file(token, "kind=places", "text/csv", table(1))
        .await
        .done();
    let id = sent["importId"].as_str().unwrap();
    std::fs::remove_file(team.installation.data_dir().join("imports").join(id)).unwrap();
    team.installation.import_all().await;
    let failure = team.import(&sent).await["failure"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(failure.contains("send it again"), "{failure}");
}

#[tokio::test]
async fn few_wait_at_a_time_and_the_oldest_are_forgotten() {
    let team = Team::start().await;
    let token = &team.tenant.token;
    let send = || team.send_file(token, "kind=places", "text/csv", "name\nP\n");
    for _ in 0..10 {
        send().await.done();
    }
    let refused = send().await;
    assert_eq!(refused.code(), "state_conflict");
    assert_eq!(files(&team), 10, "the refused one left nothing");
    team.installation.import_all().await;
    send().await.done();
    assert_eq!(team.total("imports").await, 11);
    team.installation.import_all().await;
    let month_ms = 30 * 86_400_000;
    team.installation.clock.advance(month_ms + 1_000_000);
    send().await.done();
    assert_eq!(team.total("imports").await, 1);
}

#[tokio::test]
async fn a_map_is_checked_when_the_file_comes() {
    let team = Team::start().await;
    let token = &team.tenant.token;
    for (media, map, named) in [
        ("text/csv", "title=Station", "title"),
        ("text/csv", "name", "field=Column"),
        ("application/x-ndjson", "name=Station", "nothing to map"),
    ] {
        let parameters = format!("kind=places&map={map}");
        let answer = team.send_file(token, &parameters, media, "x").await;
        assert_eq!(answer.code(), "invalid_parameter");
        let detail = answer.json()["detail"].to_string();
        assert!(detail.contains(named), "{detail}");
    }
    let parameters = "kind=places&map=name%3DStation,category%3D'stop'";
    let done = team.import_csv(parameters, "Station,x\nNorth,1\n").await;
    assert_eq!(counts(&done), [1, 0, 0, 0]);
    let place = team.get("/v2/places").await.done()["items"][0]["config"].clone();
    assert_eq!(place, json!({"name": "North", "category": "stop"}));
}

#[tokio::test]
async fn two_that_take_in_the_same_file_take_it_in_once() {
    let team = Team::start().await;
    let token = &team.tenant.token;
    let sent = team.send_file(token, "kind=places", "text/csv", table(3_000));
    let sent = sent.await.done();
    // As after a crash: one of them has read on, and begins anew where the other has come.
    let (mut one, mut other) = (team.installation.importer(), team.installation.importer());
    one.round().await.unwrap();
    other.round().await.unwrap();
    drop(other);
    let mut third = team.installation.importer();
    third.work_off().await.unwrap();
    let done = team.import(&sent).await;
    assert_eq!(
        (done["status"].as_str().unwrap(), counts(&done)),
        ("Completed", [3_000, 0, 0, 0])
    );
    assert_eq!(team.total("places").await, 3_000);
}
