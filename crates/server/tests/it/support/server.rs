//! A server of its own for a test.

use std::{fs, net::SocketAddr, path::Path};

use moca_client::Client;
use moca_server::{
    config::Config,
    serve::{self, Running},
};
use tempfile::TempDir;

/// A running server on free ports, with a client of the owner.
pub(crate) struct TestServer {
    /// The server.
    pub(crate) running: Running,
    /// A client with the owner's token.
    pub(crate) client: Client,
    directory: TempDir,
}

/// The configuration of a server on free ports.
pub(crate) fn config(data_dir: &Path) -> Config {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    Config {
        data_dir: data_dir.to_owned(),
        listen: free,
        ops_listen: Some(free),
        ..Config::default()
    }
}

impl TestServer {
    /// Starts a server on an empty directory.
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let running = serve::start(&config(directory.path())).await.unwrap();
        let trust_pem = fs::read(running.trust.as_ref().unwrap()).unwrap();
        let token = running.first_token.as_ref().unwrap();
        let client = Client::builder(&running.base_url())
            .trust_pem(trust_pem)
            .token(token.secret.clone())
            .build()
            .unwrap();
        Self {
            running,
            client,
            directory,
        }
    }

    /// Where the server keeps everything.
    pub(crate) fn data_dir(&self) -> &Path {
        self.directory.path()
    }
}
