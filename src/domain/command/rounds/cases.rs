//! A table of series and what becomes of them: each case a task, what happens to it, and what is due then. They were worked out
//! by hand and with other programs.

use chrono::NaiveDateTime;

use crate::domain::{
    command::{self, Caller, Draft, Patch, sample},
    error::Error,
    repeat::Repeat,
    task::{Status, Task, TaskId, Timestamp, Title},
    when::{When, Zone},
};

const CASES: &str = include_str!("../../../../tests/fixtures/time-cases.tsv");

/// The groups that are tried here, and those that other tests try: of calendars `src/exchange/ics/cases.rs`, and of what several tasks or
/// places make together `tests/it/planning/places.rs`.
const HERE: [&str; 10] = [
    "date", "time", "gap", "fold", "defer", "zone", "move", "after", "skip", "twice",
];
const ELSEWHERE: [&str; 2] = ["ics", "other"];

struct Case {
    id: &'static str,
    zone: Zone,
    due: &'static str,
    defer: &'static str,
    rule: &'static str,
    from_completion: bool,
    events: &'static str,
    /// The due date, until when it is deferred, and the rule; of the last two, empty where nothing is said.
    wanted: [&'static str; 3],
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for line in CASES.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        if ELSEWHERE.contains(&cells[1]) {
            continue;
        }
        assert!(HERE.contains(&cells[1]), "no test tries {line}");
        cases.push(Case {
            id: cells[0],
            zone: Zone::named(cells[2]).unwrap(),
            due: cells[3],
            defer: cells[4],
            rule: cells[5],
            from_completion: cells[7] == "done",
            events: cells[8],
            wanted: [cells[9], cells[10], cells[11]],
        });
    }
    cases
}

/// Reads `2027-03-28 01:59[Europe/Berlin]` or `2027-10-31T01:15:00Z` as who calls, and when.
fn caller(text: &str, home: Zone) -> Caller {
    let (wall, zone) = match text.split_once('[') {
        Some((wall, zone)) => (wall, Zone::named(zone.trim_end_matches(']')).unwrap()),
        None => (text, home),
    };
    let millis = match NaiveDateTime::parse_from_str(wall, "%Y-%m-%d %H:%M") {
        Ok(wall) => zone.instant(wall).0,
        Err(_) => read(wall, 0, zone).instant(zone).unwrap(),
    };
    Caller {
        now: Timestamp::from_millis(millis),
        zone,
        ..sample::caller()
    }
}

fn read(text: &str, now: i64, zone: Zone) -> When {
    When::read(text, now, zone).unwrap().when
}

fn rule(text: &str) -> Repeat {
    Repeat::read(text).unwrap()
}

/// Returns the value after `name=`, up to the next name.
fn value<'a>(event: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = event.split_once(&format!(" {name}="))?;
    Some(value.split(" rule=").next().unwrap_or(value))
}

impl Case {
    /// Returns the task as it is said a day before anything happens to it.
    fn task(&self) -> Task {
        let first = self.happenings().next().unwrap();
        let mut caller = self.caller(first);
        caller.now = Timestamp::from_millis(caller.now.as_millis() - 24 * 60 * 60 * 1000);
        caller.zone = self.zone;
        let date =
            |text: &str| (!text.is_empty()).then(|| read(text, caller.now.as_millis(), self.zone));
        let repeat = rule(self.rule);
        let draft = Draft {
            due: date(self.due),
            defer_until: date(self.defer),
            repeat: Some(if self.from_completion {
                repeat.from_completion()
            } else {
                repeat
            }),
            ..Draft::titled(Title::try_from(format!("case {}", self.id)).unwrap())
        };
        let id = TaskId::try_from(1).unwrap();
        command::add(&draft, id, &[], &caller).unwrap().after
    }

    fn happenings(&self) -> impl Iterator<Item = &'static str> {
        self.events.split(" ; ")
    }

    fn caller(&self, event: &str) -> Caller {
        let (_, rest) = event.split_once('@').unwrap();
        let moment = [" due=", " seen="]
            .iter()
            .find_map(|name| rest.split_once(name))
            .map_or(rest, |(moment, _)| moment);
        caller(moment, self.zone)
    }

    /// Returns the task after everything has happened.
    fn run(&self) -> Task {
        let mut task = self.task();
        for event in self.happenings() {
            let caller = self.caller(event);
            let now = caller.now.as_millis();
            let patch = Patch {
                due: value(event, "due").map(|due| Some(read(due, now, caller.zone))),
                repeat: value(event, "rule").map(|text| Some(rule(text))),
                ..Patch::default()
            };
            let (verb, _) = event.split_once('@').unwrap();
            let made = match verb {
                "done" => {
                    let seen = value(event, "seen").map(|seen| read(seen, now, caller.zone));
                    command::complete(&task, seen.or(task.due), &caller, || Ok(None))
                }
                "move" | "series" => command::update(&task, &patch, None, &caller, || Ok(None)),
                "skip" => command::skip(&task, &caller),
                other => panic!("nothing is done for {other}"),
            };
            match made {
                Ok(edit) => task = edit.after,
                // Done already.
                Err(Error::OtherDate { .. }) => {}
                Err(other) => panic!("case {}: {other}", self.id),
            }
        }
        task
    }
}

#[test]
fn a_series_goes_on_as_it_was_said_wherever_and_whenever_it_is_completed() {
    let mut wrong = Vec::new();
    for case in cases() {
        let task = case.run();
        let iso = |when: Option<When>| when.map_or_else(String::new, |when| when.iso(case.zone));
        let due = match task.status {
            Status::Completed => "completed".to_owned(),
            _ => iso(task.due),
        };
        let [wanted_due, wanted_defer, wanted_rule] = case.wanted;
        let is_rule = wanted_rule.is_empty() || task.repeat == Some(rule(wanted_rule));
        if due != wanted_due || iso(task.defer_until) != wanted_defer || !is_rule {
            wrong.push(format!("{}: {due} {}", case.id, iso(task.defer_until)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!cases().is_empty());
}
