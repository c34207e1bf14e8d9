//! Requests that cannot be served, and ids in every shape.

use serde_json::{Value, json};

use super::add_a_task;
use crate::support::{Dialect, Home, listen, object};

const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

#[test]
fn an_unknown_method_is_refused_by_name() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        for method in ["tasks/juggle", "tools/Call", "", "resources/subscribed"] {
            let error = client.refusal(method, json!({}));
            assert_eq!(error["code"], METHOD_NOT_FOUND, "{error}");
            let message = error["message"].as_str().unwrap();
            assert!(
                message.contains(method) && message.len() > method.len(),
                "{error}"
            );
        }
    }
}

#[test]
fn bad_parameters_of_a_known_method_do_not_make_it_unknown() {
    let both = [
        ("tools/call", json!({ "name": 5 })),
        ("tools/call", json!({})),
        (
            "tools/call",
            json!({ "name": "add_task", "arguments": [1] }),
        ),
        (
            "tools/call",
            json!({ "name": "add_task", "arguments": "title" }),
        ),
        (
            "tools/call",
            json!({ "name": "juggle_task", "arguments": {} }),
        ),
        ("resources/read", json!({})),
        ("resources/read", json!({ "uri": 5 })),
        ("prompts/get", json!({})),
        ("prompts/get", json!({ "name": ["task_summary_prompt"] })),
    ];
    let legacy = [
        ("resources/subscribe", json!({})),
        ("resources/unsubscribe", json!({ "uri": {} })),
    ];
    let modern = [
        ("subscriptions/listen", json!({ "notifications": 5 })),
        (
            "subscriptions/listen",
            json!({ "notifications": { "resourceSubscriptions": "tasks://all" } }),
        ),
    ];
    for dialect in Dialect::BOTH {
        let own: &[_] = if dialect == Dialect::Legacy {
            &legacy
        } else {
            &modern
        };
        let home = Home::new();
        let mut client = home.connect(dialect);
        for (method, params) in both.iter().chain(own) {
            let error = client.refusal(method, params.clone());
            assert_eq!(
                error["code"], INVALID_PARAMS,
                "{dialect:?} {method} {params}: {error}"
            );
        }
        add_a_task(&mut client);
    }
}

#[test]
fn a_cursor_that_no_list_gave_is_refused() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        for method in [
            "tools/list",
            "resources/list",
            "resources/templates/list",
            "prompts/list",
        ] {
            for cursor in [json!(5), json!("no cursor of ours")] {
                let error = client.refusal(method, json!({ "cursor": cursor }));
                assert_eq!(error["code"], INVALID_PARAMS, "{method} {cursor}: {error}");
            }
        }
    }
}

#[test]
fn parameters_that_are_no_object_are_refused_under_the_id() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    for params in ["[]", "5", r#""name""#, r#"{"_meta":5}"#] {
        client.send_line(format!(
            r#"{{"jsonrpc":"2.0","id":31,"method":"tools/call","params":{params}}}"#
        ));
        let answer = client.next_message();
        let code = answer["error"]["code"].as_i64();
        assert!(
            [Some(INVALID_REQUEST), Some(INVALID_PARAMS)].contains(&code),
            "{params}: {answer}"
        );
        assert_eq!(answer["id"], 31, "{params}: {answer}");
    }
    add_a_task(&mut client);
}

#[test]
fn ids_of_every_shape_are_served_and_given_back() {
    let ids = [
        json!(0),
        json!(-1),
        json!(""),
        json!("1"),
        json!("ü \" \\ \u{1f600}"),
        json!(i64::MAX),
        json!(i64::MIN),
    ];
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        for id in &ids {
            client.send_as(id, "tools/list", json!({}));
            let answer = client.next_message();
            assert_eq!(answer.get("id"), Some(id));
            assert!(answer["result"]["tools"].is_array(), "{id}: {answer}");
        }
    }
}

#[test]
fn a_whole_number_written_as_a_fraction_is_an_id() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.send_line(r#"{"jsonrpc":"2.0","id":2.0,"method":"tools/list"}"#);
    let answer = client.next_message();
    assert!(answer["result"]["tools"].is_array(), "{answer}");
    assert_eq!(answer["id"].as_f64(), Some(2.0), "{answer}");
}

