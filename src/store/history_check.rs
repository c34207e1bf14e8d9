//! Whether the row of each task is what its log gives.

use super::{Store, change_log::is_replay_of, failure::WhileTrying};
use crate::domain::{
    change::{is_chain, replayed},
    command::{Wrong, wrong},
    error::{Error, Result},
    task::{TaskId, TaskWithComments},
};

/// How many tasks are named before "and more".
pub(crate) const NAMED: usize = 5;

/// How the rows stand to the log.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) count: u64,
    pub(crate) wrong: Vec<(TaskId, Wrong)>,
    /// Their log has a gap, or cannot be read.
    pub(crate) unlogged: Vec<TaskId>,
}

impl Rows {
    /// Compares every task with its changes.
    pub(crate) fn read(store: &Store) -> Result<Self> {
        let mut rows = Self::default();
        for id in store.all_ids()? {
            rows.count += 1;
            match (store.readable(id)?, store.logged(id)?) {
                (_, None) => rows.unlogged.push(id),
                (row, Some(logged)) => rows
                    .wrong
                    .extend(wrong(row.as_ref(), &logged).map(|wrong| (id, wrong))),
            }
        }
        Ok(rows)
    }

    pub(crate) fn are_good(&self) -> bool {
        self.wrong.is_empty() && self.unlogged.is_empty()
    }

    /// Names the tasks whose row and log do not agree; `None` if there are none.
    pub(crate) fn disagreeing(&self) -> Option<String> {
        let wrong = self.wrong.iter().map(|(id, _)| *id);
        let mut ids: Vec<TaskId> = wrong.chain(self.unlogged.iter().copied()).collect();
        ids.sort_unstable();
        (!ids.is_empty()).then(|| {
            format!(
                "{} of {} tasks are not what their log says: {}",
                ids.len(),
                self.count,
                named(ids.into_iter())
            )
        })
    }
}

/// Names the first few tasks.
pub(crate) fn named(ids: impl ExactSizeIterator<Item = TaskId>) -> String {
    let is_cut = ids.len() > NAMED;
    let mut names: Vec<String> = ids.take(NAMED).map(|id| id.to_string()).collect();
    if is_cut {
        names.push("and more".to_owned());
    }
    names.join(", ")
}

impl Store {
    /// Returns the id of every task that has a row or a log.
    fn all_ids(&self) -> Result<Vec<TaskId>> {
        self.connection
            .prepare_cached("SELECT id FROM task UNION SELECT task_id FROM change ORDER BY 1")
            .and_then(|mut statement| {
                let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
                // What no task can be called is a reference to nothing, and found as such.
                ids.filter_map(|id| id.map(|id| TaskId::try_from(id).ok()).transpose())
                    .collect()
            })
            .while_trying("list ids")
    }

    /// Returns the task as its row has it; `None` if there is none, or it holds what no task can.
    pub(crate) fn readable(&self, id: TaskId) -> Result<Option<TaskWithComments>> {
        let task = self
            .task(id)
            .and_then(|task| task.map(|task| self.with_comments(task)).transpose());
        match task {
            Err(Error::Damaged {
                is_one_row: true, ..
            }) => Ok(None),
            task => task,
        }
    }

    /// Returns a task as its log gives it; `None` if the log is not whole.
    pub(crate) fn logged(&self, id: TaskId) -> Result<Option<TaskWithComments>> {
        let history = match self.history(id, 0) {
            Ok(history) => history,
            // A row that cannot be read is damage of the log; anything else keeps us from looking.
            Err(Error::Damaged {
                is_one_row: true, ..
            }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let task = replayed(&history).ok().flatten();
        Ok(task.filter(|task| is_replay_of(&task.task, &history) && is_chain(&history)))
    }
}
