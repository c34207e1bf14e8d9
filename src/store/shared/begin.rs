//! Beginning to share a database, and ending it.

use std::ops::RangeInclusive;

use super::{
    State,
    entry::{self, Head},
    follow::{FETCH, Stop},
    items::UsedKey,
    not_shared,
    publish::{Sent, Written, after, author, compose, drawn},
    unfit::Unfit,
    unread, unusable_secrets,
};
use crate::{
    domain::error::{Error, Result},
    share::{
        log::{Appended, Digest, Log, LogError, Number},
        secrets::Secrets,
    },
    store::{Store, checkpoint, failure::WhileTrying, history_check::Rows, paths::unusable},
};

/// How often a log that is begun is tried to be brought up.
const TRIES: u32 = 5;

fn taken(secrets: &Secrets) -> Error {
    Error::NotShared {
        reason: format!(
            "{} holds a shared log already; join that with its code, or name another place",
            secrets.code.place
        ),
    }
}

/// Entries of the shared log that cannot be followed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// The first of them.
    pub first: Number,
    /// The last of them.
    pub last: Number,
    /// Why the first cannot be followed.
    pub reason: String,
}

/// The end of a shared log.
struct End {
    /// Its last entry.
    n: Number,
    /// Whether that ends it for good, and this machine wrote it.
    is_ours: bool,
}

/// A log that is being begun.
struct Begun<'a> {
    secrets: &'a Secrets,
    log: &'a mut dyn Log,
    /// The format that it gets.
    format: u32,
    /// How far it goes.
    state: State,
    /// The last number of a task, and of a change, that it has.
    last: [i64; 2],
}

impl<'a> Begun<'a> {
    fn new(secrets: &'a Secrets, log: &'a mut dyn Log, format: u32) -> Self {
        Self {
            state: State::before_first(&secrets.code.log.to_string()),
            secrets,
            log,
            format,
            last: [0, 0],
        }
    }

    /// Reads what was appended before, by an attempt that was cut off. What another appended is refused.
    fn read_up(&mut self, knows: u32) -> Result<()> {
        loop {
            let entries = match self.log.read(self.state.n, FETCH) {
                Ok(page) => page.entries,
                Err(LogError::Damaged(_)) => return Err(taken(self.secrets)),
                Err(error) => return Err(not_shared(&error)),
            };
            if entries.is_empty() {
                return Ok(());
            }
            for bytes in entries {
                let Ok((head, _)) = entry::read(&bytes, after(&self.state, knows)) else {
                    return Err(taken(self.secrets));
                };
                let digest = Digest::of(&bytes);
                self.state
                    .go_on(head.n, digest, head.format, Some(&head.nonce));
                self.last = [head.last_task, head.last_change];
            }
        }
    }

    /// Appends what `store` has and the log has not. Called in a transaction.
    fn bring_up(&mut self, store: &Store) -> Result<()> {
        let last = [store.last_number("task")?, store.last_number("change")?];
        for _ in 0..TRIES {
            self.read_up(store.sharing.knows.get())?;
            if self.state.n > 0 && self.last == last {
                return Ok(());
            }
            if self.state.n == 0 {
                self.state.format = self.format;
            }
            let after = self.last[1];
            let keys = store.call_keys()?.into_iter();
            let keys = keys.filter(|(_, _, group, _)| *group > after);
            let keys = keys.map(UsedKey::from);
            let written = Written {
                after,
                keys: keys.collect(),
            };
            let (nonce, n) = (drawn(), self.state.n);
            let bytes = compose(store, self.log, self.secrets, &self.state, &nonce, written)?;
            match self.log.append(n, &bytes) {
                // It is read back, too: what stands there is what counts.
                Appended::Accepted | Appended::Taken => {}
                Appended::Refused(error) => return Err(not_shared(&error)),
                Appended::Unknown(error) => {
                    return Err(Error::Unsettled {
                        entry: n + 1,
                        nonce,
                        reason: error.to_string(),
                    });
                }
            }
            if self.state.n == 0 {
                self.state.format = 0;
            }
        }
        Err(taken(self.secrets))
    }
}

