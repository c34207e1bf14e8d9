//! Pages: every task that stays is met once, whatever happens in between.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{add, list};
use crate::support::{Client, Dialect, Home};

/// Adds `count` tasks with dates, priorities and titles that put them in another order than they come in.
fn fill(client: &mut Client, count: i64) {
    let tasks: Vec<Value> = (1..=count)
        .map(|n| {
            let mut task = json!({ "title": format!("number {n}") });
            if n % 3 != 0 {
                task["due"] = json!(format!("2099-01-{:02}", n * 7 % 28 + 1));
            }
            if n % 4 == 0 {
                task["priority"] = json!(["high", "low"][usize::from(n % 8 == 0)]);
            }
            task
        })
        .collect();
    add(client, &json!(tasks));
}

/// Visits all pages of ten, with something done after each, and returns how often each task was met.
fn visits(
    client: &mut Client,
    arguments: &Value,
    mut between: impl FnMut(&mut Client, &[i64]),
) -> BTreeMap<i64, u32> {
    let mut visits = BTreeMap::new();
    let mut arguments = arguments.clone();
    arguments["format"] = json!("json");
    arguments["limit"] = json!(10);
    loop {
        let page = client.call("list_tasks", arguments.clone());
        let ids: Vec<i64> = page["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["id"].as_i64().unwrap())
            .collect();
        assert!(ids.len() <= 10, "{ids:?}");
        for id in &ids {
            *visits.entry(*id).or_default() += 1;
        }
        let Some(cursor) = page.get("next_cursor") else {
            return visits;
        };
        assert_eq!(ids.len(), 10, "a short page in the middle");
        arguments["cursor"] = cursor.clone();
        between(client, &ids);
    }
}

fn assert_each_once(visits: &BTreeMap<i64, u32>, ids: impl Iterator<Item = i64>, context: &str) {
    for id in ids {
        assert_eq!(visits.get(&id), Some(&1), "task {id}, {context}");
    }
    assert!(
        visits.values().all(|times| *times == 1),
        "{context}: {visits:?}"
    );
}

#[test]
fn every_view_is_visited_once_page_by_page() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    fill(&mut client, 90);
    let completed: Vec<i64> = (46..=90).collect();
    client.request(
        "tools/call",
        json!({ "name": "complete_task", "arguments": { "task_id": completed } }),
    );
    for (arguments, ids) in [
        (json!({ "view": "open" }), 1..=45),
        (json!({ "view": "ready" }), 1..=45),
        (json!({ "view": "completed" }), 46..=90),
        (json!({ "view": "all" }), 1..=90),
        (json!({ "query": "number" }), 1..=45),
        (json!({ "query": "number", "view": "all" }), 1..=90),
    ] {
        let met = visits(&mut client, &arguments, |_, _| {});
        assert_eq!(met.len(), ids.clone().count(), "{arguments}");
        assert_each_once(&met, ids, &arguments.to_string());
    }
}

#[test]
fn no_task_that_stays_is_skipped_or_met_twice_while_others_come_and_go() {
    for arguments in [
        json!({}),
        json!({ "view": "all" }),
        json!({ "query": "number" }),
    ] {
        let home = Home::new();
        let mut client = home.connect(Dialect::Legacy);
        fill(&mut client, 45);
        let mut gone = Vec::new();
        let met = visits(&mut client, &arguments, |client, ids| {
            // The last one met is where the cursor stands; the first is behind it, and a new one may be anywhere.
            let left = [ids[0], ids[9]];
            client.request(
                "tools/call",
                json!({ "name": "delete_task", "arguments": { "task_id": left } }),
            );
            gone.extend(left);
            add(
                client,
                &json!([
                    { "title": "number new" },
                    { "title": "number new, soon", "due": "2098-01-01" },
                    { "title": "number new, late", "due": "2099-12-31" },
                ]),
            );
        });
        assert!(gone.len() >= 8, "{gone:?}");
        assert_each_once(&met, 1..=45, &arguments.to_string());
    }
}

#[test]
fn a_task_completed_before_its_page_came_is_not_met() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    fill(&mut client, 45);
    // Number 24 has no date and a low priority: it is the last of all.
    let met = visits(&mut client, &json!({}), |client, _| {
        client.call("complete_task", json!({ "task_id": 24 }));
    });
    assert_eq!(met.len(), 44);
    assert!(!met.contains_key(&24));
}

#[test]
fn the_text_tells_how_to_go_on_until_there_is_no_more() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    fill(&mut client, 45);
    let (mut arguments, mut lines) = (json!({}), Vec::new());
    for left in [25, 5] {
        let text = list(&mut client, &arguments);
        let (tasks, more) = text.trim_end().rsplit_once('\n').unwrap();
        lines.extend(tasks.lines().skip(1).map(str::to_owned));
        assert!(more.starts_with(&format!("{left} more")), "{more}");
        arguments["cursor"] = json!(more.split('"').nth(1).unwrap());
    }
    let text = list(&mut client, &arguments);
    assert!(!text.contains("cursor"), "{text}");
    lines.extend(text.lines().skip(1).map(str::to_owned));
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), 45, "{lines:#?}");
}

#[test]
fn a_page_cut_for_length_goes_on_where_it_was_cut() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let tasks: Vec<Value> = (0..100)
        .map(|n| json!({ "title": format!("{n} {}", "x".repeat(480)) }))
        .collect();
    add(&mut client, &json!(tasks));
    let (mut arguments, mut ids) = (json!({ "limit": 200 }), Vec::new());
    loop {
        let text = list(&mut client, &arguments);
        assert!(text.len() < 16_000, "{} bytes", text.len());
        let id = |line: &str| {
            line.split(' ')
                .next()?
                .parse::<i64>()
                .ok()
                .filter(|_| line.contains("xxx"))
        };
        ids.extend(text.lines().filter_map(id));
        let Some((_, cursor)) = text.split_once("cursor:\"") else {
            break;
        };
        arguments["cursor"] = json!(cursor.split('"').next().unwrap());
    }
    assert_eq!(ids, (1..=100).collect::<Vec<i64>>());
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    fill(&mut client, 20);
    let page = client.call("list_tasks", json!({ "format": "json", "limit": 5 }));
    let cursor = page["next_cursor"].as_str().unwrap();
    for (arguments, reason) in [
        (json!({ "view": "all", "cursor": cursor }), "another view"),
        (
            json!({ "query": "number", "cursor": cursor }),
            "another view",
        ),
        (json!({ "cursor": "open.1.2" }), "none of ours"),
        (json!({ "cursor": "open.x.y.z" }), "none of ours"),
        (json!({ "cursor": format!("{cursor}.0") }), "none of ours"),
        (json!({ "cursor": "page 2" }), "another view"),
        (
            json!({ "view": "changed", "cursor": cursor }),
            "none of ours",
        ),
    ] {
        let refusal = client.complaint("list_tasks", arguments.clone());
        assert!(
            refusal.starts_with("cursor") && refusal.contains(reason),
            "{arguments}: {refusal}"
        );
    }
    for limit in [201, -1] {
        let refusal = client.complaint("list_tasks", json!({ "limit": limit }));
        assert!(
            refusal.starts_with("limit must be from 1 to 200"),
            "{refusal}"
        );
    }
}
