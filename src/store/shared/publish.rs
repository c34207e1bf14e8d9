//! Publishing: what a transaction wrote becomes the next entry of the shared log, before it is committed.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    JOIN_ANEW, OpenLog, State,
    entry::{self, Author, Place},
    follow::FETCH,
    items::{Item, Items, UsedKey},
    not_shared,
    state::Unsettled,
    unread,
};
use crate::{
    clock,
    domain::error::{Error, Result},
    share::{
        log::{Appended, Digest, Log, LogError, Number},
        secrets::Secrets,
        visit::Moment,
    },
    store::Store,
};

/// With less time than this, nothing is sent any more: hardly an answer would come, and nobody would know what became of it.
const LEAST_TIME: Duration = Duration::from_millis(250);
/// How long an engine is left alone before an append is sent again whose answer did not come: it may be choosing a new leader.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// What a transaction on a shared database must know to publish what it wrote.
#[derive(Debug)]
pub(in crate::store) struct Publishing {
    state: State,
    /// The last number that was given to a change before it.
    last_change: i64,
    pub(in crate::store) keys: Vec<UsedKey>,
}

/// What became of an entry that was sent.
pub(super) enum Sent {
    Accepted,
    /// Another's entry stands there.
    Behind,
    Unknown(LogError),
}

impl Publishing {
    /// Begins it in the transaction that is under way; `None` if the database is not shared.
    pub(in crate::store) fn begin(store: &Store) -> Result<Option<Self>> {
        let Some(state) = store.shared_state()? else {
            return Ok(None);
        };
        Ok(Some(Self {
            state,
            last_change: store.last_number("change")?,
            keys: Vec::new(),
        }))
    }

    /// Appends what the transaction wrote, and notes in it that this entry is applied. An error means that the transaction must
    /// be rolled back; of [`Error::Behind`], that others were first. Returns the number of the entry; `None` if nothing was
    /// changed.
    pub(in crate::store) fn publish(self, store: &Store) -> Result<Option<Number>> {
        let mut state = self.state;
        if store.changes_since(self.last_change, 1)?.is_empty() {
            return Ok(None);
        }
        let nonce = drawn();
        let n = state.n + 1;
        let sent = store.with_log(&state, |log| -> Result<_> {
            if log.must_look_back() {
                let later = log.read_after(&state)?;
                if !later.entries.is_empty() {
                    log.fetched = Some((state.n, later));
                    return Ok((Sent::Behind, state.digest));
                }
            }
            let written = Written {
                after: self.last_change,
                keys: self.keys,
            };
            let bytes = compose(store, &mut *log.log, &log.secrets, &state, &nonce, written)?;
            Ok((log.send(state.n, &bytes)?, Digest::of(&bytes)))
        })?;
        match sent? {
            (Sent::Accepted, digest) => {
                let format = state.format;
                state.go_on(n, digest, format, Some(&nonce));
                let took = store.with_log(&state, |log| log.took)?;
                state.pace.appended(clock::now(), took);
                store.keep_shared_state(&state)?;
                store.note_heard();
                Ok(Some(n))
            }
            (Sent::Behind, _) => Err(Error::Behind),
            (Sent::Unknown(error), _) => Err(Error::Unsettled {
                entry: n,
                nonce,
                reason: error.to_string(),
            }),
        }
    }
}

/// What an entry is to hold.
pub(super) struct Written {
    /// All changes after this one.
    pub(super) after: i64,
    /// The keys of the calls that made them.
    pub(super) keys: Vec<UsedKey>,
}

/// Writes the entry after those of `state`, with what `store` holds; its parts are kept by `log` when this returns. Called in a
/// transaction, so that it is one state.
pub(super) fn compose(
    store: &Store,
    log: &mut dyn Log,
    secrets: &Secrets,
    state: &State,
    nonce: &str,
    written: Written,
) -> Result<Vec<u8>> {
    let mut keep =
        |name: &Digest, part: &[u8]| log.put_part(name, part).map_err(|error| not_shared(&error));
    let mut items = Items::default();
    store.each_change_since(written.after, |change| {
        items.push(Item::Row(Box::new(change)), &mut keep)
    })?;
    for key in written.keys {
        items.push(Item::Key(key), &mut keep)?;
    }
    let place = after(state, store.sharing.knows.get());
    let author = author(store, secrets, nonce)?;
    entry::write(place, author, items, &mut keep)
}

/// Returns where the entry after those of `state` stands, for who knows formats up to `knows`.
pub(super) fn after(state: &State, knows: u32) -> Place<'_> {
    Place {
        log: &state.log,
        n: state.n + 1,
        prev: state.digest,
        format: state.format,
        knows,
    }
}

/// Returns who writes an entry with `nonce` now.
pub(super) fn author<'a>(
    store: &Store,
    secrets: &'a Secrets,
    nonce: &'a str,
) -> Result<Author<'a>> {
    Ok(Author {
        nonce,
        member: secrets.member.as_deref(),
        machine: &secrets.machine,
        at: clock::now(),
        last_task: store.last_number("task")?,
        last_change: store.last_number("change")?,
    })
}

/// Returns 32 hexadecimal digits, drawn at random.
pub(super) fn drawn() -> String {
    let random = || getrandom::u64().unwrap_or_else(|_| fastrand::u64(..));
    format!("{:016x}{:016x}", random(), random())
}

