//! What the pipeline tells of itself to Prometheus.

use moca_core::campaign::decide::Verdict;
use prometheus_client::{
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// The label set of [`Metrics::decisions`].
type Outcome = [(&'static str, &'static str); 1];

/// The pipeline's counters, gauges and histograms.
pub struct Metrics {
    /// Events put on disk.
    pub events_accepted: Counter,
    /// Events known by their id already.
    pub events_duplicate: Counter,
    /// Events too old to fire; their crossings were counted.
    pub events_late: Counter,
    /// Group commits.
    pub appends: Counter,
    /// Records of a group commit.
    pub group_records: Histogram,
    /// Rows of the event log not yet decided.
    pub decide_lag_rows: Gauge,
    /// Rows of the event log not yet counted.
    pub count_lag_rows: Gauge,
    /// Rows of the event log that the lists of instances and users do not know yet.
    pub people_lag_rows: Gauge,
    /// Borders crossed.
    pub crossings: Counter,
    /// Decisions by outcome.
    pub decisions: Family<Outcome, Counter>,
    /// Messages put into inboxes.
    pub messages: Counter,
    /// Texts that were sent without their tags, because their values did not go with them.
    pub texts_failed: Counter,
    /// Instances erased.
    pub erasures: Counter,
    /// Push messages by what became of them in the end.
    pub pushes: Family<Outcome, Counter>,
    /// Requests to receivers of webhooks by what came of them.
    pub webhooks: Family<Outcome, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            events_accepted: Counter::default(),
            events_duplicate: Counter::default(),
            events_late: Counter::default(),
            appends: Counter::default(),
            group_records: Histogram::new(exponential_buckets(1.0, 4.0, 8)),
            decide_lag_rows: Gauge::default(),
            count_lag_rows: Gauge::default(),
            people_lag_rows: Gauge::default(),
            crossings: Counter::default(),
            decisions: Family::default(),
            messages: Counter::default(),
            texts_failed: Counter::default(),
            erasures: Counter::default(),
            pushes: Family::default(),
            webhooks: Family::default(),
        }
    }
}

impl Metrics {
    /// Makes the metrics part of what a registry shows.
    pub fn register(&self, registry: &mut Registry) {
        let pipeline = registry.sub_registry_with_prefix("moca_pipeline");
        let mut counter = |name: &str, help: &str, counter: &Counter| {
            pipeline.register(name, help, counter.clone());
        };
        counter(
            "events_accepted",
            "Events put on disk",
            &self.events_accepted,
        );
        counter(
            "events_duplicate",
            "Events known by their id already",
            &self.events_duplicate,
        );
        counter("events_late", "Events too old to fire", &self.events_late);
        counter("appends", "Group commits of the event log", &self.appends);
        counter("crossings", "Borders crossed", &self.crossings);
        counter("messages", "Messages put into inboxes", &self.messages);
        counter(
            "texts_failed",
            "Texts sent without their tags",
            &self.texts_failed,
        );
        counter("erasures", "Instances erased", &self.erasures);
        pipeline.register("decisions", "Decisions by outcome", self.decisions.clone());
        pipeline.register("pushes", "Push messages by outcome", self.pushes.clone());
        pipeline.register(
            "webhooks",
            "Requests to receivers of webhooks by outcome",
            self.webhooks.clone(),
        );
        pipeline.register(
            "group_records",
            "Records of a group commit",
            self.group_records.clone(),
        );
        pipeline.register(
            "decide_lag_rows",
            "Rows of the event log not yet decided",
            self.decide_lag_rows.clone(),
        );
        pipeline.register(
            "count_lag_rows",
            "Rows of the event log not yet counted",
            self.count_lag_rows.clone(),
        );
        pipeline.register(
            "people_lag_rows",
            "Rows of the event log that the lists of instances and users do not know yet",
            self.people_lag_rows.clone(),
        );
    }

    /// Counts one decision.
    pub(crate) fn decided(&self, verdict: &Verdict) {
        self.decisions
            .get_or_create(&[("outcome", outcome(verdict))])
            .inc();
    }
}

fn outcome(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Fired => "fired",
        Verdict::NotRunning { .. } => "not_running",
        Verdict::Disabled => "disabled",
        Verdict::OutsideRecurrence { .. } => "outside_recurrence",
        Verdict::RepeatInterval { .. } => "repeat_interval",
        Verdict::DisplayCap { .. } => "display_cap",
        Verdict::DisplayWait { .. } => "display_wait",
        Verdict::NotInSegment { .. } => "not_in_segment",
        Verdict::Outranked { .. } => "outranked",
        Verdict::HeldOut { .. } => "held_out",
        Verdict::SensitivePlace { .. } => "sensitive_place",
        Verdict::NoConsent { .. } => "no_consent",
    }
}
