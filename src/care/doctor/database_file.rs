//! What the file holds: its header and schema, its pages, and whether rows, log and index say the same.

use std::{collections::BTreeSet, path::Path};

use rusqlite::Connection;

use super::{Finding, Fix, RESCUE, Verdict, task_history};
use crate::{
    domain::{
        error::{Error, Result},
        query::order,
        task::{Priority, Project, Tag, TaskId, Timestamp},
        when::{When, Zone},
    },
    store::{
        Paths, Store,
        failure::WhileTrying,
        history_check::{Rows, named},
        integrity::{self, Part},
        open,
        rows::holds_up,
        write_task::{NO_DEFER, NO_DUE},
        zone_order::is_by_our_zones,
    },
};

/// Whose database it is.
pub(super) enum Header {
    /// Ours, in a schema that this program knows, open to be looked at.
    Ours { connection: Connection, schema: i64 },
    /// Nothing is in it yet.
    Blank,
    /// Another program's, or a newer version's: why it is not looked at.
    Foreign(Error),
}

pub(super) fn header(paths: &Paths) -> Result<Header> {
    let file = &paths.database;
    let connection = open::open_to_look(file)?;
    if open::is_blank(&connection, file)? {
        return Ok(Header::Blank);
    }
    Ok(match open::schema_version(&connection, file) {
        Ok(schema) => Header::Ours { connection, schema },
        Err(error) => Header::Foreign(error),
    })
}

/// Examines a database of ours.
pub(super) fn examine(
    paths: &Paths,
    connection: Connection,
    version: i64,
    zone: Zone,
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = Vec::new();
    match looked(paths, connection, version, &mut found) {
        Ok(Some((store, words_are_sound))) => {
            found.extend(tables(&store, words_are_sound, zone, now));
        }
        Ok(None) => {}
        Err(error) => found.push(Finding::of_error("integrity", &error)),
    }
    found
}

/// Looks at what can be said before the tables are read. Returns `None` if they are not to be, else also whether the
/// search index can be.
fn looked(
    paths: &Paths,
    connection: Connection,
    version: i64,
    found: &mut Vec<Finding>,
) -> Result<Option<(Store, bool)>> {
    let file = &paths.database;
    let known = open::latest_schema();
    let (mut finding, worst) = integrity(&connection, file)?;
    // Freeing pages needs no schema.
    if version < known && worst > Some(Part::Unused) && finding.fix.take().is_some() {
        // What would be made anew is what this program makes.
        finding.way_out = Some(RESCUE.to_owned());
    }
    found.push(finding);
    if worst < Some(Part::Index) {
        found.push(references(&connection)?);
    }
    if version < known {
        found.push(Finding::warning(
            "schema",
            format!("{version}, and {known} is current; the rows are not looked at before"),
            "use any other command: it upgrades the database, after a backup",
        ));
        return Ok(None);
    }
    let store = Store::over(connection, paths.clone());
    let schema = schema(&store)?;
    let is_whole = worst < Some(Part::Index) && schema.verdict != Verdict::Bad;
    found.push(schema);
    if !is_whole {
        found.push(Finding::warning(
            "rows",
            "not looked at while the above stands",
            "see to the above, then run `taskhold doctor` again",
        ));
    }
    let words_are_sound = worst != Some(Part::Words);
    Ok(is_whole.then_some((store, words_are_sound)))
}

