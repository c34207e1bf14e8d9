//! Every command, word for word: at terminals of 80 and of 120 columns, in a pipe, and as JSON.
//!
//! There is no way to set the program's clock. Dates are fixed or named from today; what is left of now in the output is
//! replaced: `<time>` for instants, `<today>` and `<tomorrow>` for dates, `just now` for minutes that went by. The time zone
//! is one where it is about noon.

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

#[test]
fn in_a_pipe() {
    insta::assert_snapshot!(transcript(&[], |home, arguments, input| {
        let run = run_with(home, arguments, input);
        format!("{}{}[{}]\n", run.printed, run.said, run.status)
    }));
}

#[test]
fn as_json() {
    insta::assert_snapshot!(transcript(&["--json"], |home, arguments, input| {
        let run = run_with(home, arguments, input);
        let is_empty = run.printed.is_empty();
        let object = if is_empty { &run.said } else { &run.printed };
        assert_eq!(is_empty, run.status != 0, "{run:?}");
        let object: serde_json::Value = serde_json::from_str(object).unwrap();
        assert_eq!(object["version"], 1);
        format!("{}{}[{}]\n", run.printed, run.said, run.status)
    }));
}

#[test]
fn at_80_columns() {
    insta::assert_snapshot!(transcript(&[], |home, arguments, input| {
        terminal(home, 80, arguments, input)
    }));
}

#[test]
fn at_120_columns() {
    insta::assert_snapshot!(transcript(&[], |home, arguments, input| {
        terminal(home, 120, arguments, input)
    }));
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
fn transcript(flags: &[&str], run: impl Fn(&Home, &[&str], &str) -> String) -> String {
    let home = Home::new();
    let mut transcript = String::new();
    for (arguments, input) in SESSION {
        let mut arguments = arguments.to_vec();
        let place = arguments
            .iter()
            .position(|word| *word == "--")
            .unwrap_or(arguments.len());
        arguments.splice(place..place, flags.iter().copied());
        let _ = writeln!(transcript, "$ taskhold {}", arguments.join(" "));
        transcript.push_str(&run(&home, &arguments, input));
    }
    normal(&transcript)
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
