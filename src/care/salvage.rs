//! Getting every readable task out of a damaged database, into a new one.
//!
//! Each task is there twice: as a row, and as its changes in the log. Both are read page by page, so damage takes only
//! what lies on the damaged page. A task whose changes are all there is taken with its history; of any other, the row.
//! Where a row and its history say different things, the row is taken, as what everyone saw, and the history keeps both.
//!
//! Of each row that is found, only its place is kept in memory. Then they are read again, task by task.

use std::{collections::BTreeMap, ops::RangeInclusive, path::Path};

use super::sqlite_pages::{Pages, Row, RowAddress, Value};
use crate::{
    domain::{
        change::{Change, Edit, Kind, is_chain, replayed},
        command::{Caller, Wrong, noting, wrong},
        error::Result,
        task::{Comment, Task, TaskId, TaskWithComments, Timestamp},
    },
    store::{
        Access, Store, Writer, backup, is_replay_of,
        paths::{located, unusable},
        writer::Entry,
    },
};

mod rows;

use rows::{change_in, comment_in, is_current, log_differences, task_in};

/// How many numbers a page may have given out and lost. A row and the change that added it take more than this.
const NUMBERS_A_PAGE: i64 = 100;

/// What was found in a damaged database, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Tasks in the new database.
    pub tasks: usize,
    /// Of these, those whose row was lost or wrong, made from their whole history.
    pub from_log: usize,
    /// Of these, those whose row and history say different things: the row was taken, and the history keeps both.
    pub conflicts: usize,
    /// Of these, those whose history is lost or incomplete, taken as they stood.
    pub without_history: usize,
    /// Of these, those whose row is lost, made from what is left of their history: maybe as they stood earlier.
    pub older: usize,
    /// References to lost tasks that were dropped.
    pub loosened: usize,
    /// The ids of which nothing was found.
    pub lost: Vec<RangeInclusive<i64>>,
    /// Pages that the disk did not give.
    pub unreadable_pages: u32,
}

impl Salvaged {
    /// Returns how many ids nothing was found of.
    pub fn lost_tasks(&self) -> i64 {
        self.lost
            .iter()
            .map(|ids| ids.end() - ids.start() + 1)
            .sum()
    }

