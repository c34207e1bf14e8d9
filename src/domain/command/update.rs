//! Setting fields of a task.

use std::collections::BTreeSet;

use super::{
    Caller,
    begin::{begin_as_said, begin_series, refuse_barren, settle},
    refuse_deleted,
    rounds::{finish, move_round, refuse_again, refuse_other_date},
    time_alone::with_day,
};
use crate::domain::{
    change::{Change, Edit},
    error::{Error, Result},
    repeat::{Repeat, Start},
    task::{
        Comment, CommentText, Description, Invalid, Priority, Project, Status, Tag, Task, TaskId,
        Title, cut,
    },
    when::When,
};

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
