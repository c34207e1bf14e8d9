//! A host: it writes tasks of its own, and reads again what it is told of.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Course, LISTS, PERIOD, TASKS, Turns, version_in};
use crate::daemon::Daemon;
use crate::support::{Client, Dialect, Home, PATIENCE, listen};
use crate::wire::{Events, Wire};

/// How long to listen before looking whether writing is over.
const STEP: Duration = Duration::from_millis(50);

/// How a host reaches taskhold.
pub(super) trait Transport: Send {
    fn name(&self) -> &'static str;
    /// Returns the process of the server, if it is this host's own.
    fn pid(&self) -> Option<u32>;
    fn subscribe(&mut self, uris: &[&str]);
    fn update(&mut self, arguments: Value);
    fn read(&mut self, uri: &str) -> String;
    /// Returns the URI of the next resource that the server says has changed; `None` if none comes before `deadline`.
    fn next_updated(&mut self, deadline: Instant) -> Option<String>;
    /// Ends the connection as a host does.
    fn end(self: Box<Self>);
}

/// Over standard streams.
pub(super) struct Stdio {
    client: Client,
    dialect: Dialect,
}

impl Stdio {
    pub(super) fn start(home: &Home, dialect: Dialect) -> Self {
        Self {
            client: home.connect(dialect),
            dialect,
        }
    }
}

impl Transport for Stdio {
    fn name(&self) -> &'static str {
        match self.dialect {
            Dialect::Legacy => "mcp (2025-11-25)",
            Dialect::Modern => "mcp (2026-07-28)",
        }
    }

    fn pid(&self) -> Option<u32> {
        Some(self.client.pid())
    }

    fn subscribe(&mut self, uris: &[&str]) {
        match self.dialect {
            Dialect::Legacy => {
                for uri in uris {
                    self.client.watch(uri);
                }
            }
            Dialect::Modern => {
                let id = self.client.send("subscriptions/listen", listen(uris));
                let accepted = self.client.acknowledgement(&id);
                assert_eq!(accepted["resourceSubscriptions"], json!(uris));
            }
        }
    }

    fn update(&mut self, arguments: Value) {
        self.client.call("update_task", arguments);
    }

    fn read(&mut self, uri: &str) -> String {
        self.client.read(uri)
    }

    fn next_updated(&mut self, deadline: Instant) -> Option<String> {
        self.client.message_until(deadline).as_ref().map(updated)
    }

    fn end(mut self: Box<Self>) {
        self.client.close_stdin();
        let ending = self.client.wait_for_exit_within(PATIENCE);
        ending.assert_good(self.name());
    }
}

/// Over HTTP, in a session.
pub(super) struct Http {
    session: Wire,
    events: Events,
}

impl Http {
    pub(super) fn begin(daemon: &Daemon) -> Self {
        let session = daemon.wire().begin();
        let events = session.listen(None);
        Self { session, events }
    }
}

impl Transport for Http {
    fn name(&self) -> &'static str {
        "a client of serve"
    }

    fn pid(&self) -> Option<u32> {
        None
    }

    fn subscribe(&mut self, uris: &[&str]) {
        for uri in uris {
            let params = json!({ "uri": uri });
            self.session
                .request(Dialect::Legacy, "resources/subscribe", params);
        }
    }

    fn update(&mut self, arguments: Value) {
        self.session.call(Dialect::Legacy, "update_task", arguments);
    }

    fn read(&mut self, uri: &str) -> String {
        let uri = json!({ "uri": uri });
        let result = self.session.request(Dialect::Legacy, "resources/read", uri);
        result["contents"][0]["text"].as_str().unwrap().to_owned()
    }

    fn next_updated(&mut self, deadline: Instant) -> Option<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        let message = self.events.messages.recv_timeout(left).ok();
        message.as_ref().map(updated)
    }

    fn end(self: Box<Self>) {}
}

fn updated(message: &Value) -> String {
    assert_eq!(
        message["method"], "notifications/resources/updated",
        "{message}"
    );
    message["params"]["uri"].as_str().unwrap().to_owned()
}

