//! `board_write`: what is done by hand, once, on the state that the hand saw, and taken back by nobody else.

use serde_json::{Value, json};

use super::Host;
use crate::support::{Dialect, Home};

#[test]
fn the_hand_and_the_model_do_not_take_back_each_others_changes() {
    for dialect in [Dialect::Legacy, Dialect::Modern] {
        let home = Home::new();
        let mut host = Host::connect(&home, dialect);
        host.text("add_task", json!({ "title": "By the model" }));
        let added = host.page("board_write", json!({ "add": "By hand" }));
        let undone = host.text("undo", json!({}));
        assert!(undone.contains("By the model"), "{undone}");
        let refused = host.complaint("undo", json!({}));
        assert!(!refused.contains("By hand"), "{refused}");
        host.text("add_task", json!({ "title": "Again" }));
        let undone = host.page("board_write", json!({ "undo": added["group"] }));
        assert_eq!(undone["tasks"][0]["title"], "By hand");
        assert!(undone["tasks"][0]["deleted_at"].is_string(), "{undone}");
        let redone = host.page("board_write", json!({ "undo": undone["group"] }));
        assert!(redone["tasks"][0].get("deleted_at").is_none(), "{redone}");
        let log = home.run(&["log"]);
        assert!(
            log.contains("Claude (board)") && log.contains("Claude\n") | log.contains("Claude "),
            "{log}"
        );
    }
}

#[test]
fn what_is_done_by_hand_is_done_once_for_each_key() {
    let home = Home::new();
    let mut host = Host::connect(&home, Dialect::Modern);
    for (change, times) in [
        (
            json!({ "add": "Water due:2026-12-01 repeat:daily", "key": "a" }),
            3,
        ),
        (json!({ "complete": [1], "key": "b" }), 3),
        (
            json!({ "task_id": 1, "comment": "said once", "key": "c" }),
            3,
        ),
        (json!({ "delete": [1], "key": "d" }), 2),
        (json!({ "undo": 4, "key": "e" }), 3),
    ] {
        let first = host.page("board_write", change.clone());
        for _ in 1..times {
            let again = host.page("board_write", change.clone());
            assert_eq!(
                (&again["group"], &again["tasks"]),
                (&first["group"], &first["tasks"]),
                "{change}"
            );
            assert!(
                again["notes"].to_string().contains("done before"),
                "{again}"
            );
        }
    }
    let task = host.page("board_read", json!({ "task_id": 1 }));
    assert_eq!(task["task"]["due"], "2026-12-02");
    assert_eq!(task["comments"].as_array().unwrap().len(), 1);
    assert_eq!(task["history"].as_array().unwrap().len(), 5);
    let refused = host.complaint("board_write", json!({ "complete": [1], "key": "a" }));
    assert!(
        refused.contains("added 1 \"Water\"; nothing was done now"),
        "{refused}"
    );
}

#[test]
fn a_change_that_rests_on_an_older_state_is_refused_and_nothing_else_is_taken_in_silence() {
    let home = Home::new();
    let mut host = Host::connect(&home, Dialect::Modern);
    host.page("board_write", json!({ "add": "Pay rent +home" }));
    home.run(&["edit", "1", "+flat"]);
    let refused = host.complaint(
        "board_write",
        json!({ "task_id": 1, "title": "Pay", "if_rev": 1 }),
    );
    assert!(refused.contains("is at rev 2, not 1"), "{refused}");
    let written = host.page(
        "board_write",
        json!({ "task_id": 1, "title": "Pay", "due": "fri", "tags": ["a"], "if_rev": 2 }),
    );
    assert_eq!(
        (&written["tasks"][0]["title"], &written["tasks"][0]["tags"]),
        (&json!("Pay"), &json!(["a"]))
    );
    let cleared = host.page(
        "board_write",
        json!({ "task_id": 1, "due": "", "tags": [] }),
    );
    assert!(cleared["tasks"][0].get("due").is_none() && cleared["tasks"][0].get("tags").is_none());
    let same = host.page("board_write", json!({ "task_id": 1, "title": "Pay" }));
    assert_eq!(
        (&same["group"], &same["notes"]),
        (&Value::Null, &json!(["nothing changed"]))
    );
    for (change, said) in [
        (json!({}), "one thing a call"),
        (
            json!({ "complete": [1], "title": "x" }),
            "title does not go with complete",
        ),
        (
            json!({ "add": "x", "complete": [1] }),
            "complete does not go with add",
        ),
        (json!({ "complete": [] }), "task_id"),
        (json!({ "complete": [9] }), "Task 9 not found"),
        (json!({ "undo": 99 }), "99"),
        (json!({ "title": "x" }), "one thing a call"),
        (
            json!({ "task_id": 1, "colour": "red" }),
            "no field \"colour\"",
        ),
        (json!({ "task_id": 1, "due": "xyzzy" }), "is no date"),
        (
            json!({ "task_id": 1, "title": "" }),
            "title cannot be empty",
        ),
        (
            json!({ "task_id": 1, "title": " ", "due": "today" }),
            "title cannot be empty",
        ),
    ] {
        let refused = host.complaint("board_write", change.clone());
        assert!(refused.contains(said), "{change}: {refused}");
    }
    for (asked, said) in [
        (json!({ "since": "x" }), "since is none of ours"),
        (json!({ "after": "x" }), "cursor"),
        (json!({ "since": "0-0", "query": "x" }), "one thing a call"),
        (json!({ "done": 201 }), "from 0 to 200"),
        (json!({ "task_id": 9 }), "Task 9 not found"),
    ] {
        let refused = host.complaint("board_read", asked.clone());
        assert!(refused.contains(said), "{asked}: {refused}");
    }
}

#[test]
fn the_page_takes_back_what_was_done_on_the_board_and_nothing_of_others() {
    for dialect in [Dialect::Legacy, Dialect::Modern] {
        let home = Home::new();
        let mut host = Host::connect(&home, dialect);
        home.run(&["add", "By a shell"]);
        host.text("add_task", json!({ "title": "By the model" }));
        for (group, author) in [(1, "cli"), (2, "Claude")] {
            let refused = host.complaint("board_write", json!({ "undo": group }));
            let said = format!("group {group} was made by {author}");
            assert!(refused.ends_with(&said), "{refused}");
        }
        let refused = host.complaint("board_write", json!({ "undo": 1, "key": "k" }));
        assert!(refused.contains("made by cli"), "{refused}");
        let board = host.page("board_read", json!({}));
        assert_eq!(board["tasks"].as_array().unwrap().len(), 2, "{board}");
    }
}
