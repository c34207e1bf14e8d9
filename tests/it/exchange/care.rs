//! What an import and an export leave behind: backups where there is a reason for one, and nothing where nothing was
//! done.

use std::fs;

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

fn of_reason(place: &Place, reason: &str) -> Vec<u64> {
    let backups = backups(place).into_iter();
    backups
        .filter(|(other, _)| other == reason)
        .map(|(_, tasks)| tasks)
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
fn only_an_import_that_writes_is_preceded_by_a_backup() {
    let place = Place::new();
    place.done(&["add", "Here before"]);
    let good = place.file("good.txt", "One\nTwo\n");
    let bad = place.file("bad.txt", b"Three\nCaf\xe9\n");
    place.refused(&["import", &bad]);
    place.done(&["import", "--dry-run", &good]);
    assert_eq!(of_reason(&place, "import"), [0_u64; 0]);
    place.done(&["import", &good]);
    assert_eq!(of_reason(&place, "import"), [1], "what was there before");
    // Again, and what is at fault: nothing is written, and the backup stays where it is.
    for _ in 0..5 {
        place.done(&["import", &good]);
        place.refused(&["import", &bad]);
    }
    assert_eq!(of_reason(&place, "import"), [1]);
    place.done(&["restore", "latest"]);
    assert_eq!(of_reason(&place, "restore"), [3]);
    for _ in 0..5 {
        let (printed, _) = place.done(&["restore", "2"]);
        assert!(printed.starts_with("Nothing to restore"), "{printed}");
    }
    assert_eq!(of_reason(&place, "restore"), [3]);
}

#[test]
fn a_dry_run_lets_others_write() {
    let place = Place::new();
    place.done(&["add", "Here before"]);
    let file = place.file("a.txt", "One id:1 dep:2\nTwo id:2\nHere before p:1 id:3\n");
    let mut store = place.store();
    // The lock that others wait for.
    let writer = store.writer().unwrap();
    let (printed, _) = place.done(&["import", "--dry-run", &file]);
    assert_eq!(
        printed,
        "Would import 2 tasks, #2 to #3.\n1 was here already and left as it is.\nNothing was written.\n"
    );
    drop(writer);
}

#[test]
fn an_export_and_a_dry_run_make_no_database() {
    let place = Place::new();
    let file = place.file("a.txt", "One id:8\nTwo dep:8\n");
    let (printed, _) = place.done(&["import", "--dry-run", &file]);
    assert_eq!(
        printed,
        "Would import 2 tasks, #1 to #2.\nNothing was written.\n"
    );
    let (printed, said) = place.done(&["export"]);
    assert_eq!(
        printed,
        "{\"format\":\"taskhold\",\"version\":2,\"last_id\":0,\"tasks\":0,\"history\":false}\n"
    );
    let database = place.home.database();
    let expected = format!("note: {} is not there yet: no tasks\n", database.display());
    assert_eq!(said, expected);
    let left: Vec<_> = fs::read_dir(database.parent().unwrap()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
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
