//! Following: reads the entries that others appended, and applies them.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant, SystemTime},
};

use super::{
    JOIN_ANEW, OpenLog, PAUSE, State,
    apply::{Body, Failed, apply},
    entry::{self, Head, Place},
    not_shared,
    unfit::Unfit,
    unread,
};
use crate::{
    clock, disk,
    domain::{
        error::{Error, Result},
        task::Timestamp,
    },
    share::{
        log::{Digest, LogError, Number, Page},
        visit::Moment,
    },
    store::{Store, checkpoint, failure::WhileTrying},
};

/// How many bytes of entries are read, and applied in one transaction.
pub(super) const FETCH: usize = 1 << 20;
/// How many bytes may come out of entries before they are applied: those that are left come in the next transaction.
const OPENED: usize = 32 << 20;

/// How long ago the shared log may have been heard of before it is said how old the tasks are, in ms.
const FRESH: i64 = 60_000;

/// What was read and is whole: an entry, or a snapshot.
pub(super) struct Fetched {
    /// The last entry in it.
    pub(super) n: Number,
    pub(super) digest: Digest,
    /// The format of that entry.
    pub(super) format: u32,
    /// What is in that entry alone; `None` in a snapshot.
    pub(super) nonce: Option<String>,
    pub(super) member: Option<String>,
    /// How long another machine asks to have the log for itself.
    pub(super) asks: Option<Duration>,
    pub(super) body: Body,
}

/// Why entries stop being applied at one of them.
pub(super) struct Stop {
    pub(super) n: Number,
    /// Who wrote it, where that can be read.
    pub(super) member: Option<String>,
    pub(super) unfit: Unfit,
}

impl From<Stop> for Error {
    fn from(Stop { n, member, unfit }: Stop) -> Self {
        let member = member.map_or_else(String::new, |member| format!(" by {member}"));
        Self::Unfollowed {
            entry: n,
            reason: format!("entry {n}{member}: {unfit}"),
            way_out: unfit.way_out(),
        }
    }
}

impl Store {
    /// Applies the entries that were read when an append found them in its place. Reports whether there were any, and they reach to
    /// the end of the log.
    pub(in crate::store) fn follow_fetched(&mut self) -> Result<bool> {
        let Some(state) = self.shared_state()? else {
            return Ok(false);
        };
        let to_the_end = |open: &mut OpenLog| {
            let (after, page) = open.fetched.as_ref()?;
            (*after == state.n && page.is_last).then(|| open.fetched.take())?
        };
        let Some((_, page)) = self.with_log(&state, to_the_end)? else {
            return Ok(false);
        };
        self.note_heard();
        let count = page.entries.len();
        let (fetched, stop) = self.with_log(&state, |log| log.opened(&state, page))??;
        self.apply_all(&fetched)?;
        stop.map_or(Ok(fetched.len() == count), |stop| Err(stop.into()))
    }

    /// Applies what other machines have appended to the shared log. Returns the last change it brought; `None` if there was
    /// nothing new, or the database is not shared.
    pub fn follow(&mut self) -> Result<Option<i64>> {
        let followed = self.try_follow();
        followed.map_err(|error| self.or_ended(error))
    }

    /// Likewise, in the turn of this process, at whose end an error says whether the log has ended.
    pub(in crate::store) fn try_follow(&mut self) -> Result<Option<i64>> {
        let mut last = None;
        let mut is_far_behind = None;
        loop {
            let Some(state) = self.shared_state()? else {
                return Ok(last);
            };
            // One that has nothing yet, or finds that much is missing, looks once whether a snapshot spares it the entries.
            if is_far_behind.unwrap_or(state.n == 0) {
                is_far_behind = Some(false);
                let before = self.last_change()?;
                if self.take_snapshot(&state)? {
                    last = Some(self.last_change()?).filter(|last| *last > before);
                    continue;
                }
            }
            let page = self.with_log(&state, |log| log.read_after(&state))??;
            self.note_heard();
            let (count, is_last) = (page.entries.len(), page.is_last);
            if count == 0 {
                return Ok(last);
            }
            let is_much = count >= self.sharing.far.get();
            is_far_behind = is_far_behind.or(is_much.then_some(true));
            let (fetched, stop) = self.with_log(&state, |log| log.opened(&state, page))??;
            last = self.apply_all(&fetched)?.or(last);
            if let Some(stop) = stop {
                return Err(stop.into());
            }
            if is_last && fetched.len() == count {
                return Ok(last);
            }
        }
    }

