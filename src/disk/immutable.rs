//! Marks of the file system that keep everyone from changing a file, its owner too.

use std::path::Path;

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
use super::shell_word;

/// Returns the command that takes away a mark which keeps everyone from changing `path`, its owner too. `None` if `path`
/// has no such mark, or is not there.
#[cfg(target_os = "linux")]
pub(crate) fn way_to_unmark(path: &Path) -> Option<String> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    // Without opening the file: closing it would drop SQLite's locks.
    let found = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()).ok()?;
    let marks = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    found
        .stx_attributes
        .intersects(marks)
        .then(|| format!("sudo chattr -i -a {}", shell_word(path.display())))
}

#[cfg(target_os = "macos")]
pub(crate) fn way_to_unmark(path: &Path) -> Option<String> {
    use std::os::macos::fs::MetadataExt as _;
    // Append-only and immutable, as the owner and as the system marks them: sys/stat.h.
    const MARKS: u32 = 0x0000_0002 | 0x0000_0004 | 0x0002_0000 | 0x0004_0000;
    let found = std::fs::symlink_metadata(path).ok()?;
    (found.st_flags() & MARKS != 0).then(|| {
        format!(
            "sudo chflags nouchg,nouappnd,noschg,nosappnd {}",
            shell_word(path.display())
        )
    })
}

#[cfg(windows)]
pub(crate) fn way_to_unmark(path: &Path) -> Option<String> {
    let found = std::fs::symlink_metadata(path).ok()?;
    // On a folder the mark means something else.
    (found.is_file() && found.permissions().readonly())
        .then(|| format!("attrib -R {}", shell_word(path.display())))
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub(crate) fn way_to_unmark(_: &Path) -> Option<String> {
    None
}