impl Store {
    /// Makes the database the first of a new shared log, which gets all it holds. One that another began there is refused, and so is
    /// a database that is shared, or whose tasks are not what their log says. With the secrets of an attempt that was cut off it goes
    /// on from there.
    pub fn share(&mut self, secrets: &Secrets, log: &mut dyn Log) -> Result<()> {
        self.refuse_shared()?;
        if let Some(wrong) = Rows::read(self)?.disagreeing() {
            let reason =
                format!("{wrong}; see `taskhold doctor`, and share it when that finds nothing");
            return Err(unusable(&self.paths.database, reason, None));
        }
        let before = Secrets::load(&self.paths.share).ok();
        self.keep_secrets(secrets)?;
        let mut begun = Begun::new(secrets, log, self.sharing.knows.get());
        let shared = self.share_as(&mut begun);
        // The log has nothing of ours; an answer that did not come leaves the key, without which nobody reads the entry.
        if matches!(shared, Err(Error::NotShared { .. })) && begun.state.n == 0 {
            match before {
                Some(before) => self.keep_secrets(&before)?,
                None => drop(Secrets::remove(&self.paths.share)),
            }
        }
        shared
    }

    /// Follows the shared log as far as that goes. Returns the entries behind that, which nobody gets past with what is known here;
    /// `None` if there are none, or the log ends with one that [`rekey`](Self::rekey) has written.
    pub fn entries_ahead(&mut self) -> Result<Option<Ahead>> {
        let stopped = match self.follow() {
            Err(error @ Error::Unfollowed { .. }) => error,
            followed => return followed.map(|_| None),
        };
        let state = self.shared()?;
        let end = self.end_of(&state)?;
        if end.is_ours {
            return Ok(None);
        }
        match stopped {
            Error::Unfollowed { reason, .. } if self.is_unusable_next(&state)? => Ok(Some(Ahead {
                first: state.n + 1,
                last: end.n,
                reason,
            })),
            stopped => Err(stopped),
        }
    }

    /// Begins a new shared log, which `next` opens, with all the database holds, and ends the one it has. The other machines stop
    /// at the end of the old one until they join the new one; who is not given its key, as a laptop that was lost, is out.
    ///
    /// The old log ends when the new one has everything. Cut off before that, all goes on with the old one; after it, the same call
    /// finishes. Where entries cannot be followed, they are left out if `leaves_out` says so. Returns those that were.
    pub fn rekey(
        &mut self,
        next: &Secrets,
        log: &mut dyn Log,
        leaves_out: bool,
    ) -> Result<Option<RangeInclusive<Number>>> {
        let state = self.shared()?;
        let old = self.secrets_of(&state)?;
        if next.code.log == old.code.log {
            return Err(taken(next));
        }
        let before = old.next.as_ref().filter(|begun| begun.code != next.code);
        if let Some(begun) = before
            && self.end_of(&state)?.is_ours
        {
            return Err(Error::NotShared {
                reason: format!(
                    "the log ended for a new one at {}, and that was cut off: taskhold share rekey with this place finishes it",
                    begun.code.place
                ),
            });
        }
        // Before anything is written there: without the key nobody reads it.
        self.keep_secrets(&Secrets {
            next: Some(Box::new(next.clone())),
            ..old.clone()
        })?;
        let mut begun = Begun::new(next, log, state.format);
        let ended = self.replace_log(&mut begun, leaves_out);
        if matches!(ended, Err(Error::NotShared { .. })) && begun.state.n == 0 {
            self.keep_secrets(&old)?;
        }
        let left_out = ended?;
        self.share_as(&mut begun)?;
        self.keep_secrets(next)?;
        *self.sharing.log.borrow_mut() = None;
        Ok((!left_out.is_empty()).then_some(left_out))
    }

