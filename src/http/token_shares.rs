//! Shares: how many of something each token may hold at once, so that none can take all of it from the others.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use crate::mcp::Principal;

/// Returns the most that one token may hold of `all`: three quarters. The rest is there for the others.
pub(super) fn largest(all: usize) -> usize {
    all - all / 4
}

/// How many of something are held, by each token and together.
#[derive(Debug)]
pub(super) struct Shares {
    most: usize,
    most_of_one: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    by_token: HashMap<[u8; 32], usize>,
}

/// Counts as one that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    shares: Arc<Shares>,
    token: [u8; 32],
}

impl Shares {
    pub(super) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_of_one,
            held: Mutex::default(),
        })
    }

    /// Takes one more for `principal`; `None` if it has as many as one may have, or all are taken.
    pub(super) fn take(self: &Arc<Self>, principal: &Principal) -> Option<Share> {
        let mut held = self.held.lock();
        let token = principal.token_hash;
        let theirs = held.by_token.get(&token).copied().unwrap_or_default();
        if held.all >= self.most || theirs >= self.most_of_one {
            return None;
        }
        held.all += 1;
        held.by_token.insert(token, theirs + 1);
        Some(Share {
            shares: Arc::clone(self),
            token,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.held.lock();
        held.all -= 1;
        if let Some(theirs) = held.by_token.get_mut(&self.token) {
            *theirs -= 1;
            if *theirs == 0 {
                held.by_token.remove(&self.token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(token: u8) -> Principal {
        Principal {
            token_hash: [token; 32],
            ..Principal::default()
        }
    }

    #[test]
    fn what_one_token_may_hold_leaves_some_for_another() {
        let shares = Shares::new(4, largest(4));
        let take = |token| shares.take(&principal(token));
        let mut first: Vec<Share> = (0..3).map(|_| take(1).unwrap()).collect();
        assert!(take(1).is_none());
        let second = take(2);
        assert!(second.is_some() && take(2).is_none() && take(3).is_none());
        first.pop();
        assert!(take(2).is_some());
        drop((first, second));
        assert!(shares.held.lock().by_token.is_empty());
    }

    #[test]
    fn of_few_one_token_may_hold_all() {
        assert_eq!([1, 2, 3, 4, 8, 1_024].map(largest), [1, 2, 3, 3, 6, 768]);
    }
}
