//! The commands that come while a lock is held.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::holder::{await_listening, signal};
use crate::{
    daemon::read_lines,
    support::{Client, Dialect, Home, PATIENCE, initialize, read_all},
};

/// How long a command may be silent before it is given up: it would never answer.
pub(super) const HANG: Duration = Duration::from_mins(1);

/// What a command came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It succeeded, having printed this.
    Done(String),
    /// It failed, with this explanation.
    Refused(String),
    /// Nothing came within [`HANG`], or it ended without an answer.
    Silent(String),
}

/// How a command was answered.
pub(super) struct Answer {
    pub(super) name: &'static str,
    pub(super) took: Duration,
    pub(super) outcome: Outcome,
    /// Titles whose addition was acknowledged.
    pub(super) added: Vec<&'static str>,
    /// Titles whose addition was refused.
    pub(super) refused: Vec<&'static str>,
    /// A server that is still open.
    pub(super) server: Option<Client>,
}

/// The files that commands take as arguments.
pub(super) struct Files<'a> {
    /// A backup of another database.
    pub(super) backup: &'a Path,
    /// A todo.txt file with the task [`IMPORTED`].
    pub(super) tasks: &'a Path,
}

pub(super) const IMPORTED: &str = "from a file";
const ADDED: &str = "by a command";
const ADDED_OPEN: &str = "by a server";
const ADDED_ENDED: &str = "by a server whose input ends";

/// A command, and the title that it adds.
type Line<'a> = (&'static str, Vec<&'a str>, Option<&'static str>);

/// Every way to come: the command lines, and the servers beside them.
pub(super) fn lines<'a>(files: &Files<'a>) -> Vec<Line<'a>> {
    let (backup, tasks) = (files.backup.to_str(), files.tasks.to_str());
    vec![
        ("list", vec!["list"], None),
        ("add", vec!["add", ADDED], Some(ADDED)),
        ("restore", vec!["restore", backup.unwrap()], None),
        ("import", vec!["import", tasks.unwrap()], Some(IMPORTED)),
        ("token show", vec!["token", "show"], None),
        ("backup", vec!["backup"], None),
        ("doctor", vec!["doctor"], None),
    ]
}

/// Runs a command line to its end.
pub(super) fn run(home: &Home, (name, arguments, title): Line<'_>) -> Answer {
    let mut command = home.command(&arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let begun = Instant::now();
    let mut process = command.spawn().unwrap();
    let printed = read_all(process.stdout.take().unwrap());
    let said = read_all(process.stderr.take().unwrap());
    let said = said.recv_timeout(HANG);
    let took = begun.elapsed();
    let outcome = if let Ok(said) = said {
        let printed = printed.recv_timeout(PATIENCE).unwrap();
        if process.wait().unwrap().success() {
            Outcome::Done(printed)
        } else {
            Outcome::Refused(printed + &said)
        }
    } else {
        process.kill().unwrap();
        process.wait().unwrap();
        Outcome::Silent(String::new())
    };
    let of = |is_it: bool| title.filter(|_| is_it).into_iter().collect();
    Answer {
        name,
        took,
        added: of(matches!(outcome, Outcome::Done(_))),
        refused: of(matches!(outcome, Outcome::Refused(_))),
        outcome,
        server: None,
    }
}

/// Starts a daemon and ends it again once it listens.
pub(super) fn serve(home: &Home) -> Answer {
    let mut command = home.command(&["serve", "--listen", "0"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let begun = Instant::now();
    let mut process = command.spawn().unwrap();
    let lines = read_lines(process.stdout.take().unwrap());
    let said = read_all(process.stderr.take().unwrap());
    let listens = await_listening(&lines, HANG);
    let took = begun.elapsed();
    let outcome = match listens {
        Ok(()) => {
            signal(process.id(), "-TERM");
            match said.recv_timeout(HANG) {
                Ok(_) => Outcome::Done(String::new()),
                Err(_) => Outcome::Silent("it listened, but did not end".to_owned()),
            }
        }
        Err(RecvTimeoutError::Disconnected) => {
            Outcome::Refused(said.recv_timeout(PATIENCE).unwrap_or_default())
        }
        Err(RecvTimeoutError::Timeout) => Outcome::Silent(String::new()),
    };
    let _ = process.kill();
    process.wait().unwrap();
    Answer {
        name: "serve",
        took,
        outcome,
        added: Vec::new(),
        refused: Vec::new(),
        server: None,
    }
}

/// Starts a server and has it answer three requests: the first one, a list and an addition. Its input stays open.
pub(super) fn server(home: &Home) -> Answer {
    ask("mcp", home.start(Dialect::Legacy), ADDED_OPEN, false)
}

/// As [`server`], but its input ends after the last request.
pub(super) fn server_whose_input_ends(home: &Home) -> Answer {
    let client = home.start(Dialect::Modern);
    ask("mcp, input ended", client, ADDED_ENDED, true)
}

fn ask(name: &'static str, mut client: Client, title: &'static str, ends: bool) -> Answer {
    let begun = Instant::now();
    let first = if ends {
        client.send("server/discover", json!({}))
    } else {
        let id = client.send("initialize", initialize("2025-11-25"));
        client.notify("notifications/initialized", json!({}));
        id
    };
    let list = client.send_call("list_tasks", json!({}));
    let add = client.send_call("add_task", json!({ "title": title }));
    if ends {
        client.close_stdin();
    }
    let mut open = vec![first, list, add.clone()];
    let (mut refusals, mut added) = (Vec::new(), None);
    while !open.is_empty() {
        let Some(answer) = client.message_until(begun + HANG) else {
            break;
        };
        open.retain(|id| *id != answer["id"]);
        let refusal = refusal(&answer);
        if answer["id"] == add {
            added = Some(refusal.is_none());
        }
        refusals.extend(refusal);
    }
    let took = begun.elapsed();
    let outcome = match (open.is_empty(), refusals.is_empty()) {
        (true, true) => Outcome::Done(String::new()),
        (true, false) => Outcome::Refused(refusals.join("\n")),
        (false, _) => Outcome::Silent(format!("no answer to {open:?}")),
    };
    let is_well = !matches!(outcome, Outcome::Silent(_));
    if ends && is_well {
        client.wait_for_exit_within(PATIENCE).assert_good(name);
    }
    let of = |wanted: bool| {
        (added == Some(wanted))
            .then_some(title)
            .into_iter()
            .collect()
    };
    Answer {
        name,
        took,
        outcome,
        added: of(true),
        refused: of(false),
        server: (is_well && !ends).then_some(client),
    }
}

/// Returns the words of an answer that refuses; `None` for any other.
fn refusal(answer: &Value) -> Option<String> {
    if let Some(error) = answer.get("error") {
        return Some(error.to_string());
    }
    let result = &answer["result"];
    (result["isError"] == true).then(|| {
        let words = result["content"][0]["text"].as_str();
        words.unwrap_or_default().to_owned()
    })
}

/// Writes a todo.txt file with one task.
pub(super) fn write_tasks(path: &Path, titles: impl Iterator<Item = String>) {
    let mut file = std::fs::File::create_new(path).unwrap();
    for title in titles {
        writeln!(file, "{title}").unwrap();
    }
}
