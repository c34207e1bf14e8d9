//! Writing: commands to rows, in one transaction.

use std::{collections::HashSet, sync::Arc};

use super::{Store, failure::no_room, open};
use crate::{
    domain::{
        advice::Advice,
        change::{Change, Diff, Edit, GroupId, Kind},
        command::{self, CallKey, Caller, Command, Draft, Outcome, Reverting},
        error::{Error, Result},
        task::{Task, TaskId, TaskWithComments},
        when::Zone,
    },
    store::failure::WhileTrying,
};

mod import;

pub use import::{Import, Imported, Taken};

/// A writing transaction: the only way to change anything.
#[derive(Debug)]
pub struct Writer<'store> {
    store: &'store Store,
    transaction: rusqlite::Transaction<'store>,
    /// The next free numbers, once they were read: nobody else can take them while the transaction lasts.
    next_task: Option<i64>,
    next_change: Option<i64>,
    last_change: Option<i64>,
    writes: usize,
}

impl<'store> Writer<'store> {
    pub(super) fn new(store: &'store Store, transaction: rusqlite::Transaction<'store>) -> Self {
        Self {
            store,
            transaction,
            next_task: None,
            next_change: None,
            last_change: None,
            writes: 0,
        }
    }
}

impl<'store> Writer<'store> {
    /// Runs `command`. If it fails, what it has written by then stands until the transaction ends.
    pub fn execute(&mut self, command: &Command, caller: &Caller) -> Result<Outcome> {
        let outcome = self.apply(command, caller);
        match &outcome {
            Ok(outcome) if outcome.group.is_some() => {
                self.last_change = self.next_change.map(|next| next - 1);
            }
            Ok(_) => {}
            Err(_) => (self.next_task, self.next_change) = (None, None),
        }
        outcome
    }

