//! Taking in the tasks of a file, one after another: one change group, whatever their number.
//!
//! A task that refers only to what has come is written at once. One that refers ahead is set aside, in a temporary table
//! that SQLite keeps on the disk, and written when all have come. So are the names by which the file's tasks refer to
//! each other. What is held in memory is a few bytes a task that was there before.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, ToSql, params, types::ToSqlOutput};

use super::{Entry, Writer};
use crate::{
    arrival::{Arrival, Name, Terms},
    change::{Edit, GroupId, Kind},
    command::{Caller, refuse_cycle},
    error::{Error, Relation, Result, WhileTrying},
    task::{Invalid, Task, TaskId},
};

mod indexes;
mod known;

use indexes::Indexes;
use known::Known;

/// How much of the database is kept in memory meanwhile, in KiB, as SQLite's negative `cache_size`: the pages of a dozen
/// indexes are written again and again, and every one that was put away must be read back.
const CACHE: i64 = -32_768;
/// What SQLite keeps otherwise.
const USUAL_CACHE: i64 = -2_000;
/// How many of the tasks set aside are read at a time.
const PAGE: u32 = 500;

/// An import under way.
#[derive(Debug)]
pub struct Import<'writer, 'store> {
    writer: &'writer mut Writer<'store>,
    entry: Entry<'writer>,
    terms: Terms,
    keeps_ids: bool,
    known: Option<Known>,
    /// Taken away until all tasks have come.
    indexes: Option<Indexes>,
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
    /// The group in the change log; `None` if nothing was new.
    pub group: Option<GroupId>,
    /// How many tasks were new.
    pub new: u64,
    /// How many were here already.
    pub here: u64,
    /// Of how many of those the file says something else.
    pub differ: u64,
    /// The first and the last new task, if there is one, with what the file calls it.
    pub ends: Option<[(TaskId, Option<Name>); 2]>,
    /// The new tasks have the ids they have in the file.
    pub keeps_ids: bool,
    /// How many references were left out because they lead to nothing in the file.
    pub loose: u64,
}

impl<'store> Writer<'store> {
    /// Begins to take in the tasks of a file. Nothing of it stays unless [`Import::finish`] succeeds and
    /// [`Writer::commit`] after it.
    pub fn import<'writer>(
        &'writer mut self,
        caller: &'writer Caller,
        terms: Terms,
    ) -> Result<Import<'writer, 'store>> {
        if self.store.is_disk_full {
            return Err(Error::DiskFull);
        }
        let is_first = self.store.last_number("task")? == 0;
        self.set_cache(CACHE)?;
        // Until the commit: a task may refer to one that is written after it.
        self.command("PRAGMA defer_foreign_keys = ON")?;
        self.command("DROP TABLE IF EXISTS temp.arrived")?;
        self.command("DROP TABLE IF EXISTS temp.aside")?;
        self.command(
            "CREATE TEMP TABLE arrived (name ANY PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        )?;
        self.command(
            "CREATE TEMP TABLE aside (id INTEGER PRIMARY KEY, arrival TEXT NOT NULL) STRICT",
        )?;
        let known = (!is_first)
            .then(|| Known::read(self.store, terms.is_dated))
            .transpose()?;
        let indexes = is_first
            .then(|| Indexes::take_away(&self.store.connection))
            .transpose()?;
        let keeps_ids = is_first && terms.keeps_ids;
        Ok(Import {
            entry: Entry::new(Kind::Import, caller, None),
            writer: self,
            terms,
            keeps_ids,
            known,
            indexes,
            imported: Imported {
                keeps_ids,
                ..Imported::default()
            },
        })
    }

    fn command(&self, sql: &'static str) -> Result<()> {
        self.store
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .while_trying("prepare an import")?;
        Ok(())
    }

    fn set_cache(&self, size: i64) -> Result<()> {
        self.store
            .connection
            .pragma_update(None, "cache_size", size)
            .while_trying("set up the connection")
    }
}

