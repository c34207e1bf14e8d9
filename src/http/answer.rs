//! Answers: how they are made, and what is told when the last byte of one is out of our hands.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use rmcp::model::{ErrorCode, ErrorData, RequestId};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use super::{access_log::AccessRecord, origin::Refusal};
use crate::jsonrpc::refusal::refusal;

/// An answer.
pub(super) type Answer = Response<BoxBody<Bytes, Infallible>>;

pub(super) fn text(status: StatusCode, media_type: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()).boxed());
    *answer.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    answer
}

/// Says that messages were taken which have no answer.
pub(super) fn accepted() -> Answer {
    let mut answer = Response::new(Full::default().boxed());
    *answer.status_mut() = StatusCode::ACCEPTED;
    answer
}

/// An error as JSON: what it is, in words.
pub(super) fn error(status: StatusCode, reason: &str) -> Answer {
    let body = json!({ "error": reason }).to_string();
    text(status, "application/json", body)
}

/// As [`error`], to a request of which more may come that is not waited for: the connection ends with the answer.
pub(super) fn last_error(status: StatusCode, reason: &str) -> Answer {
    let mut answer = error(status, reason);
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        error(refusal.status, refusal.reason)
    }
}

/// Says that a session is not there, or is another's.
pub(super) fn no_session() -> Answer {
    let reason = "there is no such session; send initialize to begin one";
    error(StatusCode::NOT_FOUND, reason)
}

/// Asks for a token. It names no other way in, so that no client looks for one.
pub(super) fn unauthorized() -> Answer {
    let reason = "a token is needed: send the header Authorization: Bearer TOKEN; taskhold token show prints yours";
    let mut answer = error(StatusCode::UNAUTHORIZED, reason);
    let challenge = HeaderValue::from_static("Bearer");
    answer
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    answer
}

/// Puts an error that is not told in JSON into JSON, as every other is. The SDK says some in words alone.
pub(super) async fn in_json(answer: Answer) -> Answer {
    if answer.headers().contains_key(header::CONTENT_TYPE) {
        return answer;
    }
    let (head, body) = answer.into_parts();
    let words = match body.collect().await {
        Ok(words) => words.to_bytes(),
        Err(never) => match never {},
    };
    let mut answer = error(head.status, &String::from_utf8_lossy(&words));
    answer.headers_mut().extend(head.headers);
    answer
}

/// Says that there is too much to do, and when to come again.
pub(super) fn busy(status: StatusCode, reason: &str, seconds: u64) -> Answer {
    let mut answer = error(status, reason);
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, seconds.into());
    answer
}

/// As [`busy`], and the connection ends with it.
pub(super) fn last_busy(reason: &str, seconds: u64) -> Answer {
    let mut answer = busy(StatusCode::SERVICE_UNAVAILABLE, reason, seconds);
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}

pub(super) fn wrong_method(allowed: &'static str) -> Answer {
    let mut answer = error(
        StatusCode::METHOD_NOT_ALLOWED,
        "the method is not allowed here",
    );
    let allowed = HeaderValue::from_static(allowed);
    answer.headers_mut().insert(header::ALLOW, allowed);
    answer
}

/// A JSON-RPC error (JSON-RPC 2.0, section 5.1).
pub(super) fn rpc_error(status: StatusCode, id: Option<&RequestId>, error: &ErrorData) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string();
    text(status, "application/json", body)
}

/// Tells a connection that there is no room for it, without reading what it asks, and closes it.
pub(super) async fn refuse(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let body = json!({ "error": "too many connections" }).to_string();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\nRetry-After: 1\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // Closed while there is something to read, the system would take back what was just sent (RFC 9112, section 9.6).
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(())
}

/// Says that the daemon ended while a call was being made.
pub(super) fn uncertain() -> ErrorData {
    let reason = "taskhold ended before the call was done, and whether it was made is not certain; read the task before repeating";
    refusal(ErrorCode::INTERNAL_ERROR, reason)
}

/// Says that the daemon ended before a call had arrived.
pub(super) fn shutting_down() -> Answer {
    let reason = "taskhold is shutting down; the call was not made";
    busy(StatusCode::SERVICE_UNAVAILABLE, reason, 5)
}

/// Adds what every answer says: that it is not to be kept, and is what it says it is.
pub(super) fn close_to_pages(answer: &mut Answer) {
    let headers = answer.headers_mut();
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// A body whose request is told of when it is sent, or given up.
pub(super) struct Holding {
    pub(super) body: BoxBody<Bytes, Infallible>,
    pub(super) told: AccessRecord,
}

impl Body for Holding {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.told.gives(bytes.len());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
