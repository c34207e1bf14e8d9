//! Sessions, which protocol versions up to 2025-11-25 need.
//!
//! The SDK brings sessions of its own, and its own are not used: they end after five minutes although a stream is open,
//! there may be any number of them, two calls with one id get each other's answers, a client that does not read its
//! stream stops all its calls, and what comes while no stream is open is lost after sixteen messages.
//!
//! # Invariants
//!
//! - An answer goes to the call that asked, whatever ids the client gave.
//! - A session lives while a stream of it is open or a call is being answered, and `session-time` longer, unless it has
//!   to make room for another.
//! - What the client did not get is kept until it comes for it, one message for each resource. Where that is too much,
//!   the session ends: a client that begins anew and reads again has missed nothing.
//! - No token's session makes room for one of a token that has more.
//! - A session belongs to the token that began it; to any other it does not exist.

use std::{cmp::Reverse, collections::HashMap, sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _};
use parking_lot::Mutex;
use rmcp::{
    model::{
        ClientJsonRpcMessage, ClientNotification, ErrorData, GetExtensions as _, JsonRpcMessage,
        ProtocolVersion, ServerJsonRpcMessage,
    },
    transport::{
        common::server_side_http::session_id,
        streamable_http_server::{SessionId, SessionManager, session::ServerSseMessage},
    },
};

use super::{
    limits::Limits,
    session::{STANDALONE, Session, SessionError, SessionTransport},
    unread_limit::Unread,
};
use crate::mcp::Principal;

/// The open sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    open: Mutex<HashMap<SessionId, Arc<Session>>>,
    most: usize,
    idle: Duration,
    unread: Arc<Unread>,
}

impl Sessions {
    pub(super) fn new(limits: &Limits, unread: Arc<Unread>) -> Self {
        Self {
            open: Mutex::default(),
            most: limits.sessions,
            idle: limits.session_time,
            unread,
        }
    }

    /// Reports whether `principal` has the session `id`.
    pub(super) fn belongs(&self, id: &str, principal: &Principal) -> bool {
        let open = self.open.lock();
        let owner = open.get(id).and_then(|session| session.owner.get());
        owner == Some(principal)
    }

    /// Returns the version that was agreed to in the session `id`.
    pub(super) fn version(&self, id: &str) -> Option<ProtocolVersion> {
        self.session(id).ok()?.version()
    }

