//! A stdio host on one side, the daemon on the other: `taskhold mcp --connect URL`.
//!
//! | file | what it holds |
//! |---|---|
//! | `target` | where the daemon is, and the way there |
//! | `answers` | writes messages and refusals to the host, and the answers of a batch in their order |
//! | `client` | one request to the daemon, and its answer as it comes |
//! | `events` | a stream of events, read |
//! | `ask` | a question to the daemon beside the protocol |
//!
//! # Invariants
//!
//! - Calls are made one after another, in the order the host sent them: over HTTP two at once could change places.
//! - Every request of the host is answered, in the worst case with what is wrong with the daemon.
//! - It ends when the host hangs up, whatever the daemon does; and at once when it is asked to.
//! - Nothing is sent in clear to another machine, and nothing at all to another user's socket.
//! - A session that the daemon has lost, as by a restart, is begun again with all it had subscribed to.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use rmcp::model::{ClientNotification, ClientRequest, ErrorCode, ProtocolVersion, RequestId};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    jsonrpc::{
        batch::Batches,
        lines::{Line, Lines, MAX_LINE, write_lines},
        message::{self, Incoming},
        refusal::refusal,
    },
    stdio,
};

mod answers;
mod ask;
mod client;
mod events;
mod failure;
mod target;

pub use ask::AskError;
pub use target::{Target, TargetError};

pub use crate::remote::TrustError;

use client::{Client, SESSION};
use failure::Failure;

/// How long to wait before a stream that broke is opened again.
const AGAIN: Duration = Duration::from_secs(1);
/// After the end of the input: how long the daemon may take for its next answer, and the host to read the last. Hosts
/// wait as long before they end a server by force.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long what is only polite may take.
const GOODBYE: Duration = Duration::from_millis(300);

/// Names a subscription in what is said of it (specification 2026-07-28, subscriptions).
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

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
    let over = stop.child_token();
    let writer = tokio::spawn(write_lines(output, written, over.clone()));
    let (calls, queue) = mpsc::unbounded_channel();
    let bridge = Arc::new(Bridge {
        client: Client::new(target),
        outbox,
        session: Mutex::default(),
        open: Mutex::default(),
        batches: Mutex::default(),
        beginning: tokio::sync::Mutex::default(),
        ended: CancellationToken::new(),
        over: over.clone(),
    });
    let calling = tokio::spawn(Arc::clone(&bridge).make_calls(queue));
    let reading = bridge.read(input, &calls);
    let _ = over.run_until_cancelled(reading).await;
    // What was asked is answered before the end.
    drop(calls);
    bridge.ended.cancel();
    let _ = calling.await;
    bridge.end().await;
    drop(bridge);
    let patience = if over.is_cancelled() {
        GOODBYE
    } else {
        PATIENCE
    };
    tokio::select! {
        _ = tokio::time::timeout(patience, writer) => {}
        () = stop.cancelled(), if !over.is_cancelled() => {}
    }
}

struct Bridge {
    client: Client,
    outbox: mpsc::UnboundedSender<Vec<u8>>,
    session: Mutex<Option<Session>>,
    /// What can be ended before its end: calls by their id, and the session's stream under none.
    open: Mutex<HashMap<Option<RequestId>, JoinHandle<()>>>,
    batches: Mutex<Batches>,
    /// Held while a session is begun again, which is done once however many notice.
    beginning: tokio::sync::Mutex<()>,
    /// Cancelled when the host has hung up: the daemon has `PATIENCE` for each answer from then on.
    ended: CancellationToken,
    /// Cancelled when no call is worth waiting for any more.
    over: CancellationToken,
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
struct QueuedMessage {
    /// `None` for a notification.
    id: Option<RequestId>,
    message: Value,
}

impl Bridge {
    /// Reads what the host sends, until it ends.
    async fn read(
        self: &Arc<Self>,
        input: impl AsyncRead + Unpin,
        calls: &mpsc::UnboundedSender<QueuedMessage>,
    ) {
        let mut lines = Lines::new(BufReader::new(input), MAX_LINE);
        loop {
            let (incoming, text) = match lines.next().await {
                Ok(Some(Line::Whole(line))) => message::read_text(line),
                Ok(Some(Line::TooLong(id))) => {
                    let reason = format!("the message is longer than {MAX_LINE} bytes");
                    self.refuse(id.as_ref(), &refusal(ErrorCode::INVALID_REQUEST, reason));
                    continue;
                }
                Ok(None) | Err(_) => return,
            };
            match incoming {
                Incoming::Batch(messages) => self.unpack(&messages, calls),
                incoming => self.pass_on(incoming, &text, calls),
            }
        }
    }

    /// Makes the calls of a batch one after another, and has their answers kept until all are there.
    fn unpack(
        self: &Arc<Self>,
        messages: &[Vec<u8>],
        calls: &mpsc::UnboundedSender<QueuedMessage>,
    ) {
        let begun = self.batches.lock().begin(messages, |_| true);
        match begun {
            Ok(begun) => {
                for (incoming, text) in begun.messages {
                    self.pass_on(incoming, &text, calls);
                }
                if let Some(answer) = begun.answer {
                    self.write(answer);
                }
            }
            Err(error) => self.refuse(None, &error),
        }
    }

