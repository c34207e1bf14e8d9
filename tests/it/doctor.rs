//! The doctor: finds what is wrong, mends what is safe, and gets tasks out of what is not.

mod around;
mod damage;
mod mending;

use std::{fs, path::Path};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Client, Dialect, Home};

/// Returns the exit status and what was found.
fn examine(home: &Home, arguments: &[&str]) -> (i32, Value) {
    let mut all = vec!["doctor", "--json"];
    all.extend(arguments);
    let output = home.command(&all).output().unwrap();
    let found = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code().unwrap(), found)
}

fn verdict(found: &Value, check: &str) -> String {
    let findings = found["findings"].as_array().unwrap();
    let finding = findings.iter().find(|one| one["check"] == check);
    let finding = finding.unwrap_or_else(|| panic!("nothing is said of {check}: {found:#}"));
    finding["verdict"].as_str().unwrap().to_owned()
}

/// The checks that found something, but for the room on the disk the tests run on.
fn ailing(found: &Value) -> Vec<String> {
    let findings = found["findings"].as_array().unwrap();
    findings
        .iter()
        .filter(|one| !["good", "unknown"].contains(&one["verdict"].as_str().unwrap()))
        .filter(|one| one["check"] != "space")
        .map(|one| one["check"].as_str().unwrap().to_owned())
        .collect()
}

/// A few tasks of every kind.
fn filled() -> Home {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let tasks = json!([
        { "title": "Buy paint", "tags": ["home", "shop"], "due": "2030-01-01", "priority": "high" },
        { "title": "Paint the fence", "depends_on": ["^1"], "project": "Garden" },
        { "title": "Invite Zoë", "due": "2030-01-02 18:00", "description": "and her sister" },
    ]);
    let added = json!({ "name": "add_task", "arguments": { "tasks": tasks } });
    assert_ne!(client.request("tools/call", added)["isError"], true);
    client.call(
        "update_task",
        json!({ "task_id": 3, "comment": "said yes" }),
    );
    client.close_stdin_and_wait().assert_good("filling");
    home.run(&["backup"]);
    home
}

fn everything(home: &Home) -> String {
    ["all", "trash"]
        .map(|view| home.run(&["list", "--json", "--all", "--view", view]))
        .concat()
}

/// All that a person said of the tasks, and nothing that counts their changes.
fn said_of_tasks(home: &Home) -> Vec<Value> {
    let lists = everything(home);
    let lists = lists
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let mut tasks: Vec<Value> = lists
        .flat_map(|list: Value| list["tasks"].as_array().unwrap().clone())
        .collect();
    for task in &mut tasks {
        let fields = task.as_object_mut().unwrap();
        fields.retain(|name, _| name != "rev" && name != "updated_at");
    }
    tasks
}

fn sql(home: &Home, statements: &str) {
    let connection = Connection::open(home.database()).unwrap();
    connection
        .execute_batch(&format!("PRAGMA foreign_keys = OFF; {statements}"))
        .unwrap();
}

#[test]
fn a_sound_database_is_well_and_left_as_it_is() {
    let home = filled();
    let before = fs::read(home.database()).unwrap();
    let (status, found) = examine(&home, &[]);
    assert_eq!((status, ailing(&found)), (0, vec![]), "{found:#}");
    assert_eq!(found["findings"].as_array().unwrap().len(), 22, "{found:#}");
    assert_eq!(fs::read(home.database()).unwrap(), before);
    let said = home.run(&["doctor"]);
    assert!(said.starts_with("good     sqlite       3."), "{said}");
}

#[test]
fn where_there_is_no_database_none_is_made() {
    let home = Home::new();
    let (status, found) = examine(&home, &[]);
    assert_eq!((status, verdict(&found, "database").as_str()), (0, "good"));
    assert!(!home.database().exists());
}

