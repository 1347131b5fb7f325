//! The invariants of `ARCHITECTURE.md`, checked by reading the manifests and the tree.

#![expect(clippy::unwrap_used, reason = "tests")]

mod source;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use source::Source;

/// Which crates of ours a crate may use; nothing points back.
const DIRECTION: [(&str, &[&str]); 7] = [
    ("core", &[]),
    ("wire", &["core"]),
    ("storage", &["core"]),
    ("engine", &["core", "wire", "storage"]),
    ("api", &["core", "wire", "storage", "engine"]),
    ("client", &["core", "wire"]),
    (
        "server",
        &["core", "wire", "storage", "engine", "api", "client"],
    ),
];

/// All that the core may be built on: no runtime, database, HTTP or logging among it.
const CORE_BUILT_ON: [&str; 13] = [
    "base64",
    "geographiclib-rs",
    "jiff",
    "minijinja",
    "regex",
    "roaring",
    "robust",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
    "unicode-normalization",
    "uuid",
];

/// Packages in the lock file: every one is to be compiled, audited and updated.
const PACKAGES_MAX: usize = 400;

/// Lines of a source file: a longer one has more than one purpose.
const FILE_LINES_MAX: usize = 600;

/// Files that read a clock only to measure how long something took, for the metrics and for people.
const STOPWATCHES: [&str; 2] = ["api/src/dispatch.rs:", "engine/src/webhooks/send.rs:"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The names in a table of a crate's manifest.
fn dependencies(name: &str, table: &str) -> Vec<String> {
    let manifest = read(&root().join("crates").join(name).join("Cargo.toml"));
    let manifest: toml::Table = manifest.parse().unwrap();
    let named = manifest.get(table).and_then(toml::Value::as_table);
    named.map_or_else(Vec::new, |named| named.keys().cloned().collect())
}

/// All Rust files below `crates/`, by their path from there.
fn sources() -> BTreeMap<String, String> {
    let crates = root().join("crates");
    let mut found = BTreeMap::new();
    let mut folders = vec![crates.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(&crates).unwrap().display().to_string();
                found.insert(name, read(&path));
            }
        }
    }
    assert!(found.len() > 100, "the tree was not found");
    found
}

/// Where the code of one of the crates contains one of the words, as `file:line word`.
fn mentions(crates: &[&str], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, file) in sources() {
        if !crates
            .iter()
            .any(|one| name.starts_with(&format!("{one}/")))
        {
            continue;
        }
        for (index, line) in Source::parse(&file).code.lines().enumerate() {
            let here = words.iter().filter(|word| line.contains(**word));
            found.extend(here.map(|word| format!("{name}:{} {word}", index + 1)));
        }
    }
    found
}

const NOTHING: [String; 0] = [];

#[test]
fn the_core_is_built_on_nothing_that_does_io() {
    for name in dependencies("core", "dependencies") {
        assert!(
            CORE_BUILT_ON.contains(&name.as_str()),
            "moca-core depends on {name}: argue for it and list it here"
        );
    }
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let mut folders: Vec<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort_unstable();
    let mut known: Vec<&str> = DIRECTION.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(folders, known);
    for (name, may) in DIRECTION {
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for used in dependencies(name, table) {
                let Some(ours) = used.strip_prefix("moca-") else {
                    continue;
                };
                assert!(
                    may.contains(&ours),
                    "moca-{name} must not use {used} ({table})"
                );
            }
        }
    }
}

#[test]
fn sql_is_written_in_storage_only() {
    let mut found = Vec::new();
    for (name, file) in sources() {
        if name.starts_with("storage/") || !name.contains("/src/") {
            continue;
        }
        for (line, text) in Source::parse(&file).texts {
            let sql = [
                "SELECT ",
                "INSERT INTO",
                "DELETE FROM",
                "UPDATE ",
                "CREATE TABLE",
            ];
            if sql.iter().any(|word| text.contains(word)) {
                found.push(format!("{name}:{line}"));
            }
        }
    }
    assert_eq!(found, NOTHING);
    for (name, _) in DIRECTION.iter().filter(|(name, _)| *name != "storage") {
        for used in dependencies(name, "dependencies") {
            let is_database = ["rusqlite", "tokio-postgres", "deadpool-postgres", "fjall"]
                .contains(&used.as_str());
            assert!(!is_database, "moca-{name} must not use {used}");
        }
    }
}

#[test]
fn only_the_client_and_the_engine_go_out_to_the_network() {
    let goes_out = ["client", "engine"];
    for (name, _) in DIRECTION
        .iter()
        .filter(|(name, _)| !goes_out.contains(name))
    {
        for table in ["dependencies", "dev-dependencies"] {
            assert!(
                !dependencies(name, table).contains(&"reqwest".to_owned()),
                "moca-{name} must use moca-client"
            );
        }
    }
}

#[test]
fn time_is_a_parameter_below_the_server() {
    let clocks = [
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "ZonedDateTime::now",
    ];
    let crates = ["core/src", "storage/src", "engine/src", "api/src"];
    let mut found = mentions(&crates, &clocks);
    found.retain(|place| !STOPWATCHES.iter().any(|file| place.starts_with(file)));
    assert_eq!(found, NOTHING);
}

#[test]
fn the_api_starts_no_background_work() {
    let starts = [
        "tokio::spawn",
        "task::spawn(",
        "spawn_local",
        "thread::spawn",
        "JoinSet",
    ];
    assert_eq!(mentions(&["api/src"], &starts), NOTHING);
}

#[test]
fn no_test_is_ignored_and_none_waits_for_time_to_pass() {
    let all: Vec<&str> = DIRECTION.iter().map(|(name, _)| *name).collect();
    assert_eq!(mentions(&all, &["#[ignore", "thread::sleep"]), NOTHING);
}

#[test]
fn no_file_is_too_long() {
    for (name, file) in sources() {
        let lines = file.lines().count();
        assert!(
            lines <= FILE_LINES_MAX,
            "{name} has {lines} lines: split it by purpose"
        );
    }
}

#[test]
fn the_lock_stays_small() {
    let lock: toml::Table = read(&root().join("Cargo.lock")).parse().unwrap();
    let packages = lock["package"].as_array().unwrap().len();
    assert!(packages < PACKAGES_MAX, "{packages} packages");
}

#[test]
fn every_limit_is_enforced_somewhere() {
    let mut sources = sources();
    let limits = Source::parse(&sources.remove("core/src/limits.rs").unwrap()).code;
    let names = limits
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let code: Vec<String> = sources
        .iter()
        .filter(|(name, _)| name.contains("/src/"))
        .map(|(_, file)| Source::parse(file).code)
        .collect();
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let unused: Vec<&str> = names
        .filter(|name| {
            !code
                .iter()
                .any(|file| file.split(|c| !is_word(c)).any(|word| word == *name))
        })
        .collect();
    assert!(
        unused.is_empty(),
        "limits that nothing enforces: {unused:?}"
    );
}
