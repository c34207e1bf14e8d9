//! Quick words and flags: what they set, and how a title that looks like them is said.

use proptest::prelude::*;
use taskhold::domain::task::Title;

use super::{json, run};
use crate::support::Home;

fn added(home: &Home, arguments: &[&str]) -> serde_json::Value {
    let mut arguments = arguments.to_vec();
    arguments.insert(0, "--json");
    arguments.insert(1, "add");
    let run = run(home, &arguments);
    assert_eq!(run.status, 0, "{arguments:?}: {}", run.said);
    let object: serde_json::Value = serde_json::from_str(&run.printed).unwrap();
    object["tasks"][0].clone()
}

#[test]
fn tags_none_is_no_tags_and_a_reference_to_the_same_call_is_refused_by_its_field() {
    let home = Home::new();
    assert_eq!(
        added(&home, &["bare", "tags:none"])["tags"],
        serde_json::Value::Null
    );
    for (word, field) in [("parent:^1", "parent"), ("after:^1", "after")] {
        let refused = run(&home, &["edit", "1", word]);
        assert_ne!(refused.status, 0);
        assert!(
            refused.said.contains(&format!("{field} ^1 names")),
            "{}",
            refused.said
        );
        assert!(refused.said.contains("after --"), "{}", refused.said);
    }
}

#[test]
fn how_the_words_of_a_rule_and_of_a_date_were_read_is_said() {
    let home = Home::new();
    let cases = [
        (
            ["add", "Sweep", "repeat:every weekend"],
            "every weekend was read as every Sat; for both days, write every sat and sun",
        ),
        (["edit", "1", "repeat:3m"], "3m was read as every 3 months"),
        (["edit", "1", "due:17h"], "for the time of day, write 17:00"),
    ];
    for (arguments, note) in cases {
        let run = run(&home, &arguments);
        assert_eq!(run.status, 0, "{}", run.said);
        assert!(
            run.said.contains(note),
            "{arguments:?}: {} {}",
            run.printed,
            run.said
        );
    }
}

#[test]
fn a_view_has_the_words_that_models_use_too() {
    let home = Home::new();
    home.run(&["add", "begun"]);
    home.run(&["start", "1"]);
    home.run(&["add", "given up"]);
    home.run(&["cancel", "2"]);
    for (word, title) in [("doing", "begun"), ("canceled", "given up")] {
        let listed = json(&home, &["list", word]);
        assert_eq!(listed["tasks"][0]["title"], title, "{word}: {listed}");
    }
}

#[test]
fn quick_words_stand_in_any_order_and_flags_say_the_same() {
    let home = Home::new();
    added(&home, &["first"]);
    let ways: [&[&str]; 3] = [
        &[
            "Pay",
            "due:2031-06-02",
            "rent",
            "+home",
            "project:My flat",
            "!high",
            "+money",
            "repeat:every 2 weeks",
            "parent:1",
            "after:#1",
            "desc:To the bank",
            "defer:2031-05-01",
        ],
        &[
            "after:1",
            "defer:2031-05-01",
            "note:To the bank",
            "pri:h",
            "tags:home,money",
            "proj:My flat",
            "repeat:every 2 weeks",
            "parent:#1",
            "due:jun 2 2031",
            "Pay rent",
        ],
        &[
            "--title",
            "Pay rent",
            "--due",
            "2031-06-02",
            "-t",
            "home,money",
            "-P",
            "My flat",
            "-p",
            "high",
            "--repeat",
            "every 2 weeks",
            "--parent",
            "1",
            "--after",
            "1",
            "-d",
            "To the bank",
            "--defer",
            "2031-05-01",
        ],
    ];
    for way in ways {
        let task = added(&home, way);
        let expected = serde_json::json!({
            "title": "Pay rent", "description": "To the bank", "priority": "high", "due": "2031-06-02",
            "defer_until": "2031-05-01", "repeat": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "project": "My flat",
            "tags": ["home", "money"], "parent": 1, "depends_on": [1],
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&task[name], value, "{name} of {way:?}");
        }
    }
}

