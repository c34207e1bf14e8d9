//! End of input, signals, a client that is gone: the server answers what it made, and ends.

use std::process::Stdio;

use serde_json::{Value, json};
use taskhold::domain::when::Zone;
use taskhold::stdio::serve_on;
use taskhold::store::db::Db;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio_util::sync::CancellationToken;

use super::add_a_task;
use crate::support::{
    Client, Dialect, Home, PATIENCE, Wiring, exit_status, initialize, modern_meta, object, read_all,
};

/// The result that ends a subscription when the server does.
fn assert_ends_subscription(messages: &[Value], id: &Value) {
    let answer = messages
        .iter()
        .find(|m| m["id"] == *id)
        .unwrap_or_else(|| panic!("no end of {id}: {messages:?}"));
    assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
    assert_eq!(
        answer["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"], *id,
        "{answer}"
    );
}

/// Subscribes, and returns the id under which the subscription will be answered, if it will.
fn watch_all(client: &mut Client, dialect: Dialect) -> Option<Value> {
    match dialect {
        Dialect::Legacy => {
            client.watch("tasks://all");
            None
        }
        Dialect::Modern => {
            let id = client.send(
                "subscriptions/listen",
                crate::support::listen(&["tasks://all"]),
            );
            client.acknowledgement(&id);
            Some(id)
        }
    }
}

#[test]
fn input_that_ends_behind_500_writes_has_them_all_answered() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        let sent: Vec<_> = (0..500)
            .map(|n| client.send_call("add_task", json!({ "title": format!("number {n}") })))
            .collect();
        client.close_stdin();
        for id in &sent {
            object(&client.answer(id)["result"]);
        }
        let ending = client.wait_for_exit();
        ending.assert_good(dialect);
        assert_eq!(ending.messages, Vec::<Value>::new());
        assert_eq!(home.tasks("all").len(), 500);
    }
}

#[test]
fn input_that_ends_while_a_subscription_is_open_ends_both() {
    for dialect in Dialect::BOTH {
        for wiring in wirings() {
            let home = Home::new();
            let mut client = Client::start(home.command(&["mcp"]), dialect, wiring);
            client.greet();
            let id = watch_all(&mut client, dialect);
            let ending = client.close_stdin_and_wait();
            ending.assert_good((dialect, wiring));
            if let Some(id) = id {
                assert_ends_subscription(&ending.messages, &id);
            }
        }
    }
}

#[test]
fn input_that_ends_behind_writes_and_a_subscription_loses_no_answer() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        let id = watch_all(&mut client, dialect);
        let sent: Vec<_> = (0..100)
            .map(|n| client.send_call("add_task", json!({ "title": format!("number {n}") })))
            .collect();
        let ending = client.close_stdin_and_wait();
        ending.assert_good(dialect);
        for sent in sent {
            let answer = ending.messages.iter().find(|m| m["id"] == sent);
            object(&answer.unwrap_or_else(|| panic!("no answer to {sent}"))["result"]);
        }
        if let Some(id) = id {
            assert_ends_subscription(&ending.messages, &id);
        }
    }
}

#[test]
fn input_that_ends_in_the_middle_of_a_line_executes_no_half_of_it() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        client.send_raw(
            r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"add_task","arguments":{"title":"ha"#,
        );
        let ending = client.close_stdin_and_wait();
        ending.assert_good(dialect);
        assert!(
            ending.messages.iter().all(|m| m["error"]["code"] == -32700),
            "{:?}",
            ending.messages
        );
        assert_eq!(home.tasks("trash"), Vec::<Value>::new());
        assert_eq!(home.tasks("all"), Vec::<Value>::new());
    }
}

#[test]
fn input_that_never_began_is_a_good_end() {
    let home = Home::new();
    let ending = home.start(Dialect::Legacy).close_stdin_and_wait();
    ending.assert_good(());
    assert_eq!(ending.messages, Vec::<Value>::new());
}

#[test]
fn input_that_ends_after_nothing_but_noise_is_a_good_end() {
    let home = Home::new();
    let mut client = home.start(Dialect::Legacy);
    client.send_raw("\n\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\nnoise\n");
    let ending = client.close_stdin_and_wait();
    ending.assert_good(());
    assert_eq!(ending.messages.len(), 1, "{:?}", ending.messages);
}

