//! What the operations port tells of requests.

use std::sync::atomic::AtomicI64;

use moca_engine::Engine;
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
    in_flight: Gauge<i64, AtomicI64>,
    /// Those who wait for messages.
    pub(crate) waiting: Gauge<i64, AtomicI64>,
}

/// A request being worked on; until it is dropped, however its work ends.
pub(crate) struct InFlight<'a>(&'a Metrics);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
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
    pub(crate) fn new(engine: &Engine) -> Self {
        let mut whole = Registry::default();
        engine.metrics().register(&mut whole);
        let registry = whole.sub_registry_with_prefix("moca_http");
        let requests = Family::default();
        let latency: Family<Asked, Histogram> =
            Family::new_with_constructor(|| Histogram::new(LATENCY_S));
        let in_flight = Gauge::default();
        registry.register("requests", "Requests answered", requests.clone());
        registry.register(
            "request_seconds",
            "Seconds from the head of a request to its answer",
            latency.clone(),
        );
        registry.register("in_flight", "Requests being worked on", in_flight.clone());
        let waiting = Gauge::default();
        registry.register(
            "waiting",
            "Devices that wait for messages, by long poll or stream",
            waiting.clone(),
        );
        Self {
            registry: whole,
            requests,
            latency,
            in_flight,
            waiting,
        }
    }

    /// Counts a request as being worked on.
    pub(crate) fn enter(&self) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight(self)
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
    pub(crate) fn write(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
