//! A shared log on engines that others build: eight writers at once, answers that are lost, leaders that are killed, a store that lies.
//!
//! Without a number, the run is short and on moto alone; with one, so many entries are appended on each engine. What must hold: no
//! number twice, none left out, nothing that was acknowledged is gone, and nothing that was refused is there.

#[path = "machines/engines.rs"]
mod engines;
#[path = "machines/flaky.rs"]
mod flaky;
#[path = "machines/namespaces.rs"]
mod namespaces;
#[path = "machines/processes.rs"]
mod processes;

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use taskhold::share::{
    log::{Appended, Digest, Log, Number},
    place::Place,
    seal::{Key, LogId, Sealed},
};

use engines::Engine;
use flaky::Flaky;
use namespaces::Network;

/// How many write at once.
const WRITERS: usize = 8;
/// How many entries the short run appends, and how many calls it makes.
const SHORT: usize = 160;
/// After a leader is killed, writing has to go on within this.
const MOST_OUTAGE: Duration = Duration::from_secs(10);
/// How long a store is stopped: longer than a call waits for it.
const STOPPED: Duration = Duration::from_secs(12);
/// How long an unknown append may stay unknown.
const PATIENCE: Duration = Duration::from_mins(2);

/// Appends to the log on moto, or `count` entries on each engine; then three machines share their tasks, with as many calls.
pub(crate) fn run(count: u64, seed: u64) {
    let is_short = count == 0;
    let count = if is_short {
        SHORT
    } else {
        usize::try_from(count).unwrap()
    };
    object_store(Engine::moto, count, seed);
    if is_short {
        return;
    }
    object_store(Engine::seaweedfs, count, seed);
    store_that_lies();
    cluster(count, seed);
    cluster_cut_off(count, seed);
}

fn object_store(start: fn() -> Engine, count: usize, seed: u64) {
    let engine = start();
    let variables = engine.clone_environment();
    probe(&engine);
    wrong_secret(&engine);
    race(
        &variables,
        engine.name,
        "plain",
        &engine.place("plain"),
        count,
        || (),
    );
    let flaky = Flaky::start(engine.port, seed);
    race(
        &variables,
        engine.name,
        "answers lost",
        &Engine::place_at("flaky", flaky.port),
        count,
        || (),
    );
    processes::run(
        engine.name,
        &engine.place("machines"),
        &variables,
        count,
        seed,
        || (),
    );
    let place = Engine::place_at("flaky-machines", flaky.port);
    processes::run(
        &format!("{}, answers lost", engine.name),
        &place,
        &variables,
        count,
        seed,
        || (),
    );
    println!(
        "machines: {}: {} connections were cut",
        engine.name,
        flaky.cuts()
    );
    assert!(flaky.cuts() > 0 || count < SHORT, "no fault was made");
    if count == SHORT {
        return;
    }
    let (process, stops) = (engine.process(), AtomicUsize::new(0));
    processes::run(
        &format!("{}, stopped", engine.name),
        &engine.place("stopped"),
        &variables,
        count,
        seed,
        || {
            Engine::suspend(process);
            // The stop is the fault, not a wait for something.
            thread::park_timeout(STOPPED);
            Engine::resume(process);
            stops.fetch_add(1, Ordering::SeqCst);
        },
    );
    println!(
        "machines: {}: stopped {} times for {STOPPED:?}",
        engine.name,
        stops.load(Ordering::SeqCst)
    );
}

fn store_that_lies() {
    let lying = Engine::s3rver();
    let refusal = lying
        .place("probe")
        .probe(lying.environment(), None)
        .unwrap_err();
    assert!(
        refusal.to_string().contains("cannot keep a shared log"),
        "{refusal}"
    );
    println!("machines: s3rver: refused: {refusal}");
}

fn cluster(count: usize, seed: u64) {
    let cluster = Engine::rqlite();
    let variables = cluster.clone_environment();
    let [plain, lost, machines, machines_lost] =
        ["plain", "lost", "machines", "machines-lost"].map(|log| cluster.place(log));
    probe(&cluster);
    race(&variables, "rqlite", "plain", &plain, count, || ());
    let cluster = Mutex::new(cluster);
    let outages = Mutex::new(Vec::new());
    // In turn the leader is killed, and suspended: then it takes connections and answers nothing.
    let lose_leader = || {
        let is_killed = outages.lock().unwrap().len() % 2 == 0;
        let mut cluster = cluster.lock().unwrap();
        let suspended = if is_killed {
            cluster.kill_leader();
            None
        } else {
            Some(cluster.suspend_leader())
        };
        let started = Instant::now();
        let mut log = open(&plain, &variables);
        // What is read strongly is read from a cluster that could write.
        while log.read(0, 1).is_err() {
            assert!(started.elapsed() < PATIENCE, "there is no leader");
        }
        outages.lock().unwrap().push(started.elapsed());
        match suspended {
            Some(process) => Engine::resume(process),
            None => cluster.restart(),
        }
    };
    race(
        &variables,
        "rqlite",
        "leader lost",
        &lost,
        count,
        lose_leader,
    );
    processes::run("rqlite", &machines, &variables, count, seed, || ());
    processes::run(
        "rqlite, leader lost",
        &machines_lost,
        &variables,
        count,
        seed,
        lose_leader,
    );
    let outages = outages.into_inner().unwrap();
    let longest = outages.iter().max().copied().unwrap_or_default();
    println!(
        "machines: rqlite: {} leaders killed or suspended in turn; without one for {longest:.1?} at the most",
        outages.len()
    );
    assert!(longest < MOST_OUTAGE, "{longest:?}");
}

