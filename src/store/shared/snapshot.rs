//! Snapshots: what all entries up to a number wrote, in a few parts, so that a machine which joins, or was long away, need not read
//! each entry by itself.
//!
//! A snapshot names the parts that the one before it names, and those of what was written since: the change log only grows. Its
//! parts are lines like those of an entry, so it is applied as one. If one of those parts is gone, all are put up anew.
//!
//! # Invariants
//!
//! - Entries stay: a snapshot that cannot be used is passed over, and the entries are read.
//! - A snapshot counts only if entry `n` is the one whose digest it names. So the entry after it is checked against that.
//! - It is put up after its parts. A crash in between leaves parts that the next snapshot takes.
//! - Nobody waits for one to be made: it is made a second at a time, beside what a process does while anybody listens.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{
    OpenLog, State,
    apply::Body,
    follow::Fetched,
    items::{Item, Items, LONGEST, UsedKey},
    not_shared,
    unfit::Unfit,
};
use crate::{
    domain::error::{Error, Result},
    share::{
        deflated::{deflate, inflate},
        log::{Digest, LogError, Number},
    },
    store::{Store, history_check::Rows},
};

/// After how many entries the next snapshot is made.
const EVERY: Number = 5_000;
/// Machines make theirs after up to so many entries more, each after another number, so that one is made by one of them.
const SPREAD: Number = 500;
/// How many entries must be behind a snapshot to make it worth reading.
pub(super) const FAR: usize = 1_000;
/// How many snapshots are tried, the latest first, before entries are read.
const TRIES: Number = 3;
/// How long work on a snapshot goes on at a time; one request more may take as long as the engine's time limit.
const AT_A_TIME: Duration = Duration::from_secs(1);
/// How long nothing is tried after it failed.
const REST: Duration = Duration::from_mins(5);
/// How many changes are read at a time.
const PAGE: u32 = 1_000;

/// A snapshot as it is kept: JSON, deflated.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Snapshot {
    format: u32,
    log: String,
    /// The last entry in it, and the digest of that. The format is that entry's.
    n: Number,
    digest: Digest,
    /// The last number given to a task, and to a change.
    last_task: i64,
    last_change: i64,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    name: Digest,
    /// The last change in it. All that go before are in the parts before it.
    through: i64,
}

impl Snapshot {
    fn read(bytes: &[u8], log: &str, known: u32) -> std::result::Result<Self, Unfit> {
        let text = inflate(bytes, LONGEST).map_err(|error| Unfit::Unreadable(error.to_string()))?;
        let snapshot: Self = serde_json::from_slice(&text)?;
        let format = snapshot.format;
        if format > known {
            return Err(Unfit::Newer { format, known });
        }
        if snapshot.log != log {
            return Err(Unfit::Misplaced("it belongs to another shared log"));
        }
        Ok(snapshot)
    }

    /// Returns the names of its parts with changes after `last`.
    fn part_names(&self, last: i64) -> Vec<Digest> {
        let parts = self.parts.iter().filter(|part| part.through > last);
        parts.map(|part| part.name).collect()
    }

    /// Returns the one before the first of the log of `state`.
    fn none(state: &State) -> Self {
        Self {
            format: state.format,
            log: state.log.clone(),
            n: 0,
            digest: Digest::of(b""),
            last_task: 0,
            last_change: 0,
            parts: Vec::new(),
        }
    }
}

/// What was found out of the latest snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Its number.
    pub number: Number,
    /// The last entry in it; or why it cannot be used.
    pub entry: std::result::Result<Number, String>,
}

/// What became of a look at a snapshot.
type Looked<T> = Result<std::result::Result<T, Unfit>>;