#[cfg(unix)]
fn terminate(client: &Client) {
    let status = std::process::Command::new("kill")
        .args(["-TERM", &client.pid().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[cfg(unix)]
#[test]
fn sigterm_ends_an_idle_server_and_its_subscriptions() {
    for dialect in Dialect::BOTH {
        for wiring in wirings() {
            let home = Home::new();
            let mut client = Client::start(home.command(&["mcp"]), dialect, wiring);
            client.greet();
            let id = watch_all(&mut client, dialect);
            terminate(&client);
            let ending = client.wait_for_exit();
            ending.assert_good((dialect, wiring));
            if let Some(id) = id {
                assert_ends_subscription(&ending.messages, &id);
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn sigterm_before_the_first_message_is_a_good_end() {
    let home = Home::new();
    let mut client = home.start(Dialect::Legacy);
    // An answer shows that the server runs; a signal before that would meet the system's default.
    client.send_line("noise");
    client.next_message();
    terminate(&client);
    client.wait_for_exit().assert_good(());
}

#[cfg(unix)]
#[test]
fn sigterm_among_writes_leaves_none_made_and_unanswered() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        let sent: Vec<_> = (0..300)
            .map(|n| client.send_call("add_task", json!({ "title": format!("number {n}") })))
            .collect();
        let first = client.answer(&sent[0]);
        terminate(&client);
        let ending = client.wait_for_exit();
        ending.assert_good(dialect);

        let mut answered: Vec<_> = std::iter::once(&first)
            .chain(&ending.messages)
            .filter(|m| m["result"].is_object())
            .map(|m| object(&m["result"])["id"].as_i64().unwrap())
            .collect();
        let mut made: Vec<_> = home
            .tasks("all")
            .iter()
            .map(|task| task["id"].as_i64().unwrap())
            .collect();
        answered.sort_unstable();
        made.sort_unstable();
        assert_eq!(answered, made, "{dialect:?}");
    }
}

#[test]
fn a_client_that_closes_its_end_of_stdout_ends_the_server() {
    let home = Home::new();
    let mut command = home.command(&["mcp"]);
    let mut server = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = read_all(server.stderr.take().unwrap());
    let mut to = server.stdin.take().unwrap();
    let mut line = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize("2025-06-18"),
    })
    .to_string();
    line.push('\n');
    drop(server.stdout.take());
    std::io::Write::write_all(&mut to, line.as_bytes()).unwrap();
    exit_status(
        &mut server,
        &said,
        PATIENCE,
        "the end of a server whose answers nobody can read",
    );
}

#[test]
fn a_client_that_stops_reading_in_the_middle_ends_the_server_and_loses_no_other_write() {
    let home = Home::new();
    let mut command = home.command(&["mcp"]);
    let mut server = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = read_all(server.stderr.take().unwrap());
    let mut to = server.stdin.take().unwrap();
    let mut from = std::io::BufReader::new(server.stdout.take().unwrap());
    let mut say = |message: &Value| {
        let _ = std::io::Write::write_all(&mut to, format!("{message}\n").as_bytes());
    };
    say(
        &json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize("2025-06-18") }),
    );
    let mut answer = String::new();
    std::io::BufRead::read_line(&mut from, &mut answer).unwrap();
    drop(from);
    let call = json!({ "name": "add_task", "arguments": { "title": "into the void" } });
    say(&json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call }));
    exit_status(
        &mut server,
        &said,
        PATIENCE,
        "the end of a server whose answers nobody can read",
    );

    add_a_task(&mut home.connect(Dialect::Legacy));
}

