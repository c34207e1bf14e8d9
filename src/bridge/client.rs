//! One request to the daemon, and its answer as it comes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use parking_lot::Mutex;
use serde_json::Value;

use super::{
    events::{Event, Events},
    failure::Failure,
    target::{Endpoint, Target},
};
use crate::{jsonrpc::SESSION_HEADER, remote::Sender};

/// The header that names a session.
pub(super) const SESSION: &str = "mcp-session-id";

/// Requests to one daemon.
#[derive(Debug)]
pub(super) struct Client {
    target: Target,
    /// What the host's session is called: to the daemon every host of a user comes with the same token.
    session: String,
    /// A connection that is free.
    free: Mutex<Option<Sender>>,
}

/// An answer, message by message.
pub(super) struct MessageStream<'client> {
    client: &'client Client,
    sender: Option<Sender>,
    body: Incoming,
    is_stream: bool,
    events: Events,
    is_over: bool,
    /// The session that the answer begins.
    pub(super) session: Option<String>,
}

/// Reports whether a message is of the dialect of 2026-07-28.
pub(super) fn is_modern(message: &Value) -> bool {
    modern_version(message).is_some()
}

fn modern_version(message: &Value) -> Option<&str> {
    message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].as_str()
}

impl Client {
    pub(super) fn new(target: Target) -> Self {
        let number = getrandom::u64().unwrap_or_else(|_| fastrand::u64(..));
        Self {
            target,
            session: format!("{number:016x}"),
            free: Mutex::default(),
        }
    }

    /// Sends a message.
    pub(super) async fn post(
        &self,
        message: &Value,
        mut headers: Vec<(&'static str, String)>,
    ) -> Result<MessageStream<'_>, Failure> {
        headers.push(("content-type", "application/json".to_owned()));
        if let (Some(version), Some(method)) = (modern_version(message), message["method"].as_str())
        {
            headers.push(("mcp-protocol-version", version.to_owned()));
            headers.push(("mcp-method", header_value(method)));
            let params = &message["params"];
            if let Some(name) = params["name"].as_str().or_else(|| params["uri"].as_str()) {
                headers.push(("mcp-name", header_value(name)));
            }
        }
        self.send(Method::POST, headers, message.to_string().into())
            .await
    }

    /// Opens the stream of a session.
    pub(super) async fn get(
        &self,
        headers: Vec<(&'static str, String)>,
    ) -> Result<MessageStream<'_>, Failure> {
        self.send(Method::GET, headers, Bytes::new()).await
    }

    /// Ends a session.
    pub(super) async fn delete(&self, headers: Vec<(&'static str, String)>) -> Result<(), Failure> {
        self.send(Method::DELETE, headers, Bytes::new())
            .await
            .map(drop)
    }

    async fn send(
        &self,
        method: Method,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
    ) -> Result<MessageStream<'_>, Failure> {
        let (path, host) = match &self.target.place {
            Endpoint::Web { remote, path } => (path.as_str(), remote.authority()),
            Endpoint::Socket(_) => ("/mcp", "localhost"),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, host)
            .header(header::ACCEPT, "application/json, text/event-stream")
            .header(SESSION_HEADER, &self.session);
        if let Some(token) = &self.target.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let in_session = headers.iter().any(|(name, _)| *name == SESSION);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request
            .body(Full::new(body))
            .map_err(|error| Failure::Refused {
                status: StatusCode::BAD_REQUEST,
                reason: error.to_string(),
            })?;
        // A connection that rested too long may be closed; what was not sent on it is sent on another.
        let mut free = self.free.lock().take();
        loop {
            let was_free = free.is_some();
            let mut sender = match free.take() {
                Some(sender) => sender,
                None => self.target.connect().await?,
            };
            match sender.try_send_request(request).await {
                Ok(response) => return self.answer(sender, response, in_session).await,
                Err(mut error) => match error.take_message() {
                    Some(unsent) if was_free => request = unsent,
                    _ => return Err(Failure::CutOff),
                },
            }
        }
    }

