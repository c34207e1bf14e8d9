//! The daemon, measured over HTTP: the CPU time of a call beside the same call on stdio, and calls a second, beside a
//! FastMCP server if there is one.
//!
//! ```text
//! cargo bench --bench http                                          taskhold alone
//! cargo bench --bench http -- cpu                                   only the CPU time of a call
//! COMPARE_PYTHON=target/compare-venv/bin/python cargo bench --bench http    beside FastMCP
//! cargo test --bench http                                           each once, to see that it runs
//! ```
//!
//! `TASKHOLD_BIN` names another binary to measure. Clients keep their connections. Rates are measured in 2026-07-28, in
//! which every call stands alone; CPU time in the dialect of sessions too. taskhold commits every write durably; the
//! Python server keeps its tasks in memory.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic tells a failure, a line a figure"
)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{self, Child, ChildStdin, ChildStdout, Command};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: [usize; 3] = [1, 16, 64];

/// A call that is measured.
#[derive(Clone, Copy)]
struct Call {
    label: &'static str,
    tool: &'static str,
    arguments: &'static str,
}

const READ: Call = Call {
    label: "read (list_tasks of one task)",
    tool: "list_tasks",
    arguments: "{}",
};
const WRITE: Call = Call {
    label: "write (add_task)",
    tool: "add_task",
    arguments: r#"{"title":"Write the report","description":"Collect the numbers"}"#,
};

struct Server {
    process: Child,
    port: u16,
    token: String,
}

/// How a client speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// 2025-11-25: an `initialize` begins a session.
    Session,
    /// 2026-07-28: every call stands alone.
    Stateless,
}

/// A client's connection to a daemon.
struct Connection<'a> {
    server: &'a Server,
    stream: BufReader<TcpStream>,
    /// The session, in the dialect that has one.
    session: Option<String>,
}

/// A `taskhold mcp` and its pipes.
struct Stdio {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Calls a second, and the time of one at the median and the 99th percentile.
struct Figure {
    rate: f64,
    median: Duration,
    slow: Duration,
}

fn main() {
    // `cargo test` calls with --test; `cargo bench` with --bench.
    let is_quick = !std::env::args().any(|argument| argument == "--bench");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    cpu_times(folder.path(), is_quick);
    if !std::env::args().any(|argument| argument == "cpu") {
        rates(folder.path(), is_quick);
    }
}

/// Prints what a call costs over HTTP beside the same call on stdio, in CPU time of the server.
fn cpu_times(folder: &Path, is_quick: bool) {
    if !cfg!(target_os = "linux") {
        println!("CPU time of a call: not measured, /proc/PID/stat is needed\n");
        return;
    }
    // So many calls are made on stdio and then over HTTP, in turn.
    let (turns, calls, many) = if is_quick {
        (1, 10, 10)
    } else {
        (10, 500, 1_000)
    };
    println!("| CPU time of a call | tasks at first | dialect | stdio | HTTP | ratio |");
    println!("|---|---:|---|---:|---:|---:|");
    for (call, tasks) in [(READ, 1), (READ, many), (WRITE, 1)] {
        for dialect in [Dialect::Stateless, Dialect::Session] {
            let database = |transport: &str| {
                let session = dialect == Dialect::Session;
                folder.join(format!("{transport}-{}-{tasks}-{session}.db", call.tool))
            };
            let mut stdio = Stdio::start(&database("stdio"), dialect);
            let server = taskhold(&database("http"));
            let mut http = Connection::open(&server, dialect);
            for _ in 0..tasks {
                stdio.call(WRITE, dialect);
                http.call(WRITE);
            }
            let (mut by_stdio, mut by_http) = (Duration::ZERO, Duration::ZERO);
            for _ in 0..turns {
                by_stdio += cpu_of(stdio.process.id(), || {
                    for _ in 0..calls {
                        stdio.call(call, dialect);
                    }
                });
                by_http += cpu_of(server.process.id(), || {
                    for _ in 0..calls {
                        http.call(call);
                    }
                });
            }
            let one = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(turns * calls);
            println!(
                "| {} | {tasks} | {} | {:.0} µs | {:.0} µs | {:.2}x |",
                call.tool,
                match dialect {
                    Dialect::Session => "2025-11-25",
                    Dialect::Stateless => "2026-07-28",
                },
                one(by_stdio),
                one(by_http),
                by_http.as_secs_f64() / by_stdio.as_secs_f64()
            );
        }
    }
    println!();
}

/// Returns how much CPU time the process of that id took for `work`, all its threads together.
fn cpu_of(process: u32, work: impl FnOnce()) -> Duration {
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
        let times = fields.skip(11).take(2);
        times.map(|time| time.parse::<u64>().unwrap()).sum()
    };
    let before = ticks();
    work();
    // Linux tells them in hundredths of a second, whatever its own clock does.
    Duration::from_millis((ticks() - before) * 10)
}

