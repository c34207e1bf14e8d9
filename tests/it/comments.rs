//! Comments are rows of their own: what one costs, how it is taken back, and what an upgrade makes of old ones.

use std::path::Path;

use rusqlite::Connection;
use taskhold::{
    care::{doctor, restore, salvage},
    domain::{
        command::{Caller, Command, Draft, Patch},
        task::{Actor, CommentText, TaskId, Timestamp, Title},
        when::Zone,
    },
    store::{Access, Store, backup, is_replay_of},
};

fn caller(actor: &str, millis: i64) -> Caller {
    Caller {
        actor: Actor::named(actor),
        now: Timestamp::from_millis(millis),
        zone: Zone::UTC,
        session: None,
    }
}

fn first() -> TaskId {
    TaskId::try_from(1).unwrap()
}

fn with_a_task(folder: &Path) -> Store {
    let mut store = Store::open(&folder.join("tasks.db"), Access::Write).unwrap();
    let title = Title::try_from("much said".to_owned()).unwrap();
    let add = Command::Add {
        drafts: vec![Draft::titled(title)],
        key: None,
    };
    store.execute(&add, &caller("test", 0)).unwrap();
    store
}

fn say(store: &mut Store, text: &str, caller: &Caller) -> i64 {
    let update = Command::Update {
        ids: vec![first()],
        patch: Patch {
            comment: Some(CommentText::try_from(text.to_owned()).unwrap()),
            ..Patch::default()
        },
        if_rev: None,
    };
    store.execute(&update, caller).unwrap().group.unwrap()
}

fn texts(store: &Store) -> Vec<String> {
    let comments = store.comments(first()).unwrap();
    comments
        .iter()
        .map(|comment| comment.text.to_string())
        .collect()
}

#[test]
fn a_comment_costs_the_same_whether_it_is_the_first_or_the_hundredth() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = with_a_task(folder.path());
    for number in 0..100 {
        say(
            &mut store,
            &format!("{number:03} {}", "x".repeat(1_000)),
            &caller("test", number),
        );
    }
    let history = store.history(first(), 0).unwrap();
    let logged = |place: usize| {
        let change = &history[place];
        serde_json::to_string(&(&change.old, &change.new))
            .unwrap()
            .len()
    };
    assert_eq!(logged(1), logged(100) - "99".len() + "0".len());
    assert_eq!(texts(&store).len(), 100);
}

#[test]
fn a_comment_is_taken_back_though_others_came_after_it_and_comes_back_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = with_a_task(folder.path());
    let me = caller("me", 1);
    let group = say(&mut store, "one", &me);
    say(&mut store, "two", &caller("me", 2));
    let undone = store
        .execute(&Command::Undo(Some(group)), &caller("me", 3))
        .unwrap();
    assert_eq!(texts(&store), ["two"]);
    store
        .execute(&Command::Undo(undone.group), &caller("me", 4))
        .unwrap();
    assert_eq!(texts(&store), ["one", "two"]);
    let task = store.task(first()).unwrap().unwrap();
    assert!(is_replay_of(&task, &store.history(first(), 0).unwrap()));
}

#[test]
fn a_comment_of_someone_else_stands_in_the_way_of_an_undo_as_any_change_of_theirs_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = with_a_task(folder.path());
    let mine = say(&mut store, "mine", &caller("me", 1));
    say(&mut store, "theirs", &caller("you", 2));
    let refusal = store
        .execute(&Command::Undo(Some(mine)), &caller("me", 3))
        .unwrap_err();
    assert!(refusal.to_string().contains("you"), "{refusal}");
    assert_eq!(texts(&store), ["mine", "theirs"]);
}

