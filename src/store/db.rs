//! The database for many callers at once: one writer thread, reader threads, and news of what was committed.
//!
//! Calls reach the writer thread through a queue. It takes what is waiting, runs it as one transaction from which a
//! failed call is left out, commits once, and only then answers: so full durability costs one sync a group instead of one a call.
//! The group forms by itself while the last sync runs; nobody waits for one to fill.
//!
//! | file | what it holds |
//! |---|---|
//! | `named_sessions` | what sessions were told that outlive a request, and not the process |
//! | `calls` | what the writer thread is asked for, and which calls of a session are settled |
//! | `writer_thread`, `reader_thread` | what each of them does |
//! | `follower` | fetches what other machines changed, while anybody listens |
//! | `threads` | starting threads, and waiting for their end |
//!
//! # Invariants
//!
//! - Nothing leaves before the commit: not an answer, not a change.
//! - A call is queued before [`Session::write`] returns its future, so calls are applied in the order they were made.
//! - A session reads its own writes: a read waits for the writes the session made before it, and for no others. Where several
//!   machines share the database, it waits a second for those that are not acknowledged yet, since their log may not answer.
//! - A fault in one call, or a failed commit, ends neither thread: the connection is opened anew for the next call.
//! - The end waits for no other process: a call that was not begun by then is refused, and never made.
//! - What was put off is done when calls pause, reads too: a process that has ended may have left it to this one. Whoever
//!   is in the way is tried again, until it is done.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot, watch as signal};

use super::{Paths, Store, change_feed::ChangeFeed, shared};
use crate::{
    disk::patience::Patience,
    domain::{
        command::{Caller, Command, Outcome},
        error::{Error, Result},
        session::SessionId,
    },
};

mod calls;
mod follower;
mod named_sessions;
mod reader_thread;
#[cfg(test)]
mod tests;
mod threads;
mod writer_thread;

use calls::{Settles, Told, Work, WriteCall, Written};
use named_sessions::NamedSessions;
use reader_thread::{QueuedRead, Read, serve_reads};
use threads::Crew;
use writer_thread::{Ending, WriterThread};

pub use super::change_feed::{Batch, Subscription, Touched};

/// The most reads that are queued, made or not yet taken by who asked, for each reader thread: more than keeps it at work,
/// and few enough that what was read does not pile up in memory before a caller that is slower.
const READS_AHEAD: usize = 8;
/// How long a read waits for the writes of its session that were not answered yet, where these go to a shared log.
const OWN_WRITES: Duration = Duration::from_secs(1);
/// How long [`Db::close`] waits for the threads. They end at once, unless the disk hangs or much was put off.
const CLOSING: Duration = Duration::from_secs(3);

/// The database, shared by the sessions of a process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    work: Mutex<Option<mpsc::Sender<Work>>>,
    /// Whether the writer thread knows that there was a call since it last caught up.
    is_catching_up_due: Arc<AtomicBool>,
    reads: Mutex<Option<crossbeam_channel::Sender<QueuedRead>>>,
    room_for_reads: Semaphore,
    patience: Patience,
    /// How long the writer thread may take to end, once it is to.
    ending: Arc<Mutex<Option<Ending>>>,
    writer: Mutex<Crew>,
    readers: Mutex<Crew>,
    /// Whether the database could be used, once that is known; then whether it still can.
    health: signal::Receiver<Option<Result<()>>>,
    feed: ChangeFeed,
    named: Mutex<NamedSessions>,
    /// Held by every session, so that it is known whether there are any.
    sessions: Arc<()>,
    /// The path of the database, or why there is none.
    place: Result<PathBuf>,
    /// Whose machine it is, as of the time at which the file that says so was written.
    member: Mutex<Option<(SystemTime, Option<Arc<str>>)>>,
}

impl Db {
    /// Starts the threads for the database at `path` and returns at once; it is opened on the writer thread.
    /// `readers` is how many reads run side by side, at least 1.
    pub fn start(path: &Path, readers: usize) -> Self {
        Self::start_at(&Ok(path.to_owned()), readers)
    }

    /// Starts a database that nobody has named as they should: every call is refused with `error`.
    pub fn refusing(error: Error) -> Self {
        Self::start_at(&Err(error), 1)
    }

