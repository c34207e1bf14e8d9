//! What hosts and models send beyond, or instead of, what a tool asks for.

use serde_json::{Value, json};

use crate::support::{Client, Dialect, Home};

/// Calls a tool and returns the object it answers with.
fn ok(client: &mut Client, tool: &str, arguments: Value) -> Value {
    client.call(tool, arguments)
}

fn whole(client: &mut Client, id: i64) -> Value {
    client.call("get_task", json!({ "task_id": id }))
}

#[test]
fn what_hosts_add_to_every_call_is_passed_over() {
    let home = Home::new();
    for dialect in Dialect::BOTH {
        let mut client = home.connect(dialect);
        for (tool, mut arguments) in [
            ("add_task", json!({ "title": "one" })),
            ("list_tasks", json!({ "format": "json" })),
            ("get_task", json!({ "task_id": 1 })),
            ("update_task", json!({ "task_id": 1, "priority": "high" })),
            ("complete_task", json!({ "task_id": 1 })),
        ] {
            arguments["wait_for_previous"] = json!(false);
            arguments["toolCallId"] = json!("call_1");
            arguments["sessionId"] = json!("s");
            ok(&mut client, tool, arguments);
        }
    }
}

#[test]
fn what_n8n_adds_beside_its_session_is_passed_over_and_alone_it_is_a_slip() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let mut call = json!({ "title": "one", "action": "sendMessage", "chatInput": "add one" });
    let refused = client.complaint("add_task", call.clone());
    assert!(refused.contains("action"), "{refused}");
    call["sessionId"] = json!("s");
    ok(&mut client, "add_task", call);
}

#[test]
fn a_field_by_another_name_is_answered_with_the_one_that_was_meant() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    for (tool, name, meant) in [
        ("add_task", "dueDate", "did you mean due?"),
        ("add_task", "deadline", "did you mean due?"),
        ("add_task", "idempotency_key", "did you mean key?"),
        ("add_task", "parentId", "did you mean parent?"),
        ("add_task", "subtasks", "an item of its own, with parent"),
        ("add_task", "note", "did you mean description?"),
        ("add_task", "time", "it takes title"),
        ("add_task", "section", "it takes title"),
        ("update_task", "note", "did you mean comment?"),
        ("update_task", "append", "did you mean comment?"),
        ("update_task", "add_tags", "did you mean tags?"),
    ] {
        let mut call = json!({ "task_id": 1, name: "x" });
        if tool == "add_task" {
            call = json!({ "title": "one", name: "x" });
        }
        let refused = client.complaint(tool, call);
        assert!(refused.contains(meant), "{tool} {name}: {refused}");
    }
}

#[test]
fn a_word_that_was_taken_as_another_is_told_as_what_it_was_taken_for() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let added = ok(
        &mut client,
        "add_task",
        json!({ "title": "one", "priority": "urgent" }),
    );
    assert_eq!(added["priority"], "high");
    let plain = ok(
        &mut client,
        "add_task",
        json!({ "title": "two", "priority": "high" }),
    );
    assert!(plain.get("priority").is_none(), "{plain}");
    let changed = ok(
        &mut client,
        "update_task",
        json!({ "task_id": 1, "priority": "normal", "status": "doing" }),
    );
    assert_eq!(
        (&changed["priority"], &changed["status"]),
        (&json!("medium"), &json!("in_progress"))
    );
    let tasks = json!({ "tasks": [{ "title": "three", "priority": "p1" }, { "title": "four" }] });
    let added = ok(&mut client, "add_task", tasks);
    assert_eq!(
        added["tasks"],
        json!([{ "id": 3, "title": "three", "priority": "high" }])
    );
}

