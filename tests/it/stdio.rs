//! A client on the other end of standard input and output is never left waiting.
//!
//! | file | what it tells |
//! |---|---|
//! | here | how a conversation begins, and that it is served in order |
//! | `stdio/lines.rs` | lines that are no request, and lines that only look broken |
//! | `stdio/requests.rs` | requests that cannot be served, ids in every shape |
//! | `stdio/arguments.rs` | tool arguments that cannot be meant |
//! | `stdio/spoken.rs` | members that say nothing, arguments as text, short handshakes, batches |
//! | `stdio/ending.rs` | end of input, signals, a client that is gone |

mod arguments;
mod ending;
mod lines;
mod models;
mod requests;
mod spoken;

use serde_json::{Value, json};

use crate::support::{Client, Dialect, Home, Wiring, initialize, modern_meta, object};

/// What only a server that still listens and still writes can do.
fn add_a_task(client: &mut Client) {
    let task = client.call("add_task", json!({ "title": "still here" }));
    assert_eq!(task["title"], "still here");
}

#[test]
fn every_released_version_is_agreed_to() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let home = Home::new();
        let mut client = home.start(Dialect::Legacy);
        let answer = client.request("initialize", initialize(version));
        assert_eq!(answer["protocolVersion"], version);
        assert_eq!(answer["serverInfo"]["name"], "taskhold");
        client.notify("notifications/initialized", json!({}));
        add_a_task(&mut client);
    }
}

#[test]
fn an_unknown_version_is_answered_with_those_that_are_known() {
    let home = Home::new();
    let mut legacy = home.start(Dialect::Legacy);
    let answer = legacy.request("initialize", initialize("1999-12-31"));
    assert_eq!(answer["protocolVersion"], "2025-11-25");
    add_a_task(&mut legacy);

    let mut modern = home.connect(Dialect::Modern);
    let request = json!({
        "jsonrpc": "2.0", "id": 70, "method": "tools/list", "params": { "_meta": modern_meta("2099-01-01") },
    });
    modern.send_line(request.to_string());
    let error = modern.answer(&json!(70))["error"].take();
    assert_eq!(error["code"], -32022, "{error}");
    assert_eq!(error["data"]["requested"], "2099-01-01", "{error}");
    assert!(
        error["data"]["supported"]
            .as_array()
            .unwrap()
            .contains(&json!("2026-07-28")),
        "{error}"
    );
    add_a_task(&mut modern);
}

#[test]
fn a_request_before_initialize_is_refused_and_initialize_still_works() {
    let home = Home::new();
    let mut client = home.start(Dialect::Legacy);
    for (method, params) in [
        ("tools/list", json!({})),
        (
            "tools/call",
            json!({ "name": "add_task", "arguments": { "title": "too early" } }),
        ),
    ] {
        let error = client.refusal(method, params);
        assert_eq!(error["code"], -32602, "{error}");
        assert!(
            error["message"].as_str().unwrap().contains("_meta"),
            "{error}"
        );
    }
    client.greet();
    assert_eq!(client.tasks("all"), Vec::<Value>::new());
    add_a_task(&mut client);
}

#[test]
fn a_request_between_initialize_and_initialized_is_served() {
    let home = Home::new();
    let mut client = home.start(Dialect::Legacy);
    client.request("initialize", initialize("2025-06-18"));
    add_a_task(&mut client);
    client.request("ping", json!({}));
}

#[test]
fn a_notification_as_first_message_does_not_end_the_server() {
    for first in [
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/of/no/kind",
    ] {
        for dialect in Dialect::BOTH {
            let home = Home::new();
            let mut client = home.start(dialect);
            client.notify(first, json!({}));
            client.greet();
            add_a_task(&mut client);
        }
    }
}

#[test]
fn a_second_initialize_is_answered_and_renegotiates() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add_a_task(&mut client);
    let answer = client.request("initialize", initialize("2024-11-05"));
    assert_eq!(answer["protocolVersion"], "2024-11-05");
    add_a_task(&mut client);
}

#[test]
fn initialize_after_discover_begins_a_legacy_conversation() {
    let home = Home::new();
    let mut client = home.start(Dialect::Legacy);
    client.request(
        "server/discover",
        json!({ "_meta": modern_meta("2026-07-28") }),
    );
    client.greet();
    add_a_task(&mut client);
}

