//! Reading and replacing a file that is someone else's.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use chrono::NaiveDateTime;

use super::{Location, Trouble, backup};
use crate::disk::{
    NewFile, SyncedFile, canonicalize, make_usual_folder, remove, remove_empty_folder, shell_word,
};

/// Why a host's configuration was left as it is.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message names what its fields hold")]
pub enum Refusal {
    /// Its text cannot be edited.
    #[error("{} was left as it is: {trouble}", path.display())]
    Trouble { path: PathBuf, trouble: Trouble },
    /// It is not text.
    #[error("{} was left as it is: it is not UTF-8 text", path.display())]
    NotText { path: PathBuf },
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// An infinitive.
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// Somebody has protected it.
    #[error("{} is marked read-only, so it was left as it is; let it be changed first: {}", path.display(), writable(path))]
    ReadOnly { path: PathBuf },
    /// Some of several were refused.
    #[error("{}{}", joined(refused), done_too(done))]
    Several {
        /// What became of each.
        refused: Vec<Self>,
        /// The hosts of those that were not.
        done: Vec<&'static str>,
    },
    /// A path that a configuration, which is text, cannot hold.
    #[error("{} is not Unicode text, so no host can be told of it", path.display())]
    Path { path: PathBuf },
    /// Someone wrote to it between reading and replacing.
    #[error("{} was changed by another program just now; nothing was written, run it again", path.display())]
    Changed { path: PathBuf },
}

impl Refusal {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

/// Returns the command that lets the file be changed.
fn writable(path: &Path) -> String {
    let command = if cfg!(windows) {
        "attrib -r"
    } else {
        "chmod u+w"
    };
    format!("{command} {}", shell_word(path.display()))
}

fn joined(refused: &[Refusal]) -> String {
    let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
    refused.join("; ")
}

fn done_too(done: &[&str]) -> String {
    if done.is_empty() {
        String::new()
    } else {
        format!("; done: {}", done.join(", "))
    }
}

/// Returns the text of the file; `None` if there is none.
pub fn read(path: &Path) -> Result<Option<String>, Refusal> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        // A link that leads nowhere is no missing file: where it leads is not ours to make.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
            return Ok(None);
        }
        Err(error) => return Err(Refusal::io("read", path)(error)),
    };
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| Refusal::NotText {
            path: path.to_owned(),
        })
}

/// Refuses a file that is marked read-only: replacing it would not even notice.
pub fn must_be_writable(path: &Path) -> Result<(), Refusal> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.permissions().readonly() => Err(Refusal::ReadOnly {
            path: path.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Replaces the file, which said `before`, with `after` at once or not at all, and returns the backup made first;
/// `None` if there was no file. Without `after` it is deleted. `now` goes into the backup's name; `None` makes no backup, where
/// the file holds nothing of anybody else.
///
/// A link is followed; permissions stay. A new file is its owner's alone, since hosts keep keys in such files.
pub fn replace(
    path: &Path,
    before: Option<&str>,
    after: Option<&str>,
    now: Option<NaiveDateTime>,
) -> Result<Option<PathBuf>, Refusal> {
    must_be_writable(path)?;
    let target = match before {
        Some(_) => canonicalize(path).map_err(Refusal::io("find", path))?,
        None => path.to_owned(),
    };
    if let Some(folder) = target.parent() {
        make_usual_folder(folder).map_err(Refusal::io("make the folder of", path))?;
    }
    let new = after
        .map(|after| write_beside(&target, before.is_some(), after))
        .transpose()
        .map_err(Refusal::io("write beside", path))?;
    let backup = before
        .zip(now)
        .map(|(before, now)| backup::make(&target, before, now))
        .transpose()?;
    // The host may write too; the window that is left is as small as it can be made without a lock it knows of.
    if read(path)?.as_deref() != before {
        return Err(Refusal::Changed {
            path: path.to_owned(),
        });
    }
    match new {
        Some(new) => new.replace(),
        None => remove(&target),
    }
    .map_err(Refusal::io("replace", path))?;
    backup::forget_old(&target);
    Ok(backup)
}

/// Removes the folders of a file that is gone, up to the one by which its host is known to be there: an empty one would stand for
/// a host that never ran. One in which something else is stays.
pub fn remove_empty_folders(place: &Location) {
    let folders = place.file.ancestors().skip(1);
    for folder in folders.take_while(|folder| folder.starts_with(&place.sign)) {
        if !remove_empty_folder(folder).is_ok_and(|is_gone| is_gone) {
            return;
        }
    }
}

/// Writes a new file that will take the place of `target`, with its permissions if it is there.
fn write_beside(target: &Path, is_there: bool, text: &str) -> io::Result<SyncedFile> {
    let mut new = NewFile::private(target)?;
    new.write_all(text.as_bytes())?;
    if is_there {
        new.set_permissions(fs::metadata(target)?.permissions())?;
    }
    new.sync()
}
