//! Power cuts: what was told before the cut is there after it, whatever of the rest reached the disk.
//!
//! The program runs under strace. From what it wrote and synced, the disk is rebuilt as it may be found after a cut at any
//! moment, and the built binary is started on that. Four models say what of all that was not synced is there; in a fifth
//! a sync fails, and the system drops what it should have written.

mod disk;
mod replay;

use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::failure::{self, Failure};
use crate::scenarios::{
    Prepared, SCENARIOS, Scenario, Seen, look, make_private, prepare_all, root,
};
use crate::sessions::{self, Said, converse};
use crate::support::{Client, Dialect, Home, Wiring};
use crate::trace::{CHANGING, Call, QUICKLY, calls, traced};
use disk::{Image, Model};
use replay::Replay;

/// How many disks are looked at at once. Each waits for syncs most of the time.
const WORKERS: usize = 4;
/// How many servers write.
const SERVERS: usize = 2;
/// How many tasks each makes and changes when they write at once.
const TASKS: usize = 12;
/// When they write one after another: how many tasks each makes and changes, and at how many moments the power is cut.
const TASKS_IN_TURN: usize = 2;
const CUTS_IN_TURN: u64 = 4;
/// In the fifth model, one run in which a sync fails serves so many cuts.
const CUTS_A_FAILURE: u64 = 8;

/// Where the servers' scenario is looked at: a home with nothing in it.
static SERVED: Scenario = Scenario::served();

/// Cuts the power at `points` moments, each under five models.
pub(crate) fn run(points: u64, seed: u64) {
    if !cfg!(target_os = "linux") {
        println!("power: not run. It is for Linux, where strace tells what a program writes.");
        return;
    }
    println!("power: {points} points x 5 models, seed {seed}");
    let mut random = Rng::with_seed(seed);
    let mut tally = Tally::default();
    let began = Instant::now();
    // The servers' calls have the most moments: they get as many points as two others.
    let shares = SCENARIOS.len() as u64 + 2;
    let share = |number: u64| points * (number + 1) / shares - points * number / shares;
    for (number, prepared) in (0..).zip(&prepare_all()) {
        let traced = Traced::command(prepared, None);
        tally.cut(&traced, share(number), Some(prepared), &mut random);
        let failing = |at| Traced::command(prepared, Some(at));
        tally.cut_after_failures(&traced, share(number), failing, Some(prepared), &mut random);
    }
    let count = points - points * (shares - 2) / shares;
    let traced = Traced::servers(Turns::AtOnce, None);
    tally.cut(&traced, count, None, &mut random);
    let failing = |at| Traced::servers(Turns::AtOnce, Some(at));
    tally.cut_after_failures(&traced, count, failing, None, &mut random);
    tally.cut_when_others_went_on(points, &mut random);
    assert_control(&traced, &mut random);
    println!(
        "power: {} cuts, {} different disks, {} after something was told, {} failed syncs, {} lost or corrupt, {} s",
        tally.cuts,
        tally.disks,
        tally.told,
        tally.failed_syncs,
        tally.losses.len(),
        began.elapsed().as_secs(),
    );
    failure::assert_none(&tally.losses, tally.cuts);
}

/// A disk that takes no sync for anything must be seen to lose something, or the campaign sees nothing.
fn assert_control(traced: &Traced, random: &mut Rng) {
    let mut control = Tally {
        ignores_syncs: true,
        ..Tally::default()
    };
    control.cut(traced, 6, None, random);
    assert!(
        !control.losses.is_empty(),
        "a disk that ignores every sync loses nothing: the campaign does not see what is lost"
    );
    println!(
        "power: the control, which ignores syncs, loses something at {} of {} cuts",
        control.losses.len(),
        control.cuts
    );
}

/// When servers work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turns {
    AtOnce,
    /// Each when the last has ended: what one leaves in the system's memory, the next finds.
    OneByOne,
}

impl Turns {
    /// Returns how many tasks each of them makes and changes.
    fn tasks(self) -> usize {
        match self {
            Self::AtOnce => TASKS,
            Self::OneByOne => TASKS_IN_TURN,
        }
    }
}

/// A run of the program, as strace saw it.
struct Traced {
    name: &'static str,
    /// The disk before, which nothing has run on.
    before: Home,
    /// Where it ran.
    home: Home,
    /// With the number of the process.
    calls: Vec<(usize, Call)>,
    books: Vec<Vec<Said>>,
}

impl Traced {
    /// Runs a command, in which the sync of that number fails.
    fn command(prepared: &Prepared, failing: Option<u64>) -> Self {
        let home = prepared.home();
        let seen = tempfile::NamedTempFile::new().unwrap();
        let output = under_strace(&prepared.command(&home), failing, seen.path())
            .output()
            .unwrap();
        assert!(
            output.status.success() || failing.is_some(),
            "{}: {output:?}",
            prepared.scenario.name
        );
        Self {
            name: prepared.scenario.name,
            before: prepared.home(),
            home,
            calls: calls(seen.path())
                .into_iter()
                .map(|call| (0, call))
                .collect(),
            books: Vec::new(),
        }
    }

