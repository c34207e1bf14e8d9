//! The daemon as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Home, PATIENCE, exit_status, read_all};
use crate::wire::Wire;

/// A running daemon.
pub(crate) struct Daemon {
    process: Child,
    said: Receiver<String>,
    /// The port it listens on.
    pub(crate) port: u16,
    /// Everything it printed when it started.
    pub(crate) greeting: String,
    /// The user's own token.
    pub(crate) token: String,
}

impl Daemon {
    /// Starts a daemon on a free port and waits until it listens.
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        // On a loaded machine it may take a test longer than 5 seconds to say what it wants.
        let patient = ["--limit", "head-time=1m", "--limit", "body-time=1m"];
        let mut all = vec!["serve", "--listen", "0"];
        all.extend(patient);
        all.extend(arguments);
        Self::launch(home, home.command(&all))
    }

    pub(crate) fn launch(home: &Home, command: Command) -> Self {
        Self::launch_with(home, command, Stdio::null())
    }

    pub(crate) fn launch_with(home: &Home, mut command: Command, input: Stdio) -> Self {
        command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let said = read_all(process.stderr.take().unwrap());
        let lines = read_lines(process.stdout.take().unwrap());
        let mut greeting = String::new();
        let mut port = None;
        while let Ok(line) = lines.recv_timeout(PATIENCE) {
            if let Some(places) = line.strip_prefix("listening: ") {
                let first = places.split("  ").next().unwrap();
                port = first
                    .strip_suffix("/mcp")
                    .and_then(|url| url.rsplit_once(':'))
                    .and_then(|(_, port)| port.parse().ok());
            }
            greeting.push_str(&line);
            greeting.push('\n');
            if line.contains("mcpServers") || line.contains("--connect unix:") {
                break;
            }
        }
        assert!(
            greeting.contains("listening"),
            "it did not start: {greeting}{:?}",
            said.try_recv()
        );
        let token = home.run(&["token", "show"]).trim().to_owned();
        Self {
            process,
            said,
            port: port.unwrap_or_default(),
            greeting,
            token,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Returns how much memory it holds, in kB; 0 where the system does not tell.
    pub(crate) fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok())
            .unwrap_or(0)
    }

    /// Connects, as a client with the user's own token.
    pub(crate) fn wire(&self) -> Wire {
        Wire::new(self.port, Some(&self.token))
    }

    pub(crate) fn wire_with(&self, token: &str) -> Wire {
        Wire::new(self.port, Some(token))
    }

    /// Returns the value of a gauge.
    pub(crate) fn gauge(&self, name: &str) -> u64 {
        let text = self.wire().get("/metrics").body;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .parse()
            .unwrap()
    }

    /// Waits until a gauge is at `most` or below.
    pub(crate) fn await_gauge(&self, name: &str, most: u64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.gauge(name);
            if value <= most {
                return;
            }
            assert!(Instant::now() < deadline, "{name} is {value} still");
            thread::yield_now();
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        assert!(
            std::process::Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until it takes no more clients: it has seen that it is to end.
    pub(crate) fn await_closed(&self) {
        let deadline = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            assert!(Instant::now() < deadline, "it goes on taking clients");
            thread::yield_now();
        }
    }

    /// Waits until it has ended, and returns how, and what it said on standard error.
    pub(crate) fn end(&mut self, within: Duration) -> (ExitStatus, String) {
        exit_status(
            &mut self.process,
            &self.said,
            within,
            "the end of the daemon",
        )
    }

    /// Ends it as a service manager does, which on Windows is at once, and returns what it said on standard error.
    pub(crate) fn stop(&mut self) -> String {
        if cfg!(windows) {
            self.process.kill().unwrap();
            return self.end(PATIENCE).1;
        }
        #[cfg(unix)]
        self.signal("-TERM");
        let (status, said) = self.end(PATIENCE);
        assert!(status.success(), "{status}: {said}");
        said
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Takes from others what they may do with a file, where a system knows that of each file.
pub(crate) fn close_to_others(path: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Reads a stream line by line.
pub(crate) fn read_lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
