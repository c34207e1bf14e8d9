//! What the commands that change tasks say beside the result, and `undo` among several clients.

use serde_json::json;

use super::{json, run};
use crate::support::{Dialect, Home};

#[test]
fn a_rule_is_shown_in_words_that_can_be_typed_and_never_as_it_is_stored() {
    let home = Home::new();
    let rule = "FREQ=MONTHLY;BYMONTH=1,2;BYMONTHDAY=-3;X-FROM=START;X-EXDATE=20310129";
    run(&home, &["add", "Report", "due:2031-01-29", "repeat:daily"]);
    let mut printed = Vec::new();
    for words in [
        &["edit", "1", &format!("repeat:{rule}")][..],
        &["list"],
        &["show", "1"],
        &["log"],
    ] {
        let run = run(&home, words);
        assert_eq!(run.status, 0, "{}", run.said);
        assert!(
            !run.printed.contains("X-") && !run.said.contains("X-"),
            "{words:?}: {run:?}"
        );
        printed.push(run.printed);
    }
    let shown = printed[2]
        .lines()
        .find_map(|line| line.trim().strip_prefix("Repeats"));
    let again = format!("repeat:{}", shown.unwrap().trim());
    assert_eq!(run(&home, &["edit", "1", &again]).status, 0);
    assert_eq!(json(&home, &["show", "1"])["tasks"][0]["repeat"], rule);
}

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
            .contains("hint: taskhold undelete 1 brings it back"),
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

#[test]
fn one_task_of_several_that_were_deleted_is_brought_back_as_it_was() {
    let home = Home::new();
    for words in [
        &["add", "one"][..],
        &["add", "two", "+home", "due:2031-06-02"],
        &["add", "three"],
        &["done", "2"],
        &["delete", "1", "2", "3"],
    ] {
        run(&home, words);
    }
    let was = json(&home, &["show", "2"])["tasks"][0].clone();
    let back = run(&home, &["undelete", "2"]);
    assert_eq!((back.status, back.said.as_str()), (0, ""));
    assert!(
        back.printed.starts_with("Brought back 2 two"),
        "{}",
        back.printed
    );
    let now = json(&home, &["show", "2"])["tasks"][0].clone();
    for field in ["title", "status", "tags", "due", "completed_at"] {
        assert_eq!(now[field], was[field], "{field}");
    }
    assert!(now.get("deleted_at").is_none(), "{now}");
    assert_eq!(run(&home, &["list", "trash"]).printed.lines().count(), 2);
    let log = run(&home, &["log", "2", "-n", "1"]).printed;
    assert!(log.contains("cli undeleted"), "{log}");
    let again = run(&home, &["undelete", "2"]);
    assert!(
        again
            .printed
            .starts_with("Nothing changed, not in the trash: 2 two"),
        "{}",
        again.printed
    );
    let trash = run(&home, &["list", "trash"]).printed;
    let all = super::run_with(&home, &["undelete", "-"], &trash);
    assert_eq!(all.printed, "Brought back 3 three\nBrought back 1 one\n");
    // That is a change like any other.
    run(&home, &["undo"]);
    assert_eq!(run(&home, &["list", "trash"]).printed.lines().count(), 2);
    assert_eq!(run(&home, &["undelete", "99"]).status, 1);
}

#[test]
fn a_task_in_the_trash_is_named_with_the_way_back() {
    let home = Home::new();
    run(&home, &["add", "Pack boxes"]);
    run(&home, &["delete", "1"]);
    for words in [
        &["reopen", "1"][..],
        &["done", "1"],
        &["edit", "1", "+x"],
        &["edit", "1", "status:pending"],
        &["delete", "1"],
        &["add", "x", "parent:1"],
    ] {
        let refused = run(&home, words);
        assert_eq!(
            (refused.status, refused.said.as_str()),
            (
                1,
                "taskhold: Task 1 not found: it is in the trash\nhint: taskhold undelete 1 brings it back: \"Pack boxes\"\n"
            ),
            "{words:?}"
        );
    }
}

#[test]
fn a_model_brings_a_task_back_by_its_status() {
    let home = Home::new();
    for title in ["one", "two"] {
        run(&home, &["add", title]);
    }
    run(&home, &["done", "2"]);
    run(&home, &["delete", "1", "2"]);
    let mut client = home.connect(Dialect::Modern);
    let said = client.complaint("update_task", json!({ "task_id": 2, "title": "theirs" }));
    assert!(
        said.contains("in the trash; update_task with status \"pending\" brings it back"),
        "{said}"
    );
    client.call(
        "update_task",
        json!({ "task_id": 2, "status": "pending", "title": "theirs" }),
    );
    assert_eq!(run(&home, &["list"]).printed, "2 theirs\n");
    assert_eq!(run(&home, &["list", "trash"]).printed, "1 one\n");
}

#[test]
fn the_log_shows_times_where_the_reader_is_and_the_comment_that_was_undone() {
    let home = Home::new();
    run(&home, &["add", "one", "due:2031-06-02 17:30"]);
    run(
        &home,
        &[
            "edit",
            "1",
            "due:2031-06-03 18:45",
            "defer:2031-06-01 08:15",
        ],
    );
    let log = run(&home, &["log", "1"]).printed;
    for local in [
        "2031-06-02T17:30:00",
        "2031-06-03T18:45:00",
        "2031-06-01T08:15:00",
    ] {
        assert!(log.contains(local), "{local}: {log}");
    }
    run(&home, &["comment", "1", "Anna", "agrees"]);
    run(&home, &["undo"]);
    let log = run(&home, &["log", "1"]).printed;
    let undone = log.lines().next().unwrap();
    assert!(
        undone.contains("undone") && undone.ends_with("comment taken away: \"Anna agrees\""),
        "{log}"
    );
    let all = run(&home, &["log"]).printed;
    assert!(
        all.lines().next().unwrap().contains("\"Anna agrees\""),
        "{all}"
    );
}
