//! Writing: commands to rows, in one transaction.

use rusqlite::{OptionalExtension, named_params};

use super::Store;
use crate::{
    change::{Edit, GroupId, Kind},
    command::{self, Caller, Command, Outcome, Reverting},
    error::{Error, Result, WhileTrying},
    task::{Task, TaskId},
};

/// A writing transaction: the only way to change anything.
#[derive(Debug)]
pub struct Writer<'store> {
    store: &'store Store,
    transaction: rusqlite::Transaction<'store>,
    /// The next free numbers, once they were read: nobody else can take them while the transaction lasts.
    next_task: Option<i64>,
    next_change: Option<i64>,
    last_change: Option<i64>,
}

impl<'store> Writer<'store> {
    pub(super) fn new(store: &'store Store, transaction: rusqlite::Transaction<'store>) -> Self {
        Self {
            store,
            transaction,
            next_task: None,
            next_change: None,
            last_change: None,
        }
    }
}

impl Writer<'_> {
    /// Runs `command` in a savepoint: if it fails, what it wrote is taken back and the transaction goes on.
    pub fn execute(&mut self, command: &Command, caller: &Caller) -> Result<Outcome> {
        if self.store.connection.is_autocommit() {
            // A full disk or a failed write ends the transaction from inside; the commit will say so.
            return Err(Error::Fault);
        }
        self.run("SAVEPOINT command")?;
        let outcome = self.apply(command, caller);
        match &outcome {
            Ok(outcome) if outcome.group.is_some() => {
                self.last_change = self.next_change.map(|next| next - 1);
            }
            Ok(_) => {}
            Err(error) => {
                (self.next_task, self.next_change) = (None, None);
                self.run("ROLLBACK TO command").map_err(|_| error.clone())?;
            }
        }
        self.run("RELEASE command")?;
        outcome
    }

    /// Returns the sequence number of the last change made here; `None` if there is none.
    pub(super) fn last_change(&self) -> Option<i64> {
        self.last_change
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
            Command::Add(_) if self.store.is_disk_full => return Err(Error::DiskFull),
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
