//! How long a call waits for locks that other processes hold.
//!
//! A call runs on one thread. All its waits there, for SQLite's locks and for those of our own lock files, are counted
//! together: a call that meets several locks is answered after [`LIMIT`], not after a multiple of it.
//!
//! # Invariants
//!
//! - Whoever waits for a lock of another process waits in [`pause`], so every wait is counted and can be cut short.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long all waits of a call may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// What a call may still wait that was queued for long: to be late is no reason to fail at the first lock it meets.
const LEAST: Duration = Duration::from_millis(250);

/// Cuts the waits of several threads short. Clones end together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patience(Arc<AtomicBool>);

impl Patience {
    /// From now on nothing is waited for, and what waits gives up.
    pub(crate) fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// From now on the waits of this thread end when this patience does.
    pub(crate) fn rule_this_thread(&self) {
        BUDGET.with_borrow_mut(|budget| budget.ended_by = self.clone());
    }
}

/// What the call on this thread has waited, and what cuts its waits short.
#[derive(Default)]
struct Budget {
    waited: Duration,
    /// How long it may wait, where that is less than [`LIMIT`].
    longest: Option<Duration>,
    /// When the last pause ended: an attempt to take a lock may take long as well.
    paused: Option<Instant>,
    ended_by: Patience,
}

thread_local! {
    static BUDGET: RefCell<Budget> = RefCell::default();
}

/// Begins a call on this thread, which has waited in a queue for `waited`.
pub(crate) fn begin_call(waited: Duration) {
    BUDGET.with_borrow_mut(|budget| budget.waited = waited.min(LIMIT.saturating_sub(LEAST)));
}

/// Reports whether the waits of this thread were cut short.
pub(crate) fn is_over() -> bool {
    BUDGET.with_borrow(|budget| budget.ended_by.is_over())
}

/// Returns what the call on this thread has waited: in a queue, and for locks.
pub(crate) fn waited() -> Duration {
    BUDGET.with_borrow(|budget| budget.waited)
}

/// Returns how many seconds the work on this thread may wait for locks, from its beginning on.
pub(crate) fn longest() -> u64 {
    let longest = BUDGET.with_borrow(|budget| budget.longest.unwrap_or(LIMIT));
    longest.as_secs() + u64::from(longest.subsec_nanos() > 0)
}

/// Runs `work`, which waits for locks no longer than `longest`, nor than the call may.
pub(crate) fn at_most<T>(longest: Duration, work: impl FnOnce() -> T) -> T {
    let (waited, begun, before) = BUDGET.with_borrow_mut(|budget| {
        let waited = budget.waited;
        budget.waited = waited.max(LIMIT.saturating_sub(longest));
        let before = budget.longest.replace(longest.min(LIMIT));
        (waited, budget.waited, before)
    });
    let done = work();
    BUDGET.with_borrow_mut(|budget| {
        budget.waited = waited + budget.waited.saturating_sub(begun);
        budget.longest = before;
    });
    done
}

/// Runs `work`, which gives up at the first lock that another process holds.
pub(crate) fn without_waiting<T>(work: impl FnOnce() -> T) -> T {
    let waited = BUDGET.with_borrow_mut(|budget| std::mem::replace(&mut budget.waited, LIMIT));
    let done = work();
    BUDGET.with_borrow_mut(|budget| budget.waited = waited);
    done
}

/// Waits a random while before a lock, or a file that is open, is tried again; `tries` is how often it was tried again before.
/// Returns `false`, and does not wait, when the call has waited long enough.
///
/// Fixed steps would not do: with many processes the same ones lose again and again, and give up.
pub(crate) fn pause(tries: u32) -> bool {
    let may_wait = BUDGET.with_borrow_mut(|budget| {
        if tries > 0
            && let Some(paused) = budget.paused
        {
            budget.waited += paused.elapsed();
        }
        budget.waited < LIMIT && !budget.ended_by.is_over()
    });
    if !may_wait {
        return false;
    }
    let longest = 500 * u64::from(tries.saturating_add(1).min(9));
    let begun = Instant::now();
    thread::sleep(Duration::from_micros(fastrand::u64(50..longest)));
    BUDGET.with_borrow_mut(|budget| {
        budget.waited += begun.elapsed();
        budget.paused = Some(Instant::now());
    });
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a thread has waited is not told to the test that it runs next.
    fn on_a_thread(test: impl FnOnce() + Send + 'static) {
        thread::spawn(test).join().unwrap();
    }

    /// Waits as often as it may, and returns how long that took.
    fn waited_out() -> Duration {
        let begun = Instant::now();
        let mut tries = 0;
        while pause(tries) {
            tries += 1;
        }
        begun.elapsed()
    }

    #[test]
    fn a_call_that_has_waited_for_one_lock_waits_no_longer_for_the_next() {
        on_a_thread(|| {
            begin_call(LIMIT);
            assert!(waited_out() >= LEAST / 2);
            assert!(!pause(0));
            begin_call(Duration::ZERO);
            assert!(pause(0));
        });
    }

    #[test]
    fn work_that_may_not_wait_leaves_the_call_what_it_may() {
        on_a_thread(|| {
            assert!(!without_waiting(|| pause(0)));
            assert!(pause(0));
        });
    }

    #[test]
    fn work_that_may_wait_for_a_while_counts_as_waited_and_leaves_the_call_the_rest() {
        on_a_thread(|| {
            let longest = Duration::from_millis(20);
            let begun = Instant::now();
            assert!(at_most(longest, waited_out) >= longest / 2);
            assert!(begun.elapsed() < LIMIT / 2);
            assert!(pause(0));
            assert!(waited() > longest / 2 && waited() < LIMIT / 2);
            begin_call(LIMIT);
            assert!(at_most(LIMIT, waited_out) < LIMIT / 2);
        });
    }

    #[test]
    fn patience_that_ends_cuts_the_waits_of_its_threads_short_and_of_no_others() {
        let patience = Patience::default();
        patience.end();
        on_a_thread(move || {
            assert!(pause(0));
            patience.rule_this_thread();
            assert!(!pause(0));
            assert!(is_over());
        });
    }
}
