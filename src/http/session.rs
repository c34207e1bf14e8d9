//! One session: what goes to its server, and what comes from it to which stream.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt as _};
use parking_lot::Mutex;
use rmcp::{
    RoleServer,
    model::{
        ClientJsonRpcMessage, ClientRequest, ErrorData, GetExtensions as _, GetMeta as _,
        JsonRpcError, JsonRpcMessage, ProgressToken, ProtocolVersion, RequestId,
        ServerJsonRpcMessage, ServerNotification, ServerResult,
    },
    service::OriginatingRequestId,
    transport::{Transport, streamable_http_server::session::ServerSseMessage},
};
use tokio::sync::mpsc;

use super::{
    mailbox::{AtEnd, Mailbox},
    unread_limit::Unread,
};
use crate::mcp::Principal;

/// How long the answer to a call is kept for a client whose connection broke before it had it.
const UNREAD_ANSWER: Duration = Duration::from_mins(1);
/// When a client whose stream broke should come again.
const RETRY: Duration = Duration::from_secs(1);
/// The stream of what belongs to no call.
pub(super) const STANDALONE: u64 = 0;
/// From how many mailboxes on, and after how many more than were left, a session looks for those that are of no use.
const SWEEP: usize = 64;

/// One client's session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) owner: OnceLock<Principal>,
    /// `None` once it is closed.
    to_server: Mutex<Option<mpsc::UnboundedSender<ClientJsonRpcMessage>>>,
    /// The version that was agreed to; `None` until it is.
    version: Mutex<Option<ProtocolVersion>>,
    unread: Arc<Unread>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The calls being answered, under the ids the server knows them by.
    calls: HashMap<u64, PendingCall>,
    /// Of the standalone stream, and of each call whose answer the client has not got.
    mailboxes: HashMap<u64, Arc<Mailbox>>,
    /// How many mailboxes there may be before those from which all was given up are thrown away.
    sweep_at: usize,
    last_call: u64,
    streams: usize,
    last_used: Instant,
}

impl State {
    /// Throws the mailboxes away from which all was given up: while they are few beside the others, it does not look.
    fn sweep(&mut self) {
        if self.mailboxes.len() >= self.sweep_at {
            self.mailboxes.retain(|_, mailbox| !mailbox.is_spent());
            self.sweep_at = 2 * self.mailboxes.len() + SWEEP;
        }
    }
}

#[derive(Debug)]
struct PendingCall {
    /// What the client calls it.
    id: RequestId,
    progress: Option<ProgressToken>,
    mailbox: Arc<Mailbox>,
}

/// Why a session does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("no such session")]
    Unknown,
    #[error("not the id of an event of this session")]
    EventId,
}

/// The server's end of a session.
#[derive(Debug)]
pub(super) struct SessionTransport {
    pub(super) session: Arc<Session>,
    pub(super) from_client: mpsc::UnboundedReceiver<ClientJsonRpcMessage>,
}

impl Session {
    pub(super) fn new(
        unread: &Arc<Unread>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<ClientJsonRpcMessage>) {
        let (to_server, from_client) = mpsc::unbounded_channel();
        let standalone = Arc::new(Mailbox::new(STANDALONE, Arc::clone(unread)));
        let session = Self {
            owner: OnceLock::new(),
            to_server: Mutex::new(Some(to_server)),
            version: Mutex::default(),
            unread: Arc::clone(unread),
            state: Mutex::new(State {
                calls: HashMap::new(),
                mailboxes: HashMap::from([(STANDALONE, standalone)]),
                sweep_at: SWEEP,
                last_call: STANDALONE,
                streams: 0,
                last_used: Instant::now(),
            }),
        };
        (Arc::new(session), from_client)
    }

    /// Returns the token of the client.
    pub(super) fn token(&self) -> [u8; 32] {
        self.owner
            .get()
            .map(|owner| owner.token_hash)
            .unwrap_or_default()
    }

    /// Returns the version that was agreed to; `None` until it is.
    pub(super) fn version(&self) -> Option<ProtocolVersion> {
        self.version.lock().clone()
    }

    /// Returns how long nothing has been asked or answered.
    pub(super) fn unused(&self) -> Duration {
        self.state.lock().last_used.elapsed()
    }

    /// Reports whether a stream is open or a call is being answered.
    pub(super) fn is_busy(&self) -> bool {
        let state = self.state.lock();
        state.streams > 0 || !state.calls.is_empty()
    }

    /// Reports whether the client cannot be told any more of something that it asked to be told of.
    pub(super) fn has_lost(&self) -> bool {
        let standalone = self.mailbox(STANDALONE);
        standalone.is_ok_and(|standalone| standalone.has_lost())
    }

