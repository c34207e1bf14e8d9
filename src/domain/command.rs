//! What a caller asks for, and what one task becomes by it.
//!
//! `plan` asks here for each task of a call; the store writes the edits. Time, actor and ids come in as arguments.

use std::collections::BTreeSet;

use crate::domain::{
    advice::Advice,
    change::{Change, CommentDiff, Edit, GroupId, Kind},
    error::{Error, Result},
    repeat::{Repeat, Start},
    task::{
        Comment, CommentText, Description, Invalid, Priority, Project, Status, Summary, Tag, Task,
        TaskId, Timestamp, Title, cut, shortened,
    },
    when::When,
};

mod begin;
mod caller;
mod cycles;
mod restore_edits;
mod rounds;
mod row_or_log;
#[cfg(test)]
mod sample;
mod time_alone;
mod undo;

pub(crate) use begin::{begin_series, settle};
pub(crate) use caller::KeyedCall;
pub use caller::{CallKey, Caller, CallerSession, Digest};
pub(crate) use cycles::{each_cycle, refuse_cycle};
pub(crate) use restore_edits::restore;
pub(crate) use rounds::{Round, is_round, skip};
use rounds::{finish, move_round, refuse_again, refuse_other_date};
pub(crate) use row_or_log::{Wrong, noting, wrong};
use time_alone::with_day;
pub(crate) use undo::{Reverting, undo};

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

/// A task named in a draft: one that is there, or one that the same call adds before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// By its id.
    Task(TaskId),
    /// `^1` is the first of the call.
    Earlier(usize),
}

impl std::str::FromStr for Reference {
    type Err = Invalid;

    /// Reads `12`, `#12` or `^1`.
    fn from_str(text: &str) -> std::result::Result<Self, Invalid> {
        match text.trim().strip_prefix('^') {
            Some(place) => match place.parse() {
                Ok(place) if place > 0 => Ok(Self::Earlier(place)),
                _ => Err(Invalid::new(
                    "reference",
                    format!(
                        "^{} must be ^1 for the first task of the call, ^2 for the second, and so on",
                        shortened(place, 40)
                    ),
                )),
            },
            None => text.parse().map(Self::Task),
        }
    }
}

/// A task to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What is to be done.
    pub title: Title,
    /// What there is to say beyond that.
    pub description: Description,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// When it is to be done.
    pub due: Option<When>,
    /// Until when it is out of the way.
    pub defer_until: Option<When>,
    /// How it comes again.
    pub repeat: Option<Repeat>,
    /// What the words of the rule say of its first date.
    pub start: Start,
    /// What it belongs to.
    pub project: Option<Project>,
    /// The words to find it by.
    pub tags: BTreeSet<Tag>,
    /// The task it is a part of.
    pub parent: Option<Reference>,
    /// The tasks that must be closed before it.
    pub depends_on: BTreeSet<Reference>,
}

impl Draft {
    /// Returns a draft with nothing but a title.
    pub fn titled(title: Title) -> Self {
        Self {
            title,
            description: Description::default(),
            priority: None,
            due: None,
            defer_until: None,
            repeat: None,
            start: Start::default(),
            project: None,
            tags: BTreeSet::new(),
            parent: None,
            depends_on: BTreeSet::new(),
        }
    }
}

/// Fields to set; `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// The new title.
    pub title: Option<Title>,
    /// The new description; an empty one clears it.
    pub description: Option<Description>,
    /// The new status. Completing a task that repeats moves it to its next date.
    pub status: Option<Status>,
    /// The new priority.
    pub priority: Option<Option<Priority>>,
    /// The new due date. Of a task that repeats, that of this round; given with `repeat`, that of the series.
    pub due: Option<Option<When>>,
    /// The time of day that `due` names alone: a task that has a due date keeps its day, unless that time there is past.
    pub due_time: Option<Start>,
    /// The new date until which it is out of the way.
    pub defer_until: Option<Option<When>>,
    /// The time of day that `defer_until` names alone, likewise.
    pub defer_time: Option<Start>,
    /// The new rule; clearing it ends the series.
    pub repeat: Option<Option<Repeat>>,
    /// What the words of the new rule say of its first date.
    pub start: Start,
    /// The new project.
    pub project: Option<Option<Project>>,
    /// The new tags, all of them.
    pub tags: Option<BTreeSet<Tag>>,
    /// Tags to add to those there are.
    pub add_tags: BTreeSet<Tag>,
    /// Tags to take away.
    pub remove_tags: BTreeSet<Tag>,
    /// The new parent.
    pub parent: Option<Option<TaskId>>,
    /// The new dependencies, all of them.
    pub depends_on: Option<BTreeSet<TaskId>>,
    /// A remark to append.
    pub comment: Option<CommentText>,
    /// Take the task out of the trash, if it is there; without it, a task in the trash is refused.
    pub undelete: bool,
}