impl Import<'_, '_> {
    /// Takes in one task. An error that the caller can mend concerns this task alone: it is left out, and the next can be
    /// taken.
    pub fn take(&mut self, arrival: Arrival) -> Result<Taken> {
        let is_own = self.terms.keeps_ids;
        if let Some(known) = &mut self.known
            && let Some(here) = known.find(self.writer.store, &arrival, is_own)?
        {
            self.name(&arrival, here.id)?;
            let differs = known::differs(&here, &arrival.task);
            self.imported.here += 1;
            self.imported.differ += u64::from(differs);
            return Ok(Taken::Here {
                id: here.id,
                differs,
            });
        }
        let id = if self.keeps_ids {
            arrival.task.id
        } else {
            self.writer.next_task_id()?
        };
        // Before it has a name: what refers to itself refers ahead.
        let references = self.resolved(&arrival)?;
        self.name(&arrival, id)?;
        self.count(id, &arrival);
        match references {
            Some(references) => self.write(referring(arrival.task, id, references))?,
            None => self.set_aside(id, &arrival)?,
        }
        Ok(Taken::New(id))
    }

    /// Ends the import: writes what was set aside. `last_id` is the highest id the file's database had given out, which an
    /// empty one goes on from. A reference that leads nowhere is left out and told to `refuse`, unless the terms allow it.
    pub fn finish(
        mut self,
        last_id: Option<i64>,
        mut refuse: impl FnMut(u64, Invalid),
    ) -> Result<Imported> {
        self.each_aside(|import, id, arrival| {
            let references = import.found(&arrival, &mut refuse)?;
            import.write(referring(arrival.task, id, references))
        })?;
        let aside = self.aside_ids()?;
        self.refuse_cycles(&aside)?;
        for id in &aside {
            // Those it waits for may have come after it.
            let task = self.writer.store.existing(*id)?;
            self.writer.store.count_own_blockers(&task)?;
        }
        if let (true, Some(last_id)) = (self.keeps_ids, last_id) {
            self.keep_counter(last_id)?;
        }
        self.writer.command("DROP TABLE temp.arrived")?;
        self.writer.command("DROP TABLE temp.aside")?;
        self.writer.set_cache(USUAL_CACHE)?;
        if let Some(indexes) = &self.indexes {
            indexes.put_back(&self.writer.store.connection)?;
        }
        self.imported.group = self.entry.group;
        self.writer.last_change = self.writer.next_change.map(|next| next - 1);
        Ok(self.imported)
    }

    fn count(&mut self, id: TaskId, arrival: &Arrival) {
        let end = (id, arrival.name.clone());
        self.imported.new += 1;
        match &mut self.imported.ends {
            Some([_, last]) => *last = end,
            none => *none = Some([end.clone(), end]),
        }
    }

    fn write(&mut self, task: Task) -> Result<()> {
        let (store, zone) = (self.writer.store, self.entry.caller.zone);
        let edit = Edit::arriving(task);
        store.write(&edit, zone)?;
        if let Some(diff) = edit.diff() {
            let diff = diff.with_past(&edit.after);
            self.writer.append(&mut self.entry, &edit.after, diff)?;
        }
        Ok(())
    }

    fn name(&self, arrival: &Arrival, id: TaskId) -> Result<()> {
        let Some(name) = &arrival.name else {
            return Ok(());
        };
        let is_new = self.prepared(
            "INSERT INTO temp.arrived (name, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            |statement| statement.execute(params![name, id]),
        )? > 0;
        if is_new {
            Ok(())
        } else {
            Err(Invalid::new("id", format!("{name} is in the file twice")).into())
        }
    }

    fn named(&self, name: &Name) -> Result<Option<TaskId>> {
        self.prepared("SELECT id FROM temp.arrived WHERE name = ?1", |statement| {
            statement.query_row([name], |row| row.get(0)).optional()
        })
    }

    /// Returns the tasks `arrival` refers to; `None` if one of them has not come yet.
    fn resolved(&self, arrival: &Arrival) -> Result<Option<References>> {
        let mut references = References::default();
        for (relation, name) in named_by(arrival) {
            match self.named(name)? {
                Some(id) => references.add(relation, id),
                None => return Ok(None),
            }
        }
        Ok(Some(references))
    }

    /// Returns the tasks `arrival` refers to, when all have come.
    fn found(
        &mut self,
        arrival: &Arrival,
        refuse: &mut impl FnMut(u64, Invalid),
    ) -> Result<References> {
        let mut references = References::default();
        for (relation, name) in named_by(arrival) {
            match self.named(name)? {
                Some(id) => references.add(relation, id),
                None if self.terms.is_complete => {
                    let field = field_of(relation);
                    refuse(
                        arrival.line,
                        Invalid::new(field, format!("names {name}, which is not in the file")),
                    );
                }
                None => self.imported.loose += 1,
            }
        }
        Ok(references)
    }

