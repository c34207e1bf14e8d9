//! What can go wrong, in words for the person or the model that can mend it.

use std::{path::PathBuf, sync::Arc};

use crate::domain::{
    change::GroupId,
    task::{Actor, Invalid, TaskId},
};

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// An error below ours, whatever library it is of.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// How many tasks of a circle are named.
const NAMED: usize = 10;

/// Returns the tasks that are named of a circle, which ends with the task it begins with, and how many are not.
pub(crate) fn named(way: &[TaskId]) -> (&[TaskId], usize) {
    let round = &way[..way.len().saturating_sub(1)];
    let (named, others) = round.split_at(round.len().min(NAMED));
    (named, others.len())
}

/// Returns the way round a circle in words: the names of its first tasks, how many others there are, and the first again.
pub(crate) fn round(names: &[String], others: usize) -> String {
    let others = (others > 0).then(|| format!("... ({others} more)"));
    let way = names.iter().cloned().chain(others);
    let way: Vec<String> = way.chain(names.first().cloned()).collect();
    way.join(" -> ")
}

/// Returns the way round a circle, each task by its id.
pub(crate) fn way_round(way: &[TaskId]) -> String {
    let (first, others) = named(way);
    let names: Vec<String> = first.iter().map(ToString::to_string).collect();
    round(&names, others)
}

fn nothing_to_undo(actor: &Actor, elsewhere: Option<&(GroupId, String)>) -> String {
    match elsewhere {
        None => format!("nothing to undo: {actor} has made no change that is still in force"),
        Some((group, what)) => format!(
            "nothing to undo in this session, which has made no change that is still in force; the last of {actor} is group {group}, {what}: undo with that group takes it back"
        ),
    }
}

/// A call that failed. It changed nothing, unless it says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// No task has the id.
    #[error("Task {id} not found")]
    NotFound {
        /// The id asked for.
        id: TaskId,
    },
    /// The task is in the trash, where it cannot be changed.
    #[error(
        "Task {id} not found: it is in the trash; update_task with status \"pending\" brings it back"
    )]
    Deleted {
        /// The id asked for.
        id: TaskId,
    },
    /// The caller sent a value that cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The task was changed since the caller read it.
    #[error(
        "task {id} is at rev {rev}, not {expected}: it was changed since; read it again, then repeat"
    )]
    Stale {
        /// The task.
        id: TaskId,
        /// Its revision now.
        rev: i64,
        /// The revision the caller knew.
        expected: i64,
    },
    /// The task would be part of itself, or wait for itself.
    #[error("{relation} would go round in a circle: {}", way_round(.way))]
    Cycle {
        /// Which relation.
        relation: Relation,
        /// The way round, from a task back to itself.
        way: Vec<TaskId>,
    },
    /// The caller's session has made no change that is still in force.
    #[error("{}", nothing_to_undo(.actor, .elsewhere.as_ref()))]
    NothingToUndo {
        /// The caller.
        actor: Actor,
        /// The last change that the client has made in another session and is in force: its group, and what it did.
        elsewhere: Option<(GroupId, String)>,
    },
    /// No change group has the number.
    #[error("no change group {group}")]
    NoSuchGroup {
        /// The group asked for.
        group: GroupId,
    },
    /// The group was undone before.
    #[error("change group {group} is undone already; undo of group {by} does it again")]
    AlreadyUndone {
        /// The group asked for.
        group: GroupId,
        /// The undo that reverted it.
        by: GroupId,
    },
    /// The caller has completed the last round of a task that repeats, and the date of the next has not come.
    #[error(
        "task {id}: completed the round of {done}; comes again {next}. Nothing was changed now: to complete that round before its date, give due {day}"
    )]
    RoundDone {
        /// The task.
        id: TaskId,
        /// When the round was due.
        done: String,
        /// When the next is.
        next: String,
        /// Its day, as it is written in a call.
        day: String,
    },
    /// The call names another date than the task has.
    #[error("task {id} {due}, and the call names {named}: nothing was changed")]
    OtherDate {
        /// The task.
        id: TaskId,
        /// Whether and when it is due, as it stands after a name.
        due: String,
        /// The date of the call.
        named: String,
    },
    /// The key of the call is that of an earlier call which said something else.
    #[error(
        "key \"{key}\" was used before, by a call that said something else and {did}; nothing was done now: give each new call a key of its own"
    )]
    KeyUsed {
        /// The key.
        key: String,
        /// What the earlier call did: "added 3 \"Buy milk\"".
        did: String,
    },
    /// Someone changed the task after the group that is to be undone.
    #[error(
        "cannot undo change group {group}: {by} changed task {id} since ({what}, group {later}); nothing was undone"
    )]
    Conflict {
        /// The group asked for.
        group: GroupId,
        /// The task.
        id: TaskId,
        /// Who changed it since.
        by: String,
        /// What that change did.
        what: String,
        /// The later group.
        later: GroupId,
    },
    /// The database cannot be used as it is; nothing in it was touched.
    #[error("cannot use {}: {reason}", path.display())]
    Unusable {
        /// The database, or its folder.
        path: PathBuf,
        /// Why, and the way out.
        reason: String,
        /// What the system said, if it said something.
        source: Option<Arc<std::io::Error>>,
    },
    /// The disk is full.
    #[error("the disk is full: nothing was added or changed; free some space, then repeat")]
    DiskFull,
    /// A file would have become larger than this process may make one.
    #[error(
        "a file would become larger than this process may make one (`ulimit -f`): nothing was added or changed; raise the limit, then repeat"
    )]
    FileLimit,
    /// Other processes kept the database locked too long.
    #[error(
        "another process kept the database locked for as long as this call may wait, up to 30 seconds, as a large import or restore does: nothing was changed; repeat later"
    )]
    Busy,
    /// Another process kept one of our own locks too long.
    #[error("cannot use {}: {reason}", path.display())]
    Locked {
        /// The file that is locked.
        path: PathBuf,
        /// Who has it, what for, and the way out.
        reason: String,
    },
    /// The database refused a statement; `action` is an infinitive: "read task".
    #[error("cannot {action}")]
    Database {
        /// What was tried.
        action: &'static str,
        /// What the database said.
        source: Cause,
    },
    /// The file is damaged. What was tried is an infinitive: "read a task".
    #[error(
        "cannot {action}: the database is damaged; keep the file and its -wal, and run `taskhold doctor`"
    )]
    Damaged {
        /// What was tried.
        action: &'static str,
        /// One row holds what no task or change can hold; the rows beside it may be sound.
        is_one_row: bool,
        /// What the database said.
        source: Cause,
    },
    /// A row of the change log does not fit the task it belongs to.
    #[error("the change log does not fit its tasks")]
    Log {
        /// Where it does not fit.
        source: Arc<serde_json::Error>,
    },
    /// The commit failed in a way that leaves open whether it happened.
    #[error(
        "the commit failed, and whether the change was kept is not certain; read the task before repeating"
    )]
    Uncertain {
        /// What the database said.
        source: Cause,
    },
    /// Other machines appended to the shared log first.
    #[error(
        "other machines changed the shared tasks first, again and again: nothing was changed; repeat"
    )]
    Behind,
    /// The shared log did not take a change, or could not be read.
    #[error(
        "the shared log cannot be used: {reason}. Nothing was changed; tasks can be read as they were"
    )]
    NotShared {
        /// What the engine said.
        reason: String,
    },
    /// A change was sent to the shared log, and no answer came.
    #[error(
        "whether the shared log took the change is not known: {reason}. It is not made here, and may yet appear; the next change settles it, and `taskhold share status` says what became of it"
    )]
    Unsettled {
        /// The number of the entry it was sent as.
        entry: u64,
        /// What is in that entry alone.
        nonce: String,
        /// Why there is no answer.
        reason: String,
    },
    /// An entry of the shared log cannot be applied.
    #[error(
        "the shared log cannot be followed: {reason}. Nothing was changed; tasks can be read as they were before it"
    )]
    Unfollowed {
        /// The number of the entry.
        entry: u64,
        /// Which entry, by whom, and why.
        reason: String,
        /// What helps, for people at a command line.
        way_out: &'static str,
    },
    /// The call met a fault of ours on the thread that owns the database.
    #[error("the call met an internal fault and was rolled back: nothing was changed")]
    Fault,
    /// The caller came with a token that may only look.
    #[error(
        "this token is for reading only; nothing was changed. A token that may write is made with: taskhold token add --name NAME"
    )]
    ReadOnly,
    /// The database is being closed.
    #[error("taskhold is shutting down; the call was not made")]
    ShuttingDown,
}