impl OpenLog {
    /// Returns the number of the latest snapshot; 0 if there is none. It is at least `known`.
    fn latest_snapshot(&mut self, known: Number) -> Result<Number> {
        let mut is_there = |number| match self.log.snapshot(number) {
            Ok(found) => Ok(found.is_some()),
            Err(LogError::Damaged(_)) => Ok(true),
            Err(error) => Err(not_shared(&error)),
        };
        // Their numbers have no gaps, so few requests find the last.
        let (mut last, mut step) = (known, 1);
        while is_there(last + step)? {
            last += step;
            step *= 2;
        }
        while step > 1 {
            step /= 2;
            if is_there(last + step)? {
                last += step;
            }
        }
        Ok(last)
    }

    /// Returns snapshot `number`, if it can be read.
    fn snapshot(&mut self, number: Number, log: &str) -> Looked<Snapshot> {
        match self.log.snapshot(number) {
            Ok(Some(bytes)) => Ok(Snapshot::read(&bytes, log, self.knows)),
            Ok(None) => Ok(Err(Unfit::Misplaced("it is missing"))),
            Err(LogError::Damaged(reason)) => Ok(Err(Unfit::Unreadable(reason))),
            Err(error) => Err(not_shared(&error)),
        }
    }

    /// Checks that the last entry in `snapshot` is the one that stands in the log.
    fn compare(&mut self, snapshot: &Snapshot) -> Looked<()> {
        let none = Ok(Err(Unfit::Misplaced(
            "it does not name an entry of the log",
        )));
        let Some(before) = snapshot.n.checked_sub(1) else {
            return none;
        };
        match self.log.read(before, 1) {
            Ok(page)
                if page.entries.first().map(|entry| Digest::of(entry)) == Some(snapshot.digest) =>
            {
                Ok(Ok(()))
            }
            Ok(_) | Err(LogError::Damaged(_)) => none,
            Err(error) => Err(not_shared(&error)),
        }
    }

    /// Returns what `snapshot` says of changes after `last`, with the parts that hold them.
    fn fetch(&mut self, snapshot: &Snapshot, last: i64) -> Looked<Fetched> {
        if let Err(unfit) = self.compare(snapshot)? {
            return Ok(Err(unfit));
        }
        Ok(self
            .parts(&snapshot.part_names(last))?
            .map(|parts| Fetched {
                n: snapshot.n,
                digest: snapshot.digest,
                format: snapshot.format,
                nonce: None,
                member: None,
                asks: None,
                body: Body {
                    lines: Vec::new(),
                    parts,
                    last_task: snapshot.last_task,
                    last_change: snapshot.last_change,
                    may_overlap: true,
                },
            }))
    }
}

impl Store {
    /// Applies the latest snapshot of the shared log, if that spares many entries after those of `state`. One that cannot be used
    /// is passed over. Reports whether one was applied.
    pub(super) fn take_snapshot(&mut self, state: &State) -> Result<bool> {
        // The entry itself tells what became of it.
        if state.is_unsettled() {
            return Ok(false);
        }
        let far = self.sharing.far.get() as Number;
        let latest = self.with_log(state, |log| log.latest_snapshot(0))??;
        for number in (1..=latest).rev().take(usize::try_from(TRIES).unwrap_or(1)) {
            let last = self.last_number("change")?;
            let fetched = self.with_log(state, |log| -> Looked<Option<Fetched>> {
                match log.snapshot(number, &state.log)? {
                    Ok(snapshot) if snapshot.n < state.n + far => Ok(Ok(None)),
                    Ok(snapshot) => Ok(log.fetch(&snapshot, last)?.map(Some)),
                    Err(unfit) => Ok(Err(unfit)),
                }
            })??;
            let unfit = match fetched {
                Ok(None) => return Ok(false),
                Ok(Some(fetched)) => match self.apply_all(&[fetched]) {
                    Err(Error::Unfollowed { reason, .. }) => reason,
                    Err(error) => return Err(error),
                    Ok(_) => return Ok(true),
                },
                Err(unfit) => unfit.to_string(),
            };
            tracing::warn!("snapshot {number} of the shared log is passed over: {unfit}");
        }
        Ok(false)
    }

