//! The program with its control store in PostgreSQL, from `scripts/with-postgres.sh`.

use std::{
    env,
    process::{self, Command},
};

use moca_wire::{apps::App, campaigns::Campaign, places::Place};

use crate::{readme, support::binary::Binary};

/// The URL of an empty schema.
fn empty_store() -> String {
    let url = env::var("MOCA_TEST_POSTGRES_URL").expect(
        "MOCA_TEST_POSTGRES_URL names no PostgreSQL to test on; \
         run the tests as `scripts/with-postgres.sh cargo nextest run`",
    );
    let schema = format!("program_{}", process::id());
    // A schema of that name can only be left over from an earlier run.
    for sql in ["DROP SCHEMA IF EXISTS", "CREATE SCHEMA"].map(|verb| format!("{verb} {schema}")) {
        let cascade = if sql.starts_with("DROP") {
            " CASCADE"
        } else {
            ""
        };
        let output = Command::new("psql")
            .args(["--quiet", "--no-psqlrc", "--command"])
            .args([format!("{sql}{cascade}"), url.clone()])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options=-csearch_path%3D{schema}")
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
    binary.stop();
}