#[test]
fn many_comments_in_one_change_are_logged_in_rows_of_bounded_size_and_taken_back_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let mut store = with_a_task(folder.path());
    let before = folder.path().join("before.db");
    backup::copy_to(&path, &before).unwrap();
    for number in 0..40 {
        let text = format!("{number:02} {}", "\u{1f600}".repeat(4_000));
        say(&mut store, &text, &caller("me", 1 + number / 2));
    }
    let said = texts(&store);
    let sizes = |store: &Store, group: i64| -> Vec<usize> {
        let history = store.history(first(), 0).unwrap();
        let rows = history.iter().filter(|change| change.group == group);
        rows.map(|change| {
            serde_json::to_string(&(&change.old, &change.new))
                .unwrap()
                .len()
        })
        .collect()
    };
    let is_good = |store: &Store| {
        let task = store.task(first()).unwrap().unwrap();
        is_replay_of(&task, &store.history(first(), 0).unwrap())
    };

    // All of them go in one change, come back in one, and go once more.
    let gone = restore::restore(&path, &before, &caller("me", 100)).unwrap();
    assert_eq!(texts(&store), [""; 0]);
    let back = store
        .execute(&Command::Undo(gone.group), &caller("me", 101))
        .unwrap();
    assert_eq!(texts(&store), said);
    let again = store
        .execute(&Command::Undo(back.group), &caller("me", 102))
        .unwrap();
    assert_eq!(texts(&store), [""; 0]);
    for group in [gone.group, back.group, again.group] {
        let sizes = sizes(&store, group.unwrap());
        assert!(sizes.len() > 2, "{sizes:?}");
        assert!(sizes.iter().all(|size| *size < 200_000), "{sizes:?}");
    }
    assert!(is_good(&store));
    assert_eq!(store.task(first()).unwrap().unwrap().rev, 44);

    let salvaged = folder.path().join("salvaged.db");
    salvage::salvage(&path, &salvaged, &caller("me", 103)).unwrap();
    let salvaged = Store::open(&salvaged, Access::Read).unwrap();
    assert!(is_good(&salvaged));
    assert_eq!(
        salvaged.history(first(), 0).unwrap(),
        store.history(first(), 0).unwrap()
    );
}

/// The fixture of schema 2 has 250 comments of 1 kB on one task, made by a program of that schema.
#[test]
fn an_upgrade_keeps_every_comment_and_gives_back_the_room_of_the_old_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(include_str!("../fixtures/schema-2.sql"))
        .unwrap();
    // As a program of schema 2 logs them: each time the whole list, before and after.
    let comment = |number: i64| serde_json::json!({ "at": number, "actor": "host", "text": format!("{number:03} {}", "y".repeat(1_000)) });
    let mut all = Vec::new();
    connection.execute_batch("BEGIN").unwrap();
    let mut insert = connection
        .prepare_cached(
            "INSERT INTO change (group_seq, at, actor, kind, task_id, rev, old, new)
             VALUES (?1, ?1, 'host', 'update', 1, ?2, json_object('comments', json(?3)), json_object('comments', json(?4)))",
        )
        .unwrap();
    let (seq, rev): (i64, i64) = connection
        .query_row(
            "SELECT (SELECT max(seq) FROM change), rev FROM task WHERE id = 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    for number in 1..=250 {
        let before = serde_json::to_string(&all).unwrap();
        all.push(comment(number));
        let after = serde_json::to_string(&all).unwrap();
        insert
            .execute((seq + number, rev + number, before, after))
            .unwrap();
    }
    drop(insert);
    connection
        .prepare_cached("UPDATE task SET comments = ?1, rev = ?2, updated_at = ?3 WHERE id = 1")
        .unwrap()
        .execute((serde_json::to_string(&all).unwrap(), rev + 250, seq + 250))
        .unwrap();
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    let before = std::fs::metadata(&path).unwrap().len();

    let store = Store::open(&path, Access::Write).unwrap();
    let kept = store.comments(first()).unwrap();
    assert_eq!(kept.len(), 250);
    assert!(kept[41].text.as_str().starts_with("042 y"));
    let task = store.task(first()).unwrap().unwrap();
    let history = store.history(first(), 0).unwrap();
    assert!(is_replay_of(&task, &history));
    let said: Vec<i64> = history.iter().map(|change| change.seq).collect();
    assert_eq!(
        said[said.len() - 250..],
        (seq + 1..=seq + 250).collect::<Vec<_>>()
    );
    for change in &history[history.len() - 250..] {
        let [old, new] = [change.old.as_ref().unwrap(), &change.new]
            .map(|fields| fields["comments"].as_array().unwrap());
        assert_eq!((old.len(), new.len()), (0, 1));
        assert_eq!(new[0]["at"], change.at.as_millis() - seq);
    }
    drop(store);
    for found in doctor::examine(&path, Zone::UTC, Timestamp::from_millis(0)) {
        assert_ne!(found.verdict, doctor::Verdict::Bad, "{found:?}");
    }
    let after = std::fs::metadata(&path).unwrap().len();
    assert!(
        before > 60_000_000,
        "{before} bytes: this fixture proves nothing"
    );
    assert!(after < 2_000_000, "{after} bytes of {before}");
}