    /// Examines the latest snapshot, with all its parts, and applies nothing; `None` if there is none.
    pub fn examine_snapshot(&self) -> Result<Option<Examined>> {
        let Some(state) = self.shared_state()? else {
            return Ok(None);
        };
        self.with_log(&state, |log| {
            let number = log.latest_snapshot(0)?;
            if number == 0 {
                return Ok(None);
            }
            let snapshot = match log.snapshot(number, &state.log)? {
                Ok(snapshot) => snapshot,
                Err(unfit) => {
                    let entry = Err(unfit.to_string());
                    return Ok(Some(Examined { number, entry }));
                }
            };
            let fetched = log.fetch(&snapshot, 0)?;
            let entry = fetched
                .map(|fetched| fetched.n)
                .map_err(|unfit| unfit.to_string());
            Ok(Some(Examined { number, entry }))
        })?
    }
}

/// Makes snapshots of the log of one database, when they are due, in a process that runs for long.
#[derive(Debug)]
pub(in crate::store) struct Snapshots {
    /// After how many entries.
    every: Number,
    /// Of which log it is known at which entry the next one is due, and how many there are.
    known: Option<Known>,
    making: Option<Making>,
    rests_until: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    log: String,
    due: Number,
    latest: Number,
}

/// A snapshot that is being made.
#[derive(Debug)]
struct Making {
    number: Number,
    /// The snapshot before it, and the parts that were put up since.
    snapshot: Snapshot,
    items: Items,
    /// The last change that was read.
    after: i64,
    /// Parts of the snapshot before it of which it is not known whether the log has them still.
    unseen: Vec<Digest>,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self::every(EVERY + fastrand::u64(0..SPREAD))
    }
}

impl Snapshots {
    pub(super) fn every(every: Number) -> Self {
        Self {
            every,
            known: None,
            making: None,
            rests_until: None,
        }
    }

    /// Does some of what is due, for about a second. Returns whether more is to be done at once.
    pub(in crate::store) fn tend(&mut self, store: &Store) -> Result<bool> {
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            return Ok(false);
        }
        let tended = self.try_tend(store);
        if tended.is_err() {
            (self.making, self.known) = (None, None);
            self.rests_until = Some(Instant::now() + REST);
        }
        tended
    }

    fn try_tend(&mut self, store: &Store) -> Result<bool> {
        let Some(state) = store.shared_state()? else {
            return Ok(false);
        };
        let making = match &mut self.making {
            Some(making) if making.snapshot.log == state.log => making,
            _ => match self.due(store, &state)? {
                Some(due) => self.making.insert(due),
                None => return Ok(false),
            },
        };
        let begun = Instant::now();
        while begun.elapsed() < AT_A_TIME {
            if making.look_for_part(store, &state)? || making.read_some(store, &state)? {
                continue;
            }
            making.put_up(store)?;
            (self.making, self.known) = (None, None);
            return Ok(false);
        }
        Ok(true)
    }

    /// Begins the next snapshot, if it is due.
    fn due(&mut self, store: &Store, state: &State) -> Result<Option<Making>> {
        let known = self.known.as_ref().filter(|known| known.log == state.log);
        let due = known.map_or(self.every, |known| known.due);
        if state.n < due {
            return Ok(None);
        }
        let latest = known.map_or(0, |known| known.latest);
        let (latest, before) = store.with_log(state, |log| -> Result<_> {
            let latest = log.latest_snapshot(latest)?;
            for number in (1..=latest).rev().take(usize::try_from(TRIES).unwrap_or(1)) {
                if let Ok(snapshot) = log.snapshot(number, &state.log)?
                    && log.compare(&snapshot)?.is_ok()
                {
                    return Ok((latest, Some(snapshot)));
                }
            }
            Ok((latest, None))
        })??;
        let due = before.as_ref().map_or(0, |before| before.n) + self.every;
        let log = state.log.clone();
        self.known = Some(Known { log, due, latest });
        if state.n < due {
            return Ok(None);
        }
        if let Some(wrong) = store.snapshot(|store| Ok(Rows::read(store)?.disagreeing()))? {
            tracing::warn!("no snapshot of the shared log is made: {wrong}; see `taskhold doctor`");
            self.rests_until = Some(Instant::now() + REST);
            return Ok(None);
        }
        let before = before.unwrap_or_else(|| Snapshot::none(state));
        Ok(Some(Making::after(before, latest + 1)))
    }
}

