//! Tasks to files and back: what is kept, what is said to be lost, and what is refused.

mod again;
mod care;
mod cases;
mod circles;
mod faults;
mod files;
mod foreign;
mod others;
mod round_trip;
mod rounds;
mod update;
mod update_between;
mod update_lines;
mod update_references;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use serde_json::Value;
use taskhold::store::{Access, Store};
use tempfile::TempDir;

use crate::support::Home;

/// A home in UTC, and a folder for files.
struct Place {
    home: Home,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            home: Home::new(),
            folder: TempDir::new().unwrap(),
        }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self
            .home
            .command(arguments)
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that has seen enough closes its end.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    /// Runs what must succeed, and returns what it printed and what it said.
    fn done(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments, b"");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        (String::from_utf8(output.stdout).unwrap(), said)
    }

    /// Runs what must fail, and returns what it said.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, b"");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        said
    }

    /// Returns every task as our own format has it, without the first line.
    fn tasks(&self) -> Vec<Value> {
        let (lines, _) = self.done(&["export"]);
        lines
            .lines()
            .skip(1)
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn store(&self) -> Store {
        Store::open(&self.home.database(), Access::Write).unwrap()
    }
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/exchange");
    folder.join(name).to_str().unwrap().to_owned()
}

/// Returns those fields of `task` that `expected` has.
fn part(task: &Value, expected: &Value) -> Value {
    let fields = expected.as_object().unwrap().keys();
    fields
        .map(|name| (name.clone(), task[name].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