#[test]
fn what_only_looks_like_a_quick_word_stays_in_the_title() {
    let home = Home::new();
    let cases: [(&[&str], &str); 9] = [
        (
            &["Read", "http://x", "at", "10:30"],
            "Read http://x at 10:30",
        ),
        (&["+1", "for", "C++"], "+1 for C++"),
        (&["Note:", "note:", "due:"], "Note: note: due:"),
        (&["until:fri", "!hgih"], "until:fri !hgih"),
        (&["Wow!", "!", "!!"], "Wow! ! !!"),
        (&["--", "soon due:fri +home"], "soon due:fri +home"),
        (
            &["+home", "--", "+home", "due:fri", "--json"],
            "+home due:fri --json",
        ),
        (&["--title", "due:fri !high"], "due:fri !high"),
        (&["a", "--", "-"], "a -"),
    ];
    for (arguments, title) in cases {
        assert_eq!(added(&home, arguments)["title"], title, "{arguments:?}");
    }
}

#[test]
fn what_may_have_been_meant_as_a_quick_word_is_told() {
    let home = Home::new();
    let cases: [(&[&str], &str); 8] = [
        (
            &["e", "du:fri"],
            "note: \"du:fri\" stays in the title: did you mean due:fri?\n",
        ),
        (
            &["f", "projct:x"],
            "note: \"projct:x\" stays in the title: did you mean project:x?\n",
        ),
        (
            &["g", "due:tomorrow", "17:30"],
            "note: \"17:30\" stays in the title: did you mean due:\"tomorrow 17:30\"?\n",
        ),
        (
            &["a", "due:"],
            "note: \"due:\" stays in the title: there is nothing after it\n",
        ),
        (
            &["b", "until:2031-01-01"],
            "note: \"until:2031-01-01\" stays in the title: there is no such field\n",
        ),
        (
            &["c", "!hgih"],
            "note: \"!hgih\" stays in the title: levels are !high, !medium and !low\n",
        ),
        (
            &["d", "projet:flat"],
            "note: \"projet:flat\" stays in the title: did you mean project:flat?\n",
        ),
        (&["Note:", "10:30", "http://x", "+1"], ""),
    ];
    for (words, said) in cases {
        let run = run(&home, &[&["add"], words].concat());
        assert_eq!((run.status, run.said.as_str()), (0, said), "{words:?}");
    }
    let pending = run(&home, &["add", "x", "status:done"]);
    assert_eq!(pending.status, 2);
    assert!(
        pending.said.contains("taskhold done ID, once it is there"),
        "{}",
        pending.said
    );
}

#[test]
fn one_argument_with_blanks_is_read_like_its_words_and_the_reply_says_what_was_taken_out() {
    let home = Home::new();
    let run_added = run(&home, &["add", "Pay rent due:2031-06-02 +home !high"]);
    assert_eq!(
        (run_added.printed.as_str(), run_added.said.as_str()),
        (
            "Added 1 Pay rent (high, due Mon 2031-06-02) +home\n",
            "note: taken out of the title: due:2031-06-02, !high, +home; all of a text after -- or in --title stays in it\n"
        )
    );
    let task = added(
        &home,
        &["Call Anna due:2031-06-02 17:30 project:\"My flat\" p1"],
    );
    let expected =
        serde_json::json!({ "title": "Call Anna", "project": "My flat", "priority": "high" });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&task[name], value, "{name}");
    }
    assert!(
        task["due"]
            .as_str()
            .unwrap()
            .starts_with("2031-06-02T17:30"),
        "{task}"
    );
    for literal in [
        &["--", "Pay due:fri +home"][..],
        &["--title", "Pay due:fri +home"],
    ] {
        let task = added(&home, literal);
        assert_eq!(task["title"], "Pay due:fri +home", "{literal:?}");
        assert!(task.get("due").is_none() && task.get("tags").is_none());
    }
    let doubtful = run(&home, &["add", "Pay rent du:fri"]);
    assert_eq!(
        doubtful.said,
        "note: \"du:fri\" stays in the title: did you mean due:fri?\n"
    );
    let refused = run(&home, &["add", "Pay rent due:banana"]);
    assert_eq!((refused.status, refused.printed.as_str()), (2, ""));
}

