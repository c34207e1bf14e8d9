//! Sessions of clients, by which their windows are told apart.

use std::sync::Arc;

/// The name of a session in the change log. Nobody reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// Returns the one session of all shells.
    pub fn shells() -> Self {
        Self("cli".into())
    }

    /// Returns the session of a number that is drawn at random, or computed from what only that session has.
    pub fn numbered(number: u64) -> Self {
        Self(format!("{number:016x}").into())
    }

    /// Returns the session that the log calls so.
    pub fn stored(name: &str) -> Self {
        Self(name.into())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
