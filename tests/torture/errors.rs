//! The system refuses the program what it asks for: the program says so, or does without; it loses nothing, and never says
//! that something is done that is not.
//!
//! strace answers the n-th call of a kind with an error, or all from the n-th on. Only a run in which it did counts.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::failure::{self, Failure};
use crate::scenarios::{Prepared, Scenario, look, prepare_all, root};
use crate::sessions::{self, Told, converse};
use crate::support::{Client, Dialect, Home, Wiring, read_all};
use crate::trace::{Calls, QUICKLY, SHORTLY, calls, traced};

const KINDS: [&str; 7] = [
    "fsync",
    "pwrite64",
    "ftruncate",
    "fcntl",
    "flock",
    "openat",
    "rename,renameat2,linkat",
];
const ERRORS: [&str; 6] = ["EIO", "ENOSPC", "EMFILE", "ENOLCK", "ENOMEM", "EACCES"];

/// How long the program may say nothing: the 35 s it may wait for a lock, and what strace and a busy machine add.
const SILENCE: Duration = Duration::from_secs(45);
/// Tasks that are made and changed through a server.
const TASKS: usize = 4;
const WORKERS: usize = 4;
/// One of so many runs may be one in which the program waits for a lock until it gives up.
const A_WAIT_IN: u64 = 40;

static SERVED: Scenario = Scenario::served();

/// What the system refuses, from when on, and in what.
#[derive(Clone, Copy)]
struct Fault<'a> {
    /// `None` for calls to a server.
    prepared: Option<&'a Prepared>,
    kind: &'static str,
    error: &'static str,
    at: u64,
    is_for_ever: bool,
}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind, error, at, ..
        } = self;
        let name = self
            .prepared
            .map_or("calls to a server", |one| one.scenario.name);
        let on = if self.is_for_ever {
            " and all after it"
        } else {
            ""
        };
        write!(f, "{name}, {error} at {at}{on} of {kind}")
    }
}

impl Fault<'_> {
    /// Reports whether every lock fails, so that the program waits until it gives up.
    fn is_waited_for(&self) -> bool {
        self.is_for_ever && (self.kind == "fcntl" || self.kind == "flock")
    }

    fn under_strace(&self, command: &Command, seen: &Path) -> Command {
        let Self {
            kind, error, at, ..
        } = self;
        let trace = format!("trace={kind}");
        let on = if self.is_for_ever { "+" } else { "" };
        let inject = format!("inject={kind}:error={error}:when={at}{on}");
        traced(
            command,
            &[QUICKLY, "-s", "64", "-e", &trace, "-e", &inject],
            seen,
        )
    }
}

/// How a run ended.
#[derive(Default)]
struct Outcome {
    has_fired: bool,
    was_told: bool,
    wrong: Vec<String>,
}

#[derive(Default)]
struct Tally {
    runs: u64,
    fired: u64,
    /// In so many of the runs that fired, the program told the failure.
    told: u64,
    failures: Vec<Failure>,
}

/// Has the system refuse something in runs of the program, until `count` of them fired.
pub(crate) fn run(count: u64, seed: u64) {
    if !cfg!(target_os = "linux") {
        println!("errors: not run. It is for Linux, where strace lets a call fail.");
        return;
    }
    println!("errors: {count} that fire, seed {seed}");
    let began = Instant::now();
    let prepared: Vec<Prepared> = prepare_all();
    let faults = in_order(&prepared, &mut Rng::with_seed(seed));
    println!("errors: there are {} to choose from", faults.len());
    let (next, fired) = (AtomicUsize::new(0), AtomicU64::new(0));
    let tally = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while fired.load(Ordering::Relaxed) < count
                    && let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let outcome = one(fault);
                    fired.fetch_add(u64::from(outcome.has_fired), Ordering::Relaxed);
                    tally.lock().unwrap().enter(fault, &outcome);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    println!(
        "errors: {} fired in {} runs, {} of them told, {} lies, losses or hangs, {} s",
        tally.fired,
        tally.runs,
        tally.told,
        tally.failures.len(),
        began.elapsed().as_secs()
    );
    assert!(
        tally.fired >= count,
        "only {} of {count} fired",
        tally.fired
    );
    assert!(tally.told > 0, "no run failed: this proves little");
    failure::assert_none(&tally.failures, tally.fired);
}

impl Tally {
    fn enter(&mut self, fault: &Fault, outcome: &Outcome) {
        self.runs += 1;
        if !outcome.has_fired {
            return;
        }
        self.fired += 1;
        self.told += u64::from(outcome.was_told);
        if !outcome.wrong.is_empty() {
            self.failures.push(Failure {
                sort: fault.to_string(),
                what: outcome.wrong.join("; "),
            });
        }
    }
}

