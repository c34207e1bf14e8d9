//! Many processes on one file: no error, nothing lost, nothing twice, one schema.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use taskhold::domain::command::{Caller, Command, Draft, Outcome};
use taskhold::domain::error::Error;
use taskhold::domain::task::{Actor, Timestamp, Title};
use taskhold::domain::when::Zone;
use taskhold::store::db::{Db, Session};

use crate::support::{Client, Dialect, Home, PATIENCE, object};

const PROCESSES: usize = 8;
const WRITES: usize = 250;

/// A process's share of the writes; gives back the ids it was told.
type Share = fn(&mut Client, usize) -> Vec<i64>;

fn title(process: usize, n: usize) -> String {
    format!("process {process}, write {n}")
}

fn id_of(task: &Value) -> i64 {
    task["id"].as_i64().unwrap()
}

fn one_after_another(client: &mut Client, process: usize) -> Vec<i64> {
    (0..WRITES)
        .map(|n| id_of(&client.call("add_task", json!({ "title": title(process, n) }))))
        .collect()
}

fn all_at_once(client: &mut Client, process: usize) -> Vec<i64> {
    let sent: Vec<_> = (0..WRITES)
        .map(|n| client.send_call("add_task", json!({ "title": title(process, n) })))
        .collect();
    let ids: Vec<_> = sent
        .iter()
        .map(|id| id_of(&object(&client.answer(id)["result"])))
        .collect();
    assert!(ids.is_sorted(), "process {process}: not in the order sent");
    ids
}

