//! Sessions, which protocol versions up to 2025-11-25 need.
//!
//! The SDK brings sessions of its own, and its own are not used: they end after five minutes although a stream is open,
//! there may be any number of them, two calls with one id get each other's answers, a client that does not read its
//! stream stops all its calls, and what comes while no stream is open is lost after sixteen messages.
//!
//! # Invariants
//!
//! - An answer goes to the call that asked, whatever ids the client gave.
//! - A session lives while a stream of it is open or a call is being answered, and `session-time` longer.
//! - What the client did not get is kept until it comes for it, one message for each resource.
//! - A session belongs to the token that began it; to any other it does not exist.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{Stream, StreamExt as _};
use rmcp::{
    model::{
        ClientJsonRpcMessage, ClientNotification, ErrorData, GetExtensions as _, JsonRpcMessage,
        ServerJsonRpcMessage,
    },
    transport::{
        common::server_side_http::session_id,
        streamable_http_server::{SessionId, SessionManager, session::ServerSseMessage},
    },
};

use super::{
    limits::Limits,
    session::{STANDALONE, Session, SessionError, SessionTransport},
};
use crate::{mcp::Principal, store::db::locked};

/// A session that was used this recently is not ended to make room for another.
const RECENT: Duration = Duration::from_mins(1);

/// The open sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    open: Mutex<HashMap<SessionId, Arc<Session>>>,
    most: usize,
    idle: Duration,
}

impl Sessions {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            open: Mutex::default(),
            most: limits.sessions,
            idle: limits.session_time,
        }
    }

    /// Reports whether `principal` has the session `id`.
    pub(super) fn belongs(&self, id: &str, principal: &Principal) -> bool {
        let open = locked(&self.open);
        let owner = open.get(id).and_then(|session| session.owner.get());
        owner == Some(principal)
    }

    /// Reports whether the session `id` can go on after the event `last`.
    pub(super) fn can_go_on(&self, id: &str, last: &str) -> bool {
        self.session(id)
            .is_ok_and(|session| session.origin(last).is_ok())
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> usize {
        locked(&self.open).len()
    }

    /// Ends those that are long unused, and those of a principal that may not come in any more. Forgets answers that
    /// nobody came for.
    pub(super) fn tidy(&self, may_come_in: impl Fn(&Principal) -> bool) {
        let mut over = Vec::new();
        locked(&self.open).retain(|_, session| {
            let keep = session.idle() < self.idle && session.owner.get().is_none_or(&may_come_in);
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
        for session in locked(&self.open).values() {
            if let Ok(standalone) = session.mailbox(STANDALONE) {
                standalone.close();
            }
        }
    }

    /// Answers every open call with `error`.
    pub(super) fn abandon(&self, error: &ErrorData) {
        for session in locked(&self.open).values() {
            session.abandon(error);
        }
    }

    /// Makes room for one more session, ending the one longest unused if need be. Reports whether there is room.
    pub(super) fn make_room(&self) -> bool {
        let unused = {
            let mut open = locked(&self.open);
            if open.len() < self.most {
                return true;
            }
            let longest = open.iter().max_by_key(|(_, session)| session.idle());
            let id = longest.filter(|(_, session)| session.idle() > RECENT);
            let id = id.map(|(id, _)| Arc::clone(id));
            id.and_then(|id| open.remove(&id))
        };
        unused.inspect(|session| session.close()).is_some()
    }

    fn session(&self, id: &str) -> Result<Arc<Session>, SessionError> {
        let open = locked(&self.open);
        open.get(id).cloned().ok_or(SessionError::Unknown)
    }
}

impl SessionManager for Sessions {
    type Error = SessionError;
    type Transport = SessionTransport;

    async fn create_session(&self) -> Result<(SessionId, SessionTransport), SessionError> {
        let (session, from_client) = Session::new();
        let id = session_id();
        let mut open = locked(&self.open);
        if open.len() >= self.most {
            return Err(SessionError::Full);
        }
        open.insert(Arc::clone(&id), Arc::clone(&session));
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
        session.is_used();
        Ok(true)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionError> {
        let session = locked(&self.open).remove(id);
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
        let session = self.session(id)?;
        let mailbox = session.call(message)?;
        Ok(session.stream(mailbox, 0))
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
