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
    error::{Code, Error, Result, WhileTrying},
};

mod ballast;
pub mod db;
mod log;
mod names;
mod open;
mod place;
mod put;
mod rows;
mod state;
mod tasks;
mod views;
mod watch;
mod words;
mod writer;

pub use log::is_replay_of;
pub use open::Access;
pub use place::{Paths, open_to_lock, replace_private};
pub use state::State;
pub use views::{Bound, Filters, Moment, Page, Position, View};
pub use words::Words;
pub use writer::Writer;

/// One connection to the task database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    paths: Paths,
    /// The disk was full and the ballast is spent: nothing more is added until it can be kept again.
    is_disk_full: bool,
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
        let (connection, paths) = open::open(path, access)?;
        let is_disk_full = access == Access::Write && !ballast::keep(&paths);
        Ok(Self {
            connection,
            paths,
            is_disk_full,
        })
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
        let committed = self.execute_all(&[(command, caller)])?;
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
    pub fn execute_all(&mut self, calls: &[(&Command, &Caller)]) -> Result<Committed> {
        let adds = calls
            .iter()
            .any(|(command, _)| matches!(command, Command::Add { .. }));
        if self.is_disk_full && adds {
            self.is_disk_full = !ballast::keep(&self.paths);
        }
        let committed = self.try_all(calls);
        let is_full = match &committed {
            Ok(committed) => {
                committed
                    .outcomes
                    .iter()
                    .any(|outcome| matches!(outcome, Err(Error::DiskFull)))
                    && committed.last_change.is_none()
            }
            Err(error) => matches!(error, Error::DiskFull),
        };
        if !is_full || self.is_disk_full || !ballast::release(&self.paths) {
            return committed;
        }
        self.is_disk_full = true;
        // With the log in the database, its space can be used again.
        let _ = self.checkpoint();
        self.try_all(calls)
    }

    /// A command that fails after it has written is left out, and the transaction made again without it. Savepoints
    /// would do the same, but at each the full-text index writes all it has gathered: they cost more than the rows.
    fn try_all(&mut self, calls: &[(&Command, &Caller)]) -> Result<Committed> {
        let mut refused: Vec<Option<Error>> = vec![None; calls.len()];
        'again: loop {
            let mut writer = self.writer()?;
            let mut outcomes = Vec::with_capacity(calls.len());
            for ((command, caller), refused) in calls.iter().zip(&mut refused) {
                if let Some(error) = refused {
                    outcomes.push(Err(error.clone()));
                    continue;
                }
                let before = writer.writes();
                match writer.execute(command, caller) {
                    Err(error) if error.code() == Code::Internal => return Err(error),
                    Err(error) if writer.writes() > before => {
                        if error.code() != Code::Caller {
                            return Err(error);
                        }
                        *refused = Some(error);
                        continue 'again;
                    }
                    outcome => outcomes.push(outcome),
                }
            }
            let last_change = writer.last_change();
            writer.commit()?;
            return Ok(Committed {
                outcomes,
                last_change,
            });
        }
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
