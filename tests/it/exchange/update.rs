//! What `import --update` takes: from calendars and lists of others, and from files of ours that were elsewhere meanwhile.

use serde_json::{Value, json};

use super::Place;

pub(super) fn imported(place: &Place, arguments: &[&str]) -> Value {
    let arguments = [&["import", "--json"], arguments].concat();
    serde_json::from_str(&place.done(&arguments).0).unwrap()
}

pub(super) fn counts(imported: &Value, fields: &[&str]) -> Vec<u64> {
    let count = |field: &&str| imported[*field].as_u64().unwrap();
    fields.iter().map(count).collect()
}

/// A calendar of tasks, each with its `UID` and its further properties.
pub(super) fn calendar(place: &Place, todos: &[(&str, &str)]) -> String {
    let todos = todos.iter().map(|(uid, properties)| {
        format!("BEGIN:VTODO\nUID:{uid}\nDTSTAMP:20261101T120000Z\n{properties}\nEND:VTODO\n")
    });
    let text = format!(
        "BEGIN:VCALENDAR\n{}END:VCALENDAR\n",
        todos.collect::<String>()
    );
    place.file("calendar.ics", text)
}

pub(super) fn field(place: &Place, id: usize, name: &str) -> Value {
    place.tasks()[id - 1][name].clone()
}

#[test]
fn an_older_export_of_ours_changes_nothing_and_is_no_conflict() {
    for format in ["json", "todo.txt", "ics"] {
        let place = Place::new();
        place.done(&[
            "add",
            "Buy milk",
            "due:2026-12-24 17:00",
            "project:Two words",
            "-d",
            "text",
        ]);
        place.done(&["add", "Other", "after:1"]);
        let file = place.path("old");
        let file = file.to_str().unwrap();
        place.done(&["export", "--format", format, file]);
        place.done(&[
            "edit",
            "1",
            "--title",
            "Buy oat milk",
            "due:2026-12-25 18:00",
        ]);
        place.done(&["edit", "2", "after:none"]);
        for arguments in [
            &["--update", "--format", format, file][..],
            &["--format", format, file],
        ] {
            let again = imported(&place, arguments);
            let counted = counts(&again, &["new", "here", "updated", "conflicts"]);
            assert_eq!(counted, [0, 2, 0, 0], "{format}: {again}");
            assert_eq!(again["differences"], json!([]), "{format}");
            assert_eq!(again["group"], Value::Null, "{format}: {again}");
        }
    }
}

#[test]
fn an_older_export_does_not_bring_back_what_a_later_one_changed() {
    let place = Place::new();
    place.done(&["add", "One"]);
    let old = place.file("old.ics", place.done(&["export", "--format", "ics"]).0);
    place.done(&["edit", "1", "--title", "Two"]);
    let (text, _) = place.done(&["export", "--format", "ics"]);
    let new = place.file("new.ics", text.replace("SUMMARY:Two", "SUMMARY:Three"));
    place.done(&["import", "--update", &new]);
    assert_eq!(field(&place, 1, "title"), "Three");
    // As it was written, too, before the other program edited it.
    let written = place.file("written.ics", &text);
    for file in [&old, &new, &written, &old] {
        let came = imported(&place, &["--update", file]);
        assert_eq!(counts(&came, &["updated", "conflicts"]), [0, 0], "{came}");
        assert_eq!(field(&place, 1, "title"), "Three");
    }
    // Edited once more by the program that has the file.
    let new = place.file("new.ics", text.replace("SUMMARY:Two", "SUMMARY:Four"));
    place.done(&["import", "--update", &new]);
    assert_eq!(field(&place, 1, "title"), "Four");
}