/// The leader cut off from the other nodes and from all who write, again and again, where this machine allows network namespaces.
fn cluster_cut_off(count: usize, seed: u64) {
    let network = match Network::make() {
        Ok(network) => network,
        Err(reason) => {
            println!("machines: rqlite, leader cut off: not had: {reason}");
            return;
        }
    };
    let cluster = Engine::rqlite_on(network);
    let variables = cluster.clone_environment();
    let [plain, cut, machines] = ["plain", "cut", "machines"].map(|log| cluster.place(log));
    open(&plain, &variables).append(0, b"first");
    let outages = Mutex::new(Vec::new());
    let cut_off = || {
        let leader = cluster.cut_leader_off();
        let started = Instant::now();
        let mut log = open(&plain, &variables);
        while log.read(0, 1).is_err() {
            assert!(started.elapsed() < PATIENCE, "there is no leader");
        }
        outages.lock().unwrap().push(started.elapsed());
        cluster.connect(leader);
    };
    race(&variables, "rqlite", "leader cut off", &cut, count, cut_off);
    let name = "rqlite, leader cut off";
    processes::run(name, &machines, &variables, count, seed, cut_off);
    let outages = outages.into_inner().unwrap();
    let longest = outages.iter().max().copied().unwrap_or_default();
    println!(
        "machines: rqlite: {} leaders cut off; without one for {longest:.1?} at the most",
        outages.len()
    );
    assert!(longest < MOST_OUTAGE, "{longest:?}");
}

fn probe(engine: &Engine) {
    let probed = engine.place("probe").probe(engine.environment(), None);
    let probed = probed.unwrap_or_else(|error| panic!("{}: {error}", engine.name));
    assert!(!probed.is_clock_off(), "{}: {probed:?}", engine.name);
    println!(
        "machines: {}: examined; a read takes {:.1?}, {} answers unclear",
        engine.name, probed.answer_time, probed.unclear
    );
}

/// A wrong secret is refused by name, where the engine looks at it. (moto does not.)
fn wrong_secret(engine: &Engine) {
    if engine.name == "moto" {
        return;
    }
    let mut log = engine
        .place("plain")
        .open(Engine::wrong_environment(), None)
        .unwrap();
    let said = log.append(0, b"entry");
    assert!(
        matches!(&said, Appended::Refused(error) if error.to_string().contains("AWS_SECRET_ACCESS_KEY")),
        "{said:?}"
    );
}

fn open(place: &Place, environment: &engines::Variables) -> Sealed<Box<dyn Log>> {
    let engine = place.open(environment.to_environment(), None).unwrap();
    Sealed::new(
        engine,
        LogId::from_bytes([1; 16]),
        &Key::from_bytes([2; 32]),
    )
}

