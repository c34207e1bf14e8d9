//! HTTP/1.1 by hand: requests as bytes, answers as they came, streams of events.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use crate::support::{Dialect, PATIENCE, initialize, listen, modern_meta, object};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the headers, as they came.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// Returns the one message in the body, be it JSON or a stream of events.
    pub(crate) fn message(&self) -> Value {
        if let Ok(message) = serde_json::from_str(&self.body) {
            return message;
        }
        let mut events = self
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("data:"));
        let found = events.find_map(|data| serde_json::from_str(data).ok());
        found.unwrap_or_else(|| panic!("no message in {self:?}"))
    }
}

/// A connection and who uses it.
pub(crate) struct Wire {
    port: u16,
    headers: String,
    stream: BufReader<TcpStream>,
    last_id: i64,
    /// Of a session of the older dialects.
    pub(crate) session: Option<String>,
}

/// An open stream of events.
pub(crate) struct Events {
    pub(crate) messages: Receiver<Value>,
    /// The id of the last event, for coming again.
    pub(crate) last_id: Receiver<String>,
    stream: TcpStream,
    /// Of a subscription of the modern dialect.
    pub(crate) subscription: Option<Value>,
}

pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends bytes on a connection of their own, and returns all that comes until it is closed. Says which status that is;
/// 0 is none.
pub(crate) fn exchange(port: u16, bytes: &[u8]) -> (u16, String) {
    let mut stream = connect(port);
    // A server that refuses early may have closed before all is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (status(&answer), answer)
}

pub(crate) fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1);
    status.and_then(|status| status.parse().ok()).unwrap_or(0)
}

impl Wire {
    pub(crate) fn new(port: u16, token: Option<&str>) -> Self {
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
        Self {
            port,
            headers: format!("Host: 127.0.0.1:{port}\r\n{}", token.unwrap_or_default()),
            stream: BufReader::new(connect(port)),
            last_id: 0,
            session: None,
        }
    }

    /// Another connection of the same client, in the same session.
    pub(crate) fn another(&self) -> Self {
        Self {
            port: self.port,
            headers: self.headers.clone(),
            stream: BufReader::new(connect(self.port)),
            last_id: self.last_id + 1_000_000,
            session: self.session.clone(),
        }
    }

    pub(crate) fn send(&mut self, line: &str, headers: &str, body: &str) {
        let request = self.written(line, headers, body);
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
    }