    fn start_at(place: &Result<PathBuf>, readers: usize) -> Self {
        let (work, waiting) = mpsc::channel();
        let (reads, queue) = crossbeam_channel::unbounded::<QueuedRead>();
        let readers = readers.max(1);
        let (opened, health) = signal::channel(None);
        let patience = Patience::default();
        let shared = Arc::new(Shared {
            work: Mutex::new(Some(work)),
            is_catching_up_due: Arc::default(),
            reads: Mutex::new(Some(reads)),
            room_for_reads: Semaphore::new(readers * READS_AHEAD),
            ending: Arc::default(),
            writer: Mutex::default(),
            readers: Mutex::default(),
            health,
            feed: ChangeFeed::new(place.clone(), patience.clone()),
            patience,
            named: Mutex::default(),
            sessions: Arc::default(),
            // The files beside the database are those of the one that a link leads to.
            place: place
                .clone()
                .map(|path| crate::disk::canonicalize(&path).unwrap_or(path)),
            member: Mutex::default(),
        });
        let writer = WriterThread {
            place: place.clone(),
            opened,
            feed: shared.feed.clone(),
            patience: shared.patience.clone(),
            ending: Arc::clone(&shared.ending),
            is_catching_up_due: Arc::clone(&shared.is_catching_up_due),
            open: None,
            backups: Crew::default(),
            backed_up: None,
            sessions: Arc::clone(&shared.sessions),
            following: None,
        };
        shared
            .writer
            .lock()
            .employ("writer", move || writer.run(&waiting));
        for _ in 0..readers {
            let (place, queue, patience) = (place.clone(), queue.clone(), shared.patience.clone());
            shared
                .readers
                .lock()
                .employ("reader", move || serve_reads(&place, &queue, &patience));
        }
        Self { shared }
    }

    /// Starts a session: the reads and writes of one window of a client.
    pub fn session(&self) -> Session {
        // Where the system has no random numbers, the time and the thread make one.
        let number = getrandom::u64().unwrap_or_else(|_| fastrand::u64(..));
        Session {
            db: self.clone(),
            id: SessionId::numbered(number),
            told: Arc::default(),
            written: Arc::default(),
            _alive: Arc::clone(&self.shared.sessions),
        }
    }

    /// Returns whose machine this is, if several share the database and their members are named: changes are signed with it.
    pub fn member(&self) -> Option<Arc<str>> {
        let path = self.shared.place.as_ref().ok()?;
        let written = Paths::new(path).share.metadata().ok()?.modified().ok()?;
        let mut known = self.shared.member.lock();
        match &*known {
            Some((at, member)) if *at == written => member.clone(),
            _ => {
                let member: Option<Arc<str>> = shared::member(path).map(Arc::from);
                *known = Some((written, member.clone()));
                member
            }
        }
    }

    /// Reports whether a write may wait for a log that several machines share.
    fn may_wait_for_a_log(&self) -> bool {
        let path = self.shared.place.as_ref();
        path.is_ok_and(|path| Paths::new(path).share.exists())
    }

    /// Starts to listen for commits, by this process and others. Every commit acknowledged after this returns is
    /// told.
    pub fn subscribe(&self) -> Result<Subscription> {
        self.shared.feed.subscribe()
    }

    /// Refuses the calls that are not begun yet, and those that wait for a lock of another process. Each is answered
    /// that it was not made; what is being committed is finished.
    pub fn give_up(&self) {
        self.shared.patience.end();
    }

    /// Gives up, and closes the connections. Returns whether the database was usable at the end. Blocks until it is
    /// done, or is likely never to be.
    pub fn close(&self) -> Result<()> {
        let now = Instant::now();
        self.end(now, now + CLOSING)
    }

    /// As [`Db::close`], within `limit`; and where others are in the way of moving the log into the database, they are
    /// given most of that time.
    pub fn close_within(&self, limit: Duration) -> Result<()> {
        let now = Instant::now();
        self.end(now + limit * 3 / 4, now + limit)
    }

    fn end(&self, last_wait: Instant, limit: Instant) -> Result<()> {
        self.give_up();
        let now = Instant::now();
        *self.shared.ending.lock() = Some(Ending {
            backup: now + limit.saturating_duration_since(now) * 3 / 4,
            last_wait,
        });
        // The readers first: the log cannot be emptied while one of them reads.
        drop(self.shared.reads.lock().take());
        let mut is_over = self.shared.readers.lock().join(limit);
        drop(self.shared.work.lock().take());
        is_over &= self.shared.writer.lock().join(limit);
        if !is_over {
            tracing::warn!("the database was left before it was closed: the disk does not answer");
        }
        self.shared.health.borrow().clone().unwrap_or(Ok(()))
    }
}

impl Shared {
    /// Queues work for the writer thread. Reports whether that still takes any.
    fn queue(&self, work: Work) -> bool {
        self.work
            .lock()
            .as_ref()
            .is_some_and(|queue| queue.send(work).is_ok())
    }

    fn catch_up_when_calls_pause(&self) {
        if !self.is_catching_up_due.swap(true, Ordering::Relaxed) {
            self.queue(Work::CatchingUp);
        }
    }
}

/// One session's view of the database.
#[derive(Clone, Debug)]
pub struct Session {
    db: Db,
    id: SessionId,
    told: Arc<Told>,
    written: Arc<Written>,
    /// While it lives, what other machines change is fetched.
    _alive: Arc<()>,
}

