//! The built binary over stdio pipes, as a host drives it: calls, starts, notifications, resident memory.
//!
//! Beside the calls stands `mcp/floor/echo`, a line to `cat` and back, and beside the starts `mcp/floor/version`, the
//! same binary with nothing to do. What a durable commit costs on this disk alone is in `benches/store.rs`.

use std::{
    cell::OnceCell,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_taskhold");
/// The size of the large database.
const MANY: u64 = 10_000;
/// How long the whole bench may go without a line from any server: far longer than an honest pause between two.
const PATIENCE: Duration = Duration::from_mins(2);

/// Lines received, so that [`stop_when_silent`] can tell a slow bench from one that hangs.
static RECEIVED: AtomicU64 = AtomicU64::new(0);

/// A process that is spoken to in lines. Ends, and is waited for, when dropped.
struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    line: String,
    last_id: u64,
}

impl Peer {
    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("start the process");
        let output = BufReader::with_capacity(1 << 16, child.stdout.take().expect("a pipe"));
        Self {
            input: child.stdin.take(),
            output,
            child,
            line: String::new(),
            last_id: 0,
        }
    }

    /// A server on `database` that has shaken hands.
    fn server(database: &Path) -> Self {
        let mut peer = Self::spawn(&mut mcp(database));
        peer.send(INITIALIZE);
        peer.result();
        peer.send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
        peer
    }

    fn send(&mut self, text: &str) {
        let input = self.input.as_mut().expect("open until dropped");
        input
            .write_all(text.as_bytes())
            .expect("write to the process");
    }

    /// The next line, whatever it is.
    fn receive(&mut self) -> &str {
        self.line.clear();
        let length = self
            .output
            .read_line(&mut self.line)
            .expect("read from the process");
        assert_ne!(
            length, 0,
            "the process closed its output instead of answering"
        );
        RECEIVED.fetch_add(1, Ordering::Relaxed);
        &self.line
    }

    /// The next line, which is the answer to a call that succeeds.
    fn result(&mut self) {
        let line = self.receive();
        assert!(
            line.contains("\"result\"") && !line.contains("\"isError\":true"),
            "not the answer awaited: {line}"
        );
    }

    fn request(&mut self, method: &str, params: &str) -> String {
        self.last_id += 1;
        let id = self.last_id;
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#) + "\n"
    }

    fn tool(&mut self, name: &str, arguments: &str) -> String {
        self.request(
            "tools/call",
            &format!("{{\"name\":\"{name}\",\"arguments\":{arguments}}}"),
        )
    }

    fn add_task(&mut self) -> String {
        let number = self.last_id + 1;
        let arguments = format!(
            "{{\"title\":\"Task {number}: write the report\",\
             \"description\":\"Collect the numbers and send them round\"}}"
        );
        self.tool("add_task", &arguments)
    }

    fn call(&mut self, request: &str) {
        self.send(request);
        self.result();
    }

    /// Sends `count` calls without waiting, then takes their answers.
    fn pipeline(&mut self, requests: &str, count: u64) {
        let mut input = self.input.take().expect("open until dropped");
        self.input = thread::scope(|scope| {
            // Answers must be read while requests are still being written, or both pipes fill up.
            let writer = scope.spawn(move || {
                input
                    .write_all(requests.as_bytes())
                    .expect("write to the process");
                input
            });
            for _ in 0..count {
                self.result();
            }
            Some(writer.join().expect("the writer does not panic"))
        });
    }

    fn add_tasks(&mut self, count: u64) {
        let requests: String = (0..count).map(|_| self.add_task()).collect();
        self.pipeline(&requests, count);
    }

    fn watch_all(&mut self) {
        let subscribe = self.request("resources/subscribe", "{\"uri\":\"tasks://all\"}");
        self.call(&subscribe);
    }

    /// Reads what has been told up to now, and returns how many notifications were among it.
    fn settle(&mut self) -> usize {
        let ping = self.request("ping", "{}");
        self.send(&ping);
        let mut told = 0;
        while is_update(self.receive()) {
            told += 1;
        }
        told
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

const INITIALIZE: &str = "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\
    \"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}}\n";
const DISCOVER: &str = "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"server/discover\",\"params\":{\"_meta\":{\
    \"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\
    \"io.modelcontextprotocol/clientInfo\":{\"name\":\"bench\",\"version\":\"1\"},\
    \"io.modelcontextprotocol/clientCapabilities\":{}}}}\n";

fn is_update(line: &str) -> bool {
    line.contains("\"notifications/resources/updated\"")
}

fn taskhold(home: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.env_clear().env("HOME", home);
    command
}

fn mcp(database: &Path) -> Command {
    let mut command = taskhold(database.parent().expect("a file in a folder"));
    command.arg("mcp").arg("--db").arg(database);
    command
}

/// A database in a folder of its own. In cargo's target folder, since the system's temporary folder may be in memory,
/// where a durable commit costs nothing.
struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn with_tasks(count: u64) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
        let fixture = Self { folder };
        fixture.server().add_tasks(count);
        fixture
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("tasks.db")
    }

    fn server(&self) -> Peer {
        Peer::server(&self.database())
    }
}

