//! Taking in the tasks of a file, one after another: one change group, whatever their number.
//!
//! Each task is written when it comes. One that refers ahead is written without its references, and gets them, and its
//! row in the log, when all have come. So no row ever points to one that is not there: while one did, SQLite would look
//! for its like in every table at every row that is added. What is held in memory is a few bytes a task that was there
//! before, and an id for each that refers ahead.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{Entry, Writer};
use crate::{
    domain::{
        change::{Edit, GroupId, Kind, UPDATED_AT, joined, rewound},
        command::Caller,
        error::{Error, Relation, Result},
        imported::{Arrival, Comparison, Difference, Name, Side, Terms, origin},
        task::{Invalid, Task, TaskId, TaskWithComments, Timestamp, Title},
        when::Zone,
    },
    store::{Store, failure::WhileTrying},
};

mod circles;
mod indexes;
mod known;
mod names;
#[cfg(test)]
mod tests;

use indexes::Indexes;
use known::Known;
use names::Names;

/// How much of the database is kept in memory meanwhile, in KiB, as SQLite's negative `cache_size`: the pages of a dozen
/// indexes are written again and again, and every one that was put away must be read back.
const CACHE: i64 = -32_768;
/// What SQLite keeps otherwise.
const USUAL_CACHE: i64 = -2_000;

const SET_REFERENCES: &str = "UPDATE task SET parent = ?2, depends_on = ?3 WHERE id = ?1";

/// An import under way.
#[derive(Debug)]
pub struct Import<'a, 'store> {
    store: &'store Store,
    caller: &'a Caller,
    /// `None` in a rehearsal, which writes nothing.
    writing: Option<ImportTarget<'a, 'store>>,
    terms: Terms,
    keeps_ids: bool,
    /// What changed in the file is taken.
    updates: bool,
    next_id: i64,
    known: Option<Known>,
    names: Names,
    imported: Imported,
}

/// Where an import writes to.
#[derive(Debug)]
struct ImportTarget<'a, 'store> {
    writer: &'a mut Writer<'store>,
    entry: Entry<'a>,
    /// Taken away until all tasks have come.
    indexes: Option<Indexes>,
}

/// What became of a task of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is new here.
    New(TaskId),
    /// It was here already, and is left as it is.
    Here {
        /// The task that was here.
        id: TaskId,
        /// The file says something else of it.
        differs: bool,
    },
}

/// What an import came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The group in the change log; `None` if nothing was written.
    pub group: Option<GroupId>,
    /// How many tasks were new.
    pub new: u64,
    /// How many were here already.
    pub here: u64,
    /// Of how many of those the file says something else.
    pub differ: u64,
    /// How many of those were changed as the file was.
    pub updated: u64,
    /// Of how many of those a field was changed here and in the file, or nobody knows where.
    pub conflicts: u64,
    /// What the file says otherwise of the first of them, but for what was changed here alone.
    pub differing: Vec<Differing>,
    /// The new tasks with the lowest and the highest id, with what the file calls them; `None` if there are none.
    pub ends: Option<[(TaskId, Option<Name>); 2]>,
    /// The new tasks have the ids they have in the file.
    pub keeps_ids: bool,
    /// How many references were left out because they lead to nothing in the file.
    pub loose: u64,
    /// How many because they closed a circle.
    pub circular: u64,
    /// How many of the new tasks repeat by a rule that never comes again from their date.
    pub barren: u64,
    /// The first of those.
    pub first_barren: Option<TaskId>,
}

/// A task of which the file says something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// The task.
    pub id: TaskId,
    /// Its title here.
    pub title: Title,
    /// The fields, those that were changed here alone left out.
    pub fields: Vec<Difference>,
}

/// How many tasks of which a file says something else are told one by one.
const TOLD: usize = 20;

