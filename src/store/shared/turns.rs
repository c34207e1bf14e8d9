//! Turns: who writes to a shared database next, among the processes of this machine, and among the machines.
//!
//! A call keeps the turn of its machine until it is in the shared log or refused: if others were first, it follows and runs again
//! at once, and no process beside it comes between. Among machines nobody gives turns: whoever appends first is first. A machine
//! that appends without a pause would keep out one that is slower, since that has to follow each time before it tries again. So a
//! machine that has appended several entries in a row waits before the next, as long as others need, and longer each time that
//! nobody came.
//!
//! # Invariants
//!
//! - A call is over in ten seconds, its wait for the turn, for SQLite's lock and for the shared log together.
//! - Who writes now and then, or alone, does not wait.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    clock,
    disk::{self, Lock, OF_TURNS, patience},
    domain::{
        error::{Error, Result},
        task::Timestamp,
    },
    share::visit::{PATIENCE, Visit},
    store::{Store, paths},
};

/// What a call has at least of its time when its turn comes that was queued for long.
const LEAST: Duration = Duration::from_secs(1);
/// How long locks are waited for where the time is over.
const MOMENT: Duration = Duration::from_millis(250);
/// How many entries a machine appends in a row before it waits, where others have written lately.
const RUN: u32 = 4;
/// The same where nobody else was seen to write: one that is kept out leaves no trace.
const LONG_RUN: u32 = 256;
/// Others have written lately if that was within this.
const LATELY: Duration = Duration::from_secs(5);
/// How many times as long as an append others are left the log for, at first.
const FIRST_WAIT: u32 = 3;
/// How often that is doubled.
const DOUBLINGS: u32 = 3;
/// The least and the most that is taken for the time of an append.
const APPEND: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(250)];
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How often a wait is looked up from: it ends when the process does.
const STEP: Duration = Duration::from_millis(10);

/// Who has written lately, on this machine and on others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// How many of the last entries are of this machine, one after another without a pause.
    pub(super) own_run: u32,
    /// When the last of those was appended; `None` if there was none.
    pub(super) own_at: Option<Timestamp>,
    /// When an entry of another machine was applied here last; `None` if none was.
    pub(super) others_at: Option<Timestamp>,
}

