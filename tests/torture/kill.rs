//! Servers killed while they write: what was acknowledged is there afterwards, once, and as acknowledged.
//!
//! Four writers work on one file, each through a server process of its own, which is killed and started again.
//! Four of five kills fall within 40 ms of the first acknowledgement, where writing is densest; the others anywhere.
//! A writer changes only tasks it made, so it knows what each must look like. A call without an answer may or may
//! not have happened: then either outcome is right, and the task is left alone from there on.

mod ledger;

use std::collections::HashMap;
use std::ops::AddAssign;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;

use crate::support::{Client, Dialect, Home, PATIENCE, initialize};
use ledger::{Call, Ledger};

const WRITERS: usize = 4;

/// Calls a writer has on the way at once.
const WINDOW: usize = 8;

/// How often the file is checked during a run.
const CHECKS: u64 = 8;

#[derive(Clone, Copy, Default)]
struct Figures {
    kills: u64,
    after_an_ack: u64,
    acks: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.kills += other.kills;
        self.after_an_ack += other.after_an_ack;
        self.acks += other.acks;
    }
}

/// Kills servers `kills` times.
pub(crate) fn run(kills: u64, seed: u64) {
    println!("kill: {kills} kills, seed {seed}");
    let home = Home::new();
    let mut writers: Vec<Writer> = (0..WRITERS)
        .map(|number| Writer::new(number, seed))
        .collect();
    let mut figures = Figures::default();
    for check in 1..=CHECKS {
        let until = kills * check / CHECKS;
        thread::scope(|scope| {
            let due = until - figures.kills;
            let working: Vec<_> = (0..)
                .zip(&mut writers)
                .map(|(n, writer)| {
                    let home = &home;
                    let share = (due + n) / WRITERS as u64;
                    scope.spawn(move || writer.work(home, share))
                })
                .collect();
            for writer in working {
                figures += writer.join().expect("a writer that has seen no failure");
            }
        });
        let found = ledger::check(&home, writers.iter().map(|writer| &writer.ledger));
        println!(
            "kill: {} kills, {} after an acknowledgement; {} acknowledged, none lost; {found}",
            figures.kills, figures.after_an_ack, figures.acks
        );
    }
    assert_eq!(figures.kills, kills);
    assert!(
        figures.after_an_ack * 2 >= kills,
        "only {} of {kills} kills came after an acknowledgement: this run proves little",
        figures.after_an_ack
    );
}

struct Writer {
    dialect: Dialect,
    rng: Rng,
    ledger: Ledger,
}

/// When a server is killed.
#[derive(Clone, Copy)]
enum Moment {
    At(Instant),
    AfterFirstAck(Duration),
}

impl Writer {
    fn new(number: usize, seed: u64) -> Self {
        Self {
            dialect: Dialect::BOTH[number % 2],
            rng: Rng::with_seed(seed.wrapping_add(number as u64)),
            ledger: Ledger::new(number),
        }
    }

    fn work(&mut self, home: &Home, kills: u64) -> Figures {
        let mut figures = Figures::default();
        for _ in 0..kills {
            let acks = self.round(home);
            figures += Figures {
                kills: 1,
                after_an_ack: u64::from(acks > 0),
                acks,
            };
        }
        figures
    }

    /// Starts a server, writes through it, kills it. Returns how many calls were acknowledged before the kill.
    fn round(&mut self, home: &Home) -> u64 {
        let delay = Duration::from_micros(self.rng.u64(0..40_000));
        let moment = if self.rng.u8(0..5) < 4 {
            Moment::AfterFirstAck(delay)
        } else {
            Moment::At(Instant::now() + delay * 2)
        };
        let mut client = home.start(self.dialect);
        let mut greeting = Value::Null;
        if self.dialect == Dialect::Legacy {
            greeting = client.send("initialize", initialize("2025-11-25"));
            client.notify("notifications/initialized", serde_json::json!({}));
        }
        let mut in_flight = HashMap::new();
        let acks = self.write_until(moment, &mut client, &greeting, &mut in_flight);
        // What the server wrote before it died has reached us: it is acknowledged as well.
        for answer in client.kill() {
            self.settle(&answer, &greeting, &mut in_flight);
        }
        for (_, call) in in_flight {
            self.ledger.leave_open(call);
        }
        acks
    }

    fn write_until(
        &mut self,
        moment: Moment,
        client: &mut Client,
        greeting: &Value,
        in_flight: &mut HashMap<String, Call>,
    ) -> u64 {
        let mut acks = 0;
        let (mut kill_at, delay) = match moment {
            Moment::At(instant) => (Some(instant), Duration::ZERO),
            Moment::AfterFirstAck(delay) => (None, delay),
        };
        loop {
            while in_flight.len() < WINDOW {
                let call = self.ledger.next_call(&mut self.rng);
                let id = client.send_call(call.tool(), call.arguments());
                in_flight.insert(id.to_string(), call);
            }
            let deadline = kill_at.unwrap_or_else(|| Instant::now() + PATIENCE);
            match client.message_until(deadline) {
                Some(answer) => {
                    if self.settle(&answer, greeting, in_flight) {
                        acks += 1;
                        kill_at.get_or_insert_with(|| Instant::now() + delay);
                    }
                }
                None if kill_at.is_some_and(|at| at <= Instant::now()) => return acks,
                None => panic!(
                    "a server ended before it was killed, or did not answer within {PATIENCE:?}"
                ),
            }
        }
    }

    /// Enters an answer in the ledger. Returns whether it acknowledged a call.
    fn settle(
        &mut self,
        answer: &Value,
        greeting: &Value,
        in_flight: &mut HashMap<String, Call>,
    ) -> bool {
        if answer["id"] == *greeting {
            assert!(
                answer["result"].is_object(),
                "initialize was refused: {answer}"
            );
            return false;
        }
        let call = in_flight.remove(&answer["id"].to_string());
        let call = call.unwrap_or_else(|| panic!("an answer to nothing that is open: {answer}"));
        self.ledger.acknowledge(call, &answer["result"]);
        true
    }
}
