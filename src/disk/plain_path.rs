//! Paths as people write them, SQLite opens them and other programs take them.
//!
//! Windows answers the question where a path leads with `\\?\C:\...` or `\\?\UNC\server\share\...`. Few programs take that, and
//! SQLite reads the question mark in a URI as its end.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Returns `path` absolute and with every link followed, as [`plain_path`] writes it.
pub(crate) fn canonicalize(path: &Path) -> io::Result<PathBuf> {
    dunce::canonicalize(path).map(|found| plain_path(&found))
}

/// Returns `path` as seen from the working directory, as [`plain_path`] writes it. No link is followed.
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path).map(|path| plain_path(&path))
}

/// Returns the same path without the `\\?\` of Windows, where it means the same without: not where a part of it is too long, has
/// a name that Windows reserves (`NUL`), or ends with a point.
#[cfg(not(windows))]
pub(crate) fn plain_path(path: &Path) -> PathBuf {
    path.to_owned()
}

#[cfg(windows)]
pub(crate) fn plain_path(path: &Path) -> PathBuf {
    share(path).unwrap_or_else(|| dunce::simplified(path).to_owned())
}

/// Returns `\\server\share\...` for `\\?\UNC\server\share\...`, as far as it means the same: what follows the share is judged as
/// below a drive.
#[cfg(windows)]
fn share(path: &Path) -> Option<PathBuf> {
    use std::path::{Component, Prefix};
    /// How long a path without `\\?\` may be, in UTF-16 units, with the zero at its end.
    const MAX_PATH: usize = 260;
    let Some(Component::Prefix(prefix)) = path.components().next() else {
        return None;
    };
    let Prefix::VerbatimUNC(server, share) = prefix.kind() else {
        return None;
    };
    let rest: PathBuf = path.components().skip(2).collect();
    let below_drive = Path::new(r"\\?\C:\").join(&rest);
    if dunce::simplified(&below_drive) == below_drive {
        return None;
    }
    let mut root = std::ffi::OsString::from(r"\\");
    root.push(server);
    root.push(r"\");
    root.push(share);
    root.push(r"\");
    let plain = PathBuf::from(root).join(rest);
    let units = std::os::windows::ffi::OsStrExt::encode_wide(plain.as_os_str()).count();
    (units < MAX_PATH).then_some(plain)
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn drives_and_shares_are_named_as_people_name_them() {
        for (path, plain) in [
            (r"\\?\C:\tasks\tasks.db", r"C:\tasks\tasks.db"),
            (r"\\?\UNC\nas\team\tasks.db", r"\\nas\team\tasks.db"),
            (r"\\?\UNC\nas\team\a b\ü.db", r"\\nas\team\a b\ü.db"),
            (r"\\?\UNC\nas\team", r"\\nas\team\"),
            (r"\\nas\team\tasks.db", r"\\nas\team\tasks.db"),
            (r"C:\tasks.db", r"C:\tasks.db"),
            (r"tasks.db", r"tasks.db"),
        ] {
            assert_eq!(plain_path(Path::new(path)), Path::new(plain), "{path}");
        }
    }

    #[test]
    fn a_path_that_would_mean_something_else_stays() {
        let long = format!(r"\\?\UNC\nas\team\{}", "a\\".repeat(130));
        for path in [r"\\?\UNC\nas\team\nul", r"\\?\UNC\nas\team\dot.", &long] {
            assert_eq!(plain_path(Path::new(path)), Path::new(path));
        }
    }

    #[test]
    fn what_a_path_leads_to_is_written_without_a_prefix() {
        let folder = tempfile::tempdir().unwrap();
        let found = canonicalize(folder.path()).unwrap();
        assert!(found.is_absolute() && !found.to_string_lossy().starts_with(r"\\?"));
    }
}
