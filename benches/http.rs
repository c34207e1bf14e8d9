//! The daemon beside a FastMCP server over HTTP, in one run: calls a second, and how long one takes.
//!
//! ```text
//! cargo bench --bench http                                          taskhold alone
//! COMPARE_PYTHON=target/compare-venv/bin/python cargo bench --bench http    beside FastMCP
//! cargo test --bench http                                           each once, to see that it runs
//! ```
//!
//! `TASKHOLD_BIN` names another binary to measure. Clients keep their connections, and speak 2026-07-28, in which every
//! call stands alone. taskhold commits every write durably; the Python server keeps its tasks in memory.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic tells a failure, a line a figure"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
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

/// Calls a second, and the time of one at the median and the 99th percentile.
struct Figure {
    rate: f64,
    median: Duration,
    slow: Duration,
}

fn main() {
    // `cargo test` calls with --test; `cargo bench` with --bench.
    let is_quick = !std::env::args().any(|argument| argument == "--bench");
    let time = Duration::from_millis(if is_quick { 100 } else { 4_000 });
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let python = std::env::var_os("COMPARE_PYTHON");
    println!("| | clients | taskhold | p50 | p99 | FastMCP | p50 | p99 | ratio |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for call in [READ, WRITE] {
        for clients in CLIENTS {
            let ours = measure(
                &taskhold(&folder.path().join(format!("{}-{clients}.db", call.tool))),
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
    let mut first = BufReader::new(connect(server.port));
    exchange(&mut first, server, WRITE);
    let barrier = Arc::new(Barrier::new(clients));
    let took: Vec<Vec<Duration>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                scope.spawn(move || {
                    let mut stream = BufReader::new(connect(server.port));
                    exchange(&mut stream, server, call);
                    barrier.wait();
                    let begun = Instant::now();
                    let mut took = Vec::new();
                    while begun.elapsed() < time {
                        let one = Instant::now();
                        exchange(&mut stream, server, call);
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

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    stream
}

/// Makes a call and reads its answer, which must be a good one.
fn exchange(stream: &mut BufReader<TcpStream>, server: &Server, call: Call) {
    let Call {
        tool, arguments, ..
    } = call;
    let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#;
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments},"_meta":{meta}}}}}"#
    );
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {tool}\r\nContent-Length: {}\r\n\r\n{body}",
        server.port,
        server.token,
        body.len()
    );
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    let (mut length, mut is_chunked, mut line) = (0, false, String::new());
    stream.read_line(&mut line).unwrap();
    assert!(line.contains(" 200 "), "{line}");
    loop {
        line.clear();
        stream.read_line(&mut line).unwrap();
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        is_chunked |= header == "transfer-encoding: chunked";
    }
    let mut answer = Vec::new();
    if is_chunked {
        loop {
            line.clear();
            stream.read_line(&mut line).unwrap();
            let length = u64::from_str_radix(line.trim(), 16).unwrap();
            stream.take(length + 2).read_to_end(&mut answer).unwrap();
            if length == 0 {
                break;
            }
        }
    } else {
        stream.take(length).read_to_end(&mut answer).unwrap();
    }
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.contains("\"result\"") && !answer.contains("\"isError\":true"),
        "{answer}"
    );
}

fn taskhold(database: &Path) -> Server {
    let binary =
        std::env::var_os("TASKHOLD_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_taskhold").into());
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&binary);
        command
            .args(arguments)
            .env("TASKHOLD_DB", database)
            .stderr(Stdio::null());
        command
    };
    let mut process = command(&["serve", "--listen", "0"])
        .stdout(Stdio::piped())
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
    let token = command(&["token", "show"]).output().unwrap().stdout;
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
        .stdout(Stdio::null())
        .stderr(Stdio::null())
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
