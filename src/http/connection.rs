//! Connections: how many there may be, and how long one may take over what.
//!
//! A connection *proves itself* by a request that is let in. When there is no room for another connection, or no file handle,
//! those that have not are evicted, oldest first: so nobody who merely connects keeps out someone with a token. Of those that
//! have, one token holds three quarters at most: so nobody with a token keeps out another.

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::{
    limits::Limits,
    token_shares::{self, Share, Shares},
    unread_limit::{Counted, Keeper, Unread},
};
use crate::mcp::Principal;

/// How long to wait for an evicted connection to close.
const GOING: Duration = Duration::from_secs(1);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A head is arriving.
    Head,
    /// A request is being answered, of which more may arrive.
    Answer,
    /// A request is being answered that is here as a whole. What arrives belongs to the next one.
    Whole {
        /// Whether something has.
        next_begun: bool,
    },
    /// A stream is open, for as long as the client wants it.
    Stream,
    /// The client may send another request.
    Idle,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    number: u64,
    phase: Mutex<(Phase, Instant)>,
    /// The share of the token by which it has proved itself.
    share: OnceLock<Share>,
    /// What it was given to send and has not sent.
    unsent: Mutex<Vec<Counted>>,
    /// Cancelled to close it at once.
    pub(super) kill: CancellationToken,
    /// Cancelled when it is closed.
    gone: CancellationToken,
}

impl Connection {
    fn new(number: u64) -> Self {
        Self {
            number,
            phase: Mutex::new((Phase::Head, Instant::now())),
            share: OnceLock::new(),
            unsent: Mutex::default(),
            kill: CancellationToken::new(),
            gone: CancellationToken::new(),
        }
    }

    fn enter(&self, phase: Phase) {
        *self.phase.lock() = (phase, Instant::now());
    }

    /// A head has arrived.
    pub(super) fn answers(&self) {
        self.enter(Phase::Answer);
    }

    /// The request has arrived as a whole.
    pub(super) fn request_received(&self) {
        let mut phase = self.phase.lock();
        if phase.0 == Phase::Answer {
            phase.0 = Phase::Whole { next_begun: false };
        }
    }

    fn is_authenticated(&self) -> bool {
        self.share.get().is_some()
    }

    /// It is given bytes to send to the holder of `token`.
    pub(super) fn gives(&self, unread: &Arc<Unread>, token: [u8; 32], bytes: usize) {
        let keeper = Keeper::Connection(self.kill.clone());
        let (counted, surplus) = unread.count(token, bytes, keeper);
        self.unsent.lock().push(counted);
        surplus.give_up();
    }

    /// All that it was given is sent.
    fn has_sent(&self) {
        let sent = std::mem::take(&mut *self.unsent.lock());
        drop(sent);
    }

    /// The answer is a stream.
    pub(super) fn streams(&self) {
        self.enter(Phase::Stream);
    }

    /// The answer is sent.
    pub(super) fn rests(&self) {
        let mut phase = self.phase.lock();
        let next = match phase.0 {
            Phase::Whole { next_begun: true } => Phase::Head,
            _ => Phase::Idle,
        };
        *phase = (next, Instant::now());
    }

    fn bytes_came(&self) {
        let mut phase = self.phase.lock();
        match &mut phase.0 {
            Phase::Idle => *phase = (Phase::Head, Instant::now()),
            Phase::Whole { next_begun } => *next_begun = true,
            _ => {}
        }
    }

    fn is_overdue(&self, limits: &Limits) -> bool {
        let (phase, since) = *self.phase.lock();
        let allowed = match phase {
            Phase::Head => limits.head_time,
            Phase::Answer | Phase::Whole { .. } => limits.body_time + limits.answer_time,
            Phase::Stream => return false,
            // Half a head may have come in one piece with the request before it, which cannot be told here.
            Phase::Idle if !self.is_authenticated() => limits.head_time.min(limits.keep_alive),
            Phase::Idle => limits.keep_alive,
        };
        since.elapsed() > allowed
    }
}

/// The open connections.
#[derive(Debug)]
pub(super) struct Connections {
    open: Mutex<Open>,
    most: usize,
    shares: Arc<Shares>,
}

#[derive(Debug, Default)]
struct Open {
    by_number: BTreeMap<u64, Arc<Connection>>,
    last: u64,
}

/// One of the places for connections. To be dropped when the connection is closed, and not before.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    pub(super) connection: Arc<Connection>,
    connections: Arc<Connections>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock();
        open.by_number.remove(&self.connection.number);
        self.connection.gone.cancel();
    }
}

