//! Several windows of one client at the daemon: a session of the protocol, a bridge, or a token and a name.

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::support::{Client, Dialect, Home, Wiring};
use crate::wire::Wire;

/// Calls a tool, and returns what it says.
fn say(wire: &mut Wire, dialect: Dialect, tool: &str, arguments: &Value) -> String {
    let params = json!({ "name": tool, "arguments": arguments });
    let result = wire.request(dialect, "tools/call", params);
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

fn bridge(home: &Home, daemon: &Daemon, dialect: Dialect) -> Client {
    let target = format!("http://127.0.0.1:{}/mcp", daemon.port);
    let command = home.command(&["mcp", "--connect", &target]);
    let mut client = Client::start(command, dialect, Wiring::Pipes);
    client.greet();
    client
}

#[test]
fn two_sessions_of_one_client_are_two_callers() {
    const LEGACY: Dialect = Dialect::Legacy;
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let [mut one, mut other] = [(); 2].map(|()| daemon.wire().begin());
    say(&mut one, LEGACY, "list_tasks", &json!({}));
    one.add(LEGACY, "first");
    other.add(LEGACY, "second");
    let told = say(&mut one, LEGACY, "list_tasks", &json!({}));
    assert!(
        told.contains("1 change by support (main) in another session"),
        "{told}"
    );
    say(&mut one, LEGACY, "undo", &json!({}));
    let refused = say(&mut one, LEGACY, "undo", &json!({}));
    assert!(
        refused.contains("group 2, the add of 2 \"second\""),
        "{refused}"
    );
    assert_eq!(home.tasks("all").len(), 1);
}

#[test]
fn requests_without_a_session_are_of_the_one_of_their_token_and_client() {
    const MODERN: Dialect = Dialect::Modern;
    let home = Home::new();
    let mut daemon = Daemon::start(&home, &[]);
    daemon.wire().add(MODERN, "first");
    home.run(&["add", "from a shell"]);
    let told = say(&mut daemon.wire(), MODERN, "list_tasks", &json!({}));
    assert!(told.contains("1 change by cli"), "{told}");
    let told = say(&mut daemon.wire(), MODERN, "list_tasks", &json!({}));
    assert!(!told.contains("change by"), "it was told: {told}");
    daemon.stop();
    let daemon = Daemon::start(&home, &[]);
    say(&mut daemon.wire(), MODERN, "undo", &json!({}));
    assert_eq!(
        home.tasks("trash").len(),
        1,
        "it is the same session after a restart"
    );
    let refused = say(&mut daemon.wire(), MODERN, "undo", &json!({}));
    assert!(refused.contains("nothing to undo"), "{refused}");
}

#[test]
fn each_bridge_is_a_session_of_its_own_in_both_dialects_also_when_the_daemon_starts_anew() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut daemon = Daemon::start(&home, &[]);
        let [mut one, mut other] = [(); 2].map(|()| bridge(&home, &daemon, dialect));
        let list = |client: &mut Client| {
            let params = json!({ "name": "list_tasks", "arguments": {} });
            client.request("tools/call", params)["content"][0]["text"].to_string()
        };
        list(&mut one);
        one.call("add_task", json!({ "title": "first" }));
        other.call("add_task", json!({ "title": "second" }));
        let told = list(&mut one);
        assert!(
            told.contains("1 change by support (main) in another session"),
            "{dialect:?}: {told}"
        );
        let port = daemon.port.to_string();
        daemon.stop();
        let _daemon = Daemon::launch(&home, home.command(&["serve", "--listen", &port]));
        one.request("tools/call", json!({ "name": "undo", "arguments": {} }));
        let refused = one.complaint("undo", json!({}));
        assert!(refused.contains("group 2"), "{dialect:?}: {refused}");
        assert_eq!(home.tasks("all").len(), 1);
    }
}