    fn written(&self, line: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "{line} HTTP/1.1\r\n{}{headers}Content-Length: {length}\r\n\r\n{body}",
            self.headers
        )
    }

    /// As [`Wire::get`]; `None` if the server closed the connection before it heard this.
    pub(crate) fn get_if_heard(&mut self, path: &str) -> Option<Answer> {
        let request = self.written(&format!("GET {path}"), "", "");
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let begun = self.stream.fill_buf().ok()?;
        (!begun.is_empty()).then(|| self.answer())
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// Waits until the server closes the connection, having said nothing more.
    pub(crate) fn await_end(&mut self) {
        let mut more = Vec::new();
        self.stream.read_to_end(&mut more).unwrap();
        assert!(more.is_empty(), "{:?}", String::from_utf8_lossy(&more));
    }

    fn head(&mut self) -> String {
        let mut head = String::new();
        loop {
            let mut line = String::new();
            let read = self.stream.read_line(&mut line).unwrap();
            assert!(read > 0, "the connection ended in {head:?}");
            if line == "\r\n" {
                return head;
            }
            head.push_str(&line);
        }
    }

    /// Reads the next answer to its end.
    pub(crate) fn answer(&mut self) -> Answer {
        let head = self.head();
        self.body_of(head)
    }

    fn body_of(&mut self, head: String) -> Answer {
        let mut answer = Answer {
            status: status(&head),
            head,
            body: String::new(),
        };
        let mut body = Vec::new();
        if answer.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = chunk(&mut self.stream) {
                body.extend(chunk);
            }
        } else if let Some(length) = answer.header("content-length") {
            body.resize(length.parse().unwrap(), 0);
            self.stream.read_exact(&mut body).unwrap();
        }
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), "", "");
        self.answer()
    }

    fn session_header(&self) -> String {
        let session = self.session.as_ref();
        session.map_or_else(String::new, |id| format!("Mcp-Session-Id: {id}\r\n"))
    }

    pub(crate) fn send_message(&mut self, dialect: Dialect, message: Value) {
        let (headers, body) = self.message(dialect, message);
        self.send("POST /mcp", &headers, &body);
    }

    /// As [`Wire::send_message`], and returns once the server has begun to answer.
    pub(crate) fn send_message_when_invited(&mut self, dialect: Dialect, message: Value) {
        let (headers, body) = self.message(dialect, message);
        let head = format!(
            "POST /mcp HTTP/1.1\r\n{}{headers}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            self.headers,
            body.len()
        );
        self.stream.get_mut().write_all(head.as_bytes()).unwrap();
        let invitation = self.head();
        assert_eq!(status(&invitation), 100, "{invitation}");
        self.stream.get_mut().write_all(body.as_bytes()).unwrap();
    }

    /// Returns the headers and the body that carry a message.
    fn message(&self, dialect: Dialect, mut message: Value) -> (String, String) {
        let json =
            "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
        let headers = match dialect {
            Dialect::Legacy => self.session_header(),
            Dialect::Modern => {
                if message["params"].get("_meta").is_none() {
                    message["params"]["_meta"] = modern_meta("2026-07-28");
                }
                let method = message["method"].as_str().unwrap();
                let named = ["name", "uri"].map(|key| message["params"][key].as_str());
                let named = named.into_iter().flatten().next();
                let name = named.map(|name| format!("Mcp-Name: {name}\r\n"));
                format!(
                    "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\n{}",
                    name.unwrap_or_default()
                )
            }
        };
        (format!("{json}{headers}"), message.to_string())
    }

    pub(crate) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Sends a request and returns the whole answer.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "parameters are written in place with json!"
    )]
    pub(crate) fn ask(&mut self, dialect: Dialect, method: &str, params: Value) -> Answer {
        let id = self.next_id();
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send_message(dialect, message);
        self.answer()
    }

    /// Sends a request `count` times in one go, as far as the server takes them, and reads none of the answers.
    pub(crate) fn send_without_reading(
        &mut self,
        dialect: Dialect,
        method: &str,
        params: &Value,
        count: usize,
    ) {
        let id = self.next_id();
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let (headers, body) = self.message(dialect, message);
        let request = self.written("POST /mcp", &headers, &body);
        let stream = self.stream.get_mut();
        stream.set_nonblocking(true).unwrap();
        // It takes no more when it waits for its answers to be read.
        let _ = stream.write_all(request.repeat(count).as_bytes());
        stream.set_nonblocking(false).unwrap();
    }

    /// Waits until the server has begun to answer, and reads nothing.
    pub(crate) fn await_answer(&self) {
        self.stream.get_ref().peek(&mut [0]).unwrap();
    }

    /// Reports whether the server has not closed the connection, as far as can be told without reading.
    pub(crate) fn is_open(&self) -> bool {
        // What it sent before hides a proper end; a reset is told at once.
        self.stream
            .get_ref()
            .take_error()
            .is_ok_and(|error| error.is_none())
    }

    /// Returns the result of a request that must succeed.
    pub(crate) fn request(&mut self, dialect: Dialect, method: &str, params: Value) -> Value {
        let answer = self.ask(dialect, method, params);
        let mut message = answer.message();
        assert!(
            message["result"].is_object(),
            "{method} was refused: {answer:?}"
        );
        assert_eq!(message["id"], self.last_id, "another's answer");
        message["result"].take()
    }

    /// Begins a session, and returns its connection.
    pub(crate) fn begin(mut self) -> Self {
        let answer = self.ask(Dialect::Legacy, "initialize", initialize("2025-11-25"));
        assert_eq!(answer.status, 200, "{answer:?}");
        self.session = answer.header("mcp-session-id").map(ToOwned::to_owned);
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.send_message(Dialect::Legacy, initialized);
        assert_eq!(self.answer().status, 202);
        self
    }

    /// Ends the session.
    pub(crate) fn end(mut self) {
        let header = self.session_header();
        self.send("DELETE /mcp", &header, "");
        assert_eq!(self.answer().status, 204);
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are written in place with json!"
    )]
    pub(crate) fn call(&mut self, dialect: Dialect, tool: &str, arguments: Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        object(&self.request(dialect, "tools/call", params))
    }

    pub(crate) fn add(&mut self, dialect: Dialect, title: &str) -> i64 {
        self.call(dialect, "add_task", json!({ "title": title }))["id"]
            .as_i64()
            .unwrap()
    }

    /// Asks for a stream; it must be given.
    pub(crate) fn events(mut self, expected: u16) -> Result<Events, Answer> {
        let head = self.head();
        if status(&head) != expected {
            return Err(self.body_of(head));
        }
        let (sender, messages) = channel();
        let (id_sender, last_id) = channel();
        let stream = self.stream.get_ref().try_clone().unwrap();
        stream.set_read_timeout(None).unwrap();
        thread::spawn(move || {
            let mut text = Vec::new();
            while let Some(more) = chunk(&mut self.stream) {
                text.extend(more);
                while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = text.drain(..=end).collect();
                    let line = String::from_utf8(line).unwrap();
                    if let Some(id) = line.strip_prefix("id:") {
                        let _ = id_sender.send(id.trim().to_owned());
                    }
                    let data = line.strip_prefix("data:").map(str::trim);
                    if let Some(message) = data.and_then(|data| serde_json::from_str(data).ok()) {
                        let _ = sender.send(message);
                    }
                }
            }
        });
        Ok(Events {
            messages,
            last_id,
            stream,
            subscription: None,
        })
    }

    /// Opens the stream of a session.
    pub(crate) fn listen(&self, last_event_id: Option<&str>) -> Events {
        self.ask_to_listen(last_event_id).unwrap()
    }

    /// Asks for the stream of a session; returns the answer if it is another.
    pub(crate) fn ask_to_listen(&self, last_event_id: Option<&str>) -> Result<Events, Answer> {
        let after = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n"));
        self.ask_for_stream(&after.unwrap_or_default()).events(200)
    }

    /// Asks for the stream of a session on a connection of its own, and leaves it unread.
    pub(crate) fn ask_for_stream(&self, headers: &str) -> Self {
        let mut wire = self.another();
        let session = self.session_header();
        let headers = format!("Accept: text/event-stream\r\n{session}{headers}");
        wire.send("GET /mcp", &headers, "");
        wire
    }

    /// Subscribes to a resource on a connection of its own, and returns once the server has said it will tell.
    pub(crate) fn watch(&mut self, dialect: Dialect, uri: &str) -> Events {
        match dialect {
            Dialect::Legacy => {
                let events = self.listen(None);
                self.request(dialect, "resources/subscribe", json!({ "uri": uri }));
                events
            }
            Dialect::Modern => {
                let mut wire = self.another();
                let id = wire.next_id();
                let params = listen(&[uri]);
                wire.send_message(dialect, json!({ "jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": params }));
                let mut events = wire.events(200).unwrap();
                let acknowledged = events.next();
                assert_eq!(
                    acknowledged["method"],
                    "notifications/subscriptions/acknowledged"
                );
                assert_eq!(
                    acknowledged["params"]["notifications"]["resourceSubscriptions"],
                    json!([uri])
                );
                events.subscription = Some(json!(id));
                events
            }
        }
    }
}

