//! What is counted, for `/metrics`.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use super::{
    connection::Connections, listeners::Listeners, sessions::Sessions, unread_limit::Unread,
};

/// The media type of the text.
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    method: &'static str,
    tool: &'static str,
}

/// The counters of one daemon.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    calls: Family<Called, Histogram>,
    connections: Gauge,
    pub(super) refused_connections: Counter,
    sessions: Gauge,
    listeners: Gauge,
    unread: Gauge,
}

/// From 0.1 ms to 6.5 s.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(1e-4, 4.0, 9))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("taskhold");
        let requests = Family::default();
        let calls = Family::new_with_constructor(durations as fn() -> Histogram);
        let (connections, sessions, listeners, unread) = Default::default();
        let refused_connections = Counter::default();
        registry.register(
            "requests",
            "Requests, by the status answered",
            requests.clone(),
        );
        registry.register_with_unit(
            "call_duration",
            "Calls, by method and tool, from the whole request to the end of the answer",
            Unit::Seconds,
            calls.clone(),
        );
        registry.register(
            "connections",
            "Open connections",
            Gauge::clone(&connections),
        );
        registry.register(
            "refused_connections",
            "Connections closed because there were too many",
            refused_connections.clone(),
        );
        registry.register("sessions", "Open sessions", Gauge::clone(&sessions));
        registry.register(
            "listeners",
            "Open streams of notifications",
            Gauge::clone(&listeners),
        );
        registry.register_with_unit(
            "unread",
            "What clients have not read yet",
            Unit::Bytes,
            Gauge::clone(&unread),
        );
        Self {
            registry,
            requests,
            calls,
            connections,
            refused_connections,
            sessions,
            listeners,
            unread,
        }
    }
}

impl Metrics {
    pub(super) fn answered(&self, status: u16) {
        self.requests.get_or_create(&Answered { status }).inc();
    }

    pub(super) fn called(&self, method: &'static str, tool: &'static str, duration: Duration) {
        let called = Called { method, tool };
        self.calls
            .get_or_create(&called)
            .observe(duration.as_secs_f64());
    }

    /// Counts what is open now.
    pub(super) fn gauge(
        &self,
        connections: &Connections,
        sessions: &Sessions,
        listeners: &Listeners,
        unread: &Unread,
    ) {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.connections.set(count(connections.count()));
        self.sessions.set(count(sessions.count()));
        self.listeners.set(count(listeners.count()));
        self.unread.set(count(unread.bytes()));
    }

    /// Returns everything in the text format of `OpenMetrics`, which Prometheus reads.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_method_and_tool() {
        let metrics = Metrics::default();
        metrics.called("tools/call", "add_task", Duration::from_millis(2));
        metrics.answered(200);
        let text = metrics.text();
        let line = r#"taskhold_call_duration_seconds_count{method="tools/call",tool="add_task"} 1"#;
        assert!(text.contains(line), "{text}");
        assert!(
            text.contains(r#"taskhold_requests_total{status="200"} 1"#),
            "{text}"
        );
    }
}
