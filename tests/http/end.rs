//! The end of the daemon: it comes soon, nothing acknowledged is lost, and every call is told what became of it.

use std::io::{Read as _, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use rmcp::model::{CallToolRequestParams, CallToolResponse};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use rusqlite::Connection;
use serde_json::{Value, json};
use taskhold::http::{self, Doors, Limits, Setup, Tokens};
use taskhold::store::db::Db;
use tokio_util::sync::CancellationToken;

use crate::daemon::Daemon;
use crate::deaf::Subject;
use crate::support::{Dialect, Home, PATIENCE, PROMPTLY};
use crate::wire::{Wire, connect};

const ALL: &str = "tasks://all";

/// Returns the size of the log, 0 if there is none.
fn log_size(home: &Home) -> u64 {
    let log = home.database().with_extension("db-wal");
    std::fs::metadata(log).map_or(0, |log| log.len())
}

/// A lock on writing, as another process holds it, until it is dropped.
fn lock(home: &Home) -> Connection {
    let other = Connection::open(home.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

fn client(daemon: &Daemon, dialect: Dialect) -> Wire {
    match dialect {
        Dialect::Legacy => daemon.wire().begin(),
        Dialect::Modern => daemon.wire(),
    }
}

/// Sends a call that adds a task, and returns once the daemon has it.
fn send_add(wire: &mut Wire, dialect: Dialect, title: &str) {
    let id = wire.next_id();
    let params = json!({ "name": "add_task", "arguments": { "title": title } });
    wire.send_message_when_invited(
        dialect,
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }),
    );
}

#[test]
fn when_it_ends_subscriptions_get_their_final_answer_and_calls_are_finished() {
    for signal in ["-TERM", "-INT"] {
        let home = Home::new();
        let mut daemon = Daemon::start(&home, &[]);
        let modern = daemon.wire().watch(Dialect::Modern, ALL);
        let legacy = daemon.wire().begin().watch(Dialect::Legacy, ALL);
        daemon.signal(signal);
        let last = modern.rest().pop().unwrap();
        assert_eq!(last["id"], *modern.subscription.as_ref().unwrap(), "{last}");
        assert_eq!(last["result"]["resultType"], "complete", "{last}");
        legacy.rest();
        let (status, said) = daemon.end(PROMPTLY);
        assert!(status.success(), "{signal}: {status} {said}");
        // The log is in the database, and where it listened is not told any more.
        let beside = |ending: &str| home.database().with_extension(ending);
        assert!(!beside("db.daemon").exists());
        assert_eq!(log_size(&home), 0);
    }
}

#[test]
fn what_was_acknowledged_before_the_end_is_kept() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let (sender, acknowledged) = std::sync::mpsc::channel();
    let clients: Vec<_> = (0..8)
        .map(|number| {
            let (mut wire, sender) = (daemon.wire(), sender.clone());
            std::thread::spawn(move || {
                for n in 0.. {
                    let title = format!("{number} {n}");
                    let added = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        wire.add(Dialect::Modern, &title)
                    }));
                    match added {
                        Ok(_) => sender.send(title).unwrap(),
                        Err(_) => return,
                    }
                }
            })
        })
        .collect();
    drop(sender);
    let mut kept: Vec<String> = acknowledged.iter().take(100).collect();
    daemon.stop();
    for client in clients {
        client.join().unwrap();
    }
    kept.extend(acknowledged.iter());
    let titles: Vec<String> = home
        .tasks("all")
        .iter()
        .map(|task| task["title"].as_str().unwrap().to_owned())
        .collect();
    for title in kept {
        assert!(titles.contains(&title), "{title} is lost");
    }
}

#[test]
fn asked_twice_it_ends_at_once() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    // A call that never comes to its end keeps it waiting.
    let mut stuck = connect(daemon.port);
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
        daemon.port, daemon.token
    );
    stuck.write_all(head.as_bytes()).unwrap();
    stuck.read_exact(&mut [0; 12]).unwrap();
    daemon.signal("-TERM");
    daemon.await_closed();
    daemon.signal("-TERM");
    let (status, _) = daemon.end(PROMPTLY);
    assert_eq!(status.code(), Some(1));
}

#[test]
fn the_log_is_moved_into_the_database_though_another_process_has_it_open() {
    let home = Home::new();
    // With it there, SQLite does not move the log when the daemon closes the database: it is not the last to do so.
    let mut bystander = home.connect(Dialect::Modern);
    assert_eq!(bystander.tasks("all"), [] as [Value; 0]);
    let mut daemon = Daemon::start(&home, &[]);
    daemon.wire().add(Dialect::Modern, "kept");
    assert!(log_size(&home) > 0);
    // The first write of a day is followed by a backup, and at the end it may still read the database. So does this.
    let reader = Connection::open(home.database()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM task")
        .unwrap();
    daemon.signal("-TERM");
    daemon.await_closed();
    reader
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n;
             COMMIT",
        )
        .unwrap();
    let (status, said) = daemon.end(PROMPTLY);
    assert!(status.success(), "{status} {said}");
    assert_eq!(log_size(&home), 0);
    assert_eq!(bystander.tasks("all").len(), 1);
}

