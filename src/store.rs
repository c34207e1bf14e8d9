//! The task database: every SQL statement of everyday use.
//!
//! A [`Store`] owns one SQLite connection and is synchronous. Async callers, and all who write side by side, go
//! through [`db::Db`].
//!
//! | file | what it holds |
//! |---|---|
//! | `open` | opening a connection: permissions, lock, checks, migrations, settings |
//! | `paths` | the path of the database and of the files beside it; which folders and disks are refused |
//! | `db` | the database for many callers: queue, writer thread, readers, sessions |
//! | `change_feed` | the change feed: commits of all processes, for subscribers |
//! | `writer` | a write transaction: reads for planning, writes what was planned; imports |
//! | `write_task` | writes one task: its row, and what is derived from it |
//! | `checkpoint` | moves the write-ahead log into the database; takes a failed commit out of it |
//! | `comments` | the comments of a task, a row each |
//! | `rows` | rows to types and back |
//! | `tasks` | reads single tasks and their relations |
//! | `cards` | reads what the board shows, and what a change alters of it |
//! | `views` | lists: a page of a view, a count |
//! | `effort` | how far a statement may go in vain |
//! | `zone_order` | times with a zone, sorted anew where another version of the zones sorted them |
//! | `search`, `search_words`, `indexing`, `index` | full-text search; what a person types, as a query; the index filled; compared and rebuilt |
//! | `lookup` | ids, projects and tags for completion |
//! | `advise` | what a caller should know beside the result of a call |
//! | `change_log` | reads the change log: history, groups, what is undone |
//! | `shared` | a database that several machines share: appending to their log, following it |
//! | `seen` | what each client has seen of the changes by others |
//! | `failure` | what SQLite refuses, as errors of ours |
//! | `figures` | figures for `/readyz`: size of the log, last backup, free space |
//! | `export` | reads everything, page by page |
//! | `backup` | backups: taken each day and before an upgrade, checked, thinned out by age |
//! | `integrity`, `history_check` | what SQLite finds wrong in a file; whether each row is what its log gives |
//! | `ballast` | space reserved for a full disk |
//!
//! # Invariants
//!
//! - Every change goes through [`Writer`], which holds an immediate transaction: one that read first and asked for the
//!   write lock later would fail whenever another process wrote in between.
//! - A task and its change log row are written in one transaction, by one function of [`Writer`] alone.
//! - A statement is prepared once a connection. Nothing is ever formatted into SQL.

use std::{cell::OnceCell, path::Path};

use rusqlite::{Connection, TransactionBehavior};

use advise::{Request, WantsNews};
use effort::Effort;
use failure::{WhileTrying, explain};

use crate::{
    disk::patience,
    domain::{
        command::{Caller, Command, Outcome},
        error::{Code, Error, Result},
        plan::Plan,
    },
};

pub mod advise;
pub mod backup;
pub(crate) mod ballast;
mod cards;
mod change_feed;
mod change_log;
pub(crate) mod checkpoint;
mod comments;
pub mod db;
mod effort;
mod export;
pub(crate) mod failure;
mod figures;
pub(crate) mod history_check;
mod index;
mod indexing;
pub(crate) mod integrity;
mod lookup;
pub(crate) mod open;
pub(crate) mod paths;
pub(crate) mod rows;
mod search;
mod search_words;
mod seen;
mod shared;
mod tasks;
mod views;
pub(crate) mod write_task;
pub(crate) mod writer;
pub(crate) mod zone_order;

pub use change_log::is_replay_of;
pub use figures::State;
pub use open::{Access, sqlite_version};
use paths::Identity;
pub use paths::Paths;
pub use search_words::Words;
use shared::Sharing;
pub use shared::{
    Ahead, Contest, Examined as ExaminedSnapshot, Formats, Older, State as SharedState, Unsettled,
    member,
};
pub use writer::{Differing, Import, Imported, Taken, Writer};

/// One connection to the task database.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    paths: Paths,
    /// The file that was opened; `None` where it does not matter which it was.
    opened: Option<Identity>,
    effort: Effort,
    /// Made when the first search needs it.
    scratch: OnceCell<search::Scratch>,
    /// The disk was full and the ballast is spent: nothing more is added until it can be kept again.
    is_disk_full: bool,
    /// What is known of the log that several machines share.
    sharing: Sharing,
}

