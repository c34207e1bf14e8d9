//! The user's editor: `VISUAL`, else `EDITOR`, else the one that every system has.
//!
//! On Unix a shell reads what the variables say. On Windows it is read here: Windows itself finds programs that end with `.exe`
//! alone, and the commands of Visual Studio Code and many others are scripts, so that `code --wait` means `code.cmd`.

#[cfg(any(not(unix), test))]
use std::path::PathBuf;
use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
    process::Command,
};

use crate::cli::{CliResult, Failure};

/// Opens the file in the user's editor and waits for it.
pub(super) fn open(path: &Path) -> CliResult {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
    let editor = variable("VISUAL")
        .or_else(|| variable("EDITOR"))
        .unwrap_or_else(|| OsString::from(if cfg!(windows) { "notepad" } else { "vi" }));
    let name = editor.to_string_lossy().into_owned();
    let failed = |reason: String| {
        Failure::input(format!("the editor {name} {reason}")).with_hint(
            "set VISUAL or EDITOR to another; taskhold edit ID --text and --from go without one",
        )
    };
    let status = command(&editor, path)
        .status()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(format!("ended with {status}")))
    }
}

/// The variables hold a command with arguments and quotes, which is a shell's to read.
#[cfg(unix)]
fn command(editor: &OsStr, path: &Path) -> Command {
    let mut line = editor.to_owned();
    line.push(" \"$@\"");
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).arg("sh").arg(path);
    command
}

#[cfg(not(unix))]
fn command(editor: &OsStr, path: &Path) -> Command {
    let endings = env::var("PATHEXT").unwrap_or_else(|_| ENDINGS.to_owned());
    let folders: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    let (program, arguments) = program(editor, &folders, &endings);
    let mut command = Command::new(program);
    command.args(arguments).arg(path);
    command
}

/// Endings of programs, where the variable `PATHEXT` does not list them.
#[cfg(any(not(unix), test))]
const ENDINGS: &str = ".COM;.EXE;.BAT;.CMD";

/// Returns the program and the arguments that `line` names, searched in `folders` with `endings`. A program that is not found is
/// returned as it was written, so that starting it says so.
#[cfg(any(not(unix), test))]
fn program(line: &OsStr, folders: &[PathBuf], endings: &str) -> (PathBuf, Vec<String>) {
    // A path with blanks that nobody put into quotes.
    if let Some(program) = found(Path::new(line), folders, endings) {
        return (program, Vec::new());
    }
    let mut words = words(&line.to_string_lossy()).into_iter();
    let name = PathBuf::from(words.next().unwrap_or_default());
    let program = found(&name, folders, endings).unwrap_or(name);
    (program, words.collect())
}

/// Splits a command at its blanks. Quotes keep a word together, and a backslash is a letter like any other.
#[cfg(any(not(unix), test))]
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None, false);
    for c in line.chars() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_with(String::new);
            }
            c if c.is_whitespace() && !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_with(String::new).push(c),
        }
    }
    words.extend(word);
    words
}

/// Returns the file that `name` means as a program: as it is written if it has an ending, else with the first of `endings` that
/// is there; in its own folder if it names one, else in the first of `folders`.
#[cfg(any(not(unix), test))]
fn found(name: &Path, folders: &[PathBuf], endings: &str) -> Option<PathBuf> {
    if name.as_os_str().is_empty() {
        return None;
    }
    let has_folder = name
        .parent()
        .is_some_and(|folder| !folder.as_os_str().is_empty());
    let places: Vec<PathBuf> = if has_folder {
        vec![name.to_owned()]
    } else {
        folders.iter().map(|folder| folder.join(name)).collect()
    };
    let with = |place: &Path, ending: &str| {
        let mut path = OsString::from(place);
        path.push(ending);
        PathBuf::from(path)
    };
    places.iter().find_map(|place| {
        let itself = place.extension().is_some().then(|| place.clone());
        let others = endings.split(';').filter(|ending| !ending.is_empty());
        // As files are called most often; on a disk that tells letters apart, one name is as good as another.
        let others = others.flat_map(|ending| [ending.to_lowercase(), ending.to_owned()]);
        let mut all = itself
            .into_iter()
            .chain(others.map(|ending| with(place, &ending)));
        all.find(|path| path.is_file())
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A folder with programs in it, and another that comes later in the search.
    fn programs() -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("bin one"), folder.path().join("two"));
        for path in [&first, &second] {
            fs::create_dir(path).unwrap();
        }
        for file in [
            first.join("code"),
            first.join("code.cmd"),
            first.join("my editor.exe"),
            second.join("code.exe"),
            second.join("vim.exe"),
        ] {
            fs::write(file, "").unwrap();
        }
        (folder, vec![first, second])
    }

    #[test]
    fn a_script_is_found_where_the_search_path_has_it_first() {
        let (_folder, folders) = programs();
        let command = |line: &str| program(OsStr::new(line), &folders, ENDINGS);
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let code = folders[0].join("code.cmd");
        assert_eq!(command("code --wait"), (code.clone(), words(&["--wait"])));
        assert_eq!(command("code"), (code.clone(), vec![]));
        assert_eq!(command("code.cmd"), (code, vec![]));
        assert_eq!(
            command("vim -c \"set tw=0\""),
            (folders[1].join("vim.exe"), words(&["-c", "set tw=0"]))
        );
        // What is not there is started as it is written, which says that it is not there.
        assert_eq!(
            command("nowhere -w"),
            (PathBuf::from("nowhere"), words(&["-w"]))
        );
        assert_eq!(command(""), (PathBuf::new(), vec![]));
    }

    #[test]
    fn a_path_with_blanks_is_taken_with_quotes_and_without() {
        let (_folder, folders) = programs();
        let editor = folders[0].join("my editor.exe");
        let bare = editor.with_extension("");
        for (line, arguments) in [
            (format!("\"{}\" --wait", editor.display()), vec!["--wait"]),
            (format!("\"{}\" -a -b", bare.display()), vec!["-a", "-b"]),
            (editor.display().to_string(), vec![]),
            (bare.display().to_string(), vec![]),
        ] {
            let (program, given) = program(OsStr::new(&line), &[], ENDINGS);
            assert_eq!(
                (program, given),
                (
                    editor.clone(),
                    arguments.iter().map(ToString::to_string).collect()
                ),
                "{line}"
            );
        }
    }

    #[test]
    fn words_keep_their_backslashes() {
        assert_eq!(
            words(r#"C:\ed.exe  /x "C:\my files\" "" a"b c"d"#),
            [r"C:\ed.exe", "/x", r"C:\my files\", "", "ab cd"]
        );
        assert_eq!(words("  "), Vec::<String>::new());
    }
}
