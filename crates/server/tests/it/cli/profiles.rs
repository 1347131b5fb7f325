//! Profiles, the environment, and completion.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use super::{Desk, Done, done};

fn run(mut command: Command, arguments: &[&str]) -> Done {
    done(command.args(arguments).output().unwrap())
}

#[test]
fn servers_are_kept_under_names_and_tokens_never_shown() {
    let desk = Desk::new();
    let (url, token) = (desk.server.base_url(), desk.server.token());
    let data = desk.server.data_dir().display().to_string();
    let nothing = run(desk.bare(), &["labels", "list"]);
    assert_eq!(nothing.code, 2);
    assert!(nothing.err.contains("moca profile add"), "{}", nothing.err);

    let (secret, cert) = (
        format!("{data}/first-token"),
        format!("{data}/tls/cert.pem"),
    );
    let add = |name: &str, url: &str| {
        let flags = ["--url", url, "--token", &secret, "--ca-cert", &cert];
        run(
            desk.bare(),
            &[&["profile", "add", name], &flags[..]].concat(),
        )
    };
    assert_eq!(add("here", &url).code, 0);
    assert_eq!(add("there", "https://moca.invalid").code, 0);
    assert_eq!(add("wrong", "http://localhost").code, 2);
    let file = desk.home().join(".config/moca/profiles.toml");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let list = run(desk.bare(), &["profile", "list"]);
    let expected = format!("* here  {url}\n  there  https://moca.invalid\n");
    assert_eq!((list.code, list.out.as_str()), (0, expected.as_str()));
    assert_eq!(run(desk.bare(), &["labels", "list"]).code, 0);
    let there = ["labels", "list", "--profile", "there"];
    assert_eq!(run(desk.bare(), &there).code, 7);
    let mut named = desk.bare();
    named.env("MOCA_PROFILE", "there");
    assert_eq!(run(named, &["labels", "list"]).code, 7);
    let mut overridden = desk.bare();
    overridden.env("MOCA_URL", &url);
    assert_eq!(run(overridden, &there).code, 0, "the variable wins");
    assert_eq!(run(desk.bare(), &["profile", "use", "there"]).code, 0);
    assert_eq!(run(desk.bare(), &["labels", "list"]).code, 7);
    assert_eq!(run(desk.bare(), &["profile", "remove", "there"]).code, 0);
    assert_eq!(run(desk.bare(), &["profile", "use", "there"]).code, 2);
    for arguments in [
        &["profile", "list"][..],
        &["labels", "list", "--profile", "here"],
    ] {
        let done = run(desk.bare(), arguments);
        assert_eq!(done.code, 0);
        assert!(!done.out.contains(&token) && !done.err.contains(&token));
    }
}

#[test]
fn a_server_does_not_mind_the_variables_of_the_command_line() {
    let desk = Desk::new();
    let mut command = desk.command();
    command.env("MOCA_PROFILE", "x");
    // It comes as far as the flag, which is the only fault.
    let refused = run(command, &["serve", "--log-format", "xml"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("--log-format"), "{}", refused.err);
    assert!(!refused.err.contains("MOCA_"), "{}", refused.err);
}

#[test]
fn shells_get_a_script_that_they_understand() {
    let home = tempfile::tempdir().unwrap();
    for (shell, word) in [
        ("bash", "complete"),
        ("zsh", "#compdef moca"),
        ("fish", "complete -c moca"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_moca"))
            .args(["completion", shell])
            .output()
            .unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            script.contains(word) && script.contains("campaigns"),
            "{shell}"
        );
        let path = home.path().join(shell);
        fs::write(&path, script).unwrap();
        if shell == "bash" {
            let checked = Command::new("bash").arg("-n").arg(&path).status().unwrap();
            assert!(checked.success());
        }
    }
}
