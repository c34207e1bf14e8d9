//! What can be said of the database as a whole, for those who watch over it.

use std::fs;

use serde::Serialize;

use super::{Store, backup, failure::WhileTrying};
use crate::domain::error::Result;

/// The database as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    /// The version of its schema.
    pub schema: i64,
    /// How long the write-ahead log is, in bytes; 0 when there is none.
    pub log_bytes: u64,
    /// When the latest backup was made, in seconds since 1970; `None` if there is none.
    pub last_backup: Option<u64>,
    /// What is free on its disk, in bytes; `None` where the system does not say.
    pub free_bytes: Option<u64>,
}

impl Store {
    /// Returns the state of the database. It looks at the sizes of files, and opens none of them.
    pub fn state(&self) -> Result<State> {
        let schema = self
            .connection
            .prepare_cached("PRAGMA user_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("read the schema's version")?;
        let backups = backup::list_beside(&self.paths).unwrap_or_default();
        let last_backup = backups
            .first()
            .and_then(|latest| u64::try_from(latest.taken_at.as_millis() / 1_000).ok());
        Ok(State {
            schema,
            log_bytes: self.log_bytes(),
            last_backup,
            free_bytes: fs4::available_space(&self.paths.database).ok(),
        })
    }

    /// Gives the memory of the page cache back, until pages are read again.
    pub(super) fn free_cache(&self) {
        // Refused only while a statement is being run, and none is.
        let _ = self.connection.release_memory();
    }

    /// Returns how long the write-ahead log is; 0 when there is none.
    pub(super) fn log_bytes(&self) -> u64 {
        let mut log = self.paths.database.as_os_str().to_owned();
        log.push("-wal");
        fs::metadata(log).map_or(0, |log| log.len())
    }
}
