//! What an import and an export leave behind: backups where there is a reason for one, and nothing where nothing was
//! done.

use serde_json::Value;

use super::Place;

fn backups(place: &Place) -> Vec<(String, u64)> {
    let listed: Value =
        serde_json::from_str(&place.done(&["backup", "--list", "--json"]).0).unwrap();
    let backups = listed["backups"].as_array().unwrap();
    backups
        .iter()
        .map(|backup| {
            let reason = backup["reason"].as_str().unwrap().to_owned();
            (reason, backup["tasks"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn an_import_is_the_first_write_of_a_day() {
    let place = Place::new();
    place.done(&["import", &place.file("a.txt", "One\nTwo\n")]);
    assert_eq!(backups(&place), [("daily".to_owned(), 2)]);
}

#[test]
fn a_restore_is_the_first_write_of_a_day() {
    let (from, place) = (Place::new(), Place::new());
    from.done(&["add", "One"]);
    let copy = from.path("copy.db");
    from.done(&["backup", copy.to_str().unwrap()]);
    place.done(&["restore", copy.to_str().unwrap()]);
    assert_eq!(backups(&place), [("daily".to_owned(), 1)]);
}

#[test]
fn an_export_that_cannot_be_written_names_the_file_that_was_asked_for() {
    let place = Place::new();
    place.done(&["add", "One"]);
    let nowhere = place.path("nowhere").join("out.jsonl");
    let said = place.refused(&["export", nowhere.to_str().unwrap()]);
    let expected = format!("taskhold: cannot write {}: ", nowhere.display());
    assert!(
        said.starts_with(&expected) && !said.contains(" at path "),
        "{said}"
    );
}

#[test]
fn a_long_undo_shows_the_first_tasks_and_counts_the_others() {
    let place = Place::new();
    let lines: Vec<String> = (1..=300).map(|number| format!("Task {number}")).collect();
    place.done(&["import", &place.file("a.txt", lines.join("\n"))]);
    let (printed, said) = place.done(&["undo"]);
    assert_eq!(printed.lines().count(), 20, "{printed}");
    assert!(printed.starts_with("As before: 1 "), "{printed}");
    let notes: Vec<&str> = said.lines().collect();
    assert_eq!(
        notes,
        [
            "note: and 280 more tasks; --json prints them all",
            "note: undone: the import of group 1; to do it again: taskhold undo 301",
            "note: now in the trash: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 290 more",
        ]
    );
    let again: Value = serde_json::from_str(&place.done(&["undo", "301", "--json"]).0).unwrap();
    assert_eq!(again["tasks"].as_array().unwrap().len(), 300);
}

#[test]
fn a_chain_of_parts_takes_no_more_room_than_what_it_says() {
    let place = Place::new();
    let lines: Vec<String> = (1..=1_000)
        .map(|number| format!("Task {number} id:{number} p:{}", number - 1))
        .collect();
    let lines = lines.join("\n").replacen(" p:0", "", 1);
    place.done(&["import", &place.file("a.txt", lines)]);
    let (printed, _) = place.done(&["export", "--format", "markdown"]);
    assert!(printed.len() < 100_000, "{} bytes", printed.len());
    let depth = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = printed.lines().skip(2).collect();
    assert_eq!(
        (depth(lines[16]), depth(lines[17]), depth(lines[999])),
        (32, 32, 32)
    );
    assert_eq!(lines[16].trim_start(), "- [ ] Task 17 (\\#17)");
    assert_eq!(
        lines[17].trim_start(),
        "- [ ] Task 18 (\\#18, part of \\#17)"
    );
}