/// Returns every fault there is, mixed; those that are waited for are few among the first.
fn in_order<'a>(prepared: &'a [Prepared], random: &mut Rng) -> Vec<Fault<'a>> {
    let mut all = Vec::new();
    let server = calls_of_a_server();
    for prepared in prepared.iter().map(Some).chain([None]) {
        let calls = prepared.map_or(&server, |prepared| &prepared.calls);
        for kind in KINDS {
            for at in calls.numbers(kind) {
                for error in ERRORS {
                    for is_for_ever in [false, true] {
                        all.push(Fault {
                            prepared,
                            kind,
                            error,
                            at,
                            is_for_ever,
                        });
                    }
                }
            }
        }
    }
    random.shuffle(&mut all);
    // Some kinds have few calls: each kind has its turn.
    let (waited, quick): (Vec<_>, Vec<_>) = all.into_iter().partition(Fault::is_waited_for);
    let mut waited = waited.into_iter();
    let mut by_kind: Vec<Vec<Fault>> = KINDS
        .iter()
        .map(|kind| {
            quick
                .iter()
                .filter(|fault| fault.kind == *kind)
                .copied()
                .collect()
        })
        .collect();
    let mut faults = Vec::new();
    for turn in 0_u64.. {
        let quick: Vec<Fault> = by_kind.iter_mut().filter_map(Vec::pop).collect();
        if quick.is_empty() {
            break;
        }
        if turn % (A_WAIT_IN / KINDS.len() as u64) == 0 {
            faults.extend(waited.next());
        }
        faults.extend(quick);
    }
    faults
}

/// Returns what a server asks the system for when nothing is in its way.
fn calls_of_a_server() -> Calls {
    let home = Home::new();
    let seen = tempfile::NamedTempFile::new().unwrap();
    let book = serve(traced(&home.command(&["mcp"]), &SHORTLY, seen.path()));
    assert!(book.iter().all(|said| said.told == Told::Done), "{book:?}");
    Calls::read(seen.path(), &root(&home))
}

fn one(fault: &Fault) -> Outcome {
    let seen = tempfile::NamedTempFile::new().unwrap();
    let mut outcome = match fault.prepared {
        Some(prepared) => command(fault, prepared, seen.path()),
        None => calls_to_a_server(fault, seen.path()),
    };
    outcome.has_fired = calls(seen.path()).iter().any(|call| call.is_injected);
    outcome
}

fn command(fault: &Fault, prepared: &Prepared, seen: &Path) -> Outcome {
    let home = prepared.home();
    let mut command = fault.under_strace(&prepared.command(&home), seen);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let printed = read_all(process.stdout.take().unwrap());
    let said = read_all(process.stderr.take().unwrap());
    let mut outcome = Outcome::default();
    let Ok(said) = said.recv_timeout(SILENCE) else {
        end_traced(seen);
        let _ = process.wait();
        outcome
            .wrong
            .push(format!("it said nothing for {SILENCE:?}"));
        return outcome;
    };
    let (status, printed) = (process.wait().unwrap(), printed.recv().unwrap());
    outcome.was_told = !status.success();
    match status.code() {
        None => outcome.wrong.push(format!("it ended with {status}")),
        Some(0) => {}
        Some(_) if said.is_empty() && printed.is_empty() => {
            outcome
                .wrong
                .push(format!("it ended with {status} and said nothing"));
        }
        Some(_) => {}
    }
    if said.contains("panicked") {
        outcome.wrong.push("it panicked".to_owned());
    }
    let told = status.success().then_some(printed.as_str());
    let found = look(prepared.scenario, &home, &root(&home));
    outcome.wrong.extend(prepared.judge(&found, told));
    if !outcome.wrong.is_empty() {
        outcome.wrong.push(format!("{status}, it said {said:?}"));
    }
    outcome
}

fn calls_to_a_server(fault: &Fault, seen: &Path) -> Outcome {
    let home = Home::new();
    let book = serve(fault.under_strace(&home.command(&["mcp"]), seen));
    let mut outcome = Outcome::default();
    for said in &book {
        match &said.told {
            Told::Done => {}
            Told::Refused(_) | Told::Nothing => outcome.was_told = true,
            Told::Silence => outcome
                .wrong
                .push(format!("a call was not answered for {SILENCE:?}")),
        }
    }
    if !outcome.wrong.is_empty() {
        end_traced(seen);
    }
    let found = look(&SERVED, &home, &root(&home));
    outcome.wrong.extend(found.faults);
    outcome.wrong.extend(found.bad);
    outcome
        .wrong
        .extend(sessions::judge(&[book], |_, _| true, &found.tasks));
    outcome
}

/// Has a server make and change tasks, until it is done or the server has ended.
fn serve(command: Command) -> Vec<sessions::Said> {
    let dialect = Dialect::Modern;
    let mut client = Client::start(command, dialect, Wiring::Pipes);
    let book = converse(&mut client, dialect, "task", TASKS, SILENCE);
    client.close_stdin();
    // strace closes its output before it has written all it saw.
    let _ = client.end_within(SILENCE);
    book
}

/// Ends the program, whose id is that of its first thread. Without strace it would go on alone.
fn end_traced(seen: &Path) {
    let text = fs::read_to_string(seen).unwrap_or_default();
    if let Some(id) = text.split_whitespace().next() {
        let _ = Command::new("kill").args(["-KILL", id]).status();
    }
}
