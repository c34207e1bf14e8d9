//! Which entry of the shared log was applied last: one row, in a table that a shared database has and no other.

use rusqlite::{OptionalExtension, named_params};
use serde::{Deserialize, Serialize};

use super::turns::Pace;
use crate::{
    domain::{
        error::{Error, Result},
        task::Timestamp,
    },
    share::log::{Digest, Number},
    store::{Store, failure::WhileTrying},
};

const CREATE: &str = "CREATE TABLE shared_log (
    id        INTEGER PRIMARY KEY CHECK (id = 1),   -- one row
    log       TEXT    NOT NULL,   -- which shared log it is
    n         INTEGER NOT NULL,   -- its last entry that was applied here
    digest    BLOB    NOT NULL,   -- the SHA-256 of that entry
    format    INTEGER NOT NULL,   -- the format of that entry, below which none after it goes
    unsettled TEXT    NOT NULL,   -- the last entries of ours of which no answer came, as a list in JSON
    own_run   INTEGER NOT NULL DEFAULT 0,   -- how many of the last entries are of this machine, one after another without a pause
    own_at    INTEGER,            -- when the last of those was appended: ms since the Unix epoch
    others_at INTEGER             -- when an entry of another machine was applied last: ms since the Unix epoch
) STRICT";

/// How many entries are remembered of which no answer came.
const MOST_UNSETTLED: usize = 10;

/// How far this database has followed its shared log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The shared log.
    pub log: String,
    /// Its last entry that was applied here.
    pub n: Number,
    /// The digest of that entry.
    pub digest: Digest,
    /// The format of that entry: the log's; 0 before the first.
    pub format: u32,
    /// The last entries of ours of which no answer came, the latest last.
    pub unsettled: Vec<Unsettled>,
    /// Who has written lately.
    pub(super) pace: Pace,
}

/// An entry of which it was not known whether the shared log took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    /// The number it was sent for.
    pub n: Number,
    /// What is in that entry alone.
    pub nonce: String,
    /// When it was sent.
    pub at: Timestamp,
    /// Whether it was taken; `None` while nobody knows.
    pub was_taken: Option<bool>,
}

impl State {
    /// Returns the state before the first entry of `log`.
    pub(crate) fn before_first(log: &str) -> Self {
        Self {
            log: log.to_owned(),
            n: 0,
            digest: Digest::of(b""),
            format: 0,
            unsettled: Vec::new(),
            pace: Pace::default(),
        }
    }

    /// Goes on to entry `n`, which has this digest, format and nonce; the nonce is not known where it is the last in a snapshot.
    pub(super) fn go_on(&mut self, n: Number, digest: Digest, format: u32, nonce: Option<&str>) {
        (self.n, self.digest, self.format) = (n, digest, format);
        let Some(nonce) = nonce else { return };
        for unsettled in self.unsettled.iter_mut().filter(|one| one.n == n) {
            unsettled.was_taken = Some(unsettled.nonce == nonce);
        }
    }

    /// Remembers an entry of which no answer came; of many, the last ones.
    pub(super) fn remember(&mut self, unsettled: Unsettled) {
        self.unsettled.push(unsettled);
        let over = self.unsettled.len().saturating_sub(MOST_UNSETTLED);
        self.unsettled.drain(..over);
    }

    /// Reports whether it is not known of an entry whether it was taken.
    pub(super) fn is_unsettled(&self) -> bool {
        let mut unsettled = self.unsettled.iter();
        unsettled.any(|one| one.was_taken.is_none())
    }
}

impl Store {
    /// Returns the name and the text of the table that a shared database has beside those of the schema; `None` if it is not
    /// shared.
    pub(crate) fn shared_table(&self) -> Result<Option<(&'static str, &'static str)>> {
        Ok(self.is_shared()?.then_some(("shared_log", CREATE)))
    }

    /// Reports whether several machines share the database.
    pub fn is_shared(&self) -> Result<bool> {
        let version = self.schema_cookie()?;
        if let Some((known, is_shared)) = self.sharing.known.get()
            && known == version
        {
            return Ok(is_shared);
        }
        let is_shared: bool = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'shared_log')")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("read the schema")?;
        // Within a transaction the number may be taken back, and come again for something else.
        if self.connection.is_autocommit() {
            self.sharing.known.set(Some((version, is_shared)));
        }
        Ok(is_shared)
    }

    /// Returns a number that is another whenever a table, an index or a trigger has come or gone.
    pub(in crate::store) fn schema_cookie(&self) -> Result<i64> {
        self.connection
            .prepare_cached("PRAGMA schema_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .while_trying("read the schema")
    }

    /// Returns how far it has followed its shared log; `None` if it is not shared.
    pub fn shared_state(&self) -> Result<Option<State>> {
        if !self.is_shared()? {
            return Ok(None);
        }
        self.connection
            .prepare_cached(
                "SELECT log, n, digest, format, unsettled, own_run, own_at, others_at FROM shared_log",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([], |row| {
                        let unsettled: String = row.get(4)?;
                        Ok(State {
                            log: row.get(0)?,
                            n: number(row.get(1)?),
                            digest: Digest::from_bytes(row.get(2)?),
                            format: row.get(3)?,
                            // What cannot be read there keeps nobody from following.
                            unsettled: serde_json::from_str(&unsettled).unwrap_or_default(),
                            pace: Pace {
                                own_run: row.get(5)?,
                                own_at: row.get(6)?,
                                others_at: row.get(7)?,
                            },
                        })
                    })
                    .optional()
            })
            .while_trying("read how far the shared log was followed")
    }

    /// Keeps how far it has followed. Called in a transaction, or where one statement is enough.
    pub(super) fn keep_shared_state(&self, state: &State) -> Result<()> {
        let unsettled = serde_json::to_string(&state.unsettled).map_err(|_| Error::Fault)?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO shared_log
                 (id, log, n, digest, format, unsettled, own_run, own_at, others_at)
                 VALUES (1, :log, :n, :digest, :format, :unsettled, :own_run, :own_at, :others_at)",
            )
            .and_then(|mut statement| {
                statement.execute(named_params! {
                    ":log": state.log,
                    ":n": i64::try_from(state.n).unwrap_or(i64::MAX),
                    ":digest": state.digest.as_bytes(),
                    ":format": state.format,
                    ":unsettled": unsettled,
                    ":own_run": state.pace.own_run,
                    ":own_at": state.pace.own_at,
                    ":others_at": state.pace.others_at,
                })
            })
            .while_trying("keep how far the shared log was followed")?;
        Ok(())
    }

    /// Makes it a database of the shared log of `state`. Called in a transaction.
    pub(in crate::store) fn begin_sharing(&self, state: &State) -> Result<()> {
        if !self.is_shared()? {
            self.connection
                .execute_batch(CREATE)
                .while_trying("begin to share")?;
        }
        self.keep_shared_state(state)
    }

    /// Ends the sharing here. The tasks stay.
    pub(super) fn end_sharing(&self) -> Result<()> {
        self.connection
            .execute_batch("DROP TABLE IF EXISTS shared_log")
            .while_trying("end the sharing")
    }
}

fn number(stored: i64) -> Number {
    Number::try_from(stored).unwrap_or_default()
}
