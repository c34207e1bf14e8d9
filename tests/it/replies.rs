//! Replies stay small: whatever the tasks hold, a model reads at most 11,500 bytes at once, is told what is left out, and
//! can have it.

use serde_json::{Map, Value, json};

use crate::support::{Client, Dialect, Home};

mod batches;
mod cut;
mod pages;
mod refusals;

/// The most that any form of a reply may have, in bytes.
const MOST: usize = 11_500;

/// What was found of replies that were too long.
#[derive(Default)]
struct TooLong(Vec<String>);

impl TooLong {
    /// Measures each form of an answer in which a host may hand it to its model.
    fn measure(&mut self, what: &str, answer: &Value) {
        let mut hold = |form: &str, bytes: usize| {
            if bytes > MOST {
                self.0.push(format!("{what}: {form} has {bytes} bytes"));
            }
        };
        assert!(
            answer["result"].is_object() || answer["error"].is_object(),
            "{what}: {answer}"
        );
        hold("the error", answer["error"].to_string().len());
        let result = &answer["result"];
        for form in [
            "content",
            "structuredContent",
            "contents",
            "messages",
            "completion",
        ] {
            hold(form, result[form].to_string().len());
        }
        for block in result["content"].as_array().into_iter().flatten() {
            hold("a text", block["text"].as_str().unwrap().len());
        }
    }

    /// Makes a request, measures the answer and returns it.
    fn request(&mut self, client: &mut Client, method: &str, params: Value) -> Value {
        let beginning: String = params.to_string().chars().take(120).collect();
        let id = client.send(method, params);
        let answer = client.answer(&id);
        self.measure(&format!("{method} {beginning}"), &answer);
        answer
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments are written in place with json!"
    )]
    fn call(&mut self, client: &mut Client, tool: &str, arguments: Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        self.request(client, "tools/call", params)
    }

    fn assert_none(&self) {
        assert!(self.0.is_empty(), "{:#?}", self.0);
    }
}

