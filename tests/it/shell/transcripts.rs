//! Every command, word for word: at terminals of 80 and of 120 columns, in a pipe, and as JSON. Not here: `watch`, `mcp` and
//! `serve`, which do not end by themselves; `service`, which does what the system has; scripts and pages of others' making.
//!
//! There is no way to set the program's clock. Dates are fixed or named from today; what is left of now in the output is
//! replaced: `<time>` for instants, `<today>` and `<tomorrow>` for dates, `just now` for minutes that went by. The time zone
//! is one where it is about noon. So is what differs from machine to machine.

use std::fmt::Write as _;

use chrono::{Datelike as _, NaiveDate, TimeDelta, Timelike as _, Utc};
use clap::CommandFactory as _;

use super::{run, run_with, terminal::at_terminal};
use crate::support::Home;

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
const CARE: [(&[&str], &str); 37] = [
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
    (&["edit", "1", "Pay the rent"], ""),
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

#[test]
fn at_80_columns() {
    insta::assert_snapshot!(at_columns(&SESSION, 80));
}

#[test]
fn at_120_columns() {
    insta::assert_snapshot!(at_columns(&SESSION, 120));
}

#[test]
fn care_in_a_pipe() {
    insta::assert_snapshot!(piped(&CARE));
}

#[test]
fn care_as_json() {
    insta::assert_snapshot!(json(&CARE));
}

#[test]
fn care_at_80_columns() {
    insta::assert_snapshot!(at_columns(&CARE, 80));
}

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

fn at_columns(session: Session<'_>, columns: u16) -> String {
    transcript(session, &[], |home, arguments, input| {
        terminal(home, columns, arguments, input)
    })
}

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

#[test]
fn the_help_is_the_one_that_was_reviewed() {
    let home = Home::new();
    let mut help = home.run(&["--help"]);
    for command in taskhold::cli::Cli::command().get_subcommands() {
        let name = command.get_name();
        if name == "help" {
            continue;
        }
        let text = home.run(&[name, "--help"]);
        assert!(
            name == "mcp" || text.contains("\nExample"),
            "{name} has no example"
        );
        let _ = write!(help, "\n$ taskhold {name} --help\n{text}");
    }
    insta::assert_snapshot!(help);
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

/// Replaces what differs from machine to machine, and from run to run: folders, disks, names of backups, tokens.
fn without_places(home: &Home, text: &str) -> String {
    let folder = home.database();
    let folder = folder.parent().unwrap().to_str().unwrap();
    let mut text = text
        .replace(env!("CARGO_BIN_EXE_taskhold"), "<taskhold>")
        .replace(folder, "<home>")
        .replace(super::noon_zone(), "<zone>");
    for (shape, name) in [
        ("00000000T000000000Z", "<stamp>"),
        ("00000000-000000.bak", "<stamp>.bak"),
        ("<today>T00:00:00.000Z", "<time>"),
        ("<today> 00:00:00", "<today> <clock>"),
        ("<today> 00:00 ", "<today> <clock> "),
    ] {
        text = replace_shaped(&text, shape, name);
    }
    // What `doctor` says of the disk.
    for check in ["disk", "space"] {
        let line = format!("\ngood     {check:<13}");
        text = replace_between(&text, &line, "\n", "<disk>");
        let finding = format!("\"{check}\",\"verdict\":\"good\",\"what\":\"");
        text = replace_between(&text, &finding, "\"", "<disk>");
    }
    // A column as wide as the longest path.
    let is_setting = |name: &str| {
        ["database", "time_zone", "week_start", "color"].contains(&name)
            || name.starts_with("defaults.")
    };
    let text: String = text
        .split_inclusive('\n')
        .map(
            |line| match line.split_whitespace().collect::<Vec<_>>()[..] {
                [name, value, source] if is_setting(name) => {
                    format!("{name:<18}{value}  {source}\n")
                }
                _ => line.to_owned(),
            },
        )
        .collect();
    let mut replaced = String::new();
    // A token is 32 bytes in base64.
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    for word in text.split_inclusive(|c| !is_inner(c)) {
        match word.trim_end_matches(|c| !is_inner(c)) {
            token if token.len() == 43 => replaced.push_str(&word.replace(token, "<token>")),
            _ => replaced.push_str(word),
        }
    }
    replaced
}

/// Returns a home with the tasks of the session's beginning.
fn filled() -> Home {
    let home = Home::new();
    for (arguments, input) in &SESSION[1..14] {
        run_with(&home, arguments, input);
    }
    home
}

/// Returns the date where it is about noon.
fn today() -> NaiveDate {
    let now = Utc::now();
    let ahead = 12 - i64::from(now.hour());
    (now + TimeDelta::hours(ahead)).date_naive()
}

/// Replaces what is left of now.
fn normal(text: &str) -> String {
    let mut text = text.to_owned();
    let today = today();
    for (name, day) in [
        ("<today>", today),
        ("<tomorrow>", today + TimeDelta::days(1)),
    ] {
        let year = if day.year() == today.year() {
            "%a %m-%d"
        } else {
            "%a %Y-%m-%d"
        };
        for form in ["%a %Y-%m-%d", year, "%Y-%m-%d"] {
            text = text.replace(&day.format(form).to_string(), name);
        }
    }
    let text = replace_shaped(&text, "<today>T00:00:00+00:00", "<time>");
    let text = replace_shaped(&text, "0000000000000", "<ms>");
    let text = replace_shaped(&text, "00 min ago", "just now");
    let text = replace_shaped(&text, "0 min ago", "just now");
    // The column of such times is as wide as the longest of them was.
    text.split_inclusive("just now")
        .map(|part| match part.strip_prefix("   ") {
            Some(rest) => format!("  {}", rest.trim_start_matches(' ')),
            None => part.to_owned(),
        })
        .collect()
}

/// Replaces what stands between `start` and the next `end`, wherever it does.
fn replace_between(text: &str, start: &str, end: &str, name: &str) -> String {
    let mut parts = text.split(start);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.find(end).map_or("", |at| &part[at..]);
        replaced.extend([start, name, rest]);
    }
    replaced
}

/// Replaces what has the shape of `shape`, in which `0` stands for any digit and `+` for either sign.
fn replace_shaped(text: &str, shape: &str, name: &str) -> String {
    let fits = |part: &[u8]| {
        part.len() == shape.len()
            && part
                .iter()
                .zip(shape.bytes())
                .all(|(byte, wanted)| match wanted {
                    b'0' => byte.is_ascii_digit(),
                    b'+' => matches!(byte, b'+' | b'-'),
                    wanted => *byte == wanted,
                })
    };
    let (mut replaced, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let end = shape.len().min(rest.len());
        if fits(&rest.as_bytes()[..end]) {
            replaced.push_str(name);
            rest = &rest[end..];
        } else {
            replaced.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    replaced
}
