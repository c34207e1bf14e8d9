//! `taskhold mcp --connect`: a stdio host that goes through the daemon hears and does what it would without it.

use serde_json::json;

use crate::daemon::Daemon;
use crate::support::{Client, Dialect, Home, Wiring, object};

const ALL: &str = "tasks://all";

fn url(daemon: &Daemon) -> String {
    format!("http://127.0.0.1:{}/mcp", daemon.port)
}

fn connect(home: &Home, target: &str, dialect: Dialect) -> Client {
    let mut client = Client::start(
        home.command(&["mcp", "--connect", target]),
        dialect,
        Wiring::Pipes,
    );
    client.greet();
    client
}

#[test]
fn calls_subscriptions_and_errors_go_through_in_both_dialects() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let daemon = Daemon::start(&home, &[]);
        let mut client = connect(&home, &url(&daemon), dialect);
        let watch = client.watch(ALL);
        let id = client.call("add_task", json!({ "title": "through the bridge" }))["id"].clone();
        assert_eq!(client.next_updated(), ALL);
        home.run(&["add", "from the shell"]);
        assert_eq!(client.next_updated(), ALL);
        assert!(
            client
                .complaint("get_task", json!({ "task_id": 77 }))
                .contains("77")
        );
        assert_eq!(client.refusal("nothing/like/it", json!({}))["code"], -32601);
        client.unwatch(&watch);
        assert_eq!(
            client.call("get_task", json!({ "task_id": id }))["created_by"],
            "support (main)"
        );
        client.close_stdin_and_wait().assert_good(dialect);
    }
}

#[test]
fn calls_sent_without_waiting_are_made_in_their_order() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let daemon = Daemon::start(&home, &[]);
        let mut client = connect(&home, &url(&daemon), dialect);
        let sent: Vec<_> = (0..100)
            .map(|n| client.send_call("add_task", json!({ "title": format!("number {n}") })))
            .collect();
        for (n, id) in sent.iter().enumerate() {
            let task = object(&client.answer(id)["result"]);
            assert_eq!(task["id"], n + 1);
            assert_eq!(task["title"], format!("number {n}"));
        }
        client.close_stdin_and_wait().assert_good(dialect);
    }
}

#[test]
fn a_daemon_that_is_started_anew_is_found_again_with_its_subscriptions() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    let port = daemon.port.to_string();
    let mut client = connect(&home, &url(&daemon), Dialect::Legacy);
    client.watch(ALL);
    daemon.stop();
    let id = client.send_call("add_task", json!({ "title": "nobody is there" }));
    let error = client.answer(&id)["error"]["message"].clone();
    assert!(
        error.as_str().unwrap().contains("taskhold serve"),
        "{error}"
    );
    let _again = Daemon::launch(&home, home.command(&["serve", "--listen", &port]));
    client.call("add_task", json!({ "title": "here again" }));
    assert_eq!(client.next_updated(), ALL);
    client.close_stdin_and_wait().assert_good("bridge");
}

#[test]
fn a_wrong_token_and_a_wrong_address_are_told() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut command = home.command(&["mcp", "--connect", &url(&daemon)]);
    command.env("TASKHOLD_TOKEN", "wrong");
    let mut client = Client::start(command, Dialect::Modern, Wiring::Pipes);
    let error = client.refusal("tools/list", json!({}));
    assert!(
        error["message"].as_str().unwrap().contains("token"),
        "{error}"
    );
    let output = home
        .command(&["mcp", "--connect", "localhost"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn it_goes_through_the_socket_without_a_token() {
    let home = Home::new();
    let path = home.database().with_file_name("run").join("tasks.sock");
    let _daemon = Daemon::start(&home, &[&format!("--socket={}", path.display())]);
    let mut client = connect(&home, &format!("unix:{}", path.display()), Dialect::Modern);
    assert_eq!(client.call("add_task", json!({ "title": "x" }))["id"], 1);
    assert_eq!(
        client.call("get_task", json!({ "task_id": 1 }))["created_by"],
        "support"
    );
}
