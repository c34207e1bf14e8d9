//! Mending: damage of an index costs nothing, and where a row and its log say different things, neither is lost.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{ailing, everything, examine, filled, sql, verdict};
use crate::{
    backup::entries,
    support::{Dialect, Home},
};

/// Lets a test alter the log.
const UNLOCKED: &str =
    "DROP TRIGGER change_is_append_only_update; DROP TRIGGER change_is_append_only_delete;";
const LOCKED: &str = "
CREATE TRIGGER change_is_append_only_update BEFORE UPDATE ON change
BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END;
CREATE TRIGGER change_is_append_only_delete BEFORE DELETE ON change
BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END;";

fn in_log(home: &Home, statements: &str) {
    sql(home, &format!("{UNLOCKED} {statements}; {LOCKED}"));
}

/// Enough tasks that their index has more than a page.
fn many() -> Home {
    let home = Home::new();
    let lines: Vec<String> = (1..=300)
        .map(|n| format!("Task {n} about thing{n} and other{}", n * 7))
        .collect();
    let file = home.database().with_file_name("tasks.txt");
    fs::write(&file, lines.join("\n")).unwrap();
    home.run(&["import", "--format", "todo.txt", "tasks.txt"]);
    home
}

/// Zeroes a page in the middle of a table or an index.
fn zero_a_page_of(home: &Home, name: &str) {
    let page: usize = {
        let connection = Connection::open(home.database()).unwrap();
        let pages: Vec<u32> = connection
            .prepare_cached("SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = 'leaf'")
            .unwrap()
            .query_map([name], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        pages[pages.len() / 2] as usize
    };
    let mut bytes = fs::read(home.database()).unwrap();
    bytes[(page - 1) * 4_096..page * 4_096].fill(0);
    fs::write(home.database(), bytes).unwrap();
}

fn show(home: &Home, id: &str) -> Value {
    let shown: Value =
        serde_json::from_str(&home.run(&["show", id, "--history", "--json"])).unwrap();
    shown["tasks"][0].clone()
}

#[test]
fn a_damaged_index_stops_no_backup_and_is_made_anew() {
    type Damage = fn(&Home);
    let damages: [(&str, Damage); 8] = [
        ("the words of the last tasks", |home| {
            sql(
                home,
                "UPDATE search_data SET block = zeroblob(length(block))
                  WHERE id = (SELECT max(id) FROM search_data)",
            );
        }),
        ("the settings of the index", |home| {
            sql(home, "UPDATE search_config SET v = 99");
        }),
        ("a page of words", |home| {
            zero_a_page_of(home, "search_data");
        }),
        ("a page of titles", |home| {
            zero_a_page_of(home, "title_search_docsize");
        }),
        ("a page of titles by their task", |home| {
            zero_a_page_of(home, "title_order");
        }),
        ("a page of titles in their order", |home| {
            zero_a_page_of(home, "title_order_by_key");
        }),
        ("a page of a list's index", |home| {
            zero_a_page_of(home, "task_by_plan");
        }),
        ("a page of the log's index", |home| {
            zero_a_page_of(home, "change_by_task");
        }),
    ];
    for (what, damage) in damages {
        let home = many();
        let before = everything(&home);
        damage(&home);
        let (status, found) = examine(&home, &[]);
        assert_eq!(
            (status, verdict(&found, "integrity").as_str()),
            (1, "bad"),
            "{what}: {found:#}"
        );

        let said = home.run(&["backup", "copy.db"]);
        assert!(said.starts_with("Backed up 300 tasks"), "{what}: {said}");
        let new = Home::new();
        let copy = home.database().with_file_name("copy.db");
        new.run(&["restore", copy.to_str().unwrap()]);
        assert_eq!(everything(&new), before, "{what}");
        let (status, found) = examine(&new, &["--db", copy.to_str().unwrap()]);
        assert_eq!((status, verdict(&found, "integrity")), (0, "good".into()));

        let (status, mended) = examine(&home, &["--fix"]);
        assert_eq!((status, ailing(&mended)), (0, vec![]), "{what}: {mended:#}");
        assert_eq!(everything(&home), before, "{what}");
        assert_eq!(home.run(&["search", "thing150"]).lines().count(), 1);
        assert_eq!(entries(&home)[0]["reason"], "repair");
        assert_eq!(entries(&home)[0]["tasks"], 300);
    }
}

/// What `doctor --fix` commits before it frees pages is a database with pages that nothing uses. A kill, a power cut or a full
/// disk leaves it so.
#[test]
fn a_repair_that_was_cut_short_is_to_be_seen_to_and_is_finished_by_the_next() {
    // More unused pages than SQLite tells faults by itself.
    for more in [0, 2_000] {
        let home = many();
        home.run(&["backup"]);
        let before = everything(&home);
        leave_pages_unused(&home, more);
        let size = fs::metadata(home.database()).unwrap().len();
        let (status, found) = examine(&home, &[]);
        assert_eq!(
            (status, ailing(&found)),
            (0, vec!["integrity".to_owned()]),
            "{found:#}"
        );
        let finding = found["findings"].as_array().unwrap().iter();
        let finding = finding.clone().find(|one| one["check"] == "integrity");
        let finding = finding.unwrap();
        assert_eq!(finding["verdict"], "warning");
        assert_eq!(finding["way_out"], "run `taskhold doctor --fix`");
        // It is no damage: everything can be read, and a backup of it is sound.
        assert_eq!(everything(&home), before);
        home.run(&["backup", "copy.db"]);
        let copy = home.database().with_file_name("copy.db");
        let (status, found) = examine(&home, &["--db", copy.to_str().unwrap()]);
        assert_eq!((status, verdict(&found, "integrity")), (0, "good".into()));

        let (status, mended) = examine(&home, &["--fix"]);
        assert_eq!((status, ailing(&mended)), (0, vec![]), "{mended:#}");
        assert_eq!(everything(&home), before);
        assert!(fs::metadata(home.database()).unwrap().len() < size);
    }
}

/// Makes indexes anew as a repair does, up to its commit: the old ones are struck from the schema, and their pages are left,
/// with so many more.
fn leave_pages_unused(home: &Home, more: usize) {
    let connection = Connection::open(home.database()).unwrap();
    let wanted: Vec<String> = connection
        .prepare_cached("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    connection
        .execute_batch(&format!(
            "CREATE TABLE more (page); INSERT INTO more VALUES (zeroblob({more} * 4096));
             BEGIN;
             PRAGMA writable_schema = ON;
             DELETE FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL OR name = 'more';
             PRAGMA writable_schema = RESET;",
        ))
        .unwrap();
    for sql in wanted {
        connection.execute_batch(&sql).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

#[test]
fn a_server_goes_on_while_an_index_is_made_anew() {
    let home = many();
    let mut client = home.connect(Dialect::Modern);
    client.call("add_task", json!({ "title": "before" }));
    sql(
        &home,
        "UPDATE search_data SET block = zeroblob(length(block)) WHERE id > 10",
    );
    let (status, mended) = examine(&home, &["--fix"]);
    assert_eq!((status, ailing(&mended)), (0, vec![]), "{mended:#}");
    client.call("add_task", json!({ "title": "afterwards" }));
    let found = client.request(
        "tools/call",
        json!({ "name": "list_tasks", "arguments": { "query": "thing17" } }),
    );
    assert!(found.to_string().contains("Task 17 about"), "{found}");
    client
        .close_stdin_and_wait()
        .assert_good("after the repair");
    let (status, found) = examine(&home, &[]);
    assert_eq!((status, ailing(&found)), (0, vec![]), "{found:#}");
}

#[test]
fn a_row_that_is_newer_than_its_log_is_kept_and_logged() {
    let home = filled();
    home.run(&["edit", "1", "--title", "Buy two paints"]);
    home.run(&["done", "1"]);
    let before = everything(&home);
    in_log(&home, "DELETE FROM change WHERE task_id = 1 AND rev > 1");
    let (status, found) = examine(&home, &[]);
    assert_eq!((status, verdict(&found, "rows").as_str()), (1, "bad"));
    let (status, mended) = examine(&home, &["--fix"]);
    assert_eq!((status, ailing(&mended)), (0, vec![]), "{mended:#}");
    let task = show(&home, "1");
    assert_eq!(
        (&task["title"], &task["status"], &task["rev"]),
        (&json!("Buy two paints"), &json!("completed"), &json!(4))
    );
    let last = task["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["kind"], &last["by"], &last["new"]["title"]),
        (&json!("repair"), &json!("doctor"), &json!("Buy two paints"))
    );
    // All else is as it was.
    let rest = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "").len();
    assert_eq!(rest(&everything(&home)), rest(&before));
}

#[test]
fn where_row_and_log_differ_the_row_stands_and_both_can_be_read() {
    let cases = [
        ("title", "Buy paint", "Buy point"),
        ("due", "2030-01-01", "2030-01-03"),
        ("priority", "high", "low"),
    ];
    for (field, written, damaged) in cases {
        for damages_row in [true, false] {
            let what = format!("{field} {damaged}, in the row: {damages_row}");
            let home = filled();
            if damages_row {
                let alteration = format!("UPDATE task SET {field} = '{damaged}' WHERE id = 1");
                sql(&home, &alteration);
            } else {
                let alteration = format!(
                    "UPDATE change SET new = replace(new, '\"{written}\"', '\"{damaged}\"') WHERE task_id = 1"
                );
                in_log(&home, &alteration);
            }
            let (status, found) = examine(&home, &[]);
            let said = found.to_string();
            assert_eq!((status, verdict(&found, "rows").as_str()), (1, "bad"));
            assert!(said.contains(written) && said.contains(damaged), "{said}");

            let (status, mended) = examine(&home, &["--fix"]);
            assert_eq!((status, ailing(&mended)), (0, vec![]), "{what}: {mended:#}");
            let task = show(&home, "1");
            let in_row = if damages_row { damaged } else { written };
            assert_eq!(task[field], in_row, "{what}: {task:#}");
            let history = task["history"].to_string();
            assert!(
                history.contains(written) && history.contains(damaged),
                "{what}: {history}"
            );
            if field == "title" {
                let word = in_row.rsplit(' ').next().unwrap();
                let found = home.run(&["search", "buy", word]);
                assert!(found.starts_with("1 "), "{what}: {found}");
            }
        }
    }
}

#[test]
fn what_the_log_said_comes_back_when_the_repair_is_undone() {
    let home = filled();
    sql(&home, "UPDATE task SET title = 'Buy point' WHERE id = 1");
    examine(&home, &["--fix"]);
    let history = show(&home, "1")["history"].clone();
    let last = history.as_array().unwrap().last().unwrap()["group"].clone();
    home.run(&["undo", &last.to_string()]);
    assert_eq!(show(&home, "1")["title"], "Buy paint");
    let (status, found) = examine(&home, &[]);
    assert_eq!((status, ailing(&found)), (0, vec![]), "{found:#}");
}

#[test]
fn a_comment_that_only_the_row_or_only_the_log_has_is_kept_in_the_history() {
    let home = filled();
    home.run(&["comment", "1", "Blue, not green"]);
    sql(&home, "DELETE FROM comment");
    let (status, found) = examine(&home, &[]);
    assert_eq!((status, verdict(&found, "rows").as_str()), (1, "bad"));
    let (status, mended) = examine(&home, &["--fix"]);
    assert_eq!((status, ailing(&mended)), (0, vec![]), "{mended:#}");
    let task = show(&home, "1");
    assert_eq!(task["comments"], Value::Null, "{task:#}");
    let last = task["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["old"]["comments"][0]["text"], "Blue, not green");
    home.run(&["undo", &last["group"].to_string()]);
    assert_eq!(show(&home, "1")["comments"][0]["text"], "Blue, not green");
}

#[test]
fn a_row_that_refers_to_nothing_loses_the_reference() {
    let home = filled();
    sql(&home, "UPDATE task SET parent = 987654 WHERE id = 1");
    let (status, mended) = examine(&home, &["--fix"]);
    assert_eq!((status, ailing(&mended)), (0, vec![]), "{mended:#}");
    let task = show(&home, "1");
    assert_eq!(
        (&task["parent"], &task["title"]),
        (&Value::Null, &json!("Buy paint"))
    );
}

#[test]
fn a_value_that_no_task_can_have_is_taken_from_the_log() {
    for alteration in ["status = 'qending'", "due = 'someday'", "title = ''"] {
        let home = filled();
        let before = everything(&home);
        sql(
            &home,
            &format!(
                "PRAGMA ignore_check_constraints = ON; UPDATE task SET {alteration} WHERE id = 1"
            ),
        );
        let (status, mended) = examine(&home, &["--fix"]);
        assert_eq!(
            (status, ailing(&mended)),
            (0, vec![]),
            "{alteration}: {mended:#}"
        );
        assert_eq!(everything(&home), before, "{alteration}");
    }
}
