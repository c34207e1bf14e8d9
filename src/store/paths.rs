//! Where the database lives: its folder, the files beside it, who may read them, and what kind of disk it is on.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    disk::{
        self, LockError, NotOurs, Others, create_private, has_other_names, is_another_users,
        make_folder, not_our_folder, not_ours, other_writers,
    },
    domain::error::{Error, Result},
};

mod disk_kind;

pub(crate) use disk_kind::Disk;

/// The files beside a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The database.
    pub database: PathBuf,
    /// Held while the schema is made or migrated. Empty.
    pub lock: PathBuf,
    /// Written after each commit, so that other processes look. Its content means nothing.
    pub doorbell: PathBuf,
    /// Space given back when the disk is full.
    pub ballast: PathBuf,
    /// The folder of backups.
    pub backups: PathBuf,
    /// The token of the user, by which clients reach the daemon.
    pub token: PathBuf,
    /// Further tokens, as hashes.
    pub tokens: PathBuf,
    /// Which shared log the database belongs to, where several machines share it.
    pub share: PathBuf,
    /// Held in turn by those who write to a database that is shared. Empty.
    pub share_lock: PathBuf,
    /// Held by the one of them whose turn is next. Empty.
    pub share_queue: PathBuf,
    /// Locked by the daemon while it lives. Empty.
    pub daemon_lock: PathBuf,
    /// Where the daemon listens, as it said when it started.
    pub daemon: PathBuf,
}

impl Paths {
    /// Returns the paths that go with `database`.
    pub fn new(database: &Path) -> Self {
        let beside = |ending: &str| {
            let mut name = database
                .file_name()
                .map_or_else(OsString::new, OsString::from);
            name.push(ending);
            database.with_file_name(name)
        };
        Self {
            database: database.to_owned(),
            lock: beside(".lock"),
            doorbell: beside(".doorbell"),
            ballast: beside(".ballast"),
            backups: beside(".backups"),
            token: beside(".token"),
            tokens: beside(".tokens.json"),
            share: beside(".share"),
            share_lock: beside(".share.lock"),
            share_queue: beside(".share.queue"),
            daemon_lock: beside(".daemon.lock"),
            daemon: beside(".daemon"),
        }
    }
}

/// Returns where the database really is, after making its folder and, if it is new, the empty file.
pub(super) fn settled(path: &Path) -> Result<PathBuf> {
    let unusable = |reason: &str, source| unusable(path, reason, source);
    let (folder, name) = parts(path)?;
    make_folder(folder).map_err(|error| unusable(NO_FOLDER, Some(error)))?;
    let database = placed(path, folder, name)?;
    match create_private(&database) {
        Ok(()) => Ok(database),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(database),
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Err(Error::DiskFull),
        Err(error) => Err(unusable(CLOSED_FOLDER, Some(error))),
    }
}

/// Fails as [`settled`] would where a new database cannot be made at `path`, as far as that is told without making anything.
pub(crate) fn refuse_unmakeable(path: &Path) -> Result<()> {
    let unusable = |reason: &str, source| unusable(path, reason, Some(source));
    let (folder, name) = parts(path)?;
    if folder.is_dir() {
        let database = placed(path, folder, name)?;
        let folder = database.parent().unwrap_or(folder);
        return may_make_in(folder).map_err(|error| unusable(CLOSED_FOLDER, error));
    }
    let above = folder
        .ancestors()
        .find(|above| fs::symlink_metadata(above).is_ok())
        .unwrap_or(folder);
    let made = if above == folder {
        Err(disk::taken())
    } else {
        may_make_in(above)
    };
    made.map_err(|error| unusable(NO_FOLDER, error))?;
    let above = disk::canonicalize(above).map_err(|error| unusable(NO_FOLDER, error))?;
    refuse_network(&above, path)?;
    // The folder will be the user's own, so only those who can put another in its place matter.
    refuse_open_above(&above.join("new"), path)
}

const NO_FOLDER: &str = "its folder cannot be made";
const CLOSED_FOLDER: &str = "its folder cannot be written";

fn parts(path: &Path) -> Result<(&Path, &OsStr)> {
    let parts = path.parent().zip(path.file_name());
    parts.ok_or_else(|| unusable(path, IS_FOLDER, None))
}

const IS_FOLDER: &str = "it is a folder; name a file in it";

/// Fails where nothing can be made in `folder`.
fn may_make_in(folder: &Path) -> io::Result<()> {
    disk::may_make_in(folder)?;
    // What the kernel itself shows takes no files, whatever its modes say.
    match Disk::of(folder) {
        Disk::Local(kind) if ["proc", "sysfs"].contains(&kind.as_str()) => Err(disk::nowhere()),
        _ => Ok(()),
    }
}

