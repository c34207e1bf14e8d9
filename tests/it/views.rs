//! What `list_tasks` lists: views, their order, filters, pages, search, and what others did.

mod completed;
mod filters;
mod names;
mod news;
mod pages;
mod searching;
mod zones;

use chrono::{Timelike, Utc};
use serde_json::{Value, json};

use crate::planning::connect_in;
use crate::support::{Client, Dialect, Home, Wiring};

/// Returns a server in a zone where it is about noon, so that no test sees a midnight pass.
pub(crate) fn connect_at_noon(home: &Home, dialect: Dialect) -> Client {
    let east = 12 - i64::from(Utc::now().hour());
    let mut command = home.command(&["mcp"]);
    // POSIX counts to the west.
    command.env("TZ", format!("Etc/GMT{:+}", -east));
    let mut client = Client::start(command, dialect, Wiring::Pipes);
    client.greet();
    client
}

/// Returns what `list_tasks` says as text.
fn list(client: &mut Client, arguments: &Value) -> String {
    let result = client.request(
        "tools/call",
        json!({ "name": "list_tasks", "arguments": arguments }),
    );
    assert_ne!(result["isError"], true, "{arguments}: {result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

/// Returns the titles `list_tasks` lists, in its order.
fn titles(client: &mut Client, mut arguments: Value) -> Vec<String> {
    arguments["format"] = json!("json");
    let page = client.call("list_tasks", arguments);
    let title = |task: &Value| task["title"].as_str().unwrap().to_owned();
    page["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(title)
        .collect()
}

/// Adds tasks in one call.
fn add(client: &mut Client, tasks: &Value) {
    let result = client.request(
        "tools/call",
        json!({ "name": "add_task", "arguments": { "tasks": tasks } }),
    );
    assert_ne!(result["isError"], true, "{result}");
}

/// Adds a task of each kind there is a view for; its title says which.
fn one_of_each(client: &mut Client) {
    add(
        client,
        &json!([
            { "title": "late", "due": "2020-01-01" },
            { "title": "for today", "due": "today" },
            { "title": "far off", "due": "2099-01-01" },
            { "title": "deferred", "defer_until": "2099-01-01" },
            { "title": "blocked", "depends_on": ["^3"] },
            { "title": "begun" },
            { "title": "done" },
            { "title": "deleted" },
            { "title": "given up" },
            { "title": "was blocked", "depends_on": ["^7"] },
            { "title": "was deferred", "defer_until": "2020-01-01" },
        ]),
    );
    client.call(
        "update_task",
        json!({ "task_id": 6, "status": "in_progress" }),
    );
    client.call("complete_task", json!({ "task_id": 7 }));
    client.call("delete_task", json!({ "task_id": 8 }));
    client.call(
        "update_task",
        json!({ "task_id": 9, "status": "cancelled" }),
    );
}

#[test]
fn each_view_lists_what_its_name_says() {
    let home = Home::new();
    let mut client = connect_at_noon(&home, Dialect::Modern);
    one_of_each(&mut client);
    let views: [(&str, &[&str]); 9] = [
        (
            "open",
            &[
                "late",
                "for today",
                "far off",
                "blocked",
                "begun",
                "was blocked",
                "was deferred",
            ],
        ),
        ("deferred", &["deferred"]),
        (
            "ready",
            &[
                "late",
                "for today",
                "far off",
                "was blocked",
                "was deferred",
            ],
        ),
        ("today", &["late", "for today"]),
        ("overdue", &["late"]),
        ("blocked", &["blocked"]),
        ("completed", &["done"]),
        (
            "all",
            &[
                "late",
                "for today",
                "far off",
                "deferred",
                "blocked",
                "begun",
                "done",
                "given up",
                "was blocked",
                "was deferred",
            ],
        ),
        ("trash", &["deleted"]),
    ];
    for (view, expected) in views {
        assert_eq!(
            titles(&mut client, json!({ "view": view })),
            expected,
            "{view}"
        );
    }
    assert_eq!(titles(&mut client, json!({ "view": "stale" })), [""; 0]);
    let open = titles(&mut client, json!({}));
    assert_eq!(open.len(), 7, "the default is open: {open:?}");
    let unfinished = titles(&mut client, json!({ "view": "unfinished" }));
    assert_eq!(unfinished.len(), 8, "{unfinished:?}");
    assert_eq!(
        titles(&mut client, json!({ "view": "Done" })),
        ["done"],
        "a synonym"
    );
    let refusal = client.complaint("list_tasks", json!({ "view": "someday" }));
    assert!(
        refusal.contains("someday") && refusal.contains("overdue"),
        "{refusal}"
    );
}

#[test]
fn the_usual_list_says_its_name_and_how_many_are_deferred() {
    let home = Home::new();
    let mut client = connect_at_noon(&home, Dialect::Legacy);
    one_of_each(&mut client);
    let text = list(&mut client, &json!({}));
    let heading = text.lines().next().unwrap();
    assert!(
        heading.ends_with("| 7 open, 1 overdue, 2 today, 1 deferred"),
        "{heading}"
    );
    let text = list(&mut client, &json!({ "view": "open", "tag": "none" }));
    assert!(!text.contains("deferred"), "{text}");
    assert!(client.read("tasks://pending").contains("deferred"));
    let found = titles(&mut client, json!({ "query": "deferred" }));
    assert_eq!(found, ["was deferred", "deferred"], "a search finds all");
}

#[test]
fn what_is_deferred_is_left_out_of_the_lists_of_its_project_and_tag() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(
        &mut client,
        &json!([
            { "title": "now", "project": "flat", "tags": ["home"] },
            { "title": "later", "project": "flat", "tags": ["home"], "defer_until": "2099-01-01" },
        ]),
    );
    for filter in [json!({ "project": "flat" }), json!({ "tag": "home" })] {
        assert_eq!(titles(&mut client, filter.clone()), ["now"], "{filter}");
        let text = list(&mut client, &filter);
        assert!(text.contains("1 deferred"), "{text}");
    }
    for uri in ["tasks://project/flat", "tasks://tag/home"] {
        let text = client.read(uri);
        assert!(text.contains("now") && !text.contains("later"), "{text}");
    }
}

#[test]
fn a_line_names_only_what_the_task_still_waits_for() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(
        &mut client,
        &json!([{ "title": "one" }, { "title": "two" }, { "title": "three", "depends_on": ["^1", "^2"] }]),
    );
    client.call("complete_task", json!({ "task_id": 1 }));
    let text = list(&mut client, &json!({ "view": "blocked" }));
    assert!(text.ends_with("3 three (after 2)"), "{text}");
    client.call("complete_task", json!({ "task_id": 2 }));
    let text = list(&mut client, &json!({ "view": "ready" }));
    assert!(text.ends_with("3 three"), "{text}");
    let result = client.request(
        "tools/call",
        json!({ "name": "update_task", "arguments": { "task_id": [3], "priority": "high" } }),
    );
    assert!(!result.to_string().contains("after"), "{result}");
}

#[test]
fn a_task_is_ready_once_all_it_waits_for_is_closed() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    add(
        &mut client,
        &json!([{ "title": "one" }, { "title": "two" }, { "title": "three", "depends_on": ["^1", "^2"] }]),
    );
    let steps = [
        ("complete_task", json!({ "task_id": 1 }), true),
        ("delete_task", json!({ "task_id": 2 }), false),
        ("undo", json!({}), true),
        (
            "update_task",
            json!({ "task_id": 2, "status": "cancelled" }),
            false,
        ),
        (
            "update_task",
            json!({ "task_id": 1, "status": "pending" }),
            true,
        ),
        (
            "update_task",
            json!({ "task_id": 3, "depends_on": [] }),
            false,
        ),
        (
            "update_task",
            json!({ "task_id": 3, "depends_on": [1, 2] }),
            true,
        ),
    ];
    for (tool, arguments, is_blocked) in steps {
        client.request(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        );
        let blocked = titles(&mut client, json!({ "view": "blocked" }));
        let ready = titles(&mut client, json!({ "view": "ready" }));
        assert_eq!(
            blocked == ["three"],
            is_blocked,
            "{tool} {arguments}: {blocked:?}"
        );
        assert_eq!(
            ready.contains(&"three".to_owned()),
            !is_blocked,
            "{tool} {arguments}: {ready:?}"
        );
    }
}

