//! Backups: taken while others work, opened before they count, and thinned out by their age.
//!
//! A backup is one file that SQLite itself wrote (`VACUUM INTO`). Those taken on their own lie in a folder beside the
//! database, each named by its time and its reason: `20261122T220603123Z-daily.db`.
//!
//! # Invariants
//!
//! - A file with a backup's name is whole and was opened: it is written under another name, checked, synced, renamed.
//! - One process at a time works in the folder, by a lock file in it. Its holder may wait for nothing else.
//! - Nothing that was asked for by a person is ever removed.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{
    Access, Paths,
    integrity::{self, Part},
    open,
    place::{create_private, located, make_folder, open_beside, unusable},
};
use crate::{
    error::{Error, Result, WhileTrying},
    task::Timestamp,
};

mod keep;
mod write;

use keep::surplus;
use write::{failed, is_unfinished, write};

const STAMP: &str = "%Y%m%dT%H%M%S%3fZ";
/// What is being written ends in this; a crash may leave it behind.
const PARTIAL: &str = ".partial";
const LOCK: &str = ".lock";

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
    /// A person asked for it.
    Asked,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::Daily,
        Self::Upgrade,
        Self::Import,
        Self::Restore,
        Self::Repair,
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

/// What a database file holds, as found by opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The version of its schema.
    pub schema: i64,
    /// How many tasks, finished and trashed ones too.
    pub tasks: i64,
    /// The sequence number of the last change; 0 before the first.
    pub last_change: i64,
    /// The file's size.
    pub bytes: u64,
}

/// Takes a backup of `database` into the folder beside it and removes those that are past their time.
pub fn take(database: &Path, reason: Reason, now: Timestamp) -> Result<(Backup, Contents)> {
    let (connection, paths) = opened(database)?;
    take_with(&connection, &paths, reason, now)
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
    let (backup, _) = folder.add(&connection, Reason::Daily, now)?;
    Ok(Some(backup))
}

/// Copies `database` into the new file `to`. A file that is there is not overwritten.
pub fn copy_to(database: &Path, to: &Path) -> Result<Contents> {
    let (connection, _) = opened(database)?;
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
    write(&connection, to).inspect_err(|_| drop(fs::remove_file(to)))
}

/// Returns the backups beside `database`, the latest first.
pub fn list(database: &Path) -> Result<Vec<Backup>> {
    list_in(&Paths::new(&located(database)?).backups)
}

/// Opens a database file, changing nothing, and says what it holds. One that is damaged, not ours, or newer than this
/// program is refused.
pub fn inspect(file: &Path) -> Result<Contents> {
    let looked = Looked::at(file)?;
    // The index of the words is not read, and a row that no task can have is found when it is.
    match looked.worst {
        None | Some(Part::Value | Part::Words) => looked.contents(file),
        Some(Part::Index | Part::Table) => {
            let reason = format!(
                "it is damaged; choose another backup, or get its tasks out with `taskhold doctor --salvage NEW --db {}`",
                file.display()
            );
            Err(unusable(file, reason, None))
        }
    }
}

/// A database file that was opened to be looked at.
struct Looked {
    connection: Connection,
    schema: i64,
    /// The worst of its faults; `None` if it is sound.
    worst: Option<Part>,
}

impl Looked {
    fn at(file: &Path) -> Result<Self> {
        let connection = open::open_to_look(file)?;
        let schema = open::schema_version(&connection, file)?;
        let faults = integrity::faults(&connection, file)?;
        Ok(Self {
            connection,
            schema,
            worst: faults.iter().map(|fault| fault.part).max(),
        })
    }

    fn contents(&self, file: &Path) -> Result<Contents> {
        let (tasks, last_change) = counts(&self.connection)?;
        Ok(Contents {
            schema: self.schema,
            tasks,
            last_change,
            bytes: fs::metadata(file).map_or(0, |file| file.len()),
        })
    }
}

/// Opens a database to copy it, which a disk that cannot be written does not forbid.
fn opened(database: &Path) -> Result<(Connection, Paths)> {
    let (connection, paths) = open::open(database, Access::Read)?;
    // VACUUM INTO writes: another file.
    connection
        .pragma_update(None, "query_only", "OFF")
        .while_trying("set up the connection")?;
    Ok((connection, paths))
}

pub(super) fn take_with(
    connection: &Connection,
    paths: &Paths,
    reason: Reason,
    now: Timestamp,
) -> Result<(Backup, Contents)> {
    Folder::lock(paths)?.add(connection, reason, now)
}

