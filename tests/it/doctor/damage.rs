//! Damage at random: no task reads wrong unnoticed, and salvage gives back what is left.

use std::{collections::BTreeMap, fs, ops::Range, path::Path};

use serde_json::Value;
use taskhold::{
    care::{
        doctor::{self, Verdict},
        repair, restore, salvage,
    },
    domain::{
        command::{Caller, Command, Draft, Patch},
        query::{Filters, Moment, View},
        task::{Actor, Description, Task, TaskId, Timestamp, Title},
        when::Zone,
    },
    store::{Access, Store},
};

use crate::support::{Dialect, Home};

const TASKS: usize = 300;
/// How often each kind of damage is done.
const ROUNDS: usize = 5;
const PAGE: usize = 4_096;

fn caller() -> Caller {
    Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(1_795_000_000_000),
        zone: Zone::UTC,
        session: None,
    }
}

/// Fills a new database, a fifth of its tasks changed once more, and returns its bytes.
fn bytes() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let mut store = Store::open(&path, Access::Write).unwrap();
    let drafts = (1..=TASKS)
        .map(|n| Draft {
            description: Description::try_from(format!("words of task {n}. ").repeat(n % 40))
                .unwrap(),
            ..Draft::titled(Title::try_from(format!("Task number {n}")).unwrap())
        })
        .collect();
    store
        .execute(&Command::Add { drafts, key: None }, &caller())
        .unwrap();
    let ids = (1..=300_i64)
        .step_by(5)
        .map(|id| TaskId::try_from(id).unwrap());
    let renamed = Patch {
        title: Some(Title::try_from("Another title".to_owned()).unwrap()),
        ..Patch::default()
    };
    let update = Command::Update {
        ids: ids.collect(),
        patch: renamed,
        if_rev: None,
    };
    store.execute(&update, &caller()).unwrap();
    drop(store);
    assert!(!path.with_file_name("tasks.db-wal").exists());
    fs::read(path).unwrap()
}

fn tasks(path: &Path) -> taskhold::domain::error::Result<BTreeMap<i64, Task>> {
    let store = Store::open(path, Access::Read)?;
    let moment = Moment::new(caller().now, Zone::UTC);
    let page = store.list(View::All, &Filters::default(), &moment, None, 10_000)?;
    let ids = page.tasks.iter().map(|task| task.id);
    ids.map(|id| Ok((id.get(), store.existing(id)?))).collect()
}

/// What to do to the bytes, at random.
type Damage = fn(&mut fastrand::Rng, &mut [u8]);

fn flip_a_bit(rng: &mut fastrand::Rng, bytes: &mut [u8]) {
    let at = rng.usize(100..bytes.len());
    bytes[at] ^= 1 << rng.u8(0..8);
}

fn zero(bytes: &mut [u8], range: Range<usize>) {
    bytes[range].fill(0);
}

fn zero_a_sector(rng: &mut fastrand::Rng, bytes: &mut [u8]) {
    let at = rng.usize(1..bytes.len() / 512) * 512;
    zero(bytes, at..at + 512);
}

fn zero_a_page(rng: &mut fastrand::Rng, bytes: &mut [u8]) {
    let at = rng.usize(1..bytes.len() / PAGE) * PAGE;
    zero(bytes, at..at + PAGE);
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures, for whoever asks with --nocapture"
)]
fn no_task_reads_wrong_unnoticed_and_salvage_gives_back_the_rest() {
    let sound = bytes();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    fs::write(&path, &sound).unwrap();
    let expected = tasks(&path).unwrap();
    assert_eq!(expected.len(), TASKS);
    let mut rng = fastrand::Rng::with_seed(20_261_122);
    // Most a kind of damage may cost: tasks that are wrong or lost after the salvage.
    let kinds: [(&str, Damage, usize); 3] = [
        ("bit", flip_a_bit, 1),
        ("sector", zero_a_sector, 16),
        ("page", zero_a_page, 16),
    ];
    for (kind, damage, most) in kinds {
        let (mut noticed, mut missed, mut whole) = (0, 0, 0);
        for round in 0..ROUNDS {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tasks.db");
            let mut bytes = sound.clone();
            damage(&mut rng, &mut bytes);
            fs::write(&path, &bytes).unwrap();
            let found = doctor::examine(&path, Zone::UTC, caller().now);
            let is_bad = found.iter().any(|one| one.verdict == Verdict::Bad);
            noticed += usize::from(is_bad);
            let reads_right = tasks(&path).is_ok_and(|read| read == expected);
            assert!(
                reads_right || is_bad,
                "{kind} {round}: a task reads wrong, and {found:#?}"
            );

            let out = folder.path().join("salvaged.db");
            let salvaged = salvage::salvage(&path, &out, &caller()).unwrap();
            let read = tasks(&out).unwrap();
            let right = read
                .iter()
                .filter(|(id, task)| {
                    let was = &expected[id];
                    (&task.title, &task.description, task.status)
                        == (&was.title, &was.description, was.status)
                })
                .count();
            missed = missed.max(expected.len() - right);
            whole += usize::from(right == expected.len());
            assert_eq!(salvaged.tasks, read.len());
            assert!(
                expected.len() - right <= most,
                "{kind} {round}: {right} of {TASKS}, {salvaged:?}"
            );
            let found = doctor::examine(&out, Zone::UTC, caller().now);
            assert!(
                found.iter().all(|one| one.verdict != Verdict::Bad),
                "{kind} {round}: {found:#?}"
            );
        }
        println!(
            "{kind}: {noticed} of {ROUNDS} noticed; all tasks salvaged in {whole}, at worst {missed} wrong or lost"
        );
    }
}

