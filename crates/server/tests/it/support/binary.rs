//! The program itself, as a process of its own.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use moca_client::Client;

/// A running `moca serve` on free ports. It is killed when this is dropped.
pub(crate) struct Binary {
    child: Child,
    address: SocketAddr,
    data_dir: PathBuf,
}

impl Binary {
    /// Starts a server on this directory and waits until it serves.
    pub(crate) fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, &[])
    }

    /// The same with more flags.
    pub(crate) fn start_with(data_dir: &Path, flags: &[&str]) -> Self {
        let child = Self::command(data_dir)
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self::of(child, data_dir)
    }

    /// Waits until this server serves, which was started with its stdout in a pipe. Nobody reads
    /// that any further.
    pub(crate) fn of(mut child: Child, data_dir: &Path) -> Self {
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let address = wait_until_ready(&mut stdout);
        Self {
            child,
            address,
            data_dir: data_dir.to_owned(),
        }
    }

    /// The command line of a server on free ports, untouched by the settings of whoever runs the
    /// tests.
    pub(crate) fn command(data_dir: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moca"));
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"MOCA_") {
                command.env_remove(name);
            }
        }
        command.arg("serve").arg("--data-dir").arg(data_dir).args([
            "--listen",
            "127.0.0.1:0",
            "--ops-listen",
            "127.0.0.1:0",
            "--log-level",
            "warn",
        ]);
        command
    }

    /// Where the API listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the API.
    pub(crate) fn base_url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Where the server keeps everything.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The certificate that clients have to trust.
    pub(crate) fn ca_path(&self) -> PathBuf {
        self.data_dir.join("tls/cert.pem")
    }

    /// The owner's token, as the first start left it.
    pub(crate) fn token(&self) -> String {
        let text = fs::read_to_string(self.data_dir.join("first-token")).unwrap();
        text.trim().to_owned()
    }

    /// A client of the owner.
    pub(crate) fn client(&self) -> Client {
        Client::builder(&self.base_url())
            .trust_pem(fs::read(self.ca_path()).unwrap())
            .token(self.token())
            .build()
            .unwrap()
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once, as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the process to stop. It may still be at work when this returns.
    pub(crate) fn terminate(&self) {
        // The standard library sends no other signal than SIGKILL.
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.id())])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits until the process has ended.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Stops the process in order, which must succeed.
    pub(crate) fn stop(self) {
        self.terminate();
        let status = self.wait();
        assert!(status.success(), "moca serve ended with {status}");
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // It fails only if the process has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what a starting server prints, up to the last line that every start has.
fn wait_until_ready(stdout: &mut impl BufRead) -> SocketAddr {
    let mut printed = String::new();
    let mut address = None;
    loop {
        let start = printed.len();
        let bytes = stdout.read_line(&mut printed).unwrap();
        assert!(
            bytes > 0,
            "moca serve ended early, having printed:\n{printed}"
        );
        let line = &printed[start..];
        if let Some(rest) = line.strip_prefix("MOCA listens on https://") {
            let end = rest.find(' ').unwrap();
            address = Some(rest[..end].parse().unwrap());
        }
        if line.starts_with("Health and metrics: ") {
            return address.unwrap();
        }
    }
}
