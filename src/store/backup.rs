//! Backups: taken while others work, opened before they count, and thinned out by their age.
//!
//! A backup is one file that SQLite itself wrote (`VACUUM INTO`). Those taken on their own lie in a folder beside the
//! database, each named by its time and its reason: `20261122T220603123Z-daily.db`.
//!
//! # Invariants
//!
//! - A file with a backup's name is whole and was opened: it is written under another name, checked, synced, renamed.
//! - One process at a time works in the folder, by a lock file in it. Its holder may wait for the database's write lock;
//!   nobody waits for the folder while holding that, or all writers would wait for a backup.
//! - Nothing that was asked for by a person is ever removed.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rusqlite::Connection;

use super::{
    Access, Paths, Store,
    failure::WhileTrying,
    open,
    paths::{located, refuse_planted_folder, unlocked, unusable},
};
use crate::{
    clock,
    disk::{Lock, OF_BACKUPS, create_private, discard, lock, try_lock},
    domain::{
        error::{Error, Result},
        task::Timestamp,
    },
};

mod free_space;
mod inspect;
mod keep;
mod name;
mod write;

pub use inspect::{Contents, inspect};
use keep::{is_to_come, surplus};
use name::{day, name, parse};
pub(crate) use write::is_journal;
use write::{failed, is_unfinished, write};

/// What is being written ends in this; a crash may leave it behind.
const PARTIAL: &str = ".partial";
const LOCK: &str = ".lock";
/// A day, in ms.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Why a backup was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The first write of a day.
    Daily,
    /// The schema was about to be upgraded.
    Upgrade,
    /// Tasks were about to be imported.
    Import,
    /// Another state was about to be restored.
    Restore,
    /// Something was about to be repaired.
    Repair,
    /// The tasks were about to be replaced by those of a shared log.
    Join,
    /// A person asked for it.
    Asked,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Daily,
        Self::Upgrade,
        Self::Import,
        Self::Restore,
        Self::Repair,
        Self::Join,
        Self::Asked,
    ];

    /// Returns the word in the file's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Upgrade => "upgrade",
            Self::Import => "import",
            Self::Restore => "restore",
            Self::Repair => "repair",
            Self::Join => "join",
            Self::Asked => "asked",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Daily => "daily",
            Self::Upgrade => "before an upgrade",
            Self::Import => "before an import",
            Self::Restore => "before a restore",
            Self::Repair => "before a repair",
            Self::Join => "before joining a shared log",
            Self::Asked => "asked for",
        })
    }
}

/// A backup in the folder beside the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Where it is.
    pub path: PathBuf,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// Its size.
    pub bytes: u64,
}

impl Backup {
    /// Returns the name of its file.
    pub fn name(&self) -> String {
        name(self.reason, self.taken_at)
    }

    /// Reports whether it is dated after `now`: a clock was wrong when it was taken, or is now.
    pub fn is_to_come(&self, now: Timestamp) -> bool {
        is_to_come(self, now)
    }
}

/// Takes a backup of `database` into the folder beside it and removes those that are past their time.
pub fn take(database: &Path, reason: Reason, now: Timestamp) -> Result<(Backup, Contents)> {
    let (connection, paths) = opened(database)?;
    take_with(&connection, &paths, reason, now)
}

/// The right to take backups of a database, for who is about to change much of it.
#[derive(Debug)]
pub struct Reserved(Folder);

impl Reserved {
    /// Waits until nobody else takes a backup of `store`. It must be taken before the transaction in which the backup
    /// may become necessary begins.
    pub fn of(store: &Store) -> Result<Self> {
        Folder::lock(store.paths()).map(Self)
    }

    /// Takes a backup of what is committed, as [`take`] does.
    pub fn take(&self, reason: Reason, now: Timestamp) -> Result<(Backup, Contents)> {
        let (connection, _) = opened(&self.0.paths.database)?;
        self.0.add(&connection, reason, now)
    }
}