#[test]
fn overdue_comes_first_then_what_is_due_then_priority_then_age() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    add(
        &mut client,
        &json!([
            { "title": "older" },
            { "title": "low", "priority": "low" },
            { "title": "younger" },
            { "title": "high", "priority": "high" },
            { "title": "medium", "priority": "medium" },
            { "title": "due, low", "due": "2099-01-02", "priority": "low" },
            { "title": "due, high", "due": "2099-01-02", "priority": "high" },
            { "title": "due at nine", "due": "2099-01-02 09:00", "priority": "low" },
            { "title": "due before", "due": "2099-01-01" },
            { "title": "late", "due": "2020-01-02", "priority": "low" },
            { "title": "later than late", "due": "2020-01-03", "priority": "high" },
        ]),
    );
    let expected = [
        "late",
        "later than late",
        "due before",
        "due at nine",
        "due, high",
        "due, low",
        "high",
        "medium",
        "older",
        "younger",
        "low",
    ];
    for view in ["open", "ready"] {
        assert_eq!(
            titles(&mut client, json!({ "view": view })),
            expected,
            "{view}"
        );
    }
}

#[test]
fn the_heading_tells_the_date_and_how_many_there_are_and_the_time_where_a_task_has_one() {
    let home = Home::new();
    let mut client = connect_in(&home, "Asia/Kathmandu");
    one_of_each(&mut client);
    let kathmandu = || {
        (Utc::now() + chrono::TimeDelta::minutes(345))
            .format("%a %Y-%m-%d")
            .to_string()
    };
    let (before, text, after) = (kathmandu(), list(&mut client, &json!({})), kathmandu());
    let heading = text.lines().next().unwrap();
    assert!(
        heading.starts_with(&before) || heading.starts_with(&after),
        "{heading}"
    );
    assert!(
        heading.ends_with(" | 7 open, 1 overdue, 2 today, 1 deferred"),
        "{heading}"
    );
    assert_eq!(text.lines().count(), 8, "a line a task: {text}");
    assert!(text.contains("1 late (overdue Wed 2020-01-01)"), "{text}");
    assert!(text.contains("5 blocked (after 3)"), "{text}");
    add(
        &mut client,
        &json!([{ "title": "at a time", "due": "2099-01-01 17:00" }]),
    );
    let text = list(&mut client, &json!({}));
    let heading = text.lines().next().unwrap();
    let time = heading.split(' ').nth(2).unwrap();
    assert!(time.len() == 5 && time.contains(':'), "{heading}");
    assert!(heading.contains("Asia/Kathmandu | 8 open"), "{heading}");
}

#[test]
fn programs_get_iso_dates_and_rules() {
    let home = Home::new();
    let mut client = connect_in(&home, "Europe/Berlin");
    add(
        &mut client,
        &json!([
            { "title": "one", "due": "2099-01-05", "repeat": "every monday", "defer_until": "2099-01-04 12:30" },
            { "title": "two" },
        ]),
    );
    let page = client.call(
        "list_tasks",
        json!({ "view": "all", "format": "json", "limit": 1 }),
    );
    let task = &page["tasks"][0];
    assert_eq!(task["due"], "2099-01-05");
    assert_eq!(task["defer_until"], "2099-01-04T12:30:00+01:00");
    assert!(
        task["repeat"].as_str().unwrap().contains("FREQ=WEEKLY"),
        "{task}"
    );
    assert!(page["next_cursor"].is_string(), "{page}");
    let rest = client.call(
        "list_tasks",
        json!({ "view": "all", "format": "json", "limit": 1, "cursor": page["next_cursor"] }),
    );
    assert_eq!(rest["tasks"][0]["title"], "two");
    assert!(rest.get("next_cursor").is_none(), "{rest}");
}