/// Returns the text of a tool's reply.
fn say(client: &mut Client, tool: &str, arguments: &Value) -> String {
    let params = json!({ "name": tool, "arguments": arguments });
    let result = client.request("tools/call", params);
    assert_ne!(result["isError"], true, "{tool} {arguments}: {result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

/// Makes many calls, some at once.
fn call_all(client: &mut Client, tool: &str, arguments: impl Iterator<Item = Value>) {
    let arguments: Vec<Value> = arguments.collect();
    for arguments in arguments.chunks(8) {
        let send = |arguments: &Value| client.send_call(tool, arguments.clone());
        let ids: Vec<Value> = arguments.iter().map(send).collect();
        for id in ids {
            let answer = client.answer(&id);
            assert_ne!(answer["result"]["isError"], true, "{answer}");
        }
    }
}

/// Returns the arguments of the call that a reply names for what it leaves out: `task_id:1 cursor:"x.1"`.
fn next_call(text: &str, tool: &str) -> Option<Map<String, Value>> {
    let (_, call) = text.rsplit_once(&format!("{tool} "))?;
    let call = call.split([']', '\n']).next()?;
    let mut arguments = Map::new();
    for argument in call.split_whitespace() {
        let (name, value) = argument.split_once(':')?;
        let value = value.trim_end_matches([';', '.', ',']);
        arguments.insert(name.to_owned(), serde_json::from_str(value).ok()?);
    }
    Some(arguments)
}

/// Returns the ids at the beginnings of the lines of a list.
fn ids_in(text: &str) -> Vec<i64> {
    let lines = text.lines().filter(|line| !line.contains("cursor:"));
    lines
        .filter_map(|line| line.split(' ').next()?.parse().ok())
        .collect()
}

/// Fills a database with what makes replies long.
fn fill(client: &mut Client) {
    let long = [
        "🦀".repeat(500),
        "\"".repeat(500),
        "\\".repeat(500),
        "plain words ".repeat(41),
    ];
    let tags: Vec<String> = (0..64)
        .map(|n| format!("{n:02}{}", "🏷".repeat(31)))
        .collect();
    let texts = [
        "🦀".repeat(16_384),
        "\"".repeat(65_536),
        "\\\n".repeat(32_768),
        "long and longer ".repeat(4_096),
    ];
    let fat = |n: usize| {
        json!({
            "title": long[n % 4],
            "description": texts[n % 4],
            "project": "🏡".repeat(100),
            "tags": tags,
            "due": "today",
            "priority": "high",
            "repeat": "every weekday",
        })
    };
    call_all(client, "add_task", (0..40).map(fat));
    let waiting: Vec<i64> = (1..=40).collect();
    let plain: Vec<Value> = (0..400)
        .map(|n| {
            json!({ "title": format!("{n} {}", long[n % 4].chars().take(490).collect::<String>()),
                         "project": format!("{n} {}", "🏠".repeat(90)),
                         "tags": [format!("{n}{}", "🔖".repeat(60))] })
        })
        .collect();
    say(client, "add_task", &json!({ "tasks": plain }));
    say(
        client,
        "add_task",
        &json!({ "title": "waits for many", "depends_on": (1..=440).collect::<Vec<i64>>() }),
    );
    say(
        client,
        "update_task",
        &json!({ "task_id": waiting, "status": "in_progress" }),
    );
    let comment =
        |n: usize| json!({ "task_id": 1, "comment": format!("{n} {}", "\"ö\"".repeat(300)) });
    call_all(client, "update_task", (0..80).map(comment));
    call_all(
        client,
        "update_task",
        (0..8).map(|_| json!({ "task_id": 2, "comment": "🗨".repeat(4_096) })),
    );
    let title = |n: usize| json!({ "task_id": 3, "title": format!("{n} {}", long[n % 4].chars().take(480).collect::<String>()) });
    call_all(client, "update_task", (0..300).map(title));
    call_all(
        client,
        "add_task",
        (0..40).map(|n| json!({ "title": format!("part {n} {}", "x".repeat(400)), "parent": 1 })),
    );
}

/// Calls every tool that only looks.
fn look(found: &mut TooLong, client: &mut Client) {
    for id in [1, 2, 3, 4, 50, 441] {
        for history in [false, true] {
            let arguments = json!({ "task_id": id, "history": history });
            found.call(client, "get_task", arguments);
        }
        let uri = format!("tasks://task/{id}");
        found.request(client, "resources/read", json!({ "uri": uri }));
    }
    for view in [
        "open",
        "ready",
        "today",
        "overdue",
        "blocked",
        "completed",
        "all",
        "trash",
        "stale",
        "changed",
        "in_progress",
    ] {
        for format in ["text", "json"] {
            for limit in [1, 20, 200] {
                let arguments = json!({ "view": view, "format": format, "limit": limit });
                found.call(client, "list_tasks", arguments);
            }
        }
    }
    for format in ["text", "json"] {
        let arguments = json!({ "query": "plain", "format": format, "limit": 200 });
        found.call(client, "list_tasks", arguments);
        let from_the_start = json!({ "view": "changed", "cursor": "changed.0", "format": format });
        found.call(client, "list_tasks", from_the_start);
    }
}

/// Reads lists and prompts, and has arguments completed.
fn read(found: &mut TooLong, client: &mut Client) {
    let project = format!("tasks://project/{}", "%F0%9F%8F%A1".repeat(100));
    let tag = format!(
        "tasks://tag/{}00{}",
        "%23".repeat(1_000),
        "%F0%9F%8F%B7".repeat(31)
    );
    for uri in ["tasks://today", "tasks://overdue", &project, &tag] {
        let read = found.request(client, "resources/read", json!({ "uri": uri }));
        let text = read["result"]["contents"][0]["text"].as_str().unwrap();
        assert!(!text.contains("No "), "{text}");
    }
    for name in [
        "plan_day",
        "weekly_review",
        "prioritize_tasks",
        "break_down_task",
        "task_summary_prompt",
    ] {
        for id in ["1", "2", "441"] {
            let params = json!({ "name": name, "arguments": { "task_id": id } });
            found.request(client, "prompts/get", params);
        }
    }
    for (uri, name) in [
        ("tasks://project/{name}", "name"),
        ("tasks://tag/{name}", "name"),
        ("tasks://task/{id}", "id"),
    ] {
        for typed in ["", "1", "🏡"] {
            let params = json!({
                "ref": { "type": "ref/resource", "uri": uri },
                "argument": { "name": name, "value": typed },
            });
            found.request(client, "completion/complete", params);
        }
    }
}

/// Changes one task and many.
fn change(found: &mut TooLong, client: &mut Client) {
    for id in [1, 4, 441] {
        for arguments in [
            json!({ "task_id": id, "priority": "low" }),
            json!({ "task_id": id, "comment": "one more" }),
            json!({ "task_id": id, "status": "cancelled" }),
        ] {
            found.call(client, "update_task", arguments);
        }
        for tool in ["complete_task", "delete_task", "undo"] {
            let arguments = if tool == "undo" {
                json!({})
            } else {
                json!({ "task_id": id })
            };
            found.call(client, tool, arguments);
        }
    }
    let all: Vec<i64> = (1..=440).collect();
    let steps = [
        (
            "update_task",
            json!({ "task_id": all, "priority": "medium" }),
        ),
        ("undo", json!({})),
        ("complete_task", json!({ "task_id": all })),
        ("undo", json!({})),
        ("delete_task", json!({ "task_id": all, "confirm": 440 })),
        ("undo", json!({})),
        ("undo", json!({})),
    ];
    for (tool, arguments) in steps {
        let answer = found.call(client, tool, arguments);
        assert_ne!(answer["result"]["isError"], true, "{answer}");
    }
    // Each its own note on how it was understood, and each with a key that was used before.
    let due = |n: usize| json!({ "title": "x".repeat(n % 400 + 1), "due": format!("2020-{:02}-{:02}", n % 12 + 1, n % 28 + 1) });
    let batch = json!({ "key": "once", "tasks": (0..500).map(due).collect::<Vec<_>>() });
    for _ in 0..2 {
        let answer = found.call(client, "add_task", batch.clone());
        assert_ne!(answer["result"]["isError"], true, "{answer}");
    }
}

#[test]
fn no_reply_is_longer_than_hosts_keep_whatever_the_tasks_hold() {
    let home = Home::new();
    fill(&mut home.connect(Dialect::Legacy));
    let mut found = TooLong::default();
    for dialect in Dialect::BOTH {
        let mut client = home.connect(dialect);
        look(&mut found, &mut client);
        read(&mut found, &mut client);
    }
    change(&mut found, &mut home.connect(Dialect::Modern));
    found.assert_none();
}

#[test]
fn the_lists_of_the_tutorial_stay_whole() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let tasks: Vec<Value> = (0..300)
        .map(|n| json!({ "title": format!("task {n}"), "description": "d".repeat(100) }))
        .collect();
    say(&mut client, "add_task", &json!({ "tasks": tasks }));
    for uri in ["tasks://all", "tasks://pending"] {
        let text = client.read(uri);
        assert!(text.len() > MOST, "{}", text.len());
        assert_eq!(text.matches("⏳").count(), 300);
    }
}