#[test]
fn what_is_there_twice_is_found_and_mended_after_a_backup() {
    let cases = [
        ("UPDATE task SET status = 'completed' WHERE id = 3", "rows"),
        ("UPDATE task SET due = 'someday' WHERE id = 1", "rows"),
        ("UPDATE task SET tags = '[' WHERE id = 1", "rows"),
        (
            "DELETE FROM tag; DELETE FROM dependency; DELETE FROM task WHERE id = 2",
            "rows",
        ),
        ("DELETE FROM tag WHERE tag = 'home'", "derived"),
        ("INSERT INTO tag VALUES ('odd', FALSE, 3)", "derived"),
        (
            "UPDATE tag SET is_old = NOT is_old WHERE tag = 'home'",
            "derived",
        ),
        ("DELETE FROM dependency", "derived"),
        ("UPDATE task SET blockers = 7 WHERE id = 1", "derived"),
        ("UPDATE task SET due_order = 0 WHERE id = 1", "derived"),
        ("UPDATE task SET rank = 3 WHERE id = 1", "derived"),
        (
            "DELETE FROM unindexed; DELETE FROM search WHERE rowid = 2",
            "search",
        ),
        (
            "INSERT INTO title_search (rowid, heading) VALUES (9, 'nobody')",
            "search",
        ),
        (
            "INSERT INTO title_order (task_id, key) VALUES (2, 'nobody')",
            "search",
        ),
        (
            "INSERT INTO search (rowid, heading, labels, body, remarks) VALUES (9, 'nobody', '', '', '')",
            "search",
        ),
    ];
    for (statements, check) in cases {
        let home = filled();
        let before = said_of_tasks(&home);
        sql(&home, statements);
        let (status, found) = examine(&home, &[]);
        assert_eq!(
            (status, verdict(&found, check).as_str()),
            (1, "bad"),
            "{statements}: {found:#}"
        );
        let (status, mended) = examine(&home, &["--fix"]);
        assert_eq!(
            (status, ailing(&mended)),
            (0, vec![]),
            "{statements}: {mended:#}"
        );
        assert!(
            mended["mended"].as_array().unwrap().contains(&json!(check)),
            "{mended:#}"
        );
        assert!(Path::new(mended["backup"].as_str().unwrap()).exists());
        assert_eq!(said_of_tasks(&home), before, "{statements}");
    }
}

#[test]
fn what_is_there_once_is_found_and_left_to_the_user() {
    let cases = [
        (
            "DROP TRIGGER change_is_append_only_update; UPDATE change SET new = '{}' WHERE seq = 1",
            "schema",
        ),
        ("DROP INDEX task_by_plan", "schema"),
        ("PRAGMA user_version = 999", "header"),
        ("PRAGMA application_id = 7", "header"),
    ];
    for (statements, check) in cases {
        let home = filled();
        sql(&home, statements);
        for arguments in [&[][..], &["--fix"]] {
            let (status, found) = examine(&home, arguments);
            assert_eq!(
                (status, verdict(&found, check).as_str()),
                (1, "bad"),
                "{statements}: {found:#}"
            );
        }
    }
}

#[test]
fn series_whose_times_have_no_zone_are_named() {
    let home = filled();
    let added = home.run(&[
        "add",
        "Water",
        "due:2099-01-05 09:00",
        "repeat:every monday",
    ]);
    let id = added.split_whitespace().nth(1).unwrap().to_owned();
    assert_eq!(ailing(&examine(&home, &[]).1), [""; 0]);
    // As an earlier version kept it, in row and log.
    sql(
        &home,
        &format!(
            "DROP TRIGGER change_is_append_only_update;
             UPDATE task SET due = '2099-01-05T09:00:00.000Z' WHERE id = {id};
             UPDATE change SET new = json_set(new, '$.due', '2099-01-05T09:00:00.000Z') WHERE task_id = {id};
             CREATE TRIGGER change_is_append_only_update BEFORE UPDATE ON change
BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END;"
        ),
    );
    let (status, found) = examine(&home, &[]);
    assert_eq!(
        (status, ailing(&found)),
        (0, vec!["series".to_owned()]),
        "{found}"
    );
    let said = found.to_string();
    assert!(
        said.contains(&format!("no zone is noted for the times of 1 series: {id}")),
        "{said}"
    );
    home.run(&["edit", &id, "+home"]);
    assert_eq!(verdict(&examine(&home, &[]).1, "series"), "good");
}

