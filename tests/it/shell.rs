//! The command line as people and scripts use it: at a terminal, in a pipe, as JSON.

use std::{
    io::Write as _,
    process::{Output, Stdio},
};

use chrono::Timelike as _;

use crate::support::Home;

mod asking;
mod changing;
mod editing;
mod following;
mod lists;
mod objects;
mod scripting;
mod tables;
mod terminal;
mod transcripts;
mod words;

/// What a command came to.
#[derive(Debug)]
struct Run {
    status: i32,
    printed: String,
    said: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            printed: String::from_utf8(output.stdout).unwrap(),
            said: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs a command line that finds `input` on standard input.
fn run_with(home: &Home, arguments: &[&str], input: &str) -> Run {
    let mut child = home
        .command(arguments)
        .env("TZ", noon_zone())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails early does not read what it is given.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}

fn run(home: &Home, arguments: &[&str]) -> Run {
    run_with(home, arguments, "")
}

/// Returns a time zone in which it is about noon, so that no day ends during a test. It is never UTC, whose instants are written
/// otherwise.
fn noon_zone() -> &'static str {
    // "Etc/GMT+3" is three hours behind Greenwich.
    const ZONES: [&str; 24] = [
        "Etc/GMT-12",
        "Etc/GMT-11",
        "Etc/GMT-10",
        "Etc/GMT-9",
        "Etc/GMT-8",
        "Etc/GMT-7",
        "Etc/GMT-6",
        "Etc/GMT-5",
        "Etc/GMT-4",
        "Etc/GMT-3",
        "Etc/GMT-2",
        "Etc/GMT-1",
        "Etc/GMT-1",
        "Etc/GMT+1",
        "Etc/GMT+2",
        "Etc/GMT+3",
        "Etc/GMT+4",
        "Etc/GMT+5",
        "Etc/GMT+6",
        "Etc/GMT+7",
        "Etc/GMT+8",
        "Etc/GMT+9",
        "Etc/GMT+10",
        "Etc/GMT+11",
    ];
    ZONES[chrono::Utc::now().hour() as usize]
}

/// Returns what a command line with `--json` printed.
fn json(home: &Home, arguments: &[&str]) -> serde_json::Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    let run = run(home, &arguments);
    assert_eq!(run.status, 0, "{arguments:?}: {}", run.said);
    serde_json::from_str(&run.printed).unwrap()
}
