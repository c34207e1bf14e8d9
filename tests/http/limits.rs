//! Limits: what is too much is told so, and keeps nobody else waiting.

#[cfg(unix)]
use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
#[cfg(unix)]
use std::process::Command;
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
#[cfg(unix)]
use std::thread;
use std::time::Instant;

use serde_json::json;

use crate::daemon::Daemon;
use crate::support::{Dialect, Home, PATIENCE, listen};
#[cfg(unix)]
use crate::wire::Wire;
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
            "head-time=2s",
            "--limit",
            "body-time=2s",
            "--limit",
            "keep-alive=2s",
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

/// Opens a connection that never says what it wants. It is refused when the system has no more.
fn half_open(port: u16) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"POST /mcp HTTP/1.1\r\nHost: 127")?;
    Ok(stream)
}

/// Opens half-open connections, on and on while `calls` runs, and holds as many as the system allows it.
#[cfg(unix)]
fn under_attack(port: u16, calls: impl FnOnce()) {
    const ATTACKERS: usize = 2;
    const HELD: usize = 200;
    let over = AtomicBool::new(false);
    let opened = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..ATTACKERS {
            scope.spawn(|| {
                let mut held = VecDeque::new();
                while !over.load(Ordering::Relaxed) {
                    held.extend(half_open(port));
                    opened.fetch_add(1, Ordering::Relaxed);
                    if held.len() > HELD {
                        held.pop_front();
                    }
                }
            });
        }
        // Whatever fails, the attackers end; else the scope would wait for them.
        let _over = Over(&over);
        while opened.load(Ordering::Relaxed) < ATTACKERS * HELD {
            thread::yield_now();
        }
        calls();
    });
}

#[cfg(unix)]
struct Over<'a>(&'a AtomicBool);

#[cfg(unix)]
impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn fifteen_hundred_half_open_connections_do_not_stop_a_good_call() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "head-time=1h"]);
    allow_handles(2_000);
    let mut good = daemon.wire();
    good.add(Dialect::Modern, "before");
    let half: Vec<TcpStream> = (0..1_500)
        .map(|_| half_open(daemon.port).unwrap())
        .collect();
    // One that has proved itself is kept, and a new one finds room.
    good.add(Dialect::Modern, "on the old connection");
    daemon.wire().add(Dialect::Modern, "on a new connection");
    drop(half);
    assert_eq!(home.tasks("all").len(), 3);
}

/// Returns a connection that has proved itself. Where there is room for few, one that has just come may have to make way
/// for the next before its request is there.
#[cfg(unix)]
fn proven(daemon: &Daemon) -> Wire {
    let asked = Instant::now();
    loop {
        let mut wire = daemon.wire();
        if let Some(answer) = wire.get_if_heard("/readyz") {
            assert_eq!(answer.status, 200, "{answer:?}");
            return wire;
        }
        assert!(asked.elapsed() < PATIENCE, "it is never heard");
    }
}

#[cfg(unix)]
#[test]
fn with_few_file_handles_half_open_connections_do_not_stop_a_good_call_either() {
    for handles in [128, 256] {
        let home = Home::new();
        let script = format!("ulimit -n {handles}; exec \"$0\" serve --listen 0");
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &script, env!("CARGO_BIN_EXE_taskhold")])
            .env_clear()
            .env("HOME", home.database().parent().unwrap())
            .env("TASKHOLD_DB", home.database());
        let mut daemon = Daemon::launch(&home, command);
        under_attack(daemon.port, || {
            for n in 0..10 {
                proven(&daemon).add(Dialect::Modern, &format!("{n}"));
            }
        });
        let said = daemon.stop();
        assert!(said.contains("file handles"), "{said}");
        assert_eq!(home.tasks("all").len(), 10);
    }
}