    /// Reports whether all there was is in the new database.
    pub fn is_whole(&self) -> bool {
        self.lost.is_empty() && self.without_history + self.older + self.loosened == 0
    }
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
    let found = FoundRows::read(&database)?;
    if found.places.is_empty() {
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
struct FoundRows {
    pages: Pages,
    /// Where the rows of each task are, and its changes: in the order of the tasks, and of the changes of each.
    places: Vec<(TaskId, RowAddress)>,
    last_task: i64,
    last_change: i64,
    unreadable_pages: u32,
    /// The log holds whole lists of comments: the schemas 1 and 2 kept them so.
    logs_lists: bool,
}

/// What there is of one task.
#[derive(Default)]
struct Remains {
    /// More than one where a page was given up and kept an older one.
    rows: Vec<TaskWithComments>,
    comments: BTreeMap<i64, Comment>,
    history: BTreeMap<i64, Change>,
}

impl FoundRows {
    fn read(database: &Path) -> Result<Self> {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let mut pages = Pages::open(database, Path::new(&log))
            .map_err(|error| unusable(database, "it cannot be read", Some(error)))?;
        let mut places = Vec::new();
        let (mut last_task, mut last_change) = (0, 0);
        let mut logs_lists = true;
        // The last numbers given out, by the table that keeps them.
        let mut given: BTreeMap<String, i64> = BTreeMap::new();
        let unreadable_pages = pages.each_row(|place, row| {
            if let Some(TaskWithComments { task, .. }) = task_in(&row) {
                logs_lists &= !is_current(&row);
                last_task = last_task.max(task.id.get());
                places.push((task.id, place));
            } else if let Some((task, _)) = comment_in(&row) {
                places.push((task, place));
            } else if let Some(change) = change_in(&row) {
                last_task = last_task.max(change.task.get());
                last_change = last_change.max(change.seq);
                places.push((change.task, place));
            } else if let [Value::Text(table), Value::Integer(last)] = row.values.as_slice() {
                let given = given.entry(table.clone()).or_default();
                *given = (*last).max(*given);
            }
        });
        places.sort_unstable();
        // A number that is damaged could be any.
        let room = i64::from(pages.count()) * NUMBERS_A_PAGE;
        let believed = |table: &str, seen: i64| match given.get(table) {
            Some(last) if (seen..=seen.saturating_add(room)).contains(last) => *last,
            _ => seen,
        };
        Ok(Self {
            last_task: believed("task", last_task),
            last_change: believed("change", last_change),
            pages,
            places,
            unreadable_pages,
            logs_lists,
        })
    }

    fn write(mut self, new: &Path, caller: &Caller) -> Result<Salvaged> {
        let mut salvaged = Salvaged {
            unreadable_pages: self.unreadable_pages,
            ..Salvaged::default()
        };
        let (connection, paths) = backup::open(new, Access::Write)?;
        let mut store = Store::over(connection, paths);
        // References to what is lost are dropped before the end.
        let mut writer = store.writer_in_any_order()?;
        // What begins a log of its own comes after all that was kept, so the numbers that were given out stay used up.
        writer.use_up("change", self.last_change)?;
        let places = std::mem::take(&mut self.places);
        let (mut taken, mut referring) = (Vec::new(), Vec::new());
        for places in places.chunk_by(|one, next| one.0 == next.0) {
            let mut remains = Remains::default();
            for (_, place) in places {
                remains.take(self.pages.row_at(*place));
            }
            if self.logs_lists {
                remains.history.values_mut().for_each(log_differences);
            }
            let Some(task) = remains.write(&mut writer, &mut salvaged, caller)? else {
                continue;
            };
            taken.push(task.id.get());
            if task.parent.is_some() || !task.depends_on.is_empty() {
                referring.push(task.id);
            }
        }
        for id in referring {
            let task = writer.store().existing(id)?;
            let edit = loosened(&task, &taken, caller.now);
            salvaged.loosened += usize::from(edit.diff().is_some());
            writer.note(Kind::Restore, &edit, caller)?;
        }
        writer.store().recount_blockers()?;
        writer.use_up("task", self.last_task)?;
        writer.commit()?;
        // In the new file a search needs no time for it; if it cannot be done now, the next write does it.
        let _ = store.catch_up();
        salvaged.tasks = taken.len();
        salvaged.lost = gaps(&taken, self.last_task);
        Ok(salvaged)
    }
}

impl Remains {
    fn take(&mut self, row: Option<Row>) {
        let Some(row) = row else { return };
        if let Some(task) = task_in(&row) {
            self.rows.push(task);
        } else if let Some((_, comment)) = comment_in(&row) {
            self.comments.insert(row.id, comment);
        } else if let Some(change) = change_in(&row) {
            self.history.entry(change.seq).or_insert(change);
        }
    }

    /// Writes the best there is of the task, and returns it; `None` if there is nothing to go by.
    fn write(
        self,
        writer: &mut Writer<'_>,
        salvaged: &mut Salvaged,
        caller: &Caller,
    ) -> Result<Option<Task>> {
        let history: Vec<Change> = self.history.into_values().collect();
        let replay = replayed(&history).ok().flatten();
        let whole = replay
            .as_ref()
            .filter(|whole| is_replay_of(&whole.task, &history) && is_chain(&history));
        let mut rows = self.rows;
        let Some(logged) = whole else {
            let mut comments: Vec<Comment> = self.comments.into_values().collect();
            comments.sort_by_key(|comment| comment.at);
            let row = rows.into_iter().max_by_key(|row| row.task.rev);
            let mut whole = match (row, replay) {
                (Some(mut row), _) => {
                    salvaged.without_history += 1;
                    row.comments.extend(comments);
                    row
                }
                (None, Some(older)) => {
                    salvaged.older += 1;
                    older
                }
                (None, None) => return Ok(None),
            };
            (whole.task.rev, whole.task.updated_at) = (1, caller.now);
            let task = whole.task.clone();
            writer.note(Kind::Restore, &Edit::adding(whole), caller)?;
            return Ok(Some(task));
        };
        writer.adopt(logged, &history)?;
        // A row that was added at another time is that of another task, whose number was damaged.
        rows.retain(|row| row.task.created_at == logged.task.created_at);
        // A page that was given up may keep a comment that was taken back; the log, which is whole, has just those there are.
        for row in &mut rows {
            row.comments.clone_from(&logged.comments);
        }
        let row = rows.iter().max_by_key(|row| (row.task.rev, *row == logged));
        let noted = match (row, wrong(row, logged)) {
            (_, None) => None,
            (Some(row), Some(Wrong::Log)) => {
                salvaged.without_history += 1;
                Some(noting(row, logged, caller.now))
            }
            (Some(row), Some(Wrong::Conflict)) => {
                salvaged.conflicts += 1;
                Some(noting(row, logged, caller.now))
            }
            _ => {
                salvaged.from_log += 1;
                None
            }
        };
        let Some(noted) = noted else {
            return Ok(Some(logged.task.clone()));
        };
        writer.note(Kind::Repair, &noted, caller)?;
        Ok(Some(noted.after))
    }
}

impl Writer<'_> {
    /// Writes an edit as a group of its own.
    fn note(&mut self, kind: Kind, edit: &Edit, caller: &Caller) -> Result<()> {
        self.log(&mut Entry::new(kind, caller, None), edit, Store::write)
    }
}

/// Returns the numbers from 1 to `last` that are not among `taken`, which are in order.
fn gaps(taken: &[i64], last: i64) -> Vec<RangeInclusive<i64>> {
    let mut next = 1;
    let mut gaps = Vec::new();
    for id in taken.iter().copied().chain([last.saturating_add(1)]) {
        if id > next {
            gaps.push(next..=id - 1);
        }
        next = id.saturating_add(1);
    }
    gaps
}

/// Returns `task` without its references to tasks that are not there.
fn loosened(task: &Task, all: &[i64], now: Timestamp) -> Edit {
    let is_there = |id: &TaskId| all.binary_search(&id.get()).is_ok();
    let mut edit = Edit::of(task);
    edit.after.parent = task.parent.filter(is_there);
    edit.after.depends_on.retain(is_there);
    edit.stamped(now)
}
