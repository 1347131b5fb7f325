//! The command line over the API, as a process against a real server.

mod apply;
mod changes;
mod docs;
mod lines;
mod lists;
mod profiles;
mod reports;

use std::{
    env, fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Deserializer, Value};
use tempfile::TempDir;

use crate::support::binary::Binary;

/// A server, and a home for the files of whoever types commands.
pub(crate) struct Desk {
    pub(crate) server: Binary,
    home: TempDir,
    _data: TempDir,
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        Self {
            server: Binary::start(data.path()),
            home: tempfile::tempdir().unwrap(),
            _data: data,
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// A command that knows nothing of a server.
    pub(crate) fn bare(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moca"));
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"MOCA_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.home())
            .env("HOME", self.home())
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    /// A command of the owner.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.bare();
        command
            .env("MOCA_URL", self.server.base_url())
            .env("MOCA_TOKEN", self.server.token())
            .env("MOCA_CA_CERT", self.server.ca_path());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        done(self.command().args(arguments).output().unwrap())
    }

    /// The same with something on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        done(child.wait_with_output().unwrap())
    }

    /// The objects a command prints, which must succeed.
    pub(crate) fn objects(&self, arguments: &[&str]) -> Vec<Value> {
        let done = self.run(arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
        let objects = Deserializer::from_str(&done.out).into_iter();
        objects.map(Result::unwrap).collect()
    }

    /// The one object a command prints, which must succeed.
    pub(crate) fn object(&self, arguments: &[&str]) -> Value {
        let mut objects = self.objects(arguments);
        assert_eq!(objects.len(), 1, "{arguments:?}");
        objects.remove(0)
    }

    /// Writes a file at home.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

pub(crate) fn done(output: Output) -> Done {
    Done {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The text of a field.
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap()
}
