//! Knowing a task of a file again, so that importing the same twice does not double anything.
//!
//! A task is known by what nobody changes after it was added, its creator and the time, and by its title. In a database
//! that gave the file its ids, the id stands for the title, which may have been changed since.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::{
    arrival::Arrival,
    error::{Result, WhileTrying},
    store::Store,
    task::{Task, TaskId},
};

/// The tasks that were here before the import, by a hash of what they are known by. Each stands for one of the file.
#[derive(Debug)]
pub(super) struct Known {
    is_dated: bool,
    /// In order.
    tasks: Vec<(u64, TaskId)>,
    /// For each, whether it stands for one of the file already.
    is_taken: Vec<bool>,
    /// Of hashes that several have, the first that is not taken.
    next: HashMap<u64, usize>,
}

impl Known {
    /// Reads what is here. `is_dated`: the file says when each task was created.
    pub(super) fn read(store: &Store, is_dated: bool) -> Result<Self> {
        let mut tasks: Vec<(u64, TaskId)> = store
            .connection
            .prepare_cached("SELECT id, created_by, title, created_at FROM task")
            .and_then(|mut statement| {
                let read = |row: &rusqlite::Row<'_>| {
                    let created_by = row.get_ref("created_by")?.as_str()?;
                    let title = row.get_ref("title")?.as_str()?;
                    let created_at = row.get("created_at")?;
                    let hash = hash(created_by, title, is_dated.then_some(created_at));
                    Ok((hash, row.get("id")?))
                };
                statement.query_map([], read)?.collect()
            })
            .while_trying("read which tasks are here")?;
        tasks.sort_unstable();
        Ok(Self {
            is_dated,
            is_taken: vec![false; tasks.len()],
            tasks,
            next: HashMap::new(),
        })
    }

    /// Returns the task that `arrival` is. `is_own`: its id is one of ours. One in the trash is known only by a task in
    /// the trash, so that what was deleted can be brought back from a file.
    pub(super) fn find(
        &mut self,
        store: &Store,
        arrival: &Arrival,
        is_own: bool,
    ) -> Result<Option<Task>> {
        let came = &arrival.task;
        if is_own
            && let Some(here) = store.task(came.id)?
            && self.is_same(&here, came)
            && let Ok(place) = self.tasks.binary_search(&(self.hash(&here), here.id))
            && !std::mem::replace(&mut self.is_taken[place], true)
        {
            return Ok(Some(here));
        }
        let hash = self.hash(came);
        let first = self.tasks.partition_point(|(other, _)| *other < hash);
        let mut place = self.next.get(&hash).copied().unwrap_or(first);
        while let Some((_, id)) = self.tasks.get(place).filter(|(other, _)| *other == hash) {
            if !self.is_taken[place] {
                let here = store.existing(*id)?;
                if self.is_same(&here, came) && here.title == came.title {
                    self.is_taken[place] = true;
                    if place > first {
                        self.next.insert(hash, place + 1);
                    }
                    return Ok(Some(here));
                }
            }
            place += 1;
        }
        Ok(None)
    }

    fn hash(&self, task: &Task) -> u64 {
        let created_at = self.is_dated.then(|| task.created_at.as_millis());
        hash(task.created_by.as_str(), task.title.as_str(), created_at)
    }

    fn is_same(&self, here: &Task, came: &Task) -> bool {
        here.created_by == came.created_by
            && (!self.is_dated || here.created_at == came.created_at)
            && (!here.is_deleted() || came.is_deleted())
    }
}

fn hash(created_by: &str, title: &str, created_at: Option<i64>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (created_by, title, created_at).hash(&mut hasher);
    hasher.finish()
}

/// Reports whether a file says something else of a task than what is here.
pub(super) fn differs(here: &Task, came: &Task) -> bool {
    let said = |task: &Task| {
        (
            (task.title.clone(), task.description.clone()),
            (task.status, task.is_deleted(), task.priority),
            (task.due, task.defer_until, task.repeat.clone()),
            (
                task.project.clone(),
                task.tags.clone(),
                task.comments.clone(),
            ),
        )
    };
    said(here) != said(came)
}
