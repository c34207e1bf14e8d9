//! Whether the database can be written: asked of SQLite as a change asks it, and of the marks that the mode of a file does
//! not show.

use std::path::Path;

use super::{
    Finding,
    surroundings::{beside, folder_of},
};
use crate::{
    error::Error,
    store::{Paths, open},
};

const CHECK: &str = "writing";

pub(super) fn examine(paths: &Paths) -> Finding {
    let files = [
        folder_of(paths).to_owned(),
        paths.database.clone(),
        beside(paths, "-wal"),
        beside(paths, "-shm"),
        paths.lock.clone(),
        paths.doorbell.clone(),
        paths.ballast.clone(),
        paths.backups.clone(),
    ];
    let marked = files
        .iter()
        .find_map(|path| Some((path, way_to_unmark(path)?)));
    if let Some((path, way_out)) = marked {
        let what = format!("{} is marked as not to be changed", path.display());
        return Finding::bad(CHECK, what, way_out);
    }
    match open::is_writable(&paths.database) {
        Ok(true) => Finding::good(CHECK, "the database can be written"),
        Ok(false) => Finding::bad(
            CHECK,
            format!(
                "the system does not let you write {}, its -wal and -shm, or their folder",
                paths.database.display()
            ),
            "let them be written: `chmod u+w` as their owner, or mount a read-only disk for writing; otherwise `taskhold backup FILE` in a folder of yours, and give FILE with --db",
        ),
        // `space` says what to do.
        Err(Error::DiskFull) => {
            Finding::warning(CHECK, "the disk is full", "free some space on its disk")
        }
        Err(error) => Finding::of_error(CHECK, &error),
    }
}

/// Returns the command that takes away a mark which keeps everyone from changing `path`, its owner too. `None` if `path`
/// has no such mark, or is not there.
#[cfg(target_os = "linux")]
fn way_to_unmark(path: &Path) -> Option<String> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    // Without opening the file: closing it would drop SQLite's locks.
    let found = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()).ok()?;
    let marks = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    found
        .stx_attributes
        .intersects(marks)
        .then(|| format!("sudo chattr -i -a '{}'", path.display()))
}

#[cfg(target_os = "macos")]
fn way_to_unmark(path: &Path) -> Option<String> {
    use std::os::macos::fs::MetadataExt as _;
    // Append-only and immutable, as the owner and as the system marks them: sys/stat.h.
    const MARKS: u32 = 0x0000_0002 | 0x0000_0004 | 0x0002_0000 | 0x0004_0000;
    let found = std::fs::symlink_metadata(path).ok()?;
    (found.st_flags() & MARKS != 0).then(|| {
        format!(
            "sudo chflags nouchg,nouappnd,noschg,nosappnd '{}'",
            path.display()
        )
    })
}

#[cfg(windows)]
fn way_to_unmark(path: &Path) -> Option<String> {
    let found = std::fs::symlink_metadata(path).ok()?;
    // On a folder the mark means something else.
    (found.is_file() && found.permissions().readonly())
        .then(|| format!("attrib -R \"{}\"", path.display()))
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn way_to_unmark(_: &Path) -> Option<String> {
    None
}