/// Returns where a database in a folder that is there really is. It need not be there yet.
fn placed(path: &Path, folder: &Path, name: &OsStr) -> Result<PathBuf> {
    let unusable = |reason: &str, source| unusable(path, reason, source);
    let folder = disk::canonicalize(folder)
        .map_err(|error| unusable("its folder cannot be entered", Some(error)))?;
    refuse_network(&folder, path)?;
    refuse_open_to_others(&folder, path)?;
    let database = folder.join(name);
    // A link is followed here, once, so that every process derives the same names for the files beside it; SQLite is
    // told not to follow any.
    let database = match fs::symlink_metadata(&database) {
        Ok(found) if found.is_symlink() => {
            if is_another_users(&found) {
                let reason =
                    "it is a link that another user made; see where it leads, and remove it";
                return Err(unusable(reason, None));
            }
            let database = disk::canonicalize(&database)
                .map_err(|error| unusable("it is a link that leads nowhere", Some(error)))?;
            if let Some(folder) = database.parent() {
                refuse_network(folder, path)?;
                refuse_open_to_others(folder, path)?;
            }
            database
        }
        _ => database,
    };
    match fs::metadata(&database) {
        Ok(found) => {
            refuse_unfit(&found, &database)?;
            refuse_planted(&database)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => refuse_widowed(&database)?,
        Err(error) => return Err(unusable("it cannot be found", Some(error))),
    }
    Ok(database)
}

/// Refuses what is no file.
pub(crate) fn refuse_no_file(found: &fs::Metadata, database: &Path) -> Result<()> {
    if found.is_dir() {
        return Err(unusable(database, IS_FOLDER, None));
    }
    if !found.is_file() {
        return Err(unusable(
            database,
            "it is no file but a device or a pipe",
            None,
        ));
    }
    Ok(())
}

/// Refuses what is no file, a file that others can write, and one that has several names.
fn refuse_unfit(found: &fs::Metadata, database: &Path) -> Result<()> {
    refuse_no_file(found, database)?;
    if let Some(others) = other_writers(found) {
        let who = said(&others);
        let reason = format!(
            "{who} can write it; take that away (chmod 600){}",
            team(&others)
        );
        return Err(unusable(database, reason, None));
    }
    if has_other_names(database, found) {
        return Err(many_names(database));
    }
    Ok(())
}

/// SQLite keeps the log beside the name by which a database was opened: two names are two logs, and what is acknowledged
/// in one of them is lost.
fn many_names(database: &Path) -> Error {
    let lister = if cfg!(windows) {
        "fsutil hardlink list FILE"
    } else {
        "find / -samefile FILE"
    };
    let reason = format!(
        "it has several names (hard links), and what is written by one of them is lost by the other: nothing was read or changed; end every program that uses it and remove the other names ({lister} lists them)"
    );
    unusable(database, reason, None)
}

/// Refuses a database beside which something lies that is not its owner's where SQLite keeps its own files: it would
/// follow a link there, and write to what that leads to.
pub(super) fn refuse_planted(database: &Path) -> Result<()> {
    for ending in ["-wal", "-shm", "-journal"] {
        let mut name = database.as_os_str().to_owned();
        name.push(ending);
        let beside = Path::new(&name);
        match not_ours(beside) {
            None => {}
            // Whoever may read another user's database meets that user's files.
            Some(NotOurs::Foreign) if are_of_one_owner(database, beside) => {}
            Some(reason) => {
                let reason = format!("its {ending} cannot be used: {reason}");
                return Err(unusable(database, reason, None));
            }
        }
    }
    Ok(())
}

#[cfg(unix)]
fn are_of_one_owner(database: &Path, beside: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let owner = |path: &Path| fs::symlink_metadata(path).map(|found| found.uid());
    matches!((owner(database), owner(beside)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(not(unix))]
fn are_of_one_owner(_: &Path, _: &Path) -> bool {
    true
}

/// Refuses to make a new database beside the log of one that is gone. Whoever has that one open still writes the log: a
/// new database would lose what is written to it together with the log.
pub(super) fn refuse_widowed(database: &Path) -> Result<()> {
    for ending in ["-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(ending);
        if fs::symlink_metadata(&name).is_ok() {
            let reason = format!(
                "it is gone, and its {ending} is still there: it was moved or removed while a program had it open. End every program that uses it, then move it back, or move {} away too",
                Path::new(&name).display()
            );
            return Err(unusable(database, reason, None));
        }
    }
    Ok(())
}

/// Which file a path led to, so that it is noticed when it leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(#[cfg(unix)] (u64, u64));

impl Identity {
    /// Returns which file `path` leads to; `None` if there is none.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().as_ref().map(Self::found)
    }

    #[cfg(unix)]
    fn found(found: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self((found.dev(), found.ino()))
    }

    /// Refuses another file in the place of this one, and this one if it was given another name.
    #[cfg(unix)]
    pub(super) fn refuse_other(self, path: &Path) -> Result<()> {
        match fs::metadata(path) {
            Ok(found) if Self::found(&found) != self => Err(moved(path)),
            Ok(found) if has_other_names(path, &found) => Err(many_names(path)),
            Ok(_) => Ok(()),
            Err(_) => Err(moved(path)),
        }
    }

    /// Windows lets nobody move or remove a file that is open.
    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "on Unix a file may be gone")]
    pub(super) fn of(_: &Path) -> Option<Self> {
        Some(Self())
    }

    /// Nor does whoever opens it by another name get further than [`refuse_unfit`].
    #[cfg(not(unix))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "on Unix it is compared"
    )]
    pub(super) fn refuse_other(self, _: &Path) -> Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
