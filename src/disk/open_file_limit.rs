//! File handles, of which the system gives each process so many.

use std::{fs, io, path::Path};

/// What a process is told that has no file handle left.
pub(crate) const TOO_FEW: &str =
    "this process may open too few files at once; allow it more (`ulimit -n 256`), or close some";

/// The handles that SQLite needs at once for a database: the file, its log, the memory it shares, a journal, a lock and
/// the folder.
const NEEDED: usize = 6;

/// Reports whether the system refused because there are no more handles, of this process or of all.
#[cfg(unix)]
pub(crate) fn are_used_up(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE]
        .iter()
        .any(|no_more| error.raw_os_error() == Some(no_more.raw_os_error()))
}

#[cfg(not(unix))]
pub(crate) fn are_used_up(_: &io::Error) -> bool {
    false
}

/// Fails if there are fewer handles left than a database needs. For those who do not say which error they met. `folder`
/// is one that can be opened.
pub(crate) fn spare_handles(folder: &Path) -> io::Result<()> {
    let opened: io::Result<Vec<fs::File>> = (0..NEEDED).map(|_| fs::File::open(folder)).collect();
    match opened {
        Err(error) if are_used_up(&error) => Err(error),
        _ => Ok(()),
    }
}
