//! Where the database lies: its folder, who may read it, its disk, and what is kept beside it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Finding, Fix};
use crate::{
    disk::has_other_names,
    domain::text::counted,
    store::{Paths, backup, ballast, paths::Disk},
};

pub(in crate::care) mod permissions;

/// Names of folders that other programs copy to other machines while we write.
const SYNCED: [&str; 12] = [
    "Dropbox",
    "OneDrive",
    "iCloudDrive",
    "Mobile Documents",
    "CloudStorage",
    "Google Drive",
    "GoogleDrive",
    "Nextcloud",
    "ownCloud",
    "pCloudDrive",
    "MEGA",
    "Syncthing",
];
/// Disks shared between a machine and its guests, whose locks hold only within each.
const SHARED: [&str; 6] = [
    "virtiofs",
    "fakeowner",
    "fuse.grpcfuse",
    "osxfs",
    "vboxsf",
    "prl_fs",
];
/// Below this much room, in bytes, things begin to fail.
const LITTLE_ROOM: u64 = 100 * 1024 * 1024;
/// A log larger than this, in bytes, was kept from shrinking.
const LONG_LOG: u64 = 64 * 1024 * 1024;

pub(super) fn examine(paths: &Paths) -> Vec<Finding> {
    let folder = folder_of(paths);
    let mut found = vec![
        permissions::examine(paths),
        disk(folder),
        sync(folder),
        room(folder),
        kept(paths),
        log(paths),
        leftovers(paths),
    ];
    found.extend(names(paths));
    found
}

/// Returns a finding if the database has several names.
fn names(paths: &Paths) -> Option<Finding> {
    let found = fs::metadata(&paths.database).ok()?;
    has_other_names(&paths.database, &found).then(|| {
        Finding::bad(
            "names",
            "the database has several names (hard links): what is written by one of them is lost by the other",
            format!(
                "end every program that uses it, and remove the other names; `find / -samefile {}` lists them",
                paths.database.display()
            ),
        )
    })
}

pub(super) fn folder_of(paths: &Paths) -> &Path {
    paths.database.parent().unwrap_or(Path::new("/"))
}

/// Returns what SQLite calls a file beside the database.
pub(super) fn beside(paths: &Paths, ending: &str) -> PathBuf {
    let mut name = paths.database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn disk(folder: &Path) -> Finding {
    const CHECK: &str = "disk";
    match Disk::of(folder) {
        Disk::Network(kind) => Finding::bad(
            CHECK,
            format!("a network file system ({kind}), where two machines damage a database"),
            "move the database to a local folder, and give that with --db or TASKHOLD_DB",
        ),
        Disk::Local(kind) if SHARED.contains(&kind.as_str()) => Finding::warning(
            CHECK,
            format!("shared with another system ({kind}); its locks hold only here"),
            "use the database from one of the two systems only",
        ),
        Disk::Local(kind) => Finding::good(CHECK, kind),
        Disk::Unknown => Finding::unknown(CHECK, "the system does not say which it is"),
    }
}

fn sync(folder: &Path) -> Finding {
    const CHECK: &str = "sync";
    let is_synced = |part: &str| {
        SYNCED.iter().any(|name| {
            part == *name
                || part
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with([' ', '-']))
        })
    };
    let by_name = folder
        .components()
        .filter_map(|part| part.as_os_str().to_str())
        .find(|part| is_synced(part));
    let by_mark = folder
        .ancestors()
        .find(|folder| folder.join(".stfolder").exists());
    let what = by_name
        .map(str::to_owned)
        .or_else(|| by_mark.map(|folder| format!("Syncthing: {}", folder.display())));
    match what {
        Some(what) => Finding::warning(
            CHECK,
            format!(
                "a folder that is copied to other machines ({what}): a copy made during a write is damaged"
            ),
            "keep the database in a folder of this machine, and sync a backup (`taskhold backup FILE`) or an export",
        ),
        None => Finding::good(CHECK, "in no folder that is known to be synced"),
    }
}

fn room(folder: &Path) -> Finding {
    const CHECK: &str = "space";
    match fs4::available_space(folder) {
        Ok(bytes) if bytes < LITTLE_ROOM => Finding::warning(
            CHECK,
            format!("{} kB are free on the disk", bytes / 1_000),
            "free some; until then tasks can be read, changed and deleted, and soon not added",
        ),
        Ok(bytes) => Finding::good(CHECK, format!("{} MB are free", bytes / 1_000_000)),
        Err(error) => Finding::warning(CHECK, format!("not known: {error}"), "look at the disk"),
    }
}

fn kept(paths: &Paths) -> Finding {
    const CHECK: &str = "ballast";
    if ballast::is_kept(paths) {
        Finding::good(CHECK, "space is kept for the day the disk is full")
    } else {
        Finding::warning(CHECK, "no space is kept for the day the disk is full", "")
            .mended_by(Fix::Ballast)
    }
}

fn log(paths: &Paths) -> Finding {
    const CHECK: &str = "log";
    // By its size alone: opening the file could drop SQLite's locks.
    let bytes = fs::metadata(beside(paths, "-wal")).map_or(0, |file| file.len());
    let what = format!("{} kB wait in SQLite's log", bytes.div_ceil(1_000));
    if bytes > LONG_LOG {
        let what = format!("{what}: a process has been reading for long");
        Finding::warning(CHECK, what, "").mended_by(Fix::Checkpoint)
    } else {
        Finding::good(CHECK, what)
    }
}

fn leftovers(paths: &Paths) -> Finding {
    const CHECK: &str = "leftovers";
    let files = backup::leftovers(paths);
    // SQLite may have left its journal beside one.
    let journals = files.iter().filter(|file| backup::is_journal(file)).count();
    match files.len() {
        0 => Finding::good(CHECK, "no unfinished backups"),
        count => Finding::warning(
            CHECK,
            format!(
                "{}, of a crash or being written just now",
                counted((count - journals).max(1), "unfinished backup")
            ),
            "",
        )
        .mended_by(Fix::Leftovers),
    }
}
