//! What happened since a client last looked, and who did it.

use serde_json::json;

use super::list;
use crate::support::{Client, Dialect, Home, object};

fn changed(client: &mut Client) -> String {
    list(client, &json!({ "view": "changed" }))
}

#[test]
fn the_view_changed_tells_what_happened_since_the_last_look_also_after_a_restart() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    client.call("add_task", json!({ "title": "one" }));
    let first = changed(&mut client);
    assert!(
        first.contains("1 one") && first.contains("add by you"),
        "{first}"
    );
    let nothing = changed(&mut client);
    assert!(
        nothing.contains("0 changed") && !nothing.contains("one"),
        "{nothing}"
    );

    home.run(&["add", "two"]);
    let second = changed(&mut client);
    assert!(
        second.contains("2 two") && second.contains("add by cli") && !second.contains("1 one"),
        "{second}"
    );

    client.close_stdin_and_wait().assert_good("a restart");
    home.run(&["done", "1"]);
    let mut client = home.connect(Dialect::Legacy);
    let third = changed(&mut client);
    assert!(
        third.contains("1 one") && third.contains("complete by cli") && !third.contains("two"),
        "{third}"
    );
    assert!(changed(&mut client).contains("0 changed"));
}

#[test]
fn changes_since_a_cursor_can_be_read_again() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let first = changed(&mut client);
    let cursor = first.split('"').nth(1).unwrap().to_owned();
    home.run(&["add", "one"]);
    home.run(&["add", "two"]);
    for _ in 0..2 {
        let text = list(&mut client, &json!({ "view": "changed", "cursor": cursor }));
        assert!(text.contains("1 one") && text.contains("2 two"), "{text}");
    }
}

#[test]
fn many_changes_come_page_by_page() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    changed(&mut client);
    for n in 1..=12 {
        client.call("add_task", json!({ "title": format!("number <{n}>") }));
    }
    let mut told = String::new();
    for _ in 0..3 {
        told += &list(&mut client, &json!({ "view": "changed", "limit": 5 }));
    }
    for n in 1..=12 {
        assert_eq!(told.matches(&format!("<{n}>")).count(), 1, "{told}");
    }
    assert!(
        told.ends_with(|c: char| !c.is_whitespace()) && told.contains("all told"),
        "{told}"
    );
}

#[test]
fn a_deleted_task_is_told_as_one_in_the_trash() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    home.run(&["add", "one"]);
    changed(&mut client);
    home.run(&["delete", "1"]);
    let text = changed(&mut client);
    assert!(
        text.contains("1 one (in the trash)") && text.contains("delete by cli"),
        "{text}"
    );
}

#[test]
fn a_footer_names_who_else_changed_something_since_the_last_call() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    let quiet = |text: &str| !text.contains("since your last call");
    let first = list(&mut client, &json!({}));
    assert!(quiet(&first), "{first}");
    client.call("add_task", json!({ "title": "one" }));
    let own = list(&mut client, &json!({}));
    assert!(quiet(&own), "{own}");

    home.run(&["add", "two"]);
    home.run(&["add", "three"]);
    let text = list(&mut client, &json!({}));
    let footer = text.lines().last().unwrap();
    assert!(
        footer.contains("2 changes by cli since your last call"),
        "{text}"
    );
    let told = list(&mut client, &json!({}));
    assert!(quiet(&told), "{told}");
    let changed = changed(&mut client);
    assert!(
        changed.contains("two") && changed.contains("three"),
        "told in full: {changed}"
    );
}

#[test]
fn every_tool_tells_what_else_happened_within_its_answer() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    client.call("add_task", json!({ "title": "one" }));
    let calls = [
        ("add_task", json!({ "title": "another" })),
        ("update_task", json!({ "task_id": 1, "comment": "on it" })),
        ("get_task", json!({ "task_id": 1 })),
        ("undo", json!({})),
        ("complete_task", json!({ "task_id": 1 })),
        ("delete_task", json!({ "task_id": 1 })),
    ];
    for (tool, arguments) in calls {
        home.run(&["add", "of another client"]);
        let params = json!({ "name": tool, "arguments": arguments });
        let result = client.request("tools/call", params);
        let footer = match tool {
            "undo" => result["content"][0]["text"].clone(),
            _ => object(&result)["news"].clone(),
        };
        let footer = footer.as_str().unwrap().lines().last();
        let expected = "1 change by cli since your last call: list_tasks view:\"changed\"";
        assert_eq!(footer, Some(expected), "{tool}: {result}");
    }
}

#[test]
fn one_change_is_one_change() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    list(&mut client, &json!({}));
    home.run(&["add", "one"]);
    let text = list(&mut client, &json!({}));
    assert!(text.contains("1 change by cli"), "{text}");
}

#[test]
fn a_cursor_from_the_future_hides_nothing_that_comes() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let arguments = json!({ "view": "changed", "cursor": "changed.500" });
    client.request(
        "tools/call",
        json!({ "name": "list_tasks", "arguments": arguments }),
    );
    home.run(&["add", "one"]);
    let footer = list(&mut client, &json!({}));
    assert!(footer.contains("by cli since your last call"), "{footer}");
    let text = changed(&mut client);
    assert!(text.contains("1 one"), "{text}");
}

#[test]
fn programs_get_what_changed_as_an_object() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    home.run(&["add", "one"]);
    let page = client.call("list_tasks", json!({ "view": "changed", "format": "json" }));
    assert_eq!(page["tasks"][0]["title"], "one", "{page}");
}
