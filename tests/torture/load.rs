//! The daemon under load: writers and listeners at once, and killed while they write.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::support::{Dialect, Home, PATIENCE, PROMPTLY, modern_meta};
use crate::wire::Events;

/// How many clients write, and how many listen.
const CLIENTS: usize = 64;
/// How many clients write while the daemon is killed.
const WRITERS: usize = 8;

/// Has each of 64 clients write for some seconds what one of 64 others listens to, in both dialects.
pub(crate) fn run(seconds: u64, _seed: u64) {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let before = daemon.resident();
    let mut first = daemon.wire();
    let ids: Vec<i64> = (0..CLIENTS)
        .map(|n| first.add(Dialect::Modern, &format!("{n}")))
        .collect();
    let ready: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(n, id)| {
            let dialect = Dialect::BOTH[n % 2];
            let (mut listener, writer) = match dialect {
                Dialect::Legacy => (daemon.wire().begin(), daemon.wire().begin()),
                Dialect::Modern => (daemon.wire(), daemon.wire()),
            };
            let uri = format!("tasks://task/{id}");
            let events = listener.watch(dialect, &uri);
            (*id, dialect, uri, events, writer)
        })
        .collect();
    let end = Instant::now() + Duration::from_secs(seconds);
    let pairs: Vec<_> = ready
        .into_iter()
        .map(|(id, dialect, uri, events, mut writer)| {
            let (last, lasts) = channel();
            let listening = thread::spawn(move || hear(&events, &uri, &lasts));
            let writing = thread::spawn(move || {
                let (mut count, mut slowest, mut sent) = (0_u64, Duration::ZERO, Instant::now());
                // Once at least, however slow the machine is.
                while count == 0 || Instant::now() < end {
                    sent = Instant::now();
                    let arguments = json!({ "task_id": id, "title": format!("write {count}") });
                    writer.call(dialect, "update_task", arguments);
                    slowest = slowest.max(sent.elapsed());
                    count += 1;
                }
                last.send(sent).unwrap();
                (count, slowest)
            });
            (id, listening, writing)
        })
        .collect();
    let (mut writes, mut heard, mut slowest) = (0, 0, Duration::ZERO);
    let mut expected = HashMap::new();
    for (id, listening, writing) in pairs {
        let (mine, slow) = writing.join().unwrap();
        heard += listening.join().unwrap();
        writes += mine;
        slowest = slowest.max(slow);
        expected.insert(id, mine);
    }
    let after = daemon.resident();
    let idle: Vec<_> = (0..256)
        .map(|_| daemon.wire().watch(Dialect::Modern, "tasks://all"))
        .collect();
    let listening = daemon.resident();
    drop(idle);
    let stopping = Instant::now();
    daemon.stop();
    let stopped = stopping.elapsed();
    for task in home.tasks("all") {
        let writes = expected[&task["id"].as_i64().unwrap()];
        assert_eq!(
            task["title"],
            format!("write {}", writes - 1),
            "a write is lost"
        );
    }
    println!(
        "load: {CLIENTS} writers and {CLIENTS} listeners for {seconds} s: {writes} writes, {heard} notifications, none lost; slowest write {} ms; resident {before} kB before, {after} kB after, {listening} kB with 256 idle subscriptions; stopped in {} ms",
        slowest.as_millis(),
        stopped.as_millis(),
    );
}

/// Listens until it was told after the last change was sent, which it must be. Returns how often it was told.
fn hear(events: &Events, uri: &str, lasts: &Receiver<Instant>) -> u64 {
    let (mut times, mut told, mut last) = (0, None, None);
    while last.is_none_or(|sent| told < Some(sent)) {
        // Looked at again soon: which change was the last is known only after it.
        match events.messages.recv_timeout(Duration::from_millis(10)) {
            Ok(message) => {
                assert_eq!(message["params"]["uri"], uri, "{message}");
                told = Some(Instant::now());
                times += 1;
            }
            Err(error) => {
                let silent = last.is_some_and(|sent: Instant| sent.elapsed() > PATIENCE);
                assert!(
                    !silent && error == RecvTimeoutError::Timeout,
                    "the last change of {uri} was not told"
                );
            }
        }
        last = last.or_else(|| lasts.try_recv().ok());
    }
    times
}

/// Kills the daemon again and again while clients write through it and a stdio process beside it.
pub(crate) fn kills(count: u64, seed: u64) {
    let home = Home::new();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut acknowledged: Vec<String> = Vec::new();
    let mut beside = home.connect(Dialect::Modern);
    for round in 0..count {
        let mut daemon = Daemon::start(&home, &[]);
        let over = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (over, port, token) = (Arc::clone(&over), daemon.port, daemon.token.clone());
                thread::spawn(move || {
                    let mut kept = Vec::new();
                    for n in 0.. {
                        let title = format!("{round} {writer} {n}");
                        if over.load(Ordering::Relaxed) || add(port, &token, &title).is_none() {
                            return kept;
                        }
                        kept.push(title);
                    }
                    unreachable!("the loop ends by a return")
                })
            })
            .collect();
        // What the process beside does meanwhile is the time that passes until the kill.
        for n in 0..random.u32(1..20) {
            let title = format!("{round} beside {n}");
            beside.call("add_task", json!({ "title": title }));
            acknowledged.push(title);
        }
        daemon.signal("-KILL");
        daemon.end(PROMPTLY);
        over.store(true, Ordering::Relaxed);
        for writer in writers {
            acknowledged.extend(writer.join().unwrap());
        }
    }
    let titles: HashMap<String, usize> =
        home.tasks("all")
            .iter()
            .fold(HashMap::new(), |mut titles, task| {
                *titles
                    .entry(task["title"].as_str().unwrap().to_owned())
                    .or_default() += 1;
                titles
            });
    for title in &acknowledged {
        assert_eq!(
            titles.get(title),
            Some(&1),
            "{title} was acknowledged, and is there otherwise than once"
        );
    }
    println!(
        "daemon: killed {count} times under load, {} writes acknowledged, none lost",
        acknowledged.len()
    );
}

/// Adds a task on a connection of its own; `None` if that was not acknowledged.
fn add(port: u16, token: &str, title: &str) -> Option<()> {
    let params = json!({ "name": "add_task", "arguments": { "title": title }, "_meta": modern_meta("2026-07-28") });
    let body =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: add_task\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let message: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    (message["result"]["structuredContent"]["title"] == title).then_some(())
}
