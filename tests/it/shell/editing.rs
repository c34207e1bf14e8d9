//! `edit`: fields by words and flags.

mod text;

use super::{json, run, run_with};
use crate::support::Home;

#[test]
fn words_and_flags_set_add_clear_and_rename() {
    let home = Home::new();
    run(
        &home,
        &[
            "add",
            "Pay",
            "due:2031-06-02",
            "+home",
            "project:flat",
            "!high",
        ],
    );
    run(&home, &["add", "Other", "+work"]);
    let changed = json(
        &home,
        &[
            "edit", "1,2", "+both", "--untag", "work", "project:", "pri:none",
        ],
    );
    let tags = |place: usize| changed["tasks"][place]["tags"].clone();
    assert_eq!(
        (tags(0), tags(1)),
        (
            serde_json::json!(["both", "home"]),
            serde_json::json!(["both"])
        )
    );
    assert!(changed["tasks"][0].get("project").is_none());
    assert!(changed["tasks"][0].get("priority").is_none());
    let renamed = json(
        &home,
        &["edit", "1", "title:Pay the rent", "tags:only", "due:"],
    );
    assert_eq!(renamed["tasks"][0]["title"], "Pay the rent");
    assert_eq!(renamed["tasks"][0]["tags"], serde_json::json!(["only"]));
    assert!(renamed["tasks"][0].get("due").is_none());
    let same = json(&home, &["edit", "1", "tags:only"]);
    assert_eq!(
        (&same["group"], &same["unchanged"]),
        (&serde_json::Value::Null, &serde_json::json!([1]))
    );
}

#[test]
fn a_tag_is_taken_away_in_any_spelling_and_a_slip_never_becomes_a_title() {
    let home = Home::new();
    run(&home, &["add", "Pay", "+Work"]);
    let changed = run(&home, &["edit", "1", "-wORK"]);
    assert_eq!(
        (changed.printed.as_str(), changed.said.as_str()),
        ("Changed 1 Pay\n", "")
    );
    let none = run(&home, &["edit", "1", "-wORK"]);
    assert!(
        none.said.contains("there was no tag \"wORK\""),
        "{}",
        none.said
    );
    for (words, said) in [
        (&["cancel"][..], "did you mean taskhold cancel ID?"),
        (&["due"], "did you mean due: with a value?"),
        (&["none"], "did you mean due:none, or another field?"),
        (&["p=high"], "did you mean priority:high?"),
        (&["date:fri"], "did you mean due:fri?"),
        (&["New title"], "did you mean title:\"New title\"?"),
    ] {
        let refused = run(&home, &[&["edit", "1"], words].concat());
        assert_eq!(refused.status, 2, "{words:?}");
        assert!(refused.said.contains(said), "{words:?}: {}", refused.said);
    }
    let added = run(
        &home,
        &["add", "Buy project:'Home Work', due:2031-06-02, +home."],
    );
    assert!(
        added
            .printed
            .contains("Buy (due Mon 2031-06-02) project:\"Home Work\" +home\n"),
        "{}",
        added.printed
    );
}

#[test]
fn leading_ids_are_further_tasks_and_a_title_that_is_a_number_stands_after_two_dashes() {
    let home = Home::new();
    for title in ["one", "two", "three", "four"] {
        run(&home, &["add", title]);
    }
    let bulk = run(&home, &["edit", "1", "#2", "3,4", "+bulk"]);
    assert_eq!(bulk.printed.lines().count(), 4, "{}", bulk.said);
    assert_eq!(run(&home, &["list", "+bulk"]).printed.lines().count(), 4);
    run(&home, &["comment", "1", "2", "hello"]);
    for id in ["1", "2"] {
        let task = json(&home, &["show", id])["tasks"][0].clone();
        assert_eq!(task["comments"][0]["text"], "hello", "{task}");
    }
    let renamed = run(&home, &["edit", "1", "--", "2", "eggs"]);
    assert_eq!(renamed.said, "note: title of 1: \"one\" -> \"2 eggs\"\n");
    run(&home, &["comment", "1", "--", "3", "are", "enough"]);
    let task = json(&home, &["show", "1"])["tasks"][0].clone();
    assert_eq!(task["comments"][1]["text"], "3 are enough");
}

