//! Open streams of notifications: how many a token has, and their end when it is revoked.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::mcp::Principal;

/// The open streams.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    by_number: HashMap<u64, (Principal, CancellationToken)>,
    last: u64,
}

/// Counts as an open stream until it is dropped.
#[derive(Debug)]
pub(super) struct Listening {
    open: Arc<Mutex<Open>>,
    number: u64,
}

impl Listeners {
    /// Begins a stream that `kill` ends; `None` if the principal has `most` already.
    pub(super) fn begin(
        &self,
        principal: &Principal,
        kill: CancellationToken,
        most: usize,
    ) -> Option<Listening> {
        let mut open = self.open.lock();
        let theirs = |(other, _): &&(Principal, _)| other == principal;
        if open.by_number.values().filter(theirs).count() >= most {
            return None;
        }
        open.last += 1;
        let number = open.last;
        open.by_number.insert(number, (principal.clone(), kill));
        Some(Listening {
            open: Arc::clone(&self.open),
            number,
        })
    }

    /// Ends the streams of those principals that `over` picks.
    pub(super) fn end_those(&self, over: impl Fn(&Principal) -> bool) {
        for (principal, kill) in self.open.lock().by_number.values() {
            if over(principal) {
                kill.cancel();
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        self.open.lock().by_number.len()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.open.lock().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(label: &str) -> Principal {
        Principal {
            label: Some(label.into()),
            ..Principal::default()
        }
    }

    #[test]
    fn each_token_has_its_own_number_of_streams() {
        let listeners = Listeners::default();
        let begin = |label| listeners.begin(&principal(label), CancellationToken::new(), 1);
        let first = begin("a");
        assert!(first.is_some() && begin("a").is_none());
        let other = begin("b");
        assert!(other.is_some());
        drop(first);
        assert!(begin("a").is_some());
    }

    #[test]
    fn the_streams_of_a_revoked_token_end() {
        let listeners = Listeners::default();
        let (kept, ended) = (CancellationToken::new(), CancellationToken::new());
        let _kept = listeners.begin(&principal("a"), kept.clone(), 1);
        let _ended = listeners.begin(&principal("b"), ended.clone(), 1);
        listeners.end_those(|principal| principal.label.as_deref() == Some("b"));
        assert!(ended.is_cancelled() && !kept.is_cancelled());
    }
}
