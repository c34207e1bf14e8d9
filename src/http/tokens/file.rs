//! Reads a file of tokens, and takes nothing else for one: no link, no pipe, no file of another user.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

/// More bytes than any file of tokens has.
const LONGEST: u64 = 1024 * 1024;

/// Why a file of tokens is not used.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Others could have read it.
    Open,
    /// It is none that we made. The text follows its path: "is a link".
    Unfit(&'static str),
    /// The system refused.
    System(io::Error),
}

/// Returns what the file at `path` holds; `None` if there is none. It never waits, whatever lies there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Refusal> {
    match fs::symlink_metadata(path) {
        Ok(found) => refuse_unfit(&found)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Refusal::System(error)),
    }
    let file = open(path).map_err(Refusal::System)?;
    // What was opened counts: it may have been put there since.
    let found = file.metadata().map_err(Refusal::System)?;
    refuse_unfit(&found)?;
    if is_open_to_others(&found) {
        return Err(Refusal::Open);
    }
    let mut content = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut content)
        .map_err(Refusal::System)?;
    if content.len() as u64 > LONGEST {
        return Err(Refusal::Unfit("is longer than any file of tokens"));
    }
    Ok(Some(content))
}

fn refuse_unfit(found: &fs::Metadata) -> Result<(), Refusal> {
    unfit(found, our_user()).map_or(Ok(()), |what| Err(Refusal::Unfit(what)))
}

/// Returns what keeps a file from being one that `user` made; `None` if nothing does.
fn unfit(found: &fs::Metadata, user: u32) -> Option<&'static str> {
    if found.is_symlink() {
        return Some("is a link");
    }
    if found.is_dir() {
        return Some("is a folder");
    }
    if !found.is_file() {
        return Some("is no file but a pipe or a device");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if found.uid() != user {
            return Some("belongs to another user");
        }
        if found.nlink() != 1 {
            return Some("has a second name, by which it can be changed (a hard link)");
        }
    }
    #[cfg(not(unix))]
    let _ = user;
    None
}

#[cfg(unix)]
fn our_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// There are no numbers for users.
#[cfg(not(unix))]
fn our_user() -> u32 {
    0
}

/// Opens a file, follows no link, and does not wait for the other end of a pipe.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<fs::File> {
    fs::File::open(path)
}

#[cfg(unix)]
fn is_open_to_others(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.mode() & 0o077 != 0
}

/// On Windows what is in the user's profile is the user's alone.
#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_user_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "x").unwrap();
        let found = fs::metadata(&path).unwrap();
        assert_eq!(unfit(&found, our_user()), None);
        let refusal = unfit(&found, our_user() + 1);
        assert_eq!(refusal, Some("belongs to another user"));
    }
}