impl Making {
    /// Begins the one after `before`.
    fn after(before: Snapshot, number: Number) -> Self {
        Self {
            number,
            after: before.last_change,
            unseen: before.part_names(0),
            snapshot: before,
            items: Items::default(),
        }
    }

    /// Looks whether the log still has a part of the snapshot before it. If it has not, what all entries wrote is put up anew.
    /// Reports whether there was one to look for.
    fn look_for_part(&mut self, store: &Store, state: &State) -> Result<bool> {
        let Some(name) = self.unseen.pop() else {
            return Ok(false);
        };
        if let Err(unfit) = store.with_log(state, |log| log.parts(&[name]))?? {
            tracing::warn!(
                "the next snapshot of the shared log has all parts anew: of the last one, {unfit}"
            );
            *self = Self::after(Snapshot::none(state), self.number);
        }
        Ok(true)
    }

    /// Reads some of the changes that are not in it yet. Reports whether there were any.
    fn read_some(&mut self, store: &Store, state: &State) -> Result<bool> {
        let changes = store.changes_since(self.after, PAGE)?;
        let are_there = !changes.is_empty();
        for change in changes {
            let seq = change.seq;
            self.push(store, state, Item::Row(Box::new(change)))?;
            self.after = seq;
        }
        Ok(are_there)
    }

    fn push(&mut self, store: &Store, state: &State, item: Item) -> Result<()> {
        let Self {
            items,
            snapshot,
            after,
            ..
        } = self;
        let mut keep = keeping(store, state, &mut snapshot.parts, *after);
        items.push(item, &mut keep)
    }

    /// Puts it up, with what was written since the rest was read.
    fn put_up(&mut self, store: &Store) -> Result<()> {
        // One state of the database. What is left is little, so the transaction is short.
        let state = store.snapshot(|store| {
            let state = store.shared_state()?.ok_or(Error::Fault)?;
            while self.read_some(store, &state)? {}
            // A key comes with the changes of its call.
            let before = self.snapshot.last_change;
            for used in store.call_keys()? {
                let key = UsedKey::from(used);
                if key.group > before {
                    self.push(store, &state, Item::Key(key))?;
                }
            }
            let snapshot = &mut self.snapshot;
            (snapshot.n, snapshot.format) = (state.n, state.format);
            snapshot.digest = state.digest;
            snapshot.last_task = store.last_number("task")?;
            snapshot.last_change = store.last_number("change")?;
            let last = snapshot.last_change;
            self.items
                .end_part(&mut keeping(store, &state, &mut snapshot.parts, last))?;
            Ok(state)
        })?;
        let body = deflate(&serde_json::to_vec(&self.snapshot)?);
        store
            .with_log(&state, |log| log.log.put_snapshot(self.number, &body))?
            .map_err(|error| not_shared(&error))
    }
}

/// Returns what keeps a part whose last change is `through`, and notes it.
fn keeping<'a>(
    store: &'a Store,
    state: &'a State,
    parts: &'a mut Vec<Part>,
    through: i64,
) -> impl FnMut(&Digest, &[u8]) -> Result<()> + 'a {
    move |name, part| {
        store
            .with_log(state, |log| log.log.put_part(name, part))?
            .map_err(|error| not_shared(&error))?;
        parts.push(Part {
            name: *name,
            through,
        });
        Ok(())
    }
}
