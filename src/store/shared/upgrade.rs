//! The format of a shared log: it stays as it is while programs of several versions write to it, until a person raises it. From then on an
//! older program reads what it has, and neither follows nor writes.

use std::collections::BTreeMap;

use super::{
    State, entry,
    publish::{Sent, after, author, drawn},
    unread,
};
use crate::{
    domain::{
        error::{Error, Result},
        task::Timestamp,
    },
    share::log::Number,
    store::{Store, paths::unusable},
};

/// How many of the last entries are looked at for who wrote them.
const LOOKED_AT: Number = 5_000;
/// How many bytes of them are read at once.
const FETCH: usize = 1 << 20;

/// The format that a log has, and the latest that this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formats {
    /// That of the log.
    pub log: u32,
    /// The latest that this program knows.
    pub known: u32,
}

/// A machine that wrote an entry lately, by a program that is too old for a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Older {
    /// Whose it is; `None` where nobody is named.
    pub member: Option<String>,
    /// The version of that program.
    pub version: String,
    /// Its last entry.
    pub entry: Number,
    /// When it wrote that, by its clock.
    pub at: Timestamp,
}

impl Store {
    /// Follows the shared log, and returns the formats that raising it is about.
    pub fn formats(&mut self) -> Result<Formats> {
        self.follow()?;
        Ok(Formats {
            log: self.shared()?.format,
            known: self.sharing.knows.get(),
        })
    }

    /// Returns the other machines that wrote one of the last 5,000 entries after `since`, and did so last by a program that does
    /// not know the latest format of this one.
    pub fn older_programs(&self, since: Timestamp) -> Result<Vec<Older>> {
        let state = self.shared()?;
        let heads = self.with_log(&state, |log| -> Result<_> {
            let mut heads = BTreeMap::new();
            let mut n = state.n.saturating_sub(LOOKED_AT);
            while n < state.n {
                let page = log
                    .log
                    .read(n, FETCH)
                    .map_err(|error| unread(n, n + 1, &error))?;
                let entries = page.entries;
                if entries.is_empty() {
                    break;
                }
                n += entries.len() as Number;
                for head in entries.iter().filter_map(|entry| entry::head_of(entry)) {
                    heads.insert(head.machine.clone(), head);
                }
            }
            heads.remove(&log.secrets.machine);
            Ok(heads)
        })??;
        let known = self.sharing.knows.get();
        let older = heads
            .into_values()
            .filter(|head| head.at >= since && head.knows < known);
        Ok(older
            .map(|head| Older {
                member: head.member,
                version: head.version,
                entry: head.n,
                at: head.at,
            })
            .collect())
    }

    /// Raises the format of the shared log to the latest that this program knows. Returns the entry from which on it holds; `None`
    /// if it is that already.
    pub fn raise_format(&mut self) -> Result<Option<Number>> {
        loop {
            let Formats { log, known } = self.formats()?;
            if log >= known {
                return Ok(None);
            }
            let state = self.shared()?;
            let nonce = drawn();
            let sent = self.with_log(&state, |log| -> Result<_> {
                let author = author(self, &log.secrets, &nonce)?;
                let raising = entry::raising(after(&state, known), author)?;
                log.send(state.n, &raising)
            })?;
            match sent? {
                // It is read back like an entry of another machine.
                Sent::Accepted => {
                    self.follow()?;
                    return Ok(Some(state.n + 1));
                }
                Sent::Behind => {}
                Sent::Unknown(error) => {
                    return Err(Error::Unsettled {
                        entry: state.n + 1,
                        nonce,
                        reason: error.to_string(),
                    });
                }
            }
        }
    }

    /// Returns how far it has followed; an error if it is not shared.
    pub(super) fn shared(&self) -> Result<State> {
        self.shared_state()?.ok_or_else(|| {
            let reason = "it is not shared; taskhold share init shares it";
            unusable(&self.paths.database, reason, None)
        })
    }
}
