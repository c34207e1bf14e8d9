//! Getting every readable task out of a damaged database, into a new one.
//!
//! Each task is there twice: as a row, and as its changes in the log. Both are read page by page, so damage takes only
//! what lies on the damaged page. A task whose changes are all there is taken with its history; of any other, the row.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::{Map, Value as Json};

use super::{
    Access, Store, backup, is_replay_of, open,
    pages::{Pages, Row, Value},
    place::{located, unusable},
    writer::Entry,
};
use crate::{
    change::{Change, Edit, Fields, Kind, replayed},
    command::Caller,
    error::Result,
    task::{Actor, Task, TaskId, Timestamp},
};

/// The columns of a task after its id, as the schema has them; those in JSON are named by [`JSON_COLUMNS`].
const COLUMNS: [&str; 20] = [
    "title",
    "description",
    "status",
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "created_by",
    "rev",
    "deleted_at",
    "priority",
    "due",
    "defer_until",
    "repeat",
    "repeat_from",
    "project",
    "tags",
    "parent",
    "depends_on",
    "comments",
];
const JSON_COLUMNS: [&str; 3] = ["tags", "depends_on", "comments"];
/// The columns of a task in the first schema, its id included.
const OLDEST_COLUMNS: usize = 11;

/// What was found in a damaged database, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Tasks in the new database.
    pub tasks: usize,
    /// Of these, those whose row was lost or wrong, made from their changes.
    pub from_log: usize,
    /// Of these, those whose history is lost or incomplete, taken as they stood.
    pub without_history: usize,
    /// References to lost tasks that were dropped.
    pub loosened: usize,
    /// The ids of which nothing was found.
    pub lost: Vec<TaskId>,
    /// Pages that the disk did not give.
    pub unreadable_pages: u32,
}

/// Reads what can be read of `database` and writes it into the new file `to`.
pub fn salvage(database: &Path, to: &Path, caller: &Caller) -> Result<Salvaged> {
    if to.exists() {
        return Err(unusable(
            to,
            "it is there already, and nothing is overwritten; name another file",
            None,
        ));
    }
    let database = located(database)?;
    let found = Found::read(&database)?;
    if found.rows.is_empty() && found.changes.is_empty() {
        return Err(unusable(
            &database,
            "no task can be read from it; see `taskhold backup --list` for backups",
            None,
        ));
    }
    let failed = |error| {
        unusable(
            to,
            "there is no room to put the tasks together",
            Some(error),
        )
    };
    // Put together elsewhere, so that `to` is whole or not there.
    let folder = tempfile::tempdir().map_err(failed)?;
    let new = folder.path().join("tasks.db");
    let salvaged = found.write(&new, caller)?;
    backup::copy_to(&new, to)?;
    Ok(salvaged)
}

/// What the pages gave.
#[derive(Default)]
struct Found {
    /// Of each task, its rows: more than one where a page was given up and kept an older one.
    rows: BTreeMap<TaskId, Vec<Task>>,
    changes: BTreeMap<TaskId, BTreeMap<i64, Change>>,
    last_task: i64,
    last_change: i64,
    unreadable_pages: u32,
}

impl Found {
    fn read(database: &Path) -> Result<Self> {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let mut pages = Pages::open(database, Path::new(&log))
            .map_err(|error| unusable(database, "it cannot be read", Some(error)))?;
        let mut found = Self::default();
        found.unreadable_pages = pages.each_row(|row| found.take(&row));
        Ok(found)
    }

    fn take(&mut self, row: &Row) {
        if let Some(task) = task_in(row) {
            self.last_task = self.last_task.max(task.id.get());
            self.rows.entry(task.id).or_default().push(task);
        } else if let Some(change) = change_in(row) {
            self.last_task = self.last_task.max(change.task.get());
            self.last_change = self.last_change.max(change.seq);
            let history = self.changes.entry(change.task).or_default();
            history.entry(change.seq).or_insert(change);
        } else if let [Value::Text(table), Value::Integer(last)] = row.values.as_slice() {
            match table.as_str() {
                "task" => self.last_task = self.last_task.max(*last),
                "change" => self.last_change = self.last_change.max(*last),
                _ => {}
            }
        }
    }

