//! Who may read and write the files: their owner all of them, and nobody else.
//!
//! By mode and owner alone: no file is opened, since closing the database would drop SQLite's locks.

use crate::{care::doctor::Finding, store::Paths};

const CHECK: &str = "permissions";

/// Says what is found.
#[cfg(unix)]
pub(super) fn examine(paths: &Paths) -> Finding {
    unix::examine(paths)
}

#[cfg(not(unix))]
pub(super) fn examine(paths: &Paths) -> Finding {
    let folder = super::folder_of(paths);
    let what = format!(
        "who can read {} is not looked at on this system",
        folder.display()
    );
    Finding::unknown(CHECK, what)
}

/// Gives the owner what is the owner's, and takes it from all others. What belongs to another user stays as it is.
#[cfg(unix)]
pub(in crate::care) fn mend(paths: &Paths) {
    unix::mend(paths);
}

#[cfg(not(unix))]
pub(in crate::care) fn mend(_: &Paths) {}

#[cfg(unix)]
mod unix {
    use std::{
        fs,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _},
        path::{Path, PathBuf},
    };

    use super::{CHECK, Finding, Paths};
    use crate::{
        care::doctor::{
            Fix,
            surroundings::{beside, folder_of},
        },
        disk::{NotOurs, not_ours, other_writers, shell_word},
        store::paths::{said, team},
    };

    const OWNER: u32 = 0o700;
    const OTHERS: u32 = 0o077;

    /// A file or a folder, and what its owner must be able to do with it.
    struct Required {
        path: PathBuf,
        mode: u32,
        owner: u32,
        needed: u32,
    }

    impl Required {
        /// Returns `None` if nothing is there, or what is not ours alone: a link, or a file that has another name.
        fn at(path: PathBuf, needed: u32) -> Option<Self> {
            let found = fs::symlink_metadata(&path).ok()?;
            if found.is_symlink() || found.is_file() && found.nlink() > 1 {
                return None;
            }
            Some(Self {
                path,
                mode: found.permissions().mode(),
                owner: found.uid(),
                needed,
            })
        }

        fn is_ours(&self) -> bool {
            self.owner == rustix::process::geteuid().as_raw()
        }

        fn is_closed_to_us(&self) -> bool {
            self.is_ours() && self.mode & self.needed != self.needed
        }

        fn is_open_to_others(&self) -> bool {
            self.mode & OTHERS != 0
        }
    }

    /// Returns the files beside the database that there are, the database first.
    fn places(paths: &Paths) -> Vec<Required> {
        let (read, written, entered) = (0o400, 0o600, 0o700);
        // What lies behind a link is not ours.
        let is_folder = fs::symlink_metadata(&paths.backups).is_ok_and(|found| found.is_dir());
        let backups = is_folder.then(|| fs::read_dir(&paths.backups).into_iter());
        let backups = backups.into_iter().flatten().flatten().flatten();
        let files = [
            (paths.database.clone(), written),
            (beside(paths, "-wal"), written),
            (beside(paths, "-shm"), written),
            (paths.lock.clone(), written),
            (paths.doorbell.clone(), written),
            (paths.ballast.clone(), written),
            (paths.daemon_lock.clone(), written),
            (paths.daemon.clone(), read),
            (paths.token.clone(), read),
            (paths.tokens.clone(), read),
            (paths.share.clone(), read),
            (paths.share_lock.clone(), written),
            (paths.share_queue.clone(), written),
        ];
        // A file in the place of their folder is not ours either, and stays as it is.
        let folder = is_folder.then(|| (paths.backups.clone(), entered));
        let backups = backups.map(|entry| (entry.path(), read));
        files
            .into_iter()
            .chain(folder)
            .chain(backups)
            .filter_map(|(path, needed)| Required::at(path, needed))
            .collect()
    }

    /// Returns what lies in the place of a file of ours and is none, with the reason. Whose files these are is looked at
    /// apart.
    fn planted(paths: &Paths) -> Option<(PathBuf, NotOurs)> {
        let ours = [
            beside(paths, "-wal"),
            beside(paths, "-shm"),
            beside(paths, "-journal"),
            paths.lock.clone(),
            paths.doorbell.clone(),
            paths.ballast.clone(),
            paths.daemon_lock.clone(),
            paths.daemon.clone(),
            paths.token.clone(),
            paths.tokens.clone(),
            paths.share.clone(),
            paths.share_lock.clone(),
            paths.share_queue.clone(),
        ];
        ours.into_iter().find_map(|path| match not_ours(&path) {
            None | Some(NotOurs::Foreign) => None,
            Some(reason) => Some((path, reason)),
        })
    }

    /// Reports whether nothing but our files lies in the folder: then it is one that we made.
    fn is_ours_alone(folder: &Path, paths: &Paths) -> bool {
        let Some(name) = paths.database.file_name() else {
            return false;
        };
        let is_ours = |entry: &fs::DirEntry| {
            let found = entry.file_name();
            found
                .as_encoded_bytes()
                .starts_with(name.as_encoded_bytes())
                || found == "config.toml"
        };
        fs::read_dir(folder).is_ok_and(|entries| entries.flatten().all(|entry| is_ours(&entry)))
    }

    pub(super) fn examine(paths: &Paths) -> Finding {
        let path = folder_of(paths);
        let Some(folder) = Required::at(path.to_owned(), OWNER) else {
            return Finding::bad(
                CHECK,
                format!("{} cannot be looked at", path.display()),
                "see who owns it and the folders above it",
            );
        };
        let others = fs::metadata(path).ok().as_ref().and_then(other_writers);
        if let Some(others) = others {
            return Finding::bad(
                CHECK,
                format!("{} can write {}", said(&others), path.display()),
                format!("chmod go-w {}{}", shell_word(path.display()), team(&others)),
            );
        }
        if let Some((path, reason)) = planted(paths) {
            return Finding::bad(
                CHECK,
                format!("{} is not used: {}", path.display(), reason.what()),
                reason.way_out(),
            );
        }
        let files = places(paths);
        let closed = files
            .iter()
            .chain([&folder])
            .find(|place| place.is_closed_to_us());
        if let Some(closed) = closed {
            let what = format!("{} is closed to you, its owner", closed.path.display());
            return Finding::bad(CHECK, what, "").mended_by(Fix::Permissions);
        }
        let owner = files.first().map(|database| database.owner);
        if let Some(foreign) = files.iter().find(|file| Some(file.owner) != owner) {
            return Finding::warning(
                CHECK,
                format!(
                    "{} belongs to another user than the database",
                    foreign.path.display()
                ),
                "run taskhold as one user only; give the files to that user (chown)",
            );
        }
        let open: Vec<_> = files
            .iter()
            .filter(|file| file.is_open_to_others())
            .collect();
        if let [first, ..] = open.as_slice() {
            let what = format!(
                "others can read {} of its files: {}",
                open.len(),
                first.path.display()
            );
            let finding = Finding::warning(CHECK, what, "").mended_by(Fix::Permissions);
            let is_of_tokens =
                |file: &&Required| [&paths.token, &paths.tokens].contains(&&file.path);
            return if open.iter().any(|file| file.path == paths.share) {
                finding.and_then("begin a new shared log, since others may have read the key of this one: `taskhold share rekey`")
            } else if open.iter().any(is_of_tokens) {
                finding.and_then("make new tokens, since others may have read these: `taskhold token rotate`, and `token revoke` and `token add` for those of other programs")
            } else {
                finding
            };
        }
        if folder.is_ours() && folder.is_open_to_others() && is_ours_alone(path, paths) {
            let what = format!("others can look into {}", path.display());
            return Finding::warning(CHECK, what, "").mended_by(Fix::Permissions);
        }
        Finding::good(CHECK, "only you can read the tasks")
    }

    pub(super) fn mend(paths: &Paths) {
        // The folder first: while it is closed, nothing in it can be changed. One that holds other things as well stays
        // as open as it is.
        let path = folder_of(paths);
        if let Some(folder) = Required::at(path.to_owned(), OWNER) {
            if folder.is_closed_to_us() {
                set(&folder, folder.mode | OWNER);
            }
            if is_ours_alone(path, paths) {
                set(&folder, OWNER);
            }
        }
        for file in places(paths) {
            set(&file, file.mode & OWNER | file.needed);
        }
    }

    fn set(place: &Required, mode: u32) {
        let mode = mode & 0o7777;
        // What cannot be mended is found again.
        if place.is_ours() && place.mode & 0o7777 != mode {
            let _ = fs::set_permissions(&place.path, fs::Permissions::from_mode(mode));
        }
    }
}
