//! Rounds of series in a file that comes again: which of them were done there, and which the series passed over.

use serde_json::{Value, json};

use super::{
    Place,
    update::{calendar, counts, field, imported},
};

/// Returns when the finished rounds of the task of a title were due.
fn rounds(place: &Place, title: &str) -> Vec<Value> {
    let (completed, _) = place.done(&["list", "completed", "--json"]);
    let completed: Value = serde_json::from_str(&completed).unwrap();
    let rounds = completed["tasks"].as_array().unwrap().iter();
    let rounds = rounds.filter(|task| task["title"] == title);
    rounds.map(|task| task["due"].clone()).collect()
}

#[test]
fn a_line_of_ours_that_its_program_completed_and_copied_is_a_round_of_the_series() {
    for repeat in ["repeat:monthly", "repeat:every 15th"] {
        for open_is_first in [true, false] {
            let place = Place::new();
            place.done(&["add", "Gym", "due:2031-01-15", repeat, "+sport"]);
            place.done(&["add", "Other"]);
            let (text, _) = place.done(&["export", "--format", "todo.txt"]);
            let (line, other) = text.split_once('\n').unwrap();
            let done = format!("x 2031-01-15 {line}");
            let open = line.replace("due:2031-01-15", "due:2031-02-15");
            let lines = if open_is_first {
                [&open, other, &done]
            } else {
                [&done, &open, other]
            };
            let file = place.file("todo.txt", lines.map(str::trim_end).join("\n"));
            let what = format!("{repeat}, open first: {open_is_first}");
            for updated in [1, 0] {
                let came = imported(&place, &["--update", &file]);
                let counted = counts(&came, &["new", "here", "bad", "updated", "conflicts"]);
                assert_eq!(counted, [0, 2, 0, updated, 0], "{what}: {came}");
            }
            assert_eq!(rounds(&place, "Gym"), ["2031-01-15"], "{what}");
            let task = place.tasks().remove(0);
            assert_eq!(
                (&task["due"], &task["status"], &task["tags"]),
                (&json!("2031-02-15"), &json!("pending"), &json!(["sport"])),
                "{what}"
            );
        }
    }
}

#[test]
fn a_copied_line_of_a_series_that_counts_from_completion_is_a_round_too() {
    let place = Place::new();
    place.done(&["add", "Filter", "due:2031-01-15", "repeat:after 1 month"]);
    let (line, _) = place.done(&["export", "--format", "todo.txt"]);
    assert!(line.contains("rec:1m"), "{line}");
    let done = format!("x 2031-01-20 {line}");
    let open = line.replace("due:2031-01-15", "due:2031-02-20");
    let file = place.file("todo.txt", format!("{done}{open}"));
    for updated in [1, 0] {
        let came = imported(&place, &["--update", &file]);
        let counted = counts(&came, &["new", "here", "bad", "updated", "conflicts"]);
        assert_eq!(counted, [0, 1, 0, updated, 0], "{came}");
        let told = came.to_string();
        assert_eq!(
            told.contains("2031-02-20, every month after completion"),
            updated == 1,
            "{told}"
        );
    }
    assert_eq!(rounds(&place, "Filter"), ["2031-01-15"]);
    assert_eq!(field(&place, 1, "due"), "2031-02-20");
    // Without the line that is done, the date was moved.
    let place = Place::new();
    place.done(&["add", "Filter", "due:2031-01-15", "repeat:after 1 month"]);
    let (line, _) = place.done(&["export", "--format", "todo.txt"]);
    let moved = line.replace("due:2031-01-15", "due:2031-02-20");
    place.done(&["import", "--update", &place.file("todo.txt", moved)]);
    assert_eq!(field(&place, 1, "due"), "2031-02-20");
    assert!(rounds(&place, "Filter").is_empty());
    let (log, _) = place.done(&["log", "1"]);
    assert!(!log.contains("skipped"), "{log}");
}