impl Session {
    /// Returns the database of the session.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Returns the session of this name, which goes on where it was last left, over the connection of this one.
    #[must_use]
    pub fn named(&self, id: SessionId) -> Self {
        let told = self.db.shared.named.lock().told(&id);
        Self {
            id,
            told,
            ..self.clone()
        }
    }

    /// Returns its name in the change log.
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// Returns from which change on it has not looked; `None` before it was told anything.
    pub fn looked(&self) -> Option<i64> {
        self.told.looked()
    }

    /// Takes all changes up to `seq` for looked at.
    pub fn look(&self, seq: i64) {
        self.told.look(seq);
    }

    /// Returns the last change it was told of; `None` at first.
    pub fn told(&self) -> Option<i64> {
        self.told.get()
    }

    /// Takes `seq` for the last change it was told of.
    pub fn tell(&self, seq: i64) {
        self.told.set(seq);
    }

    /// Likewise if the last one was `told`. Reports whether it was.
    pub fn tell_after(&self, told: Option<i64>, seq: i64) -> bool {
        self.told.replace(told, seq)
    }

    /// Returns how many writes this session has made so far.
    pub fn made(&self) -> u64 {
        self.written.made.load(Ordering::Relaxed)
    }

    /// Reports whether the first `made` writes of this session are settled: made or refused.
    pub fn has_settled(&self, made: u64) -> bool {
        *self.written.settled.borrow() >= made
    }

    /// Reports whether all writes this session has made are settled.
    pub fn is_idle(&self) -> bool {
        self.written.is_idle()
    }

    /// Queues `command`; the future resolves when it is on the disk, or refused. Dropping the future before the
    /// command's turn has come takes the command back.
    pub fn write(
        &self,
        command: Command,
        caller: Caller,
    ) -> impl Future<Output = Result<Outcome>> + use<> {
        let (answer, answered) = oneshot::channel();
        let was_idle = self.written.is_idle();
        let number = self.written.made.fetch_add(1, Ordering::Relaxed) + 1;
        let settles = Settles(Arc::clone(&self.written));
        let call = WriteCall {
            command,
            caller,
            answer,
            settles,
            was_idle,
            number,
            told: Arc::clone(&self.told),
            since: Instant::now(),
        };
        let queued = self.db.shared.queue(Work::WriteCall(Box::new(call)));
        async move {
            match answered.await {
                Ok(outcome) => outcome,
                Err(_) if queued => Err(Error::Fault),
                Err(_) => Err(Error::ShuttingDown),
            }
        }
    }

    /// Runs `read` on a reader thread, after the writes this session has made so far. Those that wait for a shared log are waited for
    /// a second, and then it is run without them: [`Session::has_settled`] tells.
    pub fn read<T: Send + 'static, F: FnOnce(&Store) -> Result<T> + Send + 'static>(
        &self,
        read: F,
    ) -> impl Future<Output = Result<T>> + use<T, F> {
        let mine = self.made();
        let mut settled = self.written.settled.subscribe();
        let db = self.db.clone();
        let since = Instant::now();
        async move {
            // The sender lives in this session's calls and in `Written`; if all are gone, so is the wait.
            let own = settled.wait_for(|settled| *settled >= mine);
            if db.may_wait_for_a_log() {
                let _ = tokio::time::timeout(OWN_WRITES, own).await;
            } else {
                let _ = own.await;
            }
            let _room = db.shared.room_for_reads.acquire().await;
            let (answer, answered) = oneshot::channel();
            let job: Read = Box::new(move |store| {
                // Nobody waits for it any more.
                if !answer.is_closed() {
                    let _ = answer.send(store.and_then(read));
                }
            });
            db.shared.catch_up_when_calls_pause();
            let queued = db
                .shared
                .reads
                .lock()
                .as_ref()
                .is_some_and(|reads| reads.send(QueuedRead { read: job, since }).is_ok());
            match answered.await {
                Ok(found) => found,
                Err(_) if queued => Err(Error::Fault),
                Err(_) => Err(Error::ShuttingDown),
            }
        }
    }
}

/// A file that is written after each commit, for other processes to watch. They could not watch the database: its log
/// is written before the commit, and watching it can drop SQLite's locks.
pub(crate) struct Doorbell(Option<File>);

impl Doorbell {
    pub(crate) fn new(paths: &Paths) -> Self {
        Self(crate::disk::open_beside(&paths.doorbell).ok())
    }

    pub(crate) fn ring(&mut self) {
        // If it cannot be rung, the others find the commit when they next look.
        if let Some(file) = &mut self.0 {
            let _ = std::io::Seek::rewind(file).and_then(|()| file.write_all(b"\n"));
        }
    }
}

/// Says of a lock that was not waited for to the end that this was the reason.
fn unless_over(patience: &Patience, error: Error) -> Error {
    match error {
        Error::Busy | Error::Locked { .. } if patience.is_over() => Error::ShuttingDown,
        error => error,
    }
}
