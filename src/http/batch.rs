//! A batch of messages in one request, as protocol version 2025-03-26 has them.

use std::sync::Arc;

use futures::StreamExt as _;
use http::StatusCode;
use rmcp::{
    model::{ClientRequest, ErrorCode, GetExtensions as _, JsonRpcMessage, RequestId},
    transport::streamable_http_server::SessionManager as _,
};
use tokio_util::sync::CancellationToken;

use super::{
    answer::{self, Answer},
    read_turns::{Turns, is_read},
    sessions::Sessions,
    token_shares::Share,
};
use crate::{
    jsonrpc::{batch, message::Incoming, refusal::refusal},
    mcp::Principal,
};

/// What the messages of a batch are served with.
pub(super) struct Batch<'a> {
    pub(super) sessions: &'a Sessions,
    pub(super) session: &'a str,
    pub(super) principal: &'a Principal,
    pub(super) turns: &'a Turns,
    /// It counts as one call.
    pub(super) share: Option<&'a Arc<Share>>,
    /// Cancelled when no more calls are begun.
    pub(super) abandoned: &'a CancellationToken,
}

impl Batch<'_> {
    /// Serves the messages one after another, and answers them together.
    pub(super) async fn serve(self, messages: &[Vec<u8>]) -> Answer {
        let version = self.sessions.version(self.session);
        if let Err(error) = batch::check(messages, version.as_ref()) {
            return answer::rpc_error(StatusCode::BAD_REQUEST, None, &error);
        }
        let mut answers = Vec::new();
        for message in messages {
            match batch::read(message).0 {
                Incoming::Request(id, request) => answers.extend(self.call(id, *request).await),
                Incoming::Refused(id, error) => answers.push(batch::refused(id.as_ref(), &error)),
                Incoming::Notification(notification) => {
                    let notification = JsonRpcMessage::notification(notification);
                    let session = Arc::from(self.session);
                    // The session may have ended since; nobody waits to hear of it.
                    let _ = self.sessions.accept_message(&session, notification).await;
                }
                Incoming::Batch(_) | Incoming::Ignored => {}
            }
        }
        if answers.is_empty() {
            return answer::accepted();
        }
        let body = batch::joined(&answers);
        answer::text(StatusCode::OK, "application/json", body)
    }

    /// Makes a call, and returns its answer; `None` if it was cancelled.
    async fn call(&self, id: RequestId, mut request: ClientRequest) -> Option<Vec<u8>> {
        let failed = |reason: &str| {
            let error = refusal(ErrorCode::INTERNAL_ERROR, reason);
            Some(batch::refused(Some(&id), &error))
        };
        let turn = async {
            if is_read(&request) {
                Some(self.turns.wait(self.principal).await)
            } else {
                None
            }
        };
        let Some(turn) = self.abandoned.run_until_cancelled(turn).await else {
            return failed("taskhold is shutting down; the call was not made");
        };
        let extensions = request.extensions_mut();
        extensions.insert(self.principal.clone());
        if let Some(share) = self.share {
            extensions.insert(Arc::clone(share));
        }
        if let Some(turn) = turn {
            extensions.insert(turn);
        }
        let call = JsonRpcMessage::request(request, id.clone());
        let Ok(events) = self.sessions.call(self.session, call) else {
            return failed("the session has ended; the call was not made");
        };
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            if let Some(message) = event.message
                && let JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) = &*message
            {
                return serde_json::to_vec(&*message).ok();
            }
        }
        None
    }
}
