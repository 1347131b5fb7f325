//! A configuration that is not understood is refused by name before anything else happens.

use std::{fs, path::Path, process::Command};

use crate::support::binary::Binary;

/// Runs a server that must not start, and gives what it says.
fn refusal(mut command: Command, data_dir: &Path) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty());
    assert!(!data_dir.exists(), "it has begun its work: {said}");
    said
}

#[test]
fn wrong_keys_and_values_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let command = || Binary::command(&data_dir);
    let refused = |mut command: Command, words: &[&str]| {
        command.env("RUST_BACKTRACE", "1");
        let said = refusal(command, &data_dir);
        for word in words {
            assert!(said.contains(word), "{word} is missing in: {said}");
        }
    };

    let file = directory.path().join("moca.toml");
    let with_file = |text: &str| {
        fs::write(&file, text).unwrap();
        let mut command = command();
        command.arg("--config").arg(&file);
        command
    };
    refused(
        with_file("lisen = \"0.0.0.0:1\"\n"),
        &["moca.toml", "lisen"],
    );
    refused(
        with_file("shutdown_ms = \"soon\"\n"),
        &["moca.toml", "shutdown_ms"],
    );
    refused(
        with_file("shutdown_ms = [1]\n"),
        &["moca.toml", "shutdown_ms"],
    );
    refused(with_file("shutdown_ms = = 1\n"), &["moca.toml"]);
    let missing = directory.path().join("missing.toml");
    let mut with_missing = command();
    with_missing.arg("--config").arg(missing);
    refused(with_missing, &["missing.toml"]);

    let with_variable = |name: &str, value: &str| {
        let mut command = command();
        command.env(name, value);
        command
    };
    refused(with_variable("MOCA_LISEN", "0.0.0.0:1"), &["MOCA_LISEN"]);
    refused(
        with_variable("MOCA_IN_FLIGHT_MAX", "0"),
        &["MOCA_IN_FLIGHT_MAX"],
    );

    let with_flag = |flag: &str| {
        let mut command = command();
        command.arg(flag);
        command
    };
    refused(with_flag("--lisen=0.0.0.0:1"), &["--lisen"]);
    refused(with_flag("--log-format=xml"), &["--log-format"]);
    refused(with_flag("--tls-cert=chain.pem"), &["tls_cert", "tls_key"]);
    // All faults at once.
    let mut with_two = with_file("lisen = 1\n");
    with_two.arg("--shutdown-ms=soon");
    refused(with_two, &["lisen", "--shutdown-ms"]);
}
