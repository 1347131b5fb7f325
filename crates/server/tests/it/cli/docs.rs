//! Every command of docs/cli.md works as it stands.

use std::{fs, os::unix::fs::symlink, process::Command};

use super::{Desk, done};

const PAGE: &str = include_str!("../../../../../docs/cli.md");

#[test]
fn the_page_can_be_typed_from_top_to_bottom() {
    let desk = Desk::new();
    let blocks: Vec<&str> = PAGE
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
    let mut shell = Command::new("bash");
    for (name, value) in desk.bare().get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let output = shell
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
}
