//! Every command, word for word: at terminals of 80 and of 120 columns, in a pipe, and as JSON. What differs from run to run
//! and from machine to machine is replaced. `mcp` and `serve` have tests of their own; only their help is here.
//!
//! A console of Windows draws what it is sent in its own way, so what a terminal gets is compared on Unix alone; and where hosts
//! keep their files differs from system to system, so what cares for them is compared on Linux alone.

use std::fmt::Write as _;

use clap::CommandFactory as _;

use super::run_with;
#[cfg(unix)]
use super::{run, terminal::at_terminal};
use crate::support::Home;

mod apart;
mod normal;
#[cfg(unix)]
mod readme;

use normal::{normal, without_places};

/// What a person types over a few days, and what goes to standard input.
const SESSION: [(&[&str], &str); 38] = [
    (&["list"], ""),
    (
        &[
            "add",
            "Pay rent",
            "due:2031-06-02",
            "+home",
            "project:flat",
            "!high",
            "repeat:monthly",
        ],
        "",
    ),
    (
        &[
            "add",
            "Call Anna",
            "due:2020-01-06",
            "-d",
            "About the trip.\n\nAnd the keys.",
            "--tag",
            "phone",
        ],
        "",
    ),
    (&["add", "牛乳を買う", "due:today", "project:家"], ""),
    (&["add", "לקנות חלב", "due:tomorrow", "+בית"], ""),
    (
        &[
            "add",
            "👩‍👩‍👧‍👦 and 🇩🇪: plan the summer, with trains and boats, all the way around the lake and back",
            "after:3",
            "!low",
        ],
        "",
    ),
    (
        &["add", "Pack", "parent:5", "defer:2031-01-01", "pri:medium"],
        "",
    ),
    (
        &["add", "-", "+batch"],
        "First of many\n\nSecond, due:fri stays text\n",
    ),
    (&["add", "--", "+1", "for", "due:fri"], ""),
    (&["list"], ""),
    (&["list", "overdue"], ""),
    (&["list", "+home", "project:flat"], ""),
    (&["list", "-n", "2"], ""),
    (&["start", "2"], ""),
    (&["start", "2"], ""),
    (&["comment", "2,3", "Anna", "says", "Friday"], ""),
    (
        &[
            "edit",
            "7,8",
            "due:2031-03-03",
            "--untag",
            "batch",
            "+moved",
        ],
        "",
    ),
    (&["edit", "1", "--text"], ""),
    (
        &["edit", "1", "--from", "-"],
        "title: Pay the rent\n\nTo the new account.",
    ),
    (&["done", "3"], ""),
    (&["done", "1", "2"], ""),
    (&["done", "-"], "7 First of many\n8\n"),
    (&["cancel", "9"], ""),
    (&["reopen", "7"], ""),
    (&["delete", "8"], ""),
    (&["list", "completed"], ""),
    (&["list", "trash"], ""),
    (&["list", "--view", "all", "--status", "cancelled"], ""),
    (&["undo"], ""),
    (&["search", "trip"], ""),
    (&["next"], ""),
    (&["show", "1", "2", "--history"], ""),
    (&["log", "-n", "4"], ""),
    (&["log", "2"], ""),
    (&["show", "99"], ""),
    (&["undo", "99"], ""),
    (&["add", "due:banana", "x"], ""),
    (&["list", "bogus"], ""),
];

