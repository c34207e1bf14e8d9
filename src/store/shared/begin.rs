//! Beginning to share a database, and ending it.

use super::{
    State, entry,
    items::UsedKey,
    not_shared,
    publish::{Sent, Written, after, author, compose, drawn},
    unusable_secrets,
};
use crate::{
    domain::error::{Error, Result},
    share::{
        log::{Appended, Digest, Log},
        secrets::Secrets,
    },
    store::{Store, checkpoint, failure::WhileTrying, history_check::Rows, paths::unusable},
};

fn taken(secrets: &Secrets) -> Error {
    Error::NotShared {
        reason: format!(
            "{} holds a shared log already; join that with its code, or name another place",
            secrets.code.place
        ),
    }
}

impl Store {
    /// Makes the database the first of a new shared log: all it holds becomes entry 1. A log that has entries already is
    /// refused, and so is a database that is shared, or whose tasks are not what their log says.
    pub fn share(&mut self, secrets: &Secrets, log: &mut dyn Log) -> Result<()> {
        self.refuse_shared()?;
        if let Some(wrong) = Rows::read(self)?.disagreeing() {
            let reason =
                format!("{wrong}; see `taskhold doctor`, and share it when that finds nothing");
            return Err(unusable(&self.paths.database, reason, None));
        }
        self.keep_secrets(secrets)?;
        let shared = self.share_as(secrets, log);
        if matches!(shared, Err(Error::NotShared { .. })) {
            // The log has nothing of ours; an answer that did not come leaves the key, without which nobody reads the entry.
            let _ = Secrets::remove(&self.paths.share);
        }
        shared
    }

    /// Ends the shared log of the database, and begins a new one, which `secrets` open, with all it holds. The other machines stop
    /// at the end of the old one until they join the new one; who is not given its key, as a laptop that was lost, is out.
    pub fn rekey(&mut self, secrets: &Secrets, log: &mut dyn Log) -> Result<()> {
        let is_free = log
            .read(0, 1)
            .map_err(|error| not_shared(&error))?
            .is_empty();
        if !is_free {
            return Err(taken(secrets));
        }
        loop {
            self.follow()?;
            let Some(state) = self.shared_state()? else {
                let reason = "it is not shared; taskhold share init shares it";
                return Err(unusable(&self.paths.database, reason, None));
            };
            if self.end_log(&state)? {
                break;
            }
        }
        self.keep_secrets(secrets)?;
        self.share_as(secrets, log)
    }

    /// Appends the last entry to the log of `state`. Reports whether that was taken; others may have been first.
    fn end_log(&self, state: &State) -> Result<bool> {
        let nonce = drawn();
        let sent = self.with_log(state, |log| -> Result<_> {
            let author = author(self, &log.secrets, &nonce)?;
            let place = after(state, self.sharing.knows.get());
            let last = entry::last(place, author)?;
            log.send(state.n, &last)
        })?;
        match sent? {
            Sent::Accepted => Ok(true),
            Sent::Behind => Ok(false),
            Sent::Unknown(error) => Err(Error::Unsettled {
                entry: state.n + 1,
                nonce,
                reason: error.to_string(),
            }),
        }
    }

    fn share_as(&mut self, secrets: &Secrets, log: &mut dyn Log) -> Result<()> {
        let writer = self.writer()?;
        let (store, mut state) = (
            writer.store(),
            State::before_first(&secrets.code.log.to_string()),
        );
        // What goes on under a new key stays in the format that every machine knows.
        let old = store.shared_state()?;
        state.format = old.map_or(store.sharing.knows.get(), |old| old.format);
        let keys = store.call_keys()?.into_iter();
        let keys = keys.map(|(actor, key, group, digest)| UsedKey {
            actor,
            key,
            group,
            digest,
        });
        let nonce = drawn();
        let written = Written {
            after: 0,
            keys: keys.collect(),
        };
        let bytes = compose(store, log, secrets, &state, &nonce, written)?;
        match log.append(0, &bytes) {
            Appended::Accepted => {}
            Appended::Taken => return Err(taken(secrets)),
            Appended::Refused(error) => return Err(not_shared(&error)),
            Appended::Unknown(error) => {
                return Err(Error::Unsettled {
                    entry: 1,
                    nonce,
                    reason: error.to_string(),
                });
            }
        }
        let format = state.format;
        state.go_on(1, Digest::of(&bytes), format, Some(&nonce));
        store.begin_sharing(&state)?;
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
