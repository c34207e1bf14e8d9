//! A task's fields, batches, keys, repetition, undo, sessions, history, and what a refusal says.
//!
//! Dates are far in the future unless a test is about the past: nothing here depends on the day it runs.

mod batches;
mod dates;
mod keys;
mod places;
mod repeating;
mod undoing;
mod windows;

use serde_json::{Value, json};

use crate::support::{Client, Dialect, Home, Wiring, initialize};

/// Returns a server that speaks to a client of this name.
pub(crate) fn connect_as(home: &Home, name: &str) -> Client {
    let mut client = home.start(Dialect::Legacy);
    let mut params = initialize("2025-11-25");
    params["clientInfo"]["name"] = json!(name);
    client.request("initialize", params);
    client.notify("notifications/initialized", json!({}));
    client
}

/// Returns a server whose user is in `zone`.
pub(crate) fn connect_in(home: &Home, zone: &str) -> Client {
    let mut command = home.command(&["mcp"]);
    command.env("TZ", zone);
    let mut client = Client::start(command, Dialect::Legacy, Wiring::Pipes);
    client.greet();
    client
}

/// Returns the text a tool answers with, which must not be a refusal.
fn say(client: &mut Client, tool: &str, arguments: &Value) -> String {
    let result = client.request(
        "tools/call",
        json!({ "name": tool, "arguments": arguments }),
    );
    assert_ne!(result["isError"], true, "{tool} {arguments}: {result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

/// Adds tasks with nothing but these titles.
fn add(client: &mut Client, titles: &[&str]) {
    for title in titles {
        client.call("add_task", json!({ "title": title }));
    }
}

/// Returns a task as `get_task` shows it, without what else the reply may tell.
fn get(client: &mut Client, id: i64) -> Value {
    let mut task = client.call("get_task", json!({ "task_id": id }));
    task.as_object_mut().unwrap().remove("news");
    task
}

/// Returns the note of an answer, or nothing.
fn note(answer: &Value) -> &str {
    answer["note"].as_str().unwrap_or_default()
}

#[test]
fn every_field_given_on_add_is_shown_by_get_task() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    add(&mut client, &["the whole", "before it"]);
    client.call(
        "add_task",
        json!({
            "title": "water the plants",
            "description": "the fern too",
            "priority": "high",
            "due": "2099-01-05 18:00",
            "defer_until": "2099-01-03",
            "repeat": "every monday",
            "project": "Home & Garden",
            "tags": ["green", "can-wait"],
            "parent": 1,
            "depends_on": [2],
        }),
    );
    let task = get(&mut connect_as(&home, "another"), 3);
    let expected = json!({
        "id": 3,
        "title": "water the plants",
        "description": "the fern too",
        "status": "pending",
        "priority": "high",
        "due": "Mon 2099-01-05 18:00 +00:00",
        "defer_until": "Sat 2099-01-03",
        "project": "Home & Garden",
        "tags": ["can-wait", "green"],
        "parent": 1,
        "depends_on": [2],
        "rev": 1,
        "created_by": "support",
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(task[field], *value, "{field} in {task}");
    }
    let repeat = task["repeat"].as_str().unwrap();
    assert!(
        repeat.starts_with("every") && repeat.contains("Mon"),
        "{repeat}"
    );
}

#[test]
fn what_an_update_leaves_out_stays_and_an_empty_value_clears() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["one", "two"]);
    let fields = json!({
        "title": "three", "description": "d", "priority": "low", "due": "2099-01-01", "defer_until": "2098-01-01",
        "project": "P", "tags": ["t"], "parent": 1, "depends_on": [2],
    });
    client.call("add_task", fields.clone());
    let cleared = [
        ("description", json!("")),
        ("priority", json!("")),
        ("due", json!("")),
        ("defer_until", json!("")),
        ("project", json!("")),
        ("tags", json!([])),
        ("parent", json!("")),
        ("depends_on", json!([])),
    ];
    for (cleared, (field, nothing)) in cleared.iter().enumerate().map(|(n, one)| (n + 1, one)) {
        client.call("update_task", json!({ "task_id": 3, *field: nothing }));
        let task = get(&mut client, 3);
        let value = task.get(*field).unwrap_or(&Value::Null);
        assert!(value.is_null() || *value == "", "{field} in {task}");
        let gone = |field: &&String| task.get(*field).is_none_or(|value| *value == "");
        let left = fields.as_object().unwrap().keys().filter(gone).count();
        assert_eq!(left, cleared, "clearing {field} took more: {task}");
    }
}