    /// A request came for it.
    pub(super) fn touch(&self) {
        self.state.lock().last_used = Instant::now();
    }

    pub(super) fn forget_unread(&self) {
        self.state.lock().mailboxes.retain(|_, mailbox| {
            mailbox
                .closed()
                .is_none_or(|since| since.elapsed() < UNREAD_ANSWER)
        });
    }

    pub(super) fn close(&self) {
        // The server's loop ends when it hears that no more can come.
        drop(self.to_server.lock().take());
        for mailbox in self.state.lock().mailboxes.values() {
            mailbox.close();
        }
    }

    pub(super) fn send(&self, message: ClientJsonRpcMessage) -> Result<(), SessionError> {
        let to_server = self.to_server.lock();
        let to_server = to_server.as_ref().ok_or(SessionError::Unknown)?;
        to_server.send(message).map_err(|_| SessionError::Unknown)
    }

    /// Hands a call on under an id of ours, and returns where its answer will be.
    pub(super) fn call(
        &self,
        mut message: ClientJsonRpcMessage,
    ) -> Result<Arc<Mailbox>, SessionError> {
        let mailbox = {
            let mut state = self.state.lock();
            state.sweep();
            state.last_call += 1;
            let number = state.last_call;
            let mailbox = Arc::new(Mailbox::new(number, Arc::clone(&self.unread)));
            if let JsonRpcMessage::Request(request) = &mut message {
                if let ClientRequest::UnsubscribeRequest(unwanted) = &request.request
                    && let Some(standalone) = state.mailboxes.get(&STANDALONE)
                {
                    standalone.forget(&subject_of(&unwanted.params.uri));
                }
                let ours = RequestId::Number(i64::try_from(number).unwrap_or(i64::MAX));
                let call = PendingCall {
                    id: std::mem::replace(&mut request.id, ours),
                    progress: request.request.get_meta().get_progress_token(),
                    mailbox: Arc::clone(&mailbox),
                };
                state.calls.insert(number, call);
            }
            state.mailboxes.insert(number, Arc::clone(&mailbox));
            mailbox
        };
        self.send(message)?;
        Ok(mailbox)
    }

    /// Takes what the server has to say to where the client hears it.
    fn deliver(&self, mut message: ServerJsonRpcMessage) {
        let mut state = self.state.lock();
        let answered = match &message {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            _ => None,
        };
        if let Some(id) = answered {
            let Some(call) = number(&id).and_then(|number| state.calls.remove(&number)) else {
                return;
            };
            match &mut message {
                JsonRpcMessage::Response(response) => {
                    if let ServerResult::InitializeResult(begun) = &response.result {
                        *self.version.lock() = Some(begun.protocol_version.clone());
                    }
                    response.id = call.id;
                }
                JsonRpcMessage::Error(error) => error.id = Some(call.id),
                _ => {}
            }
            state.last_used = Instant::now();
            call.mailbox.put(message, None, self.token());
            call.mailbox.close();
            return;
        }
        let call = match &message {
            JsonRpcMessage::Request(request) => {
                let origin = request.request.extensions().get::<OriginatingRequestId>();
                origin
                    .and_then(|origin| number(&origin.0))
                    .and_then(|number| state.calls.get(&number))
            }
            JsonRpcMessage::Notification(notification) => match &notification.notification {
                ServerNotification::ProgressNotification(progress) => {
                    let token = &progress.params.progress_token;
                    let mut calls = state.calls.values();
                    calls.find(|call| call.progress.as_ref() == Some(token))
                }
                _ => None,
            },
            _ => None,
        };
        let mailbox = call.map(|call| &call.mailbox);
        if let Some(mailbox) = mailbox.or_else(|| state.mailboxes.get(&STANDALONE)) {
            let subject = subject(&message);
            mailbox.put(message, subject, self.token());
        }
    }

    /// Ends the calls that the client calls `id`: they get no answer. Returns the ids the server knows them by.
    pub(super) fn cancel(&self, id: &RequestId) -> Vec<RequestId> {
        let mut state = self.state.lock();
        let cancelled = state.calls.extract_if(|_, call| call.id == *id);
        cancelled
            .filter_map(|(number, call)| {
                call.mailbox.close();
                Some(RequestId::Number(i64::try_from(number).ok()?))
            })
            .collect()
    }

