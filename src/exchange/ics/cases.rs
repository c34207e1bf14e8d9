//! The cases of calendars in the table of `tests/fixtures/time-cases.tsv`: what a `VTODO` makes, and what is due once that is
//! done. `src/domain/command/rounds/cases.rs` tries the cases without a file.

use chrono::NaiveDateTime;

use super::{Reader, Writer};
use crate::{
    domain::{
        command::{self, Caller},
        imported::Arrival,
        task::{Actor, Status, Task, TaskWithComments, Timestamp},
        when::{When, Zone},
    },
    exchange::{Contents, Reader as _, Relatives, Writer as _},
};

const CASES: &str = include_str!("../../../tests/fixtures/time-cases.tsv");
/// The case that goes through a calendar and stands in the group of what several tasks or places make.
const THERE_AND_BACK: &str = "123";

struct Case {
    id: &'static str,
    zone: Zone,
    due: &'static str,
    rule: &'static str,
    events: Vec<&'static str>,
    /// The due date, or the status, and until when it is deferred.
    wanted: [&'static str; 2],
}

fn cases(wanted: impl Fn(&str, &str) -> bool) -> Vec<Case> {
    let lines = CASES.lines().skip(1).map(|line| line.split('\t').collect());
    let cases = lines.filter(|cells: &Vec<&str>| wanted(cells[0], cells[1]));
    cases
        .map(|cells| Case {
            id: cells[0],
            zone: Zone::named(cells[2]).unwrap(),
            due: cells[3],
            rule: cells[5],
            events: cells[8].split(" ; ").collect(),
            wanted: [cells[9], cells[10]],
        })
        .collect()
}

/// Reads `2026-12-09 12:00[Europe/Berlin]` as who calls, and when.
pub(super) fn caller(text: &str) -> Caller {
    let (wall, zone) = text.trim_end_matches(']').split_once('[').unwrap();
    let zone = Zone::named(zone).unwrap();
    let wall = NaiveDateTime::parse_from_str(wall, "%Y-%m-%d %H:%M").unwrap();
    Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(zone.instant(wall).0),
        zone,
        session: None,
    }
}

/// Returns a zone of the file with the offsets that a case names: `-08:00/-07:00`, or one.
fn timezone(name: &str, offsets: &str) -> String {
    let offsets: Vec<String> = offsets
        .split('/')
        .map(|text| text.replace(':', ""))
        .collect();
    let part = |kind: &str, from: &str, to: &str, start: &str, rule: &str| {
        format!(
            "BEGIN:{kind}\nDTSTART:{start}\nTZOFFSETFROM:{from}\nTZOFFSETTO:{to}\n{rule}END:{kind}\n"
        )
    };
    let parts = match offsets.as_slice() {
        [one] => part("STANDARD", one, one, "19700101T000000", ""),
        [winter, summer] => {
            let rule =
                |month: u8, week: u8| format!("RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={week}SU\n");
            part("STANDARD", summer, winter, "20071104T020000", &rule(11, 1))
                + &part("DAYLIGHT", winter, summer, "20070311T020000", &rule(3, 2))
        }
        _ => panic!("{offsets:?}"),
    };
    format!("BEGIN:VTIMEZONE\nTZID:{name}\n{parts}END:VTIMEZONE\n")
}

/// Returns the calendar that `import:` describes: properties with bars between them, and two bars between components.
fn calendar(said: &str) -> String {
    let mut zone = String::new();
    let mut todos = String::new();
    for (place, component) in said.split(" || ").enumerate() {
        todos += "BEGIN:VTODO\nSUMMARY:Case\n";
        for property in component.split('|').map(str::trim) {
            match property.strip_prefix("VTIMEZONE of the file: ") {
                Some(offsets) => {
                    let (_, name) = said.split_once("TZID=").unwrap();
                    zone = timezone(name.split_once(':').unwrap().0, offsets);
                }
                None => todos = todos + property + "\n",
            }
        }
        assert!(place < 2);
        todos += "END:VTODO\n";
    }
    format!("BEGIN:VCALENDAR\n{zone}{todos}END:VCALENDAR\n")
}

