//! Notifications through the daemon, in both dialects, from every kind of process.

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use serde_json::json;

use crate::daemon::Daemon;
use crate::support::{Dialect, Home};

const ALL: &str = "tasks://all";

#[test]
fn a_change_by_the_daemon_a_stdio_process_or_the_command_line_is_heard_everywhere() {
    for writing in Dialect::BOTH {
        for watching in Dialect::BOTH {
            let home = Home::new();
            let daemon = Daemon::start(&home, &[]);
            let mut stdio_watcher = home.connect(watching);
            stdio_watcher.watch(ALL);
            let mut http_watcher = client(&daemon, watching);
            let events = http_watcher.watch(watching, ALL);
            let mut http_writer = client(&daemon, writing);
            let mut stdio_writer = home.connect(writing);

            http_writer.add(writing, "through the daemon");
            assert_eq!(events.next_updated(), ALL, "{writing:?} {watching:?}");
            assert_eq!(
                stdio_watcher.next_updated(),
                ALL,
                "{writing:?} {watching:?}"
            );

            stdio_writer.call("add_task", json!({ "title": "over stdio" }));
            assert_eq!(events.next_updated(), ALL, "{writing:?} {watching:?}");
            assert_eq!(
                stdio_watcher.next_updated(),
                ALL,
                "{writing:?} {watching:?}"
            );

            home.run(&["add", "from the shell"]);
            assert_eq!(events.next_updated(), ALL, "{writing:?} {watching:?}");
            assert_eq!(
                stdio_watcher.next_updated(),
                ALL,
                "{writing:?} {watching:?}"
            );
        }
    }
}

fn client(daemon: &Daemon, dialect: Dialect) -> crate::wire::Wire {
    match dialect {
        Dialect::Legacy => daemon.wire().begin(),
        Dialect::Modern => daemon.wire(),
    }
}

#[test]
fn a_change_right_after_the_acknowledgement_is_never_lost() {
    for writing in Dialect::BOTH {
        for watching in Dialect::BOTH {
            let home = Home::new();
            let daemon = Daemon::start(&home, &[]);
            let mut watcher = client(&daemon, watching);
            let mut writer = client(&daemon, writing);
            let mut stdio = home.connect(writing);
            for n in 0..75 {
                let events = watcher.watch(watching, ALL);
                // In turn by the daemon itself and by another process.
                if n % 2 == 0 {
                    writer.add(writing, "at once");
                } else {
                    stdio.call("add_task", json!({ "title": "at once" }));
                }
                assert_eq!(events.next_updated(), ALL, "{writing:?} {watching:?} {n}");
                watcher.unwatch(watching, ALL, events);
            }
        }
    }
}

#[test]
fn what_a_client_did_not_ask_for_it_does_not_hear() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let id = daemon.wire().add(Dialect::Modern, "one");
    for dialect in Dialect::BOTH {
        let mut one = client(&daemon, dialect);
        let mut other = client(&daemon, dialect);
        let mine = one.watch(dialect, &format!("tasks://task/{id}"));
        let theirs = other.watch(dialect, ALL);
        daemon.wire().add(Dialect::Modern, "two");
        assert_eq!(theirs.next_updated(), ALL);
        assert_eq!(
            mine.messages.recv_timeout(Duration::ZERO),
            Err(RecvTimeoutError::Timeout),
            "{dialect:?}"
        );
    }
}

#[test]
fn one_who_does_not_read_keeps_nobody_waiting() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let id = daemon.wire().add(Dialect::Modern, "one");
    let uri = format!("tasks://task/{id}");
    // Streams that are opened and never read.
    let mut deaf = daemon.wire().begin();
    deaf.request(
        Dialect::Legacy,
        "resources/subscribe",
        json!({ "uri": uri }),
    );
    let mut stream = deaf.another();
    let header = format!(
        "Accept: text/event-stream\r\nMcp-Session-Id: {}\r\n",
        deaf.session.as_ref().unwrap()
    );
    stream.send("GET /mcp", &header, "");
    let mut modern = daemon.wire();
    modern.send_message(Dialect::Modern, json!({ "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": crate::support::listen(&[&uri]) }));
    let events = daemon.wire().watch(Dialect::Modern, &uri);
    let mut writer = daemon.wire();
    for n in 0..300 {
        writer.call(
            Dialect::Modern,
            "update_task",
            json!({ "task_id": id, "title": format!("number {n}") }),
        );
        assert_eq!(events.next_updated(), uri);
    }
    // The same session's calls too.
    deaf.add(Dialect::Legacy, "two");
}
