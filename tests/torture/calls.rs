//! The program killed at its system calls: what it was doing is done afterwards or is not, and the next start works.
//!
//! strace kills the program as it enters the n-th call of a kind. Each kind of call is gone through from the first to
//! where the program ends without having been killed, in steps that make the number of kills what was asked for.

use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use fastrand::Rng;

use crate::failure::{self, Failure};
use crate::scenarios::{Prepared, look, prepare_all, root};
use crate::trace::{Call, calls, traced};

/// The calls that are gone through, together and each alone: together they reach what the thread with the most calls
/// does, alone the others.
const KINDS: [&str; 8] = [
    "write,pwrite64,fsync,ftruncate,rename,renameat2,link,linkat,unlink,mkdir,openat,fcntl",
    "pwrite64",
    "fsync",
    "openat",
    "fcntl",
    "rename,renameat2,link,linkat",
    "unlink,mkdir",
    "write,ftruncate",
];

const WORKERS: usize = 4;

/// Where the program is killed: a scenario, a kind of call, and which of them.
struct Kill {
    scenario: usize,
    kind: &'static str,
    at: u64,
}

/// What came of all kills.
#[derive(Default)]
struct Tally {
    kills: u64,
    /// Runs that ended before they were killed.
    completed: u64,
    after_it_was_told: u64,
    failures: Vec<Failure>,
}

/// Kills the program about `count` times.
pub(crate) fn run(count: u64, seed: u64) {
    if !cfg!(target_os = "linux") {
        println!("calls: not run. It is for Linux, where strace kills a program at a call.");
        return;
    }
    println!("calls: about {count} kills, seed {seed}");
    let began = Instant::now();
    let prepared: Vec<Prepared> = prepare_all();
    let mut random = Rng::with_seed(seed);
    let kills = chosen(&prepared, count, &mut random);
    let next = AtomicUsize::new(0);
    let tally = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(kill) = kills.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(&prepared[kill.scenario], kill, &tally);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    println!(
        "calls: {} kills, {} of them after the answer; {} runs ended before theirs; {} bricked or lost, {} s",
        tally.kills,
        tally.after_it_was_told,
        tally.completed,
        tally.failures.len(),
        began.elapsed().as_secs()
    );
    assert!(
        tally.kills * 2 >= count.min(kills.len() as u64),
        "hardly any run was killed: this proves little"
    );
    failure::assert_none(&tally.failures, tally.kills);
}

/// Returns `count` kills, spread evenly over all that there are.
fn chosen(prepared: &[Prepared], count: u64, random: &mut Rng) -> Vec<Kill> {
    let mut all = Vec::new();
    for (scenario, one) in prepared.iter().enumerate() {
        for kind in KINDS {
            let mut numbers = one.calls.numbers(kind);
            // One more, at which the run is to complete.
            numbers.extend(numbers.last().map(|last| last + 1));
            all.extend(numbers.into_iter().map(|at| Kill { scenario, kind, at }));
        }
    }
    let (all_kills, count) = (all.len(), usize::try_from(count).unwrap());
    println!("calls: there are {all_kills} to kill at");
    let step = all_kills.div_ceil(count).max(1);
    all.into_iter()
        .skip(random.usize(..step))
        .step_by(step)
        .collect()
}

fn one(prepared: &Prepared, kill: &Kill, tally: &Mutex<Tally>) {
    let home = prepared.home();
    let seen = tempfile::NamedTempFile::new().unwrap();
    let trace = format!("trace={}", kill.kind);
    let inject = format!("inject={}:signal=KILL:when={}", kill.kind, kill.at);
    let options = ["-s", "64", "-e", &trace, "-e", &inject];
    let output = traced(&prepared.command(&home), &options, seen.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_killed = output.status.code().is_none();
    let told = (output.status.success() || printed.ends_with('\n')).then_some(printed.as_str());
    let mut wrong = prepared.judge(&look(prepared.scenario, &home, &root(&home)), told);
    if !is_killed && !output.status.success() {
        wrong.push(format!("it was not killed, and failed: {output:?}"));
    }
    let mut tally = tally.lock().unwrap();
    if is_killed {
        tally.kills += 1;
        tally.after_it_was_told += u64::from(told.is_some());
    } else {
        tally.completed += 1;
    }
    if !wrong.is_empty() {
        let last = calls(seen.path())
            .last()
            .map_or(String::new(), |call: &Call| call.name.clone());
        let Kill { kind, at, .. } = kill;
        tally.failures.push(Failure {
            sort: prepared.scenario.name.to_owned(),
            what: format!(
                "killed at {at} of {kind}, after {last}: {}",
                wrong.join("; ")
            ),
        });
    }
}
