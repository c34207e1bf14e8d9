//! Locks that another process holds and does not free, as one that was suspended does: each call is answered within its
//! limit, and says which lock, who has it and what to do.
//!
//! The test is the other process: it locks the file itself.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Client, Dialect, Home, exit_status, read_all};

/// A call waits 30 seconds for locks, however many it meets. One that waited twice as long would come later than this.
const IN_TIME: Duration = Duration::from_secs(50);

#[expect(
    clippy::disallowed_methods,
    reason = "the test holds the lock itself, as another process would"
)]
fn locked(path: &Path) -> File {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .unwrap();
    file.lock().unwrap();
    file
}

fn beside(home: &Home, ending: &str) -> PathBuf {
    home.database().with_file_name(format!("tasks.db{ending}"))
}

/// A database that another process is about to make.
fn begun() -> (Home, File) {
    let home = Home::new();
    fs::write(home.database(), "").unwrap();
    let lock = locked(&beside(&home, ".lock"));
    (home, lock)
}

fn filled() -> Home {
    let home = Home::new();
    home.run(&["add", "there before"]);
    home.run(&["backup"]);
    home.run(&["add", "there since"]);
    home
}

/// Runs a command to its end, in time; returns whether it succeeded and what it said.
fn ended(home: &Home, arguments: &[&str]) -> (bool, String) {
    let mut command = home.command(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let printed = read_all(child.stdout.take().unwrap());
    let said = read_all(child.stderr.take().unwrap());
    let awaited = format!("the end of {arguments:?}");
    let (status, said) = exit_status(&mut child, &said, IN_TIME, &awaited);
    let printed = printed.recv_timeout(IN_TIME).unwrap();
    (status.success(), format!("{printed}{said}"))
}

fn assert_says(said: &str, lock: &Path, held_while: &str) {
    let mut expected = vec![lock.to_str().unwrap(), held_while, "30 seconds", "repeat"];
    let holder = format!("process {} (", std::process::id());
    if cfg!(target_os = "linux") {
        expected.push(&holder);
    }
    for expected in expected {
        assert!(said.contains(expected), "{said:?} lacks {expected:?}");
    }
}

fn assert_refused(home: &Home, arguments: &[&str], lock: &Path, held_while: &str) {
    let (succeeded, said) = ended(home, arguments);
    assert!(!succeeded, "{arguments:?}: {said}");
    assert_says(&said, lock, held_while);
}

/// Returns the answers to requests, as far as they come before `deadline`.
fn answers(client: &mut Client, ids: &[Value], deadline: Instant) -> Vec<Value> {
    let mut answers = Vec::new();
    while answers.len() < ids.len()
        && let Some(message) = client.message_until(deadline)
    {
        if ids.contains(&message["id"]) {
            answers.push(message);
        }
    }
    answers
}

fn said_by(answer: &Value) -> &str {
    let text = answer["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{answer}"))
}

const MADE: &str = "the database is made or upgraded";
const BACKED_UP: &str = "a backup, an import or a restore is made";

/// All of it at once, since each of them waits for half a minute.
#[test]
fn a_lock_that_is_never_freed_is_waited_for_half_a_minute_and_told_with_its_holder() {
    let (new, _made) = begun();
    let made = beside(&new, ".lock");
    let fixed = filled();
    let _fixed = locked(&beside(&fixed, ".lock"));
    let kept = filled();
    let backups = beside(&kept, ".backups").join(".lock");
    let _backups = locked(&backups);
    let import = kept.database().with_file_name("import.txt");
    fs::write(&import, "one more\n").unwrap();
    let import = import.to_str().unwrap();
    thread::scope(|scope| {
        for arguments in [
            &["list"][..],
            &["add", "new"],
            &["backup"],
            &["token", "show"],
        ] {
            let (new, made) = (&new, &made);
            scope.spawn(move || assert_refused(new, arguments, made, MADE));
        }
        scope.spawn(|| {
            let lock = beside(&fixed, ".lock");
            assert_refused(&fixed, &["token", "show"], &lock, MADE);
        });
        let backing_up = [
            vec!["backup"],
            vec!["restore", "latest"],
            vec!["import", "--format", "todo.txt", import],
        ];
        for arguments in backing_up {
            let (kept, backups) = (&kept, &backups);
            scope.spawn(move || assert_refused(kept, &arguments, backups, BACKED_UP));
        }
        scope.spawn(|| answers_of_a_server(&new, &made));
        // Meanwhile others work on.
        for home in [&new, &fixed, &kept] {
            let (succeeded, said) = ended(home, &["doctor"]);
            assert!(succeeded, "{said}");
        }
        for n in 0..5 {
            for home in [&fixed, &kept] {
                let (succeeded, said) = ended(home, &["add", &format!("meanwhile {n}")]);
                assert!(succeeded, "{said}");
            }
        }
    });
    let listed = kept.run(&["list"]);
    assert!(!listed.contains("one more"), "{listed}");
    for title in ["there before", "there since", "meanwhile 4"] {
        assert!(listed.contains(title), "{listed}");
    }
}