    async fn answer(
        &self,
        sender: Sender,
        response: Response<Incoming>,
        in_session: bool,
    ) -> Result<MessageStream<'_>, Failure> {
        let (head, body) = response.into_parts();
        let text = |headers: &HeaderMap, name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.map(ToOwned::to_owned)
        };
        let media_type = text(&head.headers, "content-type").unwrap_or_default();
        let mut answer = MessageStream {
            client: self,
            sender: Some(sender),
            body,
            is_stream: media_type.starts_with("text/event-stream"),
            events: Events::default(),
            is_over: false,
            session: text(&head.headers, SESSION),
        };
        match head.status {
            status if status.is_success() => Ok(answer),
            StatusCode::UNAUTHORIZED => Err(Failure::Unauthorized),
            status => {
                let whole = answer.whole().await?;
                let said: Value = serde_json::from_slice(&whole).unwrap_or_default();
                if said["jsonrpc"] == "2.0" {
                    // An error of the protocol is an answer like any other.
                    answer.events.feed(format!("data: {said}\n\n").as_bytes());
                    answer.is_over = true;
                    return Ok(answer);
                }
                // Of the page of the board, which is at `/`, only the method is wrong.
                let is_a_page = status == StatusCode::METHOD_NOT_ALLOWED && !in_session;
                if status == StatusCode::NOT_FOUND || is_a_page {
                    return Err(match &self.target.place {
                        Endpoint::Web { path, .. } if !in_session => {
                            Failure::Nowhere { path: path.clone() }
                        }
                        _ => Failure::NoSession,
                    });
                }
                let reason = said["error"]
                    .as_str()
                    .unwrap_or("it did not say why")
                    .to_owned();
                Err(Failure::Refused { status, reason })
            }
        }
    }
}

impl MessageStream<'_> {
    /// Returns the next message; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Failure> {
        if !self.is_stream && !self.is_over {
            let whole = self.whole().await?;
            self.is_over = true;
            if !whole.is_empty() {
                let message = serde_json::from_slice(&whole).map_err(|_| Failure::CutOff)?;
                return Ok(Some(of_protocol(Event { id: None, message })?));
            }
        }
        loop {
            match self.events.next() {
                // One that only says where to come again.
                Some(event) if event.message.is_null() && event.id.is_none() => {}
                Some(event) => return Ok(Some(of_protocol(event)?)),
                None if self.is_over => return Ok(None),
                None => match self.body.frame().await {
                    Some(Ok(frame)) => self.events.feed(frame.data_ref().map_or(&[], |data| data)),
                    Some(Err(_)) => return Err(Failure::CutOff),
                    None => self.finish(),
                },
            }
        }
    }

    async fn whole(&mut self) -> Result<Bytes, Failure> {
        let whole = (&mut self.body)
            .collect()
            .await
            .map_err(|_| Failure::CutOff)?;
        self.finish();
        Ok(whole.to_bytes())
    }

    /// All was read: the connection is free again.
    fn finish(&mut self) {
        self.is_over = true;
        *self.client.free.lock() = self.sender.take();
    }
}

/// Lets through what is a message of JSON-RPC, or none at all. Anything else the host would be handed as the protocol.
fn of_protocol(event: Event) -> Result<Event, Failure> {
    if event.message.is_null() || event.message["jsonrpc"] == "2.0" {
        return Ok(event);
    }
    Err(Failure::Foreign)
}

/// Returns a text as it can stand in a header (specification 2026-07-28, transports).
fn header_value(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && text.trim() == text
        && !text.starts_with("=?base64?");
    if is_plain {
        text.to_owned()
    } else {
        format!("=?base64?{}?=", STANDARD.encode(text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_message_of_the_protocol_does_not_reach_the_host() {
        let event = |message| Event { id: None, message };
        for message in [
            json!(null),
            json!({ "jsonrpc": "2.0", "id": 1, "result": {} }),
        ] {
            assert!(of_protocol(event(message.clone())).is_ok(), "{message}");
        }
        for message in [
            json!({ "hello": "world" }),
            json!({ "jsonrpc": "1.0", "id": 1, "result": {} }),
            json!([{ "jsonrpc": "2.0" }]),
            json!("2.0"),
            json!(1),
        ] {
            let refused = of_protocol(event(message.clone()));
            assert!(matches!(refused, Err(Failure::Foreign)), "{message}");
        }
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_wrapped() {
        assert_eq!(header_value("tasks://tag/home"), "tasks://tag/home");
        assert_eq!(
            header_value("tasks://tag/ä"),
            "=?base64?dGFza3M6Ly90YWcvw6Q=?="
        );
        assert_eq!(header_value("=?base64?x"), "=?base64?PT9iYXNlNjQ/eA==?=");
    }
}
