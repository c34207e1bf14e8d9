//! What is said of many tasks at once.

use serde_json::{Value, json};

use super::{MOST, ids_in, next_call, say};
use crate::support::{Client, Dialect, Home};

fn titles(count: usize) -> Vec<Value> {
    (1..=count)
        .map(|n| json!({ "title": format!("task number {n} {}", "with a long title ".repeat(6)) }))
        .collect()
}

/// Returns the ids that a reply tells of, and the call for the rest.
fn told(text: &str) -> (Vec<i64>, Option<Value>) {
    let Ok(reply) = serde_json::from_str::<Value>(text) else {
        let next = match text.rsplit_once(" more changes; from here on: cursor:\"") {
            Some((_, cursor)) => {
                let cursor = cursor.split('"').next().unwrap();
                Some(json!({ "view": "changed", "cursor": cursor, "limit": 200 }))
            }
            None => next_call(text, "list_tasks").map(Value::Object),
        };
        return (ids_in(text), next);
    };
    let tasks = reply["tasks"].as_array().or(reply["deleted"].as_array());
    let ids = tasks
        .unwrap()
        .iter()
        .map(|task| task["id"].as_i64().unwrap());
    let more = reply["more"].as_str();
    assert!(
        more.is_none_or(|more| more.contains("-500)")),
        "the ids left out: {text}"
    );
    let next = more.and_then(|more| next_call(more, "list_tasks"));
    (ids.collect(), next.map(Value::Object))
}

/// Follows the calls that replies name, and returns the ids of the tasks they tell of.
fn followed(client: &mut Client, first: &str) -> Vec<i64> {
    let (mut ids, mut next) = told(first);
    while let Some(call) = next {
        let text = say(client, "list_tasks", &call);
        assert!(text.len() <= MOST, "{}", text.len());
        let (more, after) = told(&text);
        ids.extend(more);
        next = after;
    }
    ids
}

#[test]
fn a_batch_tells_its_first_tasks_whole_and_the_call_for_the_rest() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        let all: Vec<i64> = (1..=500).collect();
        let added = client.call("add_task", json!({ "tasks": titles(500) }));
        assert_eq!(added, json!({ "added": "1-500" }));
        let steps = [
            ("update_task", json!({ "task_ids": all, "priority": "low" })),
            ("complete_task", json!({ "task_ids": all })),
            ("delete_task", json!({ "task_ids": all, "confirm": 500 })),
        ];
        for (tool, arguments) in steps {
            let text = say(&mut client, tool, &arguments);
            assert!(text.len() <= MOST, "{}", text.len());
            assert!(text.contains("\"more\""), "{text}");
            let ids = followed(&mut client, &text);
            assert_eq!(ids, all, "{tool}");
        }
    }
}

#[test]
fn of_a_batch_with_dates_in_words_each_is_told_as_far_as_there_is_room() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let tasks: Vec<Value> = (1..=500)
        .map(|n| json!({ "title": format!("task {n}"), "due": if n % 2 == 0 { "2031-01-01" } else { "jan 1 2031" } }))
        .collect();
    let text = say(&mut client, "add_task", &json!({ "tasks": tasks }));
    assert!(text.len() <= MOST, "{}", text.len());
    let reply: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(reply["added"], "1-500");
    let first = json!({ "id": 1, "title": "task 1", "due": "Wed 2031-01-01" });
    assert_eq!(
        (&reply["tasks"][0], &reply["tasks"][1]["id"]),
        (&first, &json!(3))
    );
    let more = reply["more"].as_str().unwrap();
    assert!(
        more.starts_with("get_task shows ") && more.ends_with(", 499"),
        "{more}"
    );
}

#[test]
fn what_is_told_of_one_of_several_is_what_is_told_of_one() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.call("add_task", json!({ "tasks": ["a", "b", "c"] }));
    let one = client.call(
        "update_task",
        json!({ "task_id": 3, "due": "2031-01-01T09:00" }),
    );
    let two = client.call(
        "update_task",
        json!({ "task_ids": [1, 2], "due": "2031-01-01T09:00" }),
    );
    let fields = |task: &Value| {
        let fields = task.as_object().unwrap().keys();
        fields.cloned().collect::<Vec<_>>()
    };
    assert_eq!(fields(&one), ["id", "title", "due", "rev"]);
    for task in two["tasks"].as_array().unwrap() {
        assert_eq!(fields(task), fields(&one), "{two}");
    }
}

#[test]
fn an_undone_batch_says_how_many_and_how_to_do_it_again() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    say(&mut client, "add_task", &json!({ "tasks": titles(500) }));
    let text = say(&mut client, "undo", &json!({}));
    assert!(text.len() <= MOST);
    assert!(
        text.starts_with("Undone: the add of group 1: 1 task number 1 "),
        "{text}"
    );
    assert!(text.contains("(now in the trash)"), "{text}");
    assert!(text.contains("-500)"), "{text}");
    assert!(text.ends_with("Redo: undo group:501"), "{text}");
    let call = next_call(text.rsplit_once(". Redo").unwrap().0, "list_tasks").unwrap();
    let next = say(&mut client, "list_tasks", &Value::Object(call));
    let last_told = text.matches("(now in the trash)").count();
    let first_next: usize = next
        .lines()
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(first_next, last_told + 1, "{text}\n{next}");
}

#[test]
fn a_batch_that_is_short_is_told_as_before() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let added = say(
        &mut client,
        "add_task",
        &json!({ "tasks": [{ "title": "a" }, { "title": "b" }] }),
    );
    assert_eq!(added, r#"{"added":"1-2"}"#);
    let undone = say(&mut client, "undo", &json!({}));
    assert_eq!(
        undone,
        "Undone: the add of group 1: 1 a (now in the trash); 2 b (now in the trash). Redo: undo group:3"
    );
}

#[test]
fn of_many_notes_the_first_are_told_and_how_many_more() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let tasks: Vec<Value> = (0..300)
        .map(|n| json!({ "title": format!("t{n}"), "repeat": "daily", "due": "2026-01-01" }))
        .collect();
    say(&mut client, "add_task", &json!({ "tasks": tasks }));
    let ids: Vec<i64> = (1..=300).collect();
    let text = say(&mut client, "complete_task", &json!({ "task_id": ids }));
    assert!(text.len() <= MOST, "{}", text.len());
    assert!(text.contains("1: completed the round of "), "{text}");
    let more = text.lines().last().unwrap();
    assert!(more.contains("more notes"), "{more}");
}
