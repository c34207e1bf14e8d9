//! Writes files so that they survive a power cut.
//!
//! Every file that is not the database comes about here: under another name beside its place, on the disk, then given its
//! name, and the name is put on the disk too. Nobody else renames, syncs or removes a file, which `tests/it/layers.rs`
//! holds.
//!
//! # Invariants
//!
//! - Only a file that was synced gets its name: there is no other way to a [`SyncedFile`].
//! - When a function of this module returns, a power cut changes nothing of what it did. [`discard`] alone promises less.

use std::{
    ffi::OsStr,
    fs, io,
    io::Write,
    iter,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::{NamedTempFile, TempPath};

use super::{
    patience::pause,
    private::{NotOurs, open_own, private_options, try_to_lock},
};

/// How much of a file's name is in that of the new one, which must not become longer than the system allows.
const RECOGNISABLE: usize = 40;
/// What is in the name of a new file after that, so that it is taken for no file of somebody else.
const OURS: &str = "taskhold-new";
/// How many letters are drawn for the end of the name.
const DRAWN: usize = 6;
/// How old a new file is, at least, that was left behind by a process that was killed: one that was just made may not have
/// been locked yet.
const LEFT_BEHIND: Duration = Duration::from_mins(1);
/// How often it is tried again to replace a file that somebody has open: for a second, about. Who reads a file of ours has it open
/// for less, and who keeps one open is to be told of soon.
const MOST_TRIES: u32 = 400;

/// A file that is being written beside its place. Dropped, it is removed.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: NamedTempFile,
    place: PathBuf,
}

/// A whole file that is on the disk, and has no name yet. Dropped, it is removed.
#[derive(Debug)]
pub(crate) struct SyncedFile(NewFile);

impl NewFile {
    /// Begins a file that is to be at `place`, and that only its owner can read.
    pub(crate) fn private(place: &Path) -> io::Result<Self> {
        Self::begin(place, 0o600)
    }

    /// Begins a file that is to be at `place`, and that everyone can read.
    pub(crate) fn readable(place: &Path) -> io::Result<Self> {
        Self::begin(place, 0o644)
    }

    /// Begins a file that is to be at `place`, that only its owner can read, and whose name until then is that with this
    /// ending: what a crash left there is removed, so there may be no other process that writes the same.
    pub(crate) fn private_with_ending(place: &Path, ending: &str) -> io::Result<Self> {
        let mut name = place.as_os_str().to_owned();
        name.push(ending);
        let path = PathBuf::from(name);
        // What a crash left behind may have any mode.
        match discard(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = private_options().create_new(true).open(&path)?;
        Ok(Self {
            file: NamedTempFile::from_parts(file, TempPath::try_from_path(path)?),
            place: place.to_owned(),
        })
    }

    /// Begins a file that is to be at `place`. What a process left there that was killed is removed.
    fn begin(place: &Path, mode: u32) -> io::Result<Self> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let name: String = name.chars().take(RECOGNISABLE).collect();
        let prefix = format!(".{name}.{OURS}-");
        discard_left_behind(folder_of(place), &prefix);
        let mut beside = tempfile::Builder::new();
        beside.prefix(&prefix).rand_bytes(DRAWN);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            beside.permissions(fs::Permissions::from_mode(mode));
        }
        // On Windows the folder says who may read what is in it.
        #[cfg(not(unix))]
        let _ = mode;
        let file = beside.tempfile_in(folder_of(place))?;
        // As long as this process lives, nobody takes it for left behind. Where files cannot be locked, none is.
        let _ = try_to_lock(file.as_file());
        Ok(Self {
            file,
            place: place.to_owned(),
        })
    }

    /// Returns where it is until it has its name, for SQLite, which opens it itself.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Sets what others may do with it.
    pub(crate) fn set_permissions(&self, permissions: fs::Permissions) -> io::Result<()> {
        self.file.as_file().set_permissions(permissions)
    }

    /// Puts what was written on the disk.
    pub(crate) fn sync(self) -> io::Result<SyncedFile> {
        sync(self.file.as_file())?;
        Ok(SyncedFile(self))
    }
}

