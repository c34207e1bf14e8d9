//! Torture of the built binary: short by default, as long as asked for with arguments.
//!
//! ```text
//! cargo test --test torture                             all, short
//! cargo test --test torture -- backups 50               backups taken while three servers write
//! cargo test --test torture -- kill 10000 [SEED]        servers killed while they write
//! cargo test --test torture -- lines 1000000 [SEED]     mutated lines on standard input
//! cargo test --test torture -- load 10                  64 clients write and 64 listen through a daemon, for seconds;
//!                                                       with --release the daemon's memory is held to its limit, too
//! cargo test --test torture -- requests 100000 [SEED]   mutated requests on the daemon's port
//! cargo test --test torture -- unread 60                answers that nobody reads, for seconds; memory is bounded
//! cargo test --test torture -- power 1000 [SEED]        power cuts at so many moments, each under five models of a disk
//! cargo test --test torture -- calls 1000 [SEED]        killed at so many of its system calls, in turn
//! cargo test --test torture -- errors 2000 [SEED]       so many refusals of the system: full disk, failed sync, no handle
//! cargo test --test torture -- daemon 1000 [SEED]       daemons killed while clients write through them
//! cargo test --test torture -- soak 60                  five processes on one database for minutes, memory and files
//!                                                       flat, every change heard; 0 is ten seconds
//! cargo test --test torture -- suspend 10               lock holders suspended, ten times each, while others come
//! cargo test --test torture -- machines 2000 [SEED]     a shared log: so many entries by eight writers, and so many calls by eight
//!                                                       processes on three machines, on each engine: moto, SeaweedFS, rqlite
//!                                                       with its leader killed, stopped and cut off; 0 is a short run on moto alone
//! ```
//!
//! A run ends with its figures, or with a panic that says what was lost.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic tells a failure, a line a figure"
)]

mod backups;
mod calls;
#[expect(dead_code, reason = "the other test program uses the rest")]
#[path = "../http/daemon.rs"]
mod daemon;
mod errors;
mod failure;
mod kill;
mod lines;
mod load;
mod machines;
mod power;
mod requests;
mod scenarios;
mod sessions;
mod soak;
#[expect(dead_code, reason = "the other test program uses the rest")]
#[path = "../it/support.rs"]
mod support;
mod suspend;
mod trace;
mod unread;
#[expect(dead_code, reason = "the other test program uses the rest")]
#[path = "../http/wire.rs"]
mod wire;

use std::process::ExitCode;

/// A run: how many backups, kills, lines, seconds or minutes, and the seed of its random numbers.
type Run = fn(u64, u64);

const RUNS: &[(&str, Run, u64)] = &[
    ("backups", backups::run, 50),
    ("kill", kill::run, 200),
    ("lines", lines::run, 100_000),
    ("load", load::run, 2),
    ("daemon", load::kills, 10),
    ("requests", requests::run, 3_000),
    ("unread", unread::run, 2),
    ("soak", soak::run, 0),
    ("suspend", suspend::run, 1),
    ("power", power::run, 40),
    ("calls", calls::run, 80),
    ("errors", errors::run, 80),
    ("machines", machines::run, 0),
];

const SEED: u64 = 20_260_728;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test -- --some-flag` hands its flags to every test program.
    arguments.retain(|argument| !argument.starts_with('-'));
    let Some(wanted) = arguments.first() else {
        for (_, run, short) in RUNS {
            run(*short, SEED);
        }
        return ExitCode::SUCCESS;
    };
    let Some((_, run, short)) = RUNS.iter().find(|(name, ..)| name == wanted) else {
        // Any other word is a filter for test names, as with every test program.
        println!("no torture is called {wanted}");
        return ExitCode::SUCCESS;
    };
    let number = |at: usize, default: u64| {
        arguments
            .get(at)
            .map_or(Ok(default), |text| text.parse::<u64>())
    };
    if let (Ok(count), Ok(seed)) = (number(1, *short), number(2, SEED)) {
        run(count, seed);
        ExitCode::SUCCESS
    } else {
        println!("usage: {wanted} [COUNT] [SEED]");
        ExitCode::from(2)
    }
}
