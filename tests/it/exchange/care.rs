//! What an import and an export leave behind: backups where there is a reason for one, and nothing where nothing was
//! done.

use serde_json::Value;

use super::Place;

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
