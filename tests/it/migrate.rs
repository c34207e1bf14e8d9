//! Databases of every past schema open, are upgraded, and keep what they held.

use std::path::Path;

use rusqlite::Connection;
use taskhold::{
    domain::{
        command::{Caller, Command},
        query::{Filters, Moment, View},
        task::{Actor, Task, Timestamp},
        when::Zone,
    },
    store::{Access, Store, Words, backup, is_replay_of},
};

const FIXTURES: [&str; 2] = [
    include_str!("../fixtures/schema-1.sql"),
    include_str!("../fixtures/schema-2.sql"),
];

fn restored(folder: &Path, fixture: &str) -> std::path::PathBuf {
    let path = folder.join("tasks.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(fixture)
        .unwrap();
    path
}

fn list(store: &Store, view: View) -> Vec<Task> {
    let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
    let page = store
        .list(view, &Filters::default(), &moment, None, 100)
        .unwrap();
    let ids = page.tasks.iter().map(|task| task.id);
    ids.map(|id| store.existing(id).unwrap()).collect()
}

fn titles(tasks: &[Task]) -> Vec<&str> {
    tasks.iter().map(|task| task.title.as_str()).collect()
}

/// What the schema says, whichever way it came about.
fn schema(path: &Path) -> Vec<(String, String)> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection
        .prepare_cached("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")
        .unwrap();
    let read = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    read.collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn every_past_schema_is_upgraded_to_the_one_a_new_database_has() {
    for fixture in FIXTURES {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let upgraded = restored(old.path(), fixture);
        drop(Store::open(&upgraded, Access::Write).unwrap());
        let fresh = new.path().join("tasks.db");
        drop(Store::open(&fresh, Access::Write).unwrap());
        assert_eq!(schema(&upgraded), schema(&fresh));
    }
}

#[test]
fn every_task_of_schema_1_is_kept_with_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let path = restored(folder.path(), FIXTURES[0]);
    let store = Store::open(&path, Access::Write).unwrap();
    assert_eq!(titles(&list(&store, View::Open)), ["Buy milk", "Call Anna"]);
    assert_eq!(titles(&list(&store, View::InProgress)), ["Buy milk"]);
    assert_eq!(titles(&list(&store, View::Completed)), ["Done long ago"]);
    assert_eq!(
        titles(&list(&store, View::Trash)),
        ["From a host", "Thrown away"]
    );
    for view in [View::All, View::Trash] {
        for task in list(&store, view) {
            assert!(
                is_replay_of(&task, &store.history(task.id, 0).unwrap()),
                "{task:?}"
            );
        }
    }
}

#[test]
fn tasks_of_schema_1_are_found_by_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&restored(folder.path(), FIXTURES[0]), Access::Write).unwrap();
    let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
    for (query, found) in [
        ("milk", vec!["Buy milk"]),
        ("uber", vec!["Call Anna"]),
        ("thrown", vec![]),
    ] {
        let words = Words::read(query).unwrap();
        let page = store
            .search(&words, View::All, &Filters::default(), &moment, None, 10)
            .unwrap();
        let listed: Vec<&str> = page.tasks.iter().map(|task| task.title.as_str()).collect();
        assert_eq!(listed, found, "{query}");
    }
}

#[test]
fn an_upgrade_indexes_every_task_by_what_is_written_in_any_script() {
    for fixture in FIXTURES {
        let folder = tempfile::tempdir().unwrap();
        let path = restored(folder.path(), fixture);
        let written = Connection::open(&path).unwrap();
        written
            .execute_batch("UPDATE task SET title = '会議資料を準備 Müllgebühren' WHERE id = 1")
            .unwrap();
        // Whoever reads first upgrades.
        let store = Store::open(&path, Access::Read).unwrap();
        let moment = Moment::new(Timestamp::from_millis(0), Zone::UTC);
        for query in ["資料", "gebühren"] {
            let words = Words::read(query).unwrap();
            let page = store
                .search(&words, View::All, &Filters::default(), &moment, None, 10)
                .unwrap();
            let ids: Vec<i64> = page.tasks.iter().map(|task| task.id.get()).collect();
            assert_eq!(ids, [1], "{query}");
        }
        let count = |sql| -> i64 { written.query_row(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(count("SELECT count(*) FROM unindexed"), 0);
        assert_eq!(
            count("SELECT count(*) FROM search_docsize"),
            count("SELECT count(*) FROM task")
        );
    }
}

#[test]
fn what_a_client_did_under_schema_1_can_still_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&restored(folder.path(), FIXTURES[0]), Access::Write).unwrap();
    let caller = Caller {
        actor: Actor::named("cli"),
        now: Timestamp::from_millis(1),
        zone: Zone::UTC,
        session: None,
    };
    store.execute(&Command::Undo(None), &caller).unwrap();
    assert_eq!(titles(&list(&store, View::Trash)), ["From a host"]);
}

#[test]
fn the_upgrade_leaves_a_backup_that_the_same_program_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = restored(folder.path(), FIXTURES[0]);
    drop(Store::open(&path, Access::Write).unwrap());
    let backups = backup::list(&path).unwrap();
    assert_eq!(backups[0].reason, backup::Reason::Upgrade);
    let store = Store::open(&backups[0].path, Access::Write).unwrap();
    assert_eq!(titles(&list(&store, View::Open)), ["Buy milk", "Call Anna"]);
}

#[test]
fn every_task_of_schema_2_is_kept_with_its_comments_and_its_history() {
    let folder = tempfile::tempdir().unwrap();
    let path = restored(folder.path(), FIXTURES[1]);
    let store = Store::open(&path, Access::Write).unwrap();
    assert_eq!(
        titles(&list(&store, View::Open)),
        [
            "Launch the site",
            "Pay rent",
            "Much said",
            "Write the text",
            "Publish"
        ]
    );
    let launch = &list(&store, View::Open)[0];
    let comments = store.comments(launch.id).unwrap();
    let texts: Vec<&str> = comments
        .iter()
        .map(|comment| comment.text.as_str())
        .collect();
    assert_eq!(texts, ["The first word", "A third"]);
    for view in [View::All, View::Trash] {
        for task in list(&store, view) {
            let history = store.history(task.id, 0).unwrap();
            assert!(is_replay_of(&task, &history), "{task:?}");
        }
    }
}

#[test]
fn an_undone_comment_of_schema_2_comes_back_when_its_undo_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&restored(folder.path(), FIXTURES[1]), Access::Write).unwrap();
    let caller = Caller {
        actor: Actor::named("cli"),
        now: Timestamp::from_millis(1),
        zone: Zone::UTC,
        session: None,
    };
    store.execute(&Command::Undo(Some(8)), &caller).unwrap();
    let id = list(&store, View::Open)[0].id;
    let comments = store.comments(id).unwrap();
    assert_eq!(
        comments[1].text.as_str(),
        "A second, with \"quotes\", ] and ["
    );
}
