//! The writer thread: takes the calls that wait, commits them as one transaction, and answers each.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::watch as signal;

use super::{
    Doorbell,
    calls::{Work, WriteCall},
    follower::Follower,
    threads::{Crew, spawn},
    unless_over,
};
use crate::{
    clock,
    disk::patience::{Patience, begin_call},
    domain::error::{Code, Error, Result},
    store::{Access, Store, backup, change_feed::ChangeFeed},
};

/// The most calls committed together: a bound on how long the first of them waits for the others.
const GROUP_LIMIT: usize = 1_024;
/// How long after the last write its words are indexed and the log is moved into the database.
const IDLE_BEFORE_CATCHING_UP: Duration = Duration::from_secs(2);
/// How often that is tried at least while others are in its way.
const LONGEST_BETWEEN_TRIES: Duration = Duration::from_mins(1);
/// How often the last checkpoint is tried while others are in its way.
const BETWEEN_LAST_TRIES: Duration = Duration::from_millis(10);

/// Until when the writer thread waits when it is to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// For the backup of the day, if that is being taken.
    pub(super) backup: Instant,
    /// For others that are in the way of the last checkpoint.
    pub(super) last_wait: Instant,
}

pub(super) struct WriterThread {
    /// Its path, or why there is none.
    pub(super) place: Result<PathBuf>,
    pub(super) opened: signal::Sender<Option<Result<()>>>,
    pub(super) feed: ChangeFeed,
    pub(super) patience: Patience,
    pub(super) ending: Arc<Mutex<Option<Ending>>>,
    pub(super) is_catching_up_due: Arc<AtomicBool>,
    pub(super) open: Option<Open>,
    /// Who takes the backup of the day.
    pub(super) backups: Crew,
    /// The day, counted from the epoch, whose backup was seen to.
    pub(super) backed_up: Option<i64>,
    /// More than one while a session lives.
    pub(super) sessions: Arc<()>,
    /// Ends the thread that follows a shared log when it is dropped; `None` where there is none.
    pub(super) following: Option<mpsc::Sender<()>>,
}

pub(super) struct Open {
    store: Store,
    doorbell: Doorbell,
}

impl WriterThread {
    pub(super) fn run(mut self, waiting: &mpsc::Receiver<Work>) {
        self.patience.rule_this_thread();
        match self.opened() {
            Ok(_) | Err(Error::ShuttingDown) => {}
            Err(error) => tracing::error!("{}", error.with_causes()),
        }
        // How long calls must pause before this catches up; `None` if there is nothing to catch up with.
        let mut pause = None;
        loop {
            let first = match pause {
                Some(pause) => waiting.recv_timeout(pause),
                None => waiting.recv().map_err(RecvTimeoutError::from),
            };
            let first = match (first, pause) {
                (Ok(work), _) => work,
                (Err(RecvTimeoutError::Timeout), Some(waited)) => {
                    let is_done = self.catch_up();
                    pause = (!is_done).then(|| (waited * 2).min(LONGEST_BETWEEN_TRIES));
                    continue;
                }
                (Err(_), _) => break,
            };
            let group: Vec<WriteCall> = std::iter::once(first)
                .chain(waiting.try_iter())
                .filter_map(Work::into_call)
                .take(GROUP_LIMIT)
                .collect();
            if let Some(first) = group.first() {
                begin_call(first.since.elapsed());
            }
            // A panic unwinds through the transaction, which rolls back, and drops the calls, which tells their
            // callers; the connection is not trusted after it.
            if catch_unwind(AssertUnwindSafe(|| self.serve(group))).is_err() {
                tracing::error!("a call panicked on the writer thread and was rolled back");
                self.open = None;
            }
            pause = Some(IDLE_BEFORE_CATCHING_UP);
        }
        let ending = *self.ending.lock();
        if ending.is_some_and(|ending| !self.backups.join(ending.backup)) {
            tracing::warn!(
                "the backup of the day was not finished; the next change begins it again"
            );
        }
        while !self.catch_up() && ending.is_some_and(|ending| Instant::now() < ending.last_wait) {
            thread::sleep(BETWEEN_LAST_TRIES);
        }
    }

