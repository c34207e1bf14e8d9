//! What the file holds: its header and schema, its pages, and whether rows, log and index say the same.

use std::path::Path;

use rusqlite::Connection;

use super::{Finding, Fix, RESCUE, Verdict};
use crate::{
    error::{Result, WhileTrying},
    store::{
        Paths, Store, is_replay_of, open,
        put::{NO_DEFER, NO_DUE},
        views::ZONES_APART,
    },
    task::{Priority, TaskId, Timestamp},
    when::{When, Zone},
};

/// How many ids are named before "and more".
const NAMED: usize = 5;

pub(super) fn examine(paths: &Paths, zone: Zone, now: Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    match opened(paths, &mut found) {
        Ok(Some(store)) => found.extend(tables(&store, zone, now)),
        Ok(None) => {}
        Err(error) => found.push(Finding::of_error("header", &error)),
    }
    found
}

/// Opens the database and looks at what can be said before its tables are read. Returns `None` if they are not to be.
fn opened(paths: &Paths, found: &mut Vec<Finding>) -> Result<Option<Store>> {
    let file = &paths.database;
    let connection = open::open_to_look(file)?;
    if open::is_blank(&connection, file)? {
        found.push(Finding::good("header", "empty; the first task fills it"));
        return Ok(None);
    }
    let version = match open::schema_version(&connection, file) {
        Ok(version) => version,
        Err(error) => {
            found.push(Finding::bad(
                "header",
                error.to_string(),
                "give another database with --db or TASKHOLD_DB, or update taskhold",
            ));
            return Ok(None);
        }
    };
    let known = open::latest_schema();
    found.push(Finding::good(
        "header",
        format!("a database of taskhold, schema {version}"),
    ));
    found.push(integrity(&connection, file)?);
    found.push(references(&connection)?);
    if version < known {
        found.push(Finding::warning(
            "schema",
            format!("{version}, and {known} is current; the rows are not looked at before"),
            "use any other command: it upgrades the database, after a backup",
        ));
        return Ok(None);
    }
    found.push(schema(&connection)?);
    let is_whole = found
        .iter()
        .all(|one| one.verdict != Verdict::Bad || one.check == "references");
    if !is_whole {
        found.push(Finding::warning(
            "rows",
            "not looked at while the above stands",
            "see to the above, then run `taskhold doctor` again",
        ));
    }
    Ok(is_whole.then(|| Store::over(connection, paths.clone())))
}

fn integrity(connection: &Connection, file: &Path) -> Result<Finding> {
    const CHECK: &str = "integrity";
    let mut lines: Vec<String> = Vec::new();
    let checked = connection.pragma_query(None, "integrity_check", |row| {
        lines.push(row.get(0)?);
        Ok(())
    });
    checked.map_err(|error| open::explain(error, file, "check the database"))?;
    if lines == ["ok"] {
        return Ok(Finding::good(CHECK, "every page is sound"));
    }
    let is_index = |line: &String| {
        line.starts_with("wrong # of entries in index")
            || line.starts_with("row ") && line.contains(" missing from index ")
    };
    let is_search = |line: &String| line.contains("fts5") || line.contains("inverted index");
    let what = format!("{} faults, the first: {}", lines.len(), lines[0]);
    let bad = Finding::bad(CHECK, what, RESCUE);
    Ok(if lines.iter().all(is_index) {
        bad.mended_by(Fix::Indexes)
    } else if lines.iter().all(is_search) {
        bad.mended_by(Fix::Search)
    } else {
        bad
    })
}

fn references(connection: &Connection) -> Result<Finding> {
    const CHECK: &str = "references";
    let mut broken = 0;
    connection
        .pragma_query(None, "foreign_key_check", |_| {
            broken += 1;
            Ok(())
        })
        .while_trying("check references")?;
    Ok(if broken == 0 {
        Finding::good(CHECK, "every row that is referred to is there")
    } else {
        // A task that is missing is made anew from the log.
        Finding::bad(
            CHECK,
            format!("{broken} lead to rows that are missing"),
            RESCUE,
        )
        .mended_by(Fix::Rows)
    })
}

