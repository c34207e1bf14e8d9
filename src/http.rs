//! The daemon: MCP over Streamable HTTP, for many clients at once, closed to every web page but its own.
//!
//! | file | what it holds |
//! |---|---|
//! | `app` | one request: turned away, let in, routed, answered |
//! | `direct` | requests handed on as they were parsed, without the SDK's HTTP service |
//! | `origin` | which requests are turned away for how they were addressed |
//! | `batch` | several messages in one request |
//! | `headers` | which protocol a client speaks |
//! | `accept` | what a client takes, and answers put into that form |
//! | `body` | the body of a request, read within bounds |
//! | `tokens` | who may come in |
//! | `sign_in` | who may come in by the page of the board: codes and sessions |
//! | `token_shares` | how much of something one token may have |
//! | `read_turns` | how many reads of one token are made at once |
//! | `unread_limit` | what the clients of one token have not read |
//! | `sessions`, `session`, `mailbox` | sessions of older clients, and what waits for them |
//! | `listeners` | open streams of notifications |
//! | `connection` | connections, and how long one may take over what |
//! | `open_file_limit` | how many file handles there are for them |
//! | `limits` | every limit there is |
//! | `listen`, `socket`, `listen_error` | the sockets that are listened on; why one cannot be |
//! | `instance` | one daemon a database |
//! | `routes` | paths, and what each leads to |
//! | `answer` | answers |
//! | `access_log`, `metrics` | what is logged and counted |
//!
//! The protocol is the SDK's, on hyper. What the SDK would do wrong is done before it is reached (`origin`, `tokens`,
//! the size and the shape of a message) or in its place (`sessions`).
//!
//! # Invariants
//!
//! - How a request is addressed is checked first, then its token, and only then is its body read.
//! - The daemon is one more process on the database; no other process needs it, and it needs none.
//! - What ends the daemon ends subscriptions with their final answer, and cuts off no call that can be finished. Every
//!   other is answered: that it was not made, or that this is not certain.

use std::{
    future::ready,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures::FutureExt as _;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rmcp::ServerHandler;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, Semaphore},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{clock, disk::are_used_up, store::db::Session};

mod accept;
mod access_log;
mod answer;
mod app;
mod batch;
mod body;
mod connection;
mod direct;
mod headers;
mod instance;
mod limits;
mod listen;
mod listen_error;
mod listeners;
mod mailbox;
mod metrics;
mod open_file_limit;
mod origin;
mod read_turns;
mod routes;
mod session;
mod sessions;
mod sign_in;
#[cfg(unix)]
mod socket;
mod token_shares;
mod tokens;
mod unread_limit;

pub use instance::{Instance, InstanceError};
pub use limits::{LimitError, Limits, NAMES as LIMIT_NAMES, parse_duration};
pub use listen::{Sockets, Tls, is_of_this_machine};
pub use listen_error::ListenError;
pub use routes::{ROUTES, Route};
#[cfg(unix)]
pub use socket::Folder as SocketFolder;
pub use tokens::{OWN as OWN_TOKEN, TokenEntry, TokenError, Tokens};

use app::App;
use connection::Watched;
use origin::ListenAddress;

/// How long calls may take to finish when the daemon ends. Those that are not begun by then are refused.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long those may take that are begun. Of others it cannot be said any more what becomes of them.
const LAST_PATIENCE: Duration = Duration::from_millis(500);
/// How long clients may take to read that.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// How many connections at once are told that there is no room, and how long that may take.
const REFUSALS: usize = 8;
const REFUSING: Duration = Duration::from_secs(1);
/// How often at most it is said that connections cannot be accepted.
const COMPLAINT: Duration = Duration::from_mins(1);
/// How often overdue connections and unused sessions are looked for, while there are any.
const TIDY: Duration = Duration::from_secs(1);