/// Where in `bytes` each of `words` stands.
fn places(bytes: &[u8], words: &[u8]) -> Vec<usize> {
    let places = bytes.windows(words.len()).enumerate();
    let places = places.filter(|(_, window)| *window == words);
    places.map(|(at, _)| at).collect()
}

/// A bit of a title or a description, in a row or in the log.
#[test]
fn a_flipped_bit_in_a_text_is_noticed_and_costs_nothing() {
    let sound = bytes();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    fs::write(&path, &sound).unwrap();
    let expected = tasks(&path).unwrap();
    let texts = [&b"Task number "[..], b"words of task "].map(|words| {
        let length = words.len() + 3;
        places(&sound, words)
            .into_iter()
            .map(move |at| at..at + length)
    });
    let texts: Vec<Range<usize>> = texts.into_iter().flatten().collect();
    let mut rng = fastrand::Rng::with_seed(20_261_122);
    let mut mended = 0;
    for round in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let mut bytes = sound.clone();
        let text = &texts[rng.usize(0..texts.len())];
        bytes[rng.usize(text.clone())] ^= 1 << rng.u8(0..8);
        fs::write(&path, &bytes).unwrap();
        let is_bad = |one: &doctor::Finding| one.verdict == Verdict::Bad;
        let found = doctor::examine(&path, Zone::UTC, caller().now);
        if !found.iter().any(is_bad) {
            // A text that was changed since is still on its page, where nobody reads it.
            assert_eq!(tasks(&path).unwrap(), expected, "{round}: {found:#?}");
            continue;
        }
        let out = folder.path().join("salvaged.db");
        salvage::salvage(&path, &out, &caller()).unwrap();
        expect_nothing_lost(&out, &expected);

        let after = repair::fix(&path, &caller());
        assert!(after.failure.is_none(), "{round}: {:?}", after.failure);
        // A log that cannot be read any more cannot be mended, but then the rows are right.
        if after
            .found
            .iter()
            .any(|one| one.check == "history" && one.verdict == Verdict::Bad)
        {
            assert_eq!(tasks(&path).unwrap(), expected, "{round}");
        } else {
            assert!(
                !after.found.iter().any(is_bad),
                "{round}: {:#?}",
                after.found
            );
            expect_nothing_lost(&path, &expected);
            mended += 1;
        }
    }
    assert!(mended >= 5, "{mended}: this proves little");
}

/// Every text is in its task, or else in its history.
fn expect_nothing_lost(path: &Path, expected: &BTreeMap<i64, Task>) {
    let store = Store::open(path, Access::Read).unwrap();
    for (id, was) in expected {
        let task = store.task(was.id).unwrap().unwrap();
        let is_right = (&task.title, &task.description) == (&was.title, &was.description);
        let history = format!("{:?}", store.history(was.id, 0).unwrap());
        let is_known =
            history.contains(was.title.as_str()) && history.contains(was.description.as_str());
        assert!(is_right || is_known, "{id}: {task:?}, {history}");
    }
}

