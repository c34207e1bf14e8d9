//! Lock holders that are suspended: whoever else comes gets an answer in time, and nothing is lost when they go on.
//!
//! Each case stops one process by SIGSTOP at the very system call that gives it a lock, in a home of its own. Then every
//! other command comes. Those that do not need the lock must succeed; the others may say which lock is held and what to
//! do, but must say it in time. Resumed, the holder finishes what it began, and the database holds exactly what was
//! acknowledged.

#[cfg(target_os = "linux")]
mod cases;
#[cfg(target_os = "linux")]
mod holder;
#[cfg(target_os = "linux")]
mod waiter;

#[cfg(target_os = "linux")]
pub(crate) use cases::run;

/// Says why nothing is run.
#[cfg(not(target_os = "linux"))]
pub(crate) fn run(_rounds: u64, _seed: u64) {
    println!("suspend: not run: it needs strace and /proc/locks, which only Linux has");
}
