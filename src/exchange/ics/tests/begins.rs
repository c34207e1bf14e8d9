//! Dates of a series that begin at another time than the series has them begin.

use super::*;

/// Returns a weekly series, and one date of it.
fn component(series: &str, instance: &str) -> String {
    format!(
        "{series}\nRRULE:FREQ=WEEKLY\nEND:VTODO\nBEGIN:VTODO\nUID:a-1\nSUMMARY:Case\n{instance}"
    )
}

/// Returns a property with a day of December 2026.
fn day(name: &str, day: &str) -> String {
    format!("{name};VALUE=DATE:202612{day}")
}

/// Returns a property with a time of December 2026: `03T17` is 17:00 on the 3rd.
fn at(name: &str, at: &str) -> String {
    format!("{name}:202612{at}0000")
}

fn text(when: Option<When>) -> String {
    when.map_or_else(String::new, String::from)
}

#[test]
fn a_date_of_a_series_that_begins_at_another_time_is_a_task_that_begins_then() {
    let caller = berlin();
    for (series, instance, dates) in [
        // The date that is moved as a whole, longer or shorter, and one that begins later alone.
        (
            [day("DTSTART", "01"), day("DUE", "03")],
            [
                day("RECURRENCE-ID", "01"),
                day("DTSTART", "04"),
                day("DUE", "06"),
            ],
            [["2026-12-10", "2026-12-08"], ["2026-12-06", "2026-12-04"]],
        ),
        (
            [day("DTSTART", "01"), day("DUE", "03")],
            [
                day("RECURRENCE-ID", "01"),
                day("DTSTART", "02"),
                day("DUE", "03"),
            ],
            [["2026-12-10", "2026-12-08"], ["2026-12-03", "2026-12-02"]],
        ),
        (
            [at("DTSTART", "03T09"), at("DUE", "03T17")],
            [
                at("RECURRENCE-ID", "03T09"),
                at("DTSTART", "04T09"),
                at("DUE", "04T17"),
            ],
            [
                ["2026-12-10T17:00", "2026-12-10T09:00"],
                ["2026-12-04T17:00", "2026-12-04T09:00"],
            ],
        ),
    ] {
        let series = series.join("\n");
        let instance = instance.join("\n");
        let (tasks, notes) = all_of(&component(&series, &instance), &caller);
        let came: Vec<[String; 2]> = tasks
            .iter()
            .map(|task| [text(task.due), text(task.defer_until)])
            .collect();
        assert_eq!(came, dates, "{instance}");
        assert!(
            notes.contains(&"RECURRENCE-ID: one date of a series is a task of its own".to_owned()),
            "{notes:?}"
        );
    }
}

#[test]
fn a_date_of_a_series_that_is_never_deferred_or_begins_as_it_does_is_moved() {
    let caller = berlin();
    let instance = [
        at("RECURRENCE-ID", "03T00"),
        at("DTSTART", "04T09"),
        at("DUE", "04T17"),
    ];
    let series = [at("DTSTART", "03T00"), at("DUE", "03T17")];
    let (tasks, notes) = all_of(
        &component(&series.join("\n"), &instance.join("\n")),
        &caller,
    );
    assert_eq!((tasks.len(), &*text(tasks[0].due)), (1, "2026-12-04T17:00"));
    assert_eq!(tasks[0].defer_until, None);
    assert_eq!(
        notes,
        ["RECURRENCE-ID: the begin of one date was left out, since its series has none"]
    );
    for (series, instance, due, defer) in [
        (
            [day("DTSTART", "01"), day("DUE", "03")],
            [
                day("RECURRENCE-ID", "01"),
                day("DTSTART", "01"),
                day("DUE", "06"),
            ],
            "2026-12-06",
            "2026-12-01",
        ),
        (
            [at("DTSTART", "03T00"), at("DUE", "03T17")],
            [
                at("RECURRENCE-ID", "03T00"),
                at("DTSTART", "04T00"),
                at("DUE", "04T17"),
            ],
            "2026-12-04T17:00",
            "",
        ),
        (
            [day("DTSTART", "03"), day("DUE", "03")],
            [
                day("RECURRENCE-ID", "03"),
                day("DTSTART", "04"),
                day("DUE", "04"),
            ],
            "2026-12-04",
            "",
        ),
    ] {
        let (tasks, _) = all_of(
            &component(&series.join("\n"), &instance.join("\n")),
            &caller,
        );
        assert_eq!(tasks.len(), 1, "{instance:?}");
        assert_eq!(
            (&*text(tasks[0].due), &*text(tasks[0].defer_until)),
            (due, defer),
            "{instance:?}"
        );
        assert!(tasks[0].repeat_from.is_some(), "{instance:?}");
    }
}
