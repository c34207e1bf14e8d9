//! How far a statement may go in vain.
//!
//! The effort of a statement is the steps of SQLite's virtual machine: a row that is looked at takes 5 to 30 of them, and each 10
//! to 100 ns. Unlike time it is the same on every machine, however much else that has to do, so that what is read does not depend
//! on it, and tests can hold a list to it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use rusqlite::{Connection, ErrorCode};

/// SQLite tells of so many steps at once.
const AT_ONCE: i64 = 500;
/// As many steps as a statement takes.
pub(super) const WITHOUT_END: i64 = i64::MAX;

/// The steps that a connection has taken, and those it may still take.
#[derive(Clone, Debug)]
pub(super) struct Effort {
    left: Arc<AtomicI64>,
    spent: Arc<AtomicU64>,
}

impl Effort {
    /// Begins to count the steps of `connection`.
    pub(super) fn of(connection: &mut Connection) -> Self {
        let effort = Self {
            left: Arc::new(WITHOUT_END.into()),
            spent: Arc::default(),
        };
        let (left, spent) = (effort.left.clone(), effort.spent.clone());
        let is_over = move || {
            spent.fetch_add(AT_ONCE.unsigned_abs(), Ordering::Relaxed);
            left.fetch_sub(AT_ONCE, Ordering::Relaxed) <= AT_ONCE
        };
        connection
            .progress_handler(i32::try_from(AT_ONCE).unwrap_or(i32::MAX), Some(is_over))
            .expect("there is memory for a handler");
        effort
    }

    /// Returns what `read` gives; `None` if that takes more than `most` steps. Statements that only read are all it may run.
    pub(super) fn within<T>(
        &self,
        most: i64,
        read: impl FnOnce() -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.left.store(most, Ordering::Relaxed);
        let found = read();
        self.left.store(WITHOUT_END, Ordering::Relaxed);
        match found {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                Ok(None)
            }
            found => found.map(Some),
        }
    }

    /// Returns how many steps were taken so far, but for what is left of the last few hundred of each statement.
    pub(super) fn spent(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }
}
