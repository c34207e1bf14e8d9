//! A refusal quotes what it refuses, and may not repeat all of it.

use serde_json::{Value, json};

use super::TooLong;
use crate::support::{Dialect, Home};

/// Values that are wrong for most arguments, each longer than a reply may be.
fn hostile() -> Vec<Value> {
    let long = "\"word\\ ".repeat(4_000);
    vec![
        json!(long),
        json!("x".repeat(70_000)),
        json!([long, long]),
        json!((0..5_000).map(|n| n * 1_000_003).collect::<Vec<i64>>()),
        json!({ long.as_str(): long }),
        json!([{ long.as_str(): 1 }]),
        json!([[1, 2], [long]]),
        json!(format!("^{}", "9".repeat(20_000))),
        json!("9".repeat(20_000)),
    ]
}

#[test]
fn a_refusal_repeats_only_the_beginning_of_what_it_refuses() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        let mut found = TooLong::default();
        client.call("add_task", json!({ "title": "one" }));
        let list = client.request("tools/list", json!({}));
        for tool in list["tools"].as_array().unwrap() {
            let (name, schema) = (tool["name"].as_str().unwrap(), &tool["inputSchema"]);
            for field in schema["properties"].as_object().unwrap().keys() {
                for value in hostile() {
                    let mut arguments = json!({});
                    for required in schema["required"].as_array().into_iter().flatten() {
                        arguments[required.as_str().unwrap()] = json!(1);
                    }
                    arguments[field] = value.clone();
                    found.call(&mut client, name, arguments);
                    if name == "add_task" {
                        let tasks = json!([{ "title": "x", field: value }]);
                        found.call(&mut client, name, json!({ "tasks": tasks }));
                    }
                }
            }
            let unknown = "unknown".repeat(4_000);
            found.call(&mut client, name, json!({ unknown.as_str(): 1 }));
        }
        let long = "\"word\\ ".repeat(4_000);
        let argument = json!({ "name": long, "value": long });
        let prompt = json!({ "type": "ref/prompt", "name": "break_down_task" });
        for (method, params) in [
            ("tools/call", json!({ "name": long })),
            ("prompts/get", json!({ "name": long })),
            (
                "prompts/get",
                json!({ "name": "break_down_task", "arguments": { "task_id": long } }),
            ),
            (
                "prompts/get",
                json!({ "name": "break_down_task", "arguments": { "task_id": [long, long] } }),
            ),
            (
                "prompts/get",
                json!({ "name": "plan_day", "arguments": { "x": long } }),
            ),
            ("resources/read", json!({ "uri": long })),
            (
                "resources/read",
                json!({ "uri": format!("tasks://tag/{}", "x".repeat(30_000)) }),
            ),
            ("resources/read", json!({ "uri": 5, "x": long })),
            ("resources/subscribe", json!({ "uri": long })),
            ("tools/list", json!({ "cursor": long })),
            (
                "completion/complete",
                json!({ "ref": prompt, "argument": argument }),
            ),
            (
                "completion/complete",
                json!({ "ref": { "type": "ref/prompt", "name": long }, "argument": argument }),
            ),
            (
                "completion/complete",
                json!({ "ref": { "type": "ref/prompt", "name": "plan_day" }, "argument": argument }),
            ),
            (
                "completion/complete",
                json!({ "ref": { "type": "ref/resource", "uri": long }, "argument": argument }),
            ),
            (
                "completion/complete",
                json!({ "ref": { "type": "ref/resource", "uri": "tasks://tag/{name}" }, "argument": argument }),
            ),
            (
                "completion/complete",
                json!({ "ref": { "type": long, "uri": long }, "argument": argument }),
            ),
            (long.as_str(), json!({ "x": long })),
        ] {
            found.request(&mut client, method, params);
        }
        found.assert_none();
    }
}

#[test]
fn a_long_way_round_is_told_by_its_first_tasks() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let tasks: Vec<Value> = (1..=1_000)
        .map(|n| match n {
            1 => json!({ "title": "x" }),
            n => json!({ "title": "x", "depends_on": [format!("^{}", n - 1)] }),
        })
        .collect();
    super::say(&mut client, "add_task", &json!({ "tasks": tasks }));
    super::say(
        &mut client,
        "add_task",
        &json!({ "tasks": [{ "title": "y", "depends_on": [1_000] }] }),
    );
    let refusal = client.complaint("update_task", json!({ "task_id": 1, "depends_on": 1_001 }));
    assert!(refusal.len() < 2_500, "{}", refusal.len());
    assert!(
        refusal.starts_with("depends_on would go round in a circle: 1 -> 1001 -> 1000 -> "),
        "{refusal}"
    );
    assert!(refusal.ends_with("... (991 more) -> 1"), "{refusal}");
}
