//! Requests that are handed on as they were parsed, without the SDK's HTTP service.
//!
//! That would parse the body once more, into one of two dozen types tried in turn, and start a service loop with three
//! Tokio tasks for every request that belongs to no session. It keeps what is left to it here: every message whose
//! headers are not plainly right, since it says what is wrong with them; the beginning and the end of a session;
//! notifications; and all streams but the one with the answer to a call.

use std::{
    convert::Infallible, fmt::Write as _, panic::AssertUnwindSafe, sync::Arc, time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt as _, Stream, StreamExt as _};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use rmcp::{
    Peer, RoleServer, ServerHandler, Service,
    model::{
        ClientRequest, ErrorCode, GetExtensions as _, GetMeta as _, JsonRpcMessage,
        ProtocolVersion, RequestId, ServerJsonRpcMessage,
    },
    service::{RequestContext, serve_directly},
    transport::{
        common::http_header::{HEADER_MCP_METHOD, HEADER_MCP_NAME, HEADER_MCP_PROTOCOL_VERSION},
        streamable_http_server::session::ServerSseMessage,
    },
};

use super::{
    answer::{self, Answer},
    read_turns::Turn,
    sessions::Sessions,
    token_shares::Share,
};
use crate::{jsonrpc::refusal::refusal, mcp::Principal};

/// How a header says that its value is encoded; the SDK decodes it.
const ENCODED: &str = "=?base64?";
/// How long a stream may be silent before a comment shows that it lives, as on the SDK's streams.
const SILENCE: Duration = Duration::from_secs(15);

/// Returns the peer of requests that stand alone: nobody, since the client is sent nothing but the answer.
pub(super) fn nobody(handler: impl ServerHandler) -> Peer<RoleServer> {
    // The SDK makes one only for a service it runs. This one ends at once, having read nothing.
    let streams = (tokio::io::empty(), tokio::io::sink());
    serve_directly(handler, streams, None).peer().clone()
}

/// Reports whether `request` stands alone, as in protocol 2026-07-28, has the headers that are asked for there (its
/// specification, Streamable HTTP), and is answered by [`answer`].
pub(super) fn stands_alone(headers: &HeaderMap, request: &ClientRequest) -> bool {
    let name = match request {
        ClientRequest::CallToolRequest(call) => Some(call.params.name.as_ref()),
        ClientRequest::GetPromptRequest(get) => Some(get.params.name.as_str()),
        ClientRequest::ReadResourceRequest(read) => Some(read.params.uri.as_str()),
        ClientRequest::CompleteRequest(_)
        | ClientRequest::DiscoverRequest(_)
        | ClientRequest::ListPromptsRequest(_)
        | ClientRequest::ListResourceTemplatesRequest(_)
        | ClientRequest::ListResourcesRequest(_)
        | ClientRequest::ListToolsRequest(_) => None,
        _ => return false,
    };
    let version = ProtocolVersion::V_2026_07_28;
    let meta = request.get_meta();
    meta.protocol_version().as_ref() == Some(&version)
        && meta.client_capabilities().is_some()
        // What asks for progress or log messages gets them on a stream, before its answer.
        && meta.get_progress_token().is_none()
        && meta.log_level().is_none()
        && only(headers, HEADER_MCP_PROTOCOL_VERSION) == Some(version.as_str())
        && only(headers, HEADER_MCP_METHOD) == Some(request.method())
        && name.is_none_or(|name| {
            !name.starts_with(ENCODED) && only(headers, HEADER_MCP_NAME) == Some(name)
        })
        && accepts_both(headers)
}

/// Reports whether `request` is a call in a session, as in the protocols up to 2025-11-25, and is answered by
/// [`answer_in_session`].
pub(super) fn is_in_session(headers: &HeaderMap, request: &ClientRequest) -> bool {
    let is_older = |version: &HeaderValue| {
        let mut versions = ProtocolVersion::KNOWN_VERSIONS.iter();
        versions.any(|known| *version == known.as_str() && known.has_initialize())
    };
    !matches!(
        request,
        ClientRequest::InitializeRequest(_)
            | ClientRequest::DiscoverRequest(_)
            | ClientRequest::SubscriptionsListenRequest(_)
    ) && request.get_meta().protocol_version().is_none()
        && headers
            .get_all(HEADER_MCP_PROTOCOL_VERSION)
            .iter()
            .all(is_older)
        && accepts_both(headers)
}

/// Returns the value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok())?
}

/// Reports whether the client takes JSON and events, without any preference.
fn accepts_both(headers: &HeaderMap) -> bool {
    let Some(accept) = only(headers, "accept") else {
        return false;
    };
    let takes = |wanted: &str| {
        let mut types = accept.split(',').map(str::trim);
        types.any(|media_type| media_type.eq_ignore_ascii_case(wanted))
    };
    !accept.contains('"') && takes("application/json") && takes("text/event-stream")
}

