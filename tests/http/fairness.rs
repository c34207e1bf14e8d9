//! Shares: whatever the holder of one token does, there is room for the owner.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::support::{Dialect, Home, PATIENCE, initialize};
use crate::wire::{Wire, connect, status};

const LEGACY: Dialect = Dialect::Legacy;
/// The version of the protocol whose streams begin with an id to come again with.
const LATEST: &str = "2025-11-25";

/// Makes a token that may only look, and returns it.
fn reader(home: &Home) -> String {
    let arguments = ["token", "add", "--name", "reader", "--read-only"];
    home.run(&arguments).trim().to_owned()
}

fn ping(wire: &mut Wire) -> u16 {
    wire.ask(LEGACY, "ping", json!({})).status
}

#[test]
fn the_owner_begins_a_session_though_a_reader_keeps_all_of_them_in_use() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "sessions=6"]);
    let token = reader(&home);
    let mut readers: Vec<Wire> = (0..6).map(|_| daemon.wire_with(&token).begin()).collect();
    for wire in &mut readers {
        assert_eq!(ping(wire), 200);
    }
    let mut owner = daemon.wire().begin();
    assert_eq!(ping(&mut owner), 200);
    // The longest unused of the reader's made way, and no other.
    let alive: Vec<u16> = readers.iter_mut().map(ping).collect();
    assert_eq!(alive, [404, 200, 200, 200, 200, 200]);
    // Who comes again takes the place of another of the same token.
    let mut again = daemon.wire_with(&token).begin();
    assert_eq!((ping(&mut again), ping(&mut owner)), (200, 200));
    assert_eq!(ping(&mut readers[1]), 404);
}

#[test]
fn a_session_with_a_stream_makes_way_only_for_a_token_that_has_fewer() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "sessions=4"]);
    let token = reader(&home);
    let readers: Vec<Wire> = (0..4).map(|_| daemon.wire_with(&token).begin()).collect();
    let streams: Vec<_> = readers.iter().map(|wire| wire.listen(None)).collect();
    let refused = daemon
        .wire_with(&token)
        .ask(LEGACY, "initialize", initialize(LATEST));
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    let mut owner = daemon.wire().begin();
    assert_eq!(ping(&mut owner), 200);
    let _stream = owner.listen(None);
    let mut second = daemon.wire().begin();
    let _second_stream = second.listen(None);
    // Two made way, the longest unused ones.
    for stream in &streams[..2] {
        stream.rest();
    }
    // Two each now: nobody's makes way for another's.
    for token in [&daemon.token, &token] {
        let wire = &mut daemon.wire_with(token);
        let refused = wire.ask(LEGACY, "initialize", initialize(LATEST));
        assert_eq!(refused.status, 503, "{refused:?}");
    }
    assert_eq!((ping(&mut owner), ping(&mut second)), (200, 200));
}

#[test]
fn a_token_pushes_out_no_session_of_one_that_has_fewer() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "sessions=5"]);
    let token = reader(&home);
    let mut owner = [daemon.wire().begin(), daemon.wire().begin()];
    for _ in 0..20 {
        daemon.wire_with(&token).begin();
    }
    assert_eq!(owner.each_mut().map(ping), [200, 200]);
}

/// Begins a call whose body is still to come, and returns the status of the first answer.
fn half_a_call(daemon: &Daemon, token: &str) -> (TcpStream, u16) {
    let mut stream = connect(daemon.port);
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
        daemon.port
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    let status = status(std::str::from_utf8(&answer).unwrap());
    (stream, status)
}

#[test]
fn one_token_has_three_of_four_calls_at_most() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "calls=4"]);
    let token = reader(&home);
    let calls: Vec<_> = (0..5).map(|_| half_a_call(&daemon, &token)).collect();
    let statuses: Vec<u16> = calls.iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses, [100, 100, 100, 503, 503]);
    daemon.wire().add(Dialect::Modern, "the owner's");
}

#[test]
fn one_token_has_three_of_four_connections_at_most() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "connections=8"]);
    let token = reader(&home);
    let mut held: Vec<Wire> = (0..6).map(|_| daemon.wire_with(&token)).collect();
    for wire in &mut held {
        assert_eq!(wire.get("/readyz").status, 200);
    }
    for _ in 0..4 {
        let mut more = daemon.wire_with(&token);
        let refused = more.get("/readyz");
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
        more.await_end();
    }
    let mut owner = daemon.wire();
    assert_eq!(owner.get("/readyz").status, 200);
    for wire in &mut held {
        assert_eq!(wire.get("/readyz").status, 200);
    }
}

/// Adds a task whose answer is about so many bytes long, and returns its id.
fn add_long(daemon: &Daemon, bytes: usize) -> i64 {
    let text = "a long text. ".repeat(bytes / 26);
    let arguments = json!({ "title": "long", "description": text });
    let task = daemon.wire().call(Dialect::Modern, "add_task", arguments);
    task["id"].as_i64().unwrap()
}

