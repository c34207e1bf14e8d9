//! Mending what an examination found, where that is safe: nothing but what is there twice is made anew.

use std::path::{Path, PathBuf};

use super::{
    Access, Store, Writer, backup, ballast,
    db::Doorbell,
    doctor::{Finding, Fix, contents::Rows, surroundings},
    open,
    place::located,
    restore::Walk,
};
use crate::{
    command::Caller,
    error::{Result, WhileTrying},
};

/// Mends what can be mended of `found`. Before the first table is written, everything is backed up: returns that
/// backup, `None` if no table was written.
pub fn fix(database: &Path, found: &[Finding], caller: &Caller) -> Result<Option<PathBuf>> {
    let mut due: Vec<Fix> = found.iter().filter_map(|one| one.fix).collect();
    due.sort_unstable();
    due.dedup();
    if due.is_empty() {
        return Ok(None);
    }
    let database = located(database)?;
    let paths = super::Paths::new(&database);
    if due.contains(&Fix::Permissions) {
        close_to_others(&surroundings::files(&paths));
    }
    if due.contains(&Fix::Leftovers) {
        backup::sweep(&paths)?;
    }
    if due.contains(&Fix::Ballast) && ballast::is_disk_full(&paths) {
        return Err(crate::error::Error::DiskFull);
    }
    let mut backup = None;
    if due.iter().any(|fix| fix.is_of_tables()) {
        let (connection, paths) = open::open(&database, Access::Write)?;
        let (taken, _) =
            backup::take_with(&connection, &paths, backup::Reason::Repair, caller.now)?;
        backup = Some(taken.path);
        let mut store = Store::over(connection, paths);
        let writer = store.writer()?;
        writer.mend(&due, caller)?;
        writer.commit()?;
        Doorbell::new(store.paths()).ring();
    }
    if due.contains(&Fix::Checkpoint) {
        Store::open(&database, Access::Write)?.checkpoint()?;
    }
    Ok(backup)
}

impl Writer<'_> {
    /// Makes anew what is to be, in the order in which one follows from the other.
    fn mend(&self, due: &[Fix], caller: &Caller) -> Result<()> {
        let store = self.store();
        self.defer_references()?;
        if due.contains(&Fix::Indexes) {
            store.run("REINDEX", [])?;
        }
        let rows = due.contains(&Fix::Rows);
        if rows {
            for id in Rows::read(store)?.wrong {
                let Some(logged) = store.logged(id)? else {
                    continue;
                };
                let is_new = !store.has_row(id)?;
                store.put_row(is_new, &logged, caller.zone)?;
            }
        }
        if rows || due.contains(&Fix::Derived) {
            store.rebuild_derived(caller)?;
        }
        if rows || due.contains(&Fix::Search) {
            store.rebuild_index()?;
        }
        Ok(())
    }
}

impl Store {
    fn has_row(&self, id: crate::task::TaskId) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM task WHERE id = ?1)")
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)))
            .while_trying("look for a task")
    }

    /// Makes the columns and tables that are derived from the rows anew.
    fn rebuild_derived(&self, caller: &Caller) -> Result<()> {
        self.run("DELETE FROM tag", [])?;
        self.run("DELETE FROM dependency", [])?;
        for task in Walk::new(self) {
            let task = task?;
            self.put_row(false, &task, caller.zone)?;
            self.put_tags(None, &task)?;
            self.put_dependencies(None, &task)?;
        }
        self.recount_blockers()
    }
}

#[cfg(unix)]
fn close_to_others(files: &[PathBuf]) {
    use std::os::unix::fs::PermissionsExt as _;
    for file in files {
        if let Ok(found) = file.metadata() {
            let mode = found.permissions().mode() & 0o700;
            // What belongs to another user stays; the next examination says so.
            let _ = std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode));
        }
    }
}

#[cfg(not(unix))]
fn close_to_others(_: &[PathBuf]) {}
