//! Reading everything, to be written elsewhere: in pages, so that memory stays small however many tasks there are.

use super::{
    Store,
    failure::WhileTrying,
    rows::{task_columns, task_from_row},
};
use crate::domain::{
    change::{Change, joined},
    error::{Error, Result},
    task::{Origin, Task, TaskId, Version},
};

/// How many tasks are read at a time.
const PAGE: u32 = 500;
/// How many earlier states of a task an export names.
const STATES: usize = 8;

impl Store {
    /// Gives a task that is in another database of ours too the states that it was in since it came from there, the newest first: by
    /// them that database tells what it has seen of this one.
    pub fn with_states(&self, task: Task) -> Result<Task> {
        let elsewhere = task.origin.as_ref().and_then(Origin::elsewhere);
        let state = Version {
            rev: task.rev,
            at: task.updated_at,
        };
        let (Some(elsewhere), Some(origin)) = (elsewhere, task.origin.clone()) else {
            return Ok(task);
        };
        let history = joined(self.history(task.id, 0)?);
        let mut since: Vec<Version> = Vec::new();
        let here = history.iter().rev().map(Change::version);
        for version in here.chain(origin.since.iter().copied()) {
            if ![state, elsewhere].contains(&version) && !since.contains(&version) {
                since.push(version);
            }
            if since.len() == STATES {
                break;
            }
        }
        let origin = Some(Origin { since, ..origin });
        Ok(Task { origin, ..task })
    }

    /// Returns how many tasks there are, those in the trash too, and how many of them are in the trash.
    pub fn count_all(&self) -> Result<(u64, u64)> {
        self.connection
            .prepare_cached("SELECT count(*), count(deleted_at) FROM task")
            .and_then(|mut statement| {
                let count = |row: &rusqlite::Row<'_>, column| {
                    row.get::<usize, i64>(column).map(i64::cast_unsigned)
                };
                statement.query_row([], |row| Ok((count(row, 0)?, count(row, 1)?)))
            })
            .while_trying("count the tasks")
    }

    /// Returns the year of the earliest date that a task has, as it is written; `None` if none has one. Reads every row.
    pub fn first_year(&self) -> Result<Option<i32>> {
        self.connection
            .prepare_cached(
                "SELECT min(substr(due, 1, 4)) AS due, min(substr(defer_until, 1, 4)) AS defer_until,
                        min(substr(repeat_from, 1, 4)) AS repeat_from
                 FROM task",
            )
            .and_then(|mut statement| {
                statement.query_row([], |row| {
                    let mut years = Vec::new();
                    for column in ["due", "defer_until", "repeat_from"] {
                        let year: Option<String> = row.get(column)?;
                        years.extend(year.and_then(|year| year.parse::<i32>().ok()));
                    }
                    Ok(years.into_iter().min())
                })
            })
            .while_trying("find the earliest date")
    }

    /// Returns the highest id ever given out; 0 before the first.
    pub fn last_id(&self) -> Result<i64> {
        self.last_number("task")
    }

    /// Hands every task to `take` in the order of the ids, those in the trash too. One state of the database only within
    /// [`Store::snapshot`].
    pub fn each_task<E: From<Error>>(
        &self,
        mut take: impl FnMut(Task) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let mut after = 0;
        loop {
            let page = self.tasks_after(after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.id.get();
            page.into_iter().try_for_each(&mut take)?;
        }
    }

    /// Hands every task outside the trash to `take` with its depth: the parts of a task after it and one deeper, the
    /// others in the order of the ids. A part of a task in the trash stands alone.
    pub fn each_task_nested<E: From<Error>>(
        &self,
        mut take: impl FnMut(Task, usize) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        self.each_task(|top| {
            if top.is_deleted() || self.is_listed_under_another(&top)? {
                return Ok(());
            }
            let mut untold = vec![vec![top.id]];
            while let Some(level) = untold.last_mut() {
                let Some(id) = level.pop() else {
                    untold.pop();
                    continue;
                };
                take(self.existing(id)?, untold.len() - 1)?;
                untold.push(self.parts_backwards(id)?);
            }
            Ok(())
        })
    }

    fn is_listed_under_another(&self, task: &Task) -> Result<bool> {
        let parent = task.parent.map(|id| self.existing(id)).transpose()?;
        Ok(parent.is_some_and(|parent| !parent.is_deleted()))
    }

    /// Returns up to `limit` tasks whose id is greater than `id`, by id, trashed ones too.
    pub(crate) fn tasks_after(&self, id: i64, limit: u32) -> Result<Vec<Task>> {
        self.connection
            .prepare_cached(concat!(
                "SELECT ",
                task_columns!(),
                " FROM task WHERE id > ?1 ORDER BY id LIMIT ?2"
            ))
            .and_then(|mut statement| statement.query_map((id, limit), task_from_row)?.collect())
            .while_trying("read all tasks")
    }

    fn parts_backwards(&self, id: TaskId) -> Result<Vec<TaskId>> {
        self.connection
            .prepare_cached(
                "SELECT id FROM task WHERE parent = ?1 AND deleted_at IS NULL ORDER BY id DESC",
            )
            .and_then(|mut statement| statement.query_map([id], |row| row.get(0))?.collect())
            .while_trying("list subtasks")
    }
}