#[test]
fn none_is_no_text_for_a_title_a_description_or_a_comment() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    ok(
        &mut client,
        "add_task",
        json!({ "title": "one", "description": "null" }),
    );
    assert!(whole(&mut client, 1).get("description").is_none());
    ok(
        &mut client,
        "update_task",
        json!({ "task_id": 1, "description": "two" }),
    );
    let filled = json!({ "task_id": 1, "title": "none", "description": "none", "comment": "null" });
    let changed = ok(&mut client, "update_task", filled);
    assert_eq!(changed["cleared"], json!(["description"]));
    let task = whole(&mut client, 1);
    assert_eq!(
        (&task["title"], task.get("comments")),
        (&json!("one"), None)
    );
}

#[test]
fn one_task_that_is_named_twice_is_one() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    ok(&mut client, "add_task", json!({ "title": "one" }));
    let both = json!({ "task_id": 1, "task_ids": [1], "title": "two" });
    assert_eq!(ok(&mut client, "update_task", both)["rev"], 2);
    assert_eq!(whole(&mut client, 1)["title"], "two");
}

#[test]
fn a_key_holds_for_a_call_that_fills_in_what_it_leaves_out() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let call = |more: Value| {
        let mut call = json!({ "title": "one", "key": "k" });
        call.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        call
    };
    let first = ok(&mut client, "add_task", call(json!({})));
    let filled = call(json!({ "priority": null, "tags": [], "due": "" }));
    assert_eq!(ok(&mut client, "add_task", filled)["id"], first["id"]);
    client.complaint("add_task", call(json!({ "due": "2099-01-01" })));
}

#[test]
fn a_task_names_its_parts() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let tasks = json!({ "tasks": [{ "title": "all" }, { "title": "a", "parent": "^1" }, { "title": "b", "parent": "^1" }] });
    ok(&mut client, "add_task", tasks);
    assert_eq!(whole(&mut client, 1)["parts"], "2-3");
    assert!(whole(&mut client, 2).get("parts").is_none());
}

#[test]
fn an_optional_field_filled_with_nothing_is_not_given() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    ok(
        &mut client,
        "add_task",
        json!({ "title": "Buy milk", "tasks": [] }),
    );
    for nothing in ["", "none", "null", " None "] {
        let task = ok(
            &mut client,
            "add_task",
            json!({
                "title": "Buy bread", "description": "", "due": nothing, "priority": nothing, "project": nothing, "tags": [],
                "parent": nothing, "depends_on": [], "repeat": nothing, "defer_until": nothing, "key": nothing, "tasks": [],
            }),
        );
        let task = whole(&mut client, task["id"].as_i64().unwrap());
        for field in [
            "due",
            "priority",
            "project",
            "tags",
            "parent",
            "repeat",
            "defer_until",
        ] {
            assert!(task.get(field).is_none(), "{field} is {nothing:?}: {task}");
        }
    }
    assert_eq!(client.tasks("all").len(), 5);
}

#[test]
fn a_number_filled_with_0_is_not_given() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    ok(
        &mut client,
        "add_task",
        json!({ "title": "one", "parent": 0 }),
    );
    ok(
        &mut client,
        "update_task",
        json!({ "task_id": 1, "if_rev": 0, "priority": "low" }),
    );
    assert_eq!(
        client.call("list_tasks", json!({ "limit": 0, "format": "json" }))["tasks"][0]["id"],
        1
    );
    let undone = client.request(
        "tools/call",
        json!({ "name": "undo", "arguments": { "group": 0 } }),
    );
    assert_ne!(undone["isError"], true, "{undone}");
    let words = client.complaint("get_task", json!({ "task_id": 0 }));
    assert!(words.contains("whole number from 1"), "{words}");
}

#[test]
fn a_change_that_clears_fields_says_which() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    ok(
        &mut client,
        "add_task",
        json!({
            "title": "Rent", "description": "IBAN 123", "due": "2026-12-01", "priority": "high", "project": "flat",
            "tags": ["home"], "parent": "",
        }),
    );
    let reply = ok(
        &mut client,
        "update_task",
        json!({
            "task_id": 1, "status": "in_progress", "title": "", "description": "", "due": "", "defer_until": "", "priority": "",
            "project": "", "repeat": "", "comment": "", "tags": [], "depends_on": [], "task_ids": [],
        }),
    );
    assert_eq!(
        reply["cleared"],
        json!(["description", "due", "priority", "project", "tags"]),
        "{reply}"
    );
    let task = whole(&mut client, 1);
    assert_eq!(
        (&task["title"], &task["status"]),
        (&json!("Rent"), &json!("in_progress"))
    );
    assert!(task.get("comments").is_none(), "{task}");
    let again = ok(
        &mut client,
        "update_task",
        json!({ "task_id": 1, "due": "none", "comment": "starting" }),
    );
    assert!(again.get("cleared").is_none(), "there was none: {again}");
    assert_eq!(again["comment"], "starting", "{again}");
}

