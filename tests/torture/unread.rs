//! Answers that nobody reads: what one token leaves unread is bounded.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::support::{Dialect, Home, initialize};
use crate::wire::Wire;

/// How much memory the daemon may take for it, in kB: what is bounded is 8 MiB, the rest is copies on their way.
const GROWTH: u64 = 48 * 1024;
/// How much memory the daemon may hold meanwhile, in kB. A debug build holds 30 MB of program more.
const MOST: u64 = 64 * 1024;
/// From so many seconds on, it is also told how much of the memory is given back.
const LONG: u64 = 30;
/// How long after the last answer.
const AFTER: Duration = Duration::from_mins(1);
/// Connections that are held, each with answers that are not read.
const HELD: usize = 100;
/// The length of the text that is asked for.
const TEXT: usize = 60_000;

/// Asks for `seconds` seconds on end, and reads no answer.
pub(crate) fn run(seconds: u64, _seed: u64) {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let add = json!({ "title": "long", "description": "a long text. ".repeat(TEXT / 13) });
    let task = daemon.wire().call(Dialect::Modern, "add_task", add);
    let get = json!({ "name": "get_task", "arguments": { "task_id": task["id"] } });
    let arguments = ["token", "add", "--name", "reader", "--read-only"];
    let reader = home.run(&arguments).trim().to_owned();
    // What it holds when it has worked.
    for _ in 0..200 {
        daemon
            .wire()
            .request(Dialect::Modern, "tools/call", get.clone());
    }
    let before = daemon.resident();
    let mut most = 0;
    let half = Duration::from_secs(seconds) / 2;
    let asked = reset(&daemon, &reader, &get, half, &mut most);
    println!("unread: {asked} calls whose connection was reset; {most} kB at most");
    hold(&daemon, &reader, &get, half, &mut most);
    println!(
        "unread: {HELD} connections that were not read; {most} kB at most, {before} kB before"
    );
    if seconds >= LONG {
        thread::sleep(AFTER);
        let after = daemon.resident();
        println!("unread: {after} kB {} s later", AFTER.as_secs());
    }
    let growth = most.saturating_sub(before);
    assert!(growth <= GROWTH, "it grew by {growth} kB");
    assert!(cfg!(debug_assertions) || most <= MOST, "it held {most} kB");
}

/// Returns what the daemon holds, after the owner has come in and called.
fn resident(daemon: &Daemon, get: &Value) -> u64 {
    daemon
        .wire()
        .request(Dialect::Modern, "tools/call", get.clone());
    daemon.wire().begin().end();
    daemon.resident()
}

/// Calls in sessions, each time on a connection of its own that is reset when the answer has begun. Returns how often.
fn reset(daemon: &Daemon, token: &str, get: &Value, time: Duration, most: &mut u64) -> u64 {
    let (over, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    let sessions = ["2025-06-18", "2025-11-25"].map(|version| {
        let mut session = daemon.wire_with(token);
        let begun = session.ask(Dialect::Legacy, "initialize", initialize(version));
        session.session = begun.header("mcp-session-id").map(ToOwned::to_owned);
        session
    });
    thread::scope(|scope| {
        for session in &sessions {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let mut wire = session.another();
                    let message =
                        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": get });
                    wire.send_message(Dialect::Legacy, message);
                    // The system resets a connection that is closed while there is something to read.
                    wire.await_answer();
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let until = Instant::now() + time;
        while Instant::now() < until {
            *most = resident(daemon, get).max(*most);
        }
        over.store(true, Ordering::Relaxed);
    });
    asked.into_inner()
}

/// Calls on connections that are held open, and reads none of the answers.
fn hold(daemon: &Daemon, token: &str, get: &Value, time: Duration, most: &mut u64) {
    let until = Instant::now() + time;
    let mut held: Vec<Wire> = Vec::new();
    while Instant::now() < until {
        held.retain(Wire::is_open);
        held.resize_with(HELD, || daemon.wire_with(token));
        for wire in &mut held {
            wire.send_without_reading(Dialect::Modern, "tools/call", get, 4);
        }
        *most = resident(daemon, get).max(*most);
    }
}
