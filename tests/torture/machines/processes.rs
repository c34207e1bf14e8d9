//! Eight processes on three machines that share their tasks through an engine: random calls, some of them killed between the
//! append and the commit. In the end all machines have the same rows, and all that was acknowledged.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    process::{Command, Stdio},
    sync::{Mutex, mpsc::channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use taskhold::share::place::Place;

use super::engines::Variables;
use crate::support::{Client, Dialect, Home, Wiring};

/// The zone of each machine: what is derived from dates differs, and nothing else may.
const ZONES: [&str; 3] = ["Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin"];
const PROCESSES: usize = 8;
/// One call in so many ends with its process killed while it is under way.
const KILL_EVERY: u64 = 25;
/// How long machines may take to agree, once nobody writes.
const AGREEMENT: Duration = Duration::from_mins(2);
/// A call is over in thirty seconds, whatever the engine and the others do; this leaves two more to a machine under load.
const LONGEST_WAIT: Duration = Duration::from_secs(32);
/// What a call is told that was refused because others were always first: on other machines, or on its own.
const NO_TURN: [&str; 2] = ["again and again", "waits for its turn"];

/// All rows that the machines must have alike. The order of lists is this machine's own, since days begin at other times.
const ALIKE: [&str; 7] = [
    "SELECT json_array(id, title, description, status, created_at, updated_at, started_at, completed_at, created_by, rev,
                       deleted_at, priority, due, defer_until, repeat, repeat_from, project, tags, parent, depends_on, origin,
                       blockers) FROM task ORDER BY id",
    "SELECT json_array(seq, group_seq, at, actor, kind, task_id, rev, old, new, reverts, part, parts, session) FROM change ORDER BY seq",
    "SELECT json_array(task_id, at, actor, text) FROM comment ORDER BY task_id, at, id",
    "SELECT json_array(tag, is_old, task_id) FROM tag ORDER BY tag, task_id",
    "SELECT json_array(depends_on, task_id) FROM dependency ORDER BY depends_on, task_id",
    "SELECT json_array(actor, key, group_seq, hex(digest)) FROM call_key ORDER BY actor, key",
    "SELECT json_array(name, seq) FROM sqlite_sequence WHERE name IN ('task', 'change') ORDER BY name",
];

/// A machine: a home folder in a zone, with the credentials of the engine.
struct Machine<'a> {
    home: Home,
    zone: &'static str,
    variables: &'a Variables,
}

/// What came of the calls of one process.
#[derive(Default)]
struct Ledger {
    /// Titles that were acknowledged, with the id of each task.
    added: BTreeMap<String, i64>,
    /// Titles whose call was killed or answered as unknown: each is there once, or not at all.
    open: BTreeSet<String>,
    acknowledged: usize,
    refused: usize,
    /// How many of those found no turn among the others who write.
    turnless: usize,
    kills: usize,
    waits: Vec<Duration>,
}

impl Machine<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(arguments);
        command.env("TZ", self.zone).envs(self.variables.list());
        command
    }

    /// Runs a command line with `input`, which must succeed.
    fn run(&self, arguments: &[&str], input: &str) -> String {
        let (is_good, printed) = self.try_run(arguments, input);
        assert!(is_good, "{arguments:?}: {printed}");
        printed
    }

    fn try_run(&self, arguments: &[&str], input: &str) -> (bool, String) {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that reads nothing may have ended before.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        (
            output.status.success(),
            if output.status.success() {
                text
            } else {
                format!("{text}{said}")
            },
        )
    }

    fn serve(&self) -> Client {
        let mut client = Client::start(self.command(&["mcp"]), Dialect::Modern, Wiring::Pipes);
        client.greet();
        client
    }

    fn rows(&self) -> Vec<String> {
        let connection = rusqlite::Connection::open(self.home.database()).unwrap();
        let read = |sql| -> rusqlite::Result<Vec<String>> {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        ALIKE
            .into_iter()
            .flat_map(|sql| read(sql).unwrap())
            .collect()
    }
}