    /// Looks whether the last entry that was applied here still stands in the shared log, how far that goes on, and whether the
    /// entries that come next can be used and none after them is missing, and applies nothing. Returns how long the answer took, and
    /// how many entries come after, as far as one answer tells.
    pub fn look_back(&self) -> Result<(Duration, usize)> {
        let Some(state) = self.shared_state()? else {
            return Ok((Duration::ZERO, 0));
        };
        let looked = self.with_log(&state, |log| -> Result<_> {
            let begun = Instant::now();
            // One entry at the most: what comes after it is not counted as the time of an answer.
            log.read_past(&state, state.n > 0, 1)?;
            let took = begun.elapsed();
            let later = log.read_past(&state, false, FETCH)?;
            let (behind, is_last) = (later.entries.len(), later.is_last);
            if let Some(stop) = log.opened(&state, later)?.1 {
                return Err(stop.into());
            }
            if !is_last {
                log.refuse_gap(state.n + behind as Number)?;
            }
            Ok((took, behind))
        })?;
        looked.map_err(|error| self.or_ended(error))
    }

    /// Returns when the shared log was last heard of; `None` if it never was.
    pub fn heard_at(&self) -> Option<Timestamp> {
        let at = self.paths.share_lock.metadata().ok()?.modified().ok()?;
        let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis())
            .ok()
            .map(Timestamp::from_millis)
    }

    /// Returns as of when the tasks are, if other machines may have changed them since and that is to be said; `None` if they
    /// are not shared, or the log was heard of in the last minute. After the clock was set back nobody knows when that was.
    pub fn stale_since(&self) -> Result<Option<Timestamp>> {
        if !self.is_shared()? {
            return Ok(None);
        }
        let heard = self.heard_at();
        let now = clock::now().as_millis();
        Ok(heard.filter(|heard| !(0..=FRESH).contains(&(now - heard.as_millis()))))
    }

    /// Notes that the shared log was heard of now. Nobody is promised that it is kept.
    pub(crate) fn note_heard(&self) {
        let _ = disk::open_beside(&self.paths.share_lock)
            .and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// Returns the members whose changes are here, in the order of their names.
    pub fn members(&self) -> Result<Vec<String>> {
        let actors: Vec<String> = self
            .connection
            .prepare_cached("SELECT DISTINCT actor FROM change WHERE actor LIKE '% @ %'")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .while_trying("read who made changes")?;
        let members: BTreeSet<String> = actors
            .iter()
            .filter_map(|actor| Some(actor.rsplit_once(" @ ")?.1.to_owned()))
            .collect();
        Ok(members.into_iter().collect())
    }

    /// Applies `fetched`, entries one after another, in one transaction; if one of them does not fit, those before it. What
    /// another process has applied meanwhile is passed over.
    pub(super) fn apply_all(&mut self, fetched: &[Fetched]) -> Result<Option<i64>> {
        match self.try_apply(fetched)? {
            Ok(last) => Ok(last),
            Err((place, stop)) => {
                // It stops at the same entry next time, whatever became of these.
                let _ = self.try_apply(&fetched[..place])?;
                Err(stop.into())
            }
        }
    }

    /// Applies all of `fetched`. If one of them does not fit, nothing is written, and its place among them is returned.
    fn try_apply(
        &mut self,
        fetched: &[Fetched],
    ) -> Result<std::result::Result<Option<i64>, (usize, Stop)>> {
        self.refuse_moved()?;
        // References may lead ahead within an entry, and are checked at its end; SQLite would look through every row.
        self.check_references(false)?;
        let applied = self.apply_in_transaction(fetched);
        self.check_references(true)?;
        applied
    }

    fn check_references(&self, checks: bool) -> Result<()> {
        self.connection
            .pragma_update(None, "foreign_keys", if checks { "ON" } else { "OFF" })
            .while_trying("begin to write")
    }

    fn apply_in_transaction(
        &self,
        fetched: &[Fetched],
    ) -> Result<std::result::Result<Option<i64>, (usize, Stop)>> {
        let transaction = self.begin_to_write()?;
        self.refuse_upgraded()?;
        let Some(mut state) = self.shared_state()? else {
            return Ok(Ok(None));
        };
        let (before, now) = (self.last_change()?, clock::now());
        for (place, one) in fetched.iter().enumerate() {
            let n = one.n;
            if n <= state.n {
                continue;
            }
            let stop = |unfit| {
                let member = one.member.clone();
                (place, Stop { n, member, unfit })
            };
            match apply(self, &one.body) {
                Ok(()) => {
                    state.go_on(n, one.digest, one.format, one.nonce.as_deref());
                    state.pace.followed(now, one.asks);
                }
                Err(Failed::Unfit(unfit)) => return Ok(Err(stop(unfit))),
                Err(Failed::Here(error)) => return Err(error),
            }
        }
        self.keep_shared_state(&state)?;
        self.index_when_due()?;
        checkpoint::commit(transaction, &self.connection)?;
        let last = self.last_change()?;
        Ok(Ok((last > before).then_some(last)))
    }
}

