//! What a finished round of a series brings along in other tasks: its finished subtasks are to be done again, and what waited for
//! the round waits no longer. A series that waits for another goes on waiting, for the rounds that do not come after its own.

use super::{Around, Tasks};
use crate::domain::{
    change::{Change, Edit, GroupId},
    command::{Caller, Round},
    error::Result,
    task::{Status, Task, TaskId, Timestamp},
};

/// The edits that rounds bring along, one for each task.
pub(super) struct Brought<'a> {
    caller: &'a Caller,
    tasks: &'a dyn Around,
    edits: Vec<Edit>,
}

impl<'a> Brought<'a> {
    pub(super) fn new(caller: &'a Caller, tasks: &'a dyn Around) -> Self {
        Self {
            caller,
            tasks,
            edits: Vec::new(),
        }
    }

    pub(super) fn edits(self) -> Vec<Edit> {
        self.edits
    }

    /// Takes what the `round` brings along, the last of whose series before it was completed at `since`. Tasks that are `named` in the
    /// call stay as it says.
    pub(super) fn take(
        &mut self,
        round: &Round,
        since: Option<Timestamp>,
        named: &dyn Fn(TaskId) -> bool,
    ) -> Result<()> {
        for id in self.tasks.waiting(round.task)? {
            if !named(id) && self.task(id)?.repeat.is_none() {
                self.change(id, |task| {
                    task.depends_on.remove(&round.task);
                })?;
            }
        }
        self.reopen(round.task, round, since, named)
    }

    /// Opens the finished subtasks of `parent` again, and theirs. One that has a rule of its own goes by that.
    fn reopen(
        &mut self,
        parent: TaskId,
        round: &Round,
        since: Option<Timestamp>,
        named: &dyn Fn(TaskId) -> bool,
    ) -> Result<()> {
        let (now, zone) = (self.caller.now, self.caller.zone);
        for id in self.tasks.finished_parts(parent)? {
            let task = self.task(id)?;
            let is_of_round = task.completed_at > since && task.repeat.is_none();
            if !is_of_round || task.status != Status::Completed || named(id) {
                continue;
            }
            self.change(id, |task| {
                task.set_status(Status::Pending, now);
                round.move_dates(task, zone);
            })?;
            self.reopen(id, round, since, named)?;
        }
        Ok(())
    }

    /// Returns a task as it is with what was brought along so far.
    fn task(&self, id: TaskId) -> Result<Task> {
        let edit = self.edits.iter().find(|edit| edit.after.id == id);
        edit.map_or_else(|| self.tasks.task(id), |edit| Ok(edit.after.clone()))
    }

    fn change(&mut self, id: TaskId, change: impl FnOnce(&mut Task)) -> Result<()> {
        let place = self.edits.iter().position(|edit| edit.after.id == id);
        let mut edit = match place {
            Some(place) => self.edits.remove(place),
            None => Edit::of(&self.tasks.task(id)?),
        };
        change(&mut edit.after);
        self.edits.push(edit.stamped(self.caller.now));
        Ok(())
    }
}

/// The tasks as a call that completes some of them leaves them.
pub(super) struct Done<'a> {
    pub(super) edits: &'a [Edit],
    pub(super) tasks: &'a dyn Tasks,
}

impl Done<'_> {
    fn edited(&self, id: TaskId) -> Option<&Task> {
        let edit = self.edits.iter().find(|edit| edit.after.id == id);
        edit.map(|edit| &edit.after)
    }
}

impl Around for Done<'_> {
    fn task(&self, id: TaskId) -> Result<Task> {
        let edited = self.edited(id).cloned();
        edited.map_or_else(|| self.tasks.task(id), Ok)
    }

    fn finished_parts(&self, id: TaskId) -> Result<Vec<TaskId>> {
        let mut parts = self.tasks.finished_parts(id)?;
        parts.retain(|part| self.edited(*part).is_none());
        let edited = self.edits.iter().map(|edit| &edit.after);
        let finished =
            edited.filter(|task| task.parent == Some(id) && task.status == Status::Completed);
        parts.extend(finished.map(|task| task.id));
        parts.sort_unstable();
        Ok(parts)
    }

    fn waiting(&self, id: TaskId) -> Result<Vec<TaskId>> {
        let mut waiting = self.tasks.waiting(id)?;
        waiting.retain(|id| self.edited(*id).is_none_or(Task::is_open));
        Ok(waiting)
    }

    fn history(&self, id: TaskId, seq: i64) -> Result<Vec<Change>> {
        self.tasks.history(id, seq)
    }

    fn undone_by(&self, group: GroupId) -> Result<Option<GroupId>> {
        self.tasks.undone_by(group)
    }
}
