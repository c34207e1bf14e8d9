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