/// What a person does to care for the tasks and to have hosts find them.
#[cfg(target_os = "linux")]
const CARE: [(&[&str], &str); 46] = [
    (&["config"], ""),
    (&["paths"], ""),
    (&["prime"], ""),
    (
        &["import", "-", "--format", "todo.txt", "--dry-run"],
        "(A) Pay rent +flat @home due:2031-06-02\nx Call Anna\n",
    ),
    (
        &["import", "-", "--format", "todo.txt"],
        "(A) Pay rent +flat @home due:2031-06-02\nx Call Anna\n",
    ),
    (&["import", "-", "--format", "todo.txt"], "x Call Anna\n"),
    (
        &["import", "-"],
        "[{\"description\":\"Broken\"},{\"id\":1}]",
    ),
    (&["import", "-"], "\n"),
    (&["export", "tasks.jsonl"], ""),
    (&["export", "tasks.jsonl"], ""),
    (&["export", "tasks.ics"], ""),
    (&["export", "--format", "markdown"], ""),
    (&["export", "--format", "csv"], ""),
    (&["export", "--format", "todo.txt"], ""),
    (&["backup"], ""),
    (&["backup", "copy.db"], ""),
    (&["backup", "copy.db"], ""),
    (&["edit", "1", "title:Pay the rent"], ""),
    (&["add", "Buy milk"], ""),
    (&["prime"], ""),
    (&["restore", "copy.db", "--dry-run"], ""),
    (&["restore", "copy.db"], ""),
    (&["restore", "copy.db"], ""),
    (&["restore", "none.db"], ""),
    (&["undo"], ""),
    (&["backup", "--list"], ""),
    (&["doctor"], ""),
    (&["install", "--list"], ""),
    (&["install", "codex", "--dry-run"], ""),
    (&["install", "codex"], ""),
    (&["install", "codex"], ""),
    (&["install", "codex", "--remove"], ""),
    (&["install", "emacs"], ""),
    (&["token", "list"], ""),
    (&["token", "add", "--name", "phone", "--read-only"], ""),
    (&["token", "list"], ""),
    (&["token", "revoke", "--name", "phone"], ""),
    (&["token", "show"], ""),
    (&["token", "rotate"], ""),
    (&["token", "revoke", "--name", "phone"], ""),
    (&["install", "zed", "vscode"], ""),
    (
        &[
            "install",
            "claude-desktop",
            "claude-code",
            "vscode",
            "cursor",
            "gemini",
            "goose",
            "--dry-run",
        ],
        "",
    ),
    (&["install", "zed", "--remove", "--dry-run"], ""),
    (&["doctor", "--fix"], ""),
    (&["doctor", "--salvage", "rescued.db"], ""),
    (&["doctor", "--salvage", "rescued.db"], ""),
];