#[test]
fn one_line_of_ours_that_is_there_twice_and_no_round_of_the_other_is_refused() {
    let place = Place::new();
    place.done(&["add", "Gym", "due:2031-01-15", "repeat:monthly"]);
    let (line, _) = place.done(&["export", "--format", "todo.txt"]);
    // Another database may have given the number, too.
    let elsewhere = line.replace("rev:1-", "rev:2-");
    for second in [line.clone(), format!("x 2031-01-15 {elsewhere}")] {
        let file = place.file("todo.txt", format!("{line}{second}"));
        let said = place.refused(&["import", "--update", &file]);
        assert!(said.contains("id 1 is in the file twice"), "{said}");
    }
}

#[test]
fn a_series_that_a_calendar_only_moved_on_has_passed_a_round_over() {
    let series =
        "SUMMARY:Water\nDTSTART;VALUE=DATE:20310106\nSTATUS:NEEDS-ACTION\nRRULE:FREQ=WEEKLY";
    let moved_on = series.replace("20310106", "20310113");
    let completed = format!("{moved_on}\nCOMPLETED:20301201T100000Z");
    for (changed, expected) in [
        (moved_on.as_str(), &[][..]),
        (completed.as_str(), &["2031-01-06"]),
    ] {
        let place = Place::new();
        place.done(&["import", &calendar(&place, &[("s", series)])]);
        place.done(&["import", "--update", &calendar(&place, &[("s", changed)])]);
        assert_eq!(field(&place, 1, "due"), "2031-01-13");
        assert_eq!(rounds(&place, "Water"), expected, "{changed}");
        if expected.is_empty() {
            place.done(&["done", "1"]);
            assert_eq!(rounds(&place, "Water"), ["2031-01-13"]);
        }
    }
}

/// Returns an export with one series, of which it says `dates`.
fn export_of(dates: &str) -> String {
    let times = r#""created_at":"2026-11-01T00:00:00.000Z","created_by":"x","updated_at":"2026-11-02T00:00:00.000Z""#;
    format!(
        "{{\"format\":\"taskhold\",\"version\":2,\"last_id\":1,\"tasks\":1,\"history\":false}}\n\
         {{\"id\":1,\"rev\":1,\"title\":\"Again\",\"status\":\"pending\",{dates},{times}}}"
    )
}

#[test]
fn a_series_of_our_own_format_goes_on_from_the_date_that_its_rule_gave() {
    let cases = [
        (
            r#""due":"2031-12-31","repeat":"FREQ=MONTHLY""#,
            ["2032-01-31", "2032-02-29", "2032-03-31", "2032-04-30"],
        ),
        (
            r#""due":"2032-01-02","repeat":"FREQ=MONTHLY","repeat_from":"2031-12-31""#,
            ["2032-01-31", "2032-02-29", "2032-03-31", "2032-04-30"],
        ),
        (
            r#""due":"2032-02-29","repeat":"FREQ=YEARLY""#,
            ["2033-02-28", "2034-02-28", "2035-02-28", "2036-02-29"],
        ),
        (
            r#""due":"2032-01-02","defer_until":"2031-12-31","repeat":"FREQ=MONTHLY;X-FROM=START""#,
            ["2032-02-02", "2032-03-02", "2032-04-02", "2032-05-02"],
        ),
    ];
    for (dates, wanted) in cases {
        let place = Place::new();
        let file = place.file("a.jsonl", export_of(dates));
        place.done(&["import", &file]);
        let again = imported(&place, &[&file]);
        assert_eq!(
            counts(&again, &["new", "here", "differ"]),
            [0, 1, 0],
            "{again}"
        );
        for due in wanted {
            place.done(&["skip", "1"]);
            assert_eq!(place.tasks()[0]["due"], due, "{dates}");
        }
    }
}

#[test]
fn a_series_of_our_own_format_that_is_due_at_an_instant_gets_its_place_at_once() {
    let place = Place::new();
    let dates = r#""due":"2031-12-04T20:00:00.000Z","repeat":"FREQ=DAILY;UNTIL=20311206T190000Z""#;
    let file = place.file("a.jsonl", export_of(dates));
    place.done(&["import", &file]);
    let task = place.tasks().remove(0);
    assert_eq!(
        (&task["due"], &task["repeat"]),
        (
            &json!("2031-12-04T20:00[UTC]"),
            &json!("FREQ=DAILY;UNTIL=20311205")
        )
    );
    place.done(&["start", "1"]);
    let (log, _) = place.done(&["log", "1"]);
    assert!(!log.contains("due:"), "{log}");
}
