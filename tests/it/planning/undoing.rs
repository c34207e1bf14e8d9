//! Taking back, and who did what.

use serde_json::{Value, json};

use super::{add, connect_as, get, say};
use crate::support::{Client, Dialect, Home};

/// Returns the history of a task, oldest first.
fn history(client: &mut Client, id: i64) -> Vec<String> {
    let task = client.call("get_task", json!({ "task_id": id, "history": true }));
    let lines = task["history"].as_array().unwrap();
    lines
        .iter()
        .rev()
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}

/// Returns the number behind the last `group` in a text.
fn group(text: &str) -> i64 {
    let (_, rest) = text.rsplit_once("group").unwrap();
    let digits: String = rest
        .chars()
        .skip(1)
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap()
}

#[test]
fn undo_goes_back_step_by_step() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    add(&mut client, &["one"]);
    client.call(
        "update_task",
        json!({ "task_id": 1, "title": "two", "priority": "high" }),
    );
    client.call("update_task", json!({ "task_id": 1, "title": "three" }));
    for title in ["two", "one"] {
        say(&mut client, "undo", &json!({}));
        assert_eq!(get(&mut client, 1)["title"], title);
    }
    assert!(get(&mut client, 1).get("priority").is_none());
    say(&mut client, "undo", &json!({}));
    assert_eq!(client.tasks("all").len(), 0, "the addition itself");
    assert_eq!(client.tasks("trash").len(), 1, "the id is used up");
    let refusal = client.complaint("undo", json!({}));
    assert!(refusal.contains("nothing to undo"), "{refusal}");
}

#[test]
fn an_undo_is_undone_by_the_group_it_names() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["one"]);
    client.call("complete_task", json!({ "task_id": 1 }));
    let undone = say(&mut client, "undo", &json!({}));
    assert_eq!(get(&mut client, 1)["status"], "pending");
    let redone = say(&mut client, "undo", &json!({ "group": group(&undone) }));
    assert_eq!(get(&mut client, 1)["status"], "completed", "{redone}");
    let again = say(&mut client, "undo", &json!({ "group": group(&redone) }));
    assert_eq!(get(&mut client, 1)["status"], "pending", "{again}");
}

#[test]
fn a_named_group_is_undone_and_later_changes_of_other_fields_stay() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["one"]);
    client.call("update_task", json!({ "task_id": 1, "priority": "high" }));
    client.call("update_task", json!({ "task_id": 1, "project": "P" }));
    let number = group(&history(&mut client, 1)[1]);
    say(&mut client, "undo", &json!({ "group": number }));
    let task = get(&mut client, 1);
    assert!(task.get("priority").is_none(), "{task}");
    assert_eq!(task["project"], "P");
    let refusal = client.complaint("undo", json!({ "group": number }));
    assert!(refusal.contains("undone already"), "{refusal}");
    let refusal = client.complaint("undo", json!({ "group": 99 }));
    assert!(refusal.contains("no change group 99"), "{refusal}");
}

#[test]
fn undo_takes_back_ones_own_change_and_nobody_elses() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["one", "two"]);
    client.call("complete_task", json!({ "task_id": 1 }));
    home.run(&["done", "2"]);
    say(&mut client, "undo", &json!({}));
    assert_eq!(get(&mut client, 1)["status"], "pending");
    assert_eq!(get(&mut client, 2)["status"], "completed");
}

#[test]
fn undo_is_refused_where_someone_else_went_on_and_touches_nothing() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    add(&mut client, &["one", "two"]);
    say(
        &mut client,
        "update_task",
        &json!({ "task_id": [1, 2], "project": "P" }),
    );
    home.run(&["done", "2"]);
    let before: Vec<Value> = [1, 2].map(|id| get(&mut client, id)).into();
    let refusal = client.complaint("undo", json!({}));
    assert!(
        refusal.contains("cli changed task 2")
            && refusal.contains("complete")
            && refusal.contains("nothing was undone"),
        "{refusal}"
    );
    let after: Vec<Value> = [1, 2].map(|id| get(&mut client, id)).into();
    assert_eq!(after, before);
}

#[test]
fn undo_works_again_once_the_other_took_theirs_back() {
    let home = Home::new();
    let mut anna = connect_as(&home, "anna");
    let mut ben = connect_as(&home, "ben");
    add(&mut anna, &["one"]);
    anna.call("update_task", json!({ "task_id": 1, "title": "uno" }));
    ben.call("update_task", json!({ "task_id": 1, "title": "eins" }));
    let refusal = anna.complaint("undo", json!({}));
    assert!(
        refusal.contains("ben changed task 1") && refusal.contains("title"),
        "{refusal}"
    );
    say(&mut ben, "undo", &json!({}));
    say(&mut anna, "undo", &json!({}));
    assert_eq!(get(&mut anna, 1)["title"], "one");
}

#[test]
fn history_tells_who_changed_what_from_what_to_what() {
    let home = Home::new();
    let mut client = connect_as(&home, "anna");
    add(&mut client, &["one"]);
    client.call(
        "update_task",
        json!({ "task_id": 1, "title": "uno", "priority": "high" }),
    );
    home.run(&["done", "1"]);
    let lines = history(&mut client, 1);
    let expected: [&[&str]; 3] = [
        &["anna add"],
        &[
            "anna update",
            "title: \"one\" -> \"uno\"",
            "priority: none -> \"high\"",
        ],
        &["cli complete", "status: \"pending\" -> \"completed\""],
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, parts) in lines.iter().zip(expected) {
        assert!(line.starts_with("20"), "{line}");
        assert!(
            parts.iter().all(|part| line.contains(part)),
            "{line} lacks one of {parts:?}"
        );
    }
    assert!(
        get(&mut client, 1).get("history").is_none(),
        "only when asked for"
    );
}

#[test]
fn a_deleted_task_comes_back_as_it_was_and_no_id_returns() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.call(
        "add_task",
        json!({ "title": "one", "tags": ["a"], "due": "2099-01-01", "project": "P" }),
    );
    client.call("add_task", json!({ "title": "two", "depends_on": [1] }));
    client.call("delete_task", json!({ "task_id": 1 }));
    add(&mut client, &["three"]);
    assert_eq!(get(&mut client, 3)["title"], "three");
    say(&mut client, "undo", &json!({}));
    say(&mut client, "undo", &json!({}));
    let task = get(&mut client, 1);
    assert_eq!(
        (&task["tags"], &task["project"], &task["due"]),
        (&json!(["a"]), &json!("P"), &json!("Thu 2099-01-01"))
    );
    assert_eq!(client.tasks("blocked").len(), 1, "two waits again");
}

#[test]
fn history_tells_each_comment_in_its_own_words() {
    let home = Home::new();
    let mut client = connect_as(&home, "anna");
    add(&mut client, &["one"]);
    for comment in ["first", "second"] {
        client.call("update_task", json!({ "task_id": 1, "comment": comment }));
    }
    let lines = history(&mut client, 1);
    assert!(lines[1].ends_with("comment: \"first\""), "{lines:#?}");
    assert!(lines[2].ends_with("comment: \"second\""), "{lines:#?}");
}
