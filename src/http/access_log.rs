//! Access log and per-request metrics, written when the response ends.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Method, StatusCode};
use parking_lot::Mutex;

use super::{
    connection::Connection, listeners::Listening, metrics::Metrics, routes::Route,
    token_shares::Share, unread_limit::Unread,
};
use crate::mcp::Principal;

/// How many lines are written of requests that were not let in, in each [`WHILE`]. The rest is counted.
const LINES: u64 = 20;
const WHILE: Duration = Duration::from_mins(1);

/// One request's line in the log and its metrics, written when the response is sent or given up.
pub(super) struct AccessRecord {
    pub(super) metrics: Arc<Metrics>,
    pub(super) is_logged: bool,
    pub(super) unread: Arc<Unread>,
    pub(super) strangers: Arc<Strangers>,
    pub(super) connection: Arc<Connection>,
    pub(super) method: Method,
    pub(super) route: Route,
    /// The MCP method and the tool.
    pub(super) call: Option<(&'static str, &'static str)>,
    /// Who was let in; `None` if nobody was.
    pub(super) principal: Option<Principal>,
    pub(super) status: StatusCode,
    pub(super) since: Instant,
    /// Of the calls.
    pub(super) share: Option<Arc<Share>>,
    pub(super) listening: Option<Listening>,
}

impl AccessRecord {
    /// Some bytes of the answer are handed over to the connection.
    pub(super) fn gives(&self, bytes: usize) {
        if let Some(principal) = &self.principal {
            let token = principal.token_hash;
            self.connection.gives(&self.unread, token, bytes);
        }
    }
}

impl Drop for AccessRecord {
    fn drop(&mut self) {
        let duration = self.since.elapsed();
        self.connection.rests();
        self.metrics.answered(self.status.as_u16());
        let (call, tool) = self.call.unwrap_or_default();
        if self.status == StatusCode::OK && self.listening.is_none() && !call.is_empty() {
            self.metrics.called(call, tool, duration);
        }
        if !self.is_logged || (self.principal.is_none() && !self.strangers.may_tell()) {
            return;
        }
        // Nothing of what the client sent is logged but what is one of our own names.
        let method = match self.method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::DELETE => "DELETE",
            _ => "other",
        };
        let label = self.principal.as_ref();
        tracing::info!(
            "{method} {} {} {:.1} ms {} {call} {tool}",
            self.route.name(),
            self.status.as_u16(),
            duration.as_secs_f64() * 1e3,
            label.and_then(|one| one.label.as_deref()).unwrap_or("-"),
        );
    }
}

/// Keeps those who are not let in from filling the log.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<LineBudget>);

/// Lines since some instant.
#[derive(Debug, Default)]
struct LineBudget {
    since: Option<Instant>,
    written: u64,
    left_out: u64,
}

impl Strangers {
    /// Counts a request. Reports whether a line may be written of it.
    fn may_tell(&self) -> bool {
        let mut lines = self.0.lock();
        lines.since.get_or_insert_with(Instant::now);
        let may_tell = lines.written < LINES;
        if may_tell {
            lines.written += 1;
        } else {
            lines.left_out += 1;
        }
        may_tell
    }

    /// Begins anew when it is time, and says how many requests no line was written of.
    pub(super) fn sum_up(&self) {
        let mut lines = self.0.lock();
        if lines.since.is_some_and(|since| since.elapsed() >= WHILE) {
            lines.tell_left_out();
            *lines = LineBudget::default();
        }
    }
}

impl LineBudget {
    fn tell_left_out(&self) {
        if self.left_out > 0 {
            tracing::info!("{} more requests that were not let in", self.left_out);
        }
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        self.0.lock().tell_left_out();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_who_are_not_let_in_few_lines_are_written() {
        let strangers = Strangers::default();
        let told = (0..100).filter(|_| strangers.may_tell()).count();
        assert_eq!(told as u64, LINES);
        let before = Instant::now().checked_sub(WHILE);
        strangers.0.lock().since = before;
        strangers.sum_up();
        assert_eq!(strangers.may_tell(), before.is_some());
    }
}
