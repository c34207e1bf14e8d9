//! Reading the change log: what came when, in which group, and whether it is undone.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, ToSql, named_params};

use super::{
    Store,
    failure::WhileTrying,
    rows::{change_columns, change_from_row},
};
use crate::domain::{
    change::{
        COMMENTS, Change, CommentDiff, Edit, GroupId, Kind, UPDATED_AT, is_nothing, joined,
        logged_fields,
    },
    command::{CallKey, Caller, KeyedCall, Outcome},
    error::Result,
    task::{Actor, Summary, Task, TaskId},
};

/// How many changes are read at a time.
const PAGE: u32 = 1_000;

/// The key of a call: of which client, what it is, which group it made, and the digest of what the call said.
pub(crate) type StoredKey = (String, String, GroupId, Option<[u8; 32]>);

impl Store {
    /// Returns the sequence number of the last change; 0 before the first.
    pub fn last_change(&self) -> Result<i64> {
        self.connection
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM change")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("read the change log")
    }

    /// Returns the highest number `table` ever gave out; 0 before the first.
    pub(crate) fn last_number(&self, table: &str) -> Result<i64> {
        self.connection
            .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")
            .and_then(|mut statement| statement.query_row([table], |row| row.get(0)).optional())
            .map(Option::unwrap_or_default)
            .while_trying("number a row")
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

    /// Hands every change after `seq` to `take`, in commit order. One state of the database only within a transaction.
    pub(super) fn each_change_since(
        &self,
        seq: i64,
        mut take: impl FnMut(Change) -> Result<()>,
    ) -> Result<()> {
        let mut after = seq;
        loop {
            let page = self.changes_since(after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.seq;
            page.into_iter().try_for_each(&mut take)?;
        }
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

    /// Appends a change to the log.
    pub(super) fn append(&self, change: &Change) -> Result<()> {
        let old = change.old.as_ref().map(serde_json::to_string).transpose()?;
        let new = serde_json::to_string(&change.new)?;
        self.connection
            .prepare_cached(
                "INSERT INTO change (seq, group_seq, at, actor, kind, task_id, rev, old, new, reverts, part, parts, session)
                 VALUES (:seq, :group, :at, :actor, :kind, :task, :rev, :old, :new, :reverts, :part, :parts, :session)",
            )
            .and_then(|mut statement| {
                statement.execute(named_params! {
                    ":seq": change.seq,
                    ":group": change.group,
                    ":at": change.at,
                    ":actor": change.actor,
                    ":kind": change.kind,
                    ":task": change.task,
                    ":rev": change.rev,
                    ":old": old,
                    ":new": new,
                    ":reverts": change.reverts,
                    ":part": change.part,
                    ":parts": change.parts,
                    ":session": change.session,
                })
            })
            .while_trying("log a change")?;
        Ok(())
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
        let rows = changes
            .take_while(|change| change.as_ref().map_or(true, |change| change.group == group))
            .collect::<rusqlite::Result<Vec<_>>>()
            .while_trying("read a change group")?;
        Ok(joined(rows))
    }

    /// Returns who made a change group; `None` if there is no such group.
    pub(crate) fn author(&self, group: GroupId) -> Result<Option<Actor>> {
        self.connection
            .prepare_cached("SELECT actor FROM change WHERE seq = ?1 AND group_seq = ?1")
            .and_then(|mut statement| statement.query_row([group], |row| row.get(0)).optional())
            .while_trying("read a change group")
    }

    /// Returns the call that `caller` made with `key`.
    pub(super) fn keyed_call(&self, key: &CallKey, caller: &Caller) -> Result<Option<KeyedCall>> {
        self.connection
            .prepare_cached("SELECT group_seq, digest FROM call_key WHERE actor = ?1 AND key = ?2")
            .and_then(|mut statement| {
                let read = |row: &rusqlite::Row<'_>| {
                    let (group, digest) = (row.get(0)?, row.get(1)?);
                    Ok(KeyedCall { group, digest })
                };
                statement
                    .query_row((caller.client(), key.as_str()), read)
                    .optional()
            })
            .while_trying("look up a key")
    }

    /// Remembers that `caller` made `group` with `key`.
    pub(super) fn keep_key(&self, key: &CallKey, group: GroupId, caller: &Caller) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO call_key (actor, key, group_seq, digest) VALUES (?1, ?2, ?3, ?4)",
            )
            .and_then(|mut statement| {
                statement.execute((caller.client(), key.as_str(), group, key.digest()))
            })
            .while_trying("keep a key")?;
        Ok(())
    }

