//! The task database: every SQL statement the program runs.
//!
//! A [`Store`] owns one SQLite connection and is synchronous. Async callers, and all who write side by side, go
//! through [`db::Db`].
//!
//! # Invariants
//!
//! - Every change goes through [`Writer`], which holds an immediate transaction: one that read first and asked for the
//!   write lock later would fail whenever another process wrote in between.
//! - A task and its change log row are written in one transaction, by [`Writer::record`] alone.
//! - A statement is prepared once a connection. Nothing is ever formatted into SQL.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, named_params};

use crate::{
    change::{Change, Edit, GroupId, Kind, logged_fields},
    command::{self, Caller, Command, Outcome, Reverting},
    error::{Error, Result, WhileTrying},
    task::{Status, Task, TaskId},
};

pub mod db;
mod open;
mod rows;
mod watch;

pub use open::{Access, Paths};
use rows::{change_columns, change_from_row, task_columns, task_from_row};

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

/// One connection to the task database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    paths: Paths,
}

impl Store {
    /// How far a count goes. Beyond it, counting would cost more than the number is worth.
    pub const COUNT_LIMIT: u32 = 1_000;

    /// Opens the database at `path`, which must be absolute, creating or upgrading it where that is due.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let (connection, paths) = open::open(path, access)?;
        Ok(Self { connection, paths })
    }

    /// Returns the files it lives in.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Runs `read` on one state of the database, whatever others write meanwhile.
    pub fn snapshot<T>(&self, read: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let snapshot = self
            .connection
            .unchecked_transaction()
            .while_trying("begin to read")?;
        let found = read(self)?;
        snapshot.commit().while_trying("end reading")?;
        Ok(found)
    }

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

    fn existing(&self, id: TaskId) -> Result<Task> {
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
    fn group(&self, group: GroupId) -> Result<Vec<Change>> {
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
    fn undone_by(&self, group: GroupId) -> Result<Option<GroupId>> {
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
    fn last_group(&self, caller: &Caller) -> Result<GroupId> {
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

    /// Begins a writing transaction. It is rolled back when the writer is dropped without [`Writer::commit`].
    pub fn writer(&mut self) -> Result<Writer<'_>> {
        let transaction =
            rusqlite::Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
                .while_trying("begin to write")?;
        Ok(Writer {
            store: self,
            transaction,
            next_task: None,
            next_change: None,
            last_change_made: 0,
        })
    }

    /// Runs one command in a transaction of its own.
    pub fn execute(&mut self, command: &Command, caller: &Caller) -> Result<Outcome> {
        let mut writer = self.writer()?;
        let outcome = writer.execute(command, caller)?;
        writer.commit()?;
        Ok(outcome)
    }

    /// Moves the log into the database and empties it, if nobody is in the way.
    pub(crate) fn checkpoint(&mut self) -> Result<()> {
        open::without_waiting(&mut self.connection, |connection| {
            connection
                .prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")
                .and_then(|mut statement| statement.query_row([], |_| Ok(())))
        })
        .while_trying("checkpoint")
    }

    /// Returns a number that differs from the last one when another connection has committed since.
    pub(crate) fn data_version(&self) -> Result<i64> {
        self.connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("look for commits")
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

/// A writing transaction: the only way to change anything.
#[derive(Debug)]
pub struct Writer<'store> {
    store: &'store Store,
    transaction: rusqlite::Transaction<'store>,
    /// The next free numbers, once they were read: nobody else can take them while the transaction lasts.
    next_task: Option<i64>,
    next_change: Option<i64>,
    last_change_made: i64,
}

impl Writer<'_> {
    /// Runs `command` in a savepoint: if it fails, what it wrote is taken back and the transaction goes on.
    pub fn execute(&mut self, command: &Command, caller: &Caller) -> Result<Outcome> {
        self.run("SAVEPOINT command")?;
        let outcome = self.apply(command, caller);
        if outcome.is_ok() {
            self.last_change_made = self
                .next_change
                .map_or(self.last_change_made, |next| next - 1);
        } else {
            (self.next_task, self.next_change) = (None, None);
            self.run("ROLLBACK TO command")?;
        }
        self.run("RELEASE command")?;
        outcome
    }

    /// Returns the sequence number of the last change made here; 0 if there is none.
    pub(crate) fn last_change_made(&self) -> i64 {
        self.last_change_made
    }

    /// Makes it last: when this returns, the changes are on the disk.
    pub fn commit(self) -> Result<()> {
        use rusqlite::ErrorCode;
        self.transaction
            .commit()
            .map_err(|source| match source.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Error::DiskFull,
                Some(ErrorCode::DatabaseBusy) => Error::Busy,
                _ => Error::Uncertain {
                    source: source.into(),
                },
            })
    }

    fn apply(&mut self, command: &Command, caller: &Caller) -> Result<Outcome> {
        let now = caller.now;
        let mut reverted = None;
        let edits = match command {
            Command::Add(drafts) => drafts
                .iter()
                .map(|draft| Ok(command::add(draft, self.next_task_id()?, caller)))
                .collect::<Result<Vec<_>>>()?,
            Command::Update { ids, patch, if_rev } => {
                self.edit_each(ids, |task| command::update(task, patch, *if_rev, now))?
            }
            Command::Complete(ids) => self.edit_each(ids, |task| command::complete(task, now))?,
            Command::Delete(ids) => self.edit_each(ids, |task| command::delete(task, now))?,
            Command::Undo(group) => {
                let group = match group {
                    Some(group) => *group,
                    None => self.store.last_group(caller)?,
                };
                let (kind, edits) = self.undo(group, caller)?;
                reverted = Some((group, kind));
                edits
            }
        };
        let group = self.record(
            command.kind(),
            &edits,
            caller,
            reverted.map(|(group, _)| group),
        )?;
        Ok(Outcome {
            group,
            edits,
            reverted,
        })
    }

    /// Decides an edit for each task once, however often its id was given.
    fn edit_each(
        &self,
        ids: &[TaskId],
        decide: impl Fn(&Task) -> Result<Edit>,
    ) -> Result<Vec<Edit>> {
        let mut seen = Vec::with_capacity(ids.len());
        let mut edits = Vec::with_capacity(ids.len());
        for id in ids {
            if !seen.contains(id) {
                seen.push(*id);
                edits.push(decide(&self.store.existing(*id)?)?);
            }
        }
        Ok(edits)
    }

    fn undo(&self, group: GroupId, caller: &Caller) -> Result<(Kind, Vec<Edit>)> {
        let changes = self.store.group(group)?;
        let Some(kind) = changes.first().map(|first| first.kind) else {
            return Err(Error::NoSuchGroup { group });
        };
        if let Some(by) = self.store.undone_by(group)? {
            return Err(Error::AlreadyUndone { group, by });
        }
        let reverting = changes
            .into_iter()
            .map(|change| {
                let task = self.store.existing(change.task)?;
                let later = self.store.history(change.task, change.seq)?;
                Ok(Reverting {
                    change,
                    task,
                    later,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok((kind, command::undo(&reverting, caller)?))
    }

    /// Writes the edits that change something, and their log. Returns the group they make.
    fn record(
        &mut self,
        kind: Kind,
        edits: &[Edit],
        caller: &Caller,
        reverts: Option<GroupId>,
    ) -> Result<Option<GroupId>> {
        let mut group = None;
        for edit in edits {
            let Some(diff) = edit.diff() else { continue };
            let seq = self.next_change_seq()?;
            let group = *group.get_or_insert(seq);
            self.put(edit)?;
            let old = diff
                .old
                .map(|fields| serde_json::to_string(&fields))
                .transpose()?;
            let new = serde_json::to_string(&diff.new)?;
            self.store
                .connection
                .prepare_cached(
                    "INSERT INTO change (seq, group_seq, at, actor, kind, task_id, rev, old, new, reverts)
                     VALUES (:seq, :group, :at, :actor, :kind, :task, :rev, :old, :new, :reverts)",
                )
                .and_then(|mut statement| {
                    statement.execute(named_params! {
                        ":seq": seq,
                        ":group": group,
                        ":at": caller.now,
                        ":actor": caller.actor,
                        ":kind": kind,
                        ":task": edit.after.id,
                        ":rev": edit.after.rev,
                        ":old": old,
                        ":new": new,
                        ":reverts": reverts,
                    })
                })
                .while_trying("log a change")?;
        }
        Ok(group)
    }

    fn put(&self, edit: &Edit) -> Result<()> {
        let sql = if edit.before.is_none() {
            "INSERT INTO task (id, title, description, status, created_at, updated_at, started_at,
                               completed_at, created_by, rev, deleted_at)
             VALUES (:id, :title, :description, :status, :created_at, :updated_at, :started_at,
                     :completed_at, :created_by, :rev, :deleted_at)"
        } else {
            "UPDATE task SET title = :title, description = :description, status = :status,
                    created_at = :created_at, updated_at = :updated_at, started_at = :started_at,
                    completed_at = :completed_at, created_by = :created_by, rev = :rev,
                    deleted_at = :deleted_at
              WHERE id = :id"
        };
        let task = &edit.after;
        self.store
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement.execute(named_params! {
                    ":id": task.id,
                    ":title": task.title,
                    ":description": task.description,
                    ":status": task.status,
                    ":created_at": task.created_at,
                    ":updated_at": task.updated_at,
                    ":started_at": task.started_at,
                    ":completed_at": task.completed_at,
                    ":created_by": task.created_by,
                    ":rev": task.rev,
                    ":deleted_at": task.deleted_at,
                })
            })
            .while_trying("write a task")?;
        Ok(())
    }

    fn next_task_id(&mut self) -> Result<TaskId> {
        let id = match self.next_task {
            Some(id) => id,
            None => self.last_number("task")? + 1,
        };
        self.next_task = Some(id + 1);
        Ok(TaskId::try_from(id)?)
    }

    fn next_change_seq(&mut self) -> Result<i64> {
        let seq = match self.next_change {
            Some(seq) => seq,
            None => self.last_number("change")? + 1,
        };
        self.next_change = Some(seq + 1);
        Ok(seq)
    }

    /// Returns the highest number `table` ever gave out; 0 before the first.
    fn last_number(&self, table: &str) -> Result<i64> {
        self.store
            .connection
            .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")
            .and_then(|mut statement| statement.query_row([table], |row| row.get(0)).optional())
            .map(Option::unwrap_or_default)
            .while_trying("number a row")
    }

    fn run(&self, sql: &'static str) -> Result<()> {
        self.store
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .while_trying("keep calls apart")?;
        Ok(())
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
