//! Taking in the tasks of a file, one after another: one change group, whatever their number.
//!
//! Each task is written when it comes. One that refers ahead is written without its references, and gets them, and its
//! row in the log, when all have come. So no row ever points to one that is not there: while one did, SQLite would look
//! for its like in every table at every row that is added. What is held in memory is a few bytes a task that was there
//! before, and an id for each that refers ahead.

use std::collections::BTreeSet;

use super::{Entry, Writer};
use crate::{
    domain::{
        change::{Edit, GroupId, Kind},
        command::{Caller, settle},
        error::{Error, Relation, Result},
        imported::{Arrival, Comparison, Difference, Name, OWN, Terms, origin, passed},
        task::{Invalid, Origin, Task, TaskId, TaskWithComments, Title},
        when::Zone,
    },
    store::{Store, failure::WhileTrying},
};

mod again;
mod circles;
mod indexes;
mod known;
mod names;
mod states;
mod target;
#[cfg(test)]
mod tests;

use again::{Again, Found, References};
use indexes::Indexes;
use known::Known;
use names::Names;
use states::{is_undone, state};
use target::{ImportTarget, referring};

/// How much of the database is kept in memory meanwhile, in KiB, as SQLite's negative `cache_size`: the pages of a dozen
/// indexes are written again and again, and every one that was put away must be read back.
const CACHE: i64 = -32_768;

/// An import under way.
#[derive(Debug)]
pub struct Import<'a, 'store> {
    store: &'store Store,
    caller: &'a Caller,
    /// `None` in a rehearsal, which writes nothing.
    writing: Option<ImportTarget<'a, 'store>>,
    terms: Terms,
    keeps_ids: bool,
    /// The first id that is given out.
    first_new: TaskId,
    next_id: i64,
    known: Option<Known>,
    names: Names,
    imported: Imported,
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
    /// Of how many that were here the file has an older state than one that was imported before.
    pub outdated: u64,
    /// How many tasks were new.
    pub new: u64,
    /// How many were here already.
    pub here: u64,
    /// Of how many of those the file says something else.
    pub differ: u64,
    /// Of how many of those not only because they were changed here.
    pub differ_in_file: u64,
    /// What changed in the file is taken, too.
    pub updates: bool,
    /// How many of those were changed as the file was.
    pub updated: u64,
    /// Of how many of those a field was changed here and in the file, or nobody knows where.
    pub conflicts: u64,
    /// What the file says otherwise of the first of them, but for what was changed here alone.
    pub differing: Vec<Differing>,
    /// Of how many more that would be to say.
    pub untold: u64,
    /// How many of those that were here are in the trash, where the file does not have them.
    pub trashed: u64,
    /// The first of those.
    pub in_trash: Vec<(TaskId, Title)>,
    /// How many an undo had taken away, and came back.
    pub back: u64,
    /// How many other tasks a finished round of a series freed or opened again.
    pub brought: u64,
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
            first_new: TaskId::try_from(last_id + 1)?,
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
    pub fn updating(mut self, updates: bool) -> Self {
        self.imported.updates = updates;
        self
    }

