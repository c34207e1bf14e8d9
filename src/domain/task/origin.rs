//! What a task is called in the file of another program that it came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a task is called elsewhere, and what the file said of it when it was taken in the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The kind of file: `icalendar`, `taskwarrior` or `todo.txt`.
    pub from: String,
    /// What the task is called there.
    pub name: String,
    /// A digest of each field as the file gave it, by the field's name. A field that the file said nothing of is not here.
    #[serde(default)]
    pub said: BTreeMap<String, String>,
}
