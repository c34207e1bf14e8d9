//! What an import writes: new tasks as they come, and the others once all have come.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{again::Again, indexes::Indexes, names::Names};
use crate::{
    domain::{
        change::{Edit, GroupId, Kind},
        error::{Relation, Result},
        imported::Refers,
        task::{Task, TaskId, TaskWithComments},
    },
    store::{
        Store,
        writer::{Entry, Writer},
    },
};

/// What SQLite keeps otherwise.
const USUAL_CACHE: i64 = -2_000;

pub(super) const SET_REFERENCES: &str =
    "UPDATE task SET parent = ?2, depends_on = ?3 WHERE id = ?1";

const SET_ORIGIN: &str = "UPDATE task SET origin = ?2 WHERE id = ?1";

/// Where an import writes to.
#[derive(Debug)]
pub(super) struct ImportTarget<'a, 'store> {
    pub(super) writer: &'a mut Writer<'store>,
    pub(super) entry: Entry<'a>,
    /// Taken away until all tasks have come.
    pub(super) indexes: Option<Indexes>,
}

impl ImportTarget<'_, '_> {
    /// Writes a task; its row in the log too, if it has all its references.
    pub(super) fn write(&mut self, task: TaskWithComments, is_whole: bool) -> Result<()> {
        let edit = Edit::adding(task);
        self.writer.store.write(&edit)?;
        if is_whole { self.log(&edit) } else { Ok(()) }
    }

    /// Changes the tasks that were here and are set aside, and those that a finished round of a series has `brought` along. A round
    /// is logged as completed or as skipped, as one that is over here.
    pub(super) fn change(&mut self, names: &Names, brought: Vec<Edit>) -> Result<()> {
        let (store, caller) = (self.writer.store, self.entry.caller);
        let mut others = Vec::new();
        for edit in brought {
            match names.again::<Again>(edit.after.id)? {
                Some(again) => {
                    let after = edit.after;
                    names.put_again(after.id, &Again { after, ..again })?;
                }
                None => others.push(edit),
            }
        }
        for id in names.all_again()? {
            if let Some(again) = names.again::<Again>(id)? {
                let before = store.existing(id)?;
                self.entry.kind = match again.round(&before, caller) {
                    Some(_) if again.is_round_done => Kind::Complete,
                    Some(_) => Kind::Skip,
                    None => Kind::Import,
                };
                let edit = again.edit(before, caller);
                self.writer.log(&mut self.entry, &edit, Store::write)?;
            }
        }
        self.entry.kind = Kind::Update;
        for edit in &others {
            self.writer.log(&mut self.entry, edit, Store::write)?;
        }
        Ok(())
    }

    /// Keeps of what the file says the task refers to only what was not left out for going round in a circle: so the circle is told
    /// again when the file comes again.
    pub(super) fn forget_cut(
        &mut self,
        id: TaskId,
        relation: Relation,
        names: &Names,
    ) -> Result<()> {
        let store = self.writer.store;
        let Some(mut origin) = store.existing(id)?.origin else {
            return Ok(());
        };
        // What a file of ours said is kept beside what another program said, if one did.
        let said = origin.ours.as_mut().map(|passed| &mut passed.said);
        let said = said.unwrap_or(&mut origin.said);
        Refers::keep(relation, &names.said(id, relation)?, said);
        store.run(SET_ORIGIN, params![id, serde_json::to_string(&origin)?])?;
        Ok(())
    }

    /// Gives the task `id` its references, and the log its row.
    pub(super) fn refer(&mut self, id: TaskId, references: Vec<(Relation, TaskId)>) -> Result<()> {
        let store = self.writer.store;
        let before = store.existing(id)?;
        let task = referring(before.clone(), id, references);
        let depends_on = serde_json::to_string(&task.depends_on)?;
        store.run(SET_REFERENCES, params![id, task.parent, depends_on])?;
        store.put_dependencies(Some(&before), &task)?;
        self.log(&Edit::adding(store.with_comments(task)?))
    }

    fn log(&mut self, edit: &Edit) -> Result<()> {
        let Some(diff) = edit.diff() else {
            return Ok(());
        };
        let diff = diff.with_past(&edit.after);
        self.writer.append(&mut self.entry, &edit.after, diff)
    }

    /// Makes the indexes again and the next task the one after `last_id`. Returns the group in the log.
    pub(super) fn end(self, last_id: Option<i64>) -> Result<Option<GroupId>> {
        let Self {
            writer,
            entry,
            indexes,
        } = self;
        writer.set_cache(USUAL_CACHE)?;
        if let Some(indexes) = &indexes {
            indexes.put_back(&writer.store.connection)?;
        }
        writer.last_change = writer.next_change.map(|next| next - 1);
        // The ids were counted here.
        writer.next_task = None;
        if let Some(last_id) = last_id {
            writer.use_up("task", last_id)?;
        }
        Ok(entry.group)
    }
}

pub(super) fn referring(task: Task, id: TaskId, references: Vec<(Relation, TaskId)>) -> Task {
    let mut parent = None;
    let mut depends_on = BTreeSet::new();
    for (relation, target) in references {
        match relation {
            Relation::Parent => parent = Some(target),
            Relation::DependsOn => {
                depends_on.insert(target);
            }
        }
    }
    Task {
        id,
        parent,
        depends_on,
        ..task
    }
}
