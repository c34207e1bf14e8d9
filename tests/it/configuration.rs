//! Where settings come from: flags, variables, the configuration file, defaults.

use crate::support::Home;

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
    assert!(refusal.contains("\nhint: taskhold config "), "{refusal}");
}

#[test]
fn a_slip_in_the_configuration_file_stops_no_server_and_no_search_for_faults() {
    let home = Home::new();
    home.run(&["add", "one"]);
    let file = home.database().with_file_name("config.toml");
    let run = |arguments: &[&str], text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut command = home.command(arguments);
        command.env("TASKHOLD_CONFIG", &file);
        command.stdin(std::process::Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), printed, said)
    };
    let newer = "[server]\nport = 1\n";
    let (exit, printed, said) = run(&["list"], newer);
    assert_eq!((exit, printed.as_str()), (0, "1 one\n"), "{said}");
    assert!(
        said.starts_with("note: ")
            && said.contains("config.toml, line 1: there is no setting server"),
        "{said}"
    );

    let wrong = "\ncolor = 'loud'\n";
    assert_eq!(run(&["list"], wrong).0, 2);
    let lenient: [&[&str]; 6] = [
        &["doctor"],
        &["paths"],
        &["prime"],
        &["mcp"],
        &["install", "--list"],
        &["token", "list"],
    ];
    for arguments in lenient {
        let (exit, _, said) = run(arguments, wrong);
        assert_eq!(exit, 0, "{arguments:?}: {said}");
        assert!(
            said.contains("config.toml, line 2: color: loud cannot be used: it must be \"auto\""),
            "{arguments:?}: {said}"
        );
    }
    let (exit, printed, said) = run(&["config"], wrong);
    assert_eq!((exit, said.as_str()), (0, ""));
    assert!(
        printed.contains("\nproblem: ") && printed.contains("line 2: color"),
        "{printed}"
    );

    // No other database takes the place of one that is named wrongly.
    let elsewhere = |arguments: &[&str]| {
        std::fs::write(&file, "database = 'tasks.db'").unwrap();
        let mut command = home.command(arguments);
        command
            .env("TASKHOLD_CONFIG", &file)
            .env_remove("TASKHOLD_DB");
        command.stdin(std::process::Stdio::null());
        command.output().unwrap().status.code().unwrap()
    };
    assert_eq!(elsewhere(&["mcp"]), 2);
    assert_eq!(elsewhere(&["paths"]), 2);
    assert_eq!(elsewhere(&["config"]), 0);
}

#[test]
fn a_time_zone_that_only_other_programs_read_is_passed_over() {
    let home = Home::new();
    home.run(&["add", "one"]);
    for (zone, note) in [("CET-1CEST", true), ("CET-1CEST,M3.5.0,M10.5.0/3", false)] {
        let output = home.command(&["list"]).env("TZ", zone).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            said.contains("$TZ: \"CET-1CEST\" is no time zone"),
            note,
            "{said}"
        );
    }
}

#[test]
fn no_color_wins_over_the_file_and_a_pipe_gets_lines_in_any_colour() {
    let home = Home::new();
    let file = home.database().with_file_name("config.toml");
    std::fs::write(&file, "color = 'always'").unwrap();
    home.run(&["add", "late", "due:2020-01-06"]);
    let run = |arguments: &[&str], no_color: &str| {
        let mut command = home.command(arguments);
        command
            .env("TASKHOLD_CONFIG", &file)
            .env("NO_COLOR", no_color);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let coloured = run(&["list"], "");
    assert!(coloured.starts_with("1 \u{1b}["), "{coloured:?}");
    assert_eq!(run(&["list"], "1"), "1 late (overdue Mon 2020-01-06)\n");
    assert_eq!(run(&["list", "--color", "always"], "1"), coloured);
    let shown = run(&["config"], "1");
    let line = shown
        .lines()
        .find(|line| line.starts_with("color"))
        .unwrap();
    assert!(
        line.contains("never") && line.ends_with("$NO_COLOR"),
        "{line}"
    );
}

#[cfg(unix)]
#[test]
fn a_configuration_file_that_is_a_pipe_is_refused_and_not_waited_for() {
    let home = Home::new();
    let pipe = home.database().with_file_name("config.toml");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let mut command = home.command(&["list"]);
    let output = command.env("TASKHOLD_CONFIG", &pipe).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("it is no regular file"),
        "{said}"
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
    let all = "1 one project:Inbox\n2 two project:flat\n3 three\n";
    assert_eq!(run(&["list", "open"]), all, "the limit is for a terminal");
    assert_eq!(run(&["list", "--status", "pending", "--all"]), all);
    run(&["done", "1", "2"]);
    assert_eq!(run(&["list"]).lines().count(), 2);
    assert_eq!(run(&["list", "-n", "1"]).lines().count(), 1);
}