/// Takes the backup of the day, unless there is one, or another process is about to take it: then `None`.
pub fn take_daily(database: &Path, now: Timestamp) -> Result<Option<Backup>> {
    let paths = Paths::new(&located(database)?);
    // Opening would make a database that was removed anew.
    if !paths.database.exists() || !is_due(&paths, now)? {
        return Ok(None);
    }
    let (connection, paths) = opened(database)?;
    let Some(folder) = Folder::try_lock(&paths)? else {
        return Ok(None);
    };
    if !is_due(&paths, now)? {
        return Ok(None);
    }
    if let Err(error) = free_space::refuse_without(&connection, &paths, folder.path()) {
        // Each write of the day comes here: the first tells it.
        return if folder.tell_once_a_day(now) {
            Err(error)
        } else {
            Ok(None)
        };
    }
    let (backup, contents) = folder.add(&connection, Reason::Daily, now)?;
    if let Some(disagreeing) = contents.disagreeing {
        tracing::warn!("{disagreeing}: run `taskhold doctor`");
    }
    Ok(Some(backup))
}

/// Copies `database` into the new file `to`. A file that is there is not overwritten.
pub fn copy_to(database: &Path, to: &Path) -> Result<Contents> {
    let (connection, paths) = opened(database)?;
    let folder = to.parent().unwrap_or(Path::new("/"));
    free_space::refuse_without(&connection, &paths, folder)?;
    create_private(to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => unusable(
            to,
            "it is there already, and a backup overwrites nothing; name another file",
            None,
        ),
        io::ErrorKind::StorageFull => Error::DiskFull,
        _ => unusable(to, "the file cannot be created", Some(error)),
    })?;
    // The empty file holds the name; a crash leaves it empty, never half a backup.
    write(&connection, to).inspect_err(|_| drop(discard(to)))
}

/// Returns the backups beside `database`, the latest first.
pub fn list(database: &Path) -> Result<Vec<Backup>> {
    list_beside(&Paths::new(&located(database)?))
}

/// Returns which of `backups`, the latest first, is the way back: the latest that is not dated after `now`, and was not
/// taken before a restore, or the same restore would take itself back. `None` if there are none.
pub fn latest(backups: &[Backup], now: Timestamp) -> Option<&Backup> {
    let past = |backup: &&Backup| !backup.is_to_come(now);
    let mut way_back = backups.iter().filter(past);
    way_back
        .find(|backup| backup.reason != Reason::Restore)
        .or_else(|| backups.iter().find(past))
        .or_else(|| backups.first())
}

/// Opens the database at `path`, which must be absolute, and creates or upgrades it where that is due. A backup is taken
/// before an upgrade.
pub(crate) fn open(path: &Path, access: Access) -> Result<(Connection, Paths)> {
    open::open(path, access, before_upgrade)
}

/// Takes the backup that precedes an upgrade.
pub(super) fn before_upgrade(connection: &Connection, paths: &Paths) -> Result<()> {
    take_with(connection, paths, Reason::Upgrade, clock::now()).map(drop)
}

/// Opens a database to copy it, which a disk that cannot be written does not forbid.
fn opened(database: &Path) -> Result<(Connection, Paths)> {
    let (connection, paths) = open(database, Access::Read)?;
    // VACUUM INTO writes: another file.
    connection
        .pragma_update(None, "query_only", "OFF")
        .while_trying("set up the connection")?;
    Ok((connection, paths))
}

pub(crate) fn take_with(
    connection: &Connection,
    paths: &Paths,
    reason: Reason,
    now: Timestamp,
) -> Result<(Backup, Contents)> {
    Folder::lock(paths)?.add(connection, reason, now)
}

/// Removes what crashed backups left behind. Returns how many files that were; 0 while a backup is being taken.
pub(crate) fn sweep(paths: &Paths) -> Result<usize> {
    if !paths.backups.exists() {
        return Ok(0);
    }
    Ok(Folder::try_lock(paths)?.map_or(0, |folder| folder.sweep()))
}

