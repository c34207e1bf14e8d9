//! A reader thread: makes the reads that wait, each of one state of the database.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    time::{Duration, Instant},
};

use super::unless_over;
use crate::{
    disk::patience::{Patience, begin_call},
    domain::error::Result,
    store::{Access, Store},
};

/// How long after its last read a reader thread gives the memory of its page cache back.
const IDLE_BEFORE_FREEING: Duration = Duration::from_secs(10);

pub(super) type Read = Box<dyn FnOnce(Result<&Store>) + Send>;

/// A read that was asked for, and since when: what it waits in the queue counts as waited for locks.
pub(super) struct QueuedRead {
    pub(super) read: Read,
    pub(super) since: Instant,
}

pub(super) fn serve_reads(
    place: &Result<PathBuf>,
    queue: &crossbeam_channel::Receiver<QueuedRead>,
    patience: &Patience,
) {
    patience.rule_this_thread();
    let mut store = None;
    loop {
        let next = queue.recv_timeout(IDLE_BEFORE_FREEING).or_else(|reason| {
            if reason.is_timeout()
                && let Some(store) = &store
            {
                Store::free_cache(store);
            }
            queue.recv()
        });
        let Ok(QueuedRead { read: job, since }) = next else {
            break;
        };
        begin_call(since.elapsed());
        let served = catch_unwind(AssertUnwindSafe(|| {
            if store.is_none() {
                let opened = place.clone();
                match opened.and_then(|path| Store::open(&path, Access::Read)) {
                    Ok(opened) => store = Some(opened),
                    Err(error) => return job(Err(unless_over(patience, error))),
                }
            }
            let store: &Store = store.as_ref().expect("it was just opened");
            let mut job = Some(job);
            let read = store.refuse_moved().and_then(|()| {
                // One state of the database: whoever upgrades it meanwhile does so after this read.
                store.snapshot(|store| {
                    store.refuse_upgraded()?;
                    if let Some(job) = job.take() {
                        job(Ok(store));
                    }
                    Ok(())
                })
            });
            if let (Err(error), Some(job)) = (read, job) {
                job(Err(error));
            }
        }));
        if served.is_err() {
            tracing::error!("a read panicked");
            store = None;
        }
    }
}