    /// Has servers write; in the first of them the sync of that number fails.
    fn servers(turns: Turns, failing: Option<u64>) -> Self {
        let home = Home::new();
        let work = |number| {
            let failing = failing.filter(|_| number == 0);
            serve(&home, number, turns.tasks(), failing)
        };
        let worked: Vec<_> = match turns {
            Turns::OneByOne => (0..SERVERS).map(work).collect(),
            Turns::AtOnce => thread::scope(|scope| {
                let working = (0..SERVERS).map(|number| scope.spawn(move || work(number)));
                let working: Vec<_> = working.collect();
                working.into_iter().map(|one| one.join().unwrap()).collect()
            }),
        };
        let (books, traces): (Vec<_>, Vec<_>) = worked.into_iter().unzip();
        let mut calls: Vec<(usize, Call)> = traces
            .into_iter()
            .enumerate()
            .flat_map(|(number, calls)| calls.into_iter().map(move |call| (number, call)))
            .collect();
        calls.sort_by_key(|(_, call)| call.end);
        Self {
            name: match turns {
                Turns::AtOnce => "calls to two servers",
                Turns::OneByOne => "calls to one server, then to another",
            },
            before: Home::new(),
            home,
            calls,
            books,
        }
    }

    fn syncs(&self) -> u64 {
        self.calls.iter().filter(|(_, call)| is_sync(call)).count() as u64
    }

    /// Returns which of the calls was the first to fail by our doing.
    fn first_failure(&self) -> Option<usize> {
        self.calls.iter().position(|(_, call)| call.is_injected)
    }

    fn syncs_of(&self, process: usize) -> u64 {
        let of_it = self.calls.iter().filter(|(number, _)| *number == process);
        of_it.filter(|(_, call)| is_sync(call)).count() as u64
    }
}

fn is_sync(call: &Call) -> bool {
    call.name == "fsync" || call.name == "fdatasync"
}

fn serve(home: &Home, number: usize, tasks: usize, failing: Option<u64>) -> (Vec<Said>, Vec<Call>) {
    let seen = tempfile::NamedTempFile::new().unwrap();
    let dialect = Dialect::BOTH[number % 2];
    let command = under_strace(&home.command(&["mcp"]), failing, seen.path());
    let mut client = Client::start(command, dialect, Wiring::Pipes);
    let name = format!("server {number}");
    let book = converse(&mut client, dialect, &name, tasks, Duration::from_mins(1));
    // strace waits for its program, however busy the machine is.
    client.close_stdin();
    client.wait_for_exit_within(Duration::from_mins(1));
    (book, calls(seen.path()))
}

fn under_strace(
    command: &std::process::Command,
    failing: Option<u64>,
    seen: &Path,
) -> std::process::Command {
    let changing = format!("trace={CHANGING}");
    let fault = failing.map(|at| format!("inject=fsync:error=EIO:when={at}"));
    let mut options = vec![QUICKLY, "-e", &changing];
    if let Some(fault) = &fault {
        options.extend(["-e", fault]);
    }
    traced(command, &options, seen)
}

/// What came of all cuts.
#[derive(Default)]
struct Tally {
    ignores_syncs: bool,
    cuts: u64,
    disks: u64,
    told: u64,
    failed_syncs: u64,
    losses: Vec<Failure>,
}

/// One cut: the disk it leaves, and what had been told by then.
struct Cut {
    disk: usize,
    model: String,
    /// In ns since 1970.
    at: u64,
    /// Between which calls.
    after: String,
}

impl Tally {
    /// Cuts the power at `points` moments of a run under each of the models.
    fn cut(&mut self, traced: &Traced, points: u64, prepared: Option<&Prepared>, random: &mut Rng) {
        let moments = moments(0, traced.calls.len(), points, random);
        let wanted: Vec<_> = moments
            .into_iter()
            .map(|at| (at, &Model::ALL[..]))
            .collect();
        self.cut_at(traced, &wanted, prepared, random);
    }

    /// Cuts the power at `points` moments of runs in which a sync failed.
    fn cut_after_failures(
        &mut self,
        traced: &Traced,
        points: u64,
        failing: impl Fn(u64) -> Traced,
        prepared: Option<&Prepared>,
        random: &mut Rng,
    ) {
        let runs = points.div_ceil(CUTS_A_FAILURE).min(traced.syncs());
        for run in 0..runs {
            let which = 1 + run * traced.syncs() / runs;
            let failed = failing(which);
            let Some(first) = failed.first_failure() else {
                continue;
            };
            self.failed_syncs += 1;
            let share = points * (run + 1) / runs - points * run / runs;
            let moments = moments(first, failed.calls.len(), share, random);
            let wanted: Vec<_> = (0..)
                .zip(moments)
                .map(|(n, at): (usize, _)| {
                    let n = n % Model::ALL.len();
                    (at, &Model::ALL[n..=n])
                })
                .collect();
            self.cut_at(&failed, &wanted, prepared, random);
        }
    }

