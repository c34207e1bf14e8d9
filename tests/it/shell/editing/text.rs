//! `edit`: the text of a task, from standard input or in an editor.

#[cfg(unix)]
use std::fs;

#[cfg(unix)]
use super::super::terminal::at_terminal;
use super::super::{json, run, run_with};
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
fn the_text_of_one_task_is_refused_for_another() {
    let home = Home::new();
    run(
        &home,
        &["add", "Rent", "repeat:monthly", "due:2031-06-02", "+home"],
    );
    run(&home, &["add", "Buy a gift"]);
    let text = run(&home, &["edit", "2", "--text"]).printed;
    let before = json(&home, &["show", "1"]);
    let refused = run_with(&home, &["edit", "1", "--from", "-"], &text);
    assert_eq!((refused.status, refused.printed.as_str()), (1, ""));
    assert!(
        refused.said.contains(
            "text is the one of task 2, not of task 1; to have it on 1 as well, take out its lines id: and rev:"
        ),
        "{}",
        refused.said
    );
    assert_eq!(json(&home, &["show", "1"]), before);
    let bare: String = text
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("id:") && !line.starts_with("rev:"))
        .collect();
    let copied = run_with(&home, &["edit", "1", "--from", "-"], &bare);
    assert_eq!(copied.status, 0, "{}", copied.said);
    let copied = json(&home, &["show", "1"])["tasks"][0].clone();
    assert_eq!(copied["title"], "Buy a gift");
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
        ("id: x\n", "an id is a whole number"),
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
