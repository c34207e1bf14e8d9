//! What the writer thread is asked for, and how a session knows which of its writes are settled.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::sync::{oneshot, watch as signal};

use crate::{
    domain::{
        command::{Caller, Command, Outcome},
        error::Result,
    },
    store::advise::{Request, WantsNews},
};

/// What a session was told of the changes by others.
#[derive(Debug)]
pub(super) struct Told {
    /// The last change that a reply has counted.
    last: AtomicI64,
    /// The last that the list of changes has shown.
    looked: AtomicI64,
}

/// Before a session was told anything.
const NOTHING: i64 = -1;

impl Default for Told {
    fn default() -> Self {
        Self {
            last: AtomicI64::new(NOTHING),
            looked: AtomicI64::new(NOTHING),
        }
    }
}

impl Told {
    pub(super) fn get(&self) -> Option<i64> {
        let told = self.last.load(Ordering::Relaxed);
        (told != NOTHING).then_some(told)
    }

    pub(super) fn looked(&self) -> Option<i64> {
        let looked = self.looked.load(Ordering::Relaxed);
        (looked != NOTHING).then_some(looked)
    }

    pub(super) fn look(&self, seq: i64) {
        self.looked.store(seq, Ordering::Relaxed);
    }

    pub(super) fn set(&self, seq: i64) {
        self.last.store(seq, Ordering::Relaxed);
    }

    /// Sets it if it is `told`. Reports whether it was.
    pub(super) fn replace(&self, told: Option<i64>, seq: i64) -> bool {
        let told = told.unwrap_or(NOTHING);
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        self.last
            .compare_exchange(told, seq, success, failure)
            .is_ok()
    }
}

/// How many writes a session has made, and how many of them are settled.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) made: AtomicU64,
    pub(super) settled: signal::Sender<u64>,
}

impl Written {
    pub(super) fn is_idle(&self) -> bool {
        *self.settled.borrow() >= self.made.load(Ordering::Relaxed)
    }
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
    /// Whether no other call of its session was on its way when it was made.
    pub(super) was_idle: bool,
    /// Which of its session's it is, from 1.
    pub(super) number: u64,
    pub(super) told: Arc<Told>,
    /// When it was asked for: what it waits in the queue counts as waited for locks.
    pub(super) since: Instant,
}

impl WriteCall {
    /// Returns the request to the store. A client that sends many calls at once knows what it adds, so no similar task is looked
    /// for; the reply to the last of them says what others have changed.
    pub(super) fn request(&self) -> Request<'_> {
        let is_last = self.settles.0.made.load(Ordering::Relaxed) == self.number;
        Request {
            command: &self.command,
            caller: &self.caller,
            wants_similar: self.was_idle && is_last,
            wants_news: if is_last {
                WantsNews::After(self.told.get())
            } else {
                WantsNews::No
            },
        }
    }

    pub(super) fn answer(self, outcome: Result<Outcome>) {
        // Settled first: who hears the answer may read at once.
        drop(self.settles);
        let _ = self.answer.send(outcome);
    }
}
