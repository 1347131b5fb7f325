//! Puts defaults, file, environment and flags together; the later one wins.

use std::{ffi::OsString, fmt, fs, path::PathBuf};

use super::{CONFIG_VARIABLE, Config, Key, environment, file};

/// Where settings come from.
#[derive(Debug, Default)]
pub struct Sources {
    /// The file named by a flag.
    pub file: Option<PathBuf>,
    /// The environment.
    pub variables: Vec<(OsString, OsString)>,
    /// Flags that were given: name of the key and value.
    pub flags: Vec<(&'static str, String)>,
}

/// Something wrong in the configuration, with the name of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value for a key.
pub(super) struct Setting {
    pub(super) key: &'static Key,
    /// How the key is called where the value comes from.
    pub(super) named: String,
    pub(super) text: String,
}

/// The configuration, or everything that is wrong with it.
pub fn resolve(sources: Sources) -> Result<Config, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut settings = Vec::new();
    let named_by_variable = sources
        .variables
        .iter()
        .find(|(name, _)| name == CONFIG_VARIABLE)
        .map(|(_, value)| PathBuf::from(value));
    if let Some(path) = sources.file.or(named_by_variable) {
        match fs::read_to_string(&path) {
            Ok(text) => {
                settings.extend(file::read(&path.display().to_string(), &text, &mut faults));
            }
            Err(error) => faults.push(Fault(format!("{}: {error}", path.display()))),
        }
    }
    settings.extend(environment::read(sources.variables, &mut faults));
    for (name, text) in sources.flags {
        if let Some(key) = Key::named(name) {
            let named = format!("--{}", key.flag());
            settings.push(Setting { key, named, text });
        }
    }

    let mut config = Config::default();
    for setting in settings {
        if let Err(expected) = (setting.key.set)(&mut config, &setting.text) {
            faults.push(Fault(format!("{}: expected {expected}", setting.named)));
        }
    }
    if config.tls_cert.is_some() != config.tls_key.is_some() {
        let fault = "tls_cert and tls_key: set both, or neither for a self-signed certificate";
        faults.push(Fault(fault.to_owned()));
    }
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(faults)
    }
}