    /// Returns every key that a call was made with.
    pub(crate) fn call_keys(&self) -> Result<Vec<StoredKey>> {
        self.connection
            .prepare_cached(
                "SELECT actor, key, group_seq, digest FROM call_key ORDER BY group_seq, actor, key",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                    })?
                    .collect()
            })
            .while_trying("read the keys of calls")
    }

    /// Keeps the key of a call that was made in another database, or on another machine, unless it is here.
    pub(crate) fn adopt_key(
        &self,
        actor: &str,
        key: &str,
        group: GroupId,
        digest: Option<&[u8; 32]>,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO call_key (actor, key, group_seq, digest) VALUES (?1, ?2, ?3, ?4)",
            )
            .and_then(|mut statement| statement.execute((actor, key, group, digest)))
            .while_trying("keep a key")?;
        Ok(())
    }

    /// Makes sure that the numbers of `table` up to `number` are not given out again.
    pub(super) fn use_up(&self, table: &str, number: i64) -> Result<()> {
        let updated = self
            .connection
            .prepare_cached("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1")
            .and_then(|mut statement| statement.execute((table, number)))
            .while_trying("number a row")?;
        if updated == 0 {
            self.connection
                .prepare_cached("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)")
                .and_then(|mut statement| statement.execute((table, number)))
                .while_trying("number a row")?;
        }
        Ok(())
    }

    /// Returns the tasks changed after `seq`, each with its last change, in the order of those; up to `limit`, and the
    /// sequence number to go on from.
    pub fn changed_since(&self, seq: i64, limit: u32) -> Result<(Vec<(Summary, Change)>, i64)> {
        let mut last_of: BTreeMap<TaskId, Change> = BTreeMap::new();
        let mut at = seq;
        for change in self.changes_since(seq, limit.saturating_mul(10))? {
            if last_of.len() == limit as usize && !last_of.contains_key(&change.task) {
                break;
            }
            at = change.seq;
            last_of.insert(change.task, change);
        }
        let mut changes: Vec<Change> = last_of.into_values().collect();
        changes.sort_by_key(|change| change.seq);
        let tasks = changes
            .into_iter()
            .map(|change| Ok((self.summary(change.task)?, change)));
        Ok((tasks.collect::<Result<_>>()?, at))
    }

    /// Returns the tasks of the call that made `group`, as they are now.
    pub(super) fn made_before(&self, group: GroupId) -> Result<Outcome> {
        let mut added = self.group(group)?;
        // A subtask may be completed and opened again by one call.
        let mut known = BTreeSet::new();
        added.retain(|change| known.insert(change.task));
        let as_now = added.iter().map(|change| {
            Ok(Edit {
                before: None,
                after: self.existing(change.task)?,
                comments: CommentDiff::default(),
                keeps_due: false,
            })
        });
        Ok(Outcome {
            group: Some(group),
            edits: as_now.collect::<Result<_>>()?,
            is_repeat: true,
            ..Outcome::default()
        })
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

    /// Returns the last group of the caller's session that is in force and is not itself an undo; of its client where there
    /// are no sessions.
    pub(super) fn last_group(&self, caller: &Caller) -> Result<Option<GroupId>> {
        match caller.session_id() {
            Some(session) => self.last_in_force(&LAST_OF_SESSION, session),
            None => self.last_group_of_client(caller),
        }
    }

    /// Likewise of all sessions of the client.
    pub(super) fn last_group_of_client(&self, caller: &Caller) -> Result<Option<GroupId>> {
        let last = self.last_in_force(&LAST_OF_ACTOR, &caller.actor)?;
        if *caller.client() == caller.actor {
            return Ok(last);
        }
        // Under the name that an earlier version showed.
        Ok(last.max(self.last_in_force(&LAST_OF_ACTOR, caller.client())?))
    }

    fn last_in_force(&self, sql: &LastGroup, whose: &dyn ToSql) -> Result<Option<GroupId>> {
        // The first row of a group has the group's number.
        let untouched: Option<GroupId> = self
            .connection
            .prepare_cached(sql.untouched)
            .and_then(|mut statement| statement.query_row([whose], |row| row.get(0)).optional())
            .while_trying("read the change log")?;
        // One whose undo was undone may be in force, too.
        let redone: Vec<GroupId> = self
            .connection
            .prepare_cached(sql.redone)
            .and_then(|mut statement| {
                let newer = untouched.unwrap_or(0);
                let rows =
                    statement.query_map(rusqlite::params![whose, newer], |row| row.get(0))?;
                rows.collect()
            })
            .while_trying("read the change log")?;
        for group in redone {
            if self.undone_by(group)?.is_none() {
                return Ok(Some(group));
            }
        }
        Ok(untouched)
    }
}