#[test]
fn a_parent_is_cleared_by_a_word_and_no_project_is_called_none() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    ok(
        &mut client,
        "add_task",
        json!({ "tasks": [{ "title": "whole" }, { "title": "part", "parent": "^1", "project": "none" }] }),
    );
    assert_eq!(whole(&mut client, 2)["parent"], 1);
    assert!(whole(&mut client, 2).get("project").is_none());
    for nothing in ["none", ""] {
        ok(
            &mut client,
            "update_task",
            json!({ "task_id": 2, "parent": "1" }),
        );
        let reply = ok(
            &mut client,
            "update_task",
            json!({ "task_id": 2, "parent": nothing }),
        );
        assert_eq!(reply["cleared"], json!(["parent"]), "{reply}");
        assert!(whole(&mut client, 2).get("parent").is_none());
    }
}

#[test]
fn texts_among_the_tasks_to_add_are_titles() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    for (tasks, ids) in [
        (json!(["Write copy", "Deploy"]), "1-2"),
        (json!("[\"Write copy\", {\"title\": \"Deploy\"}]"), "3-4"),
        (json!("Write copy"), "5"),
    ] {
        let reply = ok(&mut client, "add_task", json!({ "tasks": tasks }));
        assert_eq!(reply["added"], ids, "{tasks}: {reply}");
    }
    assert_eq!(whole(&mut client, 4)["title"], "Deploy");
}

#[test]
fn fields_beside_the_tasks_to_add_hold_for_each_that_does_not_say_otherwise() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let tasks = json!(["Write copy", { "title": "Deploy", "project": "ops", "tags": ["later"] }]);
    ok(
        &mut client,
        "add_task",
        json!({ "tasks": tasks, "project": "launch", "tags": ["web"], "priority": "high" }),
    );
    let told = |task: &Value| {
        (
            task["project"].clone(),
            task["tags"].clone(),
            task["priority"].clone(),
        )
    };
    assert_eq!(
        told(&whole(&mut client, 1)),
        (json!("launch"), json!(["web"]), json!("high"))
    );
    assert_eq!(
        told(&whole(&mut client, 2)),
        (json!("ops"), json!(["later"]), json!("high"))
    );
    let words = client.complaint("add_task", json!({ "title": "x", "tasks": ["y"] }));
    assert!(words.contains("exclude each other"), "{words}");
}

#[test]
fn a_wrong_field_is_answered_with_the_one_that_was_meant_and_not_with_all_there_are() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    for (arguments, said) in [
        (
            json!({ "tasks": [{ "title": "a" }, { "name": "Write copy" }] }),
            "tasks number 2 has no field \"name\"; did you mean title?",
        ),
        (
            json!({ "tasks": [{ "title": "Launch", "subtasks": ["Write copy"] }] }),
            "give each part an item of its own, with parent",
        ),
        (
            json!({ "title": "a", "dependencies": [1] }),
            "did you mean depends_on?",
        ),
        (
            json!({ "title": "a", "Deadline": "fri" }),
            "did you mean due?",
        ),
        (
            json!({ "tasks": [{ "title": "a", "tags": [{}] }] }),
            "tasks number 1: tags must be a list; each item is text",
        ),
        (
            json!({ "tasks": [3, "a"] }),
            "tasks number 1: must be an object",
        ),
        (
            json!({ "tasks": 7 }),
            "tasks must be a list; each item is an object",
        ),
    ] {
        let words = client.complaint("add_task", arguments.clone());
        assert!(words.contains(said), "{arguments}: {words}");
        assert!(words.len() < 120, "{arguments}: {words}");
    }
    assert_eq!(client.tasks("all"), Vec::<Value>::new());
}