#[test]
fn no_title_is_overwritten_by_what_was_meant_otherwise() {
    let home = Home::new();
    run(&home, &["add", "one"]);
    run(&home, &["add", "two"]);
    let before = json(&home, &["log"]);
    let cases: [(&[&str], &str); 9] = [
        (&["edit", "1", "2"], "there is nothing to change"),
        (
            &["edit", "1", "2", "--", "eggs"],
            "would be the title of 2 tasks",
        ),
        (
            &["edit", "1,2", "title:eggs"],
            "would be the title of 2 tasks",
        ),
        (&["edit", "1", "+"], "\"+\" sets nothing"),
        (&["edit", "1", "-"], "\"-\" sets nothing"),
        (
            &["edit", "1", "until:fri"],
            "\"until:fri\" sets nothing: there is no such field",
        ),
        (&["edit", "1", "projet:x"], "did you mean project:x?"),
        (&["edit", "1", "status:odd"], "status \"odd\" is none of"),
        (
            &["comment", "1", "2"],
            "there is nothing to say: every word is an id",
        ),
    ];
    for (arguments, said) in cases {
        let refused = run(&home, arguments);
        assert_eq!(refused.status, 2, "{arguments:?}: {}", refused.printed);
        assert!(
            refused.said.contains(said),
            "{arguments:?}: {}",
            refused.said
        );
        assert!(
            refused.said.contains("\nhint: "),
            "{arguments:?}: {}",
            refused.said
        );
    }
    assert_eq!(json(&home, &["log"]), before);
    let both = run(&home, &["edit", "1", "2", "--title", "same"]);
    assert_eq!(both.status, 0, "{}", both.said);
    run(&home, &["edit", "1", "desc:much to say"]);
    let noted = run(&home, &["edit", "1", "--", "Note:", "call", "Anna"]);
    assert_eq!(
        noted.said,
        "note: title of 1: \"same\" -> \"Note: call Anna\"\n"
    );
    let cleared = run(&home, &["edit", "1", "desc:"]);
    assert_eq!(cleared.said, "note: description of 1: taken away\n");
}

#[test]
fn a_word_that_sets_nothing_is_refused_with_what_was_meant_and_changes_nothing() {
    let home = Home::new();
    run(&home, &["add", "Buy milk", "+shop"]);
    let before = json(&home, &["log"]);
    let cases: [(&[&str], &str); 15] = [
        (
            &["done"],
            "\"done\" sets nothing: did you mean status:done?",
        ),
        (&["high"], "did you mean priority:high?"),
        (&["tomorrow"], "did you mean due:tomorrow?"),
        (&["next", "friday"], "did you mean due:\"next friday\"?"),
        (&["due:", "friday"], "did you mean due:friday?"),
        (
            &["due:tomorrow", "17:30"],
            "did you mean due:\"tomorrow 17:30\"?",
        ),
        (&["Buy", "bread"], "did you mean title:\"Buy bread\"?"),
        (&["Buy bread due:fri"], "did you mean title:\"Buy bread\"?"),
        (&["title:Buy", "bread"], "\"bread\" sets nothing"),
        (
            &["du:fri"],
            "\"du:fri\" sets nothing: did you mean due:fri?",
        ),
        (&["due=fri"], "did you mean due:fri?"),
        (&["label:x"], "did you mean +x?"),
        (&["-project:x"], "did you mean project: without a value"),
        (&["-Vienna trip"], "\"trip\" sets nothing"),
        (&["-5"], "\"-5\" sets nothing"),
    ];
    for (words, said) in cases {
        let refused = run(&home, &[&["edit", "1"], words].concat());
        assert_eq!(
            (refused.status, refused.printed.as_str()),
            (2, ""),
            "{words:?}: {}",
            refused.said
        );
        assert!(refused.said.contains(said), "{words:?}: {}", refused.said);
        let hint = "hint: a new title stands after --: taskhold edit ID -- ";
        assert!(refused.said.contains(hint), "{words:?}: {}", refused.said);
    }
    assert_eq!(json(&home, &["log"]), before);
}

#[test]
fn a_title_that_is_given_twice_or_is_blank_is_refused() {
    let home = Home::new();
    run(&home, &["add", "one"]);
    let cases: [(&[&str], &str); 4] = [
        (
            &["title:a", "title:b"],
            "the title is given twice: \"a\" and \"b\"",
        ),
        (&["title:a", "--", "b"], "the title is given twice"),
        (&["title:a", "--title", "b"], "the title is given twice"),
        (&["title:"], "title is blank"),
    ];
    for (words, said) in cases {
        let refused = run(&home, &[&["edit", "1"], words].concat());
        assert_eq!(refused.status, 2, "{words:?}: {}", refused.printed);
        assert!(refused.said.contains(said), "{words:?}: {}", refused.said);
    }
    assert_eq!(run(&home, &["list"]).printed, "1 one\n");
}

