//! Tasks that come again.

use serde_json::{Value, json};

use super::{connect_in, get, note, say};
use crate::support::{Client, Dialect, Home};

/// A home with one task that is due on Monday, 5 January 2099, and repeats.
fn repeating(rule: &str) -> (Home, Client) {
    let home = Home::new();
    let mut client = home.connect(Dialect::Modern);
    client.call(
        "add_task",
        json!({ "title": "one", "due": "2099-01-05", "repeat": rule }),
    );
    (home, client)
}

/// Completes the round that is next, though its date has not come.
fn complete(client: &mut Client) -> Value {
    let due = get(client, 1)["due"].take();
    client.call("complete_task", json!({ "task_id": 1, "due": due }))
}

#[test]
fn completing_moves_to_the_next_date_and_says_so_and_undo_brings_the_old_one_back() {
    let (_home, mut client) = repeating("every monday");
    let done = complete(&mut client);
    assert_eq!(
        (&done["status"], &done["due"]),
        (&json!("pending"), &json!("Mon 2099-01-12"))
    );
    assert!(
        note(&done)
            .contains("1: completed the round of Mon 2099-01-05; comes again Mon 2099-01-12"),
        "{done}"
    );
    let history =
        client.call("get_task", json!({ "task_id": 1, "history": true }))["history"].take();
    let last = history
        .as_array()
        .unwrap()
        .first()
        .unwrap()
        .as_str()
        .unwrap();
    assert!(
        last.contains("support complete")
            && last.contains("2099-01-05")
            && last.contains("2099-01-12"),
        "{last}"
    );
    say(&mut client, "undo", &json!({}));
    assert_eq!(get(&mut client, 1)["due"], "Mon 2099-01-05");
}

#[test]
fn one_instance_that_was_moved_goes_back_to_the_days_of_its_rule() {
    let (_home, mut client) = repeating("every monday");
    client.call("update_task", json!({ "task_id": 1, "due": "2099-01-07" }));
    assert_eq!(get(&mut client, 1)["due"], "Wed 2099-01-07");
    assert_eq!(complete(&mut client)["due"], "Mon 2099-01-12");
    assert_eq!(complete(&mut client)["due"], "Mon 2099-01-19");
}

#[test]
fn one_date_of_a_rule_that_counts_days_is_moved_alone_and_with_the_rule_all_of_them() {
    let (_home, mut client) = repeating("every 3 days");
    client.call("update_task", json!({ "task_id": 1, "due": "2099-01-07" }));
    assert_eq!(complete(&mut client)["due"], "Thu 2099-01-08");
    let series = json!({ "task_id": 1, "due": "2099-01-09", "repeat": "every 3 days" });
    client.call("update_task", series);
    assert_eq!(complete(&mut client)["due"], "Mon 2099-01-12");
}

#[test]
fn a_series_said_in_one_zone_stays_there_when_it_is_completed_in_another() {
    let home = Home::new();
    let mut angeles = connect_in(&home, "America/Los_Angeles");
    let mut utc = connect_in(&home, "UTC");
    angeles.call(
        "add_task",
        json!({ "title": "one", "due": "2099-01-02 17:00", "repeat": "every friday" }),
    );
    let seen = get(&mut utc, 1);
    assert_eq!(
        seen["due"],
        "Sat 2099-01-03 01:00 +00:00 (Fri 17:00 Los Angeles)"
    );
    assert_eq!(seen["due_zone"], "America/Los_Angeles");
    angeles.call(
        "update_task",
        json!({ "task_id": 1, "defer_until": "2098-12-31 08:00" }),
    );
    assert_eq!(get(&mut utc, 1)["defer_zone"], "America/Los_Angeles");
    assert_eq!(get(&mut angeles, 1).get("defer_zone"), None);
    complete(&mut utc);
    let next = get(&mut angeles, 1);
    assert_eq!(next["due"], "Fri 2099-01-09 17:00 -08:00");
    assert_eq!(next.get("due_zone"), None);
}

#[test]
fn a_date_that_is_moved_comes_with_the_next_and_the_way_to_move_all() {
    let (_home, mut client) = repeating("every monday");
    let moved = client.call("update_task", json!({ "task_id": 1, "due": "2099-01-07" }));
    assert!(
        note(&moved).contains("this date is moved alone, the next is Mon 2099-01-12; to move the series, give the rule too"),
        "{moved}"
    );
}