/// A database that is filled when a bench first needs it, so a filtered run does not wait for it.
struct Lazy {
    tasks: u64,
    filled: OnceCell<Fixture>,
}

impl Lazy {
    fn new(tasks: u64) -> Self {
        let filled = OnceCell::new();
        Self { tasks, filled }
    }

    fn get(&self) -> &Fixture {
        self.filled.get_or_init(|| Fixture::with_tasks(self.tasks))
    }
}

fn floor(c: &mut Criterion) {
    let mut group = c.benchmark_group("mcp/floor");
    if cfg!(unix) {
        group.bench_function("echo", |b| {
            let mut cat = Peer::spawn(&mut Command::new("cat"));
            b.iter(|| {
                cat.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
                cat.result();
            });
        });
    }
    group.sample_size(50).bench_function("version", |b| {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
        b.iter_custom(|rounds| {
            let first_line = || {
                let started = Instant::now();
                let mut peer = Peer::spawn(taskhold(home.path()).arg("--version"));
                peer.receive();
                started.elapsed()
            };
            (0..rounds).map(|_| first_line()).sum()
        });
    });
}

fn calls(c: &mut Criterion, large: &Lazy) {
    c.bench_function("mcp/get_task_sequential", |b| {
        let mut server = large.get().server();
        b.iter(|| {
            let id = server.last_id % MANY + 1;
            let request = server.tool("get_task", &format!("{{\"task_id\":{id}}}"));
            server.call(&request);
        });
    });
    c.bench_function("mcp/add_task_sequential", |b| {
        let fixture = Fixture::with_tasks(100);
        let mut server = fixture.server();
        b.iter(|| {
            let request = server.add_task();
            server.call(&request);
        });
    });

    let mut group = c.benchmark_group("mcp/add_task_pipelined");
    group
        .sample_size(20)
        .throughput(Throughput::Elements(1_000));
    group.bench_function("1000", |b| {
        let fixture = Fixture::with_tasks(100);
        let mut server = fixture.server();
        b.iter(|| server.add_tasks(1_000));
    });
    group.finish();
}

fn list_pending(c: &mut Criterion, large: &Lazy) {
    let small = Lazy::new(100);
    let mut group = c.benchmark_group("mcp/list_pending_50");
    let mut bench = |size: u64, fixture: &dyn Fn() -> Peer| {
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            let mut server = fixture();
            b.iter(|| {
                let request = server.tool("list_tasks", "{\"limit\":50}");
                server.call(&request);
            });
        });
    };
    bench(100, &|| small.get().server());
    bench(MANY, &|| large.get().server());
}

fn start(c: &mut Criterion, large: &Lazy) {
    let mut group = c.benchmark_group("mcp/start");
    group.sample_size(50);
    for (name, request) in [("initialize", INITIALIZE), ("discover", DISCOVER)] {
        group.bench_function(name, |b| {
            let database = large.get().database();
            b.iter_custom(|rounds| {
                let first_answer = || {
                    let started = Instant::now();
                    let mut server = Peer::spawn(&mut mcp(&database));
                    server.call(request);
                    started.elapsed()
                };
                (0..rounds).map(|_| first_answer()).sum()
            });
        });
    }
}

