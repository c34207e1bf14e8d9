//! The path by which hosts start this program.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use super::Refusal;
use crate::disk::{canonicalize, plain_path};

/// Returns the absolute path by which hosts start this program: the one in the shell's search path if that leads here,
/// since it stays when a package manager puts the next version elsewhere; else where the program is.
pub fn program() -> Result<String, Refusal> {
    let here = env::current_exe().map_err(Refusal::io("find", Path::new("taskhold")))?;
    let lasting = lasting(&here, env::var_os("PATH").as_deref()).unwrap_or(here);
    path_text(&plain_path(&lasting))
}

/// Returns what to type in a shell to call this program: its name, if that is what the search path leads to, else its
/// absolute path.
pub fn called() -> String {
    let name = env::current_exe()
        .ok()
        .filter(|here| is_first(here, env::var_os("PATH").as_deref()))
        .and_then(|here| here.file_name()?.to_str().map(str::to_owned));
    name.or_else(|| program().ok())
        .unwrap_or_else(|| "taskhold".to_owned())
}

/// Returns the path as the text a configuration can hold.
pub fn path_text(path: &Path) -> Result<String, Refusal> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Refusal::Path {
            path: path.to_owned(),
        })
}

fn lasting(here: &Path, search: Option<&OsStr>) -> Option<PathBuf> {
    let (name, real) = (here.file_name()?, canonicalize(here).ok()?);
    env::split_paths(search?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| canonicalize(path).is_ok_and(|path| path == real))
}

fn is_first(here: &Path, search: Option<&OsStr>) -> bool {
    let (Some(name), Ok(real), Some(search)) = (here.file_name(), canonicalize(here), search)
    else {
        return false;
    };
    env::split_paths(search)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .and_then(|path| canonicalize(&path).ok())
        .is_some_and(|path| path == real)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_link_in_the_search_path_is_taken_if_it_leads_here() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            path
        };
        let (cellar, links, others) = (place("1.0"), place("bin"), place("other"));
        let here = cellar.join("taskhold");
        fs::write(&here, "").unwrap();
        fs::write(others.join("taskhold"), "").unwrap();
        std::os::unix::fs::symlink(&here, links.join("taskhold")).unwrap();
        let search = |folders: &[&Path]| lasting(&here, Some(&env::join_paths(folders).unwrap()));
        assert_eq!(
            search(&[&others, Path::new("relative"), &links]),
            Some(links.join("taskhold"))
        );
        assert_eq!(search(&[&others]), None);
        assert_eq!(lasting(&here, None), None);
        let first = |folders: &[&Path]| is_first(&here, Some(&env::join_paths(folders).unwrap()));
        assert!(first(&[&links, &others]) && first(&[Path::new("nowhere"), &cellar]));
        // The name alone would call another.
        assert!(!first(&[&others, &links]) && !first(&[]) && !is_first(&here, None));
    }
}