fn moved(database: &Path) -> Error {
    let reason = "it was moved, removed or replaced while it was open here, so nothing was read or changed; put it back, or end every program that uses it and start them anew";
    unusable(database, reason, None)
}

/// Returns where the database really is, creating nothing.
pub(crate) fn located(path: &Path) -> Result<PathBuf> {
    if let Ok(found) = disk::canonicalize(path) {
        return Ok(found);
    }
    let (folder, name) = parts(path)?;
    // A folder that is not there yet is no link either.
    Ok(disk::canonicalize(folder).map_or_else(|_| path.to_owned(), |folder| folder.join(name)))
}

/// Says that `path` cannot be used, and why.
pub(crate) fn unusable(path: &Path, reason: impl Into<String>, source: Option<io::Error>) -> Error {
    if source.as_ref().is_some_and(disk::are_used_up) {
        return unusable(path, disk::TOO_FEW, None);
    }
    Error::Unusable {
        path: path.to_owned(),
        reason: reason.into(),
        source: source.map(Arc::new),
    }
}

/// Says that the lock at `path` was not taken, and why.
pub(super) fn unlocked(path: &Path, error: LockError) -> Error {
    match error {
        LockError::ShuttingDown => Error::ShuttingDown,
        LockError::Held { .. } => Error::Locked {
            path: path.to_owned(),
            reason: error.to_string(),
        },
        LockError::File(source) if source.kind() == io::ErrorKind::StorageFull => Error::DiskFull,
        LockError::File(source) => Error::Unusable {
            path: path.to_owned(),
            reason: "the lock file cannot be used".to_owned(),
            source: Some(source),
        },
    }
}

/// Returns who can write something, as the subject of a sentence.
pub(crate) fn said(others: &Others) -> String {
    match others {
        Others::Everyone => "every user".to_owned(),
        Others::Group(name) => format!("the group {name}"),
    }
}

/// Returns the way out for people who have opened their tasks to each other.
pub(crate) fn team(others: &Others) -> &'static str {
    match others {
        Others::Everyone => "",
        Others::Group(_) => {
            "; a team shares its tasks through a daemon of one of its users (taskhold serve)"
        }
    }
}

/// Refuses a folder of backups that is not the owner's of the database alone: what lies there is restored, and removed when its
/// time is over.
pub(super) fn refuse_planted_folder(paths: &Paths) -> Result<()> {
    let folder = &paths.backups;
    let refused = |reason: String| Err(unusable(folder, reason, None));
    match not_our_folder(folder) {
        None => {}
        Some(NotOurs::Foreign) if are_of_one_owner(&paths.database, folder) => {}
        Some(reason) => return refused(reason.to_string()),
    }
    match fs::metadata(folder).ok().as_ref().and_then(other_writers) {
        None => Ok(()),
        Some(others) => refused(format!(
            "{} can write it, and put backups there in the place of yours; remove what is not yours, then take that away (chmod go-w)",
            said(&others)
        )),
    }
}

/// In a folder that others can write, others can put files where SQLite looks for its log. The owner of a folder can write it,
/// and whoever can write the folder above it can put another in its place.
fn refuse_open_to_others(folder: &Path, path: &Path) -> Result<()> {
    let found = fs::metadata(folder)
        .map_err(|error| unusable(path, "its folder cannot be entered", Some(error)))?;
    if is_another_users(&found) && !are_of_one_owner(folder, path) {
        let reason = format!(
            "its folder {} belongs to another user, who can put files there in the place of yours; choose another",
            folder.display()
        );
        return Err(unusable(path, reason, None));
    }
    refuse_open_above(folder, path)?;
    if let Some(others) = other_writers(&found) {
        let reason = format!(
            "{} can write its folder {}, and put files there in the place of yours; take that away (chmod go-w) or choose another{}",
            said(&others),
            folder.display(),
            team(&others)
        );
        return Err(unusable(path, reason, None));
    }
    Ok(())
}

/// Whoever can write a folder above that of the database can put another folder in the place of it.
fn refuse_open_above(folder: &Path, path: &Path) -> Result<()> {
    let is_open = |above: &&Path| {
        let writers = fs::metadata(above).ok().as_ref().and_then(other_writers);
        writers == Some(Others::Everyone)
    };
    if let Some(above) = folder.ancestors().skip(1).find(is_open) {
        let reason = format!(
            "every user can write {}, and put a folder there in the place of yours; take that away (chmod o-w) or choose another",
            above.display()
        );
        return Err(unusable(path, reason, None));
    }
    Ok(())
}

fn refuse_network(folder: &Path, path: &Path) -> Result<()> {
    match Disk::of(folder) {
        Disk::Network(kind) => Err(unusable(
            path,
            format!(
                "it is on a network file system ({kind}), where two machines would damage it; choose a local folder"
            ),
            None,
        )),
        Disk::Local(_) | Disk::Unknown => Ok(()),
    }
}
