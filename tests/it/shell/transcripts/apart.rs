//! What is no part of a session: what does not end by itself, what is answered at a terminal, and help.

#[cfg(unix)]
use std::fs;
use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use super::{filled, normal, without_places};
#[cfg(unix)]
use crate::shell::{
    run,
    terminal::{Terminal, at_terminal},
};
use crate::{shell::noon_zone, support::Home};

/// Writes a command line and what came of it.
fn note(transcript: &mut String, arguments: &[&str], came: &str) {
    let _ = write!(transcript, "$ taskhold {}\n{came}", arguments.join(" "));
}

/// Returns what `watch` prints until nothing has changed any more.
fn first_drawing(home: &Home, arguments: &[&str]) -> String {
    let mut command = home.command(arguments);
    command.env("TZ", noon_zone());
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut drawing = String::new();
    for line in &mut lines {
        let line = line.unwrap();
        let is_last = line.is_empty() || arguments.contains(&"--json");
        drawing.push_str(&line);
        drawing.push('\n');
        if is_last {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drawing
}

#[test]
fn watching() {
    let home = filled();
    let mut transcript = String::new();
    for arguments in [&["watch", "overdue"][..], &["watch", "+home", "--json"]] {
        note(&mut transcript, arguments, &first_drawing(&home, arguments));
    }
    insta::assert_snapshot!(without_places(&home, &normal(&transcript)));
}

#[cfg(unix)]
#[test]
fn at_a_terminal() {
    let home = filled();
    let mut transcript = String::new();
    let editor = home.database().with_file_name("editor");
    let folder = editor.parent().unwrap().to_str().unwrap();
    let command = format!("sh {}", editor.display());
    let environment = [
        ("EDITOR", command.as_str()),
        ("NO_COLOR", "1"),
        ("TMPDIR", folder),
    ];
    for script in [
        "sed -i 's/^title: .*/title: Pay the rent/' \"$1\"",
        "sed -i 's/^due: .*/due: banana/' \"$1\"",
        "exit 3",
        "rm \"$1\"",
        ":",
    ] {
        fs::write(&editor, script).unwrap();
        let (printed, status) = at_terminal(&home, 80, &["edit", "1"], &environment);
        let _ = writeln!(transcript, "# The editor does: {script}");
        note(
            &mut transcript,
            &["edit", "1"],
            &format!("{printed}[{status}]\n"),
        );
    }
    for number in 0..12 {
        run(&home, &["add", &format!("Batch {number}"), "+many"]);
    }
    let ids: Vec<String> = (1..=21).map(|id| id.to_string()).collect();
    let mut arguments = vec!["delete"];
    arguments.extend(ids.iter().map(String::as_str));
    for answer in ["n\r", "y\r"] {
        let mut terminal = Terminal::start(&home, 80, &arguments, &environment);
        let asked = terminal.wait_for("[y/N] ").replace("\r\n", "\n");
        terminal.type_keys(answer);
        let (printed, status) = terminal.end();
        let came = format!("{asked}[y/N] {printed}[{status}]\n");
        note(&mut transcript, &arguments, &came);
    }
    let transcript = without_places(&home, &normal(&transcript));
    // The name of the kept text is the system's to choose.
    let transcript: String = transcript
        .split_inclusive('\n')
        .map(|line| match line.split_once("taskhold-1-") {
            Some((before, after)) => {
                let (_, rest) = after.split_once(".txt").unwrap();
                format!("{before}taskhold-1-<name>.txt{rest}")
            }
            None => line.to_owned(),
        })
        .collect();
    insta::assert_snapshot!(transcript);
}

#[cfg(unix)]
#[test]
fn help_fits_the_terminal() {
    let home = Home::new();
    let mut transcript = String::new();
    for columns in [80, 120] {
        let _ = writeln!(transcript, "--- {columns} columns");
        for arguments in [&["help"][..], &["add", "--help"], &["edit", "-h"]] {
            let (printed, status) = at_terminal(&home, columns, arguments, &[("NO_COLOR", "1")]);
            for line in printed.lines() {
                assert!(line.chars().count() <= columns.into(), "{line}");
            }
            note(
                &mut transcript,
                arguments,
                &format!("{printed}[{status}]\n"),
            );
        }
    }
    insta::assert_snapshot!(transcript);
}

#[test]
fn topics_and_scripts() {
    let home = Home::new();
    let mut transcript = String::new();
    for topic in ["dates", "repeat", "views", "filters", "hosts", "files"] {
        let arguments = ["help", topic];
        note(&mut transcript, &arguments, &home.run(&arguments));
    }
    // Those of the other shells, and most of the page, are made by others.
    let bash = ["completions", "bash"];
    note(&mut transcript, &bash, &home.run(&bash));
    let page = home.run(&["man"]);
    let begin: Vec<&str> = page.lines().take(14).collect();
    note(
        &mut transcript,
        &["man", "|", "head", "-14"],
        &format!("{}\n", begin.join("\n")),
    );
    let ours = page.find(".SH EXAMPLES").unwrap();
    note(&mut transcript, &["man", "|", "tail"], &page[ours..]);
    insta::assert_snapshot!(transcript);
}

#[cfg(target_os = "linux")]
#[test]
fn a_service_that_would_be_installed() {
    let home = Home::new();
    let mut transcript = String::new();
    for arguments in [
        &["service", "install", "--dry-run"][..],
        &["service", "install", "--dry-run", "--json"],
    ] {
        let run = run(&home, arguments);
        let came = format!("{}{}[{}]\n", run.printed, run.said, run.status);
        note(&mut transcript, arguments, &came);
    }
    insta::assert_snapshot!(without_places(&home, &transcript));
}
