//! `edit`: fields by words and flags, and the text in an editor.

#[cfg(unix)]
use std::fs;

#[cfg(unix)]
use super::terminal::at_terminal;
use super::{json, run, run_with};
use crate::support::Home;

/// A home with one task, and an editor that runs `script` with the file as `$1`.
#[cfg(unix)]
fn home_with_editor(script: &str) -> (Home, String) {
    let home = Home::new();
    run(
        &home,
        &[
            "add",
            "Pay rent",
            "due:2031-06-02",
            "+home",
            "-d",
            "To the bank.",
        ],
    );
    let editor = home.database().with_file_name("my editor.sh");
    fs::write(&editor, script).unwrap();
    (home, format!("sh '{}'", editor.display()))
}

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

#[test]
fn nothing_opens_where_there_is_no_terminal() {
    let home = Home::new();
    run(&home, &["add", "one"]);
    let refused = run(&home, &["edit", "1"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.said.contains("the editor opens at a terminal only"),
        "{}",
        refused.said
    );
    assert_eq!(run(&home, &["edit", "1,1"]).status, 2);
}

#[test]
fn the_text_of_a_task_read_back_changes_nothing() {
    let home = Home::new();
    run(&home, &["add", "first"]);
    run(
        &home,
        &[
            "add",
            "Pay: rent",
            "due:2031-06-02 17:30",
            "defer:2031-01-01",
            "repeat:every 2 weeks",
            "+a",
            "+b",
            "project:My: flat",
            "!low",
            "parent:1",
            "after:1",
            "-d",
            "# one\n\n\ntwo: 2\n  three",
        ],
    );
    run(&home, &["add", "bare"]);
    for id in ["1", "2", "3"] {
        let text = run(&home, &["edit", id, "--text"]).printed;
        for text in [text.clone(), text.replace('\n', "\r\n"), String::new()] {
            let read = run_with(&home, &["edit", id, "--from", "-"], &text);
            assert_eq!(read.status, 0, "{}", read.said);
            let nothing = format!("Nothing changed: {id} ");
            assert!(read.printed.starts_with(&nothing), "{}", read.printed);
        }
    }
}

#[test]
fn a_text_sets_what_it_says_and_leaves_the_rest() {
    let home = Home::new();
    run(
        &home,
        &["add", "Pay", "due:2031-06-02", "+home", "-d", "old"],
    );
    let text =
        "title: Pay the rent\nstatus: doing\ndue:\ntags: flat, money\nafter: \n\nnew\n\nlines\n";
    assert_eq!(
        run_with(&home, &["edit", "1", "--from", "-"], text).status,
        0
    );
    let task = json(&home, &["show", "1"])["tasks"][0].clone();
    let expected = serde_json::json!({
        "title": "Pay the rent", "status": "in_progress", "tags": ["flat", "money"], "description": "new\n\nlines",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&task[name], value, "{name}");
    }
    assert!(task.get("due").is_none());
}

#[test]
fn a_text_that_is_wrong_is_refused_line_and_all() {
    let home = Home::new();
    run(&home, &["add", "Pay"]);
    let cases = [
        (
            "title Pay\n",
            "has the line \"title Pay\": it names no field",
        ),
        ("tittle: Pay\n", "fields are title, status, due"),
        ("due: fri\ndue: mon\n", "the field is there twice"),
        ("due: banana\n", "due \"banana\" is no date"),
        ("title:\n", "title is blank"),
        ("rev: x\n", "a revision is a whole number"),
        ("rev: 7\ntitle: x\n", "task 1 is at rev 1, not 7"),
    ];
    for (text, said) in cases {
        let refused = run_with(&home, &["edit", "1", "--from", "-"], text);
        assert_eq!(
            (refused.status, refused.printed.as_str()),
            (1, ""),
            "{text}"
        );
        assert!(refused.said.contains(said), "{text}: {}", refused.said);
    }
    assert_eq!(run(&home, &["list"]).printed, "1 Pay\n");
}

#[cfg(unix)]
#[test]
fn the_editor_opens_at_a_terminal_and_what_it_saves_is_used() {
    let (home, editor) = home_with_editor("sed -i 's/^title: .*/title: Pay the rent/' \"$1\"");
    for variable in ["VISUAL", "EDITOR"] {
        run(&home, &["edit", "1", "title:Pay"]);
        let (printed, status) = at_terminal(&home, 80, &["edit", "1"], &[(variable, &editor)]);
        assert_eq!(status, 0, "{printed}");
        assert_eq!(
            printed,
            "Changed 1 Pay the rent (due Mon 2031-06-02) +home\n\
             note: title of 1: \"Pay\" -> \"Pay the rent\"\n"
        );
    }
    let task = json(&home, &["show", "1"])["tasks"][0].clone();
    assert_eq!(task["description"], "To the bank.");
}

#[cfg(unix)]
#[test]
fn what_an_editor_left_as_it_was_or_took_away_is_not_kept() {
    for (script, said) in [
        ("exit 3", "ended with exit status: 3"),
        ("rm \"$1\"", "cannot be read"),
    ] {
        let (home, editor) = home_with_editor(script);
        let folder = home.database().with_file_name("meanwhile");
        fs::create_dir(&folder).unwrap();
        let environment = [
            ("VISUAL", editor.as_str()),
            ("TMPDIR", folder.to_str().unwrap()),
        ];
        let (printed, status) = at_terminal(&home, 80, &["edit", "1"], &environment);
        assert_eq!(status, 1, "{printed}");
        assert!(printed.contains(said), "{printed}");
        assert!(!printed.contains("is kept"), "{printed}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{script}");
    }
}

#[cfg(unix)]
#[test]
fn what_an_editor_saved_is_kept_when_it_cannot_be_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let meanwhile = "taskhold_meanwhile";
    let cases = [
        (
            "sed -i 's/^due: .*/due: banana/' \"$1\"",
            "due \"banana\" is no date",
        ),
        (
            "sed -i 's/^title: .*/title: Mine/' \"$1\"; \"$BINARY\" edit 1 -- Theirs >&2",
            "task 1 is at rev 2, not 1",
        ),
        (
            "sed -i 's/^title: .*/title: Mine/' \"$1\"; exit 3",
            "ended with exit status: 3",
        ),
    ];
    for (script, said) in cases {
        let (home, editor) = home_with_editor(script);
        let folder = home.database().with_file_name(meanwhile);
        fs::create_dir(&folder).unwrap();
        let environment = [
            ("VISUAL", editor.as_str()),
            ("TMPDIR", folder.to_str().unwrap()),
            ("BINARY", env!("CARGO_BIN_EXE_taskhold")),
        ];
        let (printed, status) = at_terminal(&home, 80, &["edit", "1"], &environment);
        assert_eq!(status, 1, "{printed}");
        assert!(printed.contains(said), "{printed}");
        let kept: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let [kept] = kept.as_slice() else {
            panic!("{kept:?}")
        };
        assert!(
            printed.contains(&format!("taskhold edit 1 --from {}", kept.display())),
            "{printed}"
        );
        let text = fs::read_to_string(kept).unwrap();
        assert!(text.contains("To the bank."), "{text}");
        assert_eq!(
            fs::metadata(kept).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let theirs = json(&home, &["show", "1"])["tasks"][0]["title"].clone();
        assert_ne!(theirs, "Mine");
    }
}
