//! What comes a second time: it is known again, and nothing is doubled.

use serde_json::{Value, json};

use super::{Place, fixture};

/// Tasks as people and models make them, some with words that a line of todo.txt says other things with.
fn filled() -> Place {
    let place = Place::new();
    for arguments in [
        &["add", "Buy milk"][..],
        &["add", "Buy milk"],
        &["add", "--", "Ask  about +plans today @bob"],
        &["add", "--", "Note due:2026-12-24 here rec:+1w"],
        &[
            "add",
            "Émile \u{1f469}\u{200d}\u{1f680} שלום",
            "-d",
            "two\nlines",
        ],
        &[
            "add",
            "Plan",
            "due:2026-12-24 17:00",
            "defer:2026-12-01",
            "project:Two words",
            "+a",
            "!high",
            "repeat:every 2 weeks",
        ],
        &["add", "Part", "parent:6", "after:1,2"],
        &["done", "2"],
        &["start", "1"],
        &["cancel", "3"],
        &["comment", "1", "one"],
        &["add", "Gone"],
        &["delete", "8"],
    ] {
        place.done(arguments);
    }
    place
}

fn imported(place: &Place, arguments: &[&str]) -> Value {
    let arguments = [&["import", "--json"], arguments].concat();
    serde_json::from_str(&place.done(&arguments).0).unwrap()
}

fn counts(imported: &Value) -> [u64; 3] {
    ["new", "here", "differ"].map(|field| imported[field].as_u64().unwrap())
}

#[test]
fn an_export_that_comes_back_into_its_database_doubles_nothing() {
    for format in ["json", "todo.txt", "ics"] {
        let place = filled();
        let file = place.path("out");
        let file = file.to_str().unwrap();
        place.done(&["export", "--format", format, file]);
        let tasks = if format == "json" { 8 } else { 7 };
        let again = imported(&place, &["--format", format, file]);
        assert_eq!(counts(&again), [0, tasks, 0], "{format}: {again}");
        assert_eq!(place.tasks().len(), 8, "{format}");
        // What was changed since is left as it is, and said.
        place.done(&["done", "1"]);
        let again = imported(&place, &["--format", format, file]);
        assert_eq!(counts(&again), [0, tasks, 1], "{format}: {again}");
        // What was deleted since comes back.
        place.done(&["delete", "4"]);
        let again = imported(&place, &["--format", format, file]);
        assert_eq!(counts(&again), [1, tasks - 1, 1], "{format}: {again}");
    }
}

#[test]
fn a_calendar_of_ours_is_known_by_its_uid_under_any_title() {
    let place = filled();
    let file = place.path("out.ics");
    let file = file.to_str().unwrap();
    place.done(&["export", file]);
    place.done(&["edit", "1", "--title", "Buy oat milk"]);
    let again = imported(&place, &[file]);
    assert_eq!(counts(&again), [0, 7, 1], "{again}");
    // In another database the times are those of the first, to the millisecond, and so is what it exports.
    let other = Place::new();
    assert_eq!(imported(&other, &[file])["new"], 7);
    let created = |place: &Place| -> Vec<Value> {
        let tasks = place.tasks().into_iter().take(7);
        tasks.map(|task| task["created_at"].clone()).collect()
    };
    assert_eq!(created(&other), created(&place));
    assert_eq!(counts(&imported(&other, &[file])), [0, 7, 0]);
    let back = other.path("back.ics");
    let back = back.to_str().unwrap();
    other.done(&["export", back]);
    assert_eq!(imported(&place, &[back])["new"], 0);
}

#[test]
fn a_foreign_file_that_comes_again_doubles_nothing() {
    let place = Place::new();
    place.done(&["add", "Here before"]);
    let todo = "(A) 2011-03-02 Call Mom +Family @phone\nCall Mom id:1\nx 2011-03-03 Call Mom\n\
                x 2011-03-02 2011-03-01 Review +TodoTxtTouch @github\n2026-01-01 Again due:2026-12-24 rec:2w\n";
    let undated = "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:No stamp\nEND:VTODO\nEND:VCALENDAR\n";
    let unborn = r#"{"description":"No entry","status":"pending"}"#;
    for file in [
        fixture("taskwarrior-2.6.2.json"),
        fixture("foreign.ics"),
        place.file("todo.txt", todo),
        place.file("undated.ics", undated),
        place.file("unborn.json", unborn),
    ] {
        let first = imported(&place, &[&file]);
        assert_eq!(first["here"], 0, "{file}: {first}");
        let again = imported(&place, &[&file]);
        assert_eq!(
            counts(&again),
            [0, first["new"].as_u64().unwrap(), 0],
            "{file}: {again}"
        );
    }
}

#[test]
fn a_line_with_another_date_is_another_task() {
    let place = Place::new();
    place.done(&["import", &place.file("a.txt", "2026-11-01 Buy milk\n")]);
    let file = place.file("b.txt", "2026-11-08 Buy milk\n");
    assert_eq!(counts(&imported(&place, &[&file])), [1, 0, 0]);
    let file = place.file("b.txt", "2026-11-08 Buy milk\n2026-11-01 Buy milk\n");
    assert_eq!(counts(&imported(&place, &[&file])), [0, 2, 0]);
    // Without a date it is the first of that title.
    let file = place.file("c.txt", "Buy milk\n");
    assert_eq!(counts(&imported(&place, &[&file])), [0, 1, 0]);
}

#[test]
fn of_two_tasks_that_look_the_same_the_trashed_one_stands_for_the_trashed_one() {
    let line = |id: u64, more: &str| {
        format!(
            "{{\"id\":{id},\"rev\":1,\"title\":\"Same\",\"status\":\"pending\",\"created_at\":\"2026-11-01T00:00:00.000Z\",\
             \"created_by\":\"x\",\"updated_at\":\"2026-11-01T00:00:00.000Z\"{more}}}\n"
        )
    };
    let deleted = r#","deleted_at":"2026-11-02T00:00:00.000Z""#;
    let header = r#"{"format":"taskhold","version":2,"last_id":9,"tasks":3,"history":false}"#;
    let (first, second, third) = (line(7, deleted), line(8, ""), line(9, deleted));
    let place = Place::new();
    place.done(&["add", "Here before"]);
    let file = place.file("a.jsonl", format!("{header}\n{first}{second}{third}"));
    assert_eq!(imported(&place, &[&file])["new"], 3);
    let file = place.file("b.jsonl", format!("{header}\n{second}{first}{third}"));
    assert_eq!(counts(&imported(&place, &[&file])), [0, 3, 0]);
    assert_eq!(place.tasks()[2]["deleted_at"], json!(null));
}
