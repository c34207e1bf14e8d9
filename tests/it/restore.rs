//! Restoring: the live database goes back to a backup while others work on it, and nothing is lost on the way.

use std::{collections::BTreeSet, fs, path::Path, sync::mpsc, thread};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    backup::entries,
    support::{Client, Dialect, Home},
};

fn outcome(home: &Home, arguments: &[&str]) -> Value {
    let mut all = vec!["restore", "--json"];
    all.extend(arguments);
    serde_json::from_str(&home.run(&all)).unwrap()
}

fn refusal(home: &Home, arguments: &[&str]) -> String {
    let output = home.command(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn titles(home: &Home, view: &str) -> Vec<String> {
    home.tasks(view)
        .iter()
        .map(|task| task["title"].as_str().unwrap().to_owned())
        .collect()
}

fn undo(client: &mut Client, arguments: &Value) {
    let call = json!({ "name": "undo", "arguments": arguments });
    let result = client.request("tools/call", call);
    assert_ne!(result["isError"], true, "{result}");
}

/// Two tasks backed up; then one is changed, one thrown away, and one added.
fn changed_since() -> Home {
    let home = Home::new();
    home.run(&["add", "changed later"]);
    home.run(&["add", "thrown away later"]);
    home.run(&["backup"]);
    home.connect(Dialect::Modern).call(
        "update_task",
        json!({ "task_id": 1, "title": "is changed", "tags": ["new"] }),
    );
    home.run(&["delete", "2"]);
    home.run(&["add", "added later"]);
    home
}

#[test]
fn every_task_is_as_it_was_and_what_came_since_is_in_the_trash() {
    let home = changed_since();
    let said = home.run(&["restore", "latest"]);
    assert_eq!(titles(&home, "all"), ["changed later", "thrown away later"]);
    assert_eq!(titles(&home, "trash"), ["added later"]);
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[0].ends_with("1 brought back, 1 changed back, 1 moved to the trash"),
        "{said}"
    );
    assert_eq!(
        &lines[1..4],
        [
            "  change      1 changed later (title, tags)",
            "  back        2 thrown away later",
            "  to trash    3 added later",
        ]
    );
    let again = home.run(&["restore", "2"]);
    assert!(again.starts_with("Nothing to restore"), "{again}");
}

#[test]
fn a_restore_can_be_undone_and_ids_and_changes_count_on() {
    let home = changed_since();
    let done = outcome(&home, &["latest"]);
    assert_eq!(home.run(&["add", "next"]), "Added 4 next\n");
    undo(
        &mut home.connect(Dialect::Legacy),
        &json!({ "group": done["group"] }),
    );
    assert_eq!(titles(&home, "all"), ["is changed", "added later", "next"]);
    assert_eq!(titles(&home, "trash"), ["thrown away later"]);
}

#[test]
fn what_was_there_is_backed_up_before() {
    let home = changed_since();
    let done = outcome(&home, &["latest"]);
    let listed = entries(&home);
    assert_eq!(listed[0]["reason"], "restore");
    assert_eq!(
        (&listed[0]["path"], &listed[0]["tasks"]),
        (&done["backup"], &json!(3))
    );
    // That one is not the latest to go back to: the same call again would take itself back.
    outcome(&home, &["latest"]);
    assert_eq!(titles(&home, "all"), ["changed later", "thrown away later"]);
    outcome(&home, &[listed[0]["name"].as_str().unwrap()]);
    assert_eq!(titles(&home, "all"), ["is changed", "added later"]);
}

#[test]
fn a_dry_run_says_the_same_and_does_nothing() {
    let home = changed_since();
    let before = home.run(&["list", "--view", "all", "--json"]);
    let dry = outcome(&home, &["latest", "--dry-run"]);
    assert_eq!(home.run(&["list", "--view", "all", "--json"]), before);
    assert_eq!(entries(&home).len(), 2);
    let done = outcome(&home, &["latest"]);
    for same in ["back", "changed", "trashed", "first"] {
        assert_eq!(dry[same], done[same], "{same}");
    }
}

#[test]
fn a_new_database_takes_over_history_and_keys_as_well() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let add = json!({ "title": "from then", "key": "once" });
    client.call("add_task", add.clone());
    client.call("complete_task", json!({ "task_id": 1 }));
    drop(client);
    let file = home.database().with_file_name("copy.db");
    home.run(&["backup", file.to_str().unwrap()]);
    let new = Home::new();
    new.run(&["restore", file.to_str().unwrap()]);
    assert_eq!(titles(&new, "completed"), ["from then"]);
    let mut client = new.connect(Dialect::Legacy);
    assert_eq!(client.call("add_task", add)["id"], 1);
    undo(&mut client, &json!({ "group": 2 }));
    assert_eq!(titles(&new, "open"), ["from then"]);
    assert_eq!(new.run(&["add", "next"]), "Added 2 next\n");
}

