//! Restoring a backup into the live database, while others work on it.
//!
//! No file is swapped: what differs between now and then is written as ordinary changes, one group in the log. So other
//! processes are told as of any change, numbers only grow, keys of retried calls still answer, and `undo` takes the
//! whole restore back. A database in which nothing was ever written takes over the backup's log as well.

use std::{iter::Peekable, path::Path, vec};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    domain::{
        change::{Edit, GroupId, Kind},
        command::{Caller, restore as decide},
        error::{Error, Result},
        task::{Task, TaskId, Timestamp},
    },
    store::{
        Access, Contest, Store, Writer,
        backup::{self, Backup, Reason, Reserved},
        failure::{WhileTrying, explain},
        history_check::{Rows, named},
        open,
        paths::{Paths, unusable},
        writer::Entry,
    },
};

/// How many tasks are read at a time.
const PAGE: u32 = 1_000;
/// How many edits an [`Outcome`] shows.
const SHOWN: usize = 10;

/// What a restore comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Tasks that were not there, or in the trash, and come back.
    pub back: u64,
    /// Tasks that are changed back.
    pub changed: u64,
    /// Tasks that go to the trash: they were added since, or were in it then.
    pub trashed: u64,
    /// The first few edits.
    pub first: Vec<Edit>,
    /// The group in the change log; `None` if nothing changed, or the whole log came back.
    pub group: Option<GroupId>,
    /// What was there before; `None` if nothing was.
    pub before: Option<Backup>,
    /// The search index in the backup is damaged. Nothing is taken from it: the one here is made of the tasks.
    pub has_damaged_words: bool,
}

impl Outcome {
    /// Returns how many tasks it touches.
    pub fn total(&self) -> u64 {
        self.back + self.changed + self.trashed
    }

    fn count(&mut self, edit: Edit) {
        let was_there = edit.before.as_ref().is_some_and(|task| !task.is_deleted());
        match (was_there, edit.after.is_deleted()) {
            (_, true) => self.trashed += 1,
            (false, false) => self.back += 1,
            (true, false) => self.changed += 1,
        }
        if self.first.len() < SHOWN {
            self.first.push(edit);
        }
    }
}

/// Writes the state of the backup `from` into `database`, after a backup of what is there. It is for the caller to tell
/// others.
pub fn restore(database: &Path, from: &Path, caller: &Caller) -> Result<Outcome> {
    let source = Source::open(from)?;
    let mut store = Store::open(database, Access::Write)?;
    // Before the write lock: who waits for a backup must not keep all writers waiting.
    let backups = Reserved::of(&store)?;
    let mut before = None;
    // What other machines have changed is restored as well.
    store.follow()?;
    let mut contest = Contest::begin();
    loop {
        match try_restore(&mut store, &source, &backups, &mut before, caller) {
            Err(Error::Behind) => contest.again(&mut store)?,
            restored => {
                return restored.map(|outcome| Outcome {
                    before,
                    has_damaged_words: source.has_damaged_words,
                    ..outcome
                });
            }
        }
    }
}

fn try_restore(
    store: &mut Store,
    source: &Source,
    backups: &Reserved,
    before: &mut Option<Backup>,
    caller: &Caller,
) -> Result<Outcome> {
    // What a backup's tasks refer to is in the backup: `Source::open` has looked.
    let mut writer = store.writer_in_any_order()?;
    let is_new = writer.store().last_change()? == 0;
    let outcome = writer.restore(&source.store, caller)?;
    // Nothing to restore is no reason to let the backups of other restores go.
    if outcome.total() > 0 {
        if !is_new && before.is_none() {
            // Not committed yet: another connection sees what was there before.
            *before = Some(backups.take(Reason::Restore, caller.now)?.0);
        }
        writer.commit()?;
        // A search would otherwise read all that came back. If it cannot be done now, that is no reason to take it back.
        let _ = store.catch_up();
    }
    Ok(outcome)
}

/// Says what [`restore`] would do, and does nothing.
pub fn preview(database: &Path, from: &Path, now: Timestamp) -> Result<Outcome> {
    let source = Source::open(from)?;
    let store = Store::open(database, Access::Read)?;
    let mut outcome = Outcome {
        has_damaged_words: source.has_damaged_words,
        ..Outcome::default()
    };
    store.snapshot(|store| {
        each_edit(store, &source.store, now, |edit| {
            outcome.count(edit);
            Ok(())
        })
    })?;
    Ok(outcome)
}

