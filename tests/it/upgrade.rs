//! A program of an older schema that goes on running while a newer one upgrades the database: hosts keep a server for
//! days. What it writes afterwards fails, so that nothing is acknowledged into a place that nobody reads.

use std::path::Path;

use rusqlite::{Connection, params_from_iter, types::Value};
use taskhold::{
    domain::{
        command::{Caller, Command, Draft},
        task::{Actor, Timestamp, Title},
        when::Zone,
    },
    store::{Access, Store},
};

use crate::support::{Dialect, Home};
use serde_json::json;

/// The statements of the first release, one call each, in the order in which it ran them.
const CALLS: [(&str, &[&str]); 7] = [
    (
        "add",
        &[
            INSERT_TASK,
            "INSERT INTO tag (tag, task_id) VALUES ('home', 99)",
            "INSERT OR IGNORE INTO unindexed (task_id) VALUES (99)",
            INSERT_CHANGE,
            "INSERT INTO call_key (actor, key, group_seq) VALUES ('host', 'once', 99)",
        ],
    ),
    (
        "update, complete, delete and undo",
        &[UPDATE_TASK, INSERT_CHANGE_OF_1],
    ),
    (
        "complete what others wait for",
        &[
            UPDATE_TASK,
            "UPDATE task SET blockers = blockers + -1
              WHERE id IN (SELECT task_id FROM dependency WHERE depends_on = 1)",
            INSERT_CHANGE_OF_1,
        ],
    ),
    (
        "wait for another",
        &[
            UPDATE_TASK,
            "INSERT INTO dependency (depends_on, task_id) VALUES (5, 1)",
            "UPDATE task SET blockers = (
                 SELECT count(*) FROM json_each('[5]') AS dependency JOIN task AS other ON other.id = dependency.value
                  WHERE other.deleted_at IS NULL AND other.status IN ('pending', 'in_progress'))
              WHERE id = 1",
            INSERT_CHANGE_OF_1,
        ],
    ),
    (
        "look",
        &[
            "INSERT INTO client (actor, seen_seq) VALUES ('host', 7)
           ON CONFLICT (actor) DO UPDATE SET seen_seq = max(seen_seq, excluded.seen_seq)",
        ],
    ),
    (
        "index what waits",
        &[
            "INSERT OR REPLACE INTO search (rowid, heading, labels, body, remarks)
             SELECT id, heading, labels, body, remarks FROM searchable
              WHERE id IN (SELECT task_id FROM unindexed) ORDER BY id",
            "INSERT OR REPLACE INTO title_search (rowid, heading)
             SELECT id, heading FROM searchable WHERE id IN (SELECT task_id FROM unindexed) ORDER BY id",
            "DELETE FROM unindexed",
        ],
    ),
    ("import", &["DROP INDEX task_by_parent", INSERT_TASK, INSERT_CHANGE]),
];

const INSERT_TASK: &str =
    "INSERT INTO task (id, title, description, status, created_at, updated_at, started_at,
                       completed_at, created_by, rev, deleted_at, priority, due, defer_until,
                       repeat, repeat_from, project, tags, parent, depends_on, comments, due_order,
                       defer_order, rank)
     VALUES (99, 'late', '', 'pending', 1, 1, NULL, NULL, 'host', 1, NULL, NULL, NULL, NULL,
             NULL, NULL, NULL, '[\"home\"]', NULL, '[]', '[]', 9223372036854775807,
             -9223372036854775808, 2)";
const UPDATE_TASK: &str = "UPDATE task SET title = 'late', description = '', status = 'pending',
                    created_at = 1, updated_at = 1, started_at = NULL,
                    completed_at = NULL, created_by = 'host', rev = 2,
                    deleted_at = NULL, priority = NULL, due = NULL,
                    defer_until = NULL, repeat = NULL, repeat_from = NULL, project = NULL, tags = '[]',
                    parent = NULL, depends_on = '[]', comments = '[{\"at\":1,\"actor\":\"host\",\"text\":\"late\"}]',
                    due_order = 1, defer_order = 1, rank = 2
              WHERE id = 1";
const INSERT_CHANGE: &str =
    "INSERT INTO change (seq, group_seq, at, actor, kind, task_id, rev, old, new, reverts)
     VALUES (99, 99, 1, 'host', 'add', 99, 1, NULL, '{\"title\":\"late\"}', NULL)";
