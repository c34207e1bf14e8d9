//! Writing: commands to rows, in one transaction.

use super::{
    SharedState, Store, change_log::StoredKey, checkpoint, failure::WhileTrying, shared::Publishing,
};
use crate::domain::{
    change::{Change, Diff, Edit, GroupId, Kind},
    command::{CallKey, Caller, Command, KeyedCall, Outcome},
    error::{Error, Result},
    plan::{Around, Plan, Tasks, plan},
    task::{Comment, Task, TaskId, TaskWithComments},
};

mod import;

pub use import::{Differing, Import, Imported, Taken};

/// A writing transaction: the only way to change anything.
#[derive(Debug)]
pub struct Writer<'store> {
    store: &'store Store,
    transaction: rusqlite::Transaction<'store>,
    /// The next free numbers, once they were read: nobody else can take them while the transaction lasts.
    next_task: Option<i64>,
    next_change: Option<i64>,
    last_change: Option<i64>,
    /// What is to be appended to the shared log; `None` where there is none.
    publishing: Option<Publishing>,
}

impl<'store> Writer<'store> {
    /// Begins to write in `transaction`, which is under way.
    pub(super) fn new(
        store: &'store Store,
        transaction: rusqlite::Transaction<'store>,
    ) -> Result<Self> {
        Ok(Self {
            store,
            transaction,
            next_task: None,
            next_change: None,
            last_change: None,
            publishing: Publishing::begin(store)?,
        })
    }
}

impl<'store> Writer<'store> {
    /// Decides what `command` makes, and writes nothing.
    pub(super) fn plan<'a>(&self, command: &'a Command, caller: &Caller) -> Result<Plan<'a>> {
        if self.store.is_disk_full && matches!(command.asked(), Command::Add { .. }) {
            return Err(Error::DiskFull);
        }
        plan(command, caller, self)
    }

    /// Writes what was planned in this transaction. If that fails, the transaction must not be committed.
    pub(super) fn carry_out(&mut self, plan: Plan<'_>, caller: &Caller) -> Result<Outcome> {
        match plan {
            Plan::Write {
                kind,
                mut edits,
                brought,
                reverted,
                key,
            } => {
                let mut entry = Entry::new(kind, caller, reverted.map(|(group, _)| group));
                for edit in &edits {
                    self.log(&mut entry, edit, Store::write)?;
                    if edit.before.is_none() {
                        self.next_task = Some(edit.after.id.get() + 1);
                    }
                }
                if !brought.is_empty() {
                    entry.kind = Kind::Update;
                    for edit in &brought {
                        self.log(&mut entry, edit, Store::write)?;
                        // A subtask of the call that is to be done again is told of as it is now.
                        if let Some(named) = edits
                            .iter_mut()
                            .find(|named| named.after.id == edit.after.id)
                        {
                            named.after = edit.after.clone();
                        }
                    }
                }
                if let (Some(key), Some(group)) = (key, entry.group) {
                    self.store.keep_key(key, group, caller)?;
                    if let Some(publishing) = &mut self.publishing {
                        let (actor, name) = (caller.client().as_str(), key.as_str());
                        let used = (
                            actor.to_owned(),
                            name.to_owned(),
                            group,
                            key.digest().copied(),
                        );
                        publishing.keys.push(used.into());
                    }
                }
                if entry.group.is_some() {
                    self.last_change = self.next_change.map(|next| next - 1);
                }
                Ok(Outcome {
                    group: entry.group,
                    edits,
                    brought,
                    reverted,
                    ..Outcome::default()
                })
            }
            Plan::Repeat(group) => self.store.made_before(group),
            Plan::Look(seq) => {
                self.store.keep_look(seq, caller)?;
                Ok(Outcome::default())
            }
            Plan::Told(seq) => {
                self.store.keep_told(seq, caller)?;
                Ok(Outcome::default())
            }
        }
    }

    /// Reports whether SQLite has ended the transaction by itself, as it does when there is no room or an I/O error.
    pub(super) fn has_ended(&self) -> bool {
        self.transaction.is_autocommit()
    }

    /// Returns the database it writes to.
    pub(crate) fn store(&self) -> &'store Store {
        self.store
    }

    /// Returns the sequence number of the last change made here; `None` if there is none.
    pub(super) fn last_change(&self) -> Option<i64> {
        self.last_change
    }

    /// Makes it last: when this returns, the changes are on the disk.
    ///
    /// On a database that several machines share it is appended to their log before. [`Error::Behind`]: others were first, and
    /// nothing was kept; what they changed is to be followed, then all this begins anew.
    pub fn commit(self) -> Result<()> {
        if self.last_change.is_some() {
            self.store.index_when_due()?;
        }
        let entry = match self
            .publishing
            .map(|publishing| publishing.publish(self.store))
        {
            None => None,
            Some(Ok(entry)) => entry,
            Some(Err(error)) => {
                drop(self.transaction);
                self.store.note_unsettled(&error)?;
                return Err(error);
            }
        };
        #[cfg(test)]
        if entry.is_some() && self.store.sharing.crashes_before_commit.take() {
            return Err(Error::Fault);
        }
        let committed = checkpoint::commit(self.transaction, &self.store.connection);
        match entry {
            // The other machines have it, so it is read back once there is room for it.
            Some(entry) => committed.map_err(|error| Error::Unsettled {
                entry,
                nonce: String::new(),
                reason: format!(
                    "it has, and this machine could not keep it: {}",
                    error.with_causes()
                ),
            }),
            None => committed,
        }
    }

    /// Writes an edit by `write`, and its log row; one that changes nothing is passed over.
    pub(crate) fn log(
        &mut self,
        entry: &mut Entry<'_>,
        edit: &Edit,
        write: fn(&Store, &Edit) -> Result<()>,
    ) -> Result<()> {
        let Some(diff) = edit.diff() else {
            return Ok(());
        };
        write(self.store, edit)?;
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
                session: entry.caller.session_id().cloned(),
            })?;
        }
        Ok(())
    }

    /// Takes over a task of another database with its history, numbers and all.
    pub(crate) fn adopt(&mut self, task: &TaskWithComments, history: &[Change]) -> Result<()> {
        self.store.write(&Edit::adding(task.clone()))?;
        history
            .iter()
            .try_for_each(|change| self.store.append(change))
    }

    /// Makes sure that the numbers of `table` up to `number` are not given out again.
    pub(crate) fn use_up(&mut self, table: &str, number: i64) -> Result<()> {
        (self.next_task, self.next_change) = (None, None);
        self.store.use_up(table, number)
    }

    /// Takes over the key of a call that another database has.
    pub(crate) fn adopt_key(&mut self, used: StoredKey) -> Result<()> {
        let (actor, key, group, digest) = &used;
        self.store.adopt_key(actor, key, *group, digest.as_ref())?;
        if let Some(publishing) = &mut self.publishing {
            publishing.keys.push(used.into());
        }
        Ok(())
    }

    /// Reads the next free numbers anew: the rows were replaced.
    pub(crate) fn forget_numbers(&mut self) {
        (self.next_task, self.next_change) = (None, None);
    }

    /// Makes the database one of the shared log that it holds up to the entry of `state`: what is written from now on is
    /// appended to that.
    pub(crate) fn begin_sharing(&mut self, state: &SharedState) -> Result<()> {
        self.store.begin_sharing(state)?;
        self.publishing = Publishing::begin(self.store)?;
        Ok(())
    }

    /// Leaves it to the commit to check that what is referred to is there.
    pub(crate) fn defer_references(&self) -> Result<()> {
        self.store
            .connection
            .pragma_update(None, "defer_foreign_keys", "ON")
            .while_trying("begin to write")
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
pub(crate) struct Entry<'a> {
    kind: Kind,
    caller: &'a Caller,
    reverts: Option<GroupId>,
    group: Option<GroupId>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(kind: Kind, caller: &'a Caller, reverts: Option<GroupId>) -> Self {
        Self {
            kind,
            caller,
            reverts,
            group: None,
        }
    }

    /// Returns the number of the group; `None` while nothing is written.
    pub(crate) fn group(&self) -> Option<GroupId> {
        self.group
    }
}

