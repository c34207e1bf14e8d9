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
    /// Of each field that was taken and is not here what the file said, as where a line has the day and the task the time too: a digest
    /// of what it was here then, empty for nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub taken: BTreeMap<String, String>,
    /// The state of the task in the other database when it wrote the file; `None` if another program did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Something of that state was left, since it was changed here too: the task does not come from there whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    /// Which state of it the file had, counted by the program that wrote it; `None` if that does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// The revision of the task here by which it was taken in.
    #[serde(default)]
    pub rev: i64,
    /// States that the task was in since it came from another database, the newest first. An export writes them; here they are only
    /// those that came with the ids of an export.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub since: Vec<Version>,
    /// What another database of ours said of a task that is called by the name that another program gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ours: Option<Passed>,
}

/// What another database of ours said of a task the last time; its fields are as those of [`Origin`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// A digest of each field.
    pub said: BTreeMap<String, String>,
    /// The state of the task there.
    pub version: Option<Version>,
    /// Something of that state was left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    /// The revision of the task here by which it was taken in.
    pub rev: i64,
}

impl Origin {
    /// Returns the state in another database of ours that the task here comes from; `None` if there is none.
    pub fn elsewhere(&self) -> Option<Version> {
        let (version, left) = match &self.ours {
            Some(passed) => (passed.version, passed.left),
            None => (self.version, self.left),
        };
        version.filter(|_| !left)
    }
}

/// A state of a task in one database: no other state has the same revision and the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The revision.
    pub rev: i64,
    /// When the task was changed the last time.
    pub at: Timestamp,
}
