//! Folders and files that only their owner can read or write.

use std::{fs, io, path::Path};

use super::durable::make_durably;

/// Creates a folder, and those above it, that only its owner can enter, and that survive a power cut.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::DirBuilderExt;
        let mut builder = fs::DirBuilder::new();
        builder.mode(0o700);
        builder
    };
    #[cfg(not(unix))]
    let builder = fs::DirBuilder::new();
    make_durably(folder, &builder)
}

/// Creates an empty file that only its owner can read. SQLite gives its `-wal` and `-shm` the same mode.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    private_options().create_new(true).open(path).map(drop)
}

pub(super) fn private_options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Opens a file of ours beside the database, creating it if needed.
pub(crate) fn open_beside(path: &Path) -> io::Result<fs::File> {
    private_options().create(true).truncate(false).open(path)
}

/// Opens a file of ours beside the database to hold a lock on it, creating it if needed.
pub(crate) fn open_to_lock(path: &Path) -> io::Result<fs::File> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    open_beside(path)
}

/// Takes away what others may do with a file of ours.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