#[test]
fn a_damaged_log_of_a_task_is_told_from_a_damaged_row() {
    let home = filled();
    let trigger = "CREATE TRIGGER change_is_append_only_update BEFORE UPDATE ON change
BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END";
    sql(
        &home,
        &format!(
            "DROP TRIGGER change_is_append_only_update; UPDATE change SET new = 'x' WHERE seq = 3; {trigger}"
        ),
    );
    let (status, found) = examine(&home, &[]);
    assert_eq!(
        (status, ailing(&found)),
        (1, vec!["history".to_owned()]),
        "{found:#}"
    );
}

#[test]
fn an_older_schema_is_named_and_stays() {
    let home = Home::new();
    Connection::open(home.database())
        .unwrap()
        .execute_batch(include_str!("../fixtures/schema-1.sql"))
        .unwrap();
    let before = fs::read(home.database()).unwrap();
    let (status, found) = examine(&home, &[]);
    assert_eq!((status, verdict(&found, "schema").as_str()), (0, "warning"));
    assert_eq!(fs::read(home.database()).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn what_others_could_read_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt;
    let home = filled();
    fs::set_permissions(home.database(), fs::Permissions::from_mode(0o644)).unwrap();
    let (status, found) = examine(&home, &[]);
    assert_eq!(
        (status, verdict(&found, "permissions").as_str()),
        (0, "warning")
    );
    let (_, found) = examine(&home, &["--fix"]);
    assert_eq!(verdict(&found, "permissions"), "good");
    let mode = fs::metadata(home.database()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_synced_folder_a_missing_ballast_and_leftovers_are_named() {
    let home = filled();
    let synced = home.database().with_file_name("Dropbox");
    fs::create_dir(&synced).unwrap();
    let database = synced.join("tasks.db");
    let name = database.to_str().unwrap();
    home.run(&["add", "elsewhere", "--db", name]);
    fs::remove_file(synced.join("tasks.db.ballast")).unwrap();
    fs::write(
        synced.join("tasks.db.backups/20200101T000000000Z-daily.db.partial"),
        "",
    )
    .unwrap();
    let (status, found) = examine(&home, &["--db", name]);
    let ailing = ailing(&found);
    assert_eq!(status, 0);
    for check in ["sync", "ballast", "leftovers"] {
        assert!(ailing.contains(&check.to_owned()), "{check}: {found:#}");
    }
    let (_, found) = examine(&home, &["--db", name, "--fix"]);
    assert_eq!(
        (verdict(&found, "ballast"), verdict(&found, "leftovers")),
        ("good".into(), "good".into())
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_works_on_a_removed_file_is_named() {
    let home = filled();
    let mut client = home.connect(Dialect::Legacy);
    client.call("add_task", json!({ "title": "to nowhere" }));
    assert_eq!(verdict(&examine(&home, &[]).1, "processes"), "good");
    fs::remove_file(home.database()).unwrap();
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(home.database().with_file_name(format!("tasks.db{ending}")));
    }
    home.run(&["list"]);
    let (status, found) = examine(&home, &[]);
    assert_eq!(
        (status, verdict(&found, "processes").as_str()),
        (1, "bad"),
        "{found:#}"
    );
    assert!(found.to_string().contains(&client.pid().to_string()));
}

#[test]
fn a_server_and_a_command_on_a_damaged_database_name_the_doctor() {
    let home = filled();
    let mut bytes = fs::read(home.database()).unwrap();
    bytes[100..4000].fill(0xFF);
    fs::write(home.database(), &bytes).unwrap();
    for dialect in Dialect::BOTH {
        let mut client: Client = home.connect(dialect);
        let said = client.complaint("list_tasks", json!({}));
        assert!(said.contains("`taskhold doctor`"), "{said}");
    }
    let output = home.command(&["list"]).output().unwrap();
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("`taskhold doctor`")
    );
    let (status, found) = examine(&home, &[]);
    assert_eq!(status, 1);
    // While a program has it open, a file that is moved goes on being written.
    let way_out = found.to_string();
    assert!(
        way_out.contains("--salvage") && way_out.contains("end every program"),
        "{found:#}"
    );
}
