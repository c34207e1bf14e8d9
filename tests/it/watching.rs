//! The resources of a day, a project and a tag: what they say, and who hears of which change.
//!
//! Silence is proved as in `notify`: two tasks that are watched for it are changed later, and nothing else came before.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::planning::connect_as;
use crate::support::{Client, Dialect, Home};
use crate::views::connect_at_noon;

const TODAY: &str = "tasks://today";
const OVERDUE: &str = "tasks://overdue";
const HOME: &str = "tasks://project/Home";
const WORK: &str = "tasks://project/Work";
const RED: &str = "tasks://tag/red";

/// The tasks nothing but a marker's change is made to; they come first, so their ids are known.
const MARKERS: [&str; 2] = ["tasks://task/1", "tasks://task/2"];

/// A home, who changes its tasks, who listens, and who sets the markers.
struct Watched {
    _home: Home,
    writer: Client,
    subscriber: Client,
    /// Another client, so that what the writer undoes is never a marker's change.
    marker: Client,
}

impl Watched {
    /// Subscribes to `uris` and the two markers. The first task added will be number 3.
    fn new(writing: Dialect, watching: Dialect, uris: &[&str]) -> Self {
        let home = Home::new();
        let mut marker = connect_as(&home, "marker");
        for title in ["marker one", "marker two"] {
            marker.call("add_task", json!({ "title": title }));
        }
        let mut subscriber = connect_at_noon(&home, watching);
        for uri in uris.iter().chain(&MARKERS) {
            subscriber.watch(uri);
        }
        Self {
            writer: connect_at_noon(&home, writing),
            subscriber,
            marker,
            _home: home,
        }
    }

    /// Returns what the subscriber has heard by now, markers left out, in the order of the letters.
    ///
    /// Two markers, since a burst may be told in any order: what was on its way with the first comes before the second.
    fn heard(&mut self, context: &str) -> Vec<String> {
        let mut heard = Vec::new();
        for (id, uri) in (1..).zip(MARKERS) {
            self.marker
                .call("update_task", json!({ "task_id": id, "comment": context }));
            heard.extend(std::iter::from_fn(|| {
                Some(self.subscriber.next_updated()).filter(|heard| heard != uri)
            }));
        }
        heard.sort();
        heard
    }

    /// Makes each change and checks that exactly those hear it who are said to.
    fn assert_heard(&mut self, changes: &[(&str, Value, &[&str])]) {
        for (tool, arguments, expected) in changes {
            let call = json!({ "name": tool, "arguments": arguments });
            let result = self.writer.request("tools/call", call);
            let context = format!("{tool} {arguments}");
            assert_ne!(result["isError"], true, "{context}: {result}");
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(self.heard(&context), expected, "{context}");
        }
    }
}

#[test]
fn each_list_says_what_is_in_it() {
    let home = Home::new();
    let mut client = connect_at_noon(&home, Dialect::Legacy);
    for (uri, nothing) in [
        (TODAY, "Nothing is due today!"),
        (OVERDUE, "Nothing is overdue!"),
        (HOME, "No open tasks in this project"),
        (RED, "No open tasks with this tag"),
    ] {
        assert_eq!(client.read(uri), nothing);
    }
    let tasks = json!([
        { "title": "late", "due": "2020-01-01", "project": "Home" },
        { "title": "for today", "due": "today", "tags": ["red"] },
        { "title": "far off", "due": "2099-01-01", "project": "home", "tags": ["red", "blue"] },
        { "title": "plain", "project": "Homework" },
    ]);
    client.request(
        "tools/call",
        json!({ "name": "add_task", "arguments": { "tasks": tasks } }),
    );
    client.call(
        "add_task",
        json!({ "title": "done", "due": "today", "project": "Home", "tags": ["red"] }),
    );
    client.call("complete_task", json!({ "task_id": 5 }));
    let lists: [(&str, &str, &[i64]); 5] = [
        (TODAY, "Due Today or Overdue:", &[1, 2]),
        (OVERDUE, "Overdue Tasks:", &[1]),
        (HOME, "Tasks of Home:", &[1, 3]),
        ("tasks://tag/red", "Tasks with #red:", &[2, 3]),
        ("tasks://tag/blue", "Tasks with #blue:", &[3]),
    ];
    for (uri, heading, expected) in lists {
        let text = client.read(uri);
        assert_eq!(text.lines().next(), Some(heading), "{text}");
        let id = |line: &str| {
            line.strip_prefix("⏳ [")?
                .split(']')
                .next()?
                .parse::<i64>()
                .ok()
        };
        let ids: Vec<i64> = text.lines().filter_map(id).collect();
        assert_eq!(ids, expected, "{uri}: {text}");
    }
    assert!(
        client
            .read(OVERDUE)
            .contains("   Due: Wed 2020-01-01\n   Project: Home\n")
    );
}

#[test]
fn a_name_with_other_signs_is_read_and_watched_percent_encoded_or_not() {
    for dialect in Dialect::BOTH {
        for uri in [
            "tasks://project/B%C3%BCro%20%26%20Co",
            "tasks://project/B%c3%bcro%20&%20Co",
        ] {
            let mut watched = Watched::new(dialect, dialect, &[uri]);
            watched.writer.call(
                "add_task",
                json!({ "title": "one", "project": "Büro & Co" }),
            );
            assert_eq!(
                watched.subscriber.next_updated(),
                uri,
                "in the client's spelling"
            );
            assert!(watched.subscriber.read(uri).contains("[3] one"), "{uri}");
        }
    }
}

