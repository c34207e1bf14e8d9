//! Mending what an examination found, where that is safe: nothing is made anew but what is there twice, and where the
//! two say different things, both stay readable.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, config::DbConfig, limits::Limit};

use super::{
    doctor::{Finding, Fix, Verdict, examine, surroundings::permissions},
    restore::Walk,
};
use crate::{
    domain::{
        change::{Edit, Kind},
        command::{Caller, Wrong, noting},
        error::{Error, Result},
        task::{Actor, Status, TaskWithComments},
    },
    store::{
        Access, Paths, Store, Writer, backup, ballast, checkpoint, db::Doorbell,
        failure::WhileTrying, history_check::Rows, open, paths::located, writer::Entry,
    },
};

/// One thing may hide another, so it is looked again; this often at most.
const ROUNDS: usize = 5;

/// What mending came to.
#[derive(Debug, Default)]
pub struct Mended {
    /// What is found now.
    pub found: Vec<Finding>,
    /// The checks that are good now, and were not.
    pub checks: Vec<&'static str>,
    /// What was there before the first table was written; `None` if none was.
    pub backup: Option<PathBuf>,
    /// What kept the rest from being mended.
    pub failure: Option<Error>,
}

/// Mends what can be mended, and looks again. Before the first table is written, everything is backed up.
pub fn fix(database: &Path, caller: &Caller) -> Mended {
    let look = || examine(database, caller.zone, caller.now);
    let mut mended = Mended {
        found: look(),
        ..Mended::default()
    };
    let mut before: Vec<Fix> = Vec::new();
    for _ in 0..ROUNDS {
        let mut due: Vec<Fix> = mended.found.iter().filter_map(|one| one.fix).collect();
        due.sort_unstable();
        due.dedup();
        // What is due again could not be mended.
        if due.is_empty() || due == before {
            break;
        }
        mended.failure = mend(database, &due, &mut mended.backup, caller).err();
        let found = look();
        let is_good = |check: &&str| {
            let mut now = found.iter().filter(|one| one.check == *check).peekable();
            now.peek().is_some() && now.all(|one| one.verdict == Verdict::Good)
        };
        let was_bad = mended.found.iter().filter(|one| one.fix.is_some());
        mended
            .checks
            .extend(was_bad.map(|one| one.check).filter(is_good));
        mended.found = found;
        if mended.failure.is_some() {
            break;
        }
        before = due;
    }
    mended.checks.dedup();
    mended
}

fn mend(database: &Path, due: &[Fix], backup: &mut Option<PathBuf>, caller: &Caller) -> Result<()> {
    let paths = Paths::new(&located(database)?);
    if due.contains(&Fix::Permissions) {
        permissions::mend(&paths);
    }
    if due.contains(&Fix::Leftovers) {
        backup::sweep(&paths)?;
    }
    if due.iter().any(|fix| fix.is_of_tables()) {
        mend_tables(&paths.database, due, backup, caller)?;
    }
    if due.contains(&Fix::Checkpoint) {
        Store::open(&paths.database, Access::Write)?.checkpoint()?;
    }
    // Last, when all else has the room it needs.
    if due.contains(&Fix::Ballast) && ballast::is_disk_full(&paths) {
        return Err(Error::DiskFull);
    }
    Ok(())
}

fn mend_tables(
    database: &Path,
    due: &[Fix],
    backup: &mut Option<PathBuf>,
    caller: &Caller,
) -> Result<()> {
    let (connection, paths) = backup::open(database, Access::Write)?;
    if backup.is_none() {
        let (taken, _) =
            backup::take_with(&connection, &paths, backup::Reason::Repair, caller.now)?;
        *backup = Some(taken.path);
    }
    let mut store = Store::over(connection, paths);
    let mut writer = store.writer()?;
    writer.mend(due, caller)?;
    writer.commit()?;
    Doorbell::new(store.paths()).ring();
    if leaves_unused_pages(due) {
        free_pages(&store.connection)?;
    }
    Ok(())
}

/// Reports whether there are pages that nothing uses once `due` is mended. The search index is made anew with the rows:
/// which of its words were those of a wrong row, nobody knows.
fn leaves_unused_pages(due: &[Fix]) -> bool {
    [Fix::Pages, Fix::Indexes, Fix::Rows, Fix::Search]
        .iter()
        .any(|fix| due.contains(fix))
}