/// Prints calls a second, and the time of one.
fn rates(folder: &Path, is_quick: bool) {
    let time = Duration::from_millis(if is_quick { 100 } else { 4_000 });
    let python = std::env::var_os("COMPARE_PYTHON");
    println!("| | clients | taskhold | p50 | p99 | FastMCP | p50 | p99 | ratio |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for call in [READ, WRITE] {
        for clients in CLIENTS {
            let ours = measure(
                &taskhold(&folder.join(format!("{}-{clients}.db", call.tool))),
                call,
                clients,
                time,
            );
            let theirs = python
                .as_ref()
                .map(|python| measure(&fastmcp(Path::new(python)), call, clients, time));
            println!(
                "| {} | {clients} | {} | {} |",
                call.label,
                row(&ours),
                theirs.map_or_else(
                    || " | | | ".to_owned(),
                    |theirs| format!("{} | {:.1}x", row(&theirs), ours.rate / theirs.rate),
                )
            );
        }
    }
}

fn row(figure: &Figure) -> String {
    let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    format!(
        "{:.0}/s | {} | {}",
        figure.rate,
        ms(figure.median),
        ms(figure.slow)
    )
}

/// Has clients call without pause, and counts.
fn measure(server: &Server, call: Call, clients: usize, time: Duration) -> Figure {
    Connection::open(server, Dialect::Stateless).call(WRITE);
    let barrier = Arc::new(Barrier::new(clients));
    let took: Vec<Vec<Duration>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                scope.spawn(move || {
                    let mut connection = Connection::open(server, Dialect::Stateless);
                    connection.call(call);
                    barrier.wait();
                    let begun = Instant::now();
                    let mut took = Vec::new();
                    while begun.elapsed() < time {
                        let one = Instant::now();
                        connection.call(call);
                        took.push(one.elapsed());
                    }
                    took
                })
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    let mut took: Vec<Duration> = took.into_iter().flatten().collect();
    took.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are small")]
    let rate = took.len() as f64 / time.as_secs_f64();
    Figure {
        rate,
        median: took[took.len() / 2],
        slow: took[took.len() * 99 / 100],
    }
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// Returns the message of a call.
fn message(call: Call, dialect: Dialect) -> String {
    let Call {
        tool, arguments, ..
    } = call;
    let meta = match dialect {
        Dialect::Session => "",
        Dialect::Stateless => {
            r#","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#
        }
    };
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}{meta}}}}}"#
    )
}

fn is_good(answer: &str) -> bool {
    answer.contains("\"result\"") && !answer.contains("\"isError\":true")
}

