//! `taskhold mcp --connect`: a stdio host that goes through the daemon hears and does what it would without it.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::daemon::{Daemon, close_to_others};
#[cfg(any(target_os = "linux", target_os = "macos"))]
use crate::support::below_a_shell;
use crate::support::{Client, Dialect, Home, Wiring, initialize, listen, object};

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
        let tasks = home.tasks("all");
        let made = tasks.iter().find(|task| task["id"] == id).unwrap();
        assert_eq!(made["created_by"], "support (main)");
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
    let error = error.as_str().unwrap();
    // Ended at once, as Windows ends it, it may have had the call already.
    let may_have_it = cfg!(windows) && error.contains("not certain");
    assert!(error.contains("taskhold serve") || may_have_it, "{error}");
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
    for (target, way_out) in [
        ("localhost", "taskhold serve"),
        ("http://192.0.2.1:8275/mcp", "https://"),
        ("http://tasks.example/mcp", "https://"),
        ("https://tasks.example/mcp", "TASKHOLD_TOKEN"),
    ] {
        let (status, said) = refused(&home, &["mcp", "--connect", target]);
        assert_eq!(status, Some(2), "{target}: {said}");
        assert!(said.contains(way_out), "{target}: {said}");
    }
}

/// Runs a call to its end, and returns how it ended and what it said.
fn refused(home: &Home, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = home.command(arguments);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}

#[test]
fn a_url_without_its_path_is_told_what_it_ends_in() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let daemon = Daemon::start(&home, &[]);
        let target = format!("http://127.0.0.1:{}", daemon.port);
        let command = home.command(&["mcp", "--connect", &target]);
        let mut client = Client::start(command, dialect, Wiring::Pipes);
        for method in ["initialize", "tools/list"] {
            let error = client.refusal(method, initialize("2025-11-25"));
            let said = error["message"].as_str().unwrap();
            assert!(said.contains("ends in /mcp"), "{method}: {said}");
        }
    }
}

#[test]
fn it_speaks_tls_with_who_is_trusted_and_with_nobody_else() {
    let home = Home::new();
    let made = |name: &str| {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let file = |ending: &str, text: String| {
            let path = home.database().with_file_name(format!("{name}.{ending}"));
            std::fs::write(&path, text).unwrap();
            close_to_others(&path);
            path.display().to_string()
        };
        let key = file("key", made.signing_key.serialize_pem());
        (file("pem", made.cert.pem()), key)
    };
    let ((certificate, key), (other, _)) = (made("daemon"), made("other"));
    let daemon = Daemon::start(&home, &["--tls-cert", &certificate, "--tls-key", &key]);
    let target = format!("https://localhost:{}/mcp", daemon.port);
    let start = |flags: &[&str], system: &str, dialect| {
        let arguments = [&["mcp", "--connect", &target], flags].concat();
        let mut command = home.command(&arguments);
        command.env("SSL_CERT_FILE", system);
        Client::start(command, dialect, Wiring::Pipes)
    };
    for dialect in Dialect::BOTH {
        for (flags, system) in [
            (&["--tls-ca", &certificate][..], &other),
            (&[], &certificate),
        ] {
            let mut client = start(flags, system, dialect);
            client.greet();
            client.watch(ALL);
            client.call("add_task", json!({ "title": "encrypted" }));
            assert_eq!(client.next_updated(), ALL);
            client.close_stdin_and_wait().assert_good(flags);
        }
        for (flags, system) in [(&["--tls-ca", &other][..], &certificate), (&[], &other)] {
            let mut client = start(flags, system, dialect);
            let error = client.refusal("tools/list", json!({}));
            let said = error["message"].as_str().unwrap();
            assert!(said.contains("--tls-ca"), "{said}");
        }
    }
    for (flag, target) in [(&key, &target), (&certificate, &url(&daemon))] {
        let (status, said) = refused(&home, &["mcp", "--connect", target, "--tls-ca", flag]);
        assert_ne!(status, Some(0));
        assert!(
            said.contains("certificate") || said.contains("https://"),
            "{said}"
        );
    }
}

#[test]
fn input_that_ends_behind_calls_and_a_subscription_has_them_all_answered() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let daemon = Daemon::start(&home, &[]);
        let mut client = connect(&home, &url(&daemon), dialect);
        let watch = (dialect == Dialect::Modern)
            .then(|| client.send("subscriptions/listen", listen(&[ALL])));
        if let Some(id) = &watch {
            client.acknowledgement(id);
        }
        let sent: Vec<_> = (0..100)
            .map(|n| client.send_call("add_task", json!({ "title": format!("number {n}") })))
            .collect();
        let ending = client.close_stdin_and_wait();
        ending.assert_good(dialect);
        let answer = |id: &Value| {
            let mut answers = ending
                .messages
                .iter()
                .filter(|message| message["id"] == *id);
            let answer = answers
                .next()
                .unwrap_or_else(|| panic!("no answer to {id}"));
            assert_eq!(answers.next(), None, "{id} was answered twice");
            assert!(answer["result"].is_object(), "{answer}");
            answer["result"].clone()
        };
        for id in sent {
            object(&answer(&id));
        }
        if let Some(id) = watch {
            assert_eq!(answer(&id)["resultType"], "complete");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_daemon_that_does_not_answer_keeps_nobody_from_ending() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let daemon = Daemon::start(&home, &[]);
        let frozen = |client: &mut Client| {
            // Nothing else is on its way.
            client.request("tools/list", json!({}));
            daemon.signal("-STOP");
            let call = |n| json!({ "title": format!("number {n}") });
            [1, 2].map(|n| client.send_call("add_task", call(n)))
        };
        // By the end of its input, which tells what came of the calls.
        let mut client = connect(&home, &url(&daemon), dialect);
        let sent = frozen(&mut client);
        let ending = client.close_stdin_and_wait();
        ending.assert_good(dialect);
        for (id, said) in sent.iter().zip(["not certain", "not made"]) {
            let answer = ending.messages.iter().find(|m| m["id"] == *id).unwrap();
            let error = answer["error"]["message"].as_str().unwrap();
            assert!(error.contains(said), "{answer}");
        }
        daemon.signal("-CONT");
        // By a signal.
        let mut client = connect(&home, &url(&daemon), dialect);
        frozen(&mut client);
        let pid = client.pid().to_string();
        assert!(
            std::process::Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        client.wait_for_exit().assert_good(dialect);
        daemon.signal("-CONT");
    }
}

#[cfg(unix)]
#[test]
fn it_goes_through_the_socket_without_a_token() {
    let home = Home::new();
    let path = home.database().with_file_name("run").join("tasks.sock");
    let _daemon = Daemon::start(&home, &[&format!("--socket={}", path.display())]);
    let mut client = connect(&home, &format!("unix:{}", path.display()), Dialect::Modern);
    assert_eq!(client.call("add_task", json!({ "title": "x" }))["id"], 1);
    assert_eq!(home.tasks("all")[0]["created_by"], "support");
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
#[test]
fn it_ends_with_its_parent_though_its_input_is_held_open() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let command = below_a_shell(&home.command(&["mcp", "--connect", &url(&daemon)]));
    let mut client = Client::start(command, Dialect::Legacy, Wiring::Pipes);
    client.greet();
    client.end_process();
    client.call("add_task", json!({ "title": "still here" }));
    assert_eq!(client.wait_for_exit().messages, Vec::<Value>::new());
}