impl<'store> Writer<'store> {
    /// Begins to take in the tasks of a file. Nothing of it stays unless [`Import::finish`] succeeds and
    /// [`Writer::commit`] after it.
    pub fn import<'a>(
        &'a mut self,
        caller: &'a Caller,
        terms: Terms,
    ) -> Result<Import<'a, 'store>> {
        if self.store.is_disk_full {
            return Err(Error::DiskFull);
        }
        let mut import = Import::begin(self.store, caller, terms)?;
        self.set_cache(CACHE)?;
        let indexes = import
            .known
            .is_none()
            .then(|| Indexes::take_away(&self.store.connection))
            .transpose()?;
        import.writing = Some(ImportTarget {
            writer: self,
            entry: Entry::new(Kind::Import, caller, None),
            indexes,
        });
        Ok(import)
    }

    fn set_cache(&self, size: i64) -> Result<()> {
        self.store
            .connection
            .pragma_update(None, "cache_size", size)
            .while_trying("set up the connection")
    }
}

impl Store {
    /// Begins to find out what an import would come to. Nothing is written, and nobody has to wait. One state of the
    /// database only within [`Store::snapshot`].
    pub fn rehearse_import<'a>(
        &'a self,
        caller: &'a Caller,
        terms: Terms,
    ) -> Result<Import<'a, 'a>> {
        Import::begin(self, caller, terms)
    }
}

/// Reports whether `task` repeats and will not come again, though its rule does not end. Whoever adds such a task is refused;
/// in a file it is taken as it is, since it may be an export of ours from before that.
fn is_barren(task: &Task, zone: Zone) -> bool {
    let given = task.repeat_from.or(task.due);
    let of_series = task.repeat.as_ref().zip(given).filter(|_| task.is_open());
    of_series.is_some_and(|(repeat, given)| !repeat.comes_from(&given, zone))
}

impl<'a, 'store> Import<'a, 'store> {
    fn begin(store: &'store Store, caller: &'a Caller, terms: Terms) -> Result<Self> {
        let last_id = store.last_number("task")?;
        let is_first = last_id == 0;
        let keeps_ids = is_first && terms.keeps_ids;
        Ok(Self {
            store,
            caller,
            writing: None,
            terms,
            keeps_ids,
            updates: false,
            next_id: last_id + 1,
            known: (!is_first).then(|| Known::read(store)).transpose()?,
            names: Names::new()?,
            imported: Imported {
                keeps_ids,
                ..Imported::default()
            },
        })
    }

    /// Has what changed in the file, of tasks that are here already, taken, too.
    #[must_use]
    pub fn updating(self, updates: bool) -> Self {
        Self { updates, ..self }
    }

    /// Takes in one task. An error that the caller can mend concerns this task alone: it is left out, and the next can be
    /// taken.
    pub fn take(&mut self, arrival: Arrival) -> Result<Taken> {
        if let Some(known) = &mut self.known
            && let Some(here) = known.find(self.store, &arrival, self.caller.zone)?
        {
            self.names.name(&arrival, here.id)?;
            return self.compare(here, &arrival);
        }
        let id = match arrival.id {
            Some(id) if self.keeps_ids => id,
            _ => TaskId::try_from(self.next_id)?,
        };
        self.names.name(&arrival, id)?;
        let references = self.names.refer(&arrival, id)?;
        self.next_id += 1;
        if is_barren(&arrival.task, self.caller.zone) {
            self.imported.barren += 1;
            self.imported.first_barren.get_or_insert(id);
        }
        self.count(id, arrival.name.clone());
        if let Some(writing) = &mut self.writing {
            let is_whole = references.is_some();
            let origin = origin(&arrival).or(arrival.task.origin);
            let task = Task {
                origin,
                ..arrival.task
            };
            let task = TaskWithComments {
                task: referring(task, id, references.unwrap_or_default()),
                comments: arrival.comments,
            };
            writing.write(task, is_whole)?;
        }
        Ok(Taken::New(id))
    }

    /// Returns a task as it was at a revision, changed the last time at that instant; `None` if it never was so.
    fn at(&self, here: &Task, (rev, at): (i64, Timestamp)) -> Result<Option<Task>> {
        if (rev, at) == (here.rev, here.updated_at) {
            return Ok(Some(here.clone()));
        }
        if rev >= here.rev {
            return Ok(None);
        }
        let history = joined(self.store.history(here.id, 0)?);
        let Some(place) = history.iter().position(|change| change.rev == rev) else {
            return Ok(None);
        };
        // What came from a file was changed before it came.
        let arrived_at = history[place].new.get(UPDATED_AT);
        let arrived_at = arrived_at.and_then(serde_json::Value::as_i64);
        if arrived_at.unwrap_or(history[place].at.as_millis()) != at.as_millis() {
            return Ok(None);
        }
        Ok(rewound(here, history[place + 1..].iter())?)
    }

