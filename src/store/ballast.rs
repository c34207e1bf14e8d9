//! Space kept for the day the disk is full.
//!
//! Once a disk is full, SQLite can neither delete nor move its log into the database, so nothing can be freed from
//! inside. A file that is given back then makes both possible again.

use std::{
    fs,
    io::{self, Write as _},
};

use super::paths::Paths;
use crate::disk::{discard, open_beside, sync};

/// How much is kept, in bytes. SQLite moves its log into the database when it has 1,000 pages of 4 KiB: with that much
/// room it can, and then the log's own space is free for changes.
pub(super) const SIZE: usize = 4 * 1024 * 1024;

/// Makes sure the space is kept; an error of [`io::ErrorKind::StorageFull`] says that there is none to keep.
pub(super) fn keep(paths: &Paths) -> io::Result<()> {
    if is_kept(paths) {
        return Ok(());
    }
    // What is not ours stays as it is.
    let mut file = open_beside(&paths.ballast)?;
    // Written in full, not only sized: a hole keeps nothing.
    let written = file
        .write_all(&vec![0x5A; SIZE])
        .and_then(|()| file.set_len(SIZE as u64))
        .and_then(|()| sync(&file));
    if written.is_err() {
        release(paths);
    }
    written
}

/// Makes sure the space is kept, if it can be. Returns whether the disk is full.
pub(crate) fn is_disk_full(paths: &Paths) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    keep(paths).is_err_and(|error| matches!(error.kind(), StorageFull | QuotaExceeded))
}

/// Reports whether the space is kept.
pub(crate) fn is_kept(paths: &Paths) -> bool {
    fs::symlink_metadata(&paths.ballast)
        .is_ok_and(|found| found.is_file() && found.len() == SIZE as u64)
}

/// Gives the space back. Returns whether there was any.
pub(super) fn release(paths: &Paths) -> bool {
    discard(&paths.ballast).is_ok()
}
