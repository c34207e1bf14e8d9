//! The protocol as clients speak it: members that say nothing, batches, one form of answer, a session that has ended.

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

#[test]
fn a_batch_of_2025_03_26_is_answered_in_one_array() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut wire = daemon.wire();
    let add = |title: &str| json!({ "name": "add_task", "arguments": { "title": title } });
    let batch = json!([
        request(1, "ping", &json!({})),
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
        request(2, "tools/call", &add("one")),
        request(3, "resources/read", &json!({})),
        request(4, "tools/call", &add("two")),
    ]);
    let session = begin(&mut wire, "2025-03-26");
    for (accept, media_type) in [
        (BOTH, "application/json"),
        ("Accept: text/event-stream\r\n", "text/event-stream"),
    ] {
        let answer = post(&mut wire, &format!("{session}{accept}"), &batch);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some(media_type));
        let answers = answer.message();
        let ids: Vec<_> = answers
            .as_array()
            .unwrap()
            .iter()
            .map(|a| &a["id"])
            .collect();
        assert_eq!(ids, [1, 2, 3, 4], "{answers}");
        assert_eq!(answers[2]["error"]["code"], -32602, "{answers}");
        assert_eq!(answers[3]["result"]["structuredContent"]["title"], "two");
    }
    assert_eq!(home.tasks("all").len(), 4);

    let notes = json!([{ "jsonrpc": "2.0", "method": "notifications/initialized" }]);
    let answer = post(&mut wire, &format!("{session}{BOTH}"), &notes);
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));

    let newer = begin(&mut wire, "2025-06-18");
    for (headers, body, said) in [
        (&session, json!([]), "empty"),
        (&newer, batch.clone(), "2025-03-26"),
        (&String::new(), batch, "2025-03-26"),
    ] {
        let answer = post(&mut wire, &format!("{headers}{BOTH}"), &body);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.body.contains(said), "{answer:?}");
    }
    assert_eq!(home.tasks("all").len(), 4);
}

#[test]
fn a_batch_goes_through_the_bridge() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let url = format!("http://127.0.0.1:{}/mcp", daemon.port);
    let command = home.command(&["mcp", "--connect", &url]);
    let mut client = Client::start(command, Dialect::Legacy, Wiring::Pipes);
    client.request("initialize", initialize("2025-03-26"));
    let batch = json!([
        request(11, "ping", &json!({})),
        request(12, "tools/list", &json!({})),
    ]);
    assert_eq!(client.batch(&batch), [json!(11), json!(12)]);
    client.close_stdin_and_wait().assert_good("bridge");
}

#[test]
fn an_answer_comes_in_the_form_that_the_client_takes() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut wire = daemon.wire();
    let (json, events) = ("application/json", "text/event-stream");
    for (accept, media_type) in [
        ("application/json", json),
        ("application/*", json),
        ("application/json, text/event-stream;q=0", json),
        ("text/event-stream", events),
        ("text/*", events),
    ] {
        let accept = format!("Accept: {accept}\r\n");
        let mut assert_form = |headers: &str, message: &Value| {
            let answer = post(&mut wire, &format!("{headers}{accept}"), message);
            assert_eq!(
                answer.header("content-type"),
                Some(media_type),
                "{accept}{answer:?}"
            );
            assert_eq!(
                answer.body.starts_with("data:"),
                media_type == events,
                "{answer:?}"
            );
            assert_served(&answer, &accept);
            answer
        };
        let begun = assert_form("", &request(1, "initialize", &initialize("2025-06-18")));
        let session = format!(
            "Mcp-Session-Id: {}\r\n",
            begun.header("mcp-session-id").unwrap()
        );
        let read = json!({ "uri": "tasks://all" });
        assert_form(&session, &request(2, "resources/read", &read));
        let read = json!({ "uri": "tasks://all", "_meta": modern_meta("2026-07-28") });
        assert_form(
            &modern("resources/read", &read),
            &request(3, "resources/read", &read),
        );
    }
    for accept in ["*/*", "application/*, text/*", "text/html, */*;q=0.1"] {
        let headers = format!("Accept: {accept}\r\n");
        let message = request(1, "initialize", &initialize("2025-06-18"));
        assert_served(&post(&mut wire, &headers, &message), accept);
    }
    let params = json!({ "notifications": {}, "_meta": modern_meta("2026-07-28") });
    let listen = request(4, "subscriptions/listen", &params);
    let headers = modern("subscriptions/listen", &params);
    let answer = post(
        &mut wire,
        &format!("{headers}Accept: application/json\r\n"),
        &listen,
    );
    assert_eq!(answer.status, 406, "{answer:?}");
    assert!(answer.body.contains("text/event-stream"), "{answer:?}");
}

#[test]
fn the_endpoint_may_be_written_with_a_slash_at_its_end() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut wire = daemon.wire();
    let message = request(1, "initialize", &initialize("2025-06-18"));
    wire.send("POST /mcp/", &format!("{JSON}{BOTH}"), &message.to_string());
    assert_served(&wire.answer(), "/mcp/");
}

#[test]
fn who_begins_anew_under_the_id_of_a_session_that_has_ended_gets_another() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut wire = daemon.wire();
    let ended = "Mcp-Session-Id: ended\r\n";
    let headers = format!("{ended}{BOTH}");
    for message in [
        request(1, "tools/list", &json!({})),
        json!([request(1, "ping", &json!({}))]),
        json!("no message"),
    ] {
        let answer = post(&mut wire, &headers, &message);
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    let initialize = request(2, "initialize", &initialize("2025-06-18"));
    let answer = post(&mut wire, &headers, &initialize);
    assert_served(&answer, "initialize");
    let session = format!(
        "Mcp-Session-Id: {}\r\n",
        answer.header("mcp-session-id").unwrap()
    );
    assert_ne!(session, ended);
    let answer = post(
        &mut wire,
        &format!("{session}{BOTH}"),
        &request(3, "tools/list", &json!({})),
    );
    assert_served(&answer, "tools/list");
}
