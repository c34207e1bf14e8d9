//! What helps people to call the program: `help`, the manual page, completion in a shell.

use std::{fs, process::Output};

use serde_json::json;

use crate::support::{Dialect, Home};
#[cfg(unix)]
use crate::support::{PATIENCE, read_all};

fn output(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = home.command(arguments);
    command.envs(variables.iter().copied()).output().unwrap()
}

/// Returns what a shell is offered for the last of `words`.
fn offered(home: &Home, shell: &str, words: &[&str]) -> String {
    let last = (words.len()).to_string();
    let output = output(
        home,
        &[&["--", "taskhold"], words].concat(),
        &[
            ("TASKHOLD_COMPLETE", shell),
            ("_CLAP_COMPLETE_INDEX", &last),
            ("_CLAP_IFS", "\n"),
        ],
    );
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_is_given_on_commands_and_topics_whatever_the_environment() {
    let home = Home::new();
    let broken = [("TZ", "Nowhere/At_All"), ("TASKHOLD_DB", "relative.db")];
    let cases: [(&[&str], &str); 5] = [
        (&["help"], "Topics, for taskhold help TOPIC:\n  dates "),
        (&["help", "add"], "Usage: taskhold add "),
        (&["help", "token", "add"], "Usage: taskhold token add "),
        (&["help", "dates"], "    tomorrow 17:30 "),
        (&["man"], ".TH taskhold 1"),
    ];
    for (arguments, said) in cases {
        let output = output(&home, arguments, &broken);
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(said), "{arguments:?}: {printed}");
    }
    let unknown = output(&home, &["help", "nothing"], &[]);
    assert_eq!(unknown.status.code(), Some(2));
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(
        said.contains("no command or topic \"nothing\"; the topics are dates"),
        "{said}"
    );
}

#[test]
fn every_command_has_a_manual_page() {
    let home = Home::new();
    let folder = home.database().with_file_name("man");
    home.run(&["man", "--dir", folder.to_str().unwrap()]);
    let sections = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES"];
    let further = ["ENVIRONMENT", "FILES", "\"EXIT STATUS\""];
    let page = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    for name in ["taskhold.1", "taskhold-add.1", "taskhold-install.1"] {
        let text = page(name);
        for section in sections {
            assert!(text.contains(&format!(".SH {section}\n")), "{name}: {text}");
        }
        assert!(!text.contains("EXTRA"), "{name}: {text}");
    }
    for section in further {
        assert!(
            page("taskhold.1").contains(&format!(".SH {section}\n")),
            "{section}"
        );
    }
    let add = page("taskhold-add.1");
    assert!(
        add.contains("[OPTIONS] [WORD]... [\\-\\- <TEXT>...]"),
        "{add}"
    );
    assert!(folder.join("taskhold-token-add.1").exists());

    let file = home.database().with_file_name("file");
    fs::write(&file, "").unwrap();
    let output = output(&home, &["man", "--dir", file.to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(file.to_str().unwrap()), "{said}");
}

#[test]
fn every_shell_has_a_script_that_asks_the_program() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = home.run(&["completions", shell]);
        assert!(script.contains("TASKHOLD_COMPLETE"), "{shell}: {script}");
    }
    assert_eq!(
        output(&home, &["completions", "cmd"], &[]).status.code(),
        Some(2)
    );
}

#[test]
fn open_tasks_commands_and_topics_are_offered() {
    let home = Home::new();
    assert!(!offered(&home, "fish", &["done", ""]).contains('1'));
    assert!(!home.database().exists());
    let mut client = home.connect(Dialect::Legacy);
    for title in ["Pay rent: now", "Call Anna", "Done already"] {
        client.call("add_task", json!({ "title": title }));
    }
    client.call("complete_task", json!({ "task_id": 3 }));
    let ids = offered(&home, "fish", &["done", ""]);
    assert!(
        ids.starts_with("1\tPay rent: now\n2\tCall Anna\n--"),
        "{ids}"
    );
    assert_eq!(offered(&home, "fish", &["done", "2"]), "2\tCall Anna\n");
    assert_eq!(offered(&home, "zsh", &["delete", "1"]), "1:Pay rent: now");

    let other = home.database().with_file_name("other.db");
    let other = other.to_str().unwrap();
    home.run(&["--db", other, "add", "elsewhere"]);
    assert_eq!(
        offered(&home, "fish", &["--db", other, "done", "1"]),
        "1\telsewhere\n"
    );
    assert_eq!(offered(&home, "fish", &["help", "da"]), "dates\n");
    assert!(offered(&home, "fish", &["pri"]).starts_with("prime\t"));
}

