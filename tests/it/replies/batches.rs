//! What is said of many tasks at once.

use serde_json::{Value, json};

use super::{MOST, ids_in, next_call, say};
use crate::support::{Client, Dialect, Home};

fn titles(count: usize) -> Vec<Value> {
    (1..=count)
        .map(|n| json!({ "title": format!("task number {n} {}", "with a long title ".repeat(6)) }))
        .collect()
}

/// Follows the calls that replies name, and returns the ids at the beginnings of the lines.
fn followed(client: &mut Client, first: &str) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut text = first.to_owned();
    loop {
        ids.extend(ids_in(&text));
        let call = match text.rsplit_once(" more changes; from here on: cursor:\"") {
            Some((_, cursor)) => {
                let cursor = cursor.split('"').next().unwrap();
                json!({ "view": "changed", "cursor": cursor, "limit": 200 })
            }
            None => match next_call(&text, "list_tasks") {
                Some(call) => Value::Object(call),
                None => return ids,
            },
        };
        text = say(client, "list_tasks", &call);
        assert!(text.len() <= MOST, "{}", text.len());
    }
}

#[test]
fn a_batch_tells_its_first_tasks_whole_and_the_call_for_the_rest() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        let all: Vec<i64> = (1..=500).collect();
        let steps = [
            ("add_task", json!({ "tasks": titles(500) }), "Added 500:\n"),
            (
                "update_task",
                json!({ "task_id": all, "priority": "low" }),
                "Updated 500:\n",
            ),
            (
                "complete_task",
                json!({ "task_id": all }),
                "Completed 500:\n",
            ),
            (
                "delete_task",
                json!({ "task_id": all, "confirm": 500 }),
                "Moved to the trash 500:\n",
            ),
        ];
        for (tool, arguments, start) in steps {
            let text = say(&mut client, tool, &arguments);
            assert!(text.starts_with(start), "{text}");
            assert!(text.contains("-500)"), "the ids left out: {text}");
            let ids = followed(&mut client, &text);
            assert_eq!(ids, all, "{tool}");
        }
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
    assert!(text.ends_with("To do it again: undo group:501"), "{text}");
    let call = next_call(text.rsplit_once(". To do").unwrap().0, "list_tasks").unwrap();
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
    assert_eq!(added, "Added 2:\n1 a\n2 b");
    let undone = say(&mut client, "undo", &json!({}));
    assert_eq!(
        undone,
        "Undone: the add of group 1: 1 a (now in the trash); 2 b (now in the trash). To do it again: undo group:3"
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
    assert!(text.contains("1 is done for this time; next: "), "{text}");
    let more = text.lines().last().unwrap();
    assert!(more.contains("more notes"), "{more}");
}
