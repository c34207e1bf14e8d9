//! Notifications through the daemon, in both dialects, from every kind of process.

use std::collections::HashMap;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use serde_json::json;

use crate::daemon::Daemon;
use crate::deaf::{CHANGES, Subject};
use crate::support::{Client, Dialect, Home};
use crate::wire::{Events, Wire};

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

fn client(daemon: &Daemon, dialect: Dialect) -> Wire {
    match dialect {
        Dialect::Legacy => daemon.wire().begin(),
        Dialect::Modern => daemon.wire(),
    }
}

/// Who watches: a client of the daemon in either dialect, or a process of its own.
enum Watcher {
    /// With its one stream.
    Session(Wire, Events),
    Stateless(Wire),
    Stdio(Client),
}

impl Watcher {
    fn every_kind(home: &Home, daemon: &Daemon) -> [(&'static str, Self); 4] {
        let session = daemon.wire().begin();
        let events = session.listen(None);
        [
            ("a session of the daemon", Self::Session(session, events)),
            ("a stream of the daemon", Self::Stateless(daemon.wire())),
            ("legacy stdio", Self::Stdio(home.connect(Dialect::Legacy))),
            ("modern stdio", Self::Stdio(home.connect(Dialect::Modern))),
        ]
    }

    /// Subscribes to a resource, has it changed as soon as that is acknowledged, and waits until the change is told.
    fn hears(&mut self, uri: &str, change: impl FnOnce()) {
        match self {
            Self::Session(wire, events) => {
                let legacy = Dialect::Legacy;
                wire.request(legacy, "resources/subscribe", json!({ "uri": uri }));
                change();
                assert_eq!(events.next_updated(), uri);
                wire.request(legacy, "resources/unsubscribe", json!({ "uri": uri }));
            }
            Self::Stateless(wire) => {
                let events = wire.watch(Dialect::Modern, uri);
                change();
                assert_eq!(events.next_updated(), uri);
            }
            Self::Stdio(client) => {
                let watch = client.watch(uri);
                change();
                assert_eq!(client.next_updated(), uri);
                client.unwatch(&watch);
            }
        }
    }
}

/// Who writes.
enum Writer<'home> {
    Http(Wire, Dialect),
    Stdio(Client),
    Shell(&'home Home),
}

impl Writer<'_> {
    fn rename(&mut self, id: i64) {
        let arguments = json!({ "task_id": id, "title": "renamed" });
        match self {
            Self::Http(wire, dialect) => drop(wire.call(*dialect, "update_task", arguments)),
            Self::Stdio(client) => drop(client.call("update_task", arguments)),
            Self::Shell(home) => drop(home.run(&["edit", &id.to_string(), "title:renamed"])),
        }
    }
}

/// Each try is about a task of its own, so that nothing left over from another can stand in for what is missed.
#[test]
#[expect(clippy::print_stdout, reason = "shown only if it fails")]
fn a_change_right_after_the_acknowledgement_is_never_missed_whoever_watches_and_whoever_writes() {
    const TRIES: usize = 75;
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut writers = [
        Writer::Http(client(&daemon, Dialect::Legacy), Dialect::Legacy),
        Writer::Http(client(&daemon, Dialect::Modern), Dialect::Modern),
        Writer::Stdio(home.connect(Dialect::Legacy)),
        Writer::Stdio(home.connect(Dialect::Modern)),
        Writer::Shell(&home),
    ];
    let watchers = Watcher::every_kind(&home, &daemon);
    let titles: Vec<_> = (0..TRIES * watchers.len())
        .map(|n| json!({ "title": format!("{n}") }))
        .collect();
    let mut first = daemon.wire();
    for some in titles.chunks(100) {
        let params = json!({ "name": "add_task", "arguments": { "tasks": some } });
        first.request(Dialect::Modern, "tools/call", params);
    }
    let mut ids = 1..;
    for (kind, mut watcher) in watchers {
        for number in 0..TRIES {
            let id = ids.next().unwrap();
            let from = number % writers.len();
            println!("{kind}, try {number}, writer {from}");
            watcher.hears(&format!("tasks://task/{id}"), || writers[from].rename(id));
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
    let mut writer = daemon.wire();
    let subject = Subject::new(&mut writer);
    let last = writer.add(Dialect::Modern, "two");
    let end = format!("tasks://task/{last}");
    let mut session = daemon.wire().begin();
    let deaf = [
        subject.unread_session(&mut session, &end),
        subject.unread_stream(&daemon, &end),
    ];
    let uri = format!("tasks://task/{}", subject.id);
    let events = daemon.wire().watch(Dialect::Modern, &uri);
    subject.change(&mut writer, || assert_eq!(events.next_updated(), uri));
    // The calls of the same session too.
    session.add(Dialect::Legacy, "three");

    // Who reads after all hears of everything, and less often than it changed. A last change says that this was all.
    for deaf in deaf {
        let mut told: HashMap<String, usize> = HashMap::new();
        let events = deaf.events(200).unwrap();
        writer.call(
            Dialect::Modern,
            "update_task",
            json!({ "task_id": last, "comment": "the end" }),
        );
        loop {
            let message = events.next();
            match message["params"]["uri"].as_str() {
                Some(uri) if uri == end => break,
                Some(uri) => *told.entry(uri.to_owned()).or_default() += 1,
                None => {}
            }
        }
        assert_eq!(told.len(), subject.uris.len());
        let (told, all): (usize, _) = (told.values().sum(), subject.uris.len() * CHANGES);
        assert!(
            told < all * 3 / 4,
            "{told} of {all} were sent: the stream was never full, and this run proves little"
        );
    }
}
