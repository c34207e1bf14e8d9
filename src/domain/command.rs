//! What a caller asks for, and what one task becomes by it.
//!
//! `plan` asks here for each task of a call; the store writes the edits. Time, actor and ids come in as arguments.

use std::collections::BTreeSet;

use crate::domain::{
    advice::Advice,
    change::{Change, Edit, GroupId, Kind},
    error::{Error, Result},
    task::{Invalid, Summary, Task, TaskId, Timestamp},
    when::When,
};

mod begin;
mod caller;
mod cycles;
mod draft;
mod restore_edits;
mod rounds;
mod row_or_log;
#[cfg(test)]
mod sample;
mod time_alone;
mod undo;
mod update;

pub(crate) use begin::{begin_series, settle};
pub(crate) use caller::KeyedCall;
pub use caller::{CallKey, Caller, CallerSession, Digest};
pub(crate) use cycles::{each_cycle, refuse_cycle};
pub(crate) use draft::add;
pub use draft::{Draft, Reference};
pub(crate) use restore_edits::restore;
pub(crate) use rounds::{Round, is_round, skip};
use rounds::{finish, refuse_again, refuse_other_date};
pub(crate) use row_or_log::{Wrong, noting, wrong};
pub(crate) use undo::{Reverting, undo};
pub use update::Patch;
pub(crate) use update::update;

/// A change someone asks for. All of it happens, or none.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a command lives once a call; a box would cost more"
)]
pub enum Command {
    /// Add tasks.
    Add {
        /// What to add, in order.
        drafts: Vec<Draft>,
        /// A call that is made again with the same key adds nothing.
        key: Option<CallKey>,
    },
    /// Set fields of tasks.
    Update {
        /// Which tasks.
        ids: Vec<TaskId>,
        /// Which fields, and to what.
        patch: Patch,
        /// Refuse if a task is at another revision.
        if_rev: Option<i64>,
    },
    /// Complete tasks.
    Complete(Vec<TaskId>),
    /// Complete a task that is due then, though the date has not come.
    CompleteRound {
        /// Which task.
        id: TaskId,
        /// When it is due.
        due: When,
    },
    /// Move tasks that repeat on to their next date, without completing them.
    Skip(Vec<TaskId>),
    /// Move tasks to the trash.
    Delete {
        /// Which tasks.
        ids: Vec<TaskId>,
        /// How many they are, said once more: wanted from [`Command::CONFIRM_ABOVE`] on.
        confirm: Option<usize>,
    },
    /// Revert a group of changes; `None` is the last of the caller's session that is still in force.
    Undo(Option<GroupId>),
    /// Another command, once: made again with the same key it changes nothing, and comes to the tasks that it changed the first
    /// time, as they are now.
    Once {
        /// The caller's name for the call.
        key: CallKey,
        /// What is asked for.
        command: Box<Command>,
    },
    /// Remember that the caller has looked at all changes up to this one. No task changes.
    Look(i64),
    /// Remember that the caller was told what others changed, up to this change. No task changes.
    Told(i64),
}

impl Command {
    /// So many tasks are deleted in one call without asking again.
    pub const CONFIRM_ABOVE: usize = 20;

    /// Returns what is asked for, with or without a key.
    pub(crate) fn asked(&self) -> &Self {
        match self {
            Self::Once { command, .. } => command.asked(),
            command => command,
        }
    }

    /// Returns what it comes to where there are no tasks and never were; `None` if it can make some, or keeps something else.
    pub(crate) fn without_tasks(&self, caller: &Caller) -> Option<Result<Outcome>> {
        let of = |ids: &[TaskId]| match ids.first() {
            Some(id) => Err(Error::NotFound { id: *id }),
            None => Ok(Outcome::default()),
        };
        Some(match self.asked() {
            Self::Update { ids, .. }
            | Self::Complete(ids)
            | Self::Skip(ids)
            | Self::Delete { ids, .. } => of(ids),
            Self::CompleteRound { id, .. } => of(&[*id]),
            Self::Undo(Some(group)) => Err(Error::NoSuchGroup { group: *group }),
            Self::Undo(None) => Err(Error::NothingToUndo {
                actor: caller.actor.clone(),
                elsewhere: None,
            }),
            Self::Add { .. } | Self::Look(_) | Self::Told(_) | Self::Once { .. } => return None,
        })
    }
}

/// What a command came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The group in the change log; `None` if nothing changed.
    pub group: Option<GroupId>,
    /// Each task the command addressed, in its order. An edit without a difference found the task as asked for.
    pub edits: Vec<Edit>,
    /// What it brought along in other tasks: subtasks of a series that are open again, tasks that wait no longer for a round.
    pub brought: Vec<Edit>,
    /// On undo: the group that was reverted, and its kind.
    pub reverted: Option<(GroupId, Kind)>,
    /// The call was made before, with the same key: these are the tasks it added, as they are now, and nothing was done.
    pub is_repeat: bool,
    /// What the caller should know besides.
    pub advice: Advice,
}

impl Outcome {
    /// Returns what a list shows of the task of `edit`, one of its edits.
    pub fn summary_of(&self, edit: &Edit) -> Summary {
        let mut summary = edit.after.summary();
        summary
            .blockers
            .retain(|id| !self.advice.not_waited_for.contains(&(edit.after.id, *id)));
        summary
    }
}

/// Decides what completing `task` makes, which the call may have said is due at `named`. `last_round` finds the last time
/// that the task, which repeats, was completed.
pub(crate) fn complete(
    task: &Task,
    named: Option<When>,
    caller: &Caller,
    last_round: impl FnOnce() -> Result<Option<Change>>,
) -> Result<Edit> {
    refuse_deleted(task)?;
    match named {
        Some(named) => refuse_other_date(task, named, caller)?,
        None => refuse_again(task, caller, last_round)?,
    }
    let mut edit = Edit::of(task);
    finish(&mut edit, caller);
    Ok(edit.stamped(caller.now))
}

/// Refuses to delete many tasks unless their number is said once more.
pub(crate) fn confirm_deletion(ids: &[TaskId], confirm: Option<usize>) -> Result<()> {
    let count = ids.iter().collect::<BTreeSet<_>>().len();
    if count > Command::CONFIRM_ABOVE && confirm != Some(count) {
        let reason = format!(
            "must be {count} to delete {count} tasks; more than {} need it",
            Command::CONFIRM_ABOVE
        );
        return Err(Invalid::new("confirm", reason).into());
    }
    Ok(())
}

/// Decides what moving `task` to the trash makes.
pub(crate) fn delete(task: &Task, now: Timestamp) -> Result<Edit> {
    refuse_deleted(task)?;
    let mut edit = Edit::of(task);
    edit.after.deleted_at = Some(now);
    Ok(edit.stamped(now))
}

fn refuse_deleted(task: &Task) -> Result<()> {
    if task.is_deleted() {
        Err(Error::Deleted { id: task.id })
    } else {
        Ok(())
    }
}