/// Returns what is found, and the worst there is.
fn integrity(connection: &Connection, file: &Path) -> Result<(Finding, Option<Part>)> {
    const CHECK: &str = "integrity";
    let faults = integrity::faults(connection, file)?;
    let Some(worst) = faults.iter().max_by_key(|fault| fault.part) else {
        return Ok((Finding::good(CHECK, "every page is sound"), None));
    };
    let what = match faults.len() {
        1 => format!("a fault: {}", worst.what),
        count => format!("{count} faults, the worst: {}", worst.what),
    };
    let bad = Finding::bad(CHECK, what, RESCUE);
    let finding = match worst.part {
        Part::Unused => {
            let what = format!(
                "every page in use is sound; nothing uses {} pages, which a repair that was cut short leaves",
                faults.len()
            );
            Finding::warning(CHECK, what, "").mended_by(Fix::Pages)
        }
        Part::Value => bad.mended_by(Fix::Rows),
        Part::Words => bad.mended_by(Fix::Search),
        Part::Index => bad.mended_by(Fix::Indexes),
        Part::Table => bad,
    };
    Ok((finding, Some(worst.part)))
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

fn schema(store: &Store) -> Result<Finding> {
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
    let mut expected = read(&open::in_memory()?)?;
    if let Some((name, sql)) = store.shared_table()? {
        expected.push((name.to_owned(), sql.to_owned()));
        expected.sort();
    }
    Ok(if read(&store.connection)? == expected {
        Finding::good("schema", "as this taskhold makes it")
    } else {
        Finding::bad(
            "schema",
            "tables, indexes or triggers were altered by something else",
            RESCUE,
        )
    })
}

fn tables(store: &Store, words_are_sound: bool, zone: Zone, now: Timestamp) -> Vec<Finding> {
    let looked = store.snapshot(|store| {
        let read = Rows::read(store)?;
        let mut found = vec![
            task_history::finding(&read, store)?,
            task_history::unlogged_finding(&read),
            clock(store, zone, now)?,
            series(store, zone)?,
        ];
        // What is derived from wrong rows is wrong as well, and mended with them.
        if read.are_good() {
            found.push(derived(store)?);
            if words_are_sound {
                found.push(index(store)?);
            }
        }
        Ok(found)
    });
    looked.unwrap_or_else(|error| vec![Finding::of_error("rows", &error)])
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

/// Names the series whose times are instants, as an earlier version kept them: the first program that changes one counts it in its own
/// zone.
fn series(store: &Store, zone: Zone) -> Result<Finding> {
    let unplaced: Vec<TaskId> = store
        .connection
        .prepare_cached(
            "SELECT id FROM task
              WHERE repeat IS NOT NULL AND deleted_at IS NULL AND status IN ('pending', 'in_progress')
                AND (due LIKE '%Z' OR repeat_from LIKE '%Z') ORDER BY id",
        )
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .while_trying("look for series without a zone")?;
    let count = unplaced.len();
    Ok(if count == 0 {
        Finding::good("series", "each with a time has its zone")
    } else {
        Finding::warning(
            "series",
            format!(
                "no zone is noted for the times of {count} series: {}",
                named(unplaced.into_iter())
            ),
            format!(
                "complete or edit them where you live; from here, they would be counted in {}",
                zone.name()
            ),
        )
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
    /// Reports whether the columns and tables that are derived from the rows are right.
    fn derived_agrees(&self) -> Result<bool> {
        let differs: bool = self
            .connection
            .prepare_cached(
                concat!(
                    "SELECT EXISTS (SELECT item.value, task.id FROM task, json_each(task.depends_on) AS item
                                EXCEPT SELECT depends_on, task_id FROM dependency)
                     OR EXISTS (SELECT depends_on, task_id FROM dependency
                                EXCEPT SELECT item.value, task.id FROM task, json_each(task.depends_on) AS item)
                     OR EXISTS (SELECT 1 FROM task AS waiting WHERE blockers <> (
                                SELECT count(*) FROM json_each(waiting.depends_on) AS dependency
                                  JOIN task AS other ON other.id = dependency.value
                                 WHERE ",
                    holds_up!("waiting"),
                    "))"
                ),
            )
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("check what is derived")?;
        Ok(!differs && self.order_agrees()? && self.names_agree()?)
    }

    /// Reports whether projects and tags are kept by what they are compared by.
    fn names_agree(&self) -> Result<bool> {
        let all = || -> rusqlite::Result<bool> {
            let mut has_tag = self.connection.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM tag WHERE tag = ?1 AND is_old = ?2 AND task_id = ?3)",
            )?;
            let mut statement = self
                .connection
                .prepare_cached(
                    "SELECT id, project, project_key, tags, deleted_at IS NOT NULL OR status IN ('completed', 'cancelled')
                       FROM task",
                )?;
            let mut rows = statement.query([])?;
            let mut count = 0_i64;
            while let Some(row) = rows.next()? {
                type Named = (i64, Option<Project>, Option<String>, String, bool);
                let (id, project, key, tags, is_old): Named = row.try_into()?;
                if project.as_ref().map(Project::key).as_deref() != key.as_deref() {
                    return Ok(false);
                }
                if tags == "[]" {
                    continue;
                }
                // What is no list of tags is found elsewhere.
                let tags: BTreeSet<Tag> = serde_json::from_str(&tags).unwrap_or_default();
                for tag in Tag::one_of_each(tags) {
                    if !has_tag.query_row((tag.key(), is_old, id), |row| row.get::<_, bool>(0))? {
                        return Ok(false);
                    }
                    count += 1;
                }
            }
            let rows: i64 = self
                .connection
                .prepare_cached("SELECT count(*) FROM tag")?
                .query_row([], |row| row.get(0))?;
            if rows != count {
                return Ok(false);
            }
            Ok(true)
        };
        all().while_trying("check what is derived")
    }

    fn order_agrees(&self) -> Result<bool> {
        type Sorted = (Option<When>, u8, i64);
        // Times with a zone that were sorted by other rules are sorted anew when the database is opened the next time.
        let is_by_ours = is_by_our_zones(&self.connection).while_trying("check what is derived")?;
        let is_right = |(when, kind, key): Sorted, none: i64| {
            let is_elsewhere = !is_by_ours && matches!(when, Some(When::Zoned(..)));
            kind == order::kind(when) && (is_elsewhere || key == when.map_or(none, order::key))
        };
        let all = || -> rusqlite::Result<bool> {
            let mut statement = self.connection.prepare_cached(
                "SELECT due, due_kind, due_order, defer_until, defer_kind, defer_order, priority, rank FROM task",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let due = (row.get(0)?, row.get(1)?, row.get(2)?);
                let defer = (row.get(3)?, row.get(4)?, row.get(5)?);
                let (priority, rank): (Option<Priority>, u8) = (row.get(6)?, row.get(7)?);
                if !is_right(due, NO_DUE)
                    || !is_right(defer, NO_DEFER)
                    || Priority::rank(priority) != rank
                {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        all().while_trying("check what is derived")
    }
}