#[test]
fn status_and_priority_are_read_from_the_words_people_use() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["one"]);
    let words = [
        ("status", "wip", "in_progress"),
        ("status", "Done", "completed"),
        ("status", "todo", "pending"),
        ("status", "doing", "in_progress"),
        ("status", "canceled", "cancelled"),
        ("priority", "urgent", "high"),
        ("priority", "P2", "medium"),
        ("priority", "p1", "high"),
        ("priority", "lowest", "low"),
    ];
    for (field, word, meaning) in words {
        let reply = client.call("update_task", json!({ "task_id": 1, field: word }));
        assert!(reply.get("note").is_none(), "{reply}");
        assert_eq!(get(&mut client, 1)[field], meaning, "{word}");
    }
    for (field, choice) in [("status", "in_progress"), ("priority", "medium")] {
        let refusal = client.complaint("update_task", json!({ "task_id": 1, field: "someday" }));
        assert!(
            refusal.contains(field) && refusal.contains("someday") && refusal.contains(choice),
            "{refusal}"
        );
    }
}

#[test]
fn tags_are_read_from_a_list_and_from_comma_text() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let spellings = [
        json!(["a", "b"]),
        json!("a,b"),
        json!("#b, #a"),
        json!("[\"a\", \"b\"]"),
    ];
    for spelling in spellings {
        let task = client.call("add_task", json!({ "title": "x", "tags": spelling }));
        let task = get(&mut client, task["id"].as_i64().unwrap());
        assert_eq!(task["tags"], json!(["a", "b"]), "{spelling}");
    }
}

#[test]
fn comments_append_and_say_who_made_them_unless_it_was_the_reader() {
    let home = Home::new();
    let mut anna = connect_as(&home, "anna");
    let mut ben = connect_as(&home, "ben");
    add(&mut anna, &["one"]);
    anna.call("update_task", json!({ "task_id": 1, "comment": "first" }));
    ben.call(
        "update_task",
        json!({ "task_id": 1, "comment": "second\nline" }),
    );
    let comments = get(&mut anna, 1)["comments"].take();
    let said: Vec<_> = comments
        .as_array()
        .unwrap()
        .iter()
        .map(|comment| (&comment["by"], &comment["text"]))
        .collect();
    assert_eq!(
        said,
        [
            (&json!("ben"), &json!("second\nline")),
            (&json!(null), &json!("first"))
        ]
    );
}

#[test]
fn an_update_for_another_revision_is_refused() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    add(&mut client, &["one"]);
    client.call(
        "update_task",
        json!({ "task_id": 1, "title": "uno", "if_rev": 1 }),
    );
    let refusal = client.complaint(
        "update_task",
        json!({ "task_id": 1, "title": "ein", "if_rev": 1 }),
    );
    assert!(refusal.contains("rev 2"), "{refusal}");
    assert_eq!(get(&mut client, 1)["title"], "uno");
}

#[test]
fn a_similar_open_task_is_named_and_never_refused() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let first = client.call("add_task", json!({ "title": "Fix the login" }));
    assert_eq!(note(&first), "", "{first}");
    let second = client.call("add_task", json!({ "title": "fix login" }));
    assert_eq!(second["id"], 2);
    assert!(note(&second).contains("1 Fix the login"), "{second}");
    let other = client.call("add_task", json!({ "title": "fix the car" }));
    assert_eq!(note(&other), "", "{other}");
    say(&mut client, "complete_task", &json!({ "task_id": [1, 2] }));
    let third = client.call("add_task", json!({ "title": "fix login" }));
    assert_eq!(note(&third), "", "finished ones are not meant: {third}");
}

#[test]
fn a_task_that_is_not_there_suggests_a_near_one() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    for n in 1..=12 {
        add(&mut client, &[&format!("number {n}")]);
    }
    for (asked, near) in [
        (21, "12 'number 12'"),
        (13, "12 'number 12'"),
        (99, "9 'number 9'"),
    ] {
        let refusal = client.complaint("get_task", json!({ "task_id": asked }));
        assert!(
            refusal.starts_with(&format!("Task {asked} not found"))
                && refusal.contains(near)
                && refusal.contains("list_tasks"),
            "{refusal}"
        );
    }
    client.call("delete_task", json!({ "task_id": 12 }));
    let refusal = client.complaint("complete_task", json!({ "task_id": 21 }));
    assert!(
        !refusal.contains("number 12"),
        "one in the trash: {refusal}"
    );
}

