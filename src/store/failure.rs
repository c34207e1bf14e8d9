//! What SQLite refuses, as errors of ours.

use std::{path::Path, sync::Arc};

use rusqlite::{Error as SqliteError, ErrorCode};

use super::paths::unusable;
use crate::{
    disk::{self, TOO_FEW, was_limit_reached},
    domain::error::{Error, Result},
};

/// Says what was tried when SQLite refused.
pub(crate) trait WhileTrying<T> {
    /// Turns SQLite's error into ours; `action` is an infinitive.
    fn while_trying(self, action: &'static str) -> Result<T>;
}

impl<T> WhileTrying<T> for rusqlite::Result<T> {
    fn while_trying(self, action: &'static str) -> Result<T> {
        self.map_err(|source| while_trying(source, action))
    }
}

fn while_trying(source: SqliteError, action: &'static str) -> Error {
    if let Some(error) = no_room(&source) {
        return error;
    }
    match source.sqlite_error_code() {
        // The last: SQLite itself has tried for long to get a lock of the log.
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed,
        ) => Error::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Damaged {
            action,
            is_one_row: false,
            source: Arc::new(source),
        },
        None if is_of_a_value(&source) => Error::Damaged {
            action,
            is_one_row: true,
            source: Arc::new(source),
        },
        _ => Error::Database {
            action,
            source: Arc::new(source),
        },
    }
}

/// Returns what is said where SQLite found no room for what it had to write; `None` if that is not what went wrong.
/// Nothing is kept of a commit that fails so.
pub(super) fn no_room(source: &SqliteError) -> Option<Error> {
    use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR, SQLITE_IOERR_SHMSIZE};
    let code = source.sqlite_error()?.extended_code;
    if code & 0xFF == SQLITE_IOERR && was_limit_reached() {
        return Some(Error::FileLimit);
    }
    // The second: there was no room for the memory that processes share.
    matches!(code, SQLITE_FULL | SQLITE_IOERR_SHMSIZE).then_some(Error::DiskFull)
}

/// Reports whether a column holds what was never written there.
fn is_of_a_value(error: &SqliteError) -> bool {
    matches!(
        error,
        SqliteError::FromSqlConversionFailure(..)
            | SqliteError::IntegralValueOutOfRange(..)
            | SqliteError::InvalidColumnType(..)
            | SqliteError::Utf8Error(..)
    )
}

/// Reports whether this process may open fewer files than `database` needs.
pub(super) fn has_few_handles(database: &Path) -> bool {
    database
        .parent()
        .is_some_and(|folder| disk::spare_handles(folder).is_err())
}

/// Says in words what SQLite's refusal of a file means.
pub(crate) fn explain(error: SqliteError, path: &Path, action: &'static str) -> Error {
    let reason = match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) if has_few_handles(path) => TOO_FEW,
        Some(ErrorCode::NotADatabase) => "it is not a database; choose another file",
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "it cannot be opened for writing; see who owns it and its folder"
        }
        Some(ErrorCode::ReadOnly) => {
            "it cannot be written: the file, its -wal or -shm, its folder or the medium is read-only; taskhold doctor says which"
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            "it is damaged; keep the file and its -wal, and see `taskhold doctor`"
        }
        _ => return while_trying(error, action),
    };
    unusable(path, reason, None)
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn a_lock_that_another_process_keeps_is_busy_however_sqlite_calls_it() {
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED, ffi::SQLITE_PROTOCOL] {
            let refused = SqliteError::SqliteFailure(ffi::Error::new(code), None);
            let error = while_trying(refused, "read a task");
            assert!(matches!(error, Error::Busy), "{code}: {error}");
        }
    }
}