/// Where the user may have more handles than this shell has asked for, the daemon asks for them.
#[cfg(target_os = "linux")]
#[test]
fn it_asks_for_the_file_handles_that_its_connections_need() {
    let home = Home::new();
    let script = "ulimit -Sn 128; exec \"$0\" serve --listen 0";
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_taskhold")])
        .env_clear()
        .env("HOME", home.database().parent().unwrap())
        .env("TASKHOLD_DB", home.database());
    let daemon = Daemon::launch(&home, command);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .unwrap();
    let mut numbers = line.split_whitespace().map(str::parse::<u64>);
    let (soft, hard) = (numbers.next().unwrap(), numbers.next().unwrap());
    let hard = hard.unwrap_or(u64::MAX);
    assert!(soft.unwrap() > 1_024.min(hard - 1), "{line}");
}

/// Lets this process hold many connections, where the system does by itself allow few.
#[cfg(unix)]
fn allow_handles(count: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < count) {
        let current = Some(count);
        setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
    }
}

#[cfg(not(unix))]
fn allow_handles(_: u64) {}

#[test]
fn with_every_place_taken_by_who_has_a_token_another_is_told_to_come_later() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "connections=8"]);
    // One token has three quarters of them at most.
    let other = home.run(&["token", "add", "--name", "other"]);
    let mut good: Vec<_> = (0..8)
        .map(|number| {
            let mut wire = match number {
                0 | 1 => daemon.wire_with(other.trim()),
                _ => daemon.wire(),
            };
            assert_eq!(wire.get("/readyz").status, 200);
            wire
        })
        .collect();
    // Whether it has said something by then or not.
    for said in [
        String::new(),
        format!(
            "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
            daemon.port
        ),
        head(&daemon, "Content-Length: 60000\r\n") + &"x".repeat(60_000),
    ] {
        let (status, answer) = exchange(daemon.port, said.as_bytes());
        assert_eq!(status, 503, "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_lowercase();
        assert!(
            head.contains("retry-after: ") && head.contains("connection: close"),
            "{answer}"
        );
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(body["error"].is_string(), "{body}");
    }
    for wire in &mut good {
        assert_eq!(wire.get("/readyz").status, 200);
    }
    drop(good.pop());
    // There is room as soon as the daemon has seen that one is gone.
    let deadline = Instant::now() + PATIENCE;
    let ready = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nAuthorization: Bearer TOKEN\r\nConnection: close\r\n\r\n";
    let ready = ready
        .replace("PORT", &daemon.port.to_string())
        .replace("TOKEN", &daemon.token);
    while exchange(daemon.port, ready.as_bytes()).0 != 200 {
        assert!(Instant::now() < deadline, "no room was made");
    }
}

#[test]
fn a_head_begun_after_an_answer_has_the_time_of_a_head() {
    let home = Home::new();
    let limits = ["--limit", "head-time=2s", "--limit", "keep-alive=1h"];
    let daemon = Daemon::start(&home, &limits);
    let host = format!("Host: 127.0.0.1:{}\r\n", daemon.port);
    let mut after = daemon.wire();
    assert_eq!(after.get("/readyz").status, 200);
    after.send_raw(b"GET /re");
    after.await_end();
    // Together with a request, from one who has not proved to be let in.
    let unproved = format!("GET /healthz HTTP/1.1\r\n{host}\r\nGET /he");
    let (found, _) = exchange(daemon.port, unproved.as_bytes());
    assert_eq!(found, 200);
}

#[test]
fn too_many_sessions_or_streams_are_told_to_come_later() {
    let home = Home::new();
    let limits = ["--limit", "sessions=2", "--limit", "listeners=2"];
    let daemon = Daemon::start(&home, &limits);
    let sessions = [daemon.wire().begin(), daemon.wire().begin()];
    // Of two that have a stream neither makes room for one of the same token.
    let streams: Vec<_> = sessions
        .iter()
        .map(|session| session.listen(None))
        .collect();
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
    assert!(
        answer.body.contains("the limit sessions is 2"),
        "{answer:?}"
    );
    drop(streams);
    daemon.await_gauge("taskhold_listeners", 0);

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
    assert!(
        answer.body.contains("the limit listeners is 2"),
        "{answer:?}"
    );
}

#[test]
fn too_many_calls_are_told_to_come_later() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "calls=1"]);
    // The only call before: one that was answered may count for a moment yet. One whose body is still to come counts too.
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
    assert!(answer.body.contains("the limit calls is 1"), "{answer:?}");
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