    fn opened(&mut self) -> Result<&mut Open> {
        if self.open.is_none() {
            let place = self.place.clone();
            let opened = place
                .and_then(|path| Store::open(&path, Access::Write))
                .map_err(|error| unless_over(&self.patience, error))
                .map(|store| Open {
                    doorbell: Doorbell::new(store.paths()),
                    store,
                });
            // Whether it can be used is not known where there was no time to find out.
            if !matches!(opened, Err(Error::ShuttingDown)) {
                self.opened
                    .send_replace(Some(opened.as_ref().map(|_| ()).map_err(Clone::clone)));
            }
            self.open = Some(opened?);
            self.follow_if_shared();
        }
        Ok(self.open.as_mut().expect("it was just set"))
    }

    /// Has the log followed that several machines share the database by, from now on and while anybody listens.
    fn follow_if_shared(&mut self) {
        let is_shared = |open: &Open| open.store.is_shared().unwrap_or(false);
        if self.following.is_some() || !self.open.as_ref().is_some_and(is_shared) {
            return;
        }
        let Ok(place) = self.place.clone() else {
            return;
        };
        let (ends, ended) = mpsc::channel();
        self.following = Some(ends);
        let follower = Follower {
            place,
            feed: self.feed.clone(),
            patience: self.patience.clone(),
            sessions: Arc::downgrade(&self.sessions),
        };
        spawn("follower", move || follower.run(&ended));
    }

    fn serve(&mut self, mut group: Vec<WriteCall>) {
        // Nobody waits for these any more.
        group.retain(|call| !call.answer.is_closed());
        if group.is_empty() {
            return;
        }
        let committed = if self.patience.is_over() {
            Err(Error::ShuttingDown)
        } else {
            self.opened().and_then(|open| {
                let requests: Vec<_> = group.iter().map(WriteCall::request).collect();
                open.store.execute_all(&requests)
            })
        };
        let outcomes = match committed.map_err(|error| unless_over(&self.patience, error)) {
            Ok(committed) => {
                if let (Some(last_change), Some(open)) = (committed.last_change, &mut self.open) {
                    self.feed.committed(last_change);
                    open.doorbell.ring();
                }
                committed.outcomes
            }
            Err(error) => group.iter().map(|_| Err(error.clone())).collect(),
        };
        let is_fault = |outcome: &Result<_>| {
            outcome
                .as_ref()
                .is_err_and(|error| error.code() == Code::Internal)
        };
        if outcomes.iter().any(is_fault) {
            // After a failed sync the pages in memory are not what is on the disk.
            self.open = None;
        }
        let has_written = outcomes.iter().flatten().any(|done| done.group.is_some());
        for (call, outcome) in group.into_iter().zip(outcomes) {
            call.answer(outcome);
        }
        if has_written {
            self.back_up_daily();
        }
    }

    /// Has the first write of a day followed by a backup, on a thread and a connection of its own: no call waits for
    /// it. A process that is to end finishes it, if there is time, and leaves it to the next one otherwise.
    fn back_up_daily(&mut self) {
        let now = clock::now();
        let today = now.as_millis().div_euclid(24 * 60 * 60 * 1_000);
        if self.backed_up.replace(today) == Some(today) {
            return;
        }
        let Ok(path) = self.place.clone() else { return };
        self.backups.employ("backup", move || {
            if let Err(error) = backup::take_daily(&path, now) {
                tracing::warn!("no backup today: {}", error.with_causes());
            }
        });
    }

    /// Reports whether nothing is left to do. Others may be in the way.
    fn catch_up(&mut self) -> bool {
        // The next call asks for it again.
        self.is_catching_up_due.store(false, Ordering::Relaxed);
        let Some(Open { store, .. }) = &mut self.open else {
            return true;
        };
        let is_done = store.log_bytes() == 0 || store.catch_up().unwrap_or(false);
        store.free_cache();
        // Another process may have begun to share it.
        self.follow_if_shared();
        is_done
    }
}