impl Events {
    /// Returns the next message.
    pub(crate) fn next(&self) -> Value {
        self.messages
            .recv_timeout(PATIENCE)
            .expect("the stream has another message")
    }

    /// Returns the URI of the next resource the server says has changed.
    pub(crate) fn next_updated(&self) -> String {
        let message = self.next();
        assert_eq!(
            message["method"], "notifications/resources/updated",
            "{message}"
        );
        let tag = message["params"]["_meta"].get(SUBSCRIPTION);
        assert_eq!(
            tag,
            self.subscription.as_ref(),
            "news of another subscription: {message}"
        );
        message["params"]["uri"].as_str().unwrap().to_owned()
    }

    /// Returns what comes until the server ends the stream.
    pub(crate) fn rest(&self) -> Vec<Value> {
        std::iter::from_fn(|| match self.messages.recv_timeout(PATIENCE) {
            Ok(message) => Some(message),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(error) => panic!("the stream did not end: {error}"),
        })
        .collect()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Returns the next chunk of a chunked body; `None` at its end.
fn chunk(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let length = usize::from_str_radix(line.trim(), 16).ok()?;
    let mut chunk = vec![0; length + 2];
    stream.read_exact(&mut chunk).ok()?;
    chunk.truncate(length);
    (length > 0).then_some(chunk)
}
