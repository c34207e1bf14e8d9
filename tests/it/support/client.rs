//! One process of the server and the client that speaks to it: send, receive, converse, end.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::streams::{Wiring, protocol, read_all, read_messages, wire, write_from_queue};
use super::{Dialect, PATIENCE, initialize, listen, modern_meta, object};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// One process of the server, and the client that speaks to it.
pub(crate) struct Client {
    process: Child,
    dialect: Dialect,
    outgoing: Option<Sender<Vec<u8>>>,
    incoming: Receiver<Result<Value, String>>,
    said: Receiver<String>,
    unclaimed: VecDeque<Value>,
    watches: Vec<Watch>,
    last_id: i64,
}

/// One subscription to one resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watch {
    uri: String,
    id: Value,
}

/// How a server ended.
pub(crate) struct Ending {
    /// What it wrote that nobody had read yet.
    pub(crate) messages: Vec<Value>,
    status: ExitStatus,
    said: String,
}

impl Ending {
    /// Returns the exit status; `None` where a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Checks that the server ended as one that has done its work.
    pub(crate) fn assert_good(&self, context: impl Debug) {
        let Self { status, said, .. } = self;
        assert!(
            status.success(),
            "{context:?}: ended with {status}, having said {said:?}"
        );
    }
}

impl Client {
    pub(crate) fn start(mut command: Command, dialect: Dialect, wiring: Wiring) -> Self {
        let sockets = wire(&mut command, wiring);
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        // A command keeps its copies of the sockets, and while it does the server's end never closes.
        drop(command);
        let (from, to) = sockets.unwrap_or_else(|| {
            (
                Box::new(process.stdout.take().unwrap()),
                Box::new(process.stdin.take().unwrap()),
            )
        });
        let said = read_all(process.stderr.take().unwrap());
        Self {
            process,
            dialect,
            outgoing: Some(write_from_queue(to)),
            incoming: read_messages(from),
            said,
            unclaimed: VecDeque::new(),
            watches: Vec::new(),
            last_id: 0,
        }
    }

    /// Exchanges the first messages of the dialect.
    pub(crate) fn greet(&mut self) {
        match self.dialect {
            Dialect::Legacy => {
                self.request("initialize", initialize("2025-11-25"));
                self.notify("notifications/initialized", json!({}));
            }
            Dialect::Modern => drop(self.request("server/discover", json!({}))),
        }
    }

    #[cfg_attr(not(unix), allow(dead_code, reason = "only some programs ask for it"))]
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    // Sending.

    /// Sends bytes as they are. Never blocks: a thread writes them.
    pub(crate) fn send_raw(&self, bytes: impl Into<Vec<u8>>) {
        // A server that is gone is noticed where its answer is awaited.
        let _ = self
            .outgoing
            .as_ref()
            .expect("stdin is open")
            .send(bytes.into());
    }

    pub(crate) fn send_line(&self, line: impl Into<Vec<u8>>) {
        let mut line = line.into();
        line.push(b'\n');
        self.send_raw(line);
    }

    /// Sends a request without waiting for its answer and returns its id.
    pub(crate) fn send(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = json!(self.last_id);
        self.send_as(&id, method, params);
        id
    }

    /// Sends a request under an id of the test's choice.
    pub(crate) fn send_as(&self, id: &Value, method: &str, mut params: Value) {
        if self.dialect == Dialect::Modern && params.get("_meta").is_none() {
            params["_meta"] = modern_meta("2026-07-28");
        }
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send_line(request.to_string());
    }

