//! Turns: who writes to a shared database next, among the processes of this machine, and among the machines.
//!
//! A call keeps the turn of its machine until it is in the shared log or refused: if others were first, it follows and runs again
//! at once, and no process beside it comes between. One of those who wait for the turn is next, and has it before whoever had it
//! last. Among machines nobody gives turns: whoever appends first is first. A machine
//! that appends without a pause would keep out one that is slower, since that has to follow each time before it tries again. So a
//! machine that has appended several entries in a row waits before the next, as long as others need, and longer each time that
//! nobody came.
//!
//! # Invariants
//!
//! - A call is given up when the shared log was not heard of for ten seconds: by the call itself, or by whoever has the turn that
//!   it waits for. While others write, the log is heard of, and nobody is refused because they do.
//! - A call is over in thirty seconds, however busy others are.
//! - Who writes now and then, or alone, does not wait.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    clock,
    disk::{
        self, Lock, LockError, OF_TURNS, Process,
        patience::{self, LIMIT},
    },
    domain::{
        error::{Error, Result},
        task::Timestamp,
    },
    share::{
        log::LogError,
        visit::{PATIENCE, Visit},
    },
    store::{Store, paths},
};

use super::not_shared;

/// What a call has at least of its time when its turn comes that was queued for long.
const LEAST: Duration = Duration::from_secs(1);
/// How long locks are waited for where the time is over.
const MOMENT: Duration = Duration::from_millis(250);
/// How long it is waited for to be next. Whoever is next may be suspended, and then the turn is whose it comes to.
const LONGEST_NEXT: Duration = Duration::from_secs(2);
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
/// The longest that a machine may ask to have the log for itself. One that is stopped after it asked keeps others waiting for that long.
pub(super) const LONGEST_ASKED: Duration = Duration::from_secs(10);
/// How often, while another machine has asked for the log, it is looked whether that machine is done.
const LOOK: Duration = Duration::from_secs(1);
/// How often a wait is looked up from: it ends when the process does.
const STEP: Duration = Duration::from_millis(10);

/// Who has written lately, on this machine and on others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// How many of the last entries are of this machine, one after another without a pause.
    pub(super) own_run: u32,
    /// When the last of those was appended; `None` if there was none.
    pub(super) own_at: Option<Timestamp>,
    /// When an entry of another machine was applied here last; `None` if none was. It is still to come where that machine asks to have
    /// the log for itself until then.
    pub(super) others_at: Option<Timestamp>,
}

/// Returns the time between two moments; without end if they are the other way round, as after a clock was set back.
fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    let millis = later.as_millis().saturating_sub(earlier.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// Returns the moment that was `ago` before `now`.
fn before(now: Timestamp, ago: Duration) -> Timestamp {
    let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_sub(ago))
}

/// Returns the moment that comes `time` after `now`.
fn after(now: Timestamp, time: Duration) -> Timestamp {
    let time = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_add(time))
}

