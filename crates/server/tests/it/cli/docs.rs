//! Every command of the guides works as it stands.

use std::{fs, os::unix::fs::symlink, process::Command};

use super::{Desk, Done, done};

/// Runs the blocks of a page from top to bottom, on a server that nobody has used.
fn type_in(page: &str) -> Done {
    let desk = Desk::new();
    let blocks: Vec<&str> = page
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect();
    assert!(blocks.len() > 5, "the blocks were not found");
    let script = blocks.join("\n");
    let bin = desk.home().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_moca"), bin.join("moca")).unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("bash");
    // What a command of the desk is given, and what is kept from it.
    for (name, value) in desk.bare().get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(desk.home())
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("SERVER", desk.server.base_url())
        .env("DATA", desk.server.data_dir())
        .output()
        .unwrap();
    let done = done(output);
    assert_eq!(done.code, 0, "{}\n{}", done.out, done.err);
    assert!(!done.out.contains(&desk.server.token()));
    done
}

#[test]
fn the_page_of_the_command_line_can_be_typed() {
    type_in(include_str!("../../../../../docs/cli.md"));
}

#[test]
fn a_first_app_greets_somebody() {
    let done = type_in(include_str!("../../../../../docs/first-app.md"));
    assert!(done.out.contains("¡Bienvenido a la plaza!"), "{}", done.out);
    assert!(done.out.ends_with("Fired\n"), "{}", done.out);
}

#[test]
fn a_fleet_of_beacons_is_made_moved_and_heard_of() {
    let done = type_in(include_str!("../../../../../docs/beacons.md"));
    assert!(done.out.contains("3 \"status\":201"), "{}", done.out);
    let ending = "\"batteryPercent\":81\n";
    assert!(done.out.ends_with(ending), "{}", done.out);
}

#[test]
fn a_token_is_narrowed_changed_and_exchanged() {
    let done = type_in(include_str!("../../../../../docs/tokens.md"));
    assert!(done.out.contains("role_too_low"), "{}", done.out);
    assert!(done.out.contains("not_authenticated"), "{}", done.out);
    let missing = "needs the scope campaigns:read";
    assert!(done.out.contains(missing), "{}", done.out);
    let granted = "\"scope\":\"viewer places:read\"\n";
    assert!(done.out.ends_with(granted), "{}", done.out);
}