/// What a subscriber has read of a task: each version that was newer than those before, and when.
#[derive(Default)]
pub(super) struct TaskState(Vec<(u64, Instant)>);

impl TaskState {
    pub(super) fn version(&self) -> u64 {
        self.0.last().map_or(0, |(version, _)| *version)
    }

    /// Returns when `version`, or a later one, was read first.
    pub(super) fn heard_at(&self, version: u64) -> Instant {
        let at = self.0.partition_point(|(read, _)| *read < version);
        let found = self.0.get(at);
        found
            .unwrap_or_else(|| panic!("version {version} was never heard of"))
            .1
    }
}

/// What a subscriber has read since it subscribed.
pub(super) struct Heard {
    pub(super) tasks: Vec<TaskState>,
    /// The last text of each of [`LISTS`].
    pub(super) lists: [String; LISTS.len()],
    /// How often it read something that it was told of.
    pub(super) times: u64,
}

pub(super) struct Subscriber {
    pub(super) transport: Box<dyn Transport>,
    pub(super) heard: Heard,
    /// What it writes.
    turns: Turns,
}

impl Subscriber {
    /// Subscribes to everything.
    pub(super) fn new(mut transport: Box<dyn Transport>, ids: &[i64], turns: Turns) -> Self {
        let tasks = ids.iter().map(|id| format!("tasks://task/{id}"));
        let tasks: Vec<String> = tasks.collect();
        let mut uris: Vec<&str> = tasks.iter().map(String::as_str).collect();
        uris.extend(LISTS);
        transport.subscribe(&uris);
        let heard = Heard {
            tasks: (0..TASKS).map(|_| TaskState::default()).collect(),
            lists: Default::default(),
            times: 0,
        };
        Self {
            transport,
            heard,
            turns,
        }
    }

    /// Writes once a period and listens, until all others have written their last.
    pub(super) fn live(mut self, course: &Course, all_have_written: &Receiver<()>) -> Self {
        let (mut turn, mut has_written) = (Instant::now(), false);
        while all_have_written.try_recv() == Err(TryRecvError::Empty) {
            let listen_until = Instant::now() + STEP;
            // Once at least, however slow the machine is.
            if course.is_over() && has_written {
                self.hear(course, listen_until);
                continue;
            }
            if Instant::now() >= turn {
                let (task, version) = self.turns.next();
                self.transport.update(course.update(task, version));
                course.note(task, version);
                has_written = true;
                turn = (turn + PERIOD).max(Instant::now());
            }
            self.hear(course, listen_until.min(turn));
        }
        self
    }

    /// Listens on until nothing is lacking, which must come.
    pub(super) fn hear_until(&mut self, course: &Course, lacking: impl Fn(&Heard) -> Vec<String>) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let lacking = lacking(&self.heard);
            if lacking.is_empty() {
                return;
            }
            assert!(
                self.hear(course, deadline),
                "{} was not told of the last change of {}",
                self.transport.name(),
                lacking.join(", ")
            );
        }
    }

    /// Reads what is told of before `deadline`, each resource once. Reports whether there was any.
    fn hear(&mut self, course: &Course, deadline: Instant) -> bool {
        let mut told: BTreeSet<String> =
            self.transport.next_updated(deadline).into_iter().collect();
        while let Some(uri) = self.transport.next_updated(Instant::now()) {
            told.insert(uri);
        }
        self.heard.times += told.len() as u64;
        for uri in &told {
            self.read(course, uri);
        }
        !told.is_empty()
    }

    fn read(&mut self, course: &Course, uri: &str) {
        let text = self.transport.read(uri);
        if let Some(list) = LISTS.iter().position(|list| *list == uri) {
            self.heard.lists[list] = text;
            return;
        }
        let task = (0..TASKS).find(|task| course.uri(*task) == uri);
        let task = task.unwrap_or_else(|| panic!("{uri} was not subscribed to"));
        let version = version_in(&text);
        let state = &mut self.heard.tasks[task];
        assert!(version >= state.version(), "{uri} went back to {version}");
        if version > state.version() {
            state.0.push((version, Instant::now()));
        }
    }
}
