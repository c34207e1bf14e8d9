//! What a task is called in the file that it came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// What a task is called elsewhere, and what the file said of it when it was taken in the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The kind of file: `icalendar`, `taskwarrior` or `todo.txt`; `taskhold` if it is a task of another database of ours.
    pub from: String,
    /// What the task is called there.
    pub name: String,
    /// A digest of each field as the file gave it, by the field's name. A field that the file said nothing of is not here.
    #[serde(default)]
    pub said: BTreeMap<String, String>,
    /// The state of the task in the other database when it wrote the file; `None` if another program did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The revision of the task here by which it was taken in.
    #[serde(default)]
    pub rev: i64,
}

/// A state of a task in one database: no other state has the same revision and the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The revision.
    pub rev: i64,
    /// When the task was changed the last time.
    pub at: Timestamp,
}
