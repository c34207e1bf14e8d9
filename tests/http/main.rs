//! Tests of the daemon: the built binary, driven over sockets with bytes written by hand.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, a panic is how a failure is told"
)]

#[cfg_attr(not(unix), allow(dead_code, reason = "`end` uses the rest"))]
mod clock;
#[expect(dead_code, reason = "the other test programs use the rest")]
mod daemon;
#[cfg_attr(not(unix), allow(dead_code, reason = "`end` uses the rest"))]
mod deaf;
#[expect(dead_code, reason = "the other test programs use the rest")]
#[path = "../it/support.rs"]
mod support;
#[expect(dead_code, reason = "the other test program uses the rest")]
mod wire;

mod access;
mod board;
mod bridge;
mod closed;
#[cfg(windows)]
mod console;
#[cfg(unix)] // Windows has no signals that one process sends to another
mod end;
mod fairness;
mod life;
mod limits;
mod notify;
mod planted;
#[cfg(target_os = "linux")]
mod service;
mod sessions;
#[cfg(unix)]
mod socket;
mod spoken;
mod stateless;
mod windows;
