//! The task database: every SQL statement of everyday use.
//!
//! A [`Store`] owns one SQLite connection and is synchronous. Async callers, and all who write side by side, go
//! through [`db::Db`].
//!
//! | file | what it holds |
//! |---|---|
//! | `open` | opening a connection: permissions, lock, checks, migrations, settings |
//! | `paths` | the path of the database and of the files beside it; which folders and disks are refused |
//! | `execute` | commands, as one transaction |
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
//! | `lookup` | ids, projects and tags for completion; names in a filter that no task has |
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

use effort::Effort;
use failure::{WhileTrying, explain};

use crate::{disk::patience, domain::error::Result};

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
mod execute;
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
pub use execute::Committed;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        command::{Caller, Command, Draft},
        task::{Actor, Timestamp, Title},
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
}
