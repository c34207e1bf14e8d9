//! Backups: when they are taken, what they hold, what the commands say.

use std::{collections::BTreeSet, fs, path::PathBuf, thread, time::Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::support::{Dialect, Home, PATIENCE};

pub(crate) fn entries(home: &Home) -> Vec<Value> {
    let listed: Value = serde_json::from_str(&home.run(&["backup", "--list", "--json"])).unwrap();
    listed["backups"].as_array().unwrap().clone()
}

fn reasons(home: &Home) -> Vec<String> {
    entries(home)
        .iter()
        .map(|entry| entry["reason"].as_str().unwrap().to_owned())
        .collect()
}

fn failure(home: &Home, arguments: &[&str]) -> String {
    let output = home.command(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn folder(home: &Home) -> PathBuf {
    home.database().with_file_name("tasks.db.backups")
}

#[test]
fn the_first_write_of_a_day_is_followed_by_a_backup_and_the_next_is_not() {
    let home = Home::new();
    home.run(&["list"]);
    assert_eq!(reasons(&home), Vec::<String>::new());
    home.run(&["add", "one"]);
    home.run(&["add", "two"]);
    let [daily] = &entries(&home)[..] else {
        panic!("{:?}", entries(&home))
    };
    assert_eq!(
        (&daily["reason"], &daily["tasks"]),
        (&json!("daily"), &json!(1))
    );
}

#[test]
fn a_session_that_ends_right_after_its_change_finishes_the_backup_of_the_day() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        let tasks: Vec<Value> = (0..100)
            .map(|number| json!({ "title": format!("task {number}") }))
            .collect();
        client.call("add_task", json!({ "tasks": tasks }));
        client.close_stdin_and_wait();
        let names: Vec<String> = fs::read_dir(folder(&home))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(
            names.iter().all(|name| !name.ends_with(".partial")),
            "{names:?}"
        );
        assert_eq!(reasons(&home), ["daily"], "{names:?}");
    }
}

#[test]
fn twenty_servers_that_write_at_once_take_one_backup() {
    let home = Home::new();
    home.run(&["list"]);
    thread::scope(|scope| {
        for number in 0..20 {
            let home = &home;
            scope.spawn(move || {
                let mut client = home.connect(Dialect::BOTH[number % 2]);
                client.call("add_task", json!({ "title": format!("task {number}") }));
                let deadline = Instant::now() + PATIENCE;
                while reasons(home).is_empty() {
                    assert!(Instant::now() < deadline, "no backup was taken");
                    thread::yield_now();
                }
            });
        }
    });
    assert_eq!(reasons(&home), ["daily"]);
    let names: BTreeSet<String> = fs::read_dir(folder(&home))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        names.len(),
        2,
        "the lock, the backup and nothing else: {names:?}"
    );
}

#[test]
fn a_backup_into_a_file_says_what_it_holds_and_overwrites_nothing() {
    let home = Home::new();
    home.run(&["add", "one"]);
    home.run(&["add", "two"]);
    let file = home.database().with_file_name("copy.db");
    let name = file.to_str().unwrap();
    let said = home.run(&["backup", name]);
    let bytes = fs::metadata(&file).unwrap().len();
    assert_eq!(
        said,
        format!("Backed up 2 tasks, {} kB: {name}\n", bytes.div_ceil(1_000))
    );

    let before = fs::read(&file).unwrap();
    let said = failure(&home, &["backup", name]);
    assert!(said.contains("a backup overwrites nothing"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), before);

    let nowhere = home.database().with_file_name("none").join("copy.db");
    let nowhere = nowhere.to_str().unwrap();
    let said = failure(&home, &["backup", nowhere]);
    assert!(said.contains(nowhere), "{said}");
}

