//! Requests of 2026-07-28, each of which stands alone: what their headers must say, and that all are answered alike.

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::support::{Dialect, Home, modern_meta};
use crate::wire::Answer;

const BOTH: &str = "Accept: application/json, text/event-stream\r\n";

/// Sends a message of 2026-07-28 with headers as given, and returns the answer.
fn post(daemon: &Daemon, method: &str, params: &Value, headers: &str) -> Answer {
    let mut params = params.clone();
    params["_meta"] = modern_meta("2026-07-28");
    let message = json!({ "jsonrpc": "2.0", "id": "a", "method": method, "params": params });
    let mut wire = daemon.wire();
    let headers = format!("Content-Type: application/json\r\n{headers}");
    wire.send("POST /mcp", &headers, &message.to_string());
    wire.answer()
}

fn headers(method: &str, name: Option<&str>) -> String {
    let name = name.map(|name| format!("Mcp-Name: {name}\r\n"));
    format!(
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\n{}",
        name.unwrap_or_default()
    )
}

#[test]
fn a_request_is_answered_alike_whether_its_headers_are_plain_or_need_the_sdk() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    daemon.wire().add(Dialect::Modern, "Call Anna");
    let tool = |name: &str, arguments: Value| json!({ "name": name, "arguments": arguments });
    let reference = json!({ "type": "ref/prompt", "name": "no-such-prompt" });
    let argument = json!({ "name": "project", "value": "" });
    let cases = [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("tools/list", json!({ "cursor": "none" })),
        ("tools/call", tool("get_task", json!({ "task_id": 1 }))),
        ("tools/call", tool("get_task", json!({ "task_id": 99 }))),
        ("tools/call", tool("get_task", json!({ "wrong": true }))),
        ("tools/call", tool("no_such_tool", json!({}))),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({ "uri": "tasks://all" })),
        ("resources/read", json!({ "uri": "tasks://no-such-list" })),
        ("prompts/list", json!({})),
        ("prompts/get", json!({ "name": "no-such-prompt" })),
        (
            "completion/complete",
            json!({ "ref": reference, "argument": argument }),
        ),
    ];
    for (method, params) in cases {
        let name = [&params["name"], &params["uri"]];
        let name = name.into_iter().find_map(Value::as_str);
        let headers = headers(method, name);
        let plain = post(&daemon, method, &params, &format!("{headers}{BOTH}"));
        // A preference, which only the SDK reads.
        let preferring = "Accept: application/json;q=0.9, text/event-stream\r\n";
        let other = post(&daemon, method, &params, &format!("{headers}{preferring}"));
        assert_eq!(plain.body, other.body, "{method} {params}");
        assert_eq!(plain.status, other.status, "{method} {params}");
        for header in ["content-type", "cache-control", "content-length"] {
            assert_eq!(
                plain.header(header),
                other.header(header),
                "{method}: {header}"
            );
        }
        assert_eq!(plain.message()["id"], "a", "{plain:?}");
    }
}

#[test]
fn a_request_that_its_headers_contradict_is_refused_and_not_made() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let version = "MCP-Protocol-Version: 2026-07-28\r\n";
    let method = "Mcp-Method: tools/call\r\n";
    let name = "Mcp-Name: add_task\r\n";
    let cases = [
        (format!("{method}{name}{BOTH}"), 400),
        (
            format!("MCP-Protocol-Version: 2025-11-25\r\n{method}{name}{BOTH}"),
            400,
        ),
        (format!("{version}{name}{BOTH}"), 400),
        (format!("{version}{method}{BOTH}"), 400),
        (format!("{version}{method}{method}{name}{BOTH}"), 400),
        (format!("{version}{method}{name}{name}{BOTH}"), 400),
        (
            format!("{version}Mcp-Method: tools/list\r\n{name}{BOTH}"),
            400,
        ),
        (
            format!("{version}{method}Mcp-Name: get_task\r\n{BOTH}"),
            400,
        ),
        (format!("{version}{method}{name}Accept: text/html\r\n"), 406),
    ];
    let params = json!({ "name": "add_task", "arguments": { "title": "never" } });
    for (headers, status) in cases {
        let answer = post(&daemon, "tools/call", &params, &headers);
        assert_eq!(answer.status, status, "{headers}: {answer:?}");
        assert!(
            !answer.message()["error"].is_null(),
            "{headers}: {answer:?}"
        );
    }
    // In Base64, as a name may be written that no header could hold.
    let encoded = format!("{version}{method}Mcp-Name: =?base64?YWRkX3Rhc2s=?=\r\n{BOTH}");
    let answer = post(&daemon, "tools/call", &params, &encoded);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.message()["result"]["structuredContent"]["id"],
        1,
        "another was made"
    );
}

#[test]
fn a_request_without_what_the_version_asks_for_is_refused() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    for missing in ["protocolVersion", "clientCapabilities"] {
        let mut meta = modern_meta("2026-07-28");
        let meta_fields = meta.as_object_mut().unwrap();
        meta_fields
            .remove(&format!("io.modelcontextprotocol/{missing}"))
            .unwrap();
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": meta } });
        let headers = headers("tools/list", None);
        let mut wire = daemon.wire();
        let headers = format!("Content-Type: application/json\r\n{headers}{BOTH}");
        wire.send("POST /mcp", &headers, &message.to_string());
        let answer = wire.answer();
        assert_eq!(answer.status, 400, "without {missing}: {answer:?}");
        assert_eq!(
            answer.message()["error"]["code"],
            -32602,
            "without {missing}: {answer:?}"
        );
    }
}