#[test]
fn what_a_second_database_changed_alone_gets_through() {
    for (format, is_empty) in [("ics", true), ("ics", false), ("json", false)] {
        let (place, other) = (Place::new(), Place::new());
        place.done(&["add", "Call", "due:2026-12-24"]);
        place.done(&["add", "Write"]);
        place.done(&["add", "Read", "after:1"]);
        if !is_empty {
            other.done(&["add", "Its own"]);
        }
        let pass = |from: &Place, to: &Place| {
            let (text, _) = from.done(&["export", "--format", format]);
            imported(
                to,
                &["--update", "--format", format, &to.file("passed", text)],
            )
        };
        let first = pass(&place, &other);
        assert_eq!(first["new"], 3, "{format}");
        let id = first["first"].as_i64().unwrap();
        let id = |number: i64| (id + number - 1).to_string();
        for title in ["Call Ann", "Call Bob"] {
            other.done(&["edit", &id(1), "--title", title]);
            other.done(&["edit", &id(3), &format!("after:{}", id(2))]);
            place.done(&["edit", "2", "--title", &format!("Write, then {title}")]);
            let came = pass(&other, &place);
            let counted = counts(&came, &["new", "conflicts"]);
            assert_eq!(counted[1], 0, "{format}: {came}");
            assert_eq!(field(&place, 1, "title"), title, "{format}: {came}");
            assert_eq!(
                field(&place, 3, "depends_on"),
                json!([2]),
                "{format}: {came}"
            );
            let kept = format!("Write, then {title}");
            assert_eq!(field(&place, 2, "title"), kept, "{format}: {came}");
            // And back: what was changed here alone.
            let back = pass(&place, &other);
            assert_eq!(counts(&back, &["conflicts"]), [0], "{format}: {back}");
            let tasks = other.tasks();
            assert!(
                tasks.iter().any(|task| task["title"] == kept.as_str()),
                "{format}: {back}"
            );
        }
        let own = usize::from(!is_empty);
        assert_eq!(
            (place.tasks().len(), other.tasks().len()),
            (3 + own, 3 + own),
            "{format}"
        );
    }
}

#[test]
fn a_task_of_ours_is_known_in_every_database_under_any_title() {
    let (place, other) = (Place::new(), Place::new());
    other.done(&["add", "Its own"]);
    place.done(&["add", "Call"]);
    let (text, _) = place.done(&["export"]);
    other.done(&["import", &other.file("a.jsonl", text)]);
    other.done(&["edit", "2", "--title", "Ring"]);
    let (text, _) = other.done(&["export"]);
    let file = place.file("b.jsonl", text);
    assert_eq!(
        counts(&imported(&place, &[&file]), &["new", "here"]),
        [1, 1]
    );
    assert_eq!(
        counts(&imported(&place, &[&file]), &["new", "here"]),
        [0, 2]
    );
}

#[test]
fn a_task_in_the_trash_is_not_fetched_again_and_undelete_brings_it_back() {
    let place = Place::new();
    let todos = [("a", "SUMMARY:A"), ("b", "SUMMARY:B")];
    let file = calendar(&place, &todos);
    place.done(&["import", &file]);
    place.done(&["delete", "1"]);
    for arguments in [&["import", &file][..], &["import", "--update", &file]] {
        let (printed, _) = place.done(arguments);
        assert!(
            printed.contains(
                "1 of them is in the trash here and was left there; taskhold undelete ID brings one back:\n  1 A\n"
            ),
            "{printed}"
        );
    }
    let came = imported(&place, &[&file]);
    assert_eq!(counts(&came, &["new", "here", "in_trash"]), [0, 2, 1]);
    assert_eq!(came["trashed"], json!([{ "task": 1, "title": "A" }]));
    place.done(&["undelete", "1"]);
    assert_eq!(
        counts(&imported(&place, &[&file]), &["new", "here", "in_trash"]),
        [0, 2, 0]
    );
    let (text, _) = place.done(&["export", "--format", "ics"]);
    assert_eq!(text.matches("UID:a\r\n").count(), 1, "{text}");
}

