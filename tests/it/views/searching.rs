//! Words, wherever a task has them.

use serde_json::json;

use super::{add, list, titles};
use crate::support::{Client, Dialect, Home};

/// A server with tasks that have words in every field.
fn library(home: &Home) -> Client {
    let mut client = home.connect(Dialect::Modern);
    add(
        &mut client,
        &json!([
            { "title": "Paint the garden fence", "description": "with the green colour" },
            { "title": "Über den Zaun streichen", "project": "Öffentlich" },
            { "title": "Plain", "tags": ["gardening"], "project": "House" },
            { "title": "Call Anna" },
        ]),
    );
    client.call(
        "update_task",
        json!({ "task_id": 4, "comment": "she wants a photovoltaic roof" }),
    );
    client
}

#[test]
fn words_are_found_in_every_text_by_their_beginning_and_without_diacritics() {
    let home = Home::new();
    let mut client = library(&home);
    let cases: [(&str, &[&str]); 16] = [
        ("fence", &["Paint the garden fence"]),
        ("FENCE paint", &["Paint the garden fence"]),
        ("fence anna", &[]),
        ("gard", &["Paint the garden fence", "Plain"]),
        ("arden", &["Plain", "Paint the garden fence"]),
        ("rden", &["Plain", "Paint the garden fence"]),
        ("den", &["Über den Zaun streichen"]),
        ("olour", &[]),
        ("colour", &["Paint the garden fence"]),
        ("uber", &["Über den Zaun streichen"]),
        ("ÜBER", &["Über den Zaun streichen"]),
        ("u\u{308}ber", &["Über den Zaun streichen"]),
        ("offentlich", &["Über den Zaun streichen"]),
        ("house", &["Plain"]),
        ("photovolt", &["Call Anna"]),
        ("garden, green!", &["Paint the garden fence"]),
    ];
    for (query, expected) in cases {
        assert_eq!(
            titles(&mut client, json!({ "query": query })),
            expected,
            "{query}"
        );
    }
}

#[test]
fn a_query_is_never_a_syntax_error() {
    let home = Home::new();
    let mut client = library(&home);
    add(&mut client, &json!([{ "title": "and or not near" }]));
    let long = "word ".repeat(500);
    for query in [
        "AND OR NOT ( \" *",
        "NEAR(\"and or\", 5)",
        "\"and",
        "-and",
        "and*not",
        "heading: and",
        "{heading} : and",
        "^and",
        "and + or",
        "'; DROP TABLE task; --",
        "and\u{0}or",
        "ⓐ",
        "👩‍👩‍👧 and",
        "สวัสดี",
        "100%",
        long.as_str(),
    ] {
        list(&mut client, &json!({ "query": query }));
    }
    for query in [
        "AND OR NOT ( \" *",
        "\"and",
        "-and",
        "and*not",
        "^and",
        "and + or",
    ] {
        assert_eq!(
            titles(&mut client, json!({ "query": query })),
            ["and or not near"],
            "{query}"
        );
    }
    let refusal = client.complaint("list_tasks", json!({ "query": "\"(*" }));
    assert!(refusal.starts_with("query"), "{refusal}");
}

#[test]
fn what_was_changed_is_found_as_it_is_now() {
    let home = Home::new();
    let mut client = library(&home);
    client.call(
        "update_task",
        json!({ "task_id": 1, "title": "Paint the door", "description": "", "tags": ["blue"] }),
    );
    for (query, count) in [("fence", 0), ("colour", 0), ("door", 1), ("blue", 1)] {
        assert_eq!(
            titles(&mut client, json!({ "query": query })).len(),
            count,
            "{query}"
        );
    }
    client.request("tools/call", json!({ "name": "undo", "arguments": {} }));
    for (query, count) in [("fence", 1), ("colour", 1), ("door", 0), ("blue", 0)] {
        assert_eq!(
            titles(&mut client, json!({ "query": query })).len(),
            count,
            "{query} after undo"
        );
    }
}

#[test]
fn finished_and_deleted_tasks_are_found_only_on_request() {
    let home = Home::new();
    let mut client = library(&home);
    client.call("complete_task", json!({ "task_id": 1 }));
    client.call("delete_task", json!({ "task_id": 4 }));
    let cases: [(&str, &str, usize); 7] = [
        ("fence", "open", 0),
        ("fence", "all", 1),
        ("fence", "completed", 1),
        ("fence", "trash", 0),
        ("anna", "open", 0),
        ("anna", "all", 0),
        ("anna", "trash", 1),
    ];
    for (query, view, count) in cases {
        let found = titles(&mut client, json!({ "query": query, "view": view }));
        assert_eq!(found.len(), count, "{query} in {view}");
    }
    let hint = list(&mut client, &json!({ "query": "fence" }));
    assert!(hint.contains("view:\"all\""), "{hint}");
}

#[test]
fn titles_come_before_other_texts_and_the_latest_first() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(
        &mut client,
        &json!([
            { "title": "tax, old" },
            { "title": "in text, old", "description": "tax" },
            { "title": "tax, new" },
            { "title": "in text, new", "description": "tax" },
        ]),
    );
    assert_eq!(
        titles(&mut client, json!({ "query": "tax" })),
        ["tax, new", "tax, old", "in text, new", "in text, old"]
    );
}

#[test]
fn a_search_is_narrowed_by_filters() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(
        &mut client,
        &json!([
            { "title": "tax a", "project": "Home", "tags": ["x"], "priority": "high", "due": "2099-01-01" },
            { "title": "tax b", "project": "Work" },
        ]),
    );
    for filter in [
        json!({ "project": "home" }),
        json!({ "tag": "x" }),
        json!({ "priority": "high" }),
        json!({ "due_before": "2099-02-01" }),
    ] {
        let mut arguments = filter;
        arguments["query"] = json!("tax");
        assert_eq!(
            titles(&mut client, arguments.clone()),
            ["tax a"],
            "{arguments}"
        );
    }
}
