//! A task read from a file, before it is written: checked and cleaned, its references still as the file writes them.

use std::borrow::Cow;

use crate::domain::{
    repeat::Repeat,
    task::{Comment, Origin, Task, TaskId, Timestamp, Version},
    when::{When, Zone},
};

mod merge;

pub(crate) use merge::{Comparison, Refers, Targets, has_marks_of, ids_of, origin, passed};
pub use merge::{Difference, Field, Side};

/// The kind of file that we write ourselves, as part of what a task is called.
pub(crate) const OWN: &str = "taskhold";

/// Returns what a task of this database is called in every file that we write.
pub(crate) fn own_name(id: TaskId, created_at: Timestamp) -> String {
    format!("{}-{id}@{OWN}", created_at.as_millis())
}

/// Returns the task that we call so; `None` for a name that another program gave.
pub(crate) fn read_own_name(name: &str) -> Option<(TaskId, Timestamp)> {
    let (created_at, id) = name.strip_suffix(OWN)?.strip_suffix('@')?.split_once('-')?;
    let millis = created_at.parse().ok();
    let millis = millis.filter(|at| (0..=253_402_300_799_999).contains(at))?;
    let own = (id.parse().ok()?, Timestamp::from_millis(millis));
    (own_name(own.0, own.1) == name).then_some(own)
}

/// Returns what a task is called in files of ours: as in the database of ours that it was first in.
pub(crate) fn first_name(task: &Task) -> String {
    let origin = task.origin.as_ref();
    let first = origin.filter(|origin| read_own_name(&origin.name).is_some());
    first.map_or_else(
        || own_name(task.id, task.created_at),
        |origin| origin.name.clone(),
    )
}

/// Returns where a task came from, as a file of ours says it: without what the task says itself while nothing was changed since
/// it came from an export. So an export that was taken into an empty database is exported as it was.
pub(crate) fn origin_beyond_itself(task: &Task) -> Option<Cow<'_, Origin>> {
    let origin = task.origin.as_ref()?;
    let state = Version {
        rev: task.rev,
        at: task.updated_at,
    };
    let passed = origin.ours.as_ref();
    if passed.is_some_and(|passed| passed.version == Some(state)) {
        return Some(Cow::Owned(Origin {
            ours: None,
            ..origin.clone()
        }));
    }
    if origin.version != Some(state) {
        return Some(Cow::Borrowed(origin));
    }
    let is_itself = origin.from == OWN && origin.name == own_name(task.id, task.created_at);
    (!is_itself).then(|| {
        Cow::Owned(Origin {
            version: None,
            ..origin.clone()
        })
    })
}

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

/// What a program calls a task, in each file that it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The kind of file; `taskhold` for a task of a database of ours.
    pub from: &'static str,
    /// The name; the same as that of no other task.
    pub name: String,
    /// Whether the name says nothing else than what the task says: then two tasks may be called so.
    pub is_text: bool,
    /// What it was called before it was done; `None` if that changes nothing.
    pub before: Option<String>,
    /// Which state of it the file has, counted by its program (SEQUENCE of RFC 5545, 3.8.7.4); `None` if that does not count.
    pub sequence: Option<u32>,
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
    /// The states from which we wrote what the file says: that of the database which wrote it, those that it had before, the newest
    /// first, and last that of the database from which it had the task. Empty if another program wrote it.
    pub versions: Vec<Version>,
    /// The first and the last instant at which it may have been created; `None` if the file does not say.
    pub created: Option<[Timestamp; 2]>,
    /// The task it is a part of.
    pub parent: Option<Name>,
    /// The tasks that come before it.
    pub depends_on: Vec<Name>,
    /// The file says that the round before the present one of a series was done. Where it does not, that one may have been passed over.
    pub is_round_done: bool,
}

/// How the tasks of a file are to be taken.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// An empty database gives its tasks the ids they had.
    pub keeps_ids: bool,
    /// It says all there is to say of a task, and every task it refers to must be in it. Where not, a reference that
    /// leads nowhere is left out.
    pub is_complete: bool,
    /// A task is one line: it has no description and no comments, its dates are days, and not every rule can be said.
    pub is_line: bool,
    /// How such a line says rules; `None` where a file says all of a rule.
    pub rules_in_line: Option<RulesInLine>,
}

/// How a line says rules.
#[derive(Clone, Copy, Debug)]
pub struct RulesInLine {
    /// Returns what it says of a rule, from the date on which the task is due; `None` for a rule that it cannot say.
    pub written: fn(&Repeat, Option<When>, Zone) -> Option<String>,
    /// Reports whether it says the second rule and date where it said the first ones before its program went on to a later date: of a
    /// rule for a day of the month the program knows only the day of the date.
    pub goes_on: fn(RuleAt<'_>, RuleAt<'_>, Zone) -> bool,
}

/// A rule, and the date on which its task is due.
pub type RuleAt<'a> = (&'a Repeat, When);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_ours_is_read_again_and_no_other_is() {
        let (id, at) = (
            TaskId::try_from(7).unwrap(),
            Timestamp::from_millis(1_764_000_000_123),
        );
        assert_eq!(own_name(id, at), "1764000000123-7@taskhold");
        assert_eq!(read_own_name(&own_name(id, at)), Some((id, at)));
        for other in [
            "",
            "7@taskhold",
            "1-07@taskhold",
            "+1-7@taskhold",
            "1-7@elsewhere",
            "1-7taskhold",
        ] {
            assert_eq!(read_own_name(other), None, "{other}");
        }
    }
}
