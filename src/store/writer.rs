//! Writing: commands to rows, in one transaction.

use std::collections::HashSet;

use rusqlite::named_params;

use super::Store;
use crate::{
    change::{Diff, Edit, GroupId, Kind},
    command::{self, CallKey, Caller, Command, Draft, Outcome, Reverting},
    error::{Error, Result, WhileTrying},
    task::{Task, TaskId},
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

impl Writer<'_> {
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
                Ok(Reverting {
                    change,
                    task,
                    later,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let mut entry = Entry::new(Kind::Undo, caller, Some(group));
        for edit in command::undo(&reverting, caller)? {
            self.record(&mut entry, edit)?;
        }
        Ok(entry.outcome(Some((group, kind))))
    }

    /// Writes an edit and its log row; one that changes nothing is only remembered.
    fn record(&mut self, entry: &mut Entry<'_>, edit: Edit) -> Result<()> {
        if let Some(diff) = edit.diff() {
            self.writes += 1;
            self.store.put(&edit, entry.caller.zone)?;
            self.log(entry, &edit.after, diff)?;
        }
        entry.edits.push(edit);
        Ok(())
    }

    /// Writes the log row of a change that made `after`.
    fn log(&mut self, entry: &mut Entry<'_>, after: &Task, diff: Diff) -> Result<()> {
        let seq = self.next_change_seq()?;
        let group = *entry.group.get_or_insert(seq);
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
                        ":at": entry.caller.now,
                        ":actor": entry.caller.actor,
                        ":kind": entry.kind,
                        ":task": after.id,
                        ":rev": after.rev,
                        ":old": old,
                        ":new": new,
                        ":reverts": entry.reverts,
                    })
                })
                .while_trying("log a change")?;
        Ok(())
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
struct Entry<'a> {
    kind: Kind,
    caller: &'a Caller,
    reverts: Option<GroupId>,
    group: Option<GroupId>,
    edits: Vec<Edit>,
}

impl<'a> Entry<'a> {
    fn new(kind: Kind, caller: &'a Caller, reverts: Option<GroupId>) -> Self {
        Self {
            kind,
            caller,
            reverts,
            group: None,
            edits: Vec::new(),
        }
    }

    fn outcome(self, reverted: Option<(GroupId, Kind)>) -> Outcome {
        Outcome {
            group: self.group,
            edits: self.edits,
            reverted,
            is_repeat: false,
        }
    }
}