#[test]
fn initialize_after_a_modern_call_leaves_no_request_unanswered() {
    let home = Home::new();
    let mut client = home.start(Dialect::Legacy);
    let modern = json!({ "_meta": modern_meta("2026-07-28") });
    client.request("tools/list", modern.clone());
    client.greet();
    // The first request has settled the dialect: what comes without `_meta` may be refused for that.
    let id = client.send("tools/list", json!({}));
    let answer = client.answer(&id);
    let refused = answer["error"]["code"] == -32602 && answer.to_string().contains("_meta");
    assert!(refused || answer["result"]["tools"].is_array(), "{answer}");
    client.request("tools/list", modern);
}

#[test]
fn one_process_serves_both_dialects_at_once() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add_a_task(&mut client);
    let params = json!({
        "name": "add_task", "arguments": { "title": "in the other dialect" }, "_meta": modern_meta("2026-07-28"),
    });
    let result = client.request("tools/call", params);
    assert_eq!(result["resultType"], "complete", "{result}");
    assert_eq!(object(&result)["id"], 2);
    assert_eq!(client.tasks("all").len(), 2);
}

#[test]
fn calls_sent_without_waiting_are_applied_in_the_order_sent() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        let sent: Vec<_> = (1..=200)
            .map(|n| client.send_call("add_task", json!({ "title": format!("number {n}") })))
            .collect();
        for (n, id) in (1..).zip(&sent) {
            let task = object(&client.answer(id)["result"]);
            assert_eq!(task["title"], format!("number {n}"));
            assert_eq!(task["id"], n, "{dialect:?}");
        }
    }
}

#[test]
fn calls_sent_without_waiting_see_those_sent_before_them() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        for n in 1..=20 {
            client.send_call("add_task", json!({ "title": format!("number {n}") }));
            let completed = client.send_call("complete_task", json!({ "task_id": n }));
            let listed = client.send_call(
                "list_tasks",
                json!({ "view": "completed", "format": "json", "limit": 100 }),
            );
            let read = client.send(
                "resources/read",
                json!({ "uri": format!("tasks://task/{n}") }),
            );

            assert_eq!(
                object(&client.answer(&completed)["result"])["status"],
                "completed"
            );
            let tasks = object(&client.answer(&listed)["result"])["tasks"].take();
            assert_eq!(tasks.as_array().unwrap().len(), n, "{dialect:?}: {tasks}");
            let resource = client.answer(&read)["result"]["contents"][0]["text"].take();
            assert!(
                resource.as_str().unwrap().contains("completed"),
                "{dialect:?}: {resource}"
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn sockets_serve_as_well_as_pipes() {
    for dialect in Dialect::BOTH {
        for wiring in [Wiring::Pipes, Wiring::Sockets, Wiring::OneSocket] {
            let home = Home::new();
            let mut client = Client::start(home.command(&["mcp"]), dialect, wiring);
            client.greet();
            client.watch("tasks://all");
            let sent: Vec<_> = (0..100)
                .map(|n| client.send_call("add_task", json!({ "title": format!("{n}") })))
                .collect();
            for id in &sent {
                object(&client.answer(id)["result"]);
            }
            assert_eq!(client.next_updated(), "tasks://all");
            let ending = client.close_stdin_and_wait();
            ending.assert_good((dialect, wiring));
            assert_eq!(home.tasks("all").len(), 100);
        }
    }
}

#[test]
fn nothing_but_protocol_is_on_stdout_however_much_is_logged() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut command = home.command(&["mcp"]);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
        let mut client = Client::start(command, dialect, Wiring::Pipes);
        client.greet();
        client.send_line("{ not json");
        client.send_line("[]");
        client.refusal("tasks/juggle", json!({}));
        client.complaint("complete_task", json!({ "task_id": 99 }));
        client.watch("tasks://all");
        add_a_task(&mut client);
        assert_eq!(client.next_updated(), "tasks://all");
        // Reading a message is what checks it: see `support`.
        let ending = client.close_stdin_and_wait();
        ending.assert_good(());
    }
}