fn schema(connection: &Connection) -> Result<Finding> {
    let read = |connection: &Connection| -> Result<Vec<(String, String)>> {
        connection
            .prepare_cached("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .while_trying("read the schema")
    };
    Ok(if read(connection)? == read(&open::in_memory()?)? {
        Finding::good("schema", "as this taskhold makes it")
    } else {
        Finding::bad(
            "schema",
            "tables, indexes or triggers were altered by something else",
            RESCUE,
        )
    })
}

fn tables(store: &Store, zone: Zone, now: Timestamp) -> Vec<Finding> {
    let looked = store.snapshot(|store| {
        let rows = Rows::read(store)?;
        let mut found = vec![
            rows.finding(),
            rows.unlogged_finding(),
            clock(store, zone, now)?,
        ];
        // What is derived from wrong rows is wrong as well, and mended with them.
        if rows.is_good() {
            found.push(derived(store)?);
            found.push(index(store)?);
        }
        Ok(found)
    });
    looked.unwrap_or_else(|error| vec![Finding::of_error("rows", &error)])
}

/// How the rows stand to the log.
#[derive(Debug, Default)]
pub(in crate::store) struct Rows {
    count: u64,
    /// Missing, unreadable, or not what the log gives: the log has them.
    pub(in crate::store) wrong: Vec<TaskId>,
    /// Their log is incomplete or unreadable.
    unlogged: Vec<TaskId>,
}

impl Rows {
    /// Compares every task with its changes.
    pub(in crate::store) fn read(store: &Store) -> Result<Self> {
        let mut rows = Self::default();
        for id in store.all_ids()? {
            rows.count += 1;
            let task = store.task(id).ok().flatten();
            let logged = store.logged(id)?;
            match (task, logged) {
                (task, Some(logged)) if task.as_ref() == Some(&logged) => {}
                (_, Some(_)) => rows.wrong.push(id),
                (_, None) => rows.unlogged.push(id),
            }
        }
        Ok(rows)
    }

    fn is_good(&self) -> bool {
        self.wrong.is_empty() && self.unlogged.is_empty()
    }

    fn finding(&self) -> Finding {
        if self.wrong.is_empty() {
            return Finding::good(
                "rows",
                format!("{} tasks, each as its log says", self.count),
            );
        }
        let what = format!(
            "{} of {} tasks are not what their log says: {}",
            self.wrong.len(),
            self.count,
            named(&self.wrong)
        );
        Finding::bad("rows", what, "").mended_by(Fix::Rows)
    }

    fn unlogged_finding(&self) -> Finding {
        if self.unlogged.is_empty() {
            return Finding::good("history", "the log of every task is whole");
        }
        let what = format!(
            "the log of {} tasks is damaged: {}",
            self.unlogged.len(),
            named(&self.unlogged)
        );
        Finding::bad("history", what, RESCUE)
    }
}

fn named(ids: &[TaskId]) -> String {
    let mut names: Vec<String> = ids.iter().take(NAMED).map(ToString::to_string).collect();
    if ids.len() > NAMED {
        names.push("and more".to_owned());
    }
    names.join(", ")
}

fn clock(store: &Store, zone: Zone, now: Timestamp) -> Result<Finding> {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let last = store.last_change()?;
    let change = store.changes_since(last - 1, 1)?.pop();
    Ok(match change {
        Some(change) if change.at.as_millis() > now.as_millis() + DAY => Finding::warning(
            "clock",
            format!(
                "the last change is dated {}, which is to come",
                zone.at(change.at.as_millis()).format("%Y-%m-%d %H:%M")
            ),
            "set the clock; tasks keep the times they have",
        ),
        _ => Finding::good("clock", "no change is dated in the future"),
    })
}

fn derived(store: &Store) -> Result<Finding> {
    Ok(if store.derived_agrees()? {
        Finding::good(
            "derived",
            "order, tags and dependencies are as the tasks say",
        )
    } else {
        let what = "order, tags or dependencies are not as the tasks say: lists may be wrong";
        Finding::bad("derived", what, "").mended_by(Fix::Derived)
    })
}

fn index(store: &Store) -> Result<Finding> {
    Ok(if store.index_agrees()? {
        Finding::good("search", "the index has every word of every task")
    } else {
        let what = "the index is not that of the tasks: searches may be wrong";
        Finding::bad("search", what, "").mended_by(Fix::Search)
    })
}

impl Store {
    /// Returns the id of every task that has a row or a log.
    fn all_ids(&self) -> Result<Vec<TaskId>> {
        self.connection
            .prepare_cached("SELECT id FROM task UNION SELECT task_id FROM change ORDER BY 1")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .while_trying("list ids")
    }

    /// Returns a task as its log gives it; `None` if the log is not whole.
    pub(in crate::store) fn logged(&self, id: TaskId) -> Result<Option<crate::task::Task>> {
        let history = match self.history(id, 0) {
            Ok(history) => history,
            // A row that cannot be read is damage of the log; anything else keeps us from looking.
            Err(error) if error.is_of_a_row() => return Ok(None),
            Err(error) => return Err(error),
        };
        let task = crate::change::replayed(&history).ok().flatten();
        Ok(task.filter(|task| is_replay_of(task, &history) && crate::change::is_chain(&history)))
    }

    /// Reports whether the columns and tables that are derived from the rows are right.
    fn derived_agrees(&self) -> Result<bool> {
        let differs: bool = self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT item.value, task.id FROM task, json_each(task.tags) AS item EXCEPT SELECT tag, task_id FROM tag)
                     OR EXISTS (SELECT tag, task_id FROM tag EXCEPT SELECT item.value, task.id FROM task, json_each(task.tags) AS item)
                     OR EXISTS (SELECT item.value, task.id FROM task, json_each(task.depends_on) AS item
                                EXCEPT SELECT depends_on, task_id FROM dependency)
                     OR EXISTS (SELECT depends_on, task_id FROM dependency
                                EXCEPT SELECT item.value, task.id FROM task, json_each(task.depends_on) AS item)
                     OR EXISTS (SELECT 1 FROM task AS waiting WHERE blockers <> (
                                SELECT count(*) FROM json_each(waiting.depends_on) AS dependency
                                  JOIN task AS other ON other.id = dependency.value
                                 WHERE other.deleted_at IS NULL AND other.status IN ('pending', 'in_progress')))",
            )
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("check what is derived")?;
        Ok(!differs && self.order_agrees()?)
    }

    fn order_agrees(&self) -> Result<bool> {
        type Ordered = (Option<When>, i64, Option<When>, i64, Option<Priority>, u8);
        // A day was sorted by the zone it was written in.
        let is_near = |when: Option<When>, none: i64, order: i64| match when {
            None => order == none,
            Some(when) => when.order(Zone::UTC).abs_diff(order) <= ZONES_APART.unsigned_abs(),
        };
        let is_right = |(due, due_order, defer, defer_order, priority, rank): Ordered| {
            is_near(due, NO_DUE, due_order)
                && is_near(defer, NO_DEFER, defer_order)
                && Priority::rank(priority) == rank
        };
        let all = || -> rusqlite::Result<bool> {
            let mut statement = self.connection.prepare_cached(
                "SELECT due, due_order, defer_until, defer_order, priority, rank FROM task",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if !is_right(row.try_into()?) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        all().while_trying("check what is derived")
    }
}