#[test]
fn a_title_is_set_by_its_name_and_fields_as_others_call_them() {
    let home = Home::new();
    run(&home, &["add", "Buy milk", "+x", "+y", "+shop"]);
    let ways: [&[&str]; 4] = [
        &["title:Buy bread"],
        &["--title", "Buy bread"],
        &["--", "Buy", "bread"],
        &["title:Buy bread due:2031-06-02"],
    ];
    for way in ways {
        run(&home, &["edit", "1", "--title", "Buy milk"]);
        let changed = run(&home, &[&["edit", "1"], way].concat());
        assert_eq!(
            changed.said, "note: title of 1: \"Buy milk\" -> \"Buy bread\"\n",
            "{way:?}"
        );
    }
    let changed = json(&home, &["edit", "1", "p1", "deadline:2031-06-03", "-x"]);
    let task = &changed["tasks"][0];
    assert_eq!(task["priority"], "high");
    assert_eq!(task["due"], "2031-06-03");
    assert_eq!(task["tags"], serde_json::json!(["shop", "y"]));
    let changed = json(&home, &["edit", "1", "prio:low -y +z"]);
    assert_eq!(changed["tasks"][0]["priority"], "low");
    assert_eq!(
        changed["tasks"][0]["tags"],
        serde_json::json!(["shop", "z"])
    );
}

#[test]
fn a_description_comes_from_standard_input() {
    let home = Home::new();
    let added = run_with(&home, &["add", "Write", "-d", "-"], "two\nlines\n");
    assert_eq!(added.status, 0, "{}", added.said);
    let description = || json(&home, &["show", "1"])["tasks"][0]["description"].clone();
    assert_eq!(description(), "two\nlines");
    run_with(&home, &["edit", "1", "--description=-"], "other");
    assert_eq!(description(), "other");
    // A command before it that has failed takes nothing away.
    let nothing = run_with(&home, &["edit", "1", "-d", "-"], "\n");
    assert_eq!(nothing.status, 1, "{}", nothing.printed);
    assert!(
        nothing.said.contains("standard input holds no description"),
        "{}",
        nothing.said
    );
    assert_eq!(description(), "other");
    for words in [&["edit", "-", "-d", "-"][..], &["add", "-", "-d", "-"]] {
        let refused = run_with(&home, words, "1\n");
        assert_eq!(refused.status, 2, "{words:?}");
        assert!(refused.said.contains("at once"), "{}", refused.said);
    }
}

#[test]
fn a_status_is_set_by_a_word_and_by_a_flag_and_what_closing_leaves_is_told() {
    let home = Home::new();
    run(&home, &["add", "Move house"]);
    run(&home, &["add", "Pack", "parent:1"]);
    run(
        &home,
        &["add", "Water", "due:2031-03-03", "repeat:every 2 weeks"],
    );
    let begun = run(&home, &["edit", "1", "status:doing"]);
    assert_eq!(begun.printed, "Changed 1 Move house (in_progress)\n");
    let done = run(&home, &["edit", "1", "--status", "done"]);
    assert_eq!(done.said, "note: still open subtasks: 2\n");
    let next = run(&home, &["edit", "3", "status:completed"]);
    assert_eq!(
        next.said,
        "note: 3: completed the round of Mon 2031-03-03; comes again Mon 2031-03-17\n"
    );
    // What only changes a task that repeats says nothing of it.
    assert_eq!(run(&home, &["edit", "3", "+x"]).said, "");
}

#[test]
fn a_dash_before_a_tag_takes_it_away_and_is_no_flag() {
    let home = Home::new();
    run(&home, &["add", "one", "+today", "+home", "+phone"]);
    let changed = run(&home, &["edit", "1", "-today", "-phone"]);
    assert_eq!(changed.printed, "Changed 1 one +home\n");
    let nothing = run(&home, &["edit", "1", "-tagname"]);
    assert_eq!(nothing.printed, "Nothing changed: 1 one +home\n");
    assert_eq!(
        nothing.said,
        "note: there was no tag \"tagname\" to take away\n"
    );
    let both = run(&home, &["edit", "1", "-home", "-t", "work", "-p=high"]);
    assert_eq!(both.printed, "Changed 1 one (high) +work\n");
}

#[test]
fn a_revision_that_is_not_the_last_is_refused() {
    let home = Home::new();
    run(&home, &["add", "one"]);
    run(&home, &["edit", "1", "title:two"]);
    let refused = run(&home, &["edit", "1", "title:three", "--if-rev", "1"]);
    assert_eq!(refused.status, 1);
    assert!(
        refused.said.contains("task 1 is at rev 2, not 1")
            && refused.said.contains("hint: taskhold show 1"),
        "{}",
        refused.said
    );
    assert_eq!(
        run(&home, &["edit", "1", "title:three", "--if-rev", "2"]).status,
        0
    );
}