impl Connections {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            most: limits.connections,
            shares: Shares::new(
                limits.connections,
                token_shares::largest(limits.connections),
            ),
        })
    }

    /// A request of `principal` was let in on a connection. Reports whether it has one: a token that has its share gets
    /// no more.
    pub(super) fn prove(&self, connection: &Connection, principal: &Principal) -> bool {
        connection.is_authenticated()
            || self
                .shares
                .take(principal)
                .is_some_and(|share| connection.share.set(share).is_ok())
    }

    /// Takes in a connection; `None` if there is no room. One that has not proved itself makes way, and is waited for:
    /// until it is closed it holds a file handle, of which there may be no more.
    pub(super) async fn admit(self: &Arc<Self>) -> Option<ConnectionPermit> {
        while self.count() >= self.most {
            if !self.make_way().await {
                return None;
            }
        }
        let mut open = self.open.lock();
        open.last += 1;
        let connection = Arc::new(Connection::new(open.last));
        open.by_number
            .insert(connection.number, Arc::clone(&connection));
        Some(ConnectionPermit {
            connection,
            connections: Arc::clone(self),
        })
    }

    /// Closes the oldest connection that has not proved itself. Reports whether there was one, and it is gone.
    pub(super) async fn make_way(&self) -> bool {
        let oldest = {
            let open = self.open.lock();
            let mut all = open.by_number.values();
            all.find(|connection| !connection.is_authenticated())
                .cloned()
        };
        let Some(oldest) = oldest else {
            return false;
        };
        oldest.kill.cancel();
        tokio::time::timeout(GOING, oldest.gone.cancelled())
            .await
            .is_ok()
    }

    /// Closes all, whatever they are at.
    pub(super) fn kill_all(&self) {
        for connection in self.open.lock().by_number.values() {
            connection.kill.cancel();
        }
    }

    pub(super) fn count(&self) -> usize {
        self.open.lock().by_number.len()
    }

    /// Closes those that take too long over something.
    pub(super) fn close_overdue(&self, limits: &Limits) {
        for connection in self.open.lock().by_number.values() {
            if connection.is_overdue(limits) {
                connection.kill.cancel();
            }
        }
    }
}

/// A stream of bytes that tells its connection when some arrive.
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) connection: Arc<Connection>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.connection.bytes_came();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// It is asked for when the stream has taken all there was.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            self.connection.has_sent();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has a connection by itself prove itself.
    fn prove(connection: &Connection) {
        let connections = Connections::new(&Limits::default());
        assert!(connections.prove(connection, &Principal::default()));
    }

    #[tokio::test]
    async fn the_oldest_that_has_not_proved_itself_makes_way() {
        let limits = Limits {
            connections: 2,
            ..Limits::default()
        };
        let connections = Connections::new(&limits);
        let first = connections.admit().await.unwrap();
        assert!(connections.prove(&first.connection, &Principal::default()));
        let second = connections.admit().await.unwrap();
        let going = tokio::spawn(async move {
            second.connection.kill.cancelled().await;
            drop(second);
        });
        let third = connections.admit().await.unwrap();
        assert!(going.is_finished() && !first.connection.kill.is_cancelled());
        assert!(connections.prove(&third.connection, &Principal::default()));
        assert!(connections.admit().await.is_none());
        drop(first);
        assert!(connections.admit().await.is_some());
    }

    #[test]
    fn a_head_a_rest_and_an_answer_have_their_time_and_a_stream_has_all() {
        let limits = Limits {
            head_time: Duration::ZERO,
            keep_alive: Duration::ZERO,
            body_time: Duration::ZERO,
            answer_time: Duration::ZERO,
            ..Limits::default()
        };
        let connection = Connection::new(1);
        assert!(connection.is_overdue(&limits));
        assert!(!connection.is_overdue(&Limits::default()));
        connection.streams();
        assert!(!connection.is_overdue(&limits));
        connection.rests();
        assert!(connection.is_overdue(&limits));
        connection.answers();
        assert!(connection.is_overdue(&limits));
    }

    #[test]
    fn a_head_begun_during_an_answer_or_after_it_has_the_time_of_a_head() {
        let limits = Limits {
            head_time: Duration::ZERO,
            ..Limits::default()
        };
        let connection = Connection::new(1);
        prove(&connection);
        // What arrives before the request is whole belongs to it.
        connection.answers();
        connection.bytes_came();
        connection.request_received();
        connection.rests();
        assert!(!connection.is_overdue(&limits));
        connection.bytes_came();
        assert!(connection.is_overdue(&limits));
        connection.answers();
        connection.request_received();
        connection.bytes_came();
        assert!(!connection.is_overdue(&limits));
        connection.rests();
        assert!(connection.is_overdue(&limits));
    }

    #[test]
    fn who_has_not_proved_itself_rests_no_longer_than_a_head_may_take() {
        let limits = Limits {
            head_time: Duration::ZERO,
            ..Limits::default()
        };
        let connection = Connection::new(1);
        connection.answers();
        connection.rests();
        assert!(connection.is_overdue(&limits));
        prove(&connection);
        assert!(!connection.is_overdue(&limits));
    }
}
