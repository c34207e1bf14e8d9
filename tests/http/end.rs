//! The end of the daemon: nothing holds it up, nothing acknowledged is lost, and every call is told what became of it.

use std::io::{Read as _, Write as _};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rmcp::model::{CallToolRequestParams, CallToolResponse};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use rusqlite::Connection;
use serde_json::{Value, json};
use taskhold::domain::when::Zone;
use taskhold::mcp::Server;
use taskhold::store::db::Db;

use crate::clock::Standing;
use crate::daemon::Daemon;
use crate::deaf::Subject;
use crate::support::{Dialect, Home, PATIENCE};
use crate::wire::{Wire, connect};

const ALL: &str = "tasks://all";
/// How long the daemon may take to end, apart from the closing of its database.
const ENDING: Duration = Duration::from_millis(2_400);

/// Returns the size of the log, 0 if there is none.
fn log_size(home: &Home) -> u64 {
    let log = home.database().with_extension("db-wal");
    std::fs::metadata(log).map_or(0, |log| log.len())
}

/// Checks that the daemon has moved the log into the database. A disk that is too slow for that keeps it from doing so,
/// and it says that.
fn assert_closed(home: &Home, said: &str) {
    assert!(
        log_size(home) == 0 || said.contains("left before it was closed"),
        "{} bytes are left, and it said {said:?}",
        log_size(home)
    );
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

/// Returns the command that starts a daemon which a hangup ends, also where these tests were started with nohup.
fn with_default_hangup(home: &Home) -> Command {
    let serve = home.command(&["serve", "--listen", "0"]);
    if cfg!(not(target_os = "linux")) {
        return serve;
    }
    let mut command = Command::new("/usr/bin/env");
    command
        .env_clear()
        .envs(
            serve
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .arg("--default-signal=HUP")
        .arg(serve.get_program())
        .args(serve.get_args());
    command
}

#[test]
fn when_it_ends_subscriptions_get_their_final_answer_and_calls_are_finished() {
    // Whether a hangup is to be outlived is known on Linux alone.
    let hangup = cfg!(target_os = "linux").then_some("-HUP");
    for signal in ["-TERM", "-INT"].into_iter().chain(hangup) {
        let home = Home::new();
        let mut daemon = Daemon::launch(&home, with_default_hangup(&home));
        let modern = daemon.wire().watch(Dialect::Modern, ALL);
        let legacy = daemon.wire().begin().watch(Dialect::Legacy, ALL);
        daemon.signal(signal);
        let last = modern.rest().pop().unwrap();
        assert_eq!(last["id"], *modern.subscription.as_ref().unwrap(), "{last}");
        assert_eq!(last["result"]["resultType"], "complete", "{last}");
        legacy.rest();
        let (status, said) = daemon.end(PATIENCE);
        assert!(status.success(), "{signal}: {status} {said}");
        // The log is in the database, and where it listened is not told any more.
        let beside = |ending: &str| home.database().with_extension(ending);
        assert!(!beside("db.daemon").exists());
        assert_closed(&home, &said);
    }
}

#[cfg(unix)]
#[test]
fn started_with_nohup_it_outlives_a_hangup() {
    let home = Home::new();
    let script = "trap '' HUP; exec \"$0\" serve --listen 0";
    let mut command = std::process::Command::new("/bin/sh");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_taskhold")])
        .env_clear()
        .env("HOME", home.database().parent().unwrap())
        .env("TASKHOLD_DB", home.database());
    let mut daemon = Daemon::launch(&home, command);
    daemon.signal("-HUP");
    daemon.wire().add(Dialect::Modern, "still here");
    daemon.stop();
    assert_eq!(home.tasks("all").len(), 1);
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

/// Asks it to end, and asks again before it has come to that: both signals find it stopped.
fn ask_twice(daemon: &Daemon) {
    for signal in ["-STOP", "-TERM", "-INT", "-CONT"] {
        daemon.signal(signal);
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
    ask_twice(&daemon);
    let (status, _) = daemon.end(PATIENCE);
    assert_eq!(status.code(), Some(1));
}

/// Waits until the log is moved into the database.
fn await_log_moved(home: &Home) {
    let deadline = Instant::now() + PATIENCE;
    while log_size(home) > 0 {
        assert!(
            Instant::now() < deadline,
            "{} bytes are left",
            log_size(home)
        );
        thread::yield_now();
    }
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
    // This reads the database until the daemon has ended, which waits for nobody so long.
    let reader = Connection::open(home.database()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM task")
        .unwrap();
    daemon.signal("-TERM");
    let (status, said) = daemon.end(PATIENCE);
    assert!(status.success(), "{status} {said}");
    assert!(log_size(&home) > 0, "it was in the way");
    reader.execute_batch("COMMIT").unwrap();
    // What the daemon had to leave, another does, which itself has written nothing.
    assert_eq!(bystander.tasks("all").len(), 1);
    await_log_moved(&home);
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
    let (status, said) = daemon.end(PATIENCE);
    assert!(status.success(), "{status} {said}");
    // It was locked all the time.
    drop(other);
    assert_eq!(home.tasks("all"), [] as [Value; 0]);
}

#[test]
fn a_lock_that_is_given_back_in_time_costs_no_call() {
    let home = Home::new();
    let db = Db::start(&home.database(), 1);
    let served = db.clone();
    let mut daemon = Standing::start(&home, db.session(), None, move |ending| {
        Server::new(&served, Zone::UTC, ending)
    });
    let mut wire = daemon.wire();
    let id = wire.add(Dialect::Modern, "before");
    let other = lock(&home);
    send_add(&mut wire, Dialect::Modern, "made");
    daemon.stop();
    drop(other);
    let message = wire.answer().message();
    let made = &message["result"]["structuredContent"];
    assert_eq!(made["title"], "made", "{message}");
    assert_eq!(made["id"], id + 1, "{message}");
    daemon.let_time_pass();
    daemon.end();
    db.close().unwrap();
    assert_eq!(home.tasks("all").len(), 2);
}

#[test]
fn asked_twice_while_another_process_holds_the_database_it_ends_at_once() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let mut wire = daemon.wire();
    let _other = lock(&home);
    send_add(&mut wire, Dialect::Modern, "never");
    ask_twice(&daemon);
    // Asked once, it tells the call that it was not made, and ends as one that has done its work.
    let (status, _) = daemon.end(PATIENCE);
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
    daemon.signal("-TERM");
    // The others get all that is theirs.
    let last = events.rest().pop().unwrap();
    assert_eq!(last["result"]["resultType"], "complete", "{last}");
    let (status, said) = daemon.end(PATIENCE);
    assert!(status.success(), "{status} {said}");
    assert_closed(&home, &said);
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
    let mut daemon = Standing::start(&home, db.session(), None, |_ending| Stuck);
    let mut legacy = daemon.wire().begin();
    let mut modern = daemon.wire();
    send_add(&mut legacy, Dialect::Legacy, "perhaps");
    send_add(&mut modern, Dialect::Modern, "perhaps");
    daemon.stop();
    daemon.let_time_pass();
    for wire in [&mut legacy, &mut modern] {
        let answer = wire.answer();
        let message = answer.message();
        let said = message["error"]["message"].as_str().unwrap_or_default();
        assert!(said.contains("not certain"), "{answer:?}");
        assert!(message["id"].is_i64(), "{message}");
    }
    let took = daemon.end();
    assert!(took <= ENDING, "{took:?}");
    db.close().unwrap();
}