/// How a daemon is set up.
#[derive(Debug)]
pub struct Setup {
    /// Who may come in.
    pub tokens: Tokens,
    /// What it takes on.
    pub limits: Limits,
    /// Further host names of this machine.
    pub names: Vec<String>,
    /// Ends the daemon when nobody was connected for so long.
    pub idle_exit: Option<Duration>,
    /// Whether the log has a line for each request.
    pub logs_requests: bool,
}

/// Serves clients with what `handler` makes, until `stop` is cancelled, which it is too when nobody comes for long
/// enough. `handler` is given a token that is cancelled when subscriptions must end.
pub async fn serve<H: ServerHandler + Send + 'static>(
    sockets: Sockets,
    setup: Setup,
    database: Session,
    handler: impl Fn(CancellationToken) -> H + Send + Sync + 'static,
    stop: CancellationToken,
) {
    let ending = stop.child_token();
    let hard = CancellationToken::new();
    let soft = ending.clone();
    let usual = |address: &SocketAddr| address.ip() == Ipv4Addr::LOCALHOST;
    let usual_ports = sockets.addresses().filter(usual);
    let usual_ports = usual_ports.map(|address| address.port()).collect();
    let db = database.db().clone();
    let mut app = App::new(
        move || handler(soft.clone()),
        database,
        setup.tokens,
        setup.limits,
        setup.names,
        usual_ports,
        hard.clone(),
    );
    app.logs_requests = setup.logs_requests;
    let app = Arc::new(app);
    let daemon = Arc::new(Daemon {
        app,
        refusing: Arc::new(Semaphore::new(REFUSALS)),
        ending: ending.clone(),
        came: Notify::new(),
        open: TaskTracker::new(),
    });
    let accepting = TaskTracker::new();
    for listener in sockets.listeners {
        accepting.spawn(Arc::clone(&daemon).accept(listener, sockets.tls.clone()));
    }
    daemon.tidy(setup.idle_exit).await;
    stop.cancel();
    daemon.app.sessions.end_streams();
    accepting.close();
    accepting.wait().await;
    daemon.open.close();
    if !daemon.wait_idle(PATIENCE).await {
        db.give_up();
    }
    if !daemon.wait_idle(LAST_PATIENCE).await {
        daemon.app.abandon();
    }
    if !daemon.wait_idle(LAST_WORDS).await {
        daemon.app.connections.kill_all();
        daemon.wait_idle(LAST_WORDS).await;
    }
    hard.cancel();
}

/// The smallest limit of a buffer that hyper takes, in bytes.
const LEAST_BUFFER: usize = 8 * 1024;

struct Daemon<H> {
    app: Arc<App<H>>,
    /// How many more may be told at once that there is no room.
    refusing: Arc<Semaphore>,
    ending: CancellationToken,
    /// Rung when a client connects.
    came: Notify,
    open: TaskTracker,
}