    fn write(self, new: &Path, caller: &Caller) -> Result<Salvaged> {
        let mut salvaged = Salvaged {
            unreadable_pages: self.unreadable_pages,
            ..Salvaged::default()
        };
        let (connection, paths) = open::open(new, Access::Write)?;
        let mut store = Store::over(connection, paths);
        let mut writer = store.writer()?;
        writer.defer_references()?;
        let (mut taken, mut bare) = (BTreeMap::new(), Vec::new());
        let ids: BTreeSet<TaskId> = self
            .rows
            .keys()
            .chain(self.changes.keys())
            .copied()
            .collect();
        for id in &ids {
            let history: Vec<Change> = self
                .changes
                .get(id)
                .map(|changes| changes.values().cloned().collect())
                .unwrap_or_default();
            let rows = self.rows.get(id).map_or(&[][..], Vec::as_slice);
            let Some((task, has_history)) = best(rows, &history) else {
                continue;
            };
            salvaged.from_log += usize::from(!rows.contains(&task));
            if has_history {
                writer.adopt(&task, &history, caller.zone)?;
            } else {
                salvaged.without_history += 1;
                bare.push(task.clone());
            }
            taken.insert(*id, task);
        }
        // These begin a log of their own, after all that was kept. So the numbers that were given out stay used up.
        writer.use_up("change", self.last_change)?;
        let mut entry = Entry::new(Kind::Restore, caller, None);
        for mut task in bare {
            (task.rev, task.updated_at) = (1, caller.now);
            let edit = Edit {
                before: None,
                after: task.clone(),
            };
            writer.log(&mut entry, &edit, Store::write)?;
            taken.insert(task.id, task);
        }
        for task in taken.values() {
            let edit = loosened(task, &taken, caller.now);
            salvaged.loosened += usize::from(edit.diff().is_some());
            writer.log(&mut entry, &edit, Store::write)?;
        }
        writer.store().recount_blockers()?;
        writer.use_up("task", self.last_task)?;
        writer.commit()?;
        salvaged.tasks = taken.len();
        salvaged.lost = (1..=self.last_task)
            .filter_map(|id| TaskId::try_from(id).ok())
            .filter(|id| !taken.contains_key(id))
            .collect();
        Ok(salvaged)
    }
}

/// Returns the best there is of a task, and whether `history` is all of it; `None` if there is nothing to go by.
fn best(rows: &[Task], history: &[Change]) -> Option<(Task, bool)> {
    let row = rows.iter().max_by_key(|row| row.rev);
    let logged = replayed(history).ok().flatten();
    if let Some(logged) = &logged
        && is_replay_of(logged, history)
        && row.is_none_or(|row| row.rev <= logged.rev)
    {
        return Some((logged.clone(), true));
    }
    row.cloned().or(logged).map(|task| (task, false))
}

/// Returns `task` without its references to tasks that are not there.
fn loosened(task: &Task, all: &BTreeMap<TaskId, Task>, now: Timestamp) -> Edit {
    let mut edit = Edit::of(task);
    edit.after.parent = task.parent.filter(|id| all.contains_key(id));
    edit.after.depends_on.retain(|id| all.contains_key(id));
    edit.stamped(now)
}

fn task_in(row: &Row) -> Option<Task> {
    if row.values.len() < OLDEST_COLUMNS || row.values.first() != Some(&Value::Null) {
        return None;
    }
    let mut fields = Map::new();
    fields.insert("id".to_owned(), row.id.into());
    for (name, value) in COLUMNS.into_iter().zip(&row.values[1..]) {
        let value = match value {
            Value::Null => continue,
            Value::Integer(number) => Json::from(*number),
            Value::Text(text) if JSON_COLUMNS.contains(&name) => serde_json::from_str(text).ok()?,
            Value::Text(text) => Json::from(text.as_str()),
            Value::Other => return None,
        };
        fields.insert(name.to_owned(), value);
    }
    serde_json::from_value(Json::Object(fields)).ok()
}

fn change_in(row: &Row) -> Option<Change> {
    let [
        Value::Null,
        Value::Integer(group),
        Value::Integer(at),
        Value::Text(actor),
        Value::Text(kind),
        Value::Integer(task),
        Value::Integer(rev),
        old,
        Value::Text(new),
        reverts,
    ] = row.values.as_slice()
    else {
        return None;
    };
    let fields = |text: &str| serde_json::from_str::<Fields>(text).ok();
    Some(Change {
        seq: row.id,
        group: *group,
        at: Timestamp::from_millis(*at),
        actor: Actor::named(actor),
        kind: Kind::ALL.into_iter().find(|one| one.as_str() == kind)?,
        task: TaskId::try_from(*task).ok()?,
        rev: *rev,
        old: match old {
            Value::Null => None,
            Value::Text(old) => Some(fields(old)?),
            _ => return None,
        },
        new: fields(new)?,
        reverts: match reverts {
            Value::Integer(group) => Some(*group),
            _ => None,
        },
    })
}