#[test]
fn words_that_begin_with_a_dash_are_words_of_the_title() {
    let home = Home::new();
    let cases: [(&[&str], &str); 6] = [
        (&["Trip", "-Vienna"], "Trip -Vienna"),
        (&["Buy", "-hats", "-x"], "Buy -hats -x"),
        (&["-Vienna", "trip"], "-Vienna trip"),
        (&["Cool", "to", "-5", "degrees"], "Cool to -5 degrees"),
        (&["-Vienna trip"], "-Vienna trip"),
        (&["-poetry", "-t", "read", "-p", "high"], "-poetry"),
    ];
    for (words, title) in cases {
        let task = added(&home, words);
        assert_eq!(task["title"], title, "{words:?}");
    }
    let help = run(&home, &["add", "x", "-h"]);
    assert!(
        help.printed.contains("Usage: taskhold add"),
        "{}",
        help.said
    );
}

#[test]
fn words_that_begin_with_a_dash_are_words_of_a_comment_and_no_call_for_help() {
    let home = Home::new();
    run(&home, &["add", "Tea"]);
    for words in [
        &["It", "is", "-hot", "today"][..],
        &["Room", "-Vast"],
        &["-5", "degrees"],
    ] {
        let said = run(&home, &[&["comment", "1"], words].concat());
        assert_eq!(said.status, 0, "{words:?}: {}", said.said);
        let task = json(&home, &["show", "1"]);
        let last = task["tasks"][0]["comments"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert_eq!(last["text"], words.join(" "), "{task}");
    }
    for words in [&["done", "-hats"][..], &["delete", "1", "-hats"]] {
        let refused = run(&home, words);
        assert_eq!((refused.status, refused.printed.as_str()), (2, ""));
        assert!(
            refused.said.contains("unexpected argument '-hats' found"),
            "{}",
            refused.said
        );
    }
}

#[test]
fn a_phrase_in_one_argument_is_the_same_as_in_one_of_its_own() {
    let home = Home::new();
    for (field, phrase) in [
        ("due", "5th of june"),
        ("due", "wed next week"),
        ("due", "15th of next month"),
        ("due", "3 days from now"),
        ("repeat", "every 1st of the month"),
        ("repeat", "last business day of the month"),
    ] {
        let one = added(&home, &[&format!("Pay {field}:{phrase} +home")]);
        let apart = added(&home, &["Pay", &format!("{field}:{phrase}"), "+home"]);
        for name in ["title", "due", "repeat", "tags"] {
            assert_eq!(one[name], apart[name], "{phrase}");
        }
        let edited = run(&home, &["edit", "1", &format!("{field}:{phrase} +home")]);
        assert_eq!(edited.status, 0, "{}", edited.said);
    }
    for words in [
        "due:today in 2 weeks",
        "repeat:daily except sunday",
        "repeat:every 2nd of the year",
    ] {
        let refused = run(&home, &["add", &format!("Tax {words}")]);
        let (_, phrase) = words.split_once(':').unwrap();
        assert_eq!((refused.status, refused.printed.as_str()), (2, ""));
        assert!(
            refused.said.contains(&format!("\"{phrase}\"")),
            "{}",
            refused.said
        );
    }
    let found = run(&home, &["list", "+home due:5th of june"]);
    assert!(found.printed.contains("Pay"), "{}", found.said);
    let changed = run(
        &home,
        &["edit", "--where", "+home due:5th of june", "--yes", "+x"],
    );
    assert!(changed.printed.contains("Pay"), "{}", changed.said);
}

#[test]
fn names_are_taken_in_any_case_and_as_other_programs_have_them() {
    let home = Home::new();
    let task = added(
        &home,
        &[
            "x",
            "DUE:2031-06-02",
            "Wait:2031-05-01",
            "recur:every 2 weeks",
            "pro:flat",
            "+a,b",
            "+c",
        ],
    );
    let expected = serde_json::json!({
        "title": "x", "due": "2031-06-02", "defer_until": "2031-05-01", "project": "flat", "tags": ["a", "b", "c"],
        "repeat": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&task[name], value, "{name}");
    }
}

#[test]
fn a_search_is_narrowed_by_quick_words_and_after_two_dashes_all_are_words() {
    let home = Home::new();
    for words in [
        &["Report", "project:flat", "+a"][..],
        &["Report", "project:work", "!high"],
        &["--", "Report", "on", "project:flat"],
    ] {
        run(&home, &[&["add"], words].concat());
    }
    let found = |words: &[&str]| {
        let found = json(&home, &[&["search"], words].concat());
        let tasks = found["tasks"].as_array().unwrap().clone();
        let mut ids: Vec<i64> = tasks
            .iter()
            .map(|task| task["id"].as_i64().unwrap())
            .collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(found(&["report"]), [1, 2, 3]);
    assert_eq!(found(&["report", "project:flat"]), [1]);
    assert_eq!(found(&["report", "project:"]), [3]);
    assert_eq!(found(&["report", "pri:high"]), [2]);
    assert_eq!(found(&["+a", "report"]), [1]);
    assert_eq!(found(&["status:pending", "report", "+a"]), [1]);
    let run = run(&home, &["search", "--json", "--", "report", "project:flat"]);
    assert!(
        run.printed.contains("\"id\":3") && !run.printed.contains("\"id\":1"),
        "{}",
        run.printed
    );
    let refused = super::run(&home, &["search", "+a"]);
    let said = "there are no words to search for";
    assert!(
        refused.status == 2 && refused.said.contains(said),
        "{}",
        refused.said
    );
}

#[test]
fn a_list_is_of_those_without_a_project_when_none_is_named() {
    let home = Home::new();
    run(&home, &["add", "one", "project:flat"]);
    run(&home, &["add", "two"]);
    for words in [
        &["list", "project:"][..],
        &["list", "project:none"],
        &["list", "--project", ""],
        &["next", "project:"],
    ] {
        assert_eq!(run(&home, words).printed, "2 two\n", "{words:?}");
    }
    let refused = run(&home, &["next", "today"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.said.contains("a view: taskhold list today"),
        "{}",
        refused.said
    );
}

#[test]
fn a_field_given_twice_or_wrongly_is_refused_and_named() {
    let home = Home::new();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["add", "x", "due:fri", "due:mon"], 2, "due is given twice"),
        (
            &["add", "x", "due:fri", "--due", "mon"],
            2,
            "due is given twice",
        ),
        (
            &["add", "x", "!high", "pri:low"],
            2,
            "priority is given twice",
        ),
        (&["add", "x", "--title", "y"], 2, "the title is given twice"),
        (&["add", "due:fri"], 2, "there is no title"),
        (&["add", "x", "due:banana"], 2, "due \"banana\" is no date"),
        (&["add", "x", "parent:99"], 1, "Task 99 not found"),
        (&["add", "x", "pri:loud"], 2, "priority \"loud\" is none of"),
    ];
    for (arguments, status, said) in cases {
        let run = run(&home, arguments);
        assert_eq!(
            (run.status, run.printed.as_str()),
            (status, ""),
            "{arguments:?}"
        );
        assert!(run.said.contains(said), "{arguments:?}: {}", run.said);
        assert!(run.said.contains("\nhint: "), "{arguments:?}: {}", run.said);
    }
    assert_eq!(json(&home, &["list"])["tasks"], serde_json::json!([]));
    // The way out is one for this command, and none where there is no title.
    run(&home, &["add", "x"]);
    for (arguments, said) in [
        (
            &["edit", "1", "wait:garbage"][..],
            "as a word of the title it stands after --: taskhold edit ID -- wait:garbage\n",
        ),
        (
            &["edit", "1", "--due", "garbage"],
            "hint: taskhold help dates shows how dates are said\n",
        ),
        (
            &["list", "pri:loud"],
            "hint: say pri:high, pri:medium or pri:low; in edit, pri: clears it\n",
        ),
    ] {
        let run = run(&home, arguments);
        assert!(run.said.ends_with(said), "{arguments:?}: {}", run.said);
    }
}

proptest! {
    // Each case starts the program.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_title_can_be_said_literally(
        title in prop_oneof![
            "[+!:a-z -]{1,12}",
            "(due|project|after|tags|pri|!high|[+]home|--json|-h|-)[: ]?.{0,8}",
            "\\PC{1,20}",
        ]
    ) {
        // No program can be given that character.
        prop_assume!(!title.contains('\0'));
        let Ok((wanted, _)) = Title::cleaned(&title) else { return Ok(()) };
        let home = Home::new();
        let task = added(&home, &["--", &title]);
        prop_assert_eq!(task["title"].as_str(), Some(wanted.as_str()));
        let flag = format!("--title={title}");
        let task = added(&home, &[&flag]);
        prop_assert_eq!(task["title"].as_str(), Some(wanted.as_str()));
        prop_assert_eq!(&task["tags"], &serde_json::Value::Null);
        prop_assert_eq!(&task["due"], &serde_json::Value::Null);
    }
}
