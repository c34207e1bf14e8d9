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
    assert_eq!(said, "note: no tasks here; add one: taskhold add \"...\"\n");
    assert_eq!(home.run(&["add", "Buy", "milk"]), "Added 1 Buy milk\n");
    assert_eq!(
        home.run(&["add", "Call Anna", "-d", "about the trip"]),
        "Added 2 Call Anna\n"
    );
    assert_eq!(home.run(&["list"]), "1 Buy milk\n2 Call Anna\n");
    assert_eq!(
        home.run(&["done", "1"]),
        "Completed 1 Buy milk (completed)\n"
    );
    assert_eq!(
        home.run(&["done", "#1"]),
        "Nothing changed, completed already: 1 Buy milk (completed)\n"
    );
    assert_eq!(home.run(&["list"]), "2 Call Anna\n");
    assert_eq!(
        home.run(&["delete", "2"]),
        "Moved to the trash: 2 Call Anna\n"
    );
    assert_eq!(home.run(&["list", "--view", "trash"]), "2 Call Anna\n");
    assert_eq!(
        home.run(&["list", "--view", "all"]),
        "1 Buy milk (completed)\n"
    );
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
fn a_wrong_call_exits_with_2_and_a_failed_one_with_1() {
    let home = Home::new();
    let cases: [(&[&str], i32, &str); 9] = [
        (&[], 2, "Usage"),
        (&["bogus"], 2, "bogus"),
        (&["done"], 2, "ID"),
        (
            &["done", "abc"],
            2,
            "must be a whole number from 1, like 12; \"abc\" is none",
        ),
        (&["done", "0"], 2, "0 is none"),
        (&["done", "9223372036854775808"], 2, "9223372036854775808"),
        (
            &["--db", "tasks.db", "list"],
            2,
            "--db: tasks.db is not an absolute path; give ",
        ),
        (&["add", "  "], 1, "title is blank"),
        (&["add", "one\ntwo"], 1, "title has more than one line"),
    ];
    for (arguments, status, said) in cases {
        let (exit, printed, error) = output(&home, arguments);
        assert_eq!(exit, status, "{arguments:?}: {error}");
        assert!(
            printed.is_empty() && error.contains(said),
            "{arguments:?}: {error}"
        );
    }
}

#[test]
fn the_flag_wins_over_the_variable_and_the_variable_over_the_default() {
    let home = Home::new();
    let flag = home.database().with_file_name("flag.db");
    home.run(&["--db", flag.to_str().unwrap(), "add", "by flag"]);
    home.run(&["add", "by variable"]);
    let default = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        String::from_utf8(command.env("TASKHOLD_DB", "").output().unwrap().stdout).unwrap()
    };
    assert_eq!(default(&["add", "by default"]), "Added 1 by default\n");
    assert_eq!(home.run(&["list"]), "1 by variable\n");
    assert_eq!(
        home.run(&["list", "--db", flag.to_str().unwrap()]),
        "1 by flag\n"
    );
    let paths = default(&["paths"]);
    let folder = home
        .database()
        .parent()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        paths.starts_with("database") && paths.contains(&folder),
        "{paths}"
    );
}

#[test]
fn the_configuration_file_is_read_by_every_command_and_shown_with_its_values() {
    let home = Home::new();
    let file = home.database().with_file_name("config.toml");
    let run = |arguments: &[&str], text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut command = home.command(arguments);
        let output = command.env("TASKHOLD_CONFIG", &file).output().unwrap();
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), printed)
    };
    let (exit, shown) = run(&["config", "--show"], "time_zone = 'Pacific/Kiritimati'");
    assert_eq!(exit, 0, "{shown}");
    let line = |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("time_zone").contains("Pacific/Kiritimati"), "{shown}");
    assert!(line("time_zone").ends_with("config.toml"), "{shown}");
    assert!(line("database").ends_with("$TASKHOLD_DB"), "{shown}");
    assert!(line("week_start").ends_with("default"), "{shown}");

    let (exit, refusal) = run(&["list"], "time_zone = 'Mars/Olympus'");
    assert_eq!(exit, 2, "{refusal}");
    assert!(
        refusal.contains("config.toml: \"Mars/Olympus\" is no time zone"),
        "{refusal}"
    );
}

#[test]
fn what_a_call_does_not_say_the_configuration_file_says() {
    let home = Home::new();
    let file = home.database().with_file_name("config.toml");
    let settings = "[defaults]\nview = 'completed'\nlimit = 1\nproject = 'Inbox'\n";
    std::fs::write(&file, settings).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        let output = command.env("TASKHOLD_CONFIG", &file).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["add", "one"]);
    run(&["add", "two", "project:flat"]);
    run(&["add", "three", "project:none"]);
    assert_eq!(run(&["list"]), "");
    assert_eq!(run(&["list", "open"]), "1 one @Inbox\n");
    assert_eq!(run(&["list", "--status", "pending"]), "1 one @Inbox\n");
    let all = run(&["list", "open", "--all"]);
    assert_eq!(all, "1 one @Inbox\n2 two @flat\n3 three\n");
    run(&["done", "1", "2"]);
    assert_eq!(run(&["list"]).lines().count(), 1);
    assert_eq!(run(&["list", "-n", "2"]).lines().count(), 2);
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
