//! News of commits, by this process and others, for those who subscribed.
//!
//! A thread reads the change log from where it left off whenever it is woken: by this process's writer after a commit,
//! by the doorbell file that other processes ring, and, in case a ring was lost, every quarter of a second. It runs only
//! while somebody is subscribed.
//!
//! # Invariants
//!
//! - Only what is committed is told, in commit order, each change once, whoever made it: there is one way news travels.
//! - A subscriber that falls behind is told so, and must take everything it watches as changed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use notify::{RecursiveMode, Watcher};
use parking_lot::Mutex;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Access, Store};
use crate::{
    disk::patience::{Patience, begin_call},
    domain::{
        change::{Change, rewound},
        error::{Error, Result},
        task::{Task, TaskId},
    },
};

/// How long a commit by another process stays unseen when its ring is lost.
const FALLBACK: Duration = Duration::from_millis(250);
/// The most changes told one by one; more at once are told as [`Batch::Everything`].
const BATCH_LIMIT: u32 = 4_096;
/// How many batches a subscriber may fall behind.
const BACKLOG: usize = 64;

/// A task before and after a batch of changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Touched {
    /// Before; `None` if it was added.
    pub before: Option<Task>,
    /// After.
    pub after: Task,
}

/// What was committed since the last batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Batch {
    /// These tasks were changed.
    Tasks(Arc<[Touched]>),
    /// So much that anything may have changed.
    Everything,
}

/// A batch, with the last change in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct News {
    /// The sequence number of its last change.
    last_change: i64,
    /// What was committed.
    batch: Batch,
}

/// Where subscriptions come from. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct ChangeFeed {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The path of the database, or why there is none.
    place: Result<PathBuf>,
    patience: Patience,
    hub: broadcast::Sender<News>,
    /// The last change this process has committed.
    committed: AtomicI64,
    /// Wakes the thread; `None` while there is none.
    watcher: Mutex<Option<mpsc::Sender<()>>>,
}

/// News as they come.
#[derive(Debug)]
pub struct Subscription {
    news: broadcast::Receiver<News>,
    /// Changes up to here were acknowledged before the subscription.
    from: i64,
}

