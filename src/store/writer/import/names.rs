//! What the tasks of a file are called, and how they refer to each other, until all have come.
//!
//! It is kept in a database of its own that nobody else sees and that SQLite puts on the disk when it grows: in memory
//! there is nothing for a task.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, types::ToSqlOutput};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    domain::{
        error::{Relation, Result},
        imported::{Arrival, Name, ids_of},
        task::{Invalid, Task, TaskId},
    },
    store::failure::WhileTrying,
};

/// The names and references of one import.
#[derive(Debug)]
pub(super) struct Names(Connection);

/// A reference to what the file does not have.
pub(super) struct Dangling {
    pub(super) line: u64,
    pub(super) relation: Relation,
    pub(super) name: Name,
}

impl Names {
    pub(super) fn new() -> Result<Self> {
        let make = || {
            let connection = Connection::open("")?;
            connection.pragma_update(None, "journal_mode", "OFF")?;
            for sql in [
                "CREATE TABLE arrived (name ANY PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID",
                // `target` is NULL until the task of the name has come.
                "CREATE TABLE reference (
                     task INTEGER, relation INTEGER, name ANY, target INTEGER, PRIMARY KEY (task, relation, name)
                 ) STRICT, WITHOUT ROWID",
                "CREATE TABLE aside (task INTEGER PRIMARY KEY, line INTEGER NOT NULL) STRICT",
                // Likewise of tasks that were here: what the file says they refer to, and what they are to be.
                "CREATE TABLE said_again (
                     task INTEGER, relation INTEGER, name ANY, target INTEGER, PRIMARY KEY (task, relation, name)
                 ) STRICT, WITHOUT ROWID",
                "CREATE TABLE again (task INTEGER PRIMARY KEY, state TEXT NOT NULL) STRICT",
                // One transaction, never committed: nothing of it is to last.
                "BEGIN",
            ] {
                connection.prepare_cached(sql)?.execute([])?;
            }
            Ok(Self(connection))
        };
        make().while_trying("prepare an import")
    }

    /// Remembers that `arrival` is the task `id`. A name that was there is refused.
    pub(super) fn name(&self, arrival: &Arrival, id: TaskId) -> Result<()> {
        let Some(name) = &arrival.name else {
            return Ok(());
        };
        let is_new = self.run(
            "INSERT INTO arrived (name, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![name, id],
        )? > 0;
        if is_new {
            Ok(())
        } else {
            Err(Invalid::new("id", format!("{name} is in the file twice")).into())
        }
    }

    /// Remembers what `arrival`, the task `id`, refers to, and returns it; `None` if something of it has not come yet:
    /// then the task is set aside.
    pub(super) fn refer(
        &self,
        arrival: &Arrival,
        id: TaskId,
    ) -> Result<Option<Vec<(Relation, TaskId)>>> {
        let mut found = Vec::new();
        let mut is_whole = true;
        for (relation, name) in named_by(arrival) {
            // What refers to itself refers ahead: it goes round in a circle.
            let target = self.named(name)?.filter(|target| *target != id);
            self.run(
                "INSERT OR IGNORE INTO reference (task, relation, name, target) VALUES (?1, ?2, ?3, ?4)",
                params![id, code(relation), name, target],
            )?;
            is_whole &= target.is_some();
            found.extend(target.map(|target| (relation, target)));
        }
        if is_whole {
            return Ok(Some(found));
        }
        self.run(
            "INSERT INTO aside (task, line) VALUES (?1, ?2)",
            params![id, arrival.line.cast_signed()],
        )?;
        Ok(None)
    }

    /// Sets a task that was here aside, with what the file says it refers to.
    pub(super) fn set_aside(
        &self,
        arrival: &Arrival,
        id: TaskId,
        again: &impl Serialize,
    ) -> Result<()> {
        for (relation, name) in named_by(arrival) {
            self.run(
                "INSERT OR IGNORE INTO said_again (task, relation, name, target) VALUES (?1, ?2, ?3, ?4)",
                params![id, code(relation), name, self.named(name)?],
            )?;
        }
        self.put_again(id, again)
    }

    /// Reports whether all that `arrival` refers to has come, and is what the task `here` refers to.
    pub(super) fn refers_alike(&self, arrival: &Arrival, here: &Task) -> Result<bool> {
        let mut ids =
            [Relation::Parent, Relation::DependsOn].map(|relation| ids_of(here, relation));
        for (relation, name) in named_by(arrival) {
            let place = usize::from(relation == Relation::DependsOn);
            match self.named(name)? {
                Some(id) if ids[place].remove(&id) => {}
                // One that is named twice, too: it is compared later.
                _ => return Ok(false),
            }
        }
        Ok(ids.iter().all(BTreeSet::is_empty))
    }

    /// Keeps what a task that was here is to be.
    pub(super) fn put_again(&self, id: TaskId, again: &impl Serialize) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO again (task, state) VALUES (?1, ?2)",
            params![id, serde_json::to_string(again)?],
        )?;
        Ok(())
    }

    /// Returns what a task that was here is to be; `None` if it stays as it is.
    pub(super) fn again<T: DeserializeOwned>(&self, id: TaskId) -> Result<Option<T>> {
        let state: Option<String> = self.get("SELECT state FROM again WHERE task = ?1", [id])?;
        Ok(state.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// Returns the tasks that were here and are set aside, by id.
    pub(super) fn all_again(&self) -> Result<Vec<TaskId>> {
        self.tasks("SELECT task FROM again ORDER BY task", [])
    }

    /// Returns what the file says that a task that was here refers to by `relation`: names, and the tasks that they lead to.
    pub(super) fn said_again(
        &self,
        task: TaskId,
        relation: Relation,
    ) -> Result<Vec<(Name, Option<TaskId>)>> {
        let mut said = Vec::new();
        self.each(
            "SELECT name, target FROM said_again WHERE task = ?1 AND relation = ?2 ORDER BY name",
            params![task, code(relation)],
            |row| Ok((name(row)?, row.get("target")?)),
            |one| {
                said.push(one);
                Ok(())
            },
        )?;
        Ok(said)
    }

    fn named(&self, name: &Name) -> Result<Option<TaskId>> {
        self.get("SELECT id FROM arrived WHERE name = ?1", [name])
    }

    /// Finds what was referred to before it came, now that all have come.
    pub(super) fn resolve(&self) -> Result<()> {
        for sql in [
            "UPDATE reference SET target = (SELECT id FROM arrived WHERE arrived.name = reference.name)
              WHERE target IS NULL",
            "UPDATE said_again SET target = (SELECT id FROM arrived WHERE arrived.name = said_again.name)
              WHERE target IS NULL",
        ] {
            self.run(sql, [])?;
        }
        Ok(())
    }

    /// Finds what no task of the file is called: `find` knows those that were here.
    pub(super) fn resolve_others(
        &self,
        mut find: impl FnMut(&str) -> Result<Option<TaskId>>,
    ) -> Result<()> {
        let mut others = Vec::new();
        self.each(
            "SELECT DISTINCT name FROM (SELECT name, target FROM reference UNION ALL SELECT name, target FROM said_again)
              WHERE target IS NULL AND typeof(name) = 'text'",
            [],
            |row| row.get::<_, String>("name"),
            |name| {
                others.push(name);
                Ok(())
            },
        )?;
        for name in others {
            let Some(id) = find(&name)? else { continue };
            for sql in [
                "UPDATE reference SET target = ?2 WHERE name = ?1 AND target IS NULL",
                "UPDATE said_again SET target = ?2 WHERE name = ?1 AND target IS NULL",
            ] {
                self.run(sql, params![name, id])?;
            }
        }
        Ok(())
    }

    /// Hands on each reference that leads to nothing.
    pub(super) fn each_dangling(&self, act: impl FnMut(Dangling) -> Result<()>) -> Result<()> {
        self.each(
            "SELECT line, relation, name FROM reference JOIN aside USING (task) WHERE target IS NULL
              ORDER BY task, relation, name",
            [],
            |row| {
                Ok(Dangling {
                    line: row.get::<_, i64>("line")?.cast_unsigned(),
                    relation: relation(row)?,
                    name: name(row)?,
                })
            },
            act,
        )
    }

    /// Returns the tasks `task` refers to.
    pub(super) fn targets(&self, task: TaskId) -> Result<Vec<(Relation, TaskId)>> {
        let mut targets = Vec::new();
        self.each(
            "SELECT relation, target FROM reference WHERE task = ?1 AND target IS NOT NULL",
            [task],
            |row| Ok((relation(row)?, row.get("target")?)),
            |target| {
                targets.push(target);
                Ok(())
            },
        )?;
        Ok(targets)
    }

    /// Returns the names of the tasks that `task` refers to by `relation`, also of those that are not there.
    pub(super) fn said(&self, task: TaskId, relation: Relation) -> Result<Vec<Name>> {
        let mut names = Vec::new();
        self.each(
            "SELECT name FROM reference WHERE task = ?1 AND relation = ?2",
            params![task, code(relation)],
            name,
            |name| {
                names.push(name);
                Ok(())
            },
        )?;
        Ok(names)
    }

    /// Leaves a reference out.
    pub(super) fn cut(&self, task: TaskId, relation: Relation, target: TaskId) -> Result<()> {
        self.run(
            "DELETE FROM reference WHERE task = ?1 AND relation = ?2 AND target = ?3",
            params![task, code(relation), target],
        )?;
        Ok(())
    }

    /// Returns the tasks that were set aside, by id.
    pub(super) fn aside(&self) -> Result<Vec<TaskId>> {
        self.tasks("SELECT task FROM aside ORDER BY task", [])
    }

    /// Returns those of them that refer to anything by `relation`.
    pub(super) fn aside_for(&self, relation: Relation) -> Result<Vec<TaskId>> {
        self.tasks(
            "SELECT DISTINCT task FROM aside JOIN reference USING (task) WHERE relation = ?1 ORDER BY task",
            [code(relation)],
        )
    }

    fn tasks(&self, sql: &'static str, params: impl rusqlite::Params) -> Result<Vec<TaskId>> {
        let mut tasks = Vec::new();
        self.each(
            sql,
            params,
            |row| row.get("task"),
            |task| {
                tasks.push(task);
                Ok(())
            },
        )?;
        Ok(tasks)
    }

    /// Returns the line of a task that was set aside; `None` if it was not.
    pub(super) fn line_of(&self, task: TaskId) -> Result<Option<u64>> {
        let line: Option<i64> = self.get("SELECT line FROM aside WHERE task = ?1", [task])?;
        Ok(line.map(i64::cast_unsigned))
    }

    /// Returns what the file calls the task `id`.
    pub(super) fn name_of(&self, id: TaskId) -> Result<Name> {
        Ok(self.find_name(id)?.unwrap_or(Name::Number(id.get())))
    }

    /// Likewise; `None` if it has no name in the file.
    pub(super) fn find_name(&self, id: TaskId) -> Result<Option<Name>> {
        // Needed for a few: when something is wrong, or differs.
        self.run(
            "CREATE INDEX IF NOT EXISTS arrived_by_id ON arrived (id)",
            [],
        )?;
        self.0
            .prepare_cached("SELECT name FROM arrived WHERE id = ?1")
            .and_then(|mut statement| statement.query_row([id], name).optional())
            .while_trying("take in a task")
    }

    fn run(&self, sql: &'static str, params: impl rusqlite::Params) -> Result<usize> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .while_trying("take in a task")
    }

    fn get<T: rusqlite::types::FromSql>(
        &self,
        sql: &'static str,
        params: impl rusqlite::Params,
    ) -> Result<Option<T>> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, |row| row.get(0)).optional())
            .while_trying("take in a task")
    }

    fn each<T>(
        &self,
        sql: &'static str,
        params: impl rusqlite::Params,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        mut act: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.0.prepare_cached(sql).while_trying("take in a task")?;
        let mut rows = statement
            .query_map(params, |row| read(row))
            .while_trying("take in a task")?;
        rows.try_for_each(|row| act(row.while_trying("take in a task")?))
    }
}

fn named_by(arrival: &Arrival) -> impl Iterator<Item = (Relation, &Name)> {
    let parent = arrival.parent.iter().map(|name| (Relation::Parent, name));
    let depends_on = arrival.depends_on.iter();
    parent.chain(depends_on.map(|name| (Relation::DependsOn, name)))
}

fn code(relation: Relation) -> i64 {
    match relation {
        Relation::Parent => 0,
        Relation::DependsOn => 1,
    }
}

fn relation(row: &Row<'_>) -> rusqlite::Result<Relation> {
    Ok(match row.get("relation")? {
        0_i64 => Relation::Parent,
        _ => Relation::DependsOn,
    })
}

fn name(row: &Row<'_>) -> rusqlite::Result<Name> {
    Ok(match row.get_ref("name")?.as_i64() {
        Ok(number) => Name::Number(number),
        Err(_) => Name::Text(row.get("name")?),
    })
}

impl ToSql for Name {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Number(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}
