//! Folders and files that only their owner can read or write.
//!
//! In a folder that others can write, others can put a link, a pipe or a file of theirs where one of ours is to be.
//!
//! # Invariants
//!
//! - A file of ours is opened here. No link in its place is followed, and nothing in its place is waited for; what was
//!   opened is used only if it is a regular file of this user's with no other name.

use std::{fs, io, path::Path};

/// Why what lies in the place of a file of ours is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}; {}", self.what(), self.way_out())]
pub(crate) enum NotOurs {
    /// A link, to whatever.
    Link,
    /// A folder, a pipe, a socket or a device.
    NoFile,
    /// Where a folder of ours is to be, something else.
    NoFolder,
    /// A file of another user.
    Foreign,
    /// A file that has other names as well.
    OtherNames,
}

impl NotOurs {
    /// Returns what it is.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Link => "it is a link, which is not followed",
            Self::NoFile => "it is no regular file",
            Self::NoFolder => "it is no folder",
            Self::Foreign => "it belongs to another user",
            Self::OtherNames => "it has other names as well (hard links)",
        }
    }

    /// Returns what to do.
    pub(crate) fn way_out(self) -> &'static str {
        match self {
            Self::Link | Self::NoFile | Self::NoFolder | Self::OtherNames => {
                "see who put it there, and move it away"
            }
            Self::Foreign => "run taskhold as one user only, or move it away",
        }
    }
}

impl From<NotOurs> for io::Error {
    fn from(reason: NotOurs) -> Self {
        Self::new(io::ErrorKind::InvalidInput, reason)
    }
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

/// Opens a file of ours beside the database to read and write it, creating it if needed.
pub(crate) fn open_beside(path: &Path) -> io::Result<fs::File> {
    open_ours(private_options().create(true).truncate(false), path)
}

/// Opens a file of ours that is there, to read it. What is not ours is refused with a [`NotOurs`] in the error.
pub(crate) fn open_own(path: &Path) -> io::Result<fs::File> {
    open_ours(fs::OpenOptions::new().read(true), path)
}

/// Opens a file that a person may have put anywhere, to read it. A link is followed, and a device such as `/dev/null` is
/// opened; a pipe is refused, not waited for.
#[cfg(unix)]
pub(crate) fn open_theirs(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut options = fs::OpenOptions::new();
    let file = options.read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.file_type().is_fifo() {
        return Err(NotOurs::NoFile.into());
    }
    Ok(file)
}

/// Opens a file that a person may have put anywhere, to read it.
#[cfg(not(unix))]
pub(crate) fn open_theirs(path: &Path) -> io::Result<fs::File> {
    fs::File::open(path)
}

/// Locks a file of ours, if no other process has. Reports whether it did.
#[expect(clippy::disallowed_methods, reason = "here is where files are locked")]
pub(super) fn try_to_lock(file: &fs::File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(fs::TryLockError::WouldBlock) => Ok(false),
        // A signal came: the lock was not tried to the end.
        Err(fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {
            Ok(false)
        }
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

fn open_ours(options: &mut fs::OpenOptions, path: &Path) -> io::Result<fs::File> {
    let file = follow_no_link(options)
        .open(path)
        .map_err(|error| instead_of(path, error))?;
    let found = file.metadata()?;
    refuse_others(&found, other_names(&file, &found)?)?;
    Ok(file)
}

/// Says what lies at `path` and is not ours, where opening it failed for that.
fn instead_of(path: &Path, error: io::Error) -> io::Error {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => NotOurs::Link.into(),
        Ok(found) if !found.is_file() => NotOurs::NoFile.into(),
        _ => error,
    }
}

/// Says why what lies at `path` cannot be a folder of ours; `None` if it can be, or nothing is there.
pub(crate) fn not_our_folder(path: &Path) -> Option<NotOurs> {
    let found = fs::symlink_metadata(path).ok()?;
    if found.is_symlink() {
        Some(NotOurs::Link)
    } else if !found.is_dir() {
        Some(NotOurs::NoFolder)
    } else {
        (!is_own(&found)).then_some(NotOurs::Foreign)
    }
}

/// Reports whether what was `found` belongs to a user who is neither this one nor the administrator. To the administrator all
/// are alike: whose files those are is their business.
#[cfg(unix)]
pub(crate) fn is_another_users(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let is_root = rustix::process::geteuid().is_root();
    !is_root && found.uid() != 0 && !is_own(found)
}

/// On Windows what is in the user's profile is the user's alone.
#[cfg(not(unix))]
pub(crate) fn is_another_users(_: &fs::Metadata) -> bool {
    false
}

fn refuse_others(found: &fs::Metadata, has_other_names: bool) -> Result<(), NotOurs> {
    if found.is_symlink() {
        Err(NotOurs::Link)
    } else if !found.is_file() {
        Err(NotOurs::NoFile)
    } else if !is_own(found) {
        Err(NotOurs::Foreign)
    } else if has_other_names {
        Err(NotOurs::OtherNames)
    } else {
        Ok(())
    }
}

/// Says why what lies at `path` cannot be a file of ours, without opening it; `None` if it can be, or nothing is there.
#[cfg(unix)]
pub(crate) fn not_ours(path: &Path) -> Option<NotOurs> {
    use std::os::unix::fs::MetadataExt as _;
    let found = fs::symlink_metadata(path).ok()?;
    refuse_others(&found, found.nlink() > 1).err()
}

#[cfg(not(unix))]
pub(crate) fn not_ours(path: &Path) -> Option<NotOurs> {
    let found = fs::symlink_metadata(path).ok()?;
    refuse_others(&found, false).err()
}

#[cfg(unix)]
fn follow_no_link(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    // Without waiting: a pipe would keep us until somebody opens its other end.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed())
}

#[cfg(windows)]
fn follow_no_link(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    use std::os::windows::fs::OpenOptionsExt;
    /// The link itself is opened, and then refused.
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
}

#[cfg(unix)]
fn is_own(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.uid() == rustix::process::geteuid().as_raw()
}

/// On Windows what is in the user's profile is the user's alone.
#[cfg(not(unix))]
fn is_own(_: &fs::Metadata) -> bool {
    true
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "Windows may fail to tell it")]
fn other_names(_: &fs::File, found: &fs::Metadata) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(found.nlink() > 1)
}

#[cfg(windows)]
fn other_names(file: &fs::File, _: &fs::Metadata) -> io::Result<bool> {
    Ok(winapi_util::file::information(file)?.number_of_links() > 1)
}

/// Returns how many names a file has, without opening it where that could drop the locks on it.
#[cfg(unix)]
pub(crate) fn has_other_names(_: &Path, found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.nlink() > 1
}

#[cfg(windows)]
pub(crate) fn has_other_names(path: &Path, _: &fs::Metadata) -> bool {
    use std::os::windows::fs::OpenOptionsExt;
    // Neither to read nor to write, only to look.
    let file = fs::OpenOptions::new().access_mode(0).open(path);
    file.and_then(winapi_util::file::information)
        .is_ok_and(|found| found.number_of_links() > 1)
}

/// Takes away what others may do with a file of ours.
#[cfg_attr(
    not(unix),
    expect(
        clippy::unnecessary_wraps,
        reason = "what is in the user's profile is the user's alone"
    )
)]
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

/// Reports whether others than its owner can read or write a file.
#[cfg(unix)]
pub(crate) fn is_open_to_others(file: &fs::File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

/// On Windows what is in the user's profile is the user's alone.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "Unix may fail to tell it")]
pub(crate) fn is_open_to_others(_: &fs::File) -> io::Result<bool> {
    Ok(false)
}