    /// Reports whether the session `id` can go on after the event `last`.
    pub(super) fn can_go_on(&self, id: &str, last: &str) -> bool {
        self.session(id)
            .is_ok_and(|session| session.origin(last).is_ok())
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> usize {
        self.open.lock().len()
    }

    /// Ends those that are long unused, those that have lost a message, and those of a principal that may not come in
    /// any more. Forgets answers that nobody came for.
    pub(super) fn tidy(&self, may_come_in: impl Fn(&Principal) -> bool) {
        let mut over = Vec::new();
        self.open.lock().retain(|_, session| {
            let is_wanted = session.is_busy() || session.unused() < self.idle;
            let keep =
                is_wanted && !session.has_lost() && session.owner.get().is_none_or(&may_come_in);
            if keep {
                session.forget_unread();
            } else {
                over.push(Arc::clone(session));
            }
            keep
        });
        for session in over {
            session.close();
        }
    }

    /// Ends the streams that belong to no call.
    pub(super) fn end_streams(&self) {
        for session in self.open.lock().values() {
            if let Ok(standalone) = session.mailbox(STANDALONE) {
                standalone.close();
            }
        }
    }

    /// Answers every open call with `error`.
    pub(super) fn abandon(&self, error: &ErrorData) {
        for session in self.open.lock().values() {
            session.abandon(error);
        }
    }

    /// Makes room for one more session of `newcomer`, ending another if need be. Reports whether there is room.
    pub(super) fn make_room(&self, newcomer: &Principal) -> bool {
        let mut ended = Vec::new();
        let has_room = {
            let mut open = self.open.lock();
            loop {
                if open.len() < self.most {
                    break true;
                }
                let Some(id) = next_to_go(&open, newcomer.token_hash) else {
                    break false;
                };
                ended.extend(open.remove(&id));
            }
        };
        for session in ended {
            session.close();
        }
        has_room
    }

    /// Hands a call on to the session `id`, and returns the stream of its answer.
    pub(super) fn call(
        &self,
        id: &str,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + use<>, SessionError> {
        let session = self.session(id)?;
        session.touch();
        let mailbox = session.call(message)?;
        Ok(session.stream(mailbox, 0))
    }

    fn session(&self, id: &str) -> Result<Arc<Session>, SessionError> {
        let open = self.open.lock();
        open.get(id).cloned().ok_or(SessionError::Unknown)
    }
}

/// Returns the session that makes room for one of `token`; `None` if there is none.
///
/// It is one that is not busy, of the token itself or of one that has more: of the one with the most, the longest
/// unused. Where all of them are busy, it is one of a token that has more even when the newcomer is counted.
fn next_to_go(open: &HashMap<SessionId, Arc<Session>>, token: [u8; 32]) -> Option<SessionId> {
    let mut held: HashMap<[u8; 32], usize> = HashMap::new();
    for session in open.values() {
        *held.entry(session.token()).or_default() += 1;
    }
    let own = held.get(&token).copied().unwrap_or_default();
    open.iter()
        .filter_map(|(id, session)| {
            let (theirs, is_busy) = (held[&session.token()], session.is_busy());
            let can_go = if is_busy {
                theirs > own + 1
            } else {
                theirs > own || session.token() == token
            };
            can_go.then(|| (Reverse(is_busy), theirs, session.unused(), id))
        })
        .max()
        .map(|(.., id)| Arc::clone(id))
}

impl SessionManager for Sessions {
    type Error = SessionError;
    type Transport = SessionTransport;

    async fn create_session(&self) -> Result<(SessionId, SessionTransport), SessionError> {
        let (session, from_client) = Session::new(&self.unread);
        let id = session_id();
        // There was room. Should others have taken it since, the next one that comes finds too many, and ends them.
        self.open
            .lock()
            .insert(Arc::clone(&id), Arc::clone(&session));
        let transport = SessionTransport {
            session,
            from_client,
        };
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        mut message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionError> {
        let session = self.session(id)?;
        if let JsonRpcMessage::Request(request) = &mut message {
            let head = request.request.extensions().get::<http::request::Parts>();
            let owner = head.and_then(|head| head.extensions.get::<Principal>());
            let _ = session.owner.set(owner.cloned().unwrap_or_default());
        }
        let mailbox = session.call(message)?;
        let stream = session.stream(mailbox, 0);
        let mut stream = std::pin::pin!(stream);
        while let Some(event) = stream.next().await {
            if let Some(message) = event.message {
                stream.next().await;
                return Ok(Arc::unwrap_or_clone(message));
            }
        }
        Err(SessionError::Unknown)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionError> {
        let Ok(session) = self.session(id) else {
            return Ok(false);
        };
        session.touch();
        Ok(true)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionError> {
        let session = self.open.lock().remove(id);
        if let Some(session) = session {
            session.close();
        }
        Ok(())
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        self.call(id, message)
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), SessionError> {
        let session = self.session(id)?;
        if let JsonRpcMessage::Notification(notification) = &message
            && let ClientNotification::CancelledNotification(cancelled) = &notification.notification
            && let Some(theirs) = &cancelled.params.request_id
        {
            for ours in session.cancel(theirs) {
                let mut cancelled = cancelled.clone();
                cancelled.params.request_id = Some(ours);
                let cancelled = ClientNotification::CancelledNotification(cancelled);
                session.send(JsonRpcMessage::notification(cancelled))?;
            }
            return Ok(());
        }
        session.send(message)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        let session = self.session(id)?;
        let mailbox = session.mailbox(STANDALONE)?;
        Ok(session.stream(mailbox, 0))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        let session = self.session(id)?;
        let (mailbox, after) = session.origin(&last_event_id)?;
        Ok(session.stream(mailbox, after))
    }
}