#[test]
fn a_backup_of_an_older_schema_is_upgraded_in_a_copy() {
    let home = Home::new();
    let old = home.database().with_file_name("old.db");
    let made = Connection::open(&old).unwrap();
    made.execute_batch(include_str!("../fixtures/schema-1.sql"))
        .unwrap();
    made.close().unwrap();
    let before = fs::read(&old).unwrap();
    home.run(&["add", "mine"]);
    home.run(&["restore", old.to_str().unwrap()]);
    assert_eq!(titles(&home, "open"), ["Buy milk", "Call Anna"]);
    assert_eq!(fs::read(&old).unwrap(), before);
}

/// Two tasks in a backup, the second a part of the first, and what is then done to that file by other means.
fn backed_up_and_altered(statements: &str) -> Home {
    let home = Home::new();
    home.run(&["add", "the whole"]);
    home.run(&["add", "a part", "--parent", "1"]);
    home.run(&["backup", "copy.db"]);
    home.run(&["edit", "1", "--title", "changed since"]);
    let copy = Connection::open(home.database().with_file_name("copy.db")).unwrap();
    copy.execute_batch(&format!("PRAGMA foreign_keys = OFF; {statements}"))
        .unwrap();
    home
}

#[test]
fn a_backup_in_which_something_was_altered_is_refused_by_name_and_salvaged() {
    let unlogged =
        "DROP TRIGGER change_is_append_only_delete; DELETE FROM change WHERE task_id = 1;
        CREATE TRIGGER change_is_append_only_delete BEFORE DELETE ON change
        BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END;";
    let cases = [
        (
            "UPDATE task SET title = 'the hole' WHERE id = 1",
            "log says: 1",
        ),
        (
            "UPDATE task SET due = 'someday' WHERE id = 1",
            "log says: 1",
        ),
        ("DELETE FROM task WHERE id = 1", "log says: 1"),
        (
            &format!("{unlogged} DELETE FROM task WHERE id = 1"),
            "not there: 2",
        ),
    ];
    for (statements, expected) in cases {
        let home = backed_up_and_altered(statements);
        for arguments in [&["copy.db"][..], &["copy.db", "--dry-run"]] {
            let mut all = vec!["restore"];
            all.extend(arguments);
            let said = refusal(&home, &all);
            assert!(
                said.contains("copy.db") && said.contains(expected) && said.contains("--salvage"),
                "{statements}: {said}"
            );
        }
        assert_eq!(titles(&home, "all")[0], "changed since");
        assert_eq!(entries(&home).len(), 1, "nothing was backed up for nothing");

        let copy = home.database().with_file_name("copy.db");
        let salvage = [
            "doctor",
            "--db",
            copy.to_str().unwrap(),
            "--salvage",
            "new.db",
        ];
        home.command(&salvage).output().unwrap();
        home.run(&["restore", "new.db"]);
        assert_eq!(titles(&home, "all").last().unwrap(), "a part");
    }
}

#[test]
fn a_backup_whose_search_index_is_damaged_is_restored_and_that_is_said() {
    let damage = "UPDATE search_config SET v = 99";
    for is_new in [false, true] {
        let home = backed_up_and_altered(damage);
        let copy = home.database().with_file_name("copy.db");
        let home = if is_new { Home::new() } else { home };
        for dry_run in [&["--dry-run"][..], &[]] {
            let arguments = [&["restore", copy.to_str().unwrap()], dry_run].concat();
            let output = home.command(&arguments).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{said}");
            assert!(
                said.contains("the search index in the backup is damaged; the tasks are whole, and found here as ever"),
                "{said}"
            );
        }
        assert_eq!(titles(&home, "open"), ["the whole", "a part"]);
        assert!(home.run(&["search", "whole"]).contains("the whole"));
        home.run(&["doctor"]);
    }
}

#[test]
fn what_was_restored_into_a_new_database_is_in_its_search_index() {
    let home = Home::new();
    let lines: Vec<String> = (0..200).map(|n| format!("task {n}")).collect();
    fs::write(
        home.database().with_file_name("tasks.txt"),
        lines.join("\n"),
    )
    .unwrap();
    home.run(&["import", "--format", "todo.txt", "tasks.txt"]);
    home.run(&["backup", "copy.db"]);
    let copy = home.database().with_file_name("copy.db");
    let new = Home::new();
    new.run(&["restore", copy.to_str().unwrap()]);
    let waiting: i64 = Connection::open(new.database())
        .unwrap()
        .prepare_cached("SELECT count(*) FROM unindexed")
        .unwrap()
        .query_row([], |row| row.get(0))
        .unwrap();
    assert_eq!(waiting, 0);
}