/// A backup opened for reading, in the schema of this program.
struct Source {
    store: Store,
    /// Its search index is damaged.
    has_damaged_words: bool,
    /// Where the copy of an older one lies, while it is needed.
    _folder: Option<TempDir>,
}

impl Source {
    /// Opens a backup. One whose tasks are not what their log says, or refer to what is not there, is refused: what is
    /// wrong in it would take the place of what is right.
    fn open(file: &Path) -> Result<Self> {
        let contents = backup::inspect(file)?;
        let connection = open::open_to_look(file)?;
        let has_damaged_words = contents.has_damaged_words;
        let source = if contents.schema == open::latest_schema() {
            Self {
                has_damaged_words,
                store: Store::over(connection, Paths::new(file)),
                _folder: None,
            }
        } else {
            let (store, folder) = upgraded(&connection, file)?;
            Self {
                has_damaged_words,
                store,
                _folder: Some(folder),
            }
        };
        let wrong = match Rows::read(&source.store)?.disagreeing() {
            None => source.store.loose()?,
            wrong => wrong,
        };
        match wrong {
            None => Ok(source),
            Some(wrong) => {
                let reason = format!(
                    "{wrong}; put together what can be read with `taskhold doctor --salvage NEW --db {}`, and restore NEW; nothing was restored",
                    file.display()
                );
                Err(unusable(file, reason, None))
            }
        }
    }
}

/// Upgrades a copy: a backup is never written.
fn upgraded(backup: &Connection, file: &Path) -> Result<(Store, TempDir)> {
    let failed = |error| unusable(file, "it cannot be copied to be upgraded", Some(error));
    let folder = tempfile::tempdir().map_err(failed)?;
    let copy = folder.path().join("tasks.db");
    let target = copy.to_str().ok_or_else(|| {
        failed(std::io::Error::other(
            "the name of the temporary folder is not Unicode",
        ))
    })?;
    backup
        .prepare_cached("VACUUM INTO ?1")
        .and_then(|mut statement| statement.execute([target]))
        .map_err(|error| explain(error, file, "copy the backup"))?;
    let (connection, paths) = backup::open(&copy, Access::Write)?;
    Ok((Store::over(connection, paths), folder))
}

impl Writer<'_> {
    /// Brings every task to where it stands in `then`.
    pub(super) fn restore(&mut self, then: &Store, caller: &Caller) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        if self.store().last_change()? == 0 {
            for task in Walk::new(then) {
                let task = then.with_comments(task?)?;
                self.adopt(&task, &then.history(task.task.id, 0)?)?;
                outcome.count(Edit::adding(task));
            }
            self.adopt_marks(then)?;
        } else {
            let store = self.store();
            let mut entry = Entry::new(Kind::Restore, caller, None);
            each_edit(store, then, caller.now, |edit| {
                self.log(&mut entry, &edit, Store::write)?;
                outcome.count(edit);
                Ok(())
            })?;
            outcome.group = entry.group();
        }
        if outcome.total() > 0 {
            self.store().recount_blockers()?;
        }
        Ok(outcome)
    }

    /// Takes over which keys were used, what each client has seen, and which numbers are used up.
    fn adopt_marks(&mut self, then: &Store) -> Result<()> {
        for used in then.call_keys()? {
            self.adopt_key(used)?;
        }
        for (actor, look, told) in then.looks()? {
            self.store().keep_seen(&actor, look, told)?;
        }
        for table in ["task", "change"] {
            self.use_up(table, then.last_number(table)?)?;
        }
        Ok(())
    }
}

/// Hands on what brings each task of `store` to where it stands in `then`, by id.
fn each_edit(
    store: &Store,
    then: &Store,
    now: Timestamp,
    mut act: impl FnMut(Edit) -> Result<()>,
) -> Result<()> {
    let (mut mine, mut theirs) = (Walk::new(store).peekable(), Walk::new(then).peekable());
    loop {
        let (task, was) = match (peeked(&mut mine)?, peeked(&mut theirs)?) {
            (None, None) => return Ok(()),
            (Some(mine_id), Some(theirs_id)) => {
                let id = mine_id.min(theirs_id);
                (
                    mine.next_if(|task| task.as_ref().is_ok_and(|task| task.id == id)),
                    theirs.next_if(|task| task.as_ref().is_ok_and(|task| task.id == id)),
                )
            }
            (Some(_), None) => (mine.next(), None),
            (None, Some(_)) => (None, theirs.next()),
        };
        let whole = |store: &Store, task: Option<Result<Task>>| {
            task.map(|task| store.with_comments(task?)).transpose()
        };
        let (task, was) = (whole(store, task)?, whole(then, was)?);
        if let Some(edit) = decide(task.as_ref(), was.as_ref(), now) {
            act(edit)?;
        }
    }
}