#[test]
fn an_import_that_was_undone_can_be_made_again() {
    let place = Place::new();
    place.done(&["add", "Here before"]);
    let file = calendar(
        &place,
        &[("a", "SUMMARY:A"), ("b", "SUMMARY:B\nRELATED-TO:a")],
    );
    place.done(&["import", &file]);
    place.done(&["undo"]);
    let file = calendar(
        &place,
        &[("a", "SUMMARY:Ah"), ("b", "SUMMARY:B\nRELATED-TO:a")],
    );
    let (printed, _) = place.done(&["import", &file]);
    assert!(
        printed.contains("2 tasks that were undone here came back.\n"),
        "{printed}"
    );
    let tasks = place.tasks();
    assert_eq!(tasks.len(), 3);
    assert_eq!(tasks[1]["title"], "Ah");
    assert_eq!(
        (&tasks[1]["deleted_at"], &tasks[2]["deleted_at"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(tasks[2]["parent"], 2);
    place.done(&["undo"]);
    assert!(place.tasks()[1]["deleted_at"].is_string());
}

#[test]
fn where_nobody_knows_who_changed_a_field_it_is_named_and_left() {
    let place = Place::new();
    place.done(&["add", "Call", "!low"]);
    // Without a time at which it was made.
    let undated = |said: &str| {
        let text =
            format!("BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:a\n{said}\nEND:VTODO\nEND:VCALENDAR\n");
        place.file("undated.ics", text)
    };
    // Known by its title alone: nobody knows what it was before.
    let file = undated("SUMMARY:Call\nPRIORITY:1");
    let came = imported(&place, &["--update", &file]);
    assert_eq!(
        counts(&came, &["new", "here", "updated", "conflicts"]),
        [0, 1, 0, 1],
        "{came}"
    );
    // From now on the calendar is known, and has not changed.
    let came = imported(&place, &["--update", &file]);
    assert_eq!(
        counts(&came, &["here", "updated", "conflicts"]),
        [1, 0, 0],
        "{came}"
    );
    assert_eq!(field(&place, 1, "priority"), "low");
    let file = undated("SUMMARY:Call Ann\nPRIORITY:1");
    let came = imported(&place, &["--update", &file]);
    assert_eq!(
        counts(&came, &["here", "updated", "conflicts"]),
        [1, 1, 0],
        "{came}"
    );
    assert_eq!(field(&place, 1, "title"), "Call Ann");
}

#[test]
fn a_task_keeps_the_name_that_a_calendar_gave_it() {
    let place = Place::new();
    place.done(&["import", &calendar(&place, &[("a", "SUMMARY:Call")])]);
    let list = place.file("todo.txt", "Call @phone\n");
    assert_eq!(
        counts(&imported(&place, &["--update", &list]), &["new", "here"]),
        [0, 1]
    );
    let (text, _) = place.done(&["export", "--format", "ics"]);
    assert!(text.contains("UID:a\r\n"), "{text}");
    let again = calendar(&place, &[("a", "SUMMARY:Call Ann")]);
    assert_eq!(
        counts(
            &imported(&place, &["--update", &again]),
            &["new", "updated"]
        ),
        [0, 1]
    );
}

#[test]
fn the_reply_names_what_was_taken_and_counts_the_rest() {
    let place = Place::new();
    let todos = |title: &str| -> Vec<(String, String)> {
        (1..=23)
            .map(|number| (format!("u{number}"), format!("SUMMARY:{title} {number}")))
            .collect()
    };
    let file = |title: &str| {
        let todos = todos(title);
        let todos: Vec<(&str, &str)> = todos
            .iter()
            .map(|(uid, said)| (uid.as_str(), said.as_str()))
            .collect();
        calendar(&place, &todos)
    };
    place.done(&["import", &file("Old")]);
    let (printed, _) = place.done(&["import", "--update", "--dry-run", &file("New")]);
    assert!(
        printed.contains("  1 Old 1: title would become New 1 as in the file, Old 1 before\n"),
        "{printed}"
    );
    let (printed, _) = place.done(&["import", "--update", &file("New")]);
    assert!(
        printed.contains("23 were here already; 23 of them changed as in the file.\n"),
        "{printed}"
    );
    assert!(
        printed.contains("  20 Old 20: title is now New 20 as in the file, Old 20 before\n"),
        "{printed}"
    );
    assert!(
        printed.contains("  and 3 more tasks of which the file says something else\n"),
        "{printed}"
    );
    let came = imported(&place, &["--dry-run", "--update", &file("Newest")]);
    assert_eq!(came["differences"].as_array().unwrap().len(), 20);
    assert_eq!(came["differences_left_out"], 3);
    assert_eq!(came["differences"][0]["title"], "New 1");
    assert_eq!(came["differences"][0]["fields"][0]["taken"], true);
}

#[test]
fn what_was_changed_here_alone_is_counted_as_that() {
    let place = Place::new();
    let todos = [("a", "SUMMARY:A"), ("b", "SUMMARY:B")];
    let file = calendar(&place, &todos);
    place.done(&["import", &file]);
    place.done(&["edit", "1", "--title", "Ah"]);
    let expected = "2 were here already and left as they are; 1 of them was changed here alone.\n";
    for arguments in [&["import", &file][..], &["import", "--update", &file]] {
        let (printed, _) = place.done(arguments);
        assert!(printed.ends_with(expected), "{printed}");
    }
    let other = calendar(&place, &[("a", "SUMMARY:A"), ("b", "SUMMARY:Be")]);
    let (printed, _) = place.done(&["import", &other]);
    let counted = "of 1 of them the file says something else; 1 of them was changed here alone.\n  2 B: title is Be in the file, B here\n";
    assert!(printed.contains(counted), "{printed}");
}

#[test]
fn an_import_that_only_learns_what_the_file_says_is_not_called_a_change_of_tasks() {
    let place = Place::new();
    place.done(&["add", "Call", "!low"]);
    let file = place.file("todo.txt", "(A) Call\n");
    let (printed, _) = place.done(&["import", "--update", &file]);
    assert!(
        printed.contains("No task was changed; what the file says of them is kept for the next time, as change group 2.\n"),
        "{printed}"
    );
    assert!(!printed.contains("one undo takes it back"), "{printed}");
}
