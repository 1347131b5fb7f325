//! A whole installation in the process: real stores, real engine, real router; the clock and the
//! random numbers are the test's.

pub(crate) mod binary;
pub(crate) mod description;
pub(crate) mod dice;
pub(crate) mod keys;
pub(crate) mod objects;
pub(crate) mod request;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod team;
pub(crate) mod walk;
pub(crate) mod wire;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use axum::Router;
use moca_api::{ApiState, Settings, ops_router, router, seal::Sealer, secret};
use moca_core::{
    account::{
        Account, AccountConfig, AccountLimits, Member, MemberConfig, Role, Token, TokenConfig,
    },
    clock::{Clock, Random, new_id},
    id::{AccountId, Id, MemberId},
    privacy::Privacy,
    resource::Frame,
};
use moca_engine::{
    Engine,
    push::{PushSettings, Pusher},
    webhooks::{Sender, Teller, WebhookSettings},
    workers::{imports::Importer, replays::Replayer},
};
use moca_storage::control::{AuditKeys, Control};
use tempfile::TempDir;

/// The URL of the API, as the operations port names it.
pub(crate) const API_URL: &str = "https://localhost";
/// The moment at which tests start: 2026-01-05T12:00:00Z, a Monday.
pub(crate) const NOON: i64 = 1_767_614_400_000;

/// A clock that only the test moves.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// SplitMix64 from a fixed seed.
struct SeededRandom(Mutex<u64>);

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap();
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A running installation.
pub(crate) struct Installation {
    pub(crate) state: ApiState,
    pub(crate) clock: Arc<ManualClock>,
    router: Router,
    operations: Router,
    counter: AtomicU64,
    directory: TempDir,
}

/// An account with its owner.
#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) account_id: AccountId,
    pub(crate) member_id: MemberId,
    /// The owner's token.
    pub(crate) token: String,
}

fn sender(
    settings: &WebhookSettings,
    clock: &Arc<ManualClock>,
    random: &Arc<dyn Random>,
) -> Arc<Sender> {
    let sealer = Sealer::new(&[9; 32]);
    let (clock, random) = (clock.clone(), random.clone());
    Arc::new(Sender::new(settings, sealer, clock, random).unwrap())
}

impl Installation {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::with_webhooks(settings, &WebhookSettings::default()).await
    }

    /// One whose API sends tests of webhooks so.
    pub(crate) async fn with_webhooks(settings: Settings, webhooks: &WebhookSettings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("control.db").display());
        Self::of(directory, &url, 7, settings, webhooks).await
    }

    /// One of several, each with a number of its own, whose control store is there.
    pub(crate) async fn on(url: &str, number: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let webhooks = WebhookSettings::default();
        Self::of(directory, url, number, Settings::default(), &webhooks).await
    }

    async fn of(
        directory: TempDir,
        url: &str,
        seed: u64,
        settings: Settings,
        webhooks: &WebhookSettings,
    ) -> Self {
        let clock = Arc::new(ManualClock(AtomicI64::new(NOON)));
        let random: Arc<dyn Random> = Arc::new(SeededRandom(Mutex::new(seed)));
        let control = Control::open(url).await.unwrap();
        let control = control.with_keys(AuditKeys::of(&[9; 32]));
        let data = directory.path();
        let engine = Engine::start(data, control.clone(), clock.clone(), random.clone())
            .await
            .unwrap();
        let sealer = Sealer::new(&[9; 32]);
        let sender = sender(webhooks, &clock, &random);
        let clock_of_api: Arc<dyn Clock> = clock.clone();
        let state = ApiState::new(
            control,
            engine,
            clock_of_api,
            random,
            sealer,
            sender,
            settings,
        );
        Self {
            router: router(state.clone()),
            operations: ops_router(state.clone(), API_URL.to_owned()),
            state,
            clock,
            counter: AtomicU64::new(0),
            directory,
        }
    }

    /// Takes in all files that wait; here nothing does so by itself.
    pub(crate) async fn import_all(&self) {
        self.importer().work_off().await.unwrap();
    }

    /// Whoever takes files in.
    pub(crate) fn importer(&self) -> Importer {
        let (control, clock) = (self.state.control.clone(), self.clock.clone());
        let random = self.state.random.clone();
        Importer::new(&self.state.engine, control, clock, random)
    }

    /// Whoever runs replays; here nothing does so by itself.
    pub(crate) fn replayer(&self) -> Replayer {
        let (control, clock) = (self.state.control.clone(), self.clock.clone());
        Replayer::new(&self.state.engine, control, clock)
    }

    /// Whoever sends notifications; here nothing does so by itself.
    pub(crate) fn pusher(&self, settings: PushSettings) -> Pusher {
        let (control, clock) = (self.state.control.clone(), self.clock.clone());
        let random = self.state.random.clone();
        let sealer = Sealer::new(&[9; 32]);
        Pusher::new(&self.state.engine, control, clock, random, sealer, settings).unwrap()
    }

    /// Whoever tells webhooks what happens; here nothing does so by itself.
    pub(crate) fn teller(&self, settings: &WebhookSettings) -> Teller {
        let (control, clock) = (self.state.control.clone(), self.clock.clone());
        let random = self.state.random.clone();
        let sender = sender(settings, &self.clock, &random);
        Teller::new(&self.state.engine, control, clock, random, sender)
    }

    /// Where the stores and files are.
    pub(crate) fn data_dir(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// A number not given before: names that must be unique are made of it.
    pub(crate) fn unique(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::SeqCst)
    }

    /// An account with an owner, made behind the API's back as the first start does.
    pub(crate) async fn tenant(&self, operator: bool) -> Tenant {
        let account_id = AccountId(self.new_id());
        let member_id = MemberId(self.new_id());
        let mut tx = self.state.control.write().await.unwrap();
        tx.insert(&Account {
            frame: self.frame(account_id, account_id.0),
            operator,
            config: AccountConfig {
                name: format!("Account {}", self.unique()),
                time_zone: "UTC".into(),
                cors_origins: vec!["https://shop.example".into()],
                privacy: Privacy::default(),
            },
            limits: AccountLimits::default(),
        })
        .await
        .unwrap();
        tx.insert(&Member {
            frame: self.frame(account_id, member_id.0),
            config: MemberConfig {
                name: "Owner".into(),
                email: None,
                role: Role::Owner,
            },
        })
        .await
        .unwrap();
        let token = secret::new_token(self.state.random.as_ref());
        tx.insert(&Token {
            frame: self.frame(account_id, self.new_id()),
            member_id,
            secret_hash: secret::hash(&token),
            parent_id: None,
            last_used_at: None,
            config: TokenConfig {
                name: "first".into(),
                expires_at: None,
                role: None,
                scopes: None,
            },
        })
        .await
        .unwrap();
        tx.commit().await.unwrap();
        Tenant {
            account_id,
            member_id,
            token,
        }
    }

    fn new_id(&self) -> Id {
        new_id(self.clock.now_ms(), self.state.random.as_ref())
    }

    fn frame(&self, account_id: AccountId, id: Id) -> Frame {
        let now_ms = self.clock.now_ms();
        Frame {
            account_id,
            id,
            created_at: now_ms,
            updated_at: now_ms,
            revision: 1,
        }
    }
}
