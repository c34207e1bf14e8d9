//! What a client posts: read within bounds, parsed, and turned away where it cannot be served.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use hyper::body::Incoming as IncomingBody;
use rmcp::{
    ServerHandler,
    model::{ClientRequest, ErrorCode, RequestId},
};

use super::{
    super::{
        accept::Accepts,
        access_log::AccessRecord,
        answer::{self, Answer},
        body,
        headers::is_gone,
    },
    App,
};
use crate::{
    jsonrpc::message::{self, Incoming},
    mcp::{self, Principal},
};

/// What a client posted.
pub(super) enum Posted {
    /// A message, as the SDK can read it, and the request in it, if it is one.
    Message(Option<(RequestId, Box<ClientRequest>)>, Bytes),
    /// The messages of a batch.
    Batch(Vec<Vec<u8>>),
}

impl Posted {
    /// Reports whether it asks to begin a session.
    pub(super) fn begins_session(&self) -> bool {
        matches!(self, Self::Message(Some((_, request)), _) if matches!(**request, ClientRequest::InitializeRequest(_)))
    }
}

impl<H: ServerHandler + Send + 'static> App<H> {
    /// Reads and checks the message of a POST.
    pub(super) async fn message(
        &self,
        headers: &HeaderMap,
        body: IncomingBody,
        accepts: Accepts,
        principal: &Principal,
        told: &mut AccessRecord,
    ) -> Result<Posted, Answer> {
        let media_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next());
        if !media_type.is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json")) {
            let reason = "the body must be JSON: send the header Content-Type: application/json";
            return Err(answer::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
        }
        let share = self.calls.take(principal).ok_or_else(|| {
            let most = self.limits.calls;
            let reason = format!("too many calls at once; the limit calls is {most}");
            answer::busy(StatusCode::SERVICE_UNAVAILABLE, &reason, 1)
        })?;
        told.share = Some(Arc::new(share));
        let body = body::whole(headers, body, &self.limits).await?;
        told.connection.request_received();
        let (incoming, text) = message::read_text(&body);
        let mut asked = None;
        match incoming {
            // The SDK says that there is no such method, which is more to the point than what is wrong with it.
            Incoming::Refused(..) if is_gone(headers) => told.call = Some(("other", "")),
            Incoming::Refused(id, error) => {
                // What cannot be a message is a bad request; one with bad parameters is answered like any other.
                let status = match error.code {
                    ErrorCode::PARSE_ERROR | ErrorCode::INVALID_REQUEST => StatusCode::BAD_REQUEST,
                    _ => StatusCode::OK,
                };
                return Err(answer::rpc_error(status, id.as_ref(), &error));
            }
            Incoming::Request(id, request) => {
                let method = request.method();
                let method = message::METHODS.into_iter().find(|known| *known == method);
                let tool = match &*request {
                    ClientRequest::CallToolRequest(call) => mcp::tool_name(&call.params.name),
                    _ => Some(""),
                };
                told.call = Some((method.unwrap_or("other"), tool.unwrap_or("other")));
                match &*request {
                    ClientRequest::InitializeRequest(_) if !self.sessions.make_room(principal) => {
                        let most = self.limits.sessions;
                        let reason = format!("too many sessions; the limit sessions is {most}");
                        return Err(answer::busy(StatusCode::SERVICE_UNAVAILABLE, &reason, 60));
                    }
                    ClientRequest::SubscriptionsListenRequest(_) if !accepts.events => {
                        let reason = "a subscription is answered by a stream of events: send the header Accept: text/event-stream";
                        return Err(answer::error(StatusCode::NOT_ACCEPTABLE, reason));
                    }
                    ClientRequest::SubscriptionsListenRequest(_) => {
                        self.listen(principal, told)?;
                        // It stays open, and does no work while it does.
                        told.share = None;
                    }
                    _ => {}
                }
                asked = Some((id, request));
            }
            Incoming::Batch(messages) => {
                told.call = Some(("batch", ""));
                return Ok(Posted::Batch(messages));
            }
            Incoming::Notification(_) | Incoming::Ignored => told.call = Some(("notification", "")),
        }
        let body = match text {
            Cow::Borrowed(text) => body.slice_ref(text),
            Cow::Owned(text) => text.into(),
        };
        Ok(Posted::Message(asked, body))
    }
}