#[test]
fn what_is_no_backup_is_refused_and_the_tasks_stay() {
    let home = Home::new();
    home.run(&["add", "mine"]);
    let beside = |name: &str| home.database().with_file_name(name);
    fs::write(beside("notes.db"), "somebody's notes\n".repeat(100)).unwrap();
    fs::create_dir(beside("folder")).unwrap();
    let sql = |file: &Path, sql: &str| {
        let other = Connection::open(file).unwrap();
        other.execute_batch(sql).unwrap();
        other.close().unwrap();
    };
    sql(&beside("other.db"), "CREATE TABLE note (text)");
    let newer = beside("newer.db");
    home.run(&["backup", newer.to_str().unwrap()]);
    sql(&newer, "PRAGMA user_version = 999");
    let cases = [
        ("missing.db", "there is no such file"),
        ("folder", "it is a folder; name a file in it"),
        ("notes.db", "it is not a database"),
        ("other.db", "it holds no tasks of taskhold"),
        ("newer.db", "a newer taskhold made it (schema 999"),
    ];
    for (name, reason) in cases {
        let file = beside(name);
        let said = refusal(&home, &["restore", file.to_str().unwrap()]);
        assert!(said.contains(reason) && said.contains(name), "{said}");
    }
    let said = refusal(&home, &["restore", "7"]);
    assert!(
        said.contains("`taskhold backup --list` shows 1 to 1"),
        "{said}"
    );
    assert_eq!(titles(&home, "all"), ["mine"]);
    assert_eq!(entries(&home).len(), 1, "nothing was backed up for nothing");
}

/// Three servers write without pause; in the midst of it a backup is restored.
#[test]
fn three_clients_that_write_lose_nothing_see_the_restored_state_and_are_told() {
    const BEFORE: usize = 5;
    const ALL: usize = 60;
    let home = Home::new();
    home.run(&["add", "as it was"]);
    home.run(&["backup"]);
    home.connect(Dialect::Modern).call(
        "update_task",
        json!({ "task_id": 1, "title": "changed since" }),
    );
    let (busy, is_busy) = mpsc::channel();
    let acknowledged: BTreeSet<i64> = thread::scope(|scope| {
        let working: Vec<_> = (0..3)
            .map(|number| {
                let (home, busy) = (&home, busy.clone());
                scope.spawn(move || {
                    let mut client = home.connect(Dialect::BOTH[number % 2]);
                    client.watch("tasks://task/1");
                    let mut ids = Vec::new();
                    for n in 0..ALL {
                        let title = format!("client {number}, task {n}");
                        let task = client.call("add_task", json!({ "title": title }));
                        ids.push(task["id"].as_i64().unwrap());
                        if n == BEFORE {
                            busy.send(()).unwrap();
                        }
                    }
                    assert_eq!(client.next_updated(), "tasks://task/1");
                    let text = client.read("tasks://task/1");
                    assert!(text.contains("as it was"), "{text}");
                    // It goes on as before.
                    let task = client.call("add_task", json!({ "title": "afterwards" }));
                    ids.push(task["id"].as_i64().unwrap());
                    ids
                })
            })
            .collect();
        for _ in 0..3 {
            is_busy.recv().unwrap();
        }
        home.run(&["restore", "latest"]);
        working
            .into_iter()
            .flat_map(|working| working.join().unwrap())
            .collect()
    });
    assert_eq!(acknowledged.len(), 3 * (ALL + 1), "an id twice");

    let database = Connection::open(home.database()).unwrap();
    let ids = |sql: &str| -> BTreeSet<i64> {
        let mut statement = database.prepare_cached(sql).unwrap();
        let ids = statement.query_map([], |row| row.get(0)).unwrap();
        ids.collect::<rusqlite::Result<_>>().unwrap()
    };
    let restore = "(SELECT min(seq) FROM change WHERE kind = 'restore')";
    let open = ids("SELECT id FROM task WHERE deleted_at IS NULL AND id > 1");
    let trashed = ids("SELECT id FROM task WHERE deleted_at IS NOT NULL");
    assert_eq!(&open | &trashed, acknowledged);
    assert_eq!(
        trashed,
        ids(&format!(
            "SELECT task_id FROM change WHERE kind = 'add' AND task_id > 1 AND seq < {restore}"
        ))
    );
    assert!(
        trashed.len() >= 3 * BEFORE,
        "the restore came too early to prove much"
    );
    assert!(open.len() >= 3, "the restore came too late to prove much");
    assert_eq!(
        ids("SELECT count(DISTINCT group_seq) FROM change WHERE kind = 'restore'"),
        [1].into()
    );
}