/// From the sending of `add_task` until a subscriber has read that `tasks://all` was updated.
fn notify(c: &mut Criterion) {
    let mut group = c.benchmark_group("mcp/notify");
    group.sample_size(50);

    let mut delays = Delays::default();
    group.bench_function("own_process", |b| {
        let fixture = Fixture::with_tasks(100);
        let mut server = fixture.server();
        server.watch_all();
        b.iter_custom(|rounds| {
            let mut heard = || {
                delays.strays += server.settle();
                let request = server.add_task();
                let sent = Instant::now();
                server.send(&request);
                let (mut told, mut answered) = (None, false);
                while told.is_none() || !answered {
                    if is_update(server.receive()) {
                        told.get_or_insert_with(|| sent.elapsed());
                    } else {
                        answered = true;
                    }
                }
                delays.heard(told.expect("the loop waits for it"))
            };
            (0..rounds).map(|_| heard()).sum()
        });
    });
    delays.report("own_process");

    let mut delays = Delays::default();
    group.bench_function("other_process", |b| {
        let fixture = Fixture::with_tasks(100);
        let (mut writer, mut subscriber) = (fixture.server(), fixture.server());
        subscriber.watch_all();
        b.iter_custom(|rounds| {
            let mut heard = || {
                delays.strays += subscriber.settle();
                let request = writer.add_task();
                let sent = Instant::now();
                writer.send(&request);
                let line = subscriber.receive();
                let told = sent.elapsed();
                assert!(is_update(line), "not the notification awaited: {line}");
                writer.result();
                delays.heard(told)
            };
            (0..rounds).map(|_| heard()).sum()
        });
    });
    delays.report("other_process");
}

/// Single delays, for the percentiles, which criterion does not give.
#[derive(Default)]
struct Delays {
    all: Vec<Duration>,
    /// Notifications beyond the one that each change is owed.
    strays: usize,
}

impl Delays {
    fn heard(&mut self, delay: Duration) -> Duration {
        self.all.push(delay);
        delay
    }

    #[expect(clippy::print_stderr, reason = "the bench's report")]
    fn report(mut self, name: &str) {
        self.all.sort_unstable();
        let Some(worst) = self.all.last() else {
            return;
        };
        eprintln!(
            "mcp/notify/{name}: p50 {:?}, p99 {:?}, worst {worst:?} of {} notifications, {} told twice",
            self.all[self.all.len() / 2],
            self.all[self.all.len() * 99 / 100],
            self.all.len(),
            self.strays,
        );
    }
}

/// What an idle server holds in memory on a database of [`MANY`] tasks, after it has listed some.
#[expect(clippy::print_stderr, reason = "the bench's report")]
fn resident_memory(large: &Fixture) {
    let mut server = large.server();
    let list = server.tool("list_tasks", "{\"limit\":50}");
    server.call(&list);
    let status =
        fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap_or_default();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .map_or("n/a", str::trim);
    eprintln!("mcp/resident_memory/{MANY}: {resident}");
}

/// Ends the bench when no server says anything for [`PATIENCE`]. The servers end with it, at the end of their input.
#[expect(clippy::print_stderr, reason = "says why the bench ends")]
fn stop_when_silent() {
    thread::spawn(|| {
        let mut seen = 0;
        loop {
            thread::sleep(PATIENCE);
            let received = RECEIVED.load(Ordering::Relaxed);
            if received == seen {
                eprintln!("no line from any server for {PATIENCE:?}");
                std::process::exit(1);
            }
            seen = received;
        }
    });
}

fn main() {
    stop_when_silent();
    let mut c = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let large = Lazy::new(MANY);

    floor(&mut c);
    calls(&mut c, &large);
    list_pending(&mut c, &large);
    start(&mut c, &large);
    notify(&mut c);
    if let Some(large) = large.filled.get() {
        resident_memory(large);
    }
    c.final_summary();
}
