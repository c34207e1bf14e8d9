//! A change costs what it changes: the log grows by what was set, and an UPDATE names no column that stays as it was.

use std::{collections::BTreeMap, path::Path};

use proptest::{collection::btree_set, option, prelude::*, test_runner::Config};
use rusqlite::{Connection, types::Value};
use serde_json::json;
use taskhold::{
    domain::{
        command::{Caller, Command, Draft, Patch},
        task::{
            Actor, CommentText, Description, Priority, Project, Status, Tag, TaskId, Timestamp,
            Title,
        },
        when::{When, Zone},
    },
    store::{Access, Store, is_replay_of},
};

use crate::support::{Dialect, Home};

fn caller(millis: i64) -> Caller {
    Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(millis),
        zone: Zone::UTC,
        session: None,
    }
}

fn first() -> TaskId {
    TaskId::try_from(1).unwrap()
}

fn update(patch: Patch) -> Command {
    Command::Update {
        ids: vec![first()],
        patch,
        if_rev: None,
    }
}

fn comment(text: String) -> Patch {
    Patch {
        comment: Some(CommentText::try_from(text).unwrap()),
        ..Patch::default()
    }
}

/// Opens a database with a task that has so many bytes of description, and comments of so many bytes.
fn with_a_task(path: &Path, description: usize, comments: &[usize]) -> Store {
    let mut store = Store::open(path, Access::Write).unwrap();
    let draft = Draft {
        description: Description::try_from("d".repeat(description)).unwrap(),
        ..Draft::titled(Title::try_from("one of many".to_owned()).unwrap())
    };
    let add = Command::Add {
        drafts: vec![draft],
        key: None,
    };
    store.execute(&add, &caller(1)).unwrap();
    for bytes in comments {
        let command = update(comment(format!("c{}", "x".repeat(*bytes))));
        store.execute(&command, &caller(2)).unwrap();
    }
    store
}

fn change() -> impl Strategy<Value = Command> {
    let title = "[a-z]{1,40}".prop_map(|title| Title::try_from(title).unwrap());
    let project = "[a-z]{1,9}".prop_map(|name| Project::try_from(name).unwrap());
    let tags = btree_set("[a-z]{1,6}", 0..4).prop_map(|words| {
        let tag = |word| Tag::try_from(word).unwrap();
        words.into_iter().map(tag).collect()
    });
    let when = (0..9_000_i64).prop_map(|day| When::At(day * 86_400_000));
    let patch = (
        option::of(title),
        option::of(prop::sample::select(Status::ALL.to_vec())),
        option::of(option::of(prop::sample::select(Priority::ALL.to_vec()))),
        option::of(option::of(when)),
        option::of(option::of(project)),
        option::of(tags),
        option::of("[a-z]{1,200}"),
    );
    let patch = patch.prop_map(
        |(title, status, priority, due, project, tags, said)| Patch {
            title,
            status,
            priority,
            due,
            project,
            tags,
            comment: said.map(|text| CommentText::try_from(text).unwrap()),
            ..Patch::default()
        },
    );
    prop_oneof![
        8 => patch.prop_map(update),
        1 => Just(Command::Complete(vec![first()])),
        1 => Just(Command::Delete { ids: vec![first()], confirm: None }),
        1 => Just(Command::Undo(None)),
    ]
}

