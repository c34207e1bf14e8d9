//! Requests to an engine, one or many at once, on connections that are kept.
//!
//! # Invariants
//!
//! - A failure says whether the engine can have heard the request: [`SendError::NotSent`] or [`SendError::NoAnswer`].
//! - Connecting takes 3 seconds at most, and a request ends when its [`Deadline`] passes. After that none is sent.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use parking_lot::Mutex;
use tokio::{
    runtime::Runtime,
    time::{Instant, timeout_at},
};

use super::{environment::Environment, log::LogError, visit::Deadline};
use crate::remote::{AddressError, ConnectError, Remote, Sender};

/// How long connecting may take.
pub(super) const CONNECT: Duration = Duration::from_secs(3);
/// A connection that rested so long is not used again: the other side may be about to close it, and what is sent then is
/// neither received nor known to be lost.
const LONGEST_REST: Duration = Duration::from_secs(4);
/// The longest answer that is read: several times what the longest entry takes.
const LONGEST_ANSWER: usize = 64 << 20;
/// No clock is known yet.
const NO_SKEW: i64 = i64::MIN;

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// Path and query, encoded.
    pub(super) target: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

/// What is answered, whole.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Bytes,
}

/// Why there is no answer. The texts say so without the host, which the caller names.
#[derive(Debug)]
pub(super) enum SendError {
    /// The request was not sent: it changed nothing.
    NotSent(String),
    /// The request was sent, at least in part, and no whole answer came.
    NoAnswer(String),
    /// The request was sent, and the answer is longer than any that is read. It would be so again.
    TooLong(String),
}

/// Requests to one host.
#[derive(Debug)]
pub(super) struct HttpClient {
    remote: Remote,
    /// Connections that rest, and since when.
    idle: Mutex<Vec<(Sender, Instant)>>,
    /// How many seconds the engine's clock is ahead of ours, as its last answer said.
    skew: AtomicI64,
}

/// The answer did not come in time; or earlier ones were so late that there was no time to ask.
const LATE: &str = "did not answer in time";

fn late() -> SendError {
    SendError::NoAnswer(LATE.to_owned())
}

/// Makes the runtime on which an engine's requests are sent: nothing runs on it between calls, and it has no thread.
pub(super) fn make_runtime() -> Result<Runtime, LogError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build();
    runtime.map_err(|error| LogError::Unreachable(format!("cannot open connections: {error}")))
}

/// Returns where `url` leads, ready to connect. Plain HTTP is for this machine, unless `may_be_clear`.
pub(super) fn remote(
    url: &str,
    may_be_clear: bool,
    environment: &Environment,
) -> Result<Remote, LogError> {
    let refused = |text: String| LogError::Refused(text);
    let uri: Uri = url
        .parse()
        .map_err(|_| refused(format!("{url} is not the URL of a host")))?;
    let mut remote = Remote::from_uri(&uri, may_be_clear).map_err(|error| {
        refused(match error {
            AddressError::Shape => format!("{url} is not the URL of a host"),
            AddressError::Clear(host) => {
                format!("http:// would send credentials in clear to {host}: give https://")
            }
        })
    })?;
    let ca = environment.ca_bundle();
    remote
        .trust(ca.as_deref())
        .map_err(|error| refused(error.to_string()))?;
    Ok(remote)
}

impl HttpClient {
    pub(super) fn new(remote: Remote) -> Self {
        Self {
            remote,
            idle: Mutex::default(),
            skew: AtomicI64::new(NO_SKEW),
        }
    }

    /// Returns host and port, as they were given.
    pub(super) fn authority(&self) -> &str {
        self.remote.authority()
    }

    /// Returns how many seconds the engine's clock is ahead of this machine's; `None` if it has not said a time yet.
    pub(super) fn skew(&self) -> Option<i64> {
        Some(self.skew.load(Ordering::Relaxed)).filter(|skew| *skew != NO_SKEW)
    }