/// Returns the files of unfinished backups.
pub(crate) fn leftovers(paths: &Paths) -> Vec<PathBuf> {
    if refuse_planted_folder(paths).is_err() {
        return Vec::new();
    }
    let entries = fs::read_dir(&paths.backups).into_iter();
    entries
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_unfinished(path))
        .collect()
}

fn is_due(paths: &Paths, now: Timestamp) -> Result<bool> {
    let today = day(now);
    Ok(!list_beside(paths)?
        .iter()
        .any(|backup| backup.reason == Reason::Daily && day(backup.taken_at) == today))
}

/// The folder of backups, and the right to work in it.
#[derive(Debug)]
struct Folder {
    paths: Paths,
    lock: Lock,
}

impl Folder {
    fn lock(paths: &Paths) -> Result<Self> {
        refuse_planted_folder(paths)?;
        let path = paths.backups.join(LOCK);
        let lock = lock(&path, OF_BACKUPS).map_err(|error| unlocked(&path, error))?;
        Ok(Self {
            paths: paths.clone(),
            lock,
        })
    }

    fn path(&self) -> &Path {
        &self.paths.backups
    }

    /// Returns `None` while another process works in it.
    fn try_lock(paths: &Paths) -> Result<Option<Self>> {
        refuse_planted_folder(paths)?;
        let path = &paths.backups;
        let lock = try_lock(&path.join(LOCK)).map_err(|error| failed(path, error))?;
        Ok(lock.map(|lock| Self {
            paths: paths.clone(),
            lock,
        }))
    }

    fn add(
        &self,
        connection: &Connection,
        reason: Reason,
        now: Timestamp,
    ) -> Result<(Backup, Contents)> {
        self.sweep();
        free_space::refuse_without(connection, &self.paths, self.path())?;
        let (path, taken_at) = self.free_name(reason, now);
        let contents = write(connection, &path)?;
        let backup = Backup {
            path,
            taken_at,
            reason,
            bytes: contents.bytes,
        };
        // One in which something is wrong takes the place of none in which it may be right.
        if contents.disagreeing.is_none() {
            for old in surplus(&list_beside(&self.paths)?, now) {
                // One that cannot be removed now goes the next time.
                let _ = discard(&old.path);
            }
        }
        Ok((backup, contents))
    }

    /// Returns a name that is not taken, a millisecond later where it must be.
    fn free_name(&self, reason: Reason, now: Timestamp) -> (PathBuf, Timestamp) {
        let mut at = now;
        loop {
            let path = self.path().join(name(reason, at));
            if !path.exists() {
                return (path, at);
            }
            at = Timestamp::from_millis(at.as_millis() + 1);
        }
    }

    fn sweep(&self) -> usize {
        let removed = leftovers(&self.paths)
            .into_iter()
            .map(|path| discard(&path));
        removed.flatten().count()
    }

    /// Reports whether it is the first to tell something on this day. The lock file's time is the day that was told: it
    /// needs no room on the disk.
    fn tell_once_a_day(&self, now: Timestamp) -> bool {
        let seconds = now.as_millis().div_euclid(DAY) * (DAY / 1_000);
        let today = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs());
        let told = self.lock.file().metadata().and_then(|lock| lock.modified());
        if told.is_ok_and(|told| told == today) {
            return false;
        }
        // If it cannot be noted, it is told again.
        let _ = self.lock.file().set_modified(today);
        true
    }
}

pub(super) fn list_beside(paths: &Paths) -> Result<Vec<Backup>> {
    refuse_planted_folder(paths)?;
    let folder = &paths.backups;
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unusable(folder, "the folder cannot be read", Some(error))),
    };
    let mut backups: Vec<Backup> = entries
        .flatten()
        .filter_map(|entry| {
            let (reason, taken_at) = parse(entry.file_name().to_str()?)?;
            Some(Backup {
                path: entry.path(),
                taken_at,
                reason,
                bytes: entry.metadata().ok()?.len(),
            })
        })
        .collect();
    backups.sort_by_key(|backup| std::cmp::Reverse(backup.taken_at));
    Ok(backups)
}
