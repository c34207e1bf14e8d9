//! What clients see of the server before they call anything, held still by snapshots.

use serde_json::{Value, json};

use crate::support::{Dialect, Home};

/// Everything a client lists, in one value.
fn surface(dialect: Dialect) -> Value {
    let home = Home::new();
    let mut client = home.connect(dialect);
    let mut list = |method| client.request(method, json!({}));
    json!({
        "tools": list("tools/list"),
        "resources": list("resources/list"),
        "templates": list("resources/templates/list"),
        "prompts": list("prompts/list"),
    })
}

#[test]
fn the_surface_is_the_one_that_was_reviewed() {
    let text = serde_json::to_string_pretty(&surface(Dialect::Legacy)).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn every_tool_has_a_title_and_all_four_hints() {
    for tool in surface(Dialect::Legacy)["tools"]["tools"]
        .as_array()
        .unwrap()
    {
        assert!(tool["title"].is_string(), "{tool}");
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{tool}");
        }
        assert_eq!(tool["annotations"]["openWorldHint"], false, "{tool}");
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
    }
}

#[test]
fn a_modern_result_says_how_long_it_holds_and_who_made_it_and_a_legacy_one_does_not() {
    for (name, list) in surface(Dialect::Modern).as_object().unwrap() {
        // A client that shows pages is given other tools.
        let scope = if name == "tools" { "private" } else { "public" };
        assert_eq!(list["cacheScope"], scope, "{list}");
        assert_eq!(list["ttlMs"], 3_600_000, "{list}");
        assert_eq!(list["resultType"], "complete", "{list}");
        assert_eq!(
            list["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "taskhold",
            "{list}"
        );
    }
    for list in surface(Dialect::Legacy).as_object().unwrap().values() {
        for key in ["cacheScope", "ttlMs", "resultType", "_meta"] {
            assert!(list.get(key).is_none(), "{key} in {list}");
        }
    }
}

#[test]
fn task_data_is_private_and_stale_at_once() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let read = client.request("resources/read", json!({ "uri": "tasks://all" }));
    assert_eq!(
        (&read["ttlMs"], &read["cacheScope"]),
        (&json!(0), &json!("private"))
    );
    let called = client.request(
        "tools/call",
        json!({ "name": "list_tasks", "arguments": {} }),
    );
    assert!(
        called.get("ttlMs").is_none() && called.get("cacheScope").is_none(),
        "{called}"
    );
    assert_eq!(
        called["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "taskhold"
    );
}

#[test]
fn the_contracts_texts_are_word_for_word() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    assert_eq!(client.read("tasks://all"), "No tasks found");
    assert_eq!(client.read("tasks://pending"), "No pending tasks!");
    client.call(
        "add_task",
        json!({ "title": "one", "description": "first\nsecond" }),
    );
    client.call("add_task", json!({ "title": "two" }));
    let task = client.call("complete_task", json!({ "task_id": 2 }));
    let created = task["created_at"].as_str().unwrap();
    assert!(
        chrono::DateTime::parse_from_rfc3339(created).is_ok(),
        "{created}"
    );
    assert!(chrono::DateTime::parse_from_rfc3339(task["completed_at"].as_str().unwrap()).is_ok());
    assert_eq!(
        client.read("tasks://pending"),
        "Pending Tasks:\n\n⏳ [1] one\n   first\n      second\n\n"
    );
    let all = client.read("tasks://all");
    let mut lines = all.lines();
    for expected in [
        "Current Tasks:",
        "",
        "⏳ [1] one",
        "   Description: first",
        "      second",
        "   Status: pending",
    ] {
        assert_eq!(lines.next(), Some(expected));
    }
    assert!(lines.next().unwrap().starts_with("   Created: 20"));
    assert_eq!((lines.next(), lines.next()), (Some(""), Some("✅ [2] two")));
}

#[test]
fn a_long_list_is_cut_and_says_what_it_left_out() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    for _ in 0..5 {
        client.send_call(
            "add_task",
            json!({ "title": "big", "description": "x".repeat(60_000) }),
        );
    }
    let all = client.read("tasks://all");
    assert!(all.len() < 256 * 1024 + 100, "{} bytes", all.len());
    assert!(
        all.ends_with("... and 1 more; the tool list_tasks shows them\n"),
        "{}",
        &all[all.len() - 80..]
    );
}

#[test]
fn the_prompt_brings_the_list_with_it() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    client.call("add_task", json!({ "title": "water the plants" }));
    let prompt = client.request("prompts/get", json!({ "name": "task_summary_prompt" }));
    let text = prompt["messages"][0]["content"]["text"].as_str().unwrap();
    assert!(
        text.contains("tasks://all") && text.contains("⏳ [1] water the plants"),
        "{text}"
    );
}