impl ChangeFeed {
    /// `patience` is that of the thread which watches.
    pub(crate) fn new(place: Result<PathBuf>, patience: Patience) -> Self {
        let shared = Shared {
            place,
            patience,
            hub: broadcast::Sender::new(BACKLOG),
            committed: AtomicI64::new(0),
            watcher: Mutex::new(None),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Tells that this process has committed up to `last_change`.
    pub(super) fn committed(&self, last_change: i64) {
        self.shared.committed.store(last_change, Ordering::Release);
        if let Some(wake) = &*self.shared.watcher.lock() {
            let _ = wake.send(());
        }
    }

    /// Reports whether anybody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.shared.hub.receiver_count() > 0
    }

    /// Starts to listen. When it returns, the thread knows where in the change log it starts.
    pub(super) fn subscribe(&self) -> Result<Subscription> {
        let mut watcher = self.shared.watcher.lock();
        let news = self.shared.hub.subscribe();
        if watcher.is_none() {
            *watcher = Some(self.start()?);
        }
        Ok(Subscription {
            news,
            from: self.shared.committed.load(Ordering::Acquire),
        })
    }

    fn start(&self) -> Result<mpsc::Sender<()>> {
        let (wake, woken) = mpsc::channel();
        let (started, starts) = mpsc::channel();
        let (feed, ring) = (self.clone(), wake.clone());
        thread::Builder::new()
            .name("watcher".to_owned())
            .spawn(move || {
                feed.shared.patience.rule_this_thread();
                let place = feed.shared.place.clone();
                match place.and_then(|path| Watch::begin(&path, ring)) {
                    Ok(watch) => {
                        let _ = started.send(Ok(()));
                        watch.run(&feed, &woken);
                    }
                    Err(error) => {
                        let _ = started.send(Err(error));
                    }
                }
            })
            .expect("the system starts a handful of threads");
        starts.recv().map_err(|_| Error::Fault)??;
        Ok(wake)
    }
}

impl Subscription {
    /// Waits for the next news. `None` when no more can come.
    pub async fn next(&mut self) -> Option<Batch> {
        loop {
            match self.news.recv().await {
                Ok(news) if news.last_change <= self.from && news.batch != Batch::Everything => {}
                Ok(news) => return Some(news.batch),
                Err(RecvError::Lagged(_)) => return Some(Batch::Everything),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Returns news that have come already, without waiting; `None` if there are none.
    pub fn pending(&mut self) -> Option<Batch> {
        use broadcast::error::TryRecvError;
        match self.news.try_recv() {
            Ok(news) => Some(news.batch),
            Err(TryRecvError::Lagged(_)) => Some(Batch::Everything),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

/// The state of the watching thread.
struct Watch {
    store: Store,
    last_change: i64,
    /// Which schema it was when the change log was read.
    schema: i64,
    data_version: Option<i64>,
    /// Kept for its effect: it rings while it lives. `None` where the system cannot watch files.
    _doorbell: Option<notify::RecommendedWatcher>,
}

impl Watch {
    fn begin(path: &Path, ring: mpsc::Sender<()>) -> Result<Self> {
        let store = Store::open(path, Access::Read)?;
        let doorbell = store.paths().doorbell.clone();
        // The file alone, never its folder: some systems would open every file in it, the database too.
        let watcher = crate::disk::open_beside(&doorbell)
            .map_err(notify::Error::io)
            .and_then(|_| notify::recommended_watcher(move |_| _ = ring.send(())))
            .and_then(|mut watcher| {
                watcher.watch(&doorbell, RecursiveMode::NonRecursive)?;
                Ok(watcher)
            })
            .inspect_err(|error| tracing::warn!("cannot watch the doorbell file: {error}"))
            .ok();
        let (last_change, schema) = (store.last_change()?, store.schema_cookie()?);
        Ok(Self {
            store,
            last_change,
            schema,
            data_version: None,
            _doorbell: watcher,
        })
    }

    fn run(mut self, feed: &ChangeFeed, woken: &mpsc::Receiver<()>) {
        loop {
            begin_call(Duration::ZERO);
            let before = self.last_change;
            // A failed look is not told and not lost: the next one starts where this one did.
            match self.look() {
                Ok(Some(news)) => {
                    if news.last_change < before {
                        // Whoever subscribes from now on is not to wait for numbers that were given out before.
                        let committed = &feed.shared.committed;
                        committed.store(news.last_change, Ordering::Release);
                    }
                    _ = feed.shared.hub.send(news);
                }
                Ok(None) => {}
                Err(_) => self.data_version = None,
            }
            match woken.recv_timeout(FALLBACK) {
                Ok(()) => while woken.try_recv().is_ok() {},
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if feed.shared.hub.receiver_count() == 0 {
                // Under the lock a subscriber either is counted, or comes later and starts a new thread.
                let mut watcher = feed.shared.watcher.lock();
                if feed.shared.hub.receiver_count() == 0 {
                    *watcher = None;
                    return;
                }
            }
        }
    }

    fn look(&mut self) -> Result<Option<News>> {
        let version = self.store.data_version()?;
        if self.data_version == Some(version) {
            return Ok(None);
        }
        self.store.refuse_upgraded()?;
        let (last_change, schema) = (self.last_change, self.schema);
        let (news, schema) = self.store.snapshot(|store| {
            let now = store.schema_cookie()?;
            let news = if now == schema {
                read_news(store, last_change)?
            } else {
                // A table came or went: the tasks may be others, whose changes are numbered anew.
                Some(News {
                    last_change: store.last_change()?,
                    batch: Batch::Everything,
                })
            };
            Ok((news, now))
        })?;
        self.schema = schema;
        self.data_version = Some(version);
        if let Some(news) = &news {
            self.last_change = news.last_change;
        }
        Ok(news)
    }
}

fn read_news(store: &Store, after: i64) -> Result<Option<News>> {
    let changes = store.changes_since(after, BATCH_LIMIT)?;
    let Some(last) = changes.last() else {
        return Ok(None);
    };
    if changes.len() == BATCH_LIMIT as usize {
        return Ok(Some(News {
            last_change: store.last_change()?,
            batch: Batch::Everything,
        }));
    }
    let last_change = last.seq;
    let mut by_task: BTreeMap<TaskId, Vec<Change>> = BTreeMap::new();
    for change in changes {
        by_task.entry(change.task).or_default().push(change);
    }
    let touched = by_task
        .into_iter()
        .map(|(id, changes)| {
            let after = store.task(id)?.ok_or(Error::NotFound { id })?;
            let before = rewound(&after, changes.iter())?;
            Ok(Touched { before, after })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Some(News {
        last_change,
        batch: Batch::Tasks(touched.into()),
    }))
}
