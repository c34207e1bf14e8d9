//! A stdio host on one side, the daemon on the other: `taskhold mcp --connect URL`.
//!
//! | file | what it holds |
//! |---|---|
//! | `client` | one request to the daemon, and its answer as it comes |
//! | `events` | a stream of events, read |
//!
//! # Invariants
//!
//! - Calls are made one after another, in the order the host sent them: over HTTP two at once could change places.
//! - Every request of the host is answered, in the worst case with what is wrong with the daemon.
//! - A session that the daemon has lost, as by a restart, is begun again with all it had subscribed to.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use rmcp::model::{ClientNotification, ClientRequest, ErrorData, RequestId};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    stdio::{
        self, MAX_LINE,
        lines::{Line, Lines},
        message::{self, Incoming},
    },
    store::db::locked,
};

mod client;
mod events;

pub use client::{Target, TargetError};

use client::{Client, Failure};

/// How long to wait before a stream that broke is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// Carries one host's messages to the daemon and back, until the host hangs up or `stop` is cancelled.
pub async fn serve(target: Target, stop: CancellationToken) -> io::Result<()> {
    let (input, output) = stdio::open()?;
    serve_on(target, input, output, stop).await;
    Ok(())
}

async fn serve_on(
    target: Target,
    input: impl AsyncRead + Send + Unpin,
    output: impl AsyncWrite + Send + Unpin + 'static,
    stop: CancellationToken,
) {
    let (outbox, written) = mpsc::unbounded_channel();
    let unread = CancellationToken::new();
    let writer = tokio::spawn(stdio::write_lines(output, written, unread.clone()));
    let (calls, queue) = mpsc::unbounded_channel();
    let bridge = Arc::new(Bridge {
        client: Client::new(target),
        outbox,
        session: Mutex::default(),
        open: Mutex::default(),
        beginning: tokio::sync::Mutex::default(),
    });
    let calling = tokio::spawn(Arc::clone(&bridge).make_calls(queue));
    let reading = bridge.read(input, &calls);
    tokio::select! {
        () = reading => {}
        () = stop.cancelled() => {}
        () = unread.cancelled() => {}
    }
    // What was asked is answered before the end.
    drop(calls);
    let _ = calling.await;
    bridge.end().await;
    drop(bridge);
    let _ = writer.await;
}

struct Bridge {
    client: Client,
    outbox: mpsc::UnboundedSender<Vec<u8>>,
    session: Mutex<Option<Session>>,
    /// What can be ended before its end: calls by their id, and the session's stream under none.
    open: Mutex<HashMap<Option<RequestId>, JoinHandle<()>>>,
    /// Held while a session is begun again, which is done once however many notice.
    beginning: tokio::sync::Mutex<()>,
}

/// A session of the older dialects.
#[derive(Clone)]
struct Session {
    id: String,
    version: String,
    /// What it was begun with, for beginning it again.
    initialize: Value,
    subscribed: BTreeSet<String>,
}

/// A message for the daemon, in the order the host sent it.
struct Call {
    /// `None` for a notification.
    id: Option<RequestId>,
    message: Value,
}

impl Bridge {
    /// Reads what the host sends, until it ends.
    async fn read(
        self: &Arc<Self>,
        input: impl AsyncRead + Unpin,
        calls: &mpsc::UnboundedSender<Call>,
    ) {
        let mut lines = Lines::new(BufReader::new(input), MAX_LINE);
        loop {
            let (incoming, text) = match lines.next().await {
                Ok(Some(Line::Whole(line))) => message::read_text(line),
                Ok(Some(Line::TooLong(id))) => {
                    let reason = format!("the message is longer than {MAX_LINE} bytes");
                    self.refuse(id.as_ref(), &ErrorData::invalid_request(reason, None));
                    continue;
                }
                Ok(None) | Err(_) => return,
            };
            let message = || serde_json::from_slice(&text).unwrap_or_default();
            match incoming {
                Incoming::Request(id, request) => {
                    let call = Call {
                        id: Some(id),
                        message: message(),
                    };
                    if matches!(*request, ClientRequest::SubscriptionsListenRequest(_)) {
                        self.listen(call);
                    } else {
                        let _ = calls.send(call);
                    }
                }
                Incoming::Notification(ClientNotification::CancelledNotification(cancelled))
                    if self.cancel(cancelled.params.request_id.as_ref()) => {}
                Incoming::Notification(_) | Incoming::Ignored => {
                    let _ = calls.send(Call {
                        id: None,
                        message: message(),
                    });
                }
                Incoming::Refused(id, error) => self.refuse(id.as_ref(), &error),
            }
        }
    }

    /// Makes the calls, one after another.
    async fn make_calls(self: Arc<Self>, mut queue: mpsc::UnboundedReceiver<Call>) {
        while let Some(call) = queue.recv().await {
            if let Err(failure) = self.call(&call).await {
                self.fail(call.id.as_ref(), &failure);
            }
        }
    }

