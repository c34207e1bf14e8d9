//! Mutated requests on the daemon's port: it lives, answers good ones, and grows by little.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use serde_json::json;

use crate::daemon::Daemon;
use crate::support::{Dialect, Home, PATIENCE, modern_meta};

/// How many mutated requests between two good ones.
const BETWEEN: u64 = 250;
/// How much the daemon may grow by, in kB.
const GROWTH: u64 = 16 * 1024;

/// Sends `count` requests, each a good one with a few bytes changed.
pub(crate) fn run(count: u64, seed: u64) {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let seeds = seeds(&daemon);
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut answered, mut before) = (0, 0);
    for number in 0..count {
        let mut bytes = random.choice(&seeds).unwrap().clone();
        for _ in 0..random.u32(1..4) {
            mutate(&mut bytes, &mut random);
        }
        answered += u64::from(send(daemon.port, &bytes));
        if number % BETWEEN == 0 {
            let answer = daemon.wire().ask(Dialect::Modern, "tools/list", json!({}));
            assert_eq!(answer.status, 200, "after {number} requests, seed {seed}");
            before = if number == BETWEEN {
                daemon.resident()
            } else {
                before
            };
        }
    }
    let growth = daemon.resident().saturating_sub(before);
    assert!(before == 0 || growth < GROWTH, "it grew by {growth} kB");
    println!(
        "requests: {count} mutated, {answered} answered, the daemon lives and grew by {growth} kB"
    );
}

/// Good requests of every kind.
fn seeds(daemon: &Daemon) -> Vec<Vec<u8>> {
    let token = &daemon.token;
    let host = format!("127.0.0.1:{}", daemon.port);
    let head = format!("Host: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n");
    let message = |more: &str, body: &str| {
        let length = body.len();
        format!("POST /mcp HTTP/1.1\r\n{head}Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n{more}Content-Length: {length}\r\n\r\n{body}").into_bytes()
    };
    let meta = modern_meta("2026-07-28");
    let add = json!({ "name": "add_task", "arguments": { "title": "x" }, "_meta": meta });
    let add =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": add }).to_string();
    let list = json!({ "jsonrpc": "2.0", "id": "a", "method": "resources/list", "params": { "_meta": meta } }).to_string();
    let begin = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": crate::support::initialize("2025-11-25") }).to_string();
    vec![
        message("MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: add_task\r\n", &add),
        message("MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: resources/list\r\n", &list),
        message("", &begin),
        message("Mcp-Session-Id: 0\r\n", &list),
        format!("GET /readyz HTTP/1.1\r\n{head}\r\n").into_bytes(),
        format!("DELETE /mcp HTTP/1.1\r\n{head}Mcp-Session-Id: 0\r\n\r\n").into_bytes(),
        format!("POST /mcp HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n5\r\n{{\"a\":\r\n2\r\n1}}\r\n0\r\n\r\n").into_bytes(),
    ]
}

fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
    let at = random.usize(..bytes.len());
    let end = (at + random.usize(..20)).min(bytes.len());
    match random.u32(..5) {
        0 => bytes[at] = random.u8(..),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
        3 => bytes.insert(at, *random.choice(b"\r\n\0 :\"{}\\\xff").unwrap()),
        _ => bytes.truncate(at.max(1)),
    }
    if bytes.is_empty() {
        bytes.push(b'\n');
    }
}

/// Sends bytes and hangs up; reports whether something was answered.
fn send(port: u16, bytes: &[u8]) -> bool {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // It may have closed before all is sent.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = [0; 1];
    stream.read(&mut answer).is_ok_and(|read| read > 0)
}