impl Patch {
    /// Returns the date by which it names the round of `task` that it completes: that of a series is moved in a call of its own.
    fn named_round(&self, task: &Task) -> Option<When> {
        let completes = self.status == Some(Status::Completed) && task.is_open();
        let goes_on = task.repeat.is_some() && self.repeat.is_none();
        self.due.flatten().filter(|_| completes && goes_on)
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

/// Decides what adding `draft` under `id` makes. `earlier` are the tasks the same call has added so far.
pub(crate) fn add(draft: &Draft, id: TaskId, earlier: &[TaskId], caller: &Caller) -> Result<Edit> {
    let resolve = |reference: &Reference| match *reference {
        Reference::Task(id) => Ok(id),
        Reference::Earlier(place) => earlier.get(place - 1).copied().ok_or_else(|| {
            let added = earlier.len();
            Invalid::new(
                "reference",
                format!("^{place} names no earlier task of the call; {added} came before"),
            )
        }),
    };
    let depends_on = draft.depends_on.iter().map(resolve);
    let mut after = Task {
        description: draft.description.clone(),
        priority: draft.priority,
        due: draft.due,
        defer_until: draft.defer_until,
        repeat: draft.repeat.clone(),
        project: draft.project.clone(),
        tags: Tag::one_of_each(draft.tags.iter().cloned()),
        parent: draft.parent.as_ref().map(resolve).transpose()?,
        depends_on: depends_on.collect::<std::result::Result<_, _>>()?,
        ..Task::new(id, draft.title.clone(), caller.actor.clone(), caller.now)
    };
    begin_as_said(&mut after, draft.start, caller)?;
    begin_series(&mut after, caller);
    refuse_barren(draft.repeat.as_ref(), &after, caller)?;
    Ok(Edit {
        before: None,
        after,
        comments: CommentDiff::default(),
        keeps_due: false,
    })
}

/// Gives a task that repeats the date or the time that the words of its rule name.
fn begin_as_said(task: &mut Task, start: Start, caller: &Caller) -> Result<()> {
    if let Some(repeat) = &task.repeat
        && !start.is_open()
    {
        let due = repeat.begins(start, task.due, caller.now.as_millis(), caller.zone);
        task.due = Some(due.map_err(|reason| Invalid::new("repeat", reason))?);
    }
    Ok(())
}

/// Refuses a rule by which `task` would never come again, as every seventh day from a Monday on, if it is a Tuesday.
fn refuse_barren(repeat: Option<&Repeat>, task: &Task, caller: &Caller) -> Result<()> {
    let Some(repeat) = repeat else { return Ok(()) };
    let words = repeat.words(caller.zone);
    let reason = match &task.due {
        Some(due) if repeat.comes_from(due, caller.zone) => return Ok(()),
        Some(due) => format!(
            "\"{words}\" never comes again from {} on; change the rule, or set due to a day of it",
            due.show(caller.zone)
        ),
        None => format!("\"{words}\" has no date from today on; change the rule, or set due"),
    };
    Err(Invalid::new("repeat", reason).into())
}

/// Decides what setting the fields of `patch` makes. `last_round` finds the last time that the task, which repeats, was
/// completed.
pub(crate) fn update(
    task: &Task,
    patch: &Patch,
    if_rev: Option<i64>,
    caller: &Caller,
    last_round: impl FnOnce() -> Result<Option<Change>>,
) -> Result<Edit> {
    if *patch == Patch::default() {
        return Err(Invalid::new("update", "changes nothing; give the fields to set").into());
    }
    if !patch.undelete {
        refuse_deleted(task)?;
    }
    if let Some(expected) = if_rev
        && expected != task.rev
    {
        return Err(Error::Stale {
            id: task.id,
            rev: task.rev,
            expected,
        });
    }
    if let Some(description) = &patch.description {
        cut::refuse_cut_description(task.id, description.as_str(), task.description.as_str())?;
    }
    let named = patch.named_round(task);
    let series = task.repeat.as_ref().and(task.repeat_from.or(task.due));
    let mut edit = Edit::of(task);
    let after = &mut edit.after;
    after.deleted_at = None;
    set(&mut after.title, patch.title.as_ref());
    set(&mut after.description, patch.description.as_ref());
    set(&mut after.priority, patch.priority.as_ref());
    if named.is_none() {
        let day = |due| with_day(due, patch.due_time, task.due, series, caller);
        set(&mut after.due, patch.due.map(|due| due.map(day)).as_ref());
    }
    let day = |until| with_day(until, patch.defer_time, task.defer_until, series, caller);
    let until = patch.defer_until.map(|until| until.map(day));
    set(&mut after.defer_until, until.as_ref());
    set(&mut after.repeat, patch.repeat.as_ref());
    set(&mut after.project, patch.project.as_ref());
    set(&mut after.tags, patch.tags.as_ref());
    let is_removed = |tag: &Tag| patch.remove_tags.iter().any(|gone| gone.is_same(tag));
    let tags = std::mem::take(&mut after.tags).into_iter();
    after.tags = Tag::one_of_each(
        tags.chain(patch.add_tags.iter().cloned())
            .filter(|tag| !is_removed(tag)),
    );
    if after.tags != task.tags {
        Task::refuse_too_many_tags(after.tags.len())?;
    }
    set(&mut after.parent, patch.parent.as_ref());
    set(&mut after.depends_on, patch.depends_on.as_ref());
    match (&patch.repeat, &patch.due) {
        (Some(rule), due) => go_on_by(rule.as_ref(), due.is_some(), patch.start, after, caller)?,
        (None, Some(_)) if named.is_none() => move_round(task, after, caller.zone)?,
        (None, _) => {}
    }
    settle(after, caller.zone);
    if let Some(text) = &patch.comment {
        let comment = Comment {
            at: caller.now,
            actor: caller.actor.clone(),
            text: text.clone(),
        };
        edit.comments.added.push(comment);
    }
    match patch.status {
        Some(Status::Completed) => {
            match named {
                Some(named) => refuse_other_date(task, named, caller)?,
                None => refuse_again(after, caller, last_round)?,
            }
            finish(&mut edit, caller);
        }
        Some(status) => edit.after.set_status(status, caller.now),
        None => {}
    }
    Ok(edit.stamped(caller.now))
}

/// Gives `task` the series that a new `rule` makes, whose words may name its `start`; `has_due` if the call says the due date too.
fn go_on_by(
    rule: Option<&Repeat>,
    has_due: bool,
    start: Start,
    task: &mut Task,
    caller: &Caller,
) -> Result<()> {
    // A date that was moved alone is none of the series: the new rule goes on from the one that the old one gave.
    let moved = match (task.due, task.repeat_from) {
        (Some(moved), Some(given)) if !has_due && rule.is_some() => Some((given, moved)),
        _ => None,
    };
    task.repeat_from = None;
    if let Some((given, _)) = moved {
        task.due = Some(given);
    }
    match (rule, task.due) {
        (Some(rule), Some(before)) if !has_due && !start.is_open() => {
            let due = rule.goes_on(start, before, caller.zone);
            task.due = Some(due.map_err(|reason| Invalid::new("repeat", reason))?);
        }
        _ => begin_as_said(task, start, caller)?,
    }
    begin_series(task, caller);
    refuse_barren(rule, task, caller)?;
    // A day that the words name is where the series begins anew.
    if let Some((_, moved)) = moved
        && start.day.is_none()
        && task.due != Some(moved)
    {
        (task.due, task.repeat_from) = (Some(moved), task.due);
    }
    Ok(())
}

fn set<T: Clone>(field: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        *field = value.clone();
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
