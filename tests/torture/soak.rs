//! A day's use in minutes: five processes on one database, five writes a second, as long as asked for.
//!
//! Two servers on standard streams, a daemon with two clients, a shell that runs commands, and `watch`. Each writer
//! changes tasks of its own and numbers their versions. Each subscriber does what a host does: it reads a resource again
//! when it is told of it, and at no other time. So what it read last must reach every acknowledged version in time, and
//! in the end be what is in the database.
//!
//! Memory and open files of the four lasting processes, and the write-ahead log, must be flat after the first third.
//! Memory and open files are looked at on Linux only.

mod gauge;
mod subscriber;

use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    daemon::{Daemon, read_lines},
    support::{Dialect, Home, PATIENCE, exit_status, read_all},
    wire::Wire,
};
use gauge::Gauge;
use subscriber::{Http, Stdio as Server, Subscriber, Transport};

/// How long the short run writes.
const SHORT: Duration = Duration::from_secs(10);
/// Each of the five writers writes once in this time.
const PERIOD: Duration = Duration::from_secs(1);
/// The lists that every subscriber watches beside the tasks.
const LISTS: [&str; 2] = ["tasks://all", "tasks://tag/soak"];
/// How many tasks each writer but the shell changes in turn. A task changes again only when it is late for its last change
/// to be heard: the next one hides none that was missed.
const EACH: usize = 70;
const _: () = assert!(EACH as u64 * PERIOD.as_secs() > PATIENCE.as_secs());
const TASKS: usize = 4 * EACH;

/// An acknowledged version of a task.
struct Version {
    task: usize,
    number: u64,
    acknowledged: Instant,
}

/// When writing ends, and what was acknowledged until now.
struct Course {
    end: Instant,
    ids: Vec<i64>,
    acknowledged: Mutex<Vec<Version>>,
}

/// Soaks for so many minutes; 0 is the short run.
pub(crate) fn run(minutes: u64, _seed: u64) {
    let duration = match minutes {
        0 => SHORT,
        minutes => Duration::from_mins(minutes),
    };
    println!("soak: {} s", duration.as_secs());
    let home = Home::new();
    let ids = make_tasks(&home);
    let mut daemon = Daemon::start(&home, &[]);
    let transports: Vec<Box<dyn Transport>> = vec![
        Box::new(Server::start(&home, Dialect::Legacy)),
        Box::new(Server::start(&home, Dialect::Modern)),
        Box::new(Http::begin(&daemon)),
    ];
    let mut watch = Watch::start(&home);
    let mut gauge = Gauge::new(
        &home,
        &[
            ("mcp", transports[0].pid()),
            ("mcp", transports[1].pid()),
            ("serve", Some(daemon.pid())),
            ("watch", Some(watch.process.id())),
        ],
    );
    let subscribers: Vec<Subscriber> = (0..)
        .zip(transports)
        .map(|(number, transport)| Subscriber::new(transport, &ids, Turns::of(number)))
        .collect();
    let course = Course {
        end: Instant::now() + duration,
        ids,
        acknowledged: Mutex::default(),
    };
    let (course, home) = (&course, &home);
    let mut wire = daemon.wire();
    let (mut subscribers, shell) = thread::scope(|scope| {
        let mut listening = Vec::new();
        let mut finals = Vec::new();
        for subscriber in subscribers {
            let (sender, receiver) = channel();
            finals.push(sender);
            listening.push(scope.spawn(move || subscriber.live(course, &receiver)));
        }
        let writing = scope.spawn(move || write_over_http(&mut wire, course, Turns::of(3)));
        let shell = scope.spawn(move || work_in_shell(home, course));
        gauge.measure(duration, || {
            // Whoever ends early has failed.
            course.is_over() || writing.is_finished() || shell.is_finished()
        });
        writing.join().unwrap();
        let shell = shell.join().unwrap();
        for sender in finals {
            // A subscriber that has failed says so where it is joined.
            let _ = sender.send(());
        }
        let joined = listening.into_iter().map(|one| one.join().unwrap());
        (joined.collect::<Vec<_>>(), shell)
    });
    examine(home, course, &mut subscribers, &mut watch, shell);
    for subscriber in subscribers {
        subscriber.transport.end();
    }
    daemon.stop();
    watch.end();
    let said = home.run(&["doctor"]);
    assert!(said.contains("each as its log says"), "{said}");
    gauge.judge();
}

/// Makes the tasks that the servers change, and returns their ids.
fn make_tasks(home: &Home) -> Vec<i64> {
    let lines: Vec<String> = (0..TASKS)
        .map(|task| format!("{} @soak", title(task, 0)))
        .collect();
    let file = home.database().with_file_name("tasks.txt");
    fs::write(&file, lines.join("\n")).unwrap();
    home.run(&["import", file.to_str().unwrap()]);
    let tasks = home.tasks("all");
    let id_of = |task| {
        let made = tasks.iter().find(|made| made["title"] == title(task, 0));
        made.unwrap()["id"].as_i64().unwrap()
    };
    (0..TASKS).map(id_of).collect()
}

fn title(task: usize, version: u64) -> String {
    format!("version {version} of task {task}")
}