#[test]
fn the_shell_skips_a_date_without_completing_it() {
    let (home, mut client) = repeating("every monday for 3 times");
    let skipped = home.command(&["skip", "1"]).output().unwrap();
    let said = String::from_utf8(skipped.stderr).unwrap();
    assert!(
        said.contains("1: skipped Mon 2099-01-05; comes again Mon 2099-01-12"),
        "{said}"
    );
    let task = get(&mut client, 1);
    assert_eq!(
        (&task["due"], &task["repeat"]),
        (&json!("Mon 2099-01-12"), &json!("every Mon, 2 times"))
    );
    let log = home.command(&["log", "1", "-n", "1"]).output().unwrap();
    let log = String::from_utf8(log.stdout).unwrap();
    assert!(
        log.contains(" skipped  due: \"2099-01-05\" -> \"2099-01-12\"; repeat: "),
        "{log}"
    );
    let rounds = home
        .command(&["list", "--view", "completed"])
        .output()
        .unwrap();
    assert!(!String::from_utf8(rounds.stdout).unwrap().contains("one"));
}

#[test]
fn a_series_waits_for_the_rounds_of_another_that_do_not_come_after_its_own() {
    let (home, mut client) = repeating("every friday");
    // Mondays, from the one after the first Friday on.
    client.call(
        "add_task",
        json!({ "title": "two", "due": "2099-01-12", "repeat": "every monday", "depends_on": [1] }),
    );
    client.call(
        "update_task",
        json!({ "task_id": 1, "due": "2099-01-09", "repeat": "every friday" }),
    );
    client.call("add_task", json!({ "title": "three", "depends_on": [1] }));
    let blocked = |client: &mut Client| {
        let list = json!({ "view": "blocked", "format": "json" });
        let list = client.call("list_tasks", list)["tasks"].take();
        let ids = list.as_array().unwrap().iter();
        ids.map(|task| task["id"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(blocked(&mut client), [2, 3]);
    let done = complete(&mut client);
    assert!(
        note(&done).contains("no longer waiting for it: 2, 3"),
        "{done}"
    );
    assert_eq!(blocked(&mut client), [0; 0]);
    assert_eq!(get(&mut client, 2)["depends_on"], json!([1]));
    assert_eq!(get(&mut client, 3).get("depends_on"), None);
    // It was told, and is not again while its own date stays.
    let done = complete(&mut client);
    assert!(!note(&done).contains("no longer waiting"), "{done}");
    say(&mut client, "undo", &json!({}));
    // Its own next round comes after the next of the other.
    let next = client.call(
        "complete_task",
        json!({ "task_id": 2, "due": "2099-01-12" }),
    );
    assert_eq!(next["due"], "Mon 2099-01-19");
    assert_eq!(blocked(&mut client), [2]);
    say(&mut client, "undo", &json!({}));
    assert_eq!(blocked(&mut client), [0; 0]);
    // A date moved alone counts as it is.
    client.call("update_task", json!({ "task_id": 1, "due": "2099-01-11" }));
    assert_eq!(blocked(&mut client), [2]);
    client.call("update_task", json!({ "task_id": 1, "repeat": "" }));
    client.call("update_task", json!({ "task_id": 1, "due": "2099-06-01" }));
    assert_eq!(blocked(&mut client), [2], "only a series comes after");
    let doctor = home.command(&["doctor", "--json"]).output().unwrap();
    let found: Value = serde_json::from_slice(&doctor.stdout).unwrap();
    let checks = found["findings"].as_array().unwrap().iter();
    let mut derived = checks.filter(|check| check["check"] == "derived");
    assert_eq!(derived.next().unwrap()["verdict"], "good", "{found}");
}

#[test]
fn a_deferral_moves_along() {
    let (_home, mut client) = repeating("every monday");
    client.call(
        "update_task",
        json!({ "task_id": 1, "defer_until": "2099-01-03" }),
    );
    assert_eq!(complete(&mut client)["defer_until"], "Sat 2099-01-10");
}

#[test]
fn the_status_completed_moves_on_too() {
    let (_home, mut client) = repeating("daily");
    let done = client.call("update_task", json!({ "task_id": 1, "status": "done" }));
    assert_eq!(
        (&done["status"], &done["due"]),
        (&json!("pending"), &json!("Tue 2099-01-06"))
    );
}

#[test]
fn a_series_ends_when_its_rule_is_cleared() {
    let (_home, mut client) = repeating("every monday");
    client.call("update_task", json!({ "task_id": 1, "repeat": "" }));
    let done = complete(&mut client);
    assert_eq!(done["status"], "completed", "{done}");
}

#[test]
fn a_series_ends_when_its_date_would_go_only_by_clearing_both() {
    let (_home, mut client) = repeating("every monday");
    let refusal = client.complaint("update_task", json!({ "task_id": 1, "due": "" }));
    assert!(refusal.contains("repeat"), "{refusal}");
    client.call(
        "update_task",
        json!({ "task_id": 1, "due": "", "repeat": "" }),
    );
    let task = get(&mut client, 1);
    assert!(
        task.get("due").is_none() && task.get("repeat").is_none(),
        "{task}"
    );
}

#[test]
fn a_series_ends_after_its_count_and_after_its_last_day() {
    for rule in [
        "every day for 3 times",
        "FREQ=DAILY;COUNT=3",
        "every day until 2099-01-07",
    ] {
        let (_home, mut client) = repeating(rule);
        assert_eq!(complete(&mut client)["due"], "Tue 2099-01-06", "{rule}");
        assert_eq!(complete(&mut client)["due"], "Wed 2099-01-07", "{rule}");
        let last = complete(&mut client);
        assert_eq!(last["status"], "completed", "{rule}: {last}");
        assert!(
            note(&last).contains("1 is done, and was the last of its series"),
            "{rule}: {last}"
        );
    }
}

#[test]
fn a_rule_that_would_never_come_again_is_refused() {
    let (_home, mut client) = repeating("every monday");
    for rule in [
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "every day until 2098-12-31",
    ] {
        let add = json!({ "title": "two", "due": "2099-01-05", "repeat": rule });
        let update = json!({ "task_id": 1, "repeat": rule });
        for (tool, arguments) in [("add_task", add), ("update_task", update)] {
            let refusal = client.complaint(tool, arguments);
            // In words, where there are some.
            let named = format!("repeat \"{rule}\" ");
            assert!(refusal.starts_with(&named), "{refusal}");
            assert!(
                refusal.contains("never comes again from Mon 2099-01-05 on; change the rule"),
                "{refusal}"
            );
        }
    }
    let refusal = client.complaint(
        "add_task",
        json!({ "title": "two", "repeat": "every day until 2001-01-01" }),
    );
    assert!(refusal.contains("has no date from today on"), "{refusal}");
    let task = get(&mut client, 1);
    assert_eq!(task["repeat"], "every Mon");
}

#[test]
fn a_rule_that_cannot_be_read_is_refused_with_examples() {
    let (_home, mut client) = repeating("every monday");
    for rule in [
        "now and then",
        "FREQ=SECONDLY",
        "FREQ=MONTHLY;BYMONTHDAY=32",
    ] {
        let refusal = client.complaint("update_task", json!({ "task_id": 1, "repeat": rule }));
        assert!(refusal.starts_with("repeat \""), "{refusal}");
    }
    let refusal = client.complaint(
        "add_task",
        json!({ "title": "two", "repeat": "now and then" }),
    );
    assert!(refusal.contains("every"), "{refusal}");
    assert_eq!(client.tasks("all").len(), 1);
}

#[test]
fn a_rule_without_a_date_gets_its_first_one() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let task = client.call(
        "add_task",
        json!({ "title": "one", "repeat": "every friday" }),
    );
    assert!(task["due"].as_str().unwrap().starts_with("Fri "), "{task}");
}

#[test]
fn a_deferral_stays_as_far_before_the_date_when_one_instance_was_moved() {
    let (_home, mut client) = repeating("every monday");
    client.call(
        "update_task",
        json!({ "task_id": 1, "defer_until": "2099-01-03" }),
    );
    client.call("update_task", json!({ "task_id": 1, "due": "2099-01-07" }));
    let next = complete(&mut client);
    assert_eq!(
        (&next["due"], &next["defer_until"]),
        (&json!("Mon 2099-01-12"), &json!("Sat 2099-01-10"))
    );
}

#[test]
fn the_same_call_made_again_completes_no_second_round() {
    let (home, mut client) = repeating("every monday");
    let call = || json!({ "task_id": 1 });
    client.call("complete_task", call());
    let refused = client.complaint("complete_task", call());
    assert!(
        refused.contains("completed the round of Mon 2099-01-05; comes again Mon 2099-01-12"),
        "{refused}"
    );
    for (tool, arguments) in [
        ("complete_task", json!({ "task_id": [1] })),
        (
            "complete_task",
            json!({ "task_id": 1, "due": "2099-01-05" }),
        ),
        ("complete_task", json!({ "task_id": 1, "due": "none" })),
        (
            "update_task",
            json!({ "task_id": 1, "status": "completed" }),
        ),
        (
            "update_task",
            json!({ "task_id": 1, "status": "completed", "comment": "paid" }),
        ),
    ] {
        let refused = client.complaint(tool, arguments);
        assert!(refused.contains("2099-01-12"), "{refused}");
    }
    // After a restart it is the same client still.
    client.close_stdin_and_wait().assert_good("a restart");
    let mut client = home.connect(Dialect::Legacy);
    client.complaint("complete_task", call());
    let named = client.call(
        "complete_task",
        json!({ "task_id": 1, "due": "2099-01-12" }),
    );
    assert_eq!(named["due"], "Mon 2099-01-19");
    home.run(&["done", "1"]);
    assert_eq!(
        get(&mut client, 1)["due"],
        "Mon 2099-01-26",
        "another client's is its first"
    );
    let theirs = client.call("complete_task", call());
    assert_eq!(
        theirs["due"], "Mon 2099-02-02",
        "and the last round was not this client's"
    );
}

#[test]
fn a_change_that_completes_and_says_more_names_its_round_by_the_date() {
    let (home, mut client) = repeating("every monday");
    let call =
        |due: &str| json!({ "task_id": 1, "status": "completed", "due": due, "priority": "high" });
    let done = client.call("update_task", call("2099-01-05"));
    assert_eq!(
        (&done["due"], done.get("priority")),
        (&json!("Mon 2099-01-12"), None)
    );
    for arguments in [
        call("2099-01-05"),
        call("2099-06-01"),
        json!({ "task_id": 1, "status": "completed", "title": "Renamed" }),
        json!({ "task_id": 1, "status": "completed", "due": null, "priority": "low" }),
    ] {
        let refused = client.complaint("update_task", arguments);
        assert!(refused.contains("2099-01-12"), "{refused}");
    }
    let edit = ["edit", "1", "status:done", "!low", "due:2099-01-05"];
    let output = home.command(&edit).output().unwrap();
    let refused = String::from_utf8(output.stderr).unwrap();
    assert!(refused.contains("2099-01-12"), "{refused}");
    assert_eq!(get(&mut client, 1)["due"], "Mon 2099-01-12");
    let rounds = say(&mut client, "list_tasks", &json!({ "view": "completed" }));
    assert!(rounds.contains("due Mon 2099-01-05"), "{rounds}");
    client.call("update_task", call("2099-01-12"));
    let rounds = say(&mut client, "list_tasks", &json!({ "view": "completed" }));
    assert!(rounds.contains("| 2 completed"), "{rounds}");
}

#[test]
fn a_round_that_leads_to_its_own_date_is_completed_and_the_same_call_again_is_refused() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let series =
        json!({ "title": "water", "due": "today", "repeat": "every 3 days after completion" });
    client.call("add_task", series);
    let done = client.call("complete_task", json!({ "task_id": 1 }));
    let next = done["due"].as_str().unwrap();
    let named = json!({ "task_id": 1, "due": &next[4..] });
    let again = client.call("complete_task", named);
    let now = get(&mut client, 1);
    assert_eq!(
        (&now["status"], &now["due"]),
        (&json!("pending"), &done["due"])
    );
    assert!(
        note(&again).contains(&format!("1: completed a round; the next is due {next}")),
        "{again}"
    );
    let refused = client.complaint("complete_task", json!({ "task_id": 1 }));
    assert!(refused.contains(next), "{refused}");
}

#[test]
fn a_round_that_was_undone_is_completed_anew() {
    let (_home, mut client) = repeating("every monday");
    let call = || json!({ "task_id": 1 });
    client.call("complete_task", call());
    say(&mut client, "undo", &json!({}));
    assert_eq!(
        client.call("complete_task", call())["due"],
        "Mon 2099-01-12"
    );
    client.call("update_task", json!({ "task_id": 1, "due": "2020-01-06" }));
    let done = client.call("complete_task", call());
    assert!(
        note(&done).contains("the round of Mon 2020-01-06"),
        "its date has come: {done}"
    );
}

#[test]
fn a_date_is_named_for_one_task_at_a_time() {
    let (_home, mut client) = repeating("every monday");
    client.call("add_task", json!({ "title": "two" }));
    let several = json!({ "task_id": [1, 2], "due": "2099-01-05" });
    let refused = client.complaint("complete_task", several);
    assert!(refused.contains("one task"), "{refused}");
    let refused = client.complaint(
        "complete_task",
        json!({ "task_id": 2, "due": "2099-01-05" }),
    );
    assert!(refused.contains("task 2 has no due date"), "{refused}");
}
