//! Tool arguments that cannot be meant: the model reads what was wrong, and with which field.

use serde_json::{Value, json};

use crate::support::{Client, Dialect, Home};

fn with_a_task(home: &Home, dialect: Dialect) -> Client {
    let mut client = home.connect(dialect);
    client.call("add_task", json!({ "title": "the only one" }));
    client
}

#[test]
fn an_argument_of_the_wrong_type_is_refused_by_its_field() {
    let cases = [
        ("add_task", json!({ "title": {} }), "title must be text"),
        ("add_task", json!({ "title": null }), "title"),
        ("add_task", json!({ "title": ["a", "b"] }), "title"),
        (
            "add_task",
            json!({ "title": "a", "description": {} }),
            "description",
        ),
        ("add_task", json!({}), "title"),
        ("complete_task", json!({}), "task_id"),
        ("complete_task", json!({ "task_id": null }), "task_id"),
        ("complete_task", json!({ "task_id": {} }), "task_id"),
        ("complete_task", json!({ "task_id": true }), "task_id"),
        ("complete_task", json!({ "task_id": 1.5 }), "task_id"),
        ("delete_task", json!({ "task_id": "" }), "task_id"),
        ("get_task", json!({ "task_id": [[1]] }), "task_id"),
        (
            "update_task",
            json!({ "task_id": 1, "title": false }),
            "title",
        ),
        (
            "update_task",
            json!({ "task_id": 1, "status": 3 }),
            "status",
        ),
        (
            "update_task",
            json!({ "task_id": 1, "status": "juggled" }),
            "status",
        ),
        (
            "update_task",
            json!({ "task_id": 1, "title": "b", "if_rev": "soon" }),
            "if_rev",
        ),
        (
            "list_tasks",
            json!({ "limit": "many" }),
            "limit must be a whole number",
        ),
        ("list_tasks", json!({ "limit": -1 }), "limit"),
        ("list_tasks", json!({ "view": "sideways" }), "view"),
        ("list_tasks", json!({ "format": 1 }), "format"),
        (
            "list_tasks",
            json!({ "cursor": "no cursor of ours" }),
            "cursor",
        ),
    ];
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = with_a_task(&home, dialect);
        let before = client.tasks("all");
        for (tool, arguments, field) in &cases {
            let words = client.complaint(tool, arguments.clone());
            assert!(words.contains(field), "{tool} {arguments}: {words}");
            assert!(!words.contains("internal"), "{tool} {arguments}: {words}");
        }
        assert_eq!(client.tasks("all"), before);
    }
}

