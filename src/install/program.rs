//! The path by which hosts start this program.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use super::Refusal;
use crate::{
    disk::{canonicalize, plain_path, shell_word},
    home::downloads,
};

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

/// Reports whether a path leads to this program, whatever its file is called.
pub(super) fn leads_here(path: &str) -> bool {
    let path = Path::new(path);
    let real = |path: &Path| canonicalize(path).ok();
    let here = || real(&env::current_exe().ok()?);
    path.is_absolute() && real(path).is_some_and(|there| here() == Some(there))
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
    let leads_here = |path: &PathBuf| canonicalize(path).is_ok_and(|path| path == real);
    let mut found = env::split_paths(search.unwrap_or_default())
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name));
    found
        .find(leads_here)
        .or_else(|| linked_by_homebrew(&real).filter(leads_here))
}

/// Returns where Homebrew links a program that is in `PREFIX/Cellar/NAME/VERSION/bin`: in `PREFIX/bin`, which need not be in the
/// search path. `None` for a program elsewhere.
fn linked_by_homebrew(real: &Path) -> Option<PathBuf> {
    let cellar = real.ancestors().nth(4)?;
    let prefix = (cellar.file_name()? == "Cellar").then(|| cellar.parent())??;
    Some(prefix.join("bin").join(real.file_name()?))
}

/// Returns a sentence that says so, with the way out, if the program lies where it may be swept away: in a cache of programs that
/// were fetched to be run once, among downloads, or among temporary files. `None` for a program that stays where it is.
pub fn warning(program: &Path) -> Option<String> {
    let (place, way_out) = if let Some((owner, command)) = cache(program) {
        let way_out = format!("install it so that it stays, then repeat this: {command}");
        (format!("the cache of {owner}"), way_out)
    } else {
        let mut temporary = vec![env::temp_dir()];
        if cfg!(unix) {
            temporary.extend(["/tmp", "/var/tmp"].map(PathBuf::from));
        }
        let place = swept(program, &downloads(), &temporary)?;
        let way_out = if cfg!(windows) {
            r"move it to a folder that stays, such as %LOCALAPPDATA%\Programs\taskhold, then repeat this from there"
                .to_owned()
        } else {
            format!(
                "move it to a folder that stays, then repeat this from there: mkdir -p ~/.local/bin && mv {} ~/.local/bin/",
                shell_word(program.display())
            )
        };
        (place.to_owned(), way_out)
    };
    let program = program.display();
    Some(format!(
        "{program} is in {place}, and once that is emptied nothing can start it; {way_out}"
    ))
}

/// Returns who keeps the cache that a program lies in, and the command that installs the program so that it stays.
fn cache(program: &Path) -> Option<(&'static str, &'static str)> {
    let names: Vec<&str> = program.iter().filter_map(OsStr::to_str).collect();
    // In `uv/tools` are those that uv keeps.
    let is_of_uv = |inner: &str| {
        inner == "cache" || inner.starts_with("archive-v") || inner.starts_with("environments-v")
    };
    if names.contains(&"_npx") {
        Some(("npx", "npm install --global taskhold"))
    } else if names
        .windows(2)
        .any(|pair| pair[0] == "uv" && is_of_uv(pair[1]))
    {
        Some(("uv", "uv tool install taskhold"))
    } else if names.windows(2).any(|pair| pair == [".cache", "pipx"]) {
        Some(("pipx", "pipx install taskhold"))
    } else {
        None
    }
}

/// Returns what the folder is that a program lies in, if people or the system sweep it out.
fn swept(program: &Path, downloads: &[PathBuf], temporary: &[PathBuf]) -> Option<&'static str> {
    let real = canonicalize(program).ok();
    let is_in = |folder: &PathBuf| {
        // On macOS a link leads to temporary folders.
        let real = real.as_ref().zip(canonicalize(folder).ok());
        program.starts_with(folder)
            || real.is_some_and(|(program, folder)| program.starts_with(folder))
    };
    if downloads.iter().any(is_in) {
        Some("a folder of downloads")
    } else if temporary.iter().any(is_in) {
        Some("a folder of temporary files")
    } else {
        None
    }
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
    use std::{fs, slice};

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

    #[test]
    fn the_link_of_homebrew_is_taken_where_it_is_not_in_the_search_path() {
        let prefix = tempfile::tempdir().unwrap();
        // As the system writes it: on macOS a link leads to temporary folders.
        let prefix = canonicalize(prefix.path()).unwrap();
        let cellar = prefix.join("Cellar/taskhold/1.0/bin");
        fs::create_dir_all(&cellar).unwrap();
        let here = cellar.join("taskhold");
        fs::write(&here, "").unwrap();
        assert_eq!(lasting(&here, None), None);
        let link = prefix.join("bin/taskhold");
        fs::create_dir(prefix.join("bin")).unwrap();
        fs::write(&link, "another").unwrap();
        assert_eq!(lasting(&here, None), None);
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&here, &link).unwrap();
        assert_eq!(lasting(&here, None), Some(link));
    }

    #[test]
    fn a_program_in_a_cache_is_known_as_one_that_may_go() {
        let cases = [
            (
                ".npm/_npx/0123/node_modules/taskhold-linux-x64/bin",
                Some("npx"),
            ),
            (".cache/uv/archive-v0/Ab-1/bin", Some("uv")),
            (".cache/uv/environments-v2/taskhold-1/bin", Some("uv")),
            (".cache/pipx/0123/bin", Some("pipx")),
            (".local/share/uv/tools/taskhold/bin", None),
            (".local/share/pipx/venvs/taskhold/bin", None),
            ("lib/node_modules/taskhold-linux-x64/bin", None),
            (".cargo/bin", None),
        ];
        for (folder, owner) in cases {
            let program = Path::new("/home/me").join(folder).join("taskhold");
            let found = cache(&program).map(|(owner, _)| owner);
            assert_eq!(found, owner, "{folder}");
        }
    }

    #[test]
    fn a_program_among_downloads_or_temporary_files_is_known_as_one_that_may_go() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        let (downloads, temporary, stays) = (place("Downloads"), place("tmp"), place("bin"));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&temporary, &link).unwrap();
        let found = |folder: &Path| {
            let program = folder.join("taskhold");
            fs::write(&program, "").unwrap();
            swept(
                &program,
                slice::from_ref(&downloads),
                slice::from_ref(&link),
            )
        };
        assert_eq!(found(&place("Downloads/a")), Some("a folder of downloads"));
        for folder in [&link, &temporary] {
            assert_eq!(found(folder), Some("a folder of temporary files"));
        }
        assert_eq!(found(&stays), None);
        assert_eq!(found(&place("Downloads of mine")), None);
    }
}