#[test]
fn what_an_argument_can_be_is_offered() {
    let home = Home::new();
    for words in [
        &["Pay rent", "project:My flat", "+home"][..],
        &["Fly", "project:moon", "+house"],
        &["Finished", "project:moon"],
    ] {
        home.run(&[&["add"], words].concat());
    }
    home.run(&["done", "3"]);
    home.run(&["backup"]);
    home.run(&["token", "add", "--name", "phone"]);
    let cases: [(&[&str], &[&str]); 28] = [
        (&["list", "project:M"], &["project:moon", "project:My flat"]),
        (&["add", "x", "project:mo"], &["project:moon"]),
        (&["add", "--project", "my"], &["My flat"]),
        (&["list", "-P", "mo"], &["moon"]),
        (&["add", "x", "+h"], &["+home", "+house"]),
        (&["edit", "1", "+a,ho"], &["+a,home", "+a,house"]),
        (&["edit", "1", "--untag", "hou"], &["house"]),
        (&["search", "x", "!h"], &["!high"]),
        (&["list", "to"], &["today", "tomorrow"]),
        (&["watch", "ov"], &["overdue"]),
        (&["list", "--status", "c"], &["completed", "cancelled"]),
        (&["add", "x", "-p", "m"], &["medium"]),
        (&["add", "x", "after:2"], &["after:2\tFly"]),
        (&["done", "1,2"], &["1,2\tFly"]),
        // A dash and two letters is a word, and no row of flags.
        (&["list", "-ho"], &["-home", "-house"]),
        (&["list", "-hot", "+hou"], &["+house"]),
        (&["edit", "1", "-hou"], &["-house"]),
        (&["list", "-project:mo"], &["-project:moon"]),
        (&["done", "--where", "-project:mo"], &["-project:moon"]),
        (&["done", "--where", "today +hou"], &["today +house"]),
        (&["list", "--without", "hou"], &["house"]),
        (&["list", "--sort", "t"], &["title"]),
        (&["list", "te"], &["text:"]),
        (&["reopen", "3"], &["3\tFinished"]),
        (&["edit", "1", "ti"], &["title:"]),
        (&["show", "3"], &["3\tFinished"]),
        (&["undo", "4"], &["4\tcomplete: Finished"]),
        (&["token", "revoke", "--name", "p"], &["phone"]),
    ];
    for (words, expected) in cases {
        let offered = offered(&home, "fish", words);
        let offered: Vec<&str> = offered.lines().collect();
        assert_eq!(offered, expected, "{words:?}");
    }
    home.run(&["add", "Trashed"]);
    home.run(&["delete", "4"]);
    assert_eq!(
        offered(&home, "fish", &["undelete", ""]).lines().next(),
        Some("4\tTrashed")
    );
    // Finished tasks are none to finish.
    assert_eq!(offered(&home, "fish", &["done", "3"]), "");
    let backups = offered(&home, "fish", &["restore", ""]);
    let first = backups.lines().nth(1).unwrap();
    let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    for shell in ["zsh", "elvish", "powershell"] {
        let words = offered(&home, shell, &["list", "-hou"]);
        assert_eq!(words.trim_end(), "-house", "{shell}");
    }
    assert!(
        backups.starts_with("latest\n1\t") && weekdays.contains(&&first[2..5]),
        "{backups}"
    );
}

/// Types `lines` at a bash of a person who has sourced the script, and returns the words of each line as the program
/// would have been given them: `t` stands for it, completes the same, and prints them.
#[cfg(unix)]
fn typed(home: &Home, lines: &[&str]) -> String {
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    use std::io::Write as _;

    let script = home.database().with_file_name("script");
    fs::write(&script, home.run(&["completions", "bash"])).unwrap();
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_taskhold"))
        .parent()
        .unwrap();
    let mut command = CommandBuilder::new("/bin/bash");
    command.args(["--norc", "--noprofile", "-i"]);
    command.env_clear();
    command.cwd(script.parent().unwrap());
    command.env("PATH", folder);
    command.env("HOME", script.parent().unwrap());
    command.env("TASKHOLD_DB", home.database());
    command.env("TERM", "dumb");
    command.env("PS1", "");
    command.env("INPUTRC", "/dev/null");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut keys = pair.master.take_writer().unwrap();
    let shown = read_all(pair.master.try_clone_reader().unwrap());
    writeln!(keys, "source script; printed=$PWD/printed").unwrap();
    writeln!(
        keys,
        "t() {{ printf '<%s>' \"$@\" >> $printed; echo >> $printed; }}"
    )
    .unwrap();
    writeln!(keys, "complete -o nospace -F _clap_complete_taskhold t").unwrap();
    for line in lines {
        writeln!(keys, "{line}").unwrap();
    }
    writeln!(keys, "exit").unwrap();
    let Ok(shown) = shown.recv_timeout(PATIENCE) else {
        child.kill().unwrap();
        panic!("bash did not come to its end");
    };
    child.wait().unwrap();
    fs::read_to_string(script.with_file_name("printed")).unwrap_or_else(|_| panic!("{shown}"))
}

#[cfg(unix)]
#[test]
fn bash_completes_what_is_typed() {
    let home = Home::new();
    home.run(&["add", "one", "project:My flat", "+home"]);
    let cases = [
        ("t done 1\t", "<done><1>"),
        ("t list project:m\t", "<list><project:My flat>"),
        ("t list --project=M\t", "<list><--project=My flat>"),
        ("t list project:\"My\t", "<list><project:My flat>"),
        ("t list project:My\\ f\t", "<list><project:My flat>"),
        ("t add x pro\tm\t", "<add><x><project:My flat>"),
        ("t add x +h\ty", "<add><x><+home><y>"),
        ("t add x !h\t", "<add><x><!high>"),
        ("t add x due:tod\t", "<add><x><due:today>"),
        ("t list tod\t", "<list><today>"),
        ("t list -ho\t", "<list><-home>"),
        ("t search --stat\tcomp\t", "<search><--status><completed>"),
    ];
    let lines = cases.map(|(line, _)| line);
    let printed = typed(&home, &lines);
    let printed: Vec<&str> = printed.lines().collect();
    assert_eq!(printed, cases.map(|(_, words)| words));
}
