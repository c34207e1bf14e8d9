//! Why an entry, a part of it or a snapshot is not applied, and what helps then.

use super::{JOIN_ANEW, NEW_LOG, PUT_BACK};

/// Why an entry is not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// It is in a format of a later version.
    #[error(
        "a newer taskhold wrote it (format {format}, this one knows {known}): update taskhold on this machine"
    )]
    Newer {
        /// Its format.
        format: u32,
        /// The latest that this program knows.
        known: u32,
    },
    /// The log ends with it.
    #[error(
        "the log ends here, and goes on under another key: get its code, then taskhold share join"
    )]
    Last,
    /// The log ends with it, and this machine wrote it and was cut off then.
    #[error("this machine ended the log here, to go on under another key, and was cut off")]
    Unfinished,
    /// It is none of this log, or does not come after the entry before it.
    #[error("{0}")]
    Misplaced(&'static str),
    /// A part of it cannot be had, so nobody gets past it.
    #[error("a part of it is missing or was altered")]
    Part,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// What it says does not fit the tasks as of the entry before it.
    #[error("it does not fit the tasks that were there before it: {0}")]
    Contradicts(String),
}

impl Unfit {
    /// Returns what helps.
    pub(super) fn way_out(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "update taskhold on this machine",
            Self::Last => "get the code of the new log, then taskhold share join",
            Self::Unfinished => "taskhold share rekey with the same place finishes it",
            Self::Part => PUT_BACK,
            Self::Misplaced(_) | Self::Unreadable(_) => NEW_LOG,
            // It may be this machine's tasks that are not what they should be.
            Self::Contradicts(_) => JOIN_ANEW,
        }
    }

    /// Says where an entry cannot be read. The message of a value would quote it, and what a task says goes into no log.
    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        Self::Unreadable(format!("line {}, column {}", error.line(), error.column()))
    }
}

impl From<serde_json::Error> for Unfit {
    fn from(error: serde_json::Error) -> Self {
        Self::unreadable(&error)
    }
}
