//! A database that is moved or removed while it is in use: nothing is written where nobody would find it.
#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::support::{Dialect, Home};

/// The database and the two files that SQLite keeps beside it.
fn files(database: &Path) -> Vec<PathBuf> {
    ["", "-wal", "-shm"]
        .map(|ending| {
            let mut name = database.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        })
        .to_vec()
}

fn rename(from: &Path, to: &Path) {
    for (from, to) in files(from).iter().zip(files(to)) {
        fs::rename(from, to).unwrap();
    }
}

#[test]
fn a_database_that_was_moved_is_neither_read_nor_written_until_it_is_back() {
    let home = Home::new();
    let elsewhere = home.database().with_file_name("elsewhere.db");
    let mut client = home.connect(Dialect::Modern);
    client.call("add_task", json!({ "title": "before" }));
    assert_eq!(client.tasks("open").len(), 1);

    rename(&home.database(), &elsewhere);
    for (tool, arguments) in [
        ("add_task", json!({ "title": "lost" })),
        ("list_tasks", json!({})),
    ] {
        let said = client.complaint(tool, arguments);
        assert!(said.contains("it was moved, removed or replaced"), "{said}");
    }
    // Another one in its place is not the one that was opened.
    home.run(&["add", "another"]);
    let said = client.complaint("add_task", json!({ "title": "lost" }));
    assert!(said.contains("it was moved, removed or replaced"), "{said}");
    fs::remove_file(home.database()).unwrap();

    rename(&elsewhere, &home.database());
    client.call("add_task", json!({ "title": "after" }));
    assert_eq!(client.tasks("open").len(), 2);
}

#[test]
fn no_database_is_made_beside_the_log_of_one_that_is_gone() {
    let home = Home::new();
    let elsewhere = home.database().with_file_name("elsewhere.db");
    let mut client = home.connect(Dialect::Modern);
    client.call("add_task", json!({ "title": "before" }));

    fs::rename(home.database(), &elsewhere).unwrap();
    for arguments in [vec!["add", "lost"], vec!["list"]] {
        let output = home.command(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("its -wal is still there"), "{said}");
        assert!(said.contains("End every program that uses it"), "{said}");
    }
    assert!(!home.database().exists());

    fs::rename(&elsewhere, home.database()).unwrap();
    assert_eq!(home.run(&["list"]), "1 before\n");
}
