//! Whether the database can be written: asked of SQLite as a change asks it, and of the marks that the mode of a file does
//! not show.

use super::{
    Finding,
    surroundings::{beside, folder_of},
};
use crate::{
    disk::way_to_unmark,
    domain::error::Error,
    store::{Paths, open},
};

const CHECK: &str = "writing";

/// How the owner of files lets them be written.
const WAY_TO_ALLOW: &str = if cfg!(windows) {
    "in their properties, under Security, as their owner"
} else {
    "`chmod u+w` as their owner, or mount a read-only disk for writing"
};

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
            format!(
                "let them be written: {WAY_TO_ALLOW}; otherwise `taskhold backup FILE` in a folder of yours, and give FILE with --db"
            ),
        ),
        // `space` says what to do.
        Err(Error::DiskFull) => {
            Finding::warning(CHECK, "the disk is full", "free some space on its disk")
        }
        Err(error) => Finding::of_error(CHECK, &error),
    }
}
