//! Sessions of older clients: each answer to its asker, nothing lost while nobody listens, an end in the end.

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::support::{Dialect, Home};

const ALL: &str = "tasks://all";
const LEGACY: Dialect = Dialect::Legacy;

#[test]
fn calls_with_one_id_each_get_their_own_answer() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let session = daemon.wire().begin();
    // Asked on twenty connections before any answer is read.
    let mut wires: Vec<_> = (0..20).map(|_| session.another()).collect();
    for (number, wire) in wires.iter_mut().enumerate() {
        let params =
            json!({ "name": "add_task", "arguments": { "title": format!("number {number}") } });
        wire.send_message(
            LEGACY,
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }),
        );
    }
    for (number, wire) in wires.iter_mut().enumerate() {
        let message = wire.answer().message();
        assert_eq!(message["id"], 1);
        assert_eq!(
            message["result"]["structuredContent"]["title"],
            format!("number {number}"),
            "{message}"
        );
    }
}

#[test]
fn twenty_clients_with_the_same_ids_never_get_anothers_answer() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut clients: Vec<_> = (0..20)
        .map(|number| {
            if number % 2 == 0 {
                (daemon.wire().begin(), LEGACY)
            } else {
                (daemon.wire(), Dialect::Modern)
            }
        })
        .collect();
    for round in 0..5 {
        for (number, (wire, dialect)) in clients.iter_mut().enumerate() {
            let params = json!({ "name": "add_task", "arguments": { "title": format!("{round} of {number}") } });
            wire.send_message(
                *dialect,
                json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }),
            );
        }
        for (number, (wire, _)) in clients.iter_mut().enumerate() {
            let message = wire.answer().message();
            assert_eq!(
                message["result"]["structuredContent"]["title"],
                format!("{round} of {number}")
            );
        }
    }
}

#[test]
fn what_changes_while_no_stream_is_open_is_told_when_one_is_opened() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut session = daemon.wire().begin();
    let uris: Vec<String> = (1..=40).map(|id| format!("tasks://task/{id}")).collect();
    for uri in &uris {
        let id = session.add(LEGACY, uri);
        assert_eq!(*uri, format!("tasks://task/{id}"));
        session.request(LEGACY, "resources/subscribe", json!({ "uri": uri }));
    }
    // Twice each, which is told once.
    for title in ["once", "twice"] {
        for id in 1..=uris.len() {
            session.call(
                LEGACY,
                "update_task",
                json!({ "task_id": id, "title": title }),
            );
        }
    }
    let events = session.listen(None);
    let mut told: Vec<String> = uris.iter().map(|_| events.next_updated()).collect();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), uris.len(), "{told:?}");
}

#[test]
fn who_comes_again_with_the_last_id_hears_what_came_after_it() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut session = daemon.wire().begin();
    for uri in [ALL, "tasks://today"] {
        session.request(LEGACY, "resources/subscribe", json!({ "uri": uri }));
    }
    let events = session.listen(None);
    session.add(LEGACY, "heard");
    assert_eq!(events.next_updated(), ALL);
    let ids: Vec<String> = events.last_id.try_iter().collect();
    let last = ids.last().unwrap().clone();
    drop(events);
    session.call(
        LEGACY,
        "add_task",
        json!({ "title": "missed", "due": "today" }),
    );
    let events = session.listen(Some(&last));
    let mut told = [events.next_updated(), events.next_updated()];
    told.sort();
    assert_eq!(told, [ALL, "tasks://today"]);
}

#[test]
fn an_answer_that_was_cut_off_can_be_fetched() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let session = daemon.wire().begin();
    let mut wire = session.another();
    let params = json!({ "name": "add_task", "arguments": { "title": "cut off" } });
    wire.send_message(
        LEGACY,
        json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params }),
    );
    let events = wire.events(200).unwrap();
    let first = events.last_id.recv().unwrap();
    drop(events);
    match session.ask_to_listen(Some(&first)) {
        Ok(again) => {
            let heard: Vec<Value> = again.rest();
            assert!(heard.iter().all(|message| message["id"] == 5), "{heard:?}");
        }
        // It is gone, if all was sent before the connection was cut.
        Err(answer) => assert_eq!(answer.status, 400, "{answer:?}"),
    }
    assert_eq!(home.tasks("all").len(), 1);
}

