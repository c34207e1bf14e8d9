//! Connections: how many there may be, and how long one may take over what.
//!
//! A connection *proves itself* by a request that is let in. One that has not is the first to go when there is no room
//! for another, the oldest first: so nobody who merely connects keeps out someone with a token.

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::limits::Limits;
use crate::store::db::locked;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A head is arriving.
    Head,
    /// A request is being answered.
    Answer,
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
    proven: AtomicBool,
    /// Cancelled to close it at once.
    pub(super) kill: CancellationToken,
}

impl Connection {
    fn enter(&self, phase: Phase) {
        *locked(&self.phase) = (phase, Instant::now());
    }

    /// A head has arrived.
    pub(super) fn answers(&self) {
        self.enter(Phase::Answer);
    }

    /// The request was let in.
    pub(super) fn is_proven(&self) {
        self.proven.store(true, Ordering::Relaxed);
    }

    /// The answer is a stream.
    pub(super) fn streams(&self) {
        self.enter(Phase::Stream);
    }

    /// The answer is sent.
    pub(super) fn rests(&self) {
        self.enter(Phase::Idle);
    }

    fn bytes_came(&self) {
        let mut phase = locked(&self.phase);
        if phase.0 == Phase::Idle {
            *phase = (Phase::Head, Instant::now());
        }
    }

    fn is_overdue(&self, limits: &Limits) -> bool {
        let (phase, since) = *locked(&self.phase);
        let allowed = match phase {
            Phase::Head => limits.head_time,
            Phase::Answer => limits.body_time + limits.answer_time,
            Phase::Stream => return false,
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
}

#[derive(Debug, Default)]
struct Open {
    by_number: BTreeMap<u64, Arc<Connection>>,
    last: u64,
}

impl Connections {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            open: Mutex::default(),
            most: limits.connections,
        }
    }

    /// Takes in a connection; `None` if there is no room. One that has not proved itself makes way.
    pub(super) fn admit(&self) -> Option<Arc<Connection>> {
        let mut open = locked(&self.open);
        if open.by_number.len() >= self.most {
            let mut all = open.by_number.values();
            let number = all
                .find(|connection| !connection.proven.load(Ordering::Relaxed))?
                .number;
            if let Some(oldest) = open.by_number.remove(&number) {
                oldest.kill.cancel();
            }
        }
        open.last += 1;
        let connection = Arc::new(Connection {
            number: open.last,
            phase: Mutex::new((Phase::Head, Instant::now())),
            proven: AtomicBool::new(false),
            kill: CancellationToken::new(),
        });
        open.by_number
            .insert(connection.number, Arc::clone(&connection));
        Some(connection)
    }

    /// Forgets a connection that is closed.
    pub(super) fn closed(&self, connection: &Connection) {
        locked(&self.open).by_number.remove(&connection.number);
    }

    /// Closes all, whatever they are at.
    pub(super) fn kill_all(&self) {
        for connection in locked(&self.open).by_number.values() {
            connection.kill.cancel();
        }
    }

    pub(super) fn count(&self) -> usize {
        locked(&self.open).by_number.len()
    }

    /// Closes those that take too long over something.
    pub(super) fn close_overdue(&self, limits: &Limits) {
        for connection in locked(&self.open).by_number.values() {
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

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_oldest_that_has_not_proved_itself_makes_way() {
        let limits = Limits {
            connections: 2,
            ..Limits::default()
        };
        let connections = Connections::new(&limits);
        let first = connections.admit().unwrap();
        first.is_proven();
        let second = connections.admit().unwrap();
        let third = connections.admit().unwrap();
        assert!(second.kill.is_cancelled() && !first.kill.is_cancelled());
        third.is_proven();
        assert!(connections.admit().is_none());
        connections.closed(&first);
        assert!(connections.admit().is_some());
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
        let connection = Connections::new(&limits).admit().unwrap();
        assert!(connection.is_overdue(&limits));
        assert!(!connection.is_overdue(&Limits::default()));
        connection.streams();
        assert!(!connection.is_overdue(&limits));
        connection.rests();
        assert!(connection.is_overdue(&limits));
        connection.answers();
        assert!(connection.is_overdue(&limits));
    }
}
