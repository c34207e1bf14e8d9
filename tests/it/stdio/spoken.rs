//! The protocol as clients speak it: members that say nothing, arguments as text, handshakes that lack something.

use serde_json::{Value, json};

use super::add_a_task;
use crate::support::{Dialect, Home, initialize};

/// Requests as clients in dynamic languages write them. Each is served.
fn requests() -> Vec<(&'static str, Value)> {
    let call = |arguments: Value| json!({ "name": "list_tasks", "arguments": arguments });
    vec![
        ("tools/list", json!({ "cursor": null })),
        ("tools/list", json!({ "cursor": "" })),
        ("resources/list", json!({ "cursor": null })),
        ("resources/templates/list", json!({ "cursor": "" })),
        ("prompts/list", json!({ "cursor": null })),
        ("resources/read", json!({ "uri": "tasks://all" })),
        ("tools/call", call(json!({}))),
        ("tools/call", call(json!(null))),
        ("tools/call", call(json!([]))),
        ("tools/call", call(json!(""))),
        ("tools/call", call(json!("{\"view\":\"open\"}"))),
        (
            "prompts/get",
            json!({ "name": "plan_day", "arguments": null }),
        ),
    ]
}

#[test]
fn a_member_that_says_nothing_is_taken_for_one_left_out() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    for (method, params) in requests() {
        for meta in [json!(null), json!([]), json!({ "progressToken": null })] {
            let mut params = params.clone();
            params["_meta"] = meta;
            let result = client.request(method, params.clone());
            assert_ne!(result["isError"], true, "{method} {params}: {result}");
        }
    }
    client.send_line(r#"{"jsonrpc":"2.0","id":"none","method":"tools/list","params":null}"#);
    let answer = client.answer(&json!("none"));
    assert!(answer["result"]["tools"].is_array(), "{answer}");

    let mut modern = home.connect(Dialect::Modern);
    for (method, params) in requests() {
        let result = modern.request(method, params.clone());
        assert_ne!(result["isError"], true, "{method} {params}: {result}");
    }
}

#[test]
fn arguments_as_text_are_those_of_the_object_in_it() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let task = client.call("add_task", json!(r#"{"title":"as text","tags":["a"]}"#));
    assert_eq!(task["title"], "as text");
    let task = client.call("get_task", json!(r#"{"task_id":1}"#));
    assert_eq!(task["tags"], json!(["a"]));
    let error = client.refusal(
        "tools/call",
        json!({ "name": "add_task", "arguments": "Buy milk" }),
    );
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("arguments is text"), "{said}");
}

#[test]
fn a_handshake_that_lacks_something_is_told_what_and_can_be_sent_again() {
    let home = Home::new();
    let mut client = home.start(Dialect::Legacy);
    for (missing, said) in [
        (
            &["capabilities", "clientInfo"][..],
            "capabilities and clientInfo are missing",
        ),
        (&["clientInfo"], "clientInfo is missing"),
        (&["capabilities"], "capabilities is missing"),
        (&["protocolVersion"], "protocolVersion is missing"),
    ] {
        let mut params = initialize("2025-06-18");
        for name in missing {
            params.as_object_mut().unwrap().remove(*name);
        }
        let error = client.refusal("initialize", params);
        assert_eq!(error["code"], -32602, "{error}");
        assert!(
            error["message"].as_str().unwrap().ends_with(said),
            "{error}"
        );
        client.notify("notifications/initialized", json!({}));
    }
    client.greet();
    add_a_task(&mut client);
}

#[test]
fn a_batch_of_2025_03_26_is_answered_in_one_array() {
    let home = Home::new();
    let mut client = home.start(Dialect::Legacy);
    client.request("initialize", initialize("2025-03-26"));
    client.notify("notifications/initialized", json!({}));
    let request = |id: Value, method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let add = |title: &str| json!({ "name": "add_task", "arguments": { "title": title } });
    let ids = client.batch(&json!([
        request(json!(11), "tools/call", add("one")),
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
        request(json!("b"), "ping", json!({})),
        request(json!(12), "resources/read", json!({})),
        request(json!(13), "initialize", initialize("2025-06-18")),
        5,
        request(json!(14), "tools/call", add("two")),
    ]));
    let expected = [
        json!(11),
        json!("b"),
        json!(12),
        json!(13),
        Value::Null,
        json!(14),
    ];
    assert_eq!(ids, expected);
    assert_eq!(client.tasks("all").len(), 2);

    // What is asked on its own meanwhile is answered on its own, and a batch without requests by nothing.
    client.send_line(r#"[{"jsonrpc":"2.0","method":"notifications/initialized"}]"#);
    add_a_task(&mut client);
    client.send_line("[]");
    let empty = client.next_message();
    assert_eq!(empty["error"]["code"], -32600, "{empty}");
    assert_eq!(empty["id"], Value::Null, "{empty}");

    // The end of the input comes behind the last of them.
    let late = json!([
        request(json!(21), "tools/call", add("three")),
        request(json!(22), "ping", json!({}))
    ]);
    client.send_line(late.to_string());
    let ending = client.close_stdin_and_wait();
    ending.assert_good("batch");
    assert_eq!(ending.messages.len(), 1, "{:?}", ending.messages);
    assert_eq!(ending.messages[0].as_array().unwrap().len(), 2);
}

#[test]
fn a_batch_sent_with_the_handshake_is_answered_too() {
    let home = Home::new();
    let mut client = home.start(Dialect::Legacy);
    let id = client.send("initialize", initialize("2025-03-26"));
    client.notify("notifications/initialized", json!({}));
    let batch = json!([
        { "jsonrpc": "2.0", "id": 11, "method": "ping" },
        { "jsonrpc": "2.0", "id": 12, "method": "tools/list" },
    ]);
    assert_eq!(client.batch(&batch), [11, 12]);
    client.answer(&id);
    // With another version there are no more.
    client.request("initialize", initialize("2025-06-18"));
    client.send_line(batch.to_string());
    let refused = client.next_message();
    let said = refused["error"]["message"].as_str().unwrap();
    assert!(said.contains("2025-03-26 only"), "{refused}");
}
