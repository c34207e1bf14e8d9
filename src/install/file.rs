//! Reading and replacing a file that is someone else's.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::Trouble;

/// Why a host's configuration was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Its text cannot be edited.
    #[error("{} was left as it is: {trouble}", path.display())]
    Trouble {
        /// The file.
        path: PathBuf,
        /// Why not.
        trouble: Trouble,
    },
    /// It is not text.
    #[error("{} was left as it is: it is not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// An infinitive.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A path that a configuration, which is text, cannot hold.
    #[error("{} is not Unicode text, so no host can be told of it", path.display())]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// Someone wrote to it between reading and replacing.
    #[error("{} was changed by another program just now; nothing was written, run it again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
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

/// Replaces the file, which said `before`, with `after` at once or not at all, and returns the backup made first;
/// `None` if there was no file. `stamp` goes into the backup's name.
///
/// A link is followed; permissions stay. A new file is its owner's alone, since hosts keep keys in such files.
pub fn replace(
    path: &Path,
    before: Option<&str>,
    after: &str,
    stamp: &str,
) -> Result<Option<PathBuf>, Refusal> {
    let target = match before {
        Some(_) => fs::canonicalize(path).map_err(Refusal::io("find", path))?,
        None => path.to_owned(),
    };
    let folder = target.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(Refusal::io("make the folder of", path))?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut new = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .tempfile_in(folder)
        .map_err(Refusal::io("write beside", path))?;
    new.write_all(after.as_bytes())
        .map_err(Refusal::io("write beside", path))?;
    let backup = match before {
        None => None,
        Some(before) => {
            let permissions = fs::metadata(&target)
                .map_err(Refusal::io("read", path))?
                .permissions();
            new.as_file()
                .set_permissions(permissions)
                .map_err(Refusal::io("write beside", path))?;
            Some(back_up(&target, before, stamp)?)
        }
    };
    new.as_file()
        .sync_all()
        .map_err(Refusal::io("write beside", path))?;
    // The host may write too; the window that is left is as small as it can be made without a lock it knows of.
    if read(path)?.as_deref() != before {
        return Err(Refusal::Changed {
            path: path.to_owned(),
        });
    }
    new.persist(&target)
        .map_err(|error| Refusal::io("replace", path)(error.error))?;
    sync_folder(folder);
    Ok(backup)
}

/// Writes what the file said into a new file beside it, with the same permissions.
fn back_up(target: &Path, before: &str, stamp: &str) -> Result<PathBuf, Refusal> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut number = 1;
    loop {
        let suffix = if number == 1 {
            String::new()
        } else {
            format!("-{number}")
        };
        let backup = target.with_file_name(format!("{name}.{stamp}{suffix}.bak"));
        match fs::File::create_new(&backup) {
            Ok(mut file) => {
                // Before the content: it may hold keys.
                fs::metadata(target)
                    .and_then(|metadata| file.set_permissions(metadata.permissions()))
                    .and_then(|()| file.write_all(before.as_bytes()))
                    .and_then(|()| file.sync_all())
                    .map_err(Refusal::io("write the backup", &backup))?;
                return Ok(backup);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => {
                number += 1;
            }
            Err(error) => return Err(Refusal::io("write the backup", &backup)(error)),
        }
    }
}

/// Makes the new name survive a power cut, where a folder can be asked to.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}
