//! What was finished: its dates, and the rounds of series.

use serde_json::{Value, json};

use super::{add, list, titles};
use crate::support::{Client, Dialect, Home};

/// Returns the lines of a list, without its heading.
fn lines(client: &mut Client, arguments: &Value) -> Vec<String> {
    let text = list(client, arguments);
    text.lines().skip(1).map(ToOwned::to_owned).collect()
}

/// Returns the first word of each line: the id.
fn ids(client: &mut Client, arguments: &Value) -> Vec<String> {
    let lines = lines(client, arguments);
    let id = |line: &String| line.split(' ').next().unwrap().to_owned();
    lines.iter().map(id).collect()
}

fn a_series_and_a_task(client: &mut Client) {
    add(
        client,
        &json!([
            { "title": "water the plants", "due": "2026-01-05", "repeat": "every day", "project": "Home" },
            { "title": "call Anna", "project": "Family" },
        ]),
    );
    client.call("complete_task", json!({ "task_id": 1 }));
    client.call("complete_task", json!({ "task_id": 2 }));
}

/// Finishes another round of the series, of a date that has come.
fn finish_a_round(client: &mut Client) {
    client.call("update_task", json!({ "task_id": 1, "due": "2026-01-05" }));
    client.call("complete_task", json!({ "task_id": 1 }));
}

#[test]
fn finished_rounds_of_a_series_are_among_the_completed_with_their_dates() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    a_series_and_a_task(&mut client);
    let text = list(&mut client, &json!({ "view": "completed" }));
    assert!(
        text.lines().next().unwrap().contains("2 completed"),
        "{text}"
    );
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert!(lines[0].starts_with("2 call Anna (done "), "{text}");
    assert!(
        lines[1].starts_with("1 water the plants (round done "),
        "{text}"
    );
    assert!(lines[1].contains("due Mon 01-05"), "{text}");
    let page = client.call(
        "list_tasks",
        json!({ "view": "completed", "format": "json", "project": "home" }),
    );
    let round = &page["tasks"][0];
    assert_eq!(round["id"], 1);
    assert_eq!(round["status"], "completed");
    assert_eq!(round["due"], "2026-01-05");
    assert!(round["completed_at"].is_string(), "{round}");
}

#[test]
fn what_was_completed_is_found_by_when() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    a_series_and_a_task(&mut client);
    add(&mut client, &json!([{ "title": "open still" }]));
    let both = ["2", "1"];
    for (arguments, wanted) in [
        (json!({ "completed_after": "today" }), &both[..]),
        (json!({ "completed_before": "today" }), &both),
        (json!({ "completed_after": "this week" }), &both),
        (json!({ "completed_after": "tomorrow" }), &[]),
        (json!({ "completed_before": "yesterday" }), &[]),
        (
            json!({ "completed_after": "today", "due_before": "2026-01-05" }),
            &["1"],
        ),
        (
            json!({ "completed_after": "today", "due_before": "2026-01-04" }),
            &[],
        ),
        (json!({ "completed_after": "today", "view": "all" }), &["2"]),
    ] {
        assert_eq!(ids(&mut client, &arguments), wanted, "{arguments}");
    }
    let refusal = client.complaint(
        "list_tasks",
        json!({ "view": "open", "completed_after": "today" }),
    );
    assert!(refusal.contains("has no completed tasks"), "{refusal}");
}

#[test]
fn undoing_a_completion_takes_the_round_out_and_undoing_that_brings_it_back() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    a_series_and_a_task(&mut client);
    finish_a_round(&mut client);
    let completed = json!({ "view": "completed" });
    assert_eq!(ids(&mut client, &completed), ["1", "2", "1"]);
    client.request("tools/call", json!({ "name": "undo", "arguments": {} }));
    assert_eq!(ids(&mut client, &completed), ["2", "1"]);
    let heading = list(&mut client, &completed);
    assert!(heading.contains("2 completed"), "{heading}");
    let undone: i64 = 7;
    client.request(
        "tools/call",
        json!({ "name": "undo", "arguments": { "group": undone } }),
    );
    assert_eq!(ids(&mut client, &completed), ["1", "2", "1"]);
}

#[test]
fn a_search_among_the_completed_finds_the_last_round_of_a_series() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    a_series_and_a_task(&mut client);
    finish_a_round(&mut client);
    for words in ["water", "call"] {
        for filters in [
            json!({ "view": "completed" }),
            json!({ "completed_after": "today" }),
        ] {
            let mut arguments = filters;
            arguments["query"] = json!(words);
            let found = lines(&mut client, &arguments);
            assert_eq!(found.len(), 1, "{words}: {found:?}");
            assert!(
                found[0].contains(words) && found[0].contains("done "),
                "{found:?}"
            );
        }
    }
    let past = json!({ "query": "water", "completed_before": "2020-01-01" });
    assert!(ids(&mut client, &past).is_empty());
    for _ in 0..3 {
        client.request("tools/call", json!({ "name": "undo", "arguments": {} }));
    }
    assert_eq!(
        ids(
            &mut client,
            &json!({ "query": "water", "view": "completed" })
        ),
        ["1"]
    );
}

#[test]
fn rounds_and_tasks_are_paged_together() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    a_series_and_a_task(&mut client);
    for _ in 0..3 {
        finish_a_round(&mut client);
    }
    let whole = titles(&mut client, json!({ "view": "completed" }));
    assert_eq!(whole.len(), 5);
    let mut paged = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut arguments = json!({ "view": "completed", "format": "json", "limit": 1 });
        if cursor.is_string() {
            arguments["cursor"] = cursor;
        }
        let page = client.call("list_tasks", arguments);
        paged.extend(
            page["tasks"]
                .as_array()
                .unwrap()
                .iter()
                .map(|task| task["title"].as_str().unwrap().to_owned()),
        );
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(paged, whole);
}

#[test]
fn dates_of_completion_lie_behind() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let today = chrono::Utc::now().date_naive();
    let day = today - chrono::Days::new(40);
    let said = day.format("%b %-d").to_string();
    for (after, from) in [
        (said.as_str(), day),
        ("00:00", today),
        ("monday 00:00", today),
    ] {
        let text = list(&mut client, &json!({ "completed_after": after }));
        let heading = text.lines().next().unwrap();
        let date = heading.rsplit_once("done ").unwrap().1;
        let read = date
            .split(' ')
            .find_map(|word| word.parse::<chrono::NaiveDate>().ok());
        let read = read.unwrap_or_else(|| panic!("{heading}"));
        let earliest = if after.starts_with("mon") {
            from - chrono::Days::new(7)
        } else {
            from
        };
        assert!((earliest..=from).contains(&read), "{after}: {heading}");
    }
    let ahead = list(&mut client, &json!({ "completed_before": "tomorrow" }));
    let tomorrow = today.succ_opt().unwrap().to_string();
    assert!(ahead.contains(&tomorrow), "{ahead}");
}

#[test]
fn an_update_that_completes_finishes_a_round_too() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(
        &mut client,
        &json!([{ "title": "water the plants", "due": "2026-01-05", "repeat": "every day" }]),
    );
    client.call("update_task", json!({ "task_id": 1, "due": "2026-01-06" }));
    assert!(ids(&mut client, &json!({ "view": "completed" })).is_empty());
    client.call(
        "update_task",
        json!({ "task_id": 1, "status": "completed", "comment": "and the cactus" }),
    );
    assert_eq!(ids(&mut client, &json!({ "view": "completed" })), ["1"]);
}
