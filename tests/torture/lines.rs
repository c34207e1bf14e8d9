//! Mutated lines on standard input: every line that asks for an answer gets one, and the server stays as it was.
//!
//! Lines are sent in windows, each with a request behind it that closes the window. How often a line must be
//! answered is decided here, independently of the server: see [`expected`]. What cannot be decided travels in windows
//! of its own, so that its answers cannot stand in for missing ones.

mod expected;
mod mutate;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Client, Dialect, Home, PATIENCE};
use expected::{Expected, expected};
use mutate::Mutator;

/// Lines on the way at once.
const WINDOW: usize = 64;

/// Lines after which the server's memory is measured first: by then every kind of line has come many times.
const WARM_UP: u64 = 10_000;

/// How much more memory the server may hold at the end, in KiB.
const GROWTH: u64 = 16 * 1024;

/// Tasks that the lines can name.
const TASKS: usize = 20;

/// Sends `count` mutated lines.
pub(crate) fn run(count: u64, seed: u64) {
    println!("lines: {count} lines, seed {seed}");
    expected::agrees_with_examples();
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    for n in 0..TASKS {
        client.call("add_task", json!({ "title": format!("number {n}") }));
    }
    let mut torture = Torture {
        client,
        seed,
        windows: 0,
        tally: Tally::default(),
    };
    let started = Instant::now();
    let mut mutator = Mutator::new(seed);
    let mut decided = Vec::new();
    let mut undecided = Vec::new();
    let mut resident = None;
    while torture.tally.lines < count {
        for line in mutator.message().split(|byte| *byte == b'\n') {
            torture.tally.lines += 1;
            match expected(line) {
                Expected::Perhaps => undecided.push((line.to_vec(), Expected::Perhaps)),
                decision => decided.push((line.to_vec(), decision)),
            }
        }
        for window in [&mut decided, &mut undecided] {
            if window.len() >= WINDOW {
                torture.send(&std::mem::take(window));
            }
        }
        if resident.is_none() && torture.tally.lines >= WARM_UP.min(count / 2) {
            resident = memory(torture.client.pid());
        }
    }
    torture.send(&decided);
    torture.send(&undecided);
    let seconds = started.elapsed().as_secs_f64();
    let grown = resident.zip(memory(torture.client.pid()));
    torture.end();

    let tally = &torture.tally;
    #[expect(clippy::cast_precision_loss, reason = "a rate to look at")]
    let rate = tally.lines as f64 / seconds;
    println!(
        "lines: {} lines, {rate:.0} a second; {tally:?}",
        tally.lines
    );
    assert!(
        tally.served() * 50 >= tally.lines,
        "hardly anything was served: this run proves little"
    );
    if let Some((before, after)) = grown {
        println!("lines: resident memory {before} KiB, then {after} KiB");
        assert!(
            after <= before + GROWTH,
            "memory grew from {before} to {after} KiB"
        );
    }
}

/// What was sent and what came back.
#[derive(Debug, Default)]
struct Tally {
    lines: u64,
    /// Lines that had to be answered.
    required: u64,
    /// Lines of which this cannot be said.
    undecided: u64,
    /// Answers to those.
    undecided_answered: u64,
    notifications: u64,
    /// Answers by kind: `result`, `isError`, or the code of the error.
    answers: BTreeMap<String, u64>,
}

impl Tally {
    fn served(&self) -> u64 {
        self.answers.get("result").copied().unwrap_or_default()
    }

    /// Counts a message. Returns the id of an answer.
    fn count(&mut self, message: &Value) -> Option<String> {
        if message["method"].is_string() {
            assert!(
                message.get("id").is_none(),
                "the server asks something: {message}"
            );
            self.notifications += 1;
            return None;
        }
        let kind = match (message.get("result"), message.get("error")) {
            (Some(result), None) if result["isError"] == true => {
                let words = result["content"][0]["text"].as_str().unwrap();
                assert!(!words.contains("internal"), "{message}");
                "isError".to_owned()
            }
            (Some(_), None) => "result".to_owned(),
            (None, Some(error)) => error["code"].to_string(),
            _ => panic!("neither result nor error: {message}"),
        };
        assert_ne!(kind, "-32603", "an internal error: {message}");
        *self.answers.entry(kind).or_default() += 1;
        Some(
            message
                .get("id")
                .unwrap_or_else(|| panic!("no id: {message}"))
                .to_string(),
        )
    }
}

struct Torture {
    client: Client,
    seed: u64,
    windows: u64,
    tally: Tally,
}

impl Torture {
    /// Sends some lines and waits for all the answers they must have.
    fn send(&mut self, window: &[(Vec<u8>, Expected)]) {
        self.windows += 1;
        let fence = json!(format!("fence {}", self.windows));
        let mut by_id: HashMap<String, u64> = HashMap::new();
        let mut by_any: u64 = 0;
        for (line, expected) in window {
            match expected {
                Expected::Never | Expected::Cancels(_) => {}
                Expected::Perhaps => self.tally.undecided += 1,
                Expected::Once(Some(id)) => *by_id.entry(id.to_string()).or_default() += 1,
                Expected::Once(None) => by_any += 1,
            }
            self.client.send_line(line.as_slice());
        }
        for (_, expected) in window {
            // A request that is cancelled in time is not answered.
            if let Expected::Cancels(id) = expected
                && let Some(requests) = by_id.remove(&id.to_string())
            {
                self.tally.undecided += requests;
            }
        }
        self.tally.required += by_id.values().sum::<u64>() + by_any;
        self.client.send_as(&fence, "ping", json!({}));

        let mut fenced = false;
        let deadline = Instant::now() + PATIENCE;
        while !(fenced && by_id.is_empty() && by_any == 0) {
            let Some(message) = self.client.message_until(deadline) else {
                self.fail(
                    window,
                    &format!("fenced: {fenced}, unanswered: {by_id:?} and {by_any} more"),
                );
            };
            if message["id"] == fence {
                fenced = true;
                continue;
            }
            let Some(id) = self.tally.count(&message) else {
                continue;
            };
            if let Some(open) = by_id.get_mut(&id) {
                *open -= 1;
                by_id.retain(|_, open| *open > 0);
            } else if by_any > 0 {
                by_any -= 1;
            } else {
                self.surplus(&message, window);
            }
        }
    }

    /// Counts an answer that no line of its window had to have: to one of those that could not be decided.
    fn surplus(&mut self, message: &Value, window: &[(Vec<u8>, Expected)]) {
        self.tally.undecided_answered += 1;
        if self.tally.undecided_answered > self.tally.undecided {
            self.fail(window, &format!("an answer too many: {message}"));
        }
    }

    fn fail(&mut self, window: &[(Vec<u8>, Expected)], what: &str) -> ! {
        for (line, expected) in window {
            println!(
                "{expected:?}: {:.300}",
                String::from_utf8_lossy(line).escape_debug().to_string()
            );
        }
        self.client.fail(&format!(
            "seed {}, window {}: {what}",
            self.seed, self.windows
        ));
    }

    /// Makes one more call like any other, and ends the server.
    fn end(&mut self) {
        let task = self
            .client
            .call("add_task", json!({ "title": "after all that" }));
        assert_eq!(task["title"], "after all that");
        let ending = self.client.close_stdin_and_wait();
        ending.assert_good(());
        // Subscriptions that a line happened to open are answered when they end.
        for message in ending.messages {
            if self.tally.count(&message).is_some() {
                self.surplus(&message, &[]);
            }
        }
    }
}

/// Returns the resident memory of a process in KiB; `None` where the system does not tell.
pub(crate) fn memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