#[test]
fn an_id_that_is_still_in_flight_is_refused_and_the_first_request_goes_on() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    for id in [json!(1000), json!("open")] {
        client.send_as(&id, "subscriptions/listen", listen(&["tasks://all"]));
        client.acknowledgement(&id);
        client.send_as(
            &id,
            "tools/call",
            json!({ "name": "add_task", "arguments": { "title": "again" } }),
        );
        let answer = client.next_message();
        assert_eq!(answer["error"]["code"], INVALID_REQUEST, "{answer}");
        assert_eq!(answer["id"], id);
    }
    assert_eq!(client.tasks("all"), Vec::<Value>::new());

    // A number and the same digits as text are different ids.
    client.send_as(&json!("1000"), "tools/list", json!({}));
    assert!(client.answer(&json!("1000"))["result"].is_object());

    add_a_task(&mut client);
    let mut told: Vec<_> = (0..2)
        .map(|_| client.next_message()["params"]["_meta"].take())
        .collect();
    told.sort_by_key(ToString::to_string);
    let key = "io.modelcontextprotocol/subscriptionId";
    assert_eq!(told, [json!({ key: "open" }), json!({ key: 1000 })]);
}

#[test]
fn two_writes_under_one_id_are_both_answered_and_no_unanswered_one_is_made() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        let id = json!("same");
        for n in 0..50 {
            let call =
                json!({ "name": "add_task", "arguments": { "title": format!("number {n}") } });
            client.send_as(&id, "tools/call", call);
        }
        let mut made = Vec::new();
        for _ in 0..50 {
            let answer = client.answer(&id);
            if answer["error"].is_object() {
                assert_eq!(answer["error"]["code"], INVALID_REQUEST, "{answer}");
            } else {
                made.push(object(&answer["result"])["title"].take());
            }
        }
        assert!(!made.is_empty());
        let mut kept: Vec<_> = client
            .tasks("all")
            .iter()
            .map(|task| task["title"].clone())
            .collect();
        made.sort_by_key(ToString::to_string);
        kept.sort_by_key(ToString::to_string);
        assert_eq!(made, kept, "{dialect:?}");
    }
}

/// A refusal quotes what was sent; a person reads it in a terminal, and a model takes it for our words.
#[test]
fn a_refusal_quotes_nothing_that_cannot_be_seen() {
    let hostile = "\u{1b}[2J\u{1b}]0;x\u{7}a\u{202e}b\u{200b}\u{e0069}\u{fe01}";
    let is_hidden = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200b}' | '\u{202e}' | '\u{fe01}' | '\u{e0000}'..)
    };
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        add_a_task(&mut client);
        let calls = [
            ("add_task", json!({ "title": "x", "due": hostile })),
            (
                "add_task",
                json!({ "title": "x", "tags": [format!("{hostile} c")] }),
            ),
            ("add_task", json!({ "title": "x", hostile: 1 })),
            ("add_task", json!({ "title": "x", "repeat": hostile })),
            ("update_task", json!({ "task_id": 1, "status": hostile })),
            ("complete_task", json!({ "task_id": hostile })),
            ("get_task", json!({ "task_id": { hostile: hostile } })),
            ("list_tasks", json!({ "view": hostile })),
            ("list_tasks", json!({ "cursor": hostile })),
            ("undo", json!({ "group": hostile })),
        ];
        for (tool, arguments) in calls {
            let text = client.complaint(tool, arguments);
            assert!(!text.contains(is_hidden), "{tool}: {text:?}");
        }
        let requests = [
            (hostile, json!({})),
            ("tools/call", json!({ "name": hostile, "arguments": {} })),
            ("prompts/get", json!({ "name": hostile })),
            (
                "prompts/get",
                json!({ "name": "break_down_task", "arguments": { "task_id": hostile } }),
            ),
            (
                "resources/read",
                json!({ "uri": format!("tasks://task/{hostile}") }),
            ),
            (
                "completion/complete",
                json!({ "ref": { "type": "ref/prompt", "name": hostile }, "argument": { "name": hostile, "value": "" } }),
            ),
            ("tools/call", json!({ "name": { hostile: 1 } })),
        ];
        for (method, params) in requests {
            let error = client.refusal(method, params);
            let data = error["data"]["uri"].as_str().unwrap_or_default();
            let said = error["message"].as_str().unwrap().to_owned() + data;
            assert!(!said.contains(is_hidden), "{method}: {said:?}");
        }
    }
}
