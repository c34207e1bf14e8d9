//! What clients have not read yet, counted by token: when that is too much, the oldest is given up.
//!
//! Two things are counted: messages in the mailboxes of sessions, and answers that are handed over to a connection
//! which has not taken them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// What keeping one costs beside its bytes, roughly.
const KEEPING: usize = 200;

/// The bytes that are not read yet.
#[derive(Debug)]
pub(super) struct Unread {
    most: usize,
    tokens: Mutex<Tokens>,
}

#[derive(Debug, Default)]
struct Tokens {
    last: u64,
    accounts: HashMap<[u8; 32], Account>,
}

#[derive(Debug, Default)]
struct Account {
    bytes: usize,
    /// The oldest first.
    kept: BTreeMap<u64, (usize, Keeper)>,
}

/// What keeps messages until they are read.
pub(super) trait KeepsMessages: std::fmt::Debug + Send + Sync {
    /// Throws away the message with this number, since too much is unread.
    fn give_up(&self, number: u64);
}

/// What keeps some bytes, and can give them up.
#[derive(Debug)]
pub(super) enum Keeper {
    /// The message with a number.
    Mailbox(Weak<dyn KeepsMessages>, u64),
    /// A connection, which is closed.
    Connection(CancellationToken),
}

/// Counts as unread until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    unread: Arc<Unread>,
    token: [u8; 32],
    number: u64,
}

/// What was too much. To be given up while no lock is held.
#[must_use]
pub(super) struct Surplus(Vec<Keeper>);

impl Unread {
    /// Keeps at most so many bytes of each token, or a single answer that is longer.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            tokens: Mutex::default(),
        })
    }

    /// Counts `bytes` of `token`.
    pub(super) fn count(
        self: &Arc<Self>,
        token: [u8; 32],
        bytes: usize,
        keeper: Keeper,
    ) -> (Counted, Surplus) {
        let mut surplus = Vec::new();
        let mut tokens = self.tokens.lock();
        tokens.last += 1;
        let number = tokens.last;
        let account = tokens.accounts.entry(token).or_default();
        let bytes = bytes + KEEPING;
        account.bytes += bytes;
        account.kept.insert(number, (bytes, keeper));
        while account.bytes > self.most && account.kept.len() > 1 {
            if let Some((_, (bytes, keeper))) = account.kept.pop_first() {
                account.bytes -= bytes;
                surplus.push(keeper);
            }
        }
        drop(tokens);
        let counted = Counted {
            unread: Arc::clone(self),
            token,
            number,
        };
        (counted, Surplus(surplus))
    }

    /// Returns how many bytes are unread, of all tokens.
    pub(super) fn bytes(&self) -> usize {
        let tokens = self.tokens.lock();
        tokens.accounts.values().map(|account| account.bytes).sum()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut tokens = self.unread.tokens.lock();
        if let Some(account) = tokens.accounts.get_mut(&self.token) {
            if let Some((bytes, _)) = account.kept.remove(&self.number) {
                account.bytes -= bytes;
            }
            if account.kept.is_empty() {
                tokens.accounts.remove(&self.token);
            }
        }
    }
}

impl Surplus {
    pub(super) fn give_up(self) {
        for keeper in self.0 {
            match keeper {
                Keeper::Mailbox(mailbox, number) => {
                    if let Some(mailbox) = mailbox.upgrade() {
                        mailbox.give_up(number);
                    }
                }
                Keeper::Connection(kill) => kill.cancel(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 10 * KEEPING;

    #[test]
    fn the_oldest_of_a_token_goes_first_and_no_other_tokens() {
        let unread = Unread::new(MOST);
        let kills: Vec<CancellationToken> = (0..4).map(|_| CancellationToken::new()).collect();
        let count = |token, bytes, kill: &CancellationToken| {
            let keeper = Keeper::Connection(kill.clone());
            let (counted, surplus) = unread.count([token; 32], bytes, keeper);
            surplus.give_up();
            counted
        };
        let _other = count(2, 9 * KEEPING, &kills[0]);
        let first = count(1, 5 * KEEPING, &kills[1]);
        drop(first);
        let _second = count(1, 5 * KEEPING, &kills[2]);
        let _third = count(1, 5 * KEEPING, &kills[3]);
        let closed: Vec<bool> = kills.iter().map(CancellationToken::is_cancelled).collect();
        assert_eq!(closed, [false, false, true, false]);
        assert_eq!(unread.bytes(), 10 * KEEPING + 6 * KEEPING);
    }

    #[test]
    fn a_single_answer_may_be_longer() {
        let unread = Unread::new(MOST);
        let kill = CancellationToken::new();
        let keeper = Keeper::Connection(kill.clone());
        let (counted, surplus) = unread.count([1; 32], 2 * MOST, keeper);
        surplus.give_up();
        assert!(!kill.is_cancelled());
        drop(counted);
        assert_eq!(unread.bytes(), 0);
        assert!(unread.tokens.lock().accounts.is_empty());
    }
}