/// Removes new files with `prefix` in `folder` whose process was killed: old ones that nobody has locked. That one stays is
/// no failure.
fn discard_left_behind(folder: &Path, prefix: &str) {
    let is_ours = |name: &OsStr| {
        let drawn = name.to_str().and_then(|name| name.strip_prefix(prefix));
        drawn.is_some_and(|drawn| drawn.len() == DRAWN && drawn.chars().all(char::is_alphanumeric))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !is_ours(&entry.file_name()) {
            continue;
        }
        let path = entry.path();
        let Ok(file) = open_own(&path) else { continue };
        let age = file.metadata().and_then(|file| file.modified());
        let is_old = age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT_BEHIND));
        if is_old && try_to_lock(&file).unwrap_or(false) {
            let _ = discard(&path);
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

impl SyncedFile {
    /// Takes the place of the file that has the name, if there is one. On Windows none is replaced while somebody has it open: it
    /// is tried again, as often as [`MOST_TRIES`] says.
    pub(crate) fn replace(self) -> io::Result<()> {
        let NewFile { mut file, place } = self.0;
        let mut tries = 0;
        loop {
            match file.persist(&place) {
                Ok(file) => return sync_name(&place, &file),
                Err(_) if place.is_dir() => return Err(NotOurs::NoFile.into()),
                Err(refused)
                    if tries < MOST_TRIES
                        && may_be_open(&place, &refused.error)
                        && pause(tries) =>
                {
                    file = refused.file;
                    tries += 1;
                }
                Err(refused) => return Err(refused.error),
            }
        }
    }

    /// Takes the name, if no file has it: else the error is of [`io::ErrorKind::AlreadyExists`].
    pub(crate) fn appear(self) -> io::Result<()> {
        let NewFile { file, place } = self.0;
        let file = file
            .persist_noclobber(&place)
            .map_err(|error| error.error)?;
        // Whoever hears of an error may try again, which a file that is there would forbid.
        sync_name(&place, &file).inspect_err(|_| drop(discard(&place)))
    }
}

/// Puts a file of ours in the place of `path`, whole or not at all; only its owner can read it.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut new = NewFile::private_with_ending(path, ".new")?;
    new.write_all(content)?;
    new.sync()?.replace()
}

/// Puts a file in the place of `path`, whole or not at all; everyone can read it.
pub(crate) fn replace_readable(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut new = NewFile::readable(path)?;
    new.write_all(content)?;
    new.sync()?.replace()
}

/// Removes a file for good.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    sync_folder(folder_of(path))
}

/// Removes a folder for good if nothing is in it. Reports whether it is gone.
pub(crate) fn remove_empty_folder(folder: &Path) -> io::Result<bool> {
    match fs::remove_dir(folder) {
        Ok(()) => sync_folder(folder_of(folder)).map(|()| true),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => Ok(true),
            io::ErrorKind::DirectoryNotEmpty => Ok(false),
            _ => Err(error),
        },
    }
}

