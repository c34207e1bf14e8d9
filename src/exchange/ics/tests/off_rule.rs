//! Series that are due off their rule: a calendar has a date of the rule, and the other as its change.

use super::{
    super::cases::{read, written},
    berlin, series,
};
use crate::domain::{
    command::{self, Caller},
    repeat::Repeat,
    task::Task,
    when::Zone,
};

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
        // Rules of several years.
        (
            "2026-12-04",
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
            "DTSTART;VALUE=DATE:20240229",
        ),
        (
            "2030-02-28",
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
            "DTSTART;VALUE=DATE:20280229",
        ),
        (
            "2027-01-07",
            "FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
            "DTSTART;VALUE=DATE:20240229",
        ),
        (
            "2027-02-07T09:00[Europe/Berlin]",
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=3;BYMONTHDAY=1",
            "DTSTART;TZID=Europe/Berlin:20230301T000000",
        ),
        (
            "2026-12-04",
            "FREQ=MONTHLY;INTERVAL=60;BYMONTHDAY=1",
            "DTSTART;VALUE=DATE:20261201",
        ),
        // The last date of a rule that ends.
        (
            "2026-12-04",
            "FREQ=WEEKLY;BYDAY=MO;UNTIL=20261206",
            "DTSTART;VALUE=DATE:20261130",
        ),
    ] {
        let mut task = series("2026-12-07", "FREQ=DAILY", &caller);
        task.repeat = Some(Repeat::read(rule).unwrap());
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

#[test]
fn a_moved_date_of_a_series_that_was_off_its_rule_is_a_change_of_one_that_the_rule_has() {
    let caller = berlin();
    let mut task = series("2026-12-01", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", &caller);
    (task.due, task.repeat_from) = (Some("2026-12-03".parse().unwrap()), task.due);
    let text = written(&task, caller.zone);
    assert!(text.contains("DTSTART;VALUE=DATE:20261130\r\n"), "{text}");
    let again = read(&text, &caller);
    assert_eq!(
        (again.due, again.repeat_from),
        (task.due, Some("2026-11-30".parse().unwrap())),
        "{text}"
    );
}

#[test]
fn a_begin_off_the_rule_that_gives_starts_is_written_as_a_change_too() {
    let caller = berlin();
    let mut task = series("2026-12-05", "FREQ=WEEKLY;BYDAY=TU;X-FROM=START", &caller);
    task.defer_until = Some("2026-12-03".parse().unwrap());
    let text = written(&task, caller.zone);
    for said in [
        "DUE;VALUE=DATE:20261203\r\nDTSTART;VALUE=DATE:20261201\r\nRRULE",
        "RECURRENCE-ID;VALUE=DATE:20261201\r\nDTSTART;VALUE=DATE:20261203\r\nDUE;VALUE=DATE:20261205\r\n",
    ] {
        assert!(text.contains(said), "{text}");
    }
    let again = read(&text, &caller);
    assert_eq!(
        (
            again.due,
            again.defer_until,
            again.repeat_from,
            again.repeat
        ),
        (task.due, task.defer_until, None, task.repeat),
        "{text}"
    );
}

#[test]
fn a_due_date_in_another_zone_than_its_begin_off_the_rule_stays_where_it_is() {
    let caller = Caller {
        zone: Zone::UTC,
        ..berlin()
    };
    let rule = "FREQ=WEEKLY;BYDAY=MO;X-FROM=START";
    let mut task = series("2026-12-09", rule, &caller);
    task.due = Some("1970-07-15T17:00:00.000Z".parse().unwrap());
    task.defer_until = Some("1970-07-14T19:00[America/New_York]".parse().unwrap());
    let text = written(&task, caller.zone);
    assert!(text.contains("RECURRENCE-ID"), "{text}");
    let again = read(&text, &caller);
    assert_eq!(
        (again.due, again.defer_until),
        (task.due.map(|due| due.settled(Zone::UTC)), task.defer_until),
        "{text}"
    );
}

#[test]
fn a_rule_that_has_no_date_before_one_off_it_is_ours_alone() {
    let caller = berlin();
    let mut task = series("2027-02-07", "FREQ=DAILY", &caller);
    let rule = "FREQ=YEARLY;INTERVAL=100;BYMONTH=3;BYMONTHDAY=1";
    task.repeat = Some(Repeat::read(rule).unwrap());
    let text = written(&task, caller.zone);
    assert!(
        text.contains(&format!(
            "DUE;VALUE=DATE:20270207\r\nX-TASKHOLD-REPEAT:{rule}\r\n"
        )),
        "{text}"
    );
    assert!(
        !text.contains("RRULE") && !text.contains("DTSTART"),
        "{text}"
    );
    let again = read(&text, &caller);
    assert_eq!((again.due, again.repeat), (task.due, task.repeat));
}