/// Returns the version in the text of a task.
fn version_in(text: &str) -> u64 {
    let number = text.split("version ").nth(1);
    let number = number.and_then(|rest| rest.split(' ').next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no version in {text:?}"))
}

impl Course {
    fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    fn uri(&self, task: usize) -> String {
        format!("tasks://task/{}", self.ids[task])
    }

    fn update(&self, task: usize, version: u64) -> serde_json::Value {
        json!({ "task_id": self.ids[task], "title": title(task, version) })
    }

    fn note(&self, task: usize, version: u64) {
        let acknowledged = Instant::now();
        self.acknowledged.lock().unwrap().push(Version {
            task,
            number: version,
            acknowledged,
        });
    }
}

/// Waits for the next turn of a writer. Turns that were missed are not made up for.
fn await_turn(turn: &mut Instant, course: &Course) -> bool {
    *turn += PERIOD;
    let now = Instant::now();
    *turn = (*turn).max(now);
    if *turn >= course.end {
        return false;
    }
    // The pace of a writer, not a wait for something.
    thread::sleep(*turn - now);
    true
}

/// The changes of a writer: which task, and its version then.
struct Turns {
    writer: usize,
    count: usize,
}

impl Turns {
    fn of(writer: usize) -> Self {
        Self { writer, count: 0 }
    }

    fn next(&mut self) -> (usize, u64) {
        let task = self.writer * EACH + self.count % EACH;
        let version = self.count / EACH + 1;
        self.count += 1;
        (task, version as u64)
    }
}

fn write_over_http(wire: &mut Wire, course: &Course, mut turns: Turns) {
    let mut turn = Instant::now();
    loop {
        let (task, version) = turns.next();
        wire.call(Dialect::Modern, "update_task", course.update(task, version));
        course.note(task, version);
        if !await_turn(&mut turn, course) {
            return;
        }
    }
}

/// Adds a task, lists, completes the task, lists, and so on. Returns how many were added and completed.
fn work_in_shell(home: &Home, course: &Course) -> usize {
    let mut turn = Instant::now();
    for count in 1.. {
        let said = home.run(&["add", &format!("by the shell {count}"), "+soak"]);
        let id = said.split(' ').nth(1).unwrap().to_owned();
        home.run(&["list", "--all"]);
        await_turn(&mut turn, course);
        home.run(&["done", &id]);
        home.run(&["list", "completed"]);
        if !await_turn(&mut turn, course) {
            return count;
        }
    }
    unreachable!("the loop ends by a return")
}

/// Checks that everything acknowledged was heard in time, and that all agree in the end.
fn examine(
    home: &Home,
    course: &Course,
    subscribers: &mut [Subscriber],
    watch: &mut Watch,
    shell: usize,
) {
    let acknowledged = course.acknowledged.lock().unwrap();
    let mut last = vec![0; TASKS];
    for write in acknowledged.iter() {
        last[write.task] = last[write.task].max(write.number);
    }
    let tasks = home.tasks("all");
    assert_eq!(tasks.len(), TASKS + shell, "tasks are lost, or there twice");
    for task in &tasks {
        match course.ids.iter().position(|id| task["id"] == *id) {
            Some(known) => assert_eq!(task["title"], title(known, last[known])),
            None => assert_eq!(task["status"], "completed", "{task}"),
        }
    }
    let mut reader = home.connect(Dialect::Modern);
    let texts = LISTS.map(|uri| reader.read(uri));
    let mut figures = String::new();
    for subscriber in subscribers {
        let name = subscriber.transport.name();
        subscriber.hear_until(course, |heard| {
            let behind = (0..TASKS).filter(|task| heard.tasks[*task].version() != last[*task]);
            let other = (0..LISTS.len()).filter(|list| heard.lists[*list] != texts[*list]);
            let lists = other.map(|list| LISTS[list].to_owned());
            behind.map(|task| course.uri(task)).chain(lists).collect()
        });
        let slowest = acknowledged.iter().map(|write| {
            let heard = subscriber.heard.tasks[write.task].heard_at(write.number);
            heard.saturating_duration_since(write.acknowledged)
        });
        let slowest = slowest.max().unwrap();
        assert!(
            slowest < PATIENCE,
            "{name} heard of a change after {slowest:?}"
        );
        let (times, slowest) = (subscriber.heard.times, slowest.as_millis());
        let _ = write!(
            figures,
            "; {name} read {times} times, at most {slowest} ms late"
        );
    }
    watch.await_line(
        home.run(&["list", "open", "+soak", "--all", "--json"])
            .trim(),
    );
    println!(
        "soak: {} changes by servers and {} by the shell, all heard{figures}",
        acknowledged.len(),
        2 * shell
    );
}

/// A running `taskhold watch`.
struct Watch {
    process: Child,
    lines: Receiver<String>,
    said: Receiver<String>,
}

impl Watch {
    fn start(home: &Home) -> Self {
        let mut command = home.command(&["watch", "open", "+soak", "--all", "--json"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let said = read_all(process.stderr.take().unwrap());
        let lines = read_lines(process.stdout.take().unwrap());
        Self {
            process,
            lines,
            said,
        }
    }

    /// Waits until it has printed this state, which must be the last.
    fn await_line(&mut self, expected: &str) {
        let mut last = String::new();
        while last != expected {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => last = line,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("watch shows {last}\nand there is {expected}")
                }
            }
        }
    }

    fn end(&mut self) {
        // Windows cannot ask a process to end.
        if cfg!(unix) {
            let pid = self.process.id().to_string();
            let asked = std::process::Command::new("kill").arg(&pid).status();
            assert!(asked.unwrap().success());
            let awaited = "the end of watch";
            let (status, said) = exit_status(&mut self.process, &self.said, PATIENCE, awaited);
            assert!(status.success(), "watch ended with {status}: {said}");
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
