//! Locks between processes, on files of ours.
//!
//! The kernel frees a lock when its holder dies, so there is no stale one to clear. A holder that lives and does not go
//! on, because it was suspended or its disk hangs, is waited for with a limit, and then named.
//!
//! # Invariants
//!
//! - Nobody else locks a file: `tests/it/layers.rs` and `clippy.toml` hold it.
//! - A lock is never taken on the database: closing that file drops SQLite's own locks.

use std::{fs, io, path::Path, sync::Arc};

use super::{
    durable::make_folder,
    patience::{self, pause},
    private::{open_beside, try_to_lock},
    process::Process,
};

/// What the lock beside the database is held for.
pub(crate) const OF_DATABASE: &str =
    "the database is made or upgraded, and while a token is made or changed";
/// What the lock in the folder of backups is held for.
pub(crate) const OF_BACKUPS: &str = "a backup, an import or a restore is made";

/// What the lock of those who write to a shared database is held for.
pub(crate) const OF_TURNS: &str = "a change to shared tasks waits for its turn";

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock(fs::File);

impl Lock {
    /// Returns the file that is locked.
    pub(crate) fn file(&self) -> &fs::File {
        &self.0
    }
}

/// Why a lock was not taken. Who reports it names the file.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Another process kept it.
    #[error("{}", held(.holder.as_ref(), .held_while, *.seconds))]
    Held {
        /// What such a lock is held for.
        held_while: &'static str,
        /// Who has it; `None` where the system does not tell.
        holder: Option<Process>,
        /// How many seconds it was waited for.
        seconds: u64,
    },
    /// The wait was cut short.
    #[error("taskhold is shutting down")]
    ShuttingDown,
    /// The file cannot be opened or locked.
    #[error("{0}")]
    File(Arc<io::Error>),
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

impl From<LockError> for io::Error {
    fn from(error: LockError) -> Self {
        match error {
            LockError::File(error) => Self::new(error.kind(), LockError::File(error)),
            error => Self::new(io::ErrorKind::TimedOut, error),
        }
    }
}

fn held(holder: Option<&Process>, held_while: &str, seconds: u64) -> String {
    let (who, way_out) = match holder {
        Some(holder) if holder.id == std::process::id() => (
            "this process itself has".to_owned(),
            "repeat later".to_owned(),
        ),
        Some(holder @ Process { id, name }) if holder.is_suspended() => (
            format!("process {id} ({name}), which is suspended, has"),
            format!("let it go on with `kill -CONT {id}`, or end it, then repeat"),
        ),
        Some(Process { id, name }) => (
            format!("process {id} ({name}) has"),
            "repeat when it is done; if it hangs, end it".to_owned(),
        ),
        None => (
            "another process has".to_owned(),
            "repeat when it is done; if it hangs, end every taskhold that uses these tasks"
                .to_owned(),
        ),
    };
    format!(
        "{who} locked it, as is done while {held_while}, and did not free it within {seconds} seconds; nothing was changed; {way_out}"
    )
}

/// Locks the file of ours at `path`, creating it and its folder if needed. Waits for other processes as long as the call
/// on this thread may.
pub(crate) fn lock(path: &Path, held_while: &'static str) -> Result<Lock, LockError> {
    let file = open_to_lock(path)?;
    let mut tries = 0;
    while !try_to_lock(&file)? {
        if !pause(tries) {
            return Err(if patience::is_over() {
                LockError::ShuttingDown
            } else {
                let holder = Process::that_locked(path);
                LockError::Held {
                    held_while,
                    holder,
                    seconds: patience::longest(),
                }
            });
        }
        tries += 1;
    }
    Ok(Lock(file))
}

/// As [`lock`], without waiting: `None` while another process has it.
pub(crate) fn try_lock(path: &Path) -> io::Result<Option<Lock>> {
    let file = open_to_lock(path)?;
    Ok(try_to_lock(&file)?.then_some(Lock(file)))
}

fn open_to_lock(path: &Path) -> io::Result<fs::File> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    open_beside(path)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{super::patience::LIMIT, *};

    #[test]
    fn a_lock_that_is_not_freed_is_told_with_its_holder_and_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db.lock");
        let first = try_lock(&path).unwrap().unwrap();
        assert!(try_lock(&path).unwrap().is_none());
        let there = path.clone();
        let waiting = thread::spawn(move || {
            patience::begin_call(LIMIT);
            lock(&there, OF_BACKUPS).unwrap_err()
        });
        let refusal = waiting.join().unwrap();
        let LockError::Held { holder, .. } = &refusal else {
            panic!("{refusal}")
        };
        if cfg!(target_os = "linux") {
            let holder = holder.as_ref().map(|holder| holder.id);
            assert_eq!(holder, Some(std::process::id()));
        }
        let said = refusal.to_string();
        assert!(
            said.contains("a backup, an import or a restore is made"),
            "{said}"
        );
        drop(first);
        assert!(lock(&path, OF_BACKUPS).is_ok());
    }

    #[test]
    fn a_wait_that_is_cut_short_is_no_lock_that_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db.lock");
        let _first = try_lock(&path).unwrap().unwrap();
        let patience = patience::Patience::default();
        patience.end();
        let waiting = thread::spawn(move || {
            patience.rule_this_thread();
            lock(&path, OF_DATABASE).unwrap_err()
        });
        let refusal = waiting.join().unwrap();
        assert!(matches!(refusal, LockError::ShuttingDown), "{refusal}");
    }

    #[test]
    fn each_holder_is_told_with_what_to_do_about_it() {
        let other = Process {
            id: u32::MAX,
            name: "taskhold".to_owned(),
        };
        let cases = [
            (Some(&other), "process 4294967295 (taskhold) has locked it"),
            (None, "another process has locked it"),
        ];
        for (holder, said) in cases {
            let sentence = held(holder, OF_DATABASE, 30);
            assert!(
                sentence.contains(said) && sentence.contains("end "),
                "{sentence}"
            );
        }
    }
}
