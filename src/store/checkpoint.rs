//! Committing, and moving SQLite's write-ahead log into the database.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, Transaction};

use super::failure::no_room;
use crate::{
    disk::patience,
    domain::error::{Error, Result},
};

/// How long readers are waited for when a commit has failed, and how often the log is tried.
const FORGETTING: Duration = Duration::from_secs(2);
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Moves the log into the database and empties it, if nobody is in the way. Reports whether it is empty.
pub(crate) fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    patience::without_waiting(|| {
        connection
            .prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")?
            // Whoever is in the way is no error here, but the first column.
            .query_row([], |row| Ok(row.get::<_, i64>(0)? == 0))
    })
}

/// Makes a transaction last: when this returns, what it wrote is on the disk.
pub(super) fn commit(transaction: Transaction<'_>, connection: &Connection) -> Result<()> {
    transaction.commit().map_err(|source| {
        match source.sqlite_error_code() {
            // Both are found out before anything is kept.
            Some(ErrorCode::DatabaseBusy) => return Error::Busy,
            Some(ErrorCode::ConstraintViolation) => {
                return Error::Database {
                    action: "keep the changes",
                    source: Arc::new(source),
                };
            }
            _ => {}
        }
        forget_failed(connection);
        no_room(&source).unwrap_or_else(|| Error::Uncertain {
            source: Arc::new(source),
        })
    })
}

/// Takes a transaction whose commit failed out of the log. Where the sync failed, the system takes what was written for
/// synced, though the disk does not have it: once all have closed the database, the next to open it would find the
/// transaction in the log, and its own would not outlive a power cut.
///
/// Whoever reads is waited for, though the program may be about to end. Where one reads on, the next transaction is
/// written over the one that failed.
pub(crate) fn forget_failed(connection: &Connection) {
    let until = Instant::now() + FORGETTING;
    while matches!(empty_log(connection), Ok(false)) && Instant::now() < until {
        thread::sleep(BETWEEN_TRIES);
    }
}
