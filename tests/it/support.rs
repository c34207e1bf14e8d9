//! A person's home folder, the built binary in it, and a small MCP client over the binary's standard streams.
//!
//! The client writes JSON-RPC by hand, so what a test asserts is what was on the wire. Every wait has a deadline
//! and says what it waited for. Whatever appears on standard output and is not protocol fails the test that reads it.
//!
//! The paths are spelled out because two test programs share this file.

#[path = "support/client.rs"]
mod client;
#[path = "support/streams.rs"]
mod streams;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use client::Client;
pub(crate) use streams::{Wiring, exit_status, read_all};

/// How long anything that must happen may take. A healthy run never waits it out, however busy the machine is: it guards
/// against waiting for ever, and says nothing of how fast something is.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Which MCP a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// 2024-11-05 to 2025-11-25: `initialize` first, `resources/subscribe`.
    Legacy,
    /// 2026-07-28: every request brings its own `_meta`, `subscriptions/listen`.
    Modern,
}

impl Dialect {
    pub(crate) const BOTH: [Self; 2] = [Self::Legacy, Self::Modern];
}

/// A temporary home folder and the database that every process started in it shares.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "there is no mode to set"))]
        let mut folder = tempfile::Builder::new();
        // As the program makes the folder of its data.
        #[cfg(unix)]
        folder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        Self {
            folder: folder.tempdir().unwrap(),
        }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("tasks.db")
    }

    /// Returns the binary with an environment that holds nothing but this home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taskhold"));
        command
            .args(arguments)
            .env_clear()
            .current_dir(self.folder.path());
        command
            .env("HOME", self.folder.path())
            // What HOME is on Windows.
            .env("USERPROFILE", self.folder.path())
            .env(
                "APPDATA",
                self.folder.path().join("AppData").join("Roaming"),
            )
            .env(
                "LOCALAPPDATA",
                self.folder.path().join("AppData").join("Local"),
            )
            // Whom the Task Scheduler starts a service for.
            .env("USERDOMAIN", "HERE")
            .env("USERNAME", "me")
            .env("TASKHOLD_DB", self.database());
        command
    }

    /// Runs a command line to its end and returns what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let printed = read_all(child.stdout.take().unwrap());
        let said = read_all(child.stderr.take().unwrap());
        let (status, said) = exit_status(
            &mut child,
            &said,
            PATIENCE,
            &format!("the end of {arguments:?}"),
        );
        let printed = printed.recv_timeout(PATIENCE).unwrap();
        assert!(
            status.success(),
            "{arguments:?} ended with {status}, having said {said:?}"
        );
        printed
    }

    /// Starts a server that has heard nothing yet.
    pub(crate) fn start(&self, dialect: Dialect) -> Client {
        Client::start(self.command(&["mcp"]), dialect, Wiring::Pipes)
    }

    /// Starts a server and has it answer the first message of the dialect.
    pub(crate) fn connect(&self, dialect: Dialect) -> Client {
        let mut client = self.start(dialect);
        client.greet();
        client
    }

    /// Returns every task of a view, as a process that was not there before finds them.
    pub(crate) fn tasks(&self, view: &str) -> Vec<Value> {
        self.connect(Dialect::Modern).tasks(view)
    }
}

/// Returns a shell that starts `command` and waits for it.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(crate) fn below_a_shell(command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    // Without the number, a shell has what it starts in the background read from nothing.
    let script = "exec 3<&0; \"$0\" \"$@\" <&3 3<&- & exec 3<&-; wait";
    shell.args(["-c", script]).arg(command.get_program());
    shell.args(command.get_args()).env_clear();
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap());
    }
    shell.current_dir(command.get_current_dir().unwrap());
    shell
}

/// Returns the object in a tool's result, which must be the same as text and as structured content.
pub(crate) fn object(result: &Value) -> Value {
    assert_ne!(result["isError"], true, "the tool refused: {result}");
    let text = result["content"][0]["text"].as_str().unwrap();
    let object: Value = serde_json::from_str(text).unwrap();
    assert_eq!(
        object, result["structuredContent"],
        "text and structured content disagree"
    );
    object
}

/// Returns the parameters of an `initialize` that asks for `version`.
pub(crate) fn initialize(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": { "name": "support", "version": "1" },
    })
}

/// Returns the parameters of a `subscriptions/listen` to some resources.
pub(crate) fn listen(uris: &[&str]) -> Value {
    json!({ "notifications": { "resourceSubscriptions": uris } })
}

/// Returns the capabilities of a client that shows pages (MCP Apps).
pub(crate) fn shows_pages() -> Value {
    let settings = json!({ "mimeTypes": ["text/html;profile=mcp-app"] });
    json!({ "extensions": { "io.modelcontextprotocol/ui": settings } })
}

/// Returns what a request of 2026-07-28 and later carries in `_meta`.
pub(crate) fn modern_meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": { "name": "support", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}
