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

use super::private::{NotOurs, open_own, private_options, try_to_lock};

/// How much of a file's name is in that of the new one, which must not become longer than the system allows.
const RECOGNISABLE: usize = 40;
/// What is in the name of a new file after that, so that it is taken for no file of somebody else.
const OURS: &str = "taskhold-new";
/// How many letters are drawn for the end of the name.
const DRAWN: usize = 6;
/// How old a new file is, at least, that was left behind by a process that was killed: one that was just made may not have
/// been locked yet.
const LEFT_BEHIND: Duration = Duration::from_mins(1);

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
    /// Takes the place of the file that has the name, if there is one.
    pub(crate) fn replace(self) -> io::Result<()> {
        let NewFile { file, place } = self.0;
        let file = file.persist(&place).map_err(|refused| {
            if place.is_dir() {
                NotOurs::NoFile.into()
            } else {
                refused.error
            }
        })?;
        sync_name(&place, &file)
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
mod tests {
    use super::*;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_stays_and_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        fs::create_dir(&place).unwrap();
        let refused = replace_private(&place, b"new").unwrap_err().to_string();
        assert!(refused.contains("it is no regular file"), "{refused}");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_by_the_next_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("tasks.jsonl");
        let make = |name: &str| {
            let path = folder.path().join(name);
            let file = fs::File::create(&path).unwrap();
            let long_ago = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
            file.set_modified(long_ago).unwrap();
            path
        };
        let left = make(".tasks.jsonl.taskhold-new-a1b2c3");
        let others = [
            ".tasks.jsonl.taskhold-new-a1b2c3d",
            ".tasks.jsonl.backup",
            ".other.jsonl.taskhold-new-a1b2c3",
        ]
        .map(make);
        let young = folder.path().join(".tasks.jsonl.taskhold-new-young1");
        fs::write(&young, "").unwrap();
        // One that is being written, however long that takes.
        let alive = NewFile::private(&place).unwrap();
        let long_ago = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
        alive.file.as_file().set_modified(long_ago).unwrap();
        let kept = NewFile::private(&place).unwrap();
        assert!(!left.exists());
        assert!(young.exists() && alive.path().exists() && kept.path().exists());
        for other in others {
            assert!(other.exists(), "{}", other.display());
        }
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        fs::write(&place, "old").unwrap();
        let ways: [fn(&Path) -> io::Result<NewFile>; 3] =
            [NewFile::private, NewFile::readable, |place| {
                NewFile::private_with_ending(place, ".new")
            }];
        for begin in ways {
            let mut new = begin(&place).unwrap();
            new.write_all(b"half").unwrap();
            assert_eq!(names(folder.path()).len(), 2);
            drop(new);
            assert_eq!(names(folder.path()), ["a"]);
        }
        assert_eq!(fs::read_to_string(&place).unwrap(), "old");
    }

    #[test]
    fn a_file_appears_only_where_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        let new = || {
            let mut new = NewFile::private(&place).unwrap();
            new.write_all(b"new").unwrap();
            new.sync().unwrap()
        };
        new().appear().unwrap();
        fs::write(&place, "theirs").unwrap();
        let refusal = new().appear().unwrap_err();
        assert_eq!(refusal.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&place).unwrap(), "theirs");
        new().replace().unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "new");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_name_that_is_as_long_as_the_system_allows_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("n".repeat(255));
        replace_readable(&place, b"x").unwrap();
        assert!(place.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_has_its_mode_before_it_has_content() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        assert_eq!(mode(NewFile::private(&place).unwrap().path()), 0o600);
        let new = NewFile::private_with_ending(&place, ".new").unwrap();
        assert_eq!(mode(new.path()), 0o600);
        // The test may run with any umask, which only takes away.
        let new = NewFile::readable(&place).unwrap();
        assert_eq!(mode(new.path()) & !0o644, 0);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_crash_or_another_left_under_the_name_of_the_new_file_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (place, other) = (folder.path().join("a"), folder.path().join("other"));
        fs::write(&other, "theirs").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join("a.new")).unwrap();
        replace_private(&place, b"ours").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
        assert_eq!(fs::read_to_string(&place).unwrap(), "ours");
        assert!(!place.is_symlink());
    }

    #[test]
    fn folders_are_made_where_there_are_none_and_a_file_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        make_usual_folder(&deep).unwrap();
        make_usual_folder(&deep).unwrap();
        assert!(deep.is_dir());
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(make_usual_folder(&file).is_err());
        assert!(make_usual_folder(&file.join("under")).is_err());
        assert!(remove(&file).is_ok() && remove(&file).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_synced_is_told_from_a_disk_that_fails() {
        use rustix::io::Errno;
        for unsupported in [Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOTTY] {
            assert!(is_unsupported(&unsupported.into()), "{unsupported}");
        }
        for fault in [Errno::IO, Errno::NOSPC, Errno::DQUOT, Errno::ROFS] {
            assert!(!is_unsupported(&fault.into()), "{fault}");
        }
        assert!(!is_unsupported(&io::Error::other("no number")));
    }

    /// As a drop box is: the system lets nobody sync what they may not look at.
    #[cfg(unix)]
    #[test]
    fn a_file_can_be_put_in_a_folder_that_may_not_be_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let closed = folder.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o300)).unwrap();
        replace_readable(&closed.join("a"), b"x").unwrap();
        assert_eq!(fs::read_to_string(closed.join("a")).unwrap(), "x");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    }
}