    async fn call(self: &Arc<Self>, call: &Call) -> Result<(), Failure> {
        let method = call.message["method"].as_str().unwrap_or_default();
        if method == "initialize" {
            let answer = self.begin(call.message.clone()).await?;
            self.put(&answer);
            return Ok(());
        }
        let mut answered = self.post(&call.message).await;
        if matches!(answered, Err(Failure::NoSession)) {
            self.begin_again().await?;
            answered = self.post(&call.message).await;
        }
        answered?;
        match method {
            "notifications/initialized" => self.hear(),
            "resources/subscribe" | "resources/unsubscribe" => {
                if let (Some(session), Some(uri)) = (
                    &mut *locked(&self.session),
                    call.message["params"]["uri"].as_str(),
                ) {
                    if method == "resources/subscribe" {
                        session.subscribed.insert(uri.to_owned());
                    } else {
                        session.subscribed.remove(uri);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Sends a message and hands on all that is answered.
    async fn post(&self, message: &Value) -> Result<(), Failure> {
        let mut answer = self
            .client
            .post(message, self.session_headers(message))
            .await?;
        while let Some(event) = answer.next().await? {
            if !event.message.is_null() {
                self.put(&event.message);
            }
        }
        Ok(())
    }

    /// Begins a session and returns the daemon's answer.
    async fn begin(&self, initialize: Value) -> Result<Value, Failure> {
        let mut answer = self.client.post(&initialize, Vec::new()).await?;
        let id = answer.session.take();
        let mut event = answer.next().await?.ok_or(Failure::CutOff)?;
        while event.message.is_null() {
            event = answer.next().await?.ok_or(Failure::CutOff)?;
        }
        let version = event.message["result"]["protocolVersion"].as_str();
        if let (Some(id), Some(version)) = (id, version) {
            *locked(&self.session) = Some(Session {
                id,
                version: version.to_owned(),
                initialize,
                subscribed: BTreeSet::new(),
            });
        }
        Ok(event.message)
    }

    /// Begins the session again that the daemon has lost, without the host's noticing.
    async fn begin_again(self: &Arc<Self>) -> Result<(), Failure> {
        let lost = locked(&self.session).clone().ok_or(Failure::NoSession)?;
        let _alone = self.beginning.lock().await;
        if locked(&self.session)
            .as_ref()
            .is_some_and(|session| session.id != lost.id)
        {
            return Ok(());
        }
        self.begin(lost.initialize).await?;
        let quietly = |message: Value| async move {
            let headers = self.session_headers(&message);
            let mut answer = self.client.post(&message, headers).await?;
            while answer.next().await?.is_some() {}
            Ok::<(), Failure>(())
        };
        quietly(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await?;
        for uri in &lost.subscribed {
            let params = json!({ "uri": uri });
            let subscribe = json!({ "jsonrpc": "2.0", "id": 0, "method": "resources/subscribe", "params": params });
            quietly(subscribe).await?;
            // It may have changed while the daemon was away.
            let updated = "notifications/resources/updated";
            self.put(&json!({ "jsonrpc": "2.0", "method": updated, "params": params }));
        }
        if let Some(session) = &mut *locked(&self.session) {
            session.subscribed = lost.subscribed;
        }
        self.hear();
        Ok(())
    }

    /// Opens the session's own stream, and again whenever it breaks.
    fn hear(self: &Arc<Self>) {
        let bridge = Arc::clone(self);
        let hearing = tokio::spawn(async move {
            let mut last = None;
            loop {
                let mut headers = bridge.session_headers(&Value::Null);
                headers.extend(last.clone().map(|id: String| ("last-event-id", id)));
                match bridge.client.get(headers).await {
                    Ok(mut stream) => {
                        while let Ok(Some(event)) = stream.next().await {
                            last = event.id.or(last);
                            if !event.message.is_null() {
                                bridge.put(&event.message);
                            }
                        }
                    }
                    Err(Failure::NoSession) => {
                        // The daemon was started anew: it must hear of us before the host next speaks.
                        last = None;
                        if Box::pin(bridge.begin_again()).await.is_ok() {
                            return;
                        }
                    }
                    Err(_) => {}
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        if let Some(earlier) = locked(&self.open).insert(None, hearing)
            && !earlier.is_finished()
        {
            earlier.abort();
        }
    }

    /// Serves `subscriptions/listen`, which goes on beside the calls.
    fn listen(self: &Arc<Self>, call: Call) {
        let (bridge, id) = (Arc::clone(self), call.id.clone());
        let listening = tokio::spawn(async move {
            let heard = bridge.post(&call.message).await;
            if let Err(failure) = heard {
                bridge.fail(call.id.as_ref(), &failure);
            }
            locked(&bridge.open).remove(&call.id);
        });
        locked(&self.open).insert(id, listening);
    }

    /// Ends a subscription, which is done by hanging up. Reports whether `id` was one.
    fn cancel(&self, id: Option<&RequestId>) -> bool {
        let Some(id) = id else { return false };
        let listening = locked(&self.open).remove(&Some(id.clone()));
        listening.inspect(JoinHandle::abort).is_some()
    }

    fn session_headers(&self, message: &Value) -> Vec<(&'static str, String)> {
        if client::is_modern(message) {
            return Vec::new();
        }
        let session = locked(&self.session);
        session.as_ref().map_or_else(Vec::new, |session| {
            vec![
                ("mcp-session-id", session.id.clone()),
                ("mcp-protocol-version", session.version.clone()),
            ]
        })
    }

    /// Says goodbye to the daemon.
    async fn end(&self) {
        for (_, open) in locked(&self.open).drain() {
            open.abort();
        }
        let headers = self.session_headers(&Value::Null);
        if !headers.is_empty() {
            let _ = self.client.delete(headers).await;
        }
    }

    fn fail(&self, id: Option<&RequestId>, failure: &Failure) {
        tracing::warn!("{failure}");
        if id.is_some() {
            self.refuse(id, &ErrorData::internal_error(failure.to_string(), None));
        }
    }

    /// Answers a message that cannot be carried. Without an id the answer carries `null` (JSON-RPC 2.0, section 5).
    fn refuse(&self, id: Option<&RequestId>, error: &ErrorData) {
        self.put(&json!({ "jsonrpc": "2.0", "id": id, "error": error }));
    }

    fn put(&self, message: &Value) {
        let mut line = message.to_string().into_bytes();
        line.push(b'\n');
        let _ = self.outbox.send(line);
    }
}