impl Stdio {
    fn start(database: &Path, dialect: Dialect) -> Self {
        let mut process = command(database, &["mcp"])
            .stdin(process::Stdio::piped())
            .stdout(process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdio = Self {
            input: process.stdin.take(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
        };
        if dialect == Dialect::Session {
            stdio.send(INITIALIZE);
            stdio.receive();
            stdio.send(INITIALIZED);
        }
        stdio
    }

    fn send(&mut self, message: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{message}\n").as_bytes()).unwrap();
    }

    fn receive(&mut self) {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(is_good(&line), "{line}");
    }

    fn call(&mut self, call: Call, dialect: Dialect) {
        self.send(&message(call, dialect));
        self.receive();
    }
}

impl<'a> Connection<'a> {
    fn open(server: &'a Server, dialect: Dialect) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        let mut connection = Self {
            server,
            stream: BufReader::new(stream),
            session: None,
        };
        if dialect == Dialect::Session {
            let (head, _) = connection.post("", INITIALIZE);
            let session = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                let is_it = name.eq_ignore_ascii_case("mcp-session-id");
                is_it.then(|| value.to_owned())
            });
            connection.session = Some(session.unwrap());
            let headers = connection.session_headers();
            connection.post(&headers, INITIALIZED);
        }
        connection
    }

    fn session_headers(&self) -> String {
        let session = self.session.as_deref().unwrap_or_default();
        format!("MCP-Protocol-Version: 2025-11-25\r\nMcp-Session-Id: {session}\r\n")
    }

    /// Makes a call and reads its answer, which must be a good one.
    fn call(&mut self, call: Call) {
        let (dialect, headers) = match &self.session {
            Some(_) => (Dialect::Session, self.session_headers()),
            None => (
                Dialect::Stateless,
                format!(
                    "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {}\r\n",
                    call.tool
                ),
            ),
        };
        let (_, answer) = self.post(&headers, &message(call, dialect));
        assert!(is_good(&answer), "{answer}");
    }

    /// Sends a message, and returns the head and the body of the answer.
    fn post(&mut self, headers: &str, body: &str) -> (String, String) {
        let mut request = format!(
            "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n",
            self.server.port, self.server.token,
        );
        let _ = write!(
            request,
            "{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let stream = &mut self.stream;
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).unwrap(), 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 20"), "{head}");
        let lower = head.to_ascii_lowercase();
        let mut answer = Vec::new();
        if lower.contains("transfer-encoding: chunked") {
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                let length = u64::from_str_radix(line.trim(), 16).unwrap();
                stream.take(length + 2).read_to_end(&mut answer).unwrap();
                if length == 0 {
                    break;
                }
            }
        } else {
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length = length.map_or(0, |length| length.parse().unwrap());
            stream.take(length).read_to_end(&mut answer).unwrap();
        }
        (head, String::from_utf8_lossy(&answer).into_owned())
    }
}

fn command(database: &Path, arguments: &[&str]) -> Command {
    let binary =
        std::env::var_os("TASKHOLD_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_taskhold").into());
    let mut command = Command::new(binary);
    command
        .args(arguments)
        .env("TASKHOLD_DB", database)
        .stderr(process::Stdio::null());
    command
}

fn taskhold(database: &Path) -> Server {
    let mut process = command(database, &["serve", "--listen", "0"])
        .stdout(process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let listening = lines.find_map(|line| {
        let line = line.ok()?;
        let url = line
            .strip_prefix("listening: ")?
            .split(' ')
            .next()?
            .to_owned();
        url.strip_suffix("/mcp")?.rsplit(':').next()?.parse().ok()
    });
    let token = command(database, &["token", "show"])
        .output()
        .unwrap()
        .stdout;
    Server {
        process,
        port: listening.unwrap(),
        token: String::from_utf8(token).unwrap().trim().to_owned(),
    }
}

fn fastmcp(python: &Path) -> Server {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/compare");
    // Free a moment ago; FastMCP cannot say which port it took.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    // The tutorial's server reads through resources alone; the tool that ours is compared with is as simple as can be.
    let program = format!(
        r"
import tutorial_server

@tutorial_server.mcp.tool()
def list_tasks() -> str:
    return '\n'.join(task['title'] for task in tutorial_server.tasks)

tutorial_server.mcp.run(
    transport='http', host='127.0.0.1', port={port}, json_response=True, show_banner=False,
    uvicorn_config={{'log_level': 'error', 'access_log': False}},
)
"
    );
    let process = Command::new(python)
        .args(["-c", &program])
        .current_dir(folder)
        .stdout(process::Stdio::null())
        .stderr(process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "FastMCP did not start"
        );
        thread::yield_now();
    }
    Server {
        process,
        port,
        token: "none".to_owned(),
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Stdio {
    fn drop(&mut self) {
        // It ends when its input does.
        self.input = None;
        let _ = self.process.wait();
    }
}
