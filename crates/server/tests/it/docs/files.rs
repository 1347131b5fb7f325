//! The files of `docs/`, as they are read in the repository.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use moca_wire::{fault::FaultCode, problem::Code};

const ERRORS: &str = include_str!("../../../../../docs/errors.md");

#[test]
fn the_error_page_lists_every_code_with_its_status_and_title_in_the_order_of_the_table() {
    let mut rest = ERRORS;
    for code in Code::ALL {
        let heading = format!(
            "## {}\n\n{}: {}.\n",
            code.as_str(),
            code.status(),
            code.title()
        );
        let Some(found) = rest.find(&heading) else {
            panic!("docs/errors.md lacks, at its place in the table:\n{heading}");
        };
        rest = &rest[found + heading.len()..];
        let section = rest.split("\n#").next().unwrap();
        for part in ["\n**When:** ", "\n**What to do:** "] {
            let (_, said) = section
                .split_once(part)
                .unwrap_or_else(|| panic!("docs/errors.md: {} lacks{part}", code.as_str()));
            assert!(said.contains('.'), "{}: a sentence", code.as_str());
        }
    }
    assert_eq!(
        ERRORS.matches("\n## ").count(),
        Code::ALL.len(),
        "docs/errors.md has a code that does not exist"
    );
}

#[test]
fn the_error_page_lists_every_code_inside_errors() {
    let (_, table) = ERRORS.split_once("# Codes inside errors").unwrap();
    let listed: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code)
        .collect();
    let codes: Vec<&str> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, codes);
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../..").canonicalize().unwrap()
}

/// The Markdown files of the repository with their texts.
fn files() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for folder in ["", "docs", "crates/client"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "md") {
                let text = fs::read_to_string(&path).unwrap();
                found.insert(path, text);
            }
        }
    }
    assert!(found.len() > 10, "the files were not found");
    found
}

/// The lines outside of blocks of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("\n```").step_by(2);
    parts.flat_map(str::lines)
}

/// The anchors that GitHub gives the headings of a file.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let words = words.replace(' ', "-");
            words
                .chars()
                .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
                .collect()
        })
        .collect()
}

/// Where the links of a file lead.
fn links(text: &str) -> Vec<&str> {
    let lines = prose(text);
    let after = lines.flat_map(|line| line.split("](").skip(1));
    after.filter_map(|rest| rest.split(')').next()).collect()
}

#[test]
fn every_link_between_files_leads_to_a_file_and_a_heading_that_exist() {
    let files = files();
    let mut followed = 0;
    for (path, text) in &files {
        for link in links(text).into_iter().filter(|link| !link.contains("://")) {
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            let target = target
                .canonicalize()
                .unwrap_or_else(|_| panic!("{}: {link} leads to no file", path.display()));
            if !fragment.is_empty() {
                let known = anchors(&files[&target]);
                assert!(
                    known.contains(fragment),
                    "{}: {link} leads to no heading",
                    path.display()
                );
            }
            followed += 1;
        }
    }
    assert!(followed > 20, "{followed} links");
}

/// The pages whose blocks of shell are run as they stand (`cli/docs.rs`).
const TYPED: [&str; 13] = [
    "audit.md",
    "beacons.md",
    "bulk.md",
    "bundle.md",
    "campaigns.md",
    "cli.md",
    "first-app.md",
    "operations.md",
    "privacy.md",
    "push.md",
    "segments.md",
    "tokens.md",
    "webhooks.md",
];

/// What takes too long for a test, with the file that it builds.
const LONG: [(&str, &str); 2] = [
    ("cargo bench\n", "crates/server/benches/moca/main.rs"),
    (
        "cargo run -p moca-core --example flapping\n",
        "crates/core/examples/flapping.rs",
    ),
];

#[test]
fn every_block_says_what_it_is_and_what_can_be_typed_is_typed_by_a_test() {
    for (path, text) in files() {
        if path.parent() != Some(&root().join("docs")) {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let parts: Vec<&str> = text.split("\n```").collect();
        for block in parts.iter().skip(1).step_by(2) {
            let (language, block) = block.split_once('\n').unwrap();
            let block = format!("{block}\n");
            match language {
                "sh" => {
                    let long = LONG.iter().find(|(command, _)| *command == block);
                    let built = long.is_some_and(|(_, file)| root().join(file).exists());
                    assert!(
                        TYPED.contains(&name) || built,
                        "{name}: no test runs {block}"
                    );
                }
                // SQL is run by the tests of the storage crate.
                "json" | "python" | "js" | "sql" | "text" => {}
                other => {
                    panic!("{name}: a block is {other:?}: say sh, json, python, js, sql or text")
                }
            }
        }
    }
}
