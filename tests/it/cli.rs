//! The command line: what it prints, and what it exits with.

use crate::support::{Dialect, Home};

fn output(home: &Home, arguments: &[&str]) -> (i32, String, String) {
    let output = home.command(arguments).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_task_is_added_listed_done_and_deleted() {
    let home = Home::new();
    let (status, printed, said) = output(&home, &["list"]);
    assert_eq!((status, printed.as_str()), (0, ""));
    let missing = home.database().display().to_string();
    assert_eq!(
        said,
        format!(
            "note: {missing} is not there yet: no tasks\nnote: no tasks here; add one: taskhold add \"...\"\n"
        )
    );
    assert_eq!(home.run(&["add", "Buy", "milk"]), "Added 1 Buy milk\n");
    assert_eq!(
        home.run(&["add", "Call Anna", "-d", "about the trip"]),
        "Added 2 Call Anna\n"
    );
    assert_eq!(home.run(&["list"]), "1 Buy milk\n2 Call Anna\n");
    let done = home.run(&["done", "1"]);
    let task = done.strip_prefix("Completed ").expect("it was open");
    assert!(task.starts_with("1 Buy milk (done "), "{task}");
    assert_eq!(
        home.run(&["done", "#1"]),
        format!("Nothing changed, completed already: {task}")
    );
    assert_eq!(home.run(&["list"]), "2 Call Anna\n");
    assert_eq!(
        home.run(&["delete", "2"]),
        "Moved to the trash: 2 Call Anna\n"
    );
    assert_eq!(home.run(&["list", "--view", "trash"]), "2 Call Anna\n");
    assert_eq!(home.run(&["list", "--view", "all"]), task);
}

#[test]
fn several_tasks_are_changed_together_or_not_at_all() {
    let home = Home::new();
    home.run(&["add", "one"]);
    home.run(&["add", "two"]);
    let (status, printed, said) = output(&home, &["done", "1", "99", "2"]);
    assert_eq!(
        (status, printed.as_str(), said.as_str()),
        (
            1,
            "",
            "taskhold: Task 99 not found\nhint: taskhold search WORDS finds tasks, finished ones too\n"
        )
    );
    assert_eq!(home.run(&["list"]), "1 one\n2 two\n");
}

#[test]
fn json_has_everything() {
    let home = Home::new();
    home.run(&["add", "one"]);
    let line = home.run(&["list", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&line).unwrap();
    let task = &list["tasks"][0];
    assert_eq!(
        (&task["id"], &task["rev"], &task["created_by"]),
        (&1.into(), &1.into(), &"cli".into())
    );
}

#[test]
fn what_is_wrong_with_the_words_of_a_call_exits_with_2() {
    let home = Home::new();
    home.run(&["add", "one"]);
    let cases: [(&[&str], &str); 28] = [
        (&[], "Usage"),
        (&["bogus"], "bogus"),
        (&["done"], "<ID>"),
        (&["done", "abc"], "an id is a whole number from 1"),
        (&["done", "0"], "an id is a whole number from 1"),
        (&["done", "9223372036854775808"], "9223372036854775808"),
        (&["done", "1,"], "an id is a whole number from 1"),
        (
            &["--db", "tasks.db", "list"],
            "--db: tasks.db is not an absolute path; give ",
        ),
        (&["--db", "", "list"], "--db: the path is empty"),
        (&["add", "  "], "title is blank"),
        (&["add", "one\ntwo"], "title has more than one line"),
        (&["add", ""], "title is blank"),
        (&["add", "x", "due:garbage"], "due \"garbage\" is no date"),
        (&["add", "x", "after:1,zz"], "after must be a whole number"),
        (
            &["add", "x", "--parent", "zz"],
            "parent must be a whole number",
        ),
        (&["add", "x", "--tag", "a b"], "tag \"a b\" has blanks"),
        (&["add", "x", "--key", ""], "key must have"),
        (&["edit", "1", "repeat:never"], "repeat \"never\""),
        (&["comment", "1"], "comment is blank"),
        (&["log", "x"], "an id is a whole number"),
        (&["undo", "x"], "it is no whole number"),
        (&["list", "--limit", "0"], "0 is not in"),
        (
            &["list", "--due-before", "garbage"],
            "--due-before \"garbage\" is no date",
        ),
        (&["list", "pri:loud"], "priority \"loud\" is none of"),
        (&["list", "status:loud"], "status \"loud\" is none of"),
        (&["search", ""], "there are no words"),
        (&["search", "\""], "there are no words"),
        (
            &["token", "add", "--name", "a b"],
            "cannot be a token's name",
        ),
    ];
    for (arguments, said) in cases {
        let (exit, printed, error) = output(&home, arguments);
        assert_eq!(exit, 2, "{arguments:?}: {error}");
        assert!(
            printed.is_empty() && error.contains(said),
            "{arguments:?}: {error}"
        );
        if !arguments.is_empty() {
            assert!(error.starts_with("taskhold: "), "{arguments:?}: {error}");
            assert!(error.contains("\nhint: "), "{arguments:?}: {error}");
        }
    }
}

#[test]
fn what_is_rightly_asked_for_and_refused_exits_with_1() {
    let home = Home::new();
    home.run(&["add", "one", "due:fri", "repeat:weekly"]);
    home.run(&["add", "two", "after:1"]);
    let cases: [(&[&str], &str); 9] = [
        (&["done", "99"], "Task 99 not found"),
        (&["add", "x", "parent:99"], "Task 99 not found"),
        (
            &["edit", "1", "title:x", "--if-rev", "7"],
            "task 1 is at rev 1, not 7",
        ),
        (&["edit", "1", "due:"], "due is what repeat goes by"),
        (
            &["edit", "1", "after:2"],
            "after would go round in a circle: 1 -> 2 -> 1",
        ),
        (&["edit", "1", "--from", "/nope"], "/nope cannot be read"),
        (&["undo", "99"], "no change group 99"),
        (&["add", "-"], "standard input has no titles"),
        (&["restore", "7"], "backup 7 is not there"),
    ];
    for (arguments, said) in cases {
        let (exit, printed, error) = output(&home, arguments);
        assert_eq!(exit, 1, "{arguments:?}: {error}");
        assert!(
            printed.is_empty() && error.contains(said) && error.contains("\nhint: "),
            "{arguments:?}: {error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = Home::new();
    let mut command = home.command(&["add", "Caf\u{e9}"]);
    command.arg(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("taskhold: argument 3, \"caf\u{fffd}\", is no UTF-8 text"),
        "{said}"
    );
}

#[test]
fn commands_of_other_programs_are_taken_where_they_mean_the_same() {
    let home = Home::new();
    home.run(&["add", "one"]);
    assert_eq!(home.run(&["ls"]), "1 one\n");
    assert_eq!(home.run(&["modify", "1", "+x"]), "Changed 1 one +x\n");
    home.run(&["annotate", "1", "seen"]);
    assert!(home.run(&["info", "1"]).contains("seen"));
    assert_eq!(home.run(&["find", "seen"]), "1 one +x\n");
    home.run(&["rm", "1"]);
    assert_eq!(home.run(&["ls"]), "");
    for (word, said) in [("version", "hint: taskhold --version"), ("lst", "'list'")] {
        let (exit, _, error) = output(&home, &[word]);
        assert_eq!(exit, 2);
        assert!(error.contains(said), "{word}: {error}");
    }
    let (_, _, error) = output(&home, &["done", "milk"]);
    assert!(
        error.contains("hint: taskhold search milk finds ids by words"),
        "{error}"
    );
}

#[test]
fn the_version_names_sqlite_and_the_commit_where_it_is_known() {
    let home = Home::new();
    let said = home.run(&["--version"]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], concat!("taskhold ", env!("CARGO_PKG_VERSION")));
    let sqlite = format!("SQLite {}", rusqlite::version());
    assert_eq!(*lines.last().unwrap(), sqlite);
    if let [_, commit, _] = lines[..] {
        let hash = commit.strip_prefix("commit ").unwrap();
        assert!(hash.len() >= 7, "{said}");
    } else {
        assert_eq!(lines.len(), 2, "{said}");
    }
    assert_eq!(home.run(&["-V"]).trim_end(), lines[0]);
}

#[test]
fn what_a_note_quotes_is_cleaned() {
    let home = Home::new();
    let word = "status:\u{1b}[31mX\u{1b}]0;t\u{7}a\u{202e}gnp";
    for arguments in [&["add", "t", word][..], &["--json", "add", "t", word]] {
        let output = home.command(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("stays in the title"), "{said:?}");
        assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_no_text_is_refused_as_json_and_printed_otherwise() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = Home::new();
    let folder = home
        .database()
        .with_file_name(std::ffi::OsStr::from_bytes(b"h\xff"));
    std::fs::create_dir(&folder).unwrap();
    let paths = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command
            .env("TASKHOLD_DB", folder.join("tasks.db"))
            .output()
            .unwrap()
    };
    let refused = paths(&["--json", "paths"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("call it without --json"));
    assert!(paths(&["paths"]).status.success());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    for _ in 0..200 {
        client.send_call("add_task", serde_json::json!({ "title": "x".repeat(500) }));
    }
    drop(client.close_stdin_and_wait());
    let mut list = home.command(&["list"]);
    let mut list = list
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(list.stdout.take());
    let output = list.wait_with_output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

/// `release/build` reads it in programs that cannot run where a release is packed.
#[test]
fn the_commit_that_the_version_tells_is_marked_in_the_program() {
    let home = Home::new();
    let said = home.run(&["--version"]);
    let commit = said
        .lines()
        .find_map(|line| line.strip_prefix("commit "))
        .unwrap_or_default();
    let mark = format!("taskhold-commit:{commit};");
    let program = std::fs::read(env!("CARGO_BIN_EXE_taskhold")).unwrap();
    let mut parts = program.windows(mark.len());
    assert!(parts.any(|part| part == mark.as_bytes()), "{mark}");
}
