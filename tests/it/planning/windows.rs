//! Two windows of one host are two callers, and a client is one through all its sessions.

use serde_json::json;

use super::{add, connect_as, get, say};
use crate::support::{Client, Dialect, Home};

/// Returns the last line of a list: what else has happened, if anything has.
fn news(client: &mut Client) -> String {
    let text = say(client, "list_tasks", &json!({}));
    let last = text.lines().last().unwrap_or_default();
    let is_news = last.contains("since your last");
    if is_news { last } else { "" }.to_owned()
}

/// Waits until everything is kept that the server keeps of what it told: it does so behind its answer, in the order of
/// calls, so a write that is answered comes after it.
fn settle(client: &mut Client) {
    client.complaint("complete_task", json!({ "task_id": 999 }));
}

#[test]
fn undo_in_one_window_never_touches_what_the_other_did() {
    let home = Home::new();
    let [mut one, mut other] = [(); 2].map(|()| connect_as(&home, "host"));
    add(&mut one, &["first"]);
    add(&mut other, &["second"]);
    say(&mut one, "undo", &json!({}));
    assert_eq!(get(&mut one, 2)["title"], "second");
    assert_eq!(home.tasks("trash").len(), 1);
    let refused = one.complaint("undo", json!({}));
    assert!(
        refused.contains("nothing to undo in this session")
            && refused.contains("host is group 2, the add of 2 \"second\""),
        "{refused}"
    );
    say(&mut one, "undo", &json!({ "group": 2 }));
    assert_eq!(home.tasks("trash").len(), 2);
}

#[test]
fn a_change_that_another_window_has_made_since_is_in_the_way() {
    let home = Home::new();
    let [mut one, mut other] = [(); 2].map(|()| connect_as(&home, "host"));
    add(&mut one, &["first"]);
    one.call("update_task", json!({ "task_id": 1, "title": "uno" }));
    other.call("update_task", json!({ "task_id": 1, "priority": "high" }));
    let refused = one.complaint("undo", json!({}));
    assert!(
        refused.contains("host in another session changed task 1"),
        "{refused}"
    );
    // What one session did is taken back by another when it is named, also where the first went on.
    say(&mut other, "undo", &json!({}));
    one.call("update_task", json!({ "task_id": 1, "project": "P" }));
    say(&mut other, "undo", &json!({ "group": 2 }));
    assert_eq!(get(&mut other, 1)["title"], "first");
}

#[test]
fn each_window_hears_of_the_other_and_not_of_itself() {
    let home = Home::new();
    let [mut one, mut other] = [(); 2].map(|()| connect_as(&home, "host"));
    assert_eq!(news(&mut one), "");
    assert_eq!(news(&mut other), "");
    add(&mut one, &["first"]);
    assert_eq!(news(&mut one), "");
    let told = news(&mut other);
    assert!(
        told.starts_with("1 change by host in another session since your last call"),
        "{told}"
    );
    assert_eq!(news(&mut other), "");
    let changed = json!({ "view": "changed" });
    assert!(say(&mut one, "list_tasks", &changed).contains("1 first"));
    let theirs = say(&mut other, "list_tasks", &changed);
    assert!(
        theirs.contains("1 first"),
        "one has looked, not the other: {theirs}"
    );
}

#[test]
fn a_new_session_hears_what_happened_since_the_last_one_of_its_client() {
    let home = Home::new();
    let mut client = connect_as(&home, "host");
    add(&mut client, &["mine"]);
    home.run(&["add", "told already"]);
    assert!(news(&mut client).contains("1 change by cli since your last call"));
    settle(&mut client);
    client
        .close_stdin_and_wait()
        .assert_good("the first session");

    let mut client = connect_as(&home, "host");
    assert_eq!(news(&mut client), "");
    client.close_stdin_and_wait().assert_good("the second");

    home.run(&["add", "told to nobody"]);
    let mut client = connect_as(&home, "host");
    let told = news(&mut client);
    assert!(
        told.starts_with("1 change by cli since your last session"),
        "{told}"
    );
    assert_eq!(news(&mut client), "");
}

#[test]
fn a_client_that_only_looks_hears_of_what_came_after_its_session_and_a_new_one_of_nothing() {
    let home = Home::new();
    home.run(&["add", "before anybody looked"]);
    let mut client = connect_as(&home, "host");
    assert_eq!(news(&mut client), "");
    settle(&mut client);
    client
        .close_stdin_and_wait()
        .assert_good("the first session");
    home.run(&["add", "since"]);
    assert!(news(&mut connect_as(&home, "host")).starts_with("1 change by cli"));
    assert_eq!(news(&mut connect_as(&home, "another")), "");
}

