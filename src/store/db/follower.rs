//! Follows the log that several machines share a database by, while anybody listens: a session, or who subscribed.
//!
//! It also makes the snapshots of the log that are due, by which others join faster.
//!
//! It has a thread and a connection of its own: an engine that does not answer keeps nobody waiting.

use std::{
    path::PathBuf,
    sync::{
        Weak,
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use super::Doorbell;
use crate::{
    disk::patience::{Patience, begin_call},
    domain::error::{Error, Result},
    store::{Access, Store, change_feed::ChangeFeed, shared::Snapshots},
};

/// How often the log is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// How often at least, where it does not answer.
const LONGEST_BETWEEN_LOOKS: Duration = Duration::from_mins(1);
/// Sessions are counted by what they hold; the database and the writer thread hold it as well.
const HELD_BY_OTHERS: usize = 2;

pub(super) struct Follower {
    pub(super) place: PathBuf,
    pub(super) feed: ChangeFeed,
    pub(super) patience: Patience,
    pub(super) sessions: Weak<()>,
}

impl Follower {
    /// Runs until the other end of `ended` is dropped.
    pub(super) fn run(self, ended: &mpsc::Receiver<()>) {
        self.patience.rule_this_thread();
        let mut open = None;
        let mut pause = Duration::ZERO;
        let mut failing = None;
        let mut snapshots = Snapshots::default();
        loop {
            match ended.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) if !self.patience.is_over() => {}
                _ => return,
            }
            if !self.is_heard() {
                pause = BETWEEN_LOOKS;
                continue;
            }
            begin_call(Duration::ZERO);
            match self.look(&mut open) {
                Ok(()) => {
                    failing = None;
                    let is_unfinished = open
                        .as_ref()
                        .is_some_and(|(store, _)| tend(&mut snapshots, store));
                    pause = if is_unfinished {
                        Duration::ZERO
                    } else {
                        BETWEEN_LOOKS
                    };
                }
                Err(_) if self.patience.is_over() => return,
                Err(error) => {
                    // It stays so for hours where a machine is offline: told once.
                    let said = error.with_causes();
                    if failing.as_ref() != Some(&said) {
                        tracing::warn!("changes of other machines are not fetched: {said}");
                    }
                    failing = Some(said);
                    open = None;
                    pause = (pause.max(BETWEEN_LOOKS) * 2).min(LONGEST_BETWEEN_LOOKS);
                }
            }
        }
    }

    fn is_heard(&self) -> bool {
        self.feed.is_heard() || self.sessions.strong_count() > HELD_BY_OTHERS
    }

    /// Fetches what is new, and tells of it.
    fn look(&self, open: &mut Option<(Store, Doorbell)>) -> Result<()> {
        if open.is_none() {
            let store = Store::open(&self.place, Access::Write)?;
            let doorbell = Doorbell::new(store.paths());
            *open = Some((store, doorbell));
        }
        let (store, doorbell) = open.as_mut().ok_or(Error::Fault)?;
        if let Some(last) = store.follow()? {
            self.feed.committed(last);
            doorbell.ring();
        }
        Ok(())
    }
}

/// Does some of what is to be done for a snapshot. Returns whether more is to be done at once.
fn tend(snapshots: &mut Snapshots, store: &Store) -> bool {
    snapshots.tend(store).unwrap_or_else(|error| {
        tracing::warn!(
            "no snapshot of the shared log is made for now: {}",
            error.with_causes()
        );
        false
    })
}