/// Removes what crashed backups left behind. Returns how many files that were; 0 while a backup is being taken.
pub(super) fn sweep(paths: &Paths) -> Result<usize> {
    if !paths.backups.exists() {
        return Ok(0);
    }
    Ok(Folder::try_lock(paths)?.map_or(0, |folder| folder.sweep()))
}

/// Returns the files of unfinished backups.
pub(super) fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| is_unfinished(path))
        .collect()
}

fn is_due(paths: &Paths, now: Timestamp) -> Result<bool> {
    let today = day(now);
    Ok(!list_in(&paths.backups)?
        .iter()
        .any(|backup| backup.reason == Reason::Daily && day(backup.taken_at) == today))
}

/// The folder of backups, and the right to work in it.
struct Folder<'a> {
    path: &'a Path,
    _lock: fs::File,
}

impl<'a> Folder<'a> {
    fn lock(paths: &'a Paths) -> Result<Self> {
        let path = &paths.backups;
        let file = lock_file(path)?;
        file.lock().map_err(|error| failed(path, error))?;
        Ok(Self { path, _lock: file })
    }

    /// Returns `None` while another process works in it.
    fn try_lock(paths: &'a Paths) -> Result<Option<Self>> {
        let path = &paths.backups;
        let file = lock_file(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { path, _lock: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(failed(path, error)),
        }
    }

    fn add(
        &self,
        connection: &Connection,
        reason: Reason,
        now: Timestamp,
    ) -> Result<(Backup, Contents)> {
        self.sweep();
        let (path, taken_at) = self.free_name(reason, now);
        let contents = write(connection, &path)?;
        let backup = Backup {
            path,
            taken_at,
            reason,
            bytes: contents.bytes,
        };
        for old in surplus(&list_in(self.path)?) {
            // One that cannot be removed now goes the next time.
            let _ = fs::remove_file(&old.path);
        }
        Ok((backup, contents))
    }

    /// Returns a name that is not taken, a millisecond later where it must be.
    fn free_name(&self, reason: Reason, now: Timestamp) -> (PathBuf, Timestamp) {
        let mut at = now;
        loop {
            let path = self.path.join(name(reason, at));
            if !path.exists() {
                return (path, at);
            }
            at = Timestamp::from_millis(at.as_millis() + 1);
        }
    }

    fn sweep(&self) -> usize {
        let removed = leftovers(self.path).into_iter().map(fs::remove_file);
        removed.flatten().count()
    }
}

fn lock_file(folder: &Path) -> Result<fs::File> {
    make_folder(folder)
        .and_then(|()| open_beside(&folder.join(LOCK)))
        .map_err(|error| failed(folder, error))
}

fn counts(connection: &Connection) -> Result<(i64, i64)> {
    connection
        .prepare_cached(
            // An index may be damaged where the table is not.
            "SELECT (SELECT count(*) FROM task NOT INDEXED), (SELECT coalesce(max(seq), 0) FROM change)",
        )
        .and_then(|mut statement| statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
        .while_trying("count the tasks")
}

fn list_in(folder: &Path) -> Result<Vec<Backup>> {
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

fn utc(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.as_millis()).unwrap_or_default()
}

/// Days are those of UTC: every process counts the same ones.
fn day(at: Timestamp) -> chrono::NaiveDate {
    utc(at).date_naive()
}

fn name(reason: Reason, at: Timestamp) -> String {
    format!("{}-{}.db", utc(at).format(STAMP), reason.as_str())
}

fn parse(name: &str) -> Option<(Reason, Timestamp)> {
    let (stamp, word) = name.strip_suffix(".db")?.split_once('-')?;
    let at = chrono::NaiveDateTime::parse_from_str(stamp, STAMP).ok()?;
    let reason = Reason::ALL
        .into_iter()
        .find(|reason| reason.as_str() == word)?;
    Some((
        reason,
        Timestamp::from_millis(at.and_utc().timestamp_millis()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22, 12:00 UTC.
    const NOON: i64 = 1_795_348_800_000;

    #[test]
    fn a_name_says_when_and_why_and_anything_else_is_no_backup() {
        for reason in Reason::ALL {
            let at = Timestamp::from_millis(NOON + 123);
            assert_eq!(parse(&name(reason, at)), Some((reason, at)));
        }
        assert_eq!(
            name(Reason::Daily, Timestamp::from_millis(NOON + 7)),
            "20261122T120000007Z-daily.db"
        );
        for other in [
            ".lock",
            "20261122T120000007Z-daily.db.partial",
            "20261122T120000007Z-often.db",
            "notes.db",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
