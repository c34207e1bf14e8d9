//! A call that is repeated with its key adds nothing, whichever process it reaches.

use serde_json::json;

use super::{add, connect_as, get, note, say};
use crate::support::{Dialect, Home};

#[test]
fn the_same_call_is_answered_with_the_task_as_it_is_now_by_any_process_and_after_a_restart() {
    let home = Home::new();
    let call = || json!({ "title": "one", "description": "d", "key": "k-1" });
    let mut first = home.connect(Dialect::Modern);
    assert_eq!(note(&first.call("add_task", call())), "");
    first.call(
        "update_task",
        json!({ "task_id": 1, "title": "renamed since" }),
    );
    let mut other = home.connect(Dialect::Legacy);
    let again = [
        first.call("add_task", call()),
        other.call("add_task", call()),
        {
            first.close_stdin_and_wait().assert_good("the first");
            other.close_stdin_and_wait().assert_good("the other");
            home.connect(Dialect::Modern).call("add_task", call())
        },
    ];
    for again in again {
        assert!(
            note(&again).contains("nothing was added now") && note(&again).contains("key"),
            "{again}"
        );
        assert_eq!(
            (&again["id"], &again["title"]),
            (&json!(1), &json!("renamed since"))
        );
    }
    assert_eq!(home.tasks("all").len(), 1);
}

#[test]
fn a_key_used_again_for_other_content_is_refused_and_says_what_it_added() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let call = json!({ "key": "k", "tasks": [{ "title": "one" }, { "title": "two" }] });
    say(&mut client, "add_task", &call);
    client.call("update_task", json!({ "task_id": 2, "title": "deux" }));
    for other in [
        json!({ "key": "k", "title": "one" }),
        json!({ "key": "k", "tasks": [{ "title": "one" }, { "title": "two", "due": "fri" }] }),
    ] {
        let refused = client.complaint("add_task", other);
        assert!(
            refused.contains("added 1 \"one\", 2 \"deux\"; nothing was done now"),
            "{refused}"
        );
    }
    assert_eq!(client.tasks("all").len(), 2);
    let reordered = json!({ "tasks": [{ "title": "one" }, { "title": "two" }], "key": "k" });
    say(&mut client, "add_task", &reordered);
    assert_eq!(client.tasks("all").len(), 2);
}

#[test]
fn a_key_of_an_older_version_answers_whatever_the_call_says() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.call("add_task", json!({ "title": "one", "key": "k" }));
    let database = rusqlite::Connection::open(home.database()).unwrap();
    database
        .execute_batch("UPDATE call_key SET digest = NULL")
        .unwrap();
    let again = client.call("add_task", json!({ "title": "another", "key": "k" }));
    assert_eq!(again["title"], "one");
}

#[test]
fn words_for_nothing_are_no_keys() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    for key in ["none", "null", " ", "None"] {
        client.call("add_task", json!({ "title": "Buy milk", "key": key }));
        client.call("complete_task", json!({ "task_id": 1 }));
        let bank = json!({ "title": "Call the bank", "due": "2099-01-01", "key": key });
        assert_eq!(client.call("add_task", bank)["title"], "Call the bank");
        home.run(&["add", "Water the plants", "--key", key]);
    }
    assert_eq!(client.tasks("all").len(), 12);
}

#[test]
fn the_same_key_of_another_client_is_another_key() {
    let home = Home::new();
    let ids = ["anna", "ben"].map(|name| {
        let task = connect_as(&home, name).call("add_task", json!({ "title": name, "key": "k" }));
        assert!(!note(&task).contains("key"), "{task}");
        task["id"].as_i64().unwrap()
    });
    assert_eq!(ids, [1, 2]);
}

#[test]
fn a_batch_is_added_once_too() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let call =
        json!({ "key": "k", "tasks": [{ "title": "one" }, { "title": "two", "parent": "^1" }] });
    let first = client.call("add_task", call.clone());
    let again = client.call("add_task", call);
    assert_eq!(
        (&again["added"], &first["added"]),
        (&json!("1-2"), &json!("1-2"))
    );
    assert_eq!(
        again["tasks"][1],
        json!({ "id": 2, "title": "two", "parent": 1 })
    );
    assert!(note(&again).starts_with("nothing was added"), "{again}");
    assert_eq!(client.tasks("all").len(), 2);
}

#[test]
fn a_call_that_failed_leaves_its_key_unused() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    client.complaint(
        "add_task",
        json!({ "title": "one", "parent": 99, "key": "k" }),
    );
    add(&mut client, &["other"]);
    let task = client.call("add_task", json!({ "title": "one", "key": "k" }));
    assert_eq!(note(&task), "", "{task}");
    assert_eq!(get(&mut client, 2)["title"], "one");
}

#[test]
fn calls_that_race_with_one_key_add_one_task() {
    let home = Home::new();
    let mut clients = Dialect::BOTH.map(|dialect| home.connect(dialect));
    for n in 0..10 {
        let key = format!("k-{n}");
        let sent = clients
            .each_mut()
            .map(|client| client.send_call("add_task", json!({ "title": "raced", "key": key })));
        let [one, two] = &mut clients;
        let answers = [one.answer(&sent[0]), two.answer(&sent[1])];
        let [a, b] = answers.map(|answer| answer["result"]["structuredContent"]["id"].clone());
        assert!(a.is_i64(), "{a}");
        assert_eq!(a, b, "{key}");
    }
    assert_eq!(home.tasks("all").len(), 10);
}

#[test]
fn a_key_whose_task_is_gone_says_so() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let call = || json!({ "title": "one", "key": "k" });
    client.call("add_task", call());
    say(&mut client, "undo", &json!({}));
    let again = client.call("add_task", call());
    assert!(note(&again).contains("trash"), "{again}");
}