/// A read and a write, both made while the server itself still waits to open the database.
fn answers_of_a_server(home: &Home, lock: &Path) {
    let mut client = home.connect(Dialect::Modern);
    let ids = [
        client.send_call("add_task", json!({ "title": "new" })),
        client.send_call("list_tasks", json!({})),
    ];
    let answers = answers(&mut client, &ids, Instant::now() + IN_TIME);
    assert_eq!(answers.len(), 2, "{answers:?}");
    for answer in &answers {
        assert_says(said_by(answer), lock, MADE);
    }
}

#[test]
fn a_server_whose_input_ends_while_it_waits_for_a_lock_answers_that_the_calls_were_not_made() {
    for dialect in Dialect::BOTH {
        let (home, lock) = begun();
        let mut client = home.connect(dialect);
        let ids = [
            client.send_call("add_task", json!({ "title": "never made" })),
            client.send_call("list_tasks", json!({})),
        ];
        client.close_stdin();
        let answers = answers(&mut client, &ids, Instant::now() + IN_TIME);
        assert_eq!(answers.len(), 2, "{dialect:?}: {answers:?}");
        for answer in &answers {
            assert!(said_by(answer).contains("was not made"), "{answer}");
        }
        client.wait_for_exit().assert_good(dialect);
        drop(lock);
        assert_eq!(home.tasks("all"), [] as [Value; 0]);
    }
}

/// As an import that hangs holds it.
#[test]
fn a_database_that_stays_locked_is_waited_for_half_a_minute_in_all() {
    let home = filled();
    let other = Connection::open(home.database()).unwrap();
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE")
        .unwrap();
    thread::scope(|scope| {
        for arguments in [&["add", "never"][..], &["list"], &["doctor"]] {
            let home = &home;
            scope.spawn(move || {
                let (succeeded, said) = ended(home, arguments);
                assert!(!succeeded, "{said}");
                assert!(
                    said.contains("another process kept the database locked"),
                    "{said}"
                );
                if cfg!(target_os = "linux") && arguments != ["doctor"] {
                    let holder = format!("hint: process {} (", std::process::id());
                    assert!(said.contains(&holder), "{said}");
                }
            });
        }
        scope.spawn(|| {
            let mut client = home.connect(Dialect::Legacy);
            let ids = [client.send_call("add_task", json!({ "title": "never" }))];
            let answers = answers(&mut client, &ids, Instant::now() + IN_TIME);
            assert_eq!(answers.len(), 1);
            let said = said_by(&answers[0]);
            assert!(
                said.contains("another process kept the database locked"),
                "{said}"
            );
        });
    });
    drop(other);
    assert_eq!(home.tasks("all").len(), 2);
}

/// The process that is named may be one that was suspended: then it is said how it goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_holder_that_was_suspended_is_told_with_the_way_to_let_it_go_on() {
    let (home, lock) = begun();
    // Its own copy of the handle keeps the lock, whatever happens to ours.
    let mut holder = std::process::Command::new("sleep")
        .arg("600")
        .stdin(Stdio::from(lock))
        .spawn()
        .unwrap();
    let id = holder.id().to_string();
    let signal = |name: &str| {
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args([name, &id]).status().unwrap().success());
    };
    signal("-STOP");
    let (succeeded, said) = ended(&home, &["list"]);
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(!succeeded, "{said}");
    let expected = format!("process {id} (sleep), which is suspended, has locked it");
    assert!(said.contains(&expected), "{said}");
    assert!(said.contains(&format!("kill -CONT {id}")), "{said}");
    home.run(&["add", "now"]);
    assert_eq!(home.run(&["list"]), "1 now\n");
}

#[test]
fn a_folder_in_the_place_of_a_lock_keeps_nobody_waiting() {
    let home = Home::new();
    fs::create_dir(beside(&home, ".lock")).unwrap();
    let (succeeded, said) = ended(&home, &["add", "never"]);
    assert!(!succeeded);
    assert!(said.contains("it is no regular file"), "{said}");
    assert!(beside(&home, ".lock").is_dir());
}