/// How the last group is found that someone has made and is in force.
struct LastGroup {
    /// Of those that no undo has reverted.
    untouched: &'static str,
    /// Those after it whose undo was reverted.
    redone: &'static str,
}

macro_rules! last_group_by {
    ($column:literal) => {
        LastGroup {
            untouched: concat!(
                "SELECT group_seq FROM change AS made
                  WHERE ",
                $column,
                " = ?1 AND kind <> 'undo'
                    AND NOT EXISTS (SELECT 1 FROM change WHERE reverts = made.group_seq)
                  ORDER BY group_seq DESC LIMIT 1"
            ),
            redone: concat!(
                "SELECT DISTINCT made.group_seq
                   FROM change AS again
                   CROSS JOIN change AS undone ON undone.seq = again.reverts
                   CROSS JOIN change AS made ON made.seq = undone.reverts
                  WHERE again.reverts IS NOT NULL AND made.",
                $column,
                " = ?1 AND made.kind <> 'undo'
                    AND made.group_seq > ?2
                  ORDER BY made.group_seq DESC"
            ),
        }
    };
}

const LAST_OF_ACTOR: LastGroup = last_group_by!("actor");
const LAST_OF_SESSION: LastGroup = last_group_by!("session");

/// Returns whether replaying `changes`, all of a task's, gives `task`. Comments are not looked at.
pub fn is_replay_of(task: &Task, changes: &[Change]) -> bool {
    let mut fields = crate::domain::change::Fields::new();
    for change in changes {
        fields.extend(
            change
                .new
                .iter()
                .filter(|(name, _)| *name != COMMENTS)
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    let (first, last) = (changes.first(), changes.last());
    // A task that came from a file has changes behind it that the log does not know.
    let first_rev = first
        .filter(|first| first.kind == Kind::Import)
        .map_or(1, |first| first.rev);
    let arrived_at = fields.remove(UPDATED_AT).and_then(|at| at.as_i64());
    let updated_at = |last: &Change| match arrived_at {
        Some(at) if first.is_some_and(|first| first.group == last.group) => at,
        _ => last.at.as_millis(),
    };
    let mut logged = logged_fields(task);
    logged.retain(|_, value| !is_nothing(value));
    fields.retain(|_, value| !is_nothing(value));
    fields == logged
        && last.is_some_and(|last| {
            last.rev == task.rev && updated_at(last) == task.updated_at.as_millis()
        })
        && has_every_revision(changes, first_rev)
}

/// Reports whether the revisions of `changes` count on from `first`. Only a repair passes over some: those whose changes
/// are lost.
fn has_every_revision(changes: &[Change], first: i64) -> bool {
    let mut next = first;
    changes.iter().all(|change| {
        if change.part > 1 {
            return change.rev == next - 1;
        }
        let fits = change.rev == next || change.kind == Kind::Repair && change.rev > next;
        next = change.rev + 1;
        fits
    })
}
