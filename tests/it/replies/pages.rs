//! Lists whose tasks do not fit: a page ends earlier, and nothing is told twice or left out.

use serde_json::{Value, json};

use super::{MOST, call_all, ids_in, next_call, say};
use crate::support::{Client, Dialect, Home};

fn fill(client: &mut Client) {
    let task = |n: usize| {
        json!({
            "title": format!("{n} {}", "🦀".repeat(n * 7 % 400)),
            "description": "d".repeat(n * n * 10 % 20_000),
        })
    };
    let tasks: Vec<Value> = (0..90).map(task).collect();
    say(client, "add_task", &json!({ "tasks": tasks }));
}

#[test]
fn every_task_is_on_one_page_whatever_the_length_of_the_lines() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        fill(&mut client);
        for view in ["open", "all"] {
            let mut arguments = json!({ "view": view, "limit": 60 });
            let (mut ids, mut pages) = (Vec::new(), 0);
            loop {
                let text = say(&mut client, "list_tasks", &arguments);
                assert!(text.len() <= MOST);
                pages += 1;
                ids.extend(ids_in(&text));
                let Some((_, cursor)) = text.rsplit_once("cursor:\"") else {
                    break;
                };
                arguments["cursor"] = json!(cursor.trim_end_matches('"'));
            }
            ids.sort_unstable();
            assert_eq!(ids, (1..=90).collect::<Vec<i64>>(), "{view}");
            assert!(pages > 2, "{pages}");
        }
    }
}

#[test]
fn a_list_for_programs_has_every_task_once() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    fill(&mut client);
    let tasks = client.tasks("all");
    let mut ids: Vec<i64> = tasks
        .iter()
        .map(|task| task["id"].as_i64().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=90).collect::<Vec<i64>>());
    // Whole, where it fits into a reply at all.
    for task in tasks {
        let n = task["id"].as_u64().unwrap() - 1;
        let (length, text) = (n * n * 10 % 20_000, task["description"].as_str().unwrap());
        if length < 8_000 {
            assert_eq!(text.len() as u64, length, "{n}");
        }
        if length > 11_500 {
            assert!(text.contains("more characters: get_task"), "{n}");
        }
    }
}

#[test]
fn what_changed_is_told_to_the_end_page_by_page() {
    for format in ["text", "json"] {
        let home = Home::new();
        let mut writer = home.connect(Dialect::Legacy);
        fill(&mut writer);
        let title = |n: usize| json!({ "task_id": n, "priority": "high" });
        call_all(&mut writer, "update_task", (1..=40).map(title));
        let mut client = home.connect(Dialect::Legacy);
        let mut arguments =
            json!({ "view": "changed", "cursor": "changed.0", "format": format, "limit": 200 });
        let mut ids = Vec::new();
        loop {
            let text = say(&mut client, "list_tasks", &arguments);
            assert!(text.len() <= MOST, "{}", text.len());
            let before = ids.len();
            let cursor = if format == "json" {
                let page: Value = serde_json::from_str(&text).unwrap();
                let tasks = page["tasks"].as_array().unwrap();
                ids.extend(tasks.iter().map(|task| task["id"].as_i64().unwrap()));
                page["next_cursor"].clone()
            } else {
                ids.extend(ids_in(&text));
                next_call(
                    &format!("list_tasks {}", text.rsplit_once(": ").unwrap().1),
                    "list_tasks",
                )
                .unwrap()
                .remove("cursor")
                .unwrap()
            };
            if ids.len() == before {
                break;
            }
            arguments["cursor"] = cursor;
        }
        // Those changed again come in the order of their last change.
        let mut wanted: Vec<i64> = (41..=90).collect();
        wanted.extend(1..=40);
        assert_eq!(ids, wanted, "{format}");
    }
}

#[test]
fn a_list_of_today_shows_many_tasks_although_one_is_long() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let mut tasks =
        vec![json!({ "title": "fat", "description": "f".repeat(60_000), "due": "2020-01-01" })];
    tasks.extend((0..20).map(|n| {
        json!({ "title": format!("lean {n}"), "description": "short enough", "due": "2020-01-02" })
    }));
    tasks.extend((0..200).map(
        |n| json!({ "title": format!("other {n} {}", "o".repeat(200)), "due": "2020-01-03" }),
    ));
    say(&mut client, "add_task", &json!({ "tasks": tasks }));
    for uri in ["tasks://today", "tasks://overdue"] {
        let text = client.read(uri);
        assert!(text.len() <= MOST);
        assert!(
            text.contains("more characters: get_task task_id:1 cursor:\"description."),
            "{text}"
        );
        assert_eq!(text.matches("   short enough\n").count(), 20, "{text}");
        let shown = text.matches("⏳").count();
        let left = 221 - shown;
        assert!(shown > 30, "{shown}");
        assert!(
            text.contains(&format!("... and {left} more: list_tasks view:\"")),
            "{text}"
        );
        let call = next_call(&text, "list_tasks").unwrap();
        let next = say(&mut client, "list_tasks", &Value::Object(call));
        let (first, _) = next.lines().nth(1).unwrap().split_once(' ').unwrap();
        assert_eq!(first, (shown + 1).to_string(), "{next}");
    }
}
