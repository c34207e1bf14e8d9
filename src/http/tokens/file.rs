//! Reads a file of tokens, and takes nothing else for one.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use crate::disk::{NotOurs, open_own};

/// More bytes than any file of tokens has.
const LONGEST: u64 = 1024 * 1024;

/// Why a file of tokens is not used.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Others could have read it.
    Open,
    /// It is none that we made. The text reads on after its path: "it is a link".
    Unfit(&'static str),
    /// The system refused.
    System(io::Error),
}

/// Returns what the file at `path` holds; `None` if there is none. It never waits, whatever lies there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Refusal> {
    let file = match open_own(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let not_ours = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<NotOurs>());
            return Err(match not_ours {
                Some(reason) => Refusal::Unfit(reason.what()),
                None => Refusal::System(error),
            });
        }
    };
    if is_open_to_others(&file.metadata().map_err(Refusal::System)?) {
        return Err(Refusal::Open);
    }
    let mut content = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut content)
        .map_err(Refusal::System)?;
    if content.len() as u64 > LONGEST {
        return Err(Refusal::Unfit("it is longer than any file of tokens"));
    }
    Ok(Some(content))
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