    /// Finds what the file says otherwise of a task that is here, and takes it if that is wanted.
    fn compare(&mut self, here: Task, arrival: &Arrival) -> Result<Taken> {
        let comments = self.store.comments(here.id)?;
        let exported = arrival.version.map(|version| self.at(&here, version));
        let exported = exported.transpose()?.flatten();
        let comparison = Comparison {
            here: &here,
            comments: &comments,
            arrival,
            exported: exported.as_ref(),
            terms: self.terms,
            zone: self.caller.zone,
        };
        let differences = comparison.differences();
        let has = |side| differences.iter().any(|field| field.side == side);
        self.imported.here += 1;
        self.imported.differ += u64::from(!differences.is_empty());
        self.imported.conflicts += u64::from(has(Side::Both));
        if self.updates {
            self.imported.updated += u64::from(has(Side::File));
            if let Some(writing) = &mut self.writing {
                writing.update(&comparison.update(&differences, self.caller.now))?;
            }
        }
        let taken = Taken::Here {
            id: here.id,
            differs: !differences.is_empty(),
        };
        let fields = differences.into_iter();
        let fields: Vec<Difference> = fields.filter(|field| field.side != Side::Here).collect();
        if !fields.is_empty() && self.imported.differing.len() < TOLD {
            self.imported.differing.push(Differing {
                id: here.id,
                title: here.title,
                fields,
            });
        }
        Ok(taken)
    }

    /// Ends the import: writes what was set aside. `last_id` is the highest id the file's database had given out, which an
    /// empty one goes on from. A reference that leads nowhere or closes a circle is left out and told to `refuse`, unless
    /// the terms allow it.
    pub fn finish(
        mut self,
        last_id: Option<i64>,
        mut refuse: impl FnMut(u64, Invalid),
    ) -> Result<Imported> {
        self.names.resolve()?;
        self.names.each_dangling(|dangling| {
            self.imported.loose += 1;
            if self.terms.is_complete {
                let reason = format!("names {}, which is not in the file", dangling.name);
                let invalid = Invalid::new(field_of(dangling.relation), reason);
                refuse(dangling.line, invalid);
            }
            Ok(())
        })?;
        for relation in [Relation::Parent, Relation::DependsOn] {
            self.imported.circular += circles::cut(&self.names, relation, &mut refuse)?;
        }
        if let Some(mut writing) = self.writing {
            for id in self.names.aside()? {
                writing.refer(id, self.names.targets(id)?)?;
            }
            self.imported.group = writing.end(last_id.filter(|_| self.keeps_ids))?;
        }
        Ok(self.imported)
    }

    fn count(&mut self, id: TaskId, name: Option<Name>) {
        self.imported.new += 1;
        let end = (id, name);
        match &mut self.imported.ends {
            Some([first, last]) => {
                if id < first.0 {
                    *first = end;
                } else if id > last.0 {
                    *last = end;
                }
            }
            none => *none = Some([end.clone(), end]),
        }
    }
}

impl ImportTarget<'_, '_> {
    /// Writes a task; its row in the log too, if it has all its references.
    fn write(&mut self, task: TaskWithComments, is_whole: bool) -> Result<()> {
        let edit = Edit::adding(task);
        self.writer.store.write(&edit)?;
        if is_whole { self.log(&edit) } else { Ok(()) }
    }

    /// Changes a task that was here.
    fn update(&mut self, edit: &Edit) -> Result<()> {
        let Some(diff) = edit.diff() else {
            return Ok(());
        };
        self.writer.store.write(edit)?;
        self.writer.append(&mut self.entry, &edit.after, diff)
    }

    /// Gives the task `id` its references, and the log its row.
    fn refer(&mut self, id: TaskId, references: Vec<(Relation, TaskId)>) -> Result<()> {
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
    fn end(self, last_id: Option<i64>) -> Result<Option<GroupId>> {
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

fn field_of(relation: Relation) -> &'static str {
    match relation {
        Relation::Parent => "parent",
        Relation::DependsOn => "depends_on",
    }
}

fn referring(task: Task, id: TaskId, references: Vec<(Relation, TaskId)>) -> Task {
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
