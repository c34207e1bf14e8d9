//! MCP over standard input and output: one JSON-RPC message a line.
//!
//! The SDK's own line transport leaves a client waiting for ever in several cases. This one answers every line that is
//! not blank and asks for an answer, bad ones too.
//!
//! # Invariants
//!
//! - Nothing but the protocol is written to the output, whole lines at a time.
//! - Every request is answered, in the worst case with an error, before the end of a session; and the session ends
//!   when the input does.
//! - What is held in memory for one line is bounded by `MAX_LINE` of `jsonrpc::lines`.

use std::{
    collections::{HashSet, VecDeque},
    io,
    time::Duration,
};

use rmcp::{
    RoleServer,
    model::{
        ClientJsonRpcMessage, ClientNotification, ErrorCode, ErrorData, JsonRpcMessage, RequestId,
        ServerJsonRpcMessage, ServerResult,
    },
    service::serve_server_with_ct,
    transport::Transport,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader},
    sync::mpsc,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::when::Zone,
    jsonrpc::{
        batch::{self, Batches},
        lines::{Line, Lines, MAX_LINE, write_lines},
        message::{self, Incoming},
        refusal::refusal,
    },
    mcp::Server,
    store::db::Db,
};

mod parent;
mod streams;

pub(crate) use streams::open;

/// How long the end of a session waits for answers still to come, and then for a client that does not read them.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of that is kept for the answers of calls that wait for a lock of another process: that they were not made.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The input ended, or `stop` was cancelled; every answer was written.
    Done,
    /// The client closed the output, or did not read it.
    Unread,
}

/// Serves one client on the standard streams until it hangs up or `stop` is cancelled.
pub async fn serve(db: &Db, zone: Zone, stop: CancellationToken) -> io::Result<End> {
    let (input, output) = open()?;
    Ok(serve_on(db, zone, input, output, stop).await)
}

/// As [`serve`], on any pair of streams. Where calls still wait at the end, `db` gives up.
pub async fn serve_on(
    db: &Db,
    zone: Zone,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
    stop: CancellationToken,
) -> End {
    // Cancelled when no more input comes, so that open subscriptions end and the session can.
    let ended = CancellationToken::new();
    // Cancelled when the output is gone: nobody is left to serve.
    let unread = CancellationToken::new();
    let (outbox, written) = mpsc::unbounded_channel();
    let writer = tokio::spawn(write_lines(output, written, unread.clone()));
    let transport = StdioTransport {
        lines: Lines::new(BufReader::with_capacity(64 * 1024, input), MAX_LINE),
        outbox: Some(outbox),
        db: db.clone(),
        in_flight: HashSet::new(),
        batches: Batches::default(),
        unpacked: VecDeque::new(),
        begun: false,
        stop,
        end: None,
        ended: ended.clone(),
    };
    let server = Server::new(db, zone, ended);
    match serve_server_with_ct(server, transport, unread.clone()).await {
        Ok(session) => drop(session.waiting().await),
        // The input ended before a session began: nothing was asked, or all of it was answered.
        Err(error) => tracing::debug!("no session: {error}"),
    }
    // The transport is gone, and with it the queue's other end: the writer stops when it has written all.
    let written = tokio::time::timeout(PATIENCE, writer).await.is_ok();
    if !written || unread.is_cancelled() {
        End::Unread
    } else {
        End::Done
    }
}

/// The SDK's view of the two streams.
struct StdioTransport<R> {
    lines: Lines<BufReader<R>>,
    outbox: Option<mpsc::UnboundedSender<Vec<u8>>>,
    db: Db,
    /// Requests that wait for their answer.
    in_flight: HashSet<RequestId>,
    batches: Batches,
    /// Messages of a batch that are still to be served.
    unpacked: VecDeque<Incoming>,
    /// Whether a request has begun the session. Before that the SDK takes a notification for a fatal error.
    begun: bool,
    stop: CancellationToken,
    /// After the end of the input: how long answers are waited for.
    end: Option<Instant>,
    ended: CancellationToken,
}

/// The output is closed.
#[derive(Debug, thiserror::Error)]
#[error("the client has closed the output")]
struct Closed;

impl<R: AsyncRead + Send + Unpin + 'static> Transport<RoleServer> for StdioTransport<R> {
    type Error = Closed;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Closed>> + Send + 'static {
        let answered = match &message {
            JsonRpcMessage::Response(response) => {
                if let ServerResult::InitializeResult(begun) = &response.result {
                    self.batches.agreed(begun.protocol_version.clone());
                }
                Some(&response.id)
            }
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            _ => None,
        };
        // Queued at once, so that what is sent first is written first.
        std::future::ready(self.say(answered, &message))
    }

    /// The end of the input is held back while requests wait for their answers. Once the SDK knows of it, it sends
    /// no more notifications, and a handler that is sending one never gets to its answer.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        if self.end.is_none() {
            let stop = self.stop.clone();
            let received = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                received = self.next() => received,
            };
            if received.is_some() {
                return received;
            }
            self.ended.cancel();
            self.refuse_unpacked();
            self.end = Some(Instant::now() + PATIENCE);
        }
        // The SDK asks again after each answer it sends.
        if let Some(end) = self.end
            && !self.in_flight.is_empty()
        {
            tokio::time::sleep_until(end - LAST_WORDS).await;
            self.db.give_up();
            tokio::time::sleep_until(end).await;
        }
        None
    }

    async fn close(&mut self) -> Result<(), Closed> {
        for answers in self.batches.rest() {
            let _ = self.write(answers);
        }
        self.outbox = None;
        Ok(())
    }
}