/// Answers a request that stands alone. Dropping the future cancels it.
pub(super) async fn answer(
    handler: impl ServerHandler,
    peer: Peer<RoleServer>,
    principal: Principal,
    id: RequestId,
    mut request: ClientRequest,
) -> Answer {
    let mut context = RequestContext::new(id.clone(), peer);
    context.meta = std::mem::take(request.get_meta_mut());
    context.extensions.insert(principal);
    let served = AssertUnwindSafe(handler.handle_request(request, context)).catch_unwind();
    let answer = match served.await {
        Ok(Ok(result)) => ServerJsonRpcMessage::response(result, id),
        Ok(Err(error)) => ServerJsonRpcMessage::error(error, Some(id)),
        // The panic has been logged.
        Err(_) => {
            let reason = "taskhold met an internal fault; see its log";
            ServerJsonRpcMessage::error(refusal(ErrorCode::INTERNAL_ERROR, reason), Some(id))
        }
    };
    let status = match &answer {
        ServerJsonRpcMessage::Error(refused) => status_of(refused.error.code),
        _ => StatusCode::OK,
    };
    match serde_json::to_vec(&answer) {
        Ok(body) => answer::text(status, "application/json", kept(body)),
        Err(error) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Returns the status that an error is answered with (specification 2026-07-28, Streamable HTTP), as the SDK does.
fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
        | ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY
        | ErrorCode::HEADER_MISMATCH => StatusCode::BAD_REQUEST,
        ErrorCode::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}

/// Hands a call on to the server of its session, and returns the stream in which its answer will be.
pub(super) fn answer_in_session(
    sessions: &Sessions,
    session: &str,
    principal: Principal,
    share: Option<Arc<Share>>,
    turn: Option<Turn>,
    id: RequestId,
    mut request: ClientRequest,
) -> Answer {
    let extensions = request.extensions_mut();
    extensions.insert(principal);
    // A call counts until it is made, though its client may be gone by then.
    if let Some(share) = share {
        extensions.insert(share);
    }
    if let Some(turn) = turn {
        extensions.insert(turn);
    }
    let message = JsonRpcMessage::request(request, id);
    match sessions.call(session, message) {
        Ok(stream) => events(stream),
        // It has ended since it was looked for.
        Err(_) => answer::no_session(),
    }
}

/// Returns a stream of events (HTML standard, section 9.2).
fn events(stream: impl Stream<Item = ServerSseMessage> + Send + Sync + 'static) -> Answer {
    let frames = futures::stream::unfold(Box::pin(stream), |mut stream| async {
        let text = match tokio::time::timeout(SILENCE, stream.next()).await {
            Ok(Some(event)) => written(&event),
            Ok(None) => return None,
            Err(_) => ":\n\n".to_owned(),
        };
        let frame = Frame::data(kept(text.into_bytes()));
        Some((Ok::<_, Infallible>(frame), stream))
    });
    let mut answer = Response::new(BodyExt::boxed(StreamBody::new(frames)));
    let headers = answer.headers_mut();
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// Returns what may wait long for its client, without the room it was written with: that can be as much again.
fn kept(bytes: Vec<u8>) -> Bytes {
    Bytes::from(bytes.into_boxed_slice())
}

/// Returns an event as it is sent. JSON is one line, as the data of an event must be.
fn written(event: &ServerSseMessage) -> String {
    let data = event.message.as_deref().map(serde_json::to_string);
    let data = data.and_then(Result::ok).unwrap_or_default();
    let mut text = format!("data: {data}\n");
    if let Some(id) = &event.event_id {
        let _ = writeln!(text, "id: {id}");
    }
    if let Some(retry) = event.retry {
        let _ = writeln!(text, "retry: {}", retry.as_millis());
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use rmcp::{
        ErrorData,
        model::{ListToolsRequest, ListToolsResult, PaginatedRequestParams},
    };

    use super::*;

    /// Refuses every list of tools for one reason.
    struct Refuses(ErrorCode);

    impl ServerHandler for Refuses {
        async fn list_tools(
            &self,
            _: Option<PaginatedRequestParams>,
            _: RequestContext<RoleServer>,
        ) -> Result<ListToolsResult, ErrorData> {
            Err(refusal(self.0, "no"))
        }
    }

    #[tokio::test]
    async fn a_refusal_has_the_status_that_the_specification_gives_it() {
        for (code, expected) in [
            (ErrorCode::UNSUPPORTED_PROTOCOL_VERSION, 400),
            (ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY, 400),
            (ErrorCode::HEADER_MISMATCH, 400),
            (ErrorCode::METHOD_NOT_FOUND, 404),
            (ErrorCode::INVALID_PARAMS, 200),
            (ErrorCode::INTERNAL_ERROR, 200),
        ] {
            let request = ClientRequest::ListToolsRequest(ListToolsRequest::default());
            let peer = nobody(Refuses(code));
            let principal = Principal::default();
            let id = RequestId::Number(1);
            let answer = answer(Refuses(code), peer, principal, id, request).await;
            assert_eq!(answer.status(), expected, "{code:?}");
        }
    }

    #[test]
    fn only_a_client_that_takes_both_without_a_preference_is_answered_here() {
        let cases = [
            ("application/json, text/event-stream", true),
            ("text/event-stream,Application/JSON", true),
            ("application/json, text/event-stream, */*;q=0.1", true),
            ("application/json;q=0.5, text/event-stream", false),
            ("application/json", false),
            ("text/event-stream", false),
            ("*/*", false),
            (r#"x/y;z=",application/json,text/event-stream,""#, false),
        ];
        for (accept, expected) in cases {
            let headers = HeaderMap::from_iter([(http::header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(accepts_both(&headers), expected, "{accept}");
        }
        assert!(!accepts_both(&HeaderMap::new()));
    }
}
