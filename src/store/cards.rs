//! What the board reads: cards, and which of them a change alters.

use std::collections::BTreeSet;

use rusqlite::OptionalExtension as _;
use serde_json::Value;

use super::{Store, failure::WhileTrying, views::open};
use crate::domain::{
    card::Card,
    change::Change,
    error::{Error, Result},
    task::{Summary, TaskId, Timestamp},
};

/// What a card has beyond the summary. Subtasks in the trash are not counted.
const REST_OF_CARD: &str = concat!(
    "SELECT rev, created_at, started_at, created_by, description <> '',
            (SELECT count(*) FROM comment WHERE comment.task_id = task.id),
            (SELECT count(*) FROM task AS part WHERE part.parent = task.id AND part.deleted_at IS NULL),
            (SELECT count(*) FROM task AS part WHERE part.parent = task.id AND ",
    open!(),
    ")
       FROM task WHERE id = ?1"
);

impl Store {
    /// Returns the card of a task that a list shows as `summary`.
    pub fn card(&self, summary: Summary) -> Result<Card> {
        let id = summary.id;
        self.connection
            .prepare_cached(REST_OF_CARD)
            .and_then(|mut statement| {
                let read = |row: &rusqlite::Row<'_>| {
                    let (parts, open_parts): (u32, u32) = (row.get(6)?, row.get(7)?);
                    Ok(Card {
                        summary,
                        rev: row.get(0)?,
                        created_at: row.get(1)?,
                        started_at: row.get(2)?,
                        created_by: row.get(3)?,
                        has_description: row.get(4)?,
                        comments: row.get(5)?,
                        parts,
                        closed_parts: parts.saturating_sub(open_parts),
                    })
                };
                statement.query_row([id], read).optional()
            })
            .while_trying("read a task")?
            .ok_or(Error::NotFound { id })
    }

    /// Returns when the change `seq` was made; `None` if there is no such change.
    pub fn time_of_change(&self, seq: i64) -> Result<Option<Timestamp>> {
        self.connection
            .prepare_cached("SELECT at FROM change WHERE seq = ?1")
            .and_then(|mut statement| statement.query_row([seq], |row| row.get(0)).optional())
            .while_trying("read the change log")
    }

    /// Returns the tasks whose cards the changes after `seq` may have altered; `None` if there were more than `most` changes.
    /// Beside the tasks that were changed these are the wholes they are or were a part of, and the open tasks that wait for them.
    pub fn altered_since(&self, seq: i64, most: u32) -> Result<Option<BTreeSet<TaskId>>> {
        let changes = self.changes_since(seq, most.saturating_add(1))?;
        if changes.len() > most as usize {
            return Ok(None);
        }
        let wholes = changes.iter().flat_map(wholes_of);
        let mut ids: BTreeSet<TaskId> = wholes.collect();
        let own: BTreeSet<TaskId> = changes.iter().map(|change| change.task).collect();
        ids.extend(self.beside(&own)?);
        ids.extend(own);
        Ok(Some(ids))
    }

    /// Returns the tasks whose cards tell of one of `ids` beside their own: the wholes these are a part of, and the open tasks
    /// that wait for them.
    pub fn beside(&self, ids: &BTreeSet<TaskId>) -> Result<BTreeSet<TaskId>> {
        let mut beside = BTreeSet::new();
        for id in ids {
            beside.extend(self.summary(*id)?.parent);
            beside.extend(self.waiting_for(*id)?);
        }
        Ok(beside)
    }
}

/// Returns the tasks that the task of a change was made a part of, or no longer.
fn wholes_of(change: &Change) -> impl Iterator<Item = TaskId> {
    let fields = change.old.iter().chain([&change.new]);
    let parents = fields.filter_map(|fields| fields.get("parent").and_then(Value::as_i64));
    parents.filter_map(|id| TaskId::try_from(id).ok())
}
