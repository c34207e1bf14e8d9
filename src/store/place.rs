//! Where the database lives: its folder, the files beside it, who may read them, and what kind of disk it is on.

use std::{
    ffi::OsString,
    fs, io,
    path::{Component, Path, PathBuf, Prefix},
    sync::Arc,
};

use crate::{
    disk::{create_private, make_folder},
    error::{Error, Result},
};

/// File systems whose locks or shared memory do not hold between machines.
const NETWORK_FILE_SYSTEMS: [&str; 11] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "smb2",
    "9p",
    "afs",
    "ceph",
    "fuse.sshfs",
    "fuse.rclone",
];

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
            daemon_lock: beside(".daemon.lock"),
            daemon: beside(".daemon"),
        }
    }
}

/// Returns where the database really is, after making its folder and, if it is new, the empty file.
pub(super) fn settled(path: &Path) -> Result<PathBuf> {
    let unusable = |reason: &str, source| unusable(path, reason, source);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(unusable("it is a folder; name a file in it", None));
    };
    make_folder(folder).map_err(|error| unusable("its folder cannot be made", Some(error)))?;
    let folder = dunce::canonicalize(folder)
        .map_err(|error| unusable("its folder cannot be entered", Some(error)))?;
    refuse_network(&folder, path)?;
    refuse_open_to_others(&folder, path)?;
    let database = folder.join(name);
    // A link is followed here, once, so that every process derives the same names for the files beside it; SQLite is
    // told not to follow any.
    let database = match fs::symlink_metadata(&database) {
        Ok(found) if found.is_symlink() => dunce::canonicalize(&database)
            .map_err(|error| unusable("it is a link that leads nowhere", Some(error)))?,
        _ => database,
    };
    match fs::metadata(&database) {
        Ok(found) => refuse_unfit(&found, &database)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => refuse_widowed(&database)?,
        Err(error) => return Err(unusable("it cannot be found", Some(error))),
    }
    match create_private(&database) {
        Ok(()) => Ok(database),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(database),
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Err(Error::DiskFull),
        Err(error) => Err(unusable("its folder cannot be written", Some(error))),
    }
}

/// Refuses what is no file, or a file that every user can write.
fn refuse_unfit(found: &fs::Metadata, database: &Path) -> Result<()> {
    if found.is_dir() {
        let reason = "it is a folder; name a file in it";
        return Err(unusable(database, reason, None));
    }
    if !found.is_file() {
        return Err(unusable(
            database,
            "it is no file but a device or a pipe",
            None,
        ));
    }
    if is_open_to_all(found) {
        let reason = "every user can write it; take that away (chmod 600)";
        return Err(unusable(database, reason, None));
    }
    Ok(())
}

/// Refuses to make a new database beside the log of one that is gone. Whoever has that one open still writes the log: a
/// new database would lose what is written to it together with the log.
fn refuse_widowed(database: &Path) -> Result<()> {
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
        use std::os::unix::fs::MetadataExt;
        let found = fs::metadata(path).ok()?;
        Some(Self((found.dev(), found.ino())))
    }

    /// Windows lets nobody move or remove a file that is open.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Path) -> Option<Self> {
        Some(Self())
    }
}

/// Returns where the database really is, creating nothing.
pub(super) fn located(path: &Path) -> Result<PathBuf> {
    if let Ok(found) = dunce::canonicalize(path) {
        return Ok(found);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(unusable(path, "it is a folder; name a file in it", None));
    };
    // A folder that is not there yet is no link either.
    Ok(dunce::canonicalize(folder).map_or_else(|_| path.to_owned(), |folder| folder.join(name)))
}

/// Says that `path` cannot be used, and why.
pub(super) fn unusable(path: &Path, reason: impl Into<String>, source: Option<io::Error>) -> Error {
    Error::Unusable {
        path: path.to_owned(),
        reason: reason.into(),
        source: source.map(Arc::new),
    }
}

/// In a folder that others can write, others can put files where SQLite looks for its log.
fn refuse_open_to_others(folder: &Path, path: &Path) -> Result<()> {
    let found = fs::metadata(folder)
        .map_err(|error| unusable(path, "its folder cannot be entered", Some(error)))?;
    if is_open_to_all(&found) {
        let reason = format!(
            "every user can write its folder {}; take that away (chmod o-w) or choose another",
            folder.display()
        );
        return Err(unusable(path, reason, None));
    }
    Ok(())
}

/// Reports whether every user can write it; in a sticky folder only what is their own.
#[cfg(unix)]
fn is_open_to_all(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    const WORLD_WRITABLE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let mode = found.permissions().mode();
    mode & WORLD_WRITABLE != 0 && mode & STICKY == 0
}

#[cfg(not(unix))]
fn is_open_to_all(_: &fs::Metadata) -> bool {
    false
}

fn refuse_network(folder: &Path, path: &Path) -> Result<()> {
    match disk_of(folder) {
        (Some(kind), true) => Err(unusable(
            path,
            format!(
                "it is on a network file system ({kind}), where two machines would damage it; choose a local folder"
            ),
            None,
        )),
        _ => Ok(()),
    }
}

/// Returns the kind of disk that holds `folder`, `None` where the system does not say, and whether it is a network's.
pub(super) fn disk_of(folder: &Path) -> (Option<String>, bool) {
    let is_share = matches!(
        folder.components().next(),
        Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
    );
    if is_share {
        return (Some("network share".to_owned()), true);
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let kind = file_system(&mounts, folder);
    let is_network = kind.is_some_and(|kind| NETWORK_FILE_SYSTEMS.contains(&kind));
    (kind.map(str::to_owned), is_network)
}

/// Returns the type of the file system that holds `folder`, from the text of `/proc/self/mountinfo` (proc(5)).
fn file_system<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    mounts
        .lines()
        .filter_map(|line| {
            let (mount, source) = line.split_once(" - ")?;
            let point = mount.split(' ').nth(4)?;
            // Blank, tab, newline and backslash in a path are written in octal.
            let point = point
                .replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
            folder
                .starts_with(&point)
                .then(|| (point.len(), source.split(' ').next()))
        })
        // Of two mounts on one point the later one is on top.
        .max_by_key(|(length, _)| *length)?
        .1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_is_the_one_of_the_nearest_mount() {
        let mounts = "\
            22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
            30 22 0:30 / /mnt rw - nfs4 server:/mnt rw\n\
            31 30 0:31 / /mnt/me/My\\040Files rw - fuse.sshfs me@host: rw\n\
            32 22 0:32 / /mntstead rw - tmpfs tmpfs rw\n\
            33 22 0:33 / /twice rw - ext4 /dev/sdb rw\n\
            34 33 0:34 / /twice rw - 9p share rw\n\
            a line of another kind\n";
        let cases = [
            ("/var/lib", Some("ext4")),
            ("/mnt/me", Some("nfs4")),
            ("/mnt/me/My Files/tasks", Some("fuse.sshfs")),
            ("/mntstead/x", Some("tmpfs")),
            ("/twice", Some("9p")),
        ];
        for (folder, kind) in cases {
            assert_eq!(file_system(mounts, Path::new(folder)), kind, "{folder}");
        }
        assert_eq!(file_system("", Path::new("/")), None);
    }
}