    /// Sends a request and returns the answer, whatever its status.
    pub(super) async fn send(
        &self,
        sent: &Outgoing,
        deadline: Deadline,
    ) -> Result<Reply, SendError> {
        if !deadline.allows(Duration::ZERO) {
            return Err(SendError::NotSent(LATE.to_owned()));
        }
        while let Some(sender) = self.take_idle().await {
            match self.send_on(sender, sent, deadline).await {
                // It was closed while it rested.
                Err(SendError::NotSent(_)) => {}
                answered => return answered,
            }
        }
        let sender = self.connect(deadline).await?;
        self.send_on(sender, sent, deadline).await
    }

    async fn take_idle(&self) -> Option<Sender> {
        // Nothing runs between two calls: those that were closed meanwhile learn it now.
        tokio::task::yield_now().await;
        let mut idle = self.idle.lock();
        idle.retain(|(sender, since)| !sender.is_closed() && since.elapsed() < LONGEST_REST);
        idle.pop().map(|(sender, _)| sender)
    }

    async fn connect(&self, deadline: Deadline) -> Result<Sender, SendError> {
        match timeout_at(deadline.within(CONNECT).at(), self.remote.connect()).await {
            Ok(Ok(sender)) => Ok(sender),
            Ok(Err(ConnectError::Unreachable(error))) => {
                Err(SendError::NotSent(format!("cannot be reached: {error}")))
            }
            Ok(Err(ConnectError::Encryption(error))) => Err(SendError::NotSent(format!(
                "does not speak TLS as it should: {error}"
            ))),
            Err(_) => Err(SendError::NotSent(
                "cannot be reached: no connection in time".to_owned(),
            )),
        }
    }

    async fn send_on(
        &self,
        mut sender: Sender,
        sent: &Outgoing,
        deadline: Deadline,
    ) -> Result<Reply, SendError> {
        let mut request = Request::builder()
            .method(&sent.method)
            .uri(&sent.target)
            .header(header::HOST, self.remote.authority());
        for (name, value) in &sent.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(sent.body.clone()))
            .map_err(|error| SendError::NotSent(format!("cannot be asked: {error}")))?;
        let response = match timeout_at(deadline.at(), sender.try_send_request(request)).await {
            Err(_) => return Err(late()),
            Ok(Ok(response)) => response,
            Ok(Err(mut error)) => {
                let is_unsent = error.take_message().is_some();
                let text = format!("broke off: {}", error.into_error());
                return Err(if is_unsent {
                    SendError::NotSent(text)
                } else {
                    SendError::NoAnswer(text)
                });
            }
        };
        let reply = self.read(response, deadline).await?;
        let deadline = deadline.after(reply.body.len());
        let stays_open = timeout_at(deadline.at(), sender.ready()).await;
        if matches!(stays_open, Ok(Ok(()))) {
            self.idle.lock().push((sender, Instant::now()));
        }
        Ok(reply)
    }

    async fn read(
        &self,
        response: Response<Incoming>,
        deadline: Deadline,
    ) -> Result<Reply, SendError> {
        let (head, body) = response.into_parts();
        let date = head
            .headers
            .get(header::DATE)
            .and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            let ahead = date.timestamp().as_second() - jiff::Timestamp::now().as_second();
            self.skew.store(ahead, Ordering::Relaxed);
        }
        let too_long = || SendError::TooLong("answers without an end".to_owned());
        // One that says its length is not read first.
        if body.size_hint().lower() > LONGEST_ANSWER as u64 {
            return Err(too_long());
        }
        let mut body = Limited::new(body, LONGEST_ANSWER);
        let mut read = BytesMut::new();
        while let Some(frame) = timeout_at(deadline.after(read.len()).at(), body.frame())
            .await
            .map_err(|_| late())?
        {
            let frame = frame.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    too_long()
                } else {
                    SendError::NoAnswer(format!("broke off its answer: {error}"))
                }
            })?;
            if let Some(data) = frame.data_ref() {
                read.extend_from_slice(data);
            }
        }
        Ok(Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            body: read.freeze(),
        })
    }
}