impl OpenLog {
    /// Returns the entries after those applied. Where the engine would take an entry after a gap, the last entry that was
    /// applied is looked at again first, after a pause.
    pub(super) fn read_after(&mut self, state: &State) -> Result<Page> {
        if let Some((after, page)) = self.fetched.take()
            && after == state.n
        {
            return Ok(page);
        }
        let looks_back = state.n > 0 && self.must_look_back();
        let mut page = self.read_past(state, looks_back, FETCH)?;
        if page.entries.is_empty() && !page.is_last {
            // The one that comes next ends what is read as the end of the log does, unless it comes first: it does not open.
            page = self.read_past(state, false, FETCH)?;
        }
        // What comes next was appended by one who had the last entry. That nothing comes next says nothing of that.
        if looks_back || !page.entries.is_empty() {
            self.looked = Some(Moment::now());
        }
        Ok(page)
    }

    /// Fails where an entry after `after` is missing and later ones are there.
    fn refuse_gap(&mut self, after: Number) -> Result<()> {
        let missing = self.log.first_missing(after);
        if let Some(missing) = missing.map_err(|error| not_shared(&error))? {
            let before = missing - 1;
            // It says so itself, unless the entry is there now.
            let read = self.log.read(before, 1);
            read.map_err(|error| unread(after, missing, &error))?;
        }
        Ok(())
    }

    /// Returns the entries after those applied, as many as fit into `bytes`; if `looks_back` says so, after the last of those was
    /// compared, which counts as one.
    fn read_past(&mut self, state: &State, looks_back: bool, bytes: usize) -> Result<Page> {
        let after = state.n - Number::from(looks_back);
        let mut page =
            (self.log.read(after, bytes)).map_err(|error| unread(state.n, after + 1, &error))?;
        if looks_back {
            if page.entries.first().map(|entry| Digest::of(entry)) != Some(state.digest) {
                return Err(Error::Unfollowed {
                    entry: state.n,
                    reason: format!(
                        "entry {}: it is missing in the shared log, or is not the one that this machine knows: an entry was deleted or the log replaced",
                        state.n
                    ),
                    way_out: JOIN_ANEW,
                });
            }
            page.entries.remove(0);
        }
        Ok(page)
    }

    /// Reports whether the last entry must be seen to stand there before one is appended after it.
    pub(super) fn must_look_back(&self) -> bool {
        self.log.accepts_after_a_gap() && !self.looked.is_some_and(|looked| looked.is_within(PAUSE))
    }

    /// Reads what `entries` after those of `state` say, up to the first that cannot be used.
    fn opened(&mut self, state: &State, page: Page) -> Result<(Vec<Fetched>, Option<Stop>)> {
        let (mut n, mut prev, mut format) = (state.n, state.digest, state.format);
        let mut fetched = Vec::new();
        let mut opened = 0;
        let Page { entries, is_last } = page;
        let mut entries = entries.into_iter();
        while let Some(bytes) = entries.next() {
            n += 1;
            let log = &state.log;
            let knows = self.knows;
            let place = Place {
                log,
                n,
                prev,
                format,
                knows,
            };
            let stop = |member, unfit| Some(Stop { n, member, unfit });
            let (head, lines) = match entry::read(&bytes, place) {
                Ok(read) => read,
                Err(unfit) => {
                    let head = entry::head_of(&bytes);
                    let is_ours = |head: &Head| head.machine == self.secrets.machine;
                    let unfit = match unfit {
                        Unfit::Last if head.as_ref().is_some_and(is_ours) => Unfit::Unfinished,
                        unfit => unfit,
                    };
                    return Ok((fetched, stop(head.and_then(|head| head.member), unfit)));
                }
            };
            let parts = match self.parts(&head.parts)? {
                Ok(parts) => parts,
                Err(unfit) => return Ok((fetched, stop(head.member, unfit))),
            };
            opened += lines.len() + parts.iter().map(Vec::len).sum::<usize>();
            prev = Digest::of(&bytes);
            let (last_task, last_change) = (head.last_task, head.last_change);
            format = head.format;
            let is_of_another = head.machine != self.secrets.machine;
            fetched.push(Fetched {
                n,
                format,
                asks: head.asks().filter(|_| is_of_another),
                digest: prev,
                nonce: Some(head.nonce),
                member: head.member,
                body: Body {
                    lines,
                    parts,
                    last_task,
                    last_change,
                    may_overlap: false,
                },
            });
            if opened > OPENED {
                let entries: Vec<_> = entries.collect();
                let left = Page { entries, is_last };
                self.fetched = (!left.entries.is_empty()).then_some((n, left));
                break;
            }
        }
        Ok((fetched, None))
    }

    /// Returns the parts of these names, as they are kept.
    pub(super) fn parts(
        &mut self,
        names: &[Digest],
    ) -> Result<std::result::Result<Vec<Vec<u8>>, Unfit>> {
        let mut parts = Vec::with_capacity(names.len());
        for name in names {
            match self.log.part(name) {
                Ok(part) if Digest::of(&part) == *name => parts.push(part),
                Ok(_) | Err(LogError::Damaged(_)) => {
                    return Ok(Err(Unfit::Part));
                }
                Err(error) => return Err(not_shared(&error)),
            }
        }
        Ok(Ok(parts))
    }
}