type Session<'a> = &'a [(&'a [&'a str], &'a str)];

#[test]
fn in_a_pipe() {
    insta::assert_snapshot!(piped(&SESSION));
}

#[test]
fn as_json() {
    insta::assert_snapshot!(json(&SESSION));
}

#[cfg(unix)]
#[test]
fn at_80_columns() {
    insta::assert_snapshot!(at_columns(&SESSION, 80));
}

#[cfg(unix)]
#[test]
fn at_120_columns() {
    insta::assert_snapshot!(at_columns(&SESSION, 120));
}

#[cfg(target_os = "linux")]
#[test]
fn care_in_a_pipe() {
    insta::assert_snapshot!(piped(&CARE));
}

#[cfg(target_os = "linux")]
#[test]
fn care_as_json() {
    insta::assert_snapshot!(json(&CARE));
}

#[cfg(target_os = "linux")]
#[test]
fn care_at_80_columns() {
    insta::assert_snapshot!(at_columns(&CARE, 80));
}

#[cfg(target_os = "linux")]
#[test]
fn care_at_120_columns() {
    insta::assert_snapshot!(at_columns(&CARE, 120));
}

fn piped(session: Session<'_>) -> String {
    transcript(session, &[], |home, arguments, input| {
        let run = run_with(home, arguments, input);
        format!("{}{}[{}]\n", run.printed, run.said, run.status)
    })
}

fn json(session: Session<'_>) -> String {
    transcript(session, &["--json"], |home, arguments, input| {
        let run = run_with(home, arguments, input);
        let is_empty = run.printed.is_empty();
        assert_eq!(is_empty, run.status != 0, "{arguments:?}: {run:?}");
        if arguments.starts_with(&["export", "--format"]) {
            // It is what was exported.
            return run.printed;
        }
        // What was said on the way comes before what went wrong.
        let last = if is_empty { &run.said } else { &run.printed };
        let object: serde_json::Value =
            serde_json::from_str(last.lines().next_back().unwrap()).unwrap();
        assert_eq!(object["version"], 1, "{arguments:?}: {run:?}");
        format!("{}{}[{}]\n", run.printed, run.said, run.status)
    })
}

#[cfg(unix)]
fn at_columns(session: Session<'_>, columns: u16) -> String {
    transcript(session, &[], |home, arguments, input| {
        terminal(home, columns, arguments, input)
    })
}

#[cfg(unix)]
#[test]
fn with_colours() {
    type Environment<'a> = &'a [(&'a str, &'a str)];
    let home = filled();
    let (list, _) = at_terminal(&home, 80, &["list"], &[]);
    let (sheet, _) = at_terminal(&home, 80, &["show", "2"], &[]);
    insta::assert_snapshot!(normal(&format!("{list}\n{sheet}").replace('\u{1b}', "␛")));
    let cases: [(&[&str], Environment<'_>, bool); 5] = [
        (&["list"], &[], true),
        (&["list"], &[("NO_COLOR", "1")], false),
        (&["list"], &[("TERM", "dumb")], false),
        (&["list", "--color", "never"], &[], false),
        (&["list", "--color", "always"], &[("NO_COLOR", "1")], true),
    ];
    for (arguments, environment, has_colours) in cases {
        let (printed, _) = at_terminal(&home, 80, arguments, environment);
        assert_eq!(
            printed.contains('\u{1b}'),
            has_colours,
            "{arguments:?} {environment:?}"
        );
    }
    assert!(
        run(&home, &["list", "--color", "always"])
            .printed
            .contains('\u{1b}')
    );
    assert!(!run(&home, &["list"]).printed.contains('\u{1b}'));
}

/// Returns the help of each command, and of those in it.
fn help_of_all(command: &clap::Command, path: &[&str], home: &Home, help: &mut String) {
    for inner in command.get_subcommands() {
        let mut path = path.to_vec();
        path.push(inner.get_name());
        if path == ["help"] {
            continue;
        }
        let text = home.run(&[&path[..], &["--help"]].concat());
        assert!(
            path.len() > 1 || text.contains("\nExample"),
            "{path:?} has no example"
        );
        let _ = write!(help, "\n$ taskhold {} --help\n{text}", path.join(" "));
        help_of_all(inner, &path, home, help);
    }
}

#[test]
fn the_help_is_the_one_that_was_reviewed() {
    let home = Home::new();
    let mut help = home.run(&["--help"]);
    let mut all = taskhold::cli::Cli::command();
    // Until then a command is not made.
    all.build();
    help_of_all(&all, &[], &home, &mut help);
    // On Windows there is no `serve --socket`.
    if cfg!(unix) {
        insta::assert_snapshot!(help);
    }
}

/// Returns the session with what came of each command, in a home of its own.
fn transcript(
    session: Session<'_>,
    flags: &[&str],
    run: impl Fn(&Home, &[&str], &str) -> String,
) -> String {
    let home = Home::new();
    let mut transcript = String::new();
    for (arguments, input) in session {
        let mut arguments = arguments.to_vec();
        let place = arguments
            .iter()
            .position(|word| *word == "--")
            .unwrap_or(arguments.len());
        arguments.splice(place..place, flags.iter().copied());
        let _ = writeln!(transcript, "$ taskhold {}", arguments.join(" "));
        transcript.push_str(&run(&home, &arguments, input));
    }
    without_places(&home, &normal(&transcript))
}

#[cfg(unix)]
fn terminal(home: &Home, columns: u16, arguments: &[&str], input: &str) -> String {
    if !input.is_empty() {
        // At a terminal there is nothing to read from: this one is piped into.
        let run = run_with(home, arguments, input);
        return format!("{}{}[{}]\n", run.printed, run.said, run.status);
    }
    let (printed, status) = at_terminal(home, columns, arguments, &[("NO_COLOR", "1")]);
    for line in printed.lines() {
        assert!(!line.ends_with(' '), "{line:?} ends in a blank");
    }
    format!("{printed}[{status}]\n")
}

/// Returns a home with the tasks of the session's beginning.
fn filled() -> Home {
    let home = Home::new();
    for (arguments, input) in &SESSION[1..14] {
        run_with(&home, arguments, input);
    }
    home
}
