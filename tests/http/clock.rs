//! A daemon in this process whose clock stands still until the test lets time pass, and then takes no time to pass: what
//! it does in which order, and how long it would have waited, does not depend on how busy the machine is.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rmcp::ServerHandler;
use taskhold::http::{self, Limits, Setup, Sockets, Tokens};
use taskhold::store::db::Session;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::support::{Home, PATIENCE};
use crate::wire::Wire;

/// A running daemon.
pub(crate) struct Standing {
    port: u16,
    token: String,
    stop: CancellationToken,
    /// Time stands still while this is there.
    clock: Option<Sender<()>>,
    /// By how much the clock is to be put forward.
    forward: UnboundedSender<Duration>,
    ended: Receiver<Duration>,
}

impl Standing {
    /// Serves what `handler` makes, to be ended by `stop` or when nobody was connected for `idle_exit`.
    pub(crate) fn start<H: ServerHandler + Send + 'static>(
        home: &Home,
        session: Session,
        idle_exit: Option<Duration>,
        handler: impl Fn(CancellationToken) -> H + Send + Sync + 'static,
    ) -> Self {
        let tokens = Tokens::new(&home.database());
        let token = tokens.own().unwrap();
        let setup = Setup {
            tokens,
            limits: Limits::default(),
            names: Vec::new(),
            idle_exit,
            logs_requests: true,
        };
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let (clock, standing) = channel::<()>();
        let (listening, listens) = channel();
        let (ending, ended) = channel();
        let (forward, mut forwarding) = unbounded_channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                // A paused clock goes forward by itself when nobody has anything to do, but not beside blocking work.
                #[expect(clippy::disallowed_methods, reason = "it is what stops the clock")]
                tokio::task::spawn_blocking(move || _ = standing.recv());
                let mut sockets = Sockets::default();
                sockets.open_loopback(0).await.unwrap();
                listening
                    .send(sockets.addresses().next().unwrap().port())
                    .unwrap();
                tokio::spawn(async move {
                    while let Some(time) = forwarding.recv().await {
                        tokio::time::advance(time).await;
                    }
                });
                let since = Instant::now();
                http::serve(sockets, setup, session, handler, stopping).await;
                let _ = ending.send(since.elapsed());
            });
        });
        Self {
            port: listens.recv_timeout(PATIENCE).unwrap(),
            token,
            stop,
            clock: Some(clock),
            forward,
            ended,
        }
    }

    /// Connects, as a client with the user's own token.
    pub(crate) fn wire(&self) -> Wire {
        Wire::new(self.port, Some(&self.token))
    }

    /// Asks it to end.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Puts its clock forward.
    pub(crate) fn forward(&self, time: Duration) {
        self.forward.send(time).unwrap();
    }

    /// Has time pass from now on, as fast as there is nothing else to do.
    pub(crate) fn let_time_pass(&mut self) {
        self.clock = None;
    }

    /// Waits for its end, and returns how long it took by its own clock.
    pub(crate) fn end(&self) -> Duration {
        self.ended.recv_timeout(PATIENCE).expect("the daemon ends")
    }
}
