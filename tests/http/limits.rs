//! Limits: what is too much is told so, and keeps nobody else waiting.

use std::io::{Read as _, Write as _};

use serde_json::json;

use crate::daemon::Daemon;
use crate::support::{Dialect, Home, listen};
use crate::wire::{connect, exchange, status};

const ALL: &str = "tasks://all";

fn head(daemon: &Daemon, more: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n{more}\r\n",
        daemon.port, daemon.token
    )
}

#[test]
fn a_body_that_is_too_long_is_refused_whether_announced_or_not() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "body-bytes=10000"]);
    // Announced, it is refused before it is sent.
    assert_eq!(
        exchange(
            daemon.port,
            head(&daemon, "Content-Length: 10001\r\n").as_bytes()
        )
        .0,
        413
    );
    let chunked = head(&daemon, "Transfer-Encoding: chunked\r\n");
    let body = format!("{chunked}2711\r\n{}\r\n0\r\n\r\n", "x".repeat(0x2711));
    assert_eq!(exchange(daemon.port, body.as_bytes()).0, 413);
}

#[test]
fn a_head_that_is_too_long_or_has_too_many_lines_is_refused() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let long = head(&daemon, &format!("X-Long: {}\r\n", "x".repeat(20_000)));
    assert_eq!(exchange(daemon.port, long.as_bytes()).0, 431);
    let many = head(&daemon, &"X-Many: x\r\n".repeat(100));
    assert_eq!(exchange(daemon.port, many.as_bytes()).0, 431);
    let endless = format!("GET /{} HTTP/1.1\r\n", "x".repeat(200_000));
    assert!([414, 431].contains(&exchange(daemon.port, endless.as_bytes()).0));
}

#[test]
fn who_takes_too_long_over_a_head_or_a_body_is_cut_off() {
    let home = Home::new();
    let daemon = Daemon::start(
        &home,
        &[
            "--limit",
            "head-time=200ms",
            "--limit",
            "body-time=200ms",
            "--limit",
            "keep-alive=200ms",
        ],
    );
    // Each ends by the daemon's closing the connection.
    let (found, _) = exchange(daemon.port, b"GET /healthz HTT");
    assert_eq!(found, 0);
    assert_eq!(exchange(daemon.port, b"").0, 0);
    let (found, answer) = exchange(
        daemon.port,
        (head(&daemon, "Content-Length: 10\r\n") + "{").as_bytes(),
    );
    assert_eq!(found, 408, "{answer}");
    let kept = format!(
        "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
        daemon.port
    );
    assert_eq!(exchange(daemon.port, kept.as_bytes()).0, 200);
}

#[test]
fn half_open_connections_do_not_stop_a_good_call() {
    let home = Home::new();
    let daemon = Daemon::start(
        &home,
        &["--limit", "connections=64", "--limit", "head-time=1h"],
    );
    let mut good = daemon.wire();
    good.add(Dialect::Modern, "before");
    let half: Vec<_> = (0..1_500)
        .map(|_| {
            let mut stream = connect(daemon.port);
            stream
                .write_all(b"POST /mcp HTTP/1.1\r\nHost: 127")
                .unwrap();
            stream
        })
        .collect();
    // One that has proved itself is kept, and a new one finds room.
    good.add(Dialect::Modern, "on the old connection");
    daemon.wire().add(Dialect::Modern, "on a new connection");
    drop(half);
    assert_eq!(home.tasks("all").len(), 3);
}

#[test]
fn too_many_sessions_streams_or_calls_are_told_to_come_later() {
    let home = Home::new();
    let daemon = Daemon::start(
        &home,
        &[
            "--limit",
            "sessions=2",
            "--limit",
            "listeners=2",
            "--limit",
            "calls=1",
        ],
    );
    let sessions = [daemon.wire().begin(), daemon.wire().begin()];
    let answer = daemon.wire().ask(
        Dialect::Legacy,
        "initialize",
        crate::support::initialize("2025-11-25"),
    );
    assert_eq!(
        (answer.status, answer.header("retry-after").is_some()),
        (503, true),
        "{answer:?}"
    );

    let mut wire = daemon.wire();
    let _streams = [wire.watch(Dialect::Modern, ALL), sessions[0].listen(None)];
    let ask = |mut wire: crate::wire::Wire| {
        wire.send_message(Dialect::Modern, json!({ "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": listen(&[ALL]) }));
        wire.answer()
    };
    let answer = ask(daemon.wire());
    assert_eq!(
        (answer.status, answer.header("retry-after").is_some()),
        (429, true),
        "{answer:?}"
    );

    // A call whose body is still to come counts as being answered.
    let mut slow = connect(daemon.port);
    slow.write_all(head(&daemon, "Expect: 100-continue\r\nContent-Length: 10\r\n").as_bytes())
        .unwrap();
    let mut invited = [0; 12];
    slow.read_exact(&mut invited).unwrap();
    assert_eq!(status(std::str::from_utf8(&invited).unwrap()), 100);
    let answer = daemon.wire().ask(Dialect::Modern, "tools/list", json!({}));
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("1")),
        "{answer:?}"
    );
    drop(slow);
}

#[test]
fn a_limit_that_does_not_exist_is_a_wrong_call() {
    let home = Home::new();
    for limit in [
        "doors=3",
        "sessions",
        "sessions=none",
        "head-time=5 parsecs",
    ] {
        let output = home.command(&["serve", "--limit", limit]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{limit}");
    }
}