    /// Passes a message of the host on to where it is served.
    fn pass_on(
        self: &Arc<Self>,
        incoming: Incoming,
        text: &[u8],
        calls: &mpsc::UnboundedSender<QueuedMessage>,
    ) {
        let message = || serde_json::from_slice(text).unwrap_or_default();
        match incoming {
            Incoming::Request(id, request) => {
                self.batches.lock().asked(&request);
                let call = QueuedMessage {
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
                let _ = calls.send(QueuedMessage {
                    id: None,
                    message: message(),
                });
            }
            Incoming::Refused(id, error) => self.refuse(id.as_ref(), &error),
            Incoming::Batch(_) => {}
        }
    }

    /// Makes the calls, one after another.
    async fn make_calls(self: Arc<Self>, mut queue: mpsc::UnboundedReceiver<QueuedMessage>) {
        while let Some(call) = queue.recv().await {
            let late = async {
                self.ended.cancelled().await;
                tokio::time::sleep(PATIENCE).await;
            };
            let failure = if self.over.is_cancelled() {
                Some(Failure::Unmade)
            } else {
                tokio::select! {
                    made = self.call(&call) => made.err(),
                    () = self.over.cancelled() => Some(Failure::Late),
                    () = late => {
                        self.over.cancel();
                        Some(Failure::Late)
                    }
                }
            };
            if let Some(failure) = failure {
                self.fail(call.id.as_ref(), &failure);
            } else if let Some(id) = &call.id {
                // What was answered is not awaited; of what was not, nothing comes any more.
                let batch = self.batches.lock().give_up(id);
                if let Some(answers) = batch {
                    self.write(answers);
                }
            }
        }
    }

    async fn call(self: &Arc<Self>, call: &QueuedMessage) -> Result<(), Failure> {
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
                    &mut *self.session.lock(),
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
        if let Ok(version) =
            ProtocolVersion::deserialize(&event.message["result"]["protocolVersion"])
        {
            self.batches.lock().agreed(version);
        }
        if let (Some(id), Some(version)) = (id, version) {
            *self.session.lock() = Some(Session {
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
        let lost = self.session.lock().clone().ok_or(Failure::NoSession)?;
        let _alone = self.beginning.lock().await;
        if self
            .session
            .lock()
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
        if let Some(session) = &mut *self.session.lock() {
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
        if let Some(earlier) = self.open.lock().insert(None, hearing)
            && !earlier.is_finished()
        {
            earlier.abort();
        }
    }

    /// Serves `subscriptions/listen`, which goes on beside the calls.
    fn listen(self: &Arc<Self>, call: QueuedMessage) {
        let (bridge, id) = (Arc::clone(self), call.id.clone());
        let listening = tokio::spawn(async move {
            let heard = bridge.hear_out(&call).await;
            if bridge.open.lock().remove(&call.id).is_some() {
                let failure = heard.err().unwrap_or(Failure::CutOff);
                bridge.fail(call.id.as_ref(), &failure);
            }
        });
        self.open.lock().insert(id, listening);
    }

    /// Hands on what is said of a subscription, up to the daemon's last word unless another was said already.
    async fn hear_out(&self, call: &QueuedMessage) -> Result<(), Failure> {
        let headers = self.session_headers(&call.message);
        let mut answer = self.client.post(&call.message, headers).await?;
        while let Some(event) = answer.next().await? {
            if event.message.is_null() {
                continue;
            }
            let is_last = event.message.get("method").is_none();
            if is_last && self.open.lock().remove(&call.id).is_none() {
                break;
            }
            self.put(&event.message);
        }
        Ok(())
    }

    /// Ends a subscription, which is done by hanging up. Reports whether `id` was one.
    fn cancel(&self, id: Option<&RequestId>) -> bool {
        let Some(id) = id else { return false };
        let listening = self.open.lock().remove(&Some(id.clone()));
        listening.inspect(JoinHandle::abort).is_some()
    }

    fn session_headers(&self, message: &Value) -> Vec<(&'static str, String)> {
        if client::is_modern(message) {
            return Vec::new();
        }
        let session = self.session.lock();
        session.as_ref().map_or_else(Vec::new, |session| {
            vec![
                (SESSION, session.id.clone()),
                ("mcp-protocol-version", session.version.clone()),
            ]
        })
    }

    /// Ends what is open, and says goodbye to the daemon.
    async fn end(&self) {
        let open: Vec<_> = self.open.lock().drain().collect();
        for (id, open) in open {
            open.abort();
            if let Some(id) = id {
                let result = json!({ "resultType": "complete", "_meta": { SUBSCRIPTION: id } });
                self.put(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
            }
        }
        for answers in self.batches.lock().rest() {
            self.write(answers);
        }
        let headers = self.session_headers(&Value::Null);
        if !headers.is_empty() {
            let _ = tokio::time::timeout(GOODBYE, self.client.delete(headers)).await;
        }
    }
}
