//! Reading single tasks, and those that stand in some relation to them.

use rusqlite::OptionalExtension;

use super::{
    Store,
    rows::{task_columns, task_from_row},
    views::{ZONES_APART, open},
};
use crate::{
    error::{Error, Result, WhileTrying},
    task::{Task, TaskId, Timestamp},
    when::When,
};

impl Store {
    /// Returns the task with `id`, be it in the trash; `None` if there never was one.
    pub fn task(&self, id: TaskId) -> Result<Option<Task>> {
        self.connection
            .prepare_cached(concat!(
                "SELECT ",
                task_columns!(),
                " FROM task WHERE id = ?1"
            ))
            .and_then(|mut statement| statement.query_row([id], task_from_row).optional())
            .while_trying("read a task")
    }

    /// Returns the task with `id`, be it in the trash.
    pub(super) fn existing(&self, id: TaskId) -> Result<Task> {
        self.task(id)?.ok_or(Error::NotFound { id })
    }

    /// Returns a task that `id` may have been meant for: digits the other way round, one off, or cut.
    pub fn near(&self, id: TaskId) -> Result<Option<Task>> {
        let id = id.get();
        let turned = id
            .to_string()
            .chars()
            .rev()
            .collect::<String>()
            .parse()
            .unwrap_or(0);
        for near in [turned, id - 1, id + 1, id / 10] {
            if near != id
                && let Ok(near) = TaskId::try_from(near)
                && let Some(task) = self.task(near)?
                && !task.is_deleted()
            {
                return Ok(Some(task));
            }
        }
        Ok(None)
    }

    /// Returns the open tasks that are part of one of `ids` and not among them.
    pub fn open_children(&self, ids: &[TaskId]) -> Result<Vec<TaskId>> {
        self.relatives(
            concat!(
                "SELECT id FROM task WHERE parent IN (SELECT value FROM json_each(?1)) AND ",
                open!(),
                " AND id NOT IN (SELECT value FROM json_each(?1)) ORDER BY id LIMIT 20"
            ),
            ids,
        )
    }

    /// Returns the open tasks that depend on one of `ids` and are not among them.
    pub fn dependents(&self, ids: &[TaskId]) -> Result<Vec<TaskId>> {
        self.relatives(
            concat!(
                "SELECT DISTINCT task_id FROM dependency JOIN task ON task.id = task_id
                  WHERE dependency.depends_on IN (SELECT value FROM json_each(?1)) AND ",
                open!(),
                " AND task_id NOT IN (SELECT value FROM json_each(?1)) ORDER BY task_id LIMIT 20"
            ),
            ids,
        )
    }

    /// Returns those of `ids` that are in the trash.
    pub fn deleted_among(&self, ids: &[TaskId]) -> Result<Vec<TaskId>> {
        self.relatives(
            "SELECT id FROM task WHERE id IN (SELECT value FROM json_each(?1)) AND deleted_at IS NOT NULL
              ORDER BY id LIMIT 20",
            ids,
        )
    }

    fn relatives(&self, sql: &'static str, ids: &[TaskId]) -> Result<Vec<TaskId>> {
        let ids = serde_json::to_string(ids)?;
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map([ids], |row| row.get(0))?.collect())
            .while_trying("read related tasks")
    }

    /// Returns the next instant after `now` at which an open task is due.
    pub fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let (from, text) = (
            now.as_millis() - ZONES_APART,
            When::At(now.as_millis()).to_string(),
        );
        let due: Option<When> = self
            .connection
            .prepare_cached(concat!(
                "SELECT due FROM task WHERE ",
                open!(),
                " AND due_order > ?1 AND length(due) > 10 AND due > ?2 ORDER BY due_order LIMIT 1"
            ))
            .and_then(|mut statement| {
                statement
                    .query_row((from, text), |row| row.get(0))
                    .optional()
            })
            .while_trying("read what is due next")?;
        Ok(due.and_then(|due| match due {
            When::At(millis) => Some(Timestamp::from_millis(millis)),
            When::Day(_) => None,
        }))
    }
}