#[test]
fn salvage_says_what_is_lost_and_ends_with_1() {
    let home = Home::new();
    for title in ["whole", "in an older state", "lost", "without its history"] {
        home.run(&["add", title]);
    }
    home.run(&["edit", "2", "--title", "renamed"]);
    home.run(&["done", "2"]);
    let statements = "PRAGMA foreign_keys = OFF;
        DROP TRIGGER change_is_append_only_delete;
        DELETE FROM task WHERE id IN (2, 3);
        DELETE FROM change WHERE task_id IN (3, 4) OR task_id = 2 AND rev = 2;
        UPDATE sqlite_sequence SET seq = 4611686018427387904 WHERE name = 'task'";
    let connection = rusqlite::Connection::open(home.database()).unwrap();
    connection.execute_batch(statements).unwrap();
    connection.close().unwrap();
    let salvage = |arguments: &[&str]| {
        let mut all = vec!["doctor", "--salvage"];
        all.extend(arguments);
        let output = home.command(&all).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let said = salvage(&["out.db"]);
    for expected in [
        "Salvaged 3 of 4 tasks",
        "1 task: made from what is left of their history, maybe as they stood earlier",
        "1 task: as they stood, but their history is lost or ends early",
        "lost: 3\n",
        "end every program",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let told: Value = serde_json::from_str(&salvage(&["again.db", "--json"])).unwrap();
    assert_eq!(
        (&told["older"], &told["without_history"], &told["lost"]),
        (&1.into(), &1.into(), &vec!["3"].into())
    );
}

#[test]
fn salvage_takes_the_row_where_it_is_newer_or_says_something_else_and_notes_the_other() {
    let home = Home::new();
    home.run(&["add", "as it was"]);
    home.run(&["edit", "1", "--title", "as it is"]);
    home.run(&["add", "both say this"]);
    let statements = "DROP TRIGGER change_is_append_only_delete;
        DELETE FROM change WHERE task_id = 1 AND rev = 2;
        UPDATE task SET title = 'the row says this' WHERE id = 2";
    let connection = rusqlite::Connection::open(home.database()).unwrap();
    connection.execute_batch(statements).unwrap();
    connection.close().unwrap();
    let output = home
        .command(&["doctor", "--salvage", "out.db", "--json"])
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["conflicts"], &told["without_history"]),
        (&1.into(), &1.into())
    );
    let out = home.database().with_file_name("out.db");
    let store = Store::open(&out, Access::Read).unwrap();
    for (task, taken, noted) in [
        (1, "as it is", "as it was"),
        (2, "the row says this", "both say this"),
    ] {
        let id = TaskId::try_from(task).unwrap();
        assert_eq!(store.task(id).unwrap().unwrap().title.as_str(), taken);
        let history = format!("{:?}", store.history(id, 0).unwrap());
        assert!(
            history.contains(noted) && history.contains(taken),
            "{history}"
        );
    }
    let found = doctor::examine(&out, Zone::UTC, caller().now);
    assert!(
        found.iter().all(|one| one.verdict != Verdict::Bad),
        "{found:#?}"
    );
}

/// Many times more text than it may take of memory.
#[cfg(target_os = "linux")]
#[test]
fn salvage_takes_little_memory_however_much_there_is() {
    const LIMIT: &str = "90000";
    let home = Home::new();
    let mut store = Store::open(&home.database(), Access::Write).unwrap();
    for first in (0..400).step_by(100) {
        let drafts = (first..first + 100)
            .map(|n| Draft {
                description: Description::try_from("x".repeat(60_000)).unwrap(),
                ..Draft::titled(Title::try_from(format!("Task {n}")).unwrap())
            })
            .collect();
        let add = Command::Add { drafts, key: None };
        store.execute(&add, &caller()).unwrap();
    }
    drop(store);
    let mut command = std::process::Command::new("sh");
    command
        .args([
            "-c",
            &format!("ulimit -v {LIMIT}; exec \"$0\" doctor --salvage out.db"),
        ])
        .arg(env!("CARGO_BIN_EXE_taskhold"))
        .env("TASKHOLD_DB", home.database())
        .current_dir(home.database().parent().unwrap());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn salvage_reads_what_is_only_in_the_log_of_a_killed_server_and_through_lost_roots() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    for n in 0..50 {
        client.call(
            "add_task",
            serde_json::json!({ "title": format!("task {n}"), "description": "x".repeat(n * 200) }),
        );
    }
    client.kill();
    let log = fs::metadata(home.database().with_file_name("tasks.db-wal")).unwrap();
    assert!(log.len() > 0, "nothing was left in the log");
    let out = home.database().with_file_name("out.db");
    let name = out.to_str().unwrap();
    let said = home.run(&["doctor", "--salvage", name]);
    assert!(said.starts_with("Salvaged 50 of 50 tasks into "), "{said}");

    // Page 1 is the schema: without it no statement finds a table.
    let moved = home.database().with_file_name("moved.db");
    home.run(&["backup", moved.to_str().unwrap()]);
    let mut bytes = fs::read(&moved).unwrap();
    zero(&mut bytes, 0..PAGE);
    fs::write(&moved, bytes).unwrap();
    let again = home.database().with_file_name("again.db");
    let told = home.run(&[
        "doctor",
        "--json",
        "--db",
        moved.to_str().unwrap(),
        "--salvage",
        again.to_str().unwrap(),
    ]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["tasks"], &told["lost"]),
        (&50.into(), &Value::Array(vec![]))
    );
}

#[test]
fn what_was_salvaged_is_restored_into_a_new_database_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    fs::write(&path, bytes()).unwrap();
    let expected = tasks(&path).unwrap();
    let out = folder.path().join("out.db");
    salvage::salvage(&path, &out, &caller()).unwrap();
    let refusal = salvage::salvage(&path, &out, &caller()).unwrap_err();
    assert!(
        refusal.to_string().contains("nothing is overwritten"),
        "{refusal}"
    );
    let new = folder.path().join("new.db");
    restore::restore(&new, &out, &caller()).unwrap();
    assert_eq!(tasks(&new).unwrap(), expected);
}