/// A relation between tasks that must not lead back to its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// A task is a part of another.
    Parent,
    /// A task waits for others.
    DependsOn,
}

impl std::fmt::Display for Relation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Parent => "parent",
            Self::DependsOn => "depends_on",
        })
    }
}

/// What kind of failure it is, for the exit status and for what is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The caller can mend it.
    Caller,
    /// The machine or the file must be mended.
    Environment,
    /// A fault of ours.
    Internal,
}

impl Error {
    /// Returns what kind of failure it is.
    pub fn code(&self) -> Code {
        match self {
            Self::NotFound { .. }
            | Self::Deleted { .. }
            | Self::Invalid(_)
            | Self::Stale { .. }
            | Self::Cycle { .. }
            | Self::NothingToUndo { .. }
            | Self::NoSuchGroup { .. }
            | Self::AlreadyUndone { .. }
            | Self::Conflict { .. }
            | Self::KeyUsed { .. }
            | Self::RoundDone { .. }
            | Self::OtherDate { .. }
            | Self::ReadOnly => Code::Caller,
            Self::Unusable { .. }
            | Self::DiskFull
            | Self::FileLimit
            | Self::Busy
            | Self::Locked { .. }
            | Self::Behind
            | Self::NotShared { .. }
            | Self::Unsettled { .. }
            | Self::Unfollowed { .. }
            | Self::ShuttingDown => Code::Environment,
            Self::Database { .. }
            | Self::Damaged { .. }
            | Self::Uncertain { .. }
            | Self::Log { .. }
            | Self::Fault => Code::Internal,
        }
    }

    /// Returns the message with the reasons behind it, in one line.
    pub fn with_causes(&self) -> String {
        let mut line = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            line.push_str(": ");
            line.push_str(&error.to_string());
            cause = error.source();
        }
        line
    }
}

impl From<serde_json::Error> for Error {
    fn from(source: serde_json::Error) -> Self {
        Self::Log {
            source: Arc::new(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_names_ten_of_its_tasks_at_most() {
        let way = |tasks: i64| -> Vec<TaskId> {
            let round = (1..=tasks).chain([1]);
            round.map(|id| TaskId::try_from(id).unwrap()).collect()
        };
        let ten = "1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> 8 -> 9 -> 10 -> ";
        let cases = [
            (1, "1 -> 1".to_owned()),
            (2, "1 -> 2 -> 1".to_owned()),
            (10, format!("{ten}1")),
            (11, format!("{ten}... (1 more) -> 1")),
            (3_000, format!("{ten}... (2990 more) -> 1")),
        ];
        for (tasks, said) in cases {
            assert_eq!(way_round(&way(tasks)), said);
        }
    }
}
