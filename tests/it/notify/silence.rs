//! What is not heard: other tasks, calls that failed or changed nothing, subscriptions that have ended.

use serde_json::json;

use super::{ALL, PAIRS, add, complete, hear_until, task};
use crate::support::{Client, Dialect, Home};

/// A subscriber to tasks 1, 2 and 3, one writer, and the three tasks.
fn three_watched(home: &Home, writing: Dialect, watching: Dialect) -> (Client, Client) {
    let mut writer = home.connect(writing);
    for title in ["one", "two", "three"] {
        add(&mut writer, title);
    }
    let mut subscriber = home.connect(watching);
    for id in 1..=3 {
        subscriber.watch(&task(id));
    }
    (writer, subscriber)
}

/// Changes task 3 and then task 2 and checks that news of these two, in this order, is all there is.
///
/// Two markers, since a burst may be told in any order: news that was on its way with that of task 3 comes before
/// that of task 2.
fn assert_nothing_else_was_heard(writer: &mut Client, subscriber: &mut Client, context: &str) {
    for id in [3, 2] {
        writer.call(
            "update_task",
            json!({ "task_id": id, "description": context }),
        );
        assert_eq!(subscriber.next_updated(), task(id), "after {context}");
    }
}

#[test]
fn a_change_to_one_task_is_not_heard_by_those_who_watch_another() {
    for (writing, watching) in PAIRS {
        let home = Home::new();
        let (mut writer, mut subscriber) = three_watched(&home, writing, watching);
        let unwatched = add(&mut writer, "four");
        complete(&mut writer, unwatched);
        assert_nothing_else_was_heard(
            &mut writer,
            &mut subscriber,
            "a change to a task nobody watches",
        );
        complete(&mut writer, 1);
        assert_eq!(subscriber.next_updated(), task(1));
        assert_nothing_else_was_heard(&mut writer, &mut subscriber, "completing task 1");
    }
}

#[test]
fn a_task_whose_number_begins_alike_is_another_task() {
    let home = Home::new();
    let mut writer = home.connect(Dialect::Legacy);
    for n in 1..=12 {
        add(&mut writer, &format!("number {n}"));
    }
    let mut subscriber = home.connect(Dialect::Modern);
    subscriber.watch(&task(1));
    subscriber.watch(&task(2));
    complete(&mut writer, 11);
    complete(&mut writer, 12);
    complete(&mut writer, 2);
    assert_eq!(subscriber.next_updated(), task(2));
    complete(&mut writer, 1);
    assert_eq!(subscriber.next_updated(), task(1));
}

#[test]
fn a_call_that_fails_or_changes_nothing_is_not_heard() {
    for (writing, watching) in PAIRS {
        let home = Home::new();
        let (mut writer, mut subscriber) = three_watched(&home, writing, watching);
        complete(&mut writer, 1);
        assert_eq!(subscriber.next_updated(), task(1));

        let again = writer.call("complete_task", json!({ "task_id": 1 }));
        assert!(again["note"].is_string(), "{again}");
        assert_nothing_else_was_heard(&mut writer, &mut subscriber, "completing twice");

        writer.call("update_task", json!({ "task_id": 1, "title": "one" }));
        assert_nothing_else_was_heard(&mut writer, &mut subscriber, "the same title again");

        let failing = [
            ("update_task", json!({ "task_id": 1, "title": "  " })),
            (
                "update_task",
                json!({ "task_id": 1, "title": "uno", "if_rev": 999 }),
            ),
            (
                "update_task",
                json!({ "task_id": 1, "title": "uno", "colour": "red" }),
            ),
            ("complete_task", json!({ "task_id": 99 })),
            ("delete_task", json!({ "task_id": 99 })),
            ("add_task", json!({ "title": "" })),
        ];
        for (tool, arguments) in failing {
            writer.complaint(tool, arguments.clone());
            assert_nothing_else_was_heard(
                &mut writer,
                &mut subscriber,
                &format!("{tool} {arguments}"),
            );
        }

        writer.call("list_tasks", json!({ "format": "json" }));
        writer.call("get_task", json!({ "task_id": 1 }));
        writer.read(&task(1));
        assert_nothing_else_was_heard(&mut writer, &mut subscriber, "reading");
    }
}

#[test]
fn a_failed_call_among_others_that_share_its_commit_is_not_heard() {
    for (writing, watching) in PAIRS {
        let home = Home::new();
        let (mut writer, mut subscriber) = three_watched(&home, writing, watching);
        // Sent without waiting, so that they meet in one transaction and the second must roll back alone.
        let add = writer.send_call("add_task", json!({ "title": "four" }));
        let fail = writer.send_call(
            "update_task",
            json!({ "task_id": 1, "title": "uno", "if_rev": 999 }),
        );
        let touch = writer.send_call("update_task", json!({ "task_id": 2, "title": "dos" }));
        assert_ne!(writer.answer(&add)["result"]["isError"], true);
        assert_eq!(writer.answer(&fail)["result"]["isError"], true);
        assert_ne!(writer.answer(&touch)["result"]["isError"], true);
        assert_eq!(subscriber.next_updated(), task(2));
        assert_nothing_else_was_heard(&mut writer, &mut subscriber, "a failed call in a group");
        assert!(writer.read(&task(1)).contains("one"));
    }
}

#[test]
fn a_watcher_of_all_tasks_hears_nothing_of_failed_calls() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut writer = home.connect(dialect);
        add(&mut writer, "one");
        let mut subscriber = home.connect(dialect);
        subscriber.watch(ALL);
        for n in 0..10 {
            writer.complaint("complete_task", json!({ "task_id": 99 }));
            let title = format!("marker <{n}>");
            add(&mut writer, &title);
            assert_eq!(
                hear_until(&mut subscriber, ALL, &title),
                1,
                "{dialect:?}: heard without a change"
            );
        }
    }
}

#[test]
fn a_subscription_that_was_ended_hears_nothing() {
    for (writing, watching) in PAIRS {
        let home = Home::new();
        let mut writer = home.connect(writing);
        for title in ["one", "two", "three"] {
            add(&mut writer, title);
        }
        let mut subscriber = home.connect(watching);
        subscriber.watch(&task(2));
        subscriber.watch(&task(3));
        let first = subscriber.watch(&task(1));
        complete(&mut writer, 1);
        assert_eq!(subscriber.next_updated(), task(1));

        subscriber.unwatch(&first);
        writer.call("update_task", json!({ "task_id": 1, "title": "uno" }));
        assert_nothing_else_was_heard(&mut writer, &mut subscriber, "the end of a subscription");

        subscriber.watch(&task(1));
        writer.call("update_task", json!({ "task_id": 1, "title": "ein" }));
        assert_eq!(
            subscriber.next_updated(),
            task(1),
            "a subscription made again"
        );
    }
}

#[test]
fn a_client_that_never_subscribed_hears_nothing() {
    for (writing, watching) in PAIRS {
        let home = Home::new();
        let mut writer = home.connect(writing);
        let mut other = home.connect(watching);
        let mut witness = home.connect(watching);
        witness.watch(ALL);
        add(&mut writer, "one");
        assert_eq!(witness.next_updated(), ALL);
        add(&mut other, "two");
        let ending = other.close_stdin_and_wait();
        assert_eq!(ending.messages, Vec::<serde_json::Value>::new());
    }
}
