//! The threads of the database.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Instant,
};

/// Threads whose end can be waited for.
#[derive(Debug)]
pub(super) struct Crew {
    /// Each thread holds one until it ends.
    at_work: Option<mpsc::Sender<()>>,
    left: mpsc::Receiver<()>,
}

impl Default for Crew {
    fn default() -> Self {
        let (at_work, left) = mpsc::channel();
        Self {
            at_work: Some(at_work),
            left,
        }
    }
}

impl Crew {
    pub(super) fn employ(&self, name: &str, work: impl FnOnce() + Send + 'static) {
        let at_work = self.at_work.clone();
        spawn(name, move || {
            let _at_work = at_work;
            work();
        });
    }

    /// Waits until all have ended, or `limit`. Reports which it was. A thread that panicked has said so on stderr.
    pub(super) fn join(&mut self, limit: Instant) -> bool {
        self.at_work = None;
        let wait = limit.saturating_duration_since(Instant::now());
        self.left.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected)
    }
}

pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .expect("the system starts a handful of threads");
}