#[test]
fn today_hears_of_what_is_in_it_comes_to_it_or_leaves_it_and_of_nothing_else() {
    for dialect in Dialect::BOTH {
        let mut watched = Watched::new(dialect, dialect, &[TODAY, OVERDUE]);
        watched.assert_heard(&[
            ("add_task", json!({ "title": "plain" }), &[]),
            (
                "add_task",
                json!({ "title": "four", "due": "tomorrow" }),
                &[],
            ),
            ("update_task", json!({ "task_id": 4, "title": "vier" }), &[]),
            (
                "update_task",
                json!({ "task_id": 4, "due": "today" }),
                &[TODAY],
            ),
            ("update_task", json!({ "task_id": 4, "due": "today" }), &[]),
            (
                "update_task",
                json!({ "task_id": 4, "title": "quatre" }),
                &[TODAY],
            ),
            (
                "update_task",
                json!({ "task_id": 4, "comment": "no part of the list" }),
                &[],
            ),
            (
                "update_task",
                json!({ "task_id": 4, "due": "2020-01-01" }),
                &[TODAY, OVERDUE],
            ),
            (
                "update_task",
                json!({ "task_id": 4, "due": "2099-01-01" }),
                &[TODAY, OVERDUE],
            ),
            (
                "update_task",
                json!({ "task_id": 4, "due": "2099-01-02" }),
                &[],
            ),
            ("undo", json!({}), &[]),
        ]);
    }
}

#[test]
fn a_task_that_is_closed_or_comes_back_is_heard_where_it_was() {
    for dialect in Dialect::BOTH {
        let all = [TODAY, OVERDUE, HOME, RED];
        let mut watched = Watched::new(dialect, dialect, &[TODAY, OVERDUE, HOME, WORK, RED]);
        let late =
            json!({ "title": "late", "due": "2020-01-01", "project": "Home", "tags": ["red"] });
        watched.assert_heard(&[
            ("add_task", late, &all),
            ("complete_task", json!({ "task_id": 3 }), &all),
            ("complete_task", json!({ "task_id": 3 }), &[]),
            ("update_task", json!({ "task_id": 3, "title": "done" }), &[]),
            (
                "update_task",
                json!({ "task_id": 3, "status": "pending" }),
                &all,
            ),
            (
                "update_task",
                json!({ "task_id": 3, "status": "in_progress" }),
                &[],
            ),
            ("delete_task", json!({ "task_id": 3 }), &all),
            ("undo", json!({}), &all),
            (
                "update_task",
                json!({ "task_id": 3, "status": "cancelled" }),
                &all,
            ),
        ]);
    }
}

#[test]
fn moving_between_projects_is_heard_in_both_and_a_tag_where_it_is() {
    for dialect in Dialect::BOTH {
        let mut watched = Watched::new(dialect, dialect, &[TODAY, HOME, WORK, RED]);
        watched.assert_heard(&[
            (
                "add_task",
                json!({ "title": "one", "project": "home" }),
                &[HOME],
            ),
            (
                "update_task",
                json!({ "task_id": 3, "project": "Work" }),
                &[HOME, WORK],
            ),
            (
                "update_task",
                json!({ "task_id": 3, "project": "Workshop" }),
                &[WORK],
            ),
            (
                "update_task",
                json!({ "task_id": 3, "tags": ["red", "blue"] }),
                &[RED],
            ),
            (
                "update_task",
                json!({ "task_id": 3, "tags": ["red"] }),
                &[RED],
            ),
            (
                "update_task",
                json!({ "task_id": 3, "tags": ["blue"] }),
                &[RED],
            ),
            (
                "update_task",
                json!({ "task_id": 3, "tags": ["reddish"] }),
                &[],
            ),
            ("update_task", json!({ "task_id": 3, "project": "" }), &[]),
        ]);
    }
}

#[test]
fn a_batch_is_heard_once_in_each_list_it_touches() {
    let mut watched = Watched::new(Dialect::Modern, Dialect::Legacy, &[TODAY, HOME, WORK, RED]);
    let batch = json!({ "tasks": [
        { "title": "one", "project": "Home" },
        { "title": "two", "project": "Home", "due": "today" },
        { "title": "three", "due": "2020-01-01" },
    ] });
    watched.assert_heard(&[
        ("add_task", batch, &[TODAY, HOME]),
        (
            "complete_task",
            json!({ "task_id": [3, 4, 5] }),
            &[TODAY, HOME],
        ),
        ("undo", json!({}), &[TODAY, HOME]),
    ]);
}

#[test]
fn a_repeating_task_that_moves_out_of_today_is_heard() {
    let mut watched = Watched::new(Dialect::Legacy, Dialect::Modern, &[TODAY, OVERDUE]);
    let task = json!({ "title": "one", "due": "today", "repeat": "every 3 days" });
    watched.assert_heard(&[
        ("add_task", task, &[TODAY]),
        ("complete_task", json!({ "task_id": 3 }), &[TODAY]),
        (
            "update_task",
            json!({ "task_id": 3, "description": "later" }),
            &[],
        ),
    ]);
}

#[test]
fn what_becomes_overdue_by_the_clock_is_heard() {
    for dialect in Dialect::BOTH {
        let mut watched = Watched::new(dialect, dialect, &[TODAY, OVERDUE]);
        let due = chrono::DateTime::<chrono::Utc>::from(SystemTime::now() + Duration::from_secs(2));
        let due = due.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        watched
            .writer
            .call("add_task", json!({ "title": "soon", "due": due }));
        assert_eq!(watched.subscriber.next_updated(), TODAY, "it came to today");
        assert_eq!(watched.subscriber.next_updated(), OVERDUE, "its time came");
        assert!(watched.subscriber.read(OVERDUE).contains("[3] soon"));
        assert_eq!(watched.heard("the clock"), [""; 0]);
    }
}
