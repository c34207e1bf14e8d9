//! Reading the change log: what came when, in which group, and whether it is undone.

use super::{
    Store,
    rows::{change_columns, change_from_row},
};
use crate::{
    change::{Change, GroupId, Kind, logged_fields},
    command::Caller,
    error::{Error, Result, WhileTrying},
    task::{Task, TaskId},
};

impl Store {
    /// Returns the sequence number of the last change; 0 before the first.
    pub(crate) fn last_change(&self) -> Result<i64> {
        self.connection
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM change")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("read the change log")
    }

    /// Returns up to `limit` changes after `seq`, in commit order.
    pub(crate) fn changes_since(&self, seq: i64, limit: u32) -> Result<Vec<Change>> {
        self.connection
            .prepare_cached(concat!(
                "SELECT ",
                change_columns!(),
                " FROM change WHERE seq > ?1 ORDER BY seq LIMIT ?2"
            ))
            .and_then(|mut statement| {
                statement
                    .query_map((seq, limit), change_from_row)?
                    .collect()
            })
            .while_trying("read the change log")
    }

    /// Returns the changes of a task after `seq`, in commit order; all of them from 0.
    pub fn history(&self, id: TaskId, seq: i64) -> Result<Vec<Change>> {
        self.connection
            .prepare_cached(concat!(
                "SELECT ",
                change_columns!(),
                " FROM change WHERE task_id = ?1 AND seq > ?2 ORDER BY seq"
            ))
            .and_then(|mut statement| statement.query_map((id, seq), change_from_row)?.collect())
            .while_trying("read a task's history")
    }

    /// Returns the changes of a group, in commit order; none if there is no such group.
    pub(super) fn group(&self, group: GroupId) -> Result<Vec<Change>> {
        let mut statement = self
            .connection
            .prepare_cached(concat!(
                "SELECT ",
                change_columns!(),
                " FROM change WHERE seq >= ?1 ORDER BY seq"
            ))
            .while_trying("read a change group")?;
        let changes = statement
            .query_map([group], change_from_row)
            .while_trying("read a change group")?;
        // A group is written in one piece, so the first row of the next one ends it.
        changes
            .take_while(|change| change.as_ref().map_or(true, |change| change.group == group))
            .collect::<rusqlite::Result<_>>()
            .while_trying("read a change group")
    }

    /// Returns the undo that reverted `group` and is in force itself.
    pub(super) fn undone_by(&self, group: GroupId) -> Result<Option<GroupId>> {
        let mut target = group;
        let mut verdict = None;
        // An undo can be undone, and that again: the last link of the chain decides.
        loop {
            let by: Option<GroupId> = self
                .connection
                .prepare_cached("SELECT max(group_seq) FROM change WHERE reverts = ?1")
                .and_then(|mut statement| statement.query_row([target], |row| row.get(0)))
                .while_trying("read the change log")?;
            let Some(by) = by else { return Ok(verdict) };
            verdict = if verdict.is_none() { Some(by) } else { None };
            target = by;
        }
    }

    /// Returns the last group of the caller that is in force and is not itself an undo.
    pub(super) fn last_group(&self, caller: &Caller) -> Result<GroupId> {
        let mut below = i64::MAX;
        loop {
            let group: Option<GroupId> = self
                .connection
                .prepare_cached(
                    "SELECT max(group_seq) FROM change WHERE actor = ?1 AND group_seq < ?2",
                )
                .and_then(|mut statement| {
                    statement.query_row((&caller.actor, below), |row| row.get(0))
                })
                .while_trying("read the change log")?;
            let Some(group) = group else {
                return Err(Error::NothingToUndo {
                    actor: caller.actor.clone(),
                });
            };
            let is_undo = self
                .group(group)?
                .first()
                .is_some_and(|first| first.kind == Kind::Undo);
            if !is_undo && self.undone_by(group)?.is_none() {
                return Ok(group);
            }
            below = group;
        }
    }
}

/// Returns whether replaying `changes`, all of a task's, gives `task`.
pub fn is_replay_of(task: &Task, changes: &[Change]) -> bool {
    let mut fields = crate::change::Fields::new();
    for change in changes {
        fields.extend(
            change
                .new
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    let mut logged = logged_fields(task);
    logged.retain(|_, value| !value.is_null());
    fields.retain(|_, value| !value.is_null());
    let last = changes.last();
    fields == logged
        && last.is_some_and(|last| last.rev == task.rev && last.at == task.updated_at)
        && changes
            .iter()
            .zip(1..)
            .all(|(change, rev)| change.rev == rev)
}
