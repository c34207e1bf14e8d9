//! The Unix socket: its place in the file system, taken without touching what is another's, and given back.
//!
//! # Invariants
//!
//! - What lies at the path is removed only if it is a socket that nobody listens on, or the very one bound here.
//! - Both happen under a lock that is held for as long as the place is. Without it, of two daemons that start together
//!   the second would find nobody listening yet, and take away the socket that the first is about to listen on.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixStream};

use super::listen_error::ListenError;
use crate::disk::{Lock, discard, make_folder, try_lock};

/// A socket that is listened on.
#[derive(Debug)]
pub(super) struct Socket {
    listener: UnixListener,
    /// `None` where another program made it, which takes it away too.
    _place: Option<PathClaim>,
}

/// In whose folder a socket is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// In one that is there for the socket alone, and which nobody else may enter.
    Own,
    /// In the one the user has named, in which nobody else may put anything.
    Given,
}

/// The right to a path.
#[derive(Debug)]
struct PathClaim {
    path: PathBuf,
    /// What was bound: device and number.
    id: (u64, u64),
    _lock: Lock,
}

impl Drop for PathClaim {
    fn drop(&mut self) {
        if id(&self.path).is_ok_and(|found| found == self.id) {
            let _ = discard(&self.path);
        }
    }
}

fn id(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

impl Socket {
    /// Listens at `path`, where only its owner can connect. A socket that a killed daemon left behind is replaced.
    pub(super) async fn open(path: &Path, folder: Folder) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Socket {
            path: path.to_owned(),
            source,
        };
        if let Some(parent) = path.parent() {
            make_folder(parent).map_err(failed)?;
            check_folder(parent, folder)?;
        }
        // Before the lock too: beside a file of another kind none is made.
        is_there(path)?;
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock = try_lock(Path::new(&lock_path)).map_err(failed)?;
        let lock = lock.ok_or_else(|| taken(path))?;
        if is_there(path)? {
            match UnixStream::connect(path).await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    discard(path).map_err(failed)?;
                }
                // One that has too much to do to answer lives.
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Err(failed(error));
                }
                _ => return Err(taken(path)),
            }
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        let place = PathClaim {
            path: path.to_owned(),
            id: id(path).map_err(failed)?,
            _lock: lock,
        };
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self {
            listener,
            _place: Some(place),
        })
    }

    /// Listens on a socket that another program has opened for us.
    pub(super) fn inherited(listener: UnixListener) -> Self {
        Self {
            listener,
            _place: None,
        }
    }

    /// Waits for the next client. One that is another user is sent away.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        let ours = rustix::process::geteuid().as_raw();
        loop {
            let (stream, _) = self.listener.accept().await?;
            if stream.peer_cred()?.uid() == ours {
                return Ok(stream);
            }
        }
    }

    /// Returns its path; `None` if it has none that a client could name.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let address = self.listener.local_addr().ok()?;
        address.as_pathname().map(ToOwned::to_owned)
    }
}

fn taken(path: &Path) -> ListenError {
    ListenError::Taken {
        path: path.to_owned(),
    }
}

/// Reports whether a socket lies at `path`. Whatever else lies there is not ours to replace.
fn is_there(path: &Path) -> Result<bool, ListenError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => Ok(true),
        Ok(_) => Err(ListenError::NoSocket {
            path: path.to_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(ListenError::Socket {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Refuses a folder in which another user could put a socket in the place of ours, and be taken for us.
fn check_folder(folder: &Path, whose: Folder) -> Result<(), ListenError> {
    const OTHERS: u32 = 0o077;
    const OTHERS_WRITE: u32 = 0o022;
    /// Only the owner of what is in it can take that away, as in `/tmp`.
    const STICKY: u32 = 0o1000;
    let refused = |reason| ListenError::Folder {
        folder: folder.to_owned(),
        reason,
    };
    let user = rustix::process::geteuid().as_raw();
    let found = match whose {
        Folder::Own => fs::symlink_metadata(folder),
        Folder::Given => fs::metadata(folder),
    };
    let found = found.map_err(|source| ListenError::Socket {
        path: folder.to_owned(),
        source,
    })?;
    let mode = found.mode();
    let is_open = match whose {
        Folder::Own => mode & OTHERS != 0,
        Folder::Given => mode & OTHERS_WRITE != 0 && mode & STICKY == 0,
    };
    // root can replace anything anyway.
    let is_foreign = found.uid() != user && (whose == Folder::Own || found.uid() != 0);
    if !found.is_dir() {
        Err(refused("is no folder; move it away"))
    } else if is_foreign {
        Err(refused(
            "belongs to another user, who could put a socket in the place of yours; remove it",
        ))
    } else if is_open {
        Err(refused(
            "is open to other users, who could put a socket in the place of yours; close it with chmod 700",
        ))
    } else {
        Ok(())
    }
}
