//! Many tasks in one call: all of it, or nothing.

use serde_json::{Value, json};

use super::{add, get, note, say};
use crate::support::{Client, Dialect, Home};

fn titles(client: &mut Client) -> Vec<String> {
    let tasks = client.tasks("all");
    let title = |task: &Value| task["title"].as_str().unwrap().to_owned();
    tasks.iter().map(title).collect()
}

#[test]
fn a_batch_refers_to_its_own_tasks() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    add(&mut client, &["there before"]);
    let added = client.call(
        "add_task",
        json!({ "tasks": [
            { "title": "trip", "project": "Travel" },
            { "title": "passport", "parent": "^1", "due": "2099-05-01" },
            { "title": "flight", "parent": "^1", "depends_on": ["^2", 1] },
        ] }),
    );
    assert_eq!(added, json!({ "added": "2-4" }));
    assert_eq!(get(&mut client, 3)["parent"], 2);
    let flight = get(&mut client, 4);
    assert_eq!(
        (&flight["parent"], &flight["depends_on"]),
        (&json!(2), &json!([1, 3]))
    );
}

#[test]
fn a_bad_task_in_the_middle_adds_none() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let bad = [
        json!({ "title": " " }),
        json!({ "title": "x", "due": "blursday" }),
        json!({ "title": "x", "parent": 99 }),
        json!({ "title": "x", "parent": "^2" }),
        json!({ "title": "x", "depends_on": ["^3"] }),
        json!({ "title": "x", "colour": "red" }),
        json!({ "title": "x", "priority": "someday" }),
        json!({ "title": "x", "repeat": "now and then" }),
        json!({ "title": "x", "tags": ["two words"] }),
        json!({}),
    ];
    for bad in bad {
        client.complaint(
            "add_task",
            json!({ "tasks": [{ "title": "one" }, bad, { "title": "three" }] }),
        );
        assert_eq!(titles(&mut client), [""; 0], "{bad}");
    }
    add(&mut client, &["good"]);
    assert_eq!(
        get(&mut client, 1)["title"],
        "good",
        "a refused batch used up ids"
    );
}

#[test]
fn several_tasks_are_completed_together_or_not_at_all() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["one", "two", "three"]);
    client.complaint("complete_task", json!({ "task_id": [1, 99, 2] }));
    assert_eq!(client.tasks("completed").len(), 0);
    let done = client.call("complete_task", json!({ "task_id": [1, 3] }));
    let tasks = json!([{ "id": 1, "title": "one" }, { "id": 3, "title": "three" }]);
    assert_eq!(done["tasks"], tasks);
    assert_eq!(client.tasks("completed").len(), 2);
    say(&mut client, "undo", &json!({}));
    assert_eq!(
        client.tasks("completed").len(),
        0,
        "one undo takes back both"
    );
}

#[test]
fn several_tasks_are_updated_together_or_not_at_all() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["one", "two"]);
    client.complaint("update_task", json!({ "task_id": [1, 99], "project": "P" }));
    assert!(get(&mut client, 1).get("project").is_none());
    say(
        &mut client,
        "update_task",
        &json!({ "task_id": "1, #2", "project": "P" }),
    );
    for id in [1, 2] {
        assert_eq!(get(&mut client, id)["project"], "P");
    }
}

#[test]
fn of_several_tasks_those_that_stay_as_they_were_are_named() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let tasks = json!([
        { "title": "one", "priority": "high" },
        { "title": "two" },
        { "title": "three", "priority": "high" },
        { "title": "four", "priority": "high" },
    ]);
    client.call("add_task", json!({ "tasks": tasks }));
    let raised = json!({ "task_ids": [1, 2, 3, 4], "priority": "high" });
    let raised = client.call("update_task", raised);
    assert_eq!(raised["note"], "nothing changed in 1, 3-4");
    client.call("complete_task", json!({ "task_id": 2 }));
    let done = client.call("complete_task", json!({ "task_ids": [1, 2] }));
    assert_eq!(done["note"], "nothing changed in 2: completed already");
}

#[test]
fn each_task_of_a_batch_comes_with_an_open_one_like_it() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    client.call("add_task", json!({ "title": "Buy milk" }));
    client.call("add_task", json!({ "title": "Call Anna" }));
    let tasks = json!(["Call anna", "Paint the fence", "buy milk"]);
    let added = client.call("add_task", json!({ "tasks": tasks }));
    assert_eq!(
        added["note"],
        "similar to 3, and open too: 2 Call Anna; similar to 5, and open too: 1 Buy milk"
    );
}

#[test]
fn a_task_named_twice_is_changed_once() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.call(
        "add_task",
        json!({ "title": "one", "repeat": "daily", "due": "2099-01-01" }),
    );
    client.request(
        "tools/call",
        json!({ "name": "complete_task", "arguments": { "task_id": [1, 1] } }),
    );
    assert_eq!(get(&mut client, 1)["due"], "Fri 2099-01-02");
}

#[test]
fn more_than_twenty_deletions_must_be_confirmed() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let tasks: Vec<Value> = (0..41)
        .map(|n| json!({ "title": format!("n{n}") }))
        .collect();
    say(&mut client, "add_task", &json!({ "tasks": tasks }));
    let twenty: Vec<i64> = (1..=20).collect();
    let more: Vec<i64> = (21..=41).collect();
    for confirm in [
        json!({}),
        json!({ "confirm": 20 }),
        json!({ "confirm": 22 }),
    ] {
        let mut arguments = confirm;
        arguments["task_id"] = json!(more);
        let refusal = client.complaint("delete_task", arguments);
        assert!(
            refusal.contains("confirm") && refusal.contains("21"),
            "{refusal}"
        );
    }
    assert_eq!(client.tasks("all").len(), 41);
    say(&mut client, "delete_task", &json!({ "task_id": twenty }));
    assert_eq!(client.tasks("all").len(), 21);
    say(
        &mut client,
        "delete_task",
        &json!({ "task_id": more, "confirm": 21 }),
    );
    assert_eq!(client.tasks("trash").len(), 41);
}

#[test]
fn a_batch_has_a_most_and_a_least() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let many: Vec<Value> = (0..1001).map(|_| json!({ "title": "x" })).collect();
    let refusal = client.complaint("add_task", json!({ "tasks": many }));
    assert!(refusal.contains("1000"), "{refusal}");
    let refusal = client.complaint("add_task", json!({ "tasks": [] }));
    assert!(refusal.starts_with("title is missing"), "{refusal}");
    let refusal = client.complaint("complete_task", json!({ "task_id": [] }));
    assert!(refusal.starts_with("task_id"), "{refusal}");
    let added = client.call("add_task", json!({ "title": "one" }));
    assert_eq!((&added["id"], note(&added)), (&json!(1), ""));
}
