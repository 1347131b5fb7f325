//! The file of profiles: servers and tokens under names of the user's own.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{cli::exit::Misuse, private_file};

/// A server and who calls it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) server: String,
    pub(crate) token: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) ca: Option<PathBuf>,
}

/// All profiles.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profiles {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    r#use: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

impl Profiles {
    /// Reads the file; none is no profiles.
    pub(crate) fn load() -> anyhow::Result<Self> {
        match path() {
            Some(path) => Self::read(&path),
            None => Ok(Self::default()),
        }
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", path.display()));
            }
        };
        // The library's message would show the line, which may hold a token.
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text[..start.min(text.len())].matches('\n').count() + 1;
            Misuse(format!(
                "{} line {line}: {}",
                path.display(),
                error.message()
            ))
            .into()
        })
    }

    /// Writes the file, for its owner's eyes only.
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        let path = path().ok_or_else(|| {
            Misuse("set HOME or XDG_CONFIG_HOME: profiles are kept below it".to_owned())
        })?;
        if let Some(folder) = path.parent() {
            private_file::make_directory(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        let text = toml::to_string(self)?;
        private_file::write(&path, text.as_bytes())
            .with_context(|| format!("{} cannot be written", path.display()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    pub(crate) fn in_use(&self) -> Option<&Profile> {
        self.get(self.r#use.as_deref()?)
    }

    /// Name, profile, and whether it is the one in use.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Profile, bool)> {
        let chosen = self.r#use.as_deref();
        let all = self.profiles.iter();
        all.map(move |(name, profile)| (name.as_str(), profile, chosen == Some(name)))
    }

    /// Keeps a profile; the first one is used.
    pub(crate) fn put(&mut self, name: &str, profile: Profile) {
        self.profiles.insert(name.to_owned(), profile);
        self.r#use.get_or_insert_with(|| name.to_owned());
    }

    /// Uses a profile, if it is there.
    pub(crate) fn choose(&mut self, name: &str) -> bool {
        let known = self.profiles.contains_key(name);
        if known {
            self.r#use = Some(name.to_owned());
        }
        known
    }

    /// Forgets a profile, if it is there.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        if self.r#use.as_deref() == Some(name) {
            self.r#use = None;
        }
        self.profiles.remove(name).is_some()
    }
}

/// Where the file is, by the XDG base directory rules.
fn path() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(folder.join("moca/profiles.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_file_is_named_without_the_token_on_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("profiles.toml");
        fs::write(&path, "[profiles.a]\nserver = \"s\"\ntoken = hunter2\n").unwrap();
        let refused = Profiles::read(&path).err().unwrap().to_string();
        assert!(refused.contains("line 3"), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}
