//! Files of other programs as their users keep them: several files of one list, older copies, and texts in any script.

use serde_json::{Value, json};

use super::Place;

fn imported(place: &Place, arguments: &[&str]) -> Value {
    let arguments = [&["import", "--json"], arguments].concat();
    serde_json::from_str(&place.done(&arguments).0).unwrap()
}

fn of_tasks(place: &Place, name: &str) -> Vec<Value> {
    place
        .tasks()
        .iter()
        .map(|task| task[name].clone())
        .collect()
}

#[test]
fn a_title_that_is_too_long_is_taken_from_every_format_in_any_script() {
    for c in ["会", "é", "🚀", "会 "] {
        let long = c.repeat(600);
        let long = long.trim_end();
        let todo = format!("{long}\n");
        let calendar =
            format!("BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:{long}\nEND:VTODO\nEND:VCALENDAR\n");
        let taskwarrior =
            json!([{ "description": long, "uuid": "a-1", "status": "pending" }]).to_string();
        for (name, text) in [
            ("todo.txt", &todo),
            ("tasks.ics", &calendar),
            ("tw.json", &taskwarrior),
        ] {
            let place = Place::new();
            let file = place.file(name, text);
            place.done(&["import", "--dry-run", &file]);
            place.done(&["import", "--skip-bad", &file]);
            let tasks = place.tasks();
            assert_eq!(tasks[0]["description"], long, "{name}");
            assert!(tasks[0]["title"].as_str().unwrap().ends_with('…'), "{name}");
        }
    }
}

#[test]
fn an_undated_line_of_what_was_done_never_closes_what_is_open() {
    let todo = "Water plants\n";
    let done = "x 2026-11-01 Water plants\nx 2026-11-08 Water plants\nx Water plants\n";
    for files in [
        [("todo.txt", todo), ("done.txt", done)],
        [("done.txt", done), ("todo.txt", todo)],
    ] {
        let place = Place::new();
        for (name, text) in files {
            imported(&place, &[&place.file(name, text)]);
        }
        for _ in 0..2 {
            let again = imported(&place, &["--update", &place.file("done.txt", done)]);
            assert_eq!(
                (&again["new"], &again["updated"]),
                (&json!(0), &json!(0)),
                "{again}"
            );
            let mut statuses = of_tasks(&place, "status");
            statuses.sort_by_key(ToString::to_string);
            assert_eq!(statuses, ["completed", "completed", "completed", "pending"]);
        }
    }
    // A box is ticked where it stands.
    let place = Place::new();
    imported(&place, &[&place.file("todo.txt", "[ ] Water plants\n")]);
    imported(
        &place,
        &["--update", &place.file("todo.txt", "[x] Water plants\n")],
    );
    assert_eq!(of_tasks(&place, "status"), ["completed"]);
}

#[test]
fn the_higher_sequence_stands_across_files() {
    let place = Place::new();
    let file = |sequence: &str, title: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:a-1\nSUMMARY:{title}\n{sequence}\nEND:VTODO\nEND:VCALENDAR\n"
        );
        place.file("calendar.ics", text)
    };
    let title = || of_tasks(&place, "title").remove(0);
    place.done(&["import", &file("SEQUENCE:5", "New")]);
    // Also in a database that had it from this one.
    let (copy, other) = (place.done(&["export"]).0, Place::new());
    other.done(&["import", &other.file("copy.jsonl", copy)]);
    let old = file("SEQUENCE:2", "Old");
    for place in [&place, &other] {
        let (said, _) = place.done(&["import", "--update", &old]);
        assert!(
            said.contains("1 of them was left as it is: the file is older than the one imported before, by its SEQUENCE."),
            "{said}"
        );
        let again = imported(place, &["--update", &old]);
        assert_eq!(
            (&again["outdated"], &again["differ"]),
            (&json!(1), &json!(0)),
            "{again}"
        );
        assert_eq!(of_tasks(place, "title"), ["New"]);
    }
    // One of the same state, or of none that is counted, is compared as ever.
    for (sequence, wanted) in [
        ("SEQUENCE:5", "Fifth"),
        ("CLASS:PUBLIC", "Uncounted"),
        ("SEQUENCE:7", "Seventh"),
    ] {
        imported(&place, &["--update", &file(sequence, wanted)]);
        assert_eq!(title(), wanted);
    }
    let again = imported(&place, &["--update", &file("SEQUENCE:6", "Sixth")]);
    assert_eq!(again["outdated"], 1, "{again}");
    assert_eq!(title(), "Seventh");
}

#[test]
fn a_task_that_names_itself_is_taken_without_that() {
    let place = Place::new();
    let calendar = "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:a-1\nSUMMARY:One\nRELATED-TO:a-1\nEND:VTODO\nEND:VCALENDAR\n";
    let taskwarrior =
        json!([{ "description": "Two", "uuid": "b-1", "status": "pending", "depends": ["b-1"] }]);
    for (name, text, note) in [
        (
            "tasks.ics",
            calendar.to_owned(),
            "RELATED-TO names the task itself: left out",
        ),
        (
            "tw.json",
            taskwarrior.to_string(),
            "depends names the task itself: left out",
        ),
        (
            "todo.txt",
            "Three id:c dep:c\n".to_owned(),
            "dep: a name that no other task of the file has stayed in the title",
        ),
    ] {
        let (_, said) = place.done(&["import", &place.file(name, text)]);
        assert!(said.contains(note), "{said}");
    }
    assert_eq!(of_tasks(&place, "title"), ["One", "Two", "Three dep:c"]);
}

#[test]
fn a_time_of_an_earlier_year_has_its_offset_in_the_calendar() {
    let place = Place::new();
    place.done(&["add", "Now", "due:2027-07-01T09:00[America/Los_Angeles]"]);
    place.done(&["add", "Then", "due:2019-07-01T09:00[America/Los_Angeles]"]);
    let (text, _) = place.done(&["export", "--format", "ics"]);
    let unknown = text
        .replace("America/Los_Angeles", "Elsewhere")
        .replace("X-TASKHOLD", "X-OTHER")
        .replace("@taskhold", "@other");
    let other = Place::new();
    other.done(&["import", &other.file("calendar.ics", unknown)]);
    // Read by the definition alone, which fits the zone of these years.
    let first = text.split("DTSTART:").nth(1).unwrap();
    assert!(first.starts_with("2018"), "{text}");
    assert_eq!(
        of_tasks(&other, "due")[1],
        "2019-07-01T09:00[America/Los_Angeles]"
    );
}

#[test]
fn a_series_of_the_last_day_goes_through_todo_txt_in_february() {
    let place = Place::new();
    place.done(&["add", "Pay", "due:2027-01-31", "repeat:monthly"]);
    place.done(&["done", "1"]);
    let (text, _) = place.done(&["export", "--format", "todo.txt"]);
    assert!(
        text.contains(" due:2027-02-28 rec:+1m recday:31 rev:"),
        "{text}"
    );
    let other = Place::new();
    other.done(&["import", &other.file("todo.txt", text)]);
    other.done(&["done", "1"]);
    assert_eq!(of_tasks(&other, "due"), ["2027-03-31"]);
}
