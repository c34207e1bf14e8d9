//! The protocol as clients speak it: members that say nothing.

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::support::{Client, Dialect, Home, Wiring, initialize, modern_meta};
use crate::wire::{Answer, Wire};

const JSON: &str = "Content-Type: application/json\r\n";
const BOTH: &str = "Accept: application/json, text/event-stream\r\n";
/// Answered through the SDK, which alone reads a preference.
const PREFERRING: &str = "Accept: application/json;q=0.9, text/event-stream\r\n";

/// Sends a message with headers as given, and returns the answer.
fn post(wire: &mut Wire, headers: &str, message: &Value) -> Answer {
    let headers = format!("{JSON}{headers}");
    wire.send("POST /mcp", &headers, &message.to_string());
    wire.answer()
}

fn request(id: i64, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// Begins a session of `version`, and returns its header.
fn begin(wire: &mut Wire, version: &str) -> String {
    let answer = post(wire, BOTH, &request(1, "initialize", &initialize(version)));
    assert_eq!(answer.message()["result"]["protocolVersion"], version);
    let session = answer.header("mcp-session-id").unwrap().to_owned();
    format!("Mcp-Session-Id: {session}\r\n")
}

/// Returns the headers of a request of 2026-07-28.
fn modern(method: &str, params: &Value) -> String {
    let name = params["name"].as_str().or_else(|| params["uri"].as_str());
    let name = name.map(|name| format!("Mcp-Name: {name}\r\n"));
    format!(
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\n{}",
        name.unwrap_or_default()
    )
}

/// Requests with members that say nothing, and arguments as text.
fn requests() -> Vec<(&'static str, Value)> {
    let call = |arguments: Value| json!({ "name": "list_tasks", "arguments": arguments });
    vec![
        ("tools/list", json!({ "cursor": null })),
        ("tools/list", json!({ "cursor": "" })),
        ("resources/list", json!({ "cursor": null })),
        ("prompts/list", json!({ "cursor": null })),
        ("tools/call", call(json!(null))),
        ("tools/call", call(json!("{\"view\":\"open\"}"))),
        ("resources/read", json!({ "uri": "tasks://all" })),
    ]
}

fn assert_served(answer: &Answer, context: &str) {
    let message = answer.message();
    assert!(message["result"].is_object(), "{context}: {answer:?}");
    assert_ne!(message["result"]["isError"], true, "{context}: {answer:?}");
}

#[test]
fn a_member_that_says_nothing_is_taken_for_one_left_out_on_every_way() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut wire = daemon.wire();
    let session = begin(&mut wire, "2025-06-18");
    let url = format!("http://127.0.0.1:{}/mcp", daemon.port);
    let command = home.command(&["mcp", "--connect", &url]);
    let mut bridged = Client::start(command, Dialect::Legacy, Wiring::Pipes);
    bridged.greet();
    for (method, mut params) in requests() {
        for accept in [BOTH, PREFERRING] {
            params["_meta"] = json!(null);
            let headers = format!("{session}{accept}");
            let answer = post(&mut wire, &headers, &request(2, method, &params));
            assert_served(&answer, &format!("{method} {params}"));
            params["_meta"] = modern_meta("2026-07-28");
            params["_meta"]["progressToken"] = json!(null);
            let headers = format!("{}{accept}", modern(method, &params));
            let answer = post(&mut wire, &headers, &request(3, method, &params));
            assert_served(&answer, &format!("{method} {params}"));
        }
        params["_meta"] = json!(null);
        let result = bridged.request(method, params);
        assert_ne!(result["isError"], true, "{result}");
    }
    let short = json!({ "protocolVersion": "2025-06-18" });
    let answer = post(&mut wire, BOTH, &request(4, "initialize", &short));
    let said = answer.message()["error"]["message"].to_string();
    assert!(
        said.contains("capabilities and clientInfo are missing"),
        "{said}"
    );
    bridged.close_stdin_and_wait().assert_good("bridge");
}
