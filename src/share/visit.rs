//! How long a caller waits for an engine: one time for all requests that a call needs, however many these are.
//!
//! # Invariants
//!
//! - What is sent, and what has come, makes a visit longer; what is only hoped for does not. So an engine that hangs, or that answers
//!   each of many requests slowly, is given up at the same time, and one that sends much is not.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;

/// How long an engine may leave a call without what it needs.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// A large body has longer: a second for each of so many bytes.
const BYTES_A_SECOND: u64 = 128 << 10;

/// Returns how much longer it takes to move `bytes`.
pub(super) fn time_of(bytes: usize) -> Duration {
    Duration::from_micros((bytes as u64).saturating_mul(1_000_000) / BYTES_A_SECOND)
}

/// The time of one caller with an engine. Clones share it.
#[derive(Clone, Debug)]
pub struct Visit(Arc<Mutex<Instant>>);

/// A moment that has passed, by both clocks of the machine: one stands still while the machine sleeps, the other may be set.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    steady: Instant,
    clock: SystemTime,
}

/// When a request has to be over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

/// How long the calls of an engine take at most: each its own time, or all together that of a visit.
#[derive(Debug)]
pub(super) struct Patience {
    /// The time of a call outside a visit.
    pub(super) alone: Duration,
    visit: Option<Visit>,
}

impl Visit {
    /// Begins now, and lasts for `patience`.
    pub fn begin(patience: Duration) -> Self {
        Self(Arc::new(Mutex::new(Instant::now() + patience)))
    }

    /// Returns how much of it is left.
    pub fn left(&self) -> Duration {
        self.0.lock().saturating_duration_since(Instant::now())
    }

    /// Makes it longer, since `bytes` were sent or have come.
    pub(super) fn moved(&self, bytes: usize) {
        *self.0.lock() += time_of(bytes);
    }

    /// Returns when a request in it has to be over that sends `bytes`; once the visit is over, none is sent.
    pub(super) fn deadline(&self, bytes: usize) -> Deadline {
        let end = Deadline(*self.0.lock());
        if self.left().is_zero() {
            return end;
        }
        end.after(bytes)
    }

    /// Lets `time` of it pass.
    #[cfg(test)]
    pub(crate) fn spend(&self, time: Duration) {
        *self.0.lock() -= time;
    }
}

impl Moment {
    /// Returns this one.
    pub fn now() -> Self {
        Self {
            steady: Instant::now(),
            clock: SystemTime::now(),
        }
    }

    /// Reports whether it was not longer ago than `time`; of a moment that is still to come by a clock that was set back it is not
    /// known.
    pub fn is_within(&self, time: Duration) -> bool {
        let by_clock = self.clock.elapsed();
        self.steady.elapsed() <= time && by_clock.is_ok_and(|passed| passed <= time)
    }
}

impl Deadline {
    /// Returns the deadline where another `bytes` are moved.
    pub(super) fn after(self, bytes: usize) -> Self {
        Self(self.0 + time_of(bytes))
    }

    /// Returns this deadline, or the time in `longest` if that is sooner.
    pub(super) fn within(self, longest: Duration) -> Self {
        Self(self.0.min(Instant::now() + longest))
    }

    /// Reports whether there is time for a pause of `pause` and a request after it.
    pub(super) fn allows(self, pause: Duration) -> bool {
        Instant::now() + pause < self.0
    }

    /// Returns when it passes.
    pub(super) fn at(self) -> tokio::time::Instant {
        self.0.into()
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            alone: PATIENCE,
            visit: None,
        }
    }
}

impl Patience {
    /// Has all calls from now on be over when `visit` is.
    pub(super) fn begin(&mut self, visit: Visit) {
        self.visit = Some(visit);
    }

    /// Returns the time of a call that begins now.
    pub(super) fn visit(&self) -> Visit {
        let visit = self.visit.clone();
        visit.unwrap_or_else(|| Visit::begin(self.alone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_moved_makes_a_visit_longer_and_what_is_asked_for_does_not() {
        let visit = Visit::begin(PATIENCE);
        let clone = visit.clone();
        assert!(visit.left() <= PATIENCE);
        assert!(!visit.deadline(0).allows(PATIENCE));
        assert!(visit.deadline(1 << 20).allows(PATIENCE));
        clone.moved(1 << 20);
        assert!(visit.left() > PATIENCE + Duration::from_secs(7));
        visit.spend(Duration::from_mins(1));
        assert_eq!(clone.left(), Duration::ZERO);
        assert!(!clone.deadline(1 << 20).allows(Duration::ZERO));
    }

    #[test]
    fn a_moment_is_long_ago_if_one_of_both_clocks_says_so_or_was_set_back() {
        let now = Moment::now();
        assert!(now.is_within(PATIENCE));
        for clock in [now.clock - PATIENCE * 2, now.clock + PATIENCE] {
            let moment = Moment { clock, ..now };
            assert!(!moment.is_within(PATIENCE));
        }
    }

    #[test]
    fn each_call_has_its_own_time_until_a_visit_begins() {
        let mut patience = Patience::default();
        patience.visit().spend(PATIENCE);
        assert!(patience.visit().left() > Duration::ZERO);
        patience.begin(Visit::begin(PATIENCE));
        patience.visit().spend(PATIENCE);
        assert_eq!(patience.visit().left(), Duration::ZERO);
    }
}
