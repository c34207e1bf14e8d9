//! Whoever watches a resource hears of each change to it, by any process, after the commit, and of nothing else.
//!
//! Silence is proved with a marker: a change made later to another watched resource is heard, and nothing came first.

mod silence;

use serde_json::{Value, json};

use crate::support::{Client, Dialect, Home};

const ALL: &str = "tasks://all";
const PENDING: &str = "tasks://pending";

/// Every way in which two processes can speak: the dialect of the writer, then of the subscriber.
const PAIRS: [(Dialect, Dialect); 4] = [
    (Dialect::Legacy, Dialect::Legacy),
    (Dialect::Legacy, Dialect::Modern),
    (Dialect::Modern, Dialect::Legacy),
    (Dialect::Modern, Dialect::Modern),
];

/// Adds a task and returns its id.
fn add(client: &mut Client, title: &str) -> i64 {
    client.call("add_task", json!({ "title": title }))["id"]
        .as_i64()
        .unwrap()
}

fn complete(client: &mut Client, id: i64) {
    client.call("complete_task", json!({ "task_id": id }));
}

fn task(id: i64) -> String {
    format!("tasks://task/{id}")
}

/// Reads a watched resource each time there is news of it, until it says what is expected. Returns how often that was.
fn hear_until(client: &mut Client, uri: &str, expected: &str) -> usize {
    for times in 1.. {
        assert_eq!(client.next_updated(), uri);
        if client.read(uri).contains(expected) {
            return times;
        }
    }
    unreachable!("the loop ends by a return, or by the deadline of `next_updated`")
}

#[test]
fn a_change_in_one_process_is_heard_in_another() {
    for (writing, watching) in PAIRS {
        let home = Home::new();
        let mut writer = home.connect(writing);
        let mut subscriber = home.connect(watching);
        subscriber.watch(PENDING);
        add(&mut writer, "water the plants");
        assert_eq!(
            subscriber.next_updated(),
            PENDING,
            "{writing:?} to {watching:?}"
        );
        complete(&mut writer, 1);
        assert_eq!(
            subscriber.next_updated(),
            PENDING,
            "{writing:?} to {watching:?}"
        );
    }
}

#[test]
fn a_change_is_heard_by_the_process_that_made_it() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        client.watch(ALL);
        add(&mut client, "water the plants");
        assert_eq!(client.next_updated(), ALL, "{dialect:?}");
    }
}

#[test]
fn both_dialects_hear_in_one_process() {
    let home = Home::new();
    let mut writer = home.connect(Dialect::Legacy);
    let mut subscriber = home.connect(Dialect::Legacy);
    subscriber.watch(ALL);
    let meta = crate::support::modern_meta("2026-07-28");
    let params = json!({ "notifications": { "resourceSubscriptions": [ALL] }, "_meta": meta });
    let id = subscriber.send("subscriptions/listen", params);
    subscriber.acknowledgement(&id);

    add(&mut writer, "water the plants");

    let mut tagged: Vec<_> = (0..2)
        .map(|_| subscriber.next_message())
        .map(|m| {
            m["params"]["_meta"]
                .get("io.modelcontextprotocol/subscriptionId")
                .cloned()
        })
        .collect();
    tagged.sort_by_key(Option::is_some);
    assert_eq!(tagged, [None, Some(id)]);
}

#[test]
fn the_command_line_is_heard_too() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut subscriber = home.connect(dialect);
        subscriber.watch(ALL);
        home.run(&["add", "from", "the", "shell"]);
        assert_eq!(hear_until(&mut subscriber, ALL, "from the shell"), 1);
        home.run(&["done", "1"]);
        assert_eq!(hear_until(&mut subscriber, ALL, "completed"), 1);
        home.run(&["delete", "1"]);
        assert_eq!(hear_until(&mut subscriber, ALL, "No tasks found"), 1);
    }
}

#[test]
fn every_kind_of_change_is_heard_by_those_who_watch_the_task() {
    let changes = [
        ("update_task", json!({ "task_id": 1, "title": "renamed" })),
        (
            "update_task",
            json!({ "task_id": 1, "description": "with a word more" }),
        ),
        (
            "update_task",
            json!({ "task_id": 1, "status": "in_progress" }),
        ),
        ("complete_task", json!({ "task_id": 1 })),
        ("undo", json!({})),
        ("delete_task", json!({ "task_id": 1 })),
        ("undo", json!({})),
    ];
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut writer = home.connect(dialect);
        let mut subscriber = home.connect(dialect);
        let id = add(&mut writer, "water the plants");
        subscriber.watch(&task(id));
        for (tool, arguments) in &changes {
            writer.request(
                "tools/call",
                json!({ "name": tool, "arguments": arguments }),
            );
            assert_eq!(subscriber.next_updated(), task(id), "{tool} {arguments}");
        }
    }
}

