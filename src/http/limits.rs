//! What one daemon takes on: every limit there is, with its default.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// The limits of a daemon. [`Limits::set`] changes one by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, of which one token may have three quarters. When there is no room, the oldest that has not
    /// proved itself makes way.
    pub connections: usize,
    /// Bytes of a request's line and headers.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// How long a head may take to arrive.
    pub head_time: Duration,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_time: Duration,
    /// Calls being answered at once, of which one token may have three quarters.
    pub calls: usize,
    /// How long a client may take to read an answer that is no stream.
    pub answer_time: Duration,
    /// How long a connection is kept between two requests.
    pub keep_alive: Duration,
    /// Sessions at once, of clients that need one (protocol versions up to 2025-11-25). When there is no room, one that
    /// is unused makes way.
    pub sessions: usize,
    /// How long a session is kept while nothing of it is open or asked.
    pub session_time: Duration,
    /// Open streams of notifications at once, for each token.
    pub listeners: usize,
    /// Resources that one session or stream may watch.
    pub subscriptions: usize,
    /// Bytes that the clients of one token have not read yet. When there are more, the oldest are given up.
    pub unread_bytes: usize,
    /// Wrong tokens a second that are answered with 401; more are answered with 429.
    pub wrong_tokens: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            head_bytes: 16 * 1024,
            headers: 64,
            head_time: Duration::from_secs(5),
            body_bytes: 1024 * 1024,
            body_time: Duration::from_secs(10),
            calls: 512,
            answer_time: Duration::from_secs(30),
            keep_alive: Duration::from_mins(1),
            sessions: 256,
            session_time: Duration::from_mins(30),
            listeners: 512,
            subscriptions: 4_096,
            unread_bytes: 8 * 1024 * 1024,
            wrong_tokens: 5,
        }
    }
}

/// A limit that cannot be set so.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message names what its fields hold")]
pub enum LimitError {
    /// There is no limit of that name.
    #[error("there is no limit \"{name}\"; there are {}", NAMES.join(", "))]
    Unknown { name: String },
    /// The value does not fit the limit.
    #[error("{name}={value}: {expected}")]
    Value {
        name: &'static str,
        value: String,
        expected: &'static str,
    },
}

/// The names of all limits, as [`Limits::set`] takes them.
pub const NAMES: [&str; 15] = [
    "connections",
    "head-bytes",
    "headers",
    "head-time",
    "body-bytes",
    "body-time",
    "calls",
    "answer-time",
    "keep-alive",
    "sessions",
    "session-time",
    "listeners",
    "subscriptions",
    "unread-bytes",
    "wrong-tokens",
];

/// Reads a time such as `90s`, `30m`, `1h 30m` or `1 day`, which is longer than none; `None` for anything else, and for
/// months and years, whose length varies.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let span: Span = text.trim().parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(duration)
        .ok()
        .filter(|duration| !duration.is_zero())
}

impl Limits {
    /// Sets the limit `name` from text: a whole number, or a time such as `30s`, `5m` or `1h`.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), LimitError> {
        let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
            let name = name.to_owned();
            return Err(LimitError::Unknown { name });
        };
        let wrong = |expected| LimitError::Value {
            name,
            value: value.to_owned(),
            expected,
        };
        let number = |least: usize, expected| {
            let number = value.parse().ok().filter(|number| *number >= least);
            number.ok_or_else(|| wrong(expected))
        };
        let count = || number(1, "give a whole number from 1");
        // Below it the HTTP library has no buffer to read into.
        let bytes = || number(8 * 1024, "give a number of bytes from 8192");
        let time =
            || parse_duration(value).ok_or_else(|| wrong("give a time, such as 30s, 5m or 1h"));
        match name {
            "connections" => self.connections = count()?,
            "head-bytes" => self.head_bytes = bytes()?,
            "headers" => self.headers = count()?,
            "head-time" => self.head_time = time()?,
            "body-bytes" => self.body_bytes = bytes()?,
            "body-time" => self.body_time = time()?,
            "calls" => self.calls = count()?,
            "answer-time" => self.answer_time = time()?,
            "keep-alive" => self.keep_alive = time()?,
            "sessions" => self.sessions = count()?,
            "session-time" => self.session_time = time()?,
            "listeners" => self.listeners = count()?,
            "subscriptions" => self.subscriptions = count()?,
            "unread-bytes" => self.unread_bytes = bytes()?,
            _ => {
                self.wrong_tokens =
                    u32::try_from(count()?).map_err(|_| wrong("give a smaller number"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_can_be_set_by_its_name() {
        for name in NAMES {
            let mut limits = Limits::default();
            let value = if name.ends_with("time") || name == "keep-alive" {
                "7s"
            } else {
                "9999"
            };
            limits.set(name, value).unwrap();
            assert_ne!(limits, Limits::default(), "{name}");
            assert!(limits.set(name, "none").is_err(), "{name}");
            assert!(limits.set(name, "0").is_err(), "{name}");
        }
    }

    #[test]
    fn a_time_is_read_as_people_write_it() {
        for (text, seconds) in [
            ("90s", 90),
            ("30m", 1800),
            ("30 min", 1800),
            ("1h", 3600),
            ("1h 30m", 5400),
            ("1h30m", 5400),
            (" 2 hours ", 7200),
            ("1d", 86400),
            ("1 week", 604_800),
        ] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(parse_duration(text), Some(duration), "{text}");
        }
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        for text in [
            "",
            "30",
            "0s",
            "-5s",
            "5s ago",
            "1mo",
            "1 year",
            "soon",
            "1x",
            "99999999999999999h",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn an_unknown_limit_is_answered_with_those_there_are() {
        let error = Limits::default().set("doors", "4").unwrap_err().to_string();
        assert!(
            error.contains("doors") && error.contains("connections"),
            "{error}"
        );
    }
}
