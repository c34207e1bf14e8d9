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
fn caller(text: &str) -> Caller {
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
fn all_of(properties: &str, caller: &Caller) -> (Vec<Task>, Vec<String>) {
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
fn read(text: &str, caller: &Caller) -> Task {
    let mut reader = Reader::new(std::io::Cursor::new(text), caller).unwrap();
    let first: Arrival = reader.next().unwrap().unwrap();
    assert!(reader.next().is_none(), "{text}");
    first.task
}

fn written(task: &Task, zone: Zone) -> String {
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

#[test]
fn a_count_of_ours_is_one_of_dates_in_a_calendar() {
    let caller = caller("2026-11-28 13:00[Europe/Berlin]");
    let todo = |rule: &str| {
        format!(
            "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Case\nDTSTART;VALUE=DATE:20261202\nDUE;VALUE=DATE:20261202\n{rule}\nEND:VTODO\nEND:VCALENDAR\n"
        )
    };
    // Of four dates from December 2 on two are left out: the series ends on December 23.
    let text = todo("RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=4\nEXDATE;VALUE=DATE:20261209,20261216");
    let task = read(&text, &caller);
    let rule = task.repeat.as_ref().unwrap().to_string();
    assert_eq!(
        rule,
        "FREQ=WEEKLY;BYDAY=WE;COUNT=2;X-EXDATE=20261209,20261216"
    );
    let out = written(&task, caller.zone);
    assert!(
        out.contains("RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=4\r\n"),
        "{out}"
    );
    assert_eq!(read(&out, &caller).repeat, task.repeat);
}

#[test]
fn of_several_rules_the_first_counts_and_the_others_are_kept_as_text() {
    let text = "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Case\nDTSTART;VALUE=DATE:20261202\nRRULE:FREQ=WEEKLY\nRRULE:FREQ=MONTHLY\nEND:VTODO\nEND:VCALENDAR\n";
    let caller = caller("2026-11-28 13:00[Europe/Berlin]");
    let mut reader = Reader::new(std::io::Cursor::new(text), &caller).unwrap();
    let task = reader.next().unwrap().unwrap().task;
    assert!(task.repeat.unwrap().to_string().starts_with("FREQ=WEEKLY"));
    assert_eq!(task.description.as_str(), "RRULE: FREQ=MONTHLY");
    let notes: Vec<_> = reader
        .notes()
        .iter()
        .map(|(note, _)| note.to_owned())
        .collect();
    assert_eq!(
        notes,
        ["RRULE: a second rule is kept as a line of the description"]
    );
}

fn berlin() -> Caller {
    caller("2026-11-28 13:00[Europe/Berlin]")
}

#[test]
fn what_is_optional_is_left_out_with_a_note() {
    for (properties, due, defer, note) in [
        (
            "DTSTART;VALUE=DATE:20261201\nDURATION:-P1D",
            "",
            "2026-12-01",
            "DURATION is no length of time like P3D or PT2H, or too long: left out",
        ),
        (
            "DTSTART;VALUE=DATE:20261201\nDURATION:P99999999999999W",
            "",
            "2026-12-01",
            "DURATION is no length of time like P3D or PT2H, or too long: left out",
        ),
        (
            "DTSTART;VALUE=DATE:20261201\nDURATION:P4294967295W",
            "",
            "2026-12-01",
            "DURATION ends after the year 9999: left out",
        ),
        (
            "DTSTART;VALUE=DATE:20261201\nDURATION:P3000000D",
            "",
            "2026-12-01",
            "DURATION ends after the year 9999: left out",
        ),
        (
            "RELATED-TO:a-1",
            "",
            "",
            "RELATED-TO names the task itself: left out",
        ),
        (
            "RELATED-TO;RELTYPE=DEPENDS-ON:a-1",
            "",
            "",
            "RELATED-TO names the task itself: left out",
        ),
        (
            "DUE;VALUE=DATE:20261201\nDTSTART;VALUE=DATE:20261203",
            "2026-12-01",
            "",
            "DTSTART is after DUE: left out",
        ),
        (
            "DUE;VALUE=DATE:20261201\nDTSTART;VALUE=DATE:20261203\nRRULE:FREQ=WEEKLY",
            "2026-12-01",
            "",
            "DTSTART is after DUE: left out",
        ),
        (
            "DUE;VALUE=DATE:20261201\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20261130",
            "2026-12-01",
            "",
            "RECURRENCE-ID: a change of one date and all later ones was read as one of that date",
        ),
    ] {
        let (tasks, notes) = all_of(properties, &berlin());
        let task = &tasks[0];
        let text = |when: Option<When>| when.map_or_else(String::new, String::from);
        assert_eq!(
            (&*text(task.due), &*text(task.defer_until)),
            (due, defer),
            "{properties}"
        );
        assert!(
            notes.iter().any(|said| said == note),
            "{properties}: {notes:?}"
        );
    }
    // A length that fits beside a start says nothing.
    for rule in ["", "RRULE:FREQ=WEEKLY\n"] {
        let properties = format!("{rule}DTSTART;VALUE=DATE:20261201\nDUE:20261201T090000");
        assert_eq!(all_of(&properties, &berlin()).1.len(), 0);
    }
    let (tasks, notes) = all_of("DTSTART;VALUE=DATE:20261201\nDURATION:P3D", &berlin());
    assert_eq!(
        (tasks[0].due.map(String::from).as_deref(), notes.len()),
        (Some("2026-12-04"), 0)
    );
}

/// A task as it is stored, and so written and read.
fn series(due: &str, rule: &str, caller: &Caller) -> Task {
    let draft = command::Draft {
        due: Some(due.parse().unwrap()),
        repeat: Some(crate::domain::repeat::Repeat::read(rule).unwrap()),
        ..command::Draft::titled("Case".to_owned().try_into().unwrap())
    };
    command::add(&draft, 1.try_into().unwrap(), &[], caller)
        .unwrap()
        .after
}

#[test]
fn a_series_that_has_no_length_is_written_with_its_start_alone() {
    let caller = berlin();
    for (due, start) in [
        ("2026-12-01", "DTSTART;VALUE=DATE:20261201\r\n"),
        (
            "2026-12-01T00:00[Europe/Berlin]",
            "DTSTART;TZID=Europe/Berlin:20261201T000000\r\n",
        ),
        ("2026-12-01T00:00", "DTSTART:20261201T000000\r\n"),
    ] {
        let task = series(due, "FREQ=WEEKLY;BYDAY=TU", &caller);
        let text = written(&task, caller.zone);
        assert!(text.contains(start) && !text.contains("DUE"), "{text}");
        let again = read(&text, &caller);
        assert_eq!(
            (again.due, &again.repeat, again.defer_until),
            (task.due, &task.repeat, None),
            "{text}"
        );
        // As it was written before.
        let before = text
            .replace("DTSTART", "DUE")
            .replace("RRULE", &format!("{start}RRULE"));
        let again = read(&before, &caller);
        assert_eq!(
            (again.due, &again.repeat, again.defer_until),
            (task.due, &task.repeat, None),
            "{before}"
        );
    }
    let timed = written(
        &series(
            "2026-12-01T09:00[Europe/Berlin]",
            "FREQ=WEEKLY;BYDAY=TU",
            &caller,
        ),
        caller.zone,
    );
    assert!(
        timed.contains("DUE;TZID=Europe/Berlin:20261201T090000"),
        "{timed}"
    );
    // What comes once is due.
    let mut once = series("2026-12-01", "FREQ=WEEKLY;BYDAY=TU", &caller);
    once.repeat = None;
    let text = written(&once, caller.zone);
    assert!(
        text.contains("DUE;VALUE=DATE:20261201") && !text.contains("DTSTART"),
        "{text}"
    );
}

#[test]
fn a_date_of_a_series_that_only_begins_is_due_then_as_the_series_is() {
    let caller = berlin();
    for (start, at, moved, due) in [
        (
            ";VALUE=DATE:20261201",
            ";VALUE=DATE:20261208",
            ";VALUE=DATE:20261209",
            "2026-12-09",
        ),
        (
            ":20261201T090000",
            ":20261208T090000",
            ":20261209T100000",
            "2026-12-09T10:00",
        ),
    ] {
        let instance = format!("UID:a-1\nSUMMARY:Case\nRECURRENCE-ID{at}\nDTSTART{moved}");
        let series = format!("DTSTART{start}\nRRULE:FREQ=WEEKLY");
        let (both, _) = all_of(
            &format!("{series}\nEND:VTODO\nBEGIN:VTODO\n{instance}"),
            &caller,
        );
        let (alone, _) = all_of(&instance, &caller);
        for task in [&both[1], &alone[0]] {
            assert_eq!(
                (task.due, task.defer_until),
                (Some(due.parse().unwrap()), None),
                "{instance}"
            );
        }
    }
}

#[test]
fn a_series_ends_with_the_last_date_that_begins_by_its_end() {
    let berlin = |wall: &str| format!(";TZID=Europe/Berlin:202612{wall}");
    for (start, due, end, last) in [
        ("05T090000", "05T090000", "20261206T070000Z", "2026-12-05"),
        ("05T090000", "05T170000", "20261206T080000Z", "2026-12-06"),
        ("05T090000", "07T170000", "20261206T080000Z", "2026-12-06"),
    ] {
        let (tasks, _) = all_of(
            &format!(
                "DTSTART{}\nDUE{}\nRRULE:FREQ=DAILY;UNTIL={end}",
                berlin(start),
                berlin(due)
            ),
            &self::berlin(),
        );
        let words = tasks[0].repeat.as_ref().unwrap().words(Zone::UTC);
        assert!(words.ends_with(&format!(" until {last}")), "{words}");
    }
}

#[test]
fn a_note_counts_the_tasks_it_concerns_and_says_what_became_of_tags() {
    let notes = |properties: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Case\n{properties}\nEND:VTODO\nEND:VCALENDAR\n"
        );
        let caller = berlin();
        let mut reader = Reader::new(std::io::Cursor::new(text), &caller).unwrap();
        while reader.next().is_some() {}
        let notes = reader.notes().iter();
        let notes: Vec<_> = notes
            .map(|(note, count)| format!("{note}: {count}"))
            .collect();
        notes
    };
    for (properties, expected) in [
        (
            "CATEGORIES:work,home office,the garden",
            &["CATEGORIES: blanks became -: 1"][..],
        ),
        (
            "CATEGORIES:work,a\\,b,c\\,d",
            &["CATEGORIES: commas became -: 1"],
        ),
        (
            "CATEGORIES:home office,a\\, b",
            &[
                "CATEGORIES: blanks became -: 1",
                "CATEGORIES: commas became -: 1",
            ],
        ),
        ("CLASS:PRIVATE", &["CLASS: left out: 1"]),
        ("CLASS:PUBLIC\nTRANSP:OPAQUE", &[]),
        ("PERCENT-COMPLETE:50", &["PERCENT-COMPLETE: left out: 1"]),
        ("PERCENT-COMPLETE:0", &[]),
        ("PERCENT-COMPLETE:100\nSTATUS:COMPLETED", &[]),
        ("X-ONE:a\nX-ONE:b", &["X-ONE: left out: 1"]),
    ] {
        assert_eq!(notes(properties), expected, "{properties}");
    }
}

#[test]
fn a_date_off_the_rule_is_written_as_a_change_of_one_that_the_rule_has() {
    let caller = berlin();
    for (due, rule, start) in [
        // A Tuesday; the rule has Mondays.
        (
            "2026-12-01",
            "FREQ=WEEKLY;BYDAY=MO",
            "DTSTART;VALUE=DATE:20261130",
        ),
        (
            "2026-12-01T09:00[Europe/Berlin]",
            "FREQ=WEEKLY;BYDAY=MO",
            "DTSTART;TZID=Europe/Berlin:20261130T000000",
        ),
        (
            "2026-12-01",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
            "DTSTART;VALUE=DATE:20261130",
        ),
        (
            "2026-12-01",
            "FREQ=MONTHLY;BYMONTHDAY=15",
            "DTSTART;VALUE=DATE:20261115",
        ),
        (
            "2026-12-01",
            "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=15",
            "DTSTART;VALUE=DATE:20261015",
        ),
        (
            "2026-12-01",
            "FREQ=MONTHLY;BYMONTHDAY=15;COUNT=3",
            "DTSTART;VALUE=DATE:20261115",
        ),
    ] {
        let mut task = series("2026-12-07", rule, &caller);
        task.due = Some(due.parse().unwrap());
        let text = written(&task, caller.zone);
        assert!(text.contains(&format!("{start}\r\n")), "{rule}: {text}");
        assert!(text.contains("RECURRENCE-ID"), "{text}");
        let again = read(&text, &caller);
        assert_eq!(
            (again.due, again.repeat_from, &again.repeat),
            (task.due, None, &task.repeat),
            "{text}"
        );
        let next = |task: &Task| {
            let done = command::complete(task, None, &caller, || Ok(None))
                .unwrap()
                .after;
            (done.due, done.repeat)
        };
        assert_eq!(next(&again), next(&task), "{text}");
    }
}