/// Removes a file whose absence nobody is promised: a power cut may bring it back.
pub(crate) fn discard(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

/// Creates a folder, and those above it, with the mode that the user gives to folders.
pub(crate) fn make_usual_folder(folder: &Path) -> io::Result<()> {
    make_durably(folder, &fs::DirBuilder::new())
}

/// Fails where the system would not let us make something in `folder`, as far as it says so beforehand.
#[cfg(unix)]
pub(crate) fn may_make_in(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    if !fs::metadata(folder)?.is_dir() {
        return Err(rustix::io::Errno::NOTDIR.into());
    }
    let access = Access::WRITE_OK | Access::EXEC_OK;
    Ok(accessat(CWD, folder, access, AtFlags::EACCESS)?)
}

/// Windows says so when something is made, and not before.
#[cfg(not(unix))]
pub(crate) fn may_make_in(folder: &Path) -> io::Result<()> {
    if fs::metadata(folder)?.is_dir() {
        return Ok(());
    }
    Err(io::ErrorKind::NotADirectory.into())
}

/// Returns what the system says where something else has the name of a folder that is to be made.
pub(crate) fn taken() -> io::Error {
    #[cfg(unix)]
    let taken = rustix::io::Errno::EXIST.into();
    #[cfg(not(unix))]
    let taken = io::ErrorKind::AlreadyExists.into();
    taken
}

/// Returns what the system says where nothing can be made, since the kernel itself shows what is there.
pub(crate) fn nowhere() -> io::Error {
    #[cfg(unix)]
    let nowhere = rustix::io::Errno::NOENT.into();
    #[cfg(not(unix))]
    let nowhere = io::ErrorKind::NotFound.into();
    nowhere
}

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

/// Creates a folder, and those above it: each by `builder`, and on the disk in the folder that holds it.
fn make_durably(folder: &Path, builder: &fs::DirBuilder) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let above = folder.ancestors().skip(1).take_while(is_missing);
    let missing: Vec<&Path> = iter::once(folder).chain(above).collect();
    for folder in missing.into_iter().rev() {
        match builder.create(folder) {
            // By another process, just now.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            made => made?,
        }
        sync_folder(folder_of(folder))?;
    }
    Ok(())
}

/// Waits until the disk has what is in `file`, which must be open to be written: Windows flushes no other.
pub(crate) fn sync(file: &fs::File) -> io::Result<()> {
    match file.sync_all() {
        // There it asks the drive to empty its cache (`F_FULLFSYNC`), which volumes of SMB, NFS and exFAT cannot be asked.
        // SQLite does then what every other system does, and so is it here.
        #[cfg(target_vendor = "apple")]
        Err(error) if is_unsupported(&error) => Ok(rustix::fs::fsync(file)?),
        synced => synced,
    }
}

/// Waits until the disk has the names in a folder, where a folder can be synced: Windows has nothing of the kind, and some
/// file systems refuse it.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    match fs::File::open(folder) {
        Ok(folder) => match sync(&folder) {
            Err(error) if is_unsupported(&error) => Ok(()),
            synced => synced,
        },
        // A folder in which one may make files, and not look: then all that the system has not written is.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            rustix::fs::sync();
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::metadata(folder).map(drop)
}

/// Reports whether `error` can be that somebody has the file at `place` open, or the one that is to replace it, for which
/// Windows has no error of its own.
#[cfg(windows)]
fn may_be_open(place: &Path, error: &io::Error) -> bool {
    const ERROR_ACCESS_DENIED: i32 = 5;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    let is_read_only = |found: fs::Metadata| found.permissions().readonly();
    matches!(
        error.raw_os_error(),
        Some(ERROR_ACCESS_DENIED | ERROR_SHARING_VIOLATION)
    ) && !fs::metadata(place).is_ok_and(is_read_only)
}

#[cfg(not(windows))]
fn may_be_open(_: &Path, _: &io::Error) -> bool {
    false
}

/// Waits until the disk has the name that `file` was given.
fn sync_name(path: &Path, file: &fs::File) -> io::Result<()> {
    if cfg!(unix) {
        sync_folder(folder_of(path))
    } else {
        // Flushing a file, NTFS writes its log, where the name is.
        sync(file)
    }
}

/// Reports whether what was to be synced is of a kind that cannot be, which is no fault of the disk.
#[cfg(unix)]
fn is_unsupported(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let unsupported = [
        Errno::BADF,
        Errno::INVAL,
        Errno::NOSYS,
        Errno::NOTSUP,
        Errno::NOTTY,
        Errno::OPNOTSUPP,
    ];
    Errno::from_io_error(error).is_some_and(|error| unsupported.contains(&error))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) => Path::new("."),
        None => path,
    }
}

#[cfg(test)]
mod tests;