    /// Brings the log that was begun up to this database, and ends the one that this has. Returns the entries that are left out.
    fn replace_log(
        &mut self,
        begun: &mut Begun<'_>,
        leaves_out: bool,
    ) -> Result<RangeInclusive<Number>> {
        loop {
            let followed = self.follow();
            let state = self.shared()?;
            let mut end = End {
                n: state.n,
                is_ours: false,
            };
            if let Err(error) = followed {
                end = self.end_of(&state)?;
                let goes_on = end.is_ours || (leaves_out && self.is_unusable_next(&state)?);
                if !goes_on {
                    return Err(error);
                }
            }
            let state = self.snapshot(|store| {
                begun.bring_up(store)?;
                store.shared()
            })?;
            if end.is_ours {
                return Ok(state.n + 1..=end.n - 1);
            }
            if self.end_log(&state, end.n.max(state.n))? {
                return Ok(state.n + 1..=end.n);
            }
        }
    }

    /// Reports whether the shared log has ended: its members go on with another.
    pub(crate) fn has_ended(&self) -> Result<bool> {
        Ok(self.ending(&self.shared()?)?.1.is_some())
    }

    /// Says of an entry that this machine cannot get past also whether the log has ended since: then it need not.
    pub(super) fn or_ended(&self, stopped: Error) -> Error {
        let Error::Unfollowed {
            entry,
            reason,
            way_out,
        } = &stopped
        else {
            return stopped;
        };
        let is_end = [Unfit::Last, Unfit::Unfinished]
            .iter()
            .any(|end| end.way_out() == *way_out);
        let ending = || self.ending(&self.shared().ok()?).ok()?.1;
        match (!is_end).then(ending).flatten().map(Error::from) {
            Some(Error::Unfollowed {
                reason: end,
                way_out,
                ..
            }) => Error::Unfollowed {
                entry: *entry,
                reason: format!("{reason}; {end}"),
                way_out,
            },
            _ => stopped,
        }
    }

    /// Finds the end of the shared log, behind the entries that were applied here. That another machine ended it is an error.
    fn end_of(&self, state: &State) -> Result<End> {
        match self.ending(state)? {
            (n, None) => Ok(End { n, is_ours: false }),
            (n, Some(stop)) if stop.unfit == Unfit::Unfinished => Ok(End { n, is_ours: true }),
            (_, Some(stop)) => Err(stop.into()),
        }
    }

    /// Returns the number of the last entry of the shared log, and whose it is if that ends the log.
    fn ending(&self, state: &State) -> Result<(Number, Option<Stop>)> {
        let (n, last) = self.last_entry(state)?;
        let Some(Head {
            machine, member, ..
        }) = last.filter(Head::is_last)
        else {
            return Ok((n, None));
        };
        let is_ours = self.with_log(state, |log| log.secrets.machine == machine)?;
        let unfit = if is_ours {
            Unfit::Unfinished
        } else {
            Unfit::Last
        };
        Ok((n, Some(Stop { n, member, unfit })))
    }

    /// Returns the number of the last entry of the shared log, and its head; `None` if it is here, or cannot be read.
    fn last_entry(&self, state: &State) -> Result<(Number, Option<Head>)> {
        self.with_log(state, |log| {
            let unread = |error| unread(state.n, state.n + 1, &error);
            let n = log.log.end(state.n).map_err(unread)?;
            if n == state.n {
                return Ok((n, None));
            }
            let last = match log.log.read(n - 1, 1) {
                Ok(page) => page.entries.first().and_then(|last| entry::head_of(last)),
                Err(LogError::Damaged(_)) => None,
                Err(error) => return Err(unread(error)),
            };
            Ok((n, last.filter(|head| head.n == n)))
        })?
    }

    /// Reports whether the entry after those of `state` can never be applied: not one that a newer program knows, and not the last
    /// of the log.
    fn is_unusable_next(&self, state: &State) -> Result<bool> {
        let knows = self.sharing.knows.get();
        self.with_log(state, |log| match log.log.read(state.n, 1) {
            Ok(page) => Ok(page.entries.first().is_some_and(|next| {
                !matches!(
                    entry::read(next, after(state, knows)),
                    Err(Unfit::Last | Unfit::Newer { .. })
                )
            })),
            Err(LogError::Damaged(_)) => Ok(true),
            Err(error) => Err(not_shared(&error)),
        })?
    }

