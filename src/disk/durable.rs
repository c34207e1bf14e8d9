//! Writes files so that they survive a power cut.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::private::private_options;

/// Puts a file of ours in the place of `path`, whole or not at all; only its owner can read it.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    // What a crash left behind may have any mode.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private_options().create_new(true).open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&new, path)
}
