//! What the commands that change tasks say beside the result, and `undo` among several clients.

use serde_json::json;

use super::{json, run};
use crate::support::{Dialect, Home};

#[test]
fn closing_a_task_says_what_it_leaves_behind() {
    let home = Home::new();
    run(&home, &["add", "Move house", "due:2031-03-03"]);
    run(&home, &["add", "Pack", "parent:1"]);
    run(&home, &["add", "Celebrate", "after:1"]);
    let done = run(&home, &["done", "1"]);
    assert_eq!(
        done.said,
        "note: still open subtasks: 2\nnote: no longer waiting for it: 3\n"
    );
    run(
        &home,
        &["add", "Water", "due:2031-03-03", "repeat:every 2 weeks"],
    );
    let done = run(&home, &["done", "4"]);
    assert_eq!(
        done.said,
        "note: 4: completed the round of Mon 2031-03-03; comes again Mon 2031-03-17\n"
    );
    assert_eq!(json(&home, &["show", "4"])["tasks"][0]["status"], "pending");
}

#[test]
fn a_similar_task_and_a_key_used_before_are_remarked() {
    let home = Home::new();
    run(&home, &["add", "Buy milk"]);
    let added = run(&home, &["add", "Buy milk", "--key", "k"]);
    assert_eq!(added.said, "note: similar, and open too: 1 Buy milk\n");
    let again = run(&home, &["add", "Buy milk", "--key", "k"]);
    assert_eq!(again.printed, "Added before: 2 Buy milk\n");
    assert_eq!(run(&home, &["list"]).printed.lines().count(), 2);
}

#[test]
fn undo_takes_back_the_command_lines_own_changes_and_names_what_is_in_the_way() {
    let home = Home::new();
    run(&home, &["add", "one"]);
    run(&home, &["add", "two"]);
    let mut client = home.connect(Dialect::Modern);
    client.call("update_task", json!({ "task_id": 2, "title": "theirs" }));
    let refused = run(&home, &["undo"]);
    assert_eq!(refused.status, 1);
    assert!(
        refused
            .said
            .contains("hint: taskhold log 2 shows what came after; taskhold undo 3"),
        "{}",
        refused.said
    );
    assert_eq!(run(&home, &["undo", "3"]).status, 0);
    assert_eq!(run(&home, &["list"]).printed, "1 one\n2 two\n");
    let undone = json(&home, &["undo"]);
    assert_eq!(undone["reverted"], 2);
    assert_eq!(run(&home, &["undo"]).printed, "As before: 1 one\n");
    let nothing = run(&home, &["undo"]);
    assert_eq!(nothing.status, 1);
    assert!(nothing.said.contains("nothing to undo"), "{}", nothing.said);
    // An undo that is undone does it again.
    let group = undone["group"].to_string();
    assert_eq!(run(&home, &["undo", &group]).status, 0);
    assert_eq!(run(&home, &["list"]).printed, "2 two\n");
}

#[test]
fn what_is_in_the_trash_is_named_with_the_way_back() {
    let home = Home::new();
    run(&home, &["add", "one"]);
    run(&home, &["delete", "1"]);
    let refused = run(&home, &["start", "1"]);
    assert_eq!(refused.status, 1);
    assert!(
        refused
            .said
            .contains("hint: taskhold log 1 names the group of its deletion"),
        "{}",
        refused.said
    );
    assert_eq!(run(&home, &["undo", "2"]).status, 0);
    assert_eq!(run(&home, &["start", "1"]).status, 0);
}

#[test]
fn next_is_the_ready_task_that_is_due_first() {
    let home = Home::new();
    let none = run(&home, &["next"]);
    assert_eq!((none.status, none.printed.as_str()), (0, ""));
    assert!(none.said.contains("nothing is ready"), "{}", none.said);
    run(&home, &["add", "later", "due:2031-01-02"]);
    run(&home, &["add", "sooner", "due:2031-01-01"]);
    run(&home, &["add", "waits", "due:2030-01-01", "after:1", "+x"]);
    assert_eq!(
        run(&home, &["next"]).printed,
        "2 sooner (due Wed 2031-01-01)\n"
    );
    run(&home, &["start", "2"]);
    assert_eq!(json(&home, &["next"])["tasks"][0]["id"], 1);
    assert_eq!(run(&home, &["next", "+x"]).printed, "");
    assert_eq!(run(&home, &["next", "today"]).status, 2);
}