impl<H: ServerHandler + Send + 'static> Daemon<H> {
    /// Looks after what is open until the daemon is to end.
    async fn tidy(&self, idle_exit: Option<Duration>) {
        let mut deserted = Instant::now();
        loop {
            let connections = self.app.connections.count();
            if connections > 0 {
                deserted = Instant::now();
            }
            let left = idle_exit.map(|idle_exit| idle_exit.saturating_sub(deserted.elapsed()));
            if left == Some(Duration::ZERO) {
                tracing::info!("nobody has been connected for the time of --idle-exit");
                return;
            }
            let is_empty = connections == 0 && self.app.sessions.count() == 0;
            // With nobody there, nothing wakes the daemon but a client or the end of its time.
            let wait = match left {
                _ if !is_empty => TIDY,
                Some(left) => left,
                None => Duration::MAX,
            };
            tokio::select! {
                () = self.ending.cancelled() => return,
                () = self.came.notified(), if is_empty => {}
                () = tokio::time::sleep(wait) => {}
            }
            self.app.tidy();
        }
    }

    /// Waits until every connection is closed, or for so long. Reports which it was.
    async fn wait_idle(&self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.open.wait())
            .await
            .is_ok()
    }

    async fn accept(self: Arc<Self>, listener: listen::Listener, tls: Option<Tls>) {
        let mut complained: Option<Instant> = None;
        loop {
            let accepted = tokio::select! {
                () = self.ending.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(listen::Accepted::Tcp(stream, local)) => {
                    // Answers are small and are waited for.
                    let _ = stream.set_nodelay(true);
                    match tls.clone() {
                        None => {
                            let address = ListenAddress::Tcp { local, tls: false };
                            self.admit(address, ready(Ok(stream))).await;
                        }
                        Some(tls) => {
                            let address = ListenAddress::Tcp { local, tls: true };
                            self.admit(address, async move { tls.accept(stream).await })
                                .await;
                        }
                    }
                }
                #[cfg(unix)]
                Ok(listen::Accepted::Socket(stream)) => {
                    self.admit(ListenAddress::Socket, ready(Ok(stream))).await;
                }
                Err(error) => {
                    let made_way = are_used_up(&error) && self.app.connections.make_way().await;
                    if !made_way {
                        if complained.is_none_or(|since| since.elapsed() > COMPLAINT) {
                            tracing::warn!("cannot accept a connection: {error}");
                            complained = Some(Instant::now());
                        }
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
            }
        }
    }

    /// Takes in a connection, whose stream may yet have to be made ready, or tells it that there is no room.
    async fn admit<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self: &Arc<Self>,
        address: ListenAddress,
        stream: impl Future<Output = io::Result<S>> + Send + 'static,
    ) {
        let place = self.app.connections.admit().await;
        self.came.notify_one();
        let daemon = Arc::clone(self);
        if let Some(place) = place {
            self.open.spawn(async move {
                let kill = &place.connection.kill;
                if let Some(Ok(stream)) = kill.run_until_cancelled(stream).await {
                    daemon.converse(stream, address, &place.connection).await;
                }
            });
            return;
        }
        self.app.metrics.refused_connections.inc();
        // With more than these, nothing is said: each needs a file handle.
        if let Ok(permit) = Arc::clone(&self.refusing).try_acquire_owned() {
            self.open.spawn(async move {
                let _permit = permit;
                let refusal = async { answer::refuse(stream.await?).await };
                tokio::time::timeout(REFUSING, refusal).await
            });
        }
    }

    /// Answers the requests of one connection until it is closed.
    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        address: ListenAddress,
        connection: &Arc<connection::Connection>,
    ) {
        if !clock::is_set() {
            // hyper writes the date, and panics at one that it cannot write.
            tracing::error!(
                "the clock of this machine is set to a time before 1970 or after 9999: no connection is served until it is right"
            );
            return;
        }
        let limits = &self.app.limits;
        let watched = Watched {
            stream,
            connection: Arc::clone(connection),
        };
        // In a box of its own, what a call needs is given back with its answer, and a connection that rests is small.
        let service = service_fn(|request| {
            let answer = Box::pin(self.app.answer(request, &address, connection));
            answer.map(Ok::<_, std::convert::Infallible>)
        });
        let mut conversation = std::pin::pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                // Its own would count the rest between two requests too; `Connections` keeps the time.
                .header_read_timeout(None)
                .max_headers(limits.headers)
                .max_header_size(limits.head_bytes)
                // What a client sends ahead of its answers is taken in no further.
                .max_buf_size((2 * limits.head_bytes).max(LEAST_BUFFER))
                .serve_connection(TokioIo::new(watched), service)
        );
        let is_over = tokio::select! {
            _ = conversation.as_mut() => true,
            () = connection.kill.cancelled() => true,
            () = self.ending.cancelled() => false,
        };
        if !is_over {
            conversation.as_mut().graceful_shutdown();
            tokio::select! {
                _ = conversation => {}
                () = connection.kill.cancelled() => {}
            }
        }
    }
}