#[test]
fn what_is_heard_can_be_read() {
    for (writing, watching) in PAIRS {
        let home = Home::new();
        let mut writer = home.connect(writing);
        let mut subscriber = home.connect(watching);
        subscriber.watch(ALL);
        for n in 0..25 {
            let title = format!("number <{n}>");
            // The news may well arrive before the writer has its answer, but not before the commit.
            let id = writer.send_call("add_task", json!({ "title": title }));
            assert_eq!(
                hear_until(&mut subscriber, ALL, &title),
                1,
                "heard before it could be read"
            );
            writer.answer(&id);
        }
    }
}

#[test]
fn what_a_process_hears_of_its_own_change_every_other_can_read() {
    for (writing, reading) in PAIRS {
        let home = Home::new();
        let mut writer = home.connect(writing);
        let mut reader = home.connect(reading);
        writer.watch(ALL);
        for n in 0..25 {
            let title = format!("number <{n}>");
            writer.send_call("add_task", json!({ "title": title }));
            assert_eq!(writer.next_updated(), ALL);
            assert!(reader.read(ALL).contains(&title), "heard before its commit");
        }
    }
}

#[test]
fn a_burst_is_told_in_fewer_words_and_its_end_is_told() {
    const WRITES: usize = 60;
    for (writing, watching) in PAIRS {
        let home = Home::new();
        let mut writer = home.connect(writing);
        let mut subscriber = home.connect(watching);
        let id = add(&mut writer, "number 0");
        subscriber.watch(&task(id));
        let sent: Vec<_> = (1..=WRITES)
            .map(|n| {
                writer.send_call(
                    "update_task",
                    json!({ "task_id": id, "title": format!("number <{n}>") }),
                )
            })
            .collect();
        let times = hear_until(&mut subscriber, &task(id), &format!("number <{WRITES}>"));
        assert!(
            times < WRITES,
            "{WRITES} writes were told in {times} notifications"
        );
        for id in sent {
            assert!(writer.answer(&id)["result"].is_object());
        }
    }
}

#[test]
fn a_change_right_after_subscribing_is_never_lost() {
    for (writing, watching) in PAIRS {
        let home = Home::new();
        let mut writer = home.connect(writing);
        let mut subscriber = home.connect(watching);
        for n in 0..50 {
            let watch = subscriber.watch(ALL);
            let title = format!("number <{n}>");
            writer.send_call("add_task", json!({ "title": title }));
            hear_until(&mut subscriber, ALL, &title);
            subscriber.unwatch(&watch);
        }
    }
}

#[test]
fn a_change_right_after_subscribing_is_never_lost_in_the_same_process() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = home.connect(dialect);
        for n in 0..50 {
            let watch = client.watch(ALL);
            let title = format!("number <{n}>");
            client.send_call("add_task", json!({ "title": title }));
            hear_until(&mut client, ALL, &title);
            client.unwatch(&watch);
        }
    }
}

#[test]
fn many_subscribers_in_many_processes_all_hear() {
    let home = Home::new();
    let mut writer = home.connect(Dialect::Legacy);
    let mut subscribers: Vec<_> = (0..8).map(|n| home.connect(Dialect::BOTH[n % 2])).collect();
    for subscriber in &mut subscribers {
        subscriber.watch(ALL);
    }
    add(&mut writer, "for all of you");
    for subscriber in &mut subscribers {
        hear_until(subscriber, ALL, "for all of you");
    }
}

#[test]
fn a_resource_that_cannot_be_is_refused_or_left_out() {
    let unknown = [
        "file:///etc/passwd",
        "tasks://task/abc",
        "tasks://nothing",
        "tasks://",
        "",
        "https://all",
    ];
    let home = Home::new();
    let mut legacy = home.connect(Dialect::Legacy);
    for uri in unknown {
        let error = legacy.refusal("resources/subscribe", json!({ "uri": uri }));
        assert_eq!(error["data"]["uri"], uri, "{error}");
        assert!(
            [-32002, -32602].contains(&error["code"].as_i64().unwrap()),
            "{error}"
        );
    }

    let mut modern = home.connect(Dialect::Modern);
    let mut uris = unknown.to_vec();
    uris.insert(2, ALL);
    let id = modern.send("subscriptions/listen", crate::support::listen(&uris));
    assert_eq!(
        modern.acknowledgement(&id)["resourceSubscriptions"],
        json!([ALL])
    );

    let id = modern.send("subscriptions/listen", crate::support::listen(&unknown));
    let accepted = modern.acknowledgement(&id)["resourceSubscriptions"].take();
    assert!(
        accepted == json!([]) || accepted == Value::Null,
        "{accepted}"
    );
}
