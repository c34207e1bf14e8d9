//! The lock holders, who must not be held up by each, and what is examined afterwards.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::holder::{Holder, Moment};
use super::waiter::{self, Answer, Files, Outcome};
use crate::support::{Home, PATIENCE};

/// How long a lock may keep a command from its answer.
const LIMIT: Duration = Duration::from_secs(35);

/// How long a server whose input has ended goes on with calls, at least. On a busy machine they can need longer, though nothing
/// is in their way.
const LAST_CALLS: Duration = Duration::from_secs(4);

/// What the holder imports: enough to be written before it is committed.
const IMPORTED: usize = 200;

const EVERYONE: &[&str] = &[
    "list",
    "add",
    "restore",
    "import",
    "token show",
    "backup",
    "doctor",
    "mcp",
    "mcp, input ended",
    "serve",
];

/// What is in a home before the holder starts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// A database of an earlier schema.
    Older,
    /// Two tasks, a backup and a token.
    Tasks,
}

struct Case {
    name: &'static str,
    before: Before,
    /// The command that is stopped; none in the control.
    holder: Option<(&'static [&'static str], Moment)>,
    /// The file that it holds locked then.
    lock: &'static str,
    /// Who does not need the lock, and must succeed while it is held.
    unhindered: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        name: "nothing",
        before: Before::Tasks,
        holder: None,
        lock: "",
        unhindered: EVERYONE,
    },
    Case {
        name: "a first start",
        before: Before::Nothing,
        holder: Some((&["add", HELD], Moment::LockOf("tasks.db.lock"))),
        lock: "tasks.db.lock",
        unhindered: &[],
    },
    Case {
        name: "a first start that makes the schema",
        before: Before::Nothing,
        holder: Some((&["add", HELD], Moment::WriteTo("tasks.db"))),
        lock: "tasks.db.lock",
        unhindered: &[],
    },
    Case {
        name: "an upgrade",
        before: Before::Older,
        holder: Some((&["add", HELD], Moment::LockOf("tasks.db.lock"))),
        lock: "tasks.db.lock",
        unhindered: &[],
    },
    Case {
        name: "backup",
        before: Before::Tasks,
        holder: Some((&["backup"], Moment::LockOf("tasks.db.backups/.lock"))),
        lock: "tasks.db.backups/.lock",
        unhindered: &[
            "list",
            "add",
            "token show",
            "mcp",
            "mcp, input ended",
            "serve",
        ],
    },
    Case {
        name: "restore",
        before: Before::Tasks,
        holder: Some((
            &["restore", "latest"],
            Moment::LockOf("tasks.db.backups/.lock"),
        )),
        lock: "tasks.db.backups/.lock",
        unhindered: &[
            "list",
            "add",
            "token show",
            "mcp",
            "mcp, input ended",
            "serve",
        ],
    },
    Case {
        name: "token show",
        before: Before::Nothing,
        holder: Some((&["token", "show"], Moment::AnyLock)),
        lock: "lock",
        unhindered: &[],
    },
    Case {
        name: "token rotate",
        before: Before::Tasks,
        holder: Some((&["token", "rotate"], Moment::AnyLock)),
        lock: "lock",
        unhindered: &[
            "list",
            "add",
            "restore",
            "import",
            "backup",
            "mcp",
            "mcp, input ended",
        ],
    },
    Case {
        name: "import",
        before: Before::Tasks,
        holder: Some((&["import", "many.txt"], Moment::WriteTo("tasks.db-wal"))),
        lock: "tasks.db-shm",
        unhindered: &["list", "token show", "serve"],
    },
    Case {
        name: "serve that has only the lock",
        before: Before::Tasks,
        holder: Some((
            &["serve", "--listen", "0"],
            Moment::LockOf("tasks.db.daemon.lock"),
        )),
        lock: "tasks.db.daemon.lock",
        unhindered: ALL_BUT_SERVE,
    },
    Case {
        name: "serve that listens",
        before: Before::Tasks,
        holder: Some((&["serve", "--listen", "0"], Moment::Listening)),
        lock: "tasks.db.daemon.lock",
        unhindered: ALL_BUT_SERVE,
    },
];

const ALL_BUT_SERVE: &[&str] = &[
    "list",
    "add",
    "restore",
    "import",
    "token show",
    "backup",
    "doctor",
    "mcp",
    "mcp, input ended",
];

/// The title that a holder adds.
const HELD: &str = "by the holder";

/// Stops each holder `rounds` times, all cases of a round at once.
pub(crate) fn run(rounds: u64, _seed: u64) {
    let donor = Home::new();
    // Of no tasks: whoever restores it moves all others to the trash.
    let backup = donor.database().with_file_name("donor.db");
    donor.tasks("all");
    donor.run(&["backup", backup.to_str().unwrap()]);
    let tasks = donor.database().with_file_name("one.txt");
    waiter::write_tasks(&tasks, [waiter::IMPORTED.to_owned()].into_iter());
    let files = Files {
        backup: &backup,
        tasks: &tasks,
    };
    for _ in 0..rounds {
        round(&files);
    }
}