/// Has eight writers append, each after what the others did, while `fault` is called again and again.
fn race(
    environment: &engines::Variables,
    name: &str,
    what: &str,
    place: &Place,
    entries: usize,
    mut fault: impl FnMut() + Send,
) {
    let left = AtomicUsize::new(entries);
    let is_over = AtomicBool::new(false);
    let unknown = AtomicUsize::new(0);
    let landed = AtomicUsize::new(0);
    let accepted: Mutex<Vec<Acknowledged>> = Mutex::default();
    let started = Instant::now();
    thread::scope(|scope| {
        let (left, unknown, landed, accepted) = (&left, &unknown, &landed, &accepted);
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    let mut log = open(place, environment);
                    let mut end = 0;
                    let mut count = 0;
                    while left
                        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                            left.checked_sub(1)
                        })
                        .is_ok()
                    {
                        let entry = format!("entry {count} of writer {writer}").into_bytes();
                        count += 1;
                        let sent = Instant::now();
                        let outcome = append(&mut log, &mut end, &entry);
                        unknown.fetch_add(outcome.unknown, Ordering::SeqCst);
                        landed.fetch_add(outcome.landed, Ordering::SeqCst);
                        accepted.lock().unwrap().push((end, entry, sent.elapsed()));
                    }
                })
            })
            .collect();
        let is_over = &is_over;
        let faults = scope.spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                fault();
                // The faults are the test; the time between them is not waited for.
                thread::park_timeout(Duration::from_secs(5));
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        faults.thread().unpark();
    });
    let took = started.elapsed();
    let there = read_all(&mut open(place, environment));
    let distinct: BTreeSet<&Vec<u8>> = there.iter().collect();
    assert_eq!(
        distinct.len(),
        there.len(),
        "{name}, {what}: an entry is there twice"
    );
    let accepted = accepted.lock().unwrap();
    for (number, entry, _) in accepted.iter() {
        let place = usize::try_from(*number - 1).unwrap();
        assert_eq!(
            there.get(place),
            Some(entry),
            "{name}, {what}: entry {number} was acknowledged"
        );
    }
    assert_eq!(accepted.len(), entries);
    assert_eq!(
        there.len(),
        entries,
        "{name}, {what}: what is there was acknowledged"
    );
    let mut times: Vec<Duration> = accepted.iter().map(|(.., time)| *time).collect();
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a figure to read")]
    let rate = entries as f64 / took.as_secs_f64();
    println!(
        "machines: {name}, {what}: {entries} entries by {WRITERS} writers, {rate:.0}/s, p50 {:.1?}, longest {:.1?}; {} unknown, {} of them landed; none lost, none twice",
        times[times.len() / 2],
        times[times.len() - 1],
        unknown.load(Ordering::SeqCst),
        landed.load(Ordering::SeqCst)
    );
}

/// An entry that was acknowledged: its number, its text, and how long it took.
type Acknowledged = (Number, Vec<u8>, Duration);

/// How many answers did not come for one entry, and whether it stood there although.
#[derive(Default)]
struct Outcome {
    unknown: usize,
    landed: usize,
}

/// Appends an entry after all others, as the store does: what is unknown is settled with the same bytes under the same number.
fn append(log: &mut impl Log, end: &mut Number, entry: &[u8]) -> Outcome {
    // Since others last came first, or it began.
    let mut started = Instant::now();
    let mut outcome = Outcome::default();
    let mut is_settled = true;
    loop {
        assert!(
            started.elapsed() < PATIENCE,
            "an append was neither accepted nor refused"
        );
        match log.append(*end, entry) {
            Appended::Accepted => {
                *end += 1;
                return outcome;
            }
            Appended::Unknown(_) => {
                outcome.unknown += 1;
                is_settled = false;
            }
            // Refused before it was sent: the engine cannot be reached for the moment.
            Appended::Refused(error) => assert!(
                matches!(error, taskhold::share::log::LogError::Unreachable(_)),
                "{error}"
            ),
            Appended::Taken => {
                let there = loop {
                    match log.read(*end, 1) {
                        Ok(there) => break there.entries,
                        Err(error) => assert!(started.elapsed() < PATIENCE, "{error}"),
                    }
                };
                let Some(first) = there.first() else { continue };
                *end += 1;
                if first == entry {
                    outcome.landed += usize::from(!is_settled);
                    return outcome;
                }
                is_settled = true;
                follow(log, end);
                started = Instant::now();
            }
        }
    }
}

/// Goes on to the end of the log.
fn follow(log: &mut impl Log, end: &mut Number) {
    while let Ok(there) = log.read(*end, 1 << 20)
        && !there.entries.is_empty()
    {
        *end += there.entries.len() as u64;
    }
}

fn read_all(log: &mut impl Log) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let started = Instant::now();
    loop {
        match log.read(all.len() as u64, 1 << 20) {
            Ok(there) if there.entries.is_empty() => break,
            Ok(there) => all.extend(there.entries),
            Err(error) => assert!(started.elapsed() < PATIENCE, "{error}"),
        }
    }
    let body = vec![7; 3 << 20];
    let name = Digest::of(&body);
    while let Err(error) = log.put_part(&name, &body) {
        assert!(started.elapsed() < PATIENCE, "{error}");
    }
    let kept = loop {
        match log.part(&name) {
            Ok(kept) => break kept,
            Err(error) => assert!(started.elapsed() < PATIENCE, "{error}"),
        }
    };
    assert!(kept == body, "a part comes back as it was");
    for body in [&b"the first"[..], b"the second"] {
        while let Err(error) = log.put_snapshot(1, body) {
            assert!(started.elapsed() < PATIENCE, "{error}");
        }
    }
    for (number, expected) in [(1, Some(b"the first".to_vec())), (2, None)] {
        let kept = loop {
            match log.snapshot(number) {
                Ok(kept) => break kept,
                Err(error) => assert!(started.elapsed() < PATIENCE, "{error}"),
            }
        };
        assert_eq!(kept, expected, "a snapshot stays as it was put first");
    }
    all
}
