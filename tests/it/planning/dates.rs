//! Dates as people say them, in the user's zone.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{add, connect_in, get, note};
use crate::support::{Dialect, Home};

/// Returns the date on the clocks of a zone so many hours from UTC, as replies show it.
fn date(now: DateTime<Utc>, hours: i64, days: i64) -> String {
    (now + TimeDelta::hours(hours) + TimeDelta::days(days))
        .format("%a %Y-%m-%d")
        .to_string()
}

#[test]
fn words_for_days_are_echoed_as_the_date_in_the_users_zone() {
    // On both sides of the date line, where it is never the same day.
    for (zone, hours) in [("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11)] {
        let home = Home::new();
        let mut client = connect_in(&home, zone);
        for (words, days) in [("today", 0), ("tomorrow", 1), ("in 3 days", 3)] {
            let before = Utc::now();
            let task = client.call("add_task", json!({ "title": words, "due": words }));
            let after = Utc::now();
            assert!(
                [before, after]
                    .map(|now| date(now, hours, days))
                    .contains(&task["due"].as_str().unwrap().to_owned()),
                "{words} in {zone}: {task}"
            );
            assert_eq!(note(&task), "", "{task}");
        }
    }
}

#[test]
fn a_time_is_echoed_with_the_offset_of_the_zone_on_that_day() {
    let home = Home::new();
    let mut client = connect_in(&home, "America/New_York");
    let cases = [
        ("2027-01-15 17:00", "Fri 2027-01-15 17:00 -05:00"),
        ("2027-07-15 5pm", "Thu 2027-07-15 17:00 -04:00"),
        ("2027-07-15T21:00:00Z", "Thu 2027-07-15 17:00 -04:00"),
    ];
    for (words, shown) in cases {
        let task = client.call("add_task", json!({ "title": words, "due": words }));
        assert_eq!(task["due"], shown, "{words}");
    }
}

#[test]
fn a_day_is_the_same_day_in_every_zone() {
    let home = Home::new();
    let mut east = connect_in(&home, "Pacific/Kiritimati");
    let mut west = connect_in(&home, "Pacific/Pago_Pago");
    east.call("add_task", json!({ "title": "one", "due": "2099-12-24" }));
    assert_eq!(get(&mut west, 1)["due"], "Thu 2099-12-24");
}

#[test]
fn a_past_or_ambiguous_date_is_taken_with_a_note() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let past = client.call("add_task", json!({ "title": "late", "due": "2020-02-29" }));
    assert!(note(&past).contains("Sat 2020-02-29 is past"), "{past}");
    let vague = client.call("add_task", json!({ "title": "party", "due": "12/24" }));
    let due = vague["due"].as_str().unwrap();
    assert!(due.ends_with("-12-24"), "{vague}");
    assert!(
        note(&vague).contains(&format!("12/24 was read as {due}")),
        "{vague}"
    );
}

#[test]
fn a_rule_with_several_readings_is_taken_with_a_note() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    let note_on_weekend =
        "every weekend was read as every Sat; for both days, write every sat and sun";
    let added = client.call(
        "add_task",
        json!({ "title": "sweep", "repeat": "every weekend" }),
    );
    assert!(note(&added).contains(note_on_weekend), "{added}");
    let changed = client.call(
        "update_task",
        json!({ "task_id": 1, "repeat": "every day until dec 24" }),
    );
    assert!(
        note(&changed).contains("until dec 24 was read as until "),
        "{changed}"
    );
    let refusal = client.complaint(
        "update_task",
        json!({ "task_id": 1, "repeat": "twice a week" }),
    );
    assert!(refusal.contains("does not say on which days"), "{refusal}");
}

#[test]
fn the_time_in_the_words_of_a_rule_becomes_the_one_of_the_due_date() {
    let home = Home::new();
    let mut client = connect_in(&home, "Europe/Berlin");
    let arguments =
        json!({ "title": "stand-up", "due": "2099-06-01", "repeat": "mon and thu at 9am" });
    let task = client.call("add_task", arguments);
    assert_eq!(task["due"], "Mon 2099-06-01 09:00 +02:00", "{task}");
    let other = json!({ "task_id": 1, "due": "2099-06-04 10:00", "repeat": "mon and thu at 9am" });
    let refusal = client.complaint("update_task", other);
    assert!(
        refusal.contains("names 09:00, and due is Thu 2099-06-04 10:00"),
        "{refusal}"
    );
}

#[test]
fn a_date_that_cannot_be_read_names_the_field_and_shows_how_to_write_it() {
    let home = Home::new();
    let mut client = home.connect(Dialect::Legacy);
    add(&mut client, &["one"]);
    for field in ["due", "defer_until"] {
        for (tool, mut arguments) in [
            ("add_task", json!({ "title": "two" })),
            ("update_task", json!({ "task_id": 1 })),
        ] {
            arguments[field] = json!("whenever");
            let refusal = client.complaint(tool, arguments);
            assert!(
                refusal.starts_with(field)
                    && refusal.contains("\"whenever\"")
                    && refusal.contains("tomorrow 17:30"),
                "{refusal}"
            );
        }
    }
    assert_eq!(client.tasks("all").len(), 1, "something was added");
    let misspelt = client.complaint("add_task", json!({ "title": "two", "due": "tommorow 9am" }));
    assert!(
        misspelt.contains("did you mean tomorrow 9am?"),
        "{misspelt}"
    );
    let both = client.complaint("add_task", json!({ "title": "two", "due": "3/4" }));
    assert!(both.starts_with("due \"3/4\""), "{both}");
}