    /// Sends a tool call without waiting for its answer and returns its id.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are written in place with json!"
    )]
    pub(crate) fn send_call(&mut self, tool: &str, arguments: Value) -> Value {
        self.send(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        )
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "parameters are written in place with json!"
    )]
    pub(crate) fn notify(&self, method: &str, params: Value) {
        self.send_line(json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string());
    }

    // Receiving.

    /// Returns the next message that comes before `deadline`; `None` after it, or at the end of the stream.
    pub(crate) fn message_until(&mut self, deadline: Instant) -> Option<Value> {
        if let Some(message) = self.unclaimed.pop_front() {
            return Some(message);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        self.incoming.recv_timeout(left).ok().map(protocol)
    }

    /// Returns the oldest message nobody has claimed.
    pub(crate) fn next_message(&mut self) -> Value {
        self.claim("a message", |_| true)
    }

    /// Returns the answer to a request: the whole message.
    pub(crate) fn answer(&mut self, id: &Value) -> Value {
        self.claim(&format!("the answer to {id}"), |m| {
            m.get("method").is_none() && m["id"] == *id
        })
    }

    /// Returns the URI of the next resource the server says has changed.
    pub(crate) fn next_updated(&mut self) -> String {
        let message = self.claim("news of a resource", |m| {
            m["method"] == "notifications/resources/updated"
        });
        let uri = message["params"]["uri"].as_str().unwrap().to_owned();
        match (self.dialect, message["params"]["_meta"].get(SUBSCRIPTION)) {
            (Dialect::Legacy, None) => {}
            (Dialect::Modern, Some(id)) => {
                let watch = Watch {
                    uri: uri.clone(),
                    id: id.clone(),
                };
                assert!(
                    self.watches.contains(&watch),
                    "no such subscription: {message}"
                );
            }
            _ => panic!(
                "news in the wrong dialect for {:?}: {message}",
                self.dialect
            ),
        }
        uri
    }

    fn claim(&mut self, awaited: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.unclaimed.iter().position(&wanted) {
            return self.unclaimed.remove(at).unwrap();
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self
                .incoming
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(message) => {
                    let message = protocol(message);
                    if wanted(&message) {
                        return message;
                    }
                    self.unclaimed.push_back(message);
                }
                Err(RecvTimeoutError::Timeout) => self.fail(&format!("{awaited} did not come")),
                Err(RecvTimeoutError::Disconnected) => {
                    self.fail(&format!("the server ended before {awaited} came"));
                }
            }
        }
    }

    /// Panics with what the server said on standard error.
    pub(crate) fn fail(&mut self, what: &str) -> ! {
        let _ = self.process.kill();
        let said = self.said.recv_timeout(PATIENCE).unwrap_or_default();
        panic!("{what}\nunclaimed: {:?}\nstderr: {said}", self.unclaimed);
    }

    // Conversations.

    /// Returns the result of a request that must succeed.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        let mut answer = self.answer(&id);
        assert!(
            answer["result"].is_object(),
            "{method} was refused: {answer}"
        );
        answer["result"].take()
    }

    /// Sends a batch, and returns the ids in the array that answers it.
    pub(crate) fn batch(&mut self, batch: &Value) -> Vec<Value> {
        self.send_line(batch.to_string());
        let answers = self.claim("the answers to a batch", Value::is_array);
        let answers = answers.as_array().unwrap().iter();
        answers.map(|answer| answer["id"].clone()).collect()
    }

    /// Returns the error of a request that must fail.
    pub(crate) fn refusal(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        let mut answer = self.answer(&id);
        assert!(
            answer["error"].is_object(),
            "{method} was not refused: {answer}"
        );
        answer["error"].take()
    }

    /// Returns the object a tool answers with, which must be the same as text and as structured content.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are written in place with json!"
    )]
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.request(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        );
        object(&result)
    }

    /// Returns the words with which a tool refuses a call.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are written in place with json!"
    )]
    pub(crate) fn complaint(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.request(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        );
        assert_eq!(
            result["isError"], true,
            "{tool} {arguments} was not refused: {result}"
        );
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// Returns the text of a resource.
    pub(crate) fn read(&mut self, uri: &str) -> String {
        let result = self.request("resources/read", json!({ "uri": uri }));
        result["contents"][0]["text"].as_str().unwrap().to_owned()
    }

    /// Returns every task of a view, page by page.
    pub(crate) fn tasks(&mut self, view: &str) -> Vec<Value> {
        let mut tasks = Vec::new();
        let mut arguments = json!({ "view": view, "format": "json", "limit": 100 });
        loop {
            let page = self.call("list_tasks", arguments.clone());
            tasks.extend(page["tasks"].as_array().unwrap().iter().cloned());
            match page.get("next_cursor") {
                None | Some(Value::Null) => return tasks,
                Some(cursor) => arguments["cursor"] = cursor.clone(),
            }
        }
    }

    /// Subscribes to a resource, and returns once the server has said it will tell.
    pub(crate) fn watch(&mut self, uri: &str) -> Watch {
        let id = match self.dialect {
            Dialect::Legacy => {
                self.request("resources/subscribe", json!({ "uri": uri }));
                Value::Null
            }
            Dialect::Modern => {
                let id = self.send("subscriptions/listen", listen(&[uri]));
                let accepted = self.acknowledgement(&id);
                assert_eq!(accepted["resourceSubscriptions"], json!([uri]));
                id
            }
        };
        let watch = Watch {
            uri: uri.to_owned(),
            id,
        };
        self.watches.push(watch.clone());
        watch
    }

    /// Returns what the server accepted of a `subscriptions/listen`.
    pub(crate) fn acknowledgement(&mut self, id: &Value) -> Value {
        let mut message = self.claim(&format!("the acknowledgement of {id}"), |m| {
            m["method"] == "notifications/subscriptions/acknowledged"
                && m["params"]["_meta"][SUBSCRIPTION] == *id
        });
        message["params"]["notifications"].take()
    }

    /// Ends a subscription, and returns once the server has seen that.
    pub(crate) fn unwatch(&mut self, watch: &Watch) {
        match self.dialect {
            Dialect::Legacy => {
                drop(self.request("resources/unsubscribe", json!({ "uri": watch.uri })));
            }
            Dialect::Modern => {
                self.notify("notifications/cancelled", json!({ "requestId": watch.id }));
                // A cancellation has no answer; the answer to a later request shows that it was read.
                self.request("server/discover", json!({}));
            }
        }
        self.watches.retain(|open| open != watch);
    }

    // Ending.

    /// Closes the server's standard input once everything sent so far is written.
    pub(crate) fn close_stdin(&mut self) {
        self.outgoing = None;
    }

    pub(crate) fn close_stdin_and_wait(&mut self) -> Ending {
        self.close_stdin();
        self.wait_for_exit()
    }

    /// Reads what the server still writes and waits until it has ended, which must be soon.
    pub(crate) fn wait_for_exit(&mut self) -> Ending {
        self.wait_for_exit_within(PATIENCE)
    }

    /// As [`Client::wait_for_exit`], where soon is not asked for.
    pub(crate) fn wait_for_exit_within(&mut self, limit: Duration) -> Ending {
        self.end_within(limit).unwrap_or_else(|| {
            let _ = self.process.kill();
            panic!("the end of the server did not come within {limit:?}")
        })
    }

    /// Reads on until the server has ended, for `limit` at most: its output may close before that. `None` if it goes on.
    pub(crate) fn end_within(&mut self, limit: Duration) -> Option<Ending> {
        let deadline = Instant::now() + limit;
        let mut messages = Vec::new();
        while let Some(message) = self.message_until(deadline) {
            messages.push(message);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let said = self.said.recv_timeout(left).ok()?;
        Some(Ending {
            messages,
            status: self.process.wait().unwrap(),
            said,
        })
    }

    /// Ends the process that was started, which may have started the server itself, and reads nothing.
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    pub(crate) fn end_process(&mut self) {
        self.process.kill().unwrap();
    }

    /// Ends the server at once, as `kill -9` does, and returns what it had written before.
    pub(crate) fn kill(&mut self) -> Vec<Value> {
        self.process.kill().unwrap();
        let deadline = Instant::now() + PATIENCE;
        let messages = std::iter::from_fn(|| self.message_until(deadline)).collect();
        self.process.wait().unwrap();
        messages
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