impl Writer<'_> {
    /// Makes anew what is to be, in the order in which one follows from the other.
    fn mend(&mut self, due: &[Fix], caller: &Caller) -> Result<()> {
        let store = self.store();
        self.defer_references()?;
        if due.contains(&Fix::Indexes) {
            remake(&store.connection, Remade::Indexes)?;
        }
        let rows = due.contains(&Fix::Rows);
        if rows {
            // Before the words are indexed anew: until then the index tells which of two texts is older.
            self.mend_rows(caller)?;
        }
        if rows || due.contains(&Fix::Derived) {
            store.rebuild_derived()?;
        }
        if rows || due.contains(&Fix::Search) {
            remake(&store.connection, Remade::Words)?;
            store.index_all()?;
        }
        Ok(())
    }

    /// Brings each row and its log together. Where both can be read and differ, the one that is not taken is noted in
    /// the log, too. Where several machines share the tasks, the log is taken: the others have the same, and the damage is
    /// here alone.
    fn mend_rows(&mut self, caller: &Caller) -> Result<()> {
        let caller = Caller {
            actor: Actor::named("doctor"),
            // It is not what a shell would undo as its own.
            session: None,
            ..caller.clone()
        };
        let store = self.store();
        let is_shared = store.is_shared()?;
        let number: fn(&Store, &Edit) -> _ = |store, edit| store.update_row(None, &edit.after);
        let mut noted = Entry::new(Kind::Repair, &caller, None);
        for (id, wrong) in Rows::read(store)?.wrong {
            let Some(logged) = store.logged(id)? else {
                continue;
            };
            let row = store
                .readable(id)?
                .map(|row| store.possible(row))
                .transpose()?
                .flatten();
            let Some(row) = row.filter(|_| wrong != Wrong::Row && !is_shared) else {
                if store.has_row(id)? {
                    store.update_row(None, &logged.task)?;
                } else {
                    store.insert_row(&logged.task)?;
                }
                store.replace_comments(id, &logged.comments)?;
                continue;
            };
            // The row is what everyone saw; what the log says stays in the history.
            let edit = noting(&row, &logged, caller.now);
            if edit.diff().is_none() {
                store.update_row(None, &logged.task)?;
            }
            self.log(&mut noted, &edit, number)?;
        }
        Ok(())
    }
}

/// What is made anew without being read.
#[derive(Clone, Copy)]
enum Remade {
    Indexes,
    Words,
}

/// Makes indexes anew, empty where they are of words. The old ones are struck from the schema: damaged pages could not
/// even be given back, and one that is in use twice must not be. [`free_pages`] does it afterwards.
fn remake(connection: &Connection, what: Remade) -> Result<()> {
    let (strike, wanted) = match what {
        Remade::Indexes => (
            "DELETE FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
            "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
        ),
        Remade::Words => (
            "DELETE FROM sqlite_schema WHERE name IN ('search', 'title_search')
                 OR name GLOB 'search_*' OR name GLOB 'title_search_*' OR tbl_name = 'title_order'",
            "SELECT sql FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL %' OR tbl_name = 'title_order'",
        ),
    };
    let ours = open::in_memory()?;
    let remake = || -> rusqlite::Result<()> {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
        connection.pragma_update(None, "writable_schema", "ON")?;
        let struck = connection.execute_batch(strike);
        // Forgets what it knew of the schema.
        connection.execute_batch("PRAGMA writable_schema = RESET")?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        struck?;
        let mut statement = ours.prepare_cached(wanted)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            connection.execute_batch(row.get_ref(0)?.as_str()?)?;
        }
        Ok(())
    };
    remake().while_trying("make an index anew")
}

/// Writes the database without the pages that nothing uses. Others may read and, before and after, write.
fn free_pages(connection: &Connection) -> Result<()> {
    let free = || -> rusqlite::Result<()> {
        // VACUUM attaches the file that it writes to.
        let limit = connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
        let freed = connection.execute_batch("VACUUM");
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, limit)?;
        freed
    };
    free()
        .inspect_err(|_| checkpoint::forget_failed(connection))
        .while_trying("free the pages that nothing uses")
}

impl Store {
    /// Returns `row` without its references to tasks that are not there; `None` if no task can be so: one is completed
    /// exactly if it has a time of completion.
    fn possible(&self, mut row: TaskWithComments) -> Result<Option<TaskWithComments>> {
        let task = &mut row.task;
        if (task.status == Status::Completed) != task.completed_at.is_some() {
            return Ok(None);
        }
        if let Some(parent) = task.parent
            && !self.has_row(parent)?
        {
            task.parent = None;
        }
        for id in task.depends_on.clone() {
            if !self.has_row(id)? {
                task.depends_on.remove(&id);
            }
        }
        Ok(Some(row))
    }

    /// Makes the columns and tables that are derived from the rows anew.
    fn rebuild_derived(&self) -> Result<()> {
        self.run("DELETE FROM tag", [])?;
        self.run("DELETE FROM dependency", [])?;
        for task in Walk::new(self) {
            let task = task?;
            self.update_row(None, &task)?;
            self.put_tags(None, &task)?;
            self.put_dependencies(None, &task)?;
        }
        self.recount_blockers()
    }
}
