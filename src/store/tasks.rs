//! Reading tasks: one, a page, a count.

use rusqlite::{OptionalExtension, named_params};

use super::{
    Store,
    rows::{task_columns, task_from_row},
};
use crate::{
    error::{Error, Result, WhileTrying},
    task::{Status, Task, TaskId},
};

/// Which tasks to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Those with something left to do.
    Open,
    /// Those with this status.
    Status(Status),
    /// All but the trash.
    All,
    /// The trash.
    Trash,
}

/// A part of a list, in the order the tasks were added.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// How many more there are after them, counted up to [`Store::COUNT_LIMIT`].
    pub more: u32,
}

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

    pub(super) fn existing(&self, id: TaskId) -> Result<Task> {
        self.task(id)?.ok_or(Error::NotFound { id })
    }

    /// Returns up to `limit` tasks, those added first leading, that come after `after`.
    pub fn list(&self, filter: Filter, after: Option<TaskId>, limit: u32) -> Result<Page> {
        self.snapshot(|store| store.page(filter, after, limit))
    }

    /// As [`Self::list`], inside a [`Self::snapshot`].
    pub fn page(&self, filter: Filter, after: Option<TaskId>, limit: u32) -> Result<Page> {
        let tasks = self.tasks(filter, after, limit)?;
        let more = match tasks.last() {
            Some(last) if tasks.len() == limit as usize => self.count(filter, Some(last.id))?,
            _ => 0,
        };
        Ok(Page { tasks, more })
    }

    fn tasks(&self, filter: Filter, after: Option<TaskId>, limit: u32) -> Result<Vec<Task>> {
        let mut statement = self
            .connection
            .prepare_cached(filter.page_sql())
            .while_trying("list tasks")?;
        let after = after.map_or(0, TaskId::get);
        let read = match filter {
            Filter::Status(status) => statement.query_map(
                named_params! { ":after": after, ":limit": limit, ":status": status },
                task_from_row,
            ),
            _ => statement.query_map(
                named_params! { ":after": after, ":limit": limit },
                task_from_row,
            ),
        };
        read.and_then(Iterator::collect).while_trying("list tasks")
    }

    /// Returns how many tasks come after `after`, up to [`Self::COUNT_LIMIT`].
    pub fn count(&self, filter: Filter, after: Option<TaskId>) -> Result<u32> {
        let mut statement = self
            .connection
            .prepare_cached(filter.count_sql())
            .while_trying("count tasks")?;
        let after = after.map_or(0, TaskId::get);
        let limit = Self::COUNT_LIMIT;
        match filter {
            Filter::Status(status) => statement.query_row(
                named_params! { ":after": after, ":limit": limit, ":status": status },
                |row| row.get(0),
            ),
            _ => statement.query_row(named_params! { ":after": after, ":limit": limit }, |row| {
                row.get(0)
            }),
        }
        .while_trying("count tasks")
    }
}

impl Filter {
    fn page_sql(self) -> &'static str {
        macro_rules! page {
            ($condition:literal) => {
                concat!(
                    "SELECT ",
                    task_columns!(),
                    " FROM task WHERE ",
                    $condition,
                    " AND id > :after ORDER BY id LIMIT :limit"
                )
            };
        }
        match self {
            Self::Open => {
                page!("deleted_at IS NULL AND status IN ('pending', 'in_progress')")
            }
            Self::Status(_) => page!("deleted_at IS NULL AND status = :status"),
            Self::All => page!("deleted_at IS NULL"),
            Self::Trash => page!("deleted_at IS NOT NULL"),
        }
    }

    fn count_sql(self) -> &'static str {
        macro_rules! count {
            ($condition:literal) => {
                concat!(
                    "SELECT count(*) FROM (SELECT 1 FROM task WHERE ",
                    $condition,
                    " AND id > :after LIMIT :limit)"
                )
            };
        }
        match self {
            Self::Open => {
                count!("deleted_at IS NULL AND status IN ('pending', 'in_progress')")
            }
            Self::Status(_) => count!("deleted_at IS NULL AND status = :status"),
            Self::All => count!("deleted_at IS NULL"),
            Self::Trash => count!("deleted_at IS NOT NULL"),
        }
    }
}