/// Returns the time between two moments, which may have come from a clock that was set back.
fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    let millis = later.as_millis().saturating_sub(earlier.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

impl Pace {
    /// Notes an entry of this machine, whose append took `took`.
    pub(super) fn appended(&mut self, now: Timestamp, took: Duration) {
        self.own_run = if self.is_in_a_row(now, took) {
            self.own_run.saturating_add(1)
        } else {
            1
        };
        self.own_at = Some(now);
    }

    /// Notes an entry of another machine.
    pub(super) fn followed(&mut self, now: Timestamp) {
        (self.own_run, self.others_at) = (0, Some(now));
    }

    /// Reports whether an entry that is appended now comes so soon after the last of this machine that another would hardly get in.
    fn is_in_a_row(&self, now: Timestamp, took: Duration) -> bool {
        let pause = LONGEST_WAIT.min(unit(took) * (FIRST_WAIT << DOUBLINGS)) + unit(took) * 10;
        self.own_at.is_some_and(|at| between(at, now) < pause)
    }

    /// Returns how long the machine waits before it appends again: `random` is from 0 to 1.
    fn wait(&self, now: Timestamp, took: Duration, random: f64) -> Duration {
        let others = self.others_at.is_some_and(|at| between(at, now) < LATELY);
        let run = if others { RUN } else { LONG_RUN };
        if self.own_run == 0 || !self.own_run.is_multiple_of(run) || !self.is_in_a_row(now, took) {
            return Duration::ZERO;
        }
        let doublings = (self.own_run / run - 1).min(DOUBLINGS);
        let longest = LONGEST_WAIT.min(unit(took) * (FIRST_WAIT << doublings));
        // Machines that wait for each other must not come back together.
        longest.mul_f64(f64::midpoint(1.0, random.clamp(0.0, 1.0)))
    }
}

fn unit(took: Duration) -> Duration {
    took.clamp(APPEND[0], APPEND[1])
}

impl Store {
    /// Runs `work` in the turn of this process: until that is over, no other process of this machine begins to write. What it
    /// waits for, and what it asks of the shared log, takes ten seconds together.
    pub(in crate::store) fn in_turn<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let left = PATIENCE.saturating_sub(patience::waited());
        self.sharing
            .visit
            .replace(Some(Visit::begin(left.max(LEAST))));
        let turn = self.take_turn();
        let done = turn.and_then(|turn| {
            self.sharing.turn.replace(Some(turn));
            work(self)
        });
        self.sharing.turn.replace(None);
        self.sharing.visit.replace(None);
        done
    }

    /// Waits for the turn of this process, unless it has it already: then there is nothing to hold.
    pub(in crate::store) fn turn(&self) -> Result<Option<Lock>> {
        if self.sharing.turn.borrow().is_some() {
            return Ok(None);
        }
        self.take_turn().map(Some)
    }

    fn take_turn(&self) -> Result<Lock> {
        let path = &self.paths.share_lock;
        let turn = self.in_time(|| disk::lock(path, OF_TURNS));
        turn.map_err(|error| paths::unlocked(path, error))
    }

    /// Returns the visit that is under way, or one that begins now.
    pub(super) fn visit(&self) -> Visit {
        let visit = self.sharing.visit.borrow().clone();
        visit.unwrap_or_else(|| Visit::begin(PATIENCE))
    }

    /// Returns how long locks are waited for: as long as the visit lasts that is under way, or as any call may.
    pub(in crate::store) fn time_left(&self) -> Duration {
        let visit = self.sharing.visit.borrow();
        visit.as_ref().map_or(patience::LIMIT, Visit::left)
    }

    /// Runs `work`, which waits for locks while there is time; for a moment in any case, since most are held for less.
    pub(in crate::store) fn in_time<T>(&self, work: impl FnOnce() -> T) -> T {
        patience::at_most(self.time_left().max(MOMENT), work)
    }

    /// Leaves the log to others for a while, if this machine alone has had it for some time.
    pub(in crate::store) fn let_others_in(&self) -> Result<()> {
        let Some(state) = self.shared_state()? else {
            return Ok(());
        };
        let took = self.sharing.log.borrow().as_ref().map(|open| open.took);
        let took = took.unwrap_or_default();
        let wait = state.pace.wait(clock::now(), took, fastrand::f64());
        let until = Instant::now() + wait.min(self.time_left() / 4);
        while let Some(left) = until.checked_duration_since(Instant::now())
            && !left.is_zero()
        {
            if patience::is_over() {
                return Err(Error::ShuttingDown);
            }
            thread::sleep(left.min(STEP));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOK: Duration = Duration::from_millis(10);

    /// Returns the waits before each of `count` entries that a machine appends one after another.
    fn waits(pace: &mut Pace, now: &mut i64, count: usize) -> Vec<u128> {
        let append = |_| {
            let wait = pace
                .wait(Timestamp::from_millis(*now), TOOK, 1.0)
                .as_millis();
            *now += i64::try_from(wait).unwrap() + 12;
            pace.appended(Timestamp::from_millis(*now), TOOK);
            wait
        };
        (0..count).map(append).collect()
    }

    #[test]
    fn a_machine_that_writes_without_a_pause_lets_others_in_and_longer_while_nobody_comes() {
        let (mut pace, mut now) = (Pace::default(), 1_000);
        pace.followed(Timestamp::from_millis(now));
        let waited = waits(&mut pace, &mut now, 21);
        let waited: Vec<_> = waited.into_iter().filter(|wait| *wait > 0).collect();
        assert_eq!(waited, [30, 60, 120, 240, 240]);
        pace.followed(Timestamp::from_millis(now));
        let after = waits(&mut pace, &mut now, 5);
        assert_eq!(after, [0, 0, 0, 0, 30], "others came, so it begins anew");
        assert!(pace.wait(Timestamp::from_millis(now), TOOK, 0.0) <= TOOK * 2);
    }

    #[test]
    fn who_writes_alone_or_now_and_then_does_not_wait() {
        let (mut pace, mut now) = (Pace::default(), 1_000);
        let alone = waits(&mut pace, &mut now, 258);
        assert_eq!(alone.iter().filter(|wait| **wait > 0).count(), 1);
        let mut pace = Pace::default();
        for second in 1..60 {
            let now = Timestamp::from_millis(second * 1_000);
            pace.followed(now);
            assert_eq!(pace.wait(now, TOOK, 1.0), Duration::ZERO);
            pace.appended(now, TOOK);
        }
        assert_eq!(pace.own_run, 1);
        // A clock that was set back keeps nobody waiting for long.
        pace.own_run = RUN;
        let back = pace.wait(Timestamp::from_millis(0), TOOK, 1.0);
        assert!(back <= LONGEST_WAIT, "{back:?}");
    }
}
