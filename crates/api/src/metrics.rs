//! What the operations port tells of requests.

use std::sync::atomic::AtomicI64;

use moca_engine::Progress;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// Upper bounds of the latency histogram, seconds.
const LATENCY_S: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// Counters and latencies of requests, by line of the route table.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    latency: Family<Asked, Histogram>,
    pub(crate) in_flight: Gauge<i64, AtomicI64>,
    log_rows: Gauge<i64, AtomicI64>,
    rows_to_decide: Gauge<i64, AtomicI64>,
    rows_to_count: Gauge<i64, AtomicI64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("moca");
        let requests = Family::default();
        let latency: Family<Asked, Histogram> =
            Family::new_with_constructor(|| Histogram::new(LATENCY_S));
        let in_flight = Gauge::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register(
            "http_request_seconds",
            "Seconds from the head of a request to its answer",
            latency.clone(),
        );
        registry.register(
            "http_in_flight",
            "Requests being worked on",
            in_flight.clone(),
        );
        let log_rows = Gauge::default();
        let rows_to_decide = Gauge::default();
        let rows_to_count = Gauge::default();
        registry.register("log_rows", "Rows of the event log", log_rows.clone());
        registry.register(
            "log_rows_to_decide",
            "Rows of the event log the decide stage has not taken in",
            rows_to_decide.clone(),
        );
        registry.register(
            "log_rows_to_count",
            "Rows of the event log the count stage has not taken in",
            rows_to_count.clone(),
        );
        Self {
            registry,
            requests,
            latency,
            in_flight,
            log_rows,
            rows_to_decide,
            rows_to_count,
        }
    }

    /// Notes an answer. `route` is the path of the table, so that ids do not become labels.
    pub(crate) fn record(
        &self,
        method: &'static str,
        route: &'static str,
        status: u16,
        seconds: f64,
    ) {
        let answered = Answered {
            method,
            route,
            status,
        };
        self.requests.get_or_create(&answered).inc();
        let asked = Asked { method, route };
        self.latency.get_or_create(&asked).observe(seconds);
    }

    /// All of it in the text format of Prometheus.
    pub(crate) fn write(&self, progress: Progress) -> Result<String, std::fmt::Error> {
        let behind = |seq: u64| progress.last_seq.saturating_sub(seq) as i64;
        self.log_rows.set(progress.last_seq as i64);
        self.rows_to_decide.set(behind(progress.decided_seq));
        self.rows_to_count.set(behind(progress.counted_seq));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