#[test]
fn a_task_in_the_trash_is_refused_with_the_way_back() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["one"]);
    client.call("delete_task", json!({ "task_id": 1 }));
    for (tool, arguments) in [
        ("update_task", json!({ "task_id": 1, "title": "uno" })),
        ("complete_task", json!({ "task_id": 1 })),
        ("delete_task", json!({ "task_id": 1 })),
        ("add_task", json!({ "title": "two", "parent": 1 })),
    ] {
        let refusal = client.complaint(tool, arguments);
        assert!(
            refusal.contains("trash") && refusal.contains("\"pending\""),
            "{tool}: {refusal}"
        );
    }
    say(&mut client, "undo", &json!({}));
    assert!(get(&mut client, 1).get("deleted_at").is_none());
}

#[test]
fn a_task_may_not_wait_for_itself_or_be_part_of_itself() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.call("add_task", json!({ "title": "one" }));
    client.call(
        "add_task",
        json!({ "title": "two", "parent": 1, "depends_on": [1] }),
    );
    client.call(
        "add_task",
        json!({ "title": "three", "parent": 2, "depends_on": [1, 2] }),
    );
    let rounds = [
        (1, json!({ "task_id": 1, "parent": 1 }), "1 -> 1"),
        (1, json!({ "task_id": 1, "parent": 3 }), "1 -> 3 -> 2 -> 1"),
        (1, json!({ "task_id": 1, "depends_on": [1] }), "1 -> 1"),
        (2, json!({ "task_id": 2, "depends_on": [3] }), "2 -> 3 -> 2"),
        (1, json!({ "task_id": 1, "depends_on": [2] }), "1 -> 2 -> 1"),
    ];
    for (id, arguments, way) in rounds {
        let before = get(&mut client, id);
        let refusal = client.complaint("update_task", arguments.clone());
        assert!(refusal.contains(way), "{arguments}: {refusal}");
        assert_eq!(get(&mut client, id), before, "{arguments}");
    }
}

#[test]
fn completing_a_parent_names_its_open_subtasks() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["trip"]);
    for title in ["tickets", "hotel", "passport"] {
        client.call("add_task", json!({ "title": title, "parent": 1 }));
    }
    client.call("complete_task", json!({ "task_id": 3 }));
    let done = client.call("complete_task", json!({ "task_id": 1 }));
    assert_eq!(done["status"], "completed");
    assert!(note(&done).contains("subtasks: 2, 4"), "{done}");
}

#[test]
fn deleting_a_task_names_those_that_waited_for_it() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["one", "two"]);
    client.call(
        "add_task",
        json!({ "title": "three", "depends_on": [1, 2] }),
    );
    let gone = client.call("delete_task", json!({ "task_id": 1 }));
    assert_eq!(gone["success"], true);
    assert!(note(&gone).contains('3'), "{gone}");
}

#[test]
fn what_waits_for_a_round_of_a_series_waits_no_longer_when_that_is_done() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.call(
        "add_task",
        json!({ "title": "one", "repeat": "daily", "due": "2099-01-01" }),
    );
    client.call("add_task", json!({ "title": "two", "depends_on": [1] }));
    let done = client.call("complete_task", json!({ "task_id": 1 }));
    assert_eq!(done["status"], "pending", "{done}");
    assert!(
        note(&done).contains("no longer waiting for it: 2"),
        "{done}"
    );
    assert!(get(&mut client, 2).get("depends_on").is_none());
}

#[test]
fn an_argument_a_tool_does_not_have_is_named_with_those_it_has() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let near = client.complaint("update_task", json!({ "task_id": 1, "titel": "x" }));
    assert!(near.contains("\"titel\"; did you mean title?"), "{near}");
    let far = client.complaint("add_task", json!({ "title": "x", "frequency": "x" }));
    assert!(
        far.contains("\"frequency\"") && far.contains("repeat"),
        "{far}"
    );
    assert!(!far.contains("\" It"), "two sentences run into one: {far}");
}