#[test]
fn one_title_for_several_tasks_is_refused() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    ok(&mut client, "add_task", json!({ "tasks": ["a", "b", "c"] }));
    for ids in [
        json!({ "task_id": [1, 2, 3] }),
        json!({ "task_ids": [1, 2] }),
        json!({ "task_id": "1,2" }),
    ] {
        let mut arguments = ids;
        arguments["title"] = json!("Same");
        let words = client.complaint("update_task", arguments);
        assert!(words.contains("\"Same\" would be that of"), "{words}");
    }
    assert_eq!(whole(&mut client, 2)["title"], "b");
}

#[test]
fn tasks_are_named_by_a_number_by_a_list_or_by_both() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    ok(
        &mut client,
        "add_task",
        json!({ "tasks": ["a", "b", "c", "d"] }),
    );
    for (ids, count) in [
        (json!({ "task_id": 1 }), 1),
        (json!({ "task_id": "#1, 2" }), 2),
        (json!({ "task_id": [1, "2"] }), 2),
        (json!({ "task_ids": [1, 2, "#3"] }), 3),
        (json!({ "task_ids": "1,2" }), 2),
        (json!({ "task_ids": 4 }), 1),
        (json!({ "task_id": 1, "task_ids": [2, 3] }), 3),
        (json!({ "task_id": 1, "task_ids": [1, 2] }), 2),
    ] {
        let mut arguments = ids.clone();
        arguments["priority"] = json!("low");
        let reply = ok(&mut client, "update_task", arguments);
        let told = reply["tasks"].as_array().map_or(1, Vec::len);
        assert_eq!(told, count, "{ids}: {reply}");
    }
}

#[test]
fn signed_tags_are_added_and_taken_away_and_none_is_stored_with_a_sign() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    ok(
        &mut client,
        "add_task",
        json!({ "title": "one", "tags": ["home", "x"] }),
    );
    let reply = ok(
        &mut client,
        "update_task",
        json!({ "task_id": 1, "tags": ["+urgent", "-home"] }),
    );
    assert_eq!(reply["tags"], json!(["urgent", "x"]), "{reply}");
    ok(
        &mut client,
        "add_task",
        json!({ "title": "two", "tags": ["+a"] }),
    );
    assert_eq!(whole(&mut client, 2)["tags"], json!(["a"]));
    ok(
        &mut client,
        "add_task",
        json!({ "title": "three", "tags": ["#-b", "#+c"] }),
    );
    assert_eq!(whole(&mut client, 3)["tags"], json!(["b", "c"]));
    for (tool, arguments, said) in [
        (
            "update_task",
            json!({ "task_id": 1, "tags": ["+a", "b"] }),
            "not both in one call",
        ),
        (
            "add_task",
            json!({ "title": "x", "tags": ["-b"] }),
            "takes a tag away",
        ),
    ] {
        let words = client.complaint(tool, arguments);
        assert!(words.contains(said), "{words}");
    }
}

#[test]
fn two_equal_comments_are_two_and_the_tool_does_not_claim_to_be_idempotent() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    ok(&mut client, "add_task", json!({ "title": "a" }));
    for _ in 0..2 {
        let reply = ok(
            &mut client,
            "update_task",
            json!({ "task_id": 1, "comment": "once" }),
        );
        assert_eq!(reply["comment"], "once", "{reply}");
    }
    assert_eq!(
        whole(&mut client, 1)["comments"].as_array().unwrap().len(),
        2
    );
    let list = client.request("tools/list", json!({}));
    let tools = list["tools"].as_array().unwrap();
    let update = tools
        .iter()
        .find(|tool| tool["name"] == "update_task")
        .unwrap();
    assert_eq!(update["annotations"]["idempotentHint"], false);
}