/// What a transaction of several calls came to.
#[derive(Debug)]
pub struct Committed {
    /// For each call, in order.
    pub outcomes: Vec<Result<Outcome>>,
    /// The sequence number of the last change; `None` if nothing changed.
    pub last_change: Option<i64>,
}

impl Store {
    /// How far a count goes. Beyond it, counting would cost more than the number is worth.
    pub const COUNT_LIMIT: u32 = 1_000;

    /// Opens the database at `path`, which must be absolute, creating or upgrading it where that is due.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let (mut connection, paths) = backup::open(path, access)?;
        let is_disk_full = access == Access::Write && ballast::is_disk_full(&paths);
        Ok(Self {
            opened: Identity::of(&paths.database),
            effort: Effort::of(&mut connection),
            connection,
            paths,
            scratch: OnceCell::new(),
            is_disk_full,
            sharing: Sharing::default(),
        })
    }

    /// Returns what there is to read of a database at `path` that was never made: nothing. One whose log is still there was made,
    /// and is refused.
    pub fn blank(path: &Path) -> Result<Self> {
        paths::refuse_widowed(path)?;
        let connection = open::in_memory()?;
        connection
            .pragma_update(None, "query_only", "ON")
            .while_trying("set up the connection")?;
        Ok(Self::over(connection, Paths::new(path)))
    }

    /// Opens the database at `path` to read it, if it is there and of the schema this program makes; nothing is created and
    /// nothing upgraded.
    pub fn open_as_it_is(path: &Path) -> Result<Option<Self>> {
        open::is_current(path)
            .then(|| Self::open(path, Access::Read))
            .transpose()
    }

    /// Works on a connection that is open already.
    pub(crate) fn over(mut connection: Connection, paths: Paths) -> Self {
        Self {
            effort: Effort::of(&mut connection),
            connection,
            paths,
            opened: None,
            scratch: OnceCell::new(),
            is_disk_full: false,
            sharing: Sharing::default(),
        }
    }

    /// Refuses a database that was moved, removed or replaced since it was opened: what is written to it then is written
    /// to a file that nobody finds any more. One that was given another name is refused as well.
    pub(crate) fn refuse_moved(&self) -> Result<()> {
        self.opened
            .map_or(Ok(()), |opened| opened.refuse_other(&self.paths.database))
    }

    /// Refuses a database that a newer program has upgraded since it was opened: hosts keep a server for days, and what it
    /// writes by the rules of an old schema nobody may find again.
    pub(crate) fn refuse_upgraded(&self) -> Result<()> {
        if is_of_this_schema(&self.connection).while_trying("read the schema's version")? {
            return Ok(());
        }
        let reason = "a newer taskhold upgraded it while this program had it open; restart this app, so that it starts the new one. Nothing was read or changed";
        Err(paths::unusable(&self.paths.database, reason, None))
    }

    /// Returns the files it lives in.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Runs `read` on one state of the database, whatever others write meanwhile. In a snapshot it is that one.
    pub fn snapshot<T>(&self, read: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        if !self.connection.is_autocommit() {
            return read(self);
        }
        // Prepared once: SQLite's parser would take as long as a small read.
        let run = |sql| self.connection.prepare_cached(sql)?.execute([]);
        run("BEGIN").while_trying("begin to read")?;
        let found = read(self);
        let ended = run("COMMIT").while_trying("end reading");
        // What went wrong first may have ended the transaction too.
        found.and_then(|found| ended.map(|_| found))
    }

    /// Begins a writing transaction. It is rolled back when the writer is dropped without [`Writer::commit`].
    pub fn writer(&mut self) -> Result<Writer<'_>> {
        self.refuse_moved()?;
        let transaction = self.begin_to_write()?;
        self.refuse_upgraded()?;
        Writer::new(self, transaction)
    }

    /// Begins an immediate transaction. Where several machines share the database, one holds it for as long as the shared log
    /// takes to answer, and SQLite would give it to whoever asks at the right moment: so those who want it wait in turn.
    fn begin_to_write(&self) -> Result<rusqlite::Transaction<'_>> {
        let immediately = || {
            rusqlite::Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
                .map_err(|error| explain(error, &self.paths.database, "begin to write"))
        };
        if !self.is_shared()? {
            return immediately();
        }
        let turn = self.turn()?;
        let begun = self.in_time(immediately);
        drop(turn);
        begun
    }

    /// Begins a writing transaction in which a task may come before those it refers to. Whoever writes sees to it that all
    /// of them are there at the end: SQLite, told to check references only then, would look through every row at each row
    /// it writes until the first of them is found.
    pub(crate) fn writer_in_any_order(&mut self) -> Result<Writer<'_>> {
        self.connection
            .pragma_update(None, "foreign_keys", "OFF")
            .while_trying("begin to write")?;
        self.writer()
    }

    /// Runs one command in a transaction of its own.
    pub fn execute(&mut self, command: &Command, caller: &Caller) -> Result<Outcome> {
        let request = Request {
            command,
            caller,
            wants_similar: true,
            wants_news: WantsNews::No,
        };
        let committed = self.execute_all(&[request])?;
        committed
            .outcomes
            .into_iter()
            .next()
            .unwrap_or(Err(Error::Fault))
    }

    /// Runs commands as one transaction; one that fails leaves nothing behind. When this returns, what was changed is on
    /// the disk; an error means that nothing was.
    ///
    /// When the disk is full, the ballast is given back and the commands are tried once more; from then on tasks can be
    /// changed and deleted, but not added, until there is room for the ballast again.
    pub fn execute_all(&mut self, calls: &[Request<'_>]) -> Result<Committed> {
        let adds = calls
            .iter()
            .any(|call| matches!(call.command.asked(), Command::Add { .. }));
        if self.is_disk_full && adds {
            self.is_disk_full = ballast::is_disk_full(&self.paths);
        }
        let committed = self.try_all(calls);
        if fails_with(&committed, |error| matches!(error, Error::FileLimit)) {
            // With the log in the database, the log begins anew, and may have been what was too large.
            let _ = self.checkpoint();
            return self.try_all(calls);
        }
        let is_full = fails_with(&committed, |error| matches!(error, Error::DiskFull));
        if !is_full || self.is_disk_full || !ballast::release(&self.paths) {
            return committed;
        }
        self.is_disk_full = true;
        // With the log in the database, its space can be used again.
        let _ = self.checkpoint();
        self.try_all(calls)
    }

    /// Runs commands as one transaction; where several machines share the database, in the turn of this process.
    fn try_all(&mut self, calls: &[Request<'_>]) -> Result<Committed> {
        if !self.is_shared()? {
            match self.try_once(calls, true) {
                // It has become one of several meanwhile.
                Err(Error::Behind) => {}
                committed => return committed,
            }
        }
        self.in_turn(|store| store.try_shared(calls))
    }

    /// Runs commands as one transaction of a shared database. Where others were first, what they changed is applied and the
    /// commands run again. What is refused may rest on changes that have not come yet, so these are fetched before it is.
    fn try_shared(&mut self, calls: &[Request<'_>]) -> Result<Committed> {
        let mut is_fresh = false;
        loop {
            self.let_others_in()?;
            match self.try_once(calls, is_fresh) {
                Err(Error::Behind) if self.goes_on() => {}
                committed => return committed,
            }
            if self.follow_fetched()? {
                is_fresh = true;
                continue;
            }
            match self.follow() {
                Ok(_) => is_fresh = true,
                // Then it is refused by what is known here.
                Err(Error::NotShared { .. }) if !is_fresh => is_fresh = true,
                Err(error) => return Err(error),
            }
        }
    }

    /// Runs commands as one transaction. `is_fresh`: the last of what others changed is here, as far as anyone knows.
    fn try_once(&mut self, calls: &[Request<'_>], is_fresh: bool) -> Result<Committed> {
        let mut writer = self.writer()?;
        let mut outcomes = Vec::with_capacity(calls.len());
        for call in calls {
            let outcome = match writer.plan(call.command, call.caller) {
                // What was answered before is only read.
                Ok(plan @ Plan::Repeat(_)) => writer.carry_out(plan, call.caller),
                Ok(plan) => Ok(writer.carry_out(plan, call.caller)?),
                Err(error) => Err(error),
            };
            outcomes.push(match outcome {
                Err(error) if error.code() == Code::Internal || writer.has_ended() => {
                    return Err(error);
                }
                Err(error) => Err(error),
                Ok(mut outcome) => {
                    outcome.advice = writer.store().advice(call, &outcome)?;
                    Ok(outcome)
                }
            });
        }
        if !is_fresh && outcomes.iter().any(Result::is_err) {
            return Err(Error::Behind);
        }
        let last_change = writer.last_change();
        writer.commit()?;
        Ok(Committed {
            outcomes,
            last_change,
        })
    }

    /// Does what has been put off: indexes the tasks that wait for it, moves the log into the database and empties it.
    /// Whoever is in the way puts it off again: then the log is not empty, which is reported.
    pub(crate) fn catch_up(&self) -> Result<bool> {
        let index = || {
            let transaction = rusqlite::Transaction::new_unchecked(
                &self.connection,
                TransactionBehavior::Immediate,
            )?;
            if is_of_this_schema(&transaction)? {
                indexing::index_waiting(&transaction)?;
            }
            transaction
                .commit()
                .inspect_err(|_| checkpoint::forget_failed(&self.connection))
        };
        patience::without_waiting(index).while_trying("index tasks")?;
        self.checkpoint()
    }

    /// Moves the log into the database and empties it, if nobody is in the way. Reports whether it is empty.
    pub(crate) fn checkpoint(&self) -> Result<bool> {
        checkpoint::empty_log(&self.connection).while_trying("checkpoint")
    }

    /// Returns a number that differs from the last one when another connection has committed since.
    pub(crate) fn data_version(&self) -> Result<i64> {
        self.connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("look for commits")
    }
}

/// Reports whether no newer program has upgraded the database. Within a transaction none can do so before that ends.
fn is_of_this_schema(connection: &Connection) -> rusqlite::Result<bool> {
    let version: i64 = connection
        .prepare_cached("PRAGMA user_version")?
        .query_row([], |row| row.get(0))?;
    Ok(version == open::latest_schema())
}

/// Reports whether nothing was changed because of such an error, in the transaction or in one of its calls.
fn fails_with(committed: &Result<Committed>, is_such: impl Fn(&Error) -> bool) -> bool {
    match committed {
        Ok(committed) => {
            committed.last_change.is_none()
                && committed
                    .outcomes
                    .iter()
                    .any(|outcome| outcome.as_ref().is_err_and(&is_such))
        }
        Err(error) => is_such(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        command::Draft,
        task::{Actor, Description, TaskId, Timestamp, Title},
        when::Zone,
    };

    #[test]
    fn what_waits_to_be_indexed_is_left_to_the_newer_program_that_upgraded_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(0),
            zone: Zone::UTC,
            session: None,
        };
        let draft = Draft::titled(Title::try_from("waits".to_owned()).unwrap());
        let add = Command::Add {
            drafts: vec![draft],
            key: None,
        };
        store.execute(&add, &caller).unwrap();
        let waiting = |store: &Store| -> i64 {
            store
                .connection
                .prepare_cached("SELECT count(*) FROM unindexed")
                .unwrap()
                .query_row([], |row| row.get(0))
                .unwrap()
        };
        let version = open::latest_schema();
        for (version, left) in [(version + 1, 1), (version, 0)] {
            store
                .connection
                .pragma_update(None, "user_version", version)
                .unwrap();
            store.catch_up().unwrap();
            assert_eq!(waiting(&store), left, "schema {version}");
        }
    }

    /// The small disk of `tests/it/disk.rs` needs a system that lets users mount one; this needs nothing.
    #[test]
    fn a_database_that_may_not_grow_can_be_read_and_its_tasks_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(0),
            zone: Zone::UTC,
            session: None,
        };
        let draft = Draft {
            description: Description::try_from("x".repeat(60_000)).unwrap(),
            ..Draft::titled(Title::try_from("large".to_owned()).unwrap())
        };
        let add = Command::Add {
            drafts: vec![draft],
            key: None,
        };
        store
            .connection
            .pragma_update(None, "max_page_count", 300)
            .unwrap();
        let mut added = 0;
        let refusal = loop {
            match store.execute(&add, &caller) {
                Ok(_) => added += 1,
                Err(error) => break error,
            }
            assert!(added < 100, "it never filled");
        };
        assert!(matches!(refusal, Error::DiskFull), "{refusal}");
        let last = TaskId::try_from(added).unwrap();
        assert!(store.task(last).unwrap().is_some());
        assert!(
            store
                .task(TaskId::try_from(added + 1).unwrap())
                .unwrap()
                .is_none()
        );
        let delete = Command::Delete {
            ids: vec![last],
            confirm: None,
        };
        store.execute(&delete, &caller).unwrap();
        assert!(store.task(last).unwrap().unwrap().is_deleted());

        store
            .connection
            .pragma_update(None, "max_page_count", 3_000)
            .unwrap();
        let outcome = store.execute(&add, &caller).unwrap();
        assert_eq!(outcome.edits[0].after.id.get(), added + 1);
    }
}
