//! The program with its control store in PostgreSQL, from `scripts/with-postgres.sh`.

use std::{
    env, fs,
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};

use moca_wire::{apps::App, campaigns::Campaign, places::Place};

use crate::{audit_check::check, readme, support::binary::Binary};

/// The URL of an empty schema of its own.
pub(crate) fn empty_store() -> String {
    static SCHEMAS: AtomicU32 = AtomicU32::new(0);
    let url = env::var("MOCA_TEST_POSTGRES_URL").expect(
        "MOCA_TEST_POSTGRES_URL names no PostgreSQL to test on; \
         run the tests as `scripts/with-postgres.sh cargo nextest run`",
    );
    let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
    let schema = format!("program_{}_{number}", process::id());
    // A schema of that name can only be left over from an earlier run.
    for sql in ["DROP SCHEMA IF EXISTS", "CREATE SCHEMA"].map(|verb| format!("{verb} {schema}")) {
        let cascade = if sql.starts_with("DROP") {
            " CASCADE"
        } else {
            ""
        };
        run(&url, &format!("{sql}{cascade}"));
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options=-csearch_path%3D{schema}")
}

/// Does something past the server.
fn run(url: &str, sql: &str) {
    let output = Command::new("psql")
        .args(["--quiet", "--no-psqlrc", "--command", sql, url])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

// The client goes on being served while the test waits for the server to stop.
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_job_is_done_on_postgresql_and_outlives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let flags = ["--control-url".to_owned(), empty_store()];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let binary = Binary::start_with(directory.path(), &flags);
    readme::walk_through(&binary);
    assert!(!directory.path().join("control.db").exists());
    let token = binary.token();
    binary.kill();

    let binary = Binary::start_with(directory.path(), &flags);
    assert_eq!(binary.token(), token, "an account was made again");
    let client = binary.client();
    let all = Default::default();
    assert_eq!(client.list::<App>(&all).await.unwrap().total, 1);
    assert_eq!(client.list::<Place>(&all).await.unwrap().total, 1);
    assert_eq!(client.list::<Campaign>(&all).await.unwrap().total, 1);
    let checked = check(directory.path(), &flags);
    assert_eq!(checked.code, 0, "{} {}", checked.out, checked.err);
    run(
        flags[1],
        "UPDATE audit_events SET at = at + 1 WHERE sequence = 3",
    );
    let checked = check(directory.path(), &flags);
    assert_eq!(checked.code, 1, "{}", checked.out);
    assert!(checked.out.contains("event 3 is not"), "{}", checked.out);
    binary.stop();
}

// The first server goes on while the test waits for the second.
#[tokio::test(flavor = "multi_thread")]
async fn servers_of_one_database_share_its_key() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let flags = ["--control-url".to_owned(), empty_store()];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let binary = Binary::start_with(first.path(), &flags);
    let start_second = || {
        let mut command = Binary::command(second.path());
        command.args(&flags).output().unwrap()
    };
    // Without any key, and with one of its own.
    for key in [None, Some([7; 32])] {
        if let Some(key) = key {
            fs::write(second.path().join("secret.key"), key).unwrap();
        }
        let output = start_second();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && told.contains("secret.key"),
            "{told}"
        );
    }
    let key = "secret.key";
    fs::copy(first.path().join(key), second.path().join(key)).unwrap();
    Binary::start_with(second.path(), &flags).stop();
    binary.stop();
}