    /// Appends the last entry to the log of `state`, after entry `end`. Reports whether that was taken; others may have been first.
    fn end_log(&self, state: &State, end: Number) -> Result<bool> {
        let nonce = drawn();
        let sent = self.with_log(state, |log| -> Result<_> {
            let author = author(self, &log.secrets, &nonce)?;
            let mut place = after(state, self.sharing.knows.get());
            if end > state.n {
                // Whoever reads it need not know what stands before it.
                (place.n, place.prev) = (end + 1, Digest::of(b""));
            }
            let last = entry::last(place, author)?;
            log.send(end, &last)
        })?;
        match sent? {
            Sent::Accepted => Ok(true),
            Sent::Behind => Ok(false),
            Sent::Unknown(error) => Err(Error::Unsettled {
                entry: end + 1,
                nonce,
                reason: error.to_string(),
            }),
        }
    }

    /// Makes the database one of the log that was begun.
    fn share_as(&mut self, begun: &mut Begun<'_>) -> Result<()> {
        // Nobody who writes waits for the most of it.
        self.snapshot(|store| begun.bring_up(store))?;
        let writer = self.writer()?;
        begun.bring_up(writer.store())?;
        writer.store().begin_sharing(&begun.state)?;
        writer.commit()?;
        self.note_heard();
        Ok(())
    }

    /// Makes an empty database one of the shared log that `secrets` open; what that holds comes by [`Store::follow`].
    pub(crate) fn begin_to_follow(&mut self, secrets: &Secrets) -> Result<()> {
        self.keep_secrets(secrets)?;
        self.begin_sharing(&State::before_first(&secrets.code.log.to_string()))
    }

    /// Ends the sharing here: the tasks stay as they are, and what is changed from now on nobody else hears of.
    pub fn leave(&mut self) -> Result<()> {
        let transaction = self.begin_to_write()?;
        self.end_sharing()?;
        checkpoint::commit(transaction, &self.connection)?;
        *self.sharing.log.borrow_mut() = None;
        let path = &self.paths.share;
        let removed = Secrets::remove(path);
        removed
            .map(drop)
            .map_err(|error| unusable_secrets(path, &error))
    }

    /// Removes every row of tasks, and all that goes with them. Called in a transaction, in which the rows of another database
    /// take their place.
    pub(crate) fn remove_all(&self) -> Result<()> {
        let remove = || -> rusqlite::Result<()> {
            let kept: String = self
                .connection
                .prepare_cached(
                    "SELECT sql FROM sqlite_schema WHERE name = 'change_is_append_only_delete'",
                )?
                .query_row([], |row| row.get(0))?;
            self.connection.execute_batch(
                "DROP TRIGGER change_is_append_only_delete;
                 DELETE FROM tag;
                 DELETE FROM dependency;
                 DELETE FROM comment;
                 DELETE FROM call_key;
                 DELETE FROM client_seen;
                 DELETE FROM change;
                 DELETE FROM unindexed;
                 DELETE FROM title_order;
                 DELETE FROM task;
                 DELETE FROM sqlite_sequence WHERE name IN ('task', 'change');
                 INSERT INTO search (search) VALUES ('delete-all');
                 INSERT INTO title_search (title_search) VALUES ('delete-all')",
            )?;
            self.connection.execute_batch(&kept)
        };
        remove().while_trying("remove the tasks")
    }

    /// Keeps what opens the shared log beside the database.
    pub(crate) fn keep_secrets(&self, secrets: &Secrets) -> Result<()> {
        let path = &self.paths.share;
        secrets
            .save(path)
            .map_err(|error| unusable_secrets(path, &error))
    }

    /// Refuses a database that is shared already.
    pub fn refuse_shared(&self) -> Result<()> {
        if self.is_shared()? {
            let reason = "it is shared already; taskhold share status says with whom, and taskhold share leave ends that here";
            return Err(unusable(&self.paths.database, reason, None));
        }
        Ok(())
    }
}
