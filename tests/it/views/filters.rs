//! What a list is narrowed down by, and what its heading says of that.

use serde_json::json;

use super::*;

#[test]
fn a_status_finds_its_tasks_without_a_view() {
    let home = Home::new();
    let mut client = connect_at_noon(&home, Dialect::Legacy);
    one_of_each(&mut client);
    let cases: [(Value, &[&str]); 5] = [
        (json!({ "status": "wip" }), &["begun"]),
        (json!({ "status": "completed" }), &["done"]),
        (json!({ "status": "cancelled" }), &["given up"]),
        (
            json!({ "view": "all", "status": "cancelled" }),
            &["given up"],
        ),
        (
            json!({ "view": "today", "status": "pending" }),
            &["late", "for today"],
        ),
    ];
    for (arguments, expected) in cases {
        assert_eq!(
            titles(&mut client, arguments.clone()),
            expected,
            "{arguments}"
        );
    }
}

#[test]
fn pending_is_the_same_as_a_view_and_as_a_status() {
    let home = Home::new();
    let mut client = connect_at_noon(&home, Dialect::Legacy);
    one_of_each(&mut client);
    let view = titles(&mut client, json!({ "view": "pending" }));
    assert!(view.iter().any(|title| title == "deferred"), "{view:?}");
    assert!(!view.iter().any(|title| title == "begun"), "{view:?}");
    for same in [
        json!({ "status": "pending" }),
        json!({ "view": "pending", "status": "pending" }),
    ] {
        assert_eq!(titles(&mut client, same.clone()), view, "{same}");
    }
    let refused = client.complaint(
        "list_tasks",
        json!({ "view": "pending", "status": "in_progress" }),
    );
    assert!(
        refused.contains("\"pending\" has no in_progress tasks"),
        "{refused}"
    );
}

#[test]
fn filters_narrow_a_view() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(
        &mut client,
        &json!([
            { "title": "a", "project": "Home", "tags": ["x", "y"], "priority": "high", "due": "2099-01-10" },
            { "title": "b", "project": "home", "tags": ["y"], "due": "2099-01-11 08:00" },
            { "title": "c", "project": "Homework", "tags": ["xy"], "priority": "low", "due": "2099-01-12" },
            { "title": "d", "tags": ["x"] },
        ]),
    );
    let cases: [(Value, &[&str]); 14] = [
        (json!({ "project": "HOME" }), &["a", "b"]),
        (json!({ "tag": "x" }), &["a", "d"]),
        (json!({ "tag": "#x" }), &["a", "d"]),
        (json!({ "tag": "x", "project": "Home" }), &["a"]),
        (json!({ "priority": "urgent" }), &["a"]),
        (json!({ "status": "pending", "priority": "low" }), &["c"]),
        (json!({ "due_before": "2099-01-10" }), &["a"]),
        (json!({ "due_before": "2099-01-11" }), &["a", "b"]),
        (json!({ "due_after": "2099-01-11" }), &["b", "c"]),
        (json!({ "due_after": "2099-01-12" }), &["c"]),
        (
            json!({ "due_after": "2099-01-10", "due_before": "2099-01-11" }),
            &["a", "b"],
        ),
        (
            json!({ "due_before": "2099-01-11 09:00", "due_after": "2099-01-11 07:00" }),
            &["b"],
        ),
        (json!({ "view": "all", "project": "Homework" }), &["c"]),
        (json!({ "project": "Ho" }), &[]),
    ];
    for (arguments, expected) in cases {
        assert_eq!(
            titles(&mut client, arguments.clone()),
            expected,
            "{arguments}"
        );
    }
    let refusal = client.complaint("list_tasks", json!({ "due_before": "blursday" }));
    assert!(refusal.starts_with("due_before"), "{refusal}");
}

#[test]
fn the_heading_says_how_a_date_was_read() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    for (arguments, words) in [
        (
            json!({ "due_after": "2099-01-10", "due_before": "2099-01-12" }),
            "due from Sat 2099-01-10, due by Mon 2099-01-12",
        ),
        (
            json!({ "due_before": "2099-01-12 09:00" }),
            "due before Mon 2099-01-12 09:00 +00:00",
        ),
    ] {
        let text = list(&mut client, &arguments);
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_view_and_a_status_that_exclude_each_other_are_refused() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let refusal = client.complaint(
        "list_tasks",
        json!({ "view": "today", "status": "completed" }),
    );
    assert_eq!(
        refusal,
        "view \"today\" has no completed tasks; leave the view out, or choose completed or all"
    );
    client.complaint(
        "list_tasks",
        json!({ "view": "ready", "status": "in_progress" }),
    );
    list(
        &mut client,
        &json!({ "view": "all", "status": "completed" }),
    );
}

#[test]
fn an_empty_argument_counts_as_none() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &json!([{ "title": "one" }]));
    for argument in [
        "query",
        "project",
        "tag",
        "due_before",
        "due_after",
        "cursor",
    ] {
        assert_eq!(
            titles(&mut client, json!({ argument: "" })),
            ["one"],
            "{argument}"
        );
    }
}

#[test]
fn a_list_repeats_no_fact_that_its_filter_names() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    add(
        &mut client,
        &json!([{ "title": "a", "project": "Flat", "tags": ["home", "phone"], "priority": "high" }]),
    );
    for (filter, line) in [
        (json!({}), "1 a (high) @Flat #home #phone"),
        (json!({ "project": "flat" }), "1 a (high) #home #phone"),
        (json!({ "tag": "HOME" }), "1 a (high) @Flat #phone"),
        (json!({ "priority": "high" }), "1 a @Flat #home #phone"),
    ] {
        assert_eq!(list(&mut client, &filter).lines().nth(1), Some(line));
    }
}