/// Reads a calendar of one `VTODO`. Returns its tasks and the notes; what is at fault is none.
pub(super) fn all_of(properties: &str, caller: &Caller) -> (Vec<Task>, Vec<String>) {
    let text = format!(
        "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:a-1\nSUMMARY:Case\n{properties}\nEND:VTODO\nEND:VCALENDAR\n"
    );
    let mut reader = Reader::new(std::io::Cursor::new(text), caller).unwrap();
    let mut tasks = Vec::new();
    while let Some(next) = reader.next() {
        let arrival: Arrival = next.unwrap();
        assert_eq!((&arrival.parent, arrival.depends_on.len()), (&None, 0));
        tasks.push(arrival.task);
    }
    let notes = reader.notes().iter();
    let notes = notes.map(|(note, _)| note.to_owned()).collect();
    (tasks, notes)
}

/// Reads the one task of a calendar.
pub(super) fn read(text: &str, caller: &Caller) -> Task {
    let mut reader = Reader::new(std::io::Cursor::new(text), caller).unwrap();
    let first: Arrival = reader.next().unwrap().unwrap();
    assert!(reader.next().is_none(), "{text}");
    first.task
}

pub(super) fn written(task: &Task, zone: Zone) -> String {
    let mut out = Vec::new();
    let mut writer = Writer::new(zone);
    let contents = Contents {
        tasks: 1,
        last_id: 1,
        first_year: None,
    };
    let whole = TaskWithComments {
        task: task.clone(),
        comments: Vec::new(),
    };
    let place = Relatives {
        depth: 0,
        other: &|_| Ok(None),
    };
    writer.begin(&mut out, contents).unwrap();
    writer.task(&mut out, &whole, &place).unwrap();
    writer.end(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

impl Case {
    /// Returns what is wrong with `task` after it was done as often as the case says.
    fn fault(&self, mut task: Task) -> Option<String> {
        let done = self
            .events
            .iter()
            .filter_map(|event| event.strip_prefix("done@"));
        for moment in done {
            task = command::complete(&task, None, &caller(moment), || Ok(None))
                .unwrap()
                .after;
        }
        let iso = |when: Option<When>| when.map_or_else(String::new, |when| when.iso(self.zone));
        let due = match task.status {
            Status::Completed => "completed".to_owned(),
            _ => iso(task.due),
        };
        let [wanted_due, wanted_defer] = self.wanted;
        let is_right = due == wanted_due && iso(task.defer_until) == wanted_defer;
        (!is_right).then(|| format!("{}: {due} {}", self.id, iso(task.defer_until)))
    }

    /// Returns who reads the calendar: a day before anything happens to its tasks.
    fn reader(&self) -> Caller {
        Caller {
            zone: self.zone,
            ..caller("2026-11-28 13:00[Europe/Berlin]")
        }
    }
}

#[test]
fn what_a_calendar_says_is_due_as_the_table_has_it() {
    let cases = cases(|_, group| group == "ics");
    let faults = cases.iter().filter_map(|case| {
        let said = case.events[0].strip_prefix("import: ").unwrap();
        case.fault(read(&calendar(said), &case.reader()))
    });
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(cases.len() > 15);
}

#[test]
fn a_series_that_goes_through_a_calendar_of_ours_goes_on_where_it_was_said() {
    for case in cases(|id, _| id == THERE_AND_BACK) {
        let said = case.events[0].strip_prefix("export as iCalendar in Europe/Berlin");
        assert_eq!(said, Some(""));
        assert_eq!(case.events[1], "import in UTC");
        let mut there = case.reader();
        let when = When::read(case.due, there.now.as_millis(), there.zone)
            .unwrap()
            .when;
        let draft = command::Draft {
            due: Some(when),
            repeat: Some(crate::domain::repeat::Repeat::read(case.rule).unwrap()),
            ..command::Draft::titled("Case".to_owned().try_into().unwrap())
        };
        let id = 1.try_into().unwrap();
        let task = command::add(&draft, id, &[], &there).unwrap().after;
        let text = written(&task, there.zone);
        there.zone = Zone::UTC;
        assert_eq!(case.fault(read(&text, &there)), None);
    }
}
