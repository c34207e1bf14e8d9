//! What scripts rely on: standard input, exit status, one change group, nothing asked, nothing cut.

use super::{json, run, run_with};
use crate::support::Home;

pub(super) fn filled(home: &Home, count: usize) {
    let titles: Vec<String> = (1..=count).map(|number| format!("Task {number}")).collect();
    let run = run_with(home, &["add", "-"], &titles.join("\n"));
    assert_eq!(run.status, 0, "{}", run.said);
}

#[test]
fn titles_from_standard_input_are_one_change() {
    let home = Home::new();
    let titles = "Buy milk\r\n\n  due:fri +x \n";
    let run = run_with(&home, &["add", "-", "project:flat"], titles);
    assert_eq!(
        run.printed,
        "Added 1 Buy milk project:flat\nAdded 2 due:fri +x project:flat\n"
    );
    let undone = json(&home, &["undo"]);
    assert_eq!(undone["tasks"].as_array().unwrap().len(), 2);
    for input in ["", "\n \n"] {
        let run = run_with(&home, &["add", "-"], input);
        assert_eq!((run.status, run.printed.as_str()), (1, ""));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_change_whose_answer_cannot_be_written_is_made_and_the_failure_says_so() {
    let home = Home::new();
    let said_when_full = |arguments: &[&str]| {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = home.command(arguments).stdout(full.unwrap()).output();
        let output = output.unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let made = "the change was made";
    let said = said_when_full(&["add", "kept"]);
    assert!(said.contains(made), "{said}");
    assert_eq!(json(&home, &["list"])["tasks"][0]["title"], "kept");
    let said = said_when_full(&["list"]);
    assert!(!said.contains(made), "{said}");
}

#[test]
fn lines_of_a_list_are_ids_for_the_next_command() {
    let home = Home::new();
    filled(&home, 3);
    let list = run(&home, &["list"]).printed;
    let run = run_with(&home, &["done", "-"], &list);
    assert_eq!(run.status, 0, "{}", run.said);
    assert_eq!(json(&home, &["list"])["tasks"], serde_json::json!([]));
    let run = run_with(&home, &["reopen", "-"], "#1\n\n3 and more\n");
    assert_eq!(run.printed, "Reopened 1 Task 1\nReopened 3 Task 3\n");
    let run = run_with(&home, &["done", "-"], "1\nx\n");
    assert_eq!(run.status, 1);
    assert!(run.said.contains("line 2"), "{}", run.said);
}

#[test]
fn a_line_names_the_task_it_begins_with_and_no_other_though_its_title_is_of_digits() {
    let home = Home::new();
    let titles = "4\n2 1\n#1, 2\nOther\n1,2,4\n";
    assert_eq!(run_with(&home, &["add", "-", "+x"], titles).status, 0);
    run(&home, &["edit", "4", "-x"]);
    run(&home, &["edit", "5", "parent:1"]);
    for list in [&["list", "+x"][..], &["list", "+x", "--sort", "title"]] {
        let list = run(&home, list).printed;
        let done = run_with(&home, &["done", "-"], &list);
        assert_eq!(done.status, 0, "{list}{}", done.said);
        let open = json(&home, &["list"]);
        let open = open["tasks"].as_array().unwrap();
        assert_eq!(open.len(), 1, "{list}");
        assert_eq!(open[0]["id"], 4, "{list}");
        run(&home, &["undo"]);
    }
}

#[test]
fn a_finished_round_in_a_pipe_or_by_its_words_is_not_the_series_that_goes_on() {
    let home = Home::new();
    run(&home, &["add", "Water", "due:2026-01-05", "repeat:daily"]);
    run(&home, &["add", "Call Anna"]);
    run(&home, &["done", "1,2"]);
    let list = run(&home, &["list", "completed"]).printed;
    assert!(list.contains("1 Water (round done "), "{list}");
    let piped = run_with(&home, &["delete", "-"], &list);
    let by_words = run(&home, &["delete", "--where", "status:completed", "--yes"]);
    for deleted in [piped, by_words] {
        assert_eq!(deleted.status, 0, "{}", deleted.said);
        assert!(
            deleted
                .said
                .contains("passed over 1 finished round of series that go on"),
            "{}",
            deleted.said
        );
    }
    let open = json(&home, &["list"]);
    assert_eq!(open["tasks"][0]["title"], "Water");
    assert!(
        run(&home, &["list", "trash"])
            .printed
            .contains("2 Call Anna")
    );
}

#[test]
fn lines_of_the_log_and_of_projects_begin_with_no_id_and_are_refused() {
    let home = Home::new();
    run(&home, &["add", "Pay rent", "project:2"]);
    run(&home, &["add", "Call Anna", "project:2"]);
    for lines in ["log", "projects"] {
        let printed = run(&home, &[lines]).printed;
        let done = run_with(&home, &["done", "-"], &printed);
        assert_eq!((done.status, done.printed.as_str()), (1, ""), "{lines}");
        assert!(done.said.contains("line 1"), "{}", done.said);
    }
    // What other programs make of a list.
    let done = run_with(&home, &["done", "-"], "1\tPay rent\n2\t\n");
    assert_eq!(done.status, 0, "{}", done.said);
}

#[test]
fn a_list_without_tasks_leaves_the_next_command_nothing_to_do_and_is_no_failure() {
    let home = Home::new();
    filled(&home, 1);
    let before = json(&home, &["log"]);
    let list = run(&home, &["list", "+none"]).printed;
    for words in [
        &["done", "-"][..],
        &["done", "-", "--due", "2031-01-01"],
        &["start", "-"],
        &["reopen", "-"],
        &["cancel", "-"],
        &["delete", "-"],
        &["undelete", "-"],
        &["edit", "-", "+x"],
        &["comment", "-", "Seen"],
        &["show", "-"],
        &["log", "-"],
    ] {
        let run = run_with(&home, words, &list);
        assert_eq!(
            (run.status, run.printed.as_str(), run.said.as_str()),
            (0, "", "note: no task is named; nothing was changed\n"),
            "{words:?}"
        );
    }
    assert_eq!(json(&home, &["log"]), before);
    let run = run_with(&home, &["done", "-", "--json"], &list);
    assert!(run.printed.contains("\"tasks\":[]"), "{}", run.printed);
}

#[test]
fn a_command_that_only_looks_makes_no_database_and_says_that_there_is_none() {
    let home = Home::new();
    let folder = home.database().with_file_name("other");
    let missing = folder.join("typo.db");
    let name = missing.to_str().unwrap();
    for words in [
        &["list"][..],
        &["list", "projects"],
        &["search", "x"],
        &["next"],
        &["log"],
        &["show", "1"],
        &["edit", "1", "--text"],
        &["export"],
    ] {
        let run = run(&home, &[&["--db", name], words].concat());
        let said = format!("note: {name} is not there yet: no tasks\n");
        assert!(run.said.starts_with(&said), "{words:?}: {}", run.said);
        assert_eq!(run.said.matches("not there yet").count(), 1, "{}", run.said);
        assert!(!folder.exists(), "{words:?}");
    }
}

#[test]
fn paths_names_every_file_there_is() {
    let home = Home::new();
    filled(&home, 1);
    let paths = json(&home, &["paths"]);
    let named: Vec<&str> = paths
        .as_object()
        .unwrap()
        .values()
        .filter_map(serde_json::Value::as_str)
        .collect();
    home.run(&["token", "add", "--name", "phone"]);
    home.run(&["backup"]);
    let mut seen = 0;
    for entry in std::fs::read_dir(home.database().parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("tasks.db") {
            assert!(
                named.contains(&path.to_str().unwrap()),
                "{}",
                path.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 4, "{seen}");
    for name in [
        "settings",
        "token",
        "daemon",
        "daemon_lock",
        "write_ahead_log",
        "log_index",
    ] {
        assert!(paths[name].is_string(), "{name}: {paths}");
    }
    let printed = run(&home, &["paths"]).printed;
    for path in named {
        assert!(printed.contains(path), "{path}: {printed}");
    }
}

#[test]
fn the_commands_that_take_other_words_too_read_ids_from_standard_input() {
    let home = Home::new();
    filled(&home, 4);
    let list = run(&home, &["list", "-n", "2"]).printed;
    let changed = run_with(&home, &["edit", "-", "+bulk"], &list);
    assert_eq!(
        changed.printed,
        "Changed 1 Task 1 +bulk\nChanged 2 Task 2 +bulk\n"
    );
    let said = run_with(&home, &["comment", "-", "hello"], "#1\n3,4 and more\n");
    assert_eq!(said.printed.lines().count(), 3, "{}", said.said);
    let done = run_with(&home, &["done", "-", "4"], "2,3\n");
    assert_eq!(done.printed.lines().count(), 3, "{}", done.said);
    for (arguments, said) in [
        (&["comment", "-", "-"][..], "the tasks and the text at once"),
        (
            &["edit", "-", "--from", "-"],
            "the task and its text at once",
        ),
    ] {
        let refused = run_with(&home, arguments, "1\n");
        assert_eq!(refused.status, 2, "{arguments:?}");
        assert!(
            refused.said.contains(said),
            "{arguments:?}: {}",
            refused.said
        );
    }
}

#[cfg(unix)]
#[test]
fn what_has_no_end_is_not_read_to_its_end() {
    use std::{fs::File, process::Stdio};
    let home = Home::new();
    filled(&home, 1);
    let cases: [(&[&str], &str); 5] = [
        (
            &["comment", "1", "-"],
            "standard input is longer than 1 MiB",
        ),
        (
            &["edit", "1", "--from", "-"],
            "standard input is longer than 1 MiB",
        ),
        (
            &["edit", "1", "--from", "/dev/zero"],
            "/dev/zero is longer than 1 MiB",
        ),
        (
            &["add", "-"],
            "standard input, line 1: is longer than 64 KiB",
        ),
        (
            &["done", "-"],
            "standard input, line 1: is longer than 64 KiB",
        ),
    ];
    for (arguments, said) in cases {
        let mut command = home.command(arguments);
        command.stdin(Stdio::from(File::open("/dev/zero").unwrap()));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.contains(said) && error.contains("\nhint: "),
            "{arguments:?}: {error}"
        );
    }
}

#[test]
fn several_ids_are_one_change_or_none() {
    let home = Home::new();
    filled(&home, 3);
    let commands: [&[&str]; 6] = [
        &["start"],
        &["cancel"],
        &["reopen"],
        &["edit", "due:2031-01-01"],
        &["comment", "seen"],
        &["delete"],
    ];
    for command in commands {
        let (name, rest) = command.split_first().unwrap();
        let mut arguments = vec![*name, "1,#2,99"];
        arguments.extend(rest);
        let before = json(&home, &["log"]);
        assert_eq!(run(&home, &arguments).status, 1, "{arguments:?}");
        assert_eq!(json(&home, &["log"]), before, "{arguments:?}");
        arguments[1] = "1,#2";
        let done = json(&home, &arguments);
        let group = &done["group"];
        let log = json(&home, &["log", "-n", "2"]);
        for change in log["changes"].as_array().unwrap() {
            assert_eq!(&change["group"], group, "{arguments:?}");
        }
    }
}

#[test]
fn what_goes_to_a_program_is_cut_only_where_the_call_says_so() {
    let home = Home::new();
    filled(&home, 60);
    let whole = run(&home, &["list"]);
    assert_eq!(
        (whole.printed.lines().count(), whole.said.as_str()),
        (60, "")
    );
    let done = run_with(&home, &["edit", "-", "+bulk"], &whole.printed);
    assert_eq!(done.printed.lines().count(), 60, "{}", done.said);
    let short = run(&home, &["list", "-n", "50"]);
    assert_eq!(short.printed.lines().count(), 50);
    assert_eq!(short.said, "note: 50 of 60: --all shows the rest\n");
    assert_eq!(json(&home, &["list", "-n", "50"])["more"], true);
    assert_eq!(json(&home, &["list"])["more"], false);
    let found = run(&home, &["search", "task", "-n", "2"]);
    assert_eq!(found.printed.lines().count(), 2);
    assert_eq!(found.said, "note: and more: --all shows the rest\n");
    assert_eq!(run(&home, &["list", "--limit", "0"]).status, 2);
}

#[cfg(unix)] // at a console of Windows the lines that were printed cannot be told from what is drawn
#[test]
fn a_search_and_the_log_are_as_long_as_the_terminal_is_high_and_whole_in_a_pipe() {
    let home = Home::new();
    filled(&home, 60);
    for command in [&["list"][..], &["search", "task"], &["log"]] {
        let (shown, status) = super::terminal::at_terminal(&home, 80, command, &[]);
        assert_eq!(status, 0, "{shown}");
        let lines = shown.trim_end().lines().count();
        assert!(
            (20..=23).contains(&lines),
            "{command:?}: {lines} lines\n{shown}"
        );
        assert!(shown.contains("--all shows"), "{command:?}: {shown}");
        let whole = run(&home, command);
        assert_eq!(whole.printed.lines().count(), 60, "{command:?}");
        assert_eq!(whole.said, "", "{command:?}");
    }
    assert_eq!(json(&home, &["log"])["more"], false);
    assert_eq!(run(&home, &["log", "-n", "7"]).printed.lines().count(), 7);
}

#[test]
fn a_command_that_needs_tasks_makes_no_database() {
    let home = Home::new();
    let folder = home.database().with_file_name("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    let typo = folder.join("typo.db");
    let typo = typo.to_str().unwrap();
    for (arguments, status) in [
        (&["done", "1"][..], 1),
        (&["edit", "1", "due:fri"], 1),
        (&["delete", "1"], 1),
        (&["undelete", "1"], 1),
        (&["undo"], 1),
        (&["undo", "7"], 1),
        (&["comment", "1", "x"], 1),
        (&["skip", "1"], 1),
        (&["start", "1"], 1),
        (&["done", "--where", "+home", "--yes"], 0),
        (&["backup"], 1),
        (&["watch"], 1),
    ] {
        let refused = run(&home, &[&["--db", typo], arguments].concat());
        assert_eq!(refused.status, status, "{arguments:?}: {refused:?}");
        assert!(
            refused.said.contains("typo.db is not there yet"),
            "{arguments:?}: {}",
            refused.said
        );
        let left = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(left, 0, "{arguments:?}");
    }
    let made = run(&home, &["--db", typo, "add", "one"]);
    assert_eq!(made.status, 0, "{}", made.said);
}

#[test]
fn a_list_longer_than_a_page_is_read_to_its_end() {
    let home = Home::new();
    filled(&home, 2_100);
    let all = run(&home, &["list", "--all"]).printed;
    let expected: Vec<String> = (1..=2_100).map(|id| format!("{id} Task {id}")).collect();
    assert!(
        all.trim_end() == expected.join("\n"),
        "{} lines",
        all.lines().count()
    );
    let found = json(&home, &["search", "task", "--all"]);
    assert_eq!(found["tasks"].as_array().unwrap().len(), 2_100);
}

#[test]
fn no_command_writes_what_could_steer_a_terminal() {
    let home = Home::new();
    let steering = "a\u{1b}[31mb\u{9b}2J\u{202e}c";
    run(
        &home,
        &[
            "add", "--title", steering, "-d", steering, "-t", "x\u{7}y", "-P", steering,
        ],
    );
    run(&home, &["comment", "1", steering]);
    let commands: [&[&str]; 7] = [
        &["list"],
        &["show", "1", "--history"],
        &["log"],
        &["edit", "1", "--text"],
        &["search", "a"],
        &["add", "x", &format!("due:{steering}")],
        &["--db", &format!("/{steering}/nowhere/tasks.db"), "list"],
    ];
    for arguments in commands {
        let run = run(&home, arguments);
        for text in [run.printed, run.said] {
            let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(steers), "{arguments:?}: {text:?}");
        }
    }
}

#[test]
fn a_commit_of_the_command_line_is_heard_at_once() {
    let home = Home::new();
    filled(&home, 1);
    let doorbell = home.database().with_file_name("tasks.db.doorbell");
    let paths = json(&home, &["paths"]);
    assert_eq!(
        paths["doorbell"].as_str().unwrap(),
        doorbell.to_str().unwrap()
    );
    std::fs::write(&doorbell, "").unwrap();
    run(&home, &["done", "1"]);
    assert_eq!(std::fs::read(&doorbell).unwrap(), b"\n");
}

#[test]
fn a_log_of_any_length_comes_whole_the_latest_first() {
    let home = Home::new();
    filled(&home, 2_100);
    let numbers = |arguments: &[&str]| {
        let log = json(&home, arguments);
        let changes = log["changes"].as_array().unwrap().clone();
        let numbers: Vec<i64> = changes
            .iter()
            .map(|one| one["seq"].as_i64().unwrap())
            .collect();
        (numbers, log["more"].as_bool().unwrap())
    };
    assert_eq!(
        numbers(&["log", "--all"]),
        ((1..=2_100).rev().collect(), false)
    );
    assert_eq!(
        numbers(&["log", "-n", "1500"]),
        ((601..=2_100).rev().collect(), true)
    );
    assert_eq!(run(&home, &["log", "--all"]).printed.lines().count(), 2_100);
}
