//! What a finished round of a series brings along in other tasks: its finished subtasks are to be done again, and what waited for
//! the round waits no longer. A series that waits for another goes on waiting, for the rounds that do not come after its own.

use super::Around;
use crate::domain::{
    change::Edit,
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
