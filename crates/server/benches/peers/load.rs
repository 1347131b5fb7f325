//! What is measured: an import, then each load as fast as it goes and at half of that.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time};

use crate::{
    RUN, RUNS,
    candidate::{Ask, Candidate},
    dice::Dice,
    place::Place,
    wire::Wire,
};

/// Connections at a time.
pub(crate) const CONNECTIONS: usize = 64;
/// Connections of an import.
const IMPORT_CONNECTIONS: usize = 4;

/// A kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    Create,
    Get,
    List,
}

impl Load {
    pub(crate) const ALL: [Self; 3] = [Self::Create, Self::Get, Self::List];

    /// Its part of the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::List => "list 100",
        }
    }
}

/// What a candidate did.
pub(crate) struct Measured {
    /// Places a second.
    pub(crate) imported: f64,
    /// Of each of [`Load::ALL`].
    pub(crate) loads: Vec<OfLoad>,
    /// Bytes of memory at the end.
    pub(crate) memory: u64,
}

/// What a candidate did of one load.
pub(crate) struct OfLoad {
    /// Requests a second, the median of all runs.
    pub(crate) rate: f64,
    /// The time within which 99 of 100 were answered at half of that rate.
    pub(crate) p99: Duration,
}

/// What the requests are made of.
struct Setting {
    load: Load,
    ids: Arc<Vec<String>>,
}

/// Imports all airports, then runs every load.
pub(crate) async fn measure(candidate: &mut Candidate) -> Measured {
    let places = Place::airports();
    let started = Instant::now();
    let ids = Arc::new(import(candidate, &places).await);
    let imported = places.len() as f64 / started.elapsed().as_secs_f64();
    assert_eq!(ids.len(), places.len());
    let mut loads = Vec::new();
    for load in Load::ALL {
        let setting = Setting {
            load,
            ids: ids.clone(),
        };
        eprintln!("  {}", load.name());
        let mut rates = Vec::new();
        for number in 0..RUNS {
            let latencies = run(candidate, &setting, number, None).await;
            rates.push(latencies.len() as f64 / RUN.as_secs_f64());
        }
        rates.sort_by(f64::total_cmp);
        let rate = rates[RUNS / 2];
        let pace = Duration::from_secs_f64(CONNECTIONS as f64 / (rate / 2.0));
        let mut latencies = run(candidate, &setting, RUNS, Some(pace)).await;
        latencies.sort_unstable();
        let p99 = latencies[latencies.len() * 99 / 100];
        loads.push(OfLoad { rate, p99 });
    }
    Measured {
        imported,
        loads,
        memory: candidate.process.memory_bytes(),
    }
}

async fn import(candidate: &Candidate, places: &[Place]) -> Vec<String> {
    let dialect = candidate.dialect;
    let batches: Vec<Ask> = places
        .chunks(dialect.batch_max)
        .map(dialect.create_many)
        .collect();
    let batches = Arc::new(std::sync::Mutex::new(batches));
    let mut tasks = JoinSet::new();
    for _ in 0..IMPORT_CONNECTIONS {
        let mut wire = connect(candidate).await;
        let authorization = candidate.authorization.clone();
        let batches = batches.clone();
        tasks.spawn(async move {
            let mut ids = Vec::new();
            loop {
                let Some(ask) = batches.lock().unwrap().pop() else {
                    return ids;
                };
                let answer = call(&mut wire, &ask, &authorization).await;
                ids.extend((dialect.ids)(&serde_json::from_slice(&answer).unwrap()));
            }
        });
    }
    tasks.join_all().await.concat()
}

/// Runs a load on all connections, each as fast as it is answered or with this time between requests,
/// and gives the times until the answers: with a pace, counted from when a request was due.
async fn run(
    candidate: &Candidate,
    setting: &Setting,
    number: usize,
    pace: Option<Duration>,
) -> Vec<Duration> {
    let mut tasks = JoinSet::new();
    let mut connected = Vec::new();
    for _ in 0..CONNECTIONS {
        connected.push(connect(candidate).await);
    }
    let start = Instant::now();
    for (connection, mut wire) in connected.into_iter().enumerate() {
        let authorization = candidate.authorization.clone();
        let mut dice = Dice::new((number as u64) << 16 | connection as u64);
        let (dialect, load, ids) = (candidate.dialect, setting.load, setting.ids.clone());
        // Paced ones do not all start at once.
        let share = pace.map(|pace| pace.mul_f64(connection as f64 / CONNECTIONS as f64));
        let mut due = start + share.unwrap_or_default();
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            loop {
                match pace {
                    Some(_) => time::sleep_until(due.into()).await,
                    None => due = Instant::now(),
                }
                if due >= start + RUN {
                    return latencies;
                }
                let ask = match load {
                    Load::Create => (dialect.create)(&Place::random(&mut dice)),
                    Load::Get => (dialect.get)(&ids[dice.below(ids.len())]),
                    Load::List => (dialect.list)(dice.below(ids.len() / 100) * 100),
                };
                call(&mut wire, &ask, &authorization).await;
                latencies.push(due.elapsed());
                due += pace.unwrap_or_default();
            }
        });
    }
    tasks.join_all().await.concat()
}

async fn connect(candidate: &Candidate) -> Wire {
    let connected = Wire::connect(candidate.address, &candidate.trust).await;
    connected.unwrap()
}

async fn call(wire: &mut Wire, ask: &Ask, authorization: &str) -> Vec<u8> {
    let reply = wire.call(ask.method, &ask.target, authorization, &ask.body);
    let reply = reply.await.unwrap();
    let told = String::from_utf8_lossy(&reply.body);
    assert!(
        matches!(reply.status, 200 | 201),
        "{} {}: {told}",
        ask.method,
        ask.target
    );
    reply.body
}
