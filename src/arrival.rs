//! A task on its way in from a file: checked and cleaned, its references still as the file writes them.

use serde::{Deserialize, Serialize};

use crate::task::Task;

/// What a file calls a task, so that others in it can refer to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Name {
    /// A number, as in our own files.
    Number(i64),
    /// A word that is its own, as the UUID of Taskwarrior or the UID of a calendar.
    Text(String),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A task from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// The line of the file it begins on, from 1.
    pub line: u64,
    /// What the file calls it; `None` if nothing can refer to it.
    pub name: Option<Name>,
    /// The task. Its id is kept where the database is empty and the file is of our own format; `parent` and
    /// `depends_on` are empty, since they are below.
    pub task: Task,
    /// The task it is a part of.
    pub parent: Option<Name>,
    /// The tasks that come before it.
    pub depends_on: Vec<Name>,
}

/// How the tasks of a file are to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The ids are ours: an empty database keeps them.
    pub keeps_ids: bool,
    /// It says when each task was created, so that a task is known again by that too.
    pub is_dated: bool,
    /// Every task it refers to must be in it. Where not, a reference that leads nowhere is left out.
    pub is_complete: bool,
}
