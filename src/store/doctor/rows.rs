//! Whether the row of each task is what its log gives.

use serde_json::Value;

use super::{Finding, Fix, RESCUE};
use crate::{
    domain::{
        change::{is_chain, replayed},
        command::{Wrong, noting, wrong},
        error::{Error, Result},
        task::{TaskId, TaskWithComments, shortened},
    },
    store::{Store, failure::WhileTrying, is_replay_of},
};

/// How many tasks are named before "and more".
const NAMED: usize = 5;
/// How many characters of a value are shown.
const SHOWN: usize = 60;

/// How the rows stand to the log.
#[derive(Debug, Default)]
pub(in crate::store) struct Rows {
    count: u64,
    pub(in crate::store) wrong: Vec<(TaskId, Wrong)>,
    /// Their log has a gap, or cannot be read.
    unlogged: Vec<TaskId>,
}

impl Rows {
    /// Compares every task with its changes.
    pub(in crate::store) fn read(store: &Store) -> Result<Self> {
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

    pub(super) fn are_good(&self) -> bool {
        self.wrong.is_empty() && self.unlogged.is_empty()
    }

    /// Names the tasks whose row and log do not agree; `None` if there are none.
    pub(in crate::store) fn disagreeing(&self) -> Option<String> {
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

    pub(super) fn finding(&self, store: &Store) -> Result<Finding> {
        if self.wrong.is_empty() {
            return Ok(Finding::good(
                "rows",
                format!("{} tasks, each as its log says", self.count),
            ));
        }
        let mut what = format!(
            "{} of {} tasks are not what their log says: {}",
            self.wrong.len(),
            self.count,
            named(self.wrong.iter().map(|(id, _)| *id))
        );
        let mut both = self
            .wrong
            .iter()
            .filter(|(_, wrong)| *wrong != Wrong::Row)
            .peekable();
        let way_out = if both.peek().is_some() {
            "run `taskhold doctor --fix`; what it does not take of the two stays in the task's history"
        } else {
            "run `taskhold doctor --fix`"
        };
        for (id, _) in both.take(NAMED) {
            if let (Some(row), Some(logged)) = (store.readable(*id)?, store.logged(*id)?) {
                what.push_str(&difference(&row, &logged));
            }
        }
        Ok(Finding {
            fix: Some(Fix::Rows),
            ..Finding::bad("rows", what, way_out)
        })
    }

    pub(super) fn unlogged_finding(&self) -> Finding {
        if self.unlogged.is_empty() {
            return Finding::good("history", "the log of every task is whole");
        }
        let what = format!(
            "the log of {} tasks is damaged: {}",
            self.unlogged.len(),
            named(self.unlogged.iter().copied())
        );
        Finding::bad("history", what, RESCUE)
    }
}

/// Names the first few tasks.
pub(in crate::store) fn named(ids: impl ExactSizeIterator<Item = TaskId>) -> String {
    let is_cut = ids.len() > NAMED;
    let mut names: Vec<String> = ids.take(NAMED).map(|id| id.to_string()).collect();
    if is_cut {
        names.push("and more".to_owned());
    }
    names.join(", ")
}

/// Says what the row and the log of a task say, where that differs.
fn difference(row: &TaskWithComments, logged: &TaskWithComments) -> String {
    let diff = noting(row, logged, row.task.updated_at).diff();
    let (row_says, log_says) = diff.map_or_else(Default::default, |diff| {
        (diff.new, diff.old.unwrap_or_default())
    });
    let shown = |value: Option<&Value>| {
        let value = value.unwrap_or(&Value::Null);
        shortened(&value.to_string(), SHOWN)
    };
    let fields = row_says.iter().map(|(name, value)| {
        format!(
            "{name} is {} in its row and {} in its log",
            shown(Some(value)),
            shown(log_says.get(name))
        )
    });
    format!(
        "; of {}, {}",
        row.task.id,
        fields.collect::<Vec<_>>().join(", ")
    )
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
    pub(in crate::store) fn readable(&self, id: TaskId) -> Result<Option<TaskWithComments>> {
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
    pub(in crate::store) fn logged(&self, id: TaskId) -> Result<Option<TaskWithComments>> {
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
