//! The running server: opens the stores, serves both ports, and stops in order.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use axum::Router;
use axum_server::{Handle, Server};
use moca_api::{ApiState, Settings, ops_router, router, seal::Sealer};
use moca_core::clock::{Clock, Random};
use moca_engine::{
    Engine,
    push::{PushSettings, Pusher},
    webhooks::{Sender, Teller, WebhookSettings},
    workers::{imports::Importer, replays::Replayer},
};
use moca_storage::control::{AuditKeys, Control};
use tokio::task::JoinHandle;

use crate::{
    config::Config,
    data_dir::{self, DataDirLock},
    first_run::{self, FirstToken},
    http_limits, key_check,
    system::{SystemClock, SystemRandom},
    tls::{self, TlsAcceptor},
};

/// A server that takes requests; [`Running::shutdown`] ends it.
pub struct Running {
    /// The address of the API, with the port that was taken.
    pub address: SocketAddr,
    /// The address of health and metrics.
    pub ops_address: Option<SocketAddr>,
    /// What a client has to trust, if the certificate is self-signed.
    pub trust: Option<PathBuf>,
    /// What the first start made, if this is it.
    pub first_token: Option<FirstToken>,
    engine: Engine,
    state: ApiState,
    handle: Handle<SocketAddr>,
    api: JoinHandle<std::io::Result<()>>,
    helpers: Vec<JoinHandle<()>>,
    drain: Duration,
    // Last, so that no other server starts before this one is done.
    _lock: DataDirLock,
}

/// Starts a server. It serves when this returns.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let lock = data_dir::lock(&config.data_dir)?;
    let listener = bind(config.listen)?;
    let ops_listener = config.ops_listen.map(bind).transpose()?;
    let address = listener.local_addr()?;
    let ops_address = ops_listener
        .as_ref()
        .map(TcpListener::local_addr)
        .transpose()?;
    let tls = tls::open(config, clock.as_ref())?;

    let control = Control::open(&config.control_url())
        .await
        .context("the control store cannot be opened")?
        .with_quotas(config.quotas.clone());
    let fresh = first_run::is_fresh(&control).await?;
    let key_file = config.secret_key_file();
    let key = data_dir::secret_key(&key_file, fresh, random.as_ref())?;
    let sealer = Sealer::new(&key);
    key_check::check(&control, &sealer, random.as_ref(), &key_file).await?;
    let control = control.with_keys(AuditKeys::of(&key));
    let first_token =
        first_run::make(&control, &config.data_dir, clock.as_ref(), random.as_ref()).await?;
    control
        .begin_audit(clock.now_ms())
        .await
        .context("the audit log cannot be begun")?;
    let engine = Engine::start(
        &config.data_dir,
        control.clone(),
        clock.clone(),
        random.clone(),
    )
    .await
    .context("the event pipeline cannot be started")?;
    let importer = Importer::new(&engine, control.clone(), clock.clone(), random.clone());
    let replayer = Replayer::new(&engine, control.clone(), clock.clone());
    let pusher = Pusher::new(
        &engine,
        control.clone(),
        clock.clone(),
        random.clone(),
        Sealer::new(&key),
        push_settings(config)?,
    )
    .context("the certificates of push_trust cannot be used")?;
    let sender = Sender::new(
        &webhook_settings(config)?,
        Sealer::new(&key),
        clock.clone(),
        random.clone(),
    )
    .context("the certificates of webhook_trust cannot be used")?;
    let sender = Arc::new(sender);
    let teller = Teller::new(
        &engine,
        control.clone(),
        clock.clone(),
        random.clone(),
        sender.clone(),
    );
    let settings = Settings {
        in_flight_max: config.in_flight_max,
        console_origins: config.console_origins.clone(),
        rates: config.rates,
        ..Settings::default()
    };
    let state = ApiState::new(
        control,
        engine.clone(),
        clock.clone(),
        random.clone(),
        sealer,
        sender,
        settings,
    );

    let handle = Handle::new();
    let acceptor = TlsAcceptor::new(tls.certificate.clone(), clock.clone(), random);
    let trust = tls.trust.clone();
    let api = serve_api(listener, acceptor, handle.clone(), router(state.clone()))?;
    let mut helpers = vec![
        tokio::spawn(tls::watch(tls, config.clone(), clock)),
        tokio::spawn(importer.run()),
        tokio::spawn(pusher.run()),
        tokio::spawn(teller.run()),
        tokio::spawn(replayer.run()),
    ];
    if let Some(listener) = ops_listener {
        helpers.push(serve_ops(
            listener,
            ops_router(state.clone(), base_url(address)),
        )?);
    }
    Ok(Running {
        address,
        ops_address,
        trust,
        first_token,
        engine,
        state,
        handle,
        api,
        helpers,
        drain: Duration::from_millis(config.shutdown_ms),
        _lock: lock,
    })
}

impl Running {
    /// The URL of the API on this machine.
    pub fn base_url(&self) -> String {
        base_url(self.address)
    }

    /// Takes no more connections, lets the requests under way finish, works off what was
    /// acknowledged, and closes the stores.
    pub async fn shutdown(self) -> anyhow::Result<()> {
        self.state.stop_waiting();
        self.handle.graceful_shutdown(Some(self.drain));
        self.api.await.context("the API's task failed")??;
        for helper in self.helpers {
            helper.abort();
            // It answers that it was aborted. What it held of the stores is given back then.
            let _ = helper.await;
        }
        self.engine
            .shutdown()
            .await
            .context("the event pipeline did not stop in order")
    }
}

fn push_settings(config: &Config) -> anyhow::Result<PushSettings> {
    Ok(PushSettings {
        trusted_pem: trusted(config.push_trust.as_deref())?,
        ..config.push.clone()
    })
}

fn webhook_settings(config: &Config) -> anyhow::Result<WebhookSettings> {
    Ok(WebhookSettings {
        trusted_pem: trusted(config.webhook_trust.as_deref())?,
        ..config.webhooks.clone()
    })
}

fn trusted(file: Option<&Path>) -> anyhow::Result<Option<Vec<u8>>> {
    let read = |file: &Path| {
        std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
    };
    file.map(read).transpose()
}

fn base_url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() || address.ip().is_loopback() {
        format!("https://localhost:{}", address.port())
    } else {
        format!("https://{address}")
    }
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .with_context(|| format!("the address {address} cannot be listened on"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn serve_api(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handle: Handle<SocketAddr>,
    router: Router,
) -> anyhow::Result<JoinHandle<std::io::Result<()>>> {
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .handle(handle)
        .first_request_timeout(http_limits::FIRST_REQUEST)
        .accept_error_handler(|_, error| tracing::debug!(%error, "a connection was not accepted"));
    http_limits::apply(server.http_builder());
    Ok(tokio::spawn(server.serve(router.into_make_service())))
}

fn serve_ops(listener: TcpListener, router: Router) -> anyhow::Result<JoinHandle<()>> {
    let mut server: Server<SocketAddr> = axum_server::from_tcp(listener)?;
    http_limits::apply(server.http_builder());
    Ok(tokio::spawn(async move {
        if let Err(error) = server.serve(router.into_make_service()).await {
            tracing::error!(%error, "the operations port stopped");
        }
    }))
}