const INSERT_CHANGE_OF_1: &str =
    "INSERT INTO change (seq, group_seq, at, actor, kind, task_id, rev, old, new, reverts)
     VALUES (99, 99, 1, 'host', 'update', 1, 2, '{\"title\":\"Much said\"}', '{\"title\":\"late\"}', NULL)";
/// What it read before it answered a call.
const READS: [&str; 3] = [
    "SELECT id, title, description, status, created_at, updated_at, started_at, completed_at, created_by, rev,
            deleted_at, priority, due, defer_until, repeat, repeat_from, project, tags, parent, depends_on, comments
       FROM task WHERE id = ?1",
    "SELECT seen_seq FROM client WHERE actor = ?1",
    "SELECT id, heading, labels, body, remarks FROM searchable WHERE id IN (SELECT task_id FROM unindexed) AND id <> ?1",
];

/// Runs the statements of a call in one transaction, and takes them back. Returns what the first that failed said.
fn tried(connection: &Connection, statements: &[&str]) -> Result<(), rusqlite::Error> {
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let done = statements.iter().try_for_each(|sql| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
    });
    connection.execute_batch("ROLLBACK").unwrap();
    done
}

fn read(connection: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter([Value::from(1)]))?;
    rows.next().map(drop)
}

fn caller() -> Caller {
    Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(0),
        zone: Zone::UTC,
        session: None,
    }
}

fn add(title: &str) -> Command {
    Command::Add {
        drafts: vec![Draft::titled(Title::try_from(title.to_owned()).unwrap())],
        key: None,
    }
}

/// Opens a database of schema 2 as a program of that schema does.
fn old_program(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(include_str!("../fixtures/schema-2.sql"))
        .unwrap();
    connection
        .pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
        .unwrap();
    connection
        .pragma_update(None, "foreign_keys", "ON")
        .unwrap();
    connection.set_prepared_statement_cache_capacity(64);
    connection
}

#[test]
fn each_call_of_a_program_of_schema_2_that_still_runs_fails_after_the_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let old = old_program(&path);
    for (call, statements) in CALLS {
        assert_eq!(
            tried(&old, statements),
            Ok(()),
            "before the upgrade: {call}"
        );
    }
    for sql in READS {
        assert_eq!(read(&old, sql), Ok(()), "before the upgrade: {sql}");
    }

    let mut new = Store::open(&path, Access::Write).unwrap();
    for (call, statements) in CALLS {
        let refusal = tried(&old, statements).expect_err(call).to_string();
        let names_what_is_gone = ["comments", "searchable", "client"]
            .iter()
            .any(|gone| refusal.contains(gone));
        assert!(names_what_is_gone, "{call}: {refusal}");
    }
    for sql in READS {
        read(&old, sql).expect_err(sql);
    }
    // The new one goes on meanwhile.
    new.execute(&add("after the upgrade"), &caller()).unwrap();
}

#[test]
fn a_store_says_that_a_newer_program_upgraded_its_database_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let mut store = Store::open(&path, Access::Write).unwrap();
    store.execute(&add("before"), &caller()).unwrap();
    let newer = Connection::open(&path).unwrap();
    newer.execute_batch("PRAGMA user_version = 4").unwrap();
    let refusal = store.execute(&add("after"), &caller()).unwrap_err();
    let refusal = refusal.to_string();
    assert!(refusal.contains("restart this app"), "{refusal}");
    let count = |sql| -> i64 { newer.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM task"), 1);
    assert_eq!(count("SELECT count(*) FROM unindexed"), 1);
}

#[test]
fn a_server_answers_no_call_from_a_database_that_a_newer_program_upgraded() {
    let home = Home::new();
    let mut host = home.connect(Dialect::Modern);
    host.call("add_task", json!({ "title": "before" }));
    host.call("list_tasks", json!({ "format": "json" }));
    Connection::open(home.database())
        .unwrap()
        .execute_batch("PRAGMA user_version = 4")
        .unwrap();
    let calls = [
        ("list_tasks", json!({})),
        ("list_tasks", json!({ "query": "before" })),
        ("get_task", json!({ "task_id": 1 })),
        ("add_task", json!({ "title": "after" })),
        ("update_task", json!({ "task_id": 1, "title": "after" })),
        ("complete_task", json!({ "task_id": 1 })),
        ("delete_task", json!({ "task_id": 1 })),
        ("undo", json!({})),
    ];
    for (tool, arguments) in calls {
        let complaint = host.complaint(tool, arguments);
        assert!(
            complaint.contains("restart this app"),
            "{tool}: {complaint}"
        );
    }
}
