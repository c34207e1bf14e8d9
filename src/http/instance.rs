//! One daemon a database.
//!
//! A lock that the system frees when the process ends, however it ends, decides who is the daemon. Where it listens is
//! written in a file beside it, for people to read, and for `taskhold board`, which sends the user's token there while the lock is
//! held; no process is ever judged, or ended, by what is in there.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    disk::{Lock, discard, open_own, replace_private, try_lock},
    store::Paths,
};

/// The right to be the daemon of a database, while it lives.
#[derive(Debug)]
pub struct Instance {
    _lock: Lock,
    notice: PathBuf,
}

/// Why this process cannot be the daemon.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// Another process is.
    #[error("a daemon already serves {}{}", database.display(), listens(notice))]
    Taken {
        /// The database.
        database: PathBuf,
        /// Where it said it listens; empty if it has not yet.
        notice: String,
    },
    /// A file beside the database cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn listens(notice: &str) -> String {
    match notice.trim() {
        "" => String::new(),
        notice => format!(": it listens on {notice}"),
    }
}

impl Instance {
    /// Becomes the daemon of the database at `path`.
    pub fn take(path: &Path) -> Result<Self, InstanceError> {
        let paths = Paths::new(path);
        let failed = |source| InstanceError::File {
            path: paths.daemon_lock.clone(),
            source,
        };
        match try_lock(&paths.daemon_lock).map_err(failed)? {
            Some(lock) => {
                // What a daemon that was killed has left there would be taken for what this one says.
                let _ = discard(&paths.daemon);
                Ok(Self {
                    _lock: lock,
                    notice: paths.daemon,
                })
            }
            None => Err(InstanceError::Taken {
                database: paths.database,
                notice: open_own(&paths.daemon)
                    .and_then(io::read_to_string)
                    .unwrap_or_default(),
            }),
        }
    }

    /// Writes down where it listens.
    pub fn announce(&self, listens_on: &str) -> Result<(), InstanceError> {
        let replaced = replace_private(&self.notice, format!("{listens_on}\n").as_bytes());
        replaced.map_err(|source| InstanceError::File {
            path: self.notice.clone(),
            source,
        })
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = discard(&self.notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_told_where_the_first_listens() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("tasks.db");
        let first = Instance::take(&database).unwrap();
        first.announce("http://127.0.0.1:1/mcp").unwrap();
        let refusal = Instance::take(&database).unwrap_err().to_string();
        assert!(refusal.contains("http://127.0.0.1:1/mcp"), "{refusal}");
        drop(first);
        assert!(Instance::take(&database).is_ok());
    }

    #[test]
    fn what_a_daemon_that_was_killed_has_left_is_not_told_of_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("tasks.db");
        let paths = Paths::new(&database);
        replace_private(&paths.daemon, b"http://127.0.0.1:1/mcp\n").unwrap();
        let _second = Instance::take(&database).unwrap();
        let refusal = Instance::take(&database).unwrap_err();
        assert!(matches!(refusal, InstanceError::Taken { notice, .. } if notice.is_empty()));
    }
}