#[test]
fn the_list_says_when_why_how_big_and_how_many() {
    let home = Home::new();
    assert_eq!(
        home.run(&["backup", "--list"]),
        "No backups yet. Take one: taskhold backup\n"
    );
    home.run(&["add", "one"]);
    home.run(&["backup"]);
    let listed = home.run(&["backup", "--list"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(
        lines[0].starts_with("  1  ") && lines[0].contains("  asked for  "),
        "{listed}"
    );
    assert!(
        lines[1].starts_with("  2  ") && lines[1].contains("  daily  "),
        "{listed}"
    );
    for (line, entry) in lines.iter().zip(entries(&home)) {
        let name = entry["name"].as_str().unwrap();
        assert!(
            line.ends_with(&format!("  1 task  {name}")) && line.contains(" kB "),
            "{line:?}"
        );
        let path = entry["path"].as_str().unwrap();
        assert_eq!(PathBuf::from(path).file_name().unwrap(), name);
    }
}

#[test]
fn a_name_of_the_database_or_of_no_file_is_refused() {
    let home = Home::new();
    home.run(&["add", "one"]);
    let said = failure(&home, &["backup", "tasks.db-wal2"]);
    assert!(said.contains("belongs to the database"), "{said}");
    let said = failure(&home, &["doctor", "--salvage", "tasks.db.new"]);
    assert!(said.contains("belongs to the database"), "{said}");
    for call in [&["backup", "-"][..], &["doctor", "--salvage", "-"]] {
        let output = home.command(call).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    assert!(!home.database().with_file_name("-").exists());
}

/// Gives every backup of `reason` the names of others, taken in the years from `year` on.
fn date(home: &Home, reason: &str, year: i64, count: usize) {
    let found = entries(home);
    let found = found
        .iter()
        .find(|entry| entry["reason"] == reason)
        .unwrap();
    let path = PathBuf::from(found["path"].as_str().unwrap());
    for n in 0..count {
        let name = format!("{year}{:02}01T000000000Z-{reason}.db", n + 1);
        fs::copy(&path, path.with_file_name(name)).unwrap();
    }
    fs::remove_file(path).unwrap();
}

#[test]
fn backups_of_a_clock_that_was_ahead_displace_none_and_are_not_the_latest() {
    let home = Home::new();
    home.run(&["add", "of a time to come"]);
    date(&home, "daily", 2090, 9);
    home.run(&["add", "of today"]);
    let of_today = |entry: &Value| entry["to_come"] != true;
    let listed = entries(&home);
    let dailies: Vec<_> = listed.iter().filter(|entry| of_today(entry)).collect();
    assert_eq!(dailies.len(), 1, "{listed:#?}");
    assert_eq!(listed.len(), 1 + 7, "they are bounded: {listed:#?}");
    let said = home.run(&["backup", "--list"]);
    assert!(said.lines().next().unwrap().contains("a clock was wrong"));

    home.run(&["delete", "2"]);
    let output = home.command(&["restore", "latest"]).output().unwrap();
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(
        note.contains("passed over 7 backups, dated in the future"),
        "{note}"
    );
    let listed = home.run(&["list"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
}

#[test]
fn a_task_that_is_not_what_its_history_says_is_backed_up_and_told() {
    let home = Home::new();
    home.run(&["add", "one"]);
    Connection::open(home.database())
        .unwrap()
        .execute_batch("UPDATE task SET title = 'two'")
        .unwrap();
    date(&home, "daily", 2020, 12);
    let output = home.command(&["backup"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(entries(&home).len(), 13, "it displaces none");
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(
        note.contains("1 of 1 tasks are not what their log says: 1") && note.contains("doctor"),
        "{note}"
    );
}

#[test]
fn a_damaged_backup_is_shown_as_such() {
    let home = Home::new();
    home.run(&["add", "one"]);
    let path = PathBuf::from(entries(&home)[0]["path"].as_str().unwrap());
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4_000].fill(0xFF);
    fs::write(&path, bytes).unwrap();
    let listed = home.run(&["backup", "--list"]);
    assert!(listed.contains("it is damaged"), "{listed}");
}

#[cfg(unix)]
#[test]
fn backups_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.run(&["add", "one"]);
    let copy = home.database().with_file_name("copy.db");
    home.run(&["backup", copy.to_str().unwrap()]);
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder(&home)), 0o700);
    assert_eq!(mode(&copy), 0o600);
    for entry in fs::read_dir(folder(&home)).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn what_a_crash_left_of_a_backup_is_swept_by_the_next() {
    let home = Home::new();
    home.run(&["add", "one"]);
    let left = ["", "-journal"]
        .map(|ending| folder(&home).join(format!("20200101T000000000Z-daily.db.partial{ending}")));
    for file in &left {
        fs::write(file, "half").unwrap();
    }
    let others = [
        "foo.partial",
        "foo.db.partial-journal",
        "20200101T000000000Z-film.db.partial",
    ]
    .map(|name| folder(&home).join(name));
    for file in &others {
        fs::write(file, "of somebody else").unwrap();
    }
    assert_eq!(reasons(&home), ["daily"]);
    home.run(&["backup"]);
    for file in &others {
        assert!(file.exists(), "{}", file.display());
    }
    for file in &left {
        assert!(!file.exists(), "{}", file.display());
    }
}

/// A file may not grow beyond 50 kB there, as on a disk that fills up while the backup is written.
#[cfg(unix)]
#[test]
fn a_backup_that_fails_leaves_nothing() {
    let home = Home::new();
    home.run(&["add", "one"]);
    let names = || -> BTreeSet<_> {
        let folders = [home.database().parent().unwrap().to_owned(), folder(&home)];
        let entries = folders.iter().flat_map(|it| fs::read_dir(it).unwrap());
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let before = names();
    for target in ["", "copy.db"] {
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" backup $1"])
            .args([env!("CARGO_BIN_EXE_taskhold"), target])
            .env("TASKHOLD_DB", home.database())
            .current_dir(home.database().parent().unwrap());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(names(), before);
    }
}

#[test]
fn a_backup_opens_read_only_and_holds_every_table() {
    let home = Home::new();
    home.run(&["add", "one"]);
    let path = entries(&home)[0]["path"].as_str().unwrap().to_owned();
    let copy = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count = |sql: &str| -> i64 {
        copy.prepare_cached(sql)
            .unwrap()
            .query_row([], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(count("SELECT count(*) FROM change"), 1);
    assert_eq!(count("SELECT count(*) FROM unindexed"), 1);
    assert_eq!(
        count("SELECT seq FROM sqlite_sequence WHERE name = 'task'"),
        1
    );
}