    /// Takes in one task. An error that the caller can mend concerns this task alone: it is left out, and the next can be
    /// taken.
    pub fn take(&mut self, mut arrival: Arrival) -> Result<Taken> {
        if let Some(known) = &mut self.known
            && let Some(here) = known.find(self.store, &arrival, self.caller.zone)?
        {
            // The place of a series is the one that it got when it came the first time.
            let home = here.due.map(|due| due.zone(self.caller.zone));
            settle(&mut arrival.task, home.unwrap_or(self.caller.zone));
            self.names.name(&arrival, here.id)?;
            return self.compare(here, &arrival);
        }
        settle(&mut arrival.task, self.caller.zone);
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
        let origin = self.origin_of(&arrival);
        if let Some(writing) = &mut self.writing {
            let is_whole = references.is_some();
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

    /// Returns what is kept of where a new task came from. What comes from a file of ours keeps the name that another program gave
    /// it; one of another database is known by its name there. The state in which it came is kept, even by a database that takes
    /// over the ids: by that both tell later what each has changed.
    fn origin_of(&self, arrival: &Arrival) -> Option<Origin> {
        let came_with = arrival.task.origin.clone();
        let called = arrival.called.as_ref();
        let is_own = called.is_some_and(|called| called.from == OWN);
        // What a line of ours said there is for the database that wrote the line.
        let is_other = |origin: &Origin| {
            let is_own_line = called.is_some_and(|called| called.name == origin.name);
            origin.from != OWN && !is_own_line
        };
        let has_other = came_with.as_ref().is_some_and(is_other);
        if is_own && (has_other || self.keeps_ids && came_with.is_some()) {
            let keeps = self.keeps_ids;
            return came_with.map(|origin| {
                let known = origin.ours.filter(|_| keeps);
                Origin {
                    version: if has_other {
                        origin.version
                    } else {
                        origin.version.or(arrival.versions.first().copied())
                    },
                    ours: known.or_else(|| has_other.then(|| passed(arrival))),
                    since: if keeps { origin.since } else { Vec::new() },
                    ..origin
                }
            });
        }
        origin(arrival).or(came_with)
    }

    /// Finds what the file says otherwise of a task that is here, and takes it if that is wanted.
    fn compare(&mut self, here: Task, arrival: &Arrival) -> Result<Taken> {
        let is_trashed = here.is_deleted() && !arrival.task.is_deleted();
        let comes_back = is_trashed && is_undone(self.store, &here)?;
        if comes_back {
            self.imported.back += 1;
        } else {
            self.imported.here += 1;
        }
        if is_trashed && !comes_back {
            self.imported.trashed += 1;
            if self.imported.in_trash.len() < TOLD {
                self.imported.in_trash.push((here.id, here.title));
            }
            return Ok(Taken::Here {
                id: here.id,
                differs: false,
            });
        }
        let comments = self.store.comments(here.id)?;
        let exported = state(self.store, &here, &arrival.versions)?;
        let comparison = Comparison {
            here: &here,
            comments: &comments,
            arrival,
            exported: exported.as_ref(),
            comes_back,
            terms: self.terms,
            zone: self.caller.zone,
        };
        if comparison.is_outdated() {
            self.imported.outdated += 1;
            return Ok(Taken::Here {
                id: here.id,
                differs: false,
            });
        }
        let differences = comparison.differences();
        let mut found = Found::default();
        if !comes_back {
            found.count(&differences, &mut self.imported);
        }
        let differs = found.differs();
        let is_wanted = self.imported.updates || comes_back;
        let edit = if is_wanted {
            comparison.update(&differences, self.caller.now)
        } else {
            Edit::of(&here)
        };
        let refers = comparison.refers();
        if edit.diff().is_some() || !self.names.refers_alike(arrival, &here)? {
            let again = Again {
                after: edit.after,
                added: edit.comments.added,
                refers,
                found,
                comes_back,
                is_round_done: comparison.is_round_done(),
                is_of_ours: !arrival.versions.is_empty(),
            };
            self.names.set_aside(arrival, here.id, &again)?;
        }
        let id = here.id;
        if !comes_back {
            again::tell(&here, differences, &mut self.imported);
        }
        Ok(Taken::Here { id, differs })
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
        if let Some(known) = &self.known {
            self.names
                .resolve_others(|name| known.named(self.store, name))?;
        }
        self.names.each_dangling(|dangling| {
            self.imported.loose += 1;
            if self.terms.is_complete {
                let reason = format!("names {}, which is not in the file", dangling.name);
                let invalid = Invalid::new(field_of(dangling.relation), reason);
                refuse(dangling.line, invalid);
            }
            Ok(())
        })?;
        let mut cut = BTreeSet::new();
        for relation in [Relation::Parent, Relation::DependsOn] {
            let references = circles::cut(&self.names, relation, &mut refuse)?;
            self.imported.circular += references.len() as u64;
            cut.extend(references.into_iter().map(|(task, _)| (task, relation)));
        }
        self.compare_references()?;
        let brought = again::brought(self.store, &self.names, self.first_new, self.caller)?;
        self.imported.brought = brought.len() as u64;
        if let Some(mut writing) = self.writing {
            for (id, relation) in cut {
                writing.forget_cut(id, relation, &self.names)?;
            }
            for id in self.names.aside()? {
                writing.refer(id, self.names.targets(id)?)?;
            }
            writing.change(&self.names, brought)?;
            self.imported.group = writing.end(last_id.filter(|_| self.keeps_ids))?;
        }
        Ok(self.imported)
    }

    /// Compares what tasks that were here refer to, now that all have come.
    fn compare_references(&mut self) -> Result<()> {
        let is_complete = self.terms.is_complete;
        let mut references = References::new(self.store, &self.names, self.first_new, is_complete);
        for id in self.names.all_again()? {
            let Some(mut again) = self.names.again::<Again>(id)? else {
                continue;
            };
            let is_wanted = self.imported.updates || again.comes_back;
            let differences = references.compare(id, &mut again, is_wanted)?;
            if !again.comes_back {
                again.found.count(&differences, &mut self.imported);
                again::tell(&self.store.existing(id)?, differences, &mut self.imported);
            }
            if is_wanted {
                self.names.put_again(id, &again)?;
            }
        }
        Ok(())
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

fn field_of(relation: Relation) -> &'static str {
    match relation {
        Relation::Parent => "parent",
        Relation::DependsOn => "depends_on",
    }
}
