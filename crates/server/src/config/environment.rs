//! The environment: `MOCA_` and the key in capitals.

use std::ffi::OsString;

use super::{
    CONFIG_VARIABLE, KEYS,
    resolve::{Fault, Setting},
};
use crate::cli::connection;

/// Variables of this prefix are for us, so one that names no key is a mistake.
const PREFIX: &str = "MOCA_";
/// Except those of the tests, which may surround a server.
const TEST_PREFIX: &str = "MOCA_TEST_";

/// And those of the command line, which a server on the same machine has no use for.
const CLIENT_VARIABLES: [&str; 4] = connection::VARIABLES;

/// The settings among `variables`.
pub(super) fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    faults: &mut Vec<Fault>,
) -> Vec<Setting> {
    let mut ours: Vec<(String, OsString)> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX))
        .filter(|(name, _)| name != CONFIG_VARIABLE && !CLIENT_VARIABLES.contains(&name.as_str()))
        .collect();
    ours.sort();
    let mut settings = Vec::new();
    for (name, value) in ours {
        let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
            faults.push(Fault(format!(
                "{name}: there is no such key; unset the variable"
            )));
            continue;
        };
        match value.into_string() {
            Ok(text) => settings.push(Setting {
                key,
                named: name,
                text,
            }),
            Err(_) => faults.push(Fault(format!("{name}: expected UTF-8"))),
        }
    }
    settings
}
