//! Projects and tags: one rule of case for all alphabets, and which there are.

use serde_json::json;

use super::{add, list, titles};
use crate::support::{Dialect, Home};

#[test]
fn a_project_and_a_tag_are_found_whatever_the_case_of_their_letters() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(
        &mut client,
        &json!([
            { "title": "a", "project": "web", "tags": ["home"] },
            { "title": "b", "project": "ÄPFEL", "tags": ["STRASSE", "Straße"] },
            { "title": "c", "project": "Σίσυφος", "tags": ["ВСТРЕЧА"] },
        ]),
    );
    for (arguments, wanted) in [
        (json!({ "project": "WEB" }), "a"),
        (json!({ "tag": "Home" }), "a"),
        (json!({ "tag": "+home" }), "a"),
        (json!({ "tag": "#HOME" }), "a"),
        (json!({ "project": "äpfel" }), "b"),
        (json!({ "tag": "straße" }), "b"),
        (json!({ "project": "ΣΊΣΥΦΟΣ" }), "c"),
        (json!({ "tag": "встреча", "view": "all" }), "c"),
    ] {
        assert_eq!(
            titles(&mut client, arguments.clone()),
            [wanted],
            "{arguments}"
        );
    }
    assert!(client.read("tasks://project/%C3%A4pfel").contains("[2] b"));
    assert!(client.read("tasks://tag/HOME").contains("[1] a"));
    let task = client.call("get_task", json!({ "task_id": 2 }));
    assert_eq!(task["tags"].as_array().unwrap().len(), 1, "{task}");
}

#[test]
fn an_unknown_name_in_a_filter_is_answered_with_those_there_are() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(
        &mut client,
        &json!([{ "title": "a", "project": "website", "tags": ["home", "phone"] }]),
    );
    let text = list(&mut client, &json!({ "tag": "hom" }));
    assert!(
        text.ends_with("no open task has a tag hom; did you mean home? tags: home, phone"),
        "{text}"
    );
    let text = list(&mut client, &json!({ "project": "taxes" }));
    assert!(
        text.ends_with("no open task is in a project taxes; projects: website"),
        "{text}"
    );
    let page = client.call("list_tasks", json!({ "tag": "hom", "format": "json" }));
    assert!(
        page["note"]
            .as_str()
            .unwrap()
            .contains("did you mean home?")
    );
    // It is known, and nothing else is as wanted.
    let text = list(&mut client, &json!({ "tag": "home", "priority": "high" }));
    assert!(!text.contains("no open task"), "{text}");
}

#[test]
fn the_projects_and_tags_of_open_tasks_are_listed_with_how_many_have_them() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(
        &mut client,
        &json!([
            { "title": "a", "project": "Flat", "tags": ["home"] },
            { "title": "b", "project": "flat", "tags": ["Home", "phone"], "defer_until": "2099-01-01" },
            { "title": "c", "project": "Garden" },
            { "title": "d" },
        ]),
    );
    client.call("complete_task", json!({ "task_id": 3 }));
    let text = list(&mut client, &json!({ "view": "projects" }));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("| 1 project with open tasks"), "{text}");
    assert_eq!(lines[1..].len(), 1, "{text}");
    assert_eq!(lines[1].to_lowercase(), "flat 2");
    let tags = client.call("list_tasks", json!({ "view": "tags", "format": "json" }));
    let tags = tags["tags"].as_array().unwrap();
    assert_eq!(tags.len(), 2, "{tags:?}");
    assert_eq!(
        (&tags[1]["name"], &tags[1]["open"]),
        (&json!("phone"), &json!(1))
    );
    client.complaint("list_tasks", json!({ "view": "tags", "tag": "home" }));
    let text = list(&mut client, &json!({ "view": "tags", "limit": 1 }));
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].ends_with("| 2 tags with open tasks, of which the first 1"),
        "{text}"
    );
    assert_eq!(lines[1..].len(), 1, "{text}");
    let one = json!({ "view": "tags", "limit": 1, "format": "json" });
    let one = client.call("list_tasks", one);
    assert_eq!(one["tags"].as_array().unwrap().len(), 1, "{one}");
    assert_eq!(one["more"], true);
    client.complaint("list_tasks", json!({ "view": "tags", "limit": 201 }));
}

#[test]
fn the_command_line_lists_names_too() {
    let home = Home::new();
    home.run(&["add", "a", "+home", "project:Flat"]);
    let out = home.run(&["list", "tags"]);
    assert_eq!(out, "home\t1\n");
    let out = home.run(&["list", "projects", "--json"]);
    let out: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["projects"][0]["name"], "Flat");
}
