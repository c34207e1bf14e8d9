//! A task read from a file, before it is written: checked and cleaned, its references still as the file writes them.

use crate::domain::task::{Comment, Task, TaskId, Timestamp};

mod merge;

pub(crate) use merge::{Comparison, origin};
pub use merge::{Difference, Field, Side};

/// What a file calls a task, so that others in it can refer to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// What another program calls a task, in each file that it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The kind of file.
    pub from: &'static str,
    /// The name; the same as that of no other task.
    pub name: String,
    /// Whether the name says nothing else than what the task says: then two tasks may be called so.
    pub is_text: bool,
}

/// A task from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// The line of the file it begins on, from 1.
    pub line: u64,
    /// What the file calls it; `None` if nothing can refer to it.
    pub name: Option<Name>,
    /// What its program calls it always; `None` if that gives it no name.
    pub called: Option<Called>,
    /// The task. Its id means nothing, and `parent` and `depends_on` are empty: they are below.
    pub task: Task,
    /// Its comments, oldest first.
    pub comments: Vec<Comment>,
    /// The id it had in the database it was exported from; `None` if it was none of ours, or the file does not say.
    pub id: Option<TaskId>,
    /// Its revision when we wrote the file, and when it was changed last before; `None` if the file does not say.
    pub version: Option<(i64, Timestamp)>,
    /// The first and the last instant at which it may have been created; `None` if the file does not say.
    pub created: Option<[Timestamp; 2]>,
    /// The task it is a part of.
    pub parent: Option<Name>,
    /// The tasks that come before it.
    pub depends_on: Vec<Name>,
}

/// How the tasks of a file are to be taken.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// An empty database gives its tasks the ids they had.
    pub keeps_ids: bool,
    /// It says all there is to say of a task, and every task it refers to must be in it. Where not, a reference that
    /// leads nowhere is left out.
    pub is_complete: bool,
}
