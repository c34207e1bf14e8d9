//! Series, dates and notes of calendars, beside those of the table in `cases`.

use super::{
    Reader,
    cases::{all_of, caller, read, written},
};
use crate::{
    domain::{
        command::{self, Caller},
        task::Task,
        when::{When, Zone},
    },
    exchange::Reader as _,
};

mod begins;
mod off_rule;

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
        ["RRULE: a second one is kept as a line of the description"]
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
        (
            "PERCENT-COMPLETE:abc",
            &["PERCENT-COMPLETE is no number from 0 to 100: left out: 1"],
        ),
        (
            "PERCENT-COMPLETE:101",
            &["PERCENT-COMPLETE is no number from 0 to 100: left out: 1"],
        ),
        (
            "SEQUENCE:x",
            &["SEQUENCE is no number from 0 to 4294967295: left out: 1"],
        ),
        (
            "RELATED-TO:a\nRELATED-TO:a\nRELATED-TO:b",
            &["RELATED-TO: a second parent was left out: 1"],
        ),
        (
            "DTSTART:20261201T090000\nDUE:20261201T170000\nDURATION:PT1H",
            &["DURATION beside DUE: left out: 1"],
        ),
        ("DURATION:PT1H", &["DURATION without DTSTART: left out: 1"]),
        ("X-ONE:a\nX-ONE:b", &["X-ONE: left out: 1"]),
    ] {
        assert_eq!(notes(properties), expected, "{properties}");
    }
}

#[test]
fn of_a_property_that_a_task_has_once_the_first_counts_and_another_is_kept_as_text() {
    let caller = berlin();
    for (first, second, kept) in [
        (
            "DESCRIPTION:One\\, two",
            "DESCRIPTION:Three\\, four",
            "One, two\nDESCRIPTION: Three, four",
        ),
        (
            "DUE;VALUE=DATE:20261201",
            "DUE;VALUE=DATE:20261202",
            "DUE: 20261202",
        ),
        (
            "DTSTART;VALUE=DATE:20261201",
            "DTSTART;VALUE=DATE:20261202",
            "DTSTART: 20261202",
        ),
        ("PRIORITY:1", "PRIORITY:9", "PRIORITY: 9"),
        (
            "STATUS:IN-PROCESS",
            "STATUS:NEEDS-ACTION",
            "STATUS: NEEDS-ACTION",
        ),
        ("SEQUENCE:1", "SEQUENCE:2", "SEQUENCE: 2"),
        ("UID:a-1", "UID:b-1", "UID: b-1"),
        ("SUMMARY:Case", "SUMMARY:Other", "SUMMARY: Other"),
        (
            "X-TASKHOLD-PROJECT:A",
            "X-TASKHOLD-PROJECT:B",
            "X-TASKHOLD-PROJECT: B",
        ),
        (
            "RRULE:FREQ=WEEKLY",
            "X-TASKHOLD-REPEAT:FREQ=DAILY",
            "X-TASKHOLD-REPEAT: FREQ=DAILY",
        ),
    ] {
        let name = second.split([':', ';']).next().unwrap();
        let (alone, notes) = all_of(first, &caller);
        assert!(notes.is_empty(), "{first}: {notes:?}");
        let (both, notes) = all_of(&format!("{first}\n{second}"), &caller);
        let note = format!("{name}: a second one is kept as a line of the description");
        assert_eq!(notes, [note], "{second}");
        assert_eq!(both[0].description.as_str(), kept, "{second}");
        let same = Task {
            description: alone[0].description.clone(),
            ..both[0].clone()
        };
        assert_eq!(same, alone[0], "{second}");
        // What is there twice says nothing more.
        let (twice, notes) = all_of(&format!("{first}\n{first}"), &caller);
        assert_eq!((twice, notes.len()), (alone, 0), "{first}");
    }
}

#[test]
fn a_description_of_blanks_is_none() {
    let (tasks, _) = all_of("DESCRIPTION:  ", &berlin());
    assert!(tasks[0].description.is_empty());
}

#[test]
fn a_series_counted_from_its_start_stays_deferred_though_it_begins_on_the_day_it_is_due() {
    for (due, start) in [
        ("2026-12-07T18:00[Europe/Berlin]", "2026-12-07"),
        (
            "2026-12-07T18:00[Europe/Berlin]",
            "2026-12-07T09:00[Europe/Berlin]",
        ),
        ("2026-12-07", "2026-12-07"),
        ("2026-12-09T18:00[Europe/Berlin]", "2026-12-07"),
    ] {
        let mut task = series(due, "every mon counted from the start", &berlin());
        task.defer_until = start.parse().ok();
        let again = read(&written(&task, berlin().zone), &berlin());
        assert_eq!(
            (again.due, again.defer_until),
            (task.due, task.defer_until),
            "{due} {start}"
        );
        let done = |task: &Task| {
            let edit = command::complete(task, task.due, &berlin(), || Ok(None)).unwrap();
            (edit.after.due, edit.after.defer_until)
        };
        assert_eq!(done(&again), done(&task), "{due} {start}");
    }
}