    /// Returns the database it writes to.
    pub(super) fn store(&self) -> &'store Store {
        self.store
    }

    /// Returns how many writes were begun here.
    pub(super) fn writes(&self) -> usize {
        self.writes
    }

    /// Returns the sequence number of the last change made here; `None` if there is none.
    pub(super) fn last_change(&self) -> Option<i64> {
        self.last_change
    }

    /// Makes it last: when this returns, the changes are on the disk.
    pub fn commit(self) -> Result<()> {
        use rusqlite::ErrorCode;
        if self.last_change.is_some() {
            self.store.index_when_due()?;
        }
        let committed = self.transaction.commit();
        committed.map_err(|source| {
            match source.sqlite_error_code() {
                // Both are found out before anything is kept.
                Some(ErrorCode::DatabaseBusy) => return Error::Busy,
                Some(ErrorCode::ConstraintViolation) => {
                    return Error::Database {
                        action: "keep the changes",
                        source: Arc::new(source),
                    };
                }
                _ => {}
            }
            open::forget_failed(&self.store.connection);
            no_room(&source).unwrap_or_else(|| Error::Uncertain {
                source: Arc::new(source),
            })
        })
    }

    fn apply(&mut self, command: &Command, caller: &Caller) -> Result<Outcome> {
        match command {
            Command::Add { .. } if self.store.is_disk_full => Err(Error::DiskFull),
            Command::Add { drafts, key } => self.add(drafts, key.as_ref(), caller),
            Command::Update { ids, patch, if_rev } => {
                self.each(Kind::Update, ids, caller, |task| {
                    command::update(task, patch, *if_rev, caller)
                })
            }
            Command::Complete(ids) => self.each(Kind::Complete, ids, caller, |task| {
                command::complete(task, caller)
            }),
            Command::Delete { ids, confirm } => {
                command::confirm_deletion(ids, *confirm)?;
                self.each(Kind::Delete, ids, caller, |task| {
                    command::delete(task, caller.now)
                })
            }
            Command::Undo(group) => {
                let group = match group {
                    Some(group) => *group,
                    None => self.store.last_group(caller)?,
                };
                self.undo(group, caller)
            }
            Command::Look(seq) => {
                self.writes += 1;
                self.store.keep_look(*seq, caller)?;
                Ok(Entry::new(Kind::Update, caller, None).outcome(None))
            }
        }
    }

    fn add(&mut self, drafts: &[Draft], key: Option<&CallKey>, caller: &Caller) -> Result<Outcome> {
        if let Some(key) = key
            && let Some(group) = self.store.group_of_key(key, caller)?
        {
            return self.store.as_first_answered(group);
        }
        let mut entry = Entry::new(Kind::Add, caller, None);
        let mut added = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let edit = command::add(draft, self.next_task_id()?, &added, caller)?;
            added.push(edit.after.id);
            self.record(&mut entry, edit)?;
        }
        if let (Some(key), Some(group)) = (key, entry.group) {
            self.store.keep_key(key, group, caller)?;
        }
        Ok(entry.outcome(None))
    }

    /// Decides an edit for each task once, however often its id was given, and writes it.
    fn each(
        &mut self,
        kind: Kind,
        ids: &[TaskId],
        caller: &Caller,
        decide: impl Fn(&Task) -> Result<Edit>,
    ) -> Result<Outcome> {
        let mut entry = Entry::new(kind, caller, None);
        let mut seen = HashSet::with_capacity(ids.len());
        for id in ids {
            if seen.insert(*id) {
                let edit = decide(&self.store.existing(*id)?)?;
                self.record(&mut entry, edit)?;
            }
        }
        Ok(entry.outcome(None))
    }

    fn undo(&mut self, group: GroupId, caller: &Caller) -> Result<Outcome> {
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
                let mut comments = Vec::new();
                for comment in change.comments()?.added {
                    if self.store.has_comment(task.id, &comment)? {
                        comments.push(comment);
                    }
                }
                Ok(Reverting {
                    change,
                    task,
                    comments,
                    later,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let edits = command::undo(&reverting, caller)?;
        let mut entry = Entry::new(Kind::Undo, caller, Some(group));
        for edit in &edits {
            self.log(&mut entry, edit, Store::write)?;
        }
        // What a task referred to may lie in the trash by now: it did not lose the reference then, and gets it back now.
        for edit in &edits {
            self.store.refuse_cycles(edit)?;
        }
        entry.edits = edits;
        Ok(entry.outcome(Some((group, kind))))
    }

    /// Writes an edit and its log row; one that changes nothing is only remembered.
    fn record(&mut self, entry: &mut Entry<'_>, edit: Edit) -> Result<()> {
        self.log(entry, &edit, Store::put)?;
        entry.edits.push(edit);
        Ok(())
    }

    /// Writes an edit by `write`, and its log row; one that changes nothing is passed over.
    pub(super) fn log(
        &mut self,
        entry: &mut Entry<'_>,
        edit: &Edit,
        write: fn(&Store, &Edit, Zone) -> Result<()>,
    ) -> Result<()> {
        let Some(diff) = edit.diff() else {
            return Ok(());
        };
        self.writes += 1;
        write(self.store, edit, entry.caller.zone)?;
        self.append(entry, &edit.after, diff)
    }

    /// Writes the log rows of a change that made `after`.
    fn append(&mut self, entry: &mut Entry<'_>, after: &Task, diff: Diff) -> Result<()> {
        let rows = diff.into_parts();
        let parts = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        for (part, diff) in (1..).zip(rows) {
            let seq = self.next_change_seq()?;
            let group = *entry.group.get_or_insert(seq);
            self.store.append(&Change {
                seq,
                group,
                at: entry.caller.now,
                actor: entry.caller.actor.clone(),
                kind: entry.kind,
                task: after.id,
                rev: after.rev,
                old: diff.old,
                new: diff.new,
                reverts: entry.reverts,
                part,
                parts,
            })?;
        }
        Ok(())
    }

    /// Takes over a task of another database with its history, numbers and all.
    pub(super) fn adopt(
        &mut self,
        task: &TaskWithComments,
        history: &[Change],
        zone: Zone,
    ) -> Result<()> {
        self.store.write(&Edit::adding(task.clone()), zone)?;
        history
            .iter()
            .try_for_each(|change| self.store.append(change))
    }

    /// Makes sure that the numbers of `table` up to `number` are not given out again.
    pub(super) fn use_up(&mut self, table: &str, number: i64) -> Result<()> {
        (self.next_task, self.next_change) = (None, None);
        let connection = &self.store.connection;
        let updated = connection
            .prepare_cached("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1")
            .and_then(|mut statement| statement.execute((table, number)))
            .while_trying("number a row")?;
        if updated == 0 {
            connection
                .prepare_cached("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)")
                .and_then(|mut statement| statement.execute((table, number)))
                .while_trying("number a row")?;
        }
        Ok(())
    }

    /// Leaves it to the commit to check that what is referred to is there.
    pub(super) fn defer_references(&self) -> Result<()> {
        self.store
            .connection
            .pragma_update(None, "defer_foreign_keys", "ON")
            .while_trying("begin to write")
    }

    fn next_task_id(&mut self) -> Result<TaskId> {
        let id = match self.next_task {
            Some(id) => id,
            None => self.store.last_number("task")? + 1,
        };
        self.next_task = Some(id + 1);
        Ok(TaskId::try_from(id)?)
    }

    fn next_change_seq(&mut self) -> Result<i64> {
        let seq = match self.next_change {
            Some(seq) => seq,
            None => self.store.last_number("change")? + 1,
        };
        self.next_change = Some(seq + 1);
        Ok(seq)
    }
}

/// What one call has written so far.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    kind: Kind,
    caller: &'a Caller,
    reverts: Option<GroupId>,
    group: Option<GroupId>,
    edits: Vec<Edit>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(kind: Kind, caller: &'a Caller, reverts: Option<GroupId>) -> Self {
        Self {
            kind,
            caller,
            reverts,
            group: None,
            edits: Vec::new(),
        }
    }

    /// Returns the number of the group; `None` while nothing is written.
    pub(super) fn group(&self) -> Option<GroupId> {
        self.group
    }

    fn outcome(self, reverted: Option<(GroupId, Kind)>) -> Outcome {
        Outcome {
            group: self.group,
            edits: self.edits,
            reverted,
            is_repeat: false,
            advice: Advice::default(),
        }
    }
}