    /// Answers every open call with `error`.
    pub(super) fn abandon(&self, error: &ErrorData) {
        for (_, call) in self.state.lock().calls.drain() {
            let answer = JsonRpcMessage::Error(JsonRpcError::new(Some(call.id), error.clone()));
            call.mailbox.put(answer, None, self.token());
            call.mailbox.close();
        }
    }

    pub(super) fn mailbox(&self, number: u64) -> Result<Arc<Mailbox>, SessionError> {
        let state = self.state.lock();
        let mailbox = state.mailboxes.get(&number).cloned();
        mailbox.ok_or(SessionError::EventId)
    }

    /// Returns where the event `id` came from, and its number there.
    pub(super) fn origin(&self, id: &str) -> Result<(Arc<Mailbox>, u64), SessionError> {
        let (mailbox, event) = id.split_once('-').ok_or(SessionError::EventId)?;
        let number = |text: &str| text.parse().map_err(|_| SessionError::EventId);
        let (mailbox, event) = (self.mailbox(number(mailbox)?)?, number(event)?);
        if mailbox.can_go_on(event) {
            Ok((mailbox, event))
        } else {
            Err(SessionError::EventId)
        }
    }

    /// Returns a stream of what is in `mailbox` after a number, begun with an id to come again with.
    pub(super) fn stream(
        self: &Arc<Self>,
        mailbox: Arc<Mailbox>,
        after: u64,
    ) -> impl Stream<Item = ServerSseMessage> + Send + Sync + use<> {
        self.state.lock().streams += 1;
        // Later versions begin each stream with an id to come again with.
        let primes = self.version() >= Some(ProtocolVersion::V_2025_11_25);
        let open = OpenStream {
            session: Arc::clone(self),
            number: mailbox.number(),
            can_come_again: primes,
        };
        let first =
            primes.then(|| ServerSseMessage::priming(format!("{}-{after}", open.number), RETRY));
        futures::stream::iter(first).chain(mailbox.read(after, open))
    }
}

fn number(id: &RequestId) -> Option<u64> {
    match id {
        RequestId::Number(number) => u64::try_from(*number).ok(),
        RequestId::String(_) => None,
    }
}

/// Returns the subject of news of a resource.
fn subject_of(uri: &str) -> String {
    format!("updated {uri}")
}

/// Returns what a notification is about, if the latest about it says all that the earlier ones said.
fn subject(message: &ServerJsonRpcMessage) -> Option<String> {
    let JsonRpcMessage::Notification(notification) = message else {
        return None;
    };
    match &notification.notification {
        ServerNotification::ResourceUpdatedNotification(updated) => {
            Some(subject_of(&updated.params.uri))
        }
        ServerNotification::ResourceListChangedNotification(_) => Some("resources".to_owned()),
        ServerNotification::ToolListChangedNotification(_) => Some("tools".to_owned()),
        ServerNotification::PromptListChangedNotification(_) => Some("prompts".to_owned()),
        _ => None,
    }
}

/// Counts as an open stream of a session until it is dropped.
struct OpenStream {
    session: Arc<Session>,
    number: u64,
    /// Whether the client was told an id to come again with.
    can_come_again: bool,
}

impl AtEnd for OpenStream {
    fn carries(&mut self) {
        self.can_come_again = true;
    }

    fn at_end(&mut self) {
        // Nothing more will come, and all was carried.
        self.can_come_again = false;
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut state = self.session.state.lock();
        state.streams -= 1;
        state.last_used = Instant::now();
        if self.number != STANDALONE && !self.can_come_again {
            let unwanted = state.mailboxes.remove(&self.number);
            drop(state);
            drop(unwanted);
        }
    }
}

impl Transport<RoleServer> for SessionTransport {
    type Error = SessionError;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), SessionError>> + Send + 'static {
        self.session.deliver(message);
        std::future::ready(Ok(()))
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        self.from_client.recv().await
    }

    async fn close(&mut self) -> Result<(), SessionError> {
        self.session.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::{EmptyResult, PingRequest};

    use super::*;

    #[test]
    fn a_call_whose_answer_was_given_up_leaves_nothing() {
        let (session, _from_client) = Session::new(&Unread::new(1_000));
        for _ in 0..10 * SWEEP {
            let ping = ClientRequest::PingRequest(PingRequest::default());
            let ping = JsonRpcMessage::request(ping, RequestId::Number(7));
            let id =
                RequestId::Number(i64::try_from(session.call(ping).unwrap().number()).unwrap());
            let answer = ServerResult::EmptyResult(EmptyResult {});
            session.deliver(JsonRpcMessage::response(answer, id));
        }
        assert!(session.state.lock().mailboxes.len() <= 2 * SWEEP);
    }
}