#[test]
fn a_call_that_another_process_keeps_waiting_is_told_that_it_was_not_made_and_is_not() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let mut wires: Vec<(Wire, Dialect)> = Dialect::BOTH
        .into_iter()
        .flat_map(|dialect| [dialect; 3])
        .map(|dialect| (client(&daemon, dialect), dialect))
        .collect();
    let other = lock(&home);
    for (wire, dialect) in &mut wires {
        send_add(wire, *dialect, "never");
    }
    let asked = Instant::now();
    daemon.signal("-TERM");
    for (wire, dialect) in &mut wires {
        let message = wire.answer().message();
        let text = message["result"]["content"][0]["text"].as_str();
        assert!(
            message["result"]["isError"] == true
                && text.is_some_and(|text| text.contains("was not made")),
            "{dialect:?}: {message}"
        );
    }
    let (status, said) = daemon.end(PROMPTLY.saturating_sub(asked.elapsed()));
    assert!(status.success(), "{status} {said}");
    drop(other);
    assert_eq!(home.tasks("all"), [] as [Value; 0]);
}

#[test]
fn a_lock_that_is_given_back_in_time_costs_no_call() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let mut wire = daemon.wire();
    let other = lock(&home);
    send_add(&mut wire, Dialect::Modern, "made");
    daemon.signal("-TERM");
    daemon.await_closed();
    drop(other);
    let message = wire.answer().message();
    assert_eq!(
        message["result"]["structuredContent"]["title"], "made",
        "{message}"
    );
    let (status, said) = daemon.end(PROMPTLY);
    assert!(status.success(), "{status} {said}");
    assert_eq!(home.tasks("all").len(), 1);
}

#[test]
fn asked_twice_while_another_process_holds_the_database_it_ends_at_once() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let mut wire = daemon.wire();
    let _other = lock(&home);
    send_add(&mut wire, Dialect::Modern, "never");
    daemon.signal("-TERM");
    daemon.await_closed();
    daemon.signal("-INT");
    // It waits longer for the call.
    let (status, _) = daemon.end(Duration::from_millis(700));
    assert_eq!(status.code(), Some(1));
}

#[test]
fn one_who_does_not_read_does_not_hold_up_the_end() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let mut writer = daemon.wire();
    let subject = Subject::new(&mut writer);
    let mut session = daemon.wire().begin();
    let _deaf = [
        subject.unread_session(&mut session, ALL),
        subject.unread_stream(&daemon, ALL),
    ];
    let events = daemon.wire().watch(Dialect::Modern, ALL);
    subject.change(&mut writer, || assert_eq!(events.next_updated(), ALL));
    let asked = Instant::now();
    send_add(&mut writer, Dialect::Modern, "made");
    daemon.signal("-TERM");
    // The others get all that is theirs.
    let made = writer.answer().message();
    assert_eq!(made["result"]["structuredContent"]["title"], "made");
    let last = events.rest().pop().unwrap();
    assert_eq!(last["result"]["resultType"], "complete", "{last}");
    let (status, said) = daemon.end(PROMPTLY.saturating_sub(asked.elapsed()));
    assert!(status.success(), "{status} {said}");
    assert_eq!(log_size(&home), 0);
}

/// A server whose tools never come to an end.
struct Stuck;

impl ServerHandler for Stuck {
    async fn call_tool(
        &self,
        _request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        std::future::pending().await
    }
}

/// A disk that hangs in the middle of a commit cannot be made here; a call that does not end is the same to the daemon.
#[test]
fn a_call_whose_fate_is_not_known_is_told_so() {
    let home = Home::new();
    let db = Db::start(&home.database(), 1);
    let tokens = Tokens::new(&home.database());
    let token = tokens.own().unwrap();
    let setup = Setup {
        tokens,
        limits: Limits::default(),
        names: Vec::new(),
        idle_exit: None,
    };
    let stop = CancellationToken::new();
    let (session, stopping) = (db.session(), stop.clone());
    let (listening, listens) = std::sync::mpsc::channel();
    let serving = thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut doors = Doors::default();
            doors.open_loopback(0).await.unwrap();
            let port = doors.addresses().next().unwrap().port();
            listening.send(port).unwrap();
            http::serve(doors, setup, session, |_ending| Stuck, stopping).await;
        });
    });
    let port = listens.recv_timeout(PATIENCE).unwrap();
    let mut legacy = Wire::new(port, Some(&token)).begin();
    let mut modern = Wire::new(port, Some(&token));
    send_add(&mut legacy, Dialect::Legacy, "perhaps");
    send_add(&mut modern, Dialect::Modern, "perhaps");
    let asked = Instant::now();
    stop.cancel();
    for wire in [&mut legacy, &mut modern] {
        let answer = wire.answer();
        let message = answer.message();
        let said = message["error"]["message"].as_str().unwrap_or_default();
        assert!(said.contains("not certain"), "{answer:?}");
        assert!(message["id"].is_i64(), "{message}");
    }
    serving.join().unwrap();
    db.close().unwrap();
    assert!(asked.elapsed() < PROMPTLY);
}