/// Returns how long the shared log was silent, at most since `asked`. By a clock that was set back it was not.
fn silence(asked: Timestamp, heard: Option<Timestamp>, now: Timestamp) -> Duration {
    let since = heard.map_or(asked, |heard| heard.max(asked));
    let millis = now.as_millis().saturating_sub(since.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
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

    /// Notes an entry of another machine, which may ask to have the log for itself.
    pub(super) fn followed(&mut self, now: Timestamp, asks: Option<Duration>) {
        let asks = asks.unwrap_or_default().min(LONGEST_ASKED);
        (self.own_run, self.others_at) = (0, Some(after(now, asks)));
    }

    /// Reports whether an entry that is appended now comes so soon after the last of this machine that another would hardly get in.
    fn is_in_a_row(&self, now: Timestamp, took: Duration) -> bool {
        let pause = LONGEST_WAIT.min(unit(took) * (FIRST_WAIT << DOUBLINGS)) + unit(took) * 10;
        self.own_at.is_some_and(|at| between(at, now) < pause)
    }

    /// Returns for how long another machine still asks to have the log for itself.
    fn asked(&self, now: Timestamp) -> Duration {
        let left = self.others_at.map(|until| between(now, until));
        // By a clock that was set back it would be for longer than any may ask.
        left.filter(|left| *left <= LONGEST_ASKED)
            .unwrap_or_default()
    }

    /// Returns how long the machine waits before it appends again, if nobody asks it to: `random` is from 0 to 1.
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

/// The turn of this process.
pub(super) struct Turn {
    _lock: Lock,
    /// When the call is refused at the latest.
    ends: Instant,
}

fn unit(took: Duration) -> Duration {
    took.clamp(APPEND[0], APPEND[1])
}

impl Store {
    /// Runs `work` in the turn of this process: until that is over, no other process of this machine begins to write.
    pub(in crate::store) fn in_turn<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let asked = before(clock::now(), patience::waited());
        let lock = self.wait_for_turn(asked)?;
        let ends = Instant::now() + LIMIT.saturating_sub(patience::waited());
        self.sharing.turn.replace(Some(Turn { _lock: lock, ends }));
        let left = PATIENCE.saturating_sub(self.silence_since(asked));
        self.sharing
            .visit
            .replace(Some(Visit::begin(left.max(LEAST))));
        let done = work(self);
        let done = done.map_err(|error| self.or_ended(error));
        self.sharing.turn.replace(None);
        self.sharing.visit.replace(None);
        done
    }

    /// Gives the call that is under way its time with the shared log anew, since it was heard of: others were first. Returns
    /// whether the call may go on.
    pub(in crate::store) fn goes_on(&self) -> bool {
        let turn = self.sharing.turn.borrow();
        let ends = turn.as_ref().map(|turn| turn.ends);
        let left = ends.map_or(Duration::ZERO, |ends| {
            ends.saturating_duration_since(Instant::now())
        });
        let visit = Visit::begin(left.min(PATIENCE));
        self.sharing.visit.replace(Some(visit));
        !left.is_zero()
    }

    /// Waits for the turn of this process, unless it has it already: then there is nothing to hold.
    pub(in crate::store) fn turn(&self) -> Result<Option<Lock>> {
        if self.sharing.turn.borrow().is_some() {
            return Ok(None);
        }
        let turn = self.in_time(|| self.lock_turn());
        turn.map(Some).map_err(|error| self.without_turn(error))
    }

    /// Waits for the turn, for as long as those who have it hear of the shared log.
    fn wait_for_turn(&self, asked: Timestamp) -> Result<Lock> {
        loop {
            // Whoever comes to the turn has some time left for the log.
            let longest = PATIENCE.saturating_sub(LEAST);
            let left = longest.saturating_sub(self.silence_since(asked));
            match patience::at_most(left.max(MOMENT), || self.lock_turn()) {
                // One that is suspended asks nothing.
                Err(LockError::Held { holder, .. })
                    if !holder.as_ref().is_some_and(Process::is_suspended)
                        && self.silence_since(asked) >= longest =>
                {
                    return Err(self.unheard(holder.as_ref(), asked));
                }
                Err(LockError::Held { .. }) if patience::waited() < LIMIT => {}
                turn => return turn.map_err(|error| self.without_turn(error)),
            }
        }
    }

    fn lock_turn(&self) -> std::result::Result<Lock, LockError> {
        let queue = || disk::lock(&self.paths.share_queue, OF_TURNS);
        let next = patience::at_most(LONGEST_NEXT, queue);
        if matches!(next, Err(LockError::ShuttingDown)) {
            return next;
        }
        let turn = disk::lock(&self.paths.share_lock, OF_TURNS);
        drop(next);
        turn
    }

    /// Says that the shared log was not heard of by whoever has the turn.
    fn unheard(&self, holder: Option<&Process>, asked: Timestamp) -> Error {
        let who = holder.map_or_else(
            || "another process of this machine".to_owned(),
            |Process { id, name }| format!("process {id} ({name}) of this machine"),
        );
        not_shared(&LogError::Unreachable(format!(
            "it was not heard of for {} seconds, while {who} had the turn: it does not answer, or that process takes long",
            self.silence_since(asked).as_secs()
        )))
    }

    fn without_turn(&self, mut error: LockError) -> Error {
        if let LockError::Held { seconds, .. } = &mut error {
            *seconds = patience::waited().as_secs().max(*seconds);
        }
        paths::unlocked(&self.paths.share_lock, error)
    }

    /// Returns how long the shared log was not heard of, at most since `asked`.
    fn silence_since(&self, asked: Timestamp) -> Duration {
        silence(asked, self.heard_at(), clock::now())
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

    /// Leaves the log to a machine that has asked for it, until its work is there; and to all others for a while, if this machine
    /// alone has had it for some time. Called in the turn of this process.
    pub(in crate::store) fn let_others_in(&mut self) -> Result<()> {
        while let Some(state) = self.shared_state()? {
            let now = clock::now();
            let asked = state.pace.asked(now);
            if asked.is_zero() {
                let took = self.sharing.log.borrow().as_ref().map(|open| open.took);
                let wait = state
                    .pace
                    .wait(now, took.unwrap_or_default(), fastrand::f64());
                return pause(wait.min(self.time_left() / 4));
            }
            pause(asked.min(LOOK))?;
            // Why the log cannot be read, whoever appends to it next finds out.
            if self.try_follow().is_err() || !self.goes_on() {
                break;
            }
        }
        Ok(())
    }
}

/// Waits, unless the process is to end.
fn pause(time: Duration) -> Result<()> {
    let until = Instant::now() + time;
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
        pace.followed(Timestamp::from_millis(now), None);
        let waited = waits(&mut pace, &mut now, 21);
        let waited: Vec<_> = waited.into_iter().filter(|wait| *wait > 0).collect();
        assert_eq!(waited, [30, 60, 120, 240, 240]);
        pace.followed(Timestamp::from_millis(now), None);
        let after = waits(&mut pace, &mut now, 5);
        assert_eq!(after, [0, 0, 0, 0, 30], "others came, so it begins anew");
        assert!(pace.wait(Timestamp::from_millis(now), TOOK, 0.0) <= TOOK * 2);
    }

    #[test]
    fn who_is_asked_for_the_log_leaves_it_for_that_time_and_not_for_longer_than_any_may_ask() {
        let at = Timestamp::from_millis;
        let mut pace = Pace::default();
        for (asks, now, waits) in [
            (300, 1_000, 300),
            (300, 1_200, 100),
            (300, 1_301, 0),
            (8_000, 1_000, 8_000),
            (60_000, 1_000, 10_000),
            // A clock that was set back.
            (300, -9_000, 0),
        ] {
            pace.followed(at(1_000), Some(Duration::from_millis(asks)));
            let asked = pace.asked(at(now));
            assert_eq!(asked.as_millis(), waits, "{asks} {now}");
        }
    }

    #[test]
    fn the_log_is_silent_since_it_was_heard_of_or_asked() {
        let at = Timestamp::from_millis;
        for (heard, now, millis) in [
            (None, 1_700, 700),
            (Some(400), 1_700, 700),
            (Some(1_500), 1_700, 200),
            // A clock that was set back.
            (Some(9_000), 1_700, 0),
            (None, 100, 0),
        ] {
            let silence = silence(at(1_000), heard.map(at), at(now));
            assert_eq!(silence, Duration::from_millis(millis), "{heard:?} {now}");
        }
        assert_eq!(before(at(9), Duration::from_millis(5)), at(4));
    }

    #[test]
    fn who_writes_alone_or_now_and_then_does_not_wait() {
        let (mut pace, mut now) = (Pace::default(), 1_000);
        let alone = waits(&mut pace, &mut now, 258);
        assert_eq!(alone.iter().filter(|wait| **wait > 0).count(), 1);
        let mut pace = Pace::default();
        for second in 1..60 {
            let now = Timestamp::from_millis(second * 1_000);
            pace.followed(now, None);
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
