//! What is told of each request: in the log, in the metrics, to its connection.

use std::{sync::Arc, time::Instant};

use http::{Method, StatusCode};
use tokio::sync::OwnedSemaphorePermit;

use super::{connection::Connection, listeners::Listening, metrics::Metrics, routes::Route};

/// What is told of a request when its answer is sent or given up: in the log, in the metrics, to its connection.
pub(super) struct Told {
    pub(super) metrics: Arc<Metrics>,
    pub(super) connection: Arc<Connection>,
    pub(super) method: Method,
    pub(super) route: Route,
    /// The MCP method and the tool.
    pub(super) call: Option<(&'static str, &'static str)>,
    pub(super) label: Option<Arc<str>>,
    pub(super) status: StatusCode,
    pub(super) since: Instant,
    pub(super) permit: Option<OwnedSemaphorePermit>,
    pub(super) listening: Option<Listening>,
}

impl Drop for Told {
    fn drop(&mut self) {
        let duration = self.since.elapsed();
        self.connection.rests();
        self.metrics.answered(self.status.as_u16());
        let (call, tool) = self.call.unwrap_or_default();
        if self.status == StatusCode::OK && self.listening.is_none() && !call.is_empty() {
            self.metrics.called(call, tool, duration);
        }
        // Nothing of what the client sent is logged but what is one of our own names.
        let method = match self.method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::DELETE => "DELETE",
            _ => "other",
        };
        tracing::info!(
            "{method} {} {} {:.1} ms {} {call} {tool}",
            self.route.name(),
            self.status.as_u16(),
            duration.as_secs_f64() * 1e3,
            self.label.as_deref().unwrap_or("-"),
        );
    }
}
