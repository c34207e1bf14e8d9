//! Removing a database for good, with its backups and all that is kept beside it: what `uninstall --data` does.
//!
//! # Invariants
//!
//! - Nothing is removed while another process has the database open, or of a database that is not ours.
//! - Only files that this program made are removed. What else lies in their folders stays, and so do the folders then.
//! - A removal that was cut short is finished by the next one.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};

use crate::{
    disk,
    domain::error::{Error, Result},
    store::{
        Paths, backup,
        failure::explain,
        open,
        paths::{located, unusable},
    },
};

/// Returns the files there are of `database`, in the order in which they are to go: what names the tasks first, the locks last.
pub fn files(database: &Path) -> Result<Vec<PathBuf>> {
    let paths = Paths::new(&located(database)?);
    let beside = |ending: &str| {
        let mut name = OsString::from(&paths.database);
        name.push(ending);
        PathBuf::from(name)
    };
    let mut files = vec![
        paths.database.clone(),
        beside("-wal"),
        beside("-shm"),
        beside("-journal"),
    ];
    // A folder that others put there holds nothing of ours.
    if let Ok(backups) = backup::list(&paths.database) {
        files.extend(backups.into_iter().map(|backup| backup.path));
    }
    files.extend(backup::leftovers(&paths));
    files.extend([
        paths.backups.join(".lock"),
        paths.token,
        paths.tokens,
        paths.share,
        paths.share_lock,
        paths.share_queue,
        paths.daemon,
        paths.doorbell,
        paths.ballast,
        paths.daemon_lock,
        paths.lock,
    ]);
    files.retain(|file| file.symlink_metadata().is_ok());
    Ok(files)
}

/// Refuses a file that is not certainly a database of ours: what is in it, it alone knows. One that is not there is no fault.
pub fn must_be_ours(database: &Path) -> Result<()> {
    let file = located(database)?;
    if !file.exists() {
        return Ok(());
    }
    let looked = open::open_to_look(&file)?;
    if !open::is_blank(&looked, &file)? {
        open::schema_version(&looked, &file)?;
    }
    Ok(())
}

/// Removes `database` and all that is kept beside it. Returns the folders that stay, since something else lies in them.
pub fn remove(database: &Path) -> Result<Vec<PathBuf>> {
    let paths = Paths::new(&located(database)?);
    if paths.database.exists() {
        be_alone(&paths)?;
    }
    for file in files(&paths.database)? {
        match disk::remove(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => {
                removed.map_err(|error| unusable(&file, "it cannot be removed", Some(error)))?;
            }
        }
    }
    let mut left = Vec::new();
    let folder = paths.database.parent().map(Path::to_owned);
    let folder = folder.filter(|folder| is_of_our_name(folder));
    for folder in [Some(paths.backups), folder].into_iter().flatten() {
        let is_gone = disk::remove_empty_folder(&folder)
            .map_err(|error| unusable(&folder, "it cannot be removed", Some(error)))?;
        if !is_gone {
            left.push(folder);
        }
    }
    Ok(left)
}

/// Reports whether a folder has the name that this program gives to its own, wherever it is.
pub fn is_of_our_name(folder: &Path) -> bool {
    let name = folder.file_name();
    name.is_some_and(|name| name == "taskhold" || name == ".taskhold")
}

/// Refuses a database that is not ours, or that another process has open.
fn be_alone(paths: &Paths) -> Result<()> {
    let file = &paths.database;
    let used = |by: &str| {
        let reason = format!("{by}, so no data was removed; end it first");
        unusable(file, reason, None)
    };
    must_be_ours(file)?;
    match disk::try_lock(&paths.daemon_lock) {
        Ok(Some(_)) => {}
        Ok(None) => return Err(used("the daemon serves it (taskhold serve)")),
        Err(error) => {
            return Err(unusable(
                &paths.daemon_lock,
                "it cannot be locked",
                Some(error),
            ));
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let alone = Connection::open_with_flags(file, flags).and_then(|connection| {
        // Leaving the log takes that nobody else has the database open, so SQLite finds out.
        connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))
    });
    match alone {
        Ok(mode) if mode == "delete" => Ok(()),
        Ok::<String, _>(_) => Err(used("another program has it open")),
        Err(error) => Err(match explain(error, file, "be alone with the database") {
            Error::Busy => used("another program has it open"),
            other => other,
        }),
    }
}