    fn set_aside(&self, id: TaskId, arrival: &Arrival) -> Result<()> {
        let text = serde_json::to_string(arrival)?;
        self.prepared(
            "INSERT INTO temp.aside (id, arrival) VALUES (?1, ?2)",
            |statement| statement.execute(params![id, text]),
        )?;
        Ok(())
    }

    fn each_aside(
        &mut self,
        mut take: impl FnMut(&mut Self, TaskId, Arrival) -> Result<()>,
    ) -> Result<()> {
        let mut after = 0;
        loop {
            let page: Vec<(TaskId, String)> = self.prepared(
                "SELECT id, arrival FROM temp.aside WHERE id > ?1 ORDER BY id LIMIT ?2",
                |statement| {
                    statement
                        .query_map((after, PAGE), |row| Ok((row.get(0)?, row.get(1)?)))?
                        .collect()
                },
            )?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = last.get();
            for (id, text) in page {
                take(self, id, serde_json::from_str(&text)?)?;
            }
        }
    }

    fn aside_ids(&self) -> Result<Vec<TaskId>> {
        self.prepared("SELECT id FROM temp.aside ORDER BY id", |statement| {
            statement.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// Refuses a file whose tasks go round in a circle. Every way round has a reference ahead, so it passes a task that was
    /// set aside.
    fn refuse_cycles(&self, aside: &[TaskId]) -> Result<()> {
        let store = self.writer.store;
        let cycle = refuse_cycle(aside, Relation::Parent, &|id| {
            Ok(store.existing(id)?.parent.into_iter().collect())
        })
        .and_then(|()| {
            refuse_cycle(aside, Relation::DependsOn, &|id| {
                Ok(store.existing(id)?.depends_on.into_iter().collect())
            })
        });
        match cycle {
            Err(Error::Cycle { relation, way }) => {
                let way: Vec<String> = way
                    .into_iter()
                    .map(|id| Ok(self.name_of(id)?.to_string()))
                    .collect::<Result<_>>()?;
                let reason = format!(
                    "goes round in a circle: {}; take one of these references out of the file",
                    way.join(" -> ")
                );
                Err(Invalid::new(field_of(relation), reason).into())
            }
            other => other,
        }
    }

    /// Returns what the file calls the task `id`.
    fn name_of(&self, id: TaskId) -> Result<Name> {
        self.prepared("SELECT name FROM temp.arrived WHERE id = ?1", |statement| {
            statement.query_row([id], |row| {
                Ok(match row.get_ref(0)?.as_i64() {
                    Ok(number) => Name::Number(number),
                    Err(_) => Name::Text(row.get(0)?),
                })
            })
        })
    }

    /// Makes the next task the one after `last_id`, if that is higher than any there is.
    fn keep_counter(&self, last_id: i64) -> Result<()> {
        self.prepared(
            "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'task'",
            |statement| statement.execute([last_id]),
        )?;
        self.prepared(
            "INSERT INTO sqlite_sequence (name, seq)
             SELECT 'task', ?1 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'task')",
            |statement| statement.execute([last_id]),
        )?;
        Ok(())
    }

    fn prepared<T>(
        &self,
        sql: &'static str,
        run: impl FnOnce(&mut rusqlite::Statement<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.writer
            .store
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| run(&mut statement))
            .while_trying("take in a task")
    }
}

/// The tasks one refers to.
#[derive(Default)]
struct References {
    parent: Option<TaskId>,
    depends_on: BTreeSet<TaskId>,
}

impl References {
    fn add(&mut self, relation: Relation, id: TaskId) {
        match relation {
            Relation::Parent => self.parent = Some(id),
            Relation::DependsOn => {
                self.depends_on.insert(id);
            }
        }
    }
}

fn named_by(arrival: &Arrival) -> impl Iterator<Item = (Relation, &Name)> {
    let parent = arrival.parent.iter().map(|name| (Relation::Parent, name));
    let depends_on = arrival.depends_on.iter();
    parent.chain(depends_on.map(|name| (Relation::DependsOn, name)))
}

fn field_of(relation: Relation) -> &'static str {
    match relation {
        Relation::Parent => "parent",
        Relation::DependsOn => "depends_on",
    }
}

fn referring(task: Task, id: TaskId, references: References) -> Task {
    Task {
        id,
        parent: references.parent,
        depends_on: references.depends_on,
        ..task
    }
}

impl ToSql for Name {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Number(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}