#[test]
fn what_models_send_for_numbers_lists_and_nothing_is_taken_as_it_was_meant() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let mut call = |tool: &str, arguments: Value| {
        let params = json!({ "name": tool, "arguments": arguments });
        let result = client.request("tools/call", params);
        assert_ne!(result["isError"], true, "{tool} {arguments}: {result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    };
    let blank = json!({
        "title": "one", "description": "", "priority": 1, "due": " ", "repeat": "", "project": "", "tags": "",
        "parent": "", "depends_on": "", "key": "", "tasks": "",
    });
    call("add_task", blank);
    let task = call("get_task", json!({ "task_id": 1 }));
    assert!(task.contains(r#""priority":"high""#), "{task}");
    call(
        "add_task",
        json!({ "tasks": r#"[{"title": 2026, "priority": 3, "parent": "1"}]"# }),
    );
    for (tool, arguments, expected) in [
        (
            "get_task",
            json!({ "task_id": 2.0, "history": "true" }),
            "history",
        ),
        (
            "get_task",
            json!({ "task_id": "2", "history": "" }),
            r#""parent":1"#,
        ),
        (
            "list_tasks",
            json!({ "limit": "1", "view": "", "status": "", "format": "" }),
            "1 more",
        ),
        (
            "list_tasks",
            json!({ "view": "in_progress" }),
            "0 in_progress",
        ),
        ("list_tasks", json!({ "view": "cancelled" }), "0 cancelled"),
        (
            "update_task",
            json!({ "task_id": "[1, 2]", "tags": r#"["a", "b"]"#, "status": "" }),
            r#"{"tasks":[{"id":1,"#,
        ),
        (
            "update_task",
            json!({ "task_id": [1.0], "tags": "none", "if_rev": "", "priority": "" }),
            "one",
        ),
        ("undo", json!({ "group": "5" }), "Undone"),
        (
            "delete_task",
            json!({ "task_id": 2, "confirm": "" }),
            r#""success":true"#,
        ),
    ] {
        let text = call(tool, arguments.clone());
        assert!(text.contains(expected), "{tool} {arguments}: {text}");
    }
    let task = call("get_task", json!({ "task_id": 1 }));
    assert!(
        task.contains("\"tags\"") && task.contains("high"),
        "undone: {task}"
    );
}

#[test]
fn a_refused_task_among_several_is_named_by_its_place() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let cases = [
        (json!({ "title": "" }), "tasks number 2: title is blank"),
        (
            json!({ "title": "x", "due": "blursday" }),
            "tasks number 2: due",
        ),
        (
            json!({ "title": "x", "parent": [3, 4] }),
            "tasks number 2: parent",
        ),
        (
            json!({ "title": "x", "priority": "someday" }),
            "tasks number 2: priority",
        ),
    ];
    for (task, expected) in cases {
        let words = client.complaint("add_task", json!({ "tasks": [{ "title": "one" }, task] }));
        assert!(words.contains(expected), "{words}");
    }
}

#[test]
fn an_unknown_argument_is_refused_and_the_right_one_named() {
    let cases = [
        ("add_task", json!({ "titel": "a" }), "titel", "title"),
        (
            "add_task",
            json!({ "title": "a", "descripton": "b" }),
            "descripton",
            "description",
        ),
        ("complete_task", json!({ "id": 1 }), "id", "task_id"),
        ("delete_task", json!({ "taskid": 1 }), "taskid", "task_id"),
        ("list_tasks", json!({ "limits": 5 }), "limits", "limit"),
        (
            "update_task",
            json!({ "task_id": 1, "state": "completed" }),
            "state",
            "status",
        ),
    ];
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = with_a_task(&home, dialect);
        let before = client.tasks("all");
        for (tool, arguments, wrong, right) in &cases {
            let words = client.complaint(tool, arguments.clone());
            let others = words.replacen(wrong, "", 1);
            assert!(
                words.contains(wrong) && others.contains(right),
                "{tool} {arguments}: {words}"
            );
        }
        assert_eq!(client.tasks("all"), before);
    }
}

#[test]
fn ids_that_no_task_can_have_are_refused_in_words() {
    let ids = [
        (json!(0), "0"),
        (json!(-1), "-1"),
        (json!(9_223_372_036_854_775_808_u64), "9223372036854775808"),
        (json!("9223372036854775808"), "9223372036854775808"),
        (json!("abc"), "abc"),
        (json!("#"), "#"),
        (json!("1; DROP TABLE task"), "DROP TABLE"),
        (json!(99), "Task 99 not found"),
        (json!("#99"), "Task 99 not found"),
    ];
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = with_a_task(&home, dialect);
        let before = client.tasks("all");
        for tool in ["get_task", "complete_task", "delete_task", "update_task"] {
            for (id, named) in &ids {
                let mut arguments = json!({ "task_id": id });
                if tool == "update_task" {
                    arguments["title"] = json!("renamed");
                }
                let words = client.complaint(tool, arguments);
                assert!(words.contains(named), "{tool} {id}: {words}");
                for jargon in ["internal", "i64", "u64", "invalid type", "expected struct"] {
                    assert!(!words.contains(jargon), "{tool} {id}: {words}");
                }
            }
        }
        assert_eq!(client.tasks("all"), before);
    }
}

#[test]
fn an_id_is_taken_as_a_number_as_digits_and_with_its_sign() {
    for dialect in Dialect::BOTH {
        let home = Home::new();
        let mut client = with_a_task(&home, dialect);
        for id in [json!(1), json!("1"), json!("#1")] {
            assert_eq!(
                client.call("get_task", json!({ "task_id": id }))["title"],
                "the only one"
            );
        }
    }
}

#[test]
fn titles_that_say_nothing_or_too_much_are_refused_by_their_field() {
    let titles = [
        String::new(),
        "  \t ".to_owned(),
        "\u{200b}\u{2060}".to_owned(),
        "x".repeat(501),
        "first\nsecond".to_owned(),
    ];
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    for title in titles {
        let words = client.complaint("add_task", json!({ "title": title }));
        assert!(words.contains("title"), "{title:?}: {words}");
    }
    let words = client.complaint(
        "add_task",
        json!({ "title": "a", "description": "x".repeat(64 * 1024 + 1) }),
    );
    assert!(words.contains("description"), "{words}");
    assert_eq!(client.tasks("all"), Vec::<Value>::new());
}