/// Asks for a task in a session, and breaks the connection when the answer has begun. Returns the first event's id.
fn ask_and_leave(session: &Wire, task: i64) -> Option<String> {
    let mut wire = session.another();
    let params = json!({ "name": "get_task", "arguments": { "task_id": task } });
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
    wire.send_message(LEGACY, message);
    let events = wire.events(200).unwrap();
    events.last_id.recv().ok()
}

#[test]
fn of_unread_answers_the_oldest_goes_first_and_the_latest_can_be_fetched() {
    // A reply has 20,000 bytes and more: as much as is allowed, as text and as structured content.
    const MOST: u64 = 100_000;
    let home = Home::new();
    let limit = format!("unread-bytes={MOST}");
    let daemon = Daemon::start(&home, &["--limit", &limit]);
    let task = add_long(&daemon, 40_000);
    let token = reader(&home);
    let session = daemon.wire_with(&token).begin();
    let ids: Vec<String> = (0..40)
        .map(|_| ask_and_leave(&session, task).unwrap())
        .collect();
    // An answer is kept where the client may not have got all of it.
    let mut fetched = 0;
    for id in ids.iter().rev() {
        match session.ask_to_listen(Some(id)) {
            Ok(events) => {
                let heard: Vec<Value> = events.rest();
                assert!(heard.iter().all(|message| message["id"] == 7), "{heard:?}");
                fetched += heard.len();
            }
            Err(answer) => assert_eq!(answer.status, 400, "{answer:?}"),
        }
    }
    assert!(fetched <= 5, "{fetched} of 20,000 bytes and more were kept");
    assert!(daemon.gauge("taskhold_unread_bytes") <= MOST);
    // The owner's are counted by themselves.
    let owner = daemon.wire().begin();
    ask_and_leave(&owner, task);
    assert!(daemon.gauge("taskhold_unread_bytes") <= 2 * MOST);
}

#[test]
fn a_connection_whose_answers_are_not_read_is_closed_when_its_token_has_too_many_of_them() {
    // Of the two each comes to hold an answer of 20,000 bytes and more that the system does not take.
    const MOST: u64 = 30_000;
    const ANSWERED: &str =
        "taskhold_call_duration_seconds_count{method=\"tools/call\",tool=\"get_task\"}";
    let home = Home::new();
    let limit = format!("unread-bytes={MOST}");
    let daemon = Daemon::start(&home, &["--limit", &limit]);
    let task = add_long(&daemon, 60_000);
    let token = reader(&home);
    let params = json!({ "name": "get_task", "arguments": { "task_id": task } });
    let ask_owner = || {
        let mut owner = daemon.wire();
        owner.request(Dialect::Modern, "tools/call", params.clone());
    };
    ask_owner();
    // So many on each connection that the system does not take them all.
    let mut deaf = [daemon.wire_with(&token), daemon.wire_with(&token)];
    for wire in &mut deaf {
        wire.send_without_reading(Dialect::Modern, "tools/call", &params, 200);
    }
    // It takes some hundred answers until the system takes no more, on a busy machine for minutes.
    let (mut answered, mut since) = (0, Instant::now());
    // One of the two is left, and the one that asks.
    while daemon.gauge("taskhold_connections") > 2 {
        let now = daemon.gauge(ANSWERED);
        if now > answered {
            (answered, since) = (now, Instant::now());
        }
        assert!(since.elapsed() < PATIENCE, "both are open, {now} answered");
    }
    ask_owner();
    assert!(daemon.gauge("taskhold_unread_bytes") <= MOST);
}

#[test]
fn who_misses_news_because_too_many_wait_is_told_so_by_the_end_of_the_session() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "unread-bytes=8192"]);
    let mut deaf = daemon.wire().begin();
    let mut other = daemon.wire();
    for n in 1..=40 {
        let id = other.add(Dialect::Modern, &format!("{n}"));
        let uri = format!("tasks://task/{id}");
        deaf.request(LEGACY, "resources/subscribe", json!({ "uri": uri }));
    }
    for id in 1..=40 {
        let arguments = json!({ "task_id": id, "title": "changed" });
        other.call(Dialect::Modern, "update_task", arguments);
    }
    daemon.await_gauge("taskhold_sessions", 0);
    assert_eq!(ping(&mut deaf), 404);
    // Nothing of it is kept.
    daemon.await_gauge("taskhold_unread_bytes", 0);
}

#[test]
fn a_call_whose_client_is_gone_takes_no_place_once_it_is_made() {
    let home = Home::new();
    // Fewer than are left below, and more than are made before: an answered one may count for a moment yet.
    let daemon = Daemon::start(&home, &["--limit", "calls=8"]);
    let session = daemon.wire().begin();
    let task = add_long(&daemon, 60_000);
    for _ in 0..50 {
        let mut wire = session.another();
        let params = json!({ "name": "get_task", "arguments": { "task_id": task } });
        let message =
            json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
        wire.send_message(LEGACY, message);
    }
    let deadline = Instant::now() + PATIENCE;
    while ping(&mut session.another()) != 200 {
        assert!(Instant::now() < deadline, "the calls keep their places");
        std::thread::yield_now();
    }
}
