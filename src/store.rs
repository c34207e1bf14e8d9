//! The task database: every SQL statement the program runs.
//!
//! A [`Store`] owns one SQLite connection and is synchronous. Async callers, and all who write side by side, go
//! through [`db::Db`].
//!
//! # Invariants
//!
//! - Every change goes through [`Writer`], which holds an immediate transaction: one that read first and asked for the
//!   write lock later would fail whenever another process wrote in between.
//! - A task and its change log row are written in one transaction, by one function of [`Writer`] alone.
//! - A statement is prepared once a connection. Nothing is ever formatted into SQL.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::{
    command::{Caller, Command, Outcome},
    error::{Result, WhileTrying},
};

pub mod db;
mod log;
mod open;
mod place;
mod rows;
mod tasks;
mod watch;
mod writer;

pub use log::is_replay_of;
pub use open::Access;
pub use place::Paths;
pub use tasks::{Filter, Page};
pub use writer::Writer;

/// One connection to the task database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    paths: Paths,
}

impl Store {
    /// How far a count goes. Beyond it, counting would cost more than the number is worth.
    pub const COUNT_LIMIT: u32 = 1_000;

    /// Opens the database at `path`, which must be absolute, creating or upgrading it where that is due.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let (connection, paths) = open::open(path, access)?;
        Ok(Self { connection, paths })
    }

    /// Returns the files it lives in.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Runs `read` on one state of the database, whatever others write meanwhile.
    pub fn snapshot<T>(&self, read: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let snapshot = self
            .connection
            .unchecked_transaction()
            .while_trying("begin to read")?;
        let found = read(self)?;
        snapshot.commit().while_trying("end reading")?;
        Ok(found)
    }

    /// Begins a writing transaction. It is rolled back when the writer is dropped without [`Writer::commit`].
    pub fn writer(&mut self) -> Result<Writer<'_>> {
        let transaction =
            rusqlite::Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
                .while_trying("begin to write")?;
        Ok(Writer::new(self, transaction))
    }

    /// Runs one command in a transaction of its own.
    pub fn execute(&mut self, command: &Command, caller: &Caller) -> Result<Outcome> {
        let mut writer = self.writer()?;
        let outcome = writer.execute(command, caller)?;
        writer.commit()?;
        Ok(outcome)
    }

    /// Moves the log into the database and empties it, if nobody is in the way.
    pub(crate) fn checkpoint(&mut self) -> Result<()> {
        open::without_waiting(&mut self.connection, |connection| {
            connection
                .prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")
                .and_then(|mut statement| statement.query_row([], |_| Ok(())))
        })
        .while_trying("checkpoint")
    }

    /// Returns a number that differs from the last one when another connection has committed since.
    pub(crate) fn data_version(&self) -> Result<i64> {
        self.connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("look for commits")
    }
}
