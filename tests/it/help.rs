//! What helps people to call the program: `help`, the manual page, completion in a shell.

use std::{fs, process::Output};

use serde_json::json;

use crate::support::{Dialect, Home};

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
    let cases: [(&[&str], &str); 4] = [
        (&["help"], "Topics, for taskhold help TOPIC:\n  dates "),
        (&["help", "add"], "Usage: taskhold add "),
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
    for page in ["taskhold.1", "taskhold-add.1", "taskhold-install.1"] {
        let text = fs::read_to_string(folder.join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
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

#[cfg(unix)]
#[test]
fn bash_completes_with_the_script() {
    let home = Home::new();
    home.run(&["add", "one"]);
    home.run(&["add", "two"]);
    let script = home.database().with_file_name("script");
    fs::write(&script, home.run(&["completions", "bash"])).unwrap();
    let line = format!(
        "source {}; COMP_WORDS=(taskhold done ''); COMP_CWORD=2; COMP_TYPE=9; _clap_complete_taskhold taskhold '' done; \
         echo \"${{COMPREPLY[@]:0:2}}\"",
        script.display()
    );
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_taskhold"))
        .parent()
        .unwrap();
    let completed = std::process::Command::new("/bin/bash")
        .args(["-c", &line])
        .env_clear()
        .env("PATH", folder)
        .env("HOME", home.database().parent().unwrap())
        .env("TASKHOLD_DB", home.database())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(completed.stdout).unwrap(),
        "1 2\n",
        "{}",
        String::from_utf8_lossy(&completed.stderr)
    );
}