fn round(files: &Files<'_>) {
    let begun = Instant::now();
    let reports: Vec<Report> = thread::scope(|scope| {
        let running: Vec<_> = CASES
            .iter()
            .map(|case| scope.spawn(|| play(case, files)))
            .collect();
        let joined = running.into_iter().map(|case| case.join().unwrap());
        joined.collect()
    });
    // What the same commands take where nothing is held, at the same time: how slow this machine is just now.
    let slowness = reports[0].slowest();
    let mut faults = Vec::new();
    for (case, report) in CASES.iter().zip(&reports) {
        println!("suspend: {}", report.figures(case));
        faults.extend(report.faults(case, LIMIT + slowness));
    }
    let answers: usize = reports.iter().map(|report| report.answers.len()).sum();
    println!(
        "suspend: {} holders stopped, {answers} commands beside them, {} faults, {:.0} s",
        CASES.len() - 1,
        faults.len(),
        begun.elapsed().as_secs_f64(),
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What happened in one case.
struct Report {
    /// The process that was stopped.
    holder: Option<u32>,
    answers: Vec<Answer>,
    /// What was wrong when the holder had gone on.
    afterwards: Vec<String>,
}

fn play(case: &Case, files: &Files<'_>) -> Report {
    let home = Home::new();
    prepare(&home, case);
    let holder = case.holder.map(|(arguments, moment)| {
        let holder = Holder::stopped(&home, arguments, moment);
        if let Err(locked) = holder.await_lock(&home, case.lock) {
            let (name, lock) = (case.name, case.lock);
            panic!("{name}: it was to hold {lock}, and holds {locked:?}");
        }
        holder
    });
    let pid = holder.as_ref().map(Holder::pid);
    let home = &home;
    let mut answers: Vec<Answer> = thread::scope(|scope| {
        let mut waiting = vec![
            scope.spawn(|| waiter::server(home)),
            scope.spawn(|| waiter::server_whose_input_ends(home)),
            scope.spawn(|| waiter::serve(home)),
        ];
        let lines = waiter::lines(files).into_iter();
        waiting.extend(lines.map(|line| scope.spawn(move || waiter::run(home, line))));
        let joined = waiting.into_iter().map(|waiter| waiter.join().unwrap());
        joined.collect()
    });
    let is_daemon = case.name.starts_with("serve");
    let resumed = holder.map(|holder| holder.resume(is_daemon));
    let mut afterwards = Vec::new();
    match resumed {
        Some(Ok(printed)) => afterwards.extend(missing_work(home, case, &printed)),
        Some(Err(reason)) => afterwards.push(reason),
        None => {}
    }
    for answer in &mut answers {
        // A server that was refused once works on.
        if let Some(mut server) = answer.server.take() {
            server.call("add_task", json!({ "title": "afterwards" }));
            server.close_stdin();
            server.wait_for_exit_within(PATIENCE).assert_good(case.name);
        }
    }
    afterwards.extend(discrepancies(home, case, &answers));
    Report {
        holder: pid,
        answers,
        afterwards,
    }
}

fn prepare(home: &Home, case: &Case) {
    let many = home.database().with_file_name("many.txt");
    waiter::write_tasks(&many, (0..IMPORTED).map(|n| format!("held {n}")));
    match case.before {
        Before::Nothing => {}
        Before::Older => {
            let older = Connection::open(home.database()).unwrap();
            let schema = include_str!("../../fixtures/schema-1.sql");
            older.execute_batch(schema).unwrap();
        }
        Before::Tasks => {
            home.run(&["add", "kept"]);
            home.run(&["backup"]);
            home.run(&["add", "kept too"]);
            home.run(&["token", "show"]);
        }
    }
}

/// Returns what the holder had to do and has not done.
fn missing_work(home: &Home, case: &Case, printed: &str) -> Vec<String> {
    let titles = titles(home);
    let mut wanted: Vec<String> = match case.before {
        Before::Nothing => Vec::new(),
        Before::Older => vec!["Buy milk".to_owned(), "Done long ago".to_owned()],
        Before::Tasks => vec!["kept".to_owned(), "kept too".to_owned()],
    };
    let mut missing = Vec::new();
    let arguments = case
        .holder
        .map_or(&[] as &[&str], |(arguments, _)| arguments);
    match arguments {
        ["add", title] => wanted.push((*title).to_owned()),
        ["import", _] => wanted.extend((0..IMPORTED).map(|n| format!("held {n}"))),
        ["token", _] if home.run(&["token", "show"]).trim() != printed.trim() => {
            missing.push("the token is another than the holder printed".to_owned());
        }
        ["restore", _] if !titles_in(home, "trash").contains("kept too") => {
            missing.push("the holder has not restored anything".to_owned());
        }
        ["backup"] if !printed.contains("tasks.db.backups") => {
            missing.push(format!("the holder names no backup: {printed}"));
        }
        _ => {}
    }
    let lost = wanted.into_iter().filter(|title| !titles.contains(title));
    missing.extend(lost.map(|title| format!("{title:?} is lost")));
    missing
}

/// Returns what is in the database otherwise than the answers said, and what doctor finds.
fn discrepancies(home: &Home, case: &Case, answers: &[Answer]) -> Vec<String> {
    let titles = titles(home);
    let mut wrong = Vec::new();
    for answer in answers {
        for title in &answer.added {
            if !titles.contains(*title) {
                wrong.push(format!("{title:?} was acknowledged and is lost"));
            }
        }
        for title in &answer.refused {
            if titles.contains(*title) {
                wrong.push(format!("{title:?} was refused and is there"));
            }
        }
        if let ("token show", Outcome::Done(token)) = (answer.name, &answer.outcome)
            && case.name != "token rotate"
            && home.run(&["token", "show"]) != *token
        {
            wrong.push("two processes were given different tokens".to_owned());
        }
    }
    let said = home.run(&["doctor"]);
    if !said.contains("each as its log says") {
        wrong.push(format!("doctor says {said}"));
    }
    wrong
}

/// Returns the titles of all tasks, the trash included.
fn titles(home: &Home) -> BTreeSet<String> {
    let mut titles = titles_in(home, "all");
    titles.extend(titles_in(home, "trash"));
    titles
}

fn titles_in(home: &Home, view: &str) -> BTreeSet<String> {
    let title = |task: &Value| task["title"].as_str().unwrap().to_owned();
    home.tasks(view).iter().map(title).collect()
}

/// Reports whether a call was refused because its server had ended by the time it could be made.
fn is_cut_off(answer: &Answer, words: &str) -> bool {
    answer.name == "mcp, input ended"
        && words.contains("is shutting down")
        && answer.took >= LAST_CALLS
}

impl Report {
    fn slowest(&self) -> Duration {
        let times = self.answers.iter().map(|answer| answer.took);
        times.max().unwrap_or_default()
    }

    fn figures(&self, case: &Case) -> String {
        let count = |is_it: fn(&Outcome) -> bool| {
            let matching = self.answers.iter().filter(|answer| is_it(&answer.outcome));
            matching.count()
        };
        format!(
            "{} held: {} done, {} refused, {} silent, the slowest after {:.1} s",
            case.name,
            count(|outcome| matches!(outcome, Outcome::Done(_))),
            count(|outcome| matches!(outcome, Outcome::Refused(_))),
            count(|outcome| matches!(outcome, Outcome::Silent(_))),
            self.slowest().as_secs_f64(),
        )
    }

    /// Returns a line for each thing that is not as it must be.
    fn faults(&self, case: &Case, limit: Duration) -> Vec<String> {
        let mut faults = Vec::new();
        for answer in &self.answers {
            let took = answer.took.as_secs_f64();
            let mut fault = |what: String| {
                faults.push(format!("{} held, {}: {what}", case.name, answer.name));
            };
            match &answer.outcome {
                Outcome::Silent(what) => fault(format!("no answer in {took:.0} s {what}")),
                Outcome::Refused(words)
                    if case.unhindered.contains(&answer.name) && !is_cut_off(answer, words) =>
                {
                    fault(format!("refused after {took:.1} s: {words}"));
                }
                Outcome::Refused(words) if !self.is_helpful(case.before, answer.name, words) => {
                    fault(format!(
                        "who holds what, and the way out, is not said: {words}"
                    ));
                }
                _ if answer.took > limit => fault(format!("answered after {took:.1} s")),
                _ => {}
            }
        }
        let afterwards = self.afterwards.iter();
        faults.extend(afterwards.map(|what| format!("{} resumed: {what}", case.name)));
        faults
    }

    /// Reports whether a refusal says what is held, by whom and what to do. SQLite does not tell who has its locks. What
    /// doctor says is a report of its own.
    fn is_helpful(&self, before: Before, name: &str, words: &str) -> bool {
        let has = |word: &str| words.contains(word);
        let is_named = self.holder.is_some_and(|pid| has(&pid.to_string()));
        match name {
            "doctor" => !words.trim().is_empty(),
            "serve" if has("a daemon already serves") => true,
            // Who ended it knows the way out.
            "mcp, input ended" if has("the call was not made") => true,
            // Whoever makes the database came later.
            "backup" if has("is not there yet") && before == Before::Nothing => true,
            _ => has("lock") && has("repeat") && (is_named || has("the database")),
        }
    }
}
