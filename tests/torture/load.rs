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
use crate::support::{Dialect, Home, PATIENCE, modern_meta};
use crate::wire::Events;

/// How many clients write, and how many listen.
const CLIENTS: usize = 64;
/// How many clients write while the daemon is killed.
const WRITERS: usize = 8;

/// Idle subscriptions whose memory is measured, and how much that may be, in kB.
const IDLE: usize = 256;
const IDLE_MEMORY: u64 = 32 * 1024;
/// Writes that are acknowledged before the daemon is asked to end while it is written to.
const BEFORE_THE_END: usize = 500;

/// Has each of 64 clients write for some seconds what one of 64 others listens to, in both dialects; then has them write
/// until the daemon ends.
pub(crate) fn run(seconds: u64, _seed: u64) {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    idle(&daemon);
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
    for task in home.tasks("all") {
        let writes = expected[&task["id"].as_i64().unwrap()];
        assert_eq!(
            task["title"],
            format!("write {}", writes - 1),
            "a write is lost"
        );
    }
    println!(
        "load: {CLIENTS} writers and {CLIENTS} listeners for {seconds} s: {writes} writes, {heard} notifications, none lost; slowest write {} ms; resident {before} kB before, {after} kB after",
        slowest.as_millis(),
    );
    end_under_load(&home, &mut daemon, &ids);
}

/// Measures the memory of a daemon that many listen to and nobody changes anything in.
fn idle(daemon: &Daemon) {
    let listeners: Vec<_> = (0..IDLE)
        .map(|_| daemon.wire().watch(Dialect::Modern, "tasks://all"))
        .collect();
    let resident = daemon.resident();
    drop(listeners);
    if cfg!(debug_assertions) {
        println!(
            "load: resident {resident} kB with {IDLE} idle subscriptions; held to {IDLE_MEMORY} kB only in a release build"
        );
    } else {
        println!("load: resident {resident} kB with {IDLE} idle subscriptions");
        assert!(resident < IDLE_MEMORY, "that is more than {IDLE_MEMORY} kB");
    }
}

/// Ends the daemon while every client writes to its own task. It ends, after how long is printed, and no task says less than
/// what was last acknowledged of it.
fn end_under_load(home: &Home, daemon: &mut Daemon, ids: &[i64]) {
    let (sender, acknowledged) = channel();
    let writers: Vec<_> = ids
        .iter()
        .map(|&id| {
            let (sender, port, token) = (sender.clone(), daemon.port, daemon.token.clone());
            thread::spawn(move || {
                for n in 0_u64.. {
                    let arguments = json!({ "task_id": id, "title": format!("end {n}") });
                    if call(port, &token, "update_task", &arguments).is_none() {
                        return;
                    }
                    let _ = sender.send((id, n));
                }
            })
        })
        .collect();
    drop(sender);
    let mut last: HashMap<i64, u64> = acknowledged.iter().take(BEFORE_THE_END).collect();
    let stopping = Instant::now();
    daemon.stop();
    let stopped = stopping.elapsed();
    for writer in writers {
        writer.join().unwrap();
    }
    last.extend(acknowledged.iter());
    for task in home.tasks("all") {
        let title = task["title"].as_str().unwrap();
        let number = title
            .strip_prefix("end ")
            .map(|n| n.parse::<u64>().unwrap());
        let acknowledged = last.get(&task["id"].as_i64().unwrap()).copied();
        assert!(
            number >= acknowledged,
            "{title:?}, and {acknowledged:?} was acknowledged"
        );
    }
    println!(
        "load: ended under load in {} ms, {} writes acknowledged meanwhile and none lost",
        stopped.as_millis(),
        last.values().map(|n| n + 1).sum::<u64>(),
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
        daemon.end(PATIENCE);
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
    let added = call(port, token, "add_task", &json!({ "title": title }))?;
    (added["title"] == title).then_some(())
}

/// Makes a call on a connection of its own, and returns its structured result; `None` if it was not acknowledged.
fn call(port: u16, token: &str, tool: &str, arguments: &Value) -> Option<Value> {
    let params =
        json!({ "name": tool, "arguments": arguments, "_meta": modern_meta("2026-07-28") });
    let body =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {tool}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let message: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    let result = &message["result"];
    (result["isError"] != true && result.is_object()).then(|| result["structuredContent"].clone())
}
