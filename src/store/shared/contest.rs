//! Work that takes long, and at whose end others were first: it is done again, and the other machines are asked to leave it the log
//! meanwhile.
//!
//! Who is first among machines is whoever appends first. Work that takes a second would come late each time that another machine
//! appends several times in a second. So an entry without a change asks for the log, for as long as the work took; who follows
//! that entry waits before the next change.

use std::time::{Duration, Instant};

use super::{
    entry, not_shared,
    publish::{Sent, after, author, drawn},
    turns::LONGEST_ASKED,
};
use crate::{domain::error::Result, share::log::LogError, store::Store};

/// How long work is tried again.
const LONGEST: Duration = Duration::from_mins(1);
/// How many times as long as it took the log is asked for: it has to be followed first, and an append may be under way.
const TIMES: u32 = 3;
/// How often it is tried to ask for it: who asks may be late, too.
const TRIES: u32 = 8;

/// Work that ends with a commit to a shared log, each time that it is tried.
#[derive(Debug)]
pub struct Contest {
    begun: Instant,
    /// When the last try began.
    pub(super) tried: Instant,
}

impl Contest {
    /// Begins the first try.
    pub fn begin() -> Self {
        let now = Instant::now();
        Self {
            begun: now,
            tried: now,
        }
    }

    /// Begins another try, since others were first: follows them, and asks them for the log, unless the work takes longer than that can be
    /// asked for.
    pub fn again(&mut self, store: &mut Store) -> Result<()> {
        let so_far = self.begun.elapsed();
        if so_far > LONGEST {
            let reason = format!(
                "for {} seconds other machines appended to it before this one could, again and again; repeat it when they change less",
                so_far.as_secs()
            );
            return Err(not_shared(&LogError::Unreachable(reason)));
        }
        let took = self.tried.elapsed();
        if took < LONGEST_ASKED {
            store.ask_for_log(took * TIMES)?;
        } else {
            // Others would wait, and it would come late all the same.
            store.follow()?;
        }
        self.tried = Instant::now();
        Ok(())
    }
}

impl Store {
    /// Follows the shared log to its end, and appends an entry that asks the other machines to leave the log to this one for `time`.
    /// If others are first each time, the work may be first all the same.
    pub(super) fn ask_for_log(&mut self, time: Duration) -> Result<()> {
        for _ in 0..TRIES {
            self.follow()?;
            let Some(state) = self.shared_state()? else {
                return Ok(());
            };
            let nonce = drawn();
            let sent = self.with_log(&state, |log| -> Result<_> {
                let author = author(self, &log.secrets, &nonce)?;
                let place = after(&state, self.sharing.knows.get());
                log.send(state.n, &entry::asking(place, author, time)?)
            })?;
            if !matches!(sent?, Sent::Behind) {
                break;
            }
        }
        self.follow()?;
        Ok(())
    }
}