#[test]
fn a_client_that_writes_everything_before_it_reads_anything_gets_every_answer() {
    const REQUESTS: usize = 1000;
    let home = Home::new();
    let mut command = home.command(&["mcp"]);
    let mut server = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = read_all(server.stderr.take().unwrap());
    let mut lines = vec![json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": initialize("2025-06-18"),
    })];
    lines.extend(
        (1..=REQUESTS).map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" })),
    );
    let lines = lines
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    let mut to = server.stdin.take().unwrap();
    let (done, written) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        std::io::Write::write_all(&mut to, format!("{lines}\n").as_bytes()).unwrap();
        drop(to);
        done.send(()).unwrap();
    });
    let wrote = written.recv_timeout(PATIENCE);
    let answers = read_all(server.stdout.take().unwrap());
    let (status, errors) = exit_status(
        &mut server,
        &said,
        PATIENCE,
        "the end of a server that was slowly read",
    );
    assert!(
        wrote.is_ok(),
        "the server stopped reading because nobody read its answers"
    );
    assert!(status.success(), "{status}: {errors}");
    assert_eq!(
        answers.recv_timeout(PATIENCE).unwrap().lines().count(),
        REQUESTS + 1
    );
}

fn wirings() -> Vec<Wiring> {
    #[cfg(unix)]
    return vec![Wiring::Pipes, Wiring::Sockets, Wiring::OneSocket];
    #[cfg(not(unix))]
    vec![Wiring::Pipes]
}

/// The SDK alone would wait for five seconds. A clock that stands still shows that nothing here waits for time to pass.
#[test]
fn a_session_ends_with_its_input_at_once_though_it_has_a_subscription() {
    let home = Home::new();
    let db = Db::start(&home.database(), 1);
    for dialect in Dialect::BOTH {
        let (ending, ended) = std::sync::mpsc::channel();
        let served = db.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            let (clock, standing) = std::sync::mpsc::channel::<()>();
            runtime.block_on(async move {
                // A paused clock goes forward by itself when nobody has anything to do, but not beside blocking work.
                #[expect(clippy::disallowed_methods, reason = "it is what stops the clock")]
                tokio::task::spawn_blocking(move || _ = standing.recv());
                converse(&served, dialect).await;
                drop(clock);
            });
            let _ = ending.send(());
        });
        let end = ended.recv_timeout(PATIENCE);
        assert!(end.is_ok(), "{dialect:?}: it waits for time to pass");
    }
    db.close().unwrap();
}

/// Begins a session, subscribes, and ends the input.
async fn converse(db: &Db, dialect: Dialect) {
    let (mut input, theirs) = tokio::io::duplex(64 * 1024);
    let (output, mine) = tokio::io::duplex(64 * 1024);
    let session = tokio::spawn({
        let db = db.clone();
        async move { serve_on(&db, Zone::UTC, theirs, output, CancellationToken::new()).await }
    });
    let mut answers = BufReader::new(mine).lines();
    let messages = match dialect {
        Dialect::Legacy => vec![
            json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize("2025-11-25") }),
            json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
            json!({ "jsonrpc": "2.0", "id": 2, "method": "resources/subscribe", "params": { "uri": "tasks://all" } }),
        ],
        Dialect::Modern => {
            let mut params = crate::support::listen(&["tasks://all"]);
            params["_meta"] = modern_meta("2026-07-28");
            vec![
                json!({ "jsonrpc": "2.0", "id": 2, "method": "subscriptions/listen", "params": params }),
            ]
        }
    };
    for message in messages {
        input
            .write_all(format!("{message}\n").as_bytes())
            .await
            .unwrap();
    }
    // The answer to the subscription, or its acknowledgement.
    while let Some(line) = answers.next_line().await.unwrap() {
        let message: Value = serde_json::from_str(&line).unwrap();
        if message["id"] == 2 || message["method"] == "notifications/subscriptions/acknowledged" {
            break;
        }
    }
    drop(input);
    while answers.next_line().await.unwrap().is_some() {}
    session.await.unwrap();
}

/// A host that is killed leaves its input open where it has handed its end on to another process.
#[cfg(any(target_os = "linux", target_os = "macos"))]
#[test]
fn a_server_whose_parent_is_killed_ends_though_its_input_is_held_open() {
    let home = Home::new();
    let command = crate::support::below_a_shell(&home.command(&["mcp"]));
    let mut client = Client::start(command, Dialect::Legacy, Wiring::Pipes);
    client.greet();
    client.end_process();
    // The server is still there, and the one that closes its output.
    add_a_task(&mut client);
    let ending = client.wait_for_exit();
    assert_eq!(ending.messages, Vec::<Value>::new());
    assert_eq!(home.tasks("all").len(), 1);
}