impl<R: AsyncRead + Send + Unpin + 'static> StdioTransport<R> {
    /// Returns the next message for the SDK, answering what never reaches it. `None` at the end of the input.
    async fn next(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Some(incoming) = self.unpacked.pop_front() {
                match self.pass_on(incoming) {
                    Some(message) => return Some(message),
                    None => continue,
                }
            }
            let incoming = match self.lines.next().await {
                Ok(Some(Line::Whole(line))) => message::read(line),
                Ok(Some(Line::TooLong(id))) => Incoming::Refused(
                    id,
                    refusal(
                        ErrorCode::INVALID_REQUEST,
                        format!("the message is longer than {MAX_LINE} bytes"),
                    ),
                ),
                Ok(None) => return None,
                Err(error) => {
                    tracing::debug!("cannot read the input: {error}");
                    return None;
                }
            };
            match incoming {
                Incoming::Batch(messages) => self.unpack(&messages),
                Incoming::Request(id, _) if !self.in_flight.insert(id.clone()) => {
                    let reason = format!("a request with the id {id} is still being served");
                    self.refuse(Some(&id), &refusal(ErrorCode::INVALID_REQUEST, reason));
                }
                incoming => {
                    if let Some(message) = self.pass_on(incoming) {
                        return Some(message);
                    }
                }
            }
        }
    }

    /// Lets the messages of a batch be served one after another.
    fn unpack(&mut self, messages: &[Vec<u8>]) {
        let in_flight = &mut self.in_flight;
        match self
            .batches
            .begin(messages, |id| in_flight.insert(id.clone()))
        {
            Ok(begun) => {
                self.unpacked
                    .extend(begun.messages.into_iter().map(|(incoming, _)| incoming));
                if let Some(answer) = begun.answer {
                    let _ = self.write(answer);
                }
            }
            Err(error) => self.refuse(None, &error),
        }
    }

    /// Answers what is left of a batch when the session is to end.
    fn refuse_unpacked(&mut self) {
        let reason = "taskhold is shutting down; the call was not made";
        let error = refusal(ErrorCode::INTERNAL_ERROR, reason);
        for incoming in std::mem::take(&mut self.unpacked) {
            if let Incoming::Request(id, _) = incoming {
                let _ = self.answer(&id, batch::refused(Some(&id), &error));
            }
        }
    }

    /// Returns what the SDK is told of a message, answering one that cannot be served.
    fn pass_on(&mut self, incoming: Incoming) -> Option<ClientJsonRpcMessage> {
        match incoming {
            Incoming::Request(id, request) => {
                self.begun |= message::begins_session(&request);
                self.batches.asked(&request);
                Some(JsonRpcMessage::request(*request, id))
            }
            Incoming::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.in_flight.remove(id);
                    if let Some(answers) = self.batches.give_up(id) {
                        let _ = self.write(answers);
                    }
                }
                self.begun
                    .then(|| JsonRpcMessage::notification(notification))
            }
            Incoming::Refused(id, error) => {
                self.refuse(id.as_ref(), &error);
                None
            }
            Incoming::Batch(_) | Incoming::Ignored => None,
        }
    }

    /// Answers a line that cannot be served.
    fn refuse(&self, id: Option<&RequestId>, error: &ErrorData) {
        let _ = self.write(batch::refused(id, error));
    }

    fn say(
        &mut self,
        answered: Option<&RequestId>,
        message: &ServerJsonRpcMessage,
    ) -> Result<(), Closed> {
        let text = serde_json::to_vec(message).map_err(|_| Closed)?;
        match answered {
            Some(id) => self.answer(id, text),
            None => self.write(text),
        }
    }

    /// Writes the answer to a request, or keeps it until the batch is whole that it belongs to.
    fn answer(&mut self, id: &RequestId, text: Vec<u8>) -> Result<(), Closed> {
        self.in_flight.remove(id);
        let text = self.batches.give(id, text);
        text.map_or(Ok(()), |text| self.write(text))
    }

    fn write(&self, mut line: Vec<u8>) -> Result<(), Closed> {
        line.push(b'\n');
        let outbox = self.outbox.as_ref().ok_or(Closed)?;
        outbox.send(line).map_err(|_| Closed)
    }
}