/// Has three machines share an empty list at `place`, and eight processes make `calls` calls while `fault` is called again and again.
pub(super) fn run(
    name: &str,
    place: &Place,
    variables: &Variables,
    calls: usize,
    seed: u64,
    mut fault: impl FnMut() + Send,
) {
    let machines = ZONES.map(|zone| Machine {
        home: Home::new(),
        zone,
        variables,
    });
    machines[0].run(
        &["share", "init", &place.to_string(), "--member", "anna"],
        "",
    );
    let code = machines[0].run(&["share", "code", "--show"], "");
    for (machine, member) in machines[1..].iter().zip(["ben", "cleo"]) {
        machine.run(&["share", "join", "--member", member], &code);
    }
    let started = Instant::now();
    let ledgers = Mutex::new(Vec::new());
    let (end, ended) = channel::<()>();
    thread::scope(|scope| {
        let (machines, ledgers) = (&machines, &ledgers);
        let faults = scope.spawn(move || {
            while ended
                .recv_timeout(Duration::from_secs(5))
                .is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                fault();
            }
        });
        let working: Vec<_> = (0..PROCESSES)
            .map(|process| {
                scope.spawn(move || {
                    let random = fastrand::Rng::with_seed(seed ^ process as u64);
                    let ledger = work(
                        &machines[process % machines.len()],
                        process,
                        calls.div_ceil(PROCESSES),
                        random,
                    );
                    ledgers.lock().unwrap().push(ledger);
                })
            })
            .collect();
        for process in working {
            process.join().unwrap();
        }
        drop(end);
        faults.join().unwrap();
    });
    let took = started.elapsed();
    agree(name, &machines);
    let ledgers = ledgers.into_inner().unwrap();
    examine(name, &machines[0], &ledgers);
    for machine in &machines {
        let (is_good, said) = machine.try_run(&["doctor"], "");
        assert!(is_good, "{name}: {said}");
    }
    let sum = |of: fn(&Ledger) -> usize| ledgers.iter().map(of).sum::<usize>();
    let mut waits: Vec<Duration> = ledgers
        .iter()
        .flat_map(|ledger| &ledger.waits)
        .copied()
        .collect();
    waits.sort_unstable();
    let wait = |percent: usize| {
        let at = waits.len().saturating_sub(1) * percent / 100;
        waits.get(at).copied().unwrap_or_default()
    };
    let (middle, late, longest) = (wait(50), wait(99), wait(100));
    println!(
        "machines: {name}: {} calls acknowledged by {PROCESSES} processes on {} machines in {took:.1?}, {} refused, {} of them without a turn, {} processes killed; waits p50 {middle:.1?}, p99 {late:.1?}, longest {longest:.1?}; all machines equal, none lost, none twice",
        sum(|ledger| ledger.acknowledged),
        machines.len(),
        sum(|ledger| ledger.refused),
        sum(|ledger| ledger.turnless),
        sum(|ledger| ledger.kills),
    );
    assert!(longest < LONGEST_WAIT, "{name}: a call waited {longest:?}");
}

/// Makes random calls through a server of `machine`, which is killed now and then.
fn work(machine: &Machine<'_>, process: usize, calls: usize, mut random: fastrand::Rng) -> Ledger {
    let mut ledger = Ledger::default();
    let mut client = machine.serve();
    for count in 0..calls {
        let title = format!("task {count} of process {process}");
        let highest = ledger.added.values().max().copied().unwrap_or(1);
        // Tasks of others are changed as well.
        let id = random.i64(1..=highest + 2);
        let (tool, arguments) = match random.u8(0..12) {
            0..=4 => (
                "add_task",
                json!({ "title": title, "due": "2030-05-01", "tags": [format!("p{process}")] }),
            ),
            5 => (
                "update_task",
                json!({ "task_id": id, "description": format!("by process {process}") }),
            ),
            6 => (
                "update_task",
                json!({ "task_id": id, "depends_on": [random.i64(1..=highest)] }),
            ),
            7 => ("update_task", json!({ "task_id": id, "comment": title })),
            8 | 9 => ("complete_task", json!({ "task_id": id })),
            10 => ("delete_task", json!({ "task_id": id })),
            _ => ("undo", json!({})),
        };
        let is_add = tool == "add_task";
        let sent = Instant::now();
        let request = client.send_call(tool, arguments);
        if random.u64(0..KILL_EVERY) == 0 {
            // Somewhere between the call, the append, the commit and the answer.
            thread::park_timeout(Duration::from_micros(random.u64(0..8_000)));
            let heard = client.kill();
            ledger.kills += 1;
            let answer = heard.into_iter().find(|message| message["id"] == request);
            note(&mut ledger, is_add, title, answer.as_ref());
            client = machine.serve();
            continue;
        }
        let answer = client.answer(&request);
        ledger.waits.push(sent.elapsed());
        note(&mut ledger, is_add, title, Some(&answer));
    }
    client.close_stdin_and_wait().assert_good("a server");
    ledger
}

