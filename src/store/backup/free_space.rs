//! Room for a backup: none is begun that would take the last of a disk, where tasks could then no longer be changed.

use std::path::Path;

use rusqlite::Connection;

use crate::{
    domain::error::{Error, Result},
    store::{
        ballast,
        failure::WhileTrying,
        paths::{Paths, unusable},
    },
};

/// Refuses a backup of the database of `connection` into `folder` if it would leave less room than the ballast takes, or
/// no room for a ballast that is spent.
pub(super) fn refuse_without(connection: &Connection, paths: &Paths, folder: &Path) -> Result<()> {
    let takes = size(connection)?;
    let spent = if ballast::is_kept(paths) {
        0
    } else {
        ballast::SIZE as u64
    };
    let needed = takes + ballast::SIZE as u64 + spent;
    match fs4::available_space(folder) {
        Ok(free) if free < needed => Err(too_little(folder, free, needed)),
        // What the system does not say is found out.
        _ => Ok(()),
    }
}

fn too_little(folder: &Path, free: u64, needed: u64) -> Error {
    let tenths = |bytes: u64| format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10);
    let reason = format!(
        "a backup there needs {} MB free, and the disk has {}, the last of which is kept for changes; free some, or name another disk: `taskhold backup /OTHER/DISK/FILE`",
        tenths(needed),
        tenths(free)
    );
    unusable(folder, reason, None)
}

/// Returns how much the database takes at most, in bytes, its log included.
fn size(connection: &Connection) -> Result<u64> {
    let number = |pragma: &str| -> rusqlite::Result<i64> {
        connection.pragma_query_value(None, pragma, |row| row.get(0))
    };
    let size = number("page_count").and_then(|count| Ok(count * number("page_size")?));
    Ok(size.while_trying("measure the database")?.unsigned_abs())
}