/// Returns the bytes of the log's texts.
fn logged(connection: &Connection) -> i64 {
    let sql = "SELECT sum(length(CAST(coalesce(old, '') AS BLOB)) + length(CAST(new AS BLOB))) FROM change";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn columns(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare_cached("SELECT name FROM pragma_table_info('task')")
        .unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<rusqlite::Result<_>>().unwrap()
}

fn row(connection: &Connection) -> BTreeMap<String, Value> {
    let names = columns(connection);
    let sql = format!("SELECT {} FROM task WHERE id = 1", names.join(", "));
    let mut statement = connection.prepare_cached(&sql).unwrap();
    let values = statement
        .query_row([], |row| (0..names.len()).map(|at| row.get(at)).collect())
        .unwrap();
    let values: Vec<Value> = values;
    names.into_iter().zip(values).collect()
}

/// Has the database note which columns each UPDATE names: a trigger for a column runs where it is named, also where it is
/// set to what it was.
fn note_what_is_set(connection: &Connection) {
    connection
        .execute_batch("CREATE TABLE was_set (name TEXT)")
        .unwrap();
    for name in columns(connection) {
        let sql = format!(
            "CREATE TRIGGER note_{name} AFTER UPDATE OF {name} ON task BEGIN INSERT INTO was_set VALUES ('{name}'); END"
        );
        connection.execute_batch(&sql).unwrap();
    }
}

fn taken_notes(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare_cached("DELETE FROM was_set RETURNING name")
        .unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<rusqlite::Result<_>>().unwrap()
}

proptest! {
    #![proptest_config(Config { cases: 10, ..Config::default() })]

    #[test]
    fn a_change_logs_what_it_changes_and_nothing_of_what_else_the_task_has(
        description in 0..60_000_usize,
        comments in prop::collection::vec(0..9_000_usize, 0..6),
        changes in prop::collection::vec(change(), 1..8),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["fat.db", "bare.db"].map(|name| folder.path().join(name));
        let mut fat = with_a_task(&paths[0], description, &comments);
        // As many changes, so that the numbers in both logs have as many digits; an own comment is one to be undone.
        let mut bare = with_a_task(&paths[1], 0, &vec![0; comments.len()]);
        let looks = paths.map(|path| Connection::open(path).unwrap());
        for (number, change) in (10..).zip(&changes) {
            let before = looks.each_ref().map(logged);
            let outcomes = [fat.execute(change, &caller(number)), bare.execute(change, &caller(number))];
            let [with, without] = outcomes.map(|outcome| outcome.map(|outcome| outcome.edits.len()).map_err(|error| error.to_string()));
            prop_assert_eq!(with, without);
            let after = looks.each_ref().map(logged);
            // What is undone beyond the changes here is a comment that was put there.
            if !matches!(change, Command::Undo(_)) {
                prop_assert_eq!(after[0] - before[0], after[1] - before[1], "{:?}", change);
            }
        }
        let task = fat.task(first()).unwrap().unwrap();
        prop_assert!(is_replay_of(&task, &fat.history(first(), 0).unwrap()));
    }

    #[test]
    fn an_update_names_the_columns_that_change_and_no_other(
        description in 0..2_000_usize,
        changes in prop::collection::vec(change(), 1..8),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let mut store = with_a_task(&path, description, &[]);
        let look = Connection::open(&path).unwrap();
        note_what_is_set(&look);
        for (number, change) in (10..).zip(&changes) {
            let before = row(&look);
            let _ = store.execute(change, &caller(number));
            let after = row(&look);
            let mut set = taken_notes(&look);
            set.sort_unstable();
            let changed: Vec<String> = after
                .iter()
                .filter(|(name, value)| before[*name] != **value)
                .map(|(name, _)| name.clone())
                .collect();
            prop_assert_eq!(set, changed, "{:?}", change);
        }
    }
}

/// It was 66 MB when each comment was logged as the whole list.
#[test]
fn many_comments_on_one_task_make_a_small_database() {
    let home = Home::new();
    let store = with_a_task(&home.database(), 0, &[1_000; 250]);
    assert_eq!(store.comments(first()).unwrap().len(), 250);
    drop(store);
    let size = std::fs::metadata(home.database()).unwrap().len();
    assert!(size < 1_500_000, "{size} bytes");
    assert!(size > 500_000, "{size} bytes: what was said is not in it");

    let mut host = home.connect(Dialect::Modern);
    let task = host.call("get_task", json!({ "task_id": 1, "history": true }));
    assert!(task.to_string().len() < 11_500, "{task}");
    assert!(
        task["history"][0].as_str().unwrap().contains("comment"),
        "{task}"
    );
}