impl Around for Writer<'_> {
    fn task(&self, id: TaskId) -> Result<Task> {
        self.store.existing(id)
    }

    fn finished_parts(&self, id: TaskId) -> Result<Vec<TaskId>> {
        self.store.finished_parts(id)
    }

    fn waiting(&self, id: TaskId) -> Result<Vec<TaskId>> {
        self.store.waiting_for(id)
    }

    fn history(&self, id: TaskId, seq: i64) -> Result<Vec<Change>> {
        self.store.history(id, seq)
    }

    fn undone_by(&self, group: GroupId) -> Result<Option<GroupId>> {
        self.store.undone_by(group)
    }
}

impl Tasks for Writer<'_> {
    fn next_task(&self) -> Result<i64> {
        self.next_task
            .map_or_else(|| Ok(self.store.last_number("task")? + 1), Ok)
    }

    fn has_comment(&self, id: TaskId, comment: &Comment) -> Result<bool> {
        self.store.has_comment(id, comment)
    }

    fn group(&self, group: GroupId) -> Result<Vec<Change>> {
        self.store.group(group)
    }

    fn last_group(&self, caller: &Caller) -> Result<Option<GroupId>> {
        self.store.last_group(caller)
    }

    fn last_group_of_client(&self, caller: &Caller) -> Result<Option<GroupId>> {
        self.store.last_group_of_client(caller)
    }

    fn keyed_call(&self, key: &CallKey, caller: &Caller) -> Result<Option<KeyedCall>> {
        self.store.keyed_call(key, caller)
    }
}