fn note(ledger: &mut Ledger, is_add: bool, title: String, answer: Option<&Value>) {
    let result = answer.map(|answer| &answer["result"]);
    match result {
        Some(result) if result["isError"] != true => {
            assert!(result.is_object(), "{answer:?}");
            ledger.acknowledged += 1;
            if is_add {
                ledger.added.insert(title, id_in(result));
            }
        }
        Some(result) => {
            ledger.refused += 1;
            let said = result["content"][0]["text"].as_str().unwrap_or_default();
            ledger.turnless += usize::from(NO_TURN.iter().any(|text| said.contains(text)));
            if is_add {
                ledger.open.insert(title);
            }
        }
        None if is_add => _ = ledger.open.insert(title),
        None => {}
    }
}

/// Returns the id of the task that was added: of the JSON object with which the answer begins.
fn id_in(result: &Value) -> i64 {
    let text = result["content"][0]["text"].as_str().unwrap();
    let task = serde_json::Deserializer::from_str(text)
        .into_iter::<Value>()
        .next();
    let id = task.and_then(|task| task.ok()?["id"].as_i64());
    id.unwrap_or_else(|| panic!("no id in {text:?}"))
}

/// Has all machines follow to the end, and holds their rows against each other.
fn agree(name: &str, machines: &[Machine<'_>]) {
    let started = Instant::now();
    loop {
        // Whoever is first may have an append to settle, which the others then have to hear of.
        let followed = machines
            .iter()
            .all(|machine| machine.try_run(&["list", "--fresh"], "").0);
        let rows: Vec<Vec<String>> = machines.iter().map(Machine::rows).collect();
        if followed && rows.windows(2).all(|pair| pair[0] == pair[1]) {
            return;
        }
        if started.elapsed() > AGREEMENT {
            for pair in rows.windows(2) {
                let differ = pair[0]
                    .iter()
                    .zip(&pair[1])
                    .find(|(one, other)| one != other);
                println!(
                    "{name}: {} and {} rows; first that differ: {differ:#?}",
                    pair[0].len(),
                    pair[1].len()
                );
            }
            panic!("{name}: the machines do not agree after {AGREEMENT:?}");
        }
    }
}

/// Holds what was acknowledged against the log of changes.
fn examine(name: &str, machine: &Machine<'_>, ledgers: &[Ledger]) {
    let connection = rusqlite::Connection::open(machine.home.database()).unwrap();
    let sql = "SELECT task_id, new ->> '$.title' FROM change WHERE kind = 'add'";
    let mut statement = connection.prepare_cached(sql).unwrap();
    let mut added: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    for row in rows {
        let (id, title): (i64, String) = row.unwrap();
        added.entry(title).or_default().push(id);
    }
    for ledger in ledgers {
        for (title, id) in &ledger.added {
            assert_eq!(
                added.get(title),
                Some(&vec![*id]),
                "{name}: {title:?} was acknowledged as task {id}"
            );
        }
        for title in &ledger.open {
            let times = added.get(title).map_or(0, Vec::len);
            assert!(times <= 1, "{name}: {title:?} is there {times} times");
        }
    }
}