fn peeked(walk: &mut Peekable<Walk<'_>>) -> Result<Option<TaskId>> {
    match walk.peek() {
        None => Ok(None),
        Some(Ok(task)) => Ok(Some(task.id)),
        Some(Err(error)) => Err(Error::clone(error)),
    }
}

/// Every task by id, a page at a time, so that what is read may be written meanwhile.
pub(super) struct Walk<'a> {
    store: &'a Store,
    page: vec::IntoIter<Task>,
    last: i64,
    is_over: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self {
            store,
            page: Vec::new().into_iter(),
            last: 0,
            is_over: false,
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Task>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(task) = self.page.next() {
            self.last = task.id.get();
            return Some(Ok(task));
        }
        if self.is_over {
            return None;
        }
        match self.store.tasks_after(self.last, PAGE) {
            Ok(page) => {
                self.is_over = page.len() < PAGE as usize;
                self.page = page.into_iter();
                let task = self.page.next()?;
                self.last = task.id.get();
                Some(Ok(task))
            }
            Err(error) => {
                self.is_over = true;
                Some(Err(error))
            }
        }
    }
}

impl Store {
    /// Says which tasks refer to tasks that are not there; `None` if none does.
    fn loose(&self) -> Result<Option<String>> {
        let ids: Vec<TaskId> = self
            .connection
            .prepare_cached(
                "SELECT id FROM task WHERE parent NOT IN (SELECT id FROM task)
                 UNION SELECT task.id FROM task, json_each(task.depends_on) AS other
                        WHERE other.value NOT IN (SELECT id FROM task) ORDER BY 1",
            )
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .while_trying("check references")?;
        Ok((!ids.is_empty()).then(|| {
            let named = named(ids.into_iter());
            format!("tasks in it refer to tasks that are not there: {named}")
        }))
    }

    fn looks(&self) -> Result<Vec<(String, i64, i64)>> {
        self.connection
            .prepare_cached("SELECT actor, seen_seq, told_seq FROM client_seen")
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                    .collect()
            })
            .while_trying("read what clients have seen")
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::{
        domain::{
            command::{Command, Draft, Patch},
            task::{Actor, Title},
            when::Zone,
        },
        store::write_task,
    };

    #[test]
    fn a_task_that_comes_back_before_what_it_refers_to_costs_no_look_at_every_row() {
        const TASKS: i64 = 100;
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(0),
            zone: Zone::UTC,
            session: None,
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("then.db");
        let mut then = Store::open(&file, Access::Write).unwrap();
        let id = |number: i64| TaskId::try_from(number).unwrap();
        let title = Title::try_from("one of many".to_owned()).unwrap();
        let drafts = vec![Draft::titled(title); usize::try_from(TASKS).unwrap()];
        then.execute(&Command::Add { drafts, key: None }, &caller)
            .unwrap();
        for number in 1..TASKS {
            let patch = Patch {
                parent: Some(Some(id(number + 1))),
                depends_on: Some([id(number + 1)].into()),
                ..Patch::default()
            };
            let ids = vec![id(number)];
            then.execute(
                &Command::Update {
                    ids,
                    patch,
                    if_rev: None,
                },
                &caller,
            )
            .unwrap();
        }
        drop(then);
        let source = Source::open(&file).unwrap();
        for is_new in [true, false] {
            let path = folder.path().join(format!("{is_new}.db"));
            let mut store = Store::open(&path, Access::Write).unwrap();
            if !is_new {
                let add = Command::Add {
                    drafts: vec![Draft::titled(Title::try_from("here".to_owned()).unwrap())],
                    key: None,
                };
                store.execute(&add, &caller).unwrap();
            }
            let mut writer = store.writer_in_any_order().unwrap();
            writer.restore(&source.store, &caller).unwrap();
            writer.commit().unwrap();
            assert_eq!(store.task(id(1)).unwrap().unwrap().parent, Some(id(2)));
            assert_eq!(store.loose().unwrap(), None);
            let statement = store.connection.prepare_cached(write_task::INSERT).unwrap();
            assert!(i64::from(statement.get_status(StatementStatus::Run)) >= TASKS - 1);
            let scanned = statement.get_status(StatementStatus::FullscanStep);
            assert_eq!(scanned, 0, "into a new database: {is_new}");
        }
    }
}
