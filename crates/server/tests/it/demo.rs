//! `moca demo`, as a person runs it.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

/// What tells that the demo is over and its server waits.
const STAYS: &str = "The server stays until Ctrl-C.";

#[test]
fn the_demo_agrees_with_its_books_and_its_commands_work_until_it_is_interrupted() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_moca"))
        .args(["demo", "--travellers", "25", "--seed", "7", "--keep"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(demo.stdout.take().unwrap());
    let mut told = String::new();
    for line in out.lines() {
        let line = line.unwrap();
        told.push_str(&line);
        told.push('\n');
        if line == STAYS {
            break;
        }
    }
    let verdict = told
        .lines()
        .find(|line| line.contains("figures of the API"));
    let verdict = verdict.unwrap_or_else(|| panic!("it ended early:\n{told}"));
    assert!(verdict.contains("all agree"), "{told}");

    let lines = || told.lines().map(str::trim);
    let exports: String = lines()
        .filter(|line| line.starts_with("export "))
        .map(|line| format!("{line}\n"))
        .collect();
    let commands: Vec<&str> = lines().filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(commands.len(), 6, "{told}");
    for command in commands {
        let script = format!("{exports}{command} --fail");
        let done = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(done.status.success(), "{command}\n{done:?}");
        let answer: Result<serde_json::Value, _> = serde_json::from_slice(&done.stdout);
        assert!(answer.is_ok(), "{command}\n{done:?}");
    }

    let interrupt = ["-INT", &demo.id().to_string()];
    assert!(
        Command::new("kill")
            .args(interrupt)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(demo.wait().unwrap().code(), Some(0));
}