    /// Has each sync of a server's first start and calls fail in turn, `most` of them at most, and another server go on
    /// where it ended; then cuts the power.
    fn cut_when_others_went_on(&mut self, most: u64, random: &mut Rng) {
        let syncs = Traced::servers(Turns::OneByOne, None).syncs_of(0);
        for which in 1..=syncs.min(most) {
            let failed = Traced::servers(Turns::OneByOne, Some(which));
            let Some(first) = failed.first_failure() else {
                continue;
            };
            self.failed_syncs += 1;
            // What is in the log alone is moved into the database when a server ends.
            let moments = moments(first, failed.calls.len(), CUTS_IN_TURN, random);
            let models = &[Model::Nothing, Model::Everything][..];
            let wanted: Vec<_> = moments.into_iter().map(|at| (at, models)).collect();
            self.cut_at(&failed, &wanted, None, random);
        }
    }

    /// `wanted` is sorted: after how many calls to cut, and under which models.
    fn cut_at(
        &mut self,
        traced: &Traced,
        wanted: &[(usize, &[Model])],
        prepared: Option<&Prepared>,
        random: &mut Rng,
    ) {
        let scenario = prepared.map_or(&SERVED, |prepared| prepared.scenario);
        let mut replay = Replay::new(&root(&traced.before), &root(&traced.home));
        replay.disk.heeds_syncs = !self.ignores_syncs;
        let (disks, looking) = sync_channel::<(usize, Image)>(WORKERS);
        let looking = Mutex::new(looking);
        let found = Mutex::new(HashMap::new());
        let mut cuts = Vec::new();
        thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    loop {
                        let next = looking.lock().unwrap().recv();
                        let Ok((number, image)) = next else { return };
                        let home = Home::new();
                        put(&image, &root(&home));
                        let seen = look(scenario, &home, &root(&traced.home));
                        found.lock().unwrap().insert(number, seen);
                    }
                });
            }
            let mut known = HashMap::new();
            let mut done = 0;
            for (until, models) in wanted {
                for (process, call) in &traced.calls[done..*until] {
                    replay.follow(*process, call);
                }
                done = *until;
                let last = until.checked_sub(1).map(|last| &traced.calls[last].1);
                for model in *models {
                    let image = replay.disk.image(*model, random);
                    let next = known.len();
                    let number = *known.entry(digest(&image)).or_insert(next);
                    if number == next {
                        disks.send((number, image)).unwrap();
                    }
                    cuts.push(Cut {
                        disk: number,
                        model: format!("{model:?}"),
                        at: last.map_or(0, |call| call.end),
                        after: format!(
                            "{until} calls, the last {}",
                            last.map_or("none", |call| &call.name)
                        ),
                    });
                }
            }
            drop(disks);
        });
        let found = found.into_inner().unwrap();
        self.disks += found.len() as u64;
        for cut in cuts {
            self.cuts += 1;
            let wrong = self.judge(traced, &cut, &found[&cut.disk], prepared);
            if !wrong.is_empty() {
                self.losses.push(Failure {
                    sort: format!("{}, {}", traced.name, cut.model),
                    what: format!("after {}: {}", cut.after, wrong.join("; ")),
                });
            }
        }
    }

    fn judge(
        &mut self,
        traced: &Traced,
        cut: &Cut,
        seen: &Seen,
        prepared: Option<&Prepared>,
    ) -> Vec<String> {
        let heard = replay::heard(&traced.calls, cut.at);
        if let Some(prepared) = prepared {
            let told = heard.done();
            self.told += u64::from(told.is_some());
            return prepared.judge(seen, told.as_deref());
        }
        let ids: Vec<_> = (0..traced.books.len())
            .map(|number| heard.answered(number))
            .collect();
        self.told += u64::from(ids.iter().any(|ids| !ids.is_empty()));
        let mut wrong = seen.faults.clone();
        wrong.extend(seen.bad.iter().cloned());
        let is_heard = |number: usize, said: &Said| ids[number].contains(&said.id.to_string());
        wrong.extend(sessions::judge(&traced.books, is_heard, &seen.tasks));
        wrong
    }
}

/// Returns `count` moments from `first` to `last`, spread over them by chance; the last is always there.
fn moments(first: usize, last: usize, count: u64, random: &mut Rng) -> Vec<usize> {
    let count = usize::try_from(count).unwrap();
    let step = |n: usize| first + (last - first) * n / count;
    (0..count)
        .map(|n| {
            if n + 1 == count {
                last
            } else {
                random.usize(step(n)..=step(n + 1))
            }
        })
        .collect()
}

fn digest(image: &Image) -> u64 {
    let mut hasher = DefaultHasher::new();
    image.hash(&mut hasher);
    hasher.finish()
}

/// Makes the files of a disk, as the program makes them: its owner's alone.
fn put(image: &Image, root: &Path) {
    for (name, content) in image {
        let path = root.join(name);
        match content {
            None => fs::create_dir(&path).unwrap(),
            Some(content) => fs::write(&path, content).unwrap(),
        }
        make_private(&path);
    }
}