impl OpenLog {
    /// Sends `entry` for the number after `after`. An answer that says that the number is taken, or none, is held against what
    /// stands there: it may be this very entry. While nobody knows, and there is time, it is sent again.
    pub(super) fn send(&mut self, after: Number, entry: &[u8]) -> Result<Sent> {
        if self.visit.left() < LEAST_TIME {
            let late = "it did not answer in time, or others of this machine waited for it";
            return Err(not_shared(&LogError::Unreachable(late.to_owned())));
        }
        // Why nobody knows of an earlier attempt whether it was taken.
        let mut open: Option<LogError> = None;
        loop {
            let begun = Instant::now();
            let unknown = match self.log.append(after, entry) {
                Appended::Accepted => {
                    self.looked = Some(Moment::now());
                    self.took = begun.elapsed();
                    return Ok(Sent::Accepted);
                }
                // That this attempt was refused says nothing of the one before it.
                Appended::Refused(_) if open.is_some() => open.clone(),
                Appended::Refused(error) => return Err(unread(after, after + 1, &error)),
                Appended::Taken => None,
                Appended::Unknown(error) => Some(error),
            };
            open = unknown.clone().or(open);
            if let (Some(error), Duration::ZERO) = (&unknown, self.visit.left()) {
                return Ok(Sent::Unknown(error.clone()));
            }
            match self.log.read(after, FETCH) {
                Ok(page) if page.entries.first().is_some_and(|first| first == entry) => {
                    return Ok(Sent::Accepted);
                }
                Ok(page) if !page.entries.is_empty() => {
                    self.looked = Some(Moment::now());
                    self.fetched = Some((after, page));
                    return Ok(Sent::Behind);
                }
                Ok(_) if unknown.is_none() => {
                    return Err(Error::Unfollowed {
                        entry: after,
                        reason: format!(
                            "the shared log ends before entry {after}, which this machine knows: entries were deleted, or the log was set back to an earlier state"
                        ),
                        way_out: JOIN_ANEW,
                    });
                }
                // Nothing stands there yet: the same entry is sent again, of which one at most can stand there.
                Ok(_) => thread::sleep(BETWEEN_TRIES),
                // Another's entry stands there, which does not open: ours would.
                Err(error @ LogError::Damaged(_)) if open.is_none() => {
                    return Err(unread(after, after + 1, &error));
                }
                Err(error) => return Ok(Sent::Unknown(unknown.unwrap_or(error))),
            }
        }
    }
}

impl Store {
    /// Remembers that nobody knows whether an entry was taken, so that it can be told what became of it.
    pub(in crate::store) fn note_unsettled(&self, error: &Error) -> Result<()> {
        let (Error::Unsettled { entry, nonce, .. }, Some(mut state)) =
            (error, self.shared_state()?)
        else {
            return Ok(());
        };
        // Another process may have followed past it meanwhile.
        if state.n < *entry {
            state.remember(Unsettled {
                n: *entry,
                nonce: nonce.clone(),
                at: clock::now(),
                was_taken: None,
            });
            self.keep_shared_state(&state)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::{
        code::JoinCode,
        log::Page,
        seal::{Key, LogId},
        visit::{PATIENCE, Visit},
    };

    /// Answers the first append with `Unknown`, and every later one as if the engine were gone; nothing can be read then.
    #[derive(Default)]
    struct LostThenGone {
        appends: usize,
    }

    fn gone() -> LogError {
        LogError::Unreachable("no connection".to_owned())
    }

    impl Log for LostThenGone {
        fn begin_visit(&mut self, _: &Visit) {}

        fn append(&mut self, _: Number, _: &[u8]) -> Appended {
            self.appends += 1;
            match self.appends {
                1 => Appended::Unknown(LogError::Unreachable("no answer".to_owned())),
                _ => Appended::Refused(gone()),
            }
        }

        fn read(&mut self, _: Number, _: usize) -> std::result::Result<Page, LogError> {
            if self.appends > 1 {
                return Err(gone());
            }
            Ok(Page::default())
        }

        fn put_part(&mut self, _: &Digest, _: &[u8]) -> std::result::Result<(), LogError> {
            Err(gone())
        }

        fn part(&mut self, _: &Digest) -> std::result::Result<Vec<u8>, LogError> {
            Err(gone())
        }

        fn put_snapshot(&mut self, _: Number, _: &[u8]) -> std::result::Result<(), LogError> {
            Err(gone())
        }

        fn snapshot(&mut self, _: Number) -> std::result::Result<Option<Vec<u8>>, LogError> {
            Err(gone())
        }
    }

    #[test]
    fn an_entry_that_may_have_landed_is_not_called_refused_because_a_later_attempt_was() {
        let code = JoinCode {
            place: "s3://bucket/folder".parse().unwrap(),
            log: LogId::from_bytes([1; 16]),
            key: Key::from_bytes([2; 32]),
        };
        let mut log = OpenLog {
            log: Box::new(LostThenGone::default()),
            secrets: Secrets::new(code, None, None),
            file: None,
            knows: entry::FORMAT,
            looked: None,
            fetched: None,
            took: Duration::ZERO,
            visit: Visit::begin(PATIENCE),
        };
        let sent = log.send(0, b"entry");
        assert!(matches!(sent, Ok(Sent::Unknown(_))), "it may yet appear");
    }
}