#[test]
fn a_session_begun_anew_is_given_its_clients_last_change_to_undo_and_keeps_its_keys() {
    let home = Home::new();
    let keyed = || json!({ "title": "one", "key": "k" });
    let mut client = connect_as(&home, "host");
    client.call("add_task", keyed());
    client.close_stdin_and_wait().assert_good("a restart");
    let mut client = connect_as(&home, "host");
    let refused = client.complaint("undo", json!({}));
    assert!(
        refused.contains("group 1, the add of 1 \"one\""),
        "{refused}"
    );
    client.call("add_task", keyed());
    assert_eq!(client.tasks("all").len(), 1);
    say(&mut client, "undo", &json!({ "group": 1 }));
    assert_eq!(client.tasks("all").len(), 0);
    let refused = client.complaint("undo", json!({}));
    assert!(refused.contains("host has made no change"), "{refused}");
}

#[test]
fn requests_that_stand_alone_are_of_the_session_of_their_process() {
    let home = Home::new();
    let [mut one, mut other] = [(); 2].map(|()| home.connect(Dialect::Modern));
    add(&mut one, &["first"]);
    add(&mut other, &["second"]);
    say(&mut one, "undo", &json!({}));
    assert_eq!(get(&mut other, 2)["title"], "second");
    assert!(one.complaint("undo", json!({})).contains("group 2"));
}

#[test]
fn news_names_all_who_made_it_and_the_list_of_changes_says_which_are_the_callers_own() {
    let home = Home::new();
    let mut mine = connect_as(&home, "mine");
    add(&mut mine, &["own"]);
    let mut one = connect_as(&home, "one");
    let mut other = connect_as(&home, "other");
    add(&mut one, &["first"]);
    add(&mut other, &["second"]);
    add(&mut mine, &["own again"]);
    let changed = say(&mut mine, "list_tasks", &json!({ "view": "changed" }));
    assert!(
        changed.contains("first") && changed.contains("second"),
        "{changed}"
    );
    assert!(changed.contains("own again <- add by you"), "{changed}");
    assert!(changed.contains("first <- add by one"), "{changed}");
    home.run(&["add", "third"]);
    add(&mut one, &["fourth"]);
    let said = mine.call("get_task", json!({ "task_id": 1 }));
    assert_eq!(
        said["news"],
        "2 changes by one and cli since your last call: list_tasks view:\"changed\""
    );
}

#[test]
fn all_shells_are_one_session_whose_name_is_theirs_alone() {
    let home = Home::new();
    home.run(&["add", "from one shell"]);
    let mut client = connect_as(&home, "cli");
    add(&mut client, &["from a client"]);
    let mut other = connect_as(&home, "another");
    assert_eq!(get(&mut other, 2)["created_by"], "cli (mcp)");
    home.run(&["undo"]);
    let left = client.tasks("all");
    assert_eq!(
        (left.len(), &left[0]["title"]),
        (1, &json!("from a client"))
    );
}

#[test]
fn changes_of_an_older_version_belong_to_the_client_and_to_no_session() {
    let home = Home::new();
    let mut client = connect_as(&home, "codex-mcp-client");
    client.call("add_task", json!({ "title": "one", "key": "k" }));
    // As they were before sessions, and names that people read.
    let database = rusqlite::Connection::open(home.database()).unwrap();
    database
        .execute_batch(
            "DROP TRIGGER change_is_append_only_update;
             UPDATE change SET session = NULL, actor = 'codex-mcp-client'",
        )
        .unwrap();
    drop(database);
    let mut client = connect_as(&home, "codex-mcp-client");
    assert_eq!(news(&mut client), "");
    let refused = client.complaint("undo", json!({}));
    assert!(refused.contains("Codex is group 1"), "{refused}");
    client.call("add_task", json!({ "title": "one", "key": "k" }));
    assert_eq!(client.tasks("all").len(), 1, "its key is found");
    say(&mut client, "undo", &json!({ "group": 1 }));
}

#[test]
fn a_host_is_shown_as_people_call_it_and_its_keys_stay_with_its_own_name() {
    let home = Home::new();
    let mut client = connect_as(&home, "gemini-cli-mcp-client");
    client.call("add_task", json!({ "title": "one", "key": "k" }));
    let mine = get(&mut client, 1);
    assert!(mine.get("created_by").is_none(), "{mine}");
    let mut other = connect_as(&home, "another");
    assert_eq!(get(&mut other, 1)["created_by"], "Gemini CLI");
    let database = rusqlite::Connection::open(home.database()).unwrap();
    let kept: String = database
        .query_row("SELECT actor FROM call_key", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, "gemini-cli-mcp-client");
}