fn assert_nothing_is_lost(share: Share) {
    let home = Home::new();
    let told: Vec<i64> = thread::scope(|scope| {
        let workers: Vec<_> = (0..PROCESSES)
            .map(|process| {
                let mut client = home.connect(Dialect::BOTH[process % 2]);
                scope.spawn(move || {
                    let ids = share(&mut client, process);
                    client.close_stdin_and_wait().assert_good(process);
                    ids
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });

    let kept = home.tasks("all");
    let ids: BTreeSet<i64> = kept.iter().map(id_of).collect();
    assert_eq!(told.len(), PROCESSES * WRITES);
    assert_eq!(kept.len(), told.len());
    assert_eq!(ids, told.into_iter().collect(), "ids told and ids kept");
    assert_eq!(ids.len(), kept.len(), "an id twice");

    let kept: BTreeSet<String> = kept
        .iter()
        .map(|task| task["title"].as_str().unwrap().to_owned())
        .collect();
    let sent = (0..PROCESSES)
        .flat_map(|process| (0..WRITES).map(move |n| title(process, n)))
        .collect();
    assert_eq!(kept, sent);
}

#[test]
fn eight_processes_that_write_one_call_after_another_lose_nothing() {
    assert_nothing_is_lost(one_after_another);
}

#[test]
fn eight_processes_that_write_without_waiting_lose_nothing() {
    assert_nothing_is_lost(all_at_once);
}

#[test]
fn eight_processes_on_one_task_lose_no_update() {
    const UPDATES: usize = 25;
    let home = Home::new();
    let first = home
        .connect(Dialect::Legacy)
        .call("add_task", json!({ "title": "everybody's" }));
    let before = home
        .connect(Dialect::Legacy)
        .call("get_task", json!({ "task_id": first["id"] }));
    thread::scope(|scope| {
        for process in 0..PROCESSES {
            let mut client = home.connect(Dialect::BOTH[process % 2]);
            scope.spawn(move || {
                for n in 0..UPDATES {
                    client.call(
                        "update_task",
                        json!({ "task_id": 1, "title": title(process, n) }),
                    );
                }
            });
        }
    });
    let after = home
        .connect(Dialect::Legacy)
        .call("get_task", json!({ "task_id": 1 }));
    let grown = after["rev"].as_u64().unwrap() - before["rev"].as_u64().unwrap();
    assert_eq!(grown, (PROCESSES * UPDATES) as u64, "one rev a change");
}

#[test]
fn eight_processes_that_heed_the_rev_never_overwrite_each_other() {
    const ROUNDS: usize = 10;
    let home = Home::new();
    home.connect(Dialect::Legacy).call(
        "add_task",
        json!({ "title": "everybody's", "description": "" }),
    );
    thread::scope(|scope| {
        for process in 0..PROCESSES {
            let mut client = home.connect(Dialect::BOTH[process % 2]);
            scope.spawn(move || {
                for n in 0..ROUNDS {
                    append(&mut client, &format!("[{process}.{n}]"));
                }
            });
        }
    });
    let task = home
        .connect(Dialect::Legacy)
        .call("get_task", json!({ "task_id": 1 }));
    let description = task["description"].as_str().unwrap();
    for process in 0..PROCESSES {
        for n in 0..ROUNDS {
            assert_eq!(
                description.matches(&format!("[{process}.{n}]")).count(),
                1,
                "{description}"
            );
        }
    }
}

/// Appends a word to the description of task 1, trying again whenever somebody else was faster.
fn append(client: &mut Client, word: &str) {
    // Each failure is another process's success, of which there are only so many.
    for _ in 0..1000 {
        let task = client.call("get_task", json!({ "task_id": 1 }));
        let longer = format!("{}{word}", task["description"].as_str().unwrap_or_default());
        let arguments = json!({ "task_id": 1, "description": longer, "if_rev": task["rev"] });
        let result = client.request(
            "tools/call",
            json!({ "name": "update_task", "arguments": arguments }),
        );
        if result["isError"] != true {
            return;
        }
    }
    panic!("{word} was never accepted");
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        let sent: Vec<_> = (0..50)
            .map(|n| client.send_call("add_task", json!({ "title": title(0, n) })))
            .collect();
        let mut told = vec![id_of(&object(&client.answer(&sent[0])["result"]))];
        told.extend(
            client
                .kill()
                .iter()
                .map(|answer| id_of(&object(&answer["result"]))),
        );
        let kept: Vec<_> = home.tasks("all").iter().map(id_of).collect();
        for id in told {
            assert!(kept.contains(&id), "{dialect:?}: task {id} is lost");
        }
    }
}

/// The store waits 30 seconds for a lock of another process.
const BEFORE_A_LOCK_IS_GIVEN_UP: Duration = Duration::from_secs(25);

/// Has a session add a task.
fn add(session: &Session, n: usize) -> impl Future<Output = Result<Outcome, Error>> + use<> {
    let draft = Draft::titled(Title::try_from(title(0, n)).unwrap());
    let add = Command::Add {
        drafts: vec![draft],
        key: None,
    };
    let caller = Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(0),
        zone: Zone::UTC,
        session: None,
    };
    session.write(add, caller)
}

#[test]
fn a_call_that_another_process_keeps_waiting_is_refused_at_the_end_and_never_made() {
    let home = Home::new();
    assert_eq!(home.tasks("all"), [] as [Value; 0]);
    let other = Connection::open(home.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let db = Db::start(&home.database(), 1);
    let session = db.session();
    let calls: Vec<_> = (0..3).map(|n| add(&session, n)).collect();
    db.close().unwrap();
    let (told, outcomes) = mpsc::channel();
    thread::spawn(move || {
        told.send(futures::executor::block_on(futures::future::join_all(
            calls,
        )))
    });
    let outcomes = outcomes
        .recv_timeout(BEFORE_A_LOCK_IS_GIVEN_UP)
        .expect("no lock is waited for");
    for outcome in outcomes {
        assert!(matches!(outcome, Err(Error::ShuttingDown)), "{outcome:?}");
    }
    drop(other);
    assert_eq!(home.tasks("all"), [] as [Value; 0]);
}

/// Returns a database with a task, and a connection of another program that reads it and so keeps the log from moving.
fn with_a_reader_in_the_way(home: &Home) -> (Db, Connection) {
    let db = Db::start(&home.database(), 1);
    futures::executor::block_on(add(&db.session(), 0)).unwrap();
    let reader = Connection::open(home.database()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM task")
        .unwrap();
    (db, reader)
}

fn log_size(home: &Home) -> u64 {
    let log = home.database().with_extension("db-wal");
    std::fs::metadata(log).map_or(0, |log| log.len())
}

/// Looks again and again until something is so.
fn await_that(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::yield_now();
    }
}

#[test]
fn whoever_is_in_the_way_of_the_log_is_tried_again_until_it_is_moved() {
    let home = Home::new();
    let (db, reader) = with_a_reader_in_the_way(&home);
    // What is put off is indexed first, which a reader does not prevent, and then the log is tried.
    let other = Connection::open(home.database()).unwrap();
    await_that("words are indexed", || {
        other
            .query_row("SELECT count(*) FROM unindexed", [], |row| row.get(0))
            .is_ok_and(|waiting: i64| waiting == 0)
    });
    assert!(log_size(&home) > 0, "a reader is in the way");
    reader.execute_batch("COMMIT").unwrap();
    await_that("the log is moved", || log_size(&home) == 0);
    db.close().unwrap();
}

#[test]
fn at_the_end_whoever_is_in_the_way_of_the_log_is_waited_for() {
    let home = Home::new();
    let (db, reader) = with_a_reader_in_the_way(&home);
    let session = db.session();
    let closing = thread::spawn(move || db.close_within(2 * PATIENCE));
    await_that("it is being closed", || {
        matches!(
            futures::executor::block_on(add(&session, 1)),
            Err(Error::ShuttingDown)
        )
    });
    assert!(log_size(&home) > 0, "a reader is in the way");
    reader.execute_batch("COMMIT").unwrap();
    closing.join().unwrap().unwrap();
    assert_eq!(log_size(&home), 0);
}

#[test]
fn a_new_file_can_be_watched_and_written_from_the_first_moment() {
    for round in 0..50 {
        let dialect = Dialect::BOTH[round % 2];
        let home = Home::new();
        // Whatever threads the server has, they open the file that none of them has made yet at the same time.
        let mut client = home.connect(dialect);
        client.watch("tasks://all");
        client.call("add_task", json!({ "title": "first" }));
        assert_eq!(client.next_updated(), "tasks://all");
        client.close_stdin_and_wait().assert_good(round);
    }
}

#[test]
fn twenty_processes_that_start_at_once_on_a_new_file_all_answer_and_share_one_schema() {
    let alone = Home::new();
    drop(alone.connect(Dialect::Legacy).close_stdin_and_wait());
    let expected = schema(&alone.database());
    assert!(!expected.is_empty());

    for round in 0..20 {
        let home = Home::new();
        let mut clients: Vec<_> = (0..20).map(|n| home.start(Dialect::BOTH[n % 2])).collect();
        for client in &mut clients {
            client.greet();
        }
        let mut ids = BTreeSet::new();
        let sent: Vec<_> = clients
            .iter_mut()
            .map(|client| client.send_call("add_task", json!({ "title": "first" })))
            .collect();
        for (client, id) in clients.iter_mut().zip(&sent) {
            ids.insert(id_of(&object(&client.answer(id)["result"])));
        }
        assert_eq!(ids, (1..=20).collect(), "round {round}");
        for client in &mut clients {
            client.close_stdin_and_wait().assert_good(round);
        }
        assert_eq!(home.tasks("all").len(), 20, "round {round}");
        assert_eq!(schema(&home.database()), expected, "round {round}");
    }
}

/// Returns every object of the database, and every migration that ran, in order.
///
/// Only for a database that no process has open any more.
fn schema(database: &Path) -> Vec<String> {
    let connection =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let read = |query: &str| -> Vec<String> {
        let mut statement = connection.prepare_cached(query).unwrap();
        statement
            .query_map((), |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let mut all = read("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY type, name");
    if all
        .iter()
        .any(|sql| sql.contains("refinery_schema_history"))
    {
        all.extend(read("SELECT version || ' ' || name || ' ' || checksum FROM refinery_schema_history ORDER BY rowid"));
    }
    all.extend(read(
        "SELECT 'version ' || user_version FROM pragma_user_version",
    ));
    all.extend(read("SELECT integrity_check FROM pragma_integrity_check"));
    all
}
