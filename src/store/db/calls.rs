//! What the writer thread is asked for, and how a session knows which of its writes are settled.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};

use tokio::sync::{oneshot, watch as signal};

use crate::{
    command::{Caller, Command, Outcome},
    error::Result,
};

/// How many writes a session has made, and how many of them are settled.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) made: AtomicU64,
    pub(super) settled: signal::Sender<u64>,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            made: AtomicU64::new(0),
            settled: signal::Sender::new(0),
        }
    }
}

/// Counts a write as settled when it is dropped: answered, taken back, or lost to a fault.
#[derive(Debug)]
pub(super) struct Settles(pub(super) Arc<Written>);

impl Drop for Settles {
    fn drop(&mut self) {
        self.0.settled.send_modify(|settled| *settled += 1);
    }
}

/// What the writer thread is there for.
#[derive(Debug)]
pub(super) enum Work {
    WriteCall(Box<WriteCall>),
    /// Something was read: when calls pause, it is time to see what was put off.
    CatchingUp,
}

impl Work {
    pub(super) fn into_call(self) -> Option<WriteCall> {
        match self {
            Self::WriteCall(call) => Some(*call),
            Self::CatchingUp => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct WriteCall {
    pub(super) command: Command,
    pub(super) caller: Caller,
    pub(super) answer: oneshot::Sender<Result<Outcome>>,
    pub(super) settles: Settles,
    /// When it was asked for: what it waits in the queue counts as waited for locks.
    pub(super) since: Instant,
}

impl WriteCall {
    pub(super) fn answer(self, outcome: Result<Outcome>) {
        // Settled first: who hears the answer may read at once.
        drop(self.settles);
        let _ = self.answer.send(outcome);
    }
}