#[test]
fn an_event_that_was_never_sent_is_refused() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut session = daemon.wire().begin();
    let events = session.watch(LEGACY, ALL);
    session.add(LEGACY, "news");
    events.next();
    for id in [
        "0-18446744073709551615",
        "0-1000",
        "77-0",
        "0-18446744073709551616",
        "0",
        "",
        "x-y",
        "-1-0",
    ] {
        let answer = session
            .ask_to_listen(Some(id))
            .err()
            .unwrap_or_else(|| panic!("{id} was taken"));
        assert_eq!(answer.status, 400, "{id}: {answer:?}");
        assert!(answer.message()["error"].is_string(), "{answer:?}");
    }
    // The stream that is open has not been replaced.
    session.add(LEGACY, "more news");
    assert_eq!(events.next_updated(), ALL);
}

#[test]
fn a_session_watches_so_many_resources_and_is_told_when_there_are_too_many() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "subscriptions=3"]);
    let mut session = daemon.wire().begin();
    let uri = |n: i64| json!({ "uri": format!("tasks://task/{n}") });
    for n in [1, 2, 3, 3] {
        session.request(LEGACY, "resources/subscribe", uri(n));
    }
    let refusal = session.ask(LEGACY, "resources/subscribe", uri(4)).message();
    let said = refusal["error"]["message"].as_str().unwrap();
    assert!(said.contains("too many subscriptions"), "{refusal}");
    session.request(LEGACY, "resources/unsubscribe", uri(1));
    session.request(LEGACY, "resources/subscribe", uri(4));
    // Another session has its own, and a stream of the newer dialect is told which of them are watched.
    let mut other = daemon.wire().begin();
    other.request(LEGACY, "resources/subscribe", uri(1));
    let uris: Vec<String> = (1..=5).map(|n| format!("tasks://task/{n}")).collect();
    let uris: Vec<&str> = uris.iter().map(String::as_str).collect();
    let mut modern = daemon.wire();
    let params = crate::support::listen(&uris);
    modern.send_message(
        Dialect::Modern,
        json!({ "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params }),
    );
    let accepted = modern.events(200).unwrap().next();
    assert_eq!(
        accepted["params"]["notifications"]["resourceSubscriptions"],
        json!(uris[..3])
    );
}

#[test]
fn what_is_not_watched_any_more_is_not_told_later() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut session = daemon.wire().begin();
    let kept = session.add(LEGACY, "kept");
    let dropped = session.add(LEGACY, "dropped");
    let uri = |id: i64| format!("tasks://task/{id}");
    for id in [kept, dropped] {
        session.request(LEGACY, "resources/subscribe", json!({ "uri": uri(id) }));
    }
    let events = session.listen(None);
    for id in [dropped, kept] {
        session.call(LEGACY, "complete_task", json!({ "task_id": id }));
        assert_eq!(events.next_updated(), uri(id));
    }
    drop(events);
    session.request(
        LEGACY,
        "resources/unsubscribe",
        json!({ "uri": uri(dropped) }),
    );
    // A new stream begins with all that is kept.
    assert_eq!(session.listen(None).next_updated(), uri(kept));
}

#[test]
fn a_second_stream_takes_the_place_of_the_first() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut session = daemon.wire().begin();
    let first = session.watch(LEGACY, ALL);
    let second = session.listen(None);
    first.rest();
    session.add(LEGACY, "news");
    assert_eq!(second.next_updated(), ALL);
}

#[test]
fn a_session_that_is_ended_is_gone() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let mut session = daemon.wire().begin();
    let events = session.watch(LEGACY, ALL);
    let mut other = session.another();
    session.end();
    events.rest();
    assert_eq!(other.ask(LEGACY, "ping", json!({})).status, 404);
}

#[test]
fn an_unused_session_ends_and_one_with_a_stream_stays() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &["--limit", "session-time=5s"]);
    let mut unused = daemon.wire().begin();
    let mut used = daemon.wire().begin();
    let events = used.watch(LEGACY, ALL);
    // Asking the unused one itself would be a use.
    daemon.await_gauge("taskhold_sessions", 1);
    assert_eq!(unused.ask(LEGACY, "ping", json!({})).status, 404);
    used.add(LEGACY, "still here");
    assert_eq!(events.next_updated(), ALL);
}

#[test]
fn a_cancelled_call_gets_no_answer_and_its_stream_ends() {
    let home = Home::new();
    let daemon = Daemon::start(&home, &[]);
    let session = daemon.wire().begin();
    let mut wire = session.another();
    let params = json!({ "name": "add_task", "arguments": { "title": "perhaps" } });
    wire.send_message(
        LEGACY,
        json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params }),
    );
    let mut other = session.another();
    other.send_message(LEGACY, json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 9 } }));
    assert_eq!(other.answer().status, 202);
    // It may have been done before; whatever it was, the stream comes to its end.
    assert_eq!(wire.answer().status, 200);
}
